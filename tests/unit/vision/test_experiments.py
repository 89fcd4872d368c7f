"""The experiments of lesson 02 are fair (same start, same parameters) and report what they say."""

import functools
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import nbformat
import numpy as np

from utils import runtime
from utils.layers import blocks
from utils.vision import experiments


def patterns(count=40, seed=0):
    """Images whose class is plain to see: a bright row at a height that the label tells."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count, dtype="int32") % 10
    images = rng.uniform(0, 0.1, (count, 28, 28, 1)).astype("float32")
    for image, label in zip(images, labels, strict=True):
        image[4 + 2 * label : 6 + 2 * label] = 1.0
    return images, labels


def test_tower_reports_accuracies():
    data = patterns()
    run = experiments.train_tower(4, True, data, data, epochs=1, settings=experiments.TowerSettings(filters=4))
    assert set(run) == {"loss", "accuracy", "val_accuracy"}
    assert run["accuracy"] == run["val_accuracy"]  # the same images
    assert 0 <= run["accuracy"] <= 1 and run["loss"] > 0


def test_shuffled_labels_are_the_same_labels_elsewhere():
    labels = patterns(200)[1]
    shuffled = experiments.shuffle_labels(labels, seed=1)
    np.testing.assert_array_equal(np.bincount(shuffled), np.bincount(labels))
    assert np.mean(shuffled == labels) < 0.3
    np.testing.assert_array_equal(shuffled, experiments.shuffle_labels(labels, seed=1))


def test_every_regularisation_has_the_same_parameters():
    counts = {experiments.regularised_lenet(how).count_params() for how in experiments.REGULARISATIONS}
    assert counts == {61_706}


def test_augmentation_acts_in_training_only():
    how = next(how for how in experiments.REGULARISATIONS if how.name == "augmentation")
    model = experiments.regularised_lenet(how)
    images = patterns(8)[0]
    still = [np.asarray(model(images, training=False)) for _ in range(2)]
    moved = [np.asarray(model(images, training=True)) for _ in range(2)]
    np.testing.assert_array_equal(still[0], still[1])
    assert np.abs(moved[0] - moved[1]).max() > 1e-3


def test_memorising_beats_guessing():
    """p/n = 61,706 / 20: a few steps are enough to learn labels of pure noise by heart."""
    images = np.random.default_rng(0).uniform(size=(20, 28, 28, 1)).astype("float32")
    nonsense = experiments.shuffle_labels(np.arange(20, dtype="int32") % 10, seed=1)
    keras.utils.set_random_seed(1)
    plain = functools.partial(experiments.regularised_lenet, experiments.Regularisation("none"))
    often = (np.tile(images, (15, 1, 1, 1)), np.tile(nonsense, 15))  # fewer epochs cost less time between them
    run = experiments.train_small(plain, often, (images[::-1], nonsense), epochs=5, batch=10)
    assert run["accuracy"] > 0.6
    assert run["test_accuracy"] < run["accuracy"]
    assert len(run["history"]) == 5


def test_the_notebook_shows_the_brick_of_the_package():
    """The readable residual block of the notebook computes what utils.layers.blocks.residual_block does."""
    notebook = nbformat.read(runtime.repo_root() / "notebooks" / "02_convnets.ipynb", as_version=4)
    (source,) = [c.source for c in notebook.cells if c.cell_type == "code" and "# the skip connection" in c.source]
    space = {"layers": keras.layers}
    exec(source, space)
    inputs = keras.Input((6, 6, 3))
    shown = keras.Model(inputs, space["residual_block"](inputs, 3))
    ours = keras.Model(inputs, blocks.residual_block(inputs, 3))
    rng = np.random.default_rng(0)
    ours.set_weights([rng.uniform(0.2, 0.8, w.shape) for w in ours.get_weights()])
    shown.set_weights(ours.get_weights())
    x = rng.normal(size=(2, 6, 6, 3)).astype("float32")
    np.testing.assert_allclose(shown(x), ours(x), rtol=1e-5, atol=1e-5)
