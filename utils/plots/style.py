"""The one plot style of notebooks and decks."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.axis import Axis
from matplotlib.ticker import FixedLocator, NullFormatter

from utils.plots import rendering

# Okabe and Ito's colours, in the order lines take them.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
INK, FAINT = "#222222", "#b8b8b8"  # of letters and of thin lines in drawings


def use() -> None:
    """Set the course's style for all figures from here on; in a notebook also how they become pictures."""
    plt.style.use(Path(__file__).with_name("course.mplstyle"))
    rendering.install()


def plain_ticks(axis: Axis) -> None:
    """Ticks 1, 2, 5, 10 and so on, written as such, from a hundredth to 500, on a logarithmic axis."""
    axis.set_major_locator(FixedLocator([step * 10.0**power for power in range(-2, 3) for step in (1, 2, 5)]))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())
