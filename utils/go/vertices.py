"""How a point of the board is named: colours, actions, ``D4``, and SGF's two letters (lesson 11).

An *action* is a number: ``row * size + column`` with row 0 on top, and ``size * size`` for a pass. Rules, searches and
networks count in actions; people and the Go Text Protocol write vertices, game records write letters.
"""

from __future__ import annotations

EMPTY, BLACK, WHITE = 0, 1, 2  # what stands on a point; 3 - color is the opponent
NAMES = {BLACK: "Black", WHITE: "White"}
MIN_SIZE, MAX_SIZE = 2, 19
COLUMNS = "ABCDEFGHJKLMNOPQRST"  # no I, by the protocol


def vertex_of(action: int, size: int) -> str:
    """``D4``-style name of an action, ``pass`` for the last one: ``vertex_of(0, 9)`` is ``A9``."""
    return "pass" if action == size * size else f"{COLUMNS[action % size]}{size - action // size}"


def action_of(vertex: str, size: int) -> int:
    """The action of a ``D4``-style name, in any case.

    Raises:
        ValueError: no such vertex on this board.
    """
    text = vertex.strip().upper() if vertex.isascii() else ""
    if text == "PASS":
        return size * size
    column = COLUMNS.find(text[:1]) if text else -1
    if column < 0 or not (text[1:].isascii() and text[1:].isdigit()) or len(text) > 3:
        raise ValueError(f"{vertex!r} is no vertex; write a letter and a number such as D4, or pass.")
    row = size - int(text[1:])
    if column >= size or not 0 <= row < size:
        raise ValueError(f"{vertex!r} lies outside the {size}x{size} board.")
    return row * size + column


def sgf_point(action: int, size: int) -> str:
    """SGF's name of an action: the letters of column and row, nothing for a pass."""
    return "" if action == size * size else chr(ord("a") + action % size) + chr(ord("a") + action // size)
