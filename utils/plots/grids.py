"""Many small images on one page (lessons 01 to 05)."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from PIL import Image


def image_grid(
    images: Sequence[np.ndarray],
    titles: Sequence[str] | None = None,
    columns: int | None = None,
    title: str = "",
    cmap: str = "gray",
    limits: tuple[float, float] | str | None = None,
    cell: float = 1.3,
    signed: bool = False,
) -> Figure:
    """Draw images in rows, without axes.

    Args:
        images: at least one; (height, width), (height, width, 1) or (height, width, 3); sizes may differ.
        titles: one short line above each image.
        columns: images in a row; None chooses up to eight.
        title: above the whole figure.
        cmap: colours of images with one channel.
        limits: values of the darkest and brightest colour; ``"shared"`` takes the range over all images, so that they
            can be compared; None stretches each image on its own.
        cell: inches an image is wide.
        signed: an image with negative numbers is drawn from blue (negative) over white (zero) to red (positive).

    Returns:
        The figure; in a notebook, end the cell with ``;`` or ``plt.show()``.

    Raises:
        ValueError: no images, or another number of titles than images.
    """
    count = len(images)
    if count == 0:
        raise ValueError("There are no images to show.")
    if titles is not None and len(titles) != count:
        raise ValueError(f"There are {count} images but {len(titles)} titles.")
    columns = min(columns or 8, count)
    rows = -(-count // columns)
    if limits == "shared":
        limits = (min(float(np.min(i)) for i in images), max(float(np.max(i)) for i in images))
    low, high = limits if limits is not None else (None, None)
    line = 0.25 if titles is not None else 0.0
    # A title needs room of its own, however narrow the grid.
    width = max(columns * cell, 0.095 * len(title))
    height = rows * (cell * max(np.shape(i)[0] / np.shape(i)[1] for i in images) + line) + (0.35 if title else 0)
    figure, axes = plt.subplots(rows, columns, figsize=(width, height), squeeze=False)
    for ax in axes.flat:
        ax.axis("off")
    for index, (ax, image) in enumerate(zip(axes.flat, images)):
        if signed and np.min(image) < 0:
            reach = float(np.max(np.abs(image)))
            ax.imshow(image, cmap="RdBu_r", vmin=-reach, vmax=reach)
        else:
            ax.imshow(image, cmap=cmap, vmin=low, vmax=high)
        if titles is not None:
            ax.set_title(str(titles[index]), fontsize=10, fontweight="normal", loc="center", color="black")
    if title:
        figure.suptitle(title, fontsize=12, fontweight="bold", x=0.01, ha="left")
    return figure


def image_rows(rows: dict[str, Sequence[np.ndarray]], title: str, cell: float = 1.0, cmap: str = "gray") -> Figure:
    """Rows of small images, each row with its label to the left.

    Args:
        rows: label (several lines allowed) to the row's images, of one row's length or fewer.
        title: above the whole figure.
        cell: inches an image is wide.

    Raises:
        ValueError: no images.
    """
    columns = max((len(images) for images in rows.values()), default=0)
    if columns == 0:
        raise ValueError("There are no images to show.")
    figure, axes = plt.subplots(
        len(rows), columns, figsize=(columns * cell + 1.7, len(rows) * cell + 0.4), squeeze=False
    )
    for row, (label, images) in zip(axes, rows.items()):
        for ax in row:
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set_visible(False)
            ax.grid(visible=False)
        for ax, image in zip(row, images):
            ax.imshow(image, cmap=cmap)
        row[0].set_ylabel(label, rotation=0, ha="right", va="center")
    figure.suptitle(title, fontsize=12, fontweight="bold")
    return figure


def beside(lefts: Sequence[np.ndarray], rights: Sequence[Sequence[np.ndarray]], side: int = 96) -> np.ndarray:
    """Rows of a picture and, beside it, four small ones of the same size together, as one array.

    Args:
        lefts: pictures, (height, width, 3) uint8, squeezed into squares.
        rights: four for each of them.
        side: of a large picture, pixels, even.

    Returns:
        (rows * (side + 2), 2 * side + 2, 3) uint8, on white.
    """
    half = side // 2
    sheet = np.full((len(lefts) * (side + 2), 2 * side + 2, 3), 255, dtype=np.uint8)
    for row, (left, four) in enumerate(zip(lefts, rights)):
        top = row * (side + 2)
        sheet[top : top + side, :side] = _squeezed(left, side)
        for k, small in enumerate(four):
            y, x = top + half * (k // 2), side + 2 + half * (k % 2)
            sheet[y : y + half, x : x + half] = _squeezed(small, half)
    return sheet


def _squeezed(picture: np.ndarray, side: int) -> np.ndarray:
    return np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.LANCZOS))
