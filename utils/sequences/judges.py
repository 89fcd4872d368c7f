"""A person who compares two answers, and a reward that is learned from the comparisons (lesson 10, section 9).

The lesson writes the loss (Bradley and Terry) in its own cell; here are the comparisons, the network that gives the
marks, the fit, and the marks as a reward. Read in this order: :func:`compare`, :func:`build_mark`, :func:`fit`,
:func:`agreement`, :class:`Judge`.

Source: Christiano et al., "Deep reinforcement learning from human preferences" (2017, arXiv 1706.03741).
"""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

from utils.sequences import sentences, spelling
from utils.sequences.adder import draw, read
from utils.sequences.sums import TABLE

TEXT = (11, len(TABLE))  # a question of seven characters and its answer of four, one-hot


def together(questions: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """Questions (n, 7, 12) and columns of their answers (n, 4) as one text: float32 (n, 11, 12)."""
    return np.concatenate([questions, TABLE.one_hot(answers)], axis=1)


def compare(
    start: keras.Model, questions: int, role: str, error: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two answers that the starting network draws to each question, and whether a person prefers the first.

    The person prefers the answer that is nearer to the sum; where both are equally near there is no comparison.

    Args:
        questions: put to the network; fewer comparisons come back.
        role: ``"train"``, ``"validation"`` or ``"test"``.
        error: share of the comparisons, drawn at random, in which the person errs.

    Returns:
        The first and the second texts, float32 (n, 11, 12), and the preferences, float32 (n,), 1 or 0.
    """
    a, b = draw(questions, role, rng)
    x = read(a, b)
    answers = [sentences.sample(start, x, rng)[0] for _ in range(2)]
    off = [np.abs(spelling.numbers(y) - (a + b)) for y in answers]
    differ = off[0] != off[1]
    prefers = (off[0] < off[1]) ^ (rng.random(questions) < error)
    first, second = (together(x, y)[differ] for y in answers)
    return first, second, prefers[differ].astype(np.float32)


def build_mark() -> keras.Sequential:
    """The network that marks an answer to a question: texts (n, 11, 12) to marks (n, 1), of any size; not compiled."""
    bricks = [layers.Flatten(), layers.Dense(64, activation="relu"), layers.Dense(1)]
    return keras.Sequential([keras.Input(TEXT), *bricks])


def fit(pair: keras.Model, compared: tuple[np.ndarray, np.ndarray, np.ndarray], epochs: int = 30) -> None:
    """Fit a compiled model of two texts to comparisons; a fifth of them, the last, says when to stop, and is not
    learned from.
    """
    first, second, prefers = compared
    stop = keras.callbacks.EarlyStopping(patience=5, restore_best_weights=True)
    pair.fit([first, second], prefers, epochs=epochs, validation_split=0.2, callbacks=[stop], verbose=0)


def agreement(mark: keras.Model, start: keras.Model, rng: np.random.Generator, questions: int = 1000) -> float:
    """Of two different answers to a test question, how often has the nearer one the higher mark?"""
    first, second, prefers = compare(start, questions, "test", 0.0, rng)
    gain = np.asarray(mark.predict_on_batch(first)) - np.asarray(mark.predict_on_batch(second))
    return float(((gain[:, 0] > 0) == prefers).mean())


class Judge:
    """The mark as a reward: how many spreads above the mean of the starting network's answers it is.

    Args:
        mark: as :func:`build_mark` builds it, learned.
        start: the network whose answers to ``questions`` training questions set mean and spread.
    """

    def __init__(self, mark: keras.Model, start: keras.Model, rng: np.random.Generator, questions: int = 1000):
        self.mark = mark
        a, b = draw(questions, "train", rng)
        usual = self.marks(a, b, sentences.sample(start, read(a, b), rng)[0])
        self.mean, self.spread = usual.mean(), usual.std()

    def marks(self, a: np.ndarray, b: np.ndarray, answers: np.ndarray) -> np.ndarray:
        """The network's marks of columns of answers (n, 4): float32 (n,)."""
        return np.asarray(self.mark.predict_on_batch(together(read(a, b), answers)))[:, 0]

    def __call__(self, a: np.ndarray, b: np.ndarray, answers: np.ndarray) -> np.ndarray:
        """The rewards, float32 (n,), called as :func:`utils.sequences.adder.verdict` is."""
        return (self.marks(a, b, answers) - self.mean) / self.spread
