"""AlphaGo's step 2: the policy plays earlier versions of itself and learns from winning and losing (lesson 11).

The gradient is the lecture's, d log p(a_t | s_t) / d rho * z_t: moves of won games become more likely, moves
of lost games less. It is lesson 10's REINFORCE with a Go board. The opponent is drawn from a pool of past
policies, so that the learner does not chase its own tail (Silver et al. 2016, methods).

``python -m utils.go.reinforce`` trains the network that ships in mldata/weights, and continues after a kill.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np
from keras import ops

from utils import commands, results, runtime
from utils.checkpoints import group, load_checkpoint, numbered, restore, save_checkpoint, state_of
from utils.go import networks
from utils.go.batch import Games, play_policies
from utils.go.position import META, MOVES
from utils.go.vertices import BLACK, WHITE
from utils.statistics import wilson_interval


@dataclass
class ReinforceSettings:
    """Hyperparameters.

    ========================== ========================== ==================================================
    AlphaGo                    here                       why
    ========================== ========================== ==================================================
    10,000 batches of 128      200 batches of 64 games    two CPU cores
    all moves of the games     1,536 of about 3,000       what is learned is limited by the number of results
    opponent pool every 500    every 20, the last 20      the same share of the whole run
    SGD                        Adam, clipped gradient     steps of even size, whatever the batch's luck
    baseline 0, then v(s)      mean result of the colour  in this batch: weights that sum to zero. With a mean over
                                                          past batches, a losing streak makes every move played less
                                                          likely, which loses more games, and so on
    softmax over all moves     over the allowed moves     the others were not there to be chosen
    8 symmetries               none in this step          see Learner.learn
    batch normalisation        folded into the weights    its statistics would differ between play and learning
    ========================== ========================== ==================================================
    """

    iterations: int = 200
    games: int = 64
    positions: int = 1536
    rate: float = 1e-4  # of Adam at first, falling linearly to a tenth
    pool_every: int = 20
    pool_size: int = 20
    komi: float = 7.0
    seed: int = 1


def masked_log_loss(target, logits):
    """-log p(a | s) among allowed moves; ``target`` (n, actions) is 1 at the move, -1 where forbidden, else 0."""
    among = ops.log_softmax(ops.where(target < 0, -1e9, logits))
    return -ops.sum(ops.where(target > 0, among, 0.0), axis=-1)


class Learner:
    """Step 2's loop with everything that a checkpoint must hold.

    Args:
        start: the supervised network and its architecture.
        settings: see there.
        checkpoint: file to resume from if it is there, and to write; None for none.
    """

    def __init__(self, start: tuple[keras.Model, networks.Architecture], settings, checkpoint: Path | None = None):
        self.settings, self.checkpoint = settings, checkpoint
        self.model, self.architecture = networks.without_normalisation(*start)
        self.model.compile(
            optimizer=keras.optimizers.Adam(settings.rate, clipnorm=1.0),
            loss=masked_log_loss,
        )
        self.model.optimizer.build(self.model.trainable_variables)
        self.player = networks.Evaluator(self.model, self.architecture)
        self.opponent_model = networks.build(self.architecture)
        self.opponent = networks.Evaluator(self.opponent_model, self.architecture)
        self.pool = [[w.astype(np.float16) for w in self.model.get_weights()]]
        self.iteration, self.seconds = 0, 0.0
        self.curve: list[dict] = []
        if checkpoint is not None and checkpoint.exists():
            self.resume()

    def resume(self) -> None:
        """Continue from the checkpoint."""
        arrays, meta = load_checkpoint(self.checkpoint)
        restore(self.model, arrays)
        self.pool = [group(arrays, f"p{k}_") for k in range(meta["pool"])]
        self.iteration, self.seconds, self.curve = meta["iteration"], meta["seconds"], meta["curve"]

    def save(self) -> None:
        """Write the checkpoint atomically."""
        if self.checkpoint is None:
            return
        arrays = state_of(self.model)
        for k, weights in enumerate(self.pool):
            arrays |= numbered(f"p{k}_", weights)
        meta = {"pool": len(self.pool), "iteration": self.iteration, "seconds": self.seconds, "curve": self.curve}
        save_checkpoint(self.checkpoint, arrays, meta | {"settings": asdict(self.settings)})

    def iterate(self) -> dict:
        """Games against one opponent of the pool, then one step of REINFORCE; returns a row of the learning curve."""
        started, st = time.perf_counter(), self.settings
        rng = np.random.default_rng((st.seed, self.iteration))
        opponent = self.pool[rng.integers(len(self.pool))]
        self.opponent_model.set_weights([w.astype(np.float32) for w in opponent])
        self.opponent.update(self.opponent_model)
        self.player.update(self.model)
        mine: list[tuple] = []

        def record(player, which, planes, actions, masks):
            if player == 0:
                mine.append((which, planes.astype(np.uint8), actions, masks))

        black = np.arange(st.games) % 2  # player 0, the learner, has Black in the even games
        games = Games(st.games, self.architecture.size, st.komi)
        policies = [lambda x: self.player(x)[0], lambda x: self.opponent(x)[0]]
        scores = play_policies(policies, black, games, rng, record=record)
        result = np.sign(np.where(black == 0, scores, -scores))
        self.learn(mine, result, np.where(black == 0, BLACK, WHITE), rng)
        self.iteration += 1
        if self.iteration % st.pool_every == 0:
            self.pool = [*self.pool, [w.astype(np.float16) for w in self.model.get_weights()]][-st.pool_size :]
        self.seconds += time.perf_counter() - started
        row = {
            "iteration": self.iteration,
            "result": float(result.mean()),
            "moves": float(games.states[:, META, MOVES].mean()),
        }
        self.curve.append(row | {"seconds": round(self.seconds)})
        return self.curve[-1]

    def learn(self, mine: list[tuple], result: np.ndarray, color: np.ndarray, rng: np.random.Generator) -> None:
        """One gradient step: each move's log-probability weighted by its game's result above the colour's mean."""
        which, planes, actions, masks = (np.concatenate(column) for column in zip(*mine))
        baseline = np.zeros(WHITE + 1)  # by colour
        for side in set(color.tolist()):
            baseline[side] = result[color == side].mean()
        weight = (result - baseline[color])[which].astype(np.float32)
        # The gradient is right only for the very probabilities the move was drawn from. Turned boards, so useful in
        # step 1, have slightly other ones: in lost games the two views then drive each other apart, until nothing is
        # left of the policy. A random subset of the moves is fair, though.
        st = self.settings
        keep = rng.permutation(len(which))[: st.positions]
        targets = masks[keep] - 1.0
        targets[np.arange(len(keep)), actions[keep]] = 1.0
        self.model.optimizer.learning_rate = st.rate * (1 - 0.9 * min(1.0, self.iteration / st.iterations))
        self.model.train_on_batch(planes[keep].astype(np.float32), targets, sample_weight=weight[keep])


def compare(
    first: networks.Evaluator,
    second: networks.Evaluator,
    games: int = 400,
    seed: int = 0,
    komi: float = 7.0,
    temperature: float = 1.0,
) -> dict:
    """The lecture's comparison: two policies head to head, both sampling (at ``temperature``), colours shared equally;
    a draw is half a win.

    Returns:
        ``win_rate`` of the first with its 95 % ``interval``, ``games``, and the rate by colour.
    """
    black = np.arange(games) % 2
    board = Games(games, first.architecture.size, komi)
    rng = np.random.default_rng(seed)
    scores = play_policies([lambda x: first(x)[0], lambda x: second(x)[0]], black, board, rng, temperature)
    points = (1 + np.sign(np.where(black == 0, scores, -scores))) / 2
    return {
        "win_rate": float(points.mean()),
        "interval": [float(x) for x in wilson_interval(int(points.sum()), games)],
        "games": games,
        "as_black": float(points[black == 0].mean()),
        "as_white": float(points[black == 1].mean()),
    }


def train(
    start: str | Path, settings: ReinforceSettings, out: Path, checkpoint: Path, every: int = 20, test_games: int = 400
) -> dict:
    """The whole of step 2; measures against the starting network every ``every`` iterations on other seeds."""
    supervised = networks.load(start)
    learner = Learner(supervised, settings, checkpoint)
    reference = networks.Evaluator(*supervised)
    print(f"iteration {learner.iteration} of {settings.iterations}", flush=True)
    while learner.iteration < settings.iterations:
        row = learner.iterate()
        if learner.iteration % every == 0:
            learner.player.update(learner.model)
            row["vs_start"] = compare(learner.player, reference, 100, 10_000 + learner.iteration)["win_rate"]
            learner.save()
        print(json.dumps(row), flush=True)
    learner.save()
    learner.player.update(learner.model)
    report = compare(learner.player, reference, test_games, seed=999)
    command = f"python -m utils.go.reinforce --iterations {settings.iterations} --seed {settings.seed}"
    sidecar = {
        "what": "policy improved by REINFORCE self-play, lesson 11 step 2",
        "data": f"{settings.iterations * settings.games} games against its own past, from {Path(start).name}",
        "seconds": round(learner.seconds),
        "against the supervised policy": report,
        "seed": settings.seed,
        "settings": asdict(settings),
    }
    networks.save(out, learner.model, learner.architecture, sidecar | results.provenance(command))
    results.write_curve(results.curve_path(out.stem), learner.curve, command)
    print(json.dumps(report), flush=True)
    return report


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m utils.go.reinforce", description=__doc__.splitlines()[0])
    for name, value in asdict(ReinforceSettings()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    parser.add_argument("--start", default="go_sl9", help="the supervised network")
    parser.add_argument("--out", type=Path, default=networks.weights_folder() / "go_rl9.npz")
    parser.add_argument("--checkpoint", type=Path, help="default: runs/NAME.npz in the repository")
    options = vars(parser.parse_args())
    out, checkpoint, start = options.pop("out"), options.pop("checkpoint"), options.pop("start")
    runtime.start(seed=options["seed"])
    checkpoint = checkpoint or runtime.repo_root() / "runs" / out.name
    commands.check_writable(out)
    commands.check_writable(results.curve_path(out.stem))
    with commands.alone(checkpoint):
        train(start, ReinforceSettings(**options), out, checkpoint)


if __name__ == "__main__":
    raise SystemExit(commands.run(main, ValueError, interrupted=commands.GOES_ON))
