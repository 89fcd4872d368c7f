"""For every lesson with data: the store that finds files, and one module per data set."""
