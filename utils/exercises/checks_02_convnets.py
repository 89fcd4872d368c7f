"""Checks of lesson 02: counting, sizes, receptive fields, the residual connection, parameters per sample."""

from __future__ import annotations

import numpy as np

from utils.exercises.engine import as_numbers, exercise, expect, expect_close, fail, same
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


@exercise("02.2", name="output_size", title="How large is the next map?", minutes=10, points=1)
def check_output_size(attempt):
    for case, expected, hint in (
        ((28, 5, 1, 0), 24, "The kernel fits 28 - 5 + 1 times: do not forget the + 1."),
        ((28, 5, 1, 2), 28, "Padding 2 adds 2 pixels on each side, 4 in all."),
    ):
        shown = f"size {case[0]}, kernel {case[1]}, stride {case[2]}, padding {case[3]}"
        expect(attempt(*case), expected, shown=shown, hint=hint)
    sweep(
        "02.2",
        attempt,
        judge=_same_and_an_integer,
        hint="Divide by the stride and round down (//): a kernel that hangs over the edge does not count. Then add 1.",
        hints=(
            (
                lambda size, kernel, stride, padding: size + 2 * padding == kernel,
                "A kernel as large as the padded row fits once, whatever the stride.",
            ),
            (
                lambda size, kernel, stride, padding: (size + 2 * padding - kernel) % stride == 0,
                "Is it an integer, and is the first place counted as well? Use // to divide.",
            ),
        ),
    )


def _same_and_an_integer(got, case) -> bool:
    """A size is used as a size: 24.0 pixels would fail later."""
    found = as_numbers(got)
    return found is not None and found.dtype.kind == "i" and same(got, case.answer)


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
