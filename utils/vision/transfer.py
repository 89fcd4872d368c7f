"""Cats against dogs: what a pretrained network computes, kept; and the classifier on it that ships (lesson 04).

:func:`extract_features` runs the pretrained network once over all photos and keeps what it computed in an HDF5 file.
:class:`CatDogClassifier` predicts with the head that ships with the course. :func:`train_head` is the training of
that head, for the ledger; the lesson writes its own in a cell.

The pretrained network sees each photo twice, in two *views*, and the two logits are averaged.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import keras
import numpy as np
from keras import layers
from tqdm.auto import tqdm

from utils import runtime
from utils.checkpoints import load_network, save_network
from utils.vision.from_scratch import as_column
from utils.vision.photos import open_photo
from utils.vision.pretrained import ImageNetModel

CLASSES = ("cat", "dog")
# Where networks are cut in two; above Lite0's cut lie two blocks and the head, 28 % of the work.
SPLIT_LAYERS = {
    "EfficientNet-Lite0": "block13_add",
    "EfficientNet-Lite2": "block18_add",
    "MobileNetV2": "block_14_add",
    "ResNet50": "conv5_block1_out",
    "VGG16": "block4_pool",
    "VGG19": "block4_pool",
}


def accuracy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Part of the photos on the right side of logit 0."""
    return float(np.mean((np.asarray(logits) > 0) == np.asarray(labels).astype(bool)))


# ---------------------------------------------------------------------------------------------------------------------
# What the pretrained network computes, once


def split_layer(network: ImageNetModel, layer: str | None = None) -> str:
    """The layer at which to cut the network in two: ``layer``, or where lesson 04 cuts it.

    Raises:
        ValueError: the network has no such layer, or none was named and the course knows none; the message names some.
    """
    names = [each.name for each in network.model.layers]
    layer = layer or SPLIT_LAYERS.get(network.name)
    if layer in names:
        return layer
    ends = [name for name in names if name.endswith(("_add", "_out", "_pool"))][-6:]
    missing = f"{network.name} has no layer {layer!r}" if layer else f"The course has no cut of {network.name}"
    raise ValueError(f"{missing}; name one of its layers, for example {', '.join(ends)}.")


def split_network(network: ImageNetModel, layer: str | None = None) -> tuple[keras.Model, keras.Model]:
    """The network below and above a layer; the upper part is a copy, so training it leaves ``network`` as it is.

    Args:
        layer: a name; None cuts where lesson 04 does.

    Returns:
        Lower part, from prepared photos to the layer's maps; upper part, from the maps to features (batch, features).

    Raises:
        ValueError: there is no such layer, or another path leads around it.
    """
    layer = split_layer(network, layer)
    middle = network.model.get_layer(layer).output
    shared = keras.Model(middle, network.model.get_layer(network.feature_layer).output)
    upper = keras.models.clone_model(shared)
    upper.set_weights(shared.get_weights())
    return network.extractor(layer), upper


@dataclass(frozen=True)
class FrozenFeatures:
    """What the frozen network computes for photos.

    Attributes:
        maps: float16 (photos, views, height, width, channels) at the split.
        features: float32 (photos, views, features) after the pretrained upper part.
    """

    maps: np.ndarray
    features: np.ndarray

    def __getitem__(self, chosen) -> FrozenFeatures:
        return FrozenFeatures(self.maps[chosen], self.features[chosen])

    def __len__(self) -> int:
        return len(self.maps)


def two_views(network: ImageNetModel, photos: Sequence[np.ndarray]) -> np.ndarray:
    """The whole photo squeezed into the square, and the middle of the photo in the mirror: (photos, 2, size, size, 3).

    Two views cost twice the time; that they differ much is what makes their mean better than either.
    """
    whole = network.prepare(photos, crop=False)
    middle = network.prepare(photos, crop=True)[:, :, ::-1]
    return np.stack([whole, middle], axis=1)


def extract_features(
    network: ImageNetModel,
    paths: Sequence[Path],
    cache: str | Path | None = None,
    layer: str | None = None,
    batch_size: int = 25,
    progress: bool = True,
) -> FrozenFeatures:
    """Run the pretrained network over photos, or read from the cache what an earlier run computed.

    Args:
        paths: photo files.
        cache: HDF5 file (.h5); None keeps nothing. A file made for other photos, another network or another layer, or
            a damaged one, is made anew.
        layer: where the maps are taken; None cuts where lesson 04 does.
    """
    layer = split_layer(network, layer)
    key = _fingerprint(network, paths, layer)
    found = _read_cache(cache, key) if cache is not None else None
    if found is not None:
        return found
    lower, upper = split_network(network, layer)
    maps, features = [], []
    for first in tqdm(range(0, len(paths), batch_size), desc="features", disable=not progress):
        views = two_views(network, [open_photo(path) for path in paths[first : first + batch_size]])
        flat = np.asarray(lower.predict_on_batch(views.reshape(-1, *views.shape[2:])))
        # What fine-tuning starts from is what was stored, so the features come from the rounded maps too.
        flat = flat.astype(np.float16)
        top = np.asarray(upper.predict_on_batch(flat.astype(np.float32)))
        maps.append(flat.reshape(*views.shape[:2], *flat.shape[1:]))
        features.append(top.reshape(*views.shape[:2], -1))
    frozen = FrozenFeatures(np.concatenate(maps), np.concatenate(features).astype(np.float32))
    if cache is not None:
        try:
            _write_cache(Path(cache), key, frozen)
        except OSError as error:  # a full or read-only disk costs the time of another pass, not the lesson
            print(f"What the network computed could not be kept in {cache} ({error.strerror or error}).")
    return frozen


def _fingerprint(network: ImageNetModel, paths: Sequence[Path], layer: str) -> str:
    """Changes when the network, its weights, the layer, or any photo's name or size changes."""
    digest = hashlib.sha256(f"two-views-1 {network.name} {network.size} {layer} {network.origin}".encode())
    digest.update(np.float64(sum(float(np.sum(weight)) for weight in network.model.get_weights())).tobytes())
    for path in paths:
        digest.update(f"{path.parent.name}/{path.name} {path.stat().st_size}\n".encode())
    return digest.hexdigest()


def _read_cache(path: str | Path, key: str) -> FrozenFeatures | None:
    with contextlib.suppress(OSError, KeyError), h5py.File(path, "r") as file:
        if file.attrs["key"] == key:
            return FrozenFeatures(file["maps"][:], file["features"][:])
    return None


def _write_cache(path: Path, key: str, frozen: FrozenFeatures) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with h5py.File(temporary, "w") as file:
            file["maps"], file["features"] = frozen.maps, frozen.features
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
        network: name of the network whose features it was fitted to; empty if nobody noted it.
    """

    weights: np.ndarray
    bias: float
    network: str = ""

    def logits(self, features: np.ndarray) -> np.ndarray:
        """(photos,) from (photos, features) or, averaged over views, (photos, views, features).

        Raises:
            ValueError: another number of features than it was fitted to.
        """
        if features.shape[-1] != len(self.weights):
            raise ValueError(
                f"The head was fitted to {len(self.weights):,} features, these are {features.shape[-1]:,}."
            )
        answer = features @ self.weights + self.bias
        return answer.mean(axis=1) if answer.ndim == 2 else answer

    def save(self, path: str | Path, sidecar: dict | None = None) -> Path:
        """Write it, a few kB; see :func:`utils.checkpoints.save_network`."""
        return save_network(path, [self.weights, np.float32(self.bias)], {"network": self.network}, sidecar)

    @classmethod
    def load(cls, path: str | Path) -> Head:
        """Read what :meth:`save` wrote."""
        (weights, bias), meta = load_network(path)
        return cls(weights, float(bias), meta.get("network", ""))


def train_head(
    features: np.ndarray,
    labels: np.ndarray,
    penalty: float = 1e-2,
    epochs: int = 15,
    rate: float = 1e-3,
    seed: int = 1,
    network: str = "",
) -> Head:
    """Logistic regression on frozen features, trained as a network of one layer.

    Args:
        features: (photos, features) or (photos, views, features), each view an example of its own.
        labels: (photos,) 0 or 1.
        penalty: on the squared weights (of standardised features); the larger, the simpler the classifier.
        network: whose features they are, for the head to know.
    """
    runtime.seed_everything(seed)
    views = features.shape[1] if features.ndim == 3 else 1
    rows, targets = features.reshape(len(labels) * views, -1), np.repeat(labels, views)
    mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-3
    regularizer = keras.regularizers.L2(penalty)
    model = keras.Sequential([keras.Input((rows.shape[1],)), layers.Dense(1, kernel_regularizer=regularizer)])
    model.compile(keras.optimizers.Adam(rate), keras.losses.BinaryCrossentropy(from_logits=True))
    model.fit((rows - mean) / spread, as_column(targets), batch_size=50, epochs=epochs, verbose=0)
    kernel, bias = model.get_weights()
    # Standardising is linear too, so it is folded into the weights and the head takes features as they come.
    weights = kernel[:, 0] / spread
    return Head(weights.astype(np.float32), float(bias[0] - mean @ weights), network)


# ---------------------------------------------------------------------------------------------------------------------
# Ready to use


def head_path() -> Path:
    """The shipped head: frozen EfficientNet-Lite0 features, learned from the 2,000 photos."""
    return runtime.repo_root() / "mldata" / "weights" / "catsdogs_head.npz"


@dataclass(frozen=True)
class CatDogClassifier:
    """A pretrained network with a head on its features.

    Raises:
        ValueError: the head was fitted to the features of another network. (That their number agrees proves nothing:
            MobileNetV2 has 1,280, too.)
    """

    network: ImageNetModel
    head: Head

    def __post_init__(self):
        if self.head.network and self.head.network != self.network.name:
            raise ValueError(
                f"This head was fitted to the features of {self.head.network}; on those of {self.network.name} "
                f"it would judge nonsense. Load {self.head.network}, or fit a head of its own."
            )

    def probability_of_dog(self, photos: Sequence[np.ndarray]) -> np.ndarray:
        """(photos,) float32 from uint8 RGB arrays of any size."""
        views = two_views(self.network, photos)
        features = self.network.features(views.reshape(-1, *views.shape[2:]))
        logits = self.head.logits(features.reshape(len(photos), views.shape[1], -1))
        return (1 / (1 + np.exp(-logits))).astype(np.float32)

    def predict_file(self, photo) -> tuple[str, float]:
        """``("cat" or "dog", its probability)`` for one photo: a file, an address, an array (see ``open_photo``).

        Raises:
            PhotoError: it cannot be read as a photo.
        """
        dog = float(self.probability_of_dog([open_photo(photo)])[0])
        return (CLASSES[1], dog) if dog > 0.5 else (CLASSES[0], 1 - dog)
