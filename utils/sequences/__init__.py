"""Lessons 01, 06 and 10: word vectors, adding numbers with recurrent networks, sums in two spellings."""
