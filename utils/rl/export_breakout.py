"""What a long training of lesson 09 has reached: for the course, or packed so that another machine goes on with it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from utils import results, runtime
from utils.checkpoints import save_checkpoint, write_atomically
from utils.rl.breakout import Trainer
from utils.rl.dqn import Config, load_agent, save_agent
from utils.rl.score_curve import COMMAND, plot_curve


def pack(trainer: Trainer, path: Path) -> None:
    """Write one small file with all that a training needs to go on elsewhere; only the replay memory is refilled."""
    save_checkpoint(path, trainer.arrays(small=True), trainer.meta(), compress=True)
    steps, size = trainer.counters["agent_steps"], path.stat().st_size / 1e6
    print(f"packed {steps:,} agent steps into {path}, {size:.1f} MB; go on with: {COMMAND} --resume {path.name}")


def command_of(meta: dict, config: Config) -> str:
    """What trains such a network anew: seed, steps, and all that is not as the defaults are."""
    usual = Config().to_dict()
    changed = {name: value for name, value in config.to_dict().items() if value != usual[name]}
    sets = [f"{name}={json.dumps(value, separators=(',', ':'))}" for name, value in changed.items()]
    options = ["--seed", str(meta["seed"]), "--steps", str(meta["agent_steps"])]
    return f"{COMMAND} {shlex.join(options + (['--set', *sets] if sets else []))}"


def export(trainer: Trainer, name: str = "breakout_dqn") -> None:
    """Copy best network, provenance and curve to ``mldata/``."""
    data = runtime.repo_root() / "mldata"
    if not (trainer.folder / "best.npz").exists():  # the run has not reached its first evaluation
        trainer.evaluate(20)
    network, config, meta = load_agent(trainer.folder / "best.npz")
    at = {"agent_steps": meta["agent_steps"], "selection_score": meta["selection_score"]}
    counters, command = meta["counters"], command_of(meta, config)
    sidecar = results.provenance(command) | {
        "what": "Deep Q-network for Breakout (ale-py, four actions), weights averaged over training, half precision",
        "data": f"{4 * meta['agent_steps']:,} frames of its own games",
        "seed": meta["seed"],
        "commit": meta.get("commit") or results.commit_name(),  # the run's, not the export's
        "seconds": round(counters["wall_clock_s"]),
        "cpu_seconds": round(counters["cpu_s"]),
        **at,
        "updates": counters["updates"],
        "selection": f"mean {meta['selection_score']:.1f} over games with seeds kept for choosing, epsilon 0.05",
        "backend": meta.get("backend", ""),
        "changed_on_the_way": meta.get("history", []),
        "config": config.to_dict(),
    }
    notes = at | {"counters": counters}  # a training that goes on from it counts on
    save_agent(data / "weights" / f"{name}.npz", network.get_weights(), config, sidecar, **notes)
    results.write_curve(results.curve_path(name), trainer.curve.rows, command)
    figure = plot_curve(trainer.curve.rows)
    write_atomically(data / "curves" / f"{name}.png", lambda file: figure.savefig(file, format="png"))
    print(f"exported {name} at {meta['agent_steps']:,} agent steps, selection score {meta['selection_score']:.1f}")
