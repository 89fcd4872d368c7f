"""Breakout's shipped agent on video, with the value it expects: ``python site/film.py FILE.mp4``.

One game, of which the stretch around the first hole through the wall is shown; below the screen the value of the best
action, a window of some seconds that moves along.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from utils import commands, runtime
from utils.checkpoints import write_atomically

WEIGHTS = runtime.repo_root() / "mldata" / "weights" / "breakout_dqn.npz"
SCALE, GRAPH, WINDOW = 2, 96, 150  # the screen's size, pixels and steps of the graph
LENGTH, BEFORE, FPS = 560, 330, 15  # steps shown, and how many of them before the hole
SEED, EPSILON, MOST_BYTES = 3_500_000, 0.05, 900_000
PAPER, LINE, MARK = (16, 20, 26), (124, 192, 255), (255, 190, 80)


def stretch(steps: int, hole: int | None) -> range:
    """The steps to show of a game that makes its hole at ``hole``."""
    start = max(0, min((BEFORE if hole is None else hole) - BEFORE, steps - LENGTH))
    return range(start, min(steps, start + LENGTH))


def graph(values: np.ndarray, step: int, high: float, width: int) -> Image.Image:
    """The values up to ``step``, the newest at the right."""
    image = Image.new("RGB", (width, GRAPH), PAPER)
    draw = ImageDraw.Draw(image)
    past = values[max(0, step - WINDOW + 1) : step + 1]
    right, top, bottom = width - 10, 22, GRAPH - 8
    points = [
        (right - (len(past) - 1 - i) * (width - 20) / WINDOW, bottom - (bottom - top) * max(0.0, value) / high)
        for i, value in enumerate(past.tolist())
    ]
    if len(points) > 1:
        draw.line(points, fill=LINE, width=2)
    x, y = points[-1]
    draw.ellipse((x - 3, y - 3, x + 3, y + 3), fill=MARK)
    draw.text((8, 5), f"value it expects: {past[-1]:.2f}", fill=(235, 240, 245), font_size=13)
    return image


def frames(recording, shown: range) -> Iterator[np.ndarray]:
    """Screen and graph, one picture a step."""
    values = recording.values.max(axis=1)
    high, score = float(values[shown.start : shown.stop].max()), np.cumsum(recording.rewards) - recording.rewards
    for step in shown:
        screen = np.repeat(np.repeat(recording.screens[step], SCALE, 0), SCALE, 1)
        below = graph(values, step, high, screen.shape[1])
        ImageDraw.Draw(below).text((220, 5), f"points: {score[step]:.0f}", fill=(235, 240, 245), font_size=13)
        yield np.concatenate([screen, np.asarray(below)])


def fingerprint() -> str:
    """Changes whenever the agent or this file does."""
    return hashlib.sha256(WEIGHTS.read_bytes() + Path(__file__).read_bytes()).hexdigest()


def write(path: Path) -> Path:
    """The video, unless it is there and nothing has changed.

    Raises:
        ValueError: it cannot be made small enough.
    """
    stamp, mark = path.with_name(f".{path.name}.fingerprint"), fingerprint()
    if path.exists() and stamp.exists() and stamp.read_text() == mark:
        return path
    runtime.start(seed=1)
    from utils.plots import video
    from utils.rl.dqn import load_agent, q_function
    from utils.rl.recording import record_game

    recording = record_game(q_function(load_agent(WEIGHTS)[0]), EPSILON, SEED, 2000)
    shown = stretch(len(recording.actions), recording.tunnel())
    part = path.with_name(f".{path.stem}.part.mp4")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        for quality in (video.GOOD, video.SMALL, video.SMALLER):
            video.save_video(frames(recording, shown), part, FPS, quality=quality)
            if part.stat().st_size <= MOST_BYTES:
                break
        else:
            raise ValueError(f"{path.name} has {part.stat().st_size:,} bytes at the lowest quality; shorten it.")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    write_atomically(stamp, lambda file: file.write(mark.encode()))
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="an .mp4 file to write")
    path = write(parser.parse_args().file)
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    raise SystemExit(commands.run(main, ValueError))
