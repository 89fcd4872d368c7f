"""Lesson 08's ball game as pictures: small enough to learn in seconds, and its true values are known (lesson 09).

Deep Q-learning fails in ways that are hard to see on an Atari screen, where nobody knows what a position is worth. Here
value iteration tells it exactly, for every position, so the network's promises can be compared with the truth.
"""

from __future__ import annotations

import numpy as np

from utils.rl.tabular import ball_world, value_iteration


class PixelBall:
    """A ball, a paddle, a reward of 1 for every step in play; several games side by side, each restarted when it ends.

    Observations are ``(games, height, width, 2)`` float32: the moment before and now, like a stack of two frames.
    Actions are 0 (left), 1 (stay), 2 (right).

    Args:
        num_games: how many games.
        seed: of the starting positions.
        level: 1, or 2: the same game under water: upside down, in a lighter picture, with left and right exchanged.
        width, height: cells.
    """

    def __init__(self, num_games: int = 1, seed: int = 0, level: int = 1, width: int = 7, height: int = 6):
        self.table, index = ball_world(width, height)
        self.num_games, self.level, self.rng = num_games, level, np.random.default_rng(seed)
        self.pictures = self._draw(width, height, index)
        # Games begin with the ball on top, where every position can still be saved.
        top = [index(x, 0, dx, 1, p) for x in range(width) for dx in (-1, 1) for p in range(width)]
        value = self.true_values(0.9)
        self.starts = np.array([state for state in top if value[state] > 9.99])
        self.reset()

    def _draw(self, width, height, index):
        pictures = np.full((self.table.states, height, width, 2), 0.1 if self.level == 2 else 0.0, dtype=np.float32)
        for x, y, right, down, paddle in np.ndindex(width, height, 2, 2, width):
            dx, dy = 2 * right - 1, 2 * down - 1
            picture = pictures[index(x, y, dx, dy, paddle)]
            picture[np.clip(y - dy, 0, height - 1), np.clip(x - dx, 0, width - 1), 0] = 1.0
            picture[y, x, 1] = 1.0
            picture[height - 1, paddle, 1] = 1.0
        return pictures[:, ::-1].copy() if self.level == 2 else pictures

    def reset(self) -> np.ndarray:
        """Start all games anew; returns the observations."""
        self.states = self.rng.choice(self.starts, self.num_games)
        return self.pictures[self.states]

    def step(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """One move in each game: observations (of a new game where one ended), rewards, and which games ended."""
        actions = self._as_played(np.asarray(actions))
        rewards = self.table.reward[self.states, actions, 0].astype(np.float32)
        ended = self.table.terminated[self.states, actions, 0]
        following = self.table.next_state[self.states, actions, 0]
        self.states = np.where(ended, self.rng.choice(self.starts, self.num_games), following)
        return self.pictures[self.states], rewards, ended

    def _as_played(self, actions):
        return 2 - actions if self.level == 2 else actions

    def true_values(self, gamma: float) -> np.ndarray:
        """Value of every position under perfect play, ``(positions,)``."""
        return value_iteration(self.table, gamma, tolerance=1e-9)[0].max(axis=1)

    def steps_in_play(self, values: np.ndarray, horizon: int = 100, gamma: float = 1.0) -> float:
        """Mean number of steps, up to ``horizon``, that the greedy player keeps the ball, over all starting positions.

        Args:
            values: what a network says of ``self.pictures``, ``(positions, 3)``.
            gamma: discount; below 1 the sum is what the greedy player earns.
        """
        greedy = self._as_played(values.argmax(axis=1))
        states, alive, total = self.starts.copy(), np.ones(len(self.starts), dtype=bool), 0.0
        for step in range(horizon):
            actions = greedy[states]
            alive &= ~self.table.terminated[states, actions, 0]
            states = self.table.next_state[states, actions, 0]
            total += gamma**step * alive.sum()
        return total / len(self.starts)
