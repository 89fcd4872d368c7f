"""Inputs of lesson 08's sweeps: tables with ties, zeros and negatives, a single state or action, every state."""

import numpy as np


def values(rng, *shape):
    """Table entries: fractions, whole numbers with many ties, or zeros."""
    kind = rng.integers(4)
    if kind == 0:
        return rng.integers(-2, 3, shape).astype(float)
    if kind == 1:
        return np.zeros(shape)
    return np.round(rng.normal(0, 3, shape), 2)


def rate(rng):
    return float(rng.choice([0.0, 1.0, round(rng.random(), 3)], p=[0.1, 0.15, 0.75]))


def discounted_return(rng):
    for length in (0, 1, 1, 2, 3, 5, 10, 40, 200):
        for _ in range(10):
            yield values(rng, length), rate(rng)
    for _ in range(10):
        yield rng.integers(-3, 4, int(rng.integers(1, 9))), rate(rng)


def epsilon_greedy(rng):
    for _ in range(120):
        row = values(rng, int(rng.choice([1, 2, 2, 3, 4, 4, 6])))
        yield (row.astype(int) if rng.random() < 0.15 else row), rate(rng)
    for _ in range(20):  # the second best is a hundredth short of the best
        row = values(rng, int(rng.choice([2, 3, 4, 6])))
        best, second = rng.permutation(len(row))[:2]
        row[best] = np.round(row.max() + 1, 2)
        row[second] = row[best] - 0.01
        yield row, rate(rng)


def step(rng):
    """Two tables and a step through them."""
    shape = rng.choice([[1, 1], [1, 3], [2, 2], [5, 1], [4, 4], [6, 3]])
    state, next_state = (int(n) for n in rng.integers(0, shape[0], 2))
    action, next_action = (int(n) for n in rng.integers(0, shape[1], 2))
    reward = float(rng.choice([0.0, 1.0, -1.0, round(rng.normal(0, 2), 2)]))
    tables = values(rng, *shape), values(rng, *shape)
    return tables, state, action, reward, next_state, next_action, bool(rng.random() < 0.25)


def sarsa_update(rng):
    for _ in range(120):
        (q, _), state, action, reward, next_state, next_action, terminated = step(rng)
        yield q, state, action, reward, next_state, next_action, terminated, rate(rng), rate(rng)


def shares(rng, *shape):
    """Tenths that add up to 1 along the last axis; sometimes all of it in one place."""
    parts = 1 if rng.random() < 0.25 else 10
    return rng.multinomial(parts, np.full(shape[-1], 1 / shape[-1]), shape[:-1]) / parts


def bellman_of_policy(rng):
    for _ in range(120):
        states, actions = (int(n) for n in rng.choice([[1, 1], [1, 3], [2, 2], [5, 1], [4, 4], [3, 2]]))
        outcomes = int(rng.choice([1, 2, 3, 3, actions]))
        arrays = (states, actions, outcomes)
        terminated = rng.random(arrays) < rng.choice([0.0, 0.3, 0.3, 1.0])
        reward = rng.integers(-2, 3, arrays) if rng.random() < 0.2 else values(rng, *arrays)
        q, next_state = values(rng, states, actions), rng.integers(0, states, arrays)
        yield q, shares(rng, states, actions), shares(rng, *arrays), next_state, reward, terminated, rate(rng)


def optimistic_table(rng):
    for _ in range(80):
        highest = rng.choice([1.0, 0.0, round(rng.uniform(0, 1), 2), round(rng.uniform(0, 9), 2)])
        yield int(rng.integers(1, 8)), int(rng.integers(1, 6)), float(highest), round(float(rng.uniform(0, 0.99)), 3)
    for _ in range(20):
        yield int(rng.integers(1, 8)), int(rng.integers(1, 6)), int(rng.integers(0, 9)), 0


INPUTS = {
    "08.1": discounted_return,
    "08.2": epsilon_greedy,
    "08.3": sarsa_update,
    "08.4": bellman_of_policy,
    "08.5": optimistic_table,
}
