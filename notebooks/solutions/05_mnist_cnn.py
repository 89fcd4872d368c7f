"""Reference solutions of lesson 05. In the notebook: ``%load -s one_hot solutions/05_mnist_cnn.py``."""

import numpy as np


def one_hot(labels, classes):
    return np.eye(classes)[labels]


def conv_work(side, kernel, channels, filters):
    places = (side - kernel + 1) ** 2
    return places * kernel * kernel * channels * filters


def shift_image(image, down, right):
    height, width = image.shape
    shifted = np.zeros_like(image)
    # Rows of the result that receive ink, and the rows of the image it comes from.
    to_rows = slice(max(down, 0), height + min(down, 0))
    from_rows = slice(max(-down, 0), height + min(-down, 0))
    to_columns = slice(max(right, 0), width + min(right, 0))
    from_columns = slice(max(-right, 0), width + min(-right, 0))
    shifted[to_rows, to_columns] = image[from_rows, from_columns]
    return shifted


def confusion_matrix(truth, predicted, classes):
    matrix = np.zeros((classes, classes), dtype=int)
    np.add.at(matrix, (truth, predicted), 1)
    return matrix


def most_wrong(probabilities, labels, count):
    said = probabilities.argmax(axis=1)
    mistakes = np.flatnonzero(said != labels)
    order = np.argsort(-probabilities[mistakes, said[mistakes]])
    return mistakes[order[:count]]
