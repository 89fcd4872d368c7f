"""Many games of Breakout at once, moment by moment but without the pictures (lesson 09).

What the player promised and what came, how fast the ball rose or fell, how much of the wall stood and whether the ball
had been above it: for questions that one recorded game (:mod:`utils.rl.recording`) cannot answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from utils.rl.atari import Games, epsilon_greedy
from utils.rl.variety import Variety

WALL = (slice(23, 37), slice(5, 79))  # rows and columns of the bricks in the small picture
BELOW = (slice(38, 75), slice(5, 79))  # between wall and paddle
ABOVE = (slice(14, 22), slice(5, 79))  # between ceiling and wall
BRIGHT, DARK = 60, 40  # a ball is brighter, the background darker


def open_columns(pictures: np.ndarray) -> np.ndarray:
    """How many columns of the wall are black from top to bottom: ``(..., 84, 84)`` uint8 to ``(...)``."""
    return (pictures[..., *WALL] < DARK).all(axis=-2).sum(axis=-1)


def ball_row(pictures: np.ndarray) -> np.ndarray:
    """Mean row of what is bright between wall and paddle, ``(..., 84, 84)`` to ``(...)``; NaN where nothing is."""
    return _middle((pictures[..., *BELOW] > BRIGHT).sum(axis=-1), BELOW[0].start)


def ball_column(pictures: np.ndarray) -> np.ndarray:
    """Mean column of what is bright between wall and paddle, as :func:`ball_row`."""
    return _middle((pictures[..., *BELOW] > BRIGHT).sum(axis=-2), BELOW[1].start)


def _middle(counts: np.ndarray, first: int) -> np.ndarray:
    total = counts.sum(axis=-1)
    place = (counts * np.arange(first, first + counts.shape[-1])).sum(axis=-1)
    return np.where(total > 0, place / np.maximum(total, 1), np.nan)


def standing(pictures: np.ndarray) -> np.ndarray:
    """Share of the wall that is not black, about that of its bricks: ``(..., 84, 84)`` uint8 to ``(...)``."""
    return (pictures[..., *WALL] >= DARK).mean(axis=(-2, -1))


def above_the_wall(pictures: np.ndarray) -> np.ndarray:
    """Something bright is between ceiling and wall: ``(..., 84, 84)`` uint8 to ``(...)`` bool."""
    return (pictures[..., *ABOVE] > BRIGHT).any(axis=(-2, -1))


@dataclass
class Watched:
    """Streams of games side by side, a new game where one ends; every array is (steps, streams).

    Attributes:
        promised: value of the best action.
        rewards: what the step brought, as the game counts.
        lost: a life was lost in it.
        best: the best action.
        speed: rows by which the ball rose or fell since the step before; NaN where it was not seen between wall and
            paddle in both pictures.
        tunnel: the wall was open, three of the small picture's columns from top to bottom.
        wall: share of the wall that stands.
        above: the ball has been above the wall, now or earlier in its life.
    """

    promised: np.ndarray
    rewards: np.ndarray
    lost: np.ndarray
    best: np.ndarray
    speed: np.ndarray
    tunnel: np.ndarray
    wall: np.ndarray
    above: np.ndarray

    def balls(self) -> np.ndarray:
        """Which ball of its game's stream is in play, counted from 0: (steps, games)."""
        return np.cumsum(self.lost, axis=0) - self.lost

    def realised(self, gamma: float, ahead: int = 400) -> np.ndarray:
        """Discounted bricks until the ball was lost, for all but the last ``ahead`` steps: (steps - ahead, games).

        All states of those last steps are left out, and not only those whose life did not end: the others are the short
        lives. What comes after ``ahead`` steps counts gamma to that power, next to nothing.

        Raises:
            ValueError: no more than ``ahead`` steps were watched.
        """
        if len(self.rewards) <= ahead:
            raise ValueError(
                f"{len(self.rewards)} steps were watched; what came {ahead} steps later is not among them."
            )
        total = np.zeros_like(self.promised, dtype=np.float64)
        following = np.zeros(self.promised.shape[1])
        for step in reversed(range(len(total))):
            following = (self.rewards[step] > 0) + gamma * np.where(self.lost[step], 0.0, following)
            total[step] = following
        return total[:-ahead]


def watch_games(
    q_function: Callable[[np.ndarray], np.ndarray],
    num_games: int,
    steps: int,
    epsilon: float = 0.05,
    seed: int = 3_600_000,
    view: str = "",
) -> Watched:
    """Play so many games side by side, new ones as they end, and note what is asked of :class:`Watched`.

    Args:
        q_function: maps observations (games, 84, 84, 4) uint8 to values (games, actions).
        steps: agent steps of each.
        epsilon: share of random moves.
        seed: of games and random moves.
        view: see :class:`utils.rl.variety.Variety`.
    """
    games, rng = Games(num_games, seed=seed, variety=Variety(view=view)), np.random.default_rng(seed)
    observations, noted = games.reset(), []
    above = np.zeros(num_games, dtype=bool)
    for _ in range(steps):
        values = q_function(observations)
        newest = observations[..., -1]
        speed = np.abs(ball_row(newest) - ball_row(observations[..., -2]))
        above = above | above_the_wall(newest)
        moment = games.step(epsilon_greedy(values, epsilon, rng))
        seen = (speed, open_columns(newest) >= 3, standing(newest), above)
        noted.append((values.max(axis=1), moment.rewards, moment.life_lost, values.argmax(axis=1), *seen))
        above = above & ~moment.life_lost
        observations = moment.observations
    return Watched(*(np.array(column) for column in zip(*noted, strict=True)))
