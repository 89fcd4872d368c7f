"""Lesson 05's networks, augmentation, batches and training, and that the notebook shows the same networks."""

from __future__ import annotations

import keras
import nbformat
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import layers
from scipy import ndimage

from utils import runtime
from utils.vision import digits

NOTEBOOK = runtime.repo_root() / "notebooks" / "05_mnist_cnn.ipynb"


@pytest.mark.parametrize("name, parameters", [("perceptron", 407_050), ("lecture", 600_810), ("better", 87_194)])
def test_parameter_counts(name, parameters):
    model = digits.build(name)
    assert model.count_params() == parameters
    assert model.output_shape == (None, 10)


def test_lecture_network_layer_by_layer():
    by_hand = [(9 + 1) * 32, (9 * 32 + 1) * 32, 0, 0, 0, (12 * 12 * 32 + 1) * 128, 0, (128 + 1) * 10]
    assert [layer.count_params() for layer in digits.lecture_network().layers] == by_hand


@pytest.mark.parametrize("name", ["multilayer_perceptron", "lecture_network", "better_network"])
def test_notebook_shows_the_network_that_was_measured(name):
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    (source,) = [cell.source for cell in cells if cell.cell_type == "code" and f"def {name}(" in cell.source]
    definition = source[source.index(f"def {name}(") :].split("\n\n\n")[0]
    space = {"keras": keras, "layers": layers}
    exec(definition, space)
    assert _layers(space[name]()) == _layers(getattr(digits, name)())


def _layers(model: keras.Sequential) -> list:
    """Kind and settings of each layer, without the names that Keras numbers."""
    return [(type(layer).__name__, {**layer.get_config(), "name": ""}) for layer in model.layers]


def test_prepare_scales_and_adds_the_channel():
    ready = digits.prepare(np.arange(50 * 28 * 28, dtype=np.uint32).reshape(50, 28, 28).astype(np.uint8))
    assert ready.shape == (50, 28, 28, 1) and ready.dtype == np.float32 and ready.min() == 0 and ready.max() == 1


def test_no_change_is_no_change():
    images = np.random.default_rng(0).random((3, 28, 28, 1), dtype=np.float32)
    same = digits.augment(images, np.random.default_rng(1), shift=0, degrees=0, zoom=0)
    np.testing.assert_allclose(same, images, atol=1e-5)


@given(st.integers(0, 2**32 - 1))
def test_augmented_images_stay_in_range_and_follow_the_seed(seed):
    images = np.random.default_rng(0).random((4, 28, 28, 1), dtype=np.float32)
    changes = {"shift": 6.0, "degrees": 60.0, "zoom": 0.5}
    first = digits.augment(images, np.random.default_rng(seed), **changes)
    assert first.shape == images.shape and first.dtype == np.float32
    assert first.min() >= 0 and first.max() <= images.max() + 1e-5
    np.testing.assert_array_equal(first, digits.augment(images, np.random.default_rng(seed), **changes))


@given(st.integers(0, 2**32 - 1))
def test_interpolation_equals_scipy(seed):
    rng = np.random.default_rng(seed)
    images = rng.random((2, 9, 7), dtype=np.float32)
    rows = rng.uniform(-3, 11, (2, 63)).astype("float32")
    columns = rng.uniform(-3, 9, (2, 63)).astype("float32")
    ours = digits._interpolate(images, rows, columns)
    for image, r, c, result in zip(images, rows, columns, ours):
        # grid-constant: outside the image there are pixels of value 0, which take part in the interpolation.
        scipys = ndimage.map_coordinates(image, [r, c], order=1, mode="grid-constant", cval=0.0)
        np.testing.assert_allclose(result.ravel(), scipys, atol=1e-5)


def test_augment_turns_about_the_centre():
    image = np.zeros((1, 29, 29, 1), np.float32)
    image[0, 14, 14] = 1  # the centre stays where it is, whatever the angle and stretch
    turned = digits.augment(image, np.random.default_rng(0), shift=0, degrees=180, zoom=0.3)
    assert np.unravel_index(turned.argmax(), turned.shape) == (0, 14, 14, 0)


@pytest.mark.parametrize("right", [0, 2, -3, 28])
def test_shift(right):
    images = np.random.default_rng(0).random((2, 28, 28, 1))
    moved = digits.shift(images, right)
    for column in range(28):
        inside = 0 <= column - right < 28
        expected = images[:, :, column - right] if inside else np.zeros((2, 28, 1))
        np.testing.assert_array_equal(moved[:, :, column], expected)


def _batches(**arguments):
    images = np.random.default_rng(0).random((50, 28, 28, 1), dtype=np.float32)
    settings = {"batch_size": 16, "seed": 1, "changes": None} | arguments
    return digits.Batches(images, np.eye(50)[:, :50], **settings)


def test_an_epoch_shows_no_example_twice_and_the_next_another_order():
    batches = _batches()
    assert len(batches) == 3
    seen = np.concatenate([batches[i][1].argmax(axis=1) for i in range(3)])
    assert len(set(seen)) == 48
    batches.on_epoch_end()
    again = np.concatenate([batches[i][1].argmax(axis=1) for i in range(3)])
    assert not np.array_equal(seen, again)
    np.testing.assert_array_equal(seen[:16], _batches()[0][1].argmax(axis=1))
    assert not np.array_equal(seen[:16], _batches(seed=2)[0][1].argmax(axis=1))


def test_batches_pair_images_with_their_targets_and_augment_anew():
    plain = _batches()
    images, targets = plain[1]
    np.testing.assert_array_equal(images, plain.images[targets.argmax(axis=1)])
    changed = _batches(changes={"shift": 2.0})
    once = changed[1][0]
    np.testing.assert_array_equal(once, changed[1][0])  # the same epoch and batch: the same changes
    assert not np.allclose(once, images)
    assert len(_batches(batch_size=128)) == 1  # fewer examples than a batch: one smaller batch


def test_recipes_follow_the_budget(monkeypatch):
    monkeypatch.setenv("COURSE_BUDGET", "smoke")
    smoke = digits.recipe("lecture").epochs
    monkeypatch.setenv("COURSE_BUDGET", "cpu")
    assert smoke < digits.recipe("lecture").epochs < 12  # the lecture's own training had 12
    assert digits.recipe("better").changes


def test_training_learns_and_keeps_its_curve(capsys, monkeypatch):
    monkeypatch.setenv("COURSE_HEADLESS", "1")
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 400)
    images = np.zeros((400, 28, 28, 1), np.float32)
    images[np.arange(400), :, labels * 2 + 4] = 1  # a bar whose place is the class
    runtime.seed_everything(0)
    model = digits.multilayer_perceptron()
    recipe = digits.Recipe(epochs=4, batch_size=32, peak_rate=5e-3)
    history = digits.train(model, recipe, (images[:300], labels[:300]), (images[300:], labels[300:]))
    assert set(history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert len(history["loss"]) == 4 and history["loss"][-1] < history["loss"][0]
    assert history["val_accuracy"][-1] > 0.95
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4 and lines[0].startswith("epoch  1 of 4: loss") and "held out" in lines[0]
