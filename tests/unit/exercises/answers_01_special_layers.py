"""Right and wrong answers to lesson 01's exercises, as students write them."""

import math

import keras
import numpy as np
from keras import layers


# --- 01.1 twins
def twins_with_function(features, units):
    one, two = keras.Input(shape=(features,)), keras.Input(shape=(features,))
    encode = keras.Sequential([keras.Input((features,)), layers.Dense(units)])
    return keras.Model(inputs=[one, two], outputs=layers.Dense(1)(layers.subtract([encode(one), encode(two)])))


def twins_two_bricks(features, units):
    one, two = keras.Input((features,)), keras.Input((features,))
    return keras.Model(
        [one, two], layers.Dense(1)(layers.Subtract()([layers.Dense(units)(one), layers.Dense(units)(two)]))
    )


def _merged(merge):
    def build(features, units):
        one, two = keras.Input((features,)), keras.Input((features,))
        shared = layers.Dense(units)
        return keras.Model([one, two], layers.Dense(1)(merge([shared(one), shared(two)])))

    return build


def twins_two_outputs(features, units):
    one, two = keras.Input((features,)), keras.Input((features,))
    shared = layers.Dense(units)
    return keras.Model([one, two], layers.Subtract()([shared(one), shared(two)]))


def twins_returns_tensor(features, units):
    one, two = keras.Input((features,)), keras.Input((features,))
    shared = layers.Dense(units)
    return layers.Dense(1)(layers.Subtract()([shared(one), shared(two)]))


# --- 01.2 conv1d
def conv1d_by_library(x, kernel, stride):
    return np.convolve(x, kernel[::-1], mode="valid")[::stride]


def conv1d_by_loops(x, kernel, stride):
    out, start = [], 0
    while start + len(kernel) <= len(x):
        out.append(sum(float(x[start + j]) * float(kernel[j]) for j in range(len(kernel))))
        start += stride
    return out


def conv1d_flipped(x, kernel, stride):
    return np.convolve(x, kernel, mode="valid")[::stride]


def conv1d_off_by_one(x, kernel, stride):
    size = len(kernel)
    return np.array([np.sum(x[s : s + size] * kernel) for s in range(0, len(x) - size, stride)])


def conv1d_no_stride(x, kernel, stride):
    return conv1d_by_library(x, kernel, 1)


def conv1d_padded(x, kernel, stride):
    return np.correlate(x, kernel, mode="same")[::stride]


def conv1d_no_sum(x, kernel, stride):
    size = len(kernel)
    return np.array([x[s : s + size] * kernel for s in range(0, len(x) - size + 1, stride)])


# --- 01.3 output_length
def length_by_ceil(length, size, stride, padding):
    return math.ceil(length / stride) if padding == "same" else math.ceil((length - size + 1) / stride)


def length_forgets_one(length, size, stride, padding):
    return math.ceil(length / stride) if padding == "same" else (length - size) // stride


def length_always_same(length, size, stride, padding):
    return length if padding == "same" else (length - size) // stride + 1


def length_rounds_down(length, size, stride, padding):
    return length // stride if padding == "same" else (length - size) // stride + 1


def length_is_a_fraction(length, size, stride, padding):
    return length / stride if padding == "same" else (length - size) / stride + 1


def length_ignores_padding(length, size, stride, padding):
    return (length - size) // stride + 1


# --- 01.4 max_pool2d
def pool_by_loops(image, size):
    rows, columns = image.shape[0] // size, image.shape[1] // size
    out = np.empty((rows, columns))
    for i in range(rows):
        for j in range(columns):
            out[i, j] = np.max(image[i * size : (i + 1) * size, j * size : (j + 1) * size])
    return out


def pool_average(image, size):
    rows, columns = image.shape[0] // size, image.shape[1] // size
    return image[: rows * size, : columns * size].reshape(rows, size, columns, size).mean(axis=(1, 3))


def pool_wrong_axes(image, size):
    rows, columns = image.shape[0] // size, image.shape[1] // size
    return image[: rows * size, : columns * size].reshape(size, rows, size, columns).max(axis=(0, 2))


def pool_overlapping(image, size):
    return np.lib.stride_tricks.sliding_window_view(image, (size, size)).max(axis=(2, 3))


def pool_swapped(image, size):
    return pool_by_loops(image, size).T


def pool_with_relu(image, size):
    return np.maximum(pool_by_loops(image, size), 0)


# --- 01.5 analogy
def analogy_by_loop(vectors, a, b, c):
    unit = [v / np.sqrt(v @ v) for v in vectors]
    query = unit[b] - unit[a] + unit[c]
    best = max((i for i in range(len(unit)) if i not in (a, b, c)), key=lambda i: unit[i] @ query)
    return best


def _analogy(normalise=True, exclude=True, sign=1, distance=False):
    def answer(vectors, a, b, c):
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True) if normalise else vectors
        query = sign * (unit[b] - unit[a]) + unit[c]
        score = -np.linalg.norm(vectors - query, axis=1) if distance else unit @ query
        if exclude:
            score[[a, b, c]] = -np.inf
        return int(np.argmax(score))

    return answer


ALTERNATIVES = {
    "01.1": [twins_with_function],
    "01.2": [conv1d_by_library, conv1d_by_loops],
    "01.3": [length_by_ceil],
    "01.4": [pool_by_loops],
    "01.5": [analogy_by_loop],
}
WRONG = {
    "01.1": [
        twins_two_bricks,
        _merged(layers.add),
        _merged(layers.concatenate),
        twins_two_outputs,
        twins_returns_tensor,
    ],
    "01.2": [conv1d_flipped, conv1d_off_by_one, conv1d_no_stride, conv1d_padded, conv1d_no_sum],
    "01.3": [length_forgets_one, length_always_same, length_rounds_down, length_is_a_fraction, length_ignores_padding],
    "01.4": [pool_average, pool_wrong_axes, pool_overlapping, pool_swapped, pool_with_relu],
    "01.5": [_analogy(exclude=False), _analogy(sign=-1), _analogy(normalise=False), _analogy(distance=True)],
}
