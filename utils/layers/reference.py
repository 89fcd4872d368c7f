"""Convolution and pooling in plain NumPy, slow enough to watch (lesson 01).

Each function computes what the Keras layer of the same name computes (tests hold them together to 1e-5). Each
``*_frames`` generator does the same work one output number at a time and yields what an animation shows: where the
kernel lies, the products, their sum, and the output so far.

Layout is Keras's ``channels_last``. What deep learning calls convolution is cross-correlation: no flipped kernel.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

PADDINGS = ("valid", "same")


# ---------------------------------------------------------------------------------------------------------------------
# Sizes


def output_size(size: int, kernel_size: int, stride: int = 1, padding: str = "valid") -> int:
    """How many positions a kernel takes along one axis. Used in lesson 01.

    ``valid``: floor((size - kernel_size) / stride) + 1, or 0 if the kernel does not fit. ``same``: ceil(size / stride).
    """
    _refuse_bad_geometry((kernel_size,), (stride,), padding)
    if padding == "same":
        return math.ceil(size / stride)
    return max(0, (size - kernel_size) // stride + 1)


def same_padding(size: int, kernel_size: int, stride: int = 1) -> tuple[int, int]:
    """Cells that ``same`` adds before and after one axis; an odd one goes after (TensorFlow's and JAX's rule)."""
    total = max((output_size(size, kernel_size, stride, "same") - 1) * stride + kernel_size - size, 0)
    return total // 2, total - total // 2


def _refuse_bad_geometry(kernel_size: Sequence[int], stride: Sequence[int], padding: str) -> None:
    if padding not in PADDINGS:
        raise ValueError(f"padding is {padding!r}; it should be 'valid' or 'same'.")
    if min(kernel_size) < 1 or min(stride) < 1:
        raise ValueError(f"Kernel size {tuple(kernel_size)} and stride {tuple(stride)} should be at least 1.")


def _per_axis(value: int | Sequence[int], axes: int) -> tuple[int, ...]:
    """3 or (3, 3) as (3, 3)."""
    values = (int(value),) * axes if np.ndim(value) == 0 else tuple(int(v) for v in value)
    if len(values) != axes:
        raise ValueError(f"{value} should be one number or {axes}.")
    return values


def _pad(x: np.ndarray, kernel_size: Sequence[int], stride: Sequence[int], padding: str, fill: float) -> np.ndarray:
    """``x`` (batch, *spatial, channels) with the border that ``padding`` asks for, filled with ``fill``."""
    _refuse_bad_geometry(kernel_size, stride, padding)
    if padding == "valid":
        return x
    border = [same_padding(*axis) for axis in zip(x.shape[1:-1], kernel_size, stride)]
    return np.pad(x, [(0, 0), *border, (0, 0)], constant_values=fill)


def _windows(x: np.ndarray, kernel_size: Sequence[int], stride: Sequence[int]) -> np.ndarray:
    """Every window of a padded input: (batch, *positions, channels, *kernel_size), a view."""
    axes = tuple(range(1, x.ndim - 1))
    if any(n < k for n, k in zip(x.shape[1:-1], kernel_size)):
        raise ValueError(f"A kernel of size {tuple(kernel_size)} does not fit into an input of size {x.shape[1:-1]}.")
    windows = sliding_window_view(x, kernel_size, axis=axes)
    return windows[(slice(None), *(slice(None, None, s) for s in stride))]


# ---------------------------------------------------------------------------------------------------------------------
# Layers


def conv1d(x, kernel, bias=None, stride: int = 1, padding: str = "valid") -> np.ndarray:
    """Slide a kernel along a sequence. Used in lesson 01; equals ``keras.layers.Conv1D``.

    y[b, i, f] = bias[f] + sum over j, c of x[b, i * stride + j, c] * kernel[j, c, f]

    Args:
        x: (batch, length, channels), or the blackboard's (length,).
        kernel: (size, channels, filters), or (size,) with a one-dimensional ``x``.
        bias: (filters,) or a number; None for 0.
        stride: cells the kernel moves at a time.
        padding: ``"valid"`` (only where the kernel fits) or ``"same"`` (zeros around; at stride 1 the length stays).

    Returns:
        float array (batch, positions, filters), or (positions,) for a one-dimensional ``x``.

    Raises:
        ValueError: shapes that do not belong together, a kernel that does not fit, a bad stride or padding.
    """
    return _conv(x, kernel, bias, stride, padding, axes=1)


def conv2d(x, kernel, bias=None, stride: int | Sequence[int] = 1, padding: str = "valid") -> np.ndarray:
    """Slide a kernel over an image. Used in lesson 01; equals ``keras.layers.Conv2D``.

    Args:
        x: (batch, height, width, channels), or the blackboard's (height, width).
        kernel: (kernel height, kernel width, channels, filters), or two-dimensional with a two-dimensional ``x``.
        bias: (filters,) or a number; None for 0.
        stride: one number, or (down, right).
        padding: ``"valid"`` or ``"same"``.

    Returns:
        float array (batch, rows, columns, filters), or (rows, columns) for a two-dimensional ``x``.

    Raises:
        ValueError: as :func:`conv1d`.
    """
    return _conv(x, kernel, bias, stride, padding, axes=2)


def _conv(x, kernel, bias, stride, padding: str, axes: int) -> np.ndarray:
    x, kernel = _floats(x), _floats(kernel)
    plain = x.ndim == axes
    if plain and kernel.ndim == axes:
        x, kernel = x[None, ..., None], kernel[..., None, None]
    if x.ndim != axes + 2 or kernel.ndim != axes + 2 or x.shape[-1] != kernel.shape[-2]:
        raise ValueError(
            f"Input of shape {x.shape} and kernel of shape {kernel.shape} do not fit: "
            f"the kernel's last but one axis should be the input's channels."
        )
    size, stride = kernel.shape[:axes], _per_axis(stride, axes)
    windows = _windows(_pad(x, size, stride, padding, 0.0), size, stride)
    # Windows are (batch, positions, channels, kernel cells), kernels (kernel cells, channels, filters).
    order = (axes, *range(axes))
    y = np.tensordot(windows, kernel, axes=(tuple(range(-axes - 1, 0)), order))
    y = y if bias is None else y + _floats(bias)
    return y[0, ..., 0] if plain else y


def max_pool1d(x, size: int = 2, stride: int | None = None, padding: str = "valid") -> np.ndarray:
    """Largest value of each window. Used in lesson 01; equals ``keras.layers.MaxPooling1D``.

    Args:
        x: (batch, length, channels) or (length,).
        size: cells in a window.
        stride: cells from one window to the next; None means ``size``, windows side by side.
        padding: ``"valid"`` drops an incomplete last window, ``"same"`` keeps it (padding never wins the maximum).

    Raises:
        ValueError: another number of axes, a window that does not fit, a bad stride or padding.
    """
    return _pool(x, size, stride, padding, 1, "max")


def average_pool1d(x, size: int = 2, stride: int | None = None, padding: str = "valid") -> np.ndarray:
    """Mean of each window, padding not counted; arguments as :func:`max_pool1d`. Equals ``AveragePooling1D``."""
    return _pool(x, size, stride, padding, 1, "average")


def max_pool2d(x, size=2, stride=None, padding: str = "valid") -> np.ndarray:
    """Largest value of each window of (batch, height, width, channels) or (height, width). Equals ``MaxPooling2D``."""
    return _pool(x, size, stride, padding, 2, "max")


# Padding must not take part: the maximum ignores -inf, the mean ignores nan.
POOLS: dict[str, tuple[Callable, float]] = {"max": (np.max, -np.inf), "average": (np.nanmean, np.nan)}


def _pool(x, size, stride, padding: str, axes: int, kind: str) -> np.ndarray:
    x = _floats(x)
    plain = x.ndim == axes
    x = x[None, ..., None] if plain else x
    if x.ndim != axes + 2:
        raise ValueError(f"Input of shape {x.shape} should have {axes} or {axes + 2} axes.")
    size = _per_axis(size, axes)
    stride = size if stride is None else _per_axis(stride, axes)
    reduce, fill = POOLS[kind]
    y = reduce(_windows(_pad(x, size, stride, padding, fill), size, stride), axis=tuple(range(-axes, 0)))
    return y[0, ..., 0] if plain else y


def _floats(values) -> np.ndarray:
    return np.asarray(values, dtype=np.float64)


# ---------------------------------------------------------------------------------------------------------------------
# The same, one output number at a time


@dataclass(frozen=True)
class Frame:
    """One step of a kernel or window over an input.

    Attributes:
        start: where the window begins, one number an axis, counted in the padded input.
        index: which output cell is being computed.
        window: the input values under the kernel, (*kernel_size) or (*kernel_size, channels).
        products: window times kernel, of the same shape; None for pooling.
        value: their sum (plus bias), or the window's maximum or mean.
        output: all output cells so far, nan where nothing has been computed yet; a copy, safe to keep.
        padded: the input with its padding (0 for convolution, -inf or nan for pooling).
    """

    start: tuple[int, ...]
    index: tuple[int, ...]
    window: np.ndarray
    products: np.ndarray | None
    value: float
    output: np.ndarray
    padded: np.ndarray


def conv1d_frames(x, kernel, bias: float = 0.0, stride: int = 1, padding: str = "valid") -> Iterator[Frame]:
    """Frames of one filter over one sequence; the last frame's ``output`` is :func:`conv1d`'s. Used in lesson 01.

    Args:
        x: (length,) or (length, channels).
        kernel: (size,) or (size, channels).
    """
    return _conv_frames(x, kernel, bias, stride, padding, axes=1)


def conv2d_frames(x, kernel, bias: float = 0.0, stride=1, padding: str = "valid") -> Iterator[Frame]:
    """Frames of one filter over one image, row by row; the last frame's ``output`` is :func:`conv2d`'s. Lesson 01.

    Args:
        x: (height, width) or (height, width, channels).
        kernel: (kernel height, kernel width) or with the same channels.
    """
    return _conv_frames(x, kernel, bias, stride, padding, axes=2)


def pool1d_frames(x, size: int = 2, stride=None, padding: str = "valid", kind: str = "max") -> Iterator[Frame]:
    """Frames of ``max`` or ``average`` pooling along (length,). Used in lesson 01."""
    return _pool_frames(x, size, stride, padding, kind, axes=1)


def pool2d_frames(x, size=2, stride=None, padding: str = "valid", kind: str = "max") -> Iterator[Frame]:
    """Frames of ``max`` or ``average`` pooling over (height, width), row by row. Used in lesson 01."""
    return _pool_frames(x, size, stride, padding, kind, axes=2)


def _conv_frames(x, kernel, bias: float, stride, padding: str, axes: int) -> Iterator[Frame]:
    x, kernel = _floats(x), _floats(kernel)
    if x.ndim != kernel.ndim or x.ndim not in (axes, axes + 1) or x.shape[axes:] != kernel.shape[axes:]:
        raise ValueError(f"Input of shape {x.shape} and kernel of shape {kernel.shape} should have equal channels.")
    channels = x.shape[axes:]
    padded = _pad(x.reshape(1, *x.shape[:axes], -1), kernel.shape[:axes], _per_axis(stride, axes), padding, 0.0)[0]
    padded = padded.reshape(*padded.shape[:axes], *channels)

    def compute(window: np.ndarray) -> tuple[np.ndarray, float]:
        products = window * kernel
        return products, float(products.sum() + bias)

    return _steps(padded, kernel.shape[:axes], _per_axis(stride, axes), compute)


def _pool_frames(x, size, stride, padding: str, kind: str, axes: int) -> Iterator[Frame]:
    x, size = _floats(x), _per_axis(size, axes)
    if x.ndim != axes:
        raise ValueError(f"Input of shape {x.shape} should have {axes} axes.")
    if kind not in POOLS:
        raise ValueError(f"kind is {kind!r}; it should be 'max' or 'average'.")
    stride = size if stride is None else _per_axis(stride, axes)
    reduce, fill = POOLS[kind]
    padded = _pad(x[None, ..., None], size, stride, padding, fill)[0, ..., 0]
    return _steps(padded, size, stride, lambda window: (None, float(reduce(window))))


def _steps(padded: np.ndarray, size: Sequence[int], stride: Sequence[int], compute: Callable) -> Iterator[Frame]:
    shape = tuple(output_size(n, k, s) for n, k, s in zip(padded.shape, size, stride))
    if 0 in shape:
        raise ValueError(f"A window of size {tuple(size)} does not fit into an input of size {padded.shape}.")
    output = np.full(shape, np.nan)
    for index in np.ndindex(*shape):
        start = tuple(i * s for i, s in zip(index, stride))
        window = padded[tuple(slice(a, a + k) for a, k in zip(start, size))]
        products, value = compute(window)
        output[index] = value
        yield Frame(start, index, window, products, value, output.copy(), padded)
