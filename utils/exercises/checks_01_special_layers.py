"""Checks of lesson 01's exercises."""

from __future__ import annotations

import numpy as np

from utils.exercises.engine import exercise, expect, expect_close, fail
from utils.layers import reference


@exercise("01.1", name="twins", title="One brick used twice", minutes=15, points=2)
def check_twins(attempt):
    import keras

    model = attempt(6, 4)
    if model is ...:
        expect(model, None, shown="", hint="")  # lets the engine say "not attempted"
    if not isinstance(model, keras.Model):
        fail(
            shown="features = 6, units = 4",
            expected="a keras.Model",
            got=type(model).__name__,
            hint="End with `return keras.Model([first, second], output)`.",
        )
    expect(
        [tuple(tensor.shape) for tensor in model.inputs],
        [(None, 6), (None, 6)],
        shown="the model's inputs, for features = 6",
        hint="Two Input bricks, each with shape (features,).",
    )
    expect(
        [tuple(tensor.shape) for tensor in model.outputs],
        [(None, 1)],
        shown="the model's output",
        hint="The last brick is Dense(1).",
    )
    expect(
        model.count_params(),
        6 * 4 + 4 + 4 + 1,
        shown="parameters of twins(6, 4)",
        hint="Make one Dense(units) brick and call it on both inputs; two bricks would have twice the parameters.",
    )
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 5, 6)).astype("float32")
    for weight in model.weights:  # a fresh bias is 0 and would hide mistakes
        weight.assign(rng.normal(size=weight.shape))
    forward, backward = (keras.ops.convert_to_numpy(model(pair)) for pair in ([a, b], [b, a]))
    expect_close(
        backward + forward,
        2 * np.broadcast_to(keras.ops.convert_to_numpy(model([a, a])), forward.shape),
        shown="model(a, b) + model(b, a), against twice model(a, a), which is the last bias",
        hint="Swapping the inputs should flip the sign of the difference: merge with Subtract, no activation after it.",
        atol=1e-4,
    )
    if np.allclose(forward, backward, atol=1e-4):
        fail(
            shown="the same pair in both orders",
            expected="two different answers",
            got="the same answer twice",
            hint="Add, Multiply and Average do not see the order; Subtract does.",
        )


@exercise("01.2", name="conv1d", title="Slide the kernel yourself", minutes=15, points=2)
def check_conv1d(attempt):
    row, kernel = np.array([1.0, 4, -1, 0, 2, -2, 1, 3, 3, 1]), np.array([1.0, 2, 0, -1])
    shown = "x = [1 4 -1 0 2 -2 1 3 3 1], kernel = [1 2 0 -1]"
    hint = "One number a position: multiply the window x[start : start + size] by the kernel as it stands, then sum."
    expect_close(attempt(row, kernel, 1), reference.conv1d(row, kernel), shown=f"{shown}, stride = 1", hint=hint)
    for stride in (2, 3):
        expect_close(
            attempt(row, kernel, stride),
            reference.conv1d(row, kernel, stride=stride),
            shown=f"{shown}, stride = {stride}",
            hint="Windows start at 0, stride, 2 * stride, ... as long as a whole window fits.",
        )
    expect_close(
        attempt(np.array([3.0, 5.0]), np.array([2.0, 1.0]), 1),
        [11.0],
        shown="x = [3 5], kernel = [2 1], stride = 1",
        hint="A kernel as long as the input has exactly one position.",
    )


@exercise("01.3", name="output_length", title="How long is the output?", minutes=10, points=1)
def check_output_length(attempt):
    cases = [
        (10, 4, 1, "valid", "Count the positions: the first window starts at 0, the last at length - size."),
        (28, 5, 1, "same", "With 'same' and stride 1 the length stays."),
        (10, 2, 2, "valid", "The kernel moves stride cells at a time; do not forget the first position."),
        (11, 4, 3, "valid", "An incomplete window at the end is dropped: round down before adding 1."),
        (11, 4, 3, "same", "'same' rounds up: ceil(length / stride), whatever the kernel size."),
        (224, 7, 2, "same", "'same' rounds up: ceil(length / stride), whatever the kernel size."),
    ]
    for length, size, stride, padding, hint in cases:
        got = attempt(length, size, stride, padding)
        shown = f"length = {length}, size = {size}, stride = {stride}, padding = {padding!r}"
        expect(got, reference.output_size(length, size, stride, padding), shown=shown, hint=hint)
        if int(got) != got:
            fail(shown=shown, expected="a whole number", got=got, hint="Use // for a division that rounds down.")


@exercise("01.4", name="max_pool2d", title="Keep the largest", minutes=15, points=2)
def check_max_pool2d(attempt):
    rng = np.random.default_rng(4)
    small = np.array([[1.0, 3, 2, 0], [4, 2, 1, 5], [-3, -1, -2, -2], [-4, -2, -1, -7]])
    cases = [
        (small, 2, "a 4 by 4 image", "The maximum of each 2 by 2 window; windows do not overlap."),
        (rng.normal(size=(6, 9)), 3, "a random 6 by 9 image", "Height and width may differ; the result is 2 by 3."),
        (
            rng.normal(size=(5, 7)),
            2,
            "a random 5 by 7 image",
            "Rows and columns that fill no whole window are dropped.",
        ),
    ]
    for image, size, shown, hint in cases:
        expect_close(
            attempt(image, size), reference.max_pool2d(image, size), shown=f"{shown}, size = {size}", hint=hint
        )


@exercise("01.5", name="analogy", title="King is to queen as man is to ...", minutes=15, points=2)
def check_analogy(attempt):
    # Word 3 is the answer; word 4 is long and would win without scaling, c itself would win if it were allowed.
    angles = np.deg2rad([0.0, 20.0, 60.0, 95.0, 20.0, 210.0])
    lengths = np.array([1.0, 1, 1, 1, 9, 0.2])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1) * lengths[:, None]
    cases = [(vectors, 0, 1, 2, "six vectors in the plane, a = 0, b = 1, c = 2")]
    rng = np.random.default_rng(5)
    for number in range(6):
        cloud = rng.normal(size=(12, 3)) * rng.uniform(0.3, 3, size=(12, 1))
        cases.append((cloud, *rng.permutation(12)[:3].tolist(), f"twelve random vectors (case {number + 1})"))
    for table, a, b, c, shown in cases:
        expect(
            int(_whole(attempt(table.copy(), a, b, c), shown)),
            _answer(table, a, b, c),
            shown=shown,
            hint="Scale all vectors to length 1, form b - a + c, take the largest cosine, and never answer a, b or c.",
        )


def _whole(got, shown):
    if got is ...:
        expect(got, None, shown="", hint="")
    if not np.isscalar(got) and np.ndim(got) != 0:
        fail(shown=shown, expected="one number, the index of a word", got=got, hint="np.argmax gives an index.")
    return got


def _answer(table: np.ndarray, a: int, b: int, c: int) -> int:
    unit = table / np.linalg.norm(table, axis=1, keepdims=True)
    similarity = unit @ (unit[b] - unit[a] + unit[c])
    similarity[[a, b, c]] = -np.inf
    return int(np.argmax(similarity))
