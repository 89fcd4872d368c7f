"""Pictures one can step through: a player in JupyterLab and in exported pages, a strip elsewhere (lesson 01).

The player is a few lines of HTML and script with all pictures inside, so it needs no network and no widget machinery.
Where scripts do not run (a notebook not yet trusted, a printed page) the strip is what remains.
"""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from utils.plots.video import as_rgb, film_strip, png_bytes, save_video

# Pixels a drawn inch has, and how many of them the page puts into one of its own: sharp on dense screens.
DPI, DENSITY = 104, 1.15
PALETTE = 64

PLAYER = """
<div class="course-animation" data-key="__KEY__" data-lm-suppress-shortcuts="true" style="max-width:__WIDTH__px">
<img class="still" alt="__ALT__" style="max-width:100%" src="data:image/png;base64,__STRIP__"/>
<div class="player" style="display:none">
<img class="frame" alt="__ALT__" style="width:100%;cursor:pointer"/>
<div style="display:flex;gap:.4em;align-items:center;font:13px sans-serif">
<button type="button" data-go="first" aria-label="first step">|&#9664;&#xFE0E;</button>
<button type="button" data-go="back" aria-label="step back">&#9664;&#xFE0E;</button>
<button type="button" data-go="play" aria-label="play or pause" style="min-width:5em">play</button>
<button type="button" data-go="next" aria-label="next step">&#9654;&#xFE0E;</button>
<input type="range" min="0" max="__LAST__" value="0" aria-label="step" style="flex:1"/>
<span class="count" style="min-width:4em;text-align:right"></span>
</div></div></div>
<script>
(function () {
  const frames = [__FRAMES__].map(text => "data:image/png;base64," + text);
  document.querySelectorAll('.course-animation[data-key="__KEY__"]').forEach(root => {
    if (root.dataset.ready) return;
    root.dataset.ready = "1";
    const find = selector => root.querySelector(selector);
    const picture = find(".frame"), slider = find("input"), count = find(".count"), play = find('[data-go="play"]');
    let at = 0, timer = null;
    const show = index => {
      at = Math.max(0, Math.min(frames.length - 1, index));
      picture.src = frames[at]; slider.value = at; count.textContent = (at + 1) + " / " + frames.length;
    };
    const pause = () => { clearInterval(timer); timer = null; play.textContent = "play"; };
    const start = () => {
      if (at === frames.length - 1) show(0);
      play.textContent = "pause";
      timer = setInterval(() => { if (at === frames.length - 1) pause(); else show(at + 1); }, __PERIOD__);
    };
    const toggle = () => timer ? pause() : start();
    play.onclick = picture.onclick = toggle;
    find('[data-go="first"]').onclick = () => { pause(); show(0); };
    find('[data-go="back"]').onclick = () => { pause(); show(at - 1); };
    find('[data-go="next"]').onclick = () => { pause(); show(at + 1); };
    slider.oninput = () => { pause(); show(+slider.value); };
    // JupyterLab takes the focus back to the cell after a click, and the arrow keys with it.
    slider.addEventListener("pointerup", () => setTimeout(() => slider.focus(), 0));
    slider.addEventListener("keydown", event => event.stopPropagation());
    find(".still").style.display = "none"; find(".player").style.display = "block";
    show(0);
  });
})();
</script>
"""


@dataclass(frozen=True)
class Animation:
    """Frames that a notebook plays. Make one with :func:`animate`; show it as the last line of a cell.

    Attributes:
        frames: uint8 (height, width, 3), all of one shape.
        fps: frames per second when played.
        caption: what it shows, for people who cannot see it; also the alternative text.
        still: which frames the strip holds, about six.
        columns: frames in a row of the strip.
    """

    frames: list[np.ndarray]
    fps: float
    caption: str
    still: tuple[int, ...]
    columns: int

    def __len__(self) -> int:
        return len(self.frames)

    def strip(self) -> bytes:
        """The static strip as a PNG file's bytes."""
        return film_strip([self.frames[index] for index in self.still], columns=self.columns, gap=16, colors=PALETTE)

    def as_html(self) -> str:
        """Player and strip in one piece of HTML that refers to nothing outside itself."""
        pictures = [base64.b64encode(png_bytes(frame, PALETTE)).decode() for frame in self.frames]
        values = {
            "KEY": hashlib.sha256("".join(pictures).encode()).hexdigest()[:12],
            "WIDTH": str(round(self.frames[0].shape[1] / DENSITY)),
            "ALT": html.escape(self.caption, quote=True),
            "STRIP": base64.b64encode(self.strip()).decode(),
            "LAST": str(len(pictures) - 1),
            "PERIOD": str(round(1000 / self.fps)),
            "FRAMES": ",".join(f'"{text}"' for text in pictures),
        }
        page = PLAYER
        for key, value in values.items():
            page = page.replace(f"__{key}__", value)
        return page

    def save(self, path: str) -> None:
        """Write the frames as a video (``.mp4``, ``.gif``), e.g. for a talk."""
        save_video(self.frames, path, fps=self.fps)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict, dict]:
        data = {"text/html": self.as_html(), "image/png": base64.b64encode(self.strip()).decode()}
        return data | {"text/plain": repr(self)}, {"image/png": {"alt": self.caption}}

    def __repr__(self) -> str:
        return f"<Animation of {len(self)} frames: {self.caption}>"


def animate(
    draw: Callable[[Figure, Any], None],
    items: Iterable[Any],
    size: tuple[float, float],
    fps: float = 1.0,
    caption: str = "",
    columns: int = 2,
) -> Animation:
    """Call ``draw(figure, item)`` on an empty figure for each item and collect the pictures. Used in lesson 01.

    Args:
        draw: draws one frame; it must place its axes itself (no automatic layout), or frames would jump.
        items: one for each frame; at least one.
        size: inches (width, height).
        fps: frames per second when played.
        caption: one line, what is seen.
        columns: frames in a row of the strip, which spreads up to six frames evenly.

    Raises:
        ValueError: no items.
    """
    frames = []
    for item in items:
        figure = Figure(figsize=size, dpi=DPI, layout="none", facecolor="white")
        canvas = FigureCanvasAgg(figure)
        draw(figure, item)
        canvas.draw()
        frames.append(as_rgb(np.asarray(canvas.buffer_rgba())))
    if not frames:
        raise ValueError("There is nothing to animate.")
    still = np.unique(np.linspace(0, len(frames) - 1, num=min(6, len(frames))).round().astype(int)).tolist()
    return Animation(frames, fps, caption, tuple(still), columns)
