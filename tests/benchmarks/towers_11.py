"""Which tower for lesson 11: accuracy against speed, at equal numbers of steps.

    python tests/benchmarks/towers_11.py                   # every tower below
    python tests/benchmarks/towers_11.py --steps 100       # a look at how it works

Each tower learns GNU Go's moves (step 1 of the lesson) from the same positions in the same order. Printed are its share
of right moves and loss on games set aside, and how many positions a second of processor time it judges in batches as a
search asks for them. Set TF_NUM_INTRAOP_THREADS=1: a search's small batches are served best by one thread.
"""

from __future__ import annotations

import argparse
import dataclasses
import time

import numpy as np

from utils import commands, runtime

TOWERS = {
    "residual 64 x 5": {"filters": 64, "blocks": 5},
    "bottleneck 64 x 10": {"filters": 64, "blocks": 10, "bottleneck": True},
    "bottleneck 96 x 8": {"filters": 96, "blocks": 8, "bottleneck": True},
    "bottleneck 128 x 6": {"filters": 128, "blocks": 6, "bottleneck": True},
}


def speed(evaluator, batch: int, seconds: float = 1.0) -> float:
    """Positions a second of processor time, the best of five stretches."""
    planes = np.random.default_rng(0).integers(0, 2, (batch, 9, 9, evaluator.architecture.planes)).astype(np.float32)
    evaluator(planes)
    best = 0.0
    for _ in range(5):
        began, done = time.process_time(), 0
        while (passed := time.process_time() - began) < seconds / 5:
            evaluator(planes)
            done += batch
        best = max(best, done / passed)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=1200, help="of 256 positions each")
    parser.add_argument("--only", choices=TOWERS, help="one tower")
    arguments = parser.parse_args()
    runtime.start()
    from utils.go import networks, supervised
    from utils.go.examples import positions_of, split_games

    learn, choices, _ = (positions_of(games) for games in split_games())
    for name, shape in TOWERS.items():
        if arguments.only not in (None, name):
            continue
        recipe = dataclasses.replace(supervised.Recipe(), steps=arguments.steps, **shape)
        began, trainer = time.process_time(), supervised.Trainer(learn, recipe)
        trainer.run(arguments.steps)
        seconds = time.process_time() - began
        evaluator = networks.Evaluator(trainer.averaged(), trainer.architecture)
        right = supervised.accuracy(evaluator, choices)
        speeds = ", ".join(f"{batch}: {speed(evaluator, batch):,.0f}" for batch in (8, 16, 64))
        print(
            f"{name}: {right['top1 all']:.2%} of moves, loss {right['loss']:.4f}; {trainer.model.count_params():,} "
            f"parameters, {seconds:.0f} s of training; positions a second by batch {speeds}",
            flush=True,
        )


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
