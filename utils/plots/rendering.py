"""For every lesson: how a figure becomes the picture in a notebook: sharp, small, and told to those who cannot see it.

Used through :func:`utils.plots.style.use`. A figure is drawn at twice the points it is shown with. Drawings go into
PNG with a palette, photographs into JPEG: together about as large as plain PNG at single size. The alternative text
comes from the figure's own titles, labels and legends, or from ``figure.set_label("what it shows")``.
"""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

SCALE = 2  # pixels for each pixel of a plain figure
COLOURS = 256  # of a palette
MEAN_ERROR, WORST_ERROR = 1.5, 40  # up to which a palette does: of a channel's 255 steps; of all but a thousandth
PHOTOGRAPH = 0.4  # a picture is one if JPEG takes less than this share of PNG
QUALITY = 88  # of JPEG
HEAVY, QUALITY_OF_MANY = 100_000, 78  # bytes above which a picture is reduced to single size, and its quality


def install() -> None:
    """In a notebook: let figures be shown as :func:`picture` makes them. Elsewhere nothing happens."""
    try:
        from IPython import get_ipython
    except ImportError:
        return
    display_formatter = getattr(get_ipython(), "display_formatter", None)
    if display_formatter is None:
        return

    def bundle(figure: Figure, **_: Any) -> tuple[dict[str, str], dict[str, dict[str, Any]]]:
        for formatter in display_formatter.formatters.values():
            formatter.pop(Figure, None)  # Jupyter's backend sets its own only after the first cell
        if not figure.axes and not figure.lines and not figure.texts:  # nothing to see
            return {}, {}
        mime, data, metadata = picture(figure)
        return {mime: base64.b64encode(data).decode()}, {mime: metadata}

    display_formatter.mimebundle_formatter.for_type(Figure, bundle)


def picture(figure: Figure) -> tuple[str, bytes, dict[str, Any]]:
    """A figure as a file.

    Returns:
        ``"image/png"`` or ``"image/jpeg"``, the file's bytes, and metadata: ``width`` and ``height`` in pixels of the
        screen, and ``alt``, the alternative text.
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=SCALE * figure.dpi, bbox_inches="tight", facecolor="white")
    drawn = Image.open(buffer).convert("RGB")
    metadata = {"width": drawn.width // SCALE, "height": drawn.height // SCALE, "alt": alternative_text(figure)}
    return *_smallest(drawn), metadata


def _smallest(drawn: Image.Image) -> tuple[str, bytes]:
    """The smallest file that shows a picture as it is: its kind and its bytes."""
    few = drawn.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    error = np.abs(np.asarray(few.convert("RGB"), np.int16) - np.asarray(drawn, np.int16))
    does = error.mean() <= MEAN_ERROR and np.quantile(error, 0.999) <= WORST_ERROR
    exact, photograph = _file(few if does else drawn, "PNG"), _file(drawn, "JPEG", quality=QUALITY)
    if min(len(exact), len(photograph)) > HEAVY:  # many photos: they have no more pixels than single size shows
        return "image/jpeg", _file(drawn.reduce(SCALE), "JPEG", quality=QUALITY_OF_MANY)
    if not does and len(photograph) < PHOTOGRAPH * len(exact):
        return "image/jpeg", photograph
    return "image/png", exact


def _file(drawn: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    drawn.save(buffer, kind, optimize=True, **options)
    return buffer.getvalue()


# ---------------------------------------------------------------------------------------------------------------------
# What a figure says of itself


def alternative_text(figure: Figure) -> str:
    """The label that its author gave the figure; else the titles, axes and legends of its panels, in words."""
    if figure.get_label():
        return str(figure.get_label())
    panels = [text for text in map(_panel_text, figure.axes) if text]
    title = figure.get_suptitle()
    if not panels:
        return title or "A figure without words"
    shown = panels if len(panels) <= 12 else [*panels[:11], f"and {len(panels) - 11} more panels"]
    return " ".join([f"{_plain(title)}." if title else "", *shown]).strip()


def _panel_text(axes: Axes) -> str:
    title = axes.get_title(loc="left") or axes.get_title() or axes.get_title(loc="right")
    parts = [_plain(title)] if title else []
    if axes.axison:
        named = {"x axis": axes.get_xlabel(), "y axis": axes.get_ylabel()}
        parts += [f"{name}: {_plain(text)}" for name, text in named.items() if text]
    labels = axes.get_legend_handles_labels()[1]
    if labels:
        parts.append("shown: " + ", ".join(map(_plain, labels)))
    return "; ".join(parts) + "." if parts else ""


def _plain(text: str) -> str:
    """One line, without the dollar signs of a formula."""
    return " ".join(str(text).replace("$", "").split()).rstrip(".")
