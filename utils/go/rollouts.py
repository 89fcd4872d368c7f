"""Random games from a position to its end: uniformly, or by a fast policy that answers attacks (lesson 11).

AlphaGo's leaves were worth V = (1 - lambda) v + lambda z, with z the outcome of a game played out in microseconds a
move. The better those games, the more z says. Uniformly random ones leave every second stone to be captured. By the
fast policy (:func:`play_out` with ``tactics``) the player to move first looks around the opponent's last stone:

1. take the chain that is in atari now (has one liberty left), or rescue an own one, by running or by capturing its
   attacker;
2. else play a point beside that stone whose eight neighbours form a useful shape (:data:`SHAPES`);
3. else play at random, as before.

The order and the shapes' names (hane, cut, side) follow S. Gelly, Y. Wang, R. Munos and O. Teytaud, *Modification of
UCT with patterns in Monte-Carlo Go*, INRIA report 6062, 2006, whose program MoGo became the strongest on 9x9 by it.
"""

from __future__ import annotations

import itertools

import numpy as np
from numba import njit

from utils.go.position import (
    COLOR,
    EDGE,
    HEAD,
    KO,
    LAST,
    LIBERTIES,
    MARK,
    META,
    NEXT,
    PASSES,
    SIZE,
    STAMP,
    TO_PLAY,
    VACANCIES,
    VACANT,
    WHERE,
    area,
    is_eye,
    is_suicide,
    neighbour,
    place,
)
from utils.go.vertices import BLACK, EMPTY, WHITE

SCRATCH = 64  # length of the scratch array in which moves are collected

# ---------------------------------------------------------------------------------------------------------------------
# Random moves


def seed_playouts(seed: int) -> np.ndarray:
    """State for :func:`next_random` from any integer."""
    return np.random.default_rng(seed).integers(1, 2**63, size=1, dtype=np.uint64)


@njit(cache=True, inline="always")
def next_random(rng):
    """xorshift64*: one 64-bit state in ``rng[0]`` (uint64, not zero); returns 32 random bits."""
    x = rng[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    rng[0] = x
    return np.int64((x * np.uint64(2685821657736338717)) >> np.uint64(32))


@njit(cache=True)
def random_move(s, color, rng):
    """A point drawn uniformly from those that are no suicide, no simple ko and no own eye; 0 if there is none."""
    remaining = s[META, VACANCIES]
    while remaining > 0:
        at = (next_random(rng) * remaining) >> 32
        p = s[VACANT, at]
        if p != s[META, KO] and not is_eye(s, p, color) and not is_suicide(s, p, color):
            return p
        remaining -= 1  # put it behind those still to be tried
        other = s[VACANT, remaining]
        s[VACANT, at] = other
        s[WHERE, other] = at
        s[VACANT, remaining] = p
        s[WHERE, p] = remaining
    return 0


# ---------------------------------------------------------------------------------------------------------------------
# The fast policy

# Shapes around the point to play (+), read row by row: X and O are the two colours (either may be to move), "." is
# empty, "#" the edge, "?" anything on the board or off it, "x" anything but X, "o" anything but O.
SHAPES = {
    "hane around a stone": "XOX.+.???",
    "hane beside a stone": "XO..+.?.?",
    "turn": "XO?X+.x.?",
    "diagonal contact": ".O.X+....",
    "cut, unprotected": "XO?O+o?o?",
    "cut, peeped at": "XO?O+X???",
    "cut through": "?X?O+Oooo",
    "cut, a knight's move": "OX?o+O???",
    "side: chase": "X.?O+?###",
    "side: stop a cut": "OX?X+O###",
    "side: stop a connection": "?X?x+O###",
    "side: descend": "?XOx+x###",
    "side: cut": "?OXX+O###",
}
_ALLOWED = {
    "X": (BLACK,),
    "O": (WHITE,),
    ".": (EMPTY,),
    "#": (EDGE,),
    "?": (EMPTY, BLACK, WHITE, EDGE),
    "x": (EMPTY, WHITE, EDGE),
    "o": (EMPTY, BLACK, EDGE),
}
_SWAPPED = {EMPTY: EMPTY, BLACK: WHITE, WHITE: BLACK, EDGE: EDGE}


def shape_code(around: tuple[int, ...]) -> int:
    """Two bits for each of the eight points around a point, row by row; the inverse of what the table is asked."""
    return sum(color << (2 * k) for k, color in enumerate(around))


def shape_table() -> np.ndarray:
    """Which of the 4**8 surroundings are worth a move: bool (65536,), closed under turning, mirroring and swapping
    colours."""
    table = np.zeros(4**8, np.bool_)
    for shape in SHAPES.values():
        grid = np.array(list(shape)).reshape(3, 3)
        for turned in [np.rot90(g, k) for g in (grid, grid.T) for k in range(4)]:
            letters = np.delete(turned.ravel(), 4)
            for around in itertools.product(*(_ALLOWED[letter] for letter in letters)):
                table[shape_code(around)] = True
                table[shape_code(tuple(_SWAPPED[color] for color in around))] = True
    return table


SHAPE = shape_table()


@njit(cache=True)
def matches_shape(s, p):
    """Do the eight points around p form one of the shapes?"""
    width = s[META, SIZE] + 2
    code, shift = 0, 0
    for row in (p - width, p, p + width):
        for q in (row - 1, row, row + 1):
            if q != p:
                code |= s[COLOR, q] << shift
                shift += 2
    return SHAPE[code]


@njit(cache=True)
def last_liberty(s, p):
    """The one liberty of a chain in atari; 0 if the chain at p has more."""
    head, found = s[HEAD, p], 0
    if s[LIBERTIES, head] > 4:  # a point counts once per stone beside it, so a single liberty four times at most
        return 0
    stone = head
    while True:
        for k in range(4):
            q = neighbour(stone, k, s[META, SIZE] + 2)
            if s[COLOR, q] == EMPTY:
                if found > 0 and q != found:
                    return 0
                found = q
        stone = s[NEXT, stone]
        if stone == head:
            return found


@njit(cache=True)
def is_safe(s, p, color):
    """Would the chain of a stone on the empty point p have two liberties, or a capture to its credit?"""
    width = s[META, SIZE] + 2
    s[META, STAMP] += 1
    stamp = s[META, STAMP]
    s[MARK, p] = stamp  # the point itself is none any more
    count = 0
    for k in range(4):
        q = neighbour(p, k, width)
        if s[COLOR, q] == EMPTY and s[MARK, q] != stamp:
            s[MARK, q] = stamp
            count += 1
    for k in range(4):
        if count >= 2:
            return True
        q = neighbour(p, k, width)
        if s[COLOR, q] == color:
            stone = q
            while count < 2:
                for j in range(4):
                    r = neighbour(stone, j, width)
                    if s[COLOR, r] == EMPTY and s[MARK, r] != stamp:
                        s[MARK, r] = stamp
                        count += 1
                stone = s[NEXT, stone]
                if stone == q:
                    break
    if count >= 2:
        return True
    for k in range(4):
        q = neighbour(p, k, width)
        if s[COLOR, q] == 3 - color and s[LIBERTIES, s[HEAD, q]] <= 4:
            other = s[HEAD, q]
            touching = 0
            for j in range(4):
                r = neighbour(p, j, width)
                if s[COLOR, r] == 3 - color and s[HEAD, r] == other:
                    touching += 1
            if s[LIBERTIES, other] == touching:
                return True
    return False


@njit(cache=True)
def _tactical_moves(s, last, color, found):
    """Captures and rescues around the opponent's stone ``last``; writes them to ``found``, returns their number."""
    width = s[META, SIZE] + 2
    count = 0
    if s[COLOR, last] == 3 - color:
        p = last_liberty(s, last)
        if p > 0:
            found[count] = p
            count += 1
    for k in range(4):
        q = neighbour(last, k, width)
        if s[COLOR, q] != color or count >= found.size - 4:
            continue
        escape = last_liberty(s, q)
        if escape == 0:
            continue
        if is_safe(s, escape, color):
            found[count] = escape
            count += 1
        stone = q
        while count < found.size - 4:  # or take one of the attackers
            for j in range(4):
                r = neighbour(stone, j, width)
                if s[COLOR, r] == 3 - color:
                    p = last_liberty(s, r)
                    if p > 0 and p != escape:
                        found[count] = p
                        count += 1
            stone = s[NEXT, stone]
            if stone == q:
                break
    return count


@njit(cache=True)
def _shaped_moves(s, last, color, found):
    """Points around ``last`` that make a shape and are safe; writes them to ``found``, returns their number."""
    width = s[META, SIZE] + 2
    count = 0
    for row in (last - width, last, last + width):
        for p in (row - 1, row, row + 1):
            if s[COLOR, p] == EMPTY and matches_shape(s, p) and is_safe(s, p, color) and not is_eye(s, p, color):
                found[count] = p
                count += 1
    return count


@njit(cache=True)
def reply(s, last, color, rng, found):
    """A tactical move, else a shape, drawn uniformly from those there are; 0 if there is none.

    Args:
        last: the opponent's last move, a point of the tables.
        found: scratch, int32 (SCRATCH,).
    """
    for kind in range(2):
        count = _tactical_moves(s, last, color, found) if kind == 0 else _shaped_moves(s, last, color, found)
        while count > 0:
            at = (next_random(rng) * count) >> 32
            p = found[at]
            if p != s[META, KO] and not is_suicide(s, p, color):
                return p
            count -= 1
            found[at] = found[count]
    return 0


# ---------------------------------------------------------------------------------------------------------------------
# Whole games


@njit(cache=True)
def play_out(s, rng, owner, tactics=False):
    """Play ``s`` to the end (changing it); returns Black's area minus White's, without komi.

    Superko is replaced by the simple ko rule, and three moves per point end a game that will not end by itself.

    Args:
        s: position.
        rng: see :func:`next_random`.
        owner: int32, one entry per point of the tables; filled with who owns it.
        tactics: moves by :func:`reply` where it has any; else all at random.
    """
    found = np.empty(SCRATCH, np.int32)
    color, passes, last = s[META, TO_PLAY], s[META, PASSES], s[META, LAST]
    for _ in range(3 * s[META, SIZE] * s[META, SIZE]):
        if passes >= 2:
            break
        p = reply(s, last, color, rng, found) if tactics and last > 0 else 0
        if p == 0:
            p = random_move(s, color, rng)
        if p == 0:
            s[META, KO] = 0
            passes += 1
        else:
            place(s, p, color)
            passes = 0
        last = p
        color = 3 - color
    return area(s, owner)


@njit(cache=True)
def play_outs(s, count, komi, tactics, rng, ownership):
    """Play ``count`` games from ``s``: Black's wins (a draw is half) and the sum of scores; adds up who owned each
    point.

    Args:
        tactics: see :func:`play_out`.
        ownership: int64, one entry per point of the tables; grows by 1 for Black's and falls by 1 for White's.
    """
    copy, owner = s.copy(), np.empty(s.shape[1], np.int32)
    wins, total = 0.0, 0.0
    for _ in range(count):
        copy[:] = s
        score = play_out(copy, rng, owner, tactics) - komi
        total += score
        wins += 0.5 + 0.5 * np.sign(score)
        for p in range(owner.size):
            if owner[p] == BLACK:
                ownership[p] += 1
            elif owner[p] == WHITE:
                ownership[p] -= 1
    return wins, total
