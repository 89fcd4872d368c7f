"""Drawings about agents and worlds for lecture 7: the loop, a chain, a replay memory, a Q-network.

All are drawn on :func:`utils.decks.slides.blank`, in slide pixels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle

from utils.decks import slides
from utils.decks.slides import BLUE, FAINT, GREEN, INK, ORANGE, SOFT, VERMILION


def loop(stage: int, width: float = 600, height: float = 440) -> Figure:
    """Player and world talk: state (stage 0), action (1), reward and next state (2)."""
    figure, axes = slides.blank(width, height)
    box = (190, 104)
    slides.box(axes, (width / 2 - 95, height - 114), box, "player", BLUE, full=True, fontsize=30, weight=600)
    slides.box(axes, (width / 2 - 95, 10), box, "world", GREEN, full=True, fontsize=30, weight=600)
    left, right, top, bottom = width / 2 - 52, width / 2 + 52, height - 122, 122
    if stage != 1:
        name = "state $s$" if stage == 0 else "reward $r$,\nnext state $s$′"
        slides.arrow(axes, (left, bottom), (left, top), GREEN, width=6, head=36)
        axes.text(left - 28, height / 2, name, ha="right", va="center", fontsize=30, color=INK, linespacing=1.5)
    if stage >= 1:
        slides.arrow(axes, (right, top), (right, bottom), BLUE, width=6, head=36)
        axes.text(right + 28, height / 2, "action $a$", ha="left", va="center", fontsize=30, color=INK)
    return figure


def ball_moment(axes: Axes, paddle: int, ball: tuple[int, int] = (3, 3), columns: int = 9, rows: int = 7) -> None:
    """Lesson 08's ball game: a ball that flies down to the right, and a paddle in the bottom row.

    Args:
        paddle: its column.
        ball: column and row, row 0 on top.
    """
    steps = rows - 1 - ball[1]
    axes.add_patch(Rectangle((-0.5, -0.5), columns, rows, facecolor="#12202e", edgecolor="none"))
    for row, color in enumerate((VERMILION, ORANGE)):
        for column in range(columns):
            axes.add_patch(Rectangle((column - 0.46, row - 1.46), 0.92, 0.8, facecolor=color, edgecolor="none"))
    axes.add_patch(Rectangle((-0.5, -1.5), columns, 1.0, facecolor="#12202e", edgecolor="none", zorder=0))
    axes.plot([ball[0], ball[0] + steps], [ball[1], ball[1] + steps], linestyle=(0, (1, 1.6)), color="#8fa3b5")
    axes.plot([ball[0]], [ball[1]], "o", color="white", markersize=26)
    reached = abs(paddle - ball[0] - steps) <= steps
    color = slides.SKY if reached else slides.PINK
    axes.add_patch(Rectangle((paddle - 0.5, rows - 1.3), 1, 0.6, facecolor=color, edgecolor="none"))
    axes.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -1.5), aspect="equal")
    axes.axis("off")


def chain(stage: int, width: float = 1150, height: float = 260, plays: int = 3) -> Figure:
    """A play as a Markov chain: states (stage 0), the policy's arrows (1), the world's arrows (2)."""
    figure, axes = slides.blank(width, height)
    gap, radius, upper, lower = (width - 130) / plays, 40, height - 62, 62
    for index in range(plays + 1):
        x = 60 + index * gap
        axes.add_patch(Circle((x, upper), radius, facecolor=slides.tint(GREEN), edgecolor=GREEN, linewidth=3))
        axes.text(x, upper, f"$s_{index}$", ha="center", va="center", fontsize=30)
        if index == plays:
            break
        ahead = x + gap / 2
        axes.add_patch(Circle((ahead, lower), radius, facecolor=slides.tint(BLUE), edgecolor=BLUE, linewidth=3))
        axes.text(ahead, lower, f"$a_{index}$", ha="center", va="center", fontsize=30)
        if stage >= 1:
            slides.arrow(axes, (x + 30, upper - 32), (ahead - 32, lower + 30), BLUE, width=4, head=28)
            if index == 0:
                axes.text(x + 6, (upper + lower) / 2 - 32, r"$\pi_\theta$", fontsize=30, color=BLUE, ha="center")
        if stage >= 2:
            slides.arrow(axes, (ahead + 32, lower + 30), (x + gap - 30, upper - 32), GREEN, width=4, head=28)
            slides.arrow(axes, (x + 44, upper), (x + gap - 46, upper), GREEN, width=4, head=28)
            if index == 0:
                label = r"$p(s_1\,|\,s_0,a_0)$"
                axes.text(ahead + 8, upper + 18, label, fontsize=26, color=slides.INK, ha="center", va="bottom")
    return figure


def ring(written: int, drawn: Sequence[int] = (), capacity: int = 24, size: float = 430) -> Figure:
    """A replay memory seen from above: new transitions overwrite the oldest, a batch is drawn anywhere.

    Args:
        written: transitions written so far.
        drawn: places of the batch.
    """
    figure, axes = slides.blank(size, size)
    middle, radius = size / 2, size / 2 - 46
    for place in range(capacity):
        angle = np.pi / 2 - 2 * np.pi * place / capacity
        x, y = middle + radius * np.cos(angle), middle + radius * np.sin(angle)
        age = (written - 1 - place) % capacity
        filled = place < written
        shade = slides.tint(BLUE, 0.95 - 0.75 * age / capacity) if filled else "white"
        axes.add_patch(Circle((x, y), 22, facecolor=shade, edgecolor=BLUE if filled else FAINT, linewidth=2))
        if place in drawn:
            axes.add_patch(Circle((x, y), 29, facecolor="none", edgecolor=VERMILION, linewidth=5))
            inner = (middle + (radius - 34) * np.cos(angle), middle + (radius - 34) * np.sin(angle))
            centre = (middle + 78 * np.cos(angle), middle + 78 * np.sin(angle))
            slides.arrow(axes, inner, centre, VERMILION, width=2.5, head=18)
    if drawn:
        text, color = "batch", VERMILION
    else:
        angle = np.pi / 2 - 2 * np.pi * ((written - 1) % capacity) / capacity
        end = (middle + (radius - 30) * np.cos(angle), middle + (radius - 30) * np.sin(angle))
        slides.arrow(axes, (middle + 62 * np.cos(angle), middle + 62 * np.sin(angle)), end, INK, width=3)
        text, color = "newest", INK
    axes.text(middle, middle, text, ha="center", va="center", fontsize=28, weight=600, color=color)
    return figure


def q_network(frames: Sequence[np.ndarray], width: float = 1150, height: float = 400) -> Figure:
    """The network of Mnih et al. (2013): four frames in, four values out.

    Args:
        frames: four grey pictures (84, 84), oldest first.
    """
    figure, axes = slides.blank(width, height)
    middle = height / 2 + 20
    for index, frame in enumerate(frames):
        left, low = 14 + 20 * index, middle - 110 + 18 * index
        axes.imshow(frame, extent=(left, left + 150, low, low + 150), cmap="gray", vmin=0, vmax=200, zorder=2 + index)
        axes.add_patch(Rectangle((left, low), 150, 150, fill=False, edgecolor="white", linewidth=3, zorder=2 + index))
    bricks = (
        (290, 74, 210, "16 filters\n8 × 8, stride 4", "20 × 20 × 16", BLUE),
        (500, 74, 170, "32 filters\n4 × 4, stride 2", "9 × 9 × 32", BLUE),
        (700, 64, 250, "dense", "256", ORANGE),
        (890, 64, 150, "dense", "4", GREEN),
    )
    for left, wide, high, below, inside, color in bricks:
        slides.box(axes, (left, middle - high / 2), (wide, high), inside, color, full=True, rotation=90, weight=600)
        axes.text(left + wide / 2, middle - 140, below, ha="center", va="top", fontsize=22, color=INK)
    for start, end in ((232, 286), (368, 496), (578, 696), (768, 886)):
        slides.arrow(axes, (start, middle), (end, middle), SOFT, width=3)
    for index, action in enumerate(("nothing", "fire", "right", "left")):
        y = middle + 66 - 44 * index
        slides.arrow(axes, (958, middle + (y - middle) * 0.9), (992, y), SOFT, width=2, head=16)
        axes.text(1000, y, f"$Q$({action})", va="center", fontsize=22)
    axes.text(100, middle - 140, "4 frames\n84 × 84", ha="center", va="top", fontsize=22, color=INK)
    axes.set(xlim=(0, width), ylim=(0, height), aspect="auto")
    return figure
