"""Pairs of words as arrows on a plane, with labels that do not cover each other (lesson 01, lecture 1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Text
from matplotlib.transforms import Bbox

Pair = tuple[str, str]
# Where a label may stand, as (horizontal, vertical) alignment of the text against its word's place.
STANDS = (("left", "center"), ("right", "center"), ("left", "bottom"), ("left", "top"), ("right", "bottom"))
STANDS += (("right", "top"), ("center", "bottom"), ("center", "top"))


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
    taken, drawn = [], []
    for pair in _in_turn([pairs for _, pairs in groups.values()]):
        ends = [np.asarray(places[word], dtype=float) for word in pair]
        labels = _labels(ax, pair, ends, taken, fontsize, asked[pair])
        if labels is None:
            continue
        taken += [label.get_window_extent() for label in labels]
        drawn.append(pair)
        arrow = {"arrowstyle": "->", "color": asked[pair], "lw": linewidth, "shrinkA": 0, "shrinkB": 0}
        ax.annotate("", ends[1], ends[0], arrowprops=arrow)
    for name, (color, _) in groups.items():
        ax.plot([], [], color=color, linewidth=linewidth, label=name)
    return drawn


def _wider(low: float, high: float, share: float) -> tuple[float, float]:
    room = share * max(high - low, 1e-9)
    return low - room, high + room


def _in_turn(lists: Sequence[Sequence[Pair]]) -> list[Pair]:
    longest = max(map(len, lists))
    return [pairs[turn] for turn in range(longest) for pairs in lists if turn < len(pairs)]


def _labels(
    ax: Axes, pair: Pair, ends: list[np.ndarray], taken: list[Bbox], fontsize: float, color: str
) -> list[Text] | None:
    """Both words of a pair as texts where nothing stands yet and the other word is not crossed; None: no room."""
    found: list[Text] = []
    boxes = list(taken)
    for word, here, there in zip(pair, ends, ends[::-1]):
        text = ax.text(*here, f" {word} ", fontsize=fontsize, color=color)
        # away from the other end of the arrow first
        for side, height in sorted(STANDS, key=lambda stand: (stand[0] == "left") != (here[0] > there[0])):
            text.set(ha=side, va=height)
            box = text.get_window_extent()
            if not any(box.overlaps(other) for other in boxes):
                break
        else:
            for label in (*found, text):
                label.remove()
            return None
        found.append(text)
        boxes.append(box)
    return found
