"""Lesson 07: splits, models and ranking metrics for recommender systems."""
