"""Small Keras policies and the loss of REINFORCE (lesson 10)."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

LOG_TWO_PI = float(np.log(2 * np.pi))


def build_network(
    inputs: int, hidden: Sequence[int], outputs: int, seed: int, name: str, typical: Sequence[float] = ()
) -> keras.Sequential:
    """Dense tanh network with a linear output layer that starts near zero, so the first policy is nearly uniform.

    The first layer starts with large weights and scattered biases: its units then bend at different places of the
    state space. With the usual small ones the whole network is almost linear, and a pendulum does not learn to swing
    up and to brake with one and the same linear rule.
    """
    network = keras.Sequential(name=name)
    network.add(keras.Input((inputs,)))
    rng = np.random.default_rng(seed)
    scale = np.ones(inputs, dtype=np.float32)
    scale[: len(typical)] /= np.asarray(typical, dtype=np.float32)
    network.add(Scale(scale.tolist()))
    for index, width in enumerate(hidden):
        orthogonal = keras.initializers.Orthogonal(gain=1.4, seed=seed + index)
        network.add(keras.layers.Dense(width, activation="tanh", kernel_initializer=orthogonal))
    last = keras.initializers.Orthogonal(gain=0.01, seed=seed + len(hidden))
    network.add(keras.layers.Dense(outputs, kernel_initializer=last))
    first = network.layers[1]
    kernel = 1.5 * rng.normal(size=(inputs, hidden[0]))
    first.set_weights([kernel.astype(np.float32), rng.uniform(-1, 1, size=hidden[0]).astype(np.float32)])
    return network


class Scale(keras.layers.Layer):
    """Multiplies each input by its own constant; nothing is learned."""

    def __init__(self, scale: Sequence[float]):
        super().__init__()
        self.scale = list(scale)

    def call(self, inputs):
        return inputs * ops.convert_to_tensor(self.scale, dtype=inputs.dtype)


class LogStandardDeviation(keras.layers.Layer):
    """One learned log standard deviation per action dimension, the same in every state; added to nothing."""

    def __init__(self, size: int, initial: float):
        super().__init__()
        start = keras.initializers.Constant(initial)
        self.value = self.add_weight(shape=(size,), initializer=start, name="log_std")

    def call(self, states):
        return self.value


class PolicyGradient(keras.Model):
    """A policy with the REINFORCE loss, trained by ``train_on_batch(states, columns)``.

    Args:
        policy: (rows, observation) -> logits (rows, actions), or Gaussian means (rows, action size).
        log_std: None for a discrete policy, else the initial log standard deviation.
        entropy: weight of the entropy bonus.

    The columns of ``y`` are: the action (its index, or its components), advantage and mask. Rows with mask 0 are
    padding and count nowhere.
    """

    def __init__(self, policy: keras.Sequential, log_std: float | None = None, entropy: float = 0.0):
        super().__init__()
        self.policy, self.entropy_weight = policy, entropy
        self.discrete = log_std is None
        self.spread = None if self.discrete else LogStandardDeviation(policy.output_shape[-1], log_std)

    def build(self, states_shape):
        """Its parts are built already; Keras wants to be told."""
        self.built = True

    def call(self, states):
        """(rows, observation) -> the policy's output."""
        return self.policy(states)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """``-mean(A * log pi(a|s) + entropy_weight * entropy)`` over the rows that are no padding."""
        action, advantage, mask = y[:, :-2], y[:, -2], y[:, -1]
        if self.discrete:
            log_probability, entropy = categorical_log_probability(y_pred, action[:, 0])
        else:
            log_probability, entropy = gaussian_log_probability(y_pred, self.spread(x), action)
        return -ops.sum(mask * (advantage * log_probability + self.entropy_weight * entropy)) / ops.sum(mask)


def categorical_log_probability(logits, actions):
    """Log probability of the chosen actions, (rows,), and the policy's entropy, (rows,), in nats.

    Args:
        logits: (rows, actions).
        actions: (rows,), indices of any numeric dtype.
    """
    log_pi = ops.log_softmax(logits, axis=-1)
    chosen = ops.one_hot(ops.cast(actions, "int32"), logits.shape[-1], dtype=log_pi.dtype)
    return ops.sum(chosen * log_pi, axis=-1), -ops.sum(ops.exp(log_pi) * log_pi, axis=-1)


def gaussian_log_probability(mean, log_std, actions):
    """Log density of actions under independent Gaussians, (rows,), and the entropy, (rows,).

    Args:
        mean, actions: (rows, size).
        log_std: (size,).
    """
    z = (actions - mean) * ops.exp(-log_std)
    log_density = -0.5 * ops.sum(ops.square(z) + 2 * log_std + LOG_TWO_PI, axis=-1)
    entropy = ops.sum(log_std + 0.5 * (LOG_TWO_PI + 1.0)) * ops.ones_like(log_density)
    return log_density, entropy
