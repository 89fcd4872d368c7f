"""Feature maps, filters as pictures, and the filter bank learned from patches."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from utils.vision import feature_maps as fm


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [
            keras.Input((16, 12, 3)),
            layers.Conv2D(4, 3, padding="same", name="first"),
            layers.MaxPooling2D(2, name="pool"),
            layers.Conv2D(5, 3, activation="relu", name="second"),
            layers.Flatten(),
            layers.Dense(2),
        ]
    )


def test_maps_are_what_the_layers_compute(model):
    image = np.random.default_rng(0).uniform(0, 1, (16, 12, 3)).astype(np.float32)
    assert fm.map_layers(model) == ["first", "pool", "second"]
    maps = fm.feature_maps(model, image)
    assert {name: m.shape for name, m in maps.items()} == {
        "first": (16, 12, 4),
        "pool": (8, 6, 4),
        "second": (6, 4, 5),
    }
    kernel, bias = (np.asarray(w) for w in model.get_layer("first").get_weights())
    by_hand = (image[4:7, 5:8, :, None] * kernel).sum(axis=(0, 1, 2)) + bias
    np.testing.assert_allclose(maps["first"][5, 6], by_hand, atol=1e-5)
    pooled = maps["first"].reshape(8, 2, 6, 2, 4).max(axis=(1, 3))
    np.testing.assert_allclose(maps["pool"], pooled, atol=1e-6)


def test_one_layer_and_a_wrong_name(model):
    image = np.zeros((16, 12, 3), dtype=np.float32)
    assert list(fm.feature_maps(model, image, ["second"])) == ["second"]
    with pytest.raises(ValueError, match="third"):
        fm.feature_maps(model, image, ["third"])


def test_filters_become_pictures_around_grey(model):
    pictures = fm.filters_as_images(model.get_layer("first"))
    assert pictures.shape == (4, 3, 3, 3)
    kernel = np.asarray(model.get_layer("first").kernel)
    for index, picture in enumerate(pictures):
        assert 0 <= picture.min() <= picture.max() <= 1
        np.testing.assert_allclose(np.abs(picture - 0.5).max(), 0.5, atol=1e-6)
        np.testing.assert_array_equal(np.sign(np.round(picture - 0.5, 6)), np.sign(np.round(kernel[..., index], 6)))
    with pytest.raises(ValueError, match="4 channels"):
        fm.filters_as_images(model.get_layer("second"))
    np.testing.assert_allclose(fm.stretch_around_grey(np.zeros((2, 3, 3))), 0.5)


def edges(count: int = 12, side: int = 40) -> list[np.ndarray]:
    """Pictures with straight edges in random directions, and grain."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:side, :side] - side / 2
    pictures = []
    for angle in rng.uniform(0, np.pi, count):
        across = np.cos(angle) * x + np.sin(angle) * y
        pictures.append(128 + 80 * np.sign(np.sin(across / 3)) + rng.normal(0, 4, (side, side)))
    return pictures


def test_the_bank_has_the_asked_shape_and_repeats():
    images = edges()
    bank = fm.learn_filter_bank(images, count=16, size=8, patches=800)
    assert bank.shape == (16, 8, 8, 1)
    assert bank.dtype == np.float32
    assert np.isfinite(bank).all()
    np.testing.assert_array_equal(bank, fm.learn_filter_bank(images, count=16, size=8, patches=800))
    assert not np.array_equal(bank, fm.learn_filter_bank(images, count=16, size=8, patches=800, seed=1))


def test_a_bank_that_has_learned_nothing_is_less_of_a_wave():
    learned, noise = (fm.learn_filter_bank(edges(), count=16, size=8, patches=1600, rounds=n) for n in (15, 0))
    assert noise.shape == learned.shape
    assert np.median(fm.wave_share(learned)) > np.median(fm.wave_share(noise)) + 0.1


def test_filters_learned_from_edges_are_oriented_and_random_ones_are_not():
    bank = fm.learn_filter_bank(edges(), count=16, size=8, patches=1600)[..., 0]

    def concentration(filters):
        """Part of a filter's power in its strongest frequency: high for a stripe, low for noise."""
        power = np.abs(np.fft.rfft2(filters - filters.mean(axis=(1, 2), keepdims=True))) ** 2
        return float(np.median(power.max(axis=(1, 2)) / power.sum(axis=(1, 2))))

    noise = np.random.default_rng(0).standard_normal(bank.shape)
    assert concentration(bank) > 1.5 * concentration(noise)


def test_colour_patches_and_refusals():
    rng = np.random.default_rng(0)
    colour = [rng.integers(0, 256, (20, 30, 3), dtype=np.uint8) for _ in range(3)]
    assert fm.learn_filter_bank(colour, count=6, size=5, patches=100).shape == (6, 5, 5, 3)
    patches = fm.sample_patches([*colour, rng.integers(0, 256, (4, 90, 3))], 20, 7, rng)
    assert patches.shape == (7, 20, 20, 3)
    with pytest.raises(ValueError, match="20 pixels"):
        fm.sample_patches([np.zeros((19, 50))], 20, 5, rng)
    with pytest.raises(ValueError, match="at least 60"):
        fm.learn_filter_bank(colour, count=6, size=5, patches=5)
    with pytest.raises(ValueError, match="grey and colour"):
        fm.sample_patches([np.zeros((20, 20)), np.zeros((20, 20, 3))], 5, 5, rng)


def test_colour_share_is_zero_for_grey_and_one_for_opposites():
    grey = np.repeat(np.random.default_rng(0).normal(size=(1, 5, 5, 1)), 3, axis=-1)
    opposite = np.zeros((1, 5, 5, 3))
    opposite[0, 2, 2] = [1, -2, 1]
    assert fm.colour_share(np.concatenate([grey, opposite])) == pytest.approx([0, 1], abs=1e-9)


def test_wave_share_tells_a_wave_from_noise():
    wave = np.cos(2 * np.pi * 3 * np.arange(16) / 16)
    stripes = np.stack([np.tile(wave, (16, 1)), np.tile(wave[:, None], (1, 16))])[..., None]
    assert fm.wave_share(stripes) == pytest.approx([1, 1])
    noise = fm.wave_share(np.random.default_rng(0).normal(size=(200, 16, 16, 1)))
    assert noise.min() > 0.05 and noise.max() < 0.3


def test_channels_to_show_answer_and_vary():
    maps = np.zeros((4, 4, 40))
    maps[1, 2, :20] = np.arange(1, 21)
    chosen = fm.varied_channels(maps, 5)
    assert chosen.tolist() == [19, 17, 15, 13, 11]
    maps[..., 3:] = 0  # three answer: the silent ones are not shown
    assert fm.varied_channels(maps, 5).tolist() == [2, 1, 0]
