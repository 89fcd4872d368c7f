"""A small network that learns level 1, then level 2, with and without being reminded of level 1 (lecture 7).

Everything else is taken away, even the playing: the network is told the true values of positions of the ball game and
fits them by gradient descent. What is left is the reason for a replay memory. Level 2 is the same game in a lighter
picture with the joystick reversed. Lesson 09 does it with deep Q-learning.
"""

from __future__ import annotations

import numpy as np

from utils.gradients import adam_direction
from utils.rl.pixel_ball import PixelBall
from utils.rl.tabular import value_iteration

RATE, BATCH, HIDDEN, GAMMA = 0.005, 32, 96, 0.9


def learn_in_turn(reminded: bool, first: int = 1000, second: int = 2000, every: int = 100, seed: int = 0) -> np.ndarray:
    """Train ``first`` updates on level 1, then ``second`` on level 2, and test the greedy player on both all the time.

    Args:
        reminded: in the second half, half of each batch comes from level 1, as a replay memory would give it.
        first, second: updates on each level.
        every: updates between two tests.

    Returns:
        (tests, 3): updates so far, steps in play (at most 100) on level 1 and on level 2.
    """
    rng = np.random.default_rng(seed)
    game = PixelBall(seed=seed)
    values, _ = value_iteration(game.table, GAMMA)
    reachable = np.flatnonzero(values.max(axis=1) > 1.5)  # the others are lost whatever one does
    flat = game.pictures.reshape(len(game.pictures), -1).astype(np.float64)
    inputs = [flat, flat + 0.2]
    targets = [values - values.mean(), (values - values.mean())[:, ::-1]]
    weights = _start(inputs[0].shape[1], values.shape[1], rng)
    moments = [np.zeros((2, *w.shape)) for w in weights]
    rows = []
    for step in range(first + second + 1):
        if step % every == 0:
            one, two = (_forward(weights, x)[1] for x in inputs)
            rows.append((step, game.steps_in_play(one), game.steps_in_play(two[:, ::-1])))
        now = int(step >= first)
        counts = (BATCH // 2, BATCH // 2) if reminded and now else (BATCH * (1 - now), BATCH * now)
        picks = [rng.choice(reachable, count) for count in counts]
        x = np.concatenate([source[pick] for source, pick in zip(inputs, picks)])
        y = np.concatenate([source[pick] for source, pick in zip(targets, picks)])
        for weight, gradient, means in zip(weights, _gradients(weights, x, y), moments):
            weight -= RATE * adam_direction(gradient, means, step + 1)
    return np.array(rows)


def _start(inputs: int, outputs: int, rng: np.random.Generator) -> list[np.ndarray]:
    first = rng.normal(size=(inputs, HIDDEN)) * np.sqrt(2 / inputs)
    return [first, np.zeros(HIDDEN), rng.normal(size=(HIDDEN, outputs)) * np.sqrt(1 / HIDDEN), np.zeros(outputs)]


def _forward(weights: list[np.ndarray], x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    hidden = np.maximum(0.0, x @ weights[0] + weights[1])
    return hidden, hidden @ weights[2] + weights[3]


def _gradients(weights: list[np.ndarray], x: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
    """Of half the mean squared error."""
    hidden, predicted = _forward(weights, x)
    error = (predicted - y) / len(x)
    back = (error @ weights[2].T) * (hidden > 0)
    return [x.T @ back, back.sum(axis=0), hidden.T @ error, error.sum(axis=0)]
