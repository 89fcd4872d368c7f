"""Learning curves of lesson 09's long training: a file that is whole at every moment, and pictures of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from utils import results

COMMAND = "python -m utils.rl.train_breakout"


class Curve:
    """The learning curve as a file; rows later than the checkpoint resumed from are dropped."""

    def __init__(self, path: Path, steps: int):
        self.path, self.rows = path, []
        if path.exists():
            self.rows = [row for row in results.read_curve(path) if row["agent_steps"] <= steps]
        self.extend([])

    def extend(self, rows: list[dict[str, Any]]) -> None:
        """Add rows and write the file anew (a few hundred lines) so that it is whole at every moment."""
        self.rows.extend(rows)
        results.write_curve(self.path, self.rows, COMMAND)


GAPS = {"training": 150_000, "evaluation": 600_000}  # agent steps without a point over which no line is drawn


def _points(rows: list[dict[str, Any]], kind: str) -> np.ndarray:
    """Million agent steps, score, and half its 95 % interval, of one kind of games; NaN across a gap: (points, 3)."""
    # After a restart the first games to end are the short ones; their mean says nothing yet.
    enough = [row for row in rows if row["kind"] == kind and row["games"] >= (90 if kind == "training" else 1)]
    points: list[tuple[float, float, float]] = []
    for row in enough:
        steps = row["agent_steps"] / 1e6
        if points and steps - points[-1][0] > GAPS[kind] / 1e6:
            points.append((steps, np.nan, np.nan))
        points.append((steps, row["score"], 1.96 * row.get("score_std", 0.0) / row["games"] ** 0.5))
    return np.array(points).reshape(-1, 3)


def plot_curve(rows: list[dict[str, Any]]) -> Figure:
    """A learning curve beside what others scored, as a Matplotlib figure."""
    figure, ax = plt.subplots(figsize=(8.5, 4), layout="constrained")
    ax.plot(*_points(rows, "training")[:, :2].T, "-", label="last 100 games while learning")
    steps, scores, half = _points(rows, "evaluation").T
    ax.errorbar(steps, scores, yerr=half, fmt="o-", markersize=5, capsize=3, label="evaluations, 95 % intervals")
    for score, name in ((1.2, "random 1.2"), (31, "human 31"), (168, "DQN 2013: 168")):
        ax.axhline(score, color="0.4", linestyle=":", linewidth=1)
        ax.text(1.01, score, name, transform=ax.get_yaxis_transform(), fontsize=9, verticalalignment="center")
    ax.set(title="Breakout: the long training", xlabel="million agent steps (of four frames)", ylabel="score per game")
    ax.set_xlim(left=0)
    ax.legend(loc="lower right", bbox_to_anchor=(1, 0.17))  # between the lines of 2013 and of a person
    return figure
