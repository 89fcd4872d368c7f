"""Cats against dogs: a convnet from scratch, frozen features with a new classifier, fine-tuning (lesson 04).

The lesson's order: :func:`train_scratch`; then :func:`look` runs the pretrained network once over all photos and keeps
what it computed in an HDF5 file; :func:`train_head` learns a classifier on that; :func:`fine_tune` goes on with the top
of the network. :class:`CatDogClassifier` predicts with the head that ships with the course.

Every network sees each photo twice, in two *looks*, and the two logits are averaged.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import keras
import numpy as np
from keras import layers
from PIL import Image
from tqdm.auto import tqdm

from utils import runtime
from utils.checkpoints import load_checkpoint, save_checkpoint
from utils.layers.blocks import conv_bn
from utils.vision.photos import open_photo
from utils.vision.pretrained import ImageNetModel

CLASSES = ("cat", "dog")
SPLIT_LAYER = "block13_add"  # of EfficientNet-Lite0: above it lie two blocks and the head, 28 % of the work


# ---------------------------------------------------------------------------------------------------------------------
# From scratch


@dataclass(frozen=True)
class Recipe:
    """How the convnet from scratch learns.

    Attributes:
        size: side of the photos, pixels.
        filters: of the convolutions, input to output; all but the first are followed by pooling.
        epochs: rounds through the photos.
        small_size, small_share: the first ``small_share`` of the epochs see the photos at this smaller side: the same
            network learns there at about half the price, since it ends in a mean over all places.
        batch_size: photos a step.
        rate: highest learning rate; it falls along a cosine to zero.
        weight_decay: of AdamW, on all weights.
        dropout: before the last layer.
        smoothing: labels 0 and 1 become smoothing / 2 and 1 - smoothing / 2.
        zoom, shift: largest change of size and place by the augmentation, fractions of the side.
        brightness, contrast: largest change of light by the augmentation, fractions of the range.
    """

    size: int = 64
    filters: tuple[int, ...] = (32, 64, 128, 256)
    epochs: int = 36
    small_size: int = 48
    small_share: float = 2 / 3
    batch_size: int = 40
    rate: float = 2e-3
    weight_decay: float = 0.02
    dropout: float = 0.4
    smoothing: float = 0.1
    zoom: float = 0.25
    shift: float = 0.1
    brightness: float = 0.2
    contrast: float = 0.25


def augmentation(recipe: Recipe = Recipe(), seed: int | None = None) -> keras.Sequential:
    """Random mirroring, size, place and light: layers that act in training and let photos pass unchanged afterwards."""
    return keras.Sequential(
        [
            layers.RandomFlip("horizontal", seed=seed),
            layers.RandomZoom((-recipe.zoom, recipe.zoom / 2), fill_mode="reflect", seed=seed),
            layers.RandomTranslation(recipe.shift, recipe.shift, fill_mode="reflect", seed=seed),
            layers.RandomBrightness(recipe.brightness, value_range=(0, 255), seed=seed),
            layers.RandomContrast(recipe.contrast, value_range=(0, 255), seed=seed),
        ],
        name="augmentation",
    )


def scratch_convnet(recipe: Recipe = Recipe(), seed: int | None = None, any_size: bool = False) -> keras.Model:
    """A convnet with random weights, from photos (batch, size, size, 3), 0 to 255, to logits (batch, 1): dog above 0.

    A stack without branches, so that lesson 03's incremental occlusion applies to it (which wants a fixed size).
    """
    side = None if any_size else recipe.size
    inputs = keras.Input((side, side, 3), name="photo")
    x = augmentation(recipe, seed)(inputs)
    x = layers.Rescaling(1 / 127.5, -1.0)(x)
    x = conv_bn(x, recipe.filters[0], 3, 2, name="conv0")
    for index, filters in enumerate(recipe.filters[1:], start=1):
        x = conv_bn(x, filters, 3, name=f"conv{index}")
        x = layers.MaxPooling2D(2, name=f"pool{index}")(x)
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    x = layers.Dropout(recipe.dropout, seed=seed)(x)
    return keras.Model(inputs, layers.Dense(1, name="logit")(x), name="from_scratch")


def train_scratch(
    pixels: np.ndarray,
    labels: np.ndarray,
    recipe: Recipe = Recipe(),
    seed: int = 1,
    validation: tuple[np.ndarray, np.ndarray] | None = None,
    verbose: int | str = 0,
    callbacks: Sequence = (),
) -> tuple[keras.Model, dict[str, list[float]]]:
    """Train the convnet, first on small photos; the same seed gives the same start and the same order of photos.

    Args:
        pixels: uint8 (photos, size, size, 3).
        labels: (photos,) 0 cat, 1 dog.
        validation: held-out photos and labels for the curve.

    Returns:
        The network and its history (accuracies are measured at logit 0).
    """
    runtime.seed_everything(seed)
    student = scratch_convnet(recipe, seed, any_size=True)
    steps = recipe.epochs * -(-len(pixels) // recipe.batch_size)
    schedule = keras.optimizers.schedules.CosineDecay(
        recipe.rate / 10, steps, warmup_target=recipe.rate, warmup_steps=max(1, steps // 10)
    )
    student.compile(
        optimizer=keras.optimizers.AdamW(schedule, weight_decay=recipe.weight_decay),
        loss=keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=recipe.smoothing),
        metrics=[keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0)],
    )
    small = round(recipe.small_share * recipe.epochs)
    history: dict[str, list[float]] = {}
    for side, first, last in ((recipe.small_size, 0, small), (recipe.size, small, recipe.epochs)):
        if last == first:
            continue
        part = student.fit(
            resized(pixels, side),
            as_column(labels),
            batch_size=recipe.batch_size,
            initial_epoch=first,
            epochs=last,
            validation_data=None if validation is None else (resized(validation[0], side), as_column(validation[1])),
            verbose=verbose,
            callbacks=list(callbacks),
        )
        for name, values in part.history.items():
            history.setdefault(name, []).extend(values)
    model = scratch_convnet(recipe, seed)
    model.set_weights(student.get_weights())
    return model, history


def resized(pixels: np.ndarray, side: int) -> np.ndarray:
    """Photos uint8 (photos, height, width, 3) squeezed to another side, pixels averaged; as they are if they fit."""
    if pixels.shape[1:3] == (side, side):
        return pixels
    pictures = (Image.fromarray(photo).resize((side, side), Image.Resampling.BICUBIC) for photo in pixels)
    return np.stack([np.asarray(picture) for picture in pictures])


def as_column(labels: np.ndarray) -> np.ndarray:
    """Labels (photos,) as targets (photos, 1) float32: the shape of the logits, so that no loss broadcasts them."""
    return np.asarray(labels, dtype=np.float32)[:, None]


def predict_mirrored(model: keras.Model, pixels: np.ndarray, batch_size: int = 100) -> np.ndarray:
    """Mean logit of each photo and its mirror image, (photos,) float32."""
    logits = []
    for first in range(0, len(pixels), batch_size):
        batch = pixels[first : first + batch_size]
        both = [np.asarray(model.predict_on_batch(view))[:, 0] for view in (batch, batch[:, :, ::-1])]
        logits.append(np.mean(both, axis=0))
    return np.concatenate(logits)


def accuracy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Part of the photos on the right side of logit 0."""
    return float(np.mean((np.asarray(logits) > 0) == np.asarray(labels).astype(bool)))


# ---------------------------------------------------------------------------------------------------------------------
# What the pretrained network computes, once


def split_network(network: ImageNetModel, layer: str = SPLIT_LAYER) -> tuple[keras.Model, keras.Model]:
    """The network below and above a layer; the upper part is a copy, so training it leaves ``network`` as it is.

    Returns:
        Lower part, from prepared photos to the layer's maps; upper part, from the maps to features (batch, features).

    Raises:
        ValueError: there is no such layer, or another path leads around it.
    """
    middle = network.model.get_layer(layer).output
    shared = keras.Model(middle, network.model.get_layer(network.feature_layer).output)
    upper = keras.models.clone_model(shared)
    upper.set_weights(shared.get_weights())
    return network.extractor(layer), upper


@dataclass(frozen=True)
class Looks:
    """What the lower part saw.

    Attributes:
        maps: float16 (photos, looks, height, width, channels) at the split.
        features: float32 (photos, looks, features) after the pretrained upper part.
    """

    maps: np.ndarray
    features: np.ndarray

    def __getitem__(self, chosen) -> Looks:
        return Looks(self.maps[chosen], self.features[chosen])

    def __len__(self) -> int:
        return len(self.maps)


def two_looks(network: ImageNetModel, photos: Sequence[np.ndarray]) -> np.ndarray:
    """The whole photo squeezed into the square, and the middle of the photo in the mirror: (photos, 2, size, size, 3).

    Two looks cost twice the time; that they differ much is what makes their mean better than either.
    """
    whole = network.prepare(photos, crop=False)
    middle = network.prepare(photos, crop=True)[:, :, ::-1]
    return np.stack([whole, middle], axis=1)


def look(
    network: ImageNetModel,
    paths: Sequence[Path],
    cache: str | Path | None = None,
    layer: str = SPLIT_LAYER,
    batch_size: int = 25,
    progress: bool = True,
) -> Looks:
    """Run the pretrained network over photos, or read from the cache what an earlier run computed.

    Args:
        paths: photo files.
        cache: HDF5 file (.h5); None keeps nothing. A file made for other photos, another network or another layer, or
            a damaged one, is made anew.
        layer: where the maps are taken.
    """
    key = _fingerprint(network, paths, layer)
    found = _read_cache(cache, key) if cache is not None else None
    if found is not None:
        return found
    lower, upper = split_network(network, layer)
    maps, features = [], []
    for first in tqdm(range(0, len(paths), batch_size), desc="looking at photos", disable=not progress):
        views = two_looks(network, [open_photo(path) for path in paths[first : first + batch_size]])
        flat = np.asarray(lower.predict_on_batch(views.reshape(-1, *views.shape[2:])))
        # What fine-tuning starts from is what was stored, so the features come from the rounded maps too.
        flat = flat.astype(np.float16)
        top = np.asarray(upper.predict_on_batch(flat.astype(np.float32)))
        maps.append(flat.reshape(*views.shape[:2], *flat.shape[1:]))
        features.append(top.reshape(*views.shape[:2], -1))
    looks = Looks(np.concatenate(maps), np.concatenate(features).astype(np.float32))
    if cache is not None:
        try:
            _write_cache(Path(cache), key, looks)
        except OSError as error:  # a full or read-only disk costs the time of another pass, not the lesson
            print(f"What the network computed could not be kept in {cache} ({error.strerror or error}).")
    return looks


def _fingerprint(network: ImageNetModel, paths: Sequence[Path], layer: str) -> str:
    """Changes when the network, its weights, the layer, or any photo's name or size changes."""
    digest = hashlib.sha256(f"looks-1 {network.name} {network.size} {layer} {network.origin}".encode())
    digest.update(np.float64(sum(float(np.sum(weight)) for weight in network.model.get_weights())).tobytes())
    for path in paths:
        digest.update(f"{path.parent.name}/{path.name} {path.stat().st_size}\n".encode())
    return digest.hexdigest()


def _read_cache(path: str | Path, key: str) -> Looks | None:
    with contextlib.suppress(OSError, KeyError), h5py.File(path, "r") as file:
        if file.attrs["key"] == key:
            return Looks(file["maps"][:], file["features"][:])
    return None


def _write_cache(path: Path, key: str, looks: Looks) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with h5py.File(temporary, "w") as file:
            file["maps"], file["features"] = looks.maps, looks.features
            file.attrs["key"] = key
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


# ---------------------------------------------------------------------------------------------------------------------
# A new classifier on frozen features


@dataclass(frozen=True)
class Head:
    """A linear classifier: logit = features · weights + bias; dog above 0.

    Attributes:
        weights: (features,) float32.
        bias: a number.
    """

    weights: np.ndarray
    bias: float

    def logits(self, features: np.ndarray) -> np.ndarray:
        """(photos,) from (photos, features) or, averaged over looks, (photos, looks, features)."""
        answer = features @ self.weights + self.bias
        return answer.mean(axis=1) if answer.ndim == 2 else answer

    def save(self, path: str | Path, meta: dict | None = None) -> Path:
        """Write it, a few kB, with what ``meta`` tells about its origin."""
        return save_checkpoint(path, {"weights": self.weights, "bias": np.float32(self.bias)}, meta)

    @classmethod
    def load(cls, path: str | Path) -> Head:
        """Read what :meth:`save` wrote."""
        arrays, _ = load_checkpoint(path)
        return cls(arrays["weights"], float(arrays["bias"]))


def train_head(
    features: np.ndarray, labels: np.ndarray, penalty: float = 1e-2, epochs: int = 15, rate: float = 1e-3, seed: int = 1
) -> Head:
    """Logistic regression on frozen features, trained as a network of one layer.

    Args:
        features: (photos, features) or (photos, looks, features), each look an example of its own.
        labels: (photos,) 0 or 1.
        penalty: on the squared weights (of standardised features); the larger, the simpler the classifier.
    """
    runtime.seed_everything(seed)
    looks = features.shape[1] if features.ndim == 3 else 1
    rows, targets = features.reshape(len(labels) * looks, -1), np.repeat(labels, looks)
    mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-3
    regularizer = keras.regularizers.L2(penalty)
    model = keras.Sequential([keras.Input((rows.shape[1],)), layers.Dense(1, kernel_regularizer=regularizer)])
    model.compile(keras.optimizers.Adam(rate), keras.losses.BinaryCrossentropy(from_logits=True))
    model.fit((rows - mean) / spread, as_column(targets), batch_size=50, epochs=epochs, verbose=0)
    kernel, bias = model.get_weights()
    # Standardising is linear too, so it is folded into the weights and the head takes features as they come.
    weights = kernel[:, 0] / spread
    return Head(weights.astype(np.float32), float(bias[0] - mean @ weights))


# ---------------------------------------------------------------------------------------------------------------------
# Fine-tuning


def freeze_normalisation(model: keras.Model) -> int:
    """Make batch normalisation layers keep their statistics, scale and shift; returns how many there are.

    A Keras batch normalisation with ``trainable = False`` runs as after training, also inside ``fit``.
    """
    found = [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]
    for layer in found:
        layer.trainable = False
    return len(found)


def with_head(upper: keras.Model, head: Head, dropout: float = 0.2) -> keras.Model:
    """A copy of the upper part with the head's weights on it: maps to logits (batch, 1)."""
    copy = keras.models.clone_model(upper)
    copy.set_weights(upper.get_weights())
    x = layers.Dropout(dropout, name="dropout")(copy.output)
    model = keras.Model(copy.input, layers.Dense(1, name="logit")(x), name="fine_tuned")
    model.get_layer("logit").set_weights([head.weights[:, None], np.array([head.bias], dtype=np.float32)])
    return model


@dataclass(frozen=True)
class Tuning:
    """How fine-tuning goes.

    Attributes:
        epochs: rounds through the photos.
        rate: highest learning rate of Adam, far below what a network from scratch takes; falls along a cosine.
        batch_size: photos a step.
        mix: 0 keeps the weights that training started from, 1 takes those it arrived at; between them lie networks that
            err less than either (Wortsman et al. 2022, arXiv:2109.01903).
    """

    epochs: int = 3
    rate: float = 3e-4
    batch_size: int = 40
    mix: float = 0.5


def fine_tune(
    model: keras.Model,
    maps: np.ndarray,
    labels: np.ndarray,
    tuning: Tuning = Tuning(),
    seed: int = 1,
    on_epoch: Callable[[int, float], None] | None = None,
    progress: bool = True,
) -> list[float]:
    """Train the upper part on stored maps, batch normalisation frozen; each epoch takes one look a photo at random.

    At the end every weight is set between where it started and where it arrived (``tuning.mix``).

    Args:
        model: as :func:`with_head` returns.
        maps: (photos, looks, height, width, channels).
        on_epoch: called with the epoch's number (from 1) and its mean loss.

    Returns:
        Mean loss of each epoch.
    """
    runtime.seed_everything(seed)
    rng = np.random.default_rng(seed)
    freeze_normalisation(model)
    start = model.get_weights()
    batches = -(-len(labels) // tuning.batch_size)
    schedule = keras.optimizers.schedules.CosineDecay(tuning.rate, tuning.epochs * batches)
    # Not smoothed: at 99 % that would mostly teach to be less sure.
    model.compile(keras.optimizers.Adam(schedule), keras.losses.BinaryCrossentropy(from_logits=True))
    losses = []
    with tqdm(total=tuning.epochs * batches, desc="fine-tuning", disable=not progress) as bar:
        for epoch in range(tuning.epochs):
            total = 0.0
            for chosen in np.array_split(rng.permutation(len(labels)), batches):
                views = maps[chosen, rng.integers(maps.shape[1], size=len(chosen))].astype(np.float32)
                total += len(chosen) * float(model.train_on_batch(views, as_column(labels[chosen])))
                # train_on_batch reports the mean since the last reset
                model.reset_metrics()
                bar.update()
            losses.append(total / len(labels))
            if on_epoch is not None:
                on_epoch(epoch + 1, losses[-1])
    model.set_weights([(1 - tuning.mix) * old + tuning.mix * new for old, new in zip(start, model.get_weights())])
    return losses


def predict_maps(model: keras.Model, maps: np.ndarray, batch_size: int = 100) -> np.ndarray:
    """Mean logit over the looks of each photo, (photos,) float32."""
    logits = []
    for first in range(0, len(maps), batch_size):
        batch = maps[first : first + batch_size].astype(np.float32)
        flat = np.asarray(model.predict_on_batch(batch.reshape(-1, *batch.shape[2:])))
        logits.append(flat.reshape(len(batch), -1).mean(axis=1))
    return np.concatenate(logits)


# ---------------------------------------------------------------------------------------------------------------------
# Ready to use


def head_path() -> Path:
    """The shipped head: frozen EfficientNet-Lite0 features, learned from the 2,000 photos."""
    return runtime.repo_root() / "mldata" / "weights" / "catsdogs_head.npz"


@dataclass(frozen=True)
class CatDogClassifier:
    """A pretrained network with a head on its features."""

    network: ImageNetModel
    head: Head

    def probability_of_dog(self, photos: Sequence[np.ndarray]) -> np.ndarray:
        """(photos,) float32 from uint8 RGB arrays of any size."""
        views = two_looks(self.network, photos)
        features = self.network.features(views.reshape(-1, *views.shape[2:]))
        logits = self.head.logits(features.reshape(len(photos), views.shape[1], -1))
        return (1 / (1 + np.exp(-logits))).astype(np.float32)

    def predict_file(self, path: str | Path) -> tuple[str, float]:
        """``("cat" or "dog", its probability)`` for one image file.

        Raises:
            PhotoError: the file cannot be read as a photo.
        """
        dog = float(self.probability_of_dog([open_photo(path)])[0])
        return (CLASSES[1], dog) if dog > 0.5 else (CLASSES[0], 1 - dog)
