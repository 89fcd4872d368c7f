"""Inputs of lesson 10's sweeps: single steps and long plays, whole numbers as integers, negatives, as many rows as
columns, ends anywhere.
"""

import numpy as np


def numbers(rng, *shape):
    """Fractions, or whole numbers as floats or as integers."""
    kind = rng.integers(4)
    if kind == 0:
        return rng.integers(-3, 4, shape)
    if kind == 1:
        return rng.integers(-3, 4, shape).astype(float)
    return np.round(rng.normal(0, 3, shape), 2) + 0.0  # without minus zero


def discount(rng):
    return float(rng.choice([0.0, 1.0, round(rng.random(), 3)], p=[0.1, 0.15, 0.75]))


def returns_to_go(rng):
    for length in (1, 1, 2, 3, 4, 7, 20, 60):
        for _ in range(12):
            yield numbers(rng, length), discount(rng)
    for gamma in (1.0, 0.99, 0.5):
        yield np.ones(500, int), gamma
        yield rng.integers(-3, 4, 300).astype(float), gamma


def gaussian_log_density(rng):
    for _ in range(120):
        rows, size = (int(n) for n in rng.integers(1, 5, 2))
        size = rows if rng.random() < 0.3 else size
        log_std = np.round(rng.normal(0, 0.8, size), 2) + 0.0
        yield numbers(rng, rows, size), numbers(rng, rows, size), (0 * log_std if rng.random() < 0.1 else log_std)


def token_credit(rng):
    for answers in (2, 2, 3, 4, 5, 8, 16):
        for _ in range(16):
            steps = int(rng.choice([1, 2, 3, 4, 4, answers]))
            log_pi, log_start = -np.round(rng.exponential(2, (2, answers, steps)), 2) + 0.0
            paid = rng.integers(0, 2, answers) if rng.random() < 0.4 else numbers(rng, answers)
            paid = np.full(answers, paid[0]) if rng.random() < 0.1 else paid
            beta = float(rng.choice([0.0, 1.0, round(rng.exponential(0.5), 2)], p=[0.1, 0.2, 0.7]))
            yield paid, log_pi, (log_pi.copy() if rng.random() < 0.1 else log_start), beta


def td_advantage(rng):
    for _ in range(120):
        steps = int(rng.choice([1, 1, 2, 3, 3, 5, 12]))
        terminated = rng.random(steps) < rng.choice([0.0, 0.3, 0.3, 1.0])
        yield numbers(rng, steps), numbers(rng, steps + 1), terminated, discount(rng)


INPUTS = {
    "10.1": returns_to_go,
    "10.3": gaussian_log_density,
    "10.4": token_credit,
    "10.5": td_advantage,
}
