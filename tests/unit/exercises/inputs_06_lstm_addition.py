"""Inputs of lesson 06's sweeps: long numbers and chains of carries, shuffled answers, empty lists, far scores."""

import numpy as np


def whole(rng, digits):
    """A whole number of that many digits at most, often with nines and zeros."""
    kind = rng.choice([0, 1, 2])
    pool = ([*range(10)], [0, 9, 9], [0, 0, 4, 5])[kind]
    return int("".join(map(str, rng.choice(pool, digits))) or "0")


def carries(rng):
    yield from ((0, 0), (0, 7), (999, 1), (1, 999), (45, 54), (5, 5), (0, 10), (10**20, 9 * 10**20))
    for _ in range(140):
        long = int(rng.choice([1, 2, 3, 5, 8, 12, 22], p=[0.1, 0.3, 0.2, 0.15, 0.1, 0.1, 0.05]))
        yield whole(rng, long), whole(rng, max(1, long - int(rng.choice([0, 0, 1, 3]))))


def whole_answers(rng):
    for number in range(90):
        answers, characters = int(rng.choice([1, 1, 2, 4, 9])), int(rng.choice([1, 2, 3, 4]))
        truth = rng.integers(0, 12, (answers, characters))
        guess = truth.copy()
        kind = number % 5
        if kind == 1:  # a wrong character here and there
            wrong = rng.random(truth.shape) < 0.2
            guess[wrong] = (guess[wrong] + 1) % 12
        elif kind == 2:  # the right characters, in other places
            for row in guess[rng.random(answers) < 0.6]:
                row[:] = np.roll(row, 1)
            guess = np.where(rng.random((answers, 1)) < 0.5, guess[:, ::-1], guess)
        elif kind == 3:  # equal sums
            rows = rng.random(answers) < 0.6
            guess[rows, 0] += 1
            guess[rows, -1] -= 1
        elif kind == 4:
            guess = rng.integers(0, 12, truth.shape)
        yield guess, truth


def leaks(rng):
    yield from (([], []), ([(1, 2)], []), ([], [(1, 2)]), ([(4, 4)], [(4, 4)]))
    yield [(12, 3), (40, 5)], [(1, 23), (13, 2), (45, 0), (3, 12)]  # the same digits
    yield [(1, 112), (12, 123)], [(11, 12), (121, 23), (112, 1)]  # written without a gap, the same text
    for number in range(110):
        highest = int(rng.choice([3, 6, 13, 100]))
        draw = lambda count: [tuple(pair) for pair in rng.integers(0, highest, (count, 2)).tolist()]  # noqa: E731, B023
        train = draw(int(rng.choice([1, 2, 4, 8])))
        test = draw(int(rng.choice([1, 2, 4, 8])))
        test += [pair[::-1] if rng.random() < 0.6 else pair for pair in train[: int(rng.integers(0, 4))]]
        if number % 4 == 0:
            train += [pair[::-1] for pair in train[:2]]
        yield train, list(dict.fromkeys(test))  # whether a question that is asked twice counts twice is not said


def attention(rng):
    for number in range(90):
        length, positions, size = (int(rng.choice(options)) for options in ([1, 2, 4, 6], [1, 2, 3, 5], [1, 2, 3]))
        query, keys, values = (
            np.round(rng.normal(0, spread, shape), 2)
            for spread, shape in ((1.5, length), (1.5, (positions, length)), (3, (positions, size)))
        )
        if number % 6 == 0:
            query, keys, values = (np.round(part) for part in (query, keys, values))
        if number % 6 == 1:  # scores far beyond what exp can take, each far from the next
            sign = -1 if number % 12 == 1 else 1
            query = np.full(length, 100.0)
            keys = np.tile((sign * 30.0 * rng.permutation(np.arange(1, positions + 1)))[:, None], (1, length))
        if number % 6 == 2 and positions > 1:  # equal keys
            keys[1] = keys[0]
        yield query, keys, values


INPUTS = {"06.1": carries, "06.2": whole_answers, "06.3": leaks, "06.4": attention}
