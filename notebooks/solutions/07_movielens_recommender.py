"""Reference solutions of lesson 07; load one with ``%load -s name solutions/07_movielens_recommender.py``."""

import numpy as np


def shrunken_bias(residuals, penalty):
    if len(residuals) == 0:
        return 0.0
    return residuals.sum() / (len(residuals) + penalty)


def factor_step(user, movie, stars, rate, penalty):
    error = stars - user @ movie
    new_user = user + rate * (error * movie - penalty * user)
    new_movie = movie + rate * (error * user - penalty * movie)
    return new_user, new_movie


def newcomer_vector(vectors, residuals, penalty):
    gram = vectors.T @ vectors + penalty * np.eye(vectors.shape[1])
    return np.linalg.solve(gram, vectors.T @ residuals)


def discounted_gain(ranked, relevant):
    if not relevant:
        return 0.0
    discount = 1 / np.log2(np.arange(len(ranked)) + 2)
    hits = np.array([movie in relevant for movie in ranked])
    return float(discount[hits].sum() / discount[: len(relevant)].sum())
