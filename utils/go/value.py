"""AlphaGo's step 3: how likely is a win from here? Regression on the outcomes of self-play games (lesson 11).

v(s) = E[z | s, both sides play the policy]: the lecture's gradient is that of the mean squared error. As in
the paper, a game for this purpose is played by the supervised policy up to a random moment, then makes one
random move, then is played out by the stronger policy; the position after the random move is what is learned
from. Positions of one game look alike and share one outcome: a network shown all of them learns games by heart
(the paper's 0.19 in training against 0.37 in testing). :func:`positions` takes one or many per game, so that
the notebook can show both.

``python -m utils.go.value`` plays the games (kept in runs/, continued after a kill) and trains the network
that ships.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np

from utils import commands, results, runtime
from utils.checkpoints import load_checkpoint, restore, save_checkpoint, state_of
from utils.go import features, networks
from utils.go.batch import Games, play_policies, sample
from utils.go.examples import Positions, concatenate, some_of_each_game
from utils.go.vertices import BLACK


@dataclass
class ValueSettings:
    """Hyperparameters; AlphaGo's in brackets."""

    units: int = 80  # units of work, each of `games` games [30 million games]
    games: int = 128
    latest: int = 60  # the random move comes before this one [450 on 19x19]
    komi: float = 7.0
    per_game: int = 8  # positions a game is represented by [1]
    filters: int = 64
    blocks: int = 5
    steps: int = 1500
    batch: int = 256
    rate: float = 1e-3
    decay: float = 0.05
    tested: float = 0.1  # share of the units kept for testing
    seed: int = 1


def play_unit(before: networks.Evaluator, after: networks.Evaluator, settings: ValueSettings, seed: int) -> Positions:
    """One unit of work: games by the paper's scheme, all positions from the random move on.

    ``moves`` of the result counts from the random move, so 0 marks the paper's one position of each game.
    """
    rng = np.random.default_rng(seed)
    games = Games(settings.games, before.architecture.size, settings.komi)
    start = rng.integers(0, settings.latest, settings.games)
    for move in range(settings.latest):
        which = np.flatnonzero((start > move) & ~games.over)
        if not len(which):
            break
        masks = games.policy_masks(which)
        games.play(which, sample(before(games.planes(which))[0], masks, rng))
    which = games.running
    masks = games.policy_masks(which)
    games.play(which, sample(masks.astype(np.float32), masks, rng))
    rows: list[tuple] = []
    seen = np.zeros(settings.games, np.int64)

    def record(player, which, planes, actions, masks):
        packed = np.packbits(planes.astype(np.uint8).reshape(len(which), -1), axis=1)
        rows.append((packed, actions, games.to_play[which].copy(), which.copy(), seen[which].copy()))
        seen[which] += 1

    policies = [lambda x: after(x)[0]] * 2
    scores = play_policies(policies, np.zeros(settings.games, np.int64), games, rng, record=record)
    packed, actions, color, which, moves = (np.concatenate(column) for column in zip(*rows))
    side = np.where(color == BLACK, 1, -1).astype(np.int8)
    margins = (scores[which] * side / games.size**2).astype(np.float32)
    owners = games.owners()[which] * side[:, None]
    return Positions(packed, actions, np.sign(margins), which, moves, games.size, owners, margins)


def play_units(folder: Path, start: str, stronger: str, settings: ValueSettings) -> list[Path]:
    """Play what is missing of the units in ``folder``; a unit's file appears when it is whole."""
    paths = [folder / f"{unit:04d}.npz" for unit in range(settings.units)]
    missing = [path for path in paths if not path.exists()]
    if missing:
        before, after = networks.Evaluator.from_file(start), networks.Evaluator.from_file(stronger)
    for path in missing:
        found = play_unit(before, after, settings, settings.seed * 1_000_003 + int(path.stem))
        save_checkpoint(path, found.columns(), {"size": found.size})
        print(f"{path.name}: {len(found)} positions", flush=True)
    return paths


def unit_paths(folder: Path) -> list[Path]:
    """Files of the units in ``folder``, in order.

    Raises:
        FileNotFoundError: there is none.
    """
    paths = sorted(folder.glob("[0-9]*.npz"))
    if not paths:
        raise FileNotFoundError(f"No games of step 3 in {folder}; python -m utils.go.value plays them.")
    return paths


def split_units(paths: list[Path], tested: float = ValueSettings.tested) -> tuple[list[Path], list[Path]]:
    """Units to learn from and units to test on, the same for everyone who asks."""
    kept = max(1, int(len(paths) * (1 - tested)))
    return paths[:kept], paths[kept:]


def positions(paths: list[Path], per_game: int, seed: int = 0) -> Positions:
    """Positions of some units: 1 takes the one after the random move, more add random later ones, 0 takes all."""
    parts = []
    for number, path in enumerate(paths):
        arrays, meta = load_checkpoint(path)
        part = Positions(**arrays, size=meta["size"])
        parts.append(some_of_each_game(part, per_game, seed + number) if per_game else part)
    return concatenate(parts)


def mean_squared_error(evaluator: networks.Evaluator, data: Positions, batch: int = 512) -> float:
    """Between predicted and actual outcomes, the latter between -1 and 1."""
    errors = []
    for start in range(0, len(data), batch):
        index = np.arange(start, min(start + batch, len(data)))
        errors.append((evaluator(data.planes(index))[1] - data.outcomes[index]) ** 2)
    return float(np.concatenate(errors).mean())


class ValueTrainer:
    """Regression with a checkpoint.

    Args:
        data: what to learn from.
        settings: see there.
        tower: a policy network whose tower is the starting point; None starts from random weights.
        checkpoint: file to resume from if it is there, and to write; None for none.

    Raises:
        ValueError: nothing of the tower fits.
    """

    def __init__(self, data: Positions, settings: ValueSettings, tower=None, checkpoint: Path | None = None):
        self.data, self.settings, self.checkpoint = data, settings, checkpoint
        self.architecture = networks.Architecture(
            data.size, features.COUNT, settings.filters, settings.blocks, policy=False, value=True
        )
        keras.utils.set_random_seed(settings.seed)
        self.model = networks.build(self.architecture)
        if tower is not None and networks.copy_tower(tower, self.model) < settings.blocks:
            raise ValueError("The policy's tower does not fit: it has other filters, or no batch normalisation.")
        self.model.compile(keras.optimizers.AdamW(settings.rate, weight_decay=settings.decay), loss="mse")
        self.model.optimizer.build(self.model.trainable_variables)
        self.rate = keras.optimizers.schedules.CosineDecay(settings.rate, settings.steps)
        self.step, self.seconds = 0, 0.0
        self.curve: list[dict] = []
        if checkpoint is not None and checkpoint.exists():
            arrays, meta = load_checkpoint(checkpoint)
            restore(self.model, arrays)
            self.step, self.seconds, self.curve = meta["step"], meta["seconds"], meta["curve"]

    def save(self) -> None:
        """Write the checkpoint atomically."""
        if self.checkpoint is not None:
            meta = {"step": self.step, "seconds": self.seconds, "curve": self.curve}
            save_checkpoint(self.checkpoint, state_of(self.model), meta)

    def run(self, steps: int) -> float:
        """Train for up to ``steps`` steps; returns the mean squared error on what was shown."""
        started, losses, st = time.perf_counter(), [], self.settings
        for _ in range(min(steps, st.steps - self.step)):
            rng = np.random.default_rng((st.seed, self.step))
            index = rng.integers(0, len(self.data), st.batch)
            planes = features.transform(self.data.planes(index), rng.integers(0, 8, st.batch))
            self.model.optimizer.learning_rate = float(self.rate(self.step))
            losses.append(float(self.model.train_on_batch(planes, self.data.outcomes[index, None])))
            self.step += 1
        self.seconds += time.perf_counter() - started
        return float(np.mean(losses)) if losses else float("nan")


def train(settings: ValueSettings, start: str, stronger: str, out: Path, folder: Path, every: int = 250) -> dict:
    """The whole of step 3: play, split by games, train, measure on games not trained on."""
    paths = play_units(folder, start, stronger, settings)
    kept, aside = split_units(paths, settings.tested)
    data, tested = positions(kept, settings.per_game), positions(aside, 1)
    trainer = ValueTrainer(data, settings, networks.load(start)[0], folder / "training.npz")
    print(f"{len(kept) * settings.games} games, {len(data)} positions, {len(tested)} to test", flush=True)
    while trainer.step < settings.steps:
        error = trainer.run(every)
        evaluator = networks.Evaluator(trainer.model, trainer.architecture)
        row = {"step": trainer.step, "train_mse": error, "test_mse": mean_squared_error(evaluator, tested)}
        trainer.curve.append(row | {"seconds": round(trainer.seconds)})
        trainer.save()
        print(json.dumps(trainer.curve[-1]), flush=True)
    report = {"test_mse": trainer.curve[-1]["test_mse"], "train_mse": trainer.curve[-1]["train_mse"]}
    command = f"python -m utils.go.value --units {settings.units} --seed {settings.seed}"
    sidecar = {
        "what": "value network, lesson 11 step 3",
        "data": f"{len(kept) * settings.games} games of {stronger}, {len(data)} positions",
        "tested": f"{len(tested)} other games, one position each",
        "seconds": round(trainer.seconds),
        "report": report,
        "seed": settings.seed,
        "settings": asdict(settings),
    }
    networks.save(out, trainer.model, trainer.architecture, sidecar | results.provenance(command))
    results.write_curve(results.curve_path(out.stem), trainer.curve, command)
    return report


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m utils.go.value", description=__doc__.splitlines()[0])
    for name, value in asdict(ValueSettings()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    parser.add_argument("--start", default="go_sl9", help="plays up to the random move; its tower is the start")
    parser.add_argument("--stronger", default="go_rl9", help="plays from there on")
    parser.add_argument("--out", type=Path, default=networks.weights_folder() / "go_value9.npz")
    parser.add_argument("--folder", type=Path, help="of the games; default: runs/value9 in the repository")
    options = vars(parser.parse_args())
    out, folder = options.pop("out"), options.pop("folder")
    start, stronger = options.pop("start"), options.pop("stronger")
    runtime.start(seed=options["seed"])
    folder = folder or runtime.repo_root() / "runs" / "value9"
    commands.check_writable(out)
    commands.check_writable(results.curve_path(out.stem))
    with commands.alone(folder):
        train(ValueSettings(**options), start, stronger, out, folder)


if __name__ == "__main__":
    raise SystemExit(commands.run(main, ValueError, interrupted=commands.GOES_ON))
