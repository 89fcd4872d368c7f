"""The rules of Go, compiled: lesson 11's networks and searches stand on this module.

Read it in this order: the layout of a position (one small integer array, so that a copy is one ``memcpy``);
``place`` and ``remove_chain``, which keep chains and liberties up to date; ``legal`` and the superko test;
``area_score``; random playouts; and at the end :class:`Board`, which wraps it all. :mod:`utils.go.rules`
states the same rules in a page of plain Python; tests hold the two equal.

Rules: suicide is forbidden, a move may not recreate any earlier position of the game (positional superko,
after Tromp and Taylor), passing is always allowed, two passes end the game, and the score is stones plus
surrounded empty points, with no stones removed as dead: capture them first. Sources:
https://tromp.github.io/go.html; the incremental pseudo-liberties follow the description in Lukasz Lew's libego.

numba keeps compiled code beside the source, and looks only at the file of the function it compiled: after changing a
compiled function here, delete utils/go/__pycache__, or callers in other files go on using the old one.

An *action* is a number: ``row * size + column`` with row 0 on top, and ``size * size`` for a pass.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numba import njit

from utils.go.gtp_client import COLUMNS, from_vertex

EMPTY, BLACK, WHITE, EDGE = 0, 1, 2, 3
MIN_SIZE, MAX_SIZE = 2, 19

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
def place(s, p, color):
    """Put a stone on the empty point p, remove what it captures, note a simple ko; returns the number of captures.

    The caller knows that the move is legal.
    """
    width = s[META, SIZE] + 2
    _occupy(s, p)
    s[COLOR, p] = color
    s[META, HASH_LOW] ^= ZOBRIST[color, p, 0]
    s[META, HASH_HIGH] ^= ZOBRIST[color, p, 1]
    liberties = 0
    for k in range(4):
        q = neighbour(p, k, width)
        if s[COLOR, q] == EMPTY:
            liberties += 1
        elif s[COLOR, q] != EDGE:
            s[LIBERTIES, s[HEAD, q]] -= 1
    s[NEXT, p] = p
    s[HEAD, p] = p
    s[LIBERTIES, p] = liberties
    s[STONES, p] = 1
    head = p
    captured = 0
    taken = 0
    for k in range(4):
        q = neighbour(p, k, width)
        if s[COLOR, q] == color:
            if s[HEAD, q] != head:
                head = _join(s, head, s[HEAD, q])
        elif s[COLOR, q] == 3 - color and s[LIBERTIES, s[HEAD, q]] == 0:
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


# ---------------------------------------------------------------------------------------------------------------------
# Random playouts


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


@njit(cache=True)
def place_or_pass(s, p, color, passes):
    """Put a stone on ``p``, or pass if that is 0; returns how many passes in a row that makes after ``passes``."""
    if p == 0:
        s[META, KO] = 0
        return passes + 1
    place(s, p, color)
    return 0


@njit(cache=True)
def play_out(s, rng, owner):
    """Play ``s`` to the end at random (changing it); returns Black's area minus White's, without komi.

    Superko is replaced by the simple ko rule, and three moves per point end a game that will not end by itself.
    """
    size = s[META, SIZE]
    color = s[META, TO_PLAY]
    passes = s[META, PASSES]
    for _ in range(3 * size * size):
        if passes >= 2:
            break
        passes = place_or_pass(s, random_move(s, color, rng), color, passes)
        color = 3 - color
    return area(s, owner)


@njit(cache=True)
def playouts(s, count, komi, rng, ownership):
    """Play ``count`` games from ``s``: Black's wins (a draw is half), the sum of scores; adds up who owned
    each point."""
    copy = s.copy()
    owner = np.empty(s.shape[1], np.int32)
    wins, total = 0.0, 0.0
    for _ in range(count):
        copy[:] = s
        score = play_out(copy, rng, owner) - komi
        total += score
        if score > 0:
            wins += 1.0
        elif score == 0:
            wins += 0.5
        for p in range(owner.size):
            if owner[p] == BLACK:
                ownership[p] += 1
            elif owner[p] == WHITE:
                ownership[p] -= 1
    return wins, total


# ---------------------------------------------------------------------------------------------------------------------
# The wrapper


class IllegalMove(ValueError):
    """The move is against the rules; the message says which one."""


class Board:
    """A game in progress: position, history for superko, komi.

    Args:
        size: 2 to 19.
        komi: points added to White's area.

    Attributes:
        s: the position (see the layout above); treat as read-only.
        moves: the actions so far, as a list of ints.
        komi: float.

    Raises:
        ValueError: a size the course does not play.
    """

    def __init__(self, size: int = 9, komi: float = 7.0):
        if not MIN_SIZE <= size <= MAX_SIZE:
            raise ValueError(f"Board size is {size}; choose {MIN_SIZE} to {MAX_SIZE}.")
        self.s = new_position(size)
        self.komi = float(komi)
        self.moves: list[int] = []
        self.past = np.zeros(4 * size * size + 64, np.int64)
        self.past_count = 1  # the empty board, whose hash is 0

    @property
    def size(self) -> int:
        return int(self.s[META, SIZE])

    @property
    def to_play(self) -> int:
        """BLACK or WHITE."""
        return int(self.s[META, TO_PLAY])

    @property
    def pass_action(self) -> int:
        return self.size * self.size

    @property
    def is_over(self) -> bool:
        """Two passes in a row."""
        return int(self.s[META, PASSES]) >= 2

    @property
    def stones(self) -> np.ndarray:
        """The board as int8, shape (size, size): EMPTY, BLACK or WHITE."""
        width = self.size + 2
        return self.s[COLOR].reshape(width, width)[1:-1, 1:-1].astype(np.int8)

    @property
    def hash(self) -> int:
        """Zobrist hash of the stones (64 bits, signed); the same for the same stones, whoever is to play."""
        return int(position_hash(self.s[META, HASH_LOW], self.s[META, HASH_HIGH]))

    def copy(self) -> Board:
        """An independent copy, a few hundred nanoseconds of copying."""
        other = object.__new__(Board)
        other.s = self.s.copy()
        other.komi = self.komi
        other.moves = self.moves.copy()
        other.past = self.past.copy()
        other.past_count = self.past_count
        return other

    def is_legal(self, action: int) -> bool:
        """May the side to play do this?"""
        if action == self.pass_action:
            return True
        if not 0 <= action < self.pass_action:
            return False
        return bool(legal(self.s, self.past, self.past_count, to_point(self.size, action), self.to_play))

    def legal_mask(self) -> np.ndarray:
        """Booleans of shape (size * size + 1,) over actions."""
        mask = np.empty(self.pass_action + 1, np.bool_)
        legal_actions(self.s, self.past, self.past_count, mask)
        return mask

    def play(self, action: int, color: int | None = None) -> Board:
        """Play an action in place and return the board, so that moves can be chained.

        Args:
            action: ``row * size + column`` or ``size * size`` to pass.
            color: who plays, if not the side whose turn it is (the Go Text Protocol allows that).

        Raises:
            IllegalMove: the message names the rule.
        """
        action = int(action)
        turn = self.to_play, int(self.s[META, KO])
        if color is not None and color != self.to_play:
            self.set_to_play(color)
        if not self.is_legal(action):
            reason = self._why_illegal(action)
            self.s[META, TO_PLAY], self.s[META, KO] = turn
            raise IllegalMove(reason)
        if self.past_count >= self.past.size - 1:
            self.past = np.concatenate([self.past, np.zeros_like(self.past)])
        self.past_count = advance(self.s, self.past, self.past_count, to_point(self.size, action))
        self.moves.append(action)
        return self

    def set_to_play(self, color: int) -> None:
        """Let BLACK or WHITE move next, whoever's turn it was (free placement, or the protocol's ``play``)."""
        self.s[META, TO_PLAY] = color
        self.s[META, KO] = 0

    def resume(self) -> None:
        """Go on after two passes, to settle on the board which stones are dead."""
        self.s[META, PASSES] = 0

    def _why_illegal(self, action: int) -> str:
        name = {BLACK: "Black", WHITE: "White"}[self.to_play]
        if not 0 <= action <= self.pass_action:
            return f"Action {action} is outside the board: use 0 to {self.pass_action} (the last is a pass)."
        vertex = vertex_of(action, self.size)
        p = to_point(self.size, action)
        if self.s[COLOR, p] != EMPTY:
            return f"{name} cannot play {vertex}: the point is occupied."
        if is_suicide(self.s, p, self.to_play):
            return f"{name} cannot play {vertex}: suicide is forbidden."
        return f"{name} cannot play {vertex}: it would repeat an earlier position (superko)."

    def set_up(self, black: Iterable[int] = (), white: Iterable[int] = (), to_play: int = BLACK) -> Board:
        """Place stones for a problem; forgets the history.

        Raises:
            IllegalMove: a point is used twice or outside the board, or a chain would have no liberty.
        """
        stones = self.stones.astype(np.int32)
        for points, color in ((black, BLACK), (white, WHITE)):
            for action in points:
                if not 0 <= action < self.pass_action:
                    raise IllegalMove(f"Set-up point {action} is outside the board.")
                if stones.flat[action] != EMPTY:
                    raise IllegalMove(f"Set-up point {vertex_of(action, self.size)} is already occupied.")
                stones.flat[action] = color
        s = new_position(self.size)
        for action in np.flatnonzero(stones):
            # A stone may have no liberty until its whole chain is there, so put all down before looking.
            _put(s, to_point(self.size, int(action)), int(stones.flat[action]))
        for action in np.flatnonzero(stones):
            p = to_point(self.size, int(action))
            if s[LIBERTIES, s[HEAD, p]] == 0:
                raise IllegalMove(f"Set-up leaves the chain at {vertex_of(int(action), self.size)} without liberty.")
        s[META, TO_PLAY] = to_play
        s[META, CAPTURES] = 1  # stones may leave and come back: always look at the history
        self.s, self.moves = s, []
        self.past[0], self.past_count = position_hash(s[META, HASH_LOW], s[META, HASH_HIGH]), 1
        return self

    def score(self) -> float:
        """Black's area minus White's minus komi, the board as it stands: positive when Black wins."""
        return float(area(self.s, np.empty(self.s.shape[1], np.int32)) - self.komi)

    def owners(self) -> np.ndarray:
        """Who owns each point, shape (size, size): BLACK, WHITE or EMPTY for nobody."""
        owner = np.empty(self.s.shape[1], np.int32)
        area(self.s, owner)
        width = self.size + 2
        return owner.reshape(width, width)[1:-1, 1:-1].astype(np.int8)

    def liberties(self) -> np.ndarray:
        """Number of liberties of the chain on each point, 0 on empty points; shape (size, size)."""
        out = np.zeros((self.size, self.size), np.int64)
        for action in np.flatnonzero(self.stones):
            out.flat[action] = count_liberties(self.s, to_point(self.size, int(action)), 1000)
        return out

    def playouts(self, count: int, seed: int = 0) -> tuple[float, float, np.ndarray]:
        """Random games from here.

        Returns:
            Share of wins for Black (a draw is half), mean score for Black, and mean ownership of shape (size, size)
            between -1 (White's) and 1 (Black's).
        """
        rng = seed_playouts(seed)
        ownership = np.zeros(self.s.shape[1], np.int64)
        wins, total = playouts(self.s, count, self.komi, rng, ownership)
        width = self.size + 2
        return wins / count, total / count, ownership.reshape(width, width)[1:-1, 1:-1] / count

    def __str__(self) -> str:
        """A diagram: X is Black, O is White, the last move in brackets."""
        size, stones = self.size, self.stones
        last = self.moves[-1] if self.moves else -1
        columns = "    " + " ".join(COLUMNS[:size])
        lines = [columns]
        for row in range(size):
            text = ""
            for column in range(size):
                mark = ".XO"[stones[row, column]]
                action = row * size + column
                text += ("(" if action == last else ")" if action == last + 1 and column else " ") + mark
            text += ")" if row * size + size - 1 == last else " "
            lines.append(f"{size - row:>3}{text}{size - row:>2}")
        name = {BLACK: "Black (X)", WHITE: "White (O)"}[self.to_play]
        state = "game over" if self.is_over else f"{name} to play"
        return "\n".join([*lines, columns, f"move {len(self.moves)}, {state}, komi {self.komi:g}"])

    __repr__ = __str__


@njit(cache=True)
def _put(s, p, color):
    """Place a stone without capturing (for set-ups, where every chain is complete only at the end)."""
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


def seed_playouts(seed: int) -> np.ndarray:
    """State for :func:`next_random` from any integer."""
    return np.random.default_rng(seed).integers(1, 2**63, size=1, dtype=np.uint64)


def vertex_of(action: int, size: int) -> str:
    """``D4``-style name of an action, ``pass`` for the last one."""
    return "pass" if action == size * size else f"{COLUMNS[action % size]}{size - action // size}"


def action_of(vertex: str, size: int) -> int:
    """The action of a ``D4``-style name.

    Raises:
        ValueError: no such vertex.
    """
    point = from_vertex(vertex, size)
    return size * size if point is None else point[0] * size + point[1]
