"""Learning curves: one run, several seeds, or a curve that grows while the network trains (all lessons)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from utils.plots.style import COLORS


def moving_average(values: Sequence[float], window: int) -> np.ndarray:
    """Mean of the last ``window`` values at each point; the first points average what there is.

    Args:
        values: (n,) numbers.
        window: at least 1.

    Returns:
        float array (n,).
    """
    if window < 1:
        raise ValueError(f"window is {window}; it should be at least 1.")
    values = np.asarray(values, dtype=np.float64)
    sums = np.cumsum(np.concatenate([[0.0], values]))
    stop = np.arange(1, len(values) + 1)
    start = np.maximum(0, stop - window)
    return (sums[stop] - sums[start]) / (stop - start)


def learning_curves(
    history: Any,
    metrics: Sequence[str] = ("loss", "accuracy"),
    title: str = "",
    labels: tuple[str, str] = ("training", "validation"),
) -> Figure:
    """One panel a metric: training drawn full, validation (``val_`` + name) dashed.

    Args:
        history: what ``model.fit`` returns, its ``.history`` dict, or a list of either, one a seed: then the mean is
            drawn with a band of one standard deviation.
        metrics: names to draw; those that the history lacks are left out.
        title: above the figure.
        labels: what the legend calls training and validation.

    Raises:
        ValueError: the history has none of the metrics.
    """
    runs = [getattr(run, "history", run) for run in (history if isinstance(history, list) else [history])]
    present = [name for name in metrics if name in runs[0] or f"val_{name}" in runs[0]]
    if not present:
        raise ValueError(f"The history has {', '.join(runs[0]) or 'nothing'}, but none of {', '.join(metrics)}.")
    figure, axes = plt.subplots(1, len(present), figsize=(4.6 * len(present), 3.4), squeeze=False)
    for ax, name in zip(axes[0], present):
        _panel(ax, runs, name, labels)
        ax.set(xlabel="epoch", ylabel=name, title=name.replace("_", " "))
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        ax.legend()
    if title:
        figure.suptitle(title, fontweight="bold", x=0.01, ha="left")
    return figure


def _panel(ax: Axes, runs: Sequence[Mapping[str, Sequence[float]]], name: str, labels: tuple[str, str]) -> None:
    for key, label, line, color in ((name, labels[0], "-", COLORS[0]), (f"val_{name}", labels[1], "--", COLORS[1])):
        curves = [np.asarray(run[key], dtype=np.float64) for run in runs if key in run]
        if not curves:
            continue
        shortest = min(map(len, curves))  # early stopping ends seeds at different epochs
        stack = np.stack([curve[:shortest] for curve in curves])
        x = np.arange(1, shortest + 1)
        marker = "o" if shortest <= 30 else None
        ax.plot(x, stack.mean(axis=0), line, color=color, label=label, marker=marker, markersize=4)
        if len(curves) > 1:
            mean, spread = stack.mean(axis=0), stack.std(axis=0, ddof=1)
            ax.fill_between(x, mean - spread, mean + spread, color=color, alpha=0.2, linewidth=0)


def seeds_band(ax: Axes, x: Sequence[float], runs: Any, label: str, marker: str = "-") -> None:
    """Mean over seeds, within a band from the lowest to the highest of them (lesson 09).

    Args:
        x: (points,) numbers.
        runs: (seeds, points) numbers.
        marker: Matplotlib's format of the line.
    """
    runs = np.asarray(runs, dtype=np.float64)
    (line,) = ax.plot(x, runs.mean(axis=0), marker, markersize=4, label=label)
    ax.fill_between(x, runs.min(axis=0), runs.max(axis=0), color=line.get_color(), alpha=0.14)


def seed_bars(ax: Axes, groups: Mapping[str, Sequence[float]], colors: Sequence[str] = COLORS) -> None:
    """One horizontal bar a name, as long as the mean of its values, with a dot for each of them (lesson 09).

    Args:
        groups: for each name what was measured, one number a seed, or a game; the first is drawn on top.
        colors: of the bars, from the first on.
    """
    for place, values in enumerate(groups.values()):
        ax.barh(place, np.mean(values), height=0.6, color=colors[place % len(colors)], alpha=0.6)
        ax.plot(values, np.full(len(values), place), "o", markersize=4, color="black", alpha=0.6)
    ax.set_yticks(range(len(groups)), list(groups))
    ax.set_ylim(len(groups) - 0.4, -0.6)
    ax.set_xlim(left=0)


class LiveCurve:
    """A curve that redraws itself in one output of a notebook; headless it draws once, at the end.

    live = LiveCurve("return", every=20)
    for episode in range(500):
        ...
        live.add(episode, value)
    live.finish()
    """

    def __init__(self, ylabel: str, xlabel: str = "episode", every: int = 10, window: int = 20, title: str = ""):
        from utils import runtime

        self.xlabel, self.ylabel, self.title = xlabel, ylabel, title or f"{ylabel} while learning"
        self.every, self.window = every, window
        self.x: list[float] = []
        self.y: list[float] = []
        self._live = runtime.in_front_end()
        self._handle: Any = None

    def add(self, x: float, y: float) -> None:
        """Take one more point; every ``every`` points the picture is redrawn in a live notebook."""
        self.x.append(float(x))
        self.y.append(float(y))
        if self._live and len(self.x) % self.every == 0:
            self._show(self.draw())

    def draw(self) -> Figure:
        """The figure so far."""
        figure, ax = plt.subplots(figsize=(7.5, 3.2))
        ax.plot(self.x, self.y, ".", color=COLORS[5], alpha=0.5, markersize=4)
        ax.plot(self.x, moving_average(self.y, self.window), color=COLORS[0], label=f"mean of the last {self.window}")
        ax.set(title=self.title, xlabel=self.xlabel, ylabel=self.ylabel)
        ax.legend()
        return figure

    def finish(self) -> None:
        """Show the whole curve."""
        self._show(self.draw())

    def _show(self, figure: Figure) -> None:
        from IPython.display import display

        if self._handle is None:
            self._handle = display(figure, display_id=True)
        else:
            self._handle.update(figure)
        plt.close(figure)
