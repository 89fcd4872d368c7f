"""Open a photo as an array, whatever its owner's camera made of it (lessons 03 and 04)."""

from __future__ import annotations

import contextlib
import os
import tempfile
import urllib.parse
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from utils.datasets.download import Refused, Unreachable, download

MAX_PIXELS = 100_000_000
MAX_BYTES = 30_000_000  # of a photo that is fetched


class PhotoError(ValueError):
    """What cannot be read as a photo; the message says why and what to do."""


def open_photo(photo: str | Path | np.ndarray | Image.Image, size: int | None = None) -> np.ndarray:
    """Read an image as uint8 RGB, upright (cameras note how they were held).

    Grey of 16 bits and floating point are scaled to 0 to 255; what is transparent becomes white.

    Args:
        photo: path of a JPEG, PNG, WebP, TIFF, ...; an address (``https://…``), fetched with short timeouts; an array
            (height, width[, 1, 3 or 4]), integers of 8 or 16 bits or floats; a PIL image.
        size: squeeze the whole photo into a square of this side; None keeps its shape.

    Raises:
        PhotoError: no such file, not an image, damaged, or absurdly large.
    """
    if isinstance(photo, Image.Image):
        return _finished(photo, size)
    if not isinstance(photo, str | os.PathLike):
        return _finished(_from_array(photo), size)
    if urllib.parse.urlsplit(str(photo)).scheme in ("http", "https"):
        with _fetched(str(photo)) as path:
            return _open_file(path, str(photo), size)
    path = Path(photo).expanduser()
    _check_file(path)
    return _open_file(path, path.name, size)


def load_pixels(paths: Sequence[Path], size: int) -> np.ndarray:
    """Photos squeezed into squares, uint8 (photos, size, size, 3): 2,000 of them at 64 pixels take 25 MB."""
    pixels = np.empty((len(paths), size, size, 3), dtype=np.uint8)
    for place, path in zip(pixels, paths):
        place[:] = open_photo(path, size)
    return pixels


# ---------------------------------------------------------------------------------------------------------------------
# Where it comes from


def _check_file(path: Path) -> None:
    """Is it a file that can hold a photo? Otherwise a sentence."""
    try:
        if path.is_dir():
            raise PhotoError(f"{path} is a folder, not a file; give the path of one photo, e.g. my_cat.jpg.")
        if not path.is_file():
            raise PhotoError(f"{path} does not exist; give the path of one photo, e.g. my_cat.jpg.")
        if path.stat().st_size == 0:
            raise PhotoError(f"{path} is empty (0 bytes); copy or save the photo once more.")
    except (OSError, ValueError) as error:  # no permission for its folder; a name that no file can have
        if isinstance(error, PhotoError):
            raise
        raise PhotoError(f"{path!r} cannot be looked at ({error}); give the path of one photo.") from None


@contextlib.contextmanager
def _fetched(address: str) -> Iterator[Path]:
    """The photo at an address as a temporary file."""
    remedy = "save the photo beside this notebook and give its name"
    if os.environ.get("COURSE_OFFLINE") == "1":
        raise PhotoError(f"{address} was not asked for, since COURSE_OFFLINE is set; {remedy}.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo"
        try:
            # A quarter: downloads may be four times as long as announced.
            download(address, path, "photo", MAX_BYTES // 4, resumable=False)
        except (Unreachable, Refused, ValueError, OSError) as error:
            raise PhotoError(f"{address} could not be fetched ({error}); {remedy}.") from None
        if path.stat().st_size == 0:
            raise PhotoError(f"{address} answered with nothing; {remedy}.")
        yield path


def _open_file(path: Path, name: str, size: int | None) -> np.ndarray:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit speaks below
            picture = Image.open(path)
        with picture:
            _check_size(picture.width, picture.height, name)
            if size is not None:
                picture.draft("RGB", (size, size))  # JPEG can decode at a fraction of its size, several times faster
            return _finished(picture, size)
    except PhotoError:
        raise
    except UnidentifiedImageError:
        raise PhotoError(f"{name} is no image that can be read; save it as JPEG or PNG and try again.") from None
    except Image.DecompressionBombError:
        raise PhotoError(_too_large(name)) from None
    except PermissionError:
        raise PhotoError(f"{name} may not be read; ask for permission, or copy it to a folder of yours.") from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise PhotoError(f"{name} is damaged ({error}); save it again as JPEG or PNG.") from None


def _check_size(width: int, height: int, name: str) -> None:
    if width * height > MAX_PIXELS:
        raise PhotoError(_too_large(f"{name}, {width} × {height} pixels,"))


def _too_large(name: str) -> str:
    return f"{name} is larger than {MAX_PIXELS:,} pixels; make it smaller first (2,000 pixels a side are plenty)."


# ---------------------------------------------------------------------------------------------------------------------
# What becomes of it


def _finished(picture: Image.Image, size: int | None) -> np.ndarray:
    """uint8 RGB, upright, squeezed."""
    upright = _rgb(ImageOps.exif_transpose(picture))
    if size is not None:
        upright = upright.resize((size, size), Image.Resampling.BICUBIC)
    return np.asarray(upright)


def _rgb(picture: Image.Image) -> Image.Image:
    """RGB of eight bits: wide values scaled, the transparent laid on white."""
    if picture.mode.startswith(("I", "F")):
        return Image.fromarray(_eight_bits(np.asarray(picture))).convert("RGB")
    if picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    return picture.convert("RGB")


def _eight_bits(values: np.ndarray) -> np.ndarray:
    """Values of any range as uint8: floats up to 1 and integers beyond 255 are scaled by what their kind can hold.

    Raises:
        PhotoError: they are not finite, or lie in no range that photos have.
    """
    values = np.asarray(values)
    if values.dtype == np.uint8:
        return values
    if values.dtype == bool:
        return values.astype(np.uint8) * 255
    if values.dtype.kind not in "iuf":
        raise PhotoError(f"Values of type {values.dtype} are no photo; pass whole numbers from 0 to 255.")
    low, high = float(values.min()), float(values.max())
    if not (np.isfinite(low) and np.isfinite(high)) or low < 0 or high > 65535:
        raise PhotoError(f"The values go from {low:g} to {high:g}; a photo has 0 to 255 (or 0 to 1, or 16 bits).")
    wide = high > 255 or values.dtype == np.uint16
    scale = 1 / 257 if wide else 255 if values.dtype.kind == "f" and high <= 1 else 1
    return np.round(values * scale).astype(np.uint8)


def _from_array(array: np.ndarray) -> Image.Image:
    """A picture of an array (height, width[, 1, 3 or 4])."""
    pixels = np.asarray(array)
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    if pixels.ndim not in (2, 3) or channels not in (1, 3, 4) or pixels.size == 0:
        got = f"an array of shape {pixels.shape}" if isinstance(array, np.ndarray) else repr(array)[:60]
        raise PhotoError(f"Expected the path of one photo, or an array (height, width, 3); got {got}.")
    _check_size(pixels.shape[1], pixels.shape[0], "The array")
    return Image.fromarray(_eight_bits(pixels[..., 0] if pixels.ndim == 3 and channels == 1 else pixels))
