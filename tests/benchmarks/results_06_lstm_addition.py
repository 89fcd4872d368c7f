"""Measure lesson 06 over seeds: whole answers right, what the order of the symbols does, and four kinds of decoder.

    python tests/benchmarks/results_06_lstm_addition.py                          # what is missing, then record
    python tests/benchmarks/results_06_lstm_addition.py --only order --seeds 2   # one part, one seed

``exact``: two and three digits, trained long. ``order``: alignment, order read and order written, two digits, a short
training. ``decoder``: networks that look back while they write, three digits, and the same networks on longer sums.
``teacher``: one of them fed its own output in training, too. ``columns``: reads column by column. ``recall``: what
cells remember. Each run's outcome is kept in runs/results_06/ as soon as it is there, so that an interrupted
measurement goes on where it stopped; ``--fresh`` measures anew. Validation pairs choose the weights; the test pairs
are looked at once. Times are CPU times, without looks at the validation questions.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
from collections.abc import Callable

import numpy as np
import outcomes

from utils import commands, runtime
from utils.sequences import addition, decoders, memory, sums

SEEDS = (1, 2, 3)
FOLDER = runtime.repo_root() / "runs" / "results_06"
COMMAND = "make results LESSON=06"
ON_PAPER = {"units_first": True, "align_question": True, "align_answer": True}
EXACT = {
    f"{digits}digits": addition.AdditionConfig(
        digits=digits, **ON_PAPER, evenly=evenly, weight_decay=decay, batch=128, peak_rate=5e-3, samples=samples
    )
    for digits, evenly, decay, samples in ((2, 1.0, 0.1, 307_200), (3, 0.5, 0.01, 614_400))
}

# Alignment of the question and of the answer, order read and order written: all of them where both are aligned alike.
WAYS = {"printed": False, "reversed": True}
SHORT = addition.AdditionConfig(digits=2, batch=128, peak_rate=5e-3, samples=102_400, chunk=12_800)


def ordered(question: bool, answer: bool, read: str, written: str) -> addition.AdditionConfig:
    """The short training in one arrangement."""
    arranged = {"align_question": question, "align_answer": answer}
    return dataclasses.replace(SHORT, **arranged, reverse=WAYS[read], units_first=WAYS[written])


ORDER = {
    f"{name}.{read}.{written}": ordered(aligned, aligned, read, written)
    for name, aligned in (("unaligned", False), ("aligned", True))
    for read in WAYS
    for written in WAYS
}
ORDER["question_aligned.printed.printed"] = ordered(True, False, "printed", "printed")
ORDER["answer_aligned.printed.printed"] = ordered(False, True, "printed", "printed")

EQUAL = addition.AdditionConfig(
    digits=3, **ON_PAPER, evenly=0.5, batch=128, peak_rate=5e-3, samples=256_000, chunk=12_800
)
GENTLE = dataclasses.replace(EQUAL, peak_rate=3e-3)  # transformers want lower rates
DECODER = {
    "repeat": ("repeat", EQUAL, True),
    "feedback": ("feedback", EQUAL, True),
    "attention": ("attention", EQUAL, True),
    "transformer": ("transformer", GENTLE, True),
    "feedback_without_teacher": ("feedback", EQUAL, False),
}
BUILDERS = {"repeat": addition.build_adder, **decoders.BUILDERS}
LONGER = (4, 5)
RECALL = {"plain": memory.plain, "lstm": memory.lstm, "lstm_open": functools.partial(memory.lstm, forget_bias=5.0)}
RECALL_STEPS = 100
GOAL = 0.99


def measure_exact(config: addition.AdditionConfig) -> dict:
    """Train once, ask the unseen questions once."""
    split = sums.PairSplit(config.digits)
    (model, history), times = outcomes.timed(lambda: addition.train_adder(config, split))
    a, b = split.held_out("test", 2000)
    found = addition.score(model, a, b, config.digits, **config.order)
    shares = {"answers": found.answers, "characters": found.characters}
    return shares | {"questions": len(a), "history": history, **times}


def measure_order(config: addition.AdditionConfig) -> dict:
    """The validation questions at the end of a short training, in which nothing was chosen by them."""
    _, history = addition.train_adder(config)
    return {"answers": history[-1]["answers"], "history": history}


def measure_decoder(name: str, config: addition.AdditionConfig) -> dict:
    """Questions and CPU time until 99 % of the validation answers are right; then longer sums than it ever met."""
    kind, _, teacher = DECODER[name]

    def reached(model, record):
        return record["answers"] >= GOAL

    model, history = addition.train_adder(config, None, reached, BUILDERS[kind], teacher)
    answers = addition.score(model, *sums.PairSplit(3).held_out("test", 2000), config.digits, **config.order).answers
    found = {"answers": answers, "parameters": model.count_params(), "history": history}
    found |= {"questions": history[-1]["samples"], "cpu_seconds": history[-1]["cpu_seconds"]}
    found["reached"] = history[-1]["answers"] >= GOAL
    if kind == "transformer":
        return found  # it has a vector for each of its places, and none for further ones
    for digits in LONGER:
        longer = BUILDERS[kind](digits)
        longer.set_weights(model.get_weights())
        found[f"{digits}digits"] = addition.score(longer, *of_length(digits), digits, **config.order).answers
    return found


def of_length(digits: int, count: int = 1000) -> tuple:
    """Questions of two numbers of exactly so many digits."""
    return tuple(np.random.default_rng(5).integers(10 ** (digits - 1), 10**digits, (2, count)))


def measure_columns(seed: int) -> dict:
    """Column by column, on numbers of up to three digits; then longer ones."""
    import keras

    keras.utils.set_random_seed(seed)
    model = decoders.build_columns()
    model.compile(keras.optimizers.Adam(1e-2), loss="sparse_categorical_crossentropy")
    a, b = sums.PairSplit(3).draw(128_000, "train", np.random.default_rng(seed), evenly=1.0)
    model.fit(*decoders.in_columns(a, b, 3), batch_size=128, verbose=0)
    found = {}
    for digits in (3, *LONGER, 18):
        x, y = decoders.in_columns(*of_length(digits), digits)
        guesses = model.predict(x, batch_size=500, verbose=0).argmax(axis=-1)
        found[f"{digits}digits"] = float((guesses == y).all(axis=1).mean())
    return found


def measure_recall(kind: str, seed: int) -> dict:
    """A hundred digits go by: which was the first? Share right in the last of six rounds of 6,400 fresh sequences."""
    import keras

    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    model = memory.build_recall(RECALL[kind])
    model.compile(keras.optimizers.Adam(2e-3, clipnorm=1.0), "sparse_categorical_crossentropy", metrics=["accuracy"])
    for _ in range(6):
        digits = rng.integers(0, 10, (6400, RECALL_STEPS))
        rounds = model.fit(np.eye(10, dtype="float32")[digits], digits[:, 0], batch_size=64, verbose=0)
    return {"right": rounds.history["accuracy"][0]}


# ---------------------------------------------------------------------------------------------------------------------
# Into the ledger


def record_exact(name: str, runs: list[dict]) -> None:
    note = f"{runs[0]['questions']:,} unseen questions a seed, mean and deviation over seeds; "
    note += (
        f"{EXACT[name].samples:,} questions in training, at most {max(run['cpu_seconds'] for run in runs):.0f} s of CPU"
    )
    _record(f"addition.{name}.exact", [run["answers"] for run in runs], note)


def record_order(name: str, runs: list[dict]) -> None:
    note = f"400 validation questions of two digits after {SHORT.samples:,} in training; aligned.read.written"
    _record(f"addition.order.{name}", [run["answers"] for run in runs], note)


def record_decoder(name: str, runs: list[dict]) -> None:
    note = f"three digits, {runs[0]['parameters']:,} parameters, at most {EQUAL.samples:,} questions in training"
    _record(f"addition.decoder.{name}.exact", [run["answers"] for run in runs], f"2,000 unseen questions; {note}")
    until = f"until 99 % of 1,000 validation answers are right (asked every {EQUAL.chunk:,}), or the end; {note}"
    for key, unit in (("questions", "questions"), ("cpu_seconds", "s"), ("reached", "fraction")):
        _record(f"addition.decoder.{name}.{key}", [float(run[key]) for run in runs], until, unit)
    for length in [key for key in runs[0] if key.endswith("digits")]:
        note = "trained on up to three digits; 1,000 questions of two numbers of this length"
        _record(f"addition.decoder.{name}.{length}", [run[length] for run in runs], note)


def record_columns(name: str, runs: list[dict]) -> None:
    note = "128,000 questions of up to three digits in training; 1,000 questions of two numbers of this length"
    for length in [key for key in runs[0] if key.endswith("digits")]:
        _record(f"addition.{name}.{length}", [run[length] for run in runs], note)


def record_recall(name: str, runs: list[dict]) -> None:
    note = f"the first of {RECALL_STEPS} digits, after 38,400 sequences in training"
    _record(f"recurrent.recall.{name}", [run["right"] for run in runs], note)


def _record(identifier: str, values: list[float], note: str, unit: str = "fraction") -> None:
    outcomes.record_over_seeds(identifier, values, command=COMMAND, note=note, unit=unit)


def jobs(part: str, seed: int) -> dict[str, tuple[dict, Callable[[], dict]]]:
    """Name, recipe and measurement of each run of a part."""

    def seeded(config):
        return dataclasses.replace(config, seed=seed)

    def job(measuring, config, *before):
        return dataclasses.asdict(seeded(config)), functools.partial(measuring, *before, seeded(config))

    if part == "exact":
        return {name: job(measure_exact, config) for name, config in EXACT.items()}
    if part == "order":
        return {name: job(measure_order, config) for name, config in ORDER.items()}
    if part == "decoder":
        return {name: job(measure_decoder, config, name) for name, (_, config, taught) in DECODER.items() if taught}
    if part == "teacher":
        return {name: job(measure_decoder, config, name) for name, (_, config, taught) in DECODER.items() if not taught}
    if part == "recall":
        return {kind: ({"seed": seed}, functools.partial(measure_recall, kind, seed)) for kind in RECALL}
    return {"columns": ({"seed": seed}, functools.partial(measure_columns, seed))}


RECORDERS = {
    "order": record_order,
    "decoder": record_decoder,
    "columns": record_columns,
    "recall": record_recall,
    "teacher": record_decoder,
    "exact": record_exact,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=list(RECORDERS), help="one part")
    parser.add_argument("--seeds", type=int, nargs="*", default=list(SEEDS))
    parser.add_argument("--fresh", action="store_true", help="measure again what was measured before")
    options = parser.parse_args()
    runtime.start()
    for part in [options.only] if options.only else RECORDERS:
        found: dict[str, list[dict]] = {}
        for seed in options.seeds:
            for name, (recipe, measuring) in jobs(part, seed).items():
                run = outcomes.measured(FOLDER / f"{part}-{name}-{seed}.json", recipe, measuring, options.fresh)
                found.setdefault(name, []).append(run)
                shown = {key: value for key, value in run.items() if key not in ("history", "recipe")}
                print(f"{part} {name}, seed {seed}: {shown}", flush=True)
        if sorted(options.seeds) == sorted(SEEDS):
            for name, runs in found.items():
                RECORDERS[part](name, runs)


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
