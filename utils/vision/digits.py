"""Networks, recipes and augmentation for handwritten digits: what lesson 05 and its measurements share.

Read in this order: the three networks, :class:`Recipe` (every hyperparameter, one line each), :func:`augment`, and
:func:`train`, which ties them together. The number of epochs follows from the time budget; whatever else was chosen
was chosen on a held-out tenth of the training images, never on the test images. Used in lesson 05.
"""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
from keras import layers

from utils import runtime
from utils.layers.schedule import one_cycle

CLASSES = 10
SIDE = 28

# ---------------------------------------------------------------------------------------------------------------------
# Images in


def prepare(images: np.ndarray) -> np.ndarray:
    """Grey levels 0 to 255, uint8 (n, 28, 28), become what networks take: float32 (n, 28, 28, 1) from 0 to 1."""
    return images.astype("float32")[..., None] / 255


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


# ---------------------------------------------------------------------------------------------------------------------
# Augmentation


def augment(
    images: np.ndarray, rng: np.random.Generator, shift: float = 2.0, degrees: float = 10.0, zoom: float = 0.1
) -> np.ndarray:
    """Move, turn, stretch each image a little, so that a network never sees quite the same digit twice.

    Every output pixel asks where it comes from: a rotation by up to ``degrees``, a stretch by up to ``zoom`` along each
    axis and a shift by up to ``shift`` pixels, each drawn uniformly, about the image's centre. Between pixels the grey
    level is interpolated bilinearly; from outside the image comes 0.

    Args:
        images: (n, height, width, 1), float32.
        rng: NumPy generator the changes are drawn from.
        shift: pixels.
        degrees: of rotation.
        zoom: 0.1 means from 0.9 to 1.1 times the size.

    Returns:
        (n, height, width, 1), float32, values within the input's range (0 included).
    """
    count, height, width, _ = images.shape
    angle = np.deg2rad(rng.uniform(-degrees, degrees, (count, 1))).astype("float32")
    scale = rng.uniform(1 - zoom, 1 + zoom, (2, count, 1)).astype("float32")
    move = rng.uniform(-shift, shift, (2, count, 1)).astype("float32")
    rows, columns = np.mgrid[:height, :width].reshape(2, 1, -1).astype("float32")
    middle_row, middle_column = (height - 1) / 2, (width - 1) / 2
    y, x = rows - middle_row, columns - middle_column
    source_row = (np.cos(angle) * y - np.sin(angle) * x) * scale[0] + move[0] + middle_row
    source_column = (np.sin(angle) * y + np.cos(angle) * x) * scale[1] + move[1] + middle_column
    return _interpolate(images[..., 0], source_row, source_column)[..., None]


def _interpolate(images: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Bilinear samples of (n, height, width) images at fractional positions (n, height * width), 0 outside."""
    count, height, width = images.shape
    # A frame of zeros around each image makes "outside" a place like any other: positions are clipped to it.
    framed = np.zeros((count, height + 3, width + 3), "float32")
    framed[:, 1:-2, 1:-2] = images
    rows = np.clip(rows + 1, 0, height + 1)
    columns = np.clip(columns + 1, 0, width + 1)
    top, left = rows.astype("int32"), columns.astype("int32")
    # Single precision throughout: float32 minus int32 would be double.
    down, right = rows - top.astype("float32"), columns - left.astype("float32")
    corner = top * (width + 3) + left + np.arange(count, dtype="int32")[:, None] * framed[0].size
    pixels = framed.ravel()
    upper = pixels[corner] * (1 - right) + pixels[corner + 1] * right
    corner += width + 3
    lower = pixels[corner] * (1 - right) + pixels[corner + 1] * right
    return (upper * (1 - down) + lower * down).reshape(images.shape)


def shift(images: np.ndarray, right: int) -> np.ndarray:
    """Images (n, height, width, 1) with their ink moved ``right`` pixels (left if negative); what comes in is 0."""
    framed = np.pad(images, ((0, 0), (0, 0), (abs(right), abs(right)), (0, 0)))
    start = abs(right) - right
    return framed[:, :, start : start + images.shape[2]]


class Batches(keras.utils.PyDataset):
    """Shuffled batches for ``fit``, freshly augmented in every epoch; the same seed gives the same batches.

    Args:
        images: (n, 28, 28, 1), float32.
        targets: (n, 10) one-hot.
        batch_size: examples in a batch; the last, incomplete one is left out (each epoch another few examples).
        seed: of the shuffling and the augmentation.
        changes: arguments of :func:`augment`; None leaves the images as they are.
    """

    def __init__(self, images: np.ndarray, targets: np.ndarray, batch_size: int, seed: int, changes: dict | None):
        super().__init__()
        self.images, self.targets, self.batch_size = images, targets, min(batch_size, len(images))
        self.seed, self.changes, self.epoch = seed, changes, 0
        self.order = np.random.default_rng([seed, 0]).permutation(len(images))

    def __len__(self) -> int:
        return len(self.images) // self.batch_size

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        chosen = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        images = self.images[chosen]
        if self.changes is not None:
            images = augment(images, np.random.default_rng([self.seed, self.epoch, index + 1]), **self.changes)
        return images, self.targets[chosen]

    def on_epoch_end(self) -> None:
        self.epoch += 1
        self.order = np.random.default_rng([self.seed, self.epoch]).permutation(len(self.images))


# ---------------------------------------------------------------------------------------------------------------------
# Training


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Every hyperparameter of a training."""

    epochs: int  # passes over the training images
    batch_size: int = 128  # examples a step, as in the lecture
    peak_rate: float = 2e-3  # Adam's learning rate at the top of the cycle
    warm_up: float = 0.15  # part of the steps in which the rate climbs to its peak; then it falls along a cosine to 0
    label_smoothing: float = 0.0  # the target of the right class is 1 - 0.9 of this, of each wrong one 0.1 of this
    changes: dict | None = None  # arguments of augment(); None trains on the images as they are


def recipe(name: str) -> Recipe:
    """The recipe of ``"perceptron"``, ``"lecture"`` or ``"better"`` at the budget in force."""
    recipes = {
        "perceptron": Recipe(epochs=runtime.pick(smoke=1, cpu=5, gpu=12), peak_rate=1e-3),
        "lecture": Recipe(epochs=runtime.pick(smoke=1, cpu=7, gpu=12)),
        "better": Recipe(
            epochs=runtime.pick(smoke=2, cpu=10, gpu=40),
            peak_rate=3e-3,
            changes={"shift": 1.5, "degrees": 9.0, "zoom": 0.1},
        ),
    }
    return recipes[name]


def build(name: str) -> keras.Sequential:
    """A fresh network: ``"perceptron"``, ``"lecture"`` or ``"better"``."""
    with runtime.distribution_scope():
        return {"perceptron": multilayer_perceptron, "lecture": lecture_network, "better": better_network}[name]()


class EpochLine(keras.callbacks.Callback):
    """One line an epoch, without the timings that would differ from run to run."""

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        logs = logs or {}
        line = (
            f"epoch {epoch + 1:2d} of {self.params['epochs']}: loss {logs['loss']:.4f}, accuracy {logs['accuracy']:.2%}"
        )
        if "val_accuracy" in logs:
            line += f"; held out: loss {logs['val_loss']:.4f}, accuracy {logs['val_accuracy']:.2%}"
        print(line, flush=True)


def train(
    model: keras.Model,
    recipe: Recipe,
    learn: tuple[np.ndarray, np.ndarray],
    held_out: tuple[np.ndarray, np.ndarray] | None = None,
    seed: int = 1,
) -> dict[str, list[float]]:
    """Train a network by a recipe; shows Keras's progress bar in a live notebook, else one line an epoch.

    Args:
        model: takes (n, 28, 28, 1), gives probabilities (n, 10); its weights change in place.
        recipe: the hyperparameters.
        learn: images (n, 28, 28, 1) float32 and labels (n,) to learn from.
        held_out: images and labels for the validation curve; None: no validation.
        seed: of batches and augmentation (initial weights and dropout follow ``runtime.seed_everything``).

    Returns:
        What ``fit`` keeps for each epoch: loss and accuracy, and val_loss and val_accuracy with ``held_out``.
    """
    targets = keras.utils.to_categorical(learn[1], CLASSES)
    batches = Batches(learn[0], targets, recipe.batch_size, seed, recipe.changes)
    with runtime.distribution_scope():
        model.compile(
            optimizer=keras.optimizers.Adam(one_cycle(recipe.peak_rate, recipe.epochs * len(batches), recipe.warm_up)),
            loss=keras.losses.CategoricalCrossentropy(label_smoothing=recipe.label_smoothing),
            metrics=["accuracy"],
            # On a CPU the compiler XLA makes TensorFlow's convolutions several times slower; on a GPU it helps.
            jit_compile="auto" if keras.backend.backend() != "tensorflow" or runtime.list_gpus() else False,
        )
    check = None if held_out is None else (held_out[0], keras.utils.to_categorical(held_out[1], CLASSES))
    live = runtime.in_front_end()
    history = model.fit(
        batches,
        epochs=recipe.epochs,
        validation_data=check,
        validation_batch_size=500,
        verbose=1 if live else 0,
        callbacks=[] if live else [EpochLine()],
    )
    return {name: [float(value) for value in values] for name, values in history.history.items()}
