"""For every lesson: the figures, animations and videos that notebooks draw."""
