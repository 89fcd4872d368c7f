"""One game of Breakout kept whole: what the player saw, expected and did, and the screen in colour (lesson 09)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from ale_py.vector_env import AtariVectorEnv

from utils.rl.atari import LEFT, RIGHT, Games, epsilon_greedy
from utils.rl.watching import open_columns


@dataclass
class Recording:
    """One game, moment by moment.

    Attributes:
        screens: what a person sees, (steps, 210, 160, 3) uint8, one picture per agent step.
        observations: what the agent saw, (steps, 84, 84, 4) uint8.
        values: what it expected of each action, (steps, actions) float32.
        actions: what it did, (steps,).
        rewards: what that brought, (steps,).
        lost: a life was lost in it, (steps,).
    """

    screens: np.ndarray
    observations: np.ndarray
    values: np.ndarray
    actions: np.ndarray
    rewards: np.ndarray
    lost: np.ndarray

    @property
    def score(self) -> float:
        return float(self.rewards.sum())

    def ball_in_flight(self) -> np.ndarray:
        """(steps,) bool: something bright is between wall and paddle, and it moved."""
        now, before = np.moveaxis(self.observations[:, 45:75, 5:79, 2:].astype(np.int16), -1, 0)[::-1]
        bright, moved = now > 60, np.abs(now - before) > 60
        return bright.any(axis=(1, 2)) & moved.any(axis=(1, 2))

    def where_they_part(self, count: int = 3, within: int = 1000, gap: int = 20) -> list[int]:
        """Moments, the strongest first, at which the values of right and left differ most.

        Args:
            count: how many, if there are so many.
            within: only among the first so many steps (there the wall still stands).
            gap: steps that any two of the moments lie apart, at least one more.
        """
        apart = np.abs(self.values[:within, RIGHT] - self.values[:within, LEFT])
        chosen: list[int] = []
        for step in np.argsort(-apart).tolist():
            if len(chosen) < count and all(abs(step - other) > gap for other in chosen):
                chosen.append(step)
        return chosen

    def tunnel(self, columns: int = 3) -> int | None:
        """The first moment at which so many columns of the wall are black from top to bottom; None if there is none."""
        opened = np.flatnonzero(open_columns(self.observations[..., 3]) >= columns)
        return int(opened[0]) if len(opened) else None


def record_game(
    q_function: Callable[[np.ndarray], np.ndarray], epsilon: float = 0.05, seed: int = 3_500_000, max_steps: int = 5000
) -> Recording:
    """Play one full game and keep everything that can be looked at.

    The colours come from a second emulator that gets the same seed and the same actions, so it shows the same game.

    Args:
        q_function: maps observations (1, 84, 84, 4) uint8 to values (1, actions).
        epsilon: share of random actions.
        seed: of game and random actions.
        max_steps: agent steps after which the recording ends.
    """
    games, rng = Games(1, seed=seed, threads=1), np.random.default_rng(seed)
    observations, screen = games.reset(), _ColourScreen(seed)
    kept = []
    while len(kept) < max_steps and not games.finished:
        values = q_function(observations)
        picture = screen.picture
        moment = games.step(epsilon_greedy(values, epsilon, rng))
        screen.step(int(moment.actions[0]))
        kept.append((picture, observations[0], values[0], moment.actions[0], moment.rewards[0], moment.life_lost[0]))
        observations = moment.observations
    return Recording(*(np.array(column) for column in zip(*kept)))


class _ColourScreen:
    """The same game in colour: a vector environment with unprocessed pictures, one game."""

    def __init__(self, seed: int):
        self.vector = AtariVectorEnv(
            "breakout",
            num_envs=1,
            num_threads=1,
            grayscale=False,
            stack_num=1,
            img_height=210,
            img_width=160,
            reward_clipping=False,
            autoreset_mode="SameStep",
        )
        self.picture = self.vector.reset(seed=seed)[0][0, -1]

    def step(self, action: int) -> None:
        self.picture = self.vector.step(np.array([action]))[0][0, -1]
