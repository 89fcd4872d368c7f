"""Many games in lockstep, so that one call of a network serves them all (lesson 11: self-play, matches, searches)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numba import njit

from utils.go.board import Board
from utils.go.features import COUNT, fill_planes
from utils.go.position import (
    META,
    MOVES,
    PASSES,
    SIZE,
    TO_PLAY,
    advance,
    area,
    legal_actions,
    new_position,
    sensible_actions,
    to_point,
)
from utils.go.vertices import BLACK, WHITE


@njit(cache=True)
def planes_of_many(states, past, counts, which, out):
    """Planes of the games ``which`` into ``out[:len(which)]``."""
    out[: which.size] = 0
    for i in range(which.size):
        g = which[i]
        fill_planes(states[g], past[g], counts[g], out[i])


@njit(cache=True)
def masks_of_many(states, past, counts, which, sensible, out):
    """Legal (or sensible) actions of the games ``which``."""
    for i in range(which.size):
        g = which[i]
        if sensible:
            sensible_actions(states[g], past[g], counts[g], out[i])
        else:
            legal_actions(states[g], past[g], counts[g], out[i])


@njit(cache=True)
def forbid_losing_passes(states, which, komi, out):
    """Take the pass away from a side that is not ahead on the board as it stands and has another sensible move."""
    owner = np.empty(states.shape[2], np.int32)
    for i in range(which.size):
        s = states[which[i]]
        others = False
        for a in range(out.shape[1] - 1):
            others |= out[i, a]
        ahead = area(s, owner) - komi
        if s[META, TO_PLAY] != BLACK:
            ahead = -ahead
        out[i, out.shape[1] - 1] = ahead > 0 or not others


@njit(cache=True)
def play_many(states, past, counts, which, actions):
    """One action in each of the games ``which``."""
    for i in range(which.size):
        g = which[i]
        counts[g] = advance(states[g], past[g], counts[g], to_point(states[g][META, SIZE], actions[i]))


@njit(cache=True)
def areas_of_many(states, out):
    """Black's area minus White's of every game."""
    owner = np.empty(states.shape[2], np.int32)
    for g in range(states.shape[0]):
        out[g] = area(states[g], owner)


@njit(cache=True)
def owners_of_many(states, out):
    """Who owns each point of every game, into ``out`` (games, size * size): 1 Black, -1 White, 0 neither."""
    owner = np.empty(states.shape[2], np.int32)
    for g in range(states.shape[0]):
        area(states[g], owner)
        size = states[g][META, SIZE]
        for action in range(size * size):
            color = owner[to_point(size, action)]
            out[g, action] = 1 if color == BLACK else (-1 if color == WHITE else 0)


class Games:
    """``count`` games side by side.

    Args:
        count: number of games.
        size: of the boards.
        komi: of all of them.
        limit: number of moves after which a game counts as over (None: three moves a point).

    Attributes:
        states, past, counts: see :mod:`utils.go.board`; leading axis is the game.
    """

    def __init__(self, count: int, size: int = 9, komi: float = 7.0, limit: int | None = None):
        self.size, self.komi = size, float(komi)
        self.limit = 3 * size * size if limit is None else limit
        self.states = np.repeat(new_position(size)[None], count, axis=0)
        self.past = np.zeros((count, self.limit + 8), np.int64)
        self.counts = np.ones(count, np.int64)

    @classmethod
    def of(cls, boards: list[Board], limit: int | None = None) -> Games:
        """Games that continue from the given boards (all of one size and komi)."""
        games = cls(len(boards), boards[0].size, boards[0].komi, limit)
        length = max(board.past_count for board in boards) + games.limit + 8
        games.past = np.zeros((len(boards), length), np.int64)
        for g, board in enumerate(boards):
            games.states[g] = board.s
            games.past[g, : board.past_count] = board.past[: board.past_count]
            games.counts[g] = board.past_count
        return games

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def over(self) -> np.ndarray:
        """Booleans (count,): two passes, or the limit reached."""
        return (self.states[:, META, PASSES] >= 2) | (self.states[:, META, MOVES] >= self.limit)

    @property
    def running(self) -> np.ndarray:
        """Indices of the games that go on."""
        return np.flatnonzero(~self.over)

    @property
    def to_play(self) -> np.ndarray:
        """BLACK or WHITE for each game."""
        return self.states[:, META, TO_PLAY]

    def planes(self, which: np.ndarray, dtype=np.float32) -> np.ndarray:
        """Input planes of some games, (len(which), size, size, COUNT)."""
        out = np.empty((len(which), self.size, self.size, COUNT), dtype)
        planes_of_many(self.states, self.past, self.counts, np.asarray(which, np.int64), out)
        return out

    def masks(self, which: np.ndarray, sensible: bool = False) -> np.ndarray:
        """Legal actions of some games, or those that also fill no own eye; booleans (len(which), size * size + 1)."""
        out = np.empty((len(which), self.size**2 + 1), np.bool_)
        masks_of_many(self.states, self.past, self.counts, np.asarray(which, np.int64), sensible, out)
        return out

    def policy_masks(self, which: np.ndarray) -> np.ndarray:
        """What a player without search may choose: sensible actions, and passing only when ahead or out of moves.

        Networks that learned from GNU Go pass while dead stones are still on the board, as people do; under our rules
        they count as alive, so whoever is behind must play on.
        """
        out = self.masks(which, sensible=True)
        forbid_losing_passes(self.states, np.asarray(which, np.int64), self.komi, out)
        return out

    def play(self, which: np.ndarray, actions: np.ndarray) -> None:
        """One action in each of some games; legality is the caller's business (take them from :meth:`masks`)."""
        play_many(self.states, self.past, self.counts, np.asarray(which, np.int64), np.asarray(actions, np.int64))

    def scores(self) -> np.ndarray:
        """Black's area minus White's minus komi, float64 (count,), the boards as they stand."""
        out = np.empty(len(self), np.float64)
        areas_of_many(self.states, out)
        return out - self.komi

    def owners(self) -> np.ndarray:
        """Who owns each point as the boards stand, int8 (count, size * size): 1 Black, -1 White, 0 neither."""
        out = np.empty((len(self), self.size**2), np.int8)
        owners_of_many(self.states, out)
        return out


def sample(probabilities: np.ndarray, masks: np.ndarray, rng: np.random.Generator, temperature: float = 1.0):
    """Draw one action a row from masked probabilities; temperature 0 takes the best.

    Args:
        probabilities: (n, actions), rows need not sum to 1.
        masks: booleans of that shape; each row allows something.
        rng: source of chance.
        temperature: exponent 1 / temperature is applied.

    Returns:
        int64 (n,).
    """
    weights = np.where(masks, np.maximum(probabilities, 1e-12), 0.0).astype(np.float64)
    if temperature <= 0:
        return weights.argmax(axis=1)
    if temperature != 1.0:
        weights = (weights / weights.max(axis=1, keepdims=True)) ** (1.0 / temperature)
    totals = weights.cumsum(axis=1)
    draws = rng.random(len(weights)) * totals[:, -1]
    chosen = (totals <= draws[:, None]).sum(axis=1)
    # Rounding can point one past the last allowed action.
    return np.minimum(chosen, masks.shape[1] - 1 - masks[:, ::-1].argmax(axis=1))


Policy = Callable[[np.ndarray], np.ndarray]  # planes (n, size, size, COUNT) -> probabilities (n, actions)
Record = Callable[[int, np.ndarray, np.ndarray, np.ndarray, np.ndarray], None]  # player, games, planes, actions, masks


def play_policies(
    players: Sequence[Policy],
    black: np.ndarray,
    games: Games,
    rng: np.random.Generator,
    temperature: float = 1.0,
    record: Record | None = None,
) -> np.ndarray:
    """Play games between two policies to the end, side by side, each move drawn from the policy of whose turn it is.

    Args:
        players: two policies.
        black: int (games,): which of the two plays Black.
        games: where they start; played to the end in place.
        rng: source of chance.
        temperature: see :func:`sample`.
        record: called for each batch of moves, e.g. to learn from them.

    Returns:
        Black's margin after komi, float64 (games,).
    """
    while len(running := games.running):
        turn = np.where(games.to_play[running] == BLACK, black[running], 1 - black[running])
        for player in (0, 1):
            which = running[turn == player]
            if not len(which):
                continue
            planes = games.planes(which)
            masks = games.policy_masks(which)
            actions = sample(players[player](planes), masks, rng, temperature)
            if record is not None:
                record(player, which, planes, actions, masks)
            games.play(which, actions)
    return games.scores()
