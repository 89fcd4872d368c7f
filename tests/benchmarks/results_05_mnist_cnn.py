"""Measure lesson 05: accuracy of the lecture's network and of the better one on the 10,000 test images, three seeds.

    python tests/benchmarks/results_05_mnist_cnn.py                       # both networks, three seeds, then record
    python tests/benchmarks/results_05_mnist_cnn.py --only better --seeds 2

Each seed's outcome is kept in runs/results_05/ as soon as it is there, so that an interrupted measurement goes on where
it stopped; ``--fresh`` measures all anew. A tenth of the training images is held out for the validation curve; the test
images are looked at once, after the training.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
from pathlib import Path

import outcomes
from sklearn.model_selection import train_test_split

from utils import commands, runtime

SEEDS = (1, 2, 3)
NAMES = {"lecture": "mnist.lecture.accuracy", "better": "mnist.better.accuracy"}
FOLDER = runtime.repo_root() / "runs" / "results_05"


def path_of(name: str, seed: int) -> Path:
    """Where the outcome of one training is kept."""
    return FOLDER / f"{name}-{runtime.budget()}-{seed}.json"


def recipe_of(name: str) -> dict:
    """What an outcome depends on."""
    from utils.vision import digits

    return dataclasses.asdict(digits.recipe(name))


def measure(name: str, seed: int) -> dict:
    """Train one network with one seed and look at the test images once."""
    import keras

    from utils.datasets.mnist import load_mnist
    from utils.vision import digits

    (x_train, y_train), (x_test, y_test) = load_mnist()
    if len(x_test) != 10_000:
        raise SystemExit("The ledger takes the real MNIST only: set COURSE_MIRROR or go online, then run this again.")
    images, chosen_on, labels, their_labels = train_test_split(
        digits.prepare(x_train), y_train, test_size=0.1, stratify=y_train, random_state=0
    )
    runtime.seed_everything(seed)
    model = digits.build(name)
    history, times = outcomes.timed(
        lambda: digits.train(model, digits.recipe(name), (images, labels), (chosen_on, their_labels), seed=seed)
    )
    predictions = model.predict(digits.prepare(x_test), batch_size=500, verbose=0).argmax(axis=1)
    keras.utils.clear_session()
    return {"seed": seed, "accuracy": float((predictions == y_test).mean()), "history": history, **times}


def report(name: str, found: list[dict]) -> None:
    """Print one line a seed; with all seeds there, write the ledger."""
    for outcome in found:
        held_out = outcome["history"]["val_accuracy"]
        best = 1 + held_out.index(max(held_out))
        print(
            f"{name} seed {outcome['seed']}: held out {held_out[-1]:.2%} (best epoch {best} of {len(held_out)}), "
            f"test {outcome['accuracy']:.2%}, trained in {outcome['seconds']:.0f} s "
            f"({outcome['cpu_seconds']:.0f} s of CPU time)"
        )
    if len(found) < len(SEEDS):
        print(f"{name}: not all of seeds {SEEDS} measured yet; the ledger stays as it is.")
        return
    longest = max(outcome["cpu_seconds"] for outcome in found)
    outcomes.record_over_seeds(
        NAMES[name],
        [outcome["accuracy"] for outcome in found],
        command="python tests/benchmarks/results_05_mnist_cnn.py",
        note=f"mean over seeds, 10,000 test images; {found[0]['recipe']['epochs']} epochs on 54,000 images, "
        f"at most {longest:.0f} s of CPU time a training",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=sorted(NAMES), help="one network instead of both")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--fresh", action="store_true", help="do not use outcomes kept from an earlier run")
    arguments = parser.parse_args()
    runtime.start()
    for name in [arguments.only] if arguments.only else NAMES:
        recipe = recipe_of(name)
        for seed in arguments.seeds:
            measuring = functools.partial(measure, name, seed)
            outcomes.measured(path_of(name, seed), recipe, measuring, arguments.fresh)
        report(name, [found for seed in SEEDS if (found := outcomes.kept(path_of(name, seed), recipe)) is not None])


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
