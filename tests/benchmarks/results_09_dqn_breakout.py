"""Measure lesson 09 for the ledger: what helps a small agent, the ball game over seeds, and the shipped Breakout agent.

    python tests/benchmarks/results_09_dqn_breakout.py                     # all of it
    python tests/benchmarks/results_09_dqn_breakout.py --only ingredients  # section 6 with one ingredient less each
    python tests/benchmarks/results_09_dqn_breakout.py --only agent --agent runs/mine/best.npz  # recorded nowhere

``ball`` and ``ingredients`` run what the notebook's cells define (those tagged ``measured``); each run's outcome is kept
in runs/results_09/ as soon as it is there, ``--fresh`` measures anew. ``agent`` plays full games on seeds that neither
training nor the choice of the checkpoint has seen: as it trained, with sticky actions, and with the screen shrunk as
five filters of other programs do it.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import tempfile
from pathlib import Path

import nbformat
import numpy as np
import outcomes

from utils import commands, runtime

runtime.start(seed=1, quiet=True)

import keras  # noqa: E402
from keras import ops  # noqa: E402

from utils import results  # noqa: E402
from utils.statistics import bootstrap_interval  # noqa: E402

COMMAND = "make results LESSON=09"
PROTOCOL = "full games, epsilon 0.05, up to 30 no-ops, at most 108,000 frames, seeds not used in training"
NOTEBOOK = runtime.repo_root() / "notebooks" / "09_dqn_breakout.ipynb"
FOLDER = runtime.repo_root() / "runs" / "results_09"
SEEDS = 3
BALL_STEPS = 7_200
STEPS = 32_000  # agent steps, section 6's cpu budget


def lesson(part: str) -> dict:
    """What the notebook's cells tagged ``measured-`` and this part define."""
    space = {"keras": keras, "np": np, "ops": ops, "dataclasses": dataclasses}
    for source in _sources(part):
        exec(source, space)
    return space


def _sources(part: str) -> list[str]:
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    return [cell.source for cell in cells if f"measured-{part}" in cell.metadata.get("tags", ())]


# ---------------------------------------------------------------------------------------------------------------------
# Sections 3 and 4: the ball game


def play_ball(seed: int) -> dict:
    """What becomes of each variant on level 1, and of both levels while level 2 is learned."""
    has, found = lesson("ball"), {}
    for name, tricks in has["VARIANTS"].items():
        agent, memory, (_, play, promise) = has["learn_level_1"](seed, BALL_STEPS, **tricks)
        found[name] = {"play": play.tolist(), "promise": promise.tolist()}
        if not tricks:
            taught = agent, memory
    for name, memory in (("wiped", []), ("kept", taught[1])):
        _, first, second = has["learn_level_2"](seed, BALL_STEPS, taught[0], memory)
        found[name] = {"level_1": first.tolist(), "level_2": second.tolist()}
    return found


def measure_ball(fresh: bool, seeds: list[int]) -> list[dict]:
    sources = hashlib.sha256("".join(_sources("ball")).encode()).hexdigest()[:16]
    runs = []
    for seed in seeds:
        recipe = {"sources": sources, "steps": BALL_STEPS, "seed": seed}
        run = outcomes.measured(FOLDER / f"ball-{seed}.json", recipe, lambda seed=seed: play_ball(seed), fresh)
        print(f"ball, seed {seed}:", {key: [round(v[-1], 1) for v in run[key].values()] for key in run if key != "recipe"}, flush=True)
        runs.append(run)
    return runs


# ---------------------------------------------------------------------------------------------------------------------
# Section 6: one ingredient less


def recipes() -> dict[str, tuple]:
    """For each name a configuration, and what it is in words."""
    has = lesson("recipes")
    lecture, better = has["lecture"], has["better"]
    taken = {
        "one_step": ({"n_step": 1}, "without three-step returns"),
        "no_histogram": ({"bins": 0}, "without the histogram"),
        "no_mirror": ({"mirror": ()}, "without mirrored transitions"),
        "plain_head": ({"dueling": False, "normalise": False}, "without dueling and layer norm"),
    }
    less = {name: (dataclasses.replace(better, **change), note) for name, (change, note) in taken.items()}
    return {"better": (better, "with everything"), "lecture": (lecture, "on the lecture's cost"), **less}


def train_and_play(config, seed: int) -> dict:
    """Scores of twenty games after a short training."""
    from utils.rl.breakout import Trainer

    keras.utils.set_random_seed(seed)
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(config, folder, seed=seed)
        _, times = outcomes.timed(lambda: [trainer.step() for _ in range(STEPS // config.num_games)])
        return {"scores": trainer.evaluate(20).tolist()} | times


def measure_ingredients(fresh: bool, seeds: list[int], names: list[str]) -> None:
    for seed in seeds:
        for name in names:
            config, _ = recipes()[name]
            recipe = {"config": config.to_dict(), "steps": STEPS, "seed": seed}
            path = FOLDER / f"{name}-{seed}.json"
            run = outcomes.measured(path, recipe, lambda c=config, s=seed: train_and_play(c, s), fresh)
            print(f"{name}, seed {seed}: {np.mean(run['scores']):.2f}, {run['cpu_seconds']:.0f} CPU s", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 3])
    parser.add_argument("--names", nargs="*", default=["better", "lecture", "one_step", "no_histogram", "no_mirror"])
    o = parser.parse_args()
    import subprocess, sys
    if o.seeds == [1]: subprocess.run([sys.executable, "/tmp/ed/w2.py"])
    measure_ball(False, o.seeds)
    measure_ingredients(False, o.seeds, o.names)
