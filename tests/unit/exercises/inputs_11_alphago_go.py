"""Inputs of lesson 11's sweeps: boards of one point to nine by nine, long winding chains, colours in any order, moves
with visits but no value, single moves.
"""

import numpy as np

SPIRAL = """
    XXXXXXXXX
    ........X
    XXXXXXX.X
    X.....X.X
    X.XXX.X.X
    X.X...X.X
    X.XXXXX.X
    X.......X
    XXXXXXXXX
"""
COMB = """
    XOXOXOX
    XOXOXOX
    XOXOXOX
    XOXOXOX
    XOXOXOX
    XOXOXOX
    XXXXXXX
"""


def stones_of(drawing):
    return np.array([[".XO".index(mark) for mark in row] for row in drawing.split()])


def count_liberties(rng):
    for drawing in (SPIRAL, COMB):
        board = stones_of(drawing)
        for turned in (board, np.rot90(board), board.T, (3 - board) * (board > 0)):  # the last in the other colour
            stones = np.argwhere(turned)
            for row, column in stones[[0, len(stones) // 2, -1]].tolist():
                yield turned, row, column
    for _ in range(130):
        size = int(rng.choice([1, 2, 3, 4, 5, 7, 9]))
        empty, black = rng.choice([0.1, 0.3, 0.5, 0.8]), rng.choice([0.2, 0.5, 0.8, 1.0])
        board = (rng.random((size, size)) > empty) * (1 + (rng.random((size, size)) > black))
        if not board.any():
            board[tuple(rng.integers(size, size=2))] = rng.integers(1, 3)
        row, column = rng.choice(np.argwhere(board)).tolist()
        yield board, row, column


def outcome_weights(rng):
    for _ in range(120):
        moves = int(rng.choice([1, 2, 3, 5, 8, 20]))
        kind = rng.integers(3)
        colors = (
            1 + np.arange(moves) % 2 if kind == 0 else rng.integers(1, 3, moves) if kind == 1 else np.full(moves, 2)
        )
        baseline = np.round(rng.uniform(-0.9, 0.9, 3), 2) * (rng.random() > 0.15)
        yield colors, int(rng.integers(3)), baseline + 0.0  # without minus zero


def choose_move(rng):
    drawn = 0
    while drawn < 160:
        moves = int(rng.choice([1, 2, 2, 3, 5, 12]))
        prior = np.round(rng.dirichlet(np.full(moves, 0.7)), 3)
        visits = rng.integers(0, rng.choice([2, 4, 30]), moves)
        mean = np.round(rng.normal(0, 0.3, moves), 1 + int(rng.integers(2)))
        total, parent = np.round(np.clip(mean, -1, 1) * visits, 3) + 0.0, round(float(rng.uniform(-0.9, 0.9)), 2)
        scores = np.sort(np.where(visits > 0, total / np.maximum(visits, 1), parent) + prior / (1 + visits))
        if moves == 1 or scores[-1] - scores[-2] > 1e-3:  # of two equally good moves either would be right
            drawn += 1
            yield prior, visits, total, parent


def back_up(rng):
    for _ in range(100):
        length = int(rng.choice([1, 1, 2, 3, 4, 5, 30]))
        value = round(float(rng.uniform(-1, 1)), 2)
        mixing = float(rng.choice([0.0, 1.0, 0.5, round(rng.random(), 2)]))
        yield length, value, float(rng.choice([-1.0, 1.0, 0.0, round(rng.uniform(-1, 1), 2)])), mixing
    for length in (1, 2, 7):
        yield length, 1, -1, 0
        yield length, 0, 1, 1


def turn_policy(rng):
    for size in (1, 2, 3, 3, 4, 5, 5, 7):
        for turns in (0, 1, 2, 3) * 2:
            yield np.round(rng.dirichlet(np.ones(size * size + 1)), 4), size, turns


INPUTS = {
    "11.1": count_liberties,
    "11.2": outcome_weights,
    "11.3": choose_move,
    "11.4": back_up,
    "11.5": turn_policy,
}
