"""A fast rollout policy: random games in which an attack is answered (lesson 11, the z of the search).

AlphaGo's leaves were worth V = (1 - lambda) v + lambda z, with z the outcome of a game played out in microseconds a
move. The better those games, the more z says. Uniformly random ones (:func:`utils.go.board.play_out`) leave
every second stone to be captured. Here the player to move first looks around the opponent's last stone:

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

from utils.go.board import (
    BLACK,
    COLOR,
    EDGE,
    EMPTY,
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
    WHITE,
    Board,
    area,
    count_liberties,
    is_eye,
    is_suicide,
    neighbour,
    next_random,
    place_or_pass,
    random_move,
    seed_playouts,
)

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
    head = s[HEAD, p]
    # Each empty neighbour counts once per stone beside it, so a single liberty counts at most four times.
    if s[LIBERTIES, head] > 4 or count_liberties(s, head, 2) != 1:
        return 0
    width = s[META, SIZE] + 2
    stone = head
    while True:
        for k in range(4):
            q = neighbour(stone, k, width)
            if s[COLOR, q] == EMPTY:
                return q
        stone = s[NEXT, stone]


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
        found: scratch, int32 (64,).
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


@njit(cache=True)
def play_out_fast(s, rng, owner, found):
    """Play ``s`` to the end by :func:`reply` and at random (changing it); returns Black's area minus White's.

    As in :func:`utils.go.board.play_out`, simple ko instead of superko, and at most three moves a point.

    Args:
        s: position.
        rng: see :func:`utils.go.board.next_random`.
        owner: int32, one entry per point of the tables; filled with who owns it.
        found: scratch, int32 (64,).
    """
    size = s[META, SIZE]
    color, passes, last = s[META, TO_PLAY], s[META, PASSES], s[META, LAST]
    for _ in range(3 * size * size):
        if passes >= 2:
            break
        p = reply(s, last, color, rng, found) if last > 0 else 0
        if p == 0:
            p = random_move(s, color, rng)
        passes = place_or_pass(s, p, color, passes)
        last = p
        color = 3 - color
    return area(s, owner)


@njit(cache=True)
def _playouts(s, count, komi, rng):
    copy, owner, found = s.copy(), np.empty(s.shape[1], np.int32), np.empty(64, np.int32)
    wins, total = 0.0, 0.0
    for _ in range(count):
        copy[:] = s
        score = play_out_fast(copy, rng, owner, found) - komi
        total += score
        wins += 0.5 + 0.5 * np.sign(score)
    return wins / count, total / count


def playouts(board: Board, count: int, seed: int = 0) -> tuple[float, float]:
    """Games of the fast policy from ``board`` on: share that Black wins (a draw is half), and Black's mean score."""
    return _playouts(board.s, count, board.komi, seed_playouts(seed))
