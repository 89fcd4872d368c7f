"""Measure lesson 09 for the ledger: the ball game over seeds, what helps a small agent, and the shipped Breakout agent.

    python tests/benchmarks/results_09_dqn_breakout.py                     # all of it
    python tests/benchmarks/results_09_dqn_breakout.py --only ingredients  # section 6 with one ingredient less each
    python tests/benchmarks/results_09_dqn_breakout.py --only agents --agent runs/mine/best.npz  # recorded nowhere

``ball`` does what sections 3 and 4 do, in NumPy (``ball_09.py``). ``ingredients`` trains the configurations of section
6, as the notebook's cell tagged ``measured-recipes`` defines them; each run's outcome is kept in runs/results_09/ as
soon as it is there, ``--fresh`` measures anew. ``agents`` lets the two that ship play full games on seeds that neither
training nor the choice of the checkpoint has seen: as in section 13, with sticky actions, looking twice (at the picture
and at its mirror image), and with the screen shrunk as five filters of other programs do it, which the second agent's
training may draw, and in two ways that none draws (``--conditions`` and ``--games`` for a few of these, and for fewer
games).
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
from collections.abc import Sequence
from pathlib import Path

import nbformat
import numpy as np
import outcomes

from utils import commands, results, runtime
from utils.statistics import bootstrap_interval

import ball_09

COMMAND = "make results LESSON=09"
PROTOCOL = "full games, epsilon 0.05, up to 30 no-ops, at most 108,000 frames, seeds not used in training"
NOTEBOOK = runtime.repo_root() / "notebooks" / "09_dqn_breakout.ipynb"
FOLDER = runtime.repo_root() / "runs" / "results_09"
STEPS = 32_000  # agent steps of a small training: section 6's cpu budget
PLAIN_RATES = {"plain_slower": 2.5e-4, "plain_faster": 1e-3}  # of the plain recipe, whose own is the better recipe's


# ---------------------------------------------------------------------------------------------------------------------
# Sections 3 and 4: the ball game


def record_ball(seeds: Sequence[int] = range(1, 6)) -> None:
    runs = [ball_09.measure(seed) for seed in seeds]
    units = {"promise": "discounted steps"}
    for name in runs[0]:
        note = f"mean of the last five reports of {ball_09.STEPS:,} steps; level 1 of the ball game, seen as pictures"
        if "level" in name:
            note = f"mean of the last five reports of {ball_09.STEPS:,} steps on level 2, after as many on level 1"
        unit = units.get(name.split(".")[1], "steps")
        outcomes.record_over_seeds(f"dqn.ball.{name}", [run[name] for run in runs], COMMAND, note, unit)


# ---------------------------------------------------------------------------------------------------------------------
# Section 6: one ingredient less


def recipes() -> dict[str, tuple]:
    """For each name a configuration, and what it is in words."""
    has = {"dataclasses": dataclasses}
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    for source in (cell.source for cell in cells if "measured-recipes" in cell.metadata.get("tags", ())):
        exec(source, has)
    taken = {
        "one_step": ({"n_step": 1}, "without three-step targets"),
        "no_histogram": ({"bins": 0}, "without the histogram"),
        "no_mirror": ({"mirror": ()}, "without mirrored transitions"),
        "no_dueling": ({"dueling": False}, "without dueling"),
        "no_norm": ({"normalise": False}, "without layer norm"),
    }
    less = {name: (dataclasses.replace(has["better"], **change), note) for name, (change, note) in taken.items()}
    for name, rate in PLAIN_RATES.items():
        less[name] = (dataclasses.replace(has["plain"], learning_rate=rate), f"plain recipe, learning rate {rate:g}")
    return {"better": (has["better"], "better recipe"), "lecture": (has["plain"], "plain recipe"), **less}


def train_and_play(config, seed: int) -> dict:
    """Scores of twenty games after a short training, and what it took."""
    from utils.rl.breakout import Trainer

    runtime.seed_everything(seed)
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(config, folder, seed=seed)
        _, times = outcomes.timed(lambda: [trainer.step() for _ in range(STEPS // config.num_games)])
        return {"scores": trainer.evaluate(20).tolist()} | times


def measure_small(name: str, config, seed: int, fresh: bool = False) -> float:
    """Mean score of one small training, from the kept outcome where there is one."""
    recipe = {"config": config.to_dict(), "steps": STEPS, "seed": seed}
    run = outcomes.measured(FOLDER / f"{name}-{seed}.json", recipe, lambda: train_and_play(config, seed), fresh)
    print(f"{name}, seed {seed}: {np.mean(run['scores']):.2f}, {run['cpu_seconds']:.0f} CPU s", flush=True)
    return float(np.mean(run["scores"]))


def record_ingredients(fresh: bool, names: Sequence[str] = (), seeds: Sequence[int] = (1, 2, 3)) -> None:
    """Of all recipes, or of those named."""
    trained = {name: recipe for name, recipe in recipes().items() if not names or name in names}
    scores = {}
    for seed in seeds:  # seed by seed, so that an interrupted measurement has some of everything
        for name, (config, _) in trained.items():
            scores.setdefault(name, []).append(measure_small(name, config, seed, fresh))
    for name, (_, what) in trained.items():
        note = f"{what}: mean score of 20 games, epsilon 0.05, after {STEPS:,} agent steps"
        outcomes.record_over_seeds(f"breakout.small.{name}", scores[name], COMMAND, note, "points")


# ---------------------------------------------------------------------------------------------------------------------
# The shipped agent


def play(agent: Path, quick: bool, episodes: int, twice: bool = False, **conditions) -> np.ndarray:
    """Scores of full games of an agent, which may look at the mirror image as well; conditions: sticky actions or
    another filter's view."""
    from utils.rl.atari import play_games
    from utils.rl.dqn import load_agent, q_function

    network, config, _ = load_agent(agent)
    values = q_function(network, config.mirror if twice else ())
    limit = 2000 if quick else 108_000
    return play_games(values, episodes, epsilon=0.05, max_frames=limit, **conditions)[0]


def note_scores(identifier: str, scores: np.ndarray, note: str, keep: bool) -> None:
    """Print, and if so wished record, mean and half the 95 % interval; the text has the interval itself."""
    low, high = bootstrap_interval(scores)
    text = f"{note}; 95 % interval {low:.0f} to {high:.0f}, best {scores.max():.0f}; spread is half the interval"
    value = round(float(scores.mean()), 1)
    spread = round((high - low) / 2, 1)
    if keep:
        results.record(identifier, value, unit="points", spread=spread, n=len(scores), command=COMMAND, note=text)
    print(f"{identifier}: {value} over {len(scores)} games, 95 % interval {low:.1f} to {high:.1f}")


def at_one_million() -> None:
    """The evaluation that the training run made when it passed a million agent steps, as the curve recorded it."""
    rows = [row for row in results.read_curve("breakout_dqn") if row["kind"] == "evaluation"]
    rows = [row for row in rows if 1_000_000 <= row["agent_steps"] < 1_050_000]
    if not rows:
        print("breakout.dqn.score_at_1m_steps: the run has not come so far")
        return
    games, mean, std = rows[0]["games"], rows[0]["score"], rows[0]["score_std"]
    half = round(1.96 * std / games**0.5, 1)
    note = (
        f"{games} full games during training, epsilon 0.05, seeds not used in training; spread is half a 95 % interval"
    )
    results.record(
        "breakout.dqn.score_at_1m_steps",
        mean,
        unit="points",
        spread=half,
        n=games,
        command="python -m utils.rl.train_breakout",
        note=note,
    )
    print(f"breakout.dqn.score_at_1m_steps: {mean} over {games} games")


def record_agents(agent: Path | None, quick: bool, names: Sequence[str] = (), games: int = 50) -> None:
    """Both agents that ship; or another one, of whom nothing is recorded."""
    from utils.rl.dqn import AGENT, VARIED

    games = 2 if quick else games
    if agent is not None:
        record_agent("another", agent, quick, games, keep=False, names=names)
        return
    for name, path in {"dqn": AGENT, "varied": VARIED}.items():
        record_agent(name, path, quick, games, keep=True, names=names)
    at_one_million()


def conditions() -> dict[str, tuple[dict, str]]:
    """For each name how the games are played, and how the note says it."""
    from utils.rl.variety import JUDGED, UNSEEN

    plain = ", no sticky actions"
    played = {"score": ({}, plain), "score_sticky": ({"sticky": 0.25}, ", sticky actions 0.25")}
    played["score_twice"] = ({"twice": True}, f"{plain}, values the mean over the picture and its mirror image")
    played |= {f"score_{view}": ({"view": view}, f"{plain}, screen shrunk by the filter {view}") for view in JUDGED}
    return played | {
        f"score_{view}": ({"view": view}, f"{plain}, screen {view} as no training does") for view in UNSEEN
    }


def record_agent(name: str, agent: Path, quick: bool, games: int, keep: bool, names: Sequence[str] = ()) -> None:
    for what, (condition, told) in conditions().items():
        if not names or what in names:
            scores = play(agent, quick, games, **condition)
            note_scores(f"breakout.{name}.{what}", scores, PROTOCOL + told, keep)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("ball", "ingredients", "agents"), help="one of the three")
    parser.add_argument("--recipes", nargs="+", default=[], help="of the small trainings these alone, as no_mirror")
    parser.add_argument("--fresh", action="store_true", help="train the small agents again where an outcome is kept")
    parser.add_argument("--quick", action="store_true", help="of the agent two short games each, to see that it runs")
    parser.add_argument("--agent", type=Path, help="another network, as best.npz of a run; nothing is recorded then")
    parser.add_argument("--conditions", nargs="+", default=[], help="of the agents' games these alone: score_blurred")
    parser.add_argument("--games", type=int, default=50, help="full games of an agent in each condition")
    options = parser.parse_args()
    runtime.start(seed=1)
    parts = {
        "ball": record_ball,
        "ingredients": lambda: record_ingredients(options.fresh, options.recipes),
        "agents": lambda: record_agents(options.agent, options.quick, options.conditions, options.games),
    }
    for part in [options.only] if options.only else parts:
        parts[part]()


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
