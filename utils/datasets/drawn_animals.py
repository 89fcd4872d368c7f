"""Draw cats and dogs, where their photos cannot be had: varied, seeded, told apart by shape and not by colour."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

# Coats occur in both kinds, so that colour alone does not give the answer.
COATS = ((232, 160, 84), (150, 150, 156), (60, 58, 62), (238, 226, 204), (140, 96, 62), (206, 186, 150), (110, 84, 70))
WALLS = ((206, 220, 232), (236, 222, 204), (210, 228, 208), (226, 208, 222), (170, 182, 200), (244, 240, 228))
FLOORS = ((178, 140, 104), (120, 158, 96), (150, 150, 150), (196, 176, 148), (104, 128, 84), (140, 110, 120))
SCALE = 2  # drawn at twice the size, then reduced: smooth edges


def draw_animal(kind: str, rng: np.random.Generator, size: int = 160) -> Image.Image:
    """One picture of a sitting animal, RGB, ``size`` x ``size``.

    What differs between the kinds is what a child would name: ears, muzzle, pupils, whiskers, tongue, tail. Coat,
    place, size, tilt, light, background and things that stand about follow the same distributions for both.

    Args:
        kind: ``"cat"`` or ``"dog"``.
        rng: decides everything else.
        size: pixels of a side.
    """
    if kind not in ("cat", "dog"):
        raise ValueError(f"kind is {kind!r}; draw_animal can draw 'cat' and 'dog'.")
    picture = _background(rng, size)
    side = size * SCALE
    layer = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    pen = _Pen(layer, side, rng)
    _body(pen, kind)
    (_cat_head if kind == "cat" else _dog_head)(pen)
    layer = layer.rotate(float(rng.normal(0, 7)), resample=Image.Resampling.BILINEAR, center=(side / 2, side * 0.6))
    wanted = int(size * rng.uniform(0.62, 1.05))
    small = layer.resize((wanted, wanted), Image.Resampling.BILINEAR)
    if rng.random() < 0.5:
        small = small.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    x = int((size - wanted) / 2 + rng.uniform(-0.16, 0.16) * size)
    y = int((size - wanted) * 0.75 + rng.uniform(-0.05, 0.08) * size)
    picture.paste(small, (x, y), small)
    return _photograph(picture, rng, size)


def _photograph(picture: Image.Image, rng: np.random.Generator, size: int) -> Image.Image:
    """Light from one side, a little blur, grain."""
    picture = picture.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.0, 0.9))))
    pixels = np.asarray(picture, dtype=np.float32)
    ramp = np.linspace(-1, 1, size, dtype=np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    light = 1 + 0.18 * (np.cos(angle) * ramp[None, :] + np.sin(angle) * ramp[:, None])
    tint = rng.uniform(0.92, 1.08, 3) * rng.uniform(0.75, 1.15)
    pixels = pixels * light[:, :, None] * tint + rng.uniform(2, 9) * rng.standard_normal(pixels.shape, dtype=np.float32)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _background(rng: np.random.Generator, side: int) -> Image.Image:
    """Wall and floor, and a few things that mean nothing."""
    wall = np.array(WALLS[rng.integers(len(WALLS))]) * rng.uniform(0.7, 1.05)
    floor = np.array(FLOORS[rng.integers(len(FLOORS))]) * rng.uniform(0.7, 1.1)
    picture = Image.new("RGB", (side, side), _colour(wall))
    draw = ImageDraw.Draw(picture)
    horizon = int(side * rng.uniform(0.55, 0.8))
    for _ in range(rng.integers(0, 4)):
        x, y = rng.uniform(0, side), rng.uniform(0, horizon)
        w, h = rng.uniform(0.1, 0.35, 2) * side
        colour = _colour(np.array(COATS[rng.integers(len(COATS))]) * rng.uniform(0.6, 1.2))
        shape = (draw.rectangle, draw.ellipse)[rng.integers(2)]
        shape([x - w / 2, y - h / 2, x + w / 2, y + h / 2], fill=colour)
    draw.rectangle([0, horizon, side, side], fill=_colour(floor))
    for _ in range(rng.integers(0, 6)):
        y = rng.uniform(horizon, side)
        draw.line([0, y, side, y + rng.normal(0, 0.03) * side], fill=_colour(floor * 0.88), width=max(1, side // 80))
    return picture.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.3, 1.5))))


def _colour(values: np.ndarray) -> tuple[int, int, int]:
    red, green, blue = np.clip(values, 0, 255).astype(int)
    return int(red), int(green), int(blue)


class _Pen:
    """Draws in the animal's own units: the head's radius is 1, its centre (0, 0), y points down."""

    def __init__(self, layer: Image.Image, side: int, rng: np.random.Generator):
        self.draw, self.rng = ImageDraw.Draw(layer), rng
        self.unit = side * 0.19
        self.x, self.y = side / 2, side * 0.36
        coat = np.array(COATS[rng.integers(len(COATS))]) * rng.uniform(0.85, 1.1)
        self.coat, self.dark, self.light = _colour(coat), _colour(coat * 0.72), _colour(coat * 0.45 + 140)
        self.white = (244, 240, 232)
        self.ink = (36, 30, 30)

    def blob(self, x: float, y: float, rx: float, ry: float, colour: tuple, angle: float = 0.0) -> None:
        """An ellipse, turned by ``angle`` radians."""
        turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
        u, v = rx * np.cos(turn), ry * np.sin(turn)
        self.shape(
            list(zip(x + u * np.cos(angle) - v * np.sin(angle), y + u * np.sin(angle) + v * np.cos(angle))), colour
        )

    def shape(self, points: list[tuple[float, float]], colour: tuple) -> None:
        """A filled polygon."""
        self.draw.polygon([self._place(point) for point in points], fill=colour)

    def line(self, points: list[tuple[float, float]], colour: tuple, width: float) -> None:
        """A line with round joints; ``width`` in units."""
        places = [self._place(point) for point in points]
        self.draw.line(places, fill=colour, width=max(1, int(width * self.unit)), joint="curve")

    def _place(self, point: tuple[float, float]) -> tuple[float, float]:
        return self.x + point[0] * self.unit, self.y + point[1] * self.unit


def _body(pen: _Pen, kind: str) -> None:
    rng = pen.rng
    width = rng.uniform(0.8, 1.05)
    _tail(pen, kind, width)
    for side in (-1, 1):
        pen.blob(side * width * 0.8, 2.35, 0.42, 0.5, pen.dark)
    pen.blob(0, 1.65, width, 1.15, pen.coat)
    if rng.random() < 0.5:
        pen.blob(0, 1.6, width * 0.5, 0.8, pen.white if rng.random() < 0.5 else pen.light)
    for side in (-1, 1):
        pen.blob(side * 0.36, 2.25, 0.24, 0.62, pen.coat)
        pen.blob(side * 0.38, 2.78, 0.3, 0.16, pen.white if rng.random() < 0.3 else pen.light)
    if rng.random() < 0.35:
        collar = _colour(rng.uniform(40, 220, 3))
        pen.line([(-0.62, 0.85), (0, 1.02), (0.62, 0.85)], collar, 0.16)


def _tail(pen: _Pen, kind: str, width: float) -> None:
    """A cat's is long, thin and curled, a dog's short and thick."""
    bend = pen.rng.uniform(0.6, 1.2)
    t = np.linspace(0, 1, 24)
    if kind == "cat":
        x, y = width * 0.8 + 0.75 * np.sin(2.6 * t) * bend, 2.5 - 2.0 * t + 0.2 * np.sin(6 * t)
        pen.line(list(zip(x, y)), pen.dark, 0.2)
        pen.blob(x[-1], y[-1], 0.11, 0.11, pen.dark)
    else:
        x, y = width * 0.8 + 0.7 * t * bend, 2.3 - 0.75 * t**1.5
        pen.line(list(zip(x, y)), pen.coat, 0.34)
        pen.blob(x[-1], y[-1], 0.17, 0.17, pen.coat)


def _cat_head(pen: _Pen) -> None:
    rng = pen.rng
    height, spread = rng.uniform(1.3, 1.6), rng.uniform(0.55, 0.75)
    for side in (-1, 1):
        outer = [(side * 0.15, -0.75), (side * 0.95, -0.2), (side * (spread + 0.2), -height)]
        pen.shape(outer, pen.coat)
        inner = [(side * 0.35, -0.75), (side * 0.8, -0.45), (side * (spread + 0.16), -height + 0.25)]
        pen.shape(inner, (226, 160, 156))
    pen.blob(0, 0, 1.0, rng.uniform(0.82, 0.92), pen.coat)
    if rng.random() < 0.6:  # tabby stripes
        for shift in (-0.28, 0.0, 0.28):
            pen.line([(shift, -0.8), (shift * 0.7, -0.42)], pen.dark, 0.09)
        for side in (-1, 1):
            for drop in (0.05, 0.28):
                pen.line([(side * 0.95, drop), (side * 0.68, drop + 0.08)], pen.dark, 0.08)
    for side in (-1, 1):
        pen.blob(side * 0.2, 0.42, 0.27, 0.21, pen.light)
    iris = ((120, 176, 84), (222, 190, 70), (110, 170, 210))[rng.integers(3)]
    pupil = rng.uniform(0.05, 0.13)
    for side in (-1, 1):
        pen.blob(side * 0.4, -0.08, 0.23, 0.19, iris, angle=side * 0.25)
        pen.blob(side * 0.4, -0.08, pupil, 0.18, pen.ink)
        pen.blob(side * 0.4 + 0.06, -0.14, 0.04, 0.04, (255, 255, 255))
    pen.shape([(-0.12, 0.22), (0.12, 0.22), (0, 0.36)], (206, 116, 120))
    pen.line([(-0.2, 0.5), (-0.06, 0.52), (0, 0.38), (0.06, 0.52), (0.2, 0.5)], pen.ink, 0.04)
    whisker = (250, 250, 250) if sum(pen.coat) < 450 else (90, 80, 80)
    for side in (-1, 1):
        for slope in (-0.16, 0.02, 0.2):
            pen.line([(side * 0.3, 0.38 + slope * 0.3), (side * 1.4, 0.36 + slope * 1.3)], whisker, 0.025)


def _dog_head(pen: _Pen) -> None:
    rng = pen.rng
    hanging = rng.random() < 0.75
    ear = pen.dark if rng.random() < 0.8 else pen.light
    pen.blob(0, -0.05, rng.uniform(0.82, 0.95), rng.uniform(0.9, 1.0), pen.coat)
    if rng.random() < 0.35:  # a patch around one eye
        pen.blob(-0.36, -0.15, 0.34, 0.38, pen.dark)
    length = rng.uniform(0.6, 0.85)
    for side in (-1, 1):
        if hanging:
            pen.blob(side * 0.92, 0.15, 0.29, length, ear, angle=-side * rng.uniform(0.1, 0.4))
        else:  # half-raised, the tip folded down
            pen.shape([(side * 0.3, -0.8), (side * 0.95, -0.35), (side * 1.1, -1.05), (side * 0.75, -1.1)], ear)
            pen.shape([(side * 1.15, -1.08), (side * 0.7, -1.12), (side * 1.2, -0.55)], pen.coat)
    muzzle = pen.white if rng.random() < 0.35 else pen.light
    pen.blob(0, 0.5, 0.52, rng.uniform(0.42, 0.55), muzzle)
    for side in (-1, 1):
        pen.blob(side * 0.38, -0.18, 0.15, 0.16, (250, 248, 244))
        pen.blob(side * 0.37, -0.16, 0.12, 0.14, (70, 44, 30))
        pen.blob(side * 0.37 + 0.04, -0.2, 0.035, 0.035, (255, 255, 255))
    if rng.random() < 0.5:
        pen.blob(0.03, 0.98, 0.16, 0.3, (226, 110, 120))
    pen.line([(-0.32, 0.7), (-0.1, 0.78), (0, 0.6), (0.1, 0.78), (0.32, 0.7)], pen.ink, 0.05)
    pen.blob(0, 0.3, 0.24, 0.17, pen.ink)
    pen.blob(-0.07, 0.24, 0.06, 0.03, (130, 130, 136))
