"""Checks of lesson 03: hiding a part, occlusion and activation maps, what a hidden part touches, the best patch."""

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


def _looks_at(place: int, pixel: int, kernel: int, stride: int, padding: int) -> bool:
    """Asked of each pair on its own, so that it shares no division with the solution."""
    return any(place * stride + k - padding == pixel for k in range(kernel))


@exercise("03.4", name="touched", title="What must be computed again?", minutes=15, points=2)
def check_touched(attempt):
    """One pixel, several, both borders, strides, places between which pixels fall through."""
    for first, last, size, kernel, stride, padding, hint in (
        (4, 4, 9, 3, 1, 1, "One pixel is seen by as many places as the kernel is wide."),
        (4, 6, 9, 3, 1, 0, "Without padding place o looks at the pixels o to o + kernel - 1."),
        (3, 5, 12, 1, 1, 0, "A kernel of one pixel touches just the places of the pixels themselves."),
        (0, 1, 9, 5, 1, 2, "There are no places before 0."),
        (7, 8, 9, 5, 1, 2, "There are no places after (size + 2 * padding - kernel) // stride."),
        (6, 9, 16, 2, 2, 0, "With stride 2 place o begins at pixel 2 o: round the right way at each end."),
        (5, 8, 16, 3, 2, 1, "The first place is the first whose *last* pixel reaches the hidden ones: round up."),
        (224, 230, 299, 3, 2, 0, "Strides and an odd side, as in Inception's stem."),
        (11, 11, 12, 2, 5, 0, "The pixels after the last place are seen by nobody: None."),
        (3, 4, 12, 2, 5, 0, "With a stride larger than the kernel pixels can fall between two places: None."),
    ):
        places = range((size + 2 * padding - kernel) // stride + 1)
        seen = [p for p in places if any(_looks_at(p, x, kernel, stride, padding) for x in range(first, last + 1))]
        expect(
            attempt(first, last, size, kernel, stride, padding),
            (seen[0], seen[-1]) if seen else None,
            shown=f"pixels {first} to {last} of {size}, kernel {kernel}, stride {stride}, padding {padding}",
            hint=hint,
        )


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
