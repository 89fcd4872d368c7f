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
import json
import statistics
import time

from sklearn.model_selection import train_test_split

from utils import results, runtime
from utils.checkpoints import write_atomically

SEEDS = (1, 2, 3)
NAMES = {"lecture": "mnist.lecture.accuracy", "better": "mnist.better.accuracy"}
FOLDER = runtime.repo_root() / "runs" / "results_05"


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
    model, recipe = digits.build(name), digits.recipe(name)
    start, start_cpu = time.perf_counter(), time.process_time()
    history = digits.train(model, recipe, (images, labels), (chosen_on, their_labels), seed=seed)
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - start_cpu
    predictions = model.predict(digits.prepare(x_test), batch_size=500, verbose=0).argmax(axis=1)
    outcome = {
        "name": name,
        "seed": seed,
        "accuracy": float((predictions == y_test).mean()),
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "history": history,
        "recipe": dataclasses.asdict(recipe),
        "budget": runtime.budget(),
        "parameters": model.count_params(),
    }
    keras.utils.clear_session()
    return outcome


def kept(name: str, seed: int) -> dict | None:
    """The outcome of an earlier run with the same recipe and budget, None if there is none."""
    from utils.vision import digits

    path = FOLDER / f"{name}-{runtime.budget()}-{seed}.json"
    if not path.exists():
        return None
    outcome = json.loads(path.read_text(encoding="utf-8"))
    recipe = json.loads(json.dumps(dataclasses.asdict(digits.recipe(name))))
    return outcome if outcome["recipe"] == recipe else None


def keep(outcome: dict) -> None:
    """Save an outcome as soon as it is there."""
    path = FOLDER / f"{outcome['name']}-{runtime.budget()}-{outcome['seed']}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, lambda file: file.write(json.dumps(outcome, indent=1).encode("utf-8")))


def report(name: str, outcomes: list[dict]) -> None:
    """Print one line a seed; with all seeds there, write the ledger."""
    for outcome in outcomes:
        held_out = outcome["history"]["val_accuracy"]
        best = 1 + held_out.index(max(held_out))
        print(
            f"{name} seed {outcome['seed']}: held out {held_out[-1]:.2%} (best epoch {best} of {len(held_out)}), "
            f"test {outcome['accuracy']:.2%}, trained in {outcome['seconds']:.0f} s "
            f"({outcome['cpu_seconds']:.0f} s of CPU time)"
        )
    if len(outcomes) < len(SEEDS):
        print(f"{name}: not all of seeds {SEEDS} measured yet; the ledger stays as it is.")
        return
    accuracies = [outcome["accuracy"] for outcome in outcomes]
    longest = max(outcome["cpu_seconds"] for outcome in outcomes)
    entry = results.record(
        NAMES[name],
        statistics.mean(accuracies),
        unit="fraction",
        spread=statistics.stdev(accuracies),
        n=len(accuracies),
        command="python tests/benchmarks/results_05_mnist_cnn.py",
        note=f"mean over seeds, 10,000 test images; {outcomes[0]['recipe']['epochs']} epochs on 54,000 images, "
        f"at most {longest:.0f} s of CPU time a training",
    )
    print(f"{entry['id']}: {results.format_value(entry)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=sorted(NAMES), help="one network instead of both")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--fresh", action="store_true", help="do not use outcomes kept from an earlier run")
    arguments = parser.parse_args()
    runtime.start()
    for name in [arguments.only] if arguments.only else NAMES:
        for seed in arguments.seeds:
            if arguments.fresh or kept(name, seed) is None:
                keep(measure(name, seed))
        report(name, [outcome for seed in SEEDS if (outcome := kept(name, seed)) is not None])


if __name__ == "__main__":
    main()
