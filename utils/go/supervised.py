"""AlphaGo's step 1: a network learns to predict an expert's moves (lesson 11).

The gradient is the lecture's, d log p(a | s) / d sigma: maximum likelihood. ``python -m utils.go.supervised``
trains the network that ships in mldata/weights; kill it and start it again, and it continues from its last
checkpoint.
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
from utils.checkpoints import group, load_checkpoint, numbered, restore, save_checkpoint, state_of
from utils.go import features, networks
from utils.go.examples import Positions, positions_of, split_games
from utils.layers.schedule import one_cycle

SAVE_EVERY = 50  # steps: what a kill can cost


@dataclass
class Recipe:
    """Hyperparameters of the supervised policy; the deviations from the paper are in the last column of this table.

    ============== ============================== ==========================================
    AlphaGo        here                           why
    ============== ============================== ==========================================
    48 planes      27                             no 19x19 ladders by the dozen, small board
    13 layers, 192 5 residual blocks of 64        two CPU cores
    plain SGD      AdamW, cosine rate             an hour instead of weeks
    30M positions  about 0.2M, 8 symmetries       what GNU Go could play in an evening
    ============== ============================== ==========================================
    """

    filters: int = 64
    blocks: int = 5
    bottleneck: bool = False  # the blocks' kind, see networks.Architecture
    batch: int = 256  # positions a step
    steps: int = 6000  # each position comes in a random symmetry, so passes over the games do not repeat themselves
    rate: float = 2e-3  # peak of the learning rate, reached after `warmup` steps, falling to 0 as a cosine
    warmup: int = 200
    decay: float = 0.02  # AdamW's weight decay
    average: float = 0.998  # of the exponential moving average of the weights, which is what is evaluated and saved
    seed: int = 1
    raw: bool = False  # the ablation: stones and recent moves only
    half: bool = False  # learn in bfloat16, nearly twice as fast on processors made for it
    start: str = ""  # a network to start from, of any board size; "" starts from random weights


def accuracy(
    evaluator: networks.Evaluator, positions: Positions, raw: bool = False, batch: int = 256
) -> dict[str, float]:
    """Top-1 and top-5 accuracy and mean log-loss in nats, over all positions and by phase of the game.

    Phases: opening is the first 10 moves of the game, middle up to move 30, end the rest; ``passes`` apart.
    """
    ranks, losses = [], []
    for start in range(0, len(positions), batch):
        index = np.arange(start, min(start + batch, len(positions)))
        policy, _ = evaluator(select(positions.planes(index), raw))
        chosen = policy[np.arange(len(index)), positions.actions[index]]
        ranks.append((policy > chosen[:, None]).sum(axis=1))
        losses.append(-np.log(chosen + 1e-9))
    ranks, losses = np.concatenate(ranks), np.concatenate(losses)
    passing = positions.actions == positions.size**2
    phases = {
        "all": np.ones(len(ranks), bool),
        "opening": positions.moves < 10,
        "middle": (positions.moves >= 10) & (positions.moves < 30),
        "end": positions.moves >= 30,
        "passes": passing,
        "without passes": ~passing,
    }
    report = {f"top1 {name}": float((ranks[mask] == 0).mean()) for name, mask in phases.items() if mask.any()}
    return report | {"top5": float((ranks < 5).mean()), "loss": float(losses.mean()), "positions": len(ranks)}


def select(planes: np.ndarray, raw: bool) -> np.ndarray:
    """Only the raw planes, for the ablation; all of them otherwise."""
    return planes[..., list(features.RAW)] if raw else planes


class Trainer:
    """The training loop with everything that a checkpoint must hold.

    Args:
        positions: what to learn from.
        recipe: see there.
        checkpoint: file to resume from if it is there, and to write; None for none.
    """

    def __init__(self, positions: Positions, recipe: Recipe, checkpoint: Path | None = None):
        self.positions, self.recipe, self.checkpoint = positions, recipe, checkpoint
        self.architecture = networks.Architecture(
            size=positions.size,
            planes=len(features.RAW) if recipe.raw else features.COUNT,
            filters=recipe.filters,
            blocks=recipe.blocks,
            bottleneck=recipe.bottleneck,
        )
        keras.utils.set_random_seed(recipe.seed)
        with runtime.distribution_scope():
            self.model = networks.build(self.architecture, half=recipe.half)
            self.model.compile(
                optimizer=keras.optimizers.AdamW(recipe.rate, weight_decay=recipe.decay),
                loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            )
            self.model.optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
            self.model.optimizer.build(self.model.trainable_variables)
        if recipe.start:
            networks.start_from(recipe.start, self.model)
        self.total = recipe.steps
        self.rate = one_cycle(recipe.rate, recipe.steps, recipe.warmup / recipe.steps, 1 / max(1, recipe.warmup))
        self.step, self.seconds = 0, 0.0
        self.average = self.model.get_weights()
        self.curve: list[dict] = []
        if checkpoint is not None and checkpoint.exists():
            self.resume()

    def resume(self) -> None:
        """Continue from the checkpoint.

        Raises:
            ValueError: it belongs to another recipe.
        """
        arrays, meta = load_checkpoint(self.checkpoint)
        if meta["recipe"] != asdict(self.recipe):
            raise ValueError(
                f"{self.checkpoint} was made with another recipe ({meta['recipe']}); name another one by --checkpoint."
            )
        restore(self.model, arrays)
        self.average = group(arrays, "a")
        self.step, self.seconds, self.curve = meta["step"], meta["seconds"], meta["curve"]

    def save(self) -> None:
        """Write the checkpoint atomically."""
        if self.checkpoint is None:
            return
        arrays = state_of(self.model) | numbered("a", self.average)
        meta = {"recipe": asdict(self.recipe), "step": self.step, "seconds": self.seconds, "curve": self.curve}
        save_checkpoint(self.checkpoint, arrays, meta)

    def batch(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """The positions of step ``step``, each in a random symmetry: a function of the seed and the step alone."""
        n, size = len(self.positions), self.recipe.batch
        epoch, offset = divmod(step * size, n)
        order = np.random.default_rng((self.recipe.seed, epoch)).permutation(n)
        index = order[offset : offset + size]
        if len(index) < size:
            more = np.random.default_rng((self.recipe.seed, epoch + 1)).permutation(n)
            index = np.concatenate([index, more[: size - len(index)]])
        k = np.random.default_rng((self.recipe.seed, 1 << 32, step)).integers(0, 8, len(index))
        planes = features.transform(self.positions.planes(index), k)
        table = features.symmetries(self.positions.size)
        return select(planes, self.recipe.raw), table[k, self.positions.actions[index]]

    def run(self, steps: int) -> float:
        """Train for up to ``steps`` steps; returns the mean loss in nats."""
        started, losses = time.perf_counter(), []
        for _ in range(min(steps, self.total - self.step)):
            self.model.optimizer.learning_rate = float(self.rate(self.step))
            losses.append(float(self.model.train_on_batch(*self.batch(self.step))))
            self.step += 1
            if self.step % 4 == 0:
                keep = min(self.recipe.average**4, self.step / (self.step + 40))
                for mean, weight in zip(self.average, self.model.get_weights()):
                    mean *= keep
                    mean += (1 - keep) * weight
        self.seconds += time.perf_counter() - started
        return float(np.mean(losses)) if losses else float("nan")

    def averaged(self) -> keras.Model:
        """A copy of the network with the averaged weights."""
        model = networks.build(self.architecture)
        model.set_weights(self.average)
        return model


def train(
    out: Path | None,
    recipe: Recipe,
    checkpoint: Path | None = None,
    every: int = 250,
    games: Path | None = None,
    limit: int | None = None,
) -> dict:
    """The whole of step 1: read games, train to the end, measure on held-out games, write network and curve.

    Args:
        out: file for the network; None: ``go_slSIZE.npz``, or ``go_slSIZEraw.npz``, in mldata/weights.
        recipe: hyperparameters.
        checkpoint: to resume from and to write; None: the name of ``out`` in runs/.
        every: steps between rows of the curve.
        games, limit: see :func:`split_games`.

    Returns:
        The report on the held-out games.
    """
    if out is not None:  # before the games are read
        commands.check_writable(out)
    kept, aside, heldout = split_games(games, limit)
    training, validation = positions_of(kept), positions_of(aside)
    out = out or networks.weights_folder() / f"go_sl{training.size}{'raw' if recipe.raw else ''}.npz"
    checkpoint = checkpoint or runtime.repo_root() / "runs" / out.name
    commands.check_writable(out)
    commands.check_writable(results.curve_path(out.stem))
    with commands.alone(checkpoint):
        trainer = Trainer(training, recipe, checkpoint)
        _learn(trainer, validation, every, f"{len(kept)} games, {len(training)} positions")
    report = accuracy(networks.Evaluator(trainer.averaged(), trainer.architecture), positions_of(heldout), recipe.raw)
    source = "GNU Go 3.8 against itself" if games is None else games.name
    data = f"{len(kept)} games of {source}, {training.size}x{training.size}, {len(training)} positions"
    write(trainer, out, command_of(recipe, games, limit), data, report)
    print(json.dumps(report, indent=1), flush=True)
    return report


def _learn(trainer: Trainer, validation: Positions, every: int, data: str) -> None:
    """To the last step, with a row of the curve each ``every`` steps."""
    print(f"{data}; step {trainer.step} of {trainer.total}", flush=True)
    losses: list[float] = []
    while trainer.step < trainer.total:
        losses.append(trainer.run(min(SAVE_EVERY, every - trainer.step % every)))
        trainer.save()
        if trainer.step % every and trainer.step < trainer.total:
            continue
        loss, losses = float(np.mean(losses)), []
        report = accuracy(networks.Evaluator(trainer.averaged(), trainer.architecture), validation, trainer.recipe.raw)
        row = {"step": trainer.step, "loss": loss, "val_loss": report["loss"], "val_top1": report["top1 all"]}
        row["seconds"] = round(trainer.seconds)
        trainer.curve.append(row)
        trainer.save()
        print(json.dumps(row), flush=True)


def command_of(recipe: Recipe, games: Path | None, limit: int | None) -> str:
    """The command line that trains by ``recipe`` again."""
    changed = {key: value for key, value in asdict(recipe).items() if value != getattr(Recipe, key)}
    changed |= {"games": games.name} if games else {}
    changed |= {"limit": limit} if limit else {}
    options = [f"--{key}" if value is True else f"--{key} {value}" for key, value in changed.items()]
    return " ".join(["python -m utils.go.supervised", *options])


def write(trainer: Trainer, out: Path, command: str, data: str, report: dict) -> None:
    """The averaged network with its sidecar, and the curve."""
    sidecar = {
        "what": "policy trained on an expert's moves, lesson 11 step 1",
        "data": data,
        "steps": trainer.step,
        "seconds": round(trainer.seconds),
        "heldout": report,
        "seed": trainer.recipe.seed,
        "recipe": asdict(trainer.recipe),
    }
    networks.save(out, trainer.averaged(), trainer.architecture, sidecar | results.provenance(command))
    results.write_curve(results.curve_path(out.stem), trainer.curve, command)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m utils.go.supervised", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="default: mldata/weights/go_slSIZE.npz")
    parser.add_argument("--checkpoint", type=Path, help="default: runs/NAME.npz in the repository")
    parser.add_argument("--games", type=Path, help="SGF file, folder, archive or a name in mldata/registry.toml")
    parser.add_argument("--limit", type=int, help="read so many games of --games at most")
    names = ("steps", "blocks", "filters", "seed", "batch", "rate", "start")
    for name in names:
        default = getattr(Recipe, name)
        parser.add_argument(f"--{name}", type=type(default), default=default)
    parser.add_argument("--every", type=int, default=250, help="steps between rows of the curve")
    parser.add_argument("--raw", action="store_true", help="only stones and recent moves as input")
    parser.add_argument("--half", action="store_true", help="learn in bfloat16")
    options = parser.parse_args()
    runtime.start(seed=options.seed)
    recipe = Recipe(**{name: getattr(options, name) for name in (*names, "raw", "half")})
    train(options.out, recipe, options.checkpoint, options.every, games=options.games, limit=options.limit)


if __name__ == "__main__":
    raise SystemExit(commands.run(main, ValueError, interrupted=commands.GOES_ON))
