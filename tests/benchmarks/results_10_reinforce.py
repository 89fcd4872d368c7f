"""Measure lesson 10 for the ledger: CartPole and Pendulum, five seeds each, 100 greedy test episodes."""

from __future__ import annotations

import argparse
import dataclasses

from utils import commands, runtime

runtime.start(quiet=True)

import numpy as np  # noqa: E402

from utils import results  # noqa: E402
from utils.rl import playing  # noqa: E402
from utils.rl import policy_gradient as pg  # noqa: E402

SEEDS = 5
EPISODES = 100
TEST = 1_000_000  # test episodes start from seeds that no training used


def measure(settings: pg.Settings) -> tuple[np.ndarray, np.ndarray]:
    """Mean test return and training seconds of each seed."""
    scores, seconds = np.zeros(SEEDS), np.zeros(SEEDS)
    environments = playing.make_environments(settings.environment, EPISODES)
    for seed in range(SEEDS):
        history = pg.train(dataclasses.replace(settings, seed=seed + 1))
        plays = playing.play(environments, history.policy.greedy, seed=TEST + seed)
        scores[seed], seconds[seed] = plays.returns.mean(), history.seconds
        print(
            f"{settings.environment} seed {seed + 1}: {scores[seed]:.1f} after {len(history.returns)} updates, "
            f"{sum(history.steps):,} steps, {seconds[seed]:.0f} s",
            flush=True,
        )
    return scores, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("cartpole", "pendulum"), help="measure one of the two")
    only = parser.parse_args().only
    if only != "pendulum":
        scores, seconds = measure(pg.CARTPOLE)
        about = f"mean of {EPISODES} test episodes, greedy; slowest training {seconds.max():.0f} s"
        solved = int((scores >= 475).sum())
        results.record(
            "reinforce.cartpole.solved_seeds", solved, unit="seeds", n=SEEDS, note=f"seeds of 5 at 475 or more; {about}"
        )
        note = f"median and standard deviation over seeds; {about}"
        results.record(
            "reinforce.cartpole.return", np.median(scores), unit="points", spread=scores.std(), n=SEEDS, note=note
        )
    if only != "cartpole":
        scores, seconds = measure(pg.PENDULUM)
        good = int((scores >= -250).sum())
        note = (
            f"median and standard deviation over seeds; mean of {EPISODES} test episodes, greedy; "
            f"{good} of {SEEDS} seeds at -250 or more; slowest training {seconds.max():.0f} s"
        )
        results.record(
            "reinforce.pendulum.return", np.median(scores), unit="points", spread=scores.std(), n=SEEDS, note=note
        )
    print(results.table([key for key in results.read() if key.startswith("reinforce.")]))


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
