"""Checks of lesson 03: hiding a part, occlusion and activation maps, what a hidden part touches, the best patch."""

from __future__ import annotations

import numpy as np

from utils.exercises.engine import exercise, expect, expect_close, fail
from utils.exercises.experiment import numbers, one_of, record
from utils.exercises.sweep import sweep


@exercise("03.1", name="occlude", title="Hide a part", minutes=10, points=2)
def check_occlude(attempt):
    image = np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 9]])[:, :, None]
    shown = "image = [[1, 2, 3], [4, 5, 6], [7, 8, 9]], one channel, "
    expect_close(
        attempt(image.copy(), 1, 0, 2, 0.0),
        np.array([[1.0, 2, 3], [0, 0, 6], [0, 0, 9]])[:, :, None],
        shown=shown + "top 1, left 0, mask 2, value 0",
        hint="The square covers rows top to top + mask - 1, and columns likewise.",
    )
    expect_close(
        attempt(image.copy(), -1, 1, 2, 0.0),
        np.array([[1.0, 0, 0], [4, 5, 6], [7, 8, 9]])[:, :, None],
        shown=shown + "top -1, left 1, mask 2, value 0",
        hint="With top = -1 and mask 2 only row 0 is hidden; a slice [-1:1] would be empty.",
    )
    sweep(
        "03.1",
        attempt,
        hint="All channels of the pixels inside the square take the given value; all others stay.",
        hints=(
            (
                lambda image, top, left, mask, value: top + mask <= 0 or left + mask <= 0,
                "A square wholly above or to the left hides nothing; mind that its end may be negative too.",
            ),
            (lambda image, top, left, *_: min(top, left) < 0, "A negative start of a slice counts from the other end."),
            (
                lambda image, top, left, mask, value: top + mask > len(image) or left + mask > len(image[0]),
                "What sticks out below and on the right is ignored.",
            ),
        ),
        unchanged=True,
    )


@exercise("03.2", name="occlusion_drops", title="The occlusion map", minutes=15, points=2)
def check_occlusion_drops(attempt):
    image = np.zeros((4, 6, 1))
    image[1, 4], image[3, 0] = 8.0, 2.0
    expect_close(
        attempt(lambda picture: np.array([1.0, picture.sum(), 2.0]), image.copy(), 2, 2, 0.0),
        [[0.0, 0.0, 8.0], [2.0, 0.0, 0.0]],
        shown="an image of 4 × 6 with two bright pixels, mask 2, stride 2, value 0; the watched unit is their sum",
        hint="Output on the clean image minus output with the part hidden: positive where the part mattered.",
    )
    expect_close(
        attempt(lambda picture: np.array([picture[:, 3:].sum(), 5.0]), image.copy(), 2, 2, 0.0),
        [[0.0, 0.0, 8.0], [0.0, 0.0, 0.0]],
        shown="the same; the outputs are the sum of the right half, and 5",
        hint="Hiding the bright pixel makes another unit the largest; keep watching the one chosen on the clean image.",
    )
    rng = np.random.default_rng(3)
    for height, width, channels, mask, stride in (
        *((4, 7, 1, 1, 1), (7, 4, 3, 2, 1), (5, 9, 2, 3, 2), (9, 6, 1, 2, 3), (6, 6, 3, 6, 1), (3, 8, 1, 3, 4)),
        *((8, 5, 2, 4, 5), (1, 5, 1, 1, 2), (10, 11, 1, 5, 3)),
    ):
        image, value = rng.normal(size=(height, width, channels)), float(rng.normal())
        weights = rng.normal(size=(height, width, channels, 4))
        expected = _drops(lambda picture, w=weights: np.tensordot(picture, w, 3), image, mask, stride, value)
        expect_close(
            attempt(lambda picture, w=weights: np.tensordot(picture, w, 3), image.copy(), mask, stride, value),
            expected,
            shown=f"a random image of {height} × {width} × {channels}, a random linear layer with 4 units, "
            f"mask {mask}, stride {stride}, value {value:.2f}",
            hint="A row for each top, a column for each left; each time only one part of the clean image is hidden, by "
            "the value; drops may be negative.",
        )


def _drops(predict, image, mask, stride, value):
    """Every pixel asked on its own, so that it shares no slice with the solution."""
    rows, columns = np.indices(image.shape[:2])
    unit = np.argmax(predict(image))

    def drop(top, left):
        inside = (top <= rows) & (rows < top + mask) & (left <= columns) & (columns < left + mask)
        return predict(image)[unit] - predict(np.where(inside[:, :, None], value, image))[unit]

    tops, lefts = (range(0, side - mask + 1, stride) for side in image.shape[:2])
    return np.array([[drop(top, left) for left in lefts] for top in tops])


@exercise("03.3", name="activation_map", title="Class activation map", minutes=10, points=1)
def check_activation_map(attempt):
    expect_close(
        attempt(np.array([[[1.0, 0.0], [2.0, 0.0]], [[0.0, 1.0], [0.0, 3.0]]]), np.array([[5.0, 2.0], [7.0, -1.0]]), 1),
        [[2.0, 4.0], [-1.0, -3.0]],
        shown="the maps of section 6, weights [[5, 2], [7, -1]], class 1",
        hint="weights[k, c] says how much channel k counts for class c; sum over the channels, keep the places.",
    )
    sweep(
        "03.3",
        attempt,
        hint="weights[k, c] says how much channel k counts for class c; sum over the channels, keep the places.",
        hints=((lambda maps, *_: maps.shape[2] == 1, "One channel: its map times one weight."),),
    )


@exercise("03.4", name="touched", title="What must be computed again?", minutes=15, points=2)
def check_touched(attempt):
    for case, places, hint in (
        ((4, 4, 9, 3, 1, 1), (3, 5), "One pixel is seen by as many places as the kernel is wide."),
        ((4, 6, 9, 3, 1, 0), (2, 6), "Without padding place o looks at the pixels o to o + kernel - 1."),
        ((3, 4, 12, 2, 5, 0), None, "With a stride larger than the kernel pixels can fall between two places: None."),
    ):
        shown = "pixels {} to {} of {}, kernel {}, stride {}, padding {}".format(*case)
        expect(attempt(*case), places, shown=shown, hint=hint)
    sweep(
        "03.4",
        attempt,
        hint="The first place is the first whose last pixel reaches the changed ones: round up. The last place is the "
        "last whose first pixel does: round down.",
        hints=(
            (
                lambda first, last, size, kernel, stride, padding: _last(size, kernel, stride, padding) < first,
                "The pixels behind the last place are seen by nobody: None.",
            ),
            (
                lambda first, last, size, kernel, stride, padding: last + padding < stride > kernel,
                "With a stride larger than the kernel pixels can fall between two places.",
            ),
            (
                lambda first, last, size, kernel, stride, padding: _last(size, kernel, stride, padding) - kernel < last,
                "There are no places after (size + 2 * padding - kernel) // stride.",
            ),
            (lambda first, last, size, kernel, *_: first < kernel, "There are no places before 0."),
        ),
    )


def _last(size: int, kernel: int, stride: int, padding: int) -> int:
    """The last pixel that the last place looks at."""
    return (size + 2 * padding - kernel) // stride * stride - padding + kernel - 1


@exercise("03.5", name="best_patch", title="The patch a linear filter likes best", minutes=10, points=1)
def check_best_patch(attempt):
    for weights, patch, hint in (
        (np.array([[3.0, 0.0], [0.0, 4.0]]), [[0.6, 0.0], [0.0, 0.8]], "The length of [3, 4] is 5."),
        (
            np.array([[-1.0, 1.0], [-1.0, 1.0]]),
            [[-0.5, 0.5], [-0.5, 0.5]],
            "Dark where the weight is negative: there a dark pixel adds.",
        ),
    ):
        expect_close(attempt(weights.copy()), patch, shown=f"weights {weights.tolist()}", hint=hint)
    sweep(
        "03.5",
        attempt,
        hint="Of length one, whatever the filter's: the squares sum to one.",
        hints=((lambda weights: weights.ndim > 2, "Sum the squares over all axes, also over the colours."),),
    )


@exercise("03.6", name="mask_experiment", title="What the mask shows: an open experiment", minutes=25, points=3)
def check_mask_experiment(attempt):
    correlations = numbers(-1, 1, count=4)
    found = record(
        attempt(),
        {
            "stride": numbers(1, 56, whole=True),
            "predicted": one_of("colour", "size"),
            "reason": (
                lambda text: isinstance(text, str) and len(text.split()) > 4,
                "a sentence of five words or more",
            ),
            "colour": correlations,
            "size": correlations,
            "matters_more": one_of("colour", "size"),
        },
    )
    maps = np.stack([found["colour"], found["size"]])
    if np.any(maps > 0.99999):
        hint = "A map is equal only to itself: did the second one get the other mask?"
        fail(shown="colour and size", expected="correlations below 1", got=maps, hint=hint)
    if np.any(np.ptp(maps, axis=1) == 0) or np.array_equal(*maps):
        hint = "Four photos give four correlations, and two comparisons eight; each is measured on its own."
        fail(shown="colour and size", expected="eight measured numbers", got=maps, hint=hint)
    colour, size = maps.mean(axis=1)
    expect(
        found["matters_more"],
        "colour" if colour < size else "size",
        shown=f"your mean correlations: {colour:.2f} with another colour, {size:.2f} with another size; matters_more",
        hint="What changes the map more leaves the lower correlation.",
    )
