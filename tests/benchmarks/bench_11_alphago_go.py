"""Speed of lesson 11: playouts, evaluations, simulations, self-play. Reports, asserts nothing.

    python tests/benchmarks/bench_11_alphago_go.py [--peer OTHER/bin/python] [--record]

``--peer`` is the interpreter of an environment with open_spiel (pip install open_spiel), measured in the same run.
``--record`` writes the figures that the ledger keeps.
"""

from __future__ import annotations

import argparse
import subprocess
import time
from pathlib import Path

import numpy as np

from utils import commands, results, runtime
from utils.go.board import Board


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


def evaluations_per_second(evaluator, batch: int, seconds: float = 3.0) -> float:
    """Positions evaluated a second of wall-clock time, in batches."""
    planes = np.zeros((batch, 9, 9, evaluator.architecture.planes), np.float32)
    evaluator(planes)
    count, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        evaluator(planes)
        count += batch
    return count / (time.perf_counter() - started)


def simulations_per_second(evaluate, batch: int, playouts: int = 800) -> float:
    """Simulations a second of wall-clock time from the empty board, leaves in batches."""
    from utils.go import mcts

    forest = mcts.Forest([Board(9, 7.0)], evaluate, mcts.SearchSettings(playouts=playouts, batch=batch))
    forest.run(4 * batch)
    started = time.perf_counter()
    forest.run()
    return playouts / (time.perf_counter() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", help="interpreter with open_spiel")
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    runtime.start(quiet=True)
    from utils.go import networks, zero_games

    speed = playouts_per_second()
    print(f"playouts                      {speed:10,.0f} a second (one core, CPU time)")
    note = "random games from the empty 9x9 board, no own eye filled, one core, CPU time"
    if options.peer:
        other = peer_playouts(options.peer)
        print(f"OpenSpiel's rollouts          {other:10,.0f} a second: {speed / other:.1f} times slower")
        note += f"; OpenSpiel's C++ rollouts in the same run {other:,.0f}"
    fast = fast_playouts_per_second()
    print(f"playouts by the fast policy   {fast:10,.0f} a second (one core, CPU time)")
    note += f"; by the fast policy of utils.go.rollouts {fast:,.0f}"
    architecture = networks.Architecture(value=True)
    evaluator = networks.Evaluator(networks.build(architecture), architecture)
    rates = {batch: evaluations_per_second(evaluator, batch) for batch in (1, 8, 16, 32, 64)}
    for batch, rate in rates.items():
        print(f"evaluations in batches of {batch:3d} {rate:10,.0f} a second (64 filters, 5 blocks, two heads)")
    simulations = {batch: simulations_per_second(evaluator, batch) for batch in (1, 8, 16)}
    for batch, rate in simulations.items():
        print(f"simulations, {batch:2d} leaves a batch {rate:10,.0f} a second")
    settings = zero_games.ZeroSettings(games=32)
    weights = networks.build(zero_games.architecture_of(settings)).get_weights()
    zero_games.play_games(weights, settings, 0)
    started = time.perf_counter()
    zero_games.play_games(weights, settings, 1)
    hourly = settings.games / (time.perf_counter() - started) * 3600
    print(f"self-play on 5x5              {hourly:10,.0f} games an hour ({settings.playouts} playouts, random weights)")
    if options.record:
        results.record("go.playouts_per_second", speed, unit="games/s", backend="numba", note=note)
        results.record(
            "go.evaluations_per_second",
            max(rates.values()),
            unit="positions/s",
            note=f"64 filters, 5 blocks, two heads, batches of {max(rates, key=rates.get)}",
        )
        results.record(
            "go.simulations_per_second",
            max(simulations.values()),
            unit="simulations/s",
            note="from the empty 9x9 board; by leaves a batch "
            + ", ".join(f"{batch}: {rate:,.0f}" for batch, rate in simulations.items()),
        )
        results.record(
            "go.selfplay5_games_per_hour",
            hourly,
            unit="games/h",
            note=f"5x5, {settings.games} games side by side, {settings.playouts} playouts a move, random weights",
        )


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
