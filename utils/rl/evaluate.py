"""How good is a player? The mean of its returns with an interval, and a film of one episode (lessons 08 and 10)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np
from PIL import Image

from utils.runtime import silenced_stderr
from utils.statistics import bootstrap_interval

Act = Callable[[Any, np.random.Generator], Any]  # (observation, rng) -> action


@dataclass(frozen=True)
class Evaluation:
    """Undiscounted returns of test episodes, (episodes,), and their mean with a bootstrap interval."""

    returns: np.ndarray
    low: float
    high: float

    @property
    def mean(self) -> float:
        return float(self.returns.mean())

    def __str__(self) -> str:
        return f"{self.mean:.2f} (95 % interval {self.low:.2f} to {self.high:.2f}, {len(self.returns)} episodes)"


def summarise(returns: np.ndarray, confidence: float = 0.95) -> Evaluation:
    """Mean and bootstrap interval of at least two returns.

    Raises:
        ValueError: fewer than two, or one that is no finite number.
    """
    returns = np.asarray(returns, dtype=np.float64)
    return Evaluation(returns, *bootstrap_interval(returns, confidence))


def follow_table(q: np.ndarray) -> Act:
    """The greedy player of a table q, (S, A)."""
    best = q.argmax(axis=1)
    return lambda state, rng: int(best[state])


def follow_policy(policy: Any, sample: bool = False) -> Act:
    """A player from a batch policy with ``greedy`` and ``sample`` methods, such as numpy_policy.NumpyPolicy."""
    choose = policy.sample if sample else policy.greedy
    return lambda observation, rng: choose(np.asarray(observation, dtype=np.float32)[None], rng)[0]


def film(
    environment: gymnasium.Env, act: Act, seed: int = 0, max_steps: int = 1000, every: int = 1, width: int = 200
) -> tuple[list[np.ndarray], float]:
    """Frames of one episode, uint8 (height, width, 3), for ``utils.plots.video``, and its return.

    Args:
        environment: made with ``render_mode="rgb_array"``.
        every: keep one frame in so many; the first and the last are always kept.
        width: pixels; frames are shrunk to it and keep their shape.

    Raises:
        ValueError: the environment was made with another render mode.
    """
    if environment.render_mode != "rgb_array":
        raise ValueError(f'{environment.unwrapped} draws nothing; make it with render_mode="rgb_array".')
    rng = np.random.default_rng(seed)
    observation, _ = environment.reset(seed=seed)
    with silenced_stderr():  # the graphics library complains once where there is no screen, which it does not need
        frames, total = [_shrunk(environment.render(), width)], 0.0
    for step in range(1, max_steps + 1):
        observation, reward, terminated, truncated, _ = environment.step(act(observation, rng))
        total += float(reward)
        ended = terminated or truncated or step == max_steps
        if ended or step % every == 0:
            frames.append(_shrunk(environment.render(), width))
        if ended:
            break
    return frames, total


def _shrunk(frame: np.ndarray, width: int) -> np.ndarray:
    image = Image.fromarray(np.asarray(frame, dtype=np.uint8))
    if image.width > width:
        image = image.resize((width, round(image.height * width / image.width)), Image.Resampling.LANCZOS)
    return np.asarray(image)
