"""Inputs of lesson 07's sweeps: films without ratings, large and negative errors, few films, short lists."""

import numpy as np

STARS = np.arange(0.5, 5.5, 0.5)


def careful_bias(rng):
    for number in range(90):
        count = int(rng.choice([1, 1, 2, 3, 8, 40]))
        if number % 9 == 0:
            count = 0
        residuals = np.round(rng.normal(rng.normal(0, 1), 1.2, count), 2)
        noises = np.round(rng.uniform(0.3, 1.6, count), 2)
        if number % 10 == 5:
            residuals = np.round(residuals).astype(int)
        if number % 10 == 7:
            noises = np.full(count, 0.8)
        yield residuals, noises, float(rng.choice([0.1, 0.3, 0.5, 1.0, 3.0, round(rng.uniform(0.2, 2), 2)]))


def factor_step(rng):
    for number in range(110):
        user, movie = np.round(rng.normal(0, 1.2, (2, int(rng.choice([1, 2, 3, 5])))), 2)
        stars = float(rng.choice(STARS))
        if number % 8 == 0:
            stars = float(user @ movie)  # no error
        if number % 8 == 1:
            user, movie = 3 * np.abs(user), 3 * np.abs(movie)  # far above five stars
        if number % 8 == 2:
            user = np.zeros_like(user)
        rate = float(rng.choice([0.0, 0.01, 0.1, 0.5, 1.0], p=[0.05, 0.25, 0.35, 0.2, 0.15]))
        yield user, movie, stars, rate, float(rng.choice([0.0, 0.02, 0.2, 1.0]))


def newcomer_vector(rng):
    for number in range(90):
        films, factors = int(rng.choice([1, 2, 3, 6, 10])), int(rng.choice([1, 2, 3, 4]))
        penalty = float(rng.choice([0.1, 0.5, 1.0, 4.0, round(rng.uniform(0.2, 9), 2)]))
        if number % 9 == 0:
            films = 0
        if number % 9 == 1:
            films, penalty = 10, 0.0
        vectors = np.round(rng.normal(0, 1, (films, factors)), 2)
        if number % 9 == 2 and films > 1:  # the same film twice
            vectors[1] = vectors[0]
        yield vectors, np.round(rng.normal(0, 1.2, films), 2), penalty


def discounted_gain(rng):
    for number in range(120):
        films = list(range(10)) if number % 2 else [3, 17, 99, 260, 318, 593, 858, 1198]
        order = [films[i] for i in rng.permutation(len(films))]
        ranked = order[: int(rng.choice([1, 2, 3, 5, 8]))]
        relevant = {film for film in films if rng.random() < rng.choice([0.0, 0.1, 0.4, 0.8])}
        if number % 10 == 1:
            relevant = set(ranked[: int(rng.integers(1, len(ranked) + 1))])
        if number % 10 == 2:
            relevant = set(order[len(ranked) :])
        yield ranked, relevant


INPUTS = {"07.1": careful_bias, "07.2": factor_step, "07.3": newcomer_vector, "07.4": discounted_gain}
