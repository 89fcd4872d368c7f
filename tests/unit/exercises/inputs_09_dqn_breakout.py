"""Inputs of lesson 09's sweeps: batches of one, ties, values below zero, unclipped rewards, ends anywhere."""

import numpy as np


def values(rng, *shape):
    """Fractions, or whole numbers with many ties; also all below zero."""
    kind = rng.integers(4)
    if kind == 0:
        return rng.integers(-2, 3, shape).astype(float)
    numbers = np.round(rng.normal(0, 3, shape), 2) + 0.0  # without minus zero
    return -np.abs(numbers) - 0.5 if kind == 1 else numbers


def rewards(rng, count):
    """As they come (1, 4, 7 points), as they are learned from, or anything; as integers or not."""
    numbers = rng.choice([[0, 1, 4, 7], [-1, 0, 0, 1]][rng.integers(2)], count)
    return numbers if rng.random() < 0.3 else numbers + np.round(rng.normal(0, 1, count), 2) * rng.integers(2)


def ends(rng, count):
    return rng.random(count) < rng.choice([0.0, 0.3, 0.3, 1.0])


def discount(rng):
    return float(rng.choice([0.0, 1.0, 0.99, round(rng.random(), 3)], p=[0.1, 0.1, 0.1, 0.7]))


def td_targets(rng):
    for _ in range(130):
        count, actions = int(rng.choice([1, 2, 3, 4, 8])), int(rng.choice([1, 2, 3, 4, 6]))
        following, final = values(rng, count, actions), values(rng, count, actions)
        yield rewards(rng, count), following, final, ends(rng, count), ends(rng, count), discount(rng)


def cautious_targets(rng):
    for _ in range(110):
        count, actions = int(rng.choice([1, 2, 3, 4, 8])), int(rng.choice([1, 2, 3, 4, 6]))
        online, target = values(rng, count, actions), values(rng, count, actions)
        for row, judged in zip(online, target):
            judged[row == row.max()] = judged[row.argmax()]  # of several best actions any may be judged
        yield rewards(rng, count), online, target, ends(rng, count), discount(rng)


def n_steps_ahead(rng):
    for _ in range(140):
        count, n = int(rng.choice([1, 1, 2, 3, 5, 10, 20])), int(rng.choice([1, 1, 2, 3, 3, 5, 12]))
        said = np.round(rng.normal(0, 5, count + 1), 2) + 0.0
        yield rewards(rng, count), ends(rng, count), said, n, discount(rng)


def steps_until_worthless(rng):
    yield from ((0.5, 0.25), (0.5, 0.125), (0.25, 0.0625), (0.5, 0.5), (0.5, 1.0), (0.0, 1.0), (0.0, 0.5), (0.0, 1.5))
    yield from ((0, 0.01), (0.99, 0.5), (0.99, 0.1), (0.9, 2), (0.9, 1), (0.99, 1), (0.999, 0.01), (0.1, 0.9))
    drawn = 0
    while drawn < 90:
        gamma, share = round(float(rng.uniform(0.05, 0.995)), 3), round(float(rng.uniform(0.01, 1.3)), 3)
        power = np.log(share) / np.log(gamma)
        if abs(power - round(power)) > 1e-6:  # else rounding decides
            drawn += 1
            yield gamma, share


INPUTS = {
    "09.1": td_targets,
    "09.2": cautious_targets,
    "09.3": n_steps_ahead,
    "09.4": steps_until_worthless,
}
