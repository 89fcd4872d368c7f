"""Gradient ascent on images: known maxima are found, switches do what they say, shifts are exact."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest
from keras import layers, ops

from utils.vision import maximize
from utils.vision.maximize import Ascent, maximize_class, maximize_filters

SIZE = 16
SHORT = Ascent(steps=20)


@pytest.fixture(scope="module")
def model():
    """Filter 0 likes red, filter 1 likes vertical edges, 2 and 3 are random; class 1 likes what filter 1 likes."""
    keras.utils.set_random_seed(1)
    convolution = layers.Conv2D(4, 3, padding="same", name="maps")
    dense = layers.Dense(2, name="logits")
    inputs = keras.Input((SIZE, SIZE, 3))
    x = layers.ReLU(name="positive")(convolution(layers.Rescaling(1 / 127.5, -1.0)(inputs)))
    network = keras.Model(inputs, dense(layers.GlobalAveragePooling2D(name="mean")(x)))
    kernel, bias = convolution.get_weights()
    kernel[..., 0] = np.array([1.0, -0.5, -0.5]) / 9
    kernel[..., 1] = np.array([-1.0, 0.0, 1.0])[None, :, None] / 9
    convolution.set_weights([kernel, bias])
    dense.set_weights([np.eye(4, dtype=np.float32)[:, :2], np.zeros(2, dtype=np.float32)])
    return network


@pytest.fixture(scope="module")
def by_recipe(model):
    return {
        name: maximize_filters(model, "positive", [0, 1], dataclasses.replace(recipe, steps=40), progress=False)
        for name, recipe in {"plain": maximize.PLAIN, "blurred": maximize.BLURRED, "fourier": maximize.FOURIER}.items()
    }


def excitement(model, images, filters):
    maps = keras.Model(model.inputs[0], model.get_layer("positive").output).predict_on_batch(images.astype(np.float32))
    return np.asarray(maps).mean(axis=(1, 2))[np.arange(len(filters)), filters]


@pytest.mark.parametrize("recipe", ["plain", "blurred", "fourier"])
def test_each_recipe_excites_each_filter_far_more_than_noise(model, by_recipe, recipe):
    images = by_recipe[recipe]
    assert images.shape == (2, SIZE, SIZE, 3)
    assert images.dtype == np.uint8
    noise = np.random.default_rng(0).normal(127.5, 10, images.shape).clip(0, 255)
    assert (excitement(model, images, [0, 1]) > 3 * excitement(model, noise, [0, 1])).all()
    # The first filter likes red and nothing else.
    red, green, blue = images[0].astype(float).mean(axis=(0, 1))
    assert red > 60 + max(green, blue)


def test_batch_members_climb_alone(model):
    together = maximize_filters(model, "maps", [0, 3], SHORT, progress=False)
    # The starting noise of the first image does not depend on how many there are.
    alone = maximize_filters(model, "maps", [0], SHORT, progress=False)
    assert np.abs(together[0].astype(int) - alone[0].astype(int)).max() <= 1


def test_images_of_another_size_than_the_networks(model):
    images = maximize_filters(model, "maps", [0], SHORT, size=24, progress=False)
    assert images.shape == (1, 24, 24, 3)
    part = maximize.up_to(model, "maps")
    x = np.random.default_rng(0).uniform(0, 255, (2, SIZE, SIZE, 3)).astype(np.float32)
    whole = keras.Model(model.inputs[0], model.get_layer("maps").output)
    np.testing.assert_allclose(np.asarray(part(x)), np.asarray(whole(x)), atol=1e-5)


def test_class_ascent_raises_the_logit(model):
    image = maximize_class(model, 1, SHORT, progress=False)
    assert image.shape == (SIZE, SIZE, 3)
    grey = np.full((1, SIZE, SIZE, 3), 127.5, dtype=np.float32)
    climbed = model.predict_on_batch(image[None].astype(np.float32))[0, 1]
    assert climbed > model.predict_on_batch(grey)[0, 1] + 0.1


def test_switches(model, by_recipe):
    def roughness(image):
        return np.abs(np.diff(image.astype(float), axis=0)).mean()

    assert roughness(by_recipe["blurred"][1]) < roughness(by_recipe["plain"][1])
    same = maximize_filters(model, "positive", [2], dataclasses.replace(SHORT, jitter=4), progress=False)
    again = maximize_filters(model, "positive", [2], dataclasses.replace(SHORT, jitter=4), progress=False)
    np.testing.assert_array_equal(same, again)
    other = maximize_filters(model, "positive", [2], dataclasses.replace(SHORT, jitter=4, seed=9), progress=False)
    assert not np.array_equal(same, other)


@pytest.mark.parametrize("size", [8, 9])
def test_fourier_canvas_is_the_inverse_transform_and_its_shift_a_roll(size):
    rng = np.random.default_rng(0)
    spectrum = np.fft.rfft2(rng.normal(size=(2, 3, size, size)))
    ours = maximize._irfft2(
        ops.convert_to_tensor(spectrum.real.astype(np.float32)),
        ops.convert_to_tensor(spectrum.imag.astype(np.float32)),
        size,
    )
    expected = np.fft.irfft2(spectrum, s=(size, size))
    np.testing.assert_allclose(ops.convert_to_numpy(ours), expected, atol=1e-4)
    canvas = maximize._Fourier(size)
    painting = canvas.start(1, size, rng) * 50
    # The highest wave of an even side has no phase to turn.
    if size % 2 == 0:
        painting[:, :, :, size // 2] = painting[:, :, :, :, size // 2] = 0
    image = ops.convert_to_numpy(canvas.to_images(ops.convert_to_tensor(painting)))
    moved = ops.convert_to_numpy(canvas.to_images(ops.convert_to_tensor(canvas.rolled(painting, (2, -3)))))
    np.testing.assert_allclose(moved, np.roll(image, (2, -3), axis=(1, 2)), atol=0.05)
    assert image.std() > 1


def test_refusals(model):
    with pytest.raises(ValueError, match="do not fit"):
        maximize_filters(model, "maps", [4], SHORT)
    with pytest.raises(ValueError, match="do not fit"):
        maximize_filters(model, "mean", [0], SHORT)
    with pytest.raises(ValueError, match="no filter"):
        maximize_filters(model, "maps", [], SHORT)
    with pytest.raises(ValueError, match="there is no 2"):
        maximize_class(model, 2, SHORT)


def test_probability_under_shifts():
    """A network that looks at the left edge alone: cropping takes the edge away."""
    inputs = keras.Input((32, 32, 3))
    left = layers.Cropping2D(((0, 0), (0, 31)))(inputs)
    dense = layers.Dense(2, activation="softmax")
    model = keras.Model(inputs, dense(layers.GlobalAveragePooling2D()(left)))
    dense.set_weights([np.array([[0.0, 0.02]] * 3), np.array([0.0, -3.0])])
    image = np.zeros((32, 32, 3), dtype=np.uint8)
    image[:, 0] = 255
    whole = float(model.predict_on_batch(image[None].astype(np.float32))[0, 1])
    assert whole > 0.99
    mean, least = maximize.probability_under_shifts(model, image, 1, count=16, largest=8)
    assert least < 0.1 < mean < whole
    assert maximize.probability_under_shifts(model, image, 1, count=3, largest=0) == pytest.approx((whole, whole))


def test_recognised_counts_the_crops_whose_first_answer_it_is():
    """A network that looks at the left edge alone: cropping takes the white edge away."""
    inputs = keras.Input((32, 32, 3))
    dense = layers.Dense(2)
    model = keras.Model(inputs, dense(layers.GlobalAveragePooling2D()(layers.Cropping2D(((0, 0), (0, 31)))(inputs))))
    dense.set_weights([np.array([[0.0, 0.02]] * 3), np.array([0.0, -3.0])])
    image = np.zeros((32, 32, 3), dtype=np.uint8)
    image[:, 0] = 255
    assert maximize.recognised(model, image, 1, largest=0) == 1
    share = maximize.recognised(model, image, 1, count=64, largest=8)
    assert 0 < share < 0.8
    assert maximize.recognised(model, image, 0, count=64, largest=8) == pytest.approx(1 - share)


def test_fine_share_is_that_of_the_short_waves():
    wave = np.arange(64)
    slow, fast = (np.cos(2 * np.pi * wave / length)[None, :, None] * np.ones((64, 1, 3)) for length in (16, 3.2))
    assert maximize.fine_share(slow) == pytest.approx(0, abs=1e-9)
    assert maximize.fine_share(fast) == pytest.approx(1, abs=1e-9)
    assert maximize.fine_share(2 * slow + fast) == pytest.approx(0.2, abs=1e-9)


def test_random_transforms_turn_and_scale_about_the_centre():
    ascent = Ascent(scale=0.25, rotate=10)
    rows = maximize.random_transforms(200, 17, ascent, np.random.default_rng(0))
    assert rows.shape == (200, 8)
    a, b, c, d, e, f = rows[:, :6].T
    np.testing.assert_allclose(a * 8 + b * 8 + c, 8, atol=1e-4)  # the centre stays
    np.testing.assert_allclose(d * 8 + e * 8 + f, 8, atol=1e-4)
    larger, angle = 1 / np.hypot(a, d), np.rad2deg(np.arctan2(d, a))
    assert 1.2 < larger.max() <= 1.25 + 1e-5 and 1 / 1.25 - 1e-5 <= larger.min() < 0.84
    assert 9 < np.abs(angle).max() <= 10
    still = maximize.random_transforms(1, 17, Ascent(), np.random.default_rng(0))[0]
    np.testing.assert_allclose(still, [1, 0, 0, 0, 1, 0, 0, 0], atol=1e-6)


def test_a_climb_with_all_transformations_finds_its_class(model):
    ascent = dataclasses.replace(maximize.TRANSFORMED, steps=40, jitter=2)
    images = maximize.maximize_classes(model, [1, 1], ascent, progress=False)
    assert images.shape == (2, SIZE, SIZE, 3) and not np.array_equal(*images)
    grey = np.full((1, SIZE, SIZE, 3), 127.5, dtype=np.float32)
    answers = model.predict_on_batch(images.astype(np.float32))[:, 1]
    assert (answers > model.predict_on_batch(grey)[0, 1] + 0.1).all()


def test_waves_fade_where_nothing_earns_them():
    kept, faded = (
        maximize.climb(lambda images: 0 * ops.mean(images, axis=(1, 2, 3)), 1, SIZE, Ascent(20, fourier=True, decay=d))
        for d in (0.0, 0.2)
    )
    assert faded.std() < kept.std() / 2


@pytest.mark.parametrize("layer", ["maps", "positive"])
def test_a_part_may_stop_before_its_relu(model, layer):
    x = np.random.default_rng(0).uniform(0, 255, (1, SIZE, SIZE, 3)).astype(np.float32)
    convolution = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="maps")
    inputs = keras.Input((SIZE, SIZE, 3))
    fused = keras.Model(inputs, convolution(layers.Rescaling(1 / 127.5, -1.0)(inputs)))
    convolution.set_weights(model.get_layer("maps").get_weights())
    ours = np.asarray(maximize.up_to(model if layer == "positive" else fused, layer, linear=True)(x))
    expected = np.asarray(keras.Model(model.inputs[0], model.get_layer("maps").output)(x))
    assert expected.min() < 0
    np.testing.assert_allclose(ours, expected, atol=1e-5)
    if layer == "maps":
        assert np.asarray(fused(x)).min() == 0
