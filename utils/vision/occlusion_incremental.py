"""Occlusion of a plain stack of layers at less work: only what the mask can reach is computed again (lesson 03).

After every layer a masked image differs from the clean one in a patch only; the rest is taken from the clean image's
activations (Nakandala, Kumar & Papakonstantinou, SIGMOD 2019). Many positions go through a layer in one batch, so the
number of operations stays small. :func:`utils.vision.occlusion.occlusion_map` is the way in.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers, ops

MAX_BINS = 6  # of rows of positions; more save little


class CouplingError(ValueError):
    """A layer lets far parts of the image influence each other (or joins branches), so nothing can be left out."""


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


def pieces(order: np.ndarray, size: int) -> list[np.ndarray]:
    """Pieces of ``size``, the last one possibly shorter."""
    return [order[first : first + size] for first in range(0, len(order), size)]


class Incremental:
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
            return pieces(np.arange(len(corners)), self.batch_size)
        works = [self._work(corners[:, axis], axis) for axis in (0, 1)]
        rows = np.unique(np.stack([works[0], corners[:, 0]], axis=1), axis=0)
        bins = max(1, min(MAX_BINS, len(corners) // (4 * self.batch_size)))
        batches = []
        for members in np.array_split(rows[:, 1], min(bins, len(rows))):
            inside = np.flatnonzero(np.isin(corners[:, 0], members))
            batches += pieces(inside[np.lexsort((corners[inside, 1], works[1][inside]))], self.batch_size)
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
