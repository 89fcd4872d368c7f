"""Networks, augmentation and training for handwritten digits: what the measurements of lesson 05 share with it.

The lesson writes all of this in its own cells, ``tests/benchmarks/results_05_mnist_cnn.py`` repeats it over seeds, and
a test holds the two equal. Read in this order: the three networks, :func:`augmented`, :class:`Recipe`, :func:`train`.
The number of epochs follows from the time budget; whatever else was chosen was chosen on a held-out tenth of the
training images, never on the test images. Used in lesson 05.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import keras
import numpy as np
from keras import layers

from utils import runtime
from utils.layers.schedule import one_cycle
from utils.vision.experiments import compilation

CLASSES = 10
SIDE = 28

# ---------------------------------------------------------------------------------------------------------------------
# Images in


def prepare(images: np.ndarray) -> np.ndarray:
    """Grey levels 0 to 255, uint8 (n, 28, 28), become what networks take: float32 (n, 28, 28, 1) from 0 to 1."""
    return images.astype("float32")[..., None] / 255


def shift(images: np.ndarray, right: int) -> np.ndarray:
    """Images (n, height, width, 1) with their ink moved ``right`` pixels (left if negative); what comes in is 0."""
    framed = np.pad(images, ((0, 0), (0, 0), (abs(right), abs(right)), (0, 0)))
    start = abs(right) - right
    return framed[:, :, start : start + images.shape[2]]


# ---------------------------------------------------------------------------------------------------------------------
# Networks


def multilayer_perceptron() -> keras.Sequential:
    """The dense baseline: 784 -> 512 -> 10, 407,050 parameters. (n, 28, 28, 1) in, probabilities (n, 10) out."""
    return keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 1)),
            layers.Flatten(),
            layers.Dense(512, activation="relu"),
            layers.Dense(CLASSES, activation="softmax"),
        ],
        name="multilayer_perceptron",
    )


def lecture_network() -> keras.Sequential:
    """The lecture's convnet, 600,810 parameters. (n, 28, 28, 1) in, probabilities (n, 10) out."""
    return keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(CLASSES, activation="softmax"),
        ],
        name="lecture_network",
    )


def better_network() -> keras.Sequential:
    """Large kernels early, pooling before normalisation: 87,194 parameters, under half the lecture's arithmetic.

    (n, 28, 28, 1) in, probabilities (n, 10) out. A convolution followed by batch normalisation (Ioffe and Szegedy 2015)
    needs no bias of its own. Normalising after the pooling means a quarter of the numbers to normalise.
    """
    return keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 1)),
            layers.Conv2D(16, 5, padding="same", use_bias=False),
            layers.MaxPooling2D(2),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Conv2D(48, 5, use_bias=False),
            layers.MaxPooling2D(2),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Conv2D(128, 3, use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(CLASSES, activation="softmax"),
        ],
        name="better_network",
    )


def augmented(build: Callable[[], keras.Model]) -> keras.Sequential:
    """A network that moves, turns and stretches its images while it trains, and leaves them alone when it reads.

    Args:
        build: makes the network itself, (n, 28, 28, 1) in.
    """
    return keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 1)),
            # Whole pixels: each bilinear interpolation blurs, and two are enough.
            layers.RandomTranslation(0.07, 0.07, fill_mode="constant", interpolation="nearest"),
            layers.RandomRotation(0.025, fill_mode="constant"),
            layers.RandomZoom(0.1, 0.1, fill_mode="constant"),
            build(),
        ]
    )


# ---------------------------------------------------------------------------------------------------------------------
# Reading


def read_nine_times(network: keras.Model, images: np.ndarray) -> np.ndarray:
    """Probabilities (n, 10): the mean of nine readings of images (n, 28, 28, 1), moved by up to one pixel each way.

    What is moved out of the image on one side would come back on the other; MNIST leaves paper enough on each side.
    """
    moves = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)]
    readings = [network.predict(np.roll(images, move, (1, 2)), batch_size=500, verbose=0) for move in moves]
    return np.mean(readings, axis=0)


# ---------------------------------------------------------------------------------------------------------------------
# Training


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Every hyperparameter of a training; batches of 128 as in the lecture, one cycle of the learning rate."""

    network: str  # "perceptron", "lecture" or "better"
    epochs: int  # passes over the training images
    peak_rate: float = 2e-3  # Adam's learning rate at the top of the cycle
    augmented: bool = False  # images changed anew in each epoch


def recipe(name: str) -> Recipe:
    """The recipe of ``"perceptron"``, ``"lecture"`` or ``"better"`` at the budget in force."""
    recipes = {
        "perceptron": Recipe("perceptron", epochs=runtime.pick(smoke=1, cpu=5, gpu=12)),
        "lecture": Recipe("lecture", epochs=runtime.pick(smoke=1, cpu=12, gpu=12)),
        "better": Recipe("better", epochs=runtime.pick(smoke=2, cpu=30, gpu=40), peak_rate=6e-3, augmented=True),
    }
    return recipes[name]


NETWORKS = {"perceptron": multilayer_perceptron, "lecture": lecture_network, "better": better_network}


class EpochLine(keras.callbacks.Callback):
    """One line an epoch, without the timings that would differ from run to run; live, how much of it is done."""

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        steps = self.params.get("steps") or 0
        if runtime.in_front_end() and batch % 20 == 19 and batch + 1 < steps:
            print(f"\r{(batch + 1) / steps:4.0%} of the epoch", end="", flush=True)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        logs = logs or {}
        line = (
            f"epoch {epoch + 1:2d} of {self.params['epochs']}: loss {logs['loss']:.4f}, accuracy {logs['accuracy']:.2%}"
        )
        if "val_accuracy" in logs:
            line += f"; held out: loss {logs['val_loss']:.4f}, accuracy {logs['val_accuracy']:.2%}"
        print(("\r" if runtime.in_front_end() else "") + line, flush=True)


def train(
    recipe: Recipe,
    learn: tuple[np.ndarray, np.ndarray],
    held_out: tuple[np.ndarray, np.ndarray] | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> tuple[keras.Model, dict[str, list[float]]]:
    """A fresh network, trained by a recipe (weights, order and augmentation follow ``runtime.seed_everything``).

    Args:
        recipe: the hyperparameters.
        learn: images (n, 28, 28, 1) float32 and labels (n,) to learn from.
        held_out: images and labels for the validation curve; None: no validation.
        callbacks: for ``fit``, such as an :class:`EpochLine`.

    Returns:
        The network, (n, 28, 28, 1) in and probabilities (n, 10) out, and what ``fit`` keeps for each epoch: loss and
        accuracy, and val_loss and val_accuracy with ``held_out``.
    """
    build = NETWORKS[recipe.network]
    steps = recipe.epochs * -(-len(learn[0]) // 128)
    with runtime.distribution_scope():
        model = augmented(build) if recipe.augmented else build()
        model.compile(
            keras.optimizers.Adam(one_cycle(recipe.peak_rate, steps, 0.15)),
            loss="categorical_crossentropy",
            metrics=["accuracy"],
            jit_compile=compilation(),
        )
    check = None if held_out is None else (held_out[0], keras.utils.to_categorical(held_out[1], CLASSES))
    history = model.fit(
        learn[0],
        keras.utils.to_categorical(learn[1], CLASSES),
        batch_size=128,
        epochs=recipe.epochs,
        validation_data=check,
        validation_batch_size=500,
        verbose=0,
        callbacks=list(callbacks),
    )
    return model, {name: [float(value) for value in values] for name, values in history.history.items()}
