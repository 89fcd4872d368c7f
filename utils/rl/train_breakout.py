"""Train a deep Q-network on Breakout for hours: ``python -m utils.rl.train_breakout`` (lesson 09).

Everything lands in one folder (``runs/breakout``): ``checkpoint.npz`` every few minutes, ``best.npz`` whenever an
evaluation beats all earlier ones, ``curve.json`` with the learning curve. Stop it (Ctrl-C, a kill, a power cut) and
start the same command again: it goes on from the last checkpoint. Weights, optimiser, counters and random states are in
it; the replay memory is only with ``--keep-replay`` (2 GB of disk, written at each evaluation and when stopped);
otherwise it is refilled by playing ``learning_starts`` steps before learning goes on.

Hyperparameters come from the checkpoint, if there is one, else from the defaults; ``--set`` changes them. Two options
train nothing: ``--pack FILE`` writes a checkpoint of a quarter of the size, from which another machine goes on with
``--resume FILE``, and ``--export`` copies what a run has reached to ``mldata/weights`` and ``mldata/curves``.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from utils import commands, runtime


def parse(arguments=None) -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m utils.rl.train_breakout", description=__doc__.split("\n\n")[0])
    parser.add_argument("--steps", type=int, default=5_000_000, help="agent steps in all, four frames each")
    parser.add_argument("--minutes", type=float, help="stop after so many minutes of this start")
    parser.add_argument("--folder", type=Path, default=Path("runs/breakout"))
    parser.add_argument("--resume", type=Path, help="checkpoint, or agent, to begin from if the folder has none")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--backend", choices=runtime.BACKENDS, help="Keras backend (default: KERAS_BACKEND)")
    parser.add_argument("--threads", type=int, default=0, help="emulator threads")
    parser.add_argument("--evaluate-every", type=int, default=250_000, help="agent steps between evaluations")
    parser.add_argument("--evaluate-games", type=int, default=20)
    parser.add_argument("--save-minutes", type=float, default=5.0)
    parser.add_argument("--keep-replay", action="store_true", help="store the replay memory too (2 GB)")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="change hyperparameters")
    say = "train nothing; copy the run's results to mldata/ under this name"
    parser.add_argument("--export", nargs="?", const="breakout_dqn", metavar="NAME", help=say)
    parser.add_argument("--pack", type=Path, metavar="FILE", help="train nothing; write a small checkpoint")
    return parser.parse_args(arguments)


def stored_config(folder: Path, resume: Path | None) -> dict:
    """Hyperparameters of the checkpoint that a start goes on from; empty if there is none."""
    from utils.checkpoints import load_checkpoint

    own = folder / "checkpoint.npz"
    source = own if own.exists() else resume
    return load_checkpoint(source)[1]["config"] if source else {}


def main(arguments=None) -> int:
    """Entry point of ``python -m utils.rl.train_breakout``; 130 if it was stopped before its end."""
    options = parse(arguments)
    with commands.alone(options.folder):
        return _train(options)


def _train(options: argparse.Namespace) -> int:
    runtime.start(seed=options.seed, backend=options.backend)
    from utils.rl import breakout, dqn, export_breakout  # only now: Keras looks for its backend when imported

    breakout.keep_memory()
    config = dqn.configure(options.set, stored_config(options.folder, options.resume))
    trainer = breakout.Trainer(config, options.folder, options.seed, options.resume, options.threads)
    if options.export:
        export_breakout.export(trainer, options.export)
    if options.pack:
        export_breakout.pack(trainer, options.pack)
    if options.export or options.pack:
        return 0
    at = f"at {trainer.counters['agent_steps']:,} agent steps"
    breakout.say(f"{at}; process {os.getpid()}; files in {options.folder}", True)
    pace = (options.steps, options.evaluate_every, options.evaluate_games, options.save_minutes, options.minutes)
    stopped = breakout.train(trainer, *pace, options.keep_replay)
    return commands.INTERRUPTED if stopped else 0


if __name__ == "__main__":
    raise SystemExit(commands.run(main, ValueError))
