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

from utils import runtime
from utils.checkpoints import load_checkpoint, save_checkpoint
from utils.datasets import store
from utils.go import features, networks, sgf
from utils.go.gnugo_games import canonical

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
    batch: int = 256  # positions a step
    steps: int = 6000  # each position comes in a random symmetry, so passes over the games do not repeat themselves
    rate: float = 2e-3  # peak of the learning rate, reached after `warmup` steps, falling to 0 as a cosine
    warmup: int = 200
    decay: float = 0.02  # AdamW's weight decay
    average: float = 0.998  # of the exponential moving average of the weights, which is what is evaluated and saved
    seed: int = 1
    raw: bool = False  # the ablation: stones and recent moves only
    start: str = ""  # a network to start from, of any board size; "" starts from random weights


# ---------------------------------------------------------------------------------------------------------------------
# From games to arrays


@dataclass
class Positions:
    """Positions of expert games, planes packed to bits.

    Attributes:
        packed: uint8 (n, bytes): :func:`numpy.packbits` of the planes.
        actions: int64 (n,), the expert's moves.
        outcomes: float32 (n,): 1 if the side to play won the game, -1 if it lost, 0 for a draw or unknown.
        games: int64 (n,), which game.
        moves: int64 (n,), number of moves before.
        size: of the board.
    """

    packed: np.ndarray
    actions: np.ndarray
    outcomes: np.ndarray
    games: np.ndarray
    moves: np.ndarray
    size: int

    def __len__(self) -> int:
        return len(self.actions)

    def planes(self, index: np.ndarray) -> np.ndarray:
        """Unpacked planes of some positions, float32 (n, size, size, features.COUNT)."""
        count = self.size * self.size * features.COUNT
        bits = np.unpackbits(self.packed[index], axis=1, count=count)
        return bits.reshape(len(index), self.size, self.size, features.COUNT).astype(np.float32)

    def subset(self, index: np.ndarray) -> Positions:
        """The positions ``index``."""
        return Positions(
            *(a[index] for a in (self.packed, self.actions, self.outcomes, self.games, self.moves)), self.size
        )


def concatenate(parts: list[Positions]) -> Positions:
    """All positions of several collections; their games are numbered on, so that none is taken for another."""
    columns, offset = [], 0
    for part in parts:
        columns.append((part.packed, part.actions, part.outcomes, part.games + offset, part.moves))
        offset += int(part.games.max()) + 1
    return Positions(*(np.concatenate(column) for column in zip(*columns)), parts[0].size)


def some_of_each_game(positions: Positions, per_game: int, seed: int = 0) -> Positions:
    """Up to ``per_game`` random positions of each game; the game's first is always among them."""
    keys = np.where(positions.moves == 0, -1.0, np.random.default_rng(seed).random(len(positions)))
    order = np.lexsort((keys, positions.games))
    rank = np.empty(len(positions), np.int64)
    starts = np.searchsorted(positions.games[order], positions.games[order])
    rank[order] = np.arange(len(positions)) - starts
    return positions.subset(rank < per_game)


def positions_of(games: list[sgf.Game]) -> Positions:
    """All positions in which an expert moved; moves of a random opening are replayed but not learned.

    Raises:
        ValueError: no games, or games of several sizes.
    """
    sizes = {game.size for game in games}
    if len(sizes) != 1:
        raise ValueError(f"Expected games of one board size, got {sorted(sizes) or 'none'}.")
    size = sizes.pop()
    rows = []
    for number, game in enumerate(games):
        for move, (board, action) in enumerate(game.boards()):
            if move < game.opening:
                continue
            outcome = 0.0
            if game.winner:
                outcome = 1.0 if game.winner == board.to_play else -1.0
            packed = np.packbits(features.planes_of(board, np.uint8).ravel())
            rows.append((packed, action, outcome, number, move))
    packed, actions, outcomes, numbers, moves = (np.array(column) for column in zip(*rows))
    return Positions(packed, actions, outcomes.astype(np.float32), numbers, moves, size)


def games_folder() -> Path:
    """``mldata/go``, where the GNU Go games ship."""
    return runtime.repo_root() / "mldata" / "go"


def load_games(part: str = "train", limit: int | None = None) -> list[sgf.Game]:
    """The GNU Go games that ship with the course: ``"train"`` or ``"heldout"``."""
    return sgf.read_games(games_folder() / f"gnugo_9x9_{part}.sgf.gz", limit=limit)[0]


def split_by_opening(
    games: list[sgf.Game], share: float = 0.05, opening: int = 10, salt: str = ""
) -> tuple[list, list]:
    """Set aside about ``share`` of the games, whole openings at a time, by their hash; ``salt`` draws others."""
    import zlib

    kept, aside = [], []
    for game in games:
        key = (salt + repr(canonical(game.points[:opening], game.size))).encode()
        (aside if zlib.crc32(key) % 1000 < 1000 * share else kept).append(game)
    return kept, aside


def split_games(path: Path | None = None, limit: int | None = None) -> tuple[list, list, list]:
    """Games to learn from, games for choices during training, and held-out games that only the report sees.

    Args:
        path: SGF file, folder or archive, or the name of a file in mldata/registry.toml, from which one game in
            twenty is held out; None takes the GNU Go games with the held-out file that ships beside them.
        limit: read so many games of ``path`` at most.

    Raises:
        FileNotFoundError: there is nothing at ``path``, nor can it be fetched.
    """
    if path is None:
        return *split_by_opening(load_games("train")), load_games("heldout")
    if not path.exists() and path.name in store.registry():
        path = store.fetch(path.name) or path
    rest, heldout = split_by_opening(sgf.read_games(path, limit=limit)[0], salt="held out")
    return *split_by_opening(rest), heldout


# ---------------------------------------------------------------------------------------------------------------------
# Training


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


def rate_at(step: int, total: int, recipe: Recipe) -> float:
    """Learning rate: linear warm-up, then half a cosine down to zero."""
    if step < recipe.warmup:
        return recipe.rate * (step + 1) / recipe.warmup
    done = (step - recipe.warmup) / max(1, total - recipe.warmup)
    return 0.5 * recipe.rate * (1 + np.cos(np.pi * min(done, 1.0)))


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
        )
        keras.utils.set_random_seed(recipe.seed)
        self.model = networks.build(self.architecture)
        if recipe.start:
            networks.start_from(recipe.start, self.model)
        self.model.compile(
            optimizer=keras.optimizers.AdamW(recipe.rate, weight_decay=recipe.decay),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        )
        self.model.optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        self.model.optimizer.build(self.model.trainable_variables)
        self.total = recipe.steps
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
                f"{self.checkpoint} was made with another recipe ({meta['recipe']}); delete it to start over."
            )
        count = len(self.average)
        networks.restore(self.model, arrays)
        self.average = [arrays[f"a{i}"] for i in range(count)]
        self.step, self.seconds, self.curve = meta["step"], meta["seconds"], meta["curve"]

    def save(self) -> None:
        """Write the checkpoint atomically."""
        if self.checkpoint is None:
            return
        arrays = networks.state_of(self.model) | {f"a{i}": w for i, w in enumerate(self.average)}
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
            self.model.optimizer.learning_rate = rate_at(self.step, self.total, self.recipe)
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
    kept, aside, heldout = split_games(games, limit)
    training, validation = positions_of(kept), positions_of(aside)
    out = out or networks.weights_folder() / f"go_sl{training.size}{'raw' if recipe.raw else ''}.npz"
    trainer = Trainer(training, recipe, checkpoint or runtime.repo_root() / "runs" / out.name)
    print(f"{len(kept)} games, {len(training)} positions; step {trainer.step} of {trainer.total}", flush=True)
    losses: list[float] = []
    while trainer.step < trainer.total:
        losses.append(trainer.run(min(SAVE_EVERY, every - trainer.step % every)))
        trainer.save()
        if trainer.step % every and trainer.step < trainer.total:
            continue
        loss, losses = float(np.mean(losses)), []
        report = accuracy(networks.Evaluator(trainer.averaged(), trainer.architecture), validation, recipe.raw)
        row = {"step": trainer.step, "loss": loss, "val_loss": report["loss"], "val_top1": report["top1 all"]}
        row["seconds"] = round(trainer.seconds)
        trainer.curve.append(row)
        trainer.save()
        print(json.dumps(row), flush=True)
    model = trainer.averaged()
    report = accuracy(networks.Evaluator(model, trainer.architecture), positions_of(heldout), recipe.raw)
    source = "GNU Go 3.8 against itself" if games is None else games.name
    changed = [f" --{key} {value}" for key, value in asdict(recipe).items() if value != getattr(Recipe, key)]
    provenance = {
        "what": "policy trained on an expert's moves, lesson 11 step 1",
        "command": "python -m utils.go.supervised"
        + "".join(changed).replace("--raw True", "--raw")
        + (f" --games {games.name}" if games else "")
        + (f" --limit {limit}" if limit else ""),
        "data": f"{len(kept)} games of {source}, {training.size}x{training.size}, {len(training)} positions",
        "steps": trainer.step,
        "seconds": round(trainer.seconds),
        "heldout": report,
        "recipe": asdict(recipe),
    } | runtime_facts()
    networks.save(out, model, trainer.architecture, provenance)
    curve = runtime.repo_root() / "mldata" / "curves" / f"{out.stem}.json"
    curve.parent.mkdir(parents=True, exist_ok=True)
    curve.write_text(json.dumps(trainer.curve, indent=0) + "\n")
    print(json.dumps(report, indent=1), flush=True)
    return report


def runtime_facts() -> dict[str, str]:
    """Hardware, date and commit for a provenance file."""
    from utils import results

    return {"hardware": results.hardware_name(), "commit": results.commit_name(), "date": time.strftime("%Y-%m-%d")}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m utils.go.supervised", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="default: mldata/weights/go_slSIZE.npz")
    parser.add_argument("--checkpoint", type=Path, help="default: runs/NAME.npz in the repository")
    parser.add_argument("--games", type=Path, help="SGF file, folder, archive or a name in mldata/registry.toml")
    parser.add_argument("--limit", type=int, help="read so many games of --games at most")
    for name, kind in (
        ("steps", int),
        ("blocks", int),
        ("filters", int),
        ("seed", int),
        ("batch", int),
        ("rate", float),
        ("start", str),
    ):
        parser.add_argument(f"--{name}", type=kind, default=getattr(Recipe, name))
    parser.add_argument("--every", type=int, default=250, help="steps between rows of the curve")
    parser.add_argument("--raw", action="store_true", help="only stones and recent moves as input")
    options = parser.parse_args()
    runtime.start(seed=options.seed)
    names = ("steps", "blocks", "filters", "seed", "batch", "rate", "start", "raw")
    values = {name: getattr(options, name) for name in names}
    recipe = Recipe(**values)
    train(options.out, recipe, options.checkpoint, options.every, games=options.games, limit=options.limit)


if __name__ == "__main__":
    main()
