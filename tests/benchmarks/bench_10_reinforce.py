"""Lesson 10 beside stable-baselines3's A2C and a PPO in the manner of CleanRL: steps a second while learning CartPole.

``make bench LESSON=10``. All three play and learn on the same processor, one after the other, each in its own usual
arrangement: ours takes whole plays of 32 environments at once, A2C 5 steps of 8, PPO 128 steps of 4. A step is one
action in one environment. Steps are not equal: PPO learns sixteen times from a batch, so fewer of its steps are needed.
``--record`` writes the speeds into the ledger.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import subprocess
from pathlib import Path

from utils import commands, results, runtime

ROOT = runtime.repo_root()


def ours(seconds: float) -> dict[str, float]:
    """Steps a second of playing alone, and while learning, after the first updates."""
    import time

    from utils.rl import playing
    from utils.rl import policy_gradient as pg

    marks: list[tuple[float, int]] = []

    def watch(history, plays) -> bool:
        marks.append((history.seconds, sum(history.steps)))
        return history.seconds - marks[min(40, len(marks) - 1)][0] > seconds

    endless = dataclasses.replace(pg.CARTPOLE, iterations=100_000, stop_at=None)
    history = pg.train(endless, callback=watch)
    first = marks[min(40, len(marks) - 1)]  # by then the plays are long, and all shapes compiled
    speed = (marks[-1][1] - first[1]) / max(1e-9, marks[-1][0] - first[0])
    environments = playing.make_environments("CartPole-v1", pg.CARTPOLE.plays)
    began, steps = time.perf_counter(), 0
    for seed in range(10):
        steps += playing.play(environments, history.policy.sample, seed).steps
    return {"ours (REINFORCE)": speed, "ours, playing only": steps / (time.perf_counter() - began)}


def peers(seconds: float, python: Path) -> dict[str, float]:
    """The same of the PyTorch programs, empty if their environment is missing."""
    if not python.exists():
        print(f"No peers: {python} is missing; `make bench` installs them.")
        return {}
    command = [str(python), str(ROOT / "tests" / "benchmarks" / "peer_10_torch.py"), "--seconds", str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seconds", type=float, default=20, help="of measuring, for each")
    parser.add_argument("--peers", type=Path, default=ROOT / ".venv-peers" / "bin" / "python")
    parser.add_argument("--record", action="store_true", help="write the speeds into the ledger")
    options = parser.parse_args()
    runtime.start(seed=1)
    print(f"{results.hardware_name()}; load before the start {os.getloadavg()[0]:.1f}")
    theirs, speeds = peers(options.seconds, options.peers), ours(options.seconds)
    for name, speed in (theirs | speeds).items():
        print(f"{name:24s} {speed:10,.0f} steps/s")
    if options.record:
        note = "while learning CartPole; in the same run " + ", ".join(f"{n} {v:,.0f}" for n, v in theirs.items())
        results.record("reinforce.cartpole.speed", speeds["ours (REINFORCE)"], unit="steps/s", note=note)


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
