"""The experiments of lesson 02: how trainable depth is, what keeps a network from memorising, and double descent.

The notebook writes them in its cells and runs each once, briefly; a test holds the two equal.
``tests/benchmarks/results_02_convnets.py`` repeats them over seeds, the deck draws from here.
"""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import keras
import numpy as np
from keras import layers

from utils import runtime
from utils.vision import architectures


def crossentropy() -> keras.losses.Loss:
    """Cross-entropy of integer labels and logits, what all classifiers of lesson 02 are trained with."""
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def compilation() -> str | bool:
    """What to pass as ``jit_compile``: XLA takes longer to compile a deep network on a CPU than the lesson trains it.

    JAX knows nothing but XLA and TensorFlow on a GPU gains from it; both keep Keras's choice.
    """
    return "auto" if keras.backend.backend() != "tensorflow" or runtime.list_gpus() else False


# ---------------------------------------------------------------------------------------------------------------------
# Saturation: depth with and without skip connections (He et al. 2015, figure 1 and table 2)


@dataclass(frozen=True)
class TowerSettings:
    """What stays the same while the depth varies."""

    filters: int = 8  # channels of every convolution
    batch: int = 64
    learning_rate: float = 0.05  # at the start, falling to 0 along a half cosine
    momentum: float = 0.9
    normalise: bool = True  # batch normalisation after every convolution, as in the paper


def train_tower(
    depth: int,
    skip: bool,
    train: tuple[np.ndarray, np.ndarray],
    validation: tuple[np.ndarray, np.ndarray],
    epochs: int,
    seed: int = 1,
    settings: TowerSettings = TowerSettings(),
) -> dict[str, float]:
    """Train one tower and measure it on the data it was trained on and on other data.

    Args:
        depth: layers with weights, even.
        skip: with skip connections or without.
        train, validation: images (n, 28, 28, 1) float32 in [0, 1] and integer labels (n,).

    Returns:
        ``loss`` and ``accuracy`` on the training data, measured after training, and ``val_accuracy``.
    """
    keras.utils.set_random_seed(seed)
    steps = epochs * -(-len(train[0]) // settings.batch)
    schedule = keras.optimizers.schedules.CosineDecay(settings.learning_rate, steps)
    with runtime.distribution_scope():
        model = architectures.tower(depth, skip, settings.filters, normalise=settings.normalise)
        optimizer = keras.optimizers.SGD(schedule, momentum=settings.momentum)
        model.compile(optimizer, crossentropy(), metrics=["accuracy"], jit_compile=compilation())
    model.fit(*train, batch_size=settings.batch, epochs=epochs, verbose=0)
    loss, accuracy = model.evaluate(*train, batch_size=500, verbose=0)
    _, val_accuracy = model.evaluate(*validation, batch_size=500, verbose=0)
    free_memory()
    return {"loss": float(loss), "accuracy": float(accuracy), "val_accuracy": float(val_accuracy)}


# ---------------------------------------------------------------------------------------------------------------------
# Memorising and regularising (Zhang et al. 2017)


@dataclass(frozen=True)
class Regularisation:
    """One way to keep LeNet-5 from fitting everything; the defaults do nothing."""

    name: str = "none"
    dropout: float = 0.0  # rate before each dense layer
    weight_decay: float = 0.0  # factor of the squared weights in the loss
    shift: float = 0.0  # random translation, share of the image's size
    rotation: float = 0.0  # random rotation, share of a full turn


REGULARISATIONS = (
    Regularisation("none"),
    Regularisation("dropout", dropout=0.5),
    Regularisation("weight decay", weight_decay=2e-3),
    Regularisation("augmentation", shift=0.1, rotation=0.04),
    Regularisation("all three", dropout=0.3, weight_decay=5e-4, shift=0.1, rotation=0.04),
)


def regularised_lenet(how: Regularisation) -> keras.Model:
    """LeNet-5 with augmentation in front, dropout inside and weight decay in its loss; always 61,706 parameters."""
    regularizer = keras.regularizers.L2(how.weight_decay) if how.weight_decay else None
    core = architectures.lenet5(dropout=how.dropout, regularizer=regularizer)
    if not (how.shift or how.rotation):
        return core
    x = inputs = keras.Input((28, 28, 1), name="photo")
    x = layers.RandomTranslation(how.shift, how.shift, fill_mode="constant", name="shift")(x)
    x = layers.RandomRotation(how.rotation, fill_mode="constant", name="rotate")(x)
    return keras.Model(inputs, core(x), name="augmented_lenet5")


def train_small(
    build: Callable[[], keras.Model],
    train: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    epochs: int,
    batch: int = 50,
    learning_rate: float = 2e-3,
) -> dict[str, float | list[float]]:
    """Build a network and train it with Adam for a fixed number of epochs; nothing is chosen on ``test``.

    Returns:
        ``accuracy`` on the training images as they are (no augmentation, no dropout), ``test_accuracy``, and
        ``history``, the running training accuracy per epoch.
    """
    with runtime.distribution_scope():
        model, optimizer = build(), keras.optimizers.Adam(learning_rate)
        model.compile(optimizer, crossentropy(), metrics=["accuracy"], jit_compile=compilation())
    history = model.fit(*train, batch_size=batch, epochs=epochs, verbose=0).history
    _, accuracy = model.evaluate(*train, batch_size=500, verbose=0)
    _, test_accuracy = model.evaluate(*test, batch_size=500, verbose=0)
    return {
        "accuracy": float(accuracy),
        "test_accuracy": float(test_accuracy),
        "history": [float(value) for value in history["accuracy"]],
    }


@dataclass
class MemoryTest:
    """Results of one network on true and on random labels."""

    name: str
    true_labels: dict = field(default_factory=dict)
    random_labels: dict = field(default_factory=dict)


def shuffle_labels(labels: np.ndarray, seed: int) -> np.ndarray:
    """The same labels in another order: still as many of each, but they tell nothing about the images any more."""
    return np.random.default_rng(seed).permutation(labels)


def compare_regularisations(
    train: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    epochs: int,
    seed: int = 1,
    which: Sequence[Regularisation] = REGULARISATIONS,
) -> list[MemoryTest]:
    """Each regularisation on true labels and on shuffled ones, LeNet-5 from the same start."""
    images, labels = train
    shuffled = shuffle_labels(labels, seed)
    tests = []
    for how in which:
        entry = MemoryTest(how.name)
        for kind, targets in (("true_labels", labels), ("random_labels", shuffled)):
            keras.utils.set_random_seed(seed)
            result = train_small(functools.partial(regularised_lenet, how), (images, targets), test, epochs)
            setattr(entry, kind, result)
        tests.append(entry)
    free_memory()
    return tests


# ---------------------------------------------------------------------------------------------------------------------
# Double descent (Belkin et al. 2019)


def double_descent(
    train: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    width: int,
    decay: float,
    samples: int,
    seed: int,
    lies: float = 0.2,
) -> tuple[float, float]:
    """A hidden layer of random directions, a last layer by least squares: errors on its own labels and on new digits.

    Args:
        train: images and labels, of which ``samples`` are drawn; a share ``lies`` of the labels is drawn anew.
        width: hidden units, and so unknowns of the least squares of each class.
        decay: charge for squared weights; 0 takes the smallest of the weights that fit best.
    """
    rng = np.random.default_rng(seed)
    few = rng.choice(len(train[0]), samples, replace=False)
    images, labels = train[0][few].reshape(samples, -1), train[1][few].copy()
    false = rng.random(samples) < lies
    labels[false] = rng.integers(0, 10, false.sum())
    directions = rng.normal(size=(images.shape[1], width)) / np.sqrt(width)
    hidden, hidden_new = (np.maximum(x @ directions, 0) for x in (images, test[0].reshape(len(test[0]), -1)))
    targets = np.eye(10)[labels]
    if decay == 0:
        weights = np.linalg.pinv(hidden) @ targets
    else:
        weights = hidden.T @ np.linalg.solve(hidden @ hidden.T + decay * np.eye(samples), targets)
    known, new = (
        float(np.mean((h @ weights).argmax(axis=1) != truth)) for h, truth in ((hidden, labels), (hidden_new, test[1]))
    )
    return known, new


def free_memory() -> None:
    """Let go of models that are out of reach (compiled functions and their models refer to each other)."""
    gc.collect()
