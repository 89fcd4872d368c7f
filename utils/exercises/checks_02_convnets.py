"""Checks of lesson 02: counting, sizes, receptive fields, the residual connection, parameters per sample."""

from __future__ import annotations

import numpy as np

from utils.exercises.engine import exercise, expect, expect_close, fail, short
from utils.exercises.experiment import numbers, one_of, predicted_first, record
from utils.exercises.sweep import sweep


@exercise("02.1", name="conv_parameters", title="Count a convolution's parameters", minutes=5, points=1)
def check_conv_parameters(attempt):
    expect(
        attempt(5, 1, 6),
        156,
        shown="LeNet-5's first layer: kernel 5, 1 -> 6 channels, bias left out of the call",
        hint="Each of the 6 filters has 5 · 5 · 1 weights and one bias; there is one unless bias is False.",
    )
    expect(
        attempt(5, 6, 16, True),
        2416,
        shown="LeNet-5's second layer: kernel 5, 6 -> 16 channels",
        hint="A filter looks at all input channels at once: 5 · 5 · 6 weights.",
    )
    sweep(
        "02.1",
        attempt,
        hint="Every filter has kernel · kernel · channels_in weights, and one bias.",
        hints=(
            (lambda *case: not case[-1], "Without bias only the weights count."),
            (lambda kernel, *_: kernel == 1, "A 1x1 convolution is a dense layer at every pixel."),
        ),
    )


@exercise("02.2", name="equivariance_gap", title="Does the map follow the picture?", minutes=15, points=2)
def check_equivariance_gap(attempt):
    """Layers that follow and layers that do not, images with negative numbers, moves of any length and direction."""
    ramp = lambda image: image * np.arange(image.size).reshape(image.shape)  # noqa: E731
    stripes = lambda image: image * (np.arange(image.shape[1]) % 2)  # noqa: E731
    blur = lambda image: (np.roll(image, 1, axis=1) + image + np.roll(image, -1, axis=0)) / 3  # noqa: E731
    moved = "Move the image, not the map, before the layer; the map, not the image, after it; both the same way."
    pairs = "The largest difference anywhere, whichever of the two is larger."
    axes = "`down` moves along the first axis, `right` along the second."
    for what, layer, shape, down, right, expected, hint in (
        ("a blur", blur, (4, 5), 1, 2, 0, "A convolution follows: both maps are the same, so the gap is 0. " + moved),
        ("nothing (the image itself)", lambda image: image, (3, 4), 0, 1, 0, moved),
        ("a ramp of weights", ramp, (3, 4), 1, 0, 64, moved),
        ("a ramp of weights", ramp, (3, 4), 0, -1, 24, "`right` may be negative. " + moved),
        ("a ramp of weights", ramp, (2, 5), 3, 7, 64, "A move may be longer than the image. " + moved),
        ("a ramp of weights", ramp, (4, 4), 0, 0, 0, "Not moved at all, nothing can differ."),
        ("every second column", stripes, (3, 4), 2, 0, 0, axes),
        ("every second column", stripes, (3, 4), 0, 3, 8, axes),
        ("every second column", stripes, (3, 5), 1, 2, 8, pairs),
        ("the running sum of each row", lambda image: np.cumsum(image, axis=1), (3, 6), 1, 2, 14, pairs),
        ("left and right exchanged", lambda image: image[:, ::-1], (2, 5), 1, 1, 15, moved),
        ("ReLU of the image less its mean", lambda i: np.maximum(i - i.mean(), 0), (5, 3), 4, -2, 0, "Its mean stays."),
        ("minus a ramp of weights", lambda image: -ramp(image), (1, 6), 0, 2, 28, pairs),
        ("minus a ramp of weights", lambda image: -ramp(image), (6, 1), -5, 0, 15, pairs),
    ):
        image = np.random.default_rng(100 * shape[0] + shape[1]).integers(-9, 10, shape).astype(float)
        kept = image.copy()
        got = attempt(lambda x, layer=layer: layer(np.asarray(x)), image, down, right)
        shown = f"layer: {what}; image {short(kept, 120)}, down {down}, right {right}"
        expect_close(got, expected, shown=shown, hint=hint, atol=1e-6)
        expect_close(image, kept, shown=f"{shown}: the image after the call", hint="Leave the image as it is.")


@exercise("02.3", name="receptive_field", title="How far does a pixel see?", minutes=15, points=2)
def check_receptive_field(attempt):
    for layers, expected, hint in (
        ([(5, 1)], 5, "One convolution sees as far as its kernel."),
        ([(3, 1), (3, 1), (3, 1)], 7, "Each further 3x3 adds 2 pixels as long as nothing has a stride."),
        ([(2, 2), (3, 1)], 6, "After a stride of 2, one step on the map is two pixels of the image."),
        ([(3, 2), (3, 1)], 7, "The step grows after the layer: a layer's own stride does not widen its own kernel."),
        ([(2, 2), (2, 2), (3, 1)], 12, "Strides multiply along the way."),
    ):
        expect(attempt(list(layers)), expected, shown=f"(kernel, stride) = {layers}", hint=hint)
    sweep(
        "02.3",
        attempt,
        hint="Go through the layers in order: each adds (kernel - 1) steps, and its stride then lengthens the step.",
        hints=((lambda layers: not layers, "With no layers a pixel sees itself."),),
    )


@exercise("02.4", name="residual_block", title="The residual connection", minutes=10, points=2)
def check_residual_block(attempt):
    x = np.array([1.0, -2.0, 3.0])
    expect_close(
        attempt(x.copy(), lambda v: 0 * v),
        [1.0, 0.0, 3.0],
        shown="x = [1, -2, 3], f(x) = 0, no projection",
        hint="With nothing to correct, x passes, and the ReLU comes last.",
    )
    expect_close(
        attempt(x.copy(), lambda v: np.array([3.0, 3.0, -1.0]), None),
        [4.0, 1.0, 2.0],
        shown="x = [1, -2, 3], f(x) = [3, 3, -1], no projection",
        hint="The skip connection carries x as it is: no ReLU on x and none on f(x).",
    )
    expect_close(
        attempt(x.copy(), lambda v: v[:2] + 1, lambda v: 10 * v[:2]),
        [12.0, 0.0],
        shown="x = [1, -2, 3], f(x) = x[:2] + 1, projection(x) = 10 x[:2]",
        hint="Where there is a projection it replaces x on the skip connection; f still gets x itself.",
    )
    rng = np.random.default_rng(2)
    for shape, units in (((1,), 1), ((4,), 4), ((4,), 7), ((5, 4), 4), ((5, 4), 7), ((2, 3, 3, 4), 1)):
        x, a, b = rng.normal(size=shape), *rng.normal(size=(2, shape[-1], units))
        projection = None if shape[-1] == units else lambda v, b=b: v @ b
        expect_close(
            attempt(x.copy(), lambda v, a=a: v @ a + 1, projection),
            np.maximum(x @ a + 1 + (projection(x) if projection else x), 0),
            shown=f"x of shape {shape}, f(x) = x @ a + 1, {'projection(x) = x @ b' if projection else 'no projection'}",
            hint="relu(f(x) + x), or relu(f(x) + projection(x)), number by number, for arrays of any shape.",
        )


@exercise("02.5", name="parameters_per_sample", title="p/n of a multilayer perceptron", minutes=10, points=1)
def check_parameters_per_sample(attempt):
    for sizes, samples, expected, hint in (
        ([2, 3, 1], 13, 1.0, "2 · 3 + 3 and 3 · 1 + 1 make 13: every unit but the inputs has a bias."),
        ([28 * 28 * 3, 512, 10], 50_000, 24.19732, "Zhang et al.: 1,209,866 parameters, 50,000 images."),
    ):
        expect_close(attempt(list(sizes), samples), expected, shown=f"sizes {sizes}, {samples:,} samples", hint=hint)
    sweep(
        "02.5",
        attempt,
        hint="Every pair of neighbouring layers has a matrix of weights, every unit but the inputs a bias.",
        hints=((lambda sizes, _: len(sizes) == 2, "One dense layer: inputs · outputs weights, and outputs biases."),),
    )


SHARES = [0.0, 0.25, 0.5, 0.75]


@exercise("02.6", name="false_labels_experiment", title="Learning among lies: an open experiment", minutes=30, points=3)
def check_false_labels_experiment(attempt):
    accuracies = numbers(0, 1, count=len(SHARES))
    found = record(
        attempt(),
        {
            "digits": numbers(100, 5000, whole=True),
            "seeds": numbers(2, 100, whole=True),
            "predicted": accuracies,
            "test": accuracies,
            "memorised": accuracies,
            "fails_first": one_of("memory", "generalisation"),
        },
    )
    predicted_first(found, "test")
    test, memorised = found["test"], found["memorised"]
    if not 0.6 <= test[0] <= 0.995:
        hint = "With true labels, some hundred digits teach LeNet-5 to read most others. Are images and labels paired?"
        fail(shown="test, for share 0", expected="an accuracy between 0.6 and 0.995", got=test[0], hint=hint)
    if test[-1] >= test[0]:
        hint = "Shares 0, 0.25, 0.5, 0.75 in this order: among mostly false labels there is less to learn."
        fail(shown="test, first and last", expected="a lower accuracy at the end", got=test[[0, -1]], hint=hint)
    lost = {"memory": memorised[0] - memorised[-1], "generalisation": test[0] - test[-1]}
    expect(
        found["fails_first"],
        max(lost, key=lost.get),
        shown=f"your numbers: from share 0 to 0.75, memorised falls by {lost['memory']:.2f}, test by "
        f"{lost['generalisation']:.2f}; fails_first",
        hint="Say what your numbers say: which of the two suffers more?",
    )
