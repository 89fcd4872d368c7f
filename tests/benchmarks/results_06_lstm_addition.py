"""Measure lesson 06: whole answers right on 2,000 unseen questions of two and three digits, three seeds each.

    python tests/benchmarks/results_06_lstm_addition.py                        # what is missing, then record
    python tests/benchmarks/results_06_lstm_addition.py --digits 3 --seeds 2   # one run

Each run's outcome is kept in runs/results_06/ as soon as it is there, so that an interrupted measurement goes on where
it stopped; ``--fresh`` measures anew. Validation pairs choose the weights; the test pairs are looked at once.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools

import outcomes

from utils import commands, runtime
from utils.sequences import addition, sums

SEEDS = (1, 2, 3)
FOLDER = runtime.repo_root() / "runs" / "results_06"
ON_PAPER = {"units_first": True, "right_aligned": True}
RECIPES = {
    2: addition.AdditionConfig(
        digits=2, **ON_PAPER, evenly=1.0, weight_decay=0.1, batch=128, peak_rate=5e-3, samples=307_200
    ),
    3: addition.AdditionConfig(
        digits=3, **ON_PAPER, evenly=0.5, weight_decay=0.01, batch=128, peak_rate=5e-3, samples=614_400
    ),
}


def measure(config: addition.AdditionConfig) -> dict:
    """Train once, ask the unseen questions once."""
    split = sums.PairSplit(config.digits)
    (model, history), times = outcomes.timed(lambda: addition.train_adder(config, split))
    a, b = split.held_out("test", 2000)
    found = addition.score(model, a, b, config.digits, **config.order)
    shares = {"answers": found.answers, "characters": found.characters}
    return shares | {"questions": len(a), "history": history, **times}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--digits", type=int, nargs="*", default=list(RECIPES), choices=list(RECIPES))
    parser.add_argument("--seeds", type=int, nargs="*", default=list(SEEDS))
    parser.add_argument("--fresh", action="store_true", help="measure again what was measured before")
    options = parser.parse_args()
    runtime.start()
    for digits in options.digits:
        runs = []
        for seed in options.seeds:
            config = dataclasses.replace(RECIPES[digits], seed=seed)
            path = FOLDER / f"{digits}digits_seed{seed}.json"
            measuring = functools.partial(measure, config)
            run = outcomes.measured(path, dataclasses.asdict(config), measuring, options.fresh)
            runs.append(run)
            print(
                f"{digits} digits, seed {seed}: {run['answers']:.4f} of {run['questions']} answers, "
                f"{run['characters']:.4f} of characters, {run['seconds']:.0f} s ({run['cpu_seconds']:.0f} s of CPU)",
                flush=True,
            )
        if sorted(options.seeds) == sorted(SEEDS):
            outcomes.record_over_seeds(
                f"addition.{digits}digits.exact",
                [run["answers"] for run in runs],
                command="make results LESSON=06",
                note=f"{runs[0]['questions']:,} unseen questions a seed, mean and deviation over seeds; "
                f"{RECIPES[digits].samples:,} questions in training, "
                f"at most {max(run['seconds'] for run in runs):.0f} s a run",
            )


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
