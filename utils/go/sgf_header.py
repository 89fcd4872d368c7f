"""What a game record says before the moves: board, komi, result (lesson 11).

The format's numbers are digits with an optional sign (and point), nothing else that Python would take for a number. A
field that a game can do without costs itself and not the game.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field

from utils.go.sgf_trees import ROOT_ONLY
from utils.go.vertices import BLACK, MAX_SIZE, MIN_SIZE, WHITE

MOST_KOMI = 50  # more than anybody was ever given: a header with it means something else, such as hundredths
FOX_KOMI = 100  # from here on a komi of Fox is in hundredths: 375 is 3.75 stones, 650 is 6.5 points
NUMBER = re.compile(rb"\s*([+-]?[0-9]{1,6})\s*")
REAL = re.compile(rb"\s*([+-]?[0-9]{1,6}(?:\.[0-9]{1,12})?)\s*")
UNKNOWN_RESULTS = ("", "?", "VOID", "UNKNOWN")
WITHOUT_MARGIN = ("", "R", "RES", "RESIGN", "RESIGNATION", "T", "TIME", "F", "FORFEIT")


class BadGame(ValueError):
    """A record that cannot be used.

    Attributes:
        reason: a short name that reports count.
        detail: what is wrong.
        file, number: where the record stands; empty and 0 where it is the only one.
    """

    def __init__(self, reason: str, detail: str = "", file: str = "", number: int = 0):
        place = [file] * bool(file) + [f"game {number}"] * bool(number)
        super().__init__(": ".join(filter(None, [", ".join(place), reason, detail])))
        self.reason, self.detail, self.file, self.number = reason, detail, file, number


@dataclass
class Header:
    """What stands before the moves.

    Attributes:
        size: of the board.
        komi: points for White; one that cannot be read or believed counts as none.
        winner, score, opening, odd: see :class:`utils.go.sgf.Game`.
    """

    size: int
    komi: float = 0.0
    winner: int | None = None
    score: float | None = None
    opening: int = 0
    odd: list[str] = field(default_factory=list)


def header_of(nodes: list[dict[str, list[bytes]]], wanted: int | None = None) -> Header:
    """The header in the nodes up to the first move: some programs spread it over several.

    Raises:
        BadGame: ``other game``, ``wrong size`` or ``two headers``.
    """
    fields: dict[str, list[bytes]] = {}
    for node in nodes:
        for key, values in node.items():
            if key.encode() in ROOT_ONLY and values != fields.get(key, values):
                raise BadGame("two headers", f"{key} twice")
            fields.setdefault(key, values)
    header = Header(_size(fields, wanted))
    if "SZ" not in fields:
        header.odd.append("size")
    if "KM" in fields:
        _komi(fields, header)
    if "RE" in fields:
        _result(fields["RE"], header)
    header.opening = _opening(fields)
    if "CA" in fields and not _known_encoding(fields["CA"][0]):
        header.odd.append("encoding")
    return header


def _size(header: dict, wanted: int | None) -> int:
    if NUMBER.fullmatch(header.get("GM", [b"1"])[0]) is None or int(header.get("GM", [b"1"])[0]) != 1:
        raise BadGame("other game", f"GM is {shown(header['GM'])}")
    size = 19  # the format's rule for a first node without SZ
    if "SZ" in header:
        sides = header["SZ"][0].split(b":")
        numbers = {int(side[1]) for side in map(NUMBER.fullmatch, sides) if side}
        if len(set(header["SZ"])) > 1 or len(sides) > 2 or not all(map(NUMBER.fullmatch, sides)) or len(numbers) != 1:
            raise BadGame("wrong size", f"SZ is {shown(header['SZ'])}")
        size = numbers.pop()
    if not MIN_SIZE <= size <= MAX_SIZE or wanted not in (None, size):
        raise BadGame("wrong size", f"{size}, not {wanted}" if wanted else f"{size}")
    return size


def _komi(fields: dict, header: Header) -> None:
    """The komi in points; from the server Fox in hundredths, below four of stones a side, which are two points each."""
    number = REAL.fullmatch(fields["KM"][0])
    komi = float(number[1]) if number else float("nan")
    if komi >= FOX_KOMI and b"fox" in fields.get("AP", [b""])[0].lower():
        komi *= 0.01 if komi >= 4 * FOX_KOMI else 0.02
    if abs(komi) <= min(MOST_KOMI, header.size**2):
        header.komi = komi
    else:
        header.odd.append("komi")


def _result(values: list[bytes], header: Header) -> None:
    """Winner and Black's margin (``B+3.5``, ``W+R``, ``0``, ``Draw``)."""
    raw = values[0].strip().upper()
    text = raw.decode("ascii", "replace")
    if text in ("0", "DRAW", "JIGO"):
        header.winner, header.score = 0, 0.0
    elif text[:2] in ("B+", "W+"):
        header.winner = BLACK if text[0] == "B" else WHITE
        margin = REAL.fullmatch(raw[2:])
        if margin and 0 <= float(margin[1]) <= 1000:
            header.score = float(margin[1]) * (1 if header.winner == BLACK else -1)
        elif text[2:].strip() not in WITHOUT_MARGIN:
            header.odd.append("result")
    elif text not in UNKNOWN_RESULTS:
        header.odd.append("result")


def _opening(header: dict) -> int:
    """``N random opening moves`` in the comment."""
    found = re.match(rb"\s*([0-9]{1,4})\s+random\s+opening\s+moves(?!\S)", header.get("C", [b""])[0])
    return int(found[1]) if found else 0


def _known_encoding(name: bytes) -> bool:
    try:
        return bool(codecs.lookup(name.decode("ascii").strip()))
    except (LookupError, UnicodeError, ValueError):
        return False


def shown(values: list[bytes]) -> str:
    """Values of a property for an error message."""
    return repr(b"][".join(values)[:40].decode("ascii", "replace"))


def decimal(number: float) -> str:
    """A number as the format writes it: digits, with a point only where it is needed."""
    return f"{number:.6f}".rstrip("0").rstrip(".") or "0"
