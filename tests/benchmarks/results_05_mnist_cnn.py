"""Measure lesson 05 over three seeds: the lecture's network and the better one on the test images, and what did it.

    python tests/benchmarks/results_05_mnist_cnn.py                       # all of it, three seeds, then record
    python tests/benchmarks/results_05_mnist_cnn.py --only better --seeds 2
    python tests/benchmarks/results_05_mnist_cnn.py --only table          # network and augmentation, held-out images
    python tests/benchmarks/results_05_mnist_cnn.py --choose              # the better network's learning rate, likewise

Each seed's outcome is kept in runs/results_05/ as soon as it is there, so that an interrupted measurement goes on where
it stopped; ``--fresh`` measures all anew. A tenth of the training images is held out for the validation curve; the test
images are looked at once, after the training. The table (two networks, with augmentation and without) is measured on
held-out images alone, where they are and four pixels off centre.
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
TABLE = {f"{name}.{kind}": (name, kind == "augmented") for name in NAMES for kind in ("plain", "augmented")}
TABLE_IMAGES, OFF_CENTRE = 5_000, 4
FOLDER = runtime.repo_root() / "runs" / "results_05"
COMMAND = "python tests/benchmarks/results_05_mnist_cnn.py"


def path_of(name: str, seed: int) -> Path:
    """Where the outcome of one training is kept."""
    return FOLDER / f"{name}-{runtime.budget()}-{seed}.json"


def recipe_of(name: str):
    """How to train; of the table's trainings, all differ in network and augmentation alone."""
    from utils.vision import digits

    if name in NAMES:
        return digits.recipe(name)
    network, augmented = TABLE[name]
    return digits.Recipe(network, epochs=runtime.pick(smoke=1, cpu=6, gpu=6), augmented=augmented)


def load():
    """Images and labels: to learn from, held out, and for the test."""
    from utils.datasets.mnist import load_mnist
    from utils.vision import digits

    (x_train, y_train), (x_test, y_test) = load_mnist()
    if len(x_test) != 10_000:
        raise SystemExit("The ledger takes the real MNIST only: set COURSE_MIRROR or go online, then run this again.")
    images, chosen_on, labels, their_labels = train_test_split(
        digits.prepare(x_train), y_train, test_size=0.1, stratify=y_train, random_state=0
    )
    return (images, labels), (chosen_on, their_labels), (digits.prepare(x_test), y_test)


def read_right(model, images, labels) -> float:
    return float((model.predict(images, batch_size=500, verbose=0).argmax(axis=1) == labels).mean())


def measure(name: str, seed: int) -> dict:
    """Train one network with one seed and look at the test images once; for the table, at the held-out ones."""
    import keras

    from utils.vision import digits

    learn, held_out, test = load()
    runtime.seed_everything(seed)
    callbacks = [digits.EpochLine()]
    if name in NAMES:  # the better network's figure is that of nine readings, one reading's is kept beside it
        (model, history), times = outcomes.timed(
            lambda: digits.train(recipe_of(name), learn, held_out, callbacks=callbacks)
        )
        found = {"accuracy": read_right(model, *test), "history": history}
        if name == "better":
            says = digits.read_nine_times(model, test[0]).argmax(axis=1)
            found |= {"once": found["accuracy"], "accuracy": float((says == test[1]).mean())}
    else:
        part = learn[0][:TABLE_IMAGES], learn[1][:TABLE_IMAGES]
        (model, _), times = outcomes.timed(lambda: digits.train(recipe_of(name), part, callbacks=callbacks))
        moved = digits.shift(held_out[0], OFF_CENTRE)
        found = {"accuracy": read_right(model, *held_out), "off_centre": read_right(model, moved, held_out[1])}
    keras.utils.clear_session()
    return {"seed": seed, **found, **times}


def choose(rates: tuple[float, ...] = (1e-3, 2e-3, 3e-3, 6e-3, 1.2e-2)) -> None:
    """Loss and errors of the better network on the held-out images after a shorter training with each peak rate."""
    from utils.vision import digits

    learn, held_out, _ = load()
    for rate in rates:
        runtime.seed_everything(SEEDS[0])
        _, history = digits.train(dataclasses.replace(recipe_of("better"), epochs=5, peak_rate=rate), learn, held_out)
        print(f"peak {rate:g}: loss {history['val_loss'][-1]:.4f}, misread {1 - history['val_accuracy'][-1]:.2%}")


def report(name: str, found: list[dict]) -> None:
    """Print one line a seed; with all seeds there, write the ledger."""
    for outcome in found:
        other = f"off centre {outcome['off_centre']:.2%}" if "off_centre" in outcome else "test"
        print(
            f"{name} seed {outcome['seed']}: {outcome['accuracy']:.2%} ({other}), {outcome['cpu_seconds']:.0f} s of CPU"
        )
    if len(found) < len(SEEDS):
        print(f"{name}: not all of seeds {SEEDS} measured yet; the ledger stays as it is.")
        return
    values = [outcome["accuracy"] for outcome in found]
    epochs, longest = found[0]["recipe"]["epochs"], max(outcome["cpu_seconds"] for outcome in found)
    if name in NAMES:
        note = f"mean over seeds, 10,000 test images; {epochs} epochs on 54,000 images, "
        note += f"at most {longest:.0f} s of CPU time a training"
        if name == "better":
            once = [outcome["once"] for outcome in found]
            outcomes.record_over_seeds("mnist.better_once.accuracy", once, command=COMMAND, note=note)
            note += "; each image read nine times, moved by up to one pixel"
        outcomes.record_over_seeds(NAMES[name], values, command=COMMAND, note=note)
        return
    note = f"mean over seeds, 6,000 held-out images; {epochs} epochs on {TABLE_IMAGES:,} images"
    outcomes.record_over_seeds(f"mnist.table.{name}.accuracy", values, command=COMMAND, note=note)
    moved, note = [outcome["off_centre"] for outcome in found], f"{note}, read {OFF_CENTRE} pixels off centre"
    outcomes.record_over_seeds(f"mnist.table.{name}.off_centre", moved, command=COMMAND, note=note)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=[*NAMES, "table"], help="one network, or the table of what did it")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--fresh", action="store_true", help="do not use outcomes kept from an earlier run")
    parser.add_argument(
        "--choose", action="store_true", help="compare learning rates on held-out images, record nothing"
    )
    arguments = parser.parse_args()
    runtime.start()
    if arguments.choose:
        choose()
        return
    names = [*NAMES, *TABLE] if not arguments.only else list(TABLE) if arguments.only == "table" else [arguments.only]
    for name in names:
        recipe = dataclasses.asdict(recipe_of(name))
        for seed in arguments.seeds:
            measuring = functools.partial(measure, name, seed)
            outcomes.measured(path_of(name, seed), recipe, measuring, arguments.fresh)
        report(name, [found for seed in SEEDS if (found := outcomes.kept(path_of(name, seed), recipe)) is not None])


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
