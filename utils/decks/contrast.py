"""Can the texts of a figure be told from what is behind them? The ratio of WCAG 2.2, measured on the drawn figure."""

from __future__ import annotations

import numpy as np
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_hex, to_rgba
from matplotlib.figure import Figure
from matplotlib.patheffects import AbstractPathEffect
from matplotlib.text import Text

NORMAL, LARGE = 4.5, 3.0  # the ratios asked of text; large is from 32 pixels, or from 24 in bold
INK = "#1f2933"  # the slides' black
SHARE = 0.25  # a colour behind a quarter of a text is behind it


def ratio(first: object, second: object) -> float:
    """Contrast of two opaque colours, from 1 (the same) to 21 (black on white); WCAG 2.2, section 1.4.3."""
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: object) -> float:
    channels = np.asarray(to_rgba(color)[:3])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def wanted(size: float, weight: str | int = "normal") -> float:
    """The ratio that a text needs, by its size in slide pixels and its weight."""
    bold = weight in ("semibold", "demibold", "bold", "heavy", "black") or (isinstance(weight, int) and weight >= 600)
    return LARGE if size >= (24 if bold else 32) else NORMAL


def letters_on(face: object, need: float = NORMAL) -> str | None:
    """White, or the slides' ink, or None, by what reaches this ratio on a face."""
    return next((color for color in ("white", INK) if ratio(color, face) >= need), None)


class _WithoutTexts(RendererAgg):
    """Draws all but letters; what it measures it measures as usual."""

    def draw_text(self, *args: object, **options: object) -> None: ...

    draw_mathtext = draw_tex = draw_text


def drawn_without_texts(figure: Figure) -> np.ndarray:
    """The figure's pixels without its letters, (height, width, 3) from 0 to 1; it is laid out by this."""
    renderer = _WithoutTexts(*figure.bbox.size, figure.dpi)
    figure.draw(renderer)
    pixels = np.asarray(renderer.buffer_rgba()) / 255
    return pixels[..., :3] * pixels[..., 3:] + 1 - pixels[..., 3:]


def poor(texts: list[Text], pixels: np.ndarray) -> list[str]:
    """Which of these texts are hard to read, with their colours and ratio.

    Args:
        texts: of one figure, laid out.
        pixels: :func:`drawn_without_texts` of it.
    """
    found = []
    for text in texts:
        behind = _halo(text) or _behind(text, pixels)
        need = wanted(text.get_fontsize(), text.get_weight())
        red, green, blue, opaque = to_rgba(text.get_color())
        opaque *= 1 if text.get_alpha() is None else text.get_alpha()
        for under in behind:
            over = opaque * np.array((red, green, blue)) + (1 - opaque) * np.asarray(under)
            if (reached := ratio(over, under)) < need - 0.05:
                words = " ".join(text.get_text().split())
                found.append(f"{words!r}: {to_hex(over)} on {to_hex(under)}, {reached:.1f}:1 of {need:g}:1")
                break
    return found


def _halo(text: Text) -> list[tuple]:
    """The colour of the outline that a text brings along, if it does."""
    lines = [getattr(effect, "_gc", {}) for effect in text.get_path_effects() if isinstance(effect, AbstractPathEffect)]
    return [to_rgba(line["foreground"])[:3] for line in lines if line.get("foreground")]


def _behind(text: Text, pixels: np.ndarray) -> list[np.ndarray]:
    """The colours that fill a good part of what is behind a text; their mean where none does."""
    box, height = Text.get_window_extent(text), len(pixels)
    rows = slice(max(0, int(height - box.y1)), max(0, int(np.ceil(height - box.y0))))
    part = pixels[rows, max(0, int(box.x0)) : max(0, int(np.ceil(box.x1)))].reshape(-1, 3)
    if not len(part):
        return []
    _, where, counts = np.unique((part * 31).round().astype(int), axis=0, return_inverse=True, return_counts=True)
    where = where.ravel()
    found = [part[where == kind].mean(axis=0) for kind in np.flatnonzero(counts >= SHARE * len(part))]
    return found or [part.mean(axis=0)]
