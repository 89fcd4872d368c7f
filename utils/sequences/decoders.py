"""Networks that look back while they write: at their own output, at the question, or at both by attention alone.

Lesson 06. Each takes two inputs, the question (batch, 2 * digits + 1, 12) and, shifted by one place, the answer as far
as it is written (batch, digits + 1, 12), and returns probabilities (batch, digits + 1, 12); none is compiled. The
lesson writes them in its own cells, ``tests/benchmarks/results_06_lstm_addition.py`` trains them over seeds, and a test
holds the two equal. Read in this order: :func:`shifted`, :func:`build_feedback`, :func:`build_attention`,
:func:`build_transformer`, :func:`write`.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers

from utils.sequences.sums import TABLE

SYMBOLS = len(TABLE)


def shifted(answers: np.ndarray) -> np.ndarray:
    """What is written before each character: columns (n, steps) to one-hot float32 (n, steps, 12), first a row of 0."""
    rows = TABLE.one_hot(answers)
    return np.concatenate([np.zeros_like(rows[:, :1]), rows[:, :-1]], axis=1)


def two_inputs(digits: int) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """The question and what is written of its answer."""
    return keras.Input((2 * digits + 1, SYMBOLS)), keras.Input((digits + 1, SYMBOLS))


def build_feedback(digits: int, units: int = 128) -> keras.Model:
    """An LSTM reads; a second one starts with its state and sees, at each step, the character it wrote last.

    Source: Sutskever, Vinyals and Le, "Sequence to Sequence Learning with Neural Networks" (2014), in one layer.
    """
    question, written = two_inputs(digits)
    _, *state = layers.LSTM(units, return_state=True)(question)
    x = layers.LSTM(units, return_sequences=True)(written, initial_state=state)
    return keras.Model([question, written], layers.Dense(SYMBOLS, activation="softmax")(x))


def build_attention(digits: int, units: int = 128) -> keras.Model:
    """As :func:`build_feedback`; each step also looks at what the encoder said at every place of the question.

    The layer ``attention`` returns the mixture it saw, and its weights (batch, written, read).

    Source: Luong, Pham and Manning, "Effective Approaches to Attention-based Neural Machine Translation" (2015).
    """
    question, written = two_inputs(digits)
    read, *state = layers.LSTM(units, return_sequences=True, return_state=True)(question)
    x = layers.LSTM(units, return_sequences=True)(written, initial_state=state)
    seen, _ = layers.Attention(name="attention")([x, read], return_attention_scores=True)
    x = layers.Concatenate()([x, seen])
    return keras.Model([question, written], layers.Dense(SYMBOLS, activation="softmax")(x))


class Position(layers.Layer):
    """Adds to each place of a sequence a vector of its own, which is learned."""

    def build(self, shape):
        self.places = self.add_weight(shape=shape[1:], initializer="random_normal")

    def call(self, x):
        return x + self.places


def build_transformer(digits: int, width: int = 64, heads: int = 4, blocks: int = 2) -> keras.Model:
    """A small GPT: question and answer are one text, each place looks at all places before it; no recurrence.

    Source: Vaswani et al., "Attention Is All You Need" (2017); normalised first, as in GPT-2.
    """
    question, written = two_inputs(digits)
    text = layers.Concatenate(axis=1)([question, written])
    x = Position()(layers.Dense(width)(text))
    for _ in range(blocks):
        y = layers.LayerNormalization()(x)
        x = x + layers.MultiHeadAttention(heads, width // heads)(y, y, use_causal_mask=True)
        y = layers.LayerNormalization()(x)
        x = x + layers.Dense(width)(layers.Dense(4 * width, activation="gelu")(y))
    x = layers.LayerNormalization()(x)[:, 2 * digits + 1 :]
    return keras.Model([question, written], layers.Dense(SYMBOLS, activation="softmax")(x))


BUILDERS = {"feedback": build_feedback, "attention": build_attention, "transformer": build_transformer}


def write(model: Any, questions: np.ndarray, ask: Any = None) -> np.ndarray:
    """The answers, each character the likeliest after those the network has written before it: columns (n, steps).

    Args:
        questions: one-hot rows (n, 2 * digits + 1, 12).
        ask: what gives the probabilities of both inputs; None means ``model.predict``.
    """
    ask = ask or (lambda inputs: model.predict(inputs, batch_size=2048, verbose=0))
    answers = np.zeros((len(questions), model.output_shape[1]), dtype=np.int32)
    for step in range(answers.shape[1]):
        answers[:, step] = ask([questions, shifted(answers)])[:, step].argmax(axis=-1)
    return answers


# ---------------------------------------------------------------------------------------------------------------------
# Column by column


def in_columns(a: np.ndarray, b: np.ndarray, digits: int) -> tuple[np.ndarray, np.ndarray]:
    """Sums as on squared paper, units first: both digits of each column one-hot (n, digits + 1, 20), sums' digits."""
    powers = 10 ** np.arange(digits + 1)
    first, second, total = (np.asarray(number)[:, None] // powers % 10 for number in (a, b, a + b))
    one_hot = np.eye(10, dtype=np.float32)
    return np.concatenate([one_hot[first], one_hot[second]], axis=-1), total.astype(np.int32)


def build_columns(units: int = 32) -> keras.Sequential:
    """Reads a column, writes a digit: (n, any length, 20) to probabilities (n, that length, 10)."""
    return keras.Sequential(
        [
            keras.Input((None, 20)),
            layers.LSTM(units, return_sequences=True),
            layers.Dense(10, activation="softmax"),
        ]
    )
