"""Numbers on the command lines of lesson 11: plain digits, and no size or komi that nobody can play with."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable


def between(kind: type, low: float, high: float) -> Callable[[str], float]:
    """A type for :mod:`argparse`: a number in a range; ``nan``, ``inf`` and ``1_9`` are none."""

    def read(text: str):
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high or "_" in text or not text.isascii():
            raise argparse.ArgumentTypeError(f"{text!r} is no number from {low:g} to {high:g}")
        return value

    return read
