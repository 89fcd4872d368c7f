"""The NumPy layers equal Keras's on random inputs, and the frames end where the layers do."""

import nbformat
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from utils import runtime
from utils.layers import reference

SETTINGS = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)


@st.composite
def geometries(draw, axes):
    """(input size, kernel size, stride, padding, seed) where the kernel fits."""
    padding = draw(st.sampled_from(["valid", "same"]))
    kernel = [draw(st.integers(1, 4)) for _ in range(axes)]
    low = kernel if padding == "valid" else [1] * axes
    size = [draw(st.integers(n, 9)) for n in low]
    # Keras's Conv2D on TensorFlow takes one stride for all axes, and so do our two-dimensional lessons.
    stride = [draw(st.integers(1, 3))] * axes
    return tuple(size), tuple(kernel), tuple(stride), padding, draw(st.integers(0, 2**16))


def random_input(seed, size, channels):
    rng = np.random.default_rng(seed)
    return rng, rng.normal(size=(2, *size, channels)).astype(np.float32)


@SETTINGS
@given(geometries(axes=1), st.integers(1, 3), st.integers(1, 3))
def test_conv1d_equals_keras(geometry, channels, filters):
    from keras import ops

    size, kernel_size, stride, padding, seed = geometry
    rng, x = random_input(seed, size, channels)
    kernel = rng.normal(size=(*kernel_size, channels, filters)).astype(np.float32)
    bias = rng.normal(size=filters).astype(np.float32)
    expected = ops.convert_to_numpy(ops.conv(x, kernel, strides=stride, padding=padding)) + bias
    assert_allclose(reference.conv1d(x, kernel, bias, stride[0], padding), expected, atol=1e-5)


@SETTINGS
@given(geometries(axes=2), st.integers(1, 3), st.integers(1, 3))
def test_conv2d_equals_keras(geometry, channels, filters):
    from keras import ops

    size, kernel_size, stride, padding, seed = geometry
    rng, x = random_input(seed, size, channels)
    kernel = rng.normal(size=(*kernel_size, channels, filters)).astype(np.float32)
    expected = ops.convert_to_numpy(ops.conv(x, kernel, strides=stride, padding=padding))
    assert_allclose(reference.conv2d(x, kernel, None, stride, padding), expected, atol=1e-5)


@SETTINGS
@pytest.mark.parametrize(("kind", "axes"), [("max", 1), ("average", 1), ("max", 2)])
@given(data=st.data())
def test_pooling_equals_keras(kind, axes, data):
    from keras import ops

    size, window, stride, padding, seed = data.draw(geometries(axes=axes))
    _, x = random_input(seed, size, 3)
    pool = {"max": ops.max_pool, "average": ops.average_pool}[kind]
    expected = ops.convert_to_numpy(pool(x, window, strides=stride, padding=padding))
    ours = getattr(reference, f"{kind}_pool{axes}d")
    shorten = (lambda v: v[0]) if axes == 1 else tuple
    assert_allclose(ours(x, shorten(window), shorten(stride), padding), expected, atol=1e-5)


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_the_layers_of_keras_agree_too(padding):
    """Through the layer classes that the lesson shows, not only through keras.ops."""
    import keras

    rng = np.random.default_rng(3)
    x = rng.normal(size=(2, 7, 6, 3)).astype("float32")
    layer = keras.layers.Conv2D(4, (3, 2), strides=2, padding=padding, bias_initializer="random_normal")
    expected = keras.ops.convert_to_numpy(layer(x))
    kernel, bias = layer.get_weights()
    assert_allclose(reference.conv2d(x, kernel, bias, 2, padding), expected, atol=1e-5)
    expected = keras.ops.convert_to_numpy(keras.layers.MaxPooling2D(2, padding=padding)(x))
    assert_allclose(reference.max_pool2d(x, 2, padding=padding), expected, atol=1e-6)


def test_the_row_on_the_slide():
    x = [1, 4, -1, 0, 2, -2, 1, 3, 3, 1]
    assert_allclose(reference.conv1d(x, [1, 2, 0, -1]), [9, 0, 1, 3, -5, -3, 6])
    assert_allclose(reference.max_pool1d(x, 2), [4, 0, 2, 3, 3])
    assert_allclose(reference.average_pool1d(x, 2), [2.5, -0.5, 0, 2, 2])


@SETTINGS
@given(geometries(axes=2))
def test_one_output_cell_is_the_sum_of_products(geometry):
    """Against four plain loops, so that NumPy and Keras cannot be wrong together."""
    size, kernel_size, stride, padding, seed = geometry
    rng = np.random.default_rng(seed)
    x, kernel = rng.normal(size=size), rng.normal(size=kernel_size)
    top, left = (reference.same_padding(*a)[0] if padding == "same" else 0 for a in zip(size, kernel_size, stride))
    y = reference.conv2d(x, kernel, None, stride, padding)
    for i, j in np.ndindex(*y.shape):
        total = 0.0
        for u, v in np.ndindex(*kernel_size):
            row, column = i * stride[0] + u - top, j * stride[1] + v - left
            if 0 <= row < size[0] and 0 <= column < size[1]:
                total += x[row, column] * kernel[u, v]
        assert y[i, j] == pytest.approx(total)


@SETTINGS
@given(geometries(axes=2), st.integers(0, 2))
def test_convolution_frames_end_in_the_layer(geometry, channels):
    size, kernel_size, stride, padding, seed = geometry
    rng = np.random.default_rng(seed)
    depth = (channels,) if channels else ()
    x, kernel = rng.normal(size=size + depth), rng.normal(size=kernel_size + depth)
    frames = list(reference.conv2d_frames(x, kernel, 0.5, stride, padding))
    full = reference.conv2d(
        x.reshape(1, *size, max(channels, 1)), kernel.reshape(*kernel_size, max(channels, 1), 1), 0.5, stride, padding
    )[0, ..., 0]
    assert_allclose(frames[-1].output, full)
    for count, frame in enumerate(frames, start=1):
        assert np.isfinite(frame.output).sum() == count, "each frame adds one number"
        assert frame.output[frame.index] == frame.value == pytest.approx(frame.products.sum() + 0.5)
        assert_allclose(frame.products, frame.window * kernel)


@SETTINGS
@given(geometries(axes=1), st.sampled_from(["max", "average"]))
def test_pooling_frames_end_in_the_layer(geometry, kind):
    size, window, stride, padding, seed = geometry
    x = np.random.default_rng(seed).normal(size=size)
    frames = list(reference.pool1d_frames(x, window[0], stride[0], padding, kind))
    full = getattr(reference, f"{kind}_pool1d")(x, window[0], stride[0], padding)
    assert_allclose(frames[-1].output, full)
    assert frames[0].products is None and [f.index for f in frames] == [(i,) for i in range(len(full))]


def test_frames_of_two_dimensions_and_several_channels():
    x = np.arange(16.0).reshape(4, 4)
    frames = list(reference.pool2d_frames(x, 2))
    assert [frame.start for frame in frames] == [(0, 0), (0, 2), (2, 0), (2, 2)]
    assert_allclose(frames[-1].output, [[5, 7], [13, 15]])
    frames = list(reference.conv1d_frames([[1, 10], [2, 20], [3, 30]], [[1, 0], [0, 1]]))
    assert_allclose(frames[-1].output, [21, 32])
    assert frames[0].products.shape == (2, 2)


@pytest.mark.parametrize(
    "size, kernel, stride, padding, expected",
    [
        (10, 4, 1, "valid", 7),
        (28, 5, 1, "valid", 24),
        (5, 2, 2, "valid", 2),
        (5, 2, 2, "same", 3),
        (2, 3, 1, "valid", 0),
    ],
)
def test_output_size(size, kernel, stride, padding, expected):
    assert reference.output_size(size, kernel, stride, padding) == expected


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda: reference.conv1d([1, 2], [1, 2, 3]), "does not fit"),
        (lambda: reference.conv1d([1, 2, 3], [1, 2], stride=0), "at least 1"),
        (lambda: reference.conv1d([1, 2, 3], [1, 2], padding="full"), "'valid' or 'same'"),
        (lambda: reference.conv2d(np.ones((1, 4, 4, 3)), np.ones((2, 2, 1, 1))), "channels"),
        (lambda: reference.conv2d(np.ones((4, 4)), np.ones((2, 2)), stride=(1, 1, 1)), "one number or 2"),
        (lambda: reference.max_pool2d(np.ones((4, 4, 1))), "2 or 4 axes"),
        (lambda: reference.conv2d_frames(np.ones((4, 4)), np.ones((2, 2, 3))), "equal channels"),
        (lambda: reference.pool2d_frames(np.ones(4)), "2 axes"),
        (lambda: reference.pool1d_frames(np.ones(4), kind="sum"), "'max' or 'average'"),
        (lambda: list(reference.pool1d_frames(np.ones(2), 3)), "does not fit"),
    ],
)
def test_wrong_input_gives_a_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


def test_the_loop_of_the_notebook_computes_what_the_package_does():
    notebook = nbformat.read(runtime.repo_root() / "notebooks" / "01_special_layers.ipynb", as_version=4)
    (source,) = [cell.source for cell in notebook.cells if cell.source.startswith("def convolve(")]
    assert len(source.splitlines()) == 7
    space = {"np": np}
    exec(source, space)
    rng = np.random.default_rng(0)
    for length, size in ((10, 4), (4, 4), (60, 1)):
        row, kernel = rng.normal(size=length), rng.normal(size=size)
        assert_allclose(space["convolve"](row, kernel), reference.conv1d(row, kernel), atol=1e-12)
    assert space["convolve"]([1, 4, -1, 0, 2, -2, 1, 3, 3, 1], [1, 2, 0, -1]).tolist() == [9, 0, 1, 3, -5, -3, 6]
