"""A game of Go in progress: the board that notebooks, players and protocols hold (lesson 11).

It keeps what a position alone does not know, the history for superko, the moves and the komi, and turns broken rules
into sentences. The rules themselves are :mod:`utils.go.position`'s, the random games :mod:`utils.go.rollouts`'s.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from utils.go.position import (
    CAPTURES,
    COLOR,
    HASH_HIGH,
    HASH_LOW,
    HEAD,
    KO,
    LIBERTIES,
    META,
    PASSES,
    SIZE,
    TO_PLAY,
    advance,
    area,
    count_liberties,
    is_suicide,
    legal,
    legal_actions,
    new_position,
    position_hash,
    put,
    sensible_actions,
    to_point,
)
from utils.go.rollouts import play_outs, seed_playouts
from utils.go.vertices import BLACK, COLUMNS, EMPTY, MAX_SIZE, MIN_SIZE, NAMES, WHITE, vertex_of


class IllegalMove(ValueError):
    """The move is against the rules; the message says which one."""


class Board:
    """A game in progress: position, history for superko, komi.

    Args:
        size: 2 to 19.
        komi: points added to White's area.

    Attributes:
        s: the position (its layout: :mod:`utils.go.position`); treat as read-only.
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
        return self._on_board(self.s[COLOR]).astype(np.int8)

    def _on_board(self, table: np.ndarray) -> np.ndarray:
        """A table of the position without its rim, shape (size, size)."""
        width = self.size + 2
        return table.reshape(width, width)[1:-1, 1:-1]

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

    def sensible_mask(self) -> np.ndarray:
        """Legal actions that fill no own eye, and passing; booleans (size * size + 1,)."""
        mask = np.empty(self.pass_action + 1, np.bool_)
        sensible_actions(self.s, self.past, self.past_count, mask)
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
        name = NAMES[self.to_play]
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
            put(s, to_point(self.size, int(action)), int(stones.flat[action]))
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
        return self._on_board(owner).astype(np.int8)

    def liberties(self) -> np.ndarray:
        """Number of liberties of the chain on each point, 0 on empty points; shape (size, size)."""
        out = np.zeros((self.size, self.size), np.int64)
        for action in np.flatnonzero(self.stones):
            out.flat[action] = count_liberties(self.s, to_point(self.size, int(action)), 1000)
        return out

    def playouts(self, count: int, seed: int = 0, tactics: bool = False) -> tuple[float, float, np.ndarray]:
        """Random games from here.

        Args:
            count: of games.
            seed: of their moves.
            tactics: played by the fast policy of :mod:`utils.go.rollouts` instead of uniformly.

        Returns:
            Share of wins for Black (a draw is half), mean score for Black, and mean ownership of shape (size, size)
            between -1 (White's) and 1 (Black's).
        """
        ownership = np.zeros(self.s.shape[1], np.int64)
        wins, total = play_outs(self.s, count, self.komi, tactics, seed_playouts(seed), ownership)
        return wins / count, total / count, self._on_board(ownership) / count

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
        state = "game over" if self.is_over else f"{NAMES[self.to_play]} ({'.XO'[self.to_play]}) to play"
        return "\n".join([*lines, columns, f"move {len(self.moves)}, {state}, komi {self.komi:g}"])

    __repr__ = __str__
