"""Checks of lesson 01's exercises."""

from __future__ import annotations

import numpy as np

from utils.exercises.engine import exercise, expect, expect_close, fail, settle
from utils.exercises.experiment import numbers, one_of, predicted_first, record
from utils.exercises.sweep import sweep


@exercise("01.1", name="twins", title="One brick used twice", minutes=15, points=2)
def check_twins(attempt):
    import keras

    for features, units in ((6, 4), (3, 5)):
        rng = np.random.default_rng(units)
        first, second = rng.normal(size=(2, 5, features)).astype("float32")
        shown = f"features = {features}, units = {units}"
        model = settle(attempt(features, units))
        if not isinstance(model, keras.Model):
            hint = "End with `return keras.Model([first, second], output)`."
            fail(shown=shown, expected="a keras.Model", got=type(model).__name__, hint=hint)
        if getattr(model, "inputs", None):  # a subclass of keras.Model has none
            expect(
                [tuple(tensor.shape) for tensor in model.inputs],
                [(None, features)] * 2,
                shown=f"the model's inputs, for {shown}",
                hint="Two Input bricks, each with shape (features,).",
            )
        expect(
            tuple(model([first, second]).shape),
            (5, 1),
            shown=f"the shape of the model's output for five pairs, {shown}",
            hint="The last brick is Dense(1).",
        )
        shapes = (features, units), (units,), (units, 1), (1,)  # the shared kernel and bias, the last kernel and bias
        expect(
            sorted(tuple(weight.shape) for weight in model.weights),
            sorted(shapes),
            shown=f"the shapes of the model's weights, for {shown}",
            hint="Make one Dense(units) brick and call it on both inputs; two bricks would have twice the weights.",
        )
        weights = {shape: rng.normal(size=shape).astype("float32") for shape in shapes}
        for weight in model.weights:  # a fresh bias is 0 and would hide mistakes
            weight.assign(weights[tuple(weight.shape)])
        kernel, bias, last_kernel, last_bias = weights.values()
        expect_close(
            model([first, second]),
            ((first @ kernel + bias) - (second @ kernel + bias)) @ last_kernel + last_bias,
            shown=f"twins({features}, {units}) with random weights and biases, on five random pairs",
            hint="Both inputs go through the one Dense brick, then first minus second, then Dense(1); no activation.",
            atol=1e-4,
        )


@exercise("01.2", name="conv1d", title="Slide the kernel yourself", minutes=15, points=2)
def check_conv1d(attempt):
    row, kernel = np.array([1.0, 4, -1, 0, 2, -2, 1, 3, 3, 1]), np.array([1.0, 2, 0, -1])
    shown = "x = [1 4 -1 0 2 -2 1 3 3 1], kernel = [1 2 0 -1]"
    expect_close(
        attempt(row, kernel, 1),
        [9, 0, 1, 3, -5, -3, 6],
        shown=f"{shown}, stride = 1",
        hint="One number a position: multiply the window x[start : start + size] by the kernel as it stands, then sum.",
    )
    expect_close(
        attempt(row, kernel, 2),
        [9, 1, -5, 6],
        shown=f"{shown}, stride = 2",
        hint="Windows start at 0, stride, 2 * stride, ... as long as a whole window fits.",
    )
    sweep(
        "01.2",
        attempt,
        hint="Windows start at 0, stride, 2 * stride, ... as long as a whole window fits.",
        hints=(
            (lambda x, kernel, stride: len(x) == len(kernel), "A kernel as long as the row has exactly one position."),
            (lambda x, kernel, stride: len(kernel) == 1, "A kernel of one number multiplies every stride-th cell."),
            (
                lambda x, kernel, stride: np.any(kernel % 1),
                "Windows start at 0, stride, 2 * stride, ...; and an array of whole numbers would cut fractions off.",
            ),
        ),
    )


@exercise("01.3", name="output_length", title="How long is the output?", minutes=10, points=1)
def check_output_length(attempt):
    for case, length, hint in (
        ((10, 4, 1, "valid"), 7, "Count the positions: the first window starts at 0, the last at length - size."),
        ((28, 5, 1, "same"), 28, "With 'same' and stride 1 the length stays."),
        ((10, 2, 2, "valid"), 5, "The kernel moves stride cells at a time; do not forget the first position."),
    ):
        shown = "length = {}, size = {}, stride = {}, padding = {!r}".format(*case)
        expect(attempt(*case), length, shown=shown, hint=hint)
    sweep(
        "01.3",
        attempt,
        hint="A window that would hang over the end does not count: divide and round down, then add the first one.",
        hints=(
            (lambda *case: case[-1] == "same", "'same' rounds up: ceil(length / stride), whatever the kernel size."),
            (lambda length, size, *_: length == size, "A kernel as long as the input has exactly one position."),
        ),
    )


@exercise("01.4", name="max_pool2d", title="Keep the largest", minutes=15, points=2)
def check_max_pool2d(attempt):
    expect_close(
        attempt(np.array([[1.0, 3, 2, 0], [4, 2, 1, 5], [-3, -1, -2, -2], [-4, -2, -1, -7]]), 2),
        [[4, 5], [-1, -1]],
        shown="image = [[1, 3, 2, 0], [4, 2, 1, 5], [-3, -1, -2, -2], [-4, -2, -1, -7]], size = 2",
        hint="The maximum of each 2 by 2 window; windows do not overlap.",
    )
    sweep(
        "01.4",
        attempt,
        hint="One number a window, rows and columns as in the image, which need not be as many.",
        hints=(
            (lambda image, size: size == 1, "Windows of one pixel change nothing."),
            (
                lambda image, size: np.any(np.array(image.shape) % size),
                "Rows and columns that fill no whole window are dropped.",
            ),
            (lambda image, size: image.max() < 0, "The largest may be negative."),
        ),
    )


@exercise("01.5", name="analogy", title="King is to queen as man is to ...", minutes=15, points=2)
def check_analogy(attempt):
    # Word 3 is the answer; word 4 is long and would win without scaling, c itself would win if it were allowed.
    angles = np.deg2rad([0.0, 20.0, 60.0, 95.0, 20.0, 210.0])
    lengths = np.array([1.0, 1, 1, 1, 9, 0.2])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1) * lengths[:, None]
    expect(
        attempt(vectors, 0, 1, 2),
        3,
        shown="six vectors in the plane, at 0, 20, 60, 95, 20, 210 degrees, of length 1, 1, 1, 1, 9, 0.2; "
        "a = 0, b = 1, c = 2",
        hint="Scale all vectors to length 1, form b - a + c, take the largest cosine, and never answer a, b or c.",
    )
    sweep(
        "01.5",
        attempt,
        hint="The number of the word, not its vector: the largest cosine with b - a + c among all but a, b and c.",
        hints=((lambda vectors, a, b, c: len({a, b, c}) < 3, "a, b and c need not be three different words."),),
    )


@exercise("01.6", name="pooling_experiment", title="Maximum or width? An open experiment", minutes=20, points=3)
def check_pooling_experiment(attempt):
    found = record(
        attempt(),
        {
            "shift": numbers(1, 8, whole=True),
            "digits": numbers(100, 70_000, whole=True),
            "predicted": numbers(0, 2, count=3),
            "max": numbers(0.01, 2, count=3),
            "mean": numbers(0.01, 2, count=3),
            "matters_more": one_of("width", "kind"),
        },
    )
    measured = np.stack([found["max"], found["mean"]])
    predicted_first(found, "mean")
    if np.array_equal(*measured):
        hint = "Measured on the same digits, the two kinds of pooling differ a little. Did both views use the same one?"
        fail(shown="max and mean", expected="two different lists", got=found["mean"], hint=hint)
    if np.any(measured[:, 0] <= measured[:, 2]):
        hint = "Windows of 2, 4, 8 in this order: of both kinds the widest should be the gentlest."
        fail(shown="max and mean, first and last", expected="falling numbers", got=measured[:, [0, 2]], hint=hint)
    width, kind = (measured[:, 0] - measured[:, 2]).max(), np.abs(measured[0] - measured[1]).max()
    expect(
        found["matters_more"],
        "width" if width > kind else "kind",
        shown=f"your numbers: 8 for 2 changes up to {width:.2f}, mean for max up to {kind:.2f}; matters_more",
        hint="Say what your numbers say: which of the two changes the result more?",
    )
