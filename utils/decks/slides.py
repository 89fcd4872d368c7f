"""Figures for the decks in lectures/: sized in slide pixels, with alternative text, readable at the back of a room.

A slide is 1280 x 720 pixels. A figure made by :func:`figure` has the size it takes on the slide, and a font of 22
points in it is 22 pixels high there. :func:`show` puts it where the cell stands, :func:`keep` keeps it under a name
for the role ``{plot}``. Both refuse a figure without alternative text, with text below 20 pixels or cut off.
"""

from __future__ import annotations

import hashlib
import html
import importlib.util
import json
import logging
import os
from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.text import Annotation, Text

from utils.checkpoints import write_atomically
from utils.decks import contrast, pictures
from utils.plots import style

INK, SOFT, FAINT = contrast.INK, "#5b6774", "#dfe4ea"
BLUE, VERMILION, GREEN, PINK, ORANGE, SKY = style.COLORS[:6]
FACES = {GREEN: "#007a59", VERMILION: "#b94f00"}  # darker where something is written on them in white
SMALLEST = 20  # pixels on a slide of 1280 x 720
PALE = "pale.txt"  # beside a deck's figures: which labels can hardly be read
HANDOUT = 6  # so many frames of a stepped figure are printed where the deck does not choose
_FONT = "Source Sans Pro"


def use() -> None:
    """The course's style at the size of slides; call it in a deck's first cell."""
    style.use()
    _add_fonts()
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # DejaVu Sans has no semibold
    sizes = dict.fromkeys(("font.size", "axes.labelsize", "legend.fontsize"), 22)
    sizes |= dict.fromkeys(("xtick.labelsize", "ytick.labelsize"), 20)
    plt.rcParams.update(sizes)
    plt.rcParams.update(
        {
            "axes.titlesize": 24,
            "axes.titleweight": 600,
            "axes.edgecolor": SOFT,
            "axes.labelcolor": INK,
            "axes.linewidth": 1.5,
            "figure.dpi": 72,
            "font.family": [_FONT, "DejaVu Sans"],
            "grid.color": "#e8ebef",
            "grid.linewidth": 1.2,
            "lines.linewidth": 3.5,
            "lines.markersize": 9,
            "mathtext.fontset": "stix",
            "svg.fonttype": "path",
            "svg.hashsalt": "from-lego-to-go",
            "text.color": INK,
            "xtick.color": SOFT,
            "xtick.labelcolor": INK,
            "ytick.color": SOFT,
            "ytick.labelcolor": INK,
        }
    )


def _add_fonts() -> None:
    """Take the slides' typeface, which comes with reveal.js; without it matplotlib's own has to do."""
    package = importlib.util.find_spec("sphinx_revealjs")
    if package is None or any(entry.name == _FONT for entry in font_manager.fontManager.ttflist):
        return
    folder = Path(package.origin).parent / "_static/revealjs/dist/theme/fonts/source-sans-pro"
    for path in folder.glob("*.ttf"):
        font_manager.fontManager.addfont(path)


def figure(width: float = 1100, height: float = 480, **options) -> Figure:
    """An empty figure of this many slide pixels; a full-width figure below a title has room for 1152 x 520."""
    return plt.figure(figsize=(width / 72, height / 72), **options)


def subplots(rows: int = 1, columns: int = 1, width: float = 1100, height: float = 480, **options):
    """``plt.subplots`` in slide pixels."""
    return plt.subplots(rows, columns, figsize=(width / 72, height / 72), **options)


def blank(width: float = 1100, height: float = 480) -> tuple[Figure, Axes]:
    """A figure for a drawing: one axes without frame whose units are slide pixels, y upwards from the lower left."""
    made = plt.figure(figsize=(width / 72, height / 72), layout="none")
    axes = made.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.axis("off")
    return made, axes


# ---------------------------------------------------------------------------------------------------------------------
# Drawings, in the pixels of :func:`blank`


def tint(color: str, share: float = 0.15) -> tuple[float, float, float]:
    """A colour thinned with white: ``share`` of it is left."""
    red, green, blue = to_rgb(color)
    return (1 - share * (1 - red), 1 - share * (1 - green), 1 - share * (1 - blue))


def box(
    axes: Axes,
    corner: tuple[float, float],
    size: tuple[float, float],
    text: str = "",
    color: str = BLUE,
    full: bool = False,
    **options,
) -> tuple[float, float]:
    """A rounded box with text in its middle; returns the middle.

    Args:
        corner: lower left.
        size: width and height.
        color: of edge and tint; ``full`` fills the box with it and writes white, or in ink where white cannot be read.
        options: for the text, e.g. ``fontsize``.
    """
    (x, y), (width, height) = corner, size
    shape = f"round,pad=0,rounding_size={min(10, width / 4, height / 4)}"
    face, letters = _face(color, options) if full else (tint(color, 0.12), INK)
    axes.add_patch(
        FancyBboxPatch(corner, width, height, boxstyle=shape, facecolor=face, edgecolor=color, linewidth=2.5)
    )
    return _write(axes, (x + width / 2, y + height / 2), text, {"color": letters} | options)


def _write(axes: Axes, middle: tuple[float, float], text: str, options: dict) -> tuple[float, float]:
    axes.text(*middle, text, **({"ha": "center", "va": "center"} | options))
    return middle


def brick(
    axes: Axes,
    corner: tuple[float, float],
    size: tuple[float, float],
    text: str = "",
    color: str = BLUE,
    studs: int = 0,
    **options,
) -> tuple[float, float]:
    """A Lego brick seen from the side: the course's picture of a layer. As :func:`box`; studs sit 45 px apart."""
    (x, y), (width, height) = corner, size
    studs = studs or max(1, round(width / 45))
    options = {"weight": 600} | options
    color, letters = _face(color, options) if text else (color, INK)
    for place in range(studs):
        left = x + width * (place + 0.5) / studs - 11
        axes.add_patch(
            FancyBboxPatch((left, y + height - 4), 22, 13, boxstyle="round,pad=0,rounding_size=3", fc=color, lw=0)
        )
    axes.add_patch(FancyBboxPatch(corner, width, height, boxstyle="round,pad=0,rounding_size=4", fc=color, lw=0))
    return _write(axes, (x + width / 2, y + height / 2), text, {"color": letters} | options)


def _face(color: str, options: dict) -> tuple[str, str]:
    """A brick's colour, darker where its letters are small, and the colour of those letters."""
    need = contrast.wanted(options.get("fontsize", plt.rcParams["font.size"]), options.get("weight", "normal"))
    for face in (color, FACES.get(color, color)):
        if letters := contrast.letters_on(face, need):
            return face, letters
    return color, INK


def arrow(
    axes: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    color: str = INK,
    bend: float = 0.0,
    width: float = 3.0,
    head: float = 22,
) -> None:
    """An arrow; ``bend`` curves it (positive to its right), as a share of its length."""
    axes.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle="-|>",
            mutation_scale=head,
            connectionstyle=f"arc3,rad={bend}",
            color=color,
            linewidth=width,
            shrinkA=0,
            shrinkB=0,
        )
    )


# ---------------------------------------------------------------------------------------------------------------------
# To the slide


def show(
    picture: Figure | Sequence[Figure],
    alt: str | Sequence[str],
    caption: str = "",
    png: bool = False,
    handout: Sequence[int] | None = None,
) -> None:
    """Put a figure (or several, one a key press) where this cell stands.

    Args:
        picture: a figure; or figures of one size that are stepped through in place.
        alt: what one sees, for people who cannot; for several figures one text, or one for each.
        caption: a line below.
        png: draw pixels instead of lines, for photographs and for thousands of points.
        handout: which of several figures the PDF shows side by side on a page of their own, counted from 0 (from -1
            at the end); default all if there are at most six, else six evenly spread. ``[-1]`` asks for no such page.

    Raises:
        ValueError: no alternative text; text smaller than 20 pixels or cut off; a frame that does not exist.
    """
    from IPython.display import HTML, display

    display(HTML(markup(picture, alt, caption, png, handout)))


def keep(
    picture: Figure | Sequence[Figure],
    name: str,
    alt: str | Sequence[str],
    caption: str = "",
    png: bool = False,
    handout: Sequence[int] | None = None,
) -> None:
    """As :func:`show`, but place it with the role ``{plot}`` anywhere in the deck, in a column for instance."""
    _remember("plots", name, markup(picture, alt, caption, png, handout))


def percent(share: float, places: int = 0) -> str:
    """A share as slides write it: ``0.12`` is ``12 %``; ``places`` decimals."""
    return f"{100 * share:.{places}f} %"


def value(name: str, text: object) -> None:
    """Keep a text under a name; ``{value}`name``` writes it on a slide."""
    _remember("values", name, str(text))


def _remember(kind: str, name: str, text: str) -> None:
    folder = os.environ.get("COURSE_SLIDES_FIGURES")
    if not folder:  # someone tries a cell in a notebook
        from IPython.display import HTML, display

        display(HTML(text))
        return
    path = Path(folder) / "kept.json"
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if name in kept.setdefault(kind, {}):
        raise ValueError(f"{name!r} is kept twice in this deck; give the second another name.")
    kept[kind][name] = text
    write_atomically(path, lambda file: file.write(json.dumps(kept).encode("utf-8")))


def markup(
    picture: Figure | Sequence[Figure],
    alt: str | Sequence[str],
    caption: str = "",
    png: bool = False,
    handout: Sequence[int] | None = None,
) -> str:
    """The HTML of :func:`show`."""
    figures = [picture] if isinstance(picture, Figure) else list(picture)
    texts = [alt] * len(figures) if isinstance(alt, str) else list(alt)
    if len(texts) != len(figures):
        raise ValueError(f"There are {len(figures)} figures but {len(texts)} alternative texts.")
    if len({tuple(f.get_size_inches()) for f in figures}) != 1:
        raise ValueError("Figures to step through should all have one size.")
    printed = printed_frames(len(figures), handout)
    images = [_image(f, text, png, step, step in printed) for step, (f, text) in enumerate(zip(figures, texts))]
    below = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    inside = f"<div class='steps'>{''.join(images)}</div>" if len(images) > 1 else images[0]
    return f"<figure>{inside}{below}</figure>"


def printed_frames(count: int, handout: Sequence[int] | None = None) -> list[int]:
    """Which of ``count`` stepped figures the handout shows, in order; see :func:`show`.

    Raises:
        ValueError: one of ``handout`` does not exist.
    """
    if handout is None:
        shown = min(count, HANDOUT)
        return [round(step * (count - 1) / max(1, shown - 1)) for step in range(shown)]
    wrong = [frame for frame in handout if not -count <= frame < count]
    if wrong or not handout:
        raise ValueError(f"handout={list(handout)} should name some of the {count} figures, 0 to {count - 1}.")
    return sorted({frame % count for frame in handout})


def _image(figure: Figure, alt: str, png: bool, step: int, printed: bool) -> str:
    if len(alt.split()) < 3:
        raise ValueError(f"The alternative text {alt!r} is too short: say in a sentence what one sees.")
    check_texts(figure)
    suffix, data = pictures.drawn(figure, png)
    plt.close(figure)
    width, height = (round(72 * inches) for inches in figure.get_size_inches())
    more = (" class='fragment'" if step else "") + (" data-handout" if printed else "")
    address = _address(data, suffix)
    return f"<img{more} src='{address}' width='{width}' height='{height}' alt='{html.escape(alt, quote=True)}'/>"


def _address(data: bytes, suffix: str) -> str:
    """Write the picture beside the deck, or into the page itself where there is no deck."""
    folder = os.environ.get("COURSE_SLIDES_FIGURES")
    if not folder:
        import base64

        kind = {"svg": "svg+xml", "jpg": "jpeg"}.get(suffix, suffix)
        return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
    path = Path(folder) / f"{hashlib.sha256(data).hexdigest()[:16]}.{suffix}"
    path.write_bytes(data)
    return f"{path.parent.name}/{path.name}"


def check_texts(figure: Figure) -> None:
    """Refuse text that the back row cannot read, and labels that leave the figure.

    Labels too pale for what is behind them are listed in the deck's folder, for ``make look`` and the tests.

    Raises:
        ValueError: names the text.
    """
    pixels = contrast.drawn_without_texts(figure)  # places what is placed only when drawn
    ticks = {id(text) for axes in figure.axes for axis in _axes_of(axes) for text in _tick_texts(axis)}
    box = figure.bbox
    texts = [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]
    for text in texts:
        words = text.get_text().strip()
        if text.get_fontsize() < SMALLEST:
            raise ValueError(f"{words!r} is {text.get_fontsize():.0f} pixels high; at least {SMALLEST} on a slide.")
        if id(text) in ticks or (isinstance(text, Annotation) and text.arrow_patch is not None):
            continue
        extent = Text.get_window_extent(text)
        if extent.x0 < box.x0 - 2 or extent.x1 > box.x1 + 2 or extent.y0 < box.y0 - 2 or extent.y1 > box.y1 + 2:
            raise ValueError(f"{words!r} is cut off at the edge of its figure.")
    _note_pale([text for text in texts if id(text) not in ticks], pixels)


def _note_pale(texts: list[Text], pixels: np.ndarray) -> None:
    folder, found = os.environ.get("COURSE_SLIDES_FIGURES"), contrast.poor(texts, pixels)
    if folder and found:
        with open(Path(folder) / PALE, "a", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in found)


def _axes_of(axes: Axes) -> list[Axis]:
    return [axes.xaxis, axes.yaxis]


def _tick_texts(axis: Axis) -> list[Text]:
    return [text for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()] for text in (tick.label1, tick.label2)]
