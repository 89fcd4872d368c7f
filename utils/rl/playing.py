"""Plays of many environments at once, each from its start to its own end, and their rewards (lesson 10)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import gymnasium
import numpy as np

from utils.rl.pendulum import VectorPendulum


def make_environments(name: str, count: int) -> gymnasium.vector.VectorEnv:
    """``count`` copies of an environment that step together, by its own vector version where there is one.

    Raises:
        ValueError: Gymnasium knows no environment of this name.
        TypeError: its observations are no 1D Box, or its actions neither Discrete nor a 1D Box.
    """
    try:
        spec = gymnasium.spec(name)
    except gymnasium.error.Error as error:
        raise ValueError(f"There is no environment {name!r} in Gymnasium ({error}); check its spelling.") from None
    if name == "Pendulum-v1":
        environments = VectorPendulum(count, spec.max_episode_steps)
    else:
        mode = "vector_entry_point" if spec.vector_entry_point else "sync"
        environments = gymnasium.make_vec(name, num_envs=count, vectorization_mode=mode)
    check_spaces(environments, name)
    return environments


def check_spaces(environments: gymnasium.vector.VectorEnv, name: str = "the environment") -> None:
    """Raise a TypeError in one sentence unless a small dense network can play this environment."""
    spaces = gymnasium.spaces
    observation, action = environments.single_observation_space, environments.single_action_space
    if not isinstance(observation, spaces.Box) or len(observation.shape) != 1:
        raise TypeError(
            f"{name} observes {observation}; this policy reads a vector (a 1D Box), so use another network."
        )
    if not isinstance(action, spaces.Discrete) and not (isinstance(action, spaces.Box) and len(action.shape) == 1):
        raise TypeError(f"{name} acts by {action}; this policy handles Discrete and 1D Box actions only.")


@dataclass
class Plays:
    """P plays side by side, padded to the longest: time runs along the first axis.

    Attributes:
        states: float32 (T, P, observation).
        actions: (T, P) indices, or (T, P, size).
        rewards: float64 (T, P), 0 after the end.
        mask: bool (T, P), True while the play lasts.
        horizon: the environment's time limit in steps (or T where it has none).
    """

    states: np.ndarray
    actions: np.ndarray
    rewards: np.ndarray
    mask: np.ndarray
    horizon: int

    @property
    def returns(self) -> np.ndarray:
        """Undiscounted return of each play, (P,)."""
        return self.rewards.sum(axis=0)

    @property
    def steps(self) -> int:
        return int(self.mask.sum())


def play(
    environments: gymnasium.vector.VectorEnv,
    act: Callable[[np.ndarray, np.random.Generator], np.ndarray],
    seed: int | Sequence[int],
    max_steps: int = 100_000,
    options: dict | None = None,
) -> Plays:
    """One complete play in each environment.

    Exactly one play each, from the reset to its own end: to keep "the first P plays that finish" would favour short
    plays, and so bias the estimate. Environments that are through go on (Gymnasium resets them), masked out.

    Args:
        act: ``(states, rng) -> actions``, e.g. ``NumpyPolicy.sample``.
        seed: of starts and actions together.
        options: for the environments' ``reset``, such as where the pendulums begin.

    Raises:
        ValueError: the environment returns a reward that is no finite number.
    """
    sequence = np.random.SeedSequence(seed)
    rng = np.random.default_rng(sequence)
    states, _ = environments.reset(seed=int(sequence.generate_state(1)[0] >> 1), options=options)
    alive = np.ones(environments.num_envs, dtype=bool)
    record: list[tuple] = []
    while alive.any() and len(record) < max_steps:
        actions = act(states, rng)
        following, rewards, terminated, truncated, _ = environments.step(actions)
        if not np.isfinite(rewards[alive]).all():
            raise ValueError(
                f"The environment returned the reward {rewards[alive][~np.isfinite(rewards[alive])][0]} at step "
                f"{len(record)}; a return cannot be computed from it, so look at the environment's reward function."
            )
        record.append((states, actions, np.where(alive, rewards, 0.0), alive))
        alive = alive & ~(terminated | truncated)
        states = following
    columns = [np.stack(column) for column in zip(*record, strict=True)]
    limit = getattr(environments, "max_episode_steps", None) or (
        environments.spec and environments.spec.max_episode_steps
    )
    return Plays(*columns, horizon=limit or len(record))
