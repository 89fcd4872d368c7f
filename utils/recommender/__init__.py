"""Lesson 07: splits, features, models, ranking. Users and movies are indices from 0, ratings are in stars, 0.5 to 5."""
