"""Learning to add: a network that reads a question and writes its answer, its measures and its training.

Lesson 06. The networks that look back while they write are in :mod:`utils.sequences.decoders`; measures and training
serve them too.

Source: Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder" (2014), for encoder and decoder.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from utils import runtime
from utils.sequences.sums import TABLE, PairSplit, encode_answers, encode_questions, one_hot_questions, write_questions


def build_adder(digits: int, units: int = 128, layers: int = 1):
    """The lecture's network: encoder LSTM, RepeatVector, decoder LSTM, softmax per character (not compiled).

    Input (batch, 2 * digits + 1, 12), output (batch, digits + 1, 12). With two digits and 128 units: 205,324 weights.
    """
    import keras

    stack = [keras.layers.Input((2 * digits + 1, len(TABLE))), keras.layers.LSTM(units)]
    stack += [keras.layers.RepeatVector(digits + 1)]
    stack += [keras.layers.LSTM(units, return_sequences=True) for _ in range(layers)]
    stack += [keras.layers.Dense(len(TABLE), activation="softmax")]
    return keras.Sequential(stack)


@dataclass
class Score:
    """Accuracies as fractions: of single characters (padding counts, as in the lecture) and of whole answers."""

    characters: float
    answers: float
    right: np.ndarray = field(repr=False)


def guess(model: Any, questions: np.ndarray) -> np.ndarray:
    """The likeliest answers to one-hot questions, columns (n, steps): all at once, or one character after the other."""
    if looks_back(model):
        from utils.sequences.decoders import write

        return write(model, questions)
    return model.predict(questions, batch_size=2048, verbose=0).argmax(axis=-1)


def looks_back(model: Any) -> bool:
    """Does the network take what it has written so far as a second input?"""
    return len(getattr(model, "inputs", "1")) == 2


def compare(guesses: np.ndarray, truth: np.ndarray) -> Score:
    """Answers as integer arrays (n, characters) of one shape, character by character and as a whole."""
    equal = guesses == truth
    return Score(float(equal.mean()), float(equal.all(axis=1).mean()), equal.all(axis=1))


def score(
    model: Any,
    a: np.ndarray,
    b: np.ndarray,
    digits: int,
    reverse: bool = True,
    units_first: bool = False,
    align_question: bool = False,
    align_answer: bool = False,
) -> Score:
    """Ask the network all questions at once and compare character by character; the last four as it was trained."""
    guesses = guess(model, encode_questions(a, b, digits, reverse, align_question))
    return compare(guesses, encode_answers(a, b, digits, units_first, align_answer))


def ask(
    model: Any,
    questions: Sequence[str],
    digits: int,
    reverse: bool = True,
    units_first: bool = False,
    align_question: bool = False,
    align_answer: bool = False,  # the padding of an answer is removed, wherever it is
) -> list[str]:
    """What the network answers to questions written as text: ``["34+14"]`` to ``["48"]`` (padding removed).

    Raises:
        ValueError: a question with an unknown character or too long, named in the message.
    """
    columns = guess(model, one_hot_questions(questions, digits, reverse, align_question))
    return [TABLE.decode_indices(row[::-1] if units_first else row).strip() for row in columns]


def show_answers(model: Any, a: np.ndarray, b: np.ndarray, digits: int, color: bool = True, **order: bool) -> str:
    """The lecture's display: question, truth and guess, with a green tick or a red cross (ANSI colours).

    Args:
        order: how the network reads and writes, as :func:`ask` wants to know it.
    """
    lines, questions = [], write_questions(a, b)
    for question, total, guess in zip(questions, (a + b).tolist(), ask(model, questions, digits, **order)):
        mark, code = ("☑", "32") if str(total) == guess else ("☒", "31")
        mark = f"\033[{code}m{mark}\033[0m" if color else mark
        lines.append(f"Q {question:<7} T {total:<5} {mark} {guess}")
    return "\n".join(lines)


# ---------------------------------------------------------------------------------------------------------------------
# Training


@dataclass
class AdditionConfig:
    """Every choice of a training run, one line each."""

    digits: int = 2  #: the longest number
    units: int = 128  #: LSTM cells in encoder and decoder, as in the lecture
    reverse: bool = True  #: read the question from right to left
    units_first: bool = False  #: write the answer from right to left
    align_question: bool = False  #: pad questions on the left instead of on the right
    align_answer: bool = False  #: pad answers on the left instead of on the right
    evenly: float = 0.0  #: share of questions drawn evenly from all; the others draw their lengths first
    samples: int = 600_000  #: questions seen in training, drawn afresh from the training pairs
    chunk: int = 25_600  #: questions between two looks at the validation pairs
    batch: int = 256  #: questions a step
    peak_rate: float = 6e-3  #: highest learning rate of the one-cycle schedule (Adam)
    weight_decay: float = 0.0  #: pull of every weight towards zero in each step, times the rate (AdamW)
    clip: float = 1.0  #: gradients longer than this are shortened
    largest: int | None = None  #: train on no number above this one
    seed: int = 1  #: of weights and questions; the split has its own seed

    @property
    def order(self) -> dict[str, bool]:
        """How questions are read and answers written, as :func:`score` and :func:`ask` want to know it."""
        return {name: getattr(self, name) for name in ("reverse", "units_first", "align_question", "align_answer")}

    def encode(self, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What the network reads, and what it should write."""
        questions = encode_questions(a, b, self.digits, self.reverse, self.align_question)
        return questions, encode_answers(a, b, self.digits, self.units_first, self.align_answer)


def train_adder(
    config: AdditionConfig,
    split: PairSplit | None = None,
    on_chunk: Callable[[Any, dict[str, float]], bool | None] | None = None,
    build: Callable[[int], Any] | None = None,
    teacher: bool = True,
) -> tuple[Any, list[dict[str, float]]]:
    """Train on fresh questions from the training pairs and keep the weights that do best on the validation pairs.

    Args:
        split: which pairs train; its numbers may be shorter than the network's places (``config.digits``).
        on_chunk: called with the model and the latest record; returns True to stop early.
        build: makes the network from ``digits``; None means :func:`build_adder` with the config's units.
        teacher: a network that looks back reads what it should have written; without, what it does write.

    Returns:
        The model with its best weights, and one record a chunk: ``samples``, ``seconds`` and ``cpu_seconds`` (of
        learning alone) so far, ``loss``, ``characters`` and ``answers`` (validation accuracies). The test pairs are
        not looked at.
    """
    import keras

    from utils.layers.schedule import one_cycle

    split = split or PairSplit(config.digits)
    keras.utils.set_random_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    steps = max(1, config.samples // config.batch)
    rate = one_cycle(config.peak_rate, steps, warm_up=0.2, start=0.05)
    with runtime.distribution_scope():
        model = build(config.digits) if build else build_adder(config.digits, config.units)
        optimizer = keras.optimizers.AdamW(rate, weight_decay=config.weight_decay, clipnorm=config.clip)
        model.compile(optimizer, loss="sparse_categorical_crossentropy")
    unseen = split.held_out("validation", 1000)
    history, seen, best, weights = [], 0, (-1.0, 0.0), None
    start, worked = time.perf_counter(), 0.0
    while not history or seen < config.samples:
        count = min(config.chunk, config.samples - seen)
        seen += count
        a, b = split.draw(count, "train", rng, largest=config.largest, evenly=config.evenly)
        x, y = config.encode(a, b)
        began = time.process_time()
        loss = _fit(model, x, y, config.batch, teacher)
        worked += time.process_time() - began
        found = score(model, *unseen, config.digits, **config.order)
        record = {"samples": seen, "seconds": time.perf_counter() - start, "cpu_seconds": worked, "loss": float(loss)}
        history.append({**record, "characters": found.characters, "answers": found.answers})
        if (found.answers, -loss) > best:
            best, weights = (found.answers, -loss), model.get_weights()
        if on_chunk is not None and on_chunk(model, history[-1]):
            break
    model.set_weights(weights)
    return model, history


def _fit(model: Any, x: np.ndarray, y: np.ndarray, batch: int, teacher: bool) -> float:
    """One pass over the questions; the mean loss."""
    one_pass = {"batch_size": batch, "shuffle": False, "verbose": 0}
    if not looks_back(model):
        return model.fit(x, y, **one_pass).history["loss"][0]
    from utils.sequences.decoders import shifted, write

    if teacher:
        return model.fit([x, shifted(y)], y, **one_pass).history["loss"][0]
    losses = []
    for start in range(0, len(x), 10 * batch):  # what it writes is written anew every ten steps
        part = slice(start, start + 10 * batch)
        own = shifted(write(model, x[part]))
        losses.append(model.fit([x[part], own], y[part], **one_pass).history["loss"][0])
    return float(np.mean(losses))
