"""Pendulum for one who knows its equations: dynamic programming on a grid, backwards from the last step.

The peer of lesson 10's policies, which are told only rewards. Between grid points values are interpolated, and the best
of 41 torques is taken at every step; the returns are those of real plays, so no policy that was found this way is
better than possible.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import map_coordinates

from utils.rl import pendulum, playing

ANGLES, SPEEDS, STEPS = 401, 161, 200


def follow(angle: np.ndarray, speed: np.ndarray, torque: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Reward, next angle and next speed of pendulums of any shape; the equations of utils/rl/pendulum.py."""
    reward = -(_wrapped(angle) ** 2 + 0.1 * speed**2 + 0.001 * torque**2)
    gravity = 3 * pendulum.GRAVITY / (2 * pendulum.LENGTH) * np.sin(angle)
    acceleration = gravity + 3 / (pendulum.MASS * pendulum.LENGTH**2) * torque
    speed = np.clip(speed + acceleration * pendulum.TIME_STEP, -pendulum.MAX_SPEED, pendulum.MAX_SPEED)
    return reward, angle + speed * pendulum.TIME_STEP, speed


def _wrapped(angle: np.ndarray) -> np.ndarray:
    return (angle + np.pi) % (2 * np.pi) - np.pi


def look_up(values: np.ndarray, angle: np.ndarray, speed: np.ndarray) -> np.ndarray:
    """Values on the grid, (ANGLES, SPEEDS), interpolated."""
    row = (_wrapped(angle) + np.pi) / (2 * np.pi) * (ANGLES - 1)
    column = (speed / pendulum.MAX_SPEED + 1) / 2 * (SPEEDS - 1)
    return map_coordinates(values, [row, column], order=1, mode="nearest")


def values_to_go() -> list[np.ndarray]:
    """Best return of every grid point with 0, 1, ... 200 steps left."""
    angles, speeds = np.linspace(-np.pi, np.pi, ANGLES), np.linspace(-1, 1, SPEEDS) * pendulum.MAX_SPEED
    torques = np.linspace(-1, 1, 9)[:, None, None] * pendulum.MAX_TORQUE
    reward, angle, speed = follow(*np.meshgrid(angles, speeds, indexing="ij"), torques)
    values = [np.zeros((ANGLES, SPEEDS))]
    for _ in range(STEPS):
        values.append((reward + look_up(values[-1], angle, speed)).max(axis=0))
    return values


def returns(seed: int, plays: int, values: list[np.ndarray]) -> np.ndarray:
    """Returns of so many plays from the starts of this seed, (plays,)."""
    torques = np.linspace(-1, 1, 41)[:, None] * pendulum.MAX_TORQUE
    left = iter(range(STEPS - 1, -1, -1))

    def act(states: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        angle = np.arctan2(states[:, 1], states[:, 0])
        reward, angle, speed = follow(angle, states[:, 2], torques)
        best = (reward + look_up(values[next(left)], angle, speed)).argmax(axis=0)
        return torques[best].astype(np.float32)

    return playing.play(playing.make_environments("Pendulum-v1", plays), act, seed=seed).returns
