"""Checks of lesson 03: hiding a part, the occlusion map, class activation maps, receptive fields, the best patch."""

from __future__ import annotations

import numpy as np

from utils.exercises.engine import exercise, expect, expect_close, fail


def _hidden(image: np.ndarray, top: int, left: int, mask: int, value: float) -> np.ndarray:
    """Pixel by pixel, so that it shares no slice with the solution."""
    result = image.copy()
    for row in range(image.shape[0]):
        for column in range(image.shape[1]):
            if top <= row < top + mask and left <= column < left + mask:
                result[row, column] = value
    return result


@exercise("03.1", name="occlude", title="Hide a part", minutes=10, points=2)
def check_occlude(attempt):
    """Inside, over each border, wholly outside; the input stays as it was."""
    image = np.arange(1.0, 61.0).reshape(4, 5, 3)
    for top, left, mask, hint in (
        (1, 2, 2, "The square covers rows top to top + mask - 1, and columns likewise."),
        (0, 0, 1, "A mask of one pixel hides one pixel, in all its channels."),
        (3, 4, 3, "What sticks out below and on the right is ignored."),
        (-1, 1, 2, "With top = -1 and mask 2 only row 0 is hidden; a slice [-1:1] would be empty."),
        (2, -2, 3, "With left = -2 and mask 3 only column 0 is hidden; a slice [-2:1] would be empty."),
        (-3, -3, 2, "A square wholly outside hides nothing; mind that its end is negative too."),
        (-3, 1, 2, "A square wholly above the image hides nothing, also where its columns are inside."),
        (1, -3, 2, "A square wholly to the left of the image hides nothing, also where its rows are inside."),
    ):
        before = image.copy()
        shown = f"an image of 4 × 5 pixels, top {top}, left {left}, mask {mask}, value 0"
        got = attempt(image, top, left, mask, 0.0)
        if not np.array_equal(image, before):
            fail(shown=shown, expected="the image unchanged", got="a changed image", hint="Write into a copy.")
        expect_close(got, _hidden(image, top, left, mask, 0.0), shown=shown, hint=hint)
    expect_close(
        attempt(image, 1, 1, 2, 127.5),
        _hidden(image, 1, 1, 2, 127.5),
        shown="top 1, left 1, mask 2, value 127.5",
        hint="The hidden pixels take the given value.",
    )


@exercise("03.2", name="occlusion_drops", title="The occlusion map", minutes=15, points=2)
def check_occlusion_drops(attempt):
    """Sign, one unit throughout, rows and columns, the last position, what the mask shows."""
    image = np.zeros((4, 6, 1))
    image[1, 4] = 8.0
    image[3, 0] = 2.0

    def total(picture):
        return np.array([1.0, float(picture.sum()), 2.0])

    expected = np.zeros((3, 5))
    for top in range(3):
        for left in range(5):
            expected[top, left] = image[top : top + 2, left : left + 2].sum()
    hint = "Output on the clean image minus output with the part hidden: positive where the part mattered."
    shown = (
        "an image of 4 × 6 with one bright pixel, mask 2, stride 1, value 0; the watched unit is the sum of the pixels"
    )
    expect_close(attempt(total, image, 2, 1, 0.0), expected, shown=shown, hint=hint)

    def rivals(picture):
        return np.array([float(picture[:, 3:].sum()), 5.0])

    wanted = np.array([[0.0, 0.0, 8.0], [0.0, 0.0, 0.0]])
    hint = "Hiding the bright pixel makes another unit the largest; keep watching the one chosen on the clean image."
    shown = "mask 2, stride 2, value 0; the outputs are the sum of the right half, and 5"
    expect_close(attempt(rivals, image, 2, 2, 0.0), wanted, shown=shown, hint=hint)
    hint = "The mask takes the given value, which may add to the output."
    expect_close(attempt(total, image, 4, 2, 1.0), [[-14.0, -8.0]], shown="mask 4, stride 2, value 1", hint=hint)


@exercise("03.3", name="activation_map", title="Class activation map", minutes=10, points=1)
def check_activation_map(attempt):
    """Shape, the right class, the relation to the logit; as many channels as classes to catch a wrong axis."""
    rng = np.random.default_rng(0)
    maps = rng.integers(0, 4, (2, 3, 4)).astype(float)
    weights = np.array([[1.0, 0.0, 2.0, -1.0], [0.0, 3.0, 1.0, 0.0], [-2.0, 0.0, 0.0, 1.0], [1.0, 1.0, -1.0, 0.0]])
    for class_index in (0, 2, 3):
        expected = sum(maps[:, :, k] * weights[k, class_index] for k in range(4))
        expect_close(
            attempt(maps, weights, class_index),
            expected,
            shown=f"maps of 2 × 3 with 4 channels, 4 classes, class {class_index}",
            hint="weights[k, c] says how much channel k counts for class c; sum over the channels, keep the places.",
        )


@exercise("03.4", name="receptive_field", title="How much of the image does a unit see?", minutes=15, points=2)
def check_receptive_field(attempt):
    """One layer, two, pooling between, stride first, and the whole of VGG16."""
    vgg = []
    for convolutions in (2, 2, 3, 3, 3):
        vgg += [(3, 1)] * convolutions + [(2, 2)]
    for steps, expected, hint in (
        ([(5, 1)], 5, "One layer sees as far as its kernel."),
        ([(3, 1), (3, 1)], 5, "Two 3×3 convolutions see 5 × 5: the second adds one pixel on each side."),
        ([(3, 2), (3, 1)], 7, "After stride 2 neighbouring units are 2 pixels apart, so the next kernel adds 2 · 2."),
        ([(3, 1), (3, 2)], 5, "A layer's own stride matters only to the layers after it."),
        ([(2, 2), (3, 2), (3, 1)], 14, "Strides multiply: 2, then 4."),
        ([], 1, "With no layers a unit is a pixel."),
        (vgg, 212, "VGG16 after its last pooling sees 212 × 212 of 224 × 224 pixels."),
    ):
        shown = "VGG16's 13 convolutions and 5 poolings" if steps is vgg else f"steps {steps}"
        expect(attempt(steps), expected, shown=shown, hint=hint)


@exercise("03.5", name="best_patch", title="The patch a linear filter likes best", minutes=10, points=1)
def check_best_patch(attempt):
    """Length one, the right direction, any shape."""
    for weights, hint in (
        (np.array([[3.0, 0.0], [0.0, 4.0]]), "The length of [3, 4] is 5."),
        (np.array([[-1.0, 1.0], [-1.0, 1.0]]), "Dark where the weight is negative: there a dark pixel adds."),
        (np.array([[[1.0, -2.0, 2.0]]]), "Sum the squares over all axes, also over the colours."),
        (np.array([[0.1, 0.0], [0.0, 0.0]]), "A weak filter's best patch has length one as well."),
    ):
        expected = weights / np.linalg.norm(weights.ravel())
        expect_close(attempt(weights), expected, shown=f"weights {weights.tolist()}", hint=hint)
