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


def share(text: str) -> tuple[int, int]:
    """A type for :mod:`argparse`: ``K/N``, the k-th of n workers, counted from 0."""
    part, _, parts = text.partition("/")
    if not (part.isascii() and part.isdecimal() and parts.isascii() and parts.isdecimal() and int(part) < int(parts)):
        raise argparse.ArgumentTypeError(f"{text!r} is no share such as 0/2 or 1/2")
    return int(part), int(parts)
