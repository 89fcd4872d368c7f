"""Other answers to lesson 05's exercises: right ones written differently, and the mistakes that students make."""

import numpy as np

# --- 05.1 -------------------------------------------------------------------------------------------------------------


def one_hot_compared(labels, classes):
    return (labels[:, None] == np.arange(classes)).astype("float32")


def one_hot_loop(labels, classes):
    rows = []
    for label in labels:
        row = [0] * classes
        row[label] = 1
        rows.append(row)
    return rows


def one_hot_classes_from_labels(labels, classes):
    return np.eye(labels.max() + 1)[labels]


def one_hot_transposed(labels, classes):
    return np.eye(classes)[labels].T


def one_hot_counted_from_one(labels, classes):
    return np.eye(classes)[(labels - 1) % classes]


def one_hot_whole_columns(labels, classes):
    result = np.zeros((len(labels), classes))
    result[:, labels] = 1
    return result


# --- 05.2 -------------------------------------------------------------------------------------------------------------


def conv_work_summed(side, kernel, channels, filters):
    total = 0
    for _row in range(side - kernel + 1):
        for _column in range(side - kernel + 1):
            total += filters * channels * kernel**2
    return total


def conv_work_same_padding(side, kernel, channels, filters):
    return side**2 * kernel**2 * channels * filters


def conv_work_off_by_one(side, kernel, channels, filters):
    return (side - kernel) ** 2 * kernel**2 * channels * filters


def conv_work_without_channels(side, kernel, channels, filters):
    return (side - kernel + 1) ** 2 * kernel**2 * filters


def conv_work_parameters(side, kernel, channels, filters):
    return (kernel**2 * channels + 1) * filters


# --- 05.3 -------------------------------------------------------------------------------------------------------------


def shift_padded(image, down, right):
    height, width = image.shape
    framed = np.pad(image, ((height, height), (width, width)))
    return framed[height - down : 2 * height - down, width - right : 2 * width - right]


def shift_loop(image, down, right):
    result = np.zeros(image.shape)
    for row in range(image.shape[0]):
        for column in range(image.shape[1]):
            source = row - down, column - right
            if 0 <= source[0] < image.shape[0] and 0 <= source[1] < image.shape[1]:
                result[row, column] = image[source]
    return result


def shift_rolled(image, down, right):
    return np.roll(image, (down, right), axis=(0, 1))


def shift_wrong_sign(image, down, right):
    return shift_padded(image, -down, -right)


def shift_axes_swapped(image, down, right):
    return shift_padded(image, right, down)


def shift_in_place(image, down, right):
    image[:] = shift_padded(image, down, right)
    return image


def shift_positive_only(image, down, right):
    result = np.zeros_like(image)
    result[down:, right:] = image[: image.shape[0] - down, : image.shape[1] - right]
    return result


# --- 05.4 -------------------------------------------------------------------------------------------------------------


def confusion_loop(truth, predicted, classes):
    matrix = [[0] * classes for _ in range(classes)]
    for t, p in zip(truth, predicted):
        matrix[t][p] += 1
    return matrix


def confusion_bincount(truth, predicted, classes):
    return np.bincount(truth * classes + predicted, minlength=classes**2).reshape(classes, classes)


def confusion_transposed(truth, predicted, classes):
    return confusion_bincount(predicted, truth, classes)


def confusion_counts_once(truth, predicted, classes):
    matrix = np.zeros((classes, classes))
    matrix[truth, predicted] += 1
    return matrix


def confusion_small(truth, predicted, classes):
    return confusion_bincount(truth, predicted, max(truth.max(), predicted.max()) + 1)


def confusion_as_rates(truth, predicted, classes):
    return confusion_bincount(truth, predicted, classes) / len(truth)


# --- 05.5 -------------------------------------------------------------------------------------------------------------


def most_wrong_sorted(probabilities, labels, count):
    wrong = [
        (row.max(), index) for index, (row, label) in enumerate(zip(probabilities, labels)) if row.argmax() != label
    ]
    return [index for _, index in sorted(wrong, reverse=True)][:count]


def most_wrong_least_sure(probabilities, labels, count):
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != labels)
    return wrong[np.argsort(probabilities[wrong].max(axis=1))][:count]


def most_wrong_with_right_ones(probabilities, labels, count):
    return np.argsort(-probabilities.max(axis=1))[:count]


def most_wrong_inner_positions(probabilities, labels, count):
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != labels)
    return np.argsort(-probabilities[wrong].max(axis=1))[:count]


def most_wrong_right_class(probabilities, labels, count):
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != labels)
    return wrong[np.argsort(-probabilities[wrong, labels[wrong]])][:count]


ALTERNATIVES = {
    "05.1": [one_hot_compared, one_hot_loop],
    "05.2": [conv_work_summed],
    "05.3": [shift_padded, shift_loop],
    "05.4": [confusion_loop, confusion_bincount],
    "05.5": [most_wrong_sorted],
}
WRONG = {
    "05.1": [one_hot_classes_from_labels, one_hot_transposed, one_hot_counted_from_one, one_hot_whole_columns],
    "05.2": [conv_work_same_padding, conv_work_off_by_one, conv_work_without_channels, conv_work_parameters],
    "05.3": [shift_rolled, shift_wrong_sign, shift_axes_swapped, shift_in_place, shift_positive_only],
    "05.4": [confusion_transposed, confusion_counts_once, confusion_small, confusion_as_rates],
    "05.5": [most_wrong_least_sure, most_wrong_with_right_ones, most_wrong_inner_positions, most_wrong_right_class],
}
