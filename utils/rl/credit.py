"""What an action is credited with: the return that followed it, less a baseline (lesson 10)."""

from __future__ import annotations

import keras
import numpy as np

from utils.rl.numpy_policy import forward
from utils.rl.playing import Plays


def returns_to_go(rewards: np.ndarray, gamma: float) -> np.ndarray:
    """G_t = r_t + gamma G_{t+1}, along the first axis; same shape as ``rewards``, float64."""
    returns = np.zeros(rewards.shape, dtype=np.float64)
    following = np.zeros(rewards.shape[1:])
    for t in range(len(rewards) - 1, -1, -1):
        following = rewards[t] + gamma * following
        returns[t] = following
    return returns


def per_action(plays: Plays, gamma: float, to_go: bool = True, reward_scale: float = 1.0) -> np.ndarray:
    """What each action is credited with, (T, P): the return from its time on, or that of the whole play."""
    returns = returns_to_go(reward_scale * plays.rewards, gamma)
    return returns if to_go else np.broadcast_to(returns[:1], returns.shape)


def mean_baseline(returns: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Mean return of the *other* plays at the same time, (T, P): leaving one's own out keeps the estimate unbiased.

    A play that has ended counts as a return of 0: that, too, is what the others earned from this time on.
    """
    total = (returns * mask).sum(axis=1, keepdims=True)
    return (total - returns * mask) / (returns.shape[1] - 1)


def with_clock(plays: Plays) -> np.ndarray:
    """States with the share of the time limit that has passed as a last column, float32 (T, P, observation + 1)."""
    length, count = plays.mask.shape
    clock = np.broadcast_to(np.arange(length, dtype=np.float32)[:, None, None] / plays.horizon, (length, count, 1))
    return np.concatenate([plays.states, clock], axis=2)


def advantages(plays: Plays, returns: np.ndarray, baseline: keras.Sequential | str) -> np.ndarray:
    """Credit minus baseline, (T, P); 0 on padding. ``baseline`` is ``"none"``, ``"mean"`` or a trained network."""
    values = 0.0
    if baseline == "mean":
        values = mean_baseline(returns, plays.mask)
    elif baseline != "none":
        inputs = with_clock(plays)
        values = forward(baseline, inputs.reshape(-1, inputs.shape[-1])).reshape(returns.shape)
    return np.where(plays.mask, returns - values, 0.0)
