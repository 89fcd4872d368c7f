"""Measure lesson 08 for the ledger: greedy policies learned on both lakes, exact evaluation, ten seeds."""

from __future__ import annotations

import gymnasium
import numpy as np

from utils import commands, results
from utils.rl import tabular

EPISODES = {"4x4": 20_000, "8x8": 100_000}
SEEDS = 10


def main() -> None:
    for name, episodes in EPISODES.items():
        table = tabular.TransitionTable.from_environment(gymnasium.make("FrozenLake-v1", map_name=name))
        q, _ = tabular.value_iteration(table, 0.99)
        exact = tabular.evaluate_exactly(table, tabular.greedy_policy(q))
        settings = tabular.Settings(episodes=episodes)
        runs = [tabular.q_learning_fast(table, settings, seed=seed) for seed in range(SEEDS)]
        success = np.array([tabular.evaluate_exactly(table, tabular.greedy_policy(run.q)) for run in runs])
        near = int((success >= 0.97 * exact).sum())
        note = (
            f"median and standard deviation over seeds, {episodes} episodes each, exact evaluation in 100 steps; "
            f"{near} of {SEEDS} seeds reach 97 % of the greedy policy of Q* ({exact:.3f})"
        )
        entry = results.record(
            f"qlearning.frozenlake{name}.success",
            np.median(success),
            unit="fraction",
            spread=success.std(),
            n=SEEDS,
            values=[round(float(value), 6) for value in success],
            backend="numba",
            note=note,
        )
        print(entry["id"], results.format_value(entry), "-", note)


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
