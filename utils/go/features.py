"""What the networks see: a position as planes of zeros and ones, from the side of the player to move (lesson 11).

The planes follow table 2 of Silver et al., "Mastering the game of Go with deep neural networks and tree
search" (Nature 529, 2016), cut down to what matters on a small board: stones, liberties, the latest moves,
what a move would capture or risk, and ladders. :data:`PLANES` lists them; :data:`RAW` are those that need no
knowledge of Go beyond the rules' symbols.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numba import njit

from utils.go.board import Board
from utils.go.position import (
    COLOR,
    HEAD,
    KO,
    LAST,
    MARK,
    META,
    NEXT,
    RECENT,
    SIZE,
    STAMP,
    STONES,
    TO_PLAY,
    count_liberties,
    is_eye,
    is_suicide,
    legal,
    neighbour,
    place,
    to_action,
    to_point,
)
from utils.go.vertices import BLACK, EMPTY

PLANES = (
    "own stones",
    "their stones",
    "empty",
    "ones",
    "black to play",
    *(f"move {i} ago" for i in range(1, RECENT + 1)),
    "1 liberty",
    "2 liberties",
    "3 liberties",
    "4 or more liberties",
    "legal, no own eye",
    "captures 1",
    "captures 2",
    "captures 3 or more",
    "self-atari of 1",
    "self-atari of 2",
    "self-atari of 3 or more",
    "1 liberty after",
    "2 liberties after",
    "3 liberties after",
    "4 or more liberties after",
    "captures in a ladder",
    "escapes from a ladder",
)
COUNT = len(PLANES)
_OWN, _THEIRS, _EMPTY, _ONES, _BLACK = range(5)
# Where the groups of planes start.
_MOVES, _LIBERTY, _LEGAL, _CAPTURE, _RISK, _AFTER, _LADDER = map(
    PLANES.index,
    (
        "move 1 ago",
        "1 liberty",
        "legal, no own eye",
        "captures 1",
        "self-atari of 1",
        "1 liberty after",
        "captures in a ladder",
    ),
)
RAW = tuple(range(_LIBERTY))
LADDER_NODES = 200  # positions read for one ladder; a longer one counts as an escape
ESCAPED, CAPTURED = -1, -2


@njit(cache=True)
def _liberties_of(s, p, out, count):
    """Append the (at most 3) liberties of the chain at p to ``out[count:]``; returns the new count."""
    width = s[META, SIZE] + 2
    s[META, STAMP] += 1
    stone, first = p, count
    while True:
        for k in range(4):
            q = neighbour(stone, k, width)
            if s[COLOR, q] == EMPTY and s[MARK, q] != s[META, STAMP]:
                s[MARK, q] = s[META, STAMP]
                out[count] = q
                count += 1
                if count - first == 3:
                    return count
        stone = s[NEXT, stone]
        if stone == p:
            return count


@njit(cache=True)
def _saving_captures(s, p, out, count):
    """Append the moves that capture an enemy chain in atari beside the chain at p."""
    width = s[META, SIZE] + 2
    enemy = 3 - s[COLOR, p]
    stone = p
    while True:
        for k in range(4):
            q = neighbour(stone, k, width)
            if s[COLOR, q] == enemy and count < 60 and count_liberties(s, q, 2) == 1:
                _liberties_of(s, q, out, count)
                new = True
                for i in range(count):
                    if out[i] == out[count]:
                        new = False
                if new:
                    count += 1
        stone = s[NEXT, stone]
        if stone == p:
            return count


@njit(cache=True)
def captured_in_ladder(s, p, defending):
    """Is the chain at p lost in a ladder? ``defending``: its owner moves next.

    The attacker only plays atari, the defender only extends or captures what gives atari; three liberties are an
    escape, and so is whatever takes more than LADDER_NODES positions to read. Depth first with a stack of its own,
    since compiled recursion does not survive numba's cache.
    """
    owner = s[COLOR, p]
    limit = 4 * s[META, SIZE]
    stack = np.empty((limit, s.shape[0], s.shape[1]), s.dtype)
    moves = np.empty((limit, 64), np.int64)
    count, tried = np.zeros(limit, np.int64), np.zeros(limit, np.int64)
    stack[0] = s
    count[0] = _ladder_moves(s, p, defending, moves[0])
    depth, nodes = 0, 1
    while True:
        t = stack[depth]
        attacking = (depth % 2 == 0) != defending
        captured = not attacking  # if no move is left: a defender without moves is lost, an attacker has failed
        if count[depth] < 0:
            captured = count[depth] == CAPTURED
        elif tried[depth] < count[depth]:
            q = moves[depth, tried[depth]]
            tried[depth] += 1
            mover = 3 - owner if attacking else owner
            if q == t[META, KO] or is_suicide(t, q, mover):
                continue
            nodes += 1
            if depth == limit - 1 or nodes > LADDER_NODES:
                return False
            depth += 1
            stack[depth] = t
            place(stack[depth], q, mover)
            tried[depth] = 0
            count[depth] = _ladder_moves(stack[depth], p, attacking, moves[depth])
            continue
        # This position is decided. One winning move is enough for whoever moved here, else go on with the next one.
        while depth > 0:
            depth -= 1
            if ((depth % 2 == 0) != defending) != captured:
                break
        else:
            return captured


@njit(cache=True)
def _ladder_moves(s, p, defending, out):
    """Moves to try for one side; or ESCAPED or CAPTURED when the number of liberties decides."""
    count = _liberties_of(s, p, out, 0)
    if defending:
        return ESCAPED if count > 1 else _saving_captures(s, p, out, count)
    if count == 2:
        return count
    return CAPTURED if count < 2 else ESCAPED


@njit(cache=True)
def _mark_ladders(s, planes):
    """Fill the two ladder planes: moves that capture a chain of two liberties, moves that save one in atari."""
    size = s[META, SIZE]
    me = s[META, TO_PLAY]
    moves = np.empty(64, np.int64)
    for action in range(size * size):
        p = to_point(size, action)
        if s[COLOR, p] == EMPTY or s[HEAD, p] != p:
            continue
        count = _liberties_of(s, p, moves, 0)
        theirs = s[COLOR, p] != me
        if count != (2 if theirs else 1):
            continue
        if not theirs:
            count = _saving_captures(s, p, moves, count)
        for i in range(count):
            q = moves[i]
            if q == s[META, KO] or is_suicide(s, q, me):
                continue
            t = s.copy()
            place(t, q, me)
            at = to_action(size, q)
            if theirs:
                if captured_in_ladder(t, p, True):
                    planes[at // size, at % size, _LADDER] = 1
            else:
                left = count_liberties(t, p, 3)
                if left == 3 or (left == 2 and not captured_in_ladder(t, p, False)):
                    planes[at // size, at % size, _LADDER + 1] = 1


@njit(cache=True)
def fill_planes(s, past, count, planes):
    """Write all planes of position ``s`` into the zeroed array ``planes`` of shape (size, size, COUNT), any
    number type."""
    size = s[META, SIZE]
    me = s[META, TO_PLAY]
    after = np.empty_like(s)
    for action in range(size * size):
        row, column = action // size, action % size
        p = to_point(size, action)
        planes[row, column, _ONES] = 1
        planes[row, column, _BLACK] = me == BLACK
        if s[COLOR, p] != EMPTY:
            planes[row, column, _OWN if s[COLOR, p] == me else _THEIRS] = 1
            planes[row, column, _LIBERTY - 1 + count_liberties(s, p, 4)] = 1
            continue
        planes[row, column, _EMPTY] = 1
        if not legal(s, past, count, p, me):
            continue
        planes[row, column, _LEGAL] = not is_eye(s, p, me)
        after[:] = s
        captured = place(after, p, me)
        if captured > 0:
            planes[row, column, _CAPTURE - 1 + min(captured, 3)] = 1
        liberties = count_liberties(after, p, 4)
        planes[row, column, _AFTER - 1 + liberties] = 1
        if liberties == 1:
            planes[row, column, _RISK - 1 + min(after[STONES, after[HEAD, p]], 3)] = 1
    for i in range(RECENT):
        if s[META, LAST + i] > 0:
            at = to_action(size, s[META, LAST + i])
            planes[at // size, at % size, _MOVES + i] = 1
    _mark_ladders(s, planes)


def planes_of(board: Board, dtype=np.float32) -> np.ndarray:
    """The planes of a position, shape (size, size, COUNT), zeros and ones."""
    planes = np.zeros((board.size, board.size, COUNT), dtype)
    fill_planes(board.s, board.past, board.past_count, planes)
    return planes


# ---------------------------------------------------------------------------------------------------------------------
# The eight symmetries of the board


@lru_cache(maxsize=32)
def symmetries(size: int) -> np.ndarray:
    """``table[k, a]``: the action that action ``a`` becomes under symmetry ``k``; int64 (8, size * size + 1).

    Symmetry 0 is the identity, 1 to 3 are quarter turns, 4 to 7 the same after a reflection. A pass stays a pass.
    """
    points = np.arange(size * size).reshape(size, size)
    table = np.empty((8, size * size + 1), np.int64)
    for k in range(8):
        image = np.rot90(points[:, ::-1] if k >= 4 else points, k % 4)
        table[k, image.ravel()] = np.arange(size * size)
        table[k, -1] = size * size
    return table


@lru_cache(maxsize=32)
def inverse_symmetries(size: int) -> np.ndarray:
    """``table[k, b]``: the action that symmetry ``k`` turns into ``b``, so ``x.reshape(n, -1)[..., table[k,
    :-1]]`` is the board ``x`` transformed by ``k``."""
    return np.argsort(symmetries(size), axis=1)


def transform(planes: np.ndarray, k: np.ndarray) -> np.ndarray:
    """Turn each position of a batch (n, size, size, channels) by its own symmetry ``k`` of shape (n,)."""
    n, size, _, channels = planes.shape
    index = inverse_symmetries(size)[k, :-1]
    return np.take_along_axis(planes.reshape(n, size * size, channels), index[:, :, None], axis=1).reshape(planes.shape)


def transform_policy(policy: np.ndarray, k: np.ndarray, back: bool = False) -> np.ndarray:
    """Turn each row of (n, size * size + 1) by its own symmetry ``k``; ``back`` undoes :func:`transform`."""
    size = round((policy.shape[1] - 1) ** 0.5)
    table = (symmetries if back else inverse_symmetries)(size)
    return np.take_along_axis(policy, table[k], axis=1)
