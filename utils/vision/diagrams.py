"""Pictures of networks: the volumes that flow through a convnet, and a residual one's skip connections (lesson 02).

Both read the model's own layers, so they draw what is there; a ``blueprint`` without weights is enough. And the history
of the ImageNet challenge, whose labels need placing.
"""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
from keras import Model, layers
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Patch, Polygon, Rectangle

from utils.plots import style
from utils.plots.style import COLORS

KINDS = {"image": "#bbbbbb", "convolution": COLORS[0], "pooling": COLORS[4], "dense": COLORS[2]}


def draw_volumes(
    model: Model, ax: Axes | None = None, title: str = "", legend: bool = True, fontsize: float = 9
) -> Axes:
    """Draw each layer's output as a box: as tall and deep as the image is, as thick as it has channels.

    Sizes are compressed (powers below one), so that 224 and 7 pixels, 3 and 4096 channels fit on one page; the true
    numbers are written there: channels or units below each box, pixels above where they change.

    Args:
        model: any chain of convolutions, poolings and dense layers; other layers are passed over.
        ax: where to draw; None makes a new figure.
        legend: say which colour is which kind of layer.
        fontsize: of numbers and legend.
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(11, 3.0))
    volumes = _volumes(model)
    boxes = [_measure(shape, largest=volumes[0][1][0]) for _, shape in volumes]
    # Whatever the number of layers, the drawing fills the page.
    free = PAGE_WIDTH - sum(width + 0.5 * slant for width, _, slant in boxes)
    gap = max(0.4, free / len(boxes))
    dense_gap = max(gap, 2.6)  # room for four digits below a thin bar
    left, previous = 0.0, None
    for (kind, shape), (width, height, slant) in zip(volumes, boxes, strict=True):
        _box(ax, left, width, height, slant, KINDS[kind])
        ax.text(left + width / 2, -height / 2 - 0.5, str(shape[-1]), ha="center", va="top", fontsize=fontsize)
        if len(shape) == 3 and shape[0] != previous:
            label = f"{shape[0]}×{shape[1]}"
            # from the box's own upper left corner on: to the left stands the last, taller box
            ax.text(left + slant, height / 2 + slant + 0.3, label, ha="left", va="bottom", fontsize=fontsize)
        left += width + 0.5 * slant + (dense_gap if len(shape) == 1 else gap)
        previous = shape[0]
    ax.set(xlim=(-1, max(left, PAGE_WIDTH)), ylim=(-6.5, 10.2), aspect="equal", title=title)
    ax.axis("off")
    if legend:
        handles = [Patch(color=color, label=kind) for kind, color in KINDS.items()]
        ax.legend(handles=handles, ncols=4, loc="upper right", fontsize=fontsize)
    return ax


PAGE_WIDTH = 58.0  # in units of a drawing; the input image is 10 tall


def _measure(shape: tuple[int, ...], largest: int) -> tuple[float, float, float]:
    """Width, height and slant of the box for an output of this shape; ``largest`` is the input's side in pixels."""
    if len(shape) == 1:
        return 0.8, 10 * (shape[0] / 4096) ** 0.35, 0.0
    height = 10 * (shape[0] / largest) ** 0.5
    return 0.35 + 0.08 * shape[-1] ** 0.5, height, 0.32 * height


def _volumes(model: Model) -> list[tuple[str, tuple[int, ...]]]:
    """What :func:`draw_volumes` draws: kind and output shape without the batch."""
    kinds = (
        ((layers.Conv2D, layers.DepthwiseConv2D), "convolution"),
        ((layers.MaxPooling2D, layers.AveragePooling2D, layers.GlobalAveragePooling2D), "pooling"),
        (layers.Dense, "dense"),
    )
    found = [("image", tuple(model.input_shape[1:]))]
    for layer in model.layers:
        for classes, kind in kinds:
            if isinstance(layer, classes):
                found.append((kind, tuple(layer.output.shape[1:])))
                break
    return found


def _box(ax: Axes, left: float, width: float, height: float, slant: float, color: str) -> None:
    bottom, top, right = -height / 2, height / 2, left + width
    edges = {"edgecolor": "white", "linewidth": 0.8, "facecolor": color}
    ax.add_patch(Rectangle((left, bottom), width, height, **edges))
    if slant:
        over = [(left, top), (left + slant, top + slant), (right + slant, top + slant), (right, top)]
        side = [(right, bottom), (right + slant, bottom + slant), (right + slant, top + slant), (right, top)]
        ax.add_patch(Polygon(over, **edges | {"facecolor": _lighter(color, 0.45)}))
        ax.add_patch(Polygon(side, **edges | {"facecolor": _lighter(color, 0.2)}))


def _lighter(color: str, share: float) -> tuple[float, ...]:
    """A colour mixed with white (opaque, so that boxes behind do not shine through)."""
    return tuple(channel + (1 - channel) * share for channel in to_rgb(color))


def skip_connections(model: Model) -> list[tuple[int, int, bool]]:
    """Where the skip connections of a model start and end, counted in layers with weights on the longest path.

    Returns:
        For each ``Add`` layer ``(start, end, projected)``; projected means a convolution lies on the skip connection.
    """
    depth: dict[int, int] = {}
    found = []
    for layer in model.layers:
        sources = [] if isinstance(layer, layers.InputLayer) else _inputs(layer)
        depths = [depth[id(source)] for source in sources]
        if isinstance(layer, layers.Add):
            short = sources[depths.index(min(depths))]
            projected = isinstance(short, layers.BatchNormalization | layers.Conv2D)
            found.append((min(depths) - projected, max(depths), projected))
        has_weights = isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D | layers.Dense)
        depth[id(layer)] = max(depths, default=0) + has_weights
    return found


def _inputs(layer: layers.Layer) -> list[layers.Layer]:
    tensors = layer.input if isinstance(layer.input, list) else [layer.input]
    return [tensor._keras_history.operation for tensor in tensors]


def draw_skips(model: Model, ax: Axes | None = None, title: str = "") -> Axes:
    """Draw the layers with weights as a row of bars and each skip connection as an arc over those it goes around."""
    if ax is None:
        _, ax = plt.subplots(figsize=(9, 2.0))
    arcs = skip_connections(model)
    weighted = [x for x in model.layers if isinstance(x, layers.Conv2D | layers.DepthwiseConv2D | layers.Dense)]
    projections = sum(projected for *_, projected in arcs)
    count = len(weighted) - projections
    ax.plot([-0.6, count - 0.4], [0, 0], color="#888888", linewidth=1.5, zorder=0)
    for index in range(count):
        color = KINDS["dense"] if index == count - 1 else KINDS["convolution"]
        ax.add_patch(Rectangle((index - 0.3, -0.35), 0.6, 0.7, color=color))
    for start, end, projected in arcs:
        arc = FancyArrowPatch(
            (start - 0.5, 0.0),
            (end - 0.5, 0.0),
            connectionstyle="arc3,rad=-1.0",
            arrowstyle="-|>",
            mutation_scale=9,
            linewidth=1.6,
            linestyle=":" if projected else "-",
            color=COLORS[1],
            shrinkA=0,
            shrinkB=0,
        )
        ax.add_patch(arc)
    ax.set(xlim=(-0.8, max(count, 8) - 0.2), ylim=(-0.6, 1.5), title=title)
    ax.axis("off")
    return ax


# Where a name goes beside its point, by year and by depth; to the right where nothing is said. Points of the page.
SIDES = {"right": (9, -4, "left"), "left": (-9, -4, "right"), "above": (0, 8, "center"), "below": (0, -17, "center")}
SIDE_BY_YEAR = {"GoogLeNet": "left", "ConvNeXt-L": "left", "ViT-H": "left"}
SIDE_BY_DEPTH = {"VGG": "above", "GoogLeNet": "below", "ConvNeXt-L": "left", "ViT-H": "left"}


def draw_imagenet_history(
    entries: Sequence[tuple[str, int, float, int]], single: Sequence[str] = (), person: float | None = None
) -> Figure:
    """Top-5 errors by year and by depth, each point with its name.

    Args:
        entries: name, year, error in percent, layers with weights (0: no deep network, grey, without a depth).
        single: names drawn as open squares: measured another way than the others.
        person: the error of a trained person, a dotted line.
    """
    figure, axes = plt.subplots(1, 2, figsize=(11, 4.2), sharey=True)
    for name, year, error, depth in entries:
        look = {"color": COLORS[0] if depth else "#888888", "markersize": 8}
        look |= {"marker": "s", "markerfacecolor": "white"} if name in single else {"marker": "o"}
        label = f"{name} ({depth})" if depth else name
        for ax, x, text, sides in ((axes[0], year, name, SIDE_BY_YEAR), (axes[1], depth, label, SIDE_BY_DEPTH)):
            if x:
                ax.plot(x, error, linestyle="", **look)
                *offset, anchor = SIDES[sides.get(name, "right")]
                ax.annotate(text, (x, error), offset, textcoords="offset points", ha=anchor, color=look["color"])
    if person is not None:
        axes[0].axhline(person, color=COLORS[1], linestyle=":")
        axes[0].text(2009.2, person - 1.7, f"one trained person: {person}", color=COLORS[1])
    axes[0].set(title="Error by year", xlabel="year", ylabel="top-5 error (%)", xlim=(2009, 2024.5), ylim=(0, 31))
    axes[1].set(title="Error by depth", xlabel="layers with weights", xscale="log", xlim=(5, 420))
    style.plain_ticks(axes[1].xaxis)
    return figure
