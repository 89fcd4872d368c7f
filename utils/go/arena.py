"""Who is stronger? Players behind one interface, matches with alternating colours, Elo (lesson 11).

::

    python -m utils.go.arena match search:go_master9,lambda=0.5,tactics=1 gnugo:10 --games 200 --out games.jsonl
    python -m utils.go.arena elo games1.jsonl games2.jsonl

A match writes one line a game and continues after a kill. Players, as the command line names them:

- ``policy:NAME``: a network without search, each move drawn from it (``,temperature=0`` takes the best;
  ``,symmetry=all`` averages it over the board's eight symmetries);
- ``search:POLICY+VALUE`` (one name if the network has both heads; ``-`` leaves one out) with options
  ``playouts=``, ``batch=``, ``lambda=``, ``rollouts=``, ``tactics=1`` (see :mod:`utils.go.rollouts`), ``c=``,
  ``seconds=``;
- ``rollouts:N``: search with no network;
- ``gnugo:LEVEL``: GNU Go through the Go Text Protocol, Chinese rules, told to capture dead stones before it
  passes, since our score counts every stone on the board as alive.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from utils.go import features, mcts
from utils.go.batch import Games, sample
from utils.go.board import Board, IllegalMove
from utils.go.gtp_client import Program, ProgramError
from utils.go.lecture_search import Evaluate
from utils.go.position import COLOR, META, PASSES
from utils.go.vertices import BLACK, WHITE, action_of, vertex_of
from utils.statistics import wilson_interval

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
        if self.seconds is not None and size not in self._warm_sizes:
            # The first evaluations compile; no move's clock should pay for that.
            mcts.Forest([Board(size, komi)], self.evaluate, self.settings).run(4 * self.settings.batch)
            self._warm_sizes.add(size)

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
        """Another move where passing is no better and does not end a won game.

        The networks learned passing from players who agree on what is dead. Here stones count until they are
        captured, a move inside one's own area costs nothing, and the opponent may go on after a pass.
        """
        passing = board.pass_action
        score = board.score() if board.to_play == BLACK else -board.score()
        if action != passing or (board.s[META, PASSES] == 1 and score > 0):
            return action
        visits, q = forest.visits(), forest.q()
        others = np.where(q >= q[passing] - PASS_MARGIN, visits, 0)
        others[passing] = 0
        return int(others.argmax()) if others.any() else passing


class ProgramPlayer(Player):
    """Another program, driven through the Go Text Protocol.

    Args:
        command: program and arguments; ``{seed}`` in them is replaced by the game's seed.
        name: for the table.
    """

    def __init__(self, command: Sequence[str], name: str):
        self.command, self.name = list(command), name
        self.program: Program | None = None

    def start(self, size: int, komi: float, seed: int) -> None:
        if self.program is None or any("{seed}" in word for word in self.command):
            self.close()
            self.program = Program([word.format(seed=seed % 2**31) for word in self.command])
        self.program.start_game(size, komi)

    def choose(self, board: Board) -> int:
        answer = self.program.send(f"genmove {'BW'[board.to_play - 1]}").strip().lower()
        if answer == "resign":
            return RESIGN
        return action_of(answer, board.size)

    def observe(self, board: Board, action: int) -> None:
        self.program.send(f"play {'BW'[board.to_play - 1]} {vertex_of(action, board.size)}")

    def close(self) -> None:
        if self.program is not None:
            self.program.close()
            self.program = None


def gnugo(level: int = 10) -> ProgramPlayer:
    """GNU Go 3.8 as an opponent."""
    words = f"gnugo --mode gtp --chinese-rules --capture-all-dead --never-resign --level {level}".split()
    return ProgramPlayer([*words, "--seed", "{seed}"], f"gnugo:{level}")


# ---------------------------------------------------------------------------------------------------------------------
# Games and matches


@dataclass
class GameResult:
    """One game of a match.

    Attributes:
        number: of the game in its match.
        black, white: names.
        score: Black's margin after komi; after a resignation or a forfeit 1 or -1.
        end: ``passes``, ``resigned``, ``limit`` (too many moves; the board was counted as it stood) or ``illegal``
            (the program played against our rules, superko for instance, and forfeits).
        moves: vertices.
        seconds: thinking time of Black and of White.
        slowest: longest move of Black and of White, in seconds.
    """

    number: int
    black: str
    white: str
    score: float
    end: str
    moves: str
    seconds: list[float] = field(default_factory=list)
    slowest: list[float] = field(default_factory=list)


def play_game(
    black: Player, white: Player, size: int = 9, komi: float = 7.0, number: int = 0, seed: int = 0, limit: int = 0
) -> GameResult:
    """Play one game to its end; see :class:`GameResult`."""
    board, players = Board(size, komi), {BLACK: black, WHITE: white}
    for color, player in players.items():
        player.start(size, komi, seed * 2 + color)
    times: dict[int, list[float]] = {BLACK: [0.0], WHITE: [0.0]}
    end, score = "limit", None
    for _ in range(limit or 4 * size * size):
        color = board.to_play
        started = time.perf_counter()
        action = players[color].choose(board)
        times[color].append(time.perf_counter() - started)
        if action == RESIGN or not board.is_legal(action):
            end, score = "resigned" if action == RESIGN else "illegal", -1.0 if color == BLACK else 1.0
            break
        players[3 - color].observe(board, action)
        board.play(action)
        if board.is_over:
            end = "passes"
            break
    return GameResult(
        number,
        black.name,
        white.name,
        board.score() if score is None else score,
        end,
        " ".join(vertex_of(action, size) for action in board.moves),
        [round(sum(times[c]), 2) for c in (BLACK, WHITE)],
        [round(max(times[c]), 3) for c in (BLACK, WHITE)],
    )


def match(
    first: Player,
    second: Player,
    games: int,
    out: Path | None = None,
    size: int = 9,
    komi: float = 7.0,
    seed: int = 0,
    share: tuple[int, int] = (0, 1),
) -> list[GameResult]:
    """Play ``games`` games, the first player taking Black in every even one.

    Args:
        out: file of one JSON object a line; games that it holds already are not played again.
        share: (k, n) plays only every n-th pair of games, from the k-th on: n processes with the same ``out`` share a
            match.

    Returns:
        The games there are, in order.
    """
    done = {result.number: result for result in read_results(out)} if out is not None else {}
    try:
        for number in range(games):
            if number in done or number // 2 % share[1] != share[0]:
                continue
            black, white = (first, second) if number % 2 == 0 else (second, first)
            done[number] = play_game(black, white, size, komi, number, seed + number)
            if out is not None:
                out.parent.mkdir(parents=True, exist_ok=True)
                with out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(asdict(done[number])) + "\n")
    finally:
        first.close()
        second.close()
    return [done[number] for number in range(games) if number in done]


def read_results(path: Path) -> list[GameResult]:
    """Games of a match file; a last line cut off by a kill is dropped, in the file too."""
    if not Path(path).exists():
        return []
    lines = Path(path).read_text(encoding="utf-8").splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines.pop()
        Path(path).write_text("".join(lines), encoding="utf-8")
    return [GameResult(**json.loads(line)) for line in lines]


def summary(results: Sequence[GameResult], name: str) -> dict:
    """Wins of player ``name`` (a draw is half), with the 95 % Wilson interval, by colour, and times."""
    points = {BLACK: [], WHITE: []}
    slowest = 0.0
    for result in results:
        color = BLACK if result.black == name else WHITE
        points[color].append((1 + np.sign(result.score if color == BLACK else -result.score)) / 2)
        slowest = max([slowest, *result.slowest[color - 1 : color]])
    both = points[BLACK] + points[WHITE]
    return {
        "name": name,
        "games": len(both),
        "win_rate": float(np.mean(both)),
        "interval": [float(x) for x in wilson_interval(int(np.sum(both)), len(both))],
        "as_black": float(np.mean(points[BLACK])) if points[BLACK] else None,
        "as_white": float(np.mean(points[WHITE])) if points[WHITE] else None,
        "slowest_move": slowest,
        "ends": {end: sum(r.end == end for r in results) for end in sorted({r.end for r in results})},
    }


def elo(results: Sequence[GameResult], anchor: str | None = None, prior_games: float = 1.0) -> dict[str, float]:
    """Elo ratings by maximum likelihood (Bradley and Terry 1952; 400 points are odds of ten to one).

    Args:
        anchor: player who gets 0; None makes the mean 0.
        prior_games: drawn games added to each pair that met, so that nobody who always won is infinitely strong.
    """
    names = sorted({r.black for r in results} | {r.white for r in results})
    index = {name: i for i, name in enumerate(names)}
    wins = np.zeros((len(names), len(names)))
    for r in results:
        share = (1 + np.sign(r.score)) / 2
        wins[index[r.black], index[r.white]] += share
        wins[index[r.white], index[r.black]] += 1 - share
    met = (wins + wins.T) > 0
    wins += prior_games / 2 * met
    strength = np.ones(len(names))
    for _ in range(2000):  # the classical fixed point: strength = wins / sum of games / (own + other's strength)
        total = (wins + wins.T) / (strength[:, None] + strength[None, :])
        last, strength = strength, wins.sum(axis=1) / np.maximum(total.sum(axis=1), 1e-12)
        strength /= np.exp(np.log(strength).mean())
        if np.allclose(strength, last, rtol=1e-9, atol=0):
            break
    ratings = 400 * np.log10(strength)
    ratings -= ratings[index[anchor]] if anchor else 0.0
    return {name: float(ratings[index[name]]) for name in sorted(names, key=lambda n: -ratings[index[n]])}


def elo_intervals(
    results: Sequence[GameResult], anchor: str | None = None, resamples: int = 200, seed: int = 0
) -> dict[str, tuple[float, float]]:
    """95 % intervals of :func:`elo`, from games drawn again with replacement within each pair (bootstrap).

    The anchor's own is (0, 0): the others' hold the uncertainty of the distance to it.
    """
    pairs: dict[frozenset, list[GameResult]] = {}
    for result in results:
        pairs.setdefault(frozenset((result.black, result.white)), []).append(result)
    rng, drawn = np.random.default_rng(seed), []
    for _ in range(resamples):
        again = [games[k] for games in pairs.values() for k in rng.integers(0, len(games), len(games))]
        drawn.append(elo(again, anchor))
    return {name: tuple(np.quantile([ratings[name] for ratings in drawn], (0.025, 0.975))) for name in drawn[0]}


# ---------------------------------------------------------------------------------------------------------------------
# Command line


def make_player(text: str) -> Player:
    """A player from its description (see the top of this module).

    Raises:
        ValueError: the description makes no sense.
    """
    head, *words = text.split(",")
    kind, _, what = head.partition(":")
    options = dict(word.partition("=")[::2] for word in words)
    if kind == "gnugo":
        return gnugo(int(what or 10))
    if kind == "random":
        return RandomPlayer()
    if kind == "rollouts":
        return SearchPlayer(mcts.no_network, mcts.rollout_settings(int(what or 2000)), text)
    if kind == "policy":
        from utils.go.networks import Evaluator

        network = fit_planes(Evaluator.from_file(what, options.get("symmetry")))
        return PolicyPlayer(network, text, float(options.get("temperature", 1)))
    if kind == "search":
        return _search_player(text, what, options)
    raise ValueError(f"Unknown player {text!r}; use policy:, search:, rollouts:, gnugo: or random.")


def fit_planes(evaluator) -> Evaluate:
    """Let a network that was trained on raw planes see only those."""
    return evaluator if evaluator.architecture.planes == features.COUNT else mcts.raw_planes(evaluator)


def load_pair(what: str, symmetry: int | None = 1) -> Evaluate:
    """``POLICY+VALUE`` or the name of one network with both heads; ``-`` leaves an ingredient out."""
    names = what.split("+")
    loaded = {}
    for name in names:
        if name not in ("", "-"):
            from utils.go.networks import Evaluator

            loaded[name] = fit_planes(Evaluator.from_file(name, symmetry))
    if len(names) == 1:
        return loaded.get(names[0], mcts.no_network)
    return mcts.joined(*(loaded.get(name) for name in names))


def _search_player(text: str, what: str, options: dict[str, str]) -> SearchPlayer:
    settings = mcts.SearchSettings(
        playouts=int(options.pop("playouts", 800)),
        batch=int(options.pop("batch", 8)),
        mixing=float(options.pop("lambda", 0.0)),
        rollouts=int(options.pop("rollouts", 1)),
        tactics=options.pop("tactics", "0") == "1",
        exploration=float(options.pop("c", mcts.SearchSettings.exploration)),
        score_weight=float(options.pop("score", 0.0)),
    )
    seconds = float(options.pop("seconds")) if "seconds" in options else None
    if options:
        raise ValueError(f"Unknown options {sorted(options)} of {text!r}.")
    return SearchPlayer(load_pair(what), settings, text, seconds)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m utils.go.arena", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    play = commands.add_parser("match", help="play; continues after a kill")
    play.add_argument("first")
    play.add_argument("second")
    play.add_argument("--games", type=int, default=100)
    play.add_argument("--out", type=Path)
    play.add_argument("--size", type=int, default=9)
    play.add_argument("--komi", type=float, default=7.0)
    play.add_argument("--seed", type=int, default=0)
    play.add_argument("--share", default="0/1", metavar="K/N", help="play every N-th pair of games, beside others")
    table = commands.add_parser("elo", help="ratings from match files")
    table.add_argument("files", type=Path, nargs="+")
    table.add_argument("--anchor")
    options = parser.parse_args()
    if options.command == "elo":
        results = [result for path in options.files for result in read_results(path)]
        for name, rating in elo(results, options.anchor).items():
            print(f"{rating:7.0f}  {name}")
        return
    try:
        first, second = make_player(options.first), make_player(options.second)
        share = tuple(int(number) for number in options.share.split("/"))
        results = match(first, second, options.games, options.out, options.size, options.komi, options.seed, share)
    except (ProgramError, FileNotFoundError, ValueError, IllegalMove) as error:
        raise SystemExit(str(error)) from None
    print(json.dumps(summary(results, first.name), indent=1))


if __name__ == "__main__":
    main()
