"""Other answers to lesson 05's exercises: right ones written differently, and the mistakes that students make."""

import keras
import numpy as np
import records
import scipy.ndimage
import sklearn.metrics

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


# --- further right answers and mistakes -------------------------------------------------------------------------------


def one_hot_keras(labels, classes):
    return keras.utils.to_categorical(labels, classes)


def one_hot_written_into(labels, classes):
    result = np.zeros((len(labels), classes), bool)
    result[np.arange(len(labels)), labels] = True
    return result


def one_hot_cold(labels, classes):
    return 1 - np.eye(classes)[labels]


def one_hot_signs(labels, classes):
    return 2 * np.eye(classes)[labels] - 1


def one_hot_label_as_value(labels, classes):
    return np.eye(classes)[labels] * labels[:, None]


def one_hot_mirrored(labels, classes):
    return np.eye(classes)[labels][:, ::-1]


def one_hot_sorted(labels, classes):
    return np.eye(classes)[np.sort(labels)]


def one_hot_unique_only(labels, classes):
    return np.eye(classes)[np.unique(labels)]


def one_hot_ten_classes(labels, classes):
    return np.eye(10)[labels]


def conv_work_numpy(side, kernel, channels, filters):
    return np.prod([side - kernel + 1, side - kernel + 1, kernel, kernel, channels, filters])


def conv_work_by_ranges(side, kernel, channels, filters):
    places = len(range(kernel, side + 1))
    return places * places * (kernel * kernel * channels) * filters


def conv_work_rounded_places(side, kernel, channels, filters):
    return round(side - kernel + 1) ** 2 * kernel**2 * channels * filters / 1


def conv_work_with_bias(side, kernel, channels, filters):
    return (side - kernel + 1) ** 2 * (kernel**2 * channels + 1) * filters


def conv_work_and_additions(side, kernel, channels, filters):
    return 2 * conv_work_summed(side, kernel, channels, filters)


def conv_work_one_side(side, kernel, channels, filters):
    return (side - kernel + 1) * kernel**2 * channels * filters


def conv_work_kernel_once(side, kernel, channels, filters):
    return (side - kernel + 1) ** 2 * kernel * channels * filters


def conv_work_channels_added(side, kernel, channels, filters):
    return (side - kernel + 1) ** 2 * kernel**2 * (channels + filters)


def conv_work_stride_of_kernel(side, kernel, channels, filters):
    return (side // kernel) ** 2 * kernel**2 * channels * filters


def conv_work_half_padding(side, kernel, channels, filters):
    return (side - kernel // 2) ** 2 * kernel**2 * channels * filters


def shift_padded_far(image, down, right):
    height, width = image.shape
    return shift_padded(image, np.clip(down, -height, height), np.clip(right, -width, width))


def shift_by_scipy(image, down, right):
    return scipy.ndimage.shift(image, (down, right), order=0, cval=0)


def shift_rolled_and_wiped(image, down, right):
    height, width = image.shape
    result = np.roll(image, (down, right), axis=(0, 1))
    rows, columns = np.arange(height), np.arange(width)
    result[(rows < down) | (rows >= height + down)] = 0
    result[:, (columns < right) | (columns >= width + right)] = 0
    return result


def shift_as_lists(image, down, right):
    height, width = image.shape
    take = lambda r, c: image[r, c] if 0 <= r < height and 0 <= c < width else 0  # noqa: E731
    return [[take(r - down, c - right) for c in range(width)] for r in range(height)]


def shift_slices_that_wrap(image, down, right):
    height, width = image.shape
    result = np.zeros_like(image)
    result[max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)] = image[
        max(-down, 0) : height + min(-down, 0), max(-right, 0) : width + min(-right, 0)
    ]
    return result  # beyond the image the negative ends count from the far side


def shift_empty_slice(image, down, right):
    result = np.zeros_like(image)
    if down >= 0 and right >= 0:
        result[down:, right:] = image[:-down, :-right]
        return result
    return shift_padded(image, down, right)


def shift_repeats_the_edge(image, down, right):
    height, width = image.shape
    rows = np.clip(np.arange(height) - down, 0, height - 1)
    return image[rows][:, np.clip(np.arange(width) - right, 0, width - 1)]


def shift_down_only(image, down, right):
    return shift_padded(image, down, 0)


def shift_right_only_up_to_two(image, down, right):
    return shift_padded(image, int(np.clip(down, -2, 2)), int(np.clip(right, -2, 2)))


def shift_grows(image, down, right):
    return np.pad(image, ((max(down, 0), max(-down, 0)), (max(right, 0), max(-right, 0))))


def shift_rolled_then_blackened(image, down, right):
    out = np.roll(image, (down, right), axis=(0, 1))
    height, width = image.shape
    out[slice(0, down) if down >= 0 else slice(height + down, None)] = 0
    out[:, slice(0, right) if right >= 0 else slice(width + right, None)] = 0
    return out


def shift_nothing_given_back(image, down, right):
    return image if down == right == 0 else shift_loop(image, down, right)


def shift_filled_with_one(image, down, right):
    return shift_loop(image + 0.0, down, right) + (shift_loop(np.ones(image.shape), down, right) == 0)


def confusion_by_sklearn(truth, predicted, classes):
    return sklearn.metrics.confusion_matrix(truth, predicted, labels=range(classes))


def confusion_product(truth, predicted, classes):
    return np.eye(classes)[truth].T @ np.eye(classes)[predicted]


def confusion_seen_only(truth, predicted, classes):
    return sklearn.metrics.confusion_matrix(truth, predicted)


def confusion_errors_only(truth, predicted, classes):
    matrix = confusion_bincount(truth, predicted, classes)
    np.fill_diagonal(matrix, 0)
    return matrix


def confusion_rows_normalised(truth, predicted, classes):
    matrix = confusion_bincount(truth, predicted, classes)
    return matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)


def confusion_from_one(truth, predicted, classes):
    matrix = np.zeros((classes + 1, classes + 1), int)
    np.add.at(matrix, (truth + 1, predicted + 1), 1)
    return matrix[1:, :]


def confusion_symmetric(truth, predicted, classes):
    matrix = confusion_bincount(truth, predicted, classes)
    return matrix + matrix.T


def confusion_at_most_one(truth, predicted, classes):
    return confusion_bincount(truth, predicted, classes) > 0


def confusion_without_last(truth, predicted, classes):
    return confusion_bincount(truth[:-1], predicted[:-1], classes)


def most_wrong_argsort(probabilities, labels, count):
    said = np.argmax(probabilities, axis=-1)
    sure = np.where(said == labels, -1.0, np.max(probabilities, axis=-1))
    order = np.argsort(sure)[::-1]
    return order[: min(count, int((said != labels).sum()))]


def most_wrong_popping(probabilities, labels, count):
    left = {i: float(max(row)) for i, row in enumerate(probabilities) if int(np.argmax(row)) != int(labels[i])}
    found = []
    while left and len(found) < count:
        found.append(max(left, key=left.get))
        del left[found[-1]]
    return tuple(found)


def _by(key):
    """Sorts the mistakes by something else, the largest first."""

    def attempt(probabilities, labels, count):
        wrong = np.flatnonzero(probabilities.argmax(axis=1) != labels)
        return wrong[np.argsort(-key(probabilities[wrong] + 1e-12, labels[wrong]), kind="stable")][:count]

    return attempt


def _named(name, function):
    function.__name__ = name
    return function


def _right(p, y):
    return p[np.arange(len(p)), y]


MOST_WRONG_BY = [
    _named("most_wrong_by_cross_entropy", _by(lambda p, y: -np.log(_right(p, y)))),
    _named("most_wrong_by_margin", _by(lambda p, y: p.max(axis=1) - _right(p, y))),
    _named("most_wrong_by_top_two", _by(lambda p, y: np.sort(p)[:, -1] - np.sort(p)[:, -2])),
    _named("most_wrong_by_entropy", _by(lambda p, y: (p * np.log(p)).sum(axis=1))),
]


def most_wrong_from_the_end(probabilities, labels, count):
    return most_wrong_least_sure(probabilities, labels, len(labels))[-count:][::-1]


def most_wrong_probabilities(probabilities, labels, count):
    return probabilities.max(axis=1)[most_wrong_sorted(probabilities, labels, count)]


def most_wrong_as_they_come(probabilities, labels, count):
    return np.flatnonzero(probabilities.argmax(axis=1) != labels)[:count]


def most_wrong_filled_up(probabilities, labels, count):
    found = most_wrong_sorted(probabilities, labels, count)
    return found + [i for i in range(len(labels)) if i not in found][: count - len(found)]


def most_wrong_one_too_many(probabilities, labels, count):
    return most_wrong_sorted(probabilities, labels, count + 1)


RECORD = {
    "change": "the same permutation everywhere",
    "predicted": 0.0,
    "before": [0.90, 0.92, 0.91],
    "after": [0.86, 0.83, 0.85],
    "effect": -0.19 / 3,
    "doubt": 0.014529663145,
}

ALTERNATIVES = {
    "05.1": [one_hot_compared, one_hot_loop, one_hot_keras, one_hot_written_into],
    "05.2": [conv_work_summed, conv_work_numpy, conv_work_by_ranges],
    "05.3": [shift_padded_far, shift_loop, shift_by_scipy, shift_rolled_and_wiped, shift_as_lists],
    "05.4": [confusion_loop, confusion_bincount, confusion_by_sklearn, confusion_product],
    "05.5": [most_wrong_sorted, most_wrong_argsort, most_wrong_popping],
    "05.6": records.forms(RECORD),
}
WRONG = {
    "05.1": [
        *(one_hot_classes_from_labels, one_hot_transposed, one_hot_counted_from_one, one_hot_whole_columns),
        *(one_hot_cold, one_hot_signs, one_hot_label_as_value, one_hot_mirrored, one_hot_sorted),
        *(one_hot_unique_only, one_hot_ten_classes),
    ],
    "05.2": [
        *(conv_work_same_padding, conv_work_off_by_one, conv_work_without_channels, conv_work_parameters),
        *(conv_work_rounded_places, conv_work_with_bias, conv_work_and_additions, conv_work_one_side),
        *(conv_work_kernel_once, conv_work_channels_added, conv_work_stride_of_kernel, conv_work_half_padding),
    ],
    "05.3": [
        *(shift_padded, shift_rolled, shift_wrong_sign, shift_axes_swapped, shift_in_place, shift_positive_only),
        *(shift_slices_that_wrap, shift_empty_slice, shift_repeats_the_edge, shift_down_only),
        *(
            shift_right_only_up_to_two,
            shift_grows,
            shift_nothing_given_back,
            shift_filled_with_one,
            shift_rolled_then_blackened,
        ),
    ],
    "05.4": [
        *(confusion_transposed, confusion_counts_once, confusion_small, confusion_as_rates, confusion_seen_only),
        *(confusion_errors_only, confusion_rows_normalised, confusion_from_one, confusion_symmetric),
        *(confusion_at_most_one, confusion_without_last),
    ],
    "05.5": [
        *(most_wrong_least_sure, most_wrong_with_right_ones, most_wrong_inner_positions, most_wrong_right_class),
        *MOST_WRONG_BY,
        *(most_wrong_from_the_end, most_wrong_probabilities, most_wrong_as_they_come, most_wrong_filled_up),
        most_wrong_one_too_many,
    ],
    "05.6": records.mistakes(RECORD),
}
