"""Real data first, never a dead end: the store that finds files, and one module per data set."""
