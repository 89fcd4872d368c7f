"""The learning curve of lesson 09's long training: a csv file that is whole at every moment, and its picture."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from utils.checkpoints import write_atomically

COLUMNS = ("agent_steps", "updates", "wall_clock_s", "cpu_s", "kind", "games", "score", "score_std", "loss")


class Curve:
    """The learning curve as a csv file; rows later than the checkpoint resumed from are dropped."""

    def __init__(self, path: Path, steps: int):
        self.path, self.rows = path, []
        if path.exists():
            with path.open(newline="") as file:
                self.rows = [row for row in csv.DictReader(file) if int(row["agent_steps"]) <= steps]
        self._write()

    def append(self, **row) -> None:
        """Add one row and rewrite the file (a few hundred lines) so that it is whole at every moment."""
        self.rows.append({name: row.get(name, "") for name in COLUMNS})
        self._write()

    def _write(self):
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        write_atomically(self.path, lambda file: file.write(text.getvalue().encode()))


def plot_curve(path: Path) -> Figure:
    """The learning curve in a csv file of :class:`Curve`, beside what others scored, as a Matplotlib figure."""
    with Path(path).open(newline="") as file:
        rows = list(csv.DictReader(file))
    figure, ax = plt.subplots(figsize=(8.5, 4), layout="constrained")
    kinds = (("training", "-", "last 100 games while learning"), ("evaluation", "o-", "evaluations, epsilon 0.05"))
    for kind, line, label in kinds:
        # After a restart the first games to end are the short ones; their mean says nothing yet.
        enough = [row for row in rows if row["kind"] == kind and int(row["games"]) >= (90 if kind == "training" else 1)]
        if enough:
            steps = [int(row["agent_steps"]) / 1e6 for row in enough]
            ax.plot(steps, [float(row["score"]) for row in enough], line, markersize=5, label=label)
    for score, name in ((1.2, "random 1.2"), (31, "human 31"), (168, "DQN 2013: 168")):
        ax.axhline(score, color="0.4", linestyle=":", linewidth=1)
        ax.text(1.01, score, name, transform=ax.get_yaxis_transform(), fontsize=9, verticalalignment="center")
    ax.set(title="Breakout: the long training", xlabel="million agent steps (of four frames)", ylabel="score per game")
    ax.set_xlim(left=0)
    ax.legend(loc="upper left")
    return figure
