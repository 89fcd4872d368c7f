"""AlphaGo Zero: one network, no human games, only the rules (lesson 11; Silver et al., Nature 550, 2017).

A search guided by the network plays itself; the network learns to predict the search's visit counts (a better
policy than its own) and the outcome; the better network makes the search better; and so on. On 5x5 it is
known what there is to find: Black opens in the centre and takes the whole board.

``python -m utils.go.selfplay`` trains the network that ships in mldata/weights, and continues after a kill. A unit of
work, some games from given weights and a seed, is a pure function (:func:`play_games`), so the same loop runs on one
machine, or on a Ray cluster with ``--ray ADDRESS`` (``--ray local``: a worker for each core of this machine).

``--start go_sl9 --study runs/value9`` is the road between AlphaGo and AlphaGo Zero: the Zero paper's AlphaGo Master
had Zero's single network and loop, but began from experts' games, saw hand-made planes and kept the rollouts.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, replace
from pathlib import Path

import keras
import numpy as np

from utils import commands, results, runtime
from utils.checkpoints import group, load_checkpoint, numbered, restore, save_checkpoint, state_of
from utils.go import features, networks, value
from utils.go.examples import Positions, concatenate, positions_of, some_of_each_game, split_games
from utils.go.vertices import BLACK
from utils.go.zero_games import ZeroSettings, architecture_of, duel, komi_at, match, run_units

STUDIED_PER_GAME = 8  # positions of each game by others, if those are studied first


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
        keras.utils.set_random_seed(settings.seed)
        self.architecture = architecture_of(settings)
        self.model = networks.build(self.architecture)
        self.model.compile(
            optimizer=keras.optimizers.AdamW(settings.rate, weight_decay=settings.decay, clipnorm=5.0),
            loss=[keras.losses.CategoricalCrossentropy(from_logits=True), keras.losses.MeanSquaredError()],
            loss_weights=[1.0, 1.5],
        )
        self.model.optimizer.build(self.model.trainable_variables)
        if settings.start:
            self._start_from(settings.start)
        self.best = self.model.get_weights()
        bytes_a_position = -(-(settings.size**2) * settings.planes // 8)
        self.packed = np.zeros((0, bytes_a_position), np.uint8)
        self.policy = np.zeros((0, settings.size**2 + 1), np.float16)
        self.outcome = np.zeros(0, np.float32)
        self.iteration, self.seconds = 0, 0.0
        self.curve: list[dict] = []
        self.studied: Path | None = None  # whose games came first, for the provenance
        if checkpoint is not None and checkpoint.exists():
            self.resume()

    def _start_from(self, name: str) -> None:
        """Take over a network's tower and heads; a value head that it lacks says 0 until it has learned something."""
        taken = networks.start_from(name, self.model)
        head = self.model.get_layer("value_out")
        if head.name not in taken:
            head.set_weights([np.zeros_like(w) for w in head.get_weights()])

    def study(self, data: Positions, steps: int) -> float:
        """Before its own first game: learn who won others' games, while the policy is asked to stay as it is.

        The positions fill the replay window until its own games displace them. Returns the value's loss at the end.
        """
        st, evaluator = self.settings, networks.Evaluator(self.model, self.architecture)
        packed, policy = [], []
        for first in range(0, len(data), 512):
            planes = data.planes(np.arange(first, min(first + 512, len(data))))[..., : st.planes]
            packed.append(np.packbits(planes.astype(np.uint8).reshape(len(planes), -1), axis=1))
            policy.append(evaluator(planes)[0].astype(np.float16))
        self.packed, self.policy = np.concatenate(packed)[-st.window :], np.concatenate(policy)[-st.window :]
        self.outcome = data.outcomes[-st.window :]
        losses, stretch = [], 50
        for first in range(0, steps, stretch):
            rate = st.rate + (st.final_rate - st.rate) * first / steps
            losses.append(self.learn(min(stretch, steps - first), rate, first)[2])
        self.best = self.model.get_weights()
        return float(np.mean(losses[-5:])) if losses else float("nan")

    def resume(self) -> None:
        """Continue from the checkpoint."""
        arrays, meta = load_checkpoint(self.checkpoint)
        restore(self.model, arrays)
        self.best = group(arrays, "b")
        self.packed, self.policy, self.outcome = arrays["packed"], arrays["policy"], arrays["outcome"]
        self.iteration, self.seconds, self.curve = meta["iteration"], meta["seconds"], meta["curve"]

    def save(self) -> None:
        """Write the checkpoint atomically."""
        if self.checkpoint is None:
            return
        arrays = state_of(self.model) | numbered("b", self.best)
        arrays |= {"packed": self.packed, "policy": self.policy, "outcome": self.outcome}
        meta = {"settings": asdict(self.settings), "iteration": self.iteration, "seconds": self.seconds}
        save_checkpoint(self.checkpoint, arrays, meta | {"curve": self.curve})

    def iterate(self) -> dict:
        """One round: play with the best network, learn, compare; returns a row of the learning curve."""
        started, st = time.perf_counter(), self.settings
        seeds = [st.seed * 1_000_003 + self.iteration * st.units + unit for unit in range(st.units)]
        playing = replace(st, komi=komi_at(self.iteration, st))
        found = list(run_units(self.best, playing, seeds, self.ray_address))
        for name in ("packed", "policy", "outcome"):
            new = [getattr(self, name)] + [getattr(experience, name) for experience in found]
            setattr(self, name, np.concatenate(new)[-st.window :])
        played = time.perf_counter()
        losses = self.learn(st.steps * st.units)
        scores = np.concatenate([experience.scores for experience in found])
        row = {
            "iteration": self.iteration,
            "games": (self.iteration + 1) * st.units * st.games,
            "loss": losses[0],
            "policy_loss": losses[1],
            "value_loss": losses[2],
            "komi": playing.komi,
            "black_area": float(scores.mean() + playing.komi),
            "black_wins": float((scores > 0).mean()),
            "moves": float(np.concatenate([experience.moves for experience in found]).mean()),
            "play_seconds": round(played - started, 2),
        }
        row["accepted"] = self.accept()
        self.seconds += time.perf_counter() - started
        self.iteration += 1
        row["seconds"] = round(self.seconds)
        self.curve.append(row)
        return row

    def learn(self, steps: int, rate: float | None = None, key: int = 0) -> np.ndarray:
        """Gradient steps on random positions of the window, each in a random symmetry; mean losses.

        Args:
            rate: learning rate; None takes the iteration's.
            key: draws other positions than another key does.
        """
        st = self.settings
        rng = np.random.default_rng((st.seed, self.iteration, key))
        shape = (st.size, st.size, st.planes)
        share = self.iteration / max(1, st.iterations - 1)
        self.model.optimizer.learning_rate = rate or (1 - share) * st.rate + share * st.final_rate
        losses = []
        for _ in range(steps):
            index = rng.integers(0, len(self.outcome), st.batch)
            k = rng.integers(0, 8, st.batch)
            bits = np.unpackbits(self.packed[index], axis=1, count=int(np.prod(shape)))
            planes = features.transform(bits.reshape(-1, *shape).astype(np.float32), k)
            policy = features.transform_policy(self.policy[index].astype(np.float32), k)
            losses.append(self.model.train_on_batch(planes, [policy, self.outcome[index, None]]))
        return np.mean(np.array(losses, np.float64), axis=0)

    def accept(self) -> bool:
        """Does the new network replace the best? Without gating always; else if it wins its share of a match."""
        new, st = self.model.get_weights(), self.settings
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
    study: Path | None = None,
    curves: Path | None = None,
) -> None:
    """Run the loop to its last iteration; write network, snapshots and curve every ``every`` iterations.

    Args:
        study: folder of games that step 3 played (see :mod:`utils.go.value`), to begin with; None for none.
        curves: folder for the learning curve; None: mldata/curves.
    """
    loop = Loop(settings, checkpoint, ray_address)
    loop.studied = study
    if study is not None and loop.iteration == 0:
        data = games_to_study(study)
        print(f"studied {len(data)} positions: value loss {loop.study(data, settings.study_steps):.3f}", flush=True)
        write(loop, out, curves)
        loop.save()
    print(f"iteration {loop.iteration} of {settings.iterations}", flush=True)
    while loop.iteration < settings.iterations:
        row = loop.iterate()
        if loop.iteration % every == 0 or loop.iteration == settings.iterations:
            scores = duel(loop.best, None, settings, 10, BLACK, settings.seed)
            row["reference_wins"] = float((scores > 0).mean())
            write(loop, out, curves)
        loop.save()
        print(json.dumps({k: round(v, 3) if isinstance(v, float) else v for k, v in row.items()}), flush=True)


def games_to_study(folder: Path) -> Positions:
    """Some positions of each game that step 3 learned from and of each that step 1 learned from, shuffled."""
    experts = positions_of(split_games()[0])
    experts = some_of_each_game(experts.subset(np.flatnonzero(experts.outcomes)), STUDIED_PER_GAME)
    data = concatenate([value.positions(value.split_units(value.unit_paths(folder))[0], STUDIED_PER_GAME), experts])
    return data.subset(np.random.default_rng(0).permutation(len(data)))


def command_of(loop: Loop, out: Path) -> str:
    """The command line that runs the loop again."""
    changed = [(k.replace("_", "-"), v) for k, v in asdict(loop.settings).items() if v != getattr(ZeroSettings, k)]
    options = [f"--{name}" if value is True else f"--{name} {value}" for name, value in changed]
    options += [f"--study {loop.studied}"] if loop.studied else []
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
        "seed": loop.settings.seed,
        "settings": asdict(loop.settings),
    }
    networks.save(out, model, loop.architecture, sidecar | results.provenance(command))
    if loop.checkpoint is not None:
        snapshot = loop.checkpoint.parent / f"{out.stem}_snapshots" / f"{loop.iteration:04d}.npz"
        networks.save(snapshot, model, loop.architecture)
    if loop.curve:  # else nothing but others' games so far
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
    parser.add_argument("--study", type=Path, metavar="FOLDER", help="learn first from games that step 3 played")
    parser.add_argument("--curves", type=Path, metavar="FOLDER", help="for the learning curve; default: mldata/curves")
    options = vars(parser.parse_args())
    out, checkpoint, address = options.pop("out"), options.pop("checkpoint"), options.pop("ray")
    study, curves = options.pop("study"), options.pop("curves")
    runtime.start(seed=options["seed"])
    checkpoint = checkpoint or runtime.repo_root() / "runs" / out.name
    commands.check_writable(out)
    commands.check_writable((curves or results.curve_path(out.stem).parent) / f"{out.stem}.json")
    with commands.alone(checkpoint):
        train(ZeroSettings(**options), out, checkpoint, address, study=study, curves=curves)


if __name__ == "__main__":
    raise SystemExit(commands.run(main, ValueError, interrupted=commands.GOES_ON))
