"""Lesson 09 beside a DQN in the manner of CleanRL: training speed and memory, with one network, batch and update ratio.

``make bench LESSON=09``. Both learn from batches of 32 transitions, one for every four agent steps, with the network of
Mnih et al. (2015), plain Q-learning targets and Adam, on the same processor, in turn for some rounds, since the speed
of a shared computer changes within minutes. What differs is how the games are played (as many at once as the shipped
agent's, while the network learns), stored and batched. Each runs in a process of its own, as a training does.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from utils import commands, results, runtime

ROOT = runtime.repo_root()
SAME = {"crop": (0, 0, 0, 0), "filters": (32, 64, 64), "hidden": 512, "dueling": False, "normalise": False, "bins": 0}
SAME |= {"n_step": 1, "batch_size": 32, "samples_per_step": 8.0, "mirror": ()}
SAME |= {"epsilon_steps": 1, "epsilon_final": 0.1, "epsilon_spread": 1.0}


def ours(seconds: float, num_games: int, float32: bool) -> dict:
    """What :func:`measure` says in a process of its own, as a training has and as the peer has."""
    command = [sys.executable, __file__, "--ours", "--seconds", str(seconds), "--games", str(num_games)]
    command += ["--float32"] if float32 else []
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def measure(seconds: float, num_games: int, float32: bool) -> dict:
    """Agent steps per second while learning, after warming up."""
    from utils.rl.breakout import Trainer, keep_memory
    from utils.rl.dqn import Config

    keep_memory()  # as `python -m utils.rl.train_breakout` does
    config = Config(**SAME, half=not float32, num_games=num_games, capacity=10_000, learning_starts=1000)
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(config, Path(folder))
        while trainer.counters["updates"] < 10:
            trainer.step()
        began, first = time.perf_counter(), trainer.counters["agent_steps"]
        while time.perf_counter() - began < seconds:
            trainer.step()
        speed = (trainer.counters["agent_steps"] - first) / (time.perf_counter() - began)
        held = trainer.replay.rows * trainer.replay.num_games
        return {"steps_per_second": speed, "bytes_per_transition": trainer.replay.nbytes / held}


def sampling_time(batch: int = 32, repeats: int = 500) -> float:
    """Milliseconds to draw a batch from a filled memory of 100,000 transitions, median."""
    import numpy as np

    from utils.rl.replay import ReplayMemory

    memory = ReplayMemory(100_000, 32)
    rng, no = np.random.default_rng(0), np.zeros(32, dtype=bool)
    frames = rng.integers(0, 256, (32, 84, 84), dtype=np.uint8)
    for _ in range(memory.rows + 10):
        memory.add(frames, no, no, rng.random(32) < 0.02, no, rng.random(32) < 0.01)
    taken = []
    for _ in range(repeats):
        began = time.perf_counter()
        memory.sample(batch)
        taken.append(time.perf_counter() - began)
    return float(np.median(taken)) * 1000


def peer(seconds: float, python: Path) -> dict | None:
    """The same of the PyTorch program, None if its environment is missing."""
    if not python.exists():
        return None
    command = [str(python), str(ROOT / "tests" / "benchmarks" / "peer_09_dqn_torch.py"), "--seconds", str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def record(speeds: list[float], ratios: list[float], options: argparse.Namespace) -> None:
    """Our median speed into the ledger, with how it compares."""
    note = (
        f"agent steps while learning, median of {len(speeds)} rounds of {options.seconds:.0f} s in turn with the peer; "
    )
    note += (
        f"{statistics.median(ratios):.2f} times a CleanRL-style DQN in PyTorch ({min(ratios):.2f} to {max(ratios):.2f})"
    )
    note += f"; ours in {'float32' if options.float32 else 'bfloat16'}, the peer in float32"
    results.record("breakout.dqn.speed", statistics.median(speeds), unit="steps/s", n=len(speeds), note=note)


def main() -> None:
    from utils.rl.dqn import Config

    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seconds", type=float, default=30, help="of measuring, for each in each round")
    parser.add_argument("--rounds", type=int, default=3, help="in which both take their turn")
    parser.add_argument("--games", type=int, default=Config.num_games, help="played side by side by ours")
    parser.add_argument("--float32", action="store_true", help="ours in the peer's precision")
    parser.add_argument("--ours", action="store_true", help="only measure ours and print it as JSON")
    parser.add_argument("--record", action="store_true", help="write the speed into the ledger")
    parser.add_argument("--peers", type=Path, default=ROOT / ".venv-peers" / "bin" / "python")
    options = parser.parse_args()
    runtime.start(seed=1)
    if options.ours:
        print(json.dumps(measure(options.seconds, options.games, options.float32)))
        return
    print(f"{results.hardware_name()}; load before the start {os.getloadavg()[0]:.1f}")
    speeds, ratios = [], []
    for number in range(1, options.rounds + 1):
        theirs, us = peer(options.seconds, options.peers), ours(options.seconds, options.games, options.float32)
        speeds.append(us["steps_per_second"])
        line = f"round {number}: ours, {options.games} games, {speeds[-1]:.0f} agent steps/s while learning"
        if theirs is not None:
            ratios.append(speeds[-1] / theirs["steps_per_second"])
            line += f"; CleanRL-style, torch, {theirs['steps_per_second']:.0f}; {ratios[-1]:.2f} times as fast"
        print(line, flush=True)
    if theirs is None:
        print(f"no peer: {options.peers} is missing; `make bench` builds it")
    else:
        print(f"median of {len(ratios)} rounds: ours is {statistics.median(ratios):.2f} times as fast")
        if options.record:
            record(speeds, ratios, options)
        print(
            f"memory per transition: ours {us['bytes_per_transition']:,.0f} bytes, "
            f"observation and next observation stacked {theirs['bytes_per_transition']:,.0f}"
        )
    share = us["bytes_per_transition"] / (4 * 84 * 84)
    print(f"memory beside one stacked observation per transition: {share:.3f}")
    print(f"sampling 32 transitions from 100,000: {sampling_time():.2f} ms")


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
