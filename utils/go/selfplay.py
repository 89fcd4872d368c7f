"""AlphaGo Zero: one network, no human games, only the rules (lesson 11; Silver et al., Nature 550, 2017).

A search guided by the network plays itself; the network learns to predict the search's visit counts (a better
policy than its own) and the outcome; the better network makes the search better; and so on. On 5x5 it is
known what there is to find: Black opens in the centre and takes the whole board.

``python -m utils.go.selfplay`` trains, and continues after a kill; the command of each network that ships stands in the
file beside it in mldata/weights. A unit of work, some games from given weights and a seed, is a pure function
(:func:`play_games`), so the same loop runs on one machine, or on a Ray cluster with ``--ray ADDRESS`` (``--ray local``:
a worker for each core of this machine).

``--start`` with the network of :mod:`utils.go.value` is the road between AlphaGo and AlphaGo Zero: the Zero
paper's AlphaGo Master had Zero's single network and loop, but began from experts' games and saw hand-made planes.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from utils import commands, results, runtime
from utils.checkpoints import group, load_checkpoint, numbered, save_checkpoint
from utils.go import networks
from utils.go.examples import Positions, concatenate
from utils.go.learner import Learner, Weights
from utils.go.players import fit_planes
from utils.go.value import mean_squared_error
from utils.go.vertices import BLACK
from utils.go.zero_games import ZeroSettings, architecture_of, duel, komi_at, match, run_units

WATCHED = 1024  # fresh positions on which the value's error is measured before they are learned from


class Loop:
    """Self-play, training, gating, with a checkpoint after every iteration.

    Args:
        settings: see there.
        checkpoint: file to resume from if it is there, and to write; None for none.
        ray_address: ``"auto"`` or an address to play on a cluster, ``"local"`` for one on this machine.

    Raises:
        ValueError: ``settings.start`` has another architecture.
    """

    def __init__(self, settings: ZeroSettings, checkpoint: Path | None = None, ray_address: str | None = None):
        self.settings, self.checkpoint, self.ray_address = settings, checkpoint, ray_address
        self.architecture = architecture_of(settings)
        weights = Weights(1.0, settings.value, settings.owner, settings.margin)
        self.learner = Learner(
            self.architecture, weights, settings.rate, settings.decay, settings.average, settings.seed, settings.half
        )
        if settings.start:
            self._start_from(settings.start)
        self.best = [w.copy() for w in self.learner.average]
        self.window: Positions | None = None
        self.iteration, self.seconds, self.cpu_seconds = 0, 0.0, 0.0
        self.curve: list[dict] = []
        self.history: list[dict] = []  # settings changed from one start to the next: what the provenance must say
        if checkpoint is not None and checkpoint.exists():
            self.resume()

    def _start_from(self, name: str) -> None:
        """Take over a network's tower and heads; a value head that it lacks says 0 until it has learned something."""
        taken = networks.start_from(name, self.learner.model)
        head = self.learner.model.get_layer("value_out")
        if head.name not in taken:
            head.set_weights([np.zeros_like(w) for w in head.get_weights()])
        self.learner.begin()

    def resume(self) -> None:
        """Continue from the checkpoint."""
        arrays, meta = load_checkpoint(self.checkpoint)
        self.learner.restore(arrays)
        self.best = group(arrays, "b")
        columns = {name: arrays[name] for name in Positions.__dataclass_fields__ if name in arrays}
        self.window = Positions(**columns, size=self.settings.size) if columns else None
        self.iteration, self.curve = meta["iteration"], meta["curve"]
        self.seconds, self.cpu_seconds = meta["seconds"], meta["cpu_seconds"]
        ours, self.history = asdict(self.settings), meta.get("history", [])
        changed = {name: [value, ours.get(name)] for name, value in meta["settings"].items() if value != ours.get(name)}
        if changed:
            self.history.append({"iteration": self.iteration, "from_to": changed})

    def save(self) -> None:
        """Write the checkpoint atomically."""
        if self.checkpoint is None:
            return
        arrays = self.learner.arrays() | numbered("b", self.best) | (self.window.columns() if self.window else {})
        meta = {"settings": asdict(self.settings), "history": self.history, "iteration": self.iteration}
        meta |= {"curve": self.curve, "seconds": self.seconds, "cpu_seconds": self.cpu_seconds}
        save_checkpoint(self.checkpoint, arrays, meta)

    def iterate(self) -> dict:
        """One round: play with the best network, learn, compare; returns a row of the learning curve."""
        started, started_cpu, st = time.perf_counter(), time.process_time(), self.settings
        seeds = [st.seed * 1_000_003 + self.iteration * st.units + unit for unit in range(st.units)]
        playing = replace(st, komi=komi_at(self.iteration, st))
        found = list(run_units(self.best, playing, seeds, self.ray_address))
        fresh = concatenate([experience.positions for experience in found])
        window = fresh if self.window is None else concatenate([self.window, fresh])
        self.window = window.subset(slice(-st.window, None))
        played = time.perf_counter()
        error = self.error_on(fresh)
        losses = self.learn(st.steps * st.units)
        scores = np.concatenate([experience.scores for experience in found])
        row = {
            "iteration": self.iteration,
            "games": (self.iteration + 1) * st.units * st.games,
            "loss": losses["loss"],
            "policy_loss": losses["policy_logits_loss"],
            "value_loss": losses["value_out_loss"],
            "fresh_mse": error,
            "komi": playing.komi,
            "black_area": float(scores.mean() + playing.komi),
            "black_wins": float((scores > 0).mean()),
            "moves": float(np.concatenate([experience.lengths for experience in found]).mean()),
            "play_seconds": round(played - started, 2),
        }
        row["accepted"] = self.accept()
        self.seconds += time.perf_counter() - started
        self.cpu_seconds += time.process_time() - started_cpu
        self.iteration += 1
        row |= {"seconds": round(self.seconds), "cpu_seconds": round(self.cpu_seconds)}
        self.curve.append(row)
        return row

    def error_on(self, fresh: Positions) -> float:
        """Mean squared error of the value that played on games that it has not learned from yet."""
        model = networks.build(self.architecture)
        model.set_weights(self.best)
        some = np.random.default_rng(self.iteration).permutation(len(fresh))[:WATCHED]
        return mean_squared_error(fit_planes(networks.Evaluator(model, self.architecture)), fresh.subset(some))

    def learn(self, steps: int) -> dict[str, float]:
        """Gradient steps on random positions of the window, each in a random symmetry; mean losses by name."""
        st = self.settings
        rng = np.random.default_rng((st.seed, self.iteration))
        share = self.iteration / max(1, st.iterations - 1)
        rate = (1 - share) * st.rate + share * st.final_rate
        losses = []
        for _ in range(steps):
            index, turns = rng.integers(0, len(self.window), st.batch), rng.integers(0, 8, st.batch)
            losses.append(self.learner.learn(self.window, index, turns, rate))
        return {name: float(np.mean([loss[name] for loss in losses])) for name in losses[0]}

    def accept(self) -> bool:
        """Does the new network replace the best? Without gating always; else if it wins its share of a match."""
        new, st = self.learner.average, self.settings
        if st.gate_games:
            share = match(new, self.best, st, st.gate_games, st.seed + self.iteration)
            if share < st.gate:
                return False
        self.best = [w.copy() for w in new]
        return True


def train(
    settings: ZeroSettings,
    out: Path,
    checkpoint: Path,
    ray_address: str | None = None,
    every: int = 10,
    minutes: float | None = None,
    curves: Path | None = None,
) -> None:
    """Run the loop to its last iteration; write network, snapshots and curve every ``every`` iterations.

    Args:
        minutes: stop after so many of this start.
        curves: folder for the learning curve; None: mldata/curves.
    """
    loop, began = Loop(settings, checkpoint, ray_address), time.perf_counter()
    print(f"iteration {loop.iteration} of {settings.iterations}", flush=True)
    while loop.iteration < settings.iterations and (minutes is None or time.perf_counter() - began < 60 * minutes):
        row = loop.iterate()
        if loop.iteration % every == 0 or loop.iteration == settings.iterations:
            if settings.reference_games:
                scores = duel(loop.best, None, settings, settings.reference_games, BLACK, settings.seed)
                row["reference_wins"] = float((scores > 0).mean())
            write(loop, out, curves)
        loop.save()
        print(json.dumps({k: round(v, 3) if isinstance(v, float) else v for k, v in row.items()}), flush=True)


def command_of(loop: Loop, out: Path) -> str:
    """The command line that runs the loop again."""
    changed = [(k.replace("_", "-"), v) for k, v in asdict(loop.settings).items() if v != getattr(ZeroSettings, k)]
    options = [f"--{name}" if value is True else f"--{name} {value}" for name, value in changed]
    options += [f"--out {out.name}"] if out.name != "go_zero5.npz" else []
    return " ".join(["python -m utils.go.selfplay", *options])


def write(loop: Loop, out: Path, curves: Path | None = None) -> None:
    """The best network so far, a snapshot of it for the Elo curve, and the learning curve."""
    model = networks.build(loop.architecture)
    model.set_weights(loop.best)
    start, command = loop.settings.start, command_of(loop, out)
    sidecar = {
        "what": f"AlphaGo Zero's loop from {start or 'random weights'}, lesson 11",
        "data": f"the games {start} learned from, and its own" if start else "none but its own games",
        "iterations": loop.iteration,
        "games": loop.iteration * loop.settings.units * loop.settings.games,
        "seconds": round(loop.seconds),
        "cpu_seconds": round(loop.cpu_seconds),
        "seed": loop.settings.seed,
        "settings": asdict(loop.settings),
        "changed_on_the_way": loop.history,
    }
    networks.save(out, model, loop.architecture, sidecar | results.provenance(command))
    if loop.checkpoint is not None:
        snapshot = loop.checkpoint.parent / f"{out.stem}_snapshots" / f"{loop.iteration:04d}.npz"
        networks.save(snapshot, model, loop.architecture)
    rows = [{k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()} for row in loop.curve]
    curve = results.curve_path(out.stem)
    results.write_curve(curve if curves is None else curves / curve.name, rows, command)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m utils.go.selfplay", description=__doc__.splitlines()[0])
    for name, default in asdict(ZeroSettings()).items():
        kind = {"action": "store_true"} if default is False else {"type": type(default), "default": default}
        parser.add_argument(f"--{name.replace('_', '-')}", **kind)
    parser.add_argument("--out", type=Path, default=networks.weights_folder() / "go_zero5.npz")
    parser.add_argument("--checkpoint", type=Path, help="default: runs/NAME.npz in the repository")
    parser.add_argument("--ray", metavar="ADDRESS", help="play on a Ray cluster (auto: the one here; local: a new one)")
    parser.add_argument("--minutes", type=float, help="stop after so many minutes of this start")
    parser.add_argument("--curves", type=Path, metavar="FOLDER", help="for the learning curve; default: mldata/curves")
    options = vars(parser.parse_args())
    out, checkpoint, address = options.pop("out"), options.pop("checkpoint"), options.pop("ray")
    minutes, curves = options.pop("minutes"), options.pop("curves")
    runtime.start(seed=options["seed"])
    checkpoint = checkpoint or runtime.repo_root() / "runs" / out.name
    commands.check_writable(out)
    commands.check_writable((curves or results.curve_path(out.stem).parent) / f"{out.stem}.json")
    with commands.alone(checkpoint):
        train(ZeroSettings(**options), out, checkpoint, address, minutes=minutes, curves=curves)


if __name__ == "__main__":
    raise SystemExit(commands.run(main, ValueError, interrupted=commands.GOES_ON))
