"""Measure lesson 10 for the ledger: CartPole, Pendulum and the baselines, and the adder that learns from verdicts.

    python tests/benchmarks/results_10_reinforce.py                # all of them
    python tests/benchmarks/results_10_reinforce.py --only adder   # section 9 alone

``adder`` runs the update and the judge of section 9 as the notebook's cells define them (those tagged ``measured``),
with the helpers of ``utils/sequences``. Each seed's outcome is kept in runs/results_10/ as soon as it is there;
``--fresh`` measures anew.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import inspect
import statistics

import nbformat
import outcomes
import peer_10_equations

from utils import commands, runtime

runtime.start(quiet=True)

import keras  # noqa: E402
import numpy as np  # noqa: E402
from scipy import stats  # noqa: E402

from utils import results  # noqa: E402
from utils.rl import playing  # noqa: E402
from utils.rl import policy_gradient as pg  # noqa: E402
from utils.sequences import adder, decoders, judges, sentences, spelling  # noqa: E402

SEEDS = 5  # of the baselines and of the adder
TRAININGS = {"cartpole": pg.CARTPOLE, "pendulum": pg.PENDULUM}
TRAINED = 10  # seeds of each
EPISODES = {"cartpole": 100, "pendulum": 1000}  # of a test; Pendulum's returns differ by their starts, so it takes more
TEST = 1_000_000  # test episodes start from seeds that no training used
COMMAND = "make results LESSON=10"
NOTEBOOK = runtime.repo_root() / "notebooks" / "10_reinforce.ipynb"
FOLDER = runtime.repo_root() / "runs" / "results_10"
QUESTIONS = 32  # to an update
BY_VERDICT = {"verdicts": 0.0, "verdicts_kl": 0.1}  # the price of leaving the starting network
BY_JUDGE = {"judge": 0.0, "judge_kl": 0.3}
UPDATES = {"verdicts": 200, "judge": 100}
COMPARED = 2000  # questions to which a person compares two answers
PLAIN = dataclasses.replace(pg.CARTPOLE, iterations=60, stop_at=None, minibatches=1)  # as in section 5
CREDITS = {
    "whole": ("the return of the whole play", {"to_go": False, "gamma": 1.0, "baseline": "none"}),
    "to_go": ("the return to go", {"gamma": 1.0, "baseline": "none"}),
    "to_go_mean": ("the return to go less the mean of the other plays", {"gamma": 1.0, "baseline": "mean"}),
    "discounted": ("the return to go, discounted by 0.99", {"baseline": "none"}),
    "mean": ("the same less the mean of the other plays", {"baseline": "mean"}),
    "learned": ("the same less a learned baseline", {"baseline": "learned"}),
}


def measure(name: str, seed: int) -> dict:
    """One training, and the mean return of its greedy policy from starts that no training used."""
    history, times = outcomes.timed(lambda: pg.train(dataclasses.replace(TRAININGS[name], seed=seed)))
    environments = playing.make_environments(history.settings.environment, EPISODES[name])
    plays = playing.play(environments, history.policy.greedy, seed=TEST + seed)
    steps = {"updates": len(history.returns), "steps": sum(history.steps)}
    return {"score": float(plays.returns.mean()), **steps, **times}


def measure_all(name: str, fresh: bool) -> list[dict]:
    """All seeds of a training, those that are kept already taken as they are."""
    runs = []
    for seed in range(1, TRAINED + 1):
        recipe = dataclasses.asdict(TRAININGS[name]) | {"seed": seed, "episodes": EPISODES[name]}
        path = FOLDER / f"{name}-{seed}.json"
        run = outcomes.measured(path, recipe, lambda seed=seed: measure(name, seed), fresh)
        print(f"{name}, seed {seed}: { ({k: v for k, v in run.items() if k != 'recipe'}) }", flush=True)
        runs.append(run)
    return runs


def measure_credit(kind: str, seed: int) -> dict:
    """Mean return of the last three of sixty updates, with one kind of credit."""
    history, times = outcomes.timed(lambda: pg.train(dataclasses.replace(PLAIN, seed=seed, **CREDITS[kind][1])))
    return {"last": float(np.mean(history.returns[-3:])), **times}


def lesson() -> dict:
    """The update and the judge of section 9, as the notebook's cells define them."""
    helpers = {"adder": adder, "decoders": decoders, "judges": judges, "sentences": sentences, "spelling": spelling}
    space = {"keras": keras, "np": np} | helpers
    for source in _sources():
        exec(source, space)
    return space


def _sources() -> list[str]:
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    return [cell.source for cell in cells if "measured" in cell.metadata.get("tags", ())]


def measure_adder(seed: int) -> dict:
    """One half-trained adder, and what becomes of it by verdicts, by right answers, and by a judge."""
    has = lesson()
    start = adder.half_trained(seed, rounds=40)
    found = {"start": adder.exam(start)}
    for name, beta in BY_VERDICT.items():
        policy, rng = adder.twin(start), np.random.default_rng(seed + 1)
        has["improve"](policy, start, adder.verdict, UPDATES["verdicts"], beta, rng, QUESTIONS)
        found[name] = adder.exam(policy)
    for name, questions in {"taught": QUESTIONS, "taught_as_many": QUESTIONS * has["GROUP"]}.items():
        policy = adder.twin(start)
        adder.practise(policy, UPDATES["verdicts"], questions, np.random.default_rng(seed + 1))
        found[name] = adder.exam(policy)
    rng = np.random.default_rng(seed + 2)
    mark = has["learn_judge"](start, COMPARED, rng)
    agreement = judges.agreement(mark, start, rng)
    judge = judges.Judge(mark, start, rng)
    for name, beta in BY_JUDGE.items():
        policy, rng = adder.twin(start), np.random.default_rng(seed + 3)
        curve = has["improve"](policy, start, judge, UPDATES["judge"], beta, rng, QUESTIONS)
        found[name] = adder.exam(policy) | {"score": curve[1][-10:].mean(), "away": curve[3][-10:].mean()}
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
    for name, note in what.items():
        _record_exams(name, [run[name] for run in runs], note)
    values = [run["agreement"] for run in runs]
    note = (
        f"comparisons of answers to test questions in which the judge, from {COMPARED:,} questions, prefers the nearer"
    )
    outcomes.record_over_seeds("reinforce.adder.judge.agreement", values, COMMAND, note)
    for name, one, other in (("gain", "verdicts_kl", "start"), ("lead_of_teaching", "taught_as_many", "verdicts_kl")):
        _record_difference(f"reinforce.adder.{name}", [run[one]["drawn"] - run[other]["drawn"] for run in runs])


def _record_exams(name: str, exams: list[dict], note: str) -> None:
    """What exams found, one a seed, each of its figures as an entry."""
    fractions = dict.fromkeys(("drawn", "likeliest", "zeros"), "fraction")
    units = fractions | {"entropy": "nats", "away": "nats", "score": "spreads", "numbers": "numbers"}
    for key in exams[0]:
        about = f"{key}; two digits, 2,000 test questions, feedback decoder of lesson 06, {note}"
        values = [exam[key] for exam in exams]
        outcomes.record_over_seeds(f"reinforce.adder.{name}.{key}", values, COMMAND, about, units[key])


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


def record_training(name: str, fresh: bool) -> None:
    """Median over the seeds, each seed's return and CPU time; for CartPole the number of seeds that solve it too."""
    runs = measure_all(name, fresh)
    scores, cpu = [run["score"] for run in runs], [run["cpu_seconds"] for run in runs]
    about = (
        f"mean of {EPISODES[name]:,} test episodes, greedy; lowest seed {min(scores):.1f}; "
        f"{statistics.median(cpu):.0f} s of CPU a training, {max(cpu):.0f} s at most"
    )
    given = {"n": len(runs), "command": COMMAND}
    results.record(
        f"reinforce.{name}.return",
        statistics.median(scores),
        unit="points",
        spread=statistics.stdev(scores),
        values=scores,
        note=f"median and standard deviation over seeds; {about}",
        **given,
    )
    note = "median over seeds of the CPU time of one training, compilation included"
    results.record(f"reinforce.{name}.cpu_seconds", statistics.median(cpu), unit="s", values=cpu, note=note, **given)
    if name == "cartpole":
        solved = [float(score >= 475) for score in scores]
        note = f"seeds of {len(runs)} at 475 or more; {about}"
        results.record("reinforce.cartpole.solved_seeds", sum(solved), unit="seeds", values=solved, note=note, **given)


def record_best(fresh: bool) -> None:
    """Pendulum's best, on the starts of the ten tests; there is nothing to keep, it takes seconds."""
    values, plays = peer_10_equations.values_to_go(), EPISODES["pendulum"]
    scores = [float(peer_10_equations.returns(TEST + seed, plays, values).mean()) for seed in range(1, 1 + TRAINED)]
    note = (
        f"dynamic programming on a grid, by the equations; mean of {EPISODES['pendulum']:,} plays from the starts of "
        f"each of the {TRAINED} tests of reinforce.pendulum.return"
    )
    outcomes.record_over_seeds("reinforce.pendulum.best", scores, COMMAND, note, "points")


def record_credits(fresh: bool) -> None:
    for kind, (title, _) in CREDITS.items():
        runs = []
        for seed in range(1, SEEDS + 1):
            recipe = dataclasses.asdict(dataclasses.replace(PLAIN, seed=seed, **CREDITS[kind][1]))
            path = FOLDER / f"credit-{kind}-{seed}.json"
            runs.append(outcomes.measured(path, recipe, lambda s=seed, k=kind: measure_credit(k, s), fresh))
            print(f"{kind}, seed {seed}: {runs[-1]['last']:.0f}, {runs[-1]['cpu_seconds']:.0f} s of CPU", flush=True)
        note = (
            f"mean return of the last 3 of {PLAIN.iterations} updates of {PLAIN.plays} plays, one gradient step each, "
            f"an action credited with {title}; mean and standard deviation over seeds"
        )
        values = [run["last"] for run in runs]
        outcomes.record_over_seeds(f"reinforce.credit.{kind}", values, COMMAND, note, "points")


def measure_spellings(seed: int) -> dict:
    """How often answers of the half-trained adder are right that begin with zeros, and those that do not."""
    start, rng = adder.half_trained(seed, rounds=40), np.random.default_rng(seed + 4)
    a, b = (np.repeat(numbers, lesson()["GROUP"]) for numbers in adder.draw(COMPARED, "train", rng))
    answers, _ = sentences.sample(start, adder.read(a, b), rng)
    right, zeros = adder.verdict(a, b, answers), spelling.begins_with_zero(answers)
    return {"right_with_zeros": float(right[zeros].mean()), "right_without": float(right[~zeros].mean())}


def record_spellings(fresh: bool) -> None:
    """Beside the entries that ``adder`` has recorded, with the same seeds."""
    recipe, runs = _adder_recipe(), []
    for seed in range(1, SEEDS + 1):
        path = FOLDER / f"spellings-{seed}.json"
        runs.append(outcomes.measured(path, recipe | {"seed": seed}, lambda s=seed: measure_spellings(s), fresh))
        print(f"spellings, seed {seed}: {runs[-1]}", flush=True)
    for key, which in (("right_with_zeros", "begin"), ("right_without", "do not begin")):
        note = f"half trained; of the drawn answers to {COMPARED:,} training questions, 16 each, that {which} with 0"
        outcomes.record_over_seeds(f"reinforce.adder.start.{key}", [run[key] for run in runs], COMMAND, note)


def _adder_recipe() -> dict:
    """What the outcomes of an adder depend on."""
    sources = [*_sources(), *map(inspect.getsource, (adder, judges, sentences))]
    recipe = {"sources": hashlib.sha256("".join(sources).encode()).hexdigest()[:16], "updates": UPDATES}
    return recipe | {"betas": BY_VERDICT | BY_JUDGE, "questions": QUESTIONS, "compared": COMPARED}


def measure_adders(fresh: bool) -> None:
    recipe, runs = _adder_recipe(), []
    for seed in range(1, SEEDS + 1):
        path = FOLDER / f"adder-{seed}.json"
        run = outcomes.measured(path, recipe | {"seed": seed}, lambda seed=seed: measure_adder(seed), fresh)
        print(f"adder, seed {seed}: {run}", flush=True)
        runs.append(run)
    record_adder(runs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = {
        "cartpole": lambda fresh: record_training("cartpole", fresh),
        "pendulum": lambda fresh: record_training("pendulum", fresh),
        "best": record_best,
        "credit": record_credits,
        "adder": measure_adders,
        "spellings": record_spellings,
    }
    parser.add_argument("--only", choices=tuple(parts), help="measure one of them")
    parser.add_argument("--fresh", action="store_true", help="measure again where an outcome is kept")
    options = parser.parse_args()
    for part in [options.only] if options.only else parts:
        parts[part](options.fresh)
    print(results.table([key for key in results.read() if key.startswith("reinforce.")]))


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
