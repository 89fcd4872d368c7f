"""Occlusion sensitivity: how much does the network's answer drop when a patch of the image is hidden? (lesson 03)

Zeiler & Fergus (2014) slide a grey square over the image; what makes the winning output fall is what the network looked
at. The cost is one forward pass a position. :func:`occlusion_map` offers two exact ways to pay it:

- *plain*: occluded images in batches through the whole network; works for every model;
- *incremental*: for a plain stack of convolutions and poolings only the part of each layer that the mask can reach is
  computed again, the rest is taken from the clean image's activations (Nakandala, Kumar & Papakonstantinou, SIGMOD
  2019). Many positions go through a layer in one batch, so the number of operations stays small.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers, ops
from tqdm.auto import tqdm

METHODS = ("auto", "plain", "incremental")
MAX_BINS = 6  # of rows of positions, in the incremental way; more save little


class CouplingError(ValueError):
    """A layer lets far parts of the image influence each other (or joins branches), so nothing can be left out."""


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


def _evaluator(model, image, value, mask, method: str, batch_size: int) -> _Plain | _Incremental:
    """The way to go: both have a name, cut the positions into batches, and map corners (n, 2) to outputs."""
    if method != "plain":
        try:
            return _Incremental(model, image, value, mask, batch_size)
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
        return _cut(np.arange(len(corners)), self.batch_size)

    def __call__(self, corners: np.ndarray) -> np.ndarray:
        batch = np.repeat(self.image[None], len(corners), axis=0)
        for picture, (top, left) in zip(batch, corners):
            picture[max(0, top) : top + self.mask[0], max(0, left) : left + self.mask[1]] = self.value
        return np.asarray(self.model.predict_on_batch(batch))


def _cut(order: np.ndarray, size: int) -> list[np.ndarray]:
    """Pieces of ``size``, the last one possibly shorter."""
    return [order[first : first + size] for first in range(0, len(order), size)]


# ---------------------------------------------------------------------------------------------------------------------
# The incremental way


@dataclass(frozen=True)
class _Step:
    """A layer that looks at a window: kernel, stride and padding before the first row and column."""

    layer: keras.Layer
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    pad: tuple[int, int] = (0, 0)

    @property
    def pointwise(self) -> bool:
        return self.kernel == (1, 1) and self.stride == (1, 1) and self.pad == (0, 0)


POINTWISE = (
    *(layers.Activation, layers.ReLU, layers.LeakyReLU, layers.ELU, layers.Dropout, layers.SpatialDropout2D),
    *(layers.BatchNormalization, layers.Rescaling, layers.GaussianNoise),
)
TAIL_STARTS = (layers.Flatten, layers.GlobalAveragePooling2D, layers.GlobalMaxPooling2D)


def _chain(model: keras.Model) -> list[keras.Layer]:
    """The model's layers from input to output, if each has exactly one input.

    Raises:
        CouplingError: branches meet; names the layer where they do.
    """
    if len(model.outputs) != 1:
        raise CouplingError(f"The model has {len(model.outputs)} outputs; occlusion watches one.")
    chain, tensor = [], model.outputs[0]
    while True:
        layer, node_index, _ = tensor._keras_history
        if isinstance(layer, layers.InputLayer):
            return chain[::-1]
        inputs = layer._inbound_nodes[node_index].input_tensors
        if len(inputs) != 1:
            raise CouplingError(f"Layer {layer.name!r} joins {len(inputs)} branches; this is no plain stack of layers.")
        chain += _chain(layer)[::-1] if isinstance(layer, keras.Model) else [layer]
        tensor = inputs[0]


def _split(chain: list[keras.Layer]) -> tuple[list[_Step], list[keras.Layer]]:
    """Local steps, and the tail that sees the whole map (flatten or global pooling, then dense layers).

    Raises:
        CouplingError: a layer that is neither, by name.
    """
    steps = []
    for index, layer in enumerate(chain):
        if isinstance(layer, TAIL_STARTS):
            return steps, chain[index:]
        steps.append(_step(layer))
    raise CouplingError("The model has no flatten or global pooling layer after its convolutions.")


def _step(layer: keras.Layer) -> _Step:
    if isinstance(layer, POINTWISE) or getattr(layer, "acts_on_pixels", False):
        return _Step(layer)
    if isinstance(layer, layers.ZeroPadding2D):
        (top, _), (left, _) = layer.padding
        return _Step(layer, pad=(top, left))
    kernels = {layers.Conv2D: "kernel_size", layers.DepthwiseConv2D: "kernel_size"}
    pools = {layers.MaxPooling2D: "pool_size", layers.AveragePooling2D: "pool_size"}
    attribute = (kernels | pools).get(type(layer))
    if attribute is None or layer.data_format != "channels_last":
        raise CouplingError(f"Layer {layer.name!r} ({type(layer).__name__}) may couple distant parts of the image.")
    if getattr(layer, "dilation_rate", (1, 1)) not in ((1, 1), 1):
        raise CouplingError(f"Layer {layer.name!r} is dilated, which the incremental way does not cover.")
    kernel, stride = getattr(layer, attribute), layer.strides
    pad = (0, 0)
    if layer.padding == "same":
        rows, columns = (_same_padding(n, k, s) for n, k, s in zip(layer.input.shape[1:3], kernel, stride))
        pad = (rows[0], columns[0])
        if type(layer) in pools and any(rows + columns):
            raise CouplingError(
                f"Pooling layer {layer.name!r} pads its input, which the incremental way does not cover."
            )
    return _Step(layer, tuple(kernel), tuple(stride), pad)


def _same_padding(length: int | None, kernel: int, stride: int) -> tuple[int, int]:
    if length is None:
        if stride == 1:  # the same whatever the length
            return (kernel - 1) // 2, kernel // 2
        raise CouplingError("The model accepts images of any size; build it for a fixed size first.")
    total = max(0, (-(-length // stride) - 1) * stride + kernel - length)
    return total // 2, total - total // 2


class _Incremental:
    """Outputs for masked images, computed from the clean image's activations and the patch each mask can reach.

    For every layer the clean output lies in memory as rows of channels, one a pixel, with one row of zeros for the
    padding. The window that a batch of patches reads is then a single gather: each index points either into the
    previous layer's recomputed patches or, outside them, into the clean output. After it a layer without padding
    computes the patches of the next. Here the indices are worked out; :class:`_Patchwork` does the rest, compiled.
    """

    name = "incremental"

    def __init__(self, model, image, value, mask, batch_size: int):
        self.steps, tail = _split(_chain(model))
        self.image, self.value, self.mask, self.batch_size = image, value, mask, batch_size
        self.one_size = None  # of the patches of all batches; None fits them to each batch
        self.sizes = [image.shape[:2]]
        x = ops.convert_to_tensor(image[None])
        clean = []
        for step in self.steps:
            clean.append(x)
            x = step.layer(x, training=False) if _takes_training(step.layer) else step.layer(x)
            if len(x.shape) != 4:
                raise CouplingError(f"Layer {step.layer.name!r} does not return a map.")
            self.sizes.append(tuple(int(n) for n in x.shape[1:3]))
        # Layers without a kernel read no neighbours, so nothing of the clean image is kept for them.
        kept = [map_ for map_, step in zip([*clean, x], [*self.steps, None]) if step is None or not step.pointwise]
        self.clean = [_rows(map_) for map_ in kept]
        compiled = _COMPILED.setdefault(model, {})
        if self.sizes[-1] not in compiled:
            compiled[self.sizes[-1]] = _Patchwork(self.steps, tail, self.sizes[-1])
        self.network = compiled[self.sizes[-1]]

    def batches(self, corners: np.ndarray) -> list[np.ndarray]:
        """Positions whose patches are about equally large go together, so that little is computed for nothing.

        A patch is smaller where the mask is near the border or falls well on the grid of a pooling layer. Rows of
        positions are sorted into a few bins, and in each bin positions follow each other by the work their columns
        make; bins hold several batches, so the last, shorter ones do not matter.
        """
        if keras.backend.backend() == "jax":  # which would compile anew for every size
            self.one_size = self._patch_sizes(corners)
            return _cut(np.arange(len(corners)), self.batch_size)
        works = [self._work(corners[:, axis], axis) for axis in (0, 1)]
        rows = np.unique(np.stack([works[0], corners[:, 0]], axis=1), axis=0)
        bins = max(1, min(MAX_BINS, len(corners) // (4 * self.batch_size)))
        batches = []
        for members in np.array_split(rows[:, 1], min(bins, len(rows))):
            inside = np.flatnonzero(np.isin(corners[:, 0], members))
            batches += _cut(inside[np.lexsort((corners[inside, 1], works[1][inside]))], self.batch_size)
        return batches

    def _work(self, starts: np.ndarray, axis: int) -> np.ndarray:
        """About how much work masks that start there make, along one axis: patch sizes, each as part of its map."""
        corners = np.zeros((len(starts), 2), dtype=int)
        corners[:, axis] = starts
        return sum((high - low)[axis] / size[axis] for (low, high), size in zip(self._reach(corners), self.sizes))

    def _patch_sizes(self, corners: np.ndarray) -> list[tuple[int, int]]:
        """Largest patch over these positions, for the input and after each step."""
        return [tuple(int(n) for n in np.maximum(1, (high - low).max(axis=1))) for low, high in self._reach(corners)]

    def _reach(self, corners: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """First and past-last changed row and column, each (2, n), for the input and after each step."""
        low = np.maximum(0, corners.T)
        high = np.minimum(np.array(self.sizes[0])[:, None], corners.T + np.array(self.mask)[:, None])
        yield low, high
        for step, size in zip(self.steps, self.sizes[1:]):
            kernel, stride, pad = (np.array(pair)[:, None] for pair in (step.kernel, step.stride, step.pad))
            low = np.maximum(0, -(-(low + pad - kernel + 1) // stride))
            high = np.minimum(np.array(size)[:, None], (high - 1 + pad) // stride + 1)
            high = np.maximum(low, high)
            yield low, high

    def __call__(self, corners: np.ndarray) -> np.ndarray:
        count, sizes = len(corners), self.one_size or self._patch_sizes(corners)
        if count < self.batch_size and self.one_size:
            corners = np.concatenate([corners, np.repeat(corners[-1:], self.batch_size - count, axis=0)])
        starts = [
            # At the first changed pixel, or further up so that the patch ends inside the map.
            np.minimum(low, (np.array(whole) - np.array(size))[:, None])
            for (low, _), whole, size in zip(self._reach(corners), self.sizes, sizes)
        ]
        indices = []
        for index, step in enumerate(self.steps):
            if not step.pointwise:
                window = [
                    _read_range(starts[index + 1][a], sizes[index + 1][a], step.kernel[a], step.stride[a], step.pad[a])
                    for a in (0, 1)
                ]
                indices.append(self._indices(index, sizes[index], starts[index], *window))
        whole = [np.tile(np.arange(size), (len(corners), 1)) for size in self.sizes[-1]]
        indices.append(self._indices(len(self.steps), sizes[-1], starts[-1], *whole))
        patches = self._masked_input(corners, starts[0], sizes[0])
        return np.asarray(self.network.predict_on_batch([patches, *indices, *self.clean]))[:count]

    def _masked_input(self, corners: np.ndarray, start: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Patches of the input with the mask painted on, (n, rows, columns, channels)."""
        rows, columns = (start[axis][:, None] + np.arange(size[axis]) for axis in (0, 1))
        patches = self.image[rows[:, :, None], columns[:, None, :]]
        inside_rows = (rows >= corners[:, :1]) & (rows < corners[:, :1] + self.mask[0])
        inside_columns = (columns >= corners[:, 1:]) & (columns < corners[:, 1:] + self.mask[1])
        patches[inside_rows[:, :, None] & inside_columns[:, None, :]] = self.value
        return patches

    def _indices(self, index: int, size, start: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Where each pixel of the windows lies: (n, rows, columns) int32, in clean rows followed by the patches'."""
        height, width = self.sizes[index]
        zero_row = height * width
        y, x = rows - start[0][:, None], columns - start[1][:, None]
        patch_rows, patch_columns = (y >= 0) & (y < size[0]), (x >= 0) & (x < size[1])
        first = (zero_row + 1 + np.arange(len(rows)) * size[0] * size[1])[:, None]
        in_clean = (rows * width)[:, :, None] + columns[:, None, :]
        outside = ((rows < 0) | (rows >= height))[:, :, None] | ((columns < 0) | (columns >= width))[:, None, :]
        np.copyto(in_clean, zero_row, where=outside)
        in_patch = (first + y * size[1])[:, :, None] + x[:, None, :]
        np.copyto(in_clean, in_patch, where=patch_rows[:, :, None] & patch_columns[:, None, :])
        return in_clean.astype(np.int32)


class _Patchwork(keras.Model):
    """From masked input patches, the indices of each layer's windows and its clean rows, to outputs (n, units).

    A Keras model only so that ``predict_on_batch`` compiles it, as it compiles the network itself.
    """

    def __init__(self, steps: list[_Step], tail: list[keras.Layer], last_size: tuple[int, int]):
        super().__init__(name="patchwork")
        self.steps, self.tail, self.last_size = steps, tail, last_size

    def call(self, inputs):
        patches, *rest = inputs
        half = len(rest) // 2
        sources = zip(rest[half:], rest[:half], strict=True)
        for step in self.steps:
            if not step.pointwise:
                clean, indices = next(sources)
                patches = _gather(clean, patches, indices)
            patches = _apply(step, patches)
        clean, indices = next(sources)
        x = _gather(clean, patches, indices)
        x = ops.reshape(x, (-1, *self.last_size, x.shape[-1]))  # Flatten wants to know the size
        for layer in self.tail:
            x = layer(x, training=False) if _takes_training(layer) else layer(x)
        return x


# For each network and size of its last maps, so that the next image does not wait for a compilation again.
_COMPILED: weakref.WeakKeyDictionary[keras.Model, dict[tuple[int, int], _Patchwork]] = weakref.WeakKeyDictionary()


def _gather(clean, patches, indices):
    """Windows (n, rows, columns, channels) out of clean rows and patches."""
    channels = clean.shape[-1]
    source = ops.concatenate([clean, ops.reshape(patches, (-1, channels))], axis=0)
    return ops.take(source, indices, axis=0)


def _read_range(start: np.ndarray, size: int, kernel: int, stride: int, pad: int) -> np.ndarray:
    """Input rows (or columns) that ``size`` outputs from ``start`` on read, (n, length); may lie outside the map."""
    return (start * stride - pad)[:, None] + np.arange((size - 1) * stride + kernel)


def _rows(x):
    """A map (1, height, width, channels) as (height * width + 1, channels): a row a pixel, and a last one of zeros."""
    rows = ops.reshape(x, (-1, x.shape[-1]))
    return ops.concatenate([rows, ops.zeros((1, x.shape[-1]), dtype=rows.dtype)], axis=0)


def _takes_training(layer: keras.Layer) -> bool:
    return isinstance(
        layer, layers.Dropout | layers.SpatialDropout2D | layers.BatchNormalization | layers.GaussianNoise
    )


def _apply(step: _Step, patches):
    """The layer's own computation on windows that contain their padding already."""
    layer = step.layer
    if step.pointwise or isinstance(layer, layers.ZeroPadding2D):
        if isinstance(layer, layers.ZeroPadding2D):
            return patches
        return layer(patches, training=False) if _takes_training(layer) else layer(patches)
    if isinstance(layer, layers.MaxPooling2D):
        return ops.max_pool(patches, step.kernel, step.stride, padding="valid")
    if isinstance(layer, layers.AveragePooling2D):
        return ops.average_pool(patches, step.kernel, step.stride, padding="valid")
    convolve = ops.depthwise_conv if isinstance(layer, layers.DepthwiseConv2D) else ops.conv
    y = convolve(patches, layer.kernel, strides=step.stride, padding="valid")
    if layer.use_bias:
        y = ops.add(y, layer.bias)  # in one operation with the convolution and the activation, where compiled
    return layer.activation(y)
