"""A heat map laid over an image: where a network looks (lessons 03, 04 and 09)."""

from __future__ import annotations

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from PIL import Image

from utils.plots.video import as_rgb


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
