"""Who is stronger? Players behind one interface, matches with alternating colours, Elo (lesson 11).

::

    python -m utils.go.arena match search:go_master9,lambda=0.5,tactics=1 gnugo:10 --games 200 --out games.jsonl
    python -m utils.go.arena elo games1.jsonl games2.jsonl

A match writes one line a game and continues after a kill. Players, as the command line names them:

- ``policy:NAME``: a network without search, each move drawn from it (``,temperature=0`` takes the best;
  ``,symmetry=all`` averages it over the board's eight symmetries);
- ``search:POLICY+VALUE`` (one name if the network has both heads; ``-`` leaves one out) with options
  ``playouts=``, ``batch=``, ``threads=``, ``lambda=``, ``rollouts=``, ``tactics=1`` (see :mod:`utils.go.rollouts`),
  ``c=``, ``formula=lecture``, ``seconds=``, ``half=1`` (the networks compute in bfloat16, which only processors with
  instructions for it do faster);
- ``rollouts:N``: search with no network;
- ``gnugo:LEVEL``: GNU Go through the Go Text Protocol, Chinese rules, told to capture dead stones before it
  passes, since our score counts every stone on the board as alive.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from utils import commands
from utils.checkpoints import append_line, write_atomically
from utils.go import mcts
from utils.go.board import Board, IllegalMove
from utils.go.gtp_client import ProgramError, gnugo
from utils.go.options import between
from utils.go.players import RESIGN, Player, PolicyPlayer, RandomPlayer, SearchPlayer, fit_planes, load_pair
from utils.go.vertices import BLACK, MAX_SIZE, MIN_SIZE, WHITE, vertex_of
from utils.statistics import wilson_interval

OUTCOMES = ("wins", "draws", "losses")


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
                append_line(out, json.dumps(asdict(done[number])))
    finally:
        first.close()
        second.close()
    return [done[number] for number in range(games) if number in done]


def read_results(path: Path) -> list[GameResult]:
    """Games of a match file; a last line cut off by a kill is dropped, in the file too."""
    if not Path(path).exists():
        return []
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines(keepends=True)
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no file of matches ({error.reason}); take another.") from error
    if lines and not lines[-1].endswith("\n"):
        lines.pop()
        text = "".join(lines).encode("utf-8")
        write_atomically(path, lambda file: file.write(text))
    try:
        return [GameResult(**json.loads(line)) for line in lines]
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path} is no file of matches ({error}); take another.") from error


def summary(results: Sequence[GameResult], name: str) -> dict:
    """How player ``name`` did: share of wins (a draw is half) with its 95 % Wilson interval, wins, draws and losses by
    colour, slowest move, and how many of the games differ from all before."""
    counts = {BLACK: [0, 0, 0], WHITE: [0, 0, 0]}
    slowest = 0.0
    for result in results:
        color = BLACK if result.black == name else WHITE
        counts[color][1 - int(np.sign(result.score if color == BLACK else -result.score))] += 1
        slowest = max([slowest, *result.slowest[color - 1 : color]])
    wins, draws, _ = np.sum(list(counts.values()), axis=0)
    return {
        "name": name,
        "games": len(results),
        "distinct_games": len({result.moves for result in results}),
        "win_rate": float((wins + draws / 2) / len(results)),
        "interval": [float(x) for x in wilson_interval(wins + draws / 2, len(results))],
        "as_black": dict(zip(OUTCOMES, counts[BLACK])),
        "as_white": dict(zip(OUTCOMES, counts[WHITE])),
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


def _search_player(text: str, what: str, options: dict[str, str]) -> SearchPlayer:
    settings = mcts.SearchSettings(
        playouts=int(options.pop("playouts", 800)),
        batch=int(options.pop("batch", 8)),
        threads=int(options.pop("threads", 1)),
        mixing=float(options.pop("lambda", 0.0)),
        rollouts=int(options.pop("rollouts", 1)),
        tactics=options.pop("tactics", "0") == "1",
        exploration=float(options.pop("c", mcts.SearchSettings.exploration)),
        formula=options.pop("formula", mcts.SearchSettings.formula),
        score_weight=float(options.pop("score", 0.0)),
    )
    seconds = float(options.pop("seconds")) if "seconds" in options else None
    half = options.pop("half", "0") == "1"
    if options:
        raise ValueError(f"Unknown options {sorted(options)} of {text!r}.")
    return SearchPlayer(load_pair(what, half=half), settings, text, seconds)


def _alone(out: Path | None, share: tuple[int, int]) -> contextlib.AbstractContextManager:
    """Several processes may play a match, each its share of it, but no share twice."""
    if out is None:
        return contextlib.nullcontext()
    commands.check_writable(out)
    return commands.alone(out.with_name(f"{out.name}.share{share[0]}of{share[1]}"))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m utils.go.arena", description=__doc__.splitlines()[0])
    kinds = parser.add_subparsers(dest="command", required=True)
    play = kinds.add_parser("match", help="play; continues after a kill")
    play.add_argument("first")
    play.add_argument("second")
    play.add_argument("--games", type=between(int, 1, 1e6), default=100)
    play.add_argument("--out", type=Path)
    play.add_argument("--size", type=between(int, MIN_SIZE, MAX_SIZE), default=9)
    play.add_argument("--komi", type=between(float, -1000, 1000), default=7.0)
    play.add_argument("--seed", type=between(int, 0, 2**31 - 1), default=0)
    play.add_argument(
        "--share", type=commands.share, default="0/1", metavar="K/N", help="every N-th pair of games, beside others"
    )
    table = kinds.add_parser("elo", help="ratings from match files")
    table.add_argument("files", type=Path, nargs="+")
    table.add_argument("--anchor")
    options = parser.parse_args()
    if options.command == "elo":
        missing = [str(path) for path in options.files if not path.is_file()]
        if missing:
            raise FileNotFoundError(f"There is no file {', '.join(missing)}; name those that matches wrote.")
        results = [result for path in options.files for result in read_results(path)]
        for name, rating in elo(results, options.anchor).items():
            print(f"{rating:7.0f}  {name}")
        return
    try:
        first, second = make_player(options.first), make_player(options.second)
        game = (options.size, options.komi, options.seed, options.share)
        with _alone(options.out, options.share):
            results = match(first, second, options.games, options.out, *game)
    except (ProgramError, FileNotFoundError, ValueError, IllegalMove) as error:
        raise SystemExit(str(error)) from None
    print(json.dumps(summary(results, first.name), indent=1))


if __name__ == "__main__":
    raise SystemExit(commands.run(main, ValueError))
