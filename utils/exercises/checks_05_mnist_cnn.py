"""Checks of lesson 05: one-hot targets, a convolution's work, shifts, confusions, worst errors, an experiment."""

from __future__ import annotations

import numpy as np

from utils.exercises.engine import as_numbers, exercise, expect, expect_close, same, settle
from utils.exercises.experiment import change_of_one_thing
from utils.exercises.sweep import sweep


@exercise("05.1", name="one_hot", title="Labels become vectors", minutes=5, points=1)
def check_one_hot(attempt):
    expect_close(
        attempt(np.array([2, 0, 1]), 3),
        [[0, 0, 1], [1, 0, 0], [0, 1, 0]],
        shown="labels [2, 0, 1], 3 classes",
        hint="Row i has its 1 in column labels[i]; the columns are counted from 0.",
    )
    sweep(
        "05.1",
        attempt,
        hint="Row i has its 1 in column labels[i]; labels may repeat, each image has a row of its own.",
        hints=(
            (
                lambda labels, classes: labels.max() + 1 < classes,
                "There are as many columns as classes, also for a class that no label names.",
            ),
        ),
    )


@exercise("05.2", name="conv_work", title="How much work is a convolution?", minutes=10, points=1)
def check_conv_work(attempt):
    shown = "side 28, kernel 3, 1 -> 32 channels"
    work = settle(attempt(28, 3, 1, 32))
    expect(work, 194_688, shown=shown, hint="26 · 26 places, 3 · 3 products at each, 32 filters.")
    hint = "Multiplications are counted: return an integer."
    expect(np.asarray(work).dtype.kind in "iu", True, shown=f"{shown}: is the answer an integer?", hint=hint)
    sweep(
        "05.2",
        attempt,
        hint="A filter looks at all channels at once, at (side - kernel + 1) · (side - kernel + 1) places.",
        hints=(
            (lambda side, kernel, *_: side == kernel, "A kernel as large as the image fits once."),
            (lambda side, kernel, *_: kernel == 1, "A 1x1 kernel fits everywhere."),
        ),
    )


@exercise("05.3", name="shift_image", title="Push a digit aside", minutes=10, points=2)
def check_shift_image(attempt):
    image = np.arange(1.0, 13.0).reshape(3, 4)
    for down, right, expected, hint in (
        (1, 0, [[0] * 4, [1, 2, 3, 4], [5, 6, 7, 8]], "The top row becomes empty: 0, not what fell out at the bottom."),
        (0, -2, [[3, 4, 0, 0], [7, 8, 0, 0], [11, 12, 0, 0]], "Negative `right` moves the ink to the left."),
    ):
        shown = f"image [[1 2 3 4] [5 6 7 8] [9 10 11 12]], down {down}, right {right}"
        expect_close(attempt(image.copy(), down, right), expected, shown=shown, hint=hint)
    sweep(
        "05.3",
        attempt,
        hint="Positive `down` and `right` move the ink down and to the right; what comes in is 0.",
        hints=(
            (lambda image, down, right: down == right == 0, "A slice like [:-0] is empty: take care of a shift by 0."),
            (
                lambda image, down, right: abs(down) >= image.shape[0] or abs(right) >= image.shape[1],
                "Shifted by its own height or width, or further, nothing of the image is left: all 0.",
            ),
            (lambda image, down, right: down < 0 and right < 0, "Both directions at once, both negative."),
        ),
        unchanged=True,
    )
    got = settle(attempt(image, 0, 0))
    shared = isinstance(got, np.ndarray) and np.shares_memory(got, image)
    hint = "Write into a new array: who draws on the answer should not draw on the image."
    expect(shared, False, shown="down 0, right 0: is the answer the very array that was given?", hint=hint)


@exercise("05.4", name="confusion_matrix", title="Who is taken for whom?", minutes=10, points=2)
def check_confusion_matrix(attempt):
    expect(
        attempt(np.array([0, 1, 1]), np.array([0, 1, 0]), 2),
        [[1, 0], [1, 1]],
        shown="truth [0, 1, 1], predicted [0, 1, 0], 2 classes",
        hint="Rows are what the digit is, columns what the network says.",
    )
    sweep(
        "05.4",
        attempt,
        hint="Entry (i, j) counts the images that are i and are read as j.",
        hints=(
            (
                lambda truth, predicted, classes: len(set(zip(truth.tolist(), predicted.tolist()))) < len(truth),
                "The same reading twice counts twice; `matrix[t, p] += 1` on arrays adds it once.",
            ),
            (
                lambda truth, predicted, classes: max(truth.max(), predicted.max()) + 1 < classes,
                "There are as many rows and columns as classes, also for those that do not occur.",
            ),
        ),
    )


@exercise("05.5", name="most_wrong", title="Wrong, and sure of it", minutes=15, points=2)
def check_most_wrong(attempt):
    probabilities = np.array(
        [[0.9, 0.1, 0.0], [0.2, 0.7, 0.1], [0.05, 0.0, 0.95], [0.4, 0.3, 0.3], [0.1, 0.8, 0.1], [0.0, 0.01, 0.99]]
    )
    expect(
        attempt(probabilities.copy(), np.array([1, 1, 0, 2, 0, 2]), 3),
        [2, 0, 4],
        shown="six images, of which 0, 2, 3 and 4 are misread with 0.90, 0.95, 0.40 and 0.80; count 3",
        hint="Sort the mistakes by the probability of what the network said, the largest first; image 5 is no mistake.",
    )
    sweep(
        "05.5",
        attempt,
        judge=_surest_first,
        hint="Only misread images, sorted by the probability of what the network said, the largest first.",
        hints=(
            (
                lambda probabilities, labels, count: (probabilities.argmax(axis=1) == labels).all(),
                "With no mistakes the answer has no entries.",
            ),
            (
                lambda probabilities, labels, count: (probabilities.argmax(axis=1) != labels).sum() < count,
                "There are fewer mistakes than asked for; return those there are.",
            ),
        ),
    )


def _surest_first(got, case) -> bool:
    """Right up to the order of images that are misread with the same probability."""
    positions = np.zeros(0, int) if np.size(got) == 0 else as_numbers(got)
    if positions is None or positions.shape != case.answer.shape or len(np.unique(positions)) < len(positions):
        return False
    probabilities, labels = case.inputs["probabilities"], case.inputs["labels"]
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != labels)
    surest = probabilities.max(axis=1)
    return bool(np.isin(positions, wrong).all()) and same(surest[positions.astype(int)], surest[case.answer])


@exercise("05.6", name="shuffled_pixels", title="Shuffle the pixels: an open experiment", minutes=30, points=3)
def check_shuffled_pixels(attempt):
    """``before`` and ``after`` are shares of held-out images right after five epochs on 2,000 images."""
    change_of_one_thing(attempt(), possible=(0, 1), usual=(0.85, 0.98))
