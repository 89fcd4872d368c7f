"""Other right answers and plausible mistakes for lesson 02."""

from itertools import pairwise

import numpy as np

# --- 02.1


def count_by_array(kernel, channels_in, channels_out, bias=True):
    weights = np.zeros((kernel, kernel, channels_in, channels_out)).size
    return weights + (channels_out if bias else 0)


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


def count_positions(size, kernel, stride, padding):
    return len(range(0, size + 2 * padding - kernel + 1, stride))


def floor_float(size, kernel, stride, padding):
    return int(np.floor((size - kernel + 2 * padding) / stride)) + 1


def no_plus_one(size, kernel, stride, padding):
    return (size + 2 * padding - kernel) // stride


def padding_on_one_side(size, kernel, stride, padding):
    return (size + padding - kernel) // stride + 1


def rounds_up(size, kernel, stride, padding):
    return -(-(size + 2 * padding - kernel) // stride) + 1


def true_division(size, kernel, stride, padding):
    return (size + 2 * padding - kernel) / stride + 1


def stride_in_wrong_place(size, kernel, stride, padding):
    return (size + 2 * padding - kernel + 1) // stride


# --- 02.3


def from_the_top(layers):
    field = 1
    for kernel, stride in reversed(layers):
        field = (field - 1) * stride + kernel
    return field


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


ALTERNATIVES = {
    "02.1": [count_by_array],
    "02.2": [count_positions, floor_float],
    "02.3": [from_the_top],
    "02.4": [with_where],
    "02.5": [loop],
}

WRONG = {
    "02.1": [forgets_bias, one_bias_in_all, forgets_input_channels, bias_per_connection, always_bias],
    "02.2": [no_plus_one, padding_on_one_side, rounds_up, true_division, stride_in_wrong_place],
    "02.3": [ignores_strides, sums_kernels, step_too_early, last_stride_only, adds_whole_kernels],
    "02.4": [
        no_relu,
        relu_on_the_correction,
        no_skip,
        forgets_projection,
        relu_before_adding,
        correction_of_the_projection,
    ],
    "02.5": [no_biases, inputs_biased_too, upside_down, first_layer_only, whole_number],
}
