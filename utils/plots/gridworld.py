"""A table Q[s, a] as a picture: the value of each cell as its colour, the best action as an arrow (lesson 08)."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np

from utils.plots.style import COLORS

# Row and column change of each action, in Gymnasium's order.
LAKE_MOVES = ((0, -1), (1, 0), (0, 1), (-1, 0))  # left, down, right, up
CLIFF_MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1))  # up, right, down, left
TOLERANCE = 1e-9  # actions whose values differ by less are equally good


def draw_table(
    q: np.ndarray,
    cells: Sequence[str],
    moves: Sequence[tuple[int, int]] = LAKE_MOVES,
    axes: plt.Axes | None = None,
    title: str = "",
    low: float | None = None,
    high: float | None = None,
    numbers: bool = True,
    fontsize: float = 8,
):
    """Draw a grid world with the values ``max_a q[s, a]`` and an arrow for each best action (none where all are equal).

    Args:
        q: (rows * columns, actions).
        cells: one string a row: ``H`` a hole and ``C`` cliff (drawn dark), ``G`` the goal, ``S`` the start.
        moves: (row, column) change of each action.
        low, high: ends of the colour scale; the table's own if None.
        numbers: write the value into each cell.
        fontsize: of the numbers and names in the cells; slides want 20 at least.

    Returns:
        The image, for a colour bar.
    """
    axes = axes or plt.gca()
    rows, columns = len(cells), len(cells[0])
    values = q.max(axis=1).reshape(rows, columns)
    closed = np.array([[letter in "HCG" for letter in row] for row in cells])
    image = axes.imshow(np.ma.array(values, mask=closed), cmap="viridis", vmin=low, vmax=high)
    bottom, top = image.get_clim()
    for row, column in np.ndindex(rows, columns):
        letter = cells[row][column]
        if closed[row, column]:
            _draw_closed(axes, row, column, letter, fontsize)
            continue
        bright = (values[row, column] - bottom) > 0.43 * (top - bottom)  # where both letters read equally well
        color = "black" if bright else "white"
        _draw_arrows(axes, row, column, q[row * columns + column], moves, color, shifted=numbers)
        if numbers:
            text = f"{values[row, column]:.2f}" if top <= 10 and bottom > -10 else f"{values[row, column]:.0f}"
            axes.text(column, row + 0.36, text, ha="center", va="center", color=color, fontsize=fontsize)
        if letter == "S":
            options = {"ha": "left", "va": "top", "color": color, "fontsize": max(7, fontsize - 2)}
            axes.text(column - 0.45, row - 0.45, "start", **options)
    axes.set(title=title, xticks=range(columns), yticks=range(rows), xlabel="column", ylabel="row")
    axes.grid(False)
    return image


def _draw_closed(axes: plt.Axes, row: int, column: int, letter: str, fontsize: float) -> None:
    """A cell where nothing is decided any more: the goal, a hole, the cliff."""
    color = COLORS[4] if letter == "G" else "#333333"
    axes.add_patch(plt.Rectangle((column - 0.5, row - 0.5), 1, 1, color=color, linewidth=0))
    name = {"G": "goal", "H": "hole", "C": "cliff"}[letter]
    color = "black" if letter == "G" else "white"
    axes.text(column, row, name, ha="center", va="center", color=color, fontsize=fontsize)


def _draw_arrows(axes, row, column, values, moves, color, shifted) -> None:
    best = np.flatnonzero(values >= values.max() - TOLERANCE)
    if len(best) == len(moves):
        return
    middle = row - 0.1 if shifted else row
    behind = 0.25 if len(best) == 1 else -0.05  # several arrows leave the middle and do not cross
    for action in best:
        down, right = moves[action]
        start = (column - behind * right, middle - behind * down)
        end = (column + 0.25 * right, middle + 0.25 * down)
        style = {"arrowstyle": "-|>", "color": color, "linewidth": 1.5, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", xy=end, xytext=start, arrowprops=style)
