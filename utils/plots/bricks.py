"""A model as a wall of Lego bricks, and a small network as dots and lines (lesson 01)."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch, Rectangle

from utils.plots.style import COLORS, FAINT, INK

BLUE, RED, GREEN, PINK, ORANGE, SKY = COLORS[:6]
BRICK_COLORS = {
    "InputLayer": "#d9d9d9",
    "Dense": BLUE,
    "Conv1D": RED,
    "Conv2D": RED,
    "MaxPooling1D": ORANGE,
    "MaxPooling2D": ORANGE,
    "AveragePooling2D": ORANGE,
    "GlobalMaxPooling2D": ORANGE,
    "Flatten": PINK,
    "Dropout": SKY,
    "Embedding": GREEN,
}
MERGE_COLOR = "#7b5ea7"
BRICK_WIDTH, BRICK_HEIGHT = 3.4, 0.92


def draw_bricks(model: Any, title: str = "", ax: Axes | None = None) -> Figure:
    """A built Keras model as a wall of Lego bricks: input at the bottom, output on top. Used in lesson 01.

    Each brick tells its layer's class, the shape of what comes out, and its parameters. A merge layer is a wide brick
    on several narrow ones.

    Args:
        model: ``Sequential`` or functional, built. Every output may be used once (no skip connections, no shared
            layers: bricks cannot overlap).
        title: above the wall.

    Raises:
        ValueError: a model that is not built, or one that bricks cannot show.
    """
    parents = _parents(model)
    spans, rows = _places(parents)
    width = max(right for _, right in spans.values()) * BRICK_WIDTH
    count = max(rows.values()) + 1
    alone = ax is None
    if ax is None:
        _, ax = plt.subplots(figsize=(0.4 + width, 0.7 + 0.62 * count))
    told = {}
    for name, (left, right) in spans.items():
        layer = None if name == "input" else model.get_layer(name)
        told[name] = _draw_brick(ax, layer, model, left * BRICK_WIDTH, rows[name], (right - left) * BRICK_WIDTH)
    if alone:
        upwards = sorted(told, key=lambda name: rows[name])
        ax.figure.set_label(f"{title}. From the bottom up: {'; '.join(told[name] for name in upwards)}".lstrip(". "))
    ax.set(xlim=(-0.1, width + 0.1), ylim=(-0.1, count * BRICK_HEIGHT + 0.4))
    ax.axis("off")
    ax.set_title(title)
    return ax.figure


def _parents(model: Any) -> dict[str, list[str]]:
    """Names of the layers that feed each layer, in the model's order; a Sequential model starts with ``input``."""
    if not model.built:
        raise ValueError("The model has no shapes yet; begin it with keras.Input(shape=...).")
    if type(model).__name__ == "Sequential":
        names = [layer.name for layer in model.layers]
        return {"input": []} | {name: [before] for before, name in zip(["input", *names], names)}
    parents = {}
    for entry in model.get_config()["layers"]:
        nodes = entry["inbound_nodes"]
        if len(nodes) > 1:
            raise ValueError(f"Layer {entry['name']} is shared, which a wall of bricks cannot show.")
        parents[entry["name"]] = _histories(nodes)
    return parents


def _histories(config: Any) -> list[str]:
    """Layer names of all tensors that a serialised call mentions, in order."""
    if isinstance(config, dict):
        if "keras_history" in config:
            return [config["keras_history"][0]]
        config = list(config.values())
    return [name for item in config for name in _histories(item)] if isinstance(config, list | tuple) else []


def _places(parents: dict[str, list[str]]) -> tuple[dict[str, tuple[float, float]], dict[str, int]]:
    """Horizontal span (in bricks) and row of each layer; inputs stand side by side on the ground."""
    used = [name for names in parents.values() for name in names]
    if len(set(used)) < len(used):
        raise ValueError("An output is used twice (a skip connection), which a wall of bricks cannot show.")
    spans: dict[str, tuple[float, float]] = {}
    rows: dict[str, int] = {}
    ground = 0
    for name, below in parents.items():
        if below:
            spans[name] = (min(spans[b][0] for b in below), max(spans[b][1] for b in below))
            rows[name] = 1 + max(rows[b] for b in below)
        else:
            spans[name], rows[name] = (ground, ground + 1), 0
            ground += 1
    return spans, rows


def _draw_brick(ax: Axes, layer: Any, model: Any, left: float, row: int, width: float) -> str:
    """One brick; what is written on it."""
    kind = type(layer).__name__ if layer is not None else "InputLayer"
    shape = layer.output.shape if layer is not None else model.input_shape
    weights = layer.count_params() if layer is not None else 0
    merge = layer is not None and isinstance(layer.input, list) and len(layer.input) > 1
    color = MERGE_COLOR if merge else BRICK_COLORS.get(kind, "#8a8a8a")
    y, inset = row * BRICK_HEIGHT, 0.04
    for stud in np.arange(left + 0.42, left + width - 0.2, 0.85):
        ax.add_patch(
            Rectangle((stud - 0.17, y + BRICK_HEIGHT - 0.16), 0.42, 0.2, facecolor=color, edgecolor="white", zorder=2)
        )
    box = FancyBboxPatch(
        (left + inset, y + 0.03),
        width - 2 * inset,
        BRICK_HEIGHT - 0.15,
        boxstyle="round,pad=0,rounding_size=0.06",
        facecolor=color,
        edgecolor="white",
        zorder=3,
    )
    ax.add_patch(box)
    ink = INK if kind in ("InputLayer", "MaxPooling1D", "MaxPooling2D", "Dropout", "AveragePooling2D") else "white"
    dimensions = " × ".join(str(n) for n in shape[1:])
    detail = f"{dimensions}" + (f"   ·   {weights:,} parameters" if weights else "")
    name = "Input" if kind == "InputLayer" else kind
    middle = left + width / 2
    style = {"ha": "center", "va": "center", "color": ink, "zorder": 4}
    ax.text(middle, y + 0.53, name, fontsize=11, fontweight="bold", **style)
    ax.text(middle, y + 0.2, detail, fontsize=9, **style)
    return f"{name} {detail.replace('   ·  ', ',')}"


def draw_network(sizes: tuple[int, ...], ax: Axes, dropped: dict[int, set[int]] | None = None) -> None:
    """A small fully connected network as dots and lines, some units crossed out (dropout). Used in lesson 01.

    Args:
        sizes: units in each layer, drawn left to right.
        dropped: for a layer's number, the units that are switched off.
    """
    dropped = dropped or {}
    places = [[(2.0 * k, i - (n - 1) / 2) for i in range(n)] for k, n in enumerate(sizes)]
    for k in range(len(sizes) - 1):
        for i, a in enumerate(places[k]):
            for j, b in enumerate(places[k + 1]):
                if i not in dropped.get(k, ()) and j not in dropped.get(k + 1, ()):
                    ax.plot(*zip(a, b), color="#9a9a9a", linewidth=0.8, zorder=1)
    for k, units in enumerate(places):
        for i, place in enumerate(units):
            off = i in dropped.get(k, ())
            face, edge = ("white", FAINT) if off else (BLUE, BLUE)
            ax.add_patch(Circle(place, 0.3, facecolor=face, edgecolor=edge, zorder=2))
            if off:
                ax.text(*place, "×", ha="center", va="center", color=RED, fontsize=15, zorder=3)
    reach = max(sizes) / 2 + 0.2
    ax.set(xlim=(-0.6, 2.0 * (len(sizes) - 1) + 0.6), ylim=(-reach, reach), aspect="equal")
    ax.axis("off")
