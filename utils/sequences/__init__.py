"""Lessons 01 and 06: word vectors and adding numbers with recurrent networks."""
