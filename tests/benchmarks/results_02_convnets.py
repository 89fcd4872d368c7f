"""Measure lesson 02 over seeds: LeNet-5 on MNIST, towers by depth at two budgets, regularisers on 500 digits.

    python tests/benchmarks/results_02_convnets.py                    # everything, then the ledger
    python tests/benchmarks/results_02_convnets.py towers --seeds 1 2

Each training's outcome is kept in runs/results_02/ as soon as it is there, so that an interrupted measurement goes on
where it stopped; ``--fresh`` measures all anew. The ledger is written for what all seeds have.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import outcomes

from utils import commands, runtime

SEEDS = {"lenet5": (1, 2, 3), "towers": (1, 2, 3), "regularised": (1, 2, 3, 4, 5)}
COMMAND = "make results LESSON=02"
FOLDER = runtime.repo_root() / "runs" / "results_02"
LENET_EPOCHS = 4
TOWER_DEPTHS, TOWER_EPOCHS, TOWER_DIGITS = (2, 8, 20, 44), (6, 30), 2_000
FEW_DIGITS, FEW_EPOCHS = 500, 40

Data = tuple[np.ndarray, np.ndarray]
# Name of the outcome, what it depends on, how it is measured.
Job = tuple[str, dict[str, Any], Callable[[], dict[str, Any]]]


def load_digits() -> tuple[Data, Data, Data]:
    """Digits to learn from, to choose with and to be tested on, as the notebook prepares them."""
    from utils.datasets.mnist import load_mnist

    (x_train, y_train), (x_test, y_test) = load_mnist()
    if len(x_test) != 10_000:
        raise SystemExit("The ledger takes the real MNIST only: set COURSE_MIRROR or go online, then run this again.")
    x_train, x_test = (x[..., None].astype("float32") / 255 for x in (x_train, x_test))
    y_train, y_test = y_train.astype("int32"), y_test.astype("int32")
    return (x_train[:50_000], y_train[:50_000]), (x_train[50_000:], y_train[50_000:]), (x_test, y_test)


def train_lenet5(train: Data, test: Data, seed: int) -> dict[str, float]:
    """The notebook's training; the test digits are looked at once."""
    import keras

    from utils.vision import architectures, experiments

    keras.utils.set_random_seed(seed)
    model = architectures.lenet5()
    loss, compilation = experiments.crossentropy(), experiments.compilation()
    model.compile(keras.optimizers.Adam(1e-3), loss, metrics=["accuracy"], jit_compile=compilation)
    model.fit(*train, batch_size=100, epochs=LENET_EPOCHS, verbose=0)
    return {"accuracy": float(model.evaluate(*test, batch_size=500, verbose=0)[1])}


def jobs(part: str, seed: int, digits: tuple[Data, Data, Data]) -> Iterator[Job]:
    """The trainings of one part and seed."""
    from utils.vision import experiments

    train, held_out, test = digits
    if part == "lenet5":
        yield "lenet5", {"epochs": LENET_EPOCHS}, lambda: train_lenet5(train, test, seed)
    elif part == "towers":
        small, other = (train[0][:TOWER_DIGITS], train[1][:TOWER_DIGITS]), (held_out[0][:1_000], held_out[1][:1_000])
        settings = dataclasses.asdict(experiments.TowerSettings()) | {"digits": TOWER_DIGITS}
        for epochs, depth, kind in itertools.product(TOWER_EPOCHS, TOWER_DEPTHS, ("plain", "residual")):

            def measure(depth: int = depth, kind: str = kind, epochs: int = epochs) -> dict[str, float]:
                return experiments.train_tower(depth, kind == "residual", small, other, epochs, seed)

            yield f"tower.{kind}_{depth}.epochs_{epochs}", settings, measure
    else:
        first = (seed - 1) * FEW_DIGITS  # digits of its own for every seed
        few = (train[0][first : first + FEW_DIGITS], train[1][first : first + FEW_DIGITS])
        for how in experiments.REGULARISATIONS:

            def compare(how: experiments.Regularisation = how) -> dict[str, float]:
                (found,) = experiments.compare_regularisations(few, held_out, FEW_EPOCHS, seed, [how])
                right, memorised = found.true_labels["test_accuracy"], found.random_labels["accuracy"]
                return {"test_accuracy": right, "random_accuracy": memorised}

            recipe = dataclasses.asdict(how) | {"digits": FEW_DIGITS, "epochs": FEW_EPOCHS}
            yield f"regularised.{how.name.replace(' ', '_')}", recipe, compare


NOTES = {
    "lenet5": f"{LENET_EPOCHS} epochs on 50,000 digits; 10,000 test digits; mean and sd over seeds",
    "towers": f"{TOWER_DIGITS:,} digits to learn from; mean and sd over seeds; ",
    "regularised": f"LeNet-5, {FEW_DIGITS} digits of its own for every seed, {FEW_EPOCHS} epochs; mean and sd; ",
}
WHAT = {
    "accuracy": "accuracy on the digits it learned from",
    "val_accuracy": "accuracy on 1,000 other digits",
    "test_accuracy": "true labels, 10,000 other digits right",
    "random_accuracy": "shuffled labels learned",
}


def record(part: str, found: dict[str, list[dict]], partial: bool) -> None:
    """Write to the ledger what has been measured with all seeds, or with as many as every training has."""
    seeds = min(map(len, found.values()), default=0) if partial else len(SEEDS[part])
    for name, by_seed in found.items():
        if len(by_seed) < seeds:
            print(f"{name}: {len(by_seed)} of {len(SEEDS[part])} seeds so far; the ledger stays as it is.")
            continue
        for key in by_seed[0].keys() & WHAT.keys():
            note = NOTES[part] + (WHAT[key] if part != "lenet5" else "")
            values = [outcome[key] for outcome in by_seed[:seeds]]
            outcomes.record_over_seeds(f"convnets.{name}.{key}", values, COMMAND, note)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help=f"among {', '.join(SEEDS)}; all by default")
    parser.add_argument("--seeds", type=int, nargs="+", help="measure these now (default: all that the ledger takes)")
    parser.add_argument("--partial", action="store_true", help="write the ledger although seeds are missing")
    parser.add_argument("--fresh", action="store_true", help="do not use outcomes kept from an earlier run")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(SEEDS):
        parser.error(f"unknown part {', '.join(sorted(unknown))}; choose among {', '.join(SEEDS)}")
    runtime.start()
    digits = load_digits()
    for part in options.parts or SEEDS:
        found: dict[str, list[dict]] = {}
        for seed in SEEDS[part]:
            for name, recipe, measure in jobs(part, seed, digits):
                path = FOLDER / f"{name}.seed{seed}.json"
                if options.seeds is None or seed in options.seeds:
                    outcome = outcomes.measured(path, recipe, measure, options.fresh)
                    print(path.stem, {key: value for key, value in outcome.items() if key != "recipe"}, flush=True)
                else:
                    outcome = outcomes.kept(path, recipe)
                if outcome is not None:
                    found.setdefault(name, []).append(outcome)
        record(part, found, options.partial)


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
