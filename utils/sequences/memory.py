"""What a recurrent network remembers: three kinds of cell, and the task to recall the first digit of many.

Lesson 06 writes the cells itself; ``tests/benchmarks/results_06_lstm_addition.py`` trains them over seeds, and a test
holds the two equal.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from keras import layers


def plain(units: int) -> layers.Layer:
    """No gates: the new state is the tanh of a mixture of input and old state."""
    return layers.SimpleRNN(units)


def lstm(units: int, forget_bias: float = 1.0) -> layers.Layer:
    """An LSTM whose forget gates start at sigmoid(forget_bias); Keras's own start at sigmoid(1) = 0.73.

    Source: Jozefowicz, Zaremba and Sutskever, "An Empirical Exploration of Recurrent Network Architectures" (2015).
    """

    def bias(shape, dtype=None):
        start = np.zeros(shape, "float32")
        start[units : 2 * units] = forget_bias  # Keras orders the gates input, forget, candidate, output
        return keras.ops.convert_to_tensor(start, dtype)

    return layers.LSTM(units, bias_initializer=bias, unit_forget_bias=False)


def build_recall(cell: Callable[[int], layers.Layer], units: int = 64) -> keras.Sequential:
    """(n, any length, 10) one-hot digits to the probabilities (n, 10) of which was the first."""
    return keras.Sequential([keras.Input((None, 10)), cell(units), layers.Dense(10, activation="softmax")])
