"""Inputs of lesson 01's sweeps: kernels of any length, strides that do not divide, odd images, few words."""

import numpy as np


def row(rng, *shape):
    """Fractions, or whole numbers as floats or as integers."""
    kind = rng.integers(4)
    if kind == 0:
        return rng.integers(-3, 4, shape)
    if kind == 1:
        return rng.integers(-3, 4, shape).astype(float)
    return np.round(rng.normal(0, 2, shape), 2) + 0.0  # without minus zero


def conv1d(rng):
    for _ in range(120):
        length = int(rng.choice([1, 2, 3, 5, 8, 9, 12, 30], p=[0.05, 0.05, 0.1, 0.15, 0.2, 0.2, 0.2, 0.05]))
        size = int(rng.integers(1, length + 1)) if rng.random() < 0.6 else min(length, int(rng.integers(1, 4)))
        yield row(rng, length), row(rng, size), int(rng.integers(1, 6))


def output_length(rng):
    for number in range(160):
        length = int(rng.integers(1, rng.choice([6, 30, 300])))
        padding = "same" if number % 2 else "valid"
        size = int(rng.integers(1, (12 if padding == "same" else min(length, 12)) + 1))
        size = length if rng.random() < 0.05 else size
        yield length, size, int(rng.integers(1, 8)), padding


def max_pool2d(rng):
    for _ in range(100):
        size = int(rng.choice([1, 2, 2, 3, 3, 4]))
        sides = size * rng.integers(1, 4, 2) + rng.integers(0, size, 2)
        image = row(rng, *sides)
        yield (-np.abs(image) - 1 if rng.random() < 0.2 else image), size


def analogy(rng):
    drawn = 0
    while drawn < 120:
        words, dimensions = int(rng.choice([4, 4, 5, 5, 6, 12])), int(rng.integers(2, 5))
        vectors = np.round(rng.normal(size=(words, dimensions)) * rng.uniform(0.2, 4, (words, 1)), 2)
        a, b, c = rng.choice(words, 3, replace=bool(rng.random() < 0.15)).tolist()
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        cosines = np.sort(np.delete(unit @ (unit[b] - unit[a] + unit[c]), [a, b, c]))
        if len(cosines) == 1 or cosines[-1] - cosines[-2] > 1e-3:  # of two equally near words either would be right
            drawn += 1
            yield vectors, a, b, c


INPUTS = {"01.2": conv1d, "01.3": output_length, "01.4": max_pool2d, "01.5": analogy}
