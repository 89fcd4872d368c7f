"""Inputs of lesson 04's sweeps: single photos and channels, variances of zero, far and zero logits, no photos."""

import numpy as np


def frozen_batch_norm(rng):
    for number in range(80):
        photos, channels = int(rng.choice([1, 2, 3, 5, 9])), int(rng.choice([1, 1, 2, 3, 4]))
        x = np.round(rng.normal(rng.normal(0, 3), 2, (photos, channels)), 2)
        gamma = np.ones(channels) if number % 4 == 0 else np.round(rng.normal(0, 1.5, channels), 2)
        beta = np.zeros(channels) if number % 5 == 0 else np.round(rng.normal(0, 2, channels), 2)
        mean = np.round(rng.normal(0, 2, channels), 2)
        variance = np.round(rng.uniform(0.1, 9, channels), 2)
        epsilon = float(rng.choice([0.0, 1e-3, 0.1, 0.25, 1.0]))
        if epsilon >= 0.1:  # a channel that never varied
            variance[rng.random(channels) < 0.4] = 0.0
        yield (x.astype("float32") if number % 6 == 0 else x), gamma, beta, mean, variance, epsilon


def gradient(rng):
    for number in range(80):
        photos, size = int(rng.choice([1, 1, 2, 3, 5, 8, 12])), int(rng.choice([1, 2, 3, 4]))
        features = np.round(rng.normal(0, 1.5, (photos, size)), 2)
        labels = rng.integers(0, 2, photos)
        if number % 10 == 0:
            labels[:] = number // 10 % 2  # one kind only
        weights = np.round(rng.normal(0, rng.choice([0.0, 1.0, 3.0]), size), 2)
        bias = float(np.round(rng.choice([0.0, 1.0, -4.0]) * rng.random(), 2))
        yield features, (labels.astype(float) if number % 3 else labels), weights, bias


def disagreements(rng):
    for number in range(120):
        photos = int(rng.choice([1, 2, 3, 5, 8, 20])) if number else 0
        labels = rng.integers(0, 2, photos)
        first, second = np.round(rng.normal(0, 2, (2, photos)), 2)
        first[rng.random(photos) < 0.15] = 0.0
        second[rng.random(photos) < 0.15] = 0.0
        if number % 10 == 1:
            second = np.round(3.5 * first, 2)
        if number % 10 == 2:  # small ones
            first, second = first / 50, second / 50
        if number % 10 == 3:  # whole ones
            first, second = np.round(first).astype(int), np.round(second).astype(int)
        yield first, second, (labels.astype(float) if number % 4 == 0 else labels)


INPUTS = {"04.2": frozen_batch_norm, "04.3": gradient, "04.4": disagreements}
