"""Lesson 08: Q-learning compiled on the transition table beside the same algorithm in a Gymnasium loop.

``make bench LESSON=08``. Both play FrozenLake-v1 on both maps, one after the other, with one seed and the lesson's
settings; on the smaller number of episodes they must return the same table to the last bit. ``--record`` writes the
ratio into the ledger. Seconds are processor time.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import time

import gymnasium
import numpy as np

from utils import commands, results
from utils.rl import tabular


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--episodes", type=int, default=20_000, help="of the compiled version")
    parser.add_argument("--slow-episodes", type=int, default=4_000, help="of the Gymnasium loop")
    parser.add_argument("--record", action="store_true", help="write the ratio into the ledger")
    options = parser.parse_args()
    print(f"{results.hardware_name()}; load before the start {os.getloadavg()[0]:.1f}")
    print(f"{'map':4s} {'version':15s} {'episodes':>8s} {'seconds':>8s} {'steps/s':>11s}")
    for name in ("4x4", "8x8"):
        environment = gymnasium.make("FrozenLake-v1", map_name=name)
        table = tabular.TransitionTable.from_environment(environment)
        settings = tabular.Settings(episodes=options.slow_episodes)
        tabular.q_learning_fast(table, dataclasses.replace(settings, episodes=2))  # compiles
        speed = {}
        for version, run, episodes in (
            ("gymnasium loop", lambda s, e=environment: tabular.q_learning(e, s, seed=1), options.slow_episodes),
            ("compiled", lambda s, t=table: tabular.q_learning_fast(t, s, seed=1), options.slow_episodes),
            ("compiled", lambda s, t=table: tabular.q_learning_fast(t, s, seed=1), options.episodes),
        ):
            began = time.process_time()
            learned = run(dataclasses.replace(settings, episodes=episodes))
            seconds = time.process_time() - began
            if episodes == options.slow_episodes:
                speed[version] = (seconds, learned.q)
            rate = learned.lengths.sum() / seconds
            print(f"{name:4s} {version:15s} {episodes:8,d} {seconds:8.3f} {rate:11,.0f}")
        (slow, readable), (fast, compiled) = speed["gymnasium loop"], speed["compiled"]
        same = "the same table" if np.array_equal(readable, compiled) else "DIFFERENT TABLES"
        print(f"{name:4s} compiled is {slow / fast:.0f} times faster on the same episodes; {same}")
        if options.record:
            note = f"compiled against the Gymnasium loop, {options.slow_episodes:,} episodes; "
            note += f"{options.episodes:,} episodes take {seconds:.2f} s compiled"
            unit = "times faster"
            results.record(f"qlearning.frozenlake{name}.speedup", slow / fast, unit=unit, backend="numba", note=note)


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
