"""Other right answers and plausible mistakes for lesson 02."""

import math
from fractions import Fraction
from itertools import pairwise

import keras
import numpy as np
import records
from keras import ops

# --- 02.1


def count_by_array(kernel, channels_in, channels_out, bias=True):
    weights = np.zeros((kernel, kernel, channels_in, channels_out)).size
    return weights + (channels_out if bias else 0)


def count_by_keras(kernel, channels_in, channels_out, bias=True):
    layer = keras.layers.Conv2D(channels_out, kernel, use_bias=bias)
    layer.build((None, None, None, channels_in))
    return layer.count_params()


def count_by_terms(kernel, channels_in, channels_out, bias=True):
    biases = {True: channels_out, False: 0}
    return np.prod([kernel, kernel, channels_in, channels_out]) + biases[bias]


def square_missing(kernel, channels_in, channels_out, bias=True):
    return channels_out * (kernel * channels_in + bias)


def twice_for_square(kernel, channels_in, channels_out, bias=True):
    return channels_out * (2 * kernel * channels_in + bias)


def bias_per_input(kernel, channels_in, channels_out, bias=True):
    return kernel**2 * channels_in * channels_out + channels_in * bias


def adds_channels(kernel, channels_in, channels_out, bias=True):
    return kernel**2 * (channels_in + channels_out) + channels_out * bias


def without_by_default(kernel, channels_in, channels_out, bias=False):
    return channels_out * (kernel**2 * channels_in + bias)


def bias_upside_down(kernel, channels_in, channels_out, bias=True):
    return channels_out * (kernel**2 * channels_in + (not bias))


def forgets_bias(kernel, channels_in, channels_out, bias=True):
    return kernel**2 * channels_in * channels_out


def one_bias_in_all(kernel, channels_in, channels_out, bias=True):
    return kernel**2 * channels_in * channels_out + int(bias)


def forgets_input_channels(kernel, channels_in, channels_out, bias=True):
    return channels_out * (kernel**2 + int(bias))


def bias_per_connection(kernel, channels_in, channels_out, bias=True):
    return channels_out * channels_in * (kernel**2 + int(bias))


def always_bias(kernel, channels_in, channels_out, bias=True):
    return channels_out * (kernel**2 * channels_in + 1)


# --- 02.2


def one_axis_at_a_time(layer, image, down, right):
    moved = np.roll(np.roll(image, right, axis=1), down, axis=0)
    after = np.roll(np.roll(layer(image), right, axis=1), down, axis=0)
    return float(np.max(np.abs(after - layer(moved))))


def by_slices(layer, image, down, right):
    def move(array):
        down_, right_ = down % array.shape[0], right % array.shape[1]
        array = np.concatenate([array[array.shape[0] - down_ :], array[: array.shape[0] - down_]])
        return np.concatenate([array[:, array.shape[1] - right_ :], array[:, : array.shape[1] - right_]], axis=1)

    difference = layer(move(image)) - move(layer(image))
    return max(difference.max(), -difference.min())


def pixel_by_pixel(layer, image, down, right):
    height, width = len(image), len(image[0])
    moved = [[image[(y - down) % height][(x - right) % width] for x in range(width)] for y in range(height)]
    one, two = np.asarray(layer(np.array(moved))).tolist(), np.asarray(layer(image)).tolist()
    places = [(y, x) for y in range(height) for x in range(width)]
    return max(abs(one[y][x] - two[(y - down) % height][(x - right) % width]) for y, x in places)


def by_keras(layer, image, down, right):
    moved = ops.roll(ops.roll(image, down, axis=0), right, axis=1)
    after = ops.roll(ops.roll(layer(image), down, axis=0), right, axis=1)
    return ops.max(ops.absolute(layer(ops.convert_to_numpy(moved)) - after))


def _moved(array, down, right):
    return np.roll(array, (down, right), axis=(0, 1))


def mean_gap(layer, image, down, right):
    return np.abs(layer(_moved(image, down, right)) - _moved(layer(image), down, right)).mean()


def signed_gap(layer, image, down, right):
    return (layer(_moved(image, down, right)) - _moved(layer(image), down, right)).max()


def summed_gap(layer, image, down, right):
    return np.abs(layer(_moved(image, down, right)) - _moved(layer(image), down, right)).sum()


def map_stays(layer, image, down, right):
    return np.abs(layer(_moved(image, down, right)) - layer(image)).max()


def map_goes_back(layer, image, down, right):
    return np.abs(layer(_moved(image, down, right)) - _moved(layer(image), -down, -right)).max()


def axes_exchanged(layer, image, down, right):
    return np.abs(layer(_moved(image, right, down)) - _moved(layer(image), right, down)).max()


def only_down(layer, image, down, right):
    return np.abs(layer(np.roll(image, down, axis=0)) - np.roll(layer(image), down, axis=0)).max()


def along_one_axis_twice(layer, image, down, right):
    move = down + right
    return np.abs(layer(np.roll(image, move, axis=1)) - np.roll(layer(image), move, axis=1)).max()


def flat(layer, image, down, right):
    move = (down, right)
    return np.abs(layer(np.roll(image, move)) - np.roll(layer(image), move)).max()


def image_against_map(layer, image, down, right):
    return np.abs(_moved(image, down, right) - _moved(layer(image), down, right)).max()


def yes_or_no(layer, image, down, right):
    return not np.allclose(layer(_moved(image, down, right)), _moved(layer(image), down, right))


def squared_gap(layer, image, down, right):
    return ((layer(_moved(image, down, right)) - _moved(layer(image), down, right)) ** 2).max()


def moved_where_it_stands(layer, image, down, right):
    after = _moved(layer(image), down, right)
    image[:] = _moved(image, down, right)
    return np.abs(layer(image) - after).max()


# --- 02.3


def from_the_top(layers):
    field = 1
    for kernel, stride in reversed(layers):
        field = (field - 1) * stride + kernel
    return field


def by_products(layers):
    strides = [stride for _, stride in layers]
    return 1 + sum((kernel - 1) * math.prod(strides[:i]) for i, (kernel, _) in enumerate(layers))


def by_marking(layers):
    seen = {0}
    while layers:
        kernel, stride = layers.pop()
        seen = {place * stride + k for place in seen for k in (0, kernel - 1)}
    return max(seen) - min(seen) + 1


def by_recursion(layers):
    if len(layers) == 0:
        return 1
    kernel, stride = layers[0]
    return kernel + (by_recursion(layers[1:]) - 1) * stride


def largest_stride(layers):
    field, step = 1, 1
    for kernel, stride in layers:
        field += (kernel - 1) * step
        step = max(step, stride)
    return field


def sums_strides(layers):
    field, step = 1, 1
    for kernel, stride in layers:
        field += (kernel - 1) * step
        step += stride - 1
    return field


def upside_down_layers(layers):
    return by_products(list(reversed(layers)))


def starts_at_zero(layers):
    return by_products(layers) - 1


def forgets_the_last(layers):
    return by_products(layers[:-1])


def first_layer_apart(layers):
    field, step = layers[0]
    for kernel, stride in layers[1:]:
        field += (kernel - 1) * step
        step *= stride
    return field


def squared(layers):
    return by_products(layers) ** 2


def product_of_kernels(layers):
    return math.prod(kernel for kernel, _ in layers)


def unordered_pairs(layers):
    return by_products([(stride, kernel) for kernel, stride in layers])


def ignores_strides(layers):
    return 1 + sum(kernel - 1 for kernel, _ in layers)


def sums_kernels(layers):
    return sum(kernel for kernel, _ in layers)


def step_too_early(layers):
    field, step = 1, 1
    for kernel, stride in layers:
        step *= stride
        field += (kernel - 1) * step
    return field


def last_stride_only(layers):
    field, before = 1, 1
    for kernel, stride in layers:
        field += (kernel - 1) * before
        before = stride
    return field


def adds_whole_kernels(layers):
    field, step = 1, 1
    for kernel, stride in layers:
        field += kernel * step
        step *= stride
    return field


# --- 02.4


def with_where(x, f, projection=None):
    total = f(x) + (projection(x) if projection else x)
    return np.where(total > 0, total, 0.0)


def in_place(x, f, projection=None):
    correction = f(x)
    x = x if projection is None else projection(x)
    x += correction
    x[x < 0] = 0
    return x


def in_one_line(x, f, projection=None):
    return (f(x) + (projection or (lambda v: v))(x)).clip(min=0)


def by_absolute(x, f, projection=None):
    total = (x if projection is None else projection(x)) + f(x)
    return (total + np.abs(total)) / 2


def by_keras_block(x, f, projection=None):
    shortcut = x if projection is None else projection(x)
    return keras.ops.relu(keras.ops.add(shortcut, f(x)))


def in_place_too_early(x, f, projection=None):
    np.maximum(x, 0, out=x)
    return np.maximum((x if projection is None else projection(x)) + f(x), 0)


def adds_projection_to_x(x, f, projection=None):
    total = x + f(x)
    return np.maximum(total if projection is None else total + projection(x), 0)


def projects_the_sum(x, f, projection=None):
    return np.maximum(x + f(x) if projection is None else projection(x + f(x)), 0)


def multiplies(x, f, projection=None):
    return np.maximum((x if projection is None else projection(x)) * f(x), 0)


def averages(x, f, projection=None):
    return np.maximum(((x if projection is None else projection(x)) + f(x)) / 2, 0)


def leaks(x, f, projection=None):
    total = (x if projection is None else projection(x)) + f(x)
    return np.where(total > 0, total, 0.01 * total)


def subtracts(x, f, projection=None):
    return np.maximum((x if projection is None else projection(x)) - f(x), 0)


def relu_of_the_total_sum(x, f, projection=None):
    total = (x if projection is None else projection(x)) + f(x)
    return total * (total.sum() > 0)


def saturates(x, f, projection=None):
    return np.clip((x if projection is None else projection(x)) + f(x), 0, 6)


def no_relu(x, f, projection=None):
    return f(x) + (x if projection is None else projection(x))


def relu_on_the_correction(x, f, projection=None):
    return np.maximum(f(x), 0) + (x if projection is None else projection(x))


def no_skip(x, f, projection=None):
    return np.maximum(f(x), 0)


def forgets_projection(x, f, projection=None):
    return np.maximum(x + f(x), 0)


def relu_before_adding(x, f, projection=None):
    shortcut = x if projection is None else projection(x)
    return np.maximum(np.maximum(shortcut, 0) + np.maximum(f(x), 0), 0)


def correction_of_the_projection(x, f, projection=None):
    shortcut = x if projection is None else projection(x)
    return np.maximum(shortcut + f(shortcut), 0)


# --- 02.5


def loop(sizes, samples):
    total = 0
    for index in range(1, len(sizes)):
        total += sizes[index - 1] * sizes[index] + sizes[index]
    return total / samples


def by_arrays(sizes, samples):
    sizes = np.array(sizes)
    return (sizes[:-1] @ sizes[1:] + sizes[1:].sum()) / samples


def as_fraction(sizes, samples):
    return Fraction(sum((a + 1) * b for a, b in pairwise(sizes)), samples)


def one_bias_a_layer(sizes, samples):
    return sum(a * b + 1 for a, b in pairwise(sizes)) / samples


def outputs_without_bias(sizes, samples):
    return (sum((a + 1) * b for a, b in pairwise(sizes)) - sizes[-1]) / samples


def inputs_plus_one_everywhere(sizes, samples):
    return sum(a * (b + 1) for a, b in pairwise(sizes)) / samples


def without_the_last_layer(sizes, samples):
    return sum((a + 1) * b for a, b in pairwise(sizes[:-1])) / samples


def everything_with_everything(sizes, samples):
    return sum((a + 1) * b for i, a in enumerate(sizes) for b in sizes[i + 1 :]) / samples


def units_not_parameters(sizes, samples):
    return sum(sizes) / samples


def no_division(sizes, samples):
    return sum((a + 1) * b for a, b in pairwise(sizes))


def rounded(sizes, samples):
    return round(sum((a + 1) * b for a, b in pairwise(sizes)) / samples, 1)


def no_biases(sizes, samples):
    return sum(a * b for a, b in pairwise(sizes)) / samples


def inputs_biased_too(sizes, samples):
    return (sum(a * b for a, b in pairwise(sizes)) + sum(sizes)) / samples


def upside_down(sizes, samples):
    return samples / sum((a + 1) * b for a, b in pairwise(sizes))


def first_layer_only(sizes, samples):
    return (sizes[0] + 1) * sizes[1] / samples


def whole_number(sizes, samples):
    return sum((a + 1) * b for a, b in pairwise(sizes)) // samples


# --- 02.6

FOUND = {
    "digits": 1000,
    "seeds": 2,
    "predicted": [0.9, 0.8, 0.6, 0.4],
    "test": [0.93, 0.8, 0.6, 0.35],
    "memorised": [1.0, 1.0, 1.0, 1.0],
    "fails_first": "generalisation",
}


_found = records.varied(FOUND)


ALTERNATIVES = {
    "02.1": [count_by_array, count_by_keras, count_by_terms],
    "02.2": [one_axis_at_a_time, by_slices, pixel_by_pixel, by_keras],
    "02.3": [from_the_top, by_products, by_marking, by_recursion],
    "02.4": [with_where, in_place, in_one_line, by_absolute, by_keras_block],
    "02.5": [loop, by_arrays, as_fraction],
    "02.6": [
        _found(),
        _found(test=np.array([0.9, 0.7, 0.5, 0.3]), predicted=(1, 1, 1, 1), seeds=np.int64(5), note="surprising"),
        _found(memorised=[1.0, 0.8, 0.5, 0.2], fails_first="memory"),
    ],
}

WRONG = {
    "02.1": [
        *(forgets_bias, one_bias_in_all, forgets_input_channels, bias_per_connection, always_bias, square_missing),
        *(twice_for_square, bias_per_input, adds_channels, without_by_default, bias_upside_down),
    ],
    "02.2": [
        *(mean_gap, signed_gap, summed_gap, map_stays, map_goes_back, axes_exchanged, only_down, along_one_axis_twice),
        *(flat, image_against_map, yes_or_no, squared_gap, moved_where_it_stands),
    ],
    "02.3": [
        *(ignores_strides, sums_kernels, step_too_early, last_stride_only, adds_whole_kernels, largest_stride),
        *(sums_strides, upside_down_layers, starts_at_zero, forgets_the_last, first_layer_apart, squared),
        *(product_of_kernels, unordered_pairs),
    ],
    "02.4": [
        *(no_relu, relu_on_the_correction, no_skip, forgets_projection, relu_before_adding),
        *(correction_of_the_projection, in_place_too_early, adds_projection_to_x, projects_the_sum, multiplies),
        *(averages, leaks, subtracts, relu_of_the_total_sum, saturates),
    ],
    "02.5": [
        *(no_biases, inputs_biased_too, upside_down, first_layer_only, whole_number, one_bias_a_layer),
        *(outputs_without_bias, inputs_plus_one_everywhere, without_the_last_layer, everything_with_everything),
        *(units_not_parameters, no_division, rounded),
    ],
    "02.6": [
        *(_found("seeds"), _found(seeds=1), _found(digits=20), _found(test=[93, 80, 60, 35]), _found(test=[0.9, 0.5])),
        *(_found(test=[0.35, 0.6, 0.8, 0.93]), _found(predicted=FOUND["test"]), _found(fails_first="memory")),
        *(_found(test=[0.1, 0.1, 0.1, 0.1]), _found(memorised="all"), _found(fails_first=True), lambda: 0.5),
        _found(memorised=[1.0, 0.8, 0.5, 0.2]),
    ],
}
