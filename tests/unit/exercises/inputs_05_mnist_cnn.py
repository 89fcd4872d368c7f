"""Inputs of lesson 05's sweeps: one class or image, absent classes, shifts beyond the image, ties, no errors."""

import numpy as np


def whole(rng):
    """A type of whole numbers; MNIST's labels come as uint8."""
    return rng.choice(["int64", "int64", "int32", "uint8"])


def one_hot(rng):
    for _ in range(80):
        classes, count = int(rng.choice([1, 2, 3, 5, 10, 12])), int(rng.choice([1, 1, 2, 4, 9]))
        yield rng.integers(0, rng.integers(1, classes + 1), count).astype(whole(rng)), classes


def conv_work(rng):
    for number in range(100):
        kernel = int(rng.choice([1, 1, 2, 3, 5, 7, 11]))
        side = kernel + (0 if number % 8 == 0 else int(rng.choice([1, 2, 9, 25, 217])))
        yield side, kernel, int(rng.choice([1, 2, 3, 16, 64])), int(rng.choice([1, 2, 10, 32, 512]))


def shift_image(rng):
    for down, right in (
        (-4, 0),
        (-5, 1),
        (0, -5),
        (1, -7),
        (4, 0),
        (0, 5),
        (-3, -4),
    ):  # past the edge, not twice past it
        yield rng.integers(1, 256, (3, 4)), down, right
    for number in range(140):
        height, width = (int(n) for n in rng.choice([1, 2, 3, 4, 6], 2))
        image = rng.integers(1, 256, (height, width))
        image = np.round(image / 255, 2) if number % 3 == 0 else image.astype(whole(rng))
        reach = 2 if number % 4 else 9
        down, right = (int(n) for n in rng.integers(-reach, reach + 1, 2))
        yield image, (0 if number % 11 == 0 else down), (0 if number % 7 == 0 else right)


def confusion_matrix(rng):
    for number in range(90):
        classes, count = int(rng.choice([1, 2, 3, 5, 10])), int(rng.choice([1, 2, 5, 12, 30]))
        kind, highest = whole(rng), rng.integers(1, classes + 1)
        truth, predicted = rng.integers(0, highest, (2, count)).astype(kind)
        if number % 9 == 0:
            predicted = truth.copy()
        yield truth, predicted, classes


def most_wrong(rng):
    for number in range(100):
        images, classes = int(rng.choice([1, 2, 4, 8, 14])), int(rng.choice([2, 3, 4, 6]))
        parts = 20 if number % 2 else 1000  # twentieths have many ties
        rows = []
        while len(rows) < images:
            row = rng.multinomial(parts, rng.dirichlet(np.full(classes, rng.choice([0.3, 1.0, 3.0]))))
            if (row == row.max()).sum() == 1:  # what the network says is not in doubt
                rows.append(row / parts)
        probabilities = np.array(rows)
        labels = rng.integers(0, classes, images)
        if number % 12 == 0:
            labels = probabilities.argmax(axis=1)
        right = rng.random(images) < 0.3
        labels[right] = probabilities.argmax(axis=1)[right]
        kind = "float32" if number % 3 == 0 else "float64"
        yield probabilities.astype(kind), labels.astype(whole(rng)), int(rng.choice([0, 1, 1, 2, 3, 5, 20]))


INPUTS = {
    "05.1": one_hot,
    "05.2": conv_work,
    "05.3": shift_image,
    "05.4": confusion_matrix,
    "05.5": most_wrong,
}
