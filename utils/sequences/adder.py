"""A decoder that adds, as a policy: what it reads, practises and is examined on (lesson 10, section 9).

Questions are sums of two numbers of at most two digits, right-aligned in three places; answers are columns of
characters, int32 (n, 4), written in two ways (:mod:`utils.sequences.spelling`). The lesson writes the policy gradient
in its own cells; what it compares with, and how it measures, is here. ``tests/benchmarks/results_10_reinforce.py``
measures the same over seeds. Read in this order: :func:`read`, :func:`verdict`, :func:`practise`,
:func:`half_trained`, :func:`twin`, :func:`exam`.
"""

from __future__ import annotations

from collections.abc import Mapping

import keras
import numpy as np

from utils.sequences import decoders, sentences, spelling
from utils.sequences.sums import TABLE, PairSplit, encode_questions, write_questions

DIGITS = 3  # places of each number, so that an answer has four
SPLIT = PairSplit(digits=2)  # which pairs of numbers train, and which validate and test
LOSS = "sparse_categorical_crossentropy"


def draw(questions: int, role: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Random questions of one role, half of them evenly over all pairs: two int64 arrays (questions,).

    Errors as in :meth:`utils.sequences.sums.PairSplit.draw`.
    """
    return SPLIT.draw(questions, role, rng, evenly=0.5)


def read(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The questions as the policy reads them: one-hot float32 (n, 7, 12)."""
    return encode_questions(a, b, digits=DIGITS, right_aligned=True)


def verdict(a: np.ndarray, b: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """1 for an answer that Python reads as the right number, 0 for any other: float64 (n,)."""
    return (spelling.numbers(answers) == a + b).astype(float)


def practise(model: keras.Model, updates: int, questions: int, rng: np.random.Generator) -> None:
    """Supervised learning, as in lesson 06: right answers are shown, half of them with zeros before the number.

    Args:
        model: compiled with :data:`LOSS`; changed in place.
        questions: to an update, each with one right answer.
    """
    for _ in range(updates):
        a, b = draw(questions, "train", rng)
        answers = spelling.spell(a + b, zeros=rng.random(len(a)) < 0.5)
        model.train_on_batch([read(a, b), decoders.shifted(answers)], answers)


def half_trained(seed: int, rounds: int, share: float = 0.35) -> keras.Model:
    """A decoder that practises until so many of the answers drawn to validation questions are right.

    Args:
        seed: of its weights and of all that it is shown; sets Keras's global seed.
        rounds: at most so many times 50 updates of 128 questions.
        share: between 0 and 1.
    """
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    model = decoders.build_feedback(digits=DIGITS)
    model.compile(keras.optimizers.Adam(5e-3, clipnorm=1.0), LOSS)
    a, b = SPLIT.held_out("validation")
    for _ in range(rounds):
        practise(model, 50, 128, rng)
        answers, _ = sentences.sample(model, read(a, b), rng)
        if verdict(a, b, answers).mean() > share:
            break
    return model


def twin(model: keras.Model) -> keras.Model:
    """A copy with weights and an optimiser of its own, which goes its own way."""
    other = decoders.build_feedback(digits=DIGITS)
    other.set_weights(model.get_weights())
    other.compile(keras.optimizers.Adam(1e-3, clipnorm=1.0), LOSS)
    return other


def exam(model: keras.Model) -> dict[str, float]:
    """What the model answers to the 2,000 test questions, drawn with one seed for all models.

    Returns:
        ``drawn`` and ``likeliest``: the shares of right answers among those drawn and among the likeliest; ``zeros``:
        the share of drawn answers that begin with 0; ``entropy``: of the first token, in nats, mean over the questions;
        ``numbers``: how many different numbers the drawn answers say (what is no number counts as one).
    """
    a, b = SPLIT.held_out("test")
    x = read(a, b)
    drawn, _ = sentences.sample(model, x, np.random.default_rng(0))
    pi = np.asarray(model.predict_on_batch([x, decoders.shifted(drawn)]))[:, 0]
    return {
        "drawn": verdict(a, b, drawn).mean(),
        "likeliest": verdict(a, b, decoders.write(model, x)).mean(),
        "zeros": spelling.begins_with_zero(drawn).mean(),
        "entropy": -(pi * np.log(pi + 1e-9)).sum(axis=1).mean(),
        "numbers": len(set(spelling.numbers(drawn).tolist())),
    }


def conversation(models: Mapping[str, keras.Model], seed: int, questions: int = 4, answers: int = 4) -> str:
    """Answers that the models draw to the same test questions, a row a model: a Markdown table, in which ``␣`` is a
    space.
    """
    a, b = (numbers[:questions] for numbers in SPLIT.held_out("test", 500))
    rows = [
        "| answers of | " + " | ".join(write_questions(a, b)) + " |",
        "| --- " * (questions + 1) + "|",
    ]
    x = np.repeat(read(a, b), answers, axis=0)
    for name, model in models.items():
        drawn, _ = sentences.sample(model, x, np.random.default_rng(seed))
        texts = np.array([TABLE.decode_indices(row).replace(" ", "␣") for row in drawn]).reshape(questions, answers)
        rows.append(f"| {name} | " + " | ".join(map(" ".join, texts)) + " |")
    return "\n".join(rows)
