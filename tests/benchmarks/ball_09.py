"""Lesson 09's ball game learned in NumPy, as the notebook's cells do it in Keras, some twenty times as fast.

For the several seeds of ``results_09_dqn_breakout.py``; ``tests/unit/rl/test_ball_09.py`` holds an update equal to the
notebook's.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from utils.rl.atari import epsilon_greedy
from utils.rl.pixel_ball import PixelBall

STEPS, GAMMA, RATE = 7_200, 0.95, 0.005
KEPT = 4_000  # transitions of level 1 that stay when the memory is kept in part
VARIANTS = {
    "both_tricks": {},
    "no_replay": {"replay": False},
    "no_target_network": {"target_network": False},
    "both_and_double_q": {"double": True},
}


def glorot(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    limit = np.sqrt(6 / (rows + columns))
    return rng.uniform(-limit, limit, (rows, columns)).astype(np.float32)


def values(weights: list[np.ndarray], pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Hidden layer and values, (n, 128) and (n, 3)."""
    first, bias, second, shift = weights
    hidden = np.maximum(pictures.reshape(len(pictures), -1) @ first + bias, 0)
    return hidden, hidden @ second + shift


@dataclass
class Agent:
    """Online and frozen weights, and Adam's moments."""

    online: list[np.ndarray]
    target_network: bool = True
    double: bool = False
    frozen: list[np.ndarray] = field(default_factory=list)
    updates: int = 0

    def __post_init__(self):
        self.online = [weight.copy() for weight in self.online]
        self.mean = [np.zeros_like(weight) for weight in self.online]
        self.square = [np.zeros_like(weight) for weight in self.online]
        self.freeze()

    @classmethod
    def new(cls, rng: np.random.Generator, **tricks) -> Agent:
        zeros = [np.zeros(n, np.float32) for n in (128, 3)]
        return cls([glorot(rng, 84, 128), zeros[0], glorot(rng, 128, 3), zeros[1]], **tricks)

    def freeze(self) -> None:
        self.frozen = [weight.copy() for weight in self.online]

    def update(self, now, action, reward, ended, after) -> None:
        """One step of Adam on the mean squared error of section 2."""
        next_q = values(self.frozen if self.target_network else self.online, after)[1]
        chosen = (values(self.online, after)[1] if self.double else next_q).argmax(axis=1)
        rows = np.arange(len(action))
        target = reward + GAMMA * (1 - ended) * next_q[rows, chosen]
        hidden, q = values(self.online, now)
        slope = np.zeros_like(q)
        slope[rows, action] = 2 * (q[rows, action] - target) / len(action)
        inner = (slope @ self.online[2].T) * (hidden > 0)
        flat = now.reshape(len(now), -1)
        self.adam([flat.T @ inner, inner.sum(axis=0), hidden.T @ slope, slope.sum(axis=0)])

    def adam(self, gradients: list[np.ndarray]) -> None:
        self.updates += 1
        rate = RATE * np.sqrt(1 - 0.999**self.updates) / (1 - 0.9**self.updates)
        for weight, mean, square, gradient in zip(self.online, self.mean, self.square, gradients, strict=True):
            mean += 0.1 * (gradient - mean)
            square += 0.001 * (gradient * gradient - square)
            weight -= rate * mean / (np.sqrt(square) + 1e-7)


class Memory:
    """The columns of all transitions, each in an array that is long enough; begins with the latest of an old one."""

    def __init__(self, steps: int, games: int, old: Memory | None = None):
        self.size, room = 0, (steps + 1) * games + KEPT
        shapes = {"now": (6, 7, 2), "action": (), "reward": (), "ended": (), "after": (6, 7, 2)}
        self.columns = {n: np.zeros((room, *s), np.int64 if n == "action" else np.float32) for n, s in shapes.items()}
        if old:
            self.add(*(column[max(0, old.size - KEPT) : old.size] for column in old.columns.values()))

    def add(self, *columns) -> None:
        for own, new in zip(self.columns.values(), columns, strict=True):
            own[self.size : self.size + len(new)] = new
        self.size += len(columns[0])

    def at(self, picks) -> dict[str, np.ndarray]:
        return {name: column[picks] for name, column in self.columns.items()}


def learn(agent: Agent, game: PixelBall, steps: int, memory: Memory, replay: bool, report, seed: int) -> None:
    """The notebook's loop."""
    rng, seen = np.random.default_rng(seed), game.reset()
    for step in range(steps + 1):
        if step % 300 == 0:
            report()
        if step % 50 == 0:
            agent.freeze()
        action = epsilon_greedy(values(agent.online, seen)[1], 0.1, rng)
        before, (seen, reward, ended) = seen, game.step(action)
        memory.add(before, action, reward, ended, seen)
        if memory.size >= 32:
            latest = np.arange(memory.size - 32, memory.size)
            agent.update(**memory.at(rng.integers(0, memory.size, 32) if replay else latest))


def learn_level_1(seed: int, steps: int = STEPS, replay: bool = True, **tricks):
    """Agent, memory, and at every report steps in play and promise."""
    agent, game = Agent.new(np.random.default_rng(seed), **tricks), PixelBall(4, seed=seed)
    memory, rows = Memory(steps, 4), []

    def report():
        q = values(agent.online, game.pictures)[1]
        rows.append((game.steps_in_play(q), float(q[game.starts].max(axis=1).mean())))

    learn(agent, game, steps, memory, replay, report, seed)
    return agent, memory, np.array(rows).T


def learn_level_2(seed: int, taught: Agent, memory: Memory | None, steps: int = STEPS) -> np.ndarray:
    """Steps in play on both levels, at every report."""
    agent, water, rows = Agent(taught.online), PixelBall(4, seed=seed + 1, level=2), []
    levels = (PixelBall(seed=seed), water)

    def report():
        rows.append([game.steps_in_play(values(agent.online, game.pictures)[1]) for game in levels])

    learn(agent, water, steps, Memory(steps, 4, memory), True, report, seed)
    return np.array(rows).T


def measure(seed: int, steps: int = STEPS) -> dict[str, float]:
    """For each variant, and each memory, what the last five reports say on average."""
    found = {}
    for name, tricks in VARIANTS.items():
        agent, memory, (play, promise) = learn_level_1(seed, steps, **tricks)
        found |= {f"{name}.play": play[-5:].mean(), f"{name}.promise": promise[-5:].mean()}
        if not tricks:
            taught, kept = agent, memory
    for name, old in (("wiped", None), ("kept", kept)):
        first, second = learn_level_2(seed, taught, old, steps)
        found |= {f"{name}.level_1": first[-5:].mean(), f"{name}.level_2": second[-5:].mean()}
    return {name: float(value) for name, value in found.items()}
