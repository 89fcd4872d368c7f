"""Checks of lesson 02: counting, sizes, receptive fields, the residual connection, parameters per sample."""

from __future__ import annotations

import numpy as np

from utils.exercises.engine import exercise, expect, expect_close


@exercise("02.1", name="conv_parameters", title="Count a convolution's parameters", minutes=5, points=1)
def check_conv_parameters(attempt):
    """LeNet-5, AlexNet, VGG and a 1x1 convolution; then one without biases."""
    for case, expected, hint in (
        ((5, 1, 6, True), 156, "Each of the 6 filters has 5 · 5 · 1 weights and one bias."),
        ((5, 6, 16, True), 2416, "A filter looks at all input channels at once: 5 · 5 · 6 weights."),
        ((11, 3, 64, True), 23296, "Is the bias counted once per filter?"),
        ((1, 256, 64, True), 16448, "A 1x1 convolution is a dense layer at every pixel."),
        ((3, 64, 64, False), 36864, "Without bias only the weights count."),
    ):
        shown = f"kernel {case[0]}, {case[1]} -> {case[2]} channels, bias {case[3]}"
        expect(attempt(*case), expected, shown=shown, hint=hint)


@exercise("02.2", name="output_size", title="How large is the next map?", minutes=10, points=1)
def check_output_size(attempt):
    """LeNet's padding, the sizes in AlexNet, and a case where the stride does not divide."""
    for case, expected, hint in (
        ((28, 5, 1, 0), 24, "The kernel fits 28 - 5 + 1 times: do not forget the + 1."),
        ((28, 5, 1, 2), 28, "Padding 2 adds 2 pixels on each side, 4 in all."),
        ((14, 2, 2, 0), 7, "With stride 2 the kernel takes every second place."),
        ((224, 11, 4, 2), 55, "(224 + 4 - 11) / 4 = 54.25: a kernel that hangs over the edge does not count."),
        ((55, 3, 2, 0), 27, "Round down first, then add 1."),
        ((5, 5, 3, 0), 1, "A kernel as large as the image fits once, whatever the stride."),
    ):
        shown = f"size {case[0]}, kernel {case[1]}, stride {case[2]}, padding {case[3]}"
        answer = attempt(*case)
        expect(answer, expected, shown=shown, hint=hint)
        # A size is used as a size: 24.0 pixels would fail later.
        expect(isinstance(answer, int | np.integer), True, shown=shown + ", as an integer", hint="Use // to divide.")


@exercise("02.3", name="receptive_field", title="How far does a pixel see?", minutes=15, points=2)
def check_receptive_field(attempt):
    """Stacks of 3x3, strides that multiply, LeNet's and VGG's first stages."""
    for layers, expected, hint in (
        ([(5, 1)], 5, "One convolution sees as far as its kernel."),
        ([(3, 1), (3, 1)], 5, "Each further 3x3 adds 2 pixels as long as nothing has a stride."),
        ([(3, 1), (3, 1), (3, 1)], 7, "Three 3x3 see as far as one 7x7: VGG's argument."),
        ([(2, 2), (3, 1)], 6, "After a stride of 2, one step on the map is two pixels of the image."),
        ([(3, 2), (3, 1)], 7, "The step grows after the layer: a layer's own stride does not widen its own kernel."),
        ([(5, 1), (2, 2), (5, 1), (2, 2)], 16, "LeNet-5: strides multiply along the way."),
        ([(3, 1), (3, 1), (2, 2)] * 2, 16, "VGG's first two stages: go through the layers in order."),
        ([], 1, "With no layers a pixel sees itself."),
    ):
        expect(attempt(list(layers)), expected, shown=f"(kernel, stride) = {layers}", hint=hint)


@exercise("02.4", name="residual_block", title="The residual connection", minutes=10, points=2)
def check_residual_block(attempt):
    """Zero correction, negative sums, and a projection where the shape changes."""
    x = np.array([1.0, -2.0, 3.0])
    expect_close(
        attempt(x, lambda v: 0 * v, None),
        [1.0, 0.0, 3.0],
        shown="x = [1, -2, 3], f(x) = 0, no projection",
        hint="With nothing to correct, x passes, and the ReLU comes last.",
    )
    expect_close(
        attempt(x, lambda v: -2 * np.abs(v), None),
        [0.0, 0.0, 0.0],
        shown="x = [1, -2, 3], f(x) = -2 |x|, no projection",
        hint="Add first, then apply the ReLU: f may be negative, and so may the sum.",
    )
    expect_close(
        attempt(x, lambda v: np.array([3.0, 3.0, -1.0]), None),
        [4.0, 1.0, 2.0],
        shown="x = [1, -2, 3], f(x) = [3, 3, -1], no projection",
        hint="The skip connection carries x as it is: no ReLU on x and none on f(x).",
    )
    expect_close(
        attempt(x, lambda v: v[:2] + 1, lambda v: 10 * v[:2]),
        [12.0, 0.0],
        shown="x = [1, -2, 3], f(x) = x[:2] + 1, projection(x) = 10 x[:2]",
        hint="Where there is a projection it replaces x on the skip connection; f still gets x itself.",
    )


@exercise("02.5", name="parameters_per_sample", title="p/n of a multilayer perceptron", minutes=10, points=1)
def check_parameters_per_sample(attempt):
    """Small by hand, then Zhang et al.'s two perceptrons and ours."""
    for sizes, samples, expected, hint in (
        ([2, 3, 1], 13, 1.0, "2 · 3 + 3 and 3 · 1 + 1 make 13: every unit but the inputs has a bias."),
        ([4, 2], 5, 2.0, "One dense layer: 4 · 2 weights and 2 biases."),
        ([28 * 28 * 3, 512, 10], 50_000, 24.19732, "Zhang et al.: 1,209,866 parameters, 50,000 images."),
        ([28 * 28 * 3, 512, 512, 512, 10], 50_000, 34.70356, "Every pair of neighbouring layers has a weight matrix."),
        ([784, 512, 10], 60_000, 6.784167, "MNIST: 407,050 parameters."),
    ):
        expect_close(
            attempt(list(sizes), samples),
            expected,
            shown=f"sizes {sizes}, {samples:,} samples",
            hint=hint,
            atol=1e-3,
            rtol=1e-4,
        )
