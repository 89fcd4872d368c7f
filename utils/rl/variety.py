"""Breakout as other programs show it: their ways of making 84 by 84 grey pixels of a screen, and sticky actions.

A network that has seen one way of shrinking the screen alone can be lost when another one leaves the wall's dim upper
edge black (lesson 09). So a training can show some of its games through a filter, a shift and a grey of their own,
drawn anew for every game, and can let the emulator repeat the last action at times in some others.

Shrinking a row of pixels is a weighted mean of neighbours for each new pixel: :func:`filter_matrix` has the weights,
for the filters of the two libraries that most programs use; :class:`Emulators` applies them to every game.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from ale_py.vector_env import AtariVectorEnv

HEIGHT, WIDTH, SIZE, STACK = 210, 160, 84, 4
STICKY = 0.25  # the usual share of repeated actions (Machado et al. 2018)
MOST_TAPS = 18  # source pixels that a new one may depend on, along one axis


@dataclass(frozen=True)
class Variety:
    """What differs from game to game.

    Attributes:
        view_share: probability that a game is shown through a random view.
        sticky_share: share of the games played side by side that have sticky actions.
        view: one filter of :data:`FILTERS` for all games instead, without shift and grey, or one of :data:`UNSEEN`;
            empty for the emulator's own.
    """

    view_share: float = 0.0
    sticky_share: float = 0.0
    view: str = ""

    def __post_init__(self):
        if not (0 <= self.view_share <= 1 and 0 <= self.sticky_share <= 1):
            raise ValueError("Variety: view_share and sticky_share are shares, between 0 and 1.")
        if self.view and self.view not in (*FILTERS, *UNSEEN):
            raise ValueError(f"Variety: no filter {self.view!r}; there are {', '.join((*FILTERS, *UNSEEN))}.")

    def __bool__(self) -> bool:
        return bool(self.view or self.view_share or self.sticky_share)


# ---------------------------------------------------------------------------------------------------------------------
# Filters


def _box(x):
    return ((x > -0.5) & (x <= 0.5)).astype(float)


def _triangle(x):
    return np.maximum(0, 1 - np.abs(x))


def _cubic(a):
    def kernel(x):
        x = np.abs(x)
        near, far = ((a + 2) * x - (a + 3)) * x * x + 1, a * (((x - 5) * x + 8) * x - 4)
        return np.where(x < 1, near, np.where(x < 2, far, 0.0))

    return kernel


def _gauss(x):
    return np.exp(-0.5 * x * x) * (np.abs(x) < 3)


def _lanczos(radius):
    return lambda x: np.where(np.abs(x) < radius, np.sinc(x) * np.sinc(x / radius), 0.0)


# Name: kernel, and whether it widens as the picture shrinks (antialiasing). PIL's all do; OpenCV's do not.
FILTERS = {
    "area": (None, True),  # OpenCV's INTER_AREA, the emulator's own
    "nearest": (None, False),  # both
    "linear": (_triangle, False),  # OpenCV's default
    "box": (_box, True),  # PIL
    "cubic": (_cubic(-0.75), False),  # OpenCV
    "lanczos": (_lanczos(3), True),  # PIL
    "bilinear": (_triangle, True),  # PIL, torchvision with antialiasing
    "bicubic": (_cubic(-0.5), True),  # PIL's default
    "lanczos4": (_lanczos(4), False),  # OpenCV
}
BLUR = {"gauss": (_gauss, True)}  # no program's: no training may draw it
JUDGED = ("nearest", "linear", "box", "cubic", "lanczos")  # through which an agent is tested; a training may draw them


def filter_matrix(name: str, size: int, out: int = SIZE, shift: float = 0.0) -> np.ndarray:
    """Weights with which ``size`` pixels become ``out``: (out, size), each row with the sum 1.

    Args:
        name: one of :data:`FILTERS`, or "gauss", a blur with the standard deviation of one new pixel.
        shift: in new pixels, to the right or downwards in the source.
    """
    kernel, widens = (FILTERS | BLUR)[name]
    scale = size / out
    # Beyond the screen's border there is only its last row: whoever looks further sees that one again.
    centre = np.clip((np.arange(out) + 0.5 + shift) * scale, 0, size)[:, None]
    pixel = np.arange(size) + 0.5
    if name == "area":
        left, right = np.maximum(centre - scale / 2, pixel - 0.5), np.minimum(centre + scale / 2, pixel + 0.5)
        weights = np.maximum(0, right - left)
    elif name == "nearest":
        weights = (np.floor(np.clip(centre - 1e-9, 0, size - 1)) == np.arange(size)).astype(float)
    else:
        inside = np.clip(centre, 0.5, size - 0.5) if not widens else centre
        weights = kernel((pixel - inside) / (scale if widens else 1.0))
    return weights / weights.sum(axis=1, keepdims=True)


def taps(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The nonzero stretch of each row: where it begins, how long it is, and its weights ``(out, MOST_TAPS)``."""
    used = np.abs(matrix) > 1e-6
    first = used.argmax(axis=1)
    count = matrix.shape[1] - used[:, ::-1].argmax(axis=1) - first
    weights = np.zeros((len(matrix), MOST_TAPS), dtype=np.float32)
    for row, (start, length) in enumerate(zip(first, count, strict=True)):
        weights[row, :length] = matrix[row, start : start + length]
    return first, count, weights


@numba.njit(cache=True, nogil=True, fastmath=True)
def shrink(screen, rows, columns, gain, level, out):
    """``out[i, j]`` = gain * (the weighted mean of the screen around there) + level, rounded, between 0 and 255."""
    row_first, row_count, row_weight = rows
    column_first, column_count, column_weight = columns
    line = np.empty(screen.shape[1], dtype=np.float32)
    for i in range(out.shape[0]):
        line[:] = 0
        for k in range(row_count[i]):
            weight, source = row_weight[i, k], screen[row_first[i] + k]
            for x in range(line.shape[0]):
                line[x] += weight * np.float32(source[x])
        for j in range(out.shape[1]):
            value, first = np.float32(0), column_first[j]
            for k in range(column_count[j]):
                value += column_weight[j, k] * line[first + k]
            out[i, j] = np.uint8(min(max(gain * value + level + np.float32(0.5), np.float32(0)), np.float32(255)))


@dataclass(frozen=True)
class View:
    """One way of seeing a screen: filter, shift in new pixels (down, right), and how greys are told."""

    name: str = "area"
    shift: tuple[float, float] = (0.0, 0.0)
    gain: float = 1.0
    level: float = 0.0

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> View:
        """Any filter, up to half a new pixel to each side, greys a sixth brighter or darker."""
        name = list(FILTERS)[rng.integers(len(FILTERS))]
        down, right = rng.uniform(-0.5, 0.5, 2)
        return cls(name, (float(down), float(right)), float(rng.uniform(0.85, 1.15)), float(rng.uniform(-6, 6)))

    def prepared(self) -> tuple:
        """What :func:`shrink` wants to know of it."""
        rows = taps(filter_matrix(self.name, HEIGHT, shift=self.shift[0]))
        columns = taps(filter_matrix(self.name, WIDTH, shift=self.shift[1]))
        return rows, columns, np.float32(self.gain), np.float32(self.level)


# Views that no training draws: a blur, and a picture shifted three times as far as any drawn one.
UNSEEN = {"blurred": View("gauss"), "shifted": View("area", (1.5, 0.0))}


def seen_through(screen: np.ndarray, name: str) -> np.ndarray:
    """A grey screen, (210, 160), through a filter of :data:`FILTERS` or a view of :data:`UNSEEN`: (84, 84) uint8."""
    picture = np.empty((SIZE, SIZE), dtype=np.uint8)
    shrink(np.clip(screen + 0.5, 0, 255).astype(np.uint8), *named_view(name).prepared(), picture)
    return picture


def named_view(name: str) -> View:
    """What an evaluation calls by this name."""
    return UNSEEN.get(name) or View(name)


# ---------------------------------------------------------------------------------------------------------------------
# Games


def spread_out(count: int, among: int) -> np.ndarray:
    """``count`` numbers below ``among``, evenly apart: which games are sticky, whatever each one's exploration."""
    return ((np.arange(count) + 0.5) * among / max(count, 1)).astype(np.int64)


class Emulators:
    """ale-py's vector environment with a variety: the same ``reset`` and ``step``, but each game has its own view.

    Args:
        game: ALE's name of the game.
        num_games: how many.
        variety: what differs between them.
        seed: of the views.
        options: keywords of ale-py's vector environment; ``repeat_action_probability`` is that of games not sticky.
    """

    def __init__(self, game: str, num_games: int, variety: Variety, seed: int, **options):
        self.num_games, self.variety = num_games, variety
        self.rng = np.random.default_rng(seed)
        sticky = spread_out(round(variety.sticky_share * num_games), num_games)
        plain = np.setdiff1d(np.arange(num_games), sticky)
        shape = {"img_height": HEIGHT, "img_width": WIDTH, "stack_num": 1}
        self.parts = []  # each: an emulator, and the games that it plays
        for games, changed in ((plain, {}), (sticky, {"repeat_action_probability": STICKY})):
            if len(games):
                vector = AtariVectorEnv(game, num_envs=len(games), **options | changed | shape)
                self.parts.append((vector, games))
        self.single_action_space = self.parts[0][0].single_action_space
        self.views = [named_view(variety.view or "area") for _ in range(num_games)]
        self.prepared = [view.prepared() for view in self.views]
        self.stacks = np.zeros((num_games, STACK, SIZE, SIZE), dtype=np.uint8)

    def reset(self, seed: int) -> tuple[np.ndarray, dict]:
        """Game ``i`` gets ``seed + i``."""
        lives, everywhere = np.zeros(self.num_games, dtype=np.int32), np.ones(self.num_games, dtype=bool)
        screens = np.zeros((self.num_games, HEIGHT, WIDTH), dtype=np.uint8)
        for vector, games in self.parts:
            seen, info = vector.reset(seed=seed + games)
            screens[games], lives[games] = seen[:, -1], info["lives"]
        return self.look(screens, everywhere), {"lives": lives}

    def step(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict]:
        """As ale-py's: stacks, rewards, ends, ends by the limit, and the lives."""
        for vector, games in self.parts:
            vector.send(actions[games])
        screens = np.empty((self.num_games, HEIGHT, WIDTH), dtype=np.uint8)
        rewards, lives = np.zeros(self.num_games), np.zeros(self.num_games, dtype=np.int32)
        over, cut = np.zeros((2, self.num_games), dtype=bool)
        for vector, games in self.parts:
            seen, rewards[games], over[games], cut[games], info = vector.recv()
            screens[games], lives[games] = seen[:, -1], info["lives"]
        return self.look(screens, over | cut), rewards, over, cut, {"lives": lives}

    def look(self, screens: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """The games' last four pictures, ``(games, 4, 84, 84)``; games that start may get a new view."""
        self.stacks[:, :-1] = self.stacks[:, 1:]
        self.stacks[starts] = 0
        for game in np.flatnonzero(starts) if self.variety.view_share else ():
            drawn = self.rng.random() < self.variety.view_share
            self.views[game] = View.drawn(self.rng) if drawn else View()
            self.prepared[game] = self.views[game].prepared()
        for game, screen in enumerate(screens):
            shrink(screen, *self.prepared[game], self.stacks[game, -1])
        return self.stacks
