"""What in real photos a channel answers to: the patches that excite it most, how far pixels tell it (lesson 03)."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from PIL import Image


def exciting_patches(
    part: keras.Model, images: np.ndarray, channels: Sequence[int], size: int, count: int = 4, batch_size: int = 32
) -> tuple[np.ndarray, np.ndarray]:
    """For each channel the patches that it answers to most strongly, at most one from each photo.

    Args:
        part: from (batch, height, width, 3) to maps (batch, h, w, channels), e.g. of :func:`maximize.up_to`.
        images: (photos, height, width, 3), in the range that ``part`` expects.
        channels: whose patches are wanted.
        size: side of a patch, pixels, centred where the answer was strongest and moved inside the photo.
        count: patches a channel.

    Returns:
        patches (channels, count, size, size, 3) uint8, strongest first, and the channel's answers (channels, count).

    Raises:
        ValueError: fewer photos than patches, or photos smaller than a patch.
    """
    if len(images) < count or min(images.shape[1:3]) < size:
        raise ValueError(f"{len(images)} photos of {images.shape[1:3]} hold no {count} patches of {size} pixels.")
    answers, places, shape = _strongest(part, images, list(channels), batch_size)
    best = np.argsort(-answers, axis=0)[:count]
    patches = np.empty((len(channels), count, size, size, 3), dtype=np.uint8)
    for k in range(len(channels)):
        for n, photo in enumerate(best[:, k]):
            patches[k, n] = _around(images[photo], np.unravel_index(places[photo, k], shape), shape, size)
    return patches, np.take_along_axis(answers, best, axis=0).T


def _strongest(part, images, channels, batch_size):
    """For each photo and channel the strongest answer and its place (flat), and the maps' (h, w)."""
    answers, places = [], []
    for first in range(0, len(images), batch_size):
        maps = np.asarray(part.predict_on_batch(images[first : first + batch_size]))[..., channels]
        flat = maps.reshape(len(maps), -1, len(channels))
        places.append(flat.argmax(axis=1))
        answers.append(flat.max(axis=1))
    return np.concatenate(answers), np.concatenate(places), maps.shape[1:3]


def _around(image: np.ndarray, place, shape, size: int) -> np.ndarray:
    """The patch of an image around a place of its map."""
    corner = [
        int(np.clip((index + 0.5) * side / places - size / 2, 0, side - size))
        for index, places, side in zip(place, shape, image.shape)
    ]
    return np.clip(image[corner[0] : corner[0] + size, corner[1] : corner[1] + size], 0, 255).astype(np.uint8)


def excited_more(part: keras.Model, carpets: np.ndarray, patches: np.ndarray, channels: Sequence[int]) -> np.ndarray:
    """For each channel: does its climbed image excite it more, on average over its places, than each of its patches?

    Args:
        part: from images of any size to maps.
        carpets: (channels, size, size, 3), one a channel, as :func:`maximize.maximize_filters` returns them.
        patches: (channels, count, size, size, 3).

    Returns:
        (channels,) bool.
    """
    together = np.concatenate([carpets[:, None], patches], axis=1)
    flat = together.reshape(-1, *together.shape[2:]).astype(np.float32)
    means = np.asarray(part.predict_on_batch(flat)).mean(axis=(1, 2)).reshape(*together.shape[:2], -1)
    own = np.stack([row[:, channel] for row, channel in zip(means, channels)])
    return own[:, 0] > own[:, 1:].max(axis=1)


def _inside(rng: np.random.Generator, places: int, side: int, size: int) -> int:
    """A random index of a map along one axis whose patch lies wholly in the photo."""
    first = int(np.ceil(size / 2 * places / side - 0.5))
    return int(rng.integers(first, places - first))


def told_by_pixels(
    part: keras.Model,
    images: np.ndarray,
    channels: Sequence[int],
    size: int,
    rng: np.random.Generator,
    places: int = 20,
    penalty: float = 1.0,
) -> np.ndarray:
    """How well a linear rule on the pixels around a place predicts the channels' answers there: R2 on other photos.

    One for a layer that is a linear filter and whose field fits the patch; the less, the more a channel's answer is
    more than a pattern of light. Patches are reduced to 8 x 8 pixels; ridge regression on every other photo.

    Args:
        part, images, channels: as :func:`exciting_patches` takes them.
        size: side of the patch, pixels, a multiple of 8.
        places: random places a photo.

    Returns:
        R2 of each channel whose answers vary, (at most len(channels),).
    """
    maps = np.concatenate(
        [np.asarray(part.predict_on_batch(images[k : k + 32]))[..., list(channels)] for k in range(0, len(images), 32)]
    )
    pixels, answers = [], []
    for image, values in zip(images, maps):
        for _ in range(places):
            place = tuple(_inside(rng, *sides, size) for sides in zip(values.shape, image.shape[:2]))
            patch = Image.fromarray(_around(image, place, values.shape[:2], size))
            pixels.append(np.asarray(patch.resize((8, 8), Image.Resampling.BOX), dtype=np.float64).ravel() / 255)
            answers.append(values[place])
    pixels, answers = np.stack(pixels) - 0.5, np.stack(answers).astype(np.float64)
    learn = np.arange(len(pixels)) // places % 2 == 0
    mean, average = pixels[learn].mean(axis=0), answers[learn].mean(axis=0)
    x, y = pixels - mean, answers - average
    rule = np.linalg.solve(x[learn].T @ x[learn] + penalty * np.eye(x.shape[1]), x[learn].T @ y[learn])
    error = ((y - x @ rule)[~learn] ** 2).mean(axis=0)
    spread = answers[~learn].var(axis=0)
    lives = spread > 1e-9  # a channel that always answers alike has nothing to be told
    return 1 - error[lives] / spread[lives]
