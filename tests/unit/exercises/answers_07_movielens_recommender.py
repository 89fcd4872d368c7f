"""Other right answers and plausible wrong ones to the exercises of lesson 07."""

import math

import numpy as np


def bias_by_padding(residuals, penalty):
    total, count = 0.0, penalty
    for residual in residuals:
        total, count = total + residual, count + 1
    return total / count if count else 0.0


def plain_mean(residuals, penalty):
    return np.mean(residuals) if len(residuals) else 0.0


def mean_over_penalty(residuals, penalty):
    return np.sum(residuals) / (1 + penalty)


def penalty_subtracted(residuals, penalty):
    return (np.sum(residuals) - penalty) / max(len(residuals), 1)


def fails_on_nothing(residuals, penalty):
    return sum(residuals) / len(residuals) * len(residuals) / (len(residuals) + penalty)


def step_as_matrix(user, movie, stars, rate, penalty):
    both = np.stack([user, movie])
    error = stars - np.dot(*both)
    return tuple((1 - rate * penalty) * both + rate * error * both[::-1])


def one_after_the_other(user, movie, stars, rate, penalty):
    error = stars - user @ movie
    user = user + rate * (error * movie - penalty * user)
    movie = movie + rate * (error * user - penalty * movie)
    return user, movie


def wrong_sign(user, movie, stars, rate, penalty):
    error = user @ movie - stars
    return user + rate * (error * movie - penalty * user), movie + rate * (error * user - penalty * movie)


def grows_with_penalty(user, movie, stars, rate, penalty):
    error = stars - user @ movie
    return user + rate * (error * movie + penalty * user), movie + rate * (error * user + penalty * movie)


def in_place(user, movie, stars, rate, penalty):
    error, old = stars - user @ movie, user.copy()
    user += rate * (error * movie - penalty * user)
    movie += rate * (error * old - penalty * movie)
    return user, movie


def only_the_user(user, movie, stars, rate, penalty):
    return user + rate * ((stars - user @ movie) * movie - penalty * user)


def by_stacking(vectors, residuals, penalty):
    k = vectors.shape[1]
    tall = np.concatenate([vectors, math.sqrt(penalty) * np.eye(k)])
    return np.linalg.lstsq(tall, np.concatenate([residuals, np.zeros(k)]), rcond=None)[0]


def without_penalty(vectors, residuals, penalty):
    return np.linalg.pinv(vectors) @ residuals


def weighted_mean(vectors, residuals, penalty):
    return vectors.T @ residuals / (len(residuals) + penalty)


def wrong_gram(vectors, residuals, penalty):
    return vectors.T @ np.linalg.solve(vectors @ vectors.T + np.eye(len(vectors)), residuals)


def penalty_everywhere(vectors, residuals, penalty):
    return np.linalg.solve(vectors.T @ vectors + penalty, vectors.T @ residuals)


def gain_by_loop(ranked, relevant):
    gain = sum(1 / math.log2(place + 1) for place, movie in enumerate(ranked, start=1) if movie in relevant)
    best = sum(1 / math.log2(place + 1) for place in range(1, min(len(ranked), len(relevant)) + 1))
    return gain / best if best else 0.0


def places_from_zero(ranked, relevant):
    gain = sum(1 / math.log2(place + 1) for place, movie in enumerate(ranked) if movie in relevant and place)
    best = sum(1 / math.log2(place + 2) for place in range(min(len(ranked), len(relevant))))
    return gain / best if best else 0.0


def not_normalised(ranked, relevant):
    return sum(1 / math.log2(place + 1) for place, movie in enumerate(ranked, start=1) if movie in relevant)


def normalised_by_the_whole_list(ranked, relevant):
    best = sum(1 / math.log2(place + 2) for place in range(len(ranked)))
    return not_normalised(ranked, relevant) / best


def precision(ranked, relevant):
    return sum(movie in relevant for movie in ranked) / len(ranked)


ALTERNATIVES = {
    "07.1": [bias_by_padding],
    "07.2": [step_as_matrix],
    "07.3": [by_stacking],
    "07.4": [gain_by_loop],
}
WRONG = {
    "07.1": [plain_mean, mean_over_penalty, penalty_subtracted, fails_on_nothing],
    "07.2": [one_after_the_other, wrong_sign, grows_with_penalty, in_place, only_the_user],
    "07.3": [without_penalty, weighted_mean, wrong_gram, penalty_everywhere],
    "07.4": [places_from_zero, not_normalised, normalised_by_the_whole_list, precision],
}
