"""Answers to the exercises of lesson 03: right ones, written differently, and the mistakes that students make."""

import numpy as np

# --- 03.1 -------------------------------------------------------------------------------------------------------------


def occlude_where(image, top, left, mask, value):
    rows, columns = np.arange(image.shape[0]), np.arange(image.shape[1])
    inside = ((rows >= top) & (rows < top + mask))[:, None] & ((columns >= left) & (columns < left + mask))
    return np.where(inside[:, :, None], value, image)


def occlude_in_place(image, top, left, mask, value):
    image[max(0, top) : max(0, top + mask), max(0, left) : max(0, left + mask)] = value
    return image


def occlude_wrapping(image, top, left, mask, value):
    hidden = image.copy()
    hidden[top : top + mask, left : left + mask] = value
    return hidden


def occlude_shifted_inside(image, top, left, mask, value):
    hidden = image.copy()
    top, left = max(0, top), max(0, left)
    hidden[top : top + mask, left : left + mask] = value
    return hidden


def occlude_one_too_many(image, top, left, mask, value):
    hidden = image.copy()
    hidden[max(0, top) : max(0, top + mask + 1), max(0, left) : max(0, left + mask + 1)] = value
    return hidden


def occlude_axes_swapped(image, top, left, mask, value):
    return occlude_where(image, left, top, mask, value)


# --- 03.2 -------------------------------------------------------------------------------------------------------------


def drops_filled(predict, image, mask, stride, value):
    clean = predict(image)
    unit = np.argmax(clean)
    tops = range(0, image.shape[0] - mask + 1, stride)
    lefts = range(0, image.shape[1] - mask + 1, stride)
    result = np.empty((len(tops), len(lefts)))
    for i, top in enumerate(tops):
        for j, left in enumerate(lefts):
            result[i, j] = clean[unit] - predict(occlude_where(image, top, left, mask, value))[unit]
    return result


def drops_wrong_sign(predict, image, mask, stride, value):
    return -drops_filled(predict, image, mask, stride, value)


def drops_of_the_maximum(predict, image, mask, stride, value):
    def largest(picture):
        return np.array([predict(picture).max()])

    return drops_filled(largest, image, mask, stride, value)


def drops_transposed(predict, image, mask, stride, value):
    return drops_filled(predict, image, mask, stride, value).T


def drops_without_last_position(predict, image, mask, stride, value):
    return drops_filled(predict, image[:-1, :-1], mask, stride, value)


def drops_always_black(predict, image, mask, stride, value):
    return drops_filled(predict, image, mask, stride, 0.0)


def drops_masks_stay(predict, image, mask, stride, value):
    clean = predict(image)
    unit = np.argmax(clean)
    hidden = image.copy()
    rows = []
    for top in range(0, image.shape[0] - mask + 1, stride):
        row = []
        for left in range(0, image.shape[1] - mask + 1, stride):
            hidden[top : top + mask, left : left + mask] = value
            row.append(clean[unit] - predict(hidden)[unit])
        rows.append(row)
    return np.array(rows)


# --- 03.3 -------------------------------------------------------------------------------------------------------------


def activation_map_loop(maps, weights, class_index):
    return [[sum(place[k] * weights[k][class_index] for k in range(len(place))) for place in row] for row in maps]


def activation_map_wrong_axis(maps, weights, class_index):
    return maps @ weights[class_index]


def activation_map_averaged(maps, weights, class_index):
    return maps.mean(axis=(0, 1)) @ weights[:, class_index]


def activation_map_unsummed(maps, weights, class_index):
    return maps * weights[:, class_index]


def activation_map_positive(maps, weights, class_index):
    return np.maximum(maps @ weights[:, class_index], 0)


# --- 03.4 -------------------------------------------------------------------------------------------------------------


def _places(size, kernel, stride, padding):
    return (size + 2 * padding - kernel) // stride + 1


def touched_by_trying(first, last, size, kernel, stride, padding):
    signal = np.zeros(size + 2 * padding)
    signal[padding + first : padding + last + 1] = 1
    answers = [signal[o * stride :][:kernel].any() for o in range(_places(size, kernel, stride, padding))]
    found = np.flatnonzero(answers)
    return (found[0], found[-1]) if len(found) else None


def touched_rounded_down(first, last, size, kernel, stride, padding):
    low = max(0, (first + padding - kernel + 1) // stride)
    high = min(_places(size, kernel, stride, padding) - 1, (last + padding) // stride)
    return (low, high) if low <= high else None


def touched_ignores_borders(first, last, size, kernel, stride, padding):
    low, high = -((kernel - 1 - padding - first) // stride), (last + padding) // stride
    return (low, high) if low <= high else None


def touched_ignores_kernel(first, last, size, kernel, stride, padding):
    high = min(_places(size, kernel, stride, padding) - 1, (last + padding) // stride)
    return max(0, (first + padding) // stride), high


def touched_ignores_padding(first, last, size, kernel, stride, padding):
    low = max(0, -((kernel - 1 - first) // stride))
    high = min(_places(size, kernel, stride, padding) - 1, last // stride)
    return (low, high) if low <= high else None


def touched_always_something(first, last, size, kernel, stride, padding):
    low = max(0, -((kernel - 1 - padding - first) // stride))
    return low, min(_places(size, kernel, stride, padding) - 1, (last + padding) // stride)


# --- 03.5 -------------------------------------------------------------------------------------------------------------


def best_patch_norm(weights):
    return weights / np.linalg.norm(weights.ravel())


def best_patch_loudest(weights):
    return weights / np.abs(weights).max()


def best_patch_absolute(weights):
    return np.abs(weights) / np.linalg.norm(weights.ravel())


def best_patch_wrong_sign(weights):
    return -weights / np.linalg.norm(weights.ravel())


def best_patch_squared_length(weights):
    return weights / np.sum(weights**2)


def best_patch_by_columns(weights):
    return weights / (np.linalg.norm(weights, axis=0) + 1e-12)


ALTERNATIVES = {
    "03.1": [occlude_where],
    "03.2": [drops_filled],
    "03.3": [activation_map_loop],
    "03.4": [touched_by_trying],
    "03.5": [best_patch_norm],
}
WRONG = {
    "03.1": [
        *(occlude_in_place, occlude_wrapping, occlude_shifted_inside, occlude_one_too_many, occlude_axes_swapped),
    ],
    "03.2": [
        *(drops_wrong_sign, drops_of_the_maximum, drops_transposed, drops_without_last_position, drops_always_black),
        drops_masks_stay,
    ],
    "03.3": [
        *(activation_map_wrong_axis, activation_map_averaged, activation_map_unsummed, activation_map_positive),
    ],
    "03.4": [
        *(touched_rounded_down, touched_ignores_borders, touched_ignores_kernel, touched_ignores_padding),
        touched_always_something,
    ],
    "03.5": [
        *(best_patch_loudest, best_patch_absolute, best_patch_wrong_sign, best_patch_squared_length),
        best_patch_by_columns,
    ],
}
