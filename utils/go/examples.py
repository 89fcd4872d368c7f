"""From games to training examples: positions of many games, their planes packed to bits (lesson 11).

Steps 1 and 3 learn from them, and the notebook picks from them. Games are held out whole, and by their opening, so that
no test position has a twin among those learned from.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from utils import runtime
from utils.datasets import store
from utils.go import features, sgf
from utils.go.gnugo_games import canonical


@dataclass
class Positions:
    """Positions of expert games, planes packed to bits.

    Attributes:
        packed: uint8 (n, bytes): :func:`numpy.packbits` of the planes.
        actions: int64 (n,), the expert's moves.
        outcomes: float32 (n,): 1 if the side to play won the game, -1 if it lost, 0 for a draw or unknown.
        games: int64 (n,), which game.
        moves: int64 (n,), number of moves before.
        size: of the board.
        owners: int8 (n, size * size) or None: 1 where the side to play owns the point at the end, -1 where the other.
        margins: float32 (n,) or None: by how much the side to play wins, komi counted, as a share of the board.
        policies: float16 (n, size * size + 1) or None: what a policy or a search thought of each move.
    """

    packed: np.ndarray
    actions: np.ndarray
    outcomes: np.ndarray
    games: np.ndarray
    moves: np.ndarray
    size: int
    owners: np.ndarray | None = None
    margins: np.ndarray | None = None
    policies: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.actions)

    def planes(self, index: np.ndarray) -> np.ndarray:
        """Unpacked planes of some positions, float32 (n, size, size, features.COUNT)."""
        count = self.size * self.size * features.COUNT
        bits = np.unpackbits(self.packed[index], axis=1, count=count)
        return bits.reshape(len(index), self.size, self.size, features.COUNT).astype(np.float32)

    def columns(self) -> dict[str, np.ndarray]:
        """The arrays that are there, by name."""
        return {name: values for name, values in vars(self).items() if isinstance(values, np.ndarray)}

    def subset(self, index: np.ndarray | slice) -> Positions:
        """The positions ``index``."""
        return Positions(**{name: values[index] for name, values in self.columns().items()}, size=self.size)


def concatenate(parts: list[Positions]) -> Positions:
    """All positions of several collections; their games are numbered on, so that none is taken for another.

    Columns that one of them lacks are left out.
    """
    names = set.intersection(*(set(part.columns()) for part in parts))
    joined = {name: np.concatenate([part.columns()[name] for part in parts]) for name in names}
    offsets = np.cumsum([0] + [int(part.games.max(initial=-1)) + 1 for part in parts[:-1]])
    joined["games"] = np.concatenate([part.games + offset for part, offset in zip(parts, offsets)])
    return Positions(**joined, size=parts[0].size)


def some_of_each_game(positions: Positions, per_game: int, seed: int = 0) -> Positions:
    """Up to ``per_game`` random positions of each game; the game's first is always among them."""
    keys = np.where(positions.moves == 0, -1.0, np.random.default_rng(seed).random(len(positions)))
    order = np.lexsort((keys, positions.games))
    rank = np.empty(len(positions), np.int64)
    starts = np.searchsorted(positions.games[order], positions.games[order])
    rank[order] = np.arange(len(positions)) - starts
    return positions.subset(rank < per_game)


def positions_of(games: list[sgf.Game]) -> Positions:
    """All positions in which an expert moved; moves of a random opening are replayed but not learned.

    Raises:
        ValueError: no games, or games of several sizes.
    """
    sizes = {game.size for game in games}
    if len(sizes) != 1:
        raise ValueError(f"Expected games of one board size, got {sorted(sizes) or 'none'}.")
    size = sizes.pop()
    rows = []
    for number, game in enumerate(games):
        for move, (board, action) in enumerate(game.boards()):
            if move < game.opening:
                continue
            outcome = 0.0
            if game.winner:
                outcome = 1.0 if game.winner == board.to_play else -1.0
            packed = np.packbits(features.planes_of(board, np.uint8).ravel())
            rows.append((packed, action, outcome, number, move))
    packed, actions, outcomes, numbers, moves = (np.array(column) for column in zip(*rows))
    return Positions(packed, actions, outcomes.astype(np.float32), numbers, moves, size)


def games_folder() -> Path:
    """``mldata/go``, where the GNU Go games ship."""
    return runtime.repo_root() / "mldata" / "go"


def load_games(part: str = "train", limit: int | None = None) -> list[sgf.Game]:
    """The GNU Go games that ship with the course: ``"train"`` or ``"heldout"``."""
    return sgf.read_games(games_folder() / f"gnugo_9x9_{part}.sgf.gz", limit=limit)[0]


def split_by_opening(
    games: list[sgf.Game], share: float = 0.05, opening: int = 10, salt: str = ""
) -> tuple[list, list]:
    """Set aside about ``share`` of the games, whole openings at a time, by their hash; ``salt`` draws others."""
    kept, aside = [], []
    for game in games:
        key = (salt + repr(canonical(game.points[:opening], game.size))).encode()
        (aside if zlib.crc32(key) % 1000 < 1000 * share else kept).append(game)
    return kept, aside


def split_games(path: Path | None = None, limit: int | None = None) -> tuple[list, list, list]:
    """Games to learn from, games for choices during training, and held-out games that only the report sees.

    Args:
        path: SGF file, folder or archive, or the name of a file in mldata/registry.toml, from which one game in
            twenty is held out; None takes the GNU Go games with the held-out file that ships beside them.
        limit: read so many games of ``path`` at most.

    Raises:
        FileNotFoundError: there is nothing at ``path``, nor can it be fetched.
    """
    if path is None:
        return *split_by_opening(load_games("train")), load_games("heldout")
    if not path.exists() and path.name in store.registry():
        path = store.fetch(path.name) or path
    games, report = sgf.read_games(path, limit=limit)
    if report.skipped:
        print(f"{path.name}: {report}")
    rest, heldout = split_by_opening(games, salt="held out")
    return *split_by_opening(rest), heldout
