"""Train lesson 05's better network once more and keep it, for the page where one draws a digit.

    COURSE_BUDGET=cpu python site/train_digits.py

Writes mldata/weights/mnist_better.npz (half precision) and its sidecar. All of it is lesson 05's: network,
augmentation, recipe, the tenth held out; the test images are looked at once, with the weights as they ship.
"""

from __future__ import annotations

import time

import numpy as np
from sklearn.model_selection import train_test_split

from utils import commands, results, runtime
from utils.checkpoints import save_network

SEED = 1
TARGET = runtime.repo_root() / "mldata" / "weights" / "mnist_better.npz"


def main() -> None:
    commands.check_writable(TARGET)
    runtime.start(seed=SEED)
    from utils.datasets.mnist import load_mnist
    from utils.vision import digits

    (x_train, y_train), (x_test, y_test) = load_mnist()
    if len(x_test) != 10_000:
        raise SystemExit("Only the real MNIST ships: set COURSE_MIRROR or go online, then run this again.")
    pictures, chosen_on, labels, their_labels = train_test_split(
        digits.prepare(x_train), y_train, test_size=0.1, stratify=y_train, random_state=0
    )
    recipe, started = digits.recipe("better"), time.process_time()
    held_out = (chosen_on, their_labels)
    model, history = digits.train(recipe, (pictures, labels), held_out, [digits.EpochLine()])
    network, seconds = model.layers[-1], round(time.process_time() - started)
    halves = [weight.astype(np.float16).astype(np.float32) for weight in network.get_weights()]
    network.set_weights(halves)
    right = (network.predict(digits.prepare(x_test), batch_size=500, verbose=0).argmax(axis=1) == y_test).mean()
    sidecar = {
        "what": "lesson 05's better network, which reads what is drawn on the course's site; half precision",
        "data": "54,000 training images of MNIST",
        "seed": SEED,
        "seconds": seconds,
        "seconds_are": "of processor time",
        "epochs": recipe.epochs,
        "held_out_accuracy": round(history["val_accuracy"][-1], 4),
        "test_accuracy": round(float(right), 4),
    } | results.provenance(f"COURSE_BUDGET={runtime.budget()} python site/train_digits.py")
    save_network(TARGET, network.get_weights(), {"network": recipe.network}, sidecar)
    print(f"{TARGET.name}: {right:.2%} of the test images, one reading each; {seconds} s of processor time")


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
