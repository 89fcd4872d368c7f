"""Figures as pictures: sharp, small, right in their colours, with an alternative text."""

from __future__ import annotations

import base64
import io

import IPython
import matplotlib.pyplot as plt
import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter
from PIL import Image

from utils.plots import rendering, style


@pytest.fixture
def figure():
    style.use()
    figure, axes = plt.subplots(1, 2, figsize=(6, 3))
    axes[0].plot([1, 2, 3], label="training")
    axes[0].plot([1, 3, 2], label="held out")
    axes[0].set(title="Loss", xlabel="epoch", ylabel="cross-entropy $-\\log p$")
    axes[0].legend()
    axes[1].imshow(np.zeros((2, 2)))
    axes[1].set_title("A map", loc="left")
    axes[1].axis("off")
    yield figure
    plt.close(figure)


def _opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_a_drawing_has_twice_the_pixels_it_is_shown_with_and_a_palette(figure):
    mime, data, metadata = rendering.picture(figure)
    drawn = _opened(data)
    assert mime == "image/png" and drawn.mode == "P"
    assert metadata["width"] == drawn.width // 2 and metadata["height"] == drawn.height // 2
    plain = io.BytesIO()
    figure.savefig(plain, format="png", bbox_inches="tight")
    assert len(data) < 1.5 * len(plain.getvalue())
    assert abs(_opened(plain.getvalue()).width - metadata["width"]) <= 2


def test_a_photograph_becomes_a_jpeg():
    y, x = np.mgrid[0:300, 0:300] / 300
    noise = np.random.default_rng(0).normal(0, 0.03, (300, 300, 3))
    photo = np.stack([np.sin(9 * x * y), np.cos(7 * x), np.sin(5 * y + x)], -1) / 2 + 0.5 + noise
    figure, axes = plt.subplots(figsize=(5, 5))
    axes.imshow(photo.clip(0, 1), interpolation="bilinear")
    axes.axis("off")
    mime, data, _ = rendering.picture(figure)
    plt.close(figure)
    assert mime == "image/jpeg" and _opened(data).format == "JPEG"


def test_a_picture_that_would_be_heavy_is_drawn_at_single_size():
    figure, ax = plt.subplots(figsize=(8, 8))
    ax.imshow(np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8))
    mime, data, metadata = rendering.picture(figure)
    plt.close(figure)
    assert mime == "image/jpeg"
    assert abs(_opened(data).width - metadata["width"]) <= 1


def test_a_colour_seen_once_among_many_keeps_itself():
    figure, axes = plt.subplots(figsize=(5, 5))
    axes.imshow(np.random.default_rng(0).random((60, 60)), cmap="viridis")
    axes.plot([5, 55], [5, 55], color="red", linewidth=1)
    axes.axis("off")
    _, data, _ = rendering.picture(figure)
    plt.close(figure)
    pixels = np.asarray(_opened(data).convert("RGB"), int)
    assert ((pixels[..., 0] > 200) & (pixels[..., 1] < 60) & (pixels[..., 2] < 60)).sum() > 100


def test_the_alternative_text_tells_titles_axes_and_legend(figure):
    assert rendering.alternative_text(figure) == (
        "Loss; x axis: epoch; y axis: cross-entropy -\\log p; shown: training, held out. A map."
    )
    figure.suptitle("Two things")
    assert rendering.alternative_text(figure).startswith("Two things. Loss; ")
    figure.set_label("A loss that falls beside an empty map")
    assert rendering.alternative_text(figure) == "A loss that falls beside an empty map"


def test_a_figure_of_many_panels_is_told_briefly():
    figure, axes = plt.subplots(4, 5)
    for number, panel in enumerate(axes.ravel()):
        panel.set_title(f"filter {number}")
        panel.axis("off")
    text = rendering.alternative_text(figure)
    plt.close(figure)
    assert "filter 10." in text and "filter 11" not in text and text.endswith("and 9 more panels")


def test_in_a_notebook_figures_are_shown_so(figure, monkeypatch):
    shell = type("Shell", (), {"display_formatter": DisplayFormatter()})()
    monkeypatch.setattr(IPython, "get_ipython", lambda: shell)
    rendering.install()
    shell.display_formatter.formatters["image/png"].for_type(type(figure), lambda figure: b"plain")  # Jupyter's, later
    data, metadata = shell.display_formatter.format(figure)
    assert set(data) == {"text/plain", "image/png"}
    assert _opened(base64.b64decode(data["image/png"])).mode == "P"
    assert metadata["image/png"]["alt"].startswith("Loss; ") and metadata["image/png"]["width"] > 100
    empty = plt.figure()
    assert set(shell.display_formatter.format(empty)[0]) == {"text/plain"}
    plt.close(empty)


def test_without_a_notebook_nothing_is_registered(monkeypatch):
    registered = []
    monkeypatch.setattr(IPython, "get_ipython", lambda: None)
    monkeypatch.setattr("IPython.core.formatters.BaseFormatter.for_type", lambda *given: registered.append(given))
    rendering.install()
    assert registered == []
