"""Measure lesson 09 into mldata/results.json: scores of the shipped Breakout agent (`make results LESSON=09`).

As it trained, with sticky actions, and with the screen shrunk as five filters of other programs do it.

The games have seeds that neither training nor the choice of the checkpoint has seen.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from utils import commands, results, runtime
from utils.statistics import bootstrap_interval

COMMAND = "make results LESSON=09"
PROTOCOL = "full games, epsilon 0.05, up to 30 no-ops, at most 108,000 frames, seeds not used in training"


def play(agent: Path | None, quick: bool, episodes: int, **conditions) -> np.ndarray:
    """Scores of full games of the shipped agent, or another; conditions: sticky actions or another filter's view."""
    from utils.rl.atari import play_games
    from utils.rl.dqn import AGENT, load_agent, q_function

    network, _, _ = load_agent(agent or AGENT)
    limit = 2000 if quick else 108_000
    return play_games(q_function(network), episodes, epsilon=0.05, max_frames=limit, **conditions)[0]


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="two short games each, to see that it runs")
    parser.add_argument("--agent", type=Path, help="another network, as best.npz of a run; nothing is recorded then")
    options = parser.parse_args()
    runtime.start(seed=1)
    from utils.rl.variety import JUDGED

    conditions = {"score": ({}, ", no sticky actions"), "score_sticky": ({"sticky": 0.25}, ", sticky actions 0.25")}
    for view in JUDGED:
        conditions[f"score_{view}"] = (
            {"view": view},
            f", no sticky actions, screen shrunk by the filter {view}",
        )
    for name, (condition, told) in conditions.items():
        scores = play(options.agent, options.quick, 2 if options.quick else 50, **condition)
        note_scores(f"breakout.dqn.{name}", scores, PROTOCOL + told, keep=options.agent is None)
    if options.agent is None:
        at_one_million()


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
