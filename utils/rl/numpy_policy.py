"""The networks of :mod:`utils.rl.policies` in NumPy, for speed, and what Keras does not give: gradients play by play.

The tests hold both equal to Keras and to finite differences (lesson 10).
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from utils.rl.playing import Plays
from utils.rl.policies import LOG_TWO_PI, PolicyGradient


class NumpyPolicy:
    """The policy's forward pass in NumPy: for 32 rows it is some fifty times faster than a call into a framework.

    Args:
        weights: kernels and biases in turn, as ``Sequential.get_weights()`` gives them; tanh between the layers.
        log_std: (size,) for a Gaussian policy, None for a discrete one.
        scale: (observation,), factors of the inputs.
    """

    def __init__(self, weights: Sequence[np.ndarray], log_std: np.ndarray | None = None, scale=1.0):
        self.weights = [np.asarray(weight, dtype=np.float32) for weight in weights]
        self.scale = np.asarray(scale, dtype=np.float32)
        self.log_std = None if log_std is None else np.asarray(log_std, dtype=np.float32)

    @classmethod
    def of(cls, model: PolicyGradient) -> NumpyPolicy:
        """A copy of the model's policy as it is now."""
        log_std = None if model.discrete else ops.convert_to_numpy(model.spread.value)
        return cls(model.policy.get_weights(), log_std, model.policy.layers[0].scale)

    def output(self, states: np.ndarray) -> np.ndarray:
        """Logits or means, (rows, outputs), for states (rows, observation)."""
        states = states * self.scale
        for kernel, bias in zip(self.weights[:-2:2], self.weights[1:-2:2], strict=True):
            states = np.tanh(states @ kernel + bias)
        return states @ self.weights[-2] + self.weights[-1]

    def probabilities(self, states: np.ndarray) -> np.ndarray:
        """pi(a|s), (rows, actions), of a discrete policy."""
        logits = self.output(states)
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        return exponentials / exponentials.sum(axis=1, keepdims=True)

    def sample(self, states: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Actions drawn from the policy: int64 (rows,), or float32 (rows, size)."""
        if self.log_std is None:
            cumulative = self.probabilities(states).cumsum(axis=1)
            below = cumulative[:, :-1] < rng.random(len(states))[:, None]  # the last column is 1 up to rounding
            return below.sum(axis=1)
        mean = self.output(states)
        return mean + np.exp(self.log_std) * rng.standard_normal(mean.shape, dtype=np.float32)

    def greedy(self, states: np.ndarray, rng: np.random.Generator | None = None) -> np.ndarray:
        """The most probable action, or the mean of the Gaussian."""
        output = self.output(states)
        return output.argmax(axis=1) if self.log_std is None else output


def forward(network: keras.Sequential, rows: np.ndarray) -> np.ndarray:
    """Output of a :func:`build_network` network in NumPy, (rows, outputs)."""
    return NumpyPolicy(network.get_weights(), scale=network.layers[0].scale).output(rows)


def mean_entropy(policy: NumpyPolicy, plays: Plays) -> float:
    """Entropy of the policy in nats, averaged over the states of some plays."""
    if policy.log_std is not None:
        return float(np.sum(policy.log_std + 0.5 * (LOG_TWO_PI + 1.0)))
    probabilities = policy.probabilities(plays.states[plays.mask])
    return float(-(probabilities * np.log(probabilities + 1e-12)).sum(axis=1).mean())


def play_gradients(policy: NumpyPolicy, plays: Plays, weights: np.ndarray) -> np.ndarray:
    """Each play's own estimate of the policy gradient, (P, parameters): ``sum_t w_t grad log pi(a_t|s_t)``.

    Back-propagation by hand for a discrete policy, since Keras gives only the sum over the plays. The order of the
    parameters is that of ``policy.weights``. Lesson 10 measures with it how noisy the estimates are.

    Args:
        weights: what each action is credited with, (T, P); must be 0 on padding.
    """
    length, count = plays.mask.shape
    layers = list(zip(policy.weights[::2], policy.weights[1::2], strict=True))
    states = plays.states.reshape(length * count, -1)
    activations = [states * policy.scale]
    for kernel, bias in layers[:-1]:
        activations.append(np.tanh(activations[-1] @ kernel + bias))
    delta = -policy.probabilities(states)  # gradient of log pi with respect to the logits ...
    delta[np.arange(length * count), plays.actions.reshape(-1)] += 1.0  # ... is one-hot minus pi
    delta *= weights.reshape(-1, 1)
    gradients: list[np.ndarray] = []
    for index in range(len(layers) - 1, -1, -1):
        per_play = [part.reshape(length, count, -1) for part in (activations[index], delta)]
        gradients.append(per_play[1].sum(axis=0))
        gradients.append(np.einsum("tpi,tpj->pij", *per_play, optimize=True).reshape(count, -1))
        delta = (delta @ layers[index][0].T) * (1 - activations[index] ** 2)
    return np.concatenate(gradients[::-1], axis=1)
