"""Checks of lesson 06: carries, whole answers, leaks between training and test, attention, a bidirectional encoder."""

from __future__ import annotations

import numpy as np

from utils.exercises.engine import exercise, expect, expect_close, fail


@exercise("06.1", name="carries", title="Count the carries", minutes=10, points=1)
def check_carries(attempt):
    cases = [
        (34, 14, 0, "Add column by column from the right; a column carries when its sum reaches 10."),
        (77, 24, 2, "7 + 4 carries; then 7 + 2 and the carry make 10, which carries again."),
        (95, 7, 2, "The shorter number has zeros in front: 9 + 0 and the carry from 5 + 7 make 10."),
        (90, 90, 1, "Only the tens carry here."),
        (999, 1, 3, "One carry can set off the next, through all columns."),
        (0, 0, 0, "Nothing to carry."),
        (45, 54, 0, "A column that sums to 9 carries only if a carry comes in."),
        (45, 47, 1, "4 + 4 and the carry make 9. Take whole digits: a // 10, not a / 10."),
        (567, 485, 3, "7 + 5 carries, 6 + 8 + 1 carries, 5 + 4 + 1 carries."),
        (1204, 808, 2, "The units and the hundreds carry."),
    ]
    for a, b, expected, hint in cases:
        expect(attempt(a, b), expected, shown=f"{a} + {b}", hint=hint)


@exercise("06.2", name="whole_answers", title="Right means all of it", minutes=8, points=1)
def check_whole_answers(attempt):
    truth = np.array([[4, 8, 11], [1, 1, 8], [1, 0, 1], [8, 3, 11]])
    guess = truth.copy()
    shown = "four answers of three characters, "
    expect_close(attempt(guess, truth), 1.0, shown=shown + "all right", hint="All right makes 1.")
    guess[0, 1], guess[3] = 7, [9, 4, 0]
    expect_close(
        attempt(guess, truth),
        0.5,
        shown=shown + "one with one wrong character and one all wrong",
        hint="An answer counts only if all its characters are right; average over answers, not over characters.",
    )
    guess[1, 2], guess[2, 0] = 0, 0
    expect_close(
        attempt(guess, truth), 0.0, shown=shown + "each with a wrong one", hint="No answer is right from end to end."
    )


@exercise("06.3", name="leaks", title="Has the network seen it?", minutes=10, points=2)
def check_leaks(attempt):
    shown = "train [(3, 5), (12, 7)], test [(5, 3), (3, 5), (12, 8)]"
    expect(
        attempt([(3, 5), (12, 7)], [(5, 3), (3, 5), (12, 8)]),
        2,
        shown=shown,
        hint="5 + 3 is the swap of 3 + 5, which was trained on: it is known as much as 3 + 5 itself.",
    )
    expect(attempt([(1, 2)], [(3, 4)]), 0, shown="train [(1, 2)], test [(3, 4)]", hint="Nothing in common, no leak.")
    expect(
        attempt([(1, 2), (2, 1)], [(2, 1)]),
        1,
        shown="train [(1, 2), (2, 1)], test [(2, 1)]",
        hint="Count test questions that leak, not matches: this one matches twice but leaks once.",
    )
    expect(
        attempt([(1, 4)], [(2, 3), (4, 1)]),
        1,
        shown="train [(1, 4)], test [(2, 3), (4, 1)]",
        hint="Compare the pairs, not their sums: 2 + 3 equals 1 + 4 but is another question.",
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
    weight = 1 / (1 + np.exp(-2.0 / np.sqrt(2)))
    expect_close(
        attempt(np.array([2.0, 0.0]), keys, values),
        [10 * weight, 10 * (1 - weight), 1.0],
        shown="query [2, 0], keys [1, 0] and [0, 1]",
        hint="Weights are the softmax of query . key divided by the root of the key's length (here 2).",
    )
    rng = np.random.default_rng(1)
    query, keys, values = rng.normal(size=4), rng.normal(size=(3, 4)), rng.normal(size=(3, 2))
    scores = np.exp(keys @ query / 2)
    expect_close(
        attempt(query, keys, values),
        scores / scores.sum() @ values,
        shown="three random keys of length 4",
        hint="Root of 4.",
    )
    expect_close(
        attempt(np.array([20000.0, 19000.0]), np.eye(2), np.eye(2)),
        [1.0, 0.0],
        shown="query [20000, 19000], keys [1, 0] and [0, 1]",
        hint="exp of a large number overflows; subtract the largest score first, the softmax stays the same.",
    )


@exercise("06.5", name="build_bidirectional", title="Read from both ends", minutes=15, points=2)
def check_build_bidirectional(attempt):
    import keras

    model = attempt(2, 16)
    shown = "digits = 2, units = 16"
    if model is ...:
        expect(model, None, shown=shown, hint="")
    if not isinstance(model, keras.Model):
        fail(shown=shown, expected="a Keras model", got=type(model).__name__, hint="Return the model itself.")
    expect(
        tuple(model.input_shape),
        (None, 5, 12),
        shown=f"{shown}: input shape",
        hint="2 * digits + 1 one-hot characters.",
    )
    expect(
        tuple(model.output_shape),
        (None, 3, 12),
        shown=f"{shown}: output shape",
        hint="digits + 1 characters come out: did RepeatVector and return_sequences=True survive?",
    )
    longer = attempt(3, 4)
    expect(
        (tuple(longer.input_shape), tuple(longer.output_shape)),
        ((None, 7, 12), (None, 4, 12)),
        shown="digits = 3, units = 4: input and output shape",
        hint="Both lengths follow from digits: 2 * digits + 1 go in, digits + 1 come out.",
    )
    kinds = [type(layer).__name__ for layer in model.layers]
    if "Bidirectional" not in kinds:
        fail(
            shown=f"{shown}: layers",
            expected="a Bidirectional layer",
            got=", ".join(kinds),
            hint="Wrap the encoder: keras.layers.Bidirectional(keras.layers.LSTM(units)).",
        )
    if kinds.index("Bidirectional") > kinds.index("RepeatVector"):
        fail(
            shown=f"{shown}: layers",
            expected="the encoder to read in both directions",
            got=", ".join(kinds),
            hint="Wrap the encoder, the LSTM before RepeatVector; the decoder may stay as it is.",
        )
    rows = np.random.default_rng(0).normal(size=(2, 5, 12)).astype("float32")
    total = keras.ops.convert_to_numpy(model(rows)).sum(axis=-1)
    expect_close(
        total,
        np.ones((2, 3)),
        shown=f"{shown}: sum of the outputs of each character",
        hint="End in a softmax.",
        atol=1e-4,
    )
