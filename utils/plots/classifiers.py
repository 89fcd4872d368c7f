"""What a classifier gets, how it learns and what it mistakes for what (lesson 05)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from utils.plots import grids, style
from utils.statistics import wilson_interval


def pixel_values(image: np.ndarray, top: int, left: int, height: int, width: int, title: str = "") -> Figure:
    """A grey image, and beside it the numbers of the part that a frame marks.

    Args:
        image: (rows, columns), whole numbers from 0 (white) to 255 (black).
        top, left, height, width: of the frame, in pixels.
        title: of the image.
    """
    figure, (whole, part) = plt.subplots(1, 2, figsize=(9, 4.1), width_ratios=(1, 1.25))
    edges = (left - 0.5, left + width - 0.5, top + height - 0.5, top - 0.5)
    frame = plt.Rectangle((edges[0], edges[3]), width, height, fill=False, edgecolor=style.COLORS[1], linewidth=2)
    whole.imshow(image, cmap="gray_r", vmin=0, vmax=255)
    whole.add_patch(frame)
    framed = image[top : top + height, left : left + width]
    part.imshow(framed, cmap="gray_r", vmin=0, vmax=255, extent=edges, alpha=0.75, aspect=0.8)
    for (row, column), value in np.ndenumerate(framed):
        ink = "white" if value > 150 else "black"
        part.text(left + column, top + row, value, ha="center", va="center", fontsize=8, color=ink)
    whole.set_title(title)
    part.set_title("The framed part, as numbers")
    for ax in (whole, part):
        ax.set(xlabel="column", ylabel="row")
        ax.grid(False)
    return figure


def compare_learning(histories: Mapping[str, Mapping[str, Sequence[float]]]) -> Figure:
    """Loss and errors of several trainings, epoch by epoch: held out with marks, training dotted, both logarithmic.

    Args:
        histories: name of a network to what ``fit`` recorded: loss, accuracy, val_loss and val_accuracy.
    """
    figure, axes = plt.subplots(1, 2, figsize=(9.5, 3.6))
    for (name, history), color in zip(histories.items(), style.COLORS):
        epochs = np.arange(1, len(history["loss"]) + 1)
        for ax, key in zip(axes, ("loss", "accuracy")):
            for part, look, label in (("", ":", None), ("val_", "o-", name)):
                values = np.asarray(history[part + key], dtype=np.float64)
                # No error at all has no place on a logarithmic axis: the line breaks there.
                shown = values if key == "loss" else np.where(values < 1, 100 * (1 - values), np.nan)
                ax.plot(epochs, shown, look, markersize=4, color=color, label=label)
    axes[0].set(title="Loss", xlabel="epoch", ylabel="cross-entropy", yscale="log")
    axes[1].set(title="Errors", xlabel="epoch", ylabel="misread images, percent", yscale="log")
    for ax in axes:
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        style.plain_ticks(ax.yaxis)
    figure.legend(*axes[0].get_legend_handles_labels(), title="held out (dotted: training)", loc="outside right upper")
    return figure


def confusions(matrix: np.ndarray, title: str = "") -> Figure:
    """Counts of what is taken for what; colour marks the mistakes, the right answers are grey.

    Args:
        matrix: (classes, classes) whole numbers; row is what it is, column what it is said to be.
        title: of the figure.
    """
    classes = range(len(matrix))
    mistakes = matrix - np.diag(np.diag(matrix))
    figure, ax = plt.subplots(figsize=(5.6, 4.8))
    top = max(1.0, 1.5 * mistakes.max())  # black stays legible on the darkest
    picture = ax.imshow(mistakes, cmap="Oranges", vmin=0, vmax=top)
    for (truth, said), count in np.ndenumerate(matrix):
        color = "gray" if truth == said else "black"
        ax.text(said, truth, count or "", ha="center", va="center", fontsize=9, color=color)
    ax.set(title=title, xlabel="the network says", ylabel="it is", xticks=classes, yticks=classes)
    ax.grid(False)
    figure.colorbar(picture, label="mistakes", shrink=0.8)
    return figure


def surest_mistakes(
    images: np.ndarray, labels: np.ndarray, probabilities: np.ndarray, count: int, title: str = ""
) -> Figure:
    """The misread images, the surest mistake first: above each what it is, what was said, and how surely.

    Args:
        images: (n, height, width) or (n, height, width, 1).
        labels: (n,) whole numbers, what each is.
        probabilities: (n, classes), what the network says.
        count: at most so many images are drawn.
        title: of the figure.

    Raises:
        ValueError: nothing is misread, or ``count`` is below 1.
    """
    said, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.flatnonzero(said != labels)
    if len(wrong) == 0 or count < 1:
        raise ValueError(f"Expected at least one misread image to draw; got {len(wrong)}, and a count of {count}.")
    wrong = wrong[np.argsort(-sure[wrong], kind="stable")][:count]
    captions = [f"{labels[i]} → {said[i]}  {sure[i]:.0%}" for i in wrong]
    return grids.image_grid(images[wrong], captions, columns=8, title=title, cmap="gray_r", cell=1.05)


def error_intervals(misread: Mapping[str, int], count: int, title: str = "") -> Figure:
    """Shares of misread images with Wilson's 95 % intervals, one network a row, on a logarithmic axis.

    Args:
        misread: name of a network to how many images it misread.
        count: how many it read.
        title: of the figure.
    """
    figure, ax = plt.subplots(figsize=(7.5, 0.75 * len(misread) + 1.1))
    for row, (wrong, color) in enumerate(zip(misread.values(), style.COLORS)):
        error, low, high = (100 * share for share in (wrong / count, *wilson_interval(wrong, count)))
        ax.plot([low, high], [row, row], "|-", markersize=12, color=color)
        ax.plot(error, row, "o", color=color)
        ax.text(error, row - 0.22, f"{error:.2f} %", ha="center")
    ax.set(title=title, xlabel="misread images, percent", ylabel="network", xscale="log")
    ax.set(yticks=range(len(misread)), yticklabels=misread, ylim=(len(misread) - 0.5, -0.7))
    style.plain_ticks(ax.xaxis)
    return figure
