"""Measure lesson 06: whole answers right on 2,000 unseen questions of two and three digits, three seeds each.

    python tests/benchmarks/results_06_lstm_addition.py                        # what is missing, then record
    python tests/benchmarks/results_06_lstm_addition.py --digits 3 --seeds 2   # one run

Each run's outcome is kept in runs/results_06/ as soon as it is there, so that an interrupted measurement goes on where
it stopped; ``--fresh`` measures anew. Validation pairs choose the weights; the test pairs are looked at once.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import statistics
import time

from utils import results, runtime
from utils.checkpoints import write_atomically
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
    start, start_cpu = time.perf_counter(), time.process_time()
    model, history = addition.train_adder(config, split)
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - start_cpu
    a, b = split.held_out("test", 2000)
    found = addition.score(model, a, b, config.digits, **config.order)
    return {
        "config": dataclasses.asdict(config),
        "answers": found.answers,
        "characters": found.characters,
        "questions": len(a),
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "history": history,
    }


def outcome(config: addition.AdditionConfig, fresh: bool) -> dict:
    """From the folder if it was measured with the same recipe, else measured now and kept."""
    path = FOLDER / f"{config.digits}digits_seed{config.seed}.json"
    if path.exists() and not fresh:
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["config"] == dataclasses.asdict(config):
            return kept
    found = measure(config)
    FOLDER.mkdir(parents=True, exist_ok=True)
    write_atomically(path, lambda file: file.write(json.dumps(found).encode()))
    return found


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
            run = outcome(dataclasses.replace(RECIPES[digits], seed=seed), options.fresh)
            runs.append(run)
            print(
                f"{digits} digits, seed {seed}: {run['answers']:.4f} of {run['questions']} answers, "
                f"{run['characters']:.4f} of characters, {run['seconds']:.0f} s ({run['cpu_seconds']:.0f} s of CPU)",
                flush=True,
            )
        if sorted(options.seeds) == sorted(SEEDS):
            shares = [run["answers"] for run in runs]
            results.record(
                f"addition.{digits}digits.exact",
                statistics.mean(shares),
                unit="fraction",
                spread=statistics.stdev(shares),
                n=len(runs),
                command="make results LESSON=06",
                note=f"{runs[0]['questions']:,} unseen questions a seed, mean and deviation over seeds; "
                f"{RECIPES[digits].samples:,} questions in training, "
                f"at most {max(run['seconds'] for run in runs):.0f} s a run",
            )


if __name__ == "__main__":
    main()
