"""The experiments of lesson 02 are fair (same start, same parameters) and report what they say."""

import ast
import functools
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import nbformat
import numpy as np
import pytest
from keras import layers

from utils import runtime
from utils.vision import architectures, experiments


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


def test_double_descent_peaks_where_the_unknowns_are_as_many_as_the_samples():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 500)
    images = (np.eye(10)[labels] @ rng.normal(size=(10, 64)) + 0.3 * rng.normal(size=(500, 64))).reshape(500, 8, 8, 1)
    train, test = (images[:400], labels[:400]), (images[400:], labels[400:])
    errors = {
        (width, decay): experiments.double_descent(train, test, width, decay, samples=60, seed=1)
        for width, decay in ((20, 0), (60, 0), (600, 0), (60, 10))
    }
    assert errors[60, 0][0] == errors[600, 0][0] == 0.0  # all labels fitted
    assert errors[60, 0][1] > max(errors[20, 0][1], errors[600, 0][1]) + 0.1
    assert errors[60, 10][1] < errors[60, 0][1] - 0.1


# ---------------------------------------------------------------------------------------------------------------------
# What the notebook writes in its cells is what the package builds and trains


@pytest.fixture(scope="module")
def written():
    """The functions of the notebook, and the names that they use."""
    notebook = nbformat.read(runtime.repo_root() / "notebooks" / "02_convnets.ipynb", as_version=4)
    space = {"np": np, "keras": keras, "layers": layers, "runtime": runtime, "experiments": experiments}
    space |= {"relu": {"activation": "relu", "kernel_initializer": "he_normal"}}
    space |= {"same": {"padding": "same", "activation": "relu"}, "cross_entropy": experiments.crossentropy()}
    for cell in notebook.cells:
        if cell.cell_type == "code" and "exercise" not in cell.metadata.get("tags", []):
            functions = [node for node in ast.parse(cell.source).body if isinstance(node, ast.FunctionDef)]
            exec(compile(ast.Module(functions, []), "02_convnets.ipynb", "exec"), space)
    return space


def shape_of(model):
    """Kind, output and number of weights of every layer that computes, in order."""
    passive = (layers.InputLayer, layers.Dropout, layers.ZeroPadding2D)
    return [
        (type(layer).__name__, layer.output.shape, layer.count_params())
        for layer in model.layers
        if not isinstance(layer, passive)
    ]


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("lenet5", architectures.lenet5),
        ("alexnet", architectures.alexnet),
        ("vgg", architectures.vgg16),
        ("vgg19", architectures.vgg19),
        ("vgg_gap", functools.partial(architectures.vgg16_gap, 1000, 1024)),
        ("mlp", architectures.mlp),
    ],
)
def test_the_notebook_writes_the_networks_of_the_package(written, name, ours):
    shown, built = (architectures.blueprint(build) for build in (written[name], ours))
    assert shape_of(shown) == shape_of(built)


@pytest.mark.parametrize("skip", [True, False])
def test_the_tower_of_the_notebook_computes_what_the_package_does(written, skip):
    shown, ours = written["tower"](6, skip, 4), architectures.tower(6, skip, 4)
    rng = np.random.default_rng(0)
    ours.set_weights([rng.uniform(0.2, 0.8, w.shape) for w in ours.get_weights()])
    shown.set_weights(ours.get_weights())
    x = rng.normal(size=(2, 28, 28, 1)).astype("float32")
    np.testing.assert_allclose(shown(x), ours(x), rtol=1e-5, atol=1e-5)


def test_the_notebook_trains_the_tower_as_the_package_does(written):
    images, labels = patterns(80)
    written |= {"samples": len(images), "small": (images, labels)}
    _, accuracies, accuracy = written["train_tower"](4, True, epochs=2, seed=3)
    run = experiments.train_tower(4, True, (images, labels), (images, labels), epochs=2, seed=3)
    assert len(accuracies) == 2
    assert accuracy == pytest.approx(run["accuracy"], abs=0.03)  # sums in another order round differently


def test_the_notebook_regularises_as_the_package_does(written):
    for how in experiments.REGULARISATIONS:
        ours = experiments.regularised_lenet(how)
        core = ours.layers[-1] if how.shift else ours
        shown = written["regularised_lenet"](how.dropout, how.weight_decay, bool(how.shift))
        rates = [[x.rate for x in model.layers if isinstance(x, layers.Dropout) and x.rate] for model in (shown, core)]
        assert rates[0] == rates[1]
        assert shape_of(shown)[2 if how.shift else 0 :] == shape_of(core)
        shown.set_weights(core.get_weights())
        charged = [float(sum(model.losses)) for model in (shown, core)]
        assert charged[0] == pytest.approx(charged[1])


def test_the_notebook_measures_double_descent_as_the_package_does(written):
    rng = np.random.default_rng(0)
    train, test = ((rng.random((n, 28, 28, 1)), rng.integers(0, 10, n)) for n in (60, 40))
    written |= {"train": train, "cut": 60, "new_images": test[0].reshape(40, -1), "new_labels": test[1]}
    for width, decay in ((10, 0), (50, 0), (50, 1.0)):
        ours = experiments.double_descent(train, test, width, decay, samples=30, seed=4)
        assert written["fit_and_test"](width, decay, 4, 30)[:2] == pytest.approx(ours)
