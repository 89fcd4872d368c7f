"""Patches that excite a channel: the planted one is found; a linear channel is told by pixels, another is not."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers, ops

from utils.vision.patches import excited_more, exciting_patches, told_by_pixels


@pytest.fixture(scope="module")
def part():
    """Channel 0 answers to light, channel 1 to darkness, at half resolution."""
    inputs = keras.Input((32, 32, 3))
    light = layers.AveragePooling2D(2)(inputs)[..., :1]
    return keras.Model(inputs, ops.concatenate([light, 255.0 - light], axis=-1))


@pytest.fixture
def photos():
    images = np.full((6, 32, 32, 3), 100, dtype=np.float32)
    for k in range(6):
        images[k, 4 * k : 4 * k + 4, 8:12] = 150 + 10 * k  # the later the lighter
    images[2, 20:24, 20:24] = 0
    return images


def test_the_brightest_spots_come_first_one_a_photo(part, photos):
    patches, answers = exciting_patches(part, photos, [0, 1], size=8, count=3)
    assert patches.shape == (2, 3, 8, 8, 3) and patches.dtype == np.uint8
    np.testing.assert_array_equal(answers[0], [200, 190, 180])
    assert answers[1, 0] == 255
    assert [patch.max() for patch in patches[0]] == [200, 190, 180]
    assert patches[1, 0].min() == 0
    # The spot lies near the patch's middle.
    rows, columns = np.nonzero(patches[0, 1][..., 0] == 190)
    assert abs(rows.mean() - 3.5) <= 1.5 and abs(columns.mean() - 3.5) <= 1.5


def test_patches_at_the_border_are_moved_inside(part, photos):
    photos[5, 0, 0] = photos[5, 0, 1] = photos[5, 1, 0] = photos[5, 1, 1] = 255
    patches, _ = exciting_patches(part, photos, [0], size=16, count=1)
    np.testing.assert_array_equal(patches[0, 0], photos[5, :16, :16])


def test_refusals(part, photos):
    with pytest.raises(ValueError, match="hold no 7 patches"):
        exciting_patches(part, photos, [0], size=8, count=7)
    with pytest.raises(ValueError, match="hold no 4 patches of 64"):
        exciting_patches(part, photos, [0], size=64)


def test_pixels_tell_a_linear_channel_and_not_a_product():
    images = np.random.default_rng(0).uniform(0, 255, (40, 32, 32, 3)).astype(np.float32)
    inputs = keras.Input((32, 32, 3))
    linear = layers.Conv2D(1, 3, padding="same", bias_initializer="ones")(inputs)
    red, green = inputs[..., :1] - 127.5, inputs[..., 1:2] - 127.5
    part = keras.Model(inputs, ops.concatenate([linear, red * green], axis=-1))
    rng = np.random.default_rng(1)
    of_linear, of_product = told_by_pixels(part, images, [0, 1], 8, rng, places=40)
    assert of_linear > 0.99
    assert of_product < 0.2


def test_a_carpet_is_compared_with_each_of_its_own_patches(part):
    light, dark, grey = (np.full((8, 8, 3), level, dtype=np.uint8) for level in (250, 5, 100))
    patches = np.stack([[grey, dark], [grey, dark]])
    found = excited_more(part, np.stack([light, light]), patches, [0, 1])
    np.testing.assert_array_equal(found, [True, False])
