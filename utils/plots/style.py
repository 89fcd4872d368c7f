"""The one plot style of notebooks and decks."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt

# Okabe and Ito's colours, in the order lines take them.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
INK, FAINT = "#222222", "#b8b8b8"  # of letters and of thin lines in drawings


def use() -> None:
    """Set the course's style for all figures from here on."""
    plt.style.use(Path(__file__).with_name("course.mplstyle"))
