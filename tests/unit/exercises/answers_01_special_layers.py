"""Right and wrong answers to lesson 01's exercises, as students write them."""

import math

import keras
import numpy as np
import records
from keras import layers


# --- 01.1 twins
def twins_with_function(features, units):
    one, two = keras.Input(shape=(features,)), keras.Input(shape=(features,))
    encode = keras.Sequential([keras.Input((features,)), layers.Dense(units)])
    return keras.Model(inputs=[one, two], outputs=layers.Dense(1)(layers.subtract([encode(one), encode(two)])))


def twins_by_minus(features, units):
    one, two = keras.Input(shape=(features,), name="one"), keras.Input(shape=(features,), name="two")
    eyes, verdict = layers.Dense(units, activation="linear"), layers.Dense(1, name="verdict")
    return keras.Model(inputs=(one, two), outputs=verdict(eyes(one) - eyes(two)))


def twins_by_adding_the_opposite(features, units):
    one, two = keras.Input((features,)), keras.Input((features,))
    shared = layers.Dense(units)
    difference = layers.Add()([shared(one), layers.Rescaling(-1.0)(shared(two))])
    return keras.Model([one, two], layers.Dense(1)(difference))


class Twins(keras.Model):
    def __init__(self, units):
        super().__init__()
        self.eyes, self.verdict = layers.Dense(units), layers.Dense(1)

    def call(self, pair):
        return self.verdict(self.eyes(pair[0]) - self.eyes(pair[1]))


def twins_as_a_class(features, units):
    return Twins(units)


def _twins(activation=None, merge=layers.subtract, after=None, last="linear", bias=True, separate=False, swap=False):
    def build(features, units):
        one, two = keras.Input((features,)), keras.Input((features,))
        shared = layers.Dense(units, activation=activation, use_bias=bias)
        other = layers.Dense(units) if separate else shared
        difference = merge([other(two), shared(one)] if swap else [shared(one), other(two)])
        difference = layers.Activation(after)(difference) if after else difference
        return keras.Model([one, two], layers.Dense(1, activation=last)(difference))

    return build


def twins_two_outputs(features, units):
    one, two = keras.Input((features,)), keras.Input((features,))
    shared = layers.Dense(units)
    return keras.Model([one, two], layers.Subtract()([shared(one), shared(two)]))


def twins_returns_tensor(features, units):
    one, two = keras.Input((features,)), keras.Input((features,))
    shared = layers.Dense(units)
    return layers.Dense(1)(layers.Subtract()([shared(one), shared(two)]))


def twins_subtracts_first(features, units):
    one, two = keras.Input((features,)), keras.Input((features,))
    return keras.Model([one, two], layers.Dense(1)(layers.Dense(units)(layers.Subtract()([one, two]))))


def twins_in_a_tower(features, units):
    return keras.Sequential([keras.Input((features,)), layers.Dense(units), layers.Dense(1)])


def twins_of_six_and_four(features, units):
    return twins_by_minus(6, 4)


# --- 01.2 conv1d
def conv1d_by_library(x, kernel, stride):
    return np.convolve(x, kernel[::-1], mode="valid")[::stride]


def conv1d_by_loops(x, kernel, stride):
    out, start = [], 0
    while start + len(kernel) <= len(x):
        out.append(sum(float(x[start + j]) * float(kernel[j]) for j in range(len(kernel))))
        start += stride
    return out


def conv1d_by_windows(x, kernel, stride):
    return np.lib.stride_tricks.sliding_window_view(x, len(kernel))[::stride] @ kernel


def conv1d_by_keras(x, kernel, stride):
    return keras.ops.conv(
        keras.ops.reshape(np.asarray(x, "float32"), (1, -1, 1)),
        keras.ops.reshape(np.asarray(kernel, "float32"), (-1, 1, 1)),
        strides=stride,
    )[0, :, 0]


def conv1d_rounds_up(x, kernel, stride):
    count = math.ceil((len(x) - len(kernel)) / stride) + 1
    return np.array([np.sum(x[i * stride :][: len(kernel)] * kernel[: len(x) - i * stride]) for i in range(count)])


def conv1d_counts_wrong(x, kernel, stride):
    count = len(x) // stride - len(kernel) // stride + 1
    return np.array([np.dot(x[i * stride : i * stride + len(kernel)], kernel) for i in range(count)])


def conv1d_whole_numbers(x, kernel, stride):
    out = np.zeros((len(x) - len(kernel)) // stride + 1, dtype=int)
    for i in range(len(out)):
        out[i] = np.sum(x[i * stride : i * stride + len(kernel)] * kernel)
    return out


def conv1d_in_the_type_of_x(x, kernel, stride):
    out = np.zeros_like(x[: (len(x) - len(kernel)) // stride + 1])
    for i in range(len(out)):
        out[i] = np.sum(x[i * stride : i * stride + len(kernel)] * kernel)
    return out


def conv1d_steps_by_the_kernel(x, kernel, stride):
    size = len(kernel)
    return np.array([np.sum(x[s : s + size] * kernel) for s in range(0, len(x) - size + 1, size)])


def conv1d_mean(x, kernel, stride):
    return conv1d_by_library(x, kernel, stride) / len(kernel)


def conv1d_with_relu(x, kernel, stride):
    return np.maximum(conv1d_by_library(x, kernel, stride), 0)


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


def length_by_counting(length, size, stride, padding):
    return len(range(0, length if padding == "same" else length - size + 1, stride))


def length_as_float(length, size, stride, padding):
    return np.ceil(length / stride) if padding == "same" else np.floor((length - size) / stride) + 1


def length_by_keras(length, size, stride, padding):
    layer = layers.Conv1D(1, size, strides=stride, padding=padding)
    return layer.compute_output_shape((None, length, 1))[1]


def length_rounds(length, size, stride, padding):
    return round(length / stride) if padding == "same" else (length - size) // stride + 1


def length_rounds_valid(length, size, stride, padding):
    return math.ceil(length / stride) if padding == "same" else round((length - size) / stride) + 1


def length_rounds_all_up(length, size, stride, padding):
    return math.ceil(length / stride) if padding == "same" else math.ceil((length - size) / stride) + 1


def length_divides_first(length, size, stride, padding):
    return math.ceil(length / stride) if padding == "same" else length // stride - size // stride + 1


def length_one_before_dividing(length, size, stride, padding):
    return math.ceil(length / stride) if padding == "same" else (length - size + 1) // stride


def length_pads_by_half(length, size, stride, padding):
    return (length + (size // 2 * 2 if padding == "same" else 0) - size) // stride + 1


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


def pool_by_lists(image, size):
    tops, lefts = range(0, len(image) - size + 1, size), range(0, len(image[0]) - size + 1, size)
    return [[max(image[t + i, x + j] for i in range(size) for j in range(size)) for x in lefts] for t in tops]


def pool_by_windows(image, size):
    return np.lib.stride_tricks.sliding_window_view(image, (size, size))[::size, ::size].max(axis=(2, 3))


def pool_by_keras(image, size):
    return layers.MaxPooling2D(size)(image.astype("float32")[None, :, :, None])[0, :, :, 0]


def pool_keeps_the_rest(image, size):
    rows, columns = -(-image.shape[0] // size), -(-image.shape[1] // size)
    return [[image[i * size :, j * size :][:size, :size].max() for j in range(columns)] for i in range(rows)]


def pool_crops_left_and_top(image, size):
    return pool_by_loops(image[image.shape[0] % size :, image.shape[1] % size :], size)


def pool_always_two(image, size):
    return pool_by_loops(image, 2)


def pool_of_squares_only(image, size):
    side = min(image.shape) // size
    return pool_by_loops(image[: side * size, : side * size], size)


def pool_rows_only(image, size):
    rows = image.shape[0] // size
    return image[: rows * size].reshape(rows, size, -1).max(axis=1)


def pool_whole_numbers(image, size):
    return pool_by_loops(image, size).astype(int)


def pool_by_size(image, size):
    return np.abs(pool_by_loops(np.abs(image), size))


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


def analogy_by_distance(vectors, a, b, c):
    unit = vectors / np.sqrt((vectors**2).sum(axis=1))[:, None]
    query = unit[b] - unit[a] + unit[c]
    order = np.argsort(((unit - query) ** 2).sum(axis=1))
    return next(int(word) for word in order if word not in {a, b, c})


def analogy_scales_the_query(vectors, a, b, c):
    unit = (vectors.T / np.linalg.norm(vectors, axis=1)).T
    query = unit[b] - unit[a] + unit[c]
    cosines = unit @ (query / (np.linalg.norm(query) or 1))
    cosines[[a, b, c]] = -2
    return np.array([cosines.argmax()])


def _analogy(unit=True, scaled=True, but="abc", signs=(-1, 1, 1), distance=False, worst=0.0, largest=True):
    """What students vary: which vectors are scaled, who is excluded and how, the signs of a, b, c."""

    def answer(vectors, a, b, c):
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        words, parts = vectors / lengths if unit else vectors, vectors / lengths if scaled else vectors
        query = signs[0] * parts[a] + signs[1] * parts[b] + signs[2] * parts[c]
        score = -np.linalg.norm(vectors - query, axis=1) if distance else words @ query
        excluded = [word for word, name in zip((a, b, c), "abc") if name in but]
        if worst:
            score[excluded] = 0
        else:
            score[excluded] = -np.inf if largest else np.inf
        return int(np.argmax(score) if largest else np.argmin(score))

    return answer


def analogy_returns_the_vector(vectors, a, b, c):
    return vectors[analogy_by_loop(vectors, a, b, c)]


def analogy_counts_without_the_three(vectors, a, b, c):
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    others = np.delete(unit, [a, b, c], axis=0)
    return int(np.argmax(others @ (unit[b] - unit[a] + unit[c])))


# --- 01.6 pooling_experiment
FOUND = {
    "shift": 4,
    "digits": 500,
    "predicted": [1, 1, 1],
    "max": [1.219, 0.982, 0.671],
    "mean": [1.261, 1.120, 0.731],
    "matters_more": "width",
}


_found = records.varied(FOUND)


ALTERNATIVES = {
    "01.1": [twins_with_function, twins_by_minus, twins_by_adding_the_opposite, twins_as_a_class],
    "01.2": [conv1d_by_library, conv1d_by_loops, conv1d_by_windows, conv1d_by_keras],
    "01.3": [length_by_ceil, length_by_counting, length_as_float, length_by_keras],
    "01.4": [pool_by_loops, pool_by_lists, pool_by_windows, pool_by_keras],
    "01.5": [analogy_by_loop, analogy_by_distance, analogy_scales_the_query],
    "01.6": [
        _found(),
        _found(max=np.array(FOUND["max"]), mean=tuple(FOUND["mean"]), shift=np.int64(4), note="I was wrong"),
        _found(shift=8.0, max=[1.35, 1.30, 1.26], mean=[1.36, 1.34, 1.2], predicted=(0.5, 0.4, 0.3)),
        _found(max=[0.9, 0.8, 0.7], mean=[0.6, 0.5, 0.4], matters_more="kind"),
    ],
}
WRONG = {
    "01.1": [
        *(_twins(separate=True), _twins(merge=layers.add), _twins(merge=layers.concatenate), _twins(swap=True)),
        *(_twins(activation="relu"), _twins(activation="softmax"), _twins(after="tanh"), _twins(last="sigmoid")),
        *(_twins(bias=False), twins_two_outputs, twins_returns_tensor, twins_subtracts_first, twins_in_a_tower),
        *(twins_of_six_and_four, _twins(merge=layers.multiply)),
    ],
    "01.2": [
        *(conv1d_flipped, conv1d_off_by_one, conv1d_no_stride, conv1d_padded, conv1d_no_sum, conv1d_rounds_up),
        *(conv1d_counts_wrong, conv1d_whole_numbers, conv1d_in_the_type_of_x, conv1d_steps_by_the_kernel, conv1d_mean),
        conv1d_with_relu,
    ],
    "01.3": [
        *(length_forgets_one, length_always_same, length_rounds_down, length_is_a_fraction, length_ignores_padding),
        *(length_rounds, length_rounds_valid, length_rounds_all_up, length_divides_first, length_one_before_dividing),
        length_pads_by_half,
    ],
    "01.4": [
        *(pool_average, pool_wrong_axes, pool_overlapping, pool_swapped, pool_with_relu, pool_keeps_the_rest),
        *(pool_crops_left_and_top, pool_always_two, pool_of_squares_only, pool_rows_only, pool_whole_numbers),
        pool_by_size,
    ],
    "01.5": [
        *(_analogy(but=""), _analogy(but="bc"), _analogy(but="c"), _analogy(but="ab"), _analogy(worst=1.0)),
        *(_analogy(signs=(1, -1, 1)), _analogy(signs=(-1, 1, -1)), _analogy(signs=(1, 1, -1)), _analogy(largest=False)),
        *(_analogy(unit=False), _analogy(scaled=False), _analogy(unit=False, scaled=False), _analogy(distance=True)),
        *(analogy_returns_the_vector, analogy_counts_without_the_three),
    ],
    "01.6": [
        *(_found("predicted"), _found(digits=1), _found(shift=0), _found(shift=2.5), _found(max=[90.6, 64.3, 41.8])),
        *(_found(mean=FOUND["max"]), _found(predicted=FOUND["mean"]), _found(matters_more="kind")),
        *(_found(max=[0.4, 0.6, 0.9]), _found(mean=[0.7, float("nan"), 0.4]), _found(mean=[0.7, 0.4])),
        *(_found(predicted="less"), _found(matters_more="both"), lambda: list(FOUND.values()), lambda: None),
        _found(max=[0, 0, 0]),
    ],
}
