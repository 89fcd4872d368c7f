"""Pairs of words as arrows on a plane; labels cover neither each other nor an arrow (lesson 01, lecture 1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from utils.plots.style import COLORS

Pair = tuple[str, str]
APART = {"never named together": COLORS[1], "named together": COLORS[0]}
# Where a label may stand, as (horizontal, vertical) alignment of the text against its word's place.
STANDS = (("left", "center"), ("right", "center"), ("left", "bottom"), ("left", "top"), ("right", "bottom"))
STANDS += (("right", "top"), ("center", "bottom"), ("center", "top"))


def relation_panels(vectors: Any, relations: Sequence[Any], count: int = 6, apart: bool = True) -> Figure:
    """One panel a relation: its pairs as arrows, in the plane where their words spread most. Used in lesson 01.

    Args:
        vectors: :class:`utils.sequences.word2vec.WordVectors`.
        relations: :class:`utils.datasets.word_corpus.Relation`.
        count: how many obvious and how many held-out pairs are asked for; those without room are left out.
        apart: obvious and held-out pairs in two colours, with a legend.
    """
    figure, axes = plt.subplots(1, len(relations), figsize=(4.2 * len(relations), 4.2), squeeze=False)
    for ax, relation in zip(axes[0], relations):
        ax.set(title=relation.name, xticks=[], yticks=[])
        ax.set(xlabel="first principal component", ylabel="second principal component")
    if apart:
        lines = [Line2D([], [], color=color, label=name) for name, color in APART.items()]
        figure.legend(handles=lines, loc="outside lower center", ncols=2)
    figure.canvas.draw()  # settles the size of the panels, which labels need
    figure.set_layout_engine("none")
    told = []
    for ax, relation in zip(axes[0], relations):
        obvious, held_out = relation.obvious[:count], relation.held_out[:count]
        asked = [word for pair in obvious + held_out for word in pair]
        groups = {"all": (COLORS[0], [pair for both in zip(held_out, obvious) for pair in both])}
        if apart:
            groups = {name: (color, pairs) for (name, color), pairs in zip(APART.items(), (held_out, obvious))}
        drawn = draw_pairs(ax, dict(zip(asked, vectors.plane(asked))), groups)
        told.append(f"{relation.name}: " + ", ".join(f"{first} to {second}" for first, second in drawn) + ".")
    figure.set_label("Arrows between words in the plane of their largest spread. " + " ".join(told))
    return figure


def draw_pairs(
    ax: Axes,
    places: Mapping[str, Sequence[float]],
    groups: Mapping[str, tuple[str, Sequence[Pair]]],
    fontsize: float = 9,
    linewidth: float = 1.5,
) -> list[Pair]:
    """An arrow from the first to the second word of each pair; a pair whose labels find no free place is left out.

    Args:
        ax: axes whose size is final; their limits are set here.
        places: word to (x, y).
        groups: name of a kind of pairs, as the legend has it, to its colour and pairs; the first pair of each group
            takes its place first, then the second of each, and so on.

    Returns:
        The pairs that were drawn.
    """
    asked = {pair: color for color, pairs in groups.values() for pair in pairs}
    points = np.array([places[word] for pair in asked for word in pair], dtype=float)
    low, high = points.min(axis=0), points.max(axis=0)
    ax.set(xlim=_wider(low[0], high[0], 0.3), ylim=_wider(low[1], high[1], 0.1))
    boxes: list[Bbox] = []
    arrows: list[Path] = []
    drawn: list[Pair] = []
    for pair in _in_turn([pairs for _, pairs in groups.values()]):
        ends = np.array([places[word] for word in pair], dtype=float)
        arrow = Path(ax.transData.transform(ends))
        if any(arrow.intersects_bbox(box, filled=False) for box in boxes):
            continue
        labels = _labels(ax, pair, ends, boxes, [*arrows, arrow], fontsize, asked[pair])
        if labels is None:
            continue
        boxes += [_box(label) for label in labels]
        arrows.append(arrow)
        drawn.append(pair)
        look = {"arrowstyle": "->", "color": asked[pair], "lw": linewidth, "shrinkA": 0, "shrinkB": 0}
        ax.annotate("", ends[1], ends[0], arrowprops=look)
    for name, (color, _) in groups.items():
        ax.plot([], [], color=color, linewidth=linewidth, label=name)
    return drawn


def _wider(low: float, high: float, share: float) -> tuple[float, float]:
    room = share * max(high - low, 1e-9)
    return low - room, high + room


def _in_turn(lists: Sequence[Sequence[Pair]]) -> list[Pair]:
    longest = max(map(len, lists))
    return [pairs[turn] for turn in range(longest) for pairs in lists if turn < len(pairs)]


def _box(text: Text) -> Bbox:
    """Where a label stands, in pixels, without the blank that holds it off its arrow, and with air above and below."""
    return text.get_window_extent().padded(-1, 2)


def _labels(
    ax: Axes, pair: Pair, ends: np.ndarray, boxes: list[Bbox], arrows: list[Path], fontsize: float, color: str
) -> list[Text] | None:
    """Both words of a pair as texts that touch no label and no arrow, its own included; None: there is no room."""
    found: list[Text] = []
    taken = list(boxes)
    for word, here, there in zip(pair, ends, ends[::-1]):
        text = ax.text(*here, f" {word} ", fontsize=fontsize, color=color)
        found.append(text)
        # away from the other end of the arrow first
        for side, height in sorted(STANDS, key=lambda stand: (stand[0] == "left") != (here[0] > there[0])):
            text.set(ha=side, va=height)
            box = _box(text)
            if not any(box.overlaps(other) for other in taken) and not any(
                arrow.intersects_bbox(box, filled=False) for arrow in arrows
            ):
                taken.append(box)
                break
        else:
            for label in found:
                label.remove()
            return None
    return found
