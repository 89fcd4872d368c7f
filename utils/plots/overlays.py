"""A heat map laid over an image: where a network looks (lessons 03, 04 and 09)."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from utils.plots.video import as_rgb

SIGNED = "RdBu_r"  # of maps with a sign: red above zero, blue below


def resize_map(values: np.ndarray, height: int, width: int) -> np.ndarray:
    """A small map of numbers (h, w) enlarged smoothly to (height, width), float32; finite values only."""
    values = np.asarray(values, dtype=np.float32)
    if values.ndim != 2 or not np.isfinite(values).all():
        raise ValueError(f"A heat map should be two-dimensional and finite; this one has shape {values.shape}.")
    return np.asarray(Image.fromarray(values).resize((width, height), Image.Resampling.BILINEAR))


def overlay(
    image: np.ndarray,
    heat: np.ndarray,
    alpha: float = 0.55,
    cmap: str = "inferno",
    limits: tuple[float, float] | None = None,
) -> np.ndarray:
    """The image in grey with the map in colour over it, stronger where the map is high.

    Args:
        image: (height, width[, 1 or 3]), uint8 or floats in 0 to 1.
        heat: (h, w) of any size; enlarged to the image's.
        alpha: how opaque the hottest place is, 0 to 1.
        cmap: a Matplotlib colour map.
        limits: values of the coldest and hottest colour; None takes the map's own.

    Returns:
        uint8 (height, width, 3).

    Raises:
        ValueError: ``alpha`` outside 0 to 1, or an image or map of another shape.
    """
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha is {alpha}; it should be between 0 and 1.")
    rgb = as_rgb(image).astype(np.float64)
    heat = resize_map(heat, *rgb.shape[:2])
    low, high = limits if limits is not None else (float(heat.min()), float(heat.max()))
    level = np.clip((heat - low) / (high - low), 0, 1) if high > low else np.zeros_like(heat)
    color = matplotlib.colormaps[cmap](level)[:, :, :3] * 255
    grey = (rgb @ [0.299, 0.587, 0.114])[:, :, None].repeat(3, axis=2)
    weight = (alpha * level)[:, :, None]
    return np.clip((1 - weight) * grey + weight * color + 0.5, 0, 255).astype(np.uint8)


def show_overlay(
    image: np.ndarray, heat: np.ndarray, title: str = "", ax: Axes | None = None, label: str = "", **options
) -> Axes:
    """Draw :func:`overlay` with a colour bar that tells the map's values; ``options`` go to :func:`overlay`."""
    if ax is None:
        _, ax = plt.subplots(figsize=(4, 3.6))
    heat = np.asarray(heat)
    limits = options.setdefault("limits", (float(heat.min()), float(heat.max())))
    ax.imshow(overlay(image, heat, **options))
    ax.axis("off")
    ax.set_title(title)
    scale = matplotlib.cm.ScalarMappable(plt.Normalize(*limits), cmap=options.get("cmap", "inferno"))
    ax.figure.colorbar(scale, ax=ax, shrink=0.8, label=label)
    return ax


def signed_overlay(image: np.ndarray, heat: np.ndarray, limit: float | None = None, alpha: float = 0.75) -> np.ndarray:
    """The image in grey under a map with a sign: red where it is positive, blue where negative, clear where zero.

    Args:
        image: (height, width[, 1 or 3]), uint8 or floats in 0 to 1.
        heat: (h, w) of any size; enlarged to the image's.
        limit: the value, of either sign, of the strongest colour; None takes the map's largest. Maps that are to be
            compared take the same.
        alpha: how opaque the strongest place is, 0 to 1.

    Returns:
        uint8 (height, width, 3).
    """
    limit = float(np.abs(heat).max()) if limit is None else limit
    rgb = as_rgb(image).astype(np.float64)
    level = np.clip(resize_map(heat, *rgb.shape[:2]) / (limit or 1.0), -1, 1)
    color = matplotlib.colormaps[SIGNED]((level + 1) / 2)[:, :, :3] * 255
    grey = (rgb @ [0.299, 0.587, 0.114])[:, :, None].repeat(3, axis=2)
    weight = (alpha * np.sqrt(np.abs(level)))[:, :, None]
    return np.clip((1 - weight) * grey + weight * color + 0.5, 0, 255).astype(np.uint8)


def signed_maps(
    images: Sequence[np.ndarray],
    heats: Sequence[np.ndarray],
    titles: Sequence[str],
    label: str,
    title: str = "",
    limit: float | None = None,
) -> Figure:
    """Maps with a sign over their images, side by side on one scale, whose middle is zero.

    Args:
        images, heats: as :func:`signed_overlay` takes them.
        titles: one above each; a second line tells each map's own lowest and highest value.
        label: of the colour bar: what is measured, in which unit.
        limit: where the scale ends, either sign; None takes the largest of all maps.
    """
    limit = max(float(np.abs(heat).max()) for heat in heats) if limit is None else limit
    figure, axes = plt.subplots(1, len(images), figsize=(2.4 * len(images) + 1, 3.2), squeeze=False)
    for ax, image, heat, name in zip(axes[0], images, heats, titles):
        ax.imshow(signed_overlay(image, heat, limit))
        ends = f"{heat.min():+.2f} to {heat.max():+.2f}".replace("-", "−")
        ax.set_title(f"{name}\n{ends}", fontsize=10, fontweight="normal", loc="center")
        ax.axis("off")
    scale = matplotlib.cm.ScalarMappable(plt.Normalize(-limit, limit), cmap=SIGNED)
    figure.colorbar(scale, ax=axes, shrink=0.7, label=label)
    if title:
        figure.suptitle(title, fontsize=12, fontweight="bold", x=0.01, ha="left")
    return figure
