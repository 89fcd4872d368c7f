"""Answers to the exercises of lesson 03: right ones, written differently, and the mistakes that students make."""

import math

import numpy as np
import records

# --- 03.1 -------------------------------------------------------------------------------------------------------------


def occlude_where(image, top, left, mask, value):
    rows, columns = np.arange(image.shape[0]), np.arange(image.shape[1])
    inside = ((rows >= top) & (rows < top + mask))[:, None] & ((columns >= left) & (columns < left + mask))
    return np.where(inside[:, :, None], value, image)


def occlude_pixel_by_pixel(image, top, left, mask, value):
    hidden = np.array(image)
    for row in range(top, top + mask):
        for column in range(left, left + mask):
            if 0 <= row < len(image) and 0 <= column < len(image[0]):
                hidden[row, column] = value
    return hidden


def occlude_padded(image, top, left, mask, value):
    height, width = image.shape[:2]
    margin = mask + abs(top) + abs(left)
    padded = np.pad(image, ((margin, margin), (margin, margin), (0, 0)))
    padded[margin + top :, margin + left :][:mask, :mask] = value
    return padded[margin : margin + height, margin : margin + width]


def occlude_as_lists(image, top, left, mask, value):
    inside = lambda row, column: top <= row < top + mask and left <= column < left + mask  # noqa: E731
    return [
        [[value] * len(pixel) if inside(i, j) else list(pixel) for j, pixel in enumerate(row)]
        for i, row in enumerate(image)
    ]


def occlude_changes_and_restores_nothing(image, top, left, mask, value):
    hidden = image[:]
    hidden[max(0, top) : max(0, top + mask), max(0, left) : max(0, left + mask)] = value
    return hidden


def occlude_one_too_few(image, top, left, mask, value):
    return occlude_where(image, top, left, mask - 1, value)


def occlude_one_channel(image, top, left, mask, value):
    hidden = image.copy()
    hidden[max(0, top) : max(0, top + mask), max(0, left) : max(0, left + mask), 0] = value
    return hidden


def occlude_end_not_clipped(image, top, left, mask, value):
    hidden = image.copy()
    hidden[max(0, top) : top + mask, max(0, left) : left + mask] = value
    return hidden


def occlude_only_inside(image, top, left, mask, value):
    fits = top >= 0 and left >= 0 and top + mask <= image.shape[0] and left + mask <= image.shape[1]
    return occlude_where(image, top, left, mask, value) if fits else image.copy()


def occlude_centred(image, top, left, mask, value):
    return occlude_where(image, top - mask // 2, left - mask // 2, mask, value)


def occlude_pushed_back(image, top, left, mask, value):
    height, width = image.shape[:2]
    return occlude_where(image, min(top, height - mask), min(left, width - mask), mask, value)


def occlude_with_zero(image, top, left, mask, value):
    return occlude_where(image, top, left, mask, 0)


def occlude_everything_else(image, top, left, mask, value):
    hidden = np.full_like(image, value)
    window = np.s_[max(0, top) : max(0, top + mask), max(0, left) : max(0, left + mask)]
    hidden[window] = image[window]
    return hidden


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


def drops_in_place_and_back(predict, image, mask, stride, value):
    clean = list(predict(image))
    unit = clean.index(max(clean))
    result = []
    for top in range(0, image.shape[0] - mask + 1, stride):
        result.append([])
        for left in range(0, image.shape[1] - mask + 1, stride):
            window = np.s_[top : top + mask, left : left + mask]
            kept = image[window].copy()
            image[window] = value
            result[-1].append(clean[unit] - predict(image)[unit])
            image[window] = kept
    return result


def drops_reshaped(predict, image, mask, stride, value):
    clean = predict(image)
    unit = np.argmax(clean)
    tops = np.arange(0, image.shape[0] - mask + 1, stride)
    lefts = np.arange(0, image.shape[1] - mask + 1, stride)
    hidden = [occlude_where(image, top, left, mask, value) for top in tops for left in lefts]
    return clean[unit] - np.array([predict(one)[unit] for one in hidden]).reshape(len(tops), len(lefts))


def drops_relative(predict, image, mask, stride, value):
    return drops_filled(predict, image, mask, stride, value) / np.max(predict(image))


def drops_clipped(predict, image, mask, stride, value):
    return np.maximum(drops_filled(predict, image, mask, stride, value), 0)


def drops_absolute(predict, image, mask, stride, value):
    return np.abs(drops_filled(predict, image, mask, stride, value))


def drops_of_unit_zero(predict, image, mask, stride, value):
    return drops_filled(lambda picture: predict(picture)[:1], image, mask, stride, value)


def drops_by_mask(predict, image, mask, stride, value):
    return drops_filled(predict, image, mask, mask, value)


def drops_one_by_one(predict, image, mask, stride, value):
    return drops_filled(predict, image, mask, 1, value)


def drops_over_the_border(predict, image, mask, stride, value):
    clean = predict(image)
    unit = np.argmax(clean)
    tops, lefts = range(0, image.shape[0], stride), range(0, image.shape[1], stride)
    return [
        [clean[unit] - predict(occlude_where(image, top, left, mask, value))[unit] for left in lefts] for top in tops
    ]


def drops_flat(predict, image, mask, stride, value):
    return drops_filled(predict, image, mask, stride, value).ravel()


def drops_square(predict, image, mask, stride, value):
    side = min(image.shape[:2])
    return drops_filled(predict, image, mask, stride, value)[
        : (side - mask) // stride + 1, : (side - mask) // stride + 1
    ]


def drops_of_all_units(predict, image, mask, stride, value):
    return drops_filled(lambda picture: np.array([predict(picture).sum()]), image, mask, stride, value)


def drops_spoil_the_image(predict, image, mask, stride, value):
    clean = predict(image)
    unit = np.argmax(clean)
    rows = []
    for top in range(0, image.shape[0] - mask + 1, stride):
        row = []
        for left in range(0, image.shape[1] - mask + 1, stride):
            image[top : top + mask, left : left + mask] = value
            row.append(clean[unit] - predict(image)[unit])
        rows.append(row)
    return rows


def drops_without_the_mask_value(predict, image, mask, stride, value):
    return drops_filled(predict, image, mask, stride, image.mean())


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


def activation_map_einsum(maps, weights, class_index):
    return np.einsum("ijk,kc->ijc", maps, weights)[..., class_index]


def activation_map_sum(maps, weights, class_index):
    votes = 0
    for k in range(maps.shape[2]):
        votes = votes + maps[:, :, k] * weights[k, class_index]
    return votes


def activation_map_mean(maps, weights, class_index):
    return (maps * weights[:, class_index]).mean(axis=-1)


def activation_map_all_classes(maps, weights, class_index):
    return maps @ weights


def activation_map_next_class(maps, weights, class_index):
    return maps @ weights[:, (class_index + 1) % weights.shape[1]]


def activation_map_without_weights(maps, weights, class_index):
    return maps.sum(axis=2)


def activation_map_one_channel(maps, weights, class_index):
    return maps[:, :, class_index % maps.shape[2]]


def activation_map_scaled(maps, weights, class_index):
    votes = maps @ weights[:, class_index]
    return votes / (np.abs(votes).max() or 1)


def activation_map_transposed(maps, weights, class_index):
    return (maps @ weights[:, class_index]).T


def activation_map_one_class_too_many(maps, weights, class_index):
    return maps @ weights[:, class_index - 1]


def activation_map_absolute(maps, weights, class_index):
    return maps @ np.abs(weights[:, class_index])


def activation_map_of_whole_numbers(maps, weights, class_index):
    return (maps @ weights[:, class_index]).astype(int)


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


def touched_as_list(first, last, size, kernel, stride, padding):
    seen = [
        place
        for place in range(_places(size, kernel, stride, padding))
        if place * stride - padding <= last and place * stride - padding + kernel - 1 >= first
    ]
    return [seen[0], seen[-1]] if seen else None


def touched_by_ceil(first, last, size, kernel, stride, padding):
    low = max(math.ceil((first + padding - kernel + 1) / stride), 0)
    high = min(math.floor((last + padding) / stride), math.floor((size + 2 * padding - kernel) / stride))
    return None if low > high else np.array([low, high])


def touched_capped_by_size(first, last, size, kernel, stride, padding):
    low, high = max(0, -((kernel - 1 - padding - first) // stride)), min(size - 1, (last + padding) // stride)
    return (low, high) if low <= high else None


def touched_capped_as_same(first, last, size, kernel, stride, padding):
    low = max(0, -((kernel - 1 - padding - first) // stride))
    high = min(math.ceil(size / stride) - 1, (last + padding) // stride)
    return (low, high) if low <= high else None


def touched_padding_outside(first, last, size, kernel, stride, padding):
    low = max(0, -((kernel - 1 - padding - first) // stride))
    high = min((size - kernel) // stride + 2 * padding, (last + padding) // stride)
    return (low, high) if low <= high else None


def touched_one_place_too_many(first, last, size, kernel, stride, padding):
    low = max(0, -((kernel - 1 - padding - first) // stride))
    high = min(_places(size, kernel, stride, padding), (last + padding) // stride)
    return (low, high) if low <= high else None


def touched_rounds(first, last, size, kernel, stride, padding):
    low = max(0, round((first + padding - kernel + 1) / stride))
    high = min(_places(size, kernel, stride, padding) - 1, (last + padding) // stride)
    return (low, high) if low <= high else None


def touched_off_by_one(first, last, size, kernel, stride, padding):
    low = max(0, -((kernel - padding - first) // stride))
    high = min(_places(size, kernel, stride, padding) - 1, (last + padding) // stride)
    return (low, high) if low <= high else None


def touched_last_rounded_up(first, last, size, kernel, stride, padding):
    low = max(0, -((kernel - 1 - padding - first) // stride))
    high = min(_places(size, kernel, stride, padding) - 1, math.ceil((last + padding) / stride))
    return (low, high) if low <= high else None


def touched_ends_exclusive(first, last, size, kernel, stride, padding):
    found = touched_by_trying(first, last, size, kernel, stride, padding)
    return found and (found[0], found[1] + 1)


def touched_only_first(first, last, size, kernel, stride, padding):
    return touched_by_trying(first, first, size, kernel, stride, padding)


def touched_empty_tuple(first, last, size, kernel, stride, padding):
    return touched_by_trying(first, last, size, kernel, stride, padding) or ()


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


def best_patch_by_sums(weights):
    return np.array(weights, float) * (weights * weights).sum() ** -0.5


def best_patch_flat_and_back(weights):
    flat = weights.ravel().astype(float)
    return (flat / np.sqrt(flat @ flat)).reshape(weights.shape)


def best_patch_by_climbing(weights):
    patch = np.full(weights.shape, 1e-3)
    for _ in range(60):  # gradient ascent, the patch brought back to length one after each step
        patch = patch + weights / np.abs(weights).max()
        patch = patch / np.sqrt((patch**2).sum())
    return patch


def best_patch_unscaled(weights):
    return weights


def best_patch_sum_of_sizes(weights):
    return weights / np.abs(weights).sum()


def best_patch_signs(weights):
    return np.sign(weights) / np.sqrt(weights.size)


def best_patch_one_pixel(weights):
    patch = np.zeros(weights.shape)
    place = np.unravel_index(np.abs(weights).argmax(), weights.shape)
    patch[place] = np.sign(weights[place])
    return patch


def best_patch_centred(weights):
    centred = weights - weights.mean()
    return centred / (np.linalg.norm(centred.ravel()) + 1e-12)


def best_patch_root_mean_square(weights):
    return weights / np.sqrt(np.mean(weights**2))


def best_patch_by_deviation(weights):
    return weights / (np.std(weights) * np.sqrt(weights.size) + 1e-12)


def best_patch_matrix_norm(weights):
    return weights / np.linalg.norm(weights, 2)


def best_patch_by_rows(weights):
    return weights / (np.sqrt(np.sum(weights**2, axis=-1, keepdims=True)) + 1e-12)


# --- 03.6 -------------------------------------------------------------------------------------------------------------

FOUND = {
    "stride": 28,
    "predicted": "size",
    "reason": "A black square is a square too.",
    "colour": [0.9, 0.8, 0.95, 0.7],
    "size": [0.6, 0.7, 0.5, 0.9],
    "matters_more": "size",
}


_found = records.varied(FOUND)


ALTERNATIVES = {
    "03.1": [occlude_where, occlude_pixel_by_pixel, occlude_padded, occlude_as_lists],
    "03.2": [drops_filled, drops_in_place_and_back, drops_reshaped],
    "03.3": [activation_map_loop, activation_map_einsum, activation_map_sum],
    "03.4": [touched_by_trying, touched_as_list, touched_by_ceil],
    "03.5": [best_patch_norm, best_patch_by_sums, best_patch_flat_and_back, best_patch_by_climbing],
    "03.6": [
        _found(),
        _found(colour=(0.1, -0.2, 0.3, 0.4), matters_more="colour", photos=4),
        _found(size=np.array(FOUND["size"]), predicted="colour", stride=np.int64(16)),
    ],
}
WRONG = {
    "03.1": [
        *(occlude_in_place, occlude_wrapping, occlude_shifted_inside, occlude_one_too_many, occlude_axes_swapped),
        *(occlude_changes_and_restores_nothing, occlude_one_too_few, occlude_one_channel, occlude_end_not_clipped),
        *(occlude_only_inside, occlude_centred, occlude_pushed_back, occlude_with_zero, occlude_everything_else),
    ],
    "03.2": [
        *(drops_wrong_sign, drops_of_the_maximum, drops_transposed, drops_without_last_position, drops_always_black),
        *(drops_masks_stay, drops_relative, drops_clipped, drops_absolute, drops_of_unit_zero, drops_by_mask),
        *(drops_one_by_one, drops_over_the_border, drops_flat, drops_square, drops_of_all_units),
        *(drops_spoil_the_image, drops_without_the_mask_value),
    ],
    "03.3": [
        *(activation_map_wrong_axis, activation_map_averaged, activation_map_unsummed, activation_map_positive),
        *(activation_map_mean, activation_map_all_classes, activation_map_next_class, activation_map_without_weights),
        *(activation_map_one_channel, activation_map_scaled, activation_map_transposed),
        *(activation_map_one_class_too_many, activation_map_absolute, activation_map_of_whole_numbers),
    ],
    "03.4": [
        *(touched_rounded_down, touched_ignores_borders, touched_ignores_kernel, touched_ignores_padding),
        *(touched_always_something, touched_capped_by_size, touched_capped_as_same, touched_padding_outside),
        *(touched_one_place_too_many, touched_rounds, touched_off_by_one, touched_last_rounded_up),
        *(touched_ends_exclusive, touched_only_first, touched_empty_tuple),
    ],
    "03.5": [
        *(best_patch_loudest, best_patch_absolute, best_patch_wrong_sign, best_patch_squared_length),
        *(best_patch_by_columns, best_patch_unscaled, best_patch_sum_of_sizes, best_patch_signs, best_patch_one_pixel),
        *(best_patch_centred, best_patch_root_mean_square, best_patch_by_deviation, best_patch_matrix_norm),
        best_patch_by_rows,
    ],
    "03.6": [
        *(_found("reason"), _found(reason="yes"), _found(predicted="both"), _found(matters_more="colour")),
        *(_found(colour=[1.0, 1.0, 1.0, 1.0]), _found(size=FOUND["colour"]), _found(colour=[0.8, 0.8, 0.8, 0.8])),
        *(_found(size=[60, 70, 50, 90]), _found(size=0.6), _found(colour=[0.9, float("nan"), 0.8, 0.7])),
        *(_found(stride=0), _found(size=[0.6, 0.7]), lambda: ("size", "size"), lambda: None),
    ],
}
