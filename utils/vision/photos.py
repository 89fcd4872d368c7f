"""Open a photo file as an array, whatever its owner's camera made of it (lessons 03 and 04)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

MAX_PIXELS = 100_000_000


class PhotoError(ValueError):
    """A file that cannot be read as a photo; the message says why and what to do."""


def open_photo(path: str | Path, size: int | None = None) -> np.ndarray:
    """Read an image file as uint8 RGB, upright (cameras note how they were held).

    Args:
        path: JPEG, PNG, WebP, ...
        size: squeeze the whole photo into a square of this side; None keeps its shape.

    Raises:
        PhotoError: no such file, not an image, damaged, or absurdly large.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        kind = "is a folder, not a file" if path.is_dir() else "does not exist"
        raise PhotoError(f"{path} {kind}; give the path of one photo, e.g. my_cat.jpg.")
    try:
        with Image.open(path) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise PhotoError(f"{path.name} has {picture.width} × {picture.height} pixels; reduce it first.")
            if size is not None:
                picture.draft("RGB", (size, size))  # JPEG can decode at a fraction of its size, several times faster
            upright = _upright(picture).convert("RGB")
            if size is not None:
                upright = upright.resize((size, size), Image.Resampling.BICUBIC)
            return np.asarray(upright)
    except UnidentifiedImageError:
        raise PhotoError(f"{path.name} is no image that can be read; save it as JPEG or PNG and try again.") from None
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise PhotoError(f"{path.name} is damaged ({error}); save it again as JPEG or PNG.") from None


def _upright(picture: Image.Image) -> Image.Image:
    return ImageOps.exif_transpose(picture)


def load_pixels(paths: Sequence[Path], size: int) -> np.ndarray:
    """Photos squeezed into squares, uint8 (photos, size, size, 3): 2,000 of them at 64 pixels take 25 MB."""
    pixels = np.empty((len(paths), size, size, 3), dtype=np.uint8)
    for place, path in zip(pixels, paths):
        place[:] = open_photo(path, size)
    return pixels
