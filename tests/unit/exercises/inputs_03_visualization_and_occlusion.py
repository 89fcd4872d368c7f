"""Inputs of lesson 03's sweeps: squares over every border, single pixels, strides larger than the kernel."""

import numpy as np


def occlude(rng):
    for _ in range(120):
        height, width = rng.choice([1, 2, 3, 4, 5, 7], 2, p=[0.1, 0.15, 0.25, 0.25, 0.2, 0.05])
        image = rng.integers(0, 10, (height, width, rng.choice([1, 1, 2, 3])))
        mask = int(rng.choice([1, 1, 2, 2, 3, 4, 8]))
        top, left = int(rng.integers(-mask - 2, height + 2)), int(rng.integers(-mask - 2, width + 2))
        if rng.random() < 0.5:
            yield image / 4, top, left, mask, float(rng.choice([0.0, 127.5, round(rng.normal(), 2)]))
        else:
            yield image, top, left, mask, int(rng.integers(10, 20))


def activation_map(rng):
    for _ in range(100):
        height, width, channels = rng.integers(1, 5, 3)
        classes = channels if rng.random() < 0.5 else rng.integers(1, 5)  # as many of both: a wrong axis fits
        maps, weights = rng.integers(0, 4, (height, width, channels)), rng.integers(-3, 4, (channels, classes))
        if rng.random() < 0.7:
            maps, weights = maps * 0.37, np.round(rng.normal(0, 1, weights.shape), 2) + 0.0
        yield maps, weights, int(rng.integers(classes))


def touched(rng):
    for number in range(160):
        size, padding = int(rng.integers(1, rng.choice([6, 14, 30, 300]))), int(rng.choice([0, 0, 1, 2, 3]))
        kernel, stride = int(rng.choice([1, 2, 3, 3, 5, 7])), int(rng.choice([1, 1, 2, 2, 3, 4, 5, 9]))
        first = int(rng.integers(size)) if number % 3 else int(rng.choice([0, size - 1, max(0, size - 3)]))
        last = min(size - 1, first + int(rng.choice([0, 0, 1, 2, 5, 40])))
        if kernel <= size + 2 * padding:
            yield first, last, size, kernel, stride, padding


def best_patch(rng):
    drawn = 0
    while drawn < 80:
        shape = rng.integers(1, 4, int(rng.choice([1, 2, 2, 3, 3, 4])))
        weights = rng.integers(-4, 5, shape)
        if rng.random() < 0.7:
            weights = np.round(rng.normal(0, rng.choice([0.1, 1, 30]), shape), 3) + 0.0
        if np.abs(weights).sum() > 0.02:  # nothing is the best patch of a filter of zeros
            drawn += 1
            yield (weights,)


INPUTS = {"03.1": occlude, "03.3": activation_map, "03.4": touched, "03.5": best_patch}
