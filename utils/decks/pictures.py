"""A figure as a file: lines as SVG, pixels as PNG or, where that is much smaller, as JPEG (a PDF keeps it as it is)."""

from __future__ import annotations

import base64
import io
import re

from matplotlib.figure import Figure
from PIL import Image

QUALITY = 80  # with colours at half the resolution, which is still a slide's own
SMALL = 30_000  # bytes of a PNG that is left alone


def drawn(figure: Figure, png: bool) -> tuple[str, bytes]:
    """The figure's suffix and file; ``png`` draws pixels instead of lines, two by two for each of the slide."""
    buffer = io.BytesIO()
    if png:
        figure.savefig(buffer, format="png", dpi=144, facecolor="white")
        return smaller(buffer.getvalue())
    figure.savefig(buffer, format="svg", dpi=144, facecolor="white", metadata={"Date": None, "Creator": None})
    text = re.sub(rb"<metadata>.*?</metadata>", b"", buffer.getvalue(), flags=re.DOTALL)
    return "svg", re.sub(rb"data:image/png;base64,\s*([A-Za-z0-9+/=\s]+)", _inside, text)


def smaller(png: bytes) -> tuple[str, bytes]:
    """A PNG as it is, or as a JPEG where that is opaque, large, and a JPEG saves a quarter of its bytes."""
    if len(png) < SMALL:
        return "png", png
    with Image.open(io.BytesIO(png)) as image:
        if "A" in image.getbands() and image.getchannel("A").getextrema()[0] < 255:
            return "png", png
        buffer = io.BytesIO()
        image.convert("RGB").save(buffer, "JPEG", quality=QUALITY, subsampling=2)
    return ("jpg", buffer.getvalue()) if 4 * buffer.tell() < 3 * len(png) else ("png", png)


def _inside(found: re.Match) -> bytes:
    """A picture inside an SVG, made smaller."""
    suffix, data = smaller(base64.b64decode(found[1]))
    kind = {"jpg": b"jpeg"}.get(suffix, b"png")
    return b"data:image/" + kind + b";base64," + base64.b64encode(data)
