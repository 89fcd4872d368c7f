"""Drawings for lectures 4 to 6: towers of borrowed layers; a network that reads, an LSTM cell, encoder and decoder;
a table of ratings as a product.

All are drawn on :func:`utils.decks.slides.blank`, in slide pixels.
"""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle

from utils.decks import slides
from utils.decks.slides import BLUE, GREEN, INK, ORANGE, SOFT, VERMILION

FROZEN = "#9fb3c4"  # a layer whose weights stay; VERMILION is one that learns
LAYERS = ("edges", "textures", "patterns", "parts", "objects")


def tower(
    axes: Axes,
    left: float,
    learning: int,
    head: str,
    bottom: float = 40,
    width: float = 210,
    height: float = 54,
    new: bool = True,
) -> None:
    """A pretrained network as bricks, input at the bottom.

    Args:
        learning: how many of the five layers below the head learn, counted from the top.
        head: what is written on the last layer.
        new: whether the head learns.
    """
    gap = height + 14
    for index, name in enumerate(LAYERS):
        color = VERMILION if index >= len(LAYERS) - learning else FROZEN
        slides.brick(axes, (left, bottom + index * gap), (width, height), name, color, fontsize=26)
    place = (left, bottom + len(LAYERS) * gap + 16)
    slides.brick(axes, place, (width, height), head, VERMILION if new else FROZEN, fontsize=26)


def recipes(stage: int, width: float = 1130, height: float = 480) -> Figure:
    """Three recipes side by side: train on ImageNet, fix the features, fine-tune (stages 0 to 2)."""
    figure, axes = slides.blank(width, height)
    columns = (
        ("1  train on ImageNet", "1.2 million photos:\nall weights learn", 5, "1,000 kinds"),
        ("2  small data set", "fix all weights,\nswap the last layer", 0, "cat or dog"),
        ("3  medium data set", "fine-tune some\nor all of the weights", 2, "cat or dog"),
    )
    for index, (title, below, learning, head) in enumerate(columns[: stage + 1]):
        middle = 135 + 365 * index
        tower(axes, middle - 105, learning, head, bottom=84, height=42)
        axes.text(middle, 460, title, fontsize=26, weight=600, ha="center", va="center", color=INK)
        axes.text(middle, 36, below, fontsize=24, ha="center", va="center", color=INK, linespacing=1.25)
        if index:
            slides.arrow(axes, (middle - 250, 216), (middle - 115, 216), INK, width=4, head=28)
            axes.text(middle - 182, 246, "copy", fontsize=24, ha="center", va="center", color=INK)
    for low, color, text in ((250, VERMILION, "learns"), (196, FROZEN, "stays")):
        slides.box(axes, (1004, low), (30, 30), "", color, full=True)
        axes.text(1046, low + 14, text, fontsize=24, va="center", color=INK)
    return figure


def unrolled(stage: int, text: str = "34+14", width: float = 1130, height: float = 330) -> Figure:
    """A recurrent network that has read ``stage`` symbols of ``text``: the same brick at every step."""
    figure, axes = slides.blank(width, height)
    gap = (width - 170) / len(text)
    for index, symbol in enumerate(text):
        x, seen = 60 + index * gap, index < stage
        color = BLUE if seen else "#d5dbe1"
        slides.brick(axes, (x + 70, 120), (gap - 80, 80), "cell", color, fontsize=26)
        axes.text(x + 30 + gap / 2, 26, symbol, fontsize=36, ha="center", va="center", color=INK, weight=600)
        slides.arrow(axes, (x + 30 + gap / 2, 54), (x + 30 + gap / 2, 114), INK if seen else "#b9c2cb", width=3)
        slides.arrow(axes, (x + 4, 160), (x + 64, 160), GREEN if seen or index == stage else "#b9c2cb", width=5)
        if index <= stage:
            axes.text(x + 34, 186, f"$h_{index}$", fontsize=28, ha="center", color=INK)
    if stage == len(text):
        slides.arrow(axes, (60 + len(text) * gap + 2, 160), (60 + len(text) * gap + 66, 160), GREEN, width=5)
        axes.text(60 + len(text) * gap + 34, 186, f"$h_{len(text)}$", fontsize=28, ha="center", color=INK)
        axes.text(width / 2, 288, "the last state is all that is known of the text", fontsize=26, ha="center")
    return figure


def lstm_cell(stage: int, width: float = 620, height: float = 450) -> Figure:
    """An LSTM's memory: kept as it is (stage 0), then with forget gate (1), input gate and candidate (2), output (3).

    As in the formulas: c = f * c + i * candidate, h = o * tanh(c); all four boxes look at the input and at the last h.
    """
    figure, axes = slides.blank(width, height)
    slides.box(axes, (76, 66), (width - 162, height - 84), "", SOFT)
    slides.arrow(axes, (10, 366), (width - 10, 366), BLUE, width=9, head=40)
    axes.plot((66, 495.5), (88, 88), color=SOFT, linewidth=3)
    for x, y, text in ((36, 394, "$c_{t-1}$"), (width - 42, 394, "$c_t$"), (36, 108, "$x_t$"), (36, 62, "$h_{t-1}$")):
        axes.text(x, y, text, fontsize=30, ha="center", va="center")
    if stage >= 1:
        _gate(axes, 136, "forget", "$f_t$", ORANGE)
        slides.arrow(axes, (136, 204), (136, 340), ORANGE, width=4)
        _sign(axes, (136, 366), "×", ORANGE)
    if stage >= 2:
        _gate(axes, 252, "input", "$i_t$", ORANGE)
        _gate(axes, 378, "candidate", "$\\tilde c_t$", GREEN, width=132)
        slides.arrow(axes, (252, 204), (302, 262), ORANGE, width=4)
        slides.arrow(axes, (378, 204), (330, 262), GREEN, width=4)
        slides.arrow(axes, (316, 290), (316, 340), GREEN, width=4)
        _sign(axes, (316, 276), "×", GREEN)
        _sign(axes, (316, 366), "+", GREEN)
    if stage >= 3:
        _gate(axes, 494, "output", "$o_t$", ORANGE, width=88)
        slides.arrow(axes, (542, 366), (542, 264), BLUE, width=4)
        slides.arrow(axes, (510, 204), (530, 226), ORANGE, width=4, head=18)
        slides.arrow(axes, (560, 240), (width - 10, 240), VERMILION, width=6, head=32)
        white = {"facecolor": "white", "edgecolor": BLUE, "linewidth": 3, "pad": 5}
        axes.text(542, 312, "tanh", fontsize=24, ha="center", va="center", bbox=white, zorder=5)
        _sign(axes, (542, 240), "×", VERMILION)
        axes.text(width - 42, 268, "$h_t$", fontsize=30, ha="center", va="center")
    return figure


def _gate(axes: Axes, x: float, name: str, symbol: str, color: str, width: float = 96) -> None:
    """A small dense layer inside the cell, fed from the line below it."""
    slides.arrow(axes, (x, 88), (x, 124), SOFT, width=3, head=18)
    slides.box(axes, (x - width / 2, 126), (width, 76), f"{name}\n{symbol}", color, fontsize=24)


def _sign(axes: Axes, middle: tuple[float, float], sign: str, color: str) -> None:
    axes.add_patch(Circle(middle, 22, facecolor="white", edgecolor=color, linewidth=3, zorder=4))
    axes.text(*middle, sign, fontsize=30, ha="center", va="center", zorder=5)


def encoder_decoder(stage: int, question: str = "41+43", answer: str = "48 ", width: float = 1140) -> Figure:
    """Lesson 06's network: encoder (stage 0), its one vector (1), decoder (2), characters (3)."""
    figure, axes = slides.blank(width, 330)
    for index, symbol in enumerate(question):
        x = 10 + index * 88
        slides.brick(axes, (x, 110), (74, 64), "", BLUE)
        axes.text(x + 37, 44, symbol, fontsize=34, ha="center", va="center", weight=600)
        slides.arrow(axes, (x + 37, 66), (x + 37, 106), INK, width=2.5, head=18)
    axes.text(227, 230, "encoder: LSTM, 128 cells", fontsize=26, ha="center")
    if stage >= 1:
        slides.arrow(axes, (452, 142), (508, 142), GREEN, width=5)
        slides.box(axes, (512, 96), (96, 92), "128\nnumbers", GREEN, fontsize=22)
    if stage >= 2:
        axes.text(560, 230, "RepeatVector", fontsize=24, ha="center")
        slides.arrow(axes, (612, 142), (668, 142), GREEN, width=5)
        for index in range(len(answer)):
            slides.brick(axes, (674 + index * 160, 110), (130, 64), "", ORANGE)
        axes.text(900, 60, "decoder: LSTM, 128 cells", fontsize=26, ha="center", va="center")
    if stage >= 3:
        for index, symbol in enumerate(answer):
            x = 739 + index * 160
            slides.arrow(axes, (x, 190), (x, 222), INK, width=2.5, head=18)
            slides.box(axes, (x - 60, 226), (120, 44), "softmax", VERMILION, fontsize=22)
            name = symbol if symbol.strip() else "space"
            axes.text(x, 302, name, fontsize=34 if symbol.strip() else 24, ha="center", va="center", weight=600)
    return figure


def factors(width: float = 1120, height: float = 330, users: int = 6, films: int = 9, hidden: int = 2) -> Figure:
    """A table of ratings as the product of a tall and a wide one: Y = U V' + Z, with one row and column marked."""
    figure, axes = slides.blank(width, height)
    cell = 36

    def table(left: float, low: float, rows: int, columns: int, color: str, chosen: Sequence[tuple[int, int]]) -> None:
        for row in range(rows):
            for column in range(columns):
                share = 0.9 if (row, column) in chosen else 0.18
                corner = (left + column * cell, low + (rows - 1 - row) * cell)
                axes.add_patch(Rectangle(corner, cell - 3, cell - 3, facecolor=slides.tint(color, share)))

    low = (height - users * cell) / 2 - 16
    table(20, low, users, films, BLUE, [(2, 5)])
    axes.text(20 + films * cell / 2, low + users * cell + 14, "$Y$: ratings", fontsize=28, ha="center")
    axes.text(374, low + users * cell / 2, "≈", fontsize=48, ha="center", va="center")
    table(424, low, users, hidden, GREEN, [(2, 0), (2, 1)])
    axes.text(460, low + users * cell + 14, "$U$: users", fontsize=28, ha="center")
    axes.text(530, low + users * cell / 2, "·", fontsize=60, ha="center", va="center")
    table(566, low + (users - hidden) * cell / 2, hidden, films, ORANGE, [(0, 5), (1, 5)])
    middle = 566 + films * cell / 2
    axes.text(middle, low + (users + hidden) * cell / 2 + 14, "$V^T$: films", fontsize=28, ha="center")
    axes.text(908, low + users * cell / 2, "+   $Z$: noise", fontsize=30, va="center")
    return figure
