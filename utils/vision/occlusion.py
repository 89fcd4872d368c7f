"""Occlusion sensitivity: how much does the network's answer drop when a patch of the image is hidden? (lesson 03)

Zeiler & Fergus (2014) slide a grey square over the image; what makes the winning output fall is what the network looked
at. The cost is one forward pass a position. :func:`occlusion_map` offers two exact ways to pay it:

- *plain*: occluded images in batches through the whole network; works for every model;
- *incremental*: for a plain stack of convolutions and poolings only what the mask can reach is computed again
  (:mod:`utils.vision.occlusion_incremental`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np
from tqdm.auto import tqdm

from utils.vision.occlusion_incremental import CouplingError, Incremental, pieces

METHODS = ("auto", "plain", "incremental")


@dataclass(frozen=True)
class OcclusionMap:
    """What hiding each part does.

    Attributes:
        drop: (rows, columns) float32; output on the clean image minus output with the mask at that position. Large
            means the part mattered; negative means the network is surer without it.
        tops, lefts: first row and column of the mask at each position; clipped masks start outside, below zero.
        mask: (height, width) of the mask, pixels.
        class_index: the output unit that was watched.
        clean_output: its value on the clean image.
        image_shape: (height, width) of the image.
        method: ``"plain"`` or ``"incremental"``.
    """

    drop: np.ndarray
    tops: np.ndarray
    lefts: np.ndarray
    mask: tuple[int, int]
    class_index: int
    clean_output: float
    image_shape: tuple[int, int]
    method: str

    def heat(self) -> np.ndarray:
        """(height, width) float32: for every pixel the mean drop over all masks that hid it, to lay over the image."""
        total, count = np.zeros(self.image_shape), np.zeros(self.image_shape)
        for row, top in enumerate(self.tops):
            for column, left in enumerate(self.lefts):
                window = np.s_[max(0, top) : top + self.mask[0], max(0, left) : left + self.mask[1]]
                total[window] += self.drop[row, column]
                count[window] += 1
        # A stride larger than the mask leaves pixels that no mask hid; they count as zero.
        return (total / np.maximum(count, 1)).astype(np.float32)


def occlusion_map(
    model: keras.Model,
    image: np.ndarray,
    class_index: int | None = None,
    mask: int | tuple[int, int] = 32,
    stride: int | tuple[int, int] = 8,
    value: float | tuple[float, ...] = 127.5,
    *,
    borders: str = "clip",
    batch_size: int = 32,
    method: str = "auto",
    progress: bool = True,
) -> OcclusionMap:
    """Slide a mask over an image and record how far the watched output falls.

    Args:
        model: from (batch, height, width, channels) to (batch, outputs).
        image: (height, width, channels), in the range that ``model`` expects.
        class_index: output unit; None takes the one that responds most to the clean image.
        mask: side of the square, or (height, width), pixels.
        stride: distance of neighbouring positions, or (vertical, horizontal), pixels.
        value: what the mask shows, a number or one a channel.
        borders: ``"clip"`` centres a mask on every cell of a grid and cuts off what sticks out, so the map covers the
            image evenly; ``"inside"`` keeps masks whole, the last one flush with the border.
        batch_size: positions per batch; memory is bounded by it, whatever the number of positions.
        method: ``"plain"``, ``"incremental"``, or ``"auto"``: incremental where the model allows it.
        progress: show a progress bar.

    Raises:
        CouplingError: (a ValueError) ``method="incremental"`` on a model that is no plain stack; names the layer.
        ValueError: mask, stride, class or image do not fit.
    """
    image = np.asarray(image, dtype=np.float32)
    mask, stride = _pair(mask, "mask"), _pair(stride, "stride")
    _check(model, image, mask, method, borders)
    tops = positions(image.shape[0], mask[0], stride[0], borders)
    lefts = positions(image.shape[1], mask[1], stride[1], borders)
    clean = np.asarray(model.predict_on_batch(image[None]))[0]
    class_index = int(np.argmax(clean)) if class_index is None else _output(class_index, clean)
    evaluate = _evaluator(model, image, np.asarray(value, dtype=np.float32), mask, method, batch_size)

    corners = np.array([(top, left) for top in tops for left in lefts])
    outputs = np.empty(len(corners), dtype=np.float32)
    with tqdm(total=len(corners), desc=f"occlusion ({evaluate.name})", disable=not progress) as bar:
        for chosen in evaluate.batches(corners):
            outputs[chosen] = evaluate(corners[chosen])[:, class_index]
            bar.update(len(chosen))
    drop = float(clean[class_index]) - outputs.reshape(len(tops), len(lefts))
    return OcclusionMap(drop, tops, lefts, mask, class_index, float(clean[class_index]), image.shape[:2], evaluate.name)


def deletion_curve(
    model: keras.Model,
    image: np.ndarray,
    heat: np.ndarray,
    class_index: int,
    fractions: Sequence[float],
    value: float = 127.5,
) -> np.ndarray:
    """Output of one unit while the hottest part of an image is painted over, for each fraction of its pixels.

    A map that tells what matters makes the output fall early (Petsiuk, Das & Saenko, RISE, 2018).

    Args:
        model: from (batch, height, width, channels) to (batch, outputs).
        image: (height, width, channels), in the range that ``model`` expects.
        heat: (height, width), large where pixels go first.
        fractions: from 0 to 1.

    Returns:
        (fractions,) float32.

    Raises:
        ValueError: heat and image differ in size.
    """
    if heat.shape != image.shape[:2]:
        raise ValueError(f"The map is {heat.shape}, the image {image.shape[:2]}; enlarge the map with resize_map.")
    rank = np.empty(heat.size)
    rank[np.argsort(-heat, axis=None, kind="stable")] = np.arange(heat.size)
    rank = rank.reshape(heat.shape)[..., None]
    batch = np.stack([np.where(rank < fraction * heat.size, np.float32(value), image) for fraction in fractions])
    return np.asarray(model.predict_on_batch(batch.astype(np.float32)))[:, class_index]


def positions(length: int, mask: int, stride: int, borders: str) -> np.ndarray:
    """First pixels of the mask along one side of the image (see ``borders`` of :func:`occlusion_map`)."""
    if borders == "clip":
        centres = np.arange(stride // 2, length, stride)
        return centres - mask // 2
    starts = np.arange(0, length - mask + 1, stride)
    return starts if starts[-1] == length - mask else np.append(starts, length - mask)


def _pair(size: int | tuple[int, int], what: str) -> tuple[int, int]:
    pair = (size, size) if np.ndim(size) == 0 else tuple(size)
    if len(pair) != 2 or any(int(number) != number or number < 1 for number in pair):
        raise ValueError(f"{what} must be a positive number of pixels or two of them, not {size!r}.")
    return int(pair[0]), int(pair[1])


def _check(model: keras.Model, image: np.ndarray, mask: tuple[int, int], method: str, borders: str) -> None:
    if image.ndim != 3:
        raise ValueError(f"Pass one image (height, width, channels); got shape {image.shape}.")
    wanted = tuple(model.input_shape[1:])
    if any(size is not None and size != got for size, got in zip(wanted, image.shape)):
        raise ValueError(f"The model takes images of shape {wanted}, this one has {image.shape}; resize it first.")
    if mask[0] > image.shape[0] or mask[1] > image.shape[1]:
        raise ValueError(f"The mask {mask} is larger than the image {image.shape[:2]}.")
    if method not in METHODS or borders not in ("clip", "inside"):
        raise ValueError(f"method is one of {METHODS} and borders 'clip' or 'inside'; got {method!r}, {borders!r}.")


def _output(class_index: int, clean: np.ndarray) -> int:
    if not 0 <= class_index < len(clean):
        raise ValueError(f"The model has outputs 0 to {len(clean) - 1}; there is no {class_index}.")
    return int(class_index)


def _evaluator(model, image, value, mask, method: str, batch_size: int) -> _Plain | Incremental:
    """The way to go: both have a name, cut the positions into batches, and map corners (n, 2) to outputs."""
    if method != "plain":
        try:
            return Incremental(model, image, value, mask, batch_size)
        except CouplingError:
            if method == "incremental":
                raise
    return _Plain(model, image, value, mask, batch_size)


class _Plain:
    """Occluded images through the whole network."""

    name = "plain"

    def __init__(self, model, image, value, mask, batch_size: int):
        self.model, self.image, self.value, self.mask, self.batch_size = model, image, value, mask, batch_size

    def batches(self, corners: np.ndarray) -> list[np.ndarray]:
        return pieces(np.arange(len(corners)), self.batch_size)

    def __call__(self, corners: np.ndarray) -> np.ndarray:
        batch = np.repeat(self.image[None], len(corners), axis=0)
        for picture, (top, left) in zip(batch, corners):
            picture[max(0, top) : top + self.mask[0], max(0, left) : left + self.mask[1]] = self.value
        return np.asarray(self.model.predict_on_batch(batch))
