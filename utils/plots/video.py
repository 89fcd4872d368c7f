"""Frames to a small video file, and a video into a notebook without a network (lessons 01, 09, 10 and 11).

    save_video(frames, "game.mp4", fps=30)     # H.264, plays in every browser; .gif works as well
    show_video("game.mp4")                     # or show_video(frames, fps=30): embedded in the notebook, under 1 MB

Frames may come from a generator: they are encoded one by one and never held in memory together.
"""

from __future__ import annotations

import base64
import io
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import numpy as np
from PIL import Image

SUFFIXES = (".mp4", ".gif")
# Constant rate factor of H.264: 18 is visually lossless, each step of 6 about halves the file.
GOOD, SMALL, SMALLER, SMALLEST = 22, 28, 34, 40


def as_rgb(frame: np.ndarray) -> np.ndarray:
    """One frame as uint8 of shape (height, width, 3).

    Args:
        frame: (height, width), (height, width, 1), (height, width, 3) or (height, width, 4); uint8 in 0 to 255,
            floats in 0 to 1, or booleans. The alpha channel of RGBA is dropped.

    Raises:
        ValueError: another shape, integers outside 0 to 255, or floats outside 0 to 1.
    """
    frame = np.asarray(frame)
    if frame.ndim == 2:
        frame = frame[:, :, None]
    if frame.ndim != 3 or frame.shape[2] not in (1, 3, 4) or 0 in frame.shape:
        raise ValueError(
            f"A frame has shape {frame.shape}; it should be (height, width) or (height, width, 1, 3 or 4)."
        )
    if frame.dtype != np.uint8:
        top = 1.0 if frame.dtype.kind in "fb" else 255
        low, high = float(frame.min()), float(frame.max())
        if low < -1e-6 or high > top + 1e-6:
            raise ValueError(
                f"A frame of dtype {frame.dtype} has values from {low:g} to {high:g}; scale it to 0 to {top:g} first."
            )
        frame = np.clip(frame * (255.0 / top) + 0.5, 0, 255).astype(np.uint8)
    frame = frame[:, :, :3]
    return np.repeat(frame, 3, axis=2) if frame.shape[2] == 1 else frame


def _prepared(frames: Iterable[np.ndarray], scale: int) -> Iterator[np.ndarray]:
    """RGB frames of one even size (H.264 stores colour at half resolution), enlarged pixel by pixel."""
    shape = None
    for index, frame in enumerate(frames):
        frame = as_rgb(frame)
        if shape is None:
            shape = frame.shape
        if frame.shape != shape:
            raise ValueError(f"Frame {index} has shape {frame.shape}, the first has {shape}; all must be alike.")
        frame = frame.repeat(scale, axis=0).repeat(scale, axis=1)
        height, width = frame.shape[:2]
        yield np.pad(frame, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")


def save_video(
    frames: Iterable[np.ndarray], path: str | Path, fps: float = 30, scale: int = 1, quality: int = GOOD
) -> Path:
    """Write frames as a video; the file appears under its name only when it is whole. Used in lessons 01, 09 and 10.

    Args:
        frames: iterable of frames as :func:`as_rgb` takes them, all of one shape; at least one.
        path: ends in ``.mp4`` (H.264) or ``.gif``; its folder is made if needed.
        fps: frames per second (a GIF rounds to hundredths of a second a frame).
        scale: whole-number enlargement, sharp-edged; 1 leaves the size.
        quality: H.264 rate factor, smaller is better and larger; GIF ignores it.

    Returns:
        The path.

    Raises:
        ValueError: no frames, unequal shapes, an unknown suffix, or ``fps`` or ``scale`` not positive.
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(f"{path.name} should end in {' or '.join(SUFFIXES)}.")
    if fps <= 0 or scale < 1:
        raise ValueError(f"fps ({fps}) must be positive and scale ({scale}) at least 1.")
    stream = _prepared(frames, int(scale))
    first = next(stream, None)
    if first is None:
        raise ValueError("There are no frames to save.")
    path.parent.mkdir(parents=True, exist_ok=True)
    # ffmpeg tells the format by the name's ending, so the temporary name keeps it.
    handle, temporary = tempfile.mkstemp(prefix=f".{path.stem}.", suffix=path.suffix.lower(), dir=path.parent)
    os.close(handle)
    try:
        write = _write_gif if path.suffix.lower() == ".gif" else _write_mp4
        write(chain([first], stream), temporary, fps, quality, first.shape)
        os.chmod(temporary, 0o644)  # mkstemp makes it readable by its owner alone
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path


def _write_mp4(frames: Iterable[np.ndarray], path: str, fps: float, quality: int, shape: Sequence[int]) -> None:
    import imageio_ffmpeg

    writer = imageio_ffmpeg.write_frames(
        path,
        (shape[1], shape[0]),
        fps=fps,
        codec="libx264",
        pix_fmt_in="rgb24",
        pix_fmt_out="yuv420p",  # the one layout that all browsers decode
        macro_block_size=1,
        ffmpeg_log_level="error",
        output_params=["-crf", str(quality), "-preset", "medium", "-movflags", "+faststart"],
    )
    writer.send(None)
    try:
        for frame in frames:
            writer.send(np.ascontiguousarray(frame))
    finally:
        writer.close()


def _write_gif(frames: Iterable[np.ndarray], path: str, fps: float, quality: int, shape: Sequence[int]) -> None:
    images = (Image.fromarray(frame).quantize(128, dither=Image.Dither.NONE) for frame in frames)
    duration = max(20, round(100 / fps) * 10)  # browsers slow a GIF down below 20 ms a frame
    next(images).save(path, save_all=True, append_images=images, duration=duration, loop=0, optimize=False)


def read_video(path: str | Path) -> tuple[Iterator[np.ndarray], float]:
    """Frames of a video file as uint8 arrays (height, width, 3), read one by one, and its frames per second.

    Raises:
        FileNotFoundError: no such file.
        ValueError: neither ``.mp4`` nor ``.gif``.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"There is no video at {path}.")
    if path.suffix.lower() == ".gif":
        image = Image.open(path)

        def gif() -> Iterator[np.ndarray]:
            for index in range(getattr(image, "n_frames", 1)):
                image.seek(index)
                yield np.asarray(image.convert("RGB"))

        return gif(), 1000 / (image.info.get("duration") or 100)
    if path.suffix.lower() != ".mp4":
        raise ValueError(f"{path.name} should end in {' or '.join(SUFFIXES)}.")
    import imageio_ffmpeg

    reader = imageio_ffmpeg.read_frames(str(path), pix_fmt="rgb24")
    meta = next(reader)
    width, height = meta["size"]
    return (np.frombuffer(frame, np.uint8).reshape(height, width, 3) for frame in reader), float(meta["fps"])


def film_strip(frames: Sequence[np.ndarray], columns: int | None = None, gap: int = 6, colors: int = 128) -> bytes:
    """Frames side by side on white as one PNG, row by row; what a page without a player shows.

    Args:
        frames: equally shaped frames as :func:`as_rgb` takes them, at least one.
        columns: frames in a row; None puts all in one row.
        gap: white pixels between frames.
        colors: palette size; few colours make a small file.

    Returns:
        The PNG file's bytes.
    """
    if not len(frames):
        raise ValueError("There are no frames to show.")
    frames = [as_rgb(frame) for frame in frames]
    columns = min(columns or len(frames), len(frames))
    rows = -(-len(frames) // columns)
    height, width = frames[0].shape[:2]
    sheet = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, 3), 255, np.uint8)
    for index, frame in enumerate(frames):
        top, left = (index // columns) * (height + gap), (index % columns) * (width + gap)
        sheet[top : top + height, left : left + width] = frame
    return png_bytes(sheet, colors)


def png_bytes(frame: np.ndarray, colors: int | None = 128) -> bytes:
    """One frame as the bytes of a PNG file, reduced to a palette of ``colors`` (None keeps all colours)."""
    image = Image.fromarray(as_rgb(frame))
    if colors:
        image = image.quantize(colors, method=Image.Quantize.MAXCOVERAGE, kmeans=2, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


@dataclass(frozen=True)
class Clip:
    """A video that a notebook displays: a player in HTML, a strip of a few frames where HTML is not shown."""

    data: bytes
    suffix: str
    strip: bytes
    width: int
    caption: str = ""

    def as_html(self) -> str:
        """A ``<figure>`` with the whole video inside it; needs no script, so it plays in untrusted notebooks too."""
        text = base64.b64encode(self.data).decode()
        style = f"style='max-width:100%;image-rendering:pixelated' width='{self.width}'"
        if self.suffix == ".gif":
            player = f"<img {style} alt='{_escape(self.caption) or 'animation'}' src='data:image/gif;base64,{text}'/>"
        else:
            label = f"aria-label='{_escape(self.caption) or 'animation'}'"
            player = (
                f"<video {style} {label} controls loop muted playsinline src='data:video/mp4;base64,{text}'></video>"
            )
        caption = f"<figcaption>{_escape(self.caption)}</figcaption>" if self.caption else ""
        return f"<figure style='margin:0'>{player}{caption}</figure>"

    def _repr_mimebundle_(self, include=None, exclude=None) -> tuple[dict, dict]:
        data = {"text/html": self.as_html(), "image/png": base64.b64encode(self.strip).decode()}
        return data | {"text/plain": repr(self)}, {"image/png": {"alt": self.caption or "animation"}}

    def __repr__(self) -> str:
        return f"<Clip{': ' + self.caption if self.caption else ''}>"


def _escape(text: str) -> str:
    import html

    return html.escape(text, quote=True)


def show_video(
    video: str | Path | Iterable[np.ndarray],
    fps: float = 30,
    width: int | None = None,
    scale: int = 1,
    caption: str = "",
    max_bytes: int = 700_000,
) -> Clip:
    """A video for the last line of a notebook cell, embedded whole and kept small. Used in lessons 01, 09, 10 and 11.

    Args:
        video: path of a ``.mp4`` or ``.gif``, or frames as :func:`save_video` takes them.
        fps: frames per second, if frames are given; a file has its own.
        width: pixels on the page; None takes the video's, but at least 320.
        scale: as in :func:`save_video`, if frames are given.
        caption: one line below the player.
        max_bytes: a larger video is compressed harder, and at last shortened (the caption then says so).

    Raises:
        FileNotFoundError, ValueError: as :func:`read_video` and :func:`save_video`.
    """
    with tempfile.TemporaryDirectory() as folder:
        if isinstance(video, str | Path):
            path = Path(video)
        else:
            path = save_video(video, Path(folder) / "clip.mp4", fps, scale)
        frames, fps = read_video(path)
        count = sum(1 for _ in frames)
        small, shown = _shrink(path, count, Path(folder) / "small.mp4", max_bytes)
        if shown < count:
            caption = f"{caption} (the first {shown / fps:.0f} of {count / fps:.0f} seconds)".strip()
        wanted = set(np.linspace(0, shown - 1, num=min(6, shown)).round().astype(int).tolist())
        picked = [frame for index, frame in enumerate(read_video(small)[0]) if index in wanted]
        strip = film_strip(picked, columns=6)
        natural = max(320, picked[0].shape[1])
        return Clip(small.read_bytes(), small.suffix.lower(), strip, width or natural, caption)


def _shrink(path: Path, count: int, target: Path, max_bytes: int) -> tuple[Path, int]:
    """A file of at most ``max_bytes`` with the same picture, and how many of the ``count`` frames it still holds."""
    if path.stat().st_size <= max_bytes:
        return path, count
    for quality in (SMALL, SMALLER, SMALLEST):
        frames, fps = read_video(path)
        save_video(frames, target, fps, quality=quality)
        if target.stat().st_size <= max_bytes:
            return target, count
    shown = count
    while shown > 1 and target.stat().st_size > max_bytes:
        shown = max(1, min(shown - 1, int(shown * 0.9 * max_bytes / target.stat().st_size)))
        frames, fps = read_video(path)
        save_video(islice(frames, shown), target, fps, quality=SMALLEST)
    return target, shown
