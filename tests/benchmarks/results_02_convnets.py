"""Measure lesson 02 over seeds: LeNet-5 on MNIST, plain and residual towers by depth, regularisation on 500 digits.

``python tests/benchmarks/results_02_convnets.py [lenet5] [towers] [regularised]`` (all three without arguments);
``towers:44`` measures one depth again.
``COURSE_SEEDS`` sets how many seeds (3).
"""

from __future__ import annotations

import os
import sys
import time

import numpy as np

from utils import commands, results, runtime

SEEDS = range(1, 1 + int(os.environ.get("COURSE_SEEDS", "3")))
COMMAND = "make results LESSON=02"


def load_digits():
    """Training images and labels, test images and labels, as the notebook prepares them."""
    from utils.datasets.mnist import load_mnist

    (x_train, y_train), (x_test, y_test) = load_mnist()
    x_train, x_test = (x[..., None].astype("float32") / 255 for x in (x_train, x_test))
    return (x_train, y_train.astype("int32")), (x_test, y_test.astype("int32"))


def record(identifier: str, values: list[float], note: str) -> None:
    """Mean and standard deviation over seeds into the ledger, and one line to read."""
    mean, spread = float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else None
    results.record(identifier, mean, unit="fraction", spread=spread, n=len(values), command=COMMAND, note=note)
    print(f"{identifier}: {mean:.4f} +- {spread or 0:.4f}", flush=True)


def measure_lenet5(train, test) -> None:
    """The notebook's training: 50,000 digits, a fixed number of epochs, the test set used once a seed."""
    import keras

    from utils.vision import architectures, experiments

    epochs = runtime.pick(smoke=1, cpu=4, gpu=12)
    cut = len(train[0]) * 5 // 6
    accuracies = []
    for seed in SEEDS:
        keras.utils.set_random_seed(seed)
        model = architectures.lenet5()
        optimizer = keras.optimizers.Adam(1e-3)
        model.compile(
            optimizer, experiments.crossentropy(), metrics=["accuracy"], jit_compile=experiments.compilation()
        )
        model.fit(train[0][:cut], train[1][:cut], batch_size=100, epochs=epochs, verbose=0)
        accuracies.append(model.evaluate(*test, batch_size=500, verbose=0)[1])
    record(
        "convnets.lenet5.accuracy",
        accuracies,
        f"{epochs} epochs on {cut:,} digits; {len(test[0]):,} test digits; mean and sd over seeds",
    )


def measure_towers(train, validation, depth: str = "") -> None:
    """Plain against residual: accuracy on the training digits after a short training; of all depths, or of one."""
    from utils.vision import experiments

    depths = runtime.pick(smoke=(8,), cpu=(8, 20, 44), gpu=(8, 20, 44, 80))
    depths = (int(depth),) if depth else depths
    samples = runtime.pick(smoke=200, cpu=2_000, gpu=10_000)
    epochs = runtime.pick(smoke=1, cpu=6, gpu=10)
    small = (train[0][:samples], train[1][:samples])
    for depth in depths:
        for kind in ("plain", "residual"):
            runs = [
                experiments.train_tower(depth, kind == "residual", small, validation, epochs, seed) for seed in SEEDS
            ]
            note = f"{samples:,} digits, {epochs} epochs; mean and sd over seeds"
            name = f"convnets.tower.{kind}_{depth}"
            record(f"{name}.accuracy", [run["accuracy"] for run in runs], "on its training digits; " + note)
            record(f"{name}.val_accuracy", [run["val_accuracy"] for run in runs], "on other digits; " + note)


def measure_regularised(train, test) -> None:
    """Each regularisation on true and on random labels; another 500 digits for every seed."""
    from utils.vision import experiments

    samples = runtime.pick(smoke=100, cpu=500, gpu=1_000)
    epochs = runtime.pick(smoke=3, cpu=40, gpu=100)
    found: dict[str, list[tuple[float, float]]] = {}
    for seed in SEEDS:
        first = (seed - 1) * samples
        few = (train[0][first : first + samples], train[1][first : first + samples])
        for entry in experiments.compare_regularisations(few, test, epochs, seed):
            pair = (entry.true_labels["test_accuracy"], entry.random_labels["accuracy"])
            found.setdefault(entry.name.replace(" ", "_"), []).append(pair)
    for name, pairs in found.items():
        right, memorised = zip(*pairs, strict=True)
        note = f"LeNet-5, {samples} digits, {epochs} epochs; mean and sd over seeds, each with its own digits"
        record(f"convnets.regularised.{name}.test_accuracy", list(right), "true labels, test digits; " + note)
        record(f"convnets.regularised.{name}.random_accuracy", list(memorised), "shuffled labels learned; " + note)


def main() -> None:
    """Run the parts named on the command line, all by default."""
    chosen = sys.argv[1:] or ["lenet5", "towers", "regularised"]
    unknown = {part.split(":")[0] for part in chosen} - {"lenet5", "towers", "regularised"}
    if unknown:
        sys.exit(f"Unknown part {', '.join(sorted(unknown))}; choose among lenet5, towers, regularised.")
    runtime.start()
    train, test = load_digits()
    cut = len(train[0]) * 5 // 6
    for part in chosen:
        start = time.perf_counter()
        if part == "lenet5":
            measure_lenet5(train, test)
        elif part.startswith("towers"):
            measure_towers(train, (train[0][cut:][:1_000], train[1][cut:][:1_000]), part.partition(":")[2])
        else:
            measure_regularised(train, test)
        print(f"{part}: {time.perf_counter() - start:.0f} s", flush=True)


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
