"""The rules of Go, compiled: every network and search of lesson 11 stands on this module.

Read it in this order: the layout of a position (one small integer array, so that a copy is one ``memcpy``);
``place`` and ``remove_chain``, which keep chains and liberties up to date; ``legal`` and the superko test;
``advance``; and ``area``, the score. :class:`utils.go.board.Board` wraps it for readers. :mod:`utils.go.rules`
states the same rules in a page of plain Python; tests hold the two equal.

Rules: suicide is forbidden, a move may not recreate any earlier position of the game (positional superko,
after Tromp and Taylor), passing is always allowed, two passes end the game, and the score is stones plus
surrounded empty points, with no stones removed as dead: capture them first. Sources:
https://tromp.github.io/go.html; the incremental pseudo-liberties follow the description in Lukasz Lew's libego.

numba keeps compiled code beside the source, and looks only at the file of the function it compiled: after changing a
compiled function here, delete utils/go/__pycache__, or callers in other files go on using the old one.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from utils.go.vertices import BLACK, EMPTY, MAX_SIZE, WHITE

EDGE = 3  # the rim around the board, beside the three colours of a point

# A position is an int32 array of shape (9, (size + 2)**2): nine tables over the board with a rim of EDGE points.
META = 0  # single numbers, at the indices below
COLOR = 1  # EMPTY, BLACK, WHITE or EDGE
NEXT = 2  # the next stone of the same chain, in a ring
HEAD = 3  # the stone that stands for the chain
LIBERTIES = 4  # at the head: pseudo-liberties, i.e. pairs (stone of the chain, empty neighbour)
STONES = 5  # at the head: number of stones
VACANT = 6  # the empty points, in any order: the first META[VACANCIES] entries count
WHERE = 7  # where in VACANT a point stands
MARK = 8  # scratch for flood fills: a point is marked when it holds META[STAMP]

SIZE, TO_PLAY, KO, PASSES, MOVES, VACANCIES, CAPTURES, HASH_LOW, HASH_HIGH, STAMP, LAST = range(11)
RECENT = 5  # META[LAST : LAST + RECENT] are the latest moves, newest first: a point, 0 for a pass, -1 for none
TABLES = 9

_random = np.random.default_rng(20160309)
ZOBRIST = _random.integers(-(2**31), 2**31, size=(3, (MAX_SIZE + 2) ** 2, 2), dtype=np.int64).astype(np.int32)
ZOBRIST[0] = 0


@njit(cache=True)
def new_position(size):
    """Empty board, Black to play."""
    width = size + 2
    s = np.zeros((TABLES, width * width), np.int32)
    s[COLOR, :] = EDGE
    s[META, SIZE] = size
    s[META, TO_PLAY] = BLACK
    s[META, LAST : LAST + RECENT] = -1
    count = 0
    for row in range(1, size + 1):
        for column in range(1, size + 1):
            p = row * width + column
            s[COLOR, p] = EMPTY
            s[VACANT, count] = p
            s[WHERE, p] = count
            count += 1
    s[META, VACANCIES] = count
    return s


@njit(cache=True, inline="always")
def to_point(size, action):
    """Index of an action in the tables; 0 (a rim point) for a pass."""
    if action == size * size:
        return 0
    return (action // size + 1) * (size + 2) + action % size + 1


@njit(cache=True, inline="always")
def to_action(size, p):
    """The action of a point on the board."""
    return (p // (size + 2) - 1) * size + p % (size + 2) - 1


@njit(cache=True, inline="always")
def neighbour(p, k, width):
    """The k-th of the four neighbours of p."""
    if k == 0:
        return p - width
    if k == 1:
        return p - 1
    if k == 2:
        return p + 1
    return p + width


@njit(cache=True)
def _vacate(s, p):
    """Append p to the list of empty points."""
    count = s[META, VACANCIES]
    s[VACANT, count] = p
    s[WHERE, p] = count
    s[META, VACANCIES] = count + 1


@njit(cache=True)
def _occupy(s, p):
    """Take p off the list of empty points: the last one moves into its place."""
    count = s[META, VACANCIES] - 1
    at, last = s[WHERE, p], s[VACANT, count]
    s[VACANT, at] = last
    s[WHERE, last] = at
    s[VACANT, count] = p
    s[WHERE, p] = count
    s[META, VACANCIES] = count


@njit(cache=True)
def remove_chain(s, width, head):
    """Take a chain off the board and give its neighbours their liberties back; returns the number of stones."""
    color = s[COLOR, head]
    count = 0
    p = head
    while True:
        s[COLOR, p] = EMPTY
        s[META, HASH_LOW] ^= ZOBRIST[color, p, 0]
        s[META, HASH_HIGH] ^= ZOBRIST[color, p, 1]
        _vacate(s, p)
        count += 1
        for k in range(4):
            q = neighbour(p, k, width)
            if s[COLOR, q] == BLACK or s[COLOR, q] == WHITE:
                s[LIBERTIES, s[HEAD, q]] += 1
        p = s[NEXT, p]
        if p == head:
            break
    return count


@njit(cache=True)
def _join(s, a, b):
    """Make one chain of the chains with heads a and b; returns its head."""
    if s[STONES, a] < s[STONES, b]:
        a, b = b, a
    p = b
    while True:
        s[HEAD, p] = a
        p = s[NEXT, p]
        if p == b:
            break
    s[NEXT, a], s[NEXT, b] = s[NEXT, b], s[NEXT, a]
    s[LIBERTIES, a] += s[LIBERTIES, b]
    s[STONES, a] += s[STONES, b]
    return a


@njit(cache=True)
def put(s, p, color):
    """Put a stone on the empty point p and join it to its chain, without looking at captures; returns the chain's head.

    Set-ups stop here: in them every chain is complete only at the end.
    """
    width = s[META, SIZE] + 2
    _occupy(s, p)
    s[COLOR, p] = color
    s[META, HASH_LOW] ^= ZOBRIST[color, p, 0]
    s[META, HASH_HIGH] ^= ZOBRIST[color, p, 1]
    s[NEXT, p] = p
    s[HEAD, p] = p
    s[STONES, p] = 1
    s[LIBERTIES, p] = 0
    head = p
    for k in range(4):
        q = neighbour(p, k, width)
        if s[COLOR, q] == EMPTY:
            s[LIBERTIES, head] += 1
        elif s[COLOR, q] != EDGE:
            s[LIBERTIES, s[HEAD, q]] -= 1
            if s[COLOR, q] == color and s[HEAD, q] != head:
                head = _join(s, head, s[HEAD, q])
    return head


@njit(cache=True)
def place(s, p, color):
    """Put a stone on the empty point p, remove what it captures, note a simple ko; returns the number of captures.

    The caller knows that the move is legal.
    """
    width = s[META, SIZE] + 2
    head = put(s, p, color)
    captured = 0
    taken = 0
    for k in range(4):
        q = neighbour(p, k, width)
        if s[COLOR, q] == 3 - color and s[LIBERTIES, s[HEAD, q]] == 0:
            taken = q
            captured += remove_chain(s, width, s[HEAD, q])
    s[META, KO] = taken if captured == 1 and s[STONES, head] == 1 and s[LIBERTIES, head] == 1 else 0
    s[META, CAPTURES] += captured
    return captured


@njit(cache=True)
def is_suicide(s, p, color):
    """Would a stone on the empty point p stand without a liberty after captures?"""
    width = s[META, SIZE] + 2
    for k in range(4):
        if s[COLOR, neighbour(p, k, width)] == EMPTY:
            return False
    for k in range(4):  # take p's share of each neighbour's pseudo-liberties away, look, and give it back
        q = neighbour(p, k, width)
        if s[COLOR, q] != EDGE:
            s[LIBERTIES, s[HEAD, q]] -= 1
    suicide = True
    for k in range(4):
        q = neighbour(p, k, width)
        if s[COLOR, q] != EDGE and (s[COLOR, q] == color) == (s[LIBERTIES, s[HEAD, q]] > 0):
            suicide = False  # joins a chain that has others, or captures one that has none
    for k in range(4):
        q = neighbour(p, k, width)
        if s[COLOR, q] != EDGE:
            s[LIBERTIES, s[HEAD, q]] += 1
    return suicide


@njit(cache=True, inline="always")
def position_hash(low, high):
    """64 bits from the two halves kept in META."""
    return (np.int64(high) << np.int64(32)) | (np.int64(low) & np.int64(0xFFFFFFFF))


@njit(cache=True)
def hash_after(s, p, color):
    """Hash of the position after a stone on p, without playing it."""
    width = s[META, SIZE] + 2
    low = s[META, HASH_LOW] ^ ZOBRIST[color, p, 0]
    high = s[META, HASH_HIGH] ^ ZOBRIST[color, p, 1]
    enemy = 3 - color
    seen0, seen1, seen2 = np.int32(0), np.int32(0), np.int32(0)
    for k in range(4):
        q = neighbour(p, k, width)
        if s[COLOR, q] != enemy:
            continue
        head = s[HEAD, q]
        if head in (seen0, seen1, seen2):
            continue
        seen2, seen1, seen0 = seen1, seen0, head
        touching = 0
        for j in range(4):
            other = neighbour(p, j, width)
            if s[COLOR, other] == enemy and s[HEAD, other] == head:
                touching += 1
        if s[LIBERTIES, head] == touching:  # all its liberties are p
            stone = head
            while True:
                low ^= ZOBRIST[enemy, stone, 0]
                high ^= ZOBRIST[enemy, stone, 1]
                stone = s[NEXT, stone]
                if stone == head:
                    break
    return position_hash(low, high)


@njit(cache=True)
def legal(s, past, count, p, color):
    """May ``color`` play on point p? ``past[:count]`` are the hashes of all positions so far, the current one
    included."""
    if s[COLOR, p] != EMPTY or is_suicide(s, p, color):
        return False
    if s[META, CAPTURES] == 0:
        return True  # nothing was ever captured, so p has been empty all the time: a position with p is new
    after = hash_after(s, p, color)
    for i in range(count - 1, -1, -1):  # noqa: SIM110  (compiled: a plain loop)
        if past[i] == after:
            return False
    return True


@njit(cache=True)
def legal_actions(s, past, count, out):
    """Fill the boolean array ``out`` (size * size + 1) for the side to play; passing is always legal."""
    size = s[META, SIZE]
    out[:] = False
    for i in range(s[META, VACANCIES]):
        p = s[VACANT, i]
        out[to_action(size, p)] = legal(s, past, count, p, s[META, TO_PLAY])
    out[size * size] = True


@njit(cache=True)
def is_eye(s, p, color):
    """Is p an eye of ``color``: its neighbours all own stones or edge, and the diagonals too safe to make it
    false?"""
    width = s[META, SIZE] + 2
    for k in range(4):
        q = s[COLOR, neighbour(p, k, width)]
        if q != color and q != EDGE:
            return False
    enemies, edges = 0, 0
    for q in (p - width - 1, p - width + 1, p + width - 1, p + width + 1):
        if s[COLOR, q] == 3 - color:
            enemies += 1
        elif s[COLOR, q] == EDGE:
            edges = 1
    return enemies + edges < 2


@njit(cache=True)
def sensible_actions(s, past, count, out):
    """Legal actions that fill no own eye; passing is among them."""
    size, me = s[META, SIZE], s[META, TO_PLAY]
    legal_actions(s, past, count, out)
    for action in range(size * size):
        if out[action] and is_eye(s, to_point(size, action), me):
            out[action] = False


@njit(cache=True)
def advance(s, past, count, p):
    """Play p (0: pass) for the side to play, append the new hash to ``past``; returns the new count. No checks."""
    if p == 0:
        s[META, PASSES] += 1
        s[META, KO] = 0
    else:
        place(s, p, s[META, TO_PLAY])
        s[META, PASSES] = 0
        past[count] = position_hash(s[META, HASH_LOW], s[META, HASH_HIGH])
        count += 1
    s[META, TO_PLAY] = 3 - s[META, TO_PLAY]
    s[META, MOVES] += 1
    for i in range(RECENT - 1, 0, -1):
        s[META, LAST + i] = s[META, LAST + i - 1]
    s[META, LAST] = p
    return count


@njit(cache=True)
def area(s, owner):
    """Fill ``owner`` (one entry per point of the tables): who owns it, EMPTY where both reach it; Black minus
    White."""
    width = s[META, SIZE] + 2
    stack = np.empty(s[META, VACANCIES] + 1, np.int32)
    members = np.empty(s[META, VACANCIES] + 1, np.int32)
    owner[:] = s[COLOR]
    s[META, STAMP] += 1
    stamp = s[META, STAMP]
    for i in range(s[META, VACANCIES]):
        start = s[VACANT, i]
        if s[MARK, start] == stamp:
            continue
        s[MARK, start] = stamp
        stack[0] = start
        depth, count, borders = 1, 0, 0
        while depth > 0:
            depth -= 1
            p = stack[depth]
            members[count] = p
            count += 1
            for k in range(4):
                q = neighbour(p, k, width)
                if s[COLOR, q] == EMPTY:
                    if s[MARK, q] != stamp:
                        s[MARK, q] = stamp
                        stack[depth] = q
                        depth += 1
                elif s[COLOR, q] != EDGE:
                    borders |= s[COLOR, q]
        for j in range(count):
            owner[members[j]] = borders if borders != 3 else EMPTY
    difference = 0
    for p in range(width, width * (width - 1)):
        if owner[p] == BLACK:
            difference += 1
        elif owner[p] == WHITE:
            difference -= 1
    return difference


@njit(cache=True)
def count_liberties(s, p, limit):
    """Number of distinct liberties of the chain at p, counted up to ``limit``."""
    width = s[META, SIZE] + 2
    s[META, STAMP] += 1
    stamp = s[META, STAMP]
    count = 0
    stone = p
    while True:
        for k in range(4):
            q = neighbour(stone, k, width)
            if s[COLOR, q] == EMPTY and s[MARK, q] != stamp:
                s[MARK, q] = stamp
                count += 1
                if count >= limit:
                    return count
        stone = s[NEXT, stone]
        if stone == p:
            return count
