"""Kernels that slide and windows that keep one number, step by step (lesson 01).

The numbers come from :mod:`utils.layers.reference`; this module only draws. ``animate_*`` return an
:class:`~utils.plots.animation.Animation`, ``*_steps`` what slides go through.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle
from matplotlib.text import Text

from utils.layers import reference
from utils.plots.animation import Animation, animate
from utils.plots.style import COLORS, FAINT, INK

BLUE, RED, GREEN, _, ORANGE = COLORS[:5]
LETTERS = {BLUE: "#00517f", GREEN: "#006b4e", RED: "#8f3d00", FAINT: "#4f5a66"}  # on slides, for the back row
BLANK = "#ffffff"
WINDOW_FILL, OUTPUT_FILL, KERNEL_FILL, PAD_FILL = "#ffe3a8", "#bfe6d6", "#cfe4f3", "#eeeeee"


@dataclass(frozen=True)
class Stepped:
    """A layer at work, one output number a frame: what an animation plays and what a slide steps through.

    Attributes:
        draw: draws a frame on an empty figure of ``size``.
        frames: from :mod:`utils.layers.reference`.
        size: inches (width, height).
        caption: one line, what is seen.
        words: says of a frame which cell is computed, and how.
    """

    draw: Callable[[Figure, reference.Frame], None]
    frames: Sequence[reference.Frame]
    size: tuple[float, float]
    caption: str
    words: Callable[[reference.Frame], str]

    def play(self, fps: float, columns: int) -> Animation:
        """The animation of the notebooks."""
        return animate(self.draw, self.frames, self.size, fps, self.caption, columns=columns)

    def on_slides(self, width: float, smallest: float = 20) -> tuple[list[Figure], list[str]]:
        """One figure a frame, ``width`` slide pixels wide, with alternative texts. Used in lecture 1.

        Lines and letters grow with the figure; letters smaller than ``smallest`` pixels are raised to that, and
        coloured ones are darkened, so that the back row can read them.
        """
        scale = width / 72 / self.size[0]
        figures = []
        for frame in self.frames:
            figure = Figure(figsize=(width / 72, scale * self.size[1]), layout="none")
            self.draw(figure, frame)
            for text in figure.findobj(Text):
                text.set_fontsize(max(smallest, scale * text.get_fontsize()))
                text.set_color(LETTERS.get(text.get_color(), text.get_color()))
            for patch in figure.axes[0].patches:
                patch.set_linewidth(scale * patch.get_linewidth())
            figures.append(figure)
        return figures, [self.words(frame) for frame in self.frames]


# ---------------------------------------------------------------------------------------------------------------------
# Cells with numbers


def number(value: float) -> str:
    """A number as it stands in a cell: 3, -2, 0.25; empty for nan, minus infinity as such."""
    if np.isnan(value):
        return ""
    if np.isinf(value):
        return "−∞"
    return f"{value + 0.0:.4g}".replace("-", "−")  # adding 0.0 turns a product like 0 · (−1) from -0 to 0


def _cell(ax: Axes, x: float, y: float, value: float | str, fill: str = BLANK, edge: str = FAINT, **text: Any) -> None:
    """A unit square with its lower left corner at (x, y) and a number in the middle."""
    lift = edge != FAINT
    ax.add_patch(Rectangle((x, y), 1, 1, facecolor=fill, edgecolor=edge, linewidth=2 if lift else 1, zorder=2 + lift))
    label = value if isinstance(value, str) else number(value)
    ax.text(x + 0.5, y + 0.46, label, ha="center", va="center", zorder=5, **({"fontsize": 14, "color": INK} | text))


def _stage(figure: Figure, width: float, height: float, title: str) -> Axes:
    """Axes in cell units that fill the figure below a title."""
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, width), ylim=(0, height), aspect="equal")
    ax.axis("off")
    ax.text(0.15, height - 0.15, title, fontsize=13, fontweight="bold", color=INK, ha="left", va="top")
    return ax


def _label(ax: Axes, x: float, y: float, text: str, color: str = INK, ha: str = "right") -> None:
    ax.text(x, y, text, fontsize=12, color=color, ha=ha, va="center")


def _sum_text(frame: reference.Frame, kernel: np.ndarray) -> str:
    """The sum written out: 1·1 + 4·2 + (−1)·0 + 0·(−1) = 9; long ones are cut in the middle."""

    def bracketed(value: float) -> str:
        return f"({number(value)})" if value < 0 else number(value)

    pairs = list(zip(frame.window.ravel(), kernel.ravel()))
    terms = [f"{bracketed(x)}·{bracketed(k)}" for x, k in pairs]
    if len(terms) > 9:
        terms = [*terms[:3], "…", *terms[-2:]]
    return " + ".join(terms) + f" = {number(frame.value)}"


# ---------------------------------------------------------------------------------------------------------------------
# One dimension


def animate_conv1d(x, kernel, stride: int = 1, padding: str = "valid", fps: float = 0.8) -> Animation:
    """A kernel that slides along a row of numbers: products, their sum, and the output so far. Used in lesson 01.

    Args:
        x: (length,) numbers, at most about 14 to stay readable.
        kernel: (size,) numbers.
        stride, padding: as :func:`utils.layers.reference.conv1d`.
    """
    return conv1d_steps(x, kernel, stride, padding).play(fps, columns=2)


def conv1d_steps(x, kernel, stride: int = 1, padding: str = "valid") -> Stepped:
    """What :func:`animate_conv1d` plays. Used in lecture 1."""
    kernel = np.asarray(kernel, dtype=np.float64)
    frames = list(reference.conv1d_frames(x, kernel, stride=stride, padding=padding))
    margin, width = 2.2, len(frames[0].padded) + 2.6

    def draw(figure: Figure, frame: reference.Frame) -> None:
        ax = _stage(figure, width, 8.6, f"Convolution 1D: output cell {frame.index[0] + 1} of {len(frames)}")
        _draw_row_and_window(ax, frame, len(kernel), margin, 6.2, padded=_padded_cells(x, frame))
        left = margin + frame.start[0]
        _label(ax, margin - 0.25, 4.9, "kernel", BLUE)
        _label(ax, margin - 0.25, 3.6, "products")
        for j, (weight, product) in enumerate(zip(kernel, frame.products)):
            _cell(ax, left + j, 4.4, weight, KERNEL_FILL, color=BLUE)
            _cell(ax, left + j, 3.1, product)
            ax.text(left + j + 0.5, 5.72, "×", fontsize=13, color=FAINT, ha="center", va="center")
        _draw_output_row(ax, frame, len(kernel), stride, margin, 1.3, from_y=3.1)
        ax.text(margin, 0.55, f"sum of products:  {_sum_text(frame, kernel)}", fontsize=13, color=INK, va="center")

    caption = f"A kernel of {len(kernel)} numbers slides along {len(np.ravel(x))} inputs and leaves {len(frames)} sums"

    def words(frame: reference.Frame) -> str:
        return f"Output cell {frame.index[0] + 1} of {len(frames)}: {_sum_text(frame, kernel)}"

    return Stepped(draw, frames, (width * 0.56, 8.6 * 0.56), caption, words)


def animate_pool1d(x, size: int = 2, stride: int | None = None, kind: str = "max", fps: float = 0.8) -> Animation:
    """A window that moves along a row of numbers and keeps the largest (or the mean). Used in lesson 01.

    Args:
        x: (length,) numbers.
        size, stride, kind: as :func:`utils.layers.reference.pool1d_frames`.
    """
    return pool1d_steps(x, size, stride, kind).play(fps, columns=2)


def pool1d_steps(x, size: int = 2, stride: int | None = None, kind: str = "max") -> Stepped:
    """What :func:`animate_pool1d` plays. Used in lecture 1."""
    frames = list(reference.pool1d_frames(x, size, stride, kind=kind))
    step = stride or size
    margin, width = 2.2, len(frames[0].padded) + 2.6
    name = {"max": "Max pooling", "average": "Average pooling"}[kind]

    def draw(figure: Figure, frame: reference.Frame) -> None:
        ax = _stage(figure, width, 5.9, f"{name} 1D: output cell {frame.index[0] + 1} of {len(frames)}")
        _draw_row_and_window(ax, frame, size, margin, 3.6, padded=set(), strongest=kind == "max")
        _draw_output_row(ax, frame, size, step, margin, 1.3, from_y=3.6)
        ax.text(margin, 0.55, _pool_text(frame, kind), fontsize=13, color=INK, va="center")

    caption = f"{name}: of each window of {size} numbers one remains"

    def words(frame: reference.Frame) -> str:
        return f"Output cell {frame.index[0] + 1} of {len(frames)}: {_pool_text(frame, kind)}"

    return Stepped(draw, frames, (width * 0.56, 5.9 * 0.56), caption, words)


def _pool_text(frame: reference.Frame, kind: str) -> str:
    values = ", ".join(number(v) for v in frame.window.ravel())
    word = {"max": "the largest", "average": "the mean"}[kind]
    return f"{word} of {values} is {number(frame.value)}"


def _padded_cells(x, frame: reference.Frame) -> set[int]:
    """Positions of the padded row that are padding."""
    length = len(np.ravel(x))
    before = (len(frame.padded) - length) // 2
    return set(range(before)) | set(range(before + length, len(frame.padded)))


def _draw_row_and_window(
    ax: Axes, frame: reference.Frame, size: int, left: float, y: float, padded: set[int], strongest: bool = False
) -> None:
    _label(ax, left - 0.25, y + 0.5, "input")
    first = frame.start[0]
    top = first + int(np.argmax(frame.window)) if strongest else -1
    for i, value in enumerate(frame.padded):
        inside = first <= i < first + size
        fill = WINDOW_FILL if inside else PAD_FILL if i in padded else BLANK
        style = {"color": "#888888"} if i in padded else {}
        if i == top:
            style = {"fontweight": "bold", "color": RED}
        _cell(ax, left + i, y, float(value), fill, ORANGE if inside else FAINT, **style)


def _draw_output_row(
    ax: Axes, frame: reference.Frame, size: int, stride: int, left: float, y: float, from_y: float
) -> None:
    """Output cells below the middle of their windows, with a funnel from the window to the cell in work."""
    _label(ax, left - 0.25, y + 0.5, "output", GREEN)
    current = frame.index[0]
    for i, value in enumerate(frame.output):
        at = left + i * stride + (size - 1) / 2
        if i == current:
            start = left + frame.start[0]
            corners = [(start, from_y), (start + size, from_y), (at + 1, y + 1), (at, y + 1)]
            ax.add_patch(Polygon(corners, facecolor=OUTPUT_FILL, alpha=0.45, linewidth=0, zorder=1))
        done = not np.isnan(value)
        style = {"fontweight": "bold"} if i == current else {}
        _cell(ax, at, y, float(value), OUTPUT_FILL if done else BLANK, GREEN if i == current else FAINT, **style)


# ---------------------------------------------------------------------------------------------------------------------
# Two dimensions


def animate_conv2d(image, kernel, stride: int = 1, padding: str = "valid", fps: float = 1.0) -> Animation:
    """A kernel that slides over a small image, row by row. Used in lesson 01.

    Args:
        image: (height, width) numbers, at most about 8 by 8 to stay readable.
        kernel: (height, width) numbers.
        stride, padding: as :func:`utils.layers.reference.conv2d`.
    """
    return conv2d_steps(image, kernel, stride, padding).play(fps, columns=2)


def conv2d_steps(image, kernel, stride: int = 1, padding: str = "valid") -> Stepped:
    """What :func:`animate_conv2d` plays. Used in lecture 1."""
    image, kernel = np.asarray(image, dtype=np.float64), np.asarray(kernel, dtype=np.float64)
    frames = list(reference.conv2d_frames(image, kernel, stride=stride, padding=padding))
    outside = _padding_mask(image.shape, frames[0].padded.shape)
    rows, columns = frames[0].padded.shape
    out_columns = frames[0].output.shape[1]
    kernel_x, output_x = columns + 1.6, columns + kernel.shape[1] + 3.2
    width, height = output_x + out_columns + 0.6, max(rows, 2 * kernel.shape[0] + 1.3) + 3.2
    top = height - 1.9

    def draw(figure: Figure, frame: reference.Frame) -> None:
        step = frame.index[0] * out_columns + frame.index[1] + 1
        ax = _stage(figure, width, height, f"Convolution 2D: output cell {step} of {len(frames)}")
        _draw_grid(ax, frame.padded, 0.6, top, "input", _under_window(frame, padding=outside))
        _draw_grid(ax, kernel, kernel_x, top, "kernel", _plain(KERNEL_FILL, BLUE), BLUE)
        _draw_grid(ax, frame.products, kernel_x, top - kernel.shape[0] - 1.3, "products", _plain())
        _draw_grid(ax, frame.output, output_x, top, "output", _so_far(frame), GREEN)
        ax.text(0.6, 0.55, f"sum of products:  {_sum_text(frame, kernel)}", fontsize=11, color=INK, va="center")

    caption = f"A {kernel.shape[0]} by {kernel.shape[1]} kernel slides over an image, row by row"

    def words(frame: reference.Frame) -> str:
        row, column = frame.index
        return f"Output cell in row {row + 1}, column {column + 1}: {_sum_text(frame, kernel)}"

    return Stepped(draw, frames, (width * 0.5, height * 0.5), caption, words)


def animate_pool2d(image, size: int = 2, stride: int | None = None, kind: str = "max", fps: float = 0.8) -> Animation:
    """A square window that moves over a small image and keeps the largest number (or the mean). Used in lesson 01."""
    return pool2d_steps(image, size, stride, kind).play(fps, columns=2)


def pool2d_steps(image, size: int = 2, stride: int | None = None, kind: str = "max") -> Stepped:
    """What :func:`animate_pool2d` plays. Used in lecture 1."""
    image = np.asarray(image, dtype=np.float64)
    frames = list(reference.pool2d_frames(image, size, stride, kind=kind))
    rows, columns = image.shape
    out_columns = frames[0].output.shape[1]
    output_x = columns + 2.0
    width, height = output_x + out_columns + 0.6, rows + 3.2
    top = height - 1.9
    name = {"max": "Max pooling", "average": "Average pooling"}[kind]

    def draw(figure: Figure, frame: reference.Frame) -> None:
        step = frame.index[0] * out_columns + frame.index[1] + 1
        ax = _stage(figure, width, height, f"{name} 2D: output cell {step} of {len(frames)}")
        strongest = None
        if kind == "max":
            inside = np.unravel_index(int(np.argmax(frame.window)), frame.window.shape)
            strongest = tuple(int(a + b) for a, b in zip(frame.start, inside))
        _draw_grid(ax, image, 0.6, top, "input", _under_window(frame, strongest=strongest))
        _draw_grid(ax, frame.output, output_x, top, "output", _so_far(frame), GREEN)
        ax.text(0.6, 0.55, _pool_text(frame, kind), fontsize=12, color=INK, va="center")

    caption = f"{name}: of each {size} by {size} window one number remains"

    def words(frame: reference.Frame) -> str:
        row, column = frame.index
        return f"Output cell in row {row + 1}, column {column + 1}: {_pool_text(frame, kind)}"

    return Stepped(draw, frames, (width * 0.56, height * 0.56), caption, words)


def _padding_mask(shape: tuple[int, ...], padded: tuple[int, ...]) -> np.ndarray:
    mask = np.ones(padded, dtype=bool)
    before = [(p - n) // 2 for n, p in zip(shape, padded)]
    mask[before[0] : before[0] + shape[0], before[1] : before[1] + shape[1]] = False
    return mask


Paint = Callable[
    [tuple[int, ...]], tuple[str, str, dict[str, Any]]
]  # of a cell's place: fill, edge, and style of its text


def _draw_grid(
    ax: Axes, values: np.ndarray, left: float, top: float, name: str, paint: Paint, color: str = INK
) -> None:
    """A grid of cells hanging from ``top``, its name above it."""
    _label(ax, left, top + 0.45, name, color, ha="left")
    for place, value in np.ndenumerate(values):
        face, edge, style = paint(place)
        _cell(ax, left + place[1], top - place[0] - 1, float(value), face, edge, **style)


def _plain(fill: str = BLANK, color: str = INK) -> Paint:
    return lambda place: (fill, FAINT, {"color": color})


def _under_window(
    frame: reference.Frame, padding: np.ndarray | None = None, strongest: tuple[int, ...] | None = None
) -> Paint:
    """The window in yellow, padding in grey, the window's largest number in red."""

    def paint(place: tuple[int, ...]) -> tuple[str, str, dict[str, Any]]:
        inside = all(a <= p < a + k for p, a, k in zip(place, frame.start, frame.window.shape))
        pad = padding is not None and bool(padding[place])
        face = WINDOW_FILL if inside else PAD_FILL if pad else BLANK
        style = {"color": "#888888" if pad else INK}
        if place == strongest:
            style = {"color": RED, "fontweight": "bold"}
        return face, ORANGE if inside else FAINT, style

    return paint


def _so_far(frame: reference.Frame) -> Paint:
    """Finished cells of the output in green, the one in work bold."""

    def paint(place: tuple[int, ...]) -> tuple[str, str, dict[str, Any]]:
        current = place == frame.index
        face = BLANK if np.isnan(frame.output[place]) else OUTPUT_FILL
        return face, GREEN if current else FAINT, {"color": INK} | ({"fontweight": "bold"} if current else {})

    return paint
