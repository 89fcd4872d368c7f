"""The words of the Go Text Protocol, read as the protocol defines them and not as Python would (lesson 11).

An integer is digits and fits into 31 bits, a float has digits and perhaps a sign and a point; ``1_9``, ``1e3``, ``nan``
and the digits of other scripts are neither.
"""

from __future__ import annotations

import re

from utils.go.vertices import BLACK, WHITE, action_of

COLORS = {"b": BLACK, "black": BLACK, "w": WHITE, "white": WHITE}
INTEGER = re.compile(r"[0-9]+")
FLOAT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")
LARGEST = 2**31 - 1


class CommandError(Exception):
    """Becomes ``? message``."""


def _word(words: list[str], at: int, form: re.Pattern, what: str) -> str:
    if len(words) <= at:
        raise CommandError(f"{what} missing")
    if not form.fullmatch(words[at]):
        raise CommandError(f"{what} not a number")
    if len(words[at]) > 30 or abs(float(words[at])) > LARGEST:
        raise CommandError(f"{what} out of range")
    return words[at]


def integer(words: list[str], at: int, what: str = "number") -> int:
    """The word at a place as an integer from 0 to 2^31 - 1."""
    return int(_word(words, at, INTEGER, what))


def real(words: list[str], at: int, what: str = "number") -> float:
    """The word at a place as a float."""
    return float(_word(words, at, FLOAT, what))


def color(words: list[str]) -> int:
    """The first word as BLACK or WHITE."""
    found = COLORS.get(words[0].lower()) if words else None
    if found is None:
        raise CommandError("invalid color")
    return found


def vertex(words: list[str], at: int, size: int) -> int:
    """The word at a place as an action."""
    if len(words) <= at:
        raise CommandError("vertex missing")
    try:
        return action_of(words[at], size)
    except ValueError:
        raise CommandError("invalid coordinate") from None
