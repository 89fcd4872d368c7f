"""The inside of a recurrent cell, drawn (lesson 06)."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch

from utils.plots.style import COLORS, INK

BLUE, ORANGE, GREEN = COLORS[:3]
MEMORY, INPUTS, SHOWN = 3.2, 0.4, 1.9  # heights: the memory's line, what comes in, what the cell shows


def lstm_cell(title: str = "One LSTM step") -> Figure:
    """The memory runs straight through; three gates multiply, one candidate is added, an output is shown."""
    figure, ax = plt.subplots(figsize=(8.4, 3.9))
    ax.set(xlim=(0, 10), ylim=(0, 4.1), title=title)
    ax.axis("off")
    _arrow(ax, (0.7, MEMORY), (9.3, MEMORY), BLUE, 4)
    ax.plot((0.7, 6.9), (INPUTS, INPUTS), color=INK, lw=1.5)
    for x, y, text in (
        (0.35, MEMORY, "$c_{t-1}$"),
        (9.65, MEMORY, "$c_t$"),
        (0.35, INPUTS, "$x_t$\n$h_{t-1}$"),
        (9.65, SHOWN, "$h_t$"),
    ):
        ax.text(x, y, text, ha="center", va="center", fontsize=13)
    for x, name in ((1.9, "forget $f$"), (3.5, "input $i$"), (5.0, r"candidate $\tilde c$"), (6.9, "output $o$")):
        _arrow(ax, (x, INPUTS), (x, 0.85), INK, 1.5)
        _box(ax, x, 1.15, name, GREEN if "candidate" in name else ORANGE)
    _arrow(ax, (1.9, 1.45), (1.9, MEMORY - 0.2), ORANGE, 2)
    _arrow(ax, (3.5, 1.45), (4.05, 2.15), ORANGE, 2)
    _arrow(ax, (5.0, 1.45), (4.45, 2.15), GREEN, 2)
    _arrow(ax, (4.25, 2.45), (4.25, MEMORY - 0.2), GREEN, 2)
    _arrow(ax, (8.1, MEMORY), (8.1, SHOWN + 0.2), BLUE, 2)
    _arrow(ax, (6.9, 1.45), (7.9, SHOWN), ORANGE, 2)
    _arrow(ax, (8.3, SHOWN), (9.3, SHOWN), INK, 2)
    ax.text(8.25, 2.6, "tanh", fontsize=11, va="center")
    for x, y, sign in ((1.9, MEMORY, "×"), (4.25, 2.3, "×"), (4.25, MEMORY, "+"), (8.1, SHOWN, "×")):
        ax.add_patch(Circle((x, y), 0.2, facecolor="white", edgecolor=INK, zorder=3))
        ax.text(x, y, sign, ha="center", va="center", fontsize=14, zorder=4)
    figure.set_label(
        f"{title}: the memory line leads from the old memory to the new one. The forget gate multiplies it, "
        "input gate times candidate is added; its tanh times the output gate is what the cell shows. All four "
        "look at the input and at what the cell showed before."
    )
    return figure


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float], color: str, width: float) -> None:
    ax.annotate(
        "", end, start, arrowprops={"arrowstyle": "-|>", "color": color, "lw": width, "shrinkA": 0, "shrinkB": 0}
    )


def _box(ax: Axes, x: float, y: float, text: str, color: str) -> None:
    ax.add_patch(FancyBboxPatch((x - 0.62, y - 0.22), 1.24, 0.44, "round,pad=0.05", facecolor="white", edgecolor=color))
    ax.text(x, y, text, ha="center", va="center", fontsize=11)
