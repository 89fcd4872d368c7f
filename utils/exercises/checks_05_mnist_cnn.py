"""Checks of lesson 05: one-hot targets, the work of a convolution, shifts, the confusion matrix, worst errors."""

from __future__ import annotations

import numpy as np

from utils.exercises.engine import exercise, expect, expect_close, fail


@exercise("05.1", name="one_hot", title="Labels become vectors", minutes=5, points=1)
def check_one_hot(attempt):
    """A few labels, a class that does not occur, and a single label."""
    for labels, classes, hint in (
        ([2, 0, 1], 3, "Row i has its 1 in column labels[i]."),
        ([1, 1, 3], 4, "Labels may repeat: each image has a row of its own."),
        ([0, 1], 5, "There are as many columns as classes, also for a class that no label names."),
        ([9], 10, "The digit 9 is the last of ten columns: they are counted from 0."),
    ):
        expected = np.zeros((len(labels), classes))
        expected[np.arange(len(labels)), labels] = 1
        expect_close(
            attempt(np.array(labels), classes), expected, shown=f"labels {labels}, {classes} classes", hint=hint
        )


@exercise("05.2", name="conv_work", title="How much work is a convolution?", minutes=10, points=1)
def check_conv_work(attempt):
    """The lecture's two convolutions, the better network's second, a 1x1 and a kernel as large as its image."""
    for case, expected, hint in (
        ((28, 3, 1, 32), 194_688, "26 · 26 places, 3 · 3 products at each, 32 filters."),
        ((26, 3, 32, 32), 5_308_416, "A filter looks at all input channels at once."),
        ((14, 5, 16, 48), 1_920_000, "Without padding a 5x5 kernel fits 14 - 5 + 1 times along each side."),
        ((12, 1, 8, 4), 4_608, "A 1x1 kernel fits everywhere."),
        ((5, 5, 2, 3), 150, "A kernel as large as the image fits once."),
    ):
        shown = "side {}, kernel {}, {} -> {} channels".format(*case)
        expect(attempt(*case), expected, shown=shown, hint=hint)


@exercise("05.3", name="shift_image", title="Push a digit aside", minutes=10, points=2)
def check_shift_image(attempt):
    """Down, right, up and left at once, not at all; a shift that empties the image; the input stays as it was."""
    image = np.arange(1.0, 13.0).reshape(3, 4)
    for down, right, hint in (
        (1, 0, "The top row becomes empty: 0, not the row that fell out at the bottom."),
        (0, 2, "Positive `right` moves the ink to the right; the left columns become 0."),
        (-1, 0, "Negative `down` moves the ink up; the bottom row becomes 0."),
        (-1, -3, "Both directions at once, both negative."),
        (0, 0, "A slice like [:-0] is empty: take care of a shift by nothing."),
        (3, 0, "Shifted by the image's height, nothing of it is left."),
    ):
        expected = np.zeros_like(image)
        for row in range(3):
            for column in range(4):
                if 0 <= row - down < 3 and 0 <= column - right < 4:
                    expected[row, column] = image[row - down, column - right]
        before = image.copy()
        got = attempt(image, down, right)
        shown = f"image [[1 2 3 4] [5 6 7 8] [9 10 11 12]], down {down}, right {right}"
        expect_close(got, expected, shown=shown, hint=hint)
        if not np.array_equal(image, before):
            fail(shown=shown, expected="the input unchanged", got=image, hint="Write into a new array, not the input.")


@exercise("05.4", name="confusion_matrix", title="Who is taken for whom?", minutes=10, points=2)
def check_confusion_matrix(attempt):
    """Repeated pairs, a class that never occurs, and that rows are the truth."""
    for truth, predicted, classes, hint in (
        ([0, 1, 1], [0, 1, 0], 2, "Rows are what the digit is, columns what the network says."),
        (
            [2, 2, 2, 0],
            [1, 1, 2, 0],
            3,
            "The same mistake twice counts twice; `matrix[t, p] += 1` on arrays adds it once.",
        ),
        ([0, 0], [0, 3], 5, "There are as many rows and columns as classes, also for those that do not occur."),
    ):
        expected = np.zeros((classes, classes))
        for t, p in zip(truth, predicted):
            expected[t, p] += 1
        got = attempt(np.array(truth), np.array(predicted), classes)
        expect_close(got, expected, shown=f"truth {truth}, predicted {predicted}, {classes} classes", hint=hint)


@exercise("05.5", name="most_wrong", title="Wrong, and sure of it", minutes=15, points=2)
def check_most_wrong(attempt):
    """Right answers are left out, the surest mistake comes first, and there may be fewer mistakes than asked for."""
    probabilities = np.array(
        [[0.9, 0.1, 0.0], [0.2, 0.7, 0.1], [0.05, 0.0, 0.95], [0.4, 0.3, 0.3], [0.1, 0.8, 0.1], [0.0, 0.01, 0.99]]
    )
    labels = np.array([1, 1, 0, 2, 0, 2])  # images 0, 2, 3, 4 are misread, with 0.9, 0.95, 0.4, 0.8
    for count, expected, hint in (
        (2, [2, 0], "Sort the mistakes by the probability of what the network said, the largest first."),
        (3, [2, 0, 4], "Image 5 is read with 0.99, but rightly: only mistakes count."),
        (10, [2, 0, 4, 3], "Only four images are misread; return those four."),
    ):
        shown = f"six images, of which 0, 2, 3 and 4 are misread with 0.90, 0.95, 0.40 and 0.80; count {count}"
        expect_close(attempt(probabilities, labels, count), expected, shown=shown, hint=hint)
    expect(
        len(attempt(np.eye(3), np.arange(3), 4)),
        0,
        shown="three images, all read rightly",
        hint="With no mistakes the answer has no entries.",
    )
