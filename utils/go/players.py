"""Players: what chooses the moves in matches, in the Go Text Protocol and on the board to click (lesson 11).

:class:`PolicyPlayer` is a network without search, :class:`SearchPlayer` the whole program; other programs play as
:class:`utils.go.gtp_client.ProgramPlayer`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from utils.go import features, mcts
from utils.go.batch import Games, sample
from utils.go.board import Board
from utils.go.lecture_search import Evaluate
from utils.go.position import COLOR, META, PASSES
from utils.go.vertices import BLACK

RESIGN = -1
PASS_MARGIN = 0.05  # a move may look so much worse than passing and is still played


class Player:
    """What a match needs of a player."""

    name = "player"

    def start(self, size: int, komi: float, seed: int) -> None:
        """A new game begins."""

    def choose(self, board: Board) -> int:
        """The player's move in ``board``: an action or RESIGN."""
        raise TypeError(f"{type(self).__name__} cannot choose a move.")

    def observe(self, board: Board, action: int) -> None:
        """The opponent plays ``action`` in ``board`` (not yet played there)."""

    def close(self) -> None:
        """The match is over."""


class RandomPlayer(Player):
    """Uniform over moves that fill no own eye."""

    name = "random"

    def start(self, size: int, komi: float, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def choose(self, board: Board) -> int:
        mask = board.sensible_mask()
        mask[-1] = not mask[:-1].any()
        return int(self.rng.choice(np.flatnonzero(mask)))


class PolicyPlayer(Player):
    """A network without search: the lecture's "using no search at all".

    Args:
        evaluate: see :data:`utils.go.lecture_search.Evaluate`.
        temperature: 1 draws from the policy, 0 takes its best.
    """

    def __init__(self, evaluate: Evaluate, name: str = "policy", temperature: float = 1.0):
        self.evaluate, self.name, self.temperature = evaluate, name, temperature
        self.rng = np.random.default_rng(0)

    def start(self, size: int, komi: float, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def choose(self, board: Board) -> int:
        policy, _ = self.evaluate(features.planes_of(board)[None])
        masks = Games.of([board]).policy_masks(np.array([0]))
        return int(sample(policy, masks, self.rng, self.temperature)[0])


class SearchPlayer(Player):
    """Tree search; keeps its tree from move to move.

    Args:
        evaluate: network(s), see :data:`utils.go.lecture_search.Evaluate`.
        settings: see :class:`utils.go.mcts.SearchSettings`.
        seconds: limit for a move, None for none.
        resign: give up when the root's value is below this twice running; None never does.

    Attributes:
        forest: the latest search, to look at.
    """

    def __init__(self, evaluate, settings: mcts.SearchSettings, name: str = "search", seconds=None, resign=None):
        self.evaluate, self.settings, self.name = evaluate, settings, name
        self.seconds, self.resign = seconds, resign
        self.forest: mcts.Forest | None = None
        self.moves, self.seed, self.hopeless = [], 0, 0
        self._warm_sizes: set[int] = set()

    def start(self, size: int, komi: float, seed: int) -> None:
        self.forest, self.moves, self.seed, self.hopeless = None, [], seed, 0
        if self.seconds is not None:
            self.warm(size, komi)

    def warm(self, size: int, komi: float) -> None:
        """Play a few moves on the side, once a size: what is compiled then, no move's clock has to pay for."""
        if size not in self._warm_sizes:
            self._warm_sizes.add(size)
            twin = SearchPlayer(
                self.evaluate, replace(self.settings, playouts=4 * self.settings.batch), resign=self.resign
            )
            board = Board(size, komi)
            for _ in range(3):
                if (action := twin.choose(board)) != RESIGN:
                    board.play(action)

    def think(self, board: Board) -> mcts.Forest:
        """Search ``board`` and return the search; the tree of the last move is used if the game went on from
        there."""
        known = len(self.moves)
        follows = self.forest is not None and board.moves[:known] == self.moves and board.size == self.forest.size
        if follows and len(board.moves) - known <= 2 and board.komi == self.forest.games.komi:
            for action in board.moves[known:]:
                self.forest.play(0, action)
        if not follows or int(self.forest.games.to_play[0]) != board.to_play or self._differs(board):
            # The search's own limit would end a long game on the board, where it must go on.
            settings = replace(self.settings, limit=self.settings.limit or len(board.moves) + 8 * board.size**2)
            self.forest = mcts.Forest([board], self.evaluate, settings, self.seed + len(board.moves))
        self.moves = list(board.moves)
        # A program on the clock does not go on thinking about a move that is found.
        self.forest.run(seconds=self.seconds, which=np.array([0]), when_decided=self.seconds is not None)
        return self.forest

    def _differs(self, board: Board) -> bool:
        """Has the board come about otherwise than by the moves (set-up stones, undo)?"""
        return not np.array_equal(self.forest.games.states[0, COLOR], board.s[COLOR])

    def choose(self, board: Board) -> int:
        if board.is_over:
            return board.pass_action
        forest = self.think(board)
        self.hopeless = self.hopeless + 1 if self.resign is not None and forest.value() < self.resign else 0
        if self.hopeless >= 2:
            return RESIGN
        action = self._rather_not_pass(board, forest, int(forest.policy(0, 0).argmax()))
        if not board.is_legal(action):  # cannot happen; a wrong move would cost the game, a second look costs nothing
            action = int(np.argmax(np.where(board.legal_mask(), forest.policy(), -1)))
        return action

    @staticmethod
    def _rather_not_pass(board: Board, forest: mcts.Forest, action: int) -> int:
        """Another move where passing loses, or is no better and does not end a won game.

        The networks learned passing from players who agree on what is dead. Here stones count until they are
        captured, a move inside one's own area costs nothing, and the opponent may go on after a pass. So whoever is
        behind on the board as it stands plays on while there is a move that fills no own eye.
        """
        passing = board.pass_action
        score = board.score() if board.to_play == BLACK else -board.score()
        if action != passing or (board.s[META, PASSES] == 1 and score > 0):
            return action
        visits, q, prior = forest.visits(), forest.q(), forest.trees.prior[0, mcts.ROOT]
        others = np.where(q >= q[passing] - PASS_MARGIN, visits, 0)
        if score < 0:
            others = np.where(prior >= 0, visits + prior, 0)  # among moves never tried the policy decides
        others[passing] = 0
        return int(others.argmax()) if others.any() else passing


# ---------------------------------------------------------------------------------------------------------------------
# Networks for them


def fit_planes(evaluator) -> Evaluate:
    """Let a network that was trained on raw planes see only those."""
    return evaluator if evaluator.architecture.planes == features.COUNT else mcts.raw_planes(evaluator)


def load_pair(what: str, symmetry: int | None = 1, half: bool = False) -> Evaluate:
    """``POLICY+VALUE`` or the name of one network with both heads; ``-`` leaves an ingredient out.

    ``half``: see :func:`utils.go.networks.build`.
    """
    names = what.split("+")
    loaded = {}
    for name in names:
        if name not in ("", "-"):
            from utils.go.networks import Evaluator

            loaded[name] = fit_planes(Evaluator.from_file(name, symmetry, half))
    if len(names) == 1:
        return loaded.get(names[0], mcts.no_network)
    return mcts.joined(*(loaded.get(name) for name in names))
