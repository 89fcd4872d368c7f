"""A convnet from scratch for cats and dogs: augmentation, the recipe, training on two sizes (lesson 04).

The lesson writes network and training in its cells; this is the same for the ledger, and a test holds the two equal.
"""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np
from keras import layers
from PIL import Image

from utils import runtime
from utils.layers.blocks import conv_bn
from utils.layers.schedule import one_cycle


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
        mixing: both parameters of the beta distribution from which each photo draws its share in a mixture with another
            one, labels mixed alike (Zhang et al. 2018, mixup); 0 leaves photos whole. It pays in long trainings.
    """

    size: int = 64
    filters: tuple[int, ...] = (32, 64, 128, 256)
    epochs: int = 24
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
    mixing: float = 0.0


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


def scratch_convnet(recipe: Recipe = Recipe(), seed: int | None = None) -> keras.Model:
    """A convnet with random weights, from photos (batch, side, side, 3), 0 to 255, to logits (batch, 1): dog above 0.

    It ends in a mean over all places, so photos of any side will do. Lesson 04 writes the same network in a cell.
    """
    photo = keras.Input((None, None, 3), name="photo")
    x = augmentation(recipe, seed)(photo)
    x = layers.Rescaling(1 / 127.5, -1.0)(x)
    x = conv_bn(x, recipe.filters[0], 3, strides=2)
    for filters in recipe.filters[1:]:
        x = conv_bn(x, filters, 3)
        x = layers.MaxPooling2D(2)(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(recipe.dropout, seed=seed)(x)
    return keras.Model(photo, layers.Dense(1, name="logit")(x), name="from_scratch")


def train_scratch(
    pixels: np.ndarray,
    labels: np.ndarray,
    recipe: Recipe = Recipe(),
    seed: int = 1,
    validation: tuple[np.ndarray, np.ndarray] | None = None,
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
    steps = recipe.epochs * -(-len(pixels) // recipe.batch_size)
    with runtime.distribution_scope():
        model = scratch_convnet(recipe, seed)
        model.compile(
            optimizer=keras.optimizers.AdamW(one_cycle(recipe.rate, steps), weight_decay=recipe.weight_decay),
            loss=keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=recipe.smoothing),
            metrics=[keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0)],
        )
    small = int(recipe.small_share * recipe.epochs)
    history: dict[str, list[float]] = {}
    for side, first, last in ((recipe.small_size, 0, small), (recipe.size, small, recipe.epochs)):
        if last == first:
            continue
        photos = (resized(pixels, side), as_column(labels))
        if recipe.mixing:
            photos = (MixedPhotos(*photos, recipe, seed=seed + first),)
        part = model.fit(
            *photos,
            batch_size=None if recipe.mixing else recipe.batch_size,
            initial_epoch=first,
            epochs=last,
            validation_data=None if validation is None else (resized(validation[0], side), as_column(validation[1])),
            verbose=0,
        )
        for name, values in part.history.items():
            history.setdefault(name, []).extend(values)
    return model, history


class MixedPhotos(keras.utils.PyDataset):
    """Batches of photos mixed in pairs, shuffled anew in each epoch; every photo has the larger share of its mixture.

    Args:
        pixels: (photos, height, width, 3), at least a batch of them; what is left of an epoch waits for the next.
        targets: (photos, 1) between 0 and 1.
        recipe: batch size and mixing.
    """

    def __init__(self, pixels: np.ndarray, targets: np.ndarray, recipe: Recipe, seed: int):
        super().__init__()
        self.pixels, self.targets, self.recipe = pixels, targets, recipe
        self.rng = np.random.default_rng(seed)
        self.on_epoch_end()

    def on_epoch_end(self) -> None:
        """Another order for the next epoch."""
        self.order = self.rng.permutation(len(self.pixels))

    def __len__(self) -> int:
        return len(self.pixels) // self.recipe.batch_size

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        first = index * self.recipe.batch_size
        chosen = self.order[first : first + self.recipe.batch_size]
        photos, targets = self.pixels[chosen].astype(np.float32), self.targets[chosen]
        share = self.rng.beta(self.recipe.mixing, self.recipe.mixing, size=len(chosen)).astype(np.float32)
        share = np.maximum(share, 1 - share)[:, None]
        partner = self.rng.permutation(len(chosen))
        mixed = share[..., None, None] * photos + (1 - share[..., None, None]) * photos[partner]
        return mixed, share * targets + (1 - share) * targets[partner]


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
