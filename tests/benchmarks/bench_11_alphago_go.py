"""Speed of lesson 11: playouts, the bare network, the search, seconds a move, self-play. Reports, asserts nothing.

    python tests/benchmarks/bench_11_alphago_go.py [--peers OTHER/bin/python] [--record]

``--peers`` is an interpreter with open_spiel, measured in the same run (default: the one that ``make bench`` builds).
``--record`` writes the figures that the ledger keeps. Wants a quiet machine: network and search are timed by the wall.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from results_11_alphago_go import full_search

from utils import commands, results, runtime
from utils.go import features
from utils.go.board import Board

BATCHES = (1, 4, 8, 16, 32)


def playouts_per_second(count: int = 40_000) -> float:
    """Random 9x9 games a second of CPU time on one core."""
    board = Board(9, 7.0)
    board.playouts(10)
    started = time.process_time()
    board.playouts(count, seed=1)
    return count / (time.process_time() - started)


def fast_playouts_per_second(count: int = 20_000) -> float:
    """The same, moves by the fast rollout policy."""
    board = Board(9, 7.0)
    board.playouts(10, tactics=True)
    started = time.process_time()
    board.playouts(count, seed=1, tactics=True)
    return count / (time.process_time() - started)


def peer_playouts(python: str) -> float:
    """OpenSpiel's, by its own interpreter."""
    script = Path(__file__).with_name("peer_11_openspiel.py")
    answer = subprocess.run([python, str(script), "8000"], capture_output=True, text=True, check=True)
    return float(answer.stdout)


def search_positions(count: int = 24) -> list[Board]:
    """Positions of held-out games, from their opening to their end."""
    from utils.go import examples

    games = examples.load_games("heldout", limit=count)
    return [game.after(min(8 + 2 * number, len(game.points) - 4)) for number, game in enumerate(games)]


def network_speed(evaluator, boards: list[Board], batch: int, threads: int, seconds: float = 2.0) -> float:
    """Positions a second that the bare network judges, called by so many threads at once."""
    planes = np.resize(np.stack([features.planes_of(board) for board in boards]), (batch, 9, 9, features.COUNT))
    evaluator(planes)
    started = time.perf_counter()

    def call() -> int:
        calls = 0
        while time.perf_counter() - started < seconds:
            evaluator(planes)
            calls += 1
        return calls * batch

    with ThreadPoolExecutor(threads) as pool:
        done = [pool.submit(call) for _ in range(threads)]
    return sum(count.result() for count in done) / (time.perf_counter() - started)


def search_speed(evaluator, boards: list[Board], batch: int, threads: int, playouts: int) -> tuple[float, float]:
    """Positions that a search asks the network for, and its simulations, a second; one search after the other."""
    from utils.go import mcts

    settings = mcts.SearchSettings(playouts=playouts, batch=batch, threads=threads)
    mcts.Forest(boards[:1], evaluator, settings).run()
    asked, started = evaluator.evaluations, time.perf_counter()
    for board in boards:
        mcts.Forest([board], evaluator, settings).run()
    passed = time.perf_counter() - started
    return (evaluator.evaluations - asked) / passed, playouts * len(boards) / passed


def seconds_a_move(games: int = 2) -> tuple[float, float]:
    """Mean seconds a move of the full search and of GNU Go's level 10 in games against each other."""
    from utils.go import arena

    first, second = arena.make_player(full_search()), arena.make_player("gnugo:10")
    ours = theirs = 0.0
    moves = 0
    for game in arena.match(first, second, games):
        pair = game.seconds if game.black == first.name else game.seconds[::-1]
        ours, theirs, moves = ours + pair[0], theirs + pair[1], moves + len(game.moves.split()) / 2
    return ours / moves, theirs / moves


def search_beside_network() -> dict[str, float]:
    """Print the bare network beside the search at every batch and number of threads; the setting of full_search()."""
    from utils.go import arena

    player = arena.make_player(full_search())
    evaluator, played, boards = player.evaluate, player.settings, search_positions()
    print("positions a second, network bare and in a search (share), and simulations a second:")
    for threads in sorted({1, 2, played.threads}):
        for batch in sorted({*BATCHES, played.batch}):
            bare = network_speed(evaluator, boards, batch, threads)
            asked, simulations = search_speed(evaluator, boards, batch, threads, played.playouts)
            row = f"  {threads} threads, batch {batch:2d}: {bare:7,.0f} {asked:7,.0f} ({asked / bare:4.0%})"
            row += f" {simulations:7,.0f}"
            chosen = (threads, batch) == (played.threads, played.batch)
            print(row, "  <- full search" if chosen else "", flush=True)
            if chosen:
                found = {"bare": bare, "asked": asked, "simulations": simulations}
    return found


def rollouts_beside_peer(python: Path) -> tuple[float, str]:
    """Random games a second, and a note that sets OpenSpiel's beside them."""
    speed, fast = playouts_per_second(), fast_playouts_per_second()
    note = "random games from the empty 9x9 board, no own eye filled, one core, CPU time"
    if python.exists():
        other = peer_playouts(str(python))
        ratio = speed / other
        print(f"random games a second         ours {speed:10,.0f}, OpenSpiel {other:,.0f}: {ratio:.1f} times as fast")
        note += f"; OpenSpiel's C++ rollouts in the same run {other:,.0f}"
    else:
        print(
            f"random games a second         {speed:10,.0f}; no OpenSpiel: {python} is missing; `make bench` builds it"
        )
    print(f"games by the fast policy      {fast:10,.0f} a second")
    return speed, f"{note}; by the fast policy of utils.go.rollouts {fast:,.0f}"


def selfplay_games_per_hour() -> tuple[float, str]:
    """Zero's games on 5x5 with random weights."""
    from utils.go import networks, zero_games

    settings = zero_games.ZeroSettings(games=32)
    weights = networks.build(zero_games.architecture_of(settings)).get_weights()
    zero_games.play_games(weights, settings, 0)
    started = time.perf_counter()
    zero_games.play_games(weights, settings, 1)
    hourly = settings.games / (time.perf_counter() - started) * 3600
    print(f"self-play on 5x5              {hourly:10,.0f} games an hour ({settings.playouts} playouts, random weights)")
    return hourly, f"5x5, {settings.games} games side by side, {settings.playouts} playouts a move, random weights"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", type=Path, default=runtime.repo_root() / ".venv-peers" / "bin" / "python")
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")  # small batches are served best by one thread each
    runtime.start(quiet=True)
    print(f"{results.hardware_name()}; load before the start {os.getloadavg()[0]:.1f}")
    playouts, note = rollouts_beside_peer(options.peers)
    found = search_beside_network()
    ours, theirs = seconds_a_move()
    print(f"seconds a move                ours {ours:.2f}, GNU Go level 10 {theirs:.3f}")
    hourly, selfplay = selfplay_games_per_hour()
    if not options.record:
        return
    how = f"{full_search()}, positions of held-out games"
    results.record("go.playouts_per_second", playouts, unit="games/s", backend="numba", note=note)
    results.record("go.evaluations_per_second", found["bare"], unit="positions/s", note=f"bare network of {how}")
    note = (
        f"{how}; asks the network for {found['asked']:,.0f} positions a second, {found['asked'] / found['bare']:.0%} of"
    )
    note += f" what it gives bare; {ours:.2f} s a move in games against GNU Go level 10, which takes {theirs:.3f}"
    results.record("go.simulations_per_second", found["simulations"], unit="simulations/s", note=note)
    results.record("go.selfplay5_games_per_hour", hourly, unit="games/h", note=selfplay)


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
