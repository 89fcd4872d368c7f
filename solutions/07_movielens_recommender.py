"""Reference solutions of lesson 07."""

import numpy as np


def careful_bias(residuals, noises, spread):
    weights = 1 / noises**2
    return (weights * residuals).sum() / (weights.sum() + 1 / spread**2)


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


def without_shrinking():
    # `fit_biases(*train, 3, penalty)` on the training ratings of each of the five folds, judged on its validation
    # ratings, penalty 3 and penalty 0. The lesson is right, in every fold, but the gain is a fiftieth of a star.
    return {
        "change": "no penalty on the biases of films",
        "predicted": 0.05,
        "before": [0.8866, 0.8714, 0.8785, 0.8796, 0.8822],
        "after": [0.9064, 0.8895, 0.9016, 0.8972, 0.8984],
        "effect": 0.0190,
        "doubt": 0.00118,
    }
