"""Checks of lesson 06: carries, whole answers, leaks, attention, a bidirectional encoder, an experiment."""

from __future__ import annotations

import numpy as np

from utils.exercises.engine import exercise, expect, expect_close, fail, settle
from utils.exercises.experiment import change_of_one_thing
from utils.exercises.sweep import as_float32, sweep


@exercise("06.1", name="carries", title="Count the carries", minutes=10, points=1)
def check_carries(attempt):
    for a, b, expected, hint in (
        (34, 14, 0, "Add column by column from the right; a column carries when its sum reaches 10."),
        (77, 24, 2, "7 + 4 carries; then 7 + 2 and the carry make 10, which carries again."),
    ):
        expect(attempt(a, b), expected, shown=f"{a} + {b}", hint=hint)
    sweep(
        "06.1",
        attempt,
        hint="Add column by column from the right, with the carry that comes in, while either number has digits left.",
        hints=(
            (lambda a, b: a == b == 0, "Nothing to carry."),
            (
                lambda a, b: len(str(a)) != len(str(b)),
                "The shorter number has zeros in front; a carry may run through all columns of the longer one.",
            ),
            (lambda a, b: max(a, b) > 10**9, "Take whole digits: a // 10, not a / 10, which has only sixteen digits."),
        ),
    )


@exercise("06.2", name="whole_answers", title="Right means all of it", minutes=8, points=1)
def check_whole_answers(attempt):
    truth = np.array([[4, 8, 11], [1, 1, 8], [1, 0, 1], [8, 3, 11]])
    guess = np.array([[4, 7, 11], [1, 1, 8], [1, 0, 1], [9, 4, 0]])
    expect_close(
        attempt(guess, truth),
        0.5,
        shown="four answers of three characters, one with one wrong character and one all wrong",
        hint="An answer counts only if all its characters are right; average over answers, not over characters.",
    )
    sweep(
        "06.2",
        attempt,
        hint="An answer counts only if each character is right in its own place; then the share of such answers.",
        hints=(
            (lambda guess, truth: (guess == truth).all(), "All right makes 1."),
            (lambda guess, truth: not (guess == truth).all(axis=1).any(), "No answer is right from end to end: 0."),
            (
                lambda guess, truth: (np.sort(guess) == np.sort(truth)).all(),
                "The right characters in the wrong places are a wrong answer.",
            ),
        ),
    )


@exercise("06.3", name="leaks", title="Has the network seen it?", minutes=10, points=2)
def check_leaks(attempt):
    expect(
        attempt([(3, 5), (12, 7)], [(5, 3), (3, 5), (12, 8)]),
        2,
        shown="train [(3, 5), (12, 7)], test [(5, 3), (3, 5), (12, 8)]",
        hint="5 + 3 is the swap of 3 + 5, which was trained on: it is known as much as 3 + 5 itself.",
    )
    sweep(
        "06.3",
        attempt,
        hint="Compare pairs, in both orders; not their sums, and not each number by itself.",
        hints=(
            (lambda train, test: not train or not test, "Without training or without a test nothing leaks."),
            (
                lambda train, test: len({frozenset(pair) for pair in train}) < len(train),
                "Count test questions that leak, not matches: a question trained on twice leaks once.",
            ),
        ),
    )


@exercise("06.4", name="attention", title="Look where it matters", minutes=15, points=2)
def check_attention(attempt):
    keys, values = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[10.0, 0.0, 1.0], [0.0, 10.0, 1.0]])
    expect_close(
        attempt(np.array([0.0, 0.0]), keys, values),
        [5.0, 5.0, 1.0],
        shown="query [0, 0], two keys, two values of three numbers",
        hint="A query that matches all keys alike gets the mean of the values; weights sum to 1 over the positions.",
    )
    sweep(
        "06.4",
        attempt,
        judge=as_float32,
        hint="Weights are the softmax of query . key divided by the root of the key's length; then the weighted mean.",
        hints=(
            (
                lambda query, keys, values: np.abs(keys @ query).max() > 500,
                "exp of a large number overflows; subtract the largest score first, the softmax stays the same.",
            ),
            (lambda query, keys, values: len(keys) == 1, "A single position has the weight 1."),
        ),
    )


@exercise("06.5", name="build_bidirectional", title="Read from both ends", minutes=15, points=2)
def check_build_bidirectional(attempt):
    """By what the network does, whatever it is built of: shapes, the cells in it, and which end each encoder reads."""
    for digits, units in ((2, 16), (3, 10)):
        shown = f"digits = {digits}, units = {units}"
        model = _model(attempt(digits, units), shown)
        _has_the_shapes(model, digits, shown)
        encoders = _cells_of(model, units, shown)
        _reads_from_both_ends(model, encoders, digits, shown)


def _model(model, shown: str):
    import keras

    model = settle(model)  # a stub's ... is not attempted
    if not isinstance(model, keras.Model):
        fail(shown=shown, expected="a Keras model", got=type(model).__name__, hint="Return the model itself.")
    return model


def _questions(digits: int) -> np.ndarray:
    return np.eye(12, dtype="float32")[np.random.default_rng(0).integers(0, 12, (1, 2 * digits + 1))]


def _answer(model, questions: np.ndarray) -> np.ndarray:
    import keras

    return keras.ops.convert_to_numpy(model(questions))


def _has_the_shapes(model, digits: int, shown: str) -> None:
    hint = "2 * digits + 1 one-hot characters of twelve go in."
    expect(tuple(model.input_shape), (None, 2 * digits + 1, 12), shown=f"{shown}: input shape", hint=hint)
    hint = "digits + 1 characters come out: did RepeatVector and return_sequences=True survive?"
    expect(tuple(model.output_shape), (None, digits + 1, 12), shown=f"{shown}: output shape", hint=hint)
    answer = _answer(model, _questions(digits))
    total = np.where((answer >= 0).all(axis=-1), answer.sum(axis=-1), np.nan)
    shown = f"{shown}: sum of the outputs of each character"
    expect_close(total, np.ones((1, digits + 1)), shown=shown, hint="End in a softmax over characters.", atol=1e-4)


def _cells_of(model, units: int, shown: str) -> list:
    """The cells of the LSTMs that read the question, after a look at how many there are and how large."""
    import keras

    cells = [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.LSTMCell)]
    encoders = [cell for cell in cells if cell.kernel.shape[0] == 12]
    hint = "Two LSTMs of `units` units each read the characters: Bidirectional(LSTM(units)), or two with one reversed."
    found = sorted(cell.units for cell in encoders)
    expect(found, [units, units], shown=f"{shown}: units of the LSTMs that read the question", hint=hint)
    hint = "The decoder is the lecture's, one LSTM of `units` units that returns its whole sequence."
    found = [cell.units for cell in cells if cell.kernel.shape[0] != 12]
    expect(found, [units], shown=f"{shown}: units of the LSTMs behind the encoder", hint=hint)
    return encoders


def _reads_from_both_ends(model, encoders: list, digits: int, shown: str) -> None:
    """Encoders that forget at once know only what they read last: the last character one, the first the other.

    Without recurrent weights and with shut forget gates (bias -50; Keras orders input, forget, cell, output) a state
    depends on one character. The other weights are drawn, so that nothing cancels.
    """
    rng = np.random.default_rng(1)
    for weight in model.trainable_weights:
        weight.assign(rng.normal(0, 0.7, weight.shape).astype("float32"))
    for cell in encoders:
        cell.recurrent_kernel.assign(np.zeros(cell.recurrent_kernel.shape, "float32"))
        bias = np.zeros(4 * cell.units, "float32")
        bias[cell.units : 2 * cell.units] = -50
        cell.bias.assign(bias)
    question = _questions(digits)
    places = range(2 * digits + 1)
    changed = np.repeat(question, len(places), axis=0)
    for place in places:
        changed[place, place] = np.roll(changed[place, place], 1)
    answers = _answer(model, np.concatenate([question, changed]))  # all at once: a call is slow where it is compiled
    matters = [bool(np.abs(answer - answers[0]).max() > 1e-6) for answer in answers[1:]]
    expect(
        matters,
        [True, *[False] * (2 * digits - 1), True],
        shown=f"{shown}: with LSTMs that forget all but what they read last, which characters matter",
        hint="One LSTM reads from the left and ends at the last character, one from the right and ends at the first; "
        "both states go to the decoder.",
    )


@exercise("06.6", name="without_gates", title="What do the gates buy? An open experiment", minutes=30, points=3)
def check_without_gates(attempt):
    """``before`` and ``after`` are shares of whole answers right on validation, after section 7's training."""
    change_of_one_thing(attempt(), possible=(0, 1), usual=(0.4, 1))
