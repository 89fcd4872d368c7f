"""Lesson 05's networks, augmentation and training, and that the notebook writes the very same in its cells."""

from __future__ import annotations

import ast
import math

import keras
import nbformat
import numpy as np
import pytest
from keras import layers

from utils import runtime
from utils.vision import digits

NOTEBOOK = runtime.repo_root() / "notebooks" / "05_mnist_cnn.ipynb"


@pytest.mark.parametrize("name, parameters", [("perceptron", 407_050), ("lecture", 600_810), ("better", 87_194)])
def test_parameter_counts(name, parameters):
    model = digits.NETWORKS[name]()
    assert model.count_params() == parameters
    assert model.output_shape == (None, 10)


def test_lecture_network_layer_by_layer():
    by_hand = [(9 + 1) * 32, (9 * 32 + 1) * 32, 0, 0, 0, (12 * 12 * 32 + 1) * 128, 0, (128 + 1) * 10]
    assert [layer.count_params() for layer in digits.lecture_network().layers] == by_hand


def _layers(model: keras.Sequential) -> list:
    """Kind and settings of each layer, without the names that Keras numbers."""
    return [(type(layer).__name__, {**layer.get_config(), "name": ""}) for layer in model.layers]


def test_prepare_scales_and_adds_the_channel():
    ready = digits.prepare(np.arange(50 * 28 * 28, dtype=np.uint32).reshape(50, 28, 28).astype(np.uint8))
    assert ready.shape == (50, 28, 28, 1) and ready.dtype == np.float32 and ready.min() == 0 and ready.max() == 1


@pytest.mark.parametrize("right", [0, 2, -3, 28])
def test_shift(right):
    images = np.random.default_rng(0).random((2, 28, 28, 1))
    moved = digits.shift(images, right)
    for column in range(28):
        inside = 0 <= column - right < 28
        expected = images[:, :, column - right] if inside else np.zeros((2, 28, 1))
        np.testing.assert_array_equal(moved[:, :, column], expected)


def test_augmentation_changes_images_in_training_alone():
    change = keras.Sequential(digits.augmented(digits.multilayer_perceptron).layers[:-1])
    images = np.zeros((20, 28, 28, 1), np.float32)
    images[:, 8:20, 12:16] = 1
    np.testing.assert_array_equal(change(images, training=False), images)
    changed = np.asarray(change(images, training=True))
    assert changed.min() >= -1e-6 and changed.max() <= 1 + 1e-5
    assert len(np.unique(changed.reshape(20, -1), axis=0)) == 20
    np.testing.assert_allclose(changed.sum(axis=(1, 2, 3)), images[0].sum(), rtol=0.25)  # a tenth each way
    rows = np.arange(28)[:, None]
    centres = (changed[..., 0] * rows).sum(axis=(1, 2)) / changed.sum(axis=(1, 2, 3))
    assert np.ptp(centres) > 1 and np.abs(centres - 13.5).max() < 2.5


class _Reader:
    """A network whose answer is where the ink is."""

    def predict(self, images, **_):
        return images[:, :, :, 0].sum(axis=1)


def test_nine_readings_are_averaged():
    images = np.zeros((2, 28, 28, 1), np.float32)
    images[0, 14, 14] = images[1, 20, 5] = 9
    read = digits.read_nine_times(_Reader(), images)
    np.testing.assert_allclose(read[0, 13:16], 3)
    np.testing.assert_allclose(read[1, 4:7], 3)
    np.testing.assert_allclose(read.sum(axis=1), 9)


def test_recipes_follow_the_budget(monkeypatch):
    monkeypatch.setenv("COURSE_BUDGET", "smoke")
    smoke = digits.recipe("lecture").epochs
    monkeypatch.setenv("COURSE_BUDGET", "cpu")
    assert smoke < digits.recipe("lecture").epochs == 12  # as many as the lecture's own training
    assert [digits.recipe(name).augmented for name in digits.NETWORKS] == [False, False, True]


def bars(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Images of a bar whose place is the class."""
    labels = np.random.default_rng(0).integers(0, 10, count)
    images = np.zeros((count, 28, 28, 1), np.float32)
    images[np.arange(count), :, labels * 2 + 4] = 1
    return images, labels


def test_training_learns_and_keeps_its_curve(capsys, monkeypatch):
    monkeypatch.setenv("COURSE_HEADLESS", "1")
    images, labels = bars(1500)
    runtime.seed_everything(0)
    recipe = digits.Recipe("perceptron", epochs=4, peak_rate=5e-3)
    learn, held_out = (images[:1400], labels[:1400]), (images[1400:], labels[1400:])
    model, history = digits.train(recipe, learn, held_out, [digits.EpochLine()])
    assert set(history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert len(history["loss"]) == 4 and history["loss"][-1] < history["loss"][0]
    assert history["val_accuracy"][-1] > 0.95
    assert model.predict(held_out[0], verbose=0).shape == (100, 10)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4 and lines[0].startswith("epoch  1 of 4: loss") and "held out" in lines[0]


def test_live_a_line_says_how_much_of_the_epoch_is_done(capsys, monkeypatch):
    monkeypatch.setattr(runtime, "in_front_end", lambda: True)
    line = digits.EpochLine()
    line.set_params({"epochs": 2, "steps": 40})
    for batch in range(40):
        line.on_train_batch_end(batch)
    line.on_epoch_end(0, {"loss": 0.5, "accuracy": 0.9})
    assert capsys.readouterr().out == "\r 50% of the epoch\repoch  1 of 2: loss 0.5000, accuracy 90.00%\n"


# ---------------------------------------------------------------------------------------------------------------------
# What the notebook writes itself


def _defined_in_the_notebook(*names: str) -> dict:
    """The functions of these names as the cells define them, and what they need."""
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    space = {"keras": keras, "layers": layers, "math": math, "np": np, "digits": digits, "runtime": runtime}
    space["to_categorical"] = keras.utils.to_categorical
    for name in names:
        (source,) = [cell.source for cell in cells if cell.cell_type == "code" and f"def {name}(" in cell.source]
        exec(source[source.index(f"def {name}(") :].split("\n\n\n")[0], space)
    return space


@pytest.mark.parametrize("name", ["multilayer_perceptron", "lecture_network", "better_network"])
def test_notebook_shows_the_network_that_was_measured(name):
    assert _layers(_defined_in_the_notebook(name)[name]()) == _layers(getattr(digits, name)())


def test_notebook_augments_as_was_measured():
    theirs = _defined_in_the_notebook("augmented")["augmented"](digits.multilayer_perceptron)
    assert _layers(theirs)[:-1] == _layers(digits.augmented(digits.multilayer_perceptron))[:-1]


def test_notebook_trains_as_was_measured():
    train = _defined_in_the_notebook("one_cycle", "train")["train"]
    data = bars(300)
    histories = []
    for run in (
        lambda: train(digits.multilayer_perceptron, data, epochs=2, peak=2e-3, watch=data),
        lambda: digits.train(digits.Recipe("perceptron", epochs=2, peak_rate=2e-3), data, data),
    ):
        runtime.seed_everything(3)
        histories.append(run()[1])
    assert histories[0].keys() == histories[1].keys()
    for key, values in histories[0].items():
        np.testing.assert_allclose(values, histories[1][key], rtol=1e-4, err_msg=key)


def test_notebook_prepares_images_as_was_measured():
    images = np.random.default_rng(0).integers(0, 256, (3, 28, 28)).astype(np.uint8)
    theirs = _defined_in_the_notebook("prepare")["prepare"](images)
    np.testing.assert_array_equal(theirs, digits.prepare(images))


def test_notebook_reads_nine_times_as_was_measured():
    theirs = _defined_in_the_notebook("read_nine_times")["read_nine_times"]
    images = np.random.default_rng(0).random((3, 28, 28, 1))
    np.testing.assert_allclose(theirs(_Reader(), images), digits.read_nine_times(_Reader(), images))


def test_notebook_trains_what_was_measured_and_no_longer(monkeypatch):
    source = "\n".join(cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.cell_type == "code")
    calls = [
        {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords} | {"build": ast.unparse(node.args[0])}
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "train"
    ]
    watched = [call for call in calls if "watch" in call]
    assert len(watched) == 3
    for budget in runtime.BUDGETS:
        monkeypatch.setenv("COURSE_BUDGET", budget)
        for name, call in zip(("perceptron", "lecture", "better"), watched):
            recipe = digits.recipe(name)
            assert (
                digits.NETWORKS[name].__name__ in call["build"] and ("augmented" in call["build"]) == recipe.augmented
            )
            assert eval(call["epochs"], {"runtime": runtime}) <= recipe.epochs
            assert float(call["peak"]) == recipe.peak_rate
