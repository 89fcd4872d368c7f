"""Measure lesson 10 for the ledger: CartPole, Pendulum and the adder that learns from verdicts, five seeds each.

    python tests/benchmarks/results_10_reinforce.py                # all three
    python tests/benchmarks/results_10_reinforce.py --only adder   # section 9 alone

``adder`` runs the functions of section 9 as the notebook's cells define them (those tagged ``measured``). Each seed's
outcome is kept in runs/results_10/ as soon as it is there; ``--fresh`` measures anew.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import statistics

import nbformat
import outcomes

from utils import commands, runtime

runtime.start(quiet=True)

import keras  # noqa: E402
import numpy as np  # noqa: E402
from scipy import stats  # noqa: E402

from utils import results  # noqa: E402
from utils.rl import playing  # noqa: E402
from utils.rl import policy_gradient as pg  # noqa: E402

SEEDS = 5
EPISODES = 100
TEST = 1_000_000  # test episodes start from seeds that no training used
COMMAND = "make results LESSON=10"
NOTEBOOK = runtime.repo_root() / "notebooks" / "10_reinforce.ipynb"
FOLDER = runtime.repo_root() / "runs" / "results_10"
QUESTIONS = 32  # to an update
BY_VERDICT = {"verdicts": 0.0, "verdicts_kl": 0.1}  # the price of leaving the starting network
BY_JUDGE = {"judge": 0.0, "judge_kl": 0.3}
UPDATES = {"verdicts": 200, "judge": 100}
COMPARED = 2000  # questions to which a person compares two answers


def measure(settings: pg.Settings) -> tuple[np.ndarray, np.ndarray]:
    """Mean test return and training seconds of each seed."""
    scores, seconds = np.zeros(SEEDS), np.zeros(SEEDS)
    environments = playing.make_environments(settings.environment, EPISODES)
    for seed in range(SEEDS):
        history = pg.train(dataclasses.replace(settings, seed=seed + 1))
        plays = playing.play(environments, history.policy.greedy, seed=TEST + seed)
        scores[seed], seconds[seed] = plays.returns.mean(), history.seconds
        print(
            f"{settings.environment} seed {seed + 1}: {scores[seed]:.1f} after {len(history.returns)} updates, "
            f"{sum(history.steps):,} steps, {seconds[seed]:.0f} s",
            flush=True,
        )
    return scores, seconds


def lesson() -> dict:
    """The functions of section 9, as the notebook's cells define them."""
    space = {"keras": keras, "np": np}
    for source in _sources():
        exec(source, space)
    return space


def _sources() -> list[str]:
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    return [cell.source for cell in cells if "measured" in cell.metadata.get("tags", ())]


def measure_adder(seed: int) -> dict:
    """One half-trained adder, and what becomes of it by verdicts, by right answers, and by a judge."""
    has = lesson()
    start = has["half_trained"](seed, rounds=40)
    found = {"start": has["exam"](start)}
    for name, beta in BY_VERDICT.items():
        policy, rng = has["twin"](start), np.random.default_rng(seed + 1)
        has["improve"](policy, start, has["verdict"], UPDATES["verdicts"], beta, rng, QUESTIONS)
        found[name] = has["exam"](policy)
    for name, questions in {"taught": QUESTIONS, "taught_as_many": QUESTIONS * has["GROUP"]}.items():
        policy = has["twin"](start)
        has["practise"](policy, UPDATES["verdicts"], questions, np.random.default_rng(seed + 1))
        found[name] = has["exam"](policy)
    rng = np.random.default_rng(seed + 2)
    score = has["learn_judge"](start, COMPARED, rng)
    agreement = float(has["agreement"](score, start, rng))
    judge = has["judged_by"](score, start, rng)
    for name, beta in BY_JUDGE.items():
        policy, rng = has["twin"](start), np.random.default_rng(seed + 3)
        curve = has["improve"](policy, start, judge, UPDATES["judge"], beta, rng, QUESTIONS)
        found[name] = has["exam"](policy) | {"score": curve[1][-10:].mean(), "away": curve[3][-10:].mean()}
    found = {name: {key: float(value) for key, value in exam.items()} for name, exam in found.items()}
    return found | {"agreement": agreement}


def record_adder(runs: list[dict]) -> None:
    """Shares of right answers and what else was looked at, by seed; two differences with their intervals."""
    what = {
        "start": "half trained by right answers",
        "verdicts": f"then {UPDATES['verdicts']} updates by verdicts, mean of 16 answers as baseline",
        "verdicts_kl": f"then {UPDATES['verdicts']} updates by verdicts less {BY_VERDICT['verdicts_kl']} KL",
        "taught": f"then {UPDATES['verdicts']} updates by right answers to as many questions ({QUESTIONS} an update)",
        "taught_as_many": f"then {UPDATES['verdicts']} updates by right answers, one for each answer judged",
        "judge": f"then {UPDATES['judge']} updates by a judge learned from comparisons",
        "judge_kl": f"then {UPDATES['judge']} updates by that judge less {BY_JUDGE['judge_kl']} KL",
    }
    units = {
        "drawn": "fraction",
        "likeliest": "fraction",
        "zeros": "fraction",
        "entropy": "nats",
        "away": "nats",
        "score": "spreads",
    }
    for name, note in what.items():
        for key in runs[0][name]:
            values = [run[name][key] for run in runs]
            note_of = f"{key}; two digits, 2,000 test questions, feedback decoder of lesson 06, {note}"
            outcomes.record_over_seeds(
                f"reinforce.adder.{name}.{key}", values, COMMAND, note_of, units.get(key, "numbers")
            )
    values = [run["agreement"] for run in runs]
    note = (
        f"comparisons of answers to test questions in which the judge, from {COMPARED:,} questions, prefers the nearer"
    )
    outcomes.record_over_seeds("reinforce.adder.judge.agreement", values, COMMAND, note)
    for name, one, other in (("gain", "verdicts_kl", "start"), ("lead_of_teaching", "taught_as_many", "verdicts_kl")):
        _record_difference(f"reinforce.adder.{name}", [run[one]["drawn"] - run[other]["drawn"] for run in runs])


def _record_difference(identifier: str, values: list[float]) -> None:
    """A paired difference over the seeds, with half its 95 % interval by Student's t."""
    half = stats.t.ppf(0.975, len(values) - 1) * statistics.stdev(values) / np.sqrt(len(values))
    note = "difference of the shares of drawn answers that are right, same seeds; half a 95 % interval (Student's t)"
    entry = results.record(
        identifier,
        statistics.mean(values),
        unit="fraction",
        spread=half,
        n=len(values),
        values=values,
        command=COMMAND,
        note=note,
    )
    print(f"{identifier}: {results.format_value(entry)}")


def record_cartpole() -> None:
    scores, seconds = measure(pg.CARTPOLE)
    about = f"mean of {EPISODES} test episodes, greedy; slowest training {seconds.max():.0f} s"
    solved = int((scores >= 475).sum())
    results.record(
        "reinforce.cartpole.solved_seeds", solved, unit="seeds", n=SEEDS, note=f"seeds of 5 at 475 or more; {about}"
    )
    note = f"median and standard deviation over seeds; {about}"
    results.record(
        "reinforce.cartpole.return", np.median(scores), unit="points", spread=scores.std(), n=SEEDS, note=note
    )


def record_pendulum() -> None:
    scores, seconds = measure(pg.PENDULUM)
    good = int((scores >= -250).sum())
    note = (
        f"median and standard deviation over seeds; mean of {EPISODES} test episodes, greedy; "
        f"{good} of {SEEDS} seeds at -250 or more; slowest training {seconds.max():.0f} s"
    )
    results.record(
        "reinforce.pendulum.return", np.median(scores), unit="points", spread=scores.std(), n=SEEDS, note=note
    )


def measure_adders(fresh: bool) -> None:
    recipe = {"sources": hashlib.sha256("".join(_sources()).encode()).hexdigest()[:16], "updates": UPDATES}
    recipe |= {"betas": BY_VERDICT | BY_JUDGE, "questions": QUESTIONS, "compared": COMPARED}
    runs = []
    for seed in range(1, SEEDS + 1):
        path = FOLDER / f"adder-{seed}.json"
        run = outcomes.measured(path, recipe | {"seed": seed}, lambda seed=seed: measure_adder(seed), fresh)
        print(f"adder, seed {seed}: {run}", flush=True)
        runs.append(run)
    record_adder(runs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("cartpole", "pendulum", "adder"), help="measure one of the three")
    parser.add_argument("--fresh", action="store_true", help="measure the adder again where an outcome is kept")
    options = parser.parse_args()
    parts = {
        "cartpole": record_cartpole,
        "pendulum": record_pendulum,
        "adder": lambda: measure_adders(options.fresh),
    }
    for part in [options.only] if options.only else parts:
        parts[part]()
    print(results.table([key for key in results.read() if key.startswith("reinforce.")]))


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
