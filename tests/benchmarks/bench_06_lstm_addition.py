"""Time to 99 % of the characters on three digits: our training beside the recipe of Keras's addition example.

    make bench LESSON=06

The example (keras.io, addition_rnn): 50,000 fixed questions, a tenth of them to validate, the same network with 128
cells, Adam at its default rate, batches of 32, epoch after epoch. Ours: fresh questions and a one-cycle rate, see
``results_06_lstm_addition.py``. Both are stopped by their own validation questions; prints, asserts nothing.
"""

from __future__ import annotations

import argparse
import dataclasses
import time

import numpy as np
from results_06_lstm_addition import RECIPES

from utils import commands, runtime
from utils.sequences import addition, sums

GOAL = 0.99


def example(limit: float, seed: int) -> dict:
    """The example's recipe until the goal or the time limit; evaluation counts, as in the example."""
    import keras

    runtime.seed_everything(seed)
    rng = np.random.default_rng(seed)
    a, b = sums.PairSplit(3).draw(50_000, "train", rng, distinct=True)
    x, y = sums.encode_questions(a, b, 3), sums.encode_answers(a, b, 3)
    model = addition.build_adder(3)
    model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    best, epochs, start = 0.0, 0, time.perf_counter()
    while best < GOAL and time.perf_counter() - start < limit:
        parts = {"x": x[:45_000], "y": y[:45_000], "validation_data": (x[45_000:], y[45_000:])}
        log = model.fit(**parts, batch_size=32, epochs=1, verbose=0).history
        best, epochs = max(best, log["val_accuracy"][0]), epochs + 1
        print(
            f"  example, epoch {epochs}: {log['val_accuracy'][0]:.4f} after {time.perf_counter() - start:.0f} s",
            flush=True,
        )
    keras.utils.clear_session()
    return {"seconds": time.perf_counter() - start, "questions": epochs * 45_000, "characters": best}


def ours(seed: int) -> dict:
    """Our recipe, stopped when the goal is reached."""
    config = dataclasses.replace(RECIPES[3], seed=seed)
    _, history = addition.train_adder(config, on_chunk=lambda model, record: record["characters"] >= GOAL)
    last = history[-1]
    return {"seconds": last["seconds"], "questions": last["samples"], "characters": last["characters"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=float, default=900, help="seconds after which the example is stopped")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    runtime.start()
    rows = {"ours": ours(options.seed), "Keras's example": example(options.limit, options.seed)}
    for name, row in rows.items():
        reached = "reached" if row["characters"] >= GOAL else "NOT reached"
        print(f"{name:16} {reached} {GOAL:.0%}: {row['seconds']:6.0f} s, {row['questions']:,} questions")


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
