"""How well can a position be judged at all, and who comes close? Lesson 11's judges on one fixed set of positions.

    python tests/benchmarks/results_11_value.py                         # into the ledger
    python tests/benchmarks/results_11_value.py --beside runs/another   # others on the same positions

The positions are the paper's, one a game, from games that nobody trains on. The RL policy plays each on 64 times: the
variance of those outcomes, E[Var z], is the noise floor. Beside it stand the mean squared error against the outcome of
one more game, of networks and of rollouts, and what a position costs each.
"""

from __future__ import annotations

import argparse
import itertools
import time

import numpy as np

from utils import commands, results, runtime
from utils.checkpoints import load_checkpoint, save_checkpoint
from utils.go.position import META, MOVES

GAMES, TIMES, SEED = 1280, 64, 7_000_001
SHIPPED, MASTER = "go_value9", "go_master9"  # learned from games of the RL policy, and went on with its own


def positions(folder, times: int = TIMES + 1):
    """The games at their positions, which of them, outcomes of so many games from each, and CPU seconds for those."""
    from utils.go import networks, value

    path = folder / f"floor9_{times}.npz"
    before, after = (networks.Evaluator.from_file(name) for name in ("go_sl9", "go_rl9"))
    games = value.opened(before, value.ValueSettings(games=GAMES), np.random.default_rng(SEED))
    which = games.running
    if not path.exists():
        began = time.process_time()
        outcomes = value.continued(games, which, times, after, SEED)
        save_checkpoint(path, {"outcomes": outcomes}, {"cpu_seconds": time.process_time() - began})
    arrays, meta = load_checkpoint(path)
    return games, which, arrays["outcomes"], meta["cpu_seconds"]


def fast_rollouts(games, which, times: int) -> np.ndarray:
    """Mean outcome of ``times`` games by the fast policy, for the side to play."""
    from utils.go.rollouts import play_outs, seed_playouts
    from utils.go.vertices import BLACK

    means = []
    for g in which:
        ownership = np.zeros(games.states.shape[2], np.int64)
        wins, _ = play_outs(games.states[g], times, games.komi, True, seed_playouts(int(g)), ownership)
        means.append(2 * wins / times - 1)
    return np.array(means) * np.where(games.to_play[which] == BLACK, 1, -1)


def judges(games, which, names: list[str]):
    """(name, judgement of each position, CPU milliseconds a position) of rollouts and networks, one after the other."""
    from utils.go import networks

    fast_rollouts(games, which[:4], 4)
    for times in (8, 16, 64):
        began = time.process_time()
        played = fast_rollouts(games, which, times)
        rollout_cost = 1000 * (time.process_time() - began) / len(which)
        yield f"{times} fast rollouts", played, rollout_cost
    planes = games.planes(which)
    for name in names:
        evaluator = networks.Evaluator.from_file(name)
        evaluator(planes[:256])
        began = time.process_time()
        said = np.concatenate([evaluator(part)[1] for part in np.array_split(planes, len(planes) // 256 + 1)])
        cost = 1000 * (time.process_time() - began) / len(which)
        yield f"{name}, one look", said, cost
        if name == SHIPPED:
            yield f"{name} and {times} rollouts, half each", (said + played) / 2, cost + rollout_cost


def by_the_policy(games, which, told, continued_seconds: float):
    """The same of those who know more: the mean of the stage, and games of the policy that plays on."""
    stage = np.digitize(games.states[which, META, MOVES], (20, 40, 60))
    means = np.array([told[stage == s].mean() if (stage == s).any() else 0.0 for s in range(4)])
    yield "mean of the stage", means[stage], 0.0
    for times in (8, 16, 64):
        cost = 1000 * continued_seconds / (len(which) * (TIMES + 1)) * times
        yield f"{times} games of the RL policy", told[:, :times].mean(axis=1), cost


def experts_positions():
    """One random position of each of the expert's held-out games that was decided, and who won: for the side to
    play."""
    from utils.go import examples
    from utils.go.batch import Games

    rng, boards, outcomes = np.random.default_rng(SEED), [], []
    for game in examples.load_games("heldout"):
        if game.winner and len(game.points) > 12:
            boards.append(game.after(int(rng.integers(10, len(game.points)))))
            outcomes.append(1 if game.winner == boards[-1].to_play else -1)
    games = Games.of(boards, limit=1000)
    return games, np.arange(len(boards)), np.array(outcomes, np.float32)


def judged(kind: str, answers, result: np.ndarray, told: np.ndarray | None) -> tuple[list[dict], dict]:
    """Rows for the curve, and the squared errors by judge.

    Args:
        kind: whose games these are.
        answers: what :func:`judges` yields.
        result: outcomes, 1 or -1, of the side to play.
        told: outcomes of many more games from each position, or None where there are none.
    """
    rows, errors = [], {}
    for name, said, cost in answers:
        errors[name] = (said - result) ** 2
        row = {"games": kind, "judge": name, "error": errors[name].mean(), "half_interval": half_interval(errors[name])}
        if told is not None and "RL policy" not in name:  # unbiased, where the judge saw none of those games
            excess = (said - told.mean(axis=1)) ** 2 - told.var(axis=1, ddof=1) / told.shape[1]
            row |= {"above_floor": excess.mean(), "above_half_interval": half_interval(excess)}
        reference = errors.get("64 fast rollouts")
        if reference is not None and "fast rollouts" not in name:
            difference = errors[name] - reference
            row |= {"minus_64_fast": difference.mean(), "minus_half_interval": half_interval(difference)}
        row["cpu_ms"] = cost
        rows.append({key: round(float(v), 4) if isinstance(v, float | np.floating) else v for key, v in row.items()})
        print(rows[-1], flush=True)
    return rows, errors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--beside", nargs="*", default=[], metavar="NETWORK", help="judged as well")
    options = parser.parse_args()
    runtime.start(quiet=True)
    names = [SHIPPED, MASTER, *options.beside]
    games, which, outcomes, seconds = positions(runtime.repo_root() / "runs")
    result, told = outcomes[:, 0], outcomes[:, 1:]  # one game is what is foreseen, the others say how well it can be
    floor = told.var(axis=1, ddof=1)
    print(f"{len(which)} positions; noise floor E[Var z] {floor.mean():.3f} +- {half_interval(floor):.3f}")
    answers = itertools.chain(by_the_policy(games, which, told, seconds), judges(games, which, names))
    rows, errors = judged("REINFORCE policy", answers, result, told)
    games, others, result = experts_positions()
    rows += judged("GNU Go", judges(games, others, names), result, None)[0]
    results.write_curve(results.curve_path("go_judges"), rows, "python tests/benchmarks/results_11_value.py")
    note = f"{len(which)} positions, one a game that nobody trained on; spread is half a 95 % interval over games"
    measured = {
        "go.value9.noise_floor": (floor, f"E[Var z] over {TIMES} games of the RL policy; {note}"),
        "go.value9.mse": (errors[f"{SHIPPED}, one look"], f"against one more game of the RL policy; {note}"),
    }
    with results.together():
        for identifier, (values, text) in measured.items():
            options = {"unit": "MSE", "spread": half_interval(values), "n": len(which), "note": text}
            results.record(identifier, float(values.mean()), **options)


def half_interval(values: np.ndarray) -> float:
    """Half a 95 % interval of the mean."""
    return float(1.96 * values.std(ddof=1) / np.sqrt(len(values)))


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
