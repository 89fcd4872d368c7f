"""The layers and the Adam for small batches beside Keras's own."""

from functools import partial

import keras
import numpy as np
import pytest
from keras import layers

from utils.rl.small_batch import OnePassAdam, SmallBatchConv2D, SmallBatchDense


def _after_one_step(shape, *stack):
    """Weights before and after one step of plain gradient descent; all but the first layer pass a gradient on."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input(shape), *(make() for make in stack)])
    start = model.get_weights()
    model.compile(keras.optimizers.SGD(0.1), loss="mse")
    rng = np.random.default_rng(2)
    model.train_on_batch(rng.normal(size=(6, *shape)), rng.normal(size=(6, *model.output_shape[1:])))
    return start, model.get_weights()


def _assert_same_step(ours, theirs):
    for before, same, one, other in zip(ours[0], theirs[0], ours[1], theirs[1], strict=True):
        np.testing.assert_array_equal(before, same)
        assert np.abs(other - before).max() > 1e-4
        np.testing.assert_allclose(one - before, other - before, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "size, kernels, strides",
    [
        ((20, 24), (8, 2), (4, 1)),  # every input pixel is looked at
        ((23, 22), (5, 3), (2, 2)),  # the last column is not
        ((12, 9), ((3, 2), 1), (3, 1)),  # rows and columns differ, gaps between filters, a filter of one pixel
        ((5, 4), ((5, 4), 1), (2, 3)),  # a single position
    ],
)
def test_convolution_learns_what_keras_learns(size, kernels, strides):
    def step(layer):
        first = partial(layer, 4, kernels[0], strides[0], activation="tanh", name="first")
        return _after_one_step((*size, 3), first, partial(layer, 5, kernels[1], strides[1], name="second"))

    _assert_same_step(step(SmallBatchConv2D), step(layers.Conv2D))


@pytest.mark.parametrize("shape", [(7,), (3, 7)])
def test_dense_layer_learns_what_keras_learns(shape):
    def step(layer):
        first = partial(layer, 4, "tanh", name="first")
        return _after_one_step(shape, first, partial(layer, 5, use_bias=False, name="second"))

    _assert_same_step(step(SmallBatchDense), step(layers.Dense))


@pytest.mark.parametrize(
    "option",
    [{"padding": "same"}, {"groups": 2}, {"dilation_rate": 2}, {"strides": (2, 1)}, {"data_format": "channels_first"}],
)
def test_refuses_what_its_gradient_is_not_written_for(option):
    with pytest.raises(ValueError, match="only for padding"):
        SmallBatchConv2D(4, 3, **option)


def test_runs_uncompiled_too():
    pixels = np.random.default_rng(3).normal(size=(2, 6, 6, 1)).astype(np.float32)
    convolution, dense = SmallBatchConv2D(2, 3), SmallBatchDense(3)
    flat = dense(keras.ops.reshape(convolution(pixels), (2, -1)))
    by_hand = np.array([[(pixels[:, y : y + 3, x : x + 3]).reshape(2, 9) for x in range(4)] for y in range(4)])
    by_hand = by_hand.transpose(2, 0, 1, 3) @ np.asarray(convolution.kernel).reshape(9, 2)
    by_hand = by_hand.reshape(2, -1) @ np.asarray(dense.kernel)
    np.testing.assert_allclose(np.asarray(flat), by_hand, rtol=1e-4, atol=1e-5)


def test_is_saved_with_its_settings():
    layer = SmallBatchConv2D(4, 3, 2, activation="relu", name="conv")
    again = SmallBatchConv2D.from_config(layer.get_config())
    assert (again.filters, again.kernel_size, again.strides) == (4, (3, 3), (2, 2))


def _train(optimizer, steps=30):
    keras.utils.set_random_seed(1)
    inputs = keras.Input((5,))
    model = keras.Sequential(
        [inputs, keras.layers.Dense(7, "tanh", name="hidden"), keras.layers.Dense(1, name="out")], name="net"
    )
    model.compile(optimizer, loss="mse")
    rng = np.random.default_rng(2)
    for step in range(steps):
        optimizer.learning_rate = 0.01 / (1 + step)
        x = rng.normal(size=(8, 5)).astype(np.float32)
        model.train_on_batch(x, x[:, :1] ** 2)
    return model


def test_adam_takes_the_steps_that_keras_takes():
    options = {"learning_rate": 0.01, "epsilon": 1e-4, "beta_2": 0.99}
    ours, theirs = _train(OnePassAdam(**options)), _train(keras.optimizers.Adam(**options))
    moved = _train(keras.optimizers.Adam(**options), steps=0)
    for one, other, start in zip(ours.get_weights(), theirs.get_weights(), moved.get_weights()):
        assert np.abs(other - start).max() > 0.005
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    for one, other in zip(ours.optimizer.variables, theirs.optimizer.variables):
        assert one.path.split("/")[1:] == other.path.split("/")[1:]  # the first part counts optimisers made so far
        np.testing.assert_allclose(np.asarray(one), np.asarray(other), rtol=1e-5, atol=1e-7)


def test_adam_is_saved_with_its_settings_and_knows_no_amsgrad():
    settings = OnePassAdam(0.02, epsilon=1e-5).get_config()
    assert OnePassAdam.from_config(settings).epsilon == 1e-5
    with pytest.raises(ValueError, match="no amsgrad"):
        OnePassAdam(amsgrad=True)
