"""The bricks compute what the papers' figures say, keep their shapes, and survive saving."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.layers import blocks

BRICKS = {
    "conv_bn": lambda x, filters, strides, name: blocks.conv_bn(x, filters, 3, strides, name=name),
    "residual": lambda x, filters, strides, name: blocks.residual_block(x, filters, strides, name=name),
    "plain": lambda x, filters, strides, name: blocks.residual_block(x, filters, strides, skip=False, name=name),
    "bottleneck": lambda x, filters, strides, name: blocks.bottleneck_block(
        x, filters, strides, expansion=1, name=name
    ),
    "mbconv": lambda x, filters, strides, name: blocks.mbconv(x, filters, strides, name=name),
}


def model_of(brick, shape=(8, 8, 4)):
    inputs = keras.Input(shape)
    return keras.Model(inputs, brick(inputs))


def scramble(model, seed=0):
    """Random weights everywhere (also biases and moving statistics), so that nothing is hidden by zeros."""
    rng = np.random.default_rng(seed)
    for variable in model.variables:
        if "seed" not in variable.path:
            variable.assign(rng.uniform(0.1, 0.6, variable.shape) * rng.choice([1.0, 1.0, -1.0], variable.shape))
        if "variance" in variable.path:
            variable.assign(rng.uniform(0.5, 1.5, variable.shape))
    return model


def images(shape=(2, 8, 8, 4), seed=1):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


@settings(max_examples=12, deadline=None)
@given(
    brick=st.sampled_from(sorted(BRICKS)),
    side=st.integers(3, 9),
    channels=st.integers(1, 5),
    filters=st.integers(1, 5),
    strides=st.sampled_from([1, 2]),
)
def test_shapes(brick, side, channels, filters, strides):
    inputs = keras.Input((side, side, channels))
    outputs = BRICKS[brick](inputs, filters, strides, None)
    assert outputs.shape == (None, -(-side // strides), -(-side // strides), filters)


@pytest.mark.parametrize("brick", sorted(BRICKS))
def test_saved_and_loaded_without_custom_objects(brick, tmp_path):
    model = scramble(model_of(lambda x: BRICKS[brick](x, 4, 1, "brick")))
    model.save(tmp_path / "brick.keras")
    again = keras.models.load_model(tmp_path / "brick.keras")
    x = images()
    np.testing.assert_allclose(again(x), model(x), atol=1e-5)
    assert all(layer.name.startswith("brick_") for layer in model.layers[1:])


def test_residual_block_adds_its_input():
    """With both kernels zero the correction is zero: what goes in comes out, up to the last ReLU."""
    model = model_of(lambda x: blocks.residual_block(x, 4, name="r"))
    for name in ("r_conv1", "r_conv2"):
        layer = model.get_layer(name)
        layer.set_weights([np.zeros_like(w) for w in layer.get_weights()])
    x = images()
    np.testing.assert_allclose(model(x), np.maximum(x, 0), atol=1e-6)


def test_residual_block_equals_its_formula():
    model = scramble(model_of(lambda x: blocks.residual_block(x, 6, 2, name="r")))
    call, x = (lambda name, value: model.get_layer(name)(value)), images()
    inner = np.maximum(call("r_bn1", call("r_conv1", x)), 0)
    expected = np.maximum(call("r_bn2", call("r_conv2", inner)) + call("r_bn_skip", call("r_conv_skip", x)), 0)
    np.testing.assert_allclose(model(x), expected, rtol=1e-4, atol=1e-4)
    assert model.get_layer("r_conv_skip").kernel.shape == (1, 1, 4, 6)


@pytest.mark.parametrize(("filters", "strides", "projected"), [(4, 1, False), (4, 2, True), (6, 1, True)])
def test_projection_only_where_the_shape_changes(filters, strides, projected):
    model = model_of(lambda x: blocks.residual_block(x, filters, strides, name="r"))
    assert ("r_conv_skip" in [layer.name for layer in model.layers]) == projected


def test_plain_twin_has_the_same_parameters():
    plain = model_of(lambda x: blocks.residual_block(x, 4, skip=False))
    assert plain.count_params() == model_of(lambda x: blocks.residual_block(x, 4)).count_params()
    assert not any(isinstance(layer, keras.layers.Add) for layer in plain.layers)


def test_bottleneck_counts():
    """ResNet-50's first block in Keras's counting: all convolutions with biases, 4 numbers a normalised channel."""
    model = model_of(lambda x: blocks.bottleneck_block(x, 64, use_bias=True), shape=(8, 8, 64))
    convolutions = (64 * 64 + 64) + (9 * 64 * 64 + 64) + 2 * (64 * 256 + 256)
    assert model.count_params() == convolutions + 4 * (64 + 64 + 256 + 256)


def test_mbconv_equals_its_formula():
    model = scramble(model_of(lambda x: blocks.mbconv(x, 4, kernel_size=5, expansion=2, name="m")))
    call, x = (lambda name, value: np.asarray(model.get_layer(name)(value))), images()
    y = np.clip(call("m_expand_bn", call("m_expand_conv", x)), 0, 6)
    y = np.clip(call("m_depthwise_bn", call("m_depthwise_conv", y)), 0, 6)
    np.testing.assert_allclose(model(x), x + call("m_project_bn", call("m_project_conv", y)), rtol=1e-4, atol=1e-4)
    assert model.get_layer("m_depthwise_conv").kernel.shape == (5, 5, 8, 1)


def test_without_normalisation_there_is_a_bias():
    model = model_of(lambda x: blocks.conv_bn(x, 5, normalise=False))
    assert model.count_params() == 9 * 4 * 5 + 5
    assert model_of(lambda x: blocks.conv_bn(x, 5)).count_params() == 9 * 4 * 5 + 4 * 5


def test_a_residual_network_learns():
    """Gradients reach the first layer: a small net separates bright from dark corners within a few steps."""
    keras.utils.set_random_seed(1)
    inputs = keras.Input((6, 6, 1))
    x = blocks.conv_bn(inputs, 4)
    x = blocks.mbconv(blocks.residual_block(x, 4), 4)
    model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.GlobalAveragePooling2D()(x)))
    model.compile(keras.optimizers.Adam(0.01), keras.losses.BinaryCrossentropy(from_logits=True))
    x = images((64, 6, 6, 1))
    y = (x[:, :3, :3].mean(axis=(1, 2, 3)) > 0).astype("float32")[:, None]
    first = model.train_on_batch(x, y)
    for _ in range(30):
        last = model.train_on_batch(x, y)
    assert last < 0.7 * first
