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
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path

import keras
import numpy as np

from utils import runtime
from utils.checkpoints import load_checkpoint, save_checkpoint
from utils.go import features, mcts, networks, value
from utils.go.arena import fit_planes
from utils.go.batch import sample
from utils.go.board import Board
from utils.go.lecture_search import Evaluate
from utils.go.position import META, MOVES
from utils.go.supervised import (
    Positions,
    concatenate,
    positions_of,
    runtime_facts,
    some_of_each_game,
    split_games,
)
from utils.go.tree import utility
from utils.go.vertices import BLACK, WHITE

KOMI_RISES = 0.6
STUDIED_PER_GAME = 8  # positions of each game by others, if those are studied first


@dataclass
class ZeroSettings:
    """Hyperparameters of the loop; the defaults are for 5x5 on two cores.

    ================================= ======================= =============================================
    AlphaGo Zero                      here                    why
    ================================= ======================= =============================================
    19x19, 17 planes                  5x5, 10 raw planes      the smallest board that is a game
    1,600 playouts                    96, some moves 20       playout-cap randomisation (Wu 2019)
    win or loss                       and half the margin     a lost game can be lost by less
    komi 7.5                          from 0.5 up to 24.5     at komi 24.5 no beginner ever wins as Black
    gating at 55 % of 400 games       off (gate_games = 0)    as AlphaZero (2018); the option is there
    SGD, 700,000 steps of 2,048       AdamW, steps of 128     an hour instead of days
    ================================= ======================= =============================================
    """

    size: int = 5
    komi: float = 24.5
    komi_rise: float = 24.0  # the komi starts so much lower, and rises during the first KOMI_RISES of the iterations
    planes: int = len(features.RAW)  # features.COUNT shows the network the hand-made ones as well
    start: str = ""  # a network to start from; "" starts from random weights, as Zero
    study_steps: int = 1500  # gradient steps on others' games, if they are studied first
    filters: int = 32
    blocks: int = 3
    iterations: int = 200
    games: int = 32  # a unit of work: so many games side by side
    units: int = 1  # units of work an iteration
    playouts: int = 96  # simulations for a move that is learned from
    fast_playouts: int = 20  # for the other moves
    full_share: float = 0.5  # share of moves that are learned from
    batch_leaves: int = 2  # leaves a tree adds to one call of the network
    exploration: float = 1.5
    noise: float = 0.25
    temperature_moves: int = 6  # moves sampled in proportion to visits; the most visited one after that
    score_weight: float = 0.5
    mixing: float = 0.0  # lambda: the weight of rollouts in a leaf's value
    rollouts: int = 1  # random games a leaf, if mixing > 0
    tactics: bool = False  # played by the fast policy of utils.go.rollouts
    window: int = 25_000  # positions in the replay window
    steps: int = 30  # gradient steps an iteration
    batch: int = 128
    rate: float = 2e-3
    final_rate: float = 3e-4  # reached in a straight line at the last iteration
    decay: float = 1e-3
    gate_games: int = 0  # games that a new network must play against the best so far; 0 takes it as it is
    gate: float = 0.55  # share of them that it must win
    resign: float = -1.0  # a player whose root value falls below gives up; -1 is never
    play_on: float = 0.1  # share of games in which nobody resigns, to measure false resignations
    seed: int = 1


def komi_at(iteration: int, settings: ZeroSettings) -> float:
    """Komi of an iteration's games: a stronger player gets a harder task; whole points below the final komi."""
    done = min(1.0, iteration / max(1.0, KOMI_RISES * settings.iterations))
    return settings.komi - np.ceil((1 - done) * settings.komi_rise)


def architecture_of(settings: ZeroSettings) -> networks.Architecture:
    """The single network: planes in, policy and value out."""
    return networks.Architecture(
        settings.size, settings.planes, settings.filters, settings.blocks, policy=True, value=True
    )


# ---------------------------------------------------------------------------------------------------------------------
# Playing: the unit of work


@lru_cache(maxsize=4)
def _evaluator(architecture: networks.Architecture) -> tuple[keras.Model, networks.Evaluator]:
    model = networks.build(architecture)
    return model, networks.Evaluator(model, architecture, symmetry=0)


def evaluator_of(weights: list[np.ndarray], architecture: networks.Architecture, seed: int) -> Evaluate:
    """A search's view of a network given by its weights; the compiled function is kept between calls."""
    model, evaluator = _evaluator(architecture)
    model.set_weights(weights)
    evaluator.update(model)
    evaluator.rng = np.random.default_rng(seed)
    return fit_planes(evaluator)


@dataclass
class Experience:
    """Positions of self-play games.

    Attributes:
        packed: uint8 (n, bytes), the network's planes packed to bits.
        policy: float16 (n, actions), the search's visit shares.
        outcome: float32 (n,), the game's utility for the side to play.
        scores: float32 (games,), Black's margin after komi of each finished game.
        moves: int64 (games,), their lengths.
        false_resignations: (resignable games played on, those that the resigning side would have won).
    """

    packed: np.ndarray
    policy: np.ndarray
    outcome: np.ndarray
    scores: np.ndarray
    moves: np.ndarray
    false_resignations: tuple[int, int] = (0, 0)


def play_games(weights: list[np.ndarray], settings: ZeroSettings, seed: int) -> Experience:
    """Play ``settings.games`` games of the network against itself: a pure function of its arguments."""
    rng = np.random.default_rng(seed)
    evaluate = evaluator_of(weights, architecture_of(settings), seed)
    board = Board(settings.size, settings.komi)
    search = mcts.SearchSettings(
        playouts=settings.playouts,
        batch=settings.batch_leaves,
        exploration=settings.exploration,
        noise=settings.noise,
        mixing=settings.mixing,
        rollouts=settings.rollouts,
        tactics=settings.tactics,
        score_weight=settings.score_weight,
    )
    forest = mcts.Forest([board] * settings.games, evaluate, search, seed)
    rows: list[tuple] = []
    quits = np.zeros(settings.games, np.int64)  # who would have resigned first
    plays_on = rng.random(settings.games) < settings.play_on
    resigned = np.zeros(settings.games, bool)
    while len(running := np.flatnonzero(~forest.games.over & ~resigned)):
        full = rng.random() < settings.full_share
        forest.settings.noise = settings.noise if full else 0.0
        forest.run(settings.playouts if full else settings.fast_playouts, which=running)
        planes = forest.games.planes(running, np.uint8)[..., : settings.planes] if full else None
        for i, g in enumerate(running):
            policy = forest.policy(g)
            if full:
                packed = np.packbits(planes[i].ravel())
                rows.append((packed, policy.astype(np.float16), g, int(forest.games.to_play[g])))
            if quits[g] == 0 and forest.value(g) < settings.resign:
                quits[g] = forest.games.to_play[g]
                resigned[g] = not plays_on[g]
                if resigned[g]:
                    continue
            early = forest.games.states[g, META, MOVES] < settings.temperature_moves
            action = int(sample(policy[None], policy[None] > 0, rng)[0]) if early else int(policy.argmax())
            forest.play(g, action)
    return _experience(rows, forest, settings, quits, resigned)


def _experience(rows: list[tuple], forest, settings: ZeroSettings, quits, resigned) -> Experience:
    """Give every position its game's outcome."""
    scores = forest.games.scores()
    scores[resigned] = np.where(quits[resigned] == BLACK, -1.0, 1.0)
    area = settings.size**2
    value = (1 - settings.score_weight) * np.sign(scores)
    value += settings.score_weight * np.where(resigned, np.sign(scores), (scores + settings.komi) / area)
    played = (quits > 0) & ~resigned
    wrong = played & (np.where(quits == BLACK, 1, -1) * scores > 0)
    return Experience(
        packed=np.array([row[0] for row in rows], np.uint8).reshape(len(rows), -(-area * settings.planes // 8)),
        policy=np.array([row[1] for row in rows], np.float16).reshape(len(rows), area + 1),
        outcome=np.array([value[g] if color == BLACK else -value[g] for _, _, g, color in rows], np.float32),
        scores=scores.astype(np.float32),
        moves=forest.games.states[:, META, MOVES].astype(np.int64),
        false_resignations=(int(played.sum()), int(wrong.sum())),
    )


def run_units(
    weights: list[np.ndarray], settings: ZeroSettings, seeds: list[int], ray_address: str | None = None
) -> Iterator[Experience]:
    """Play the units of work with the given seeds, here or on a Ray cluster; each seed's games are returned once.

    A worker that dies loses nothing but time: its unit is played again from the same weights and seed, so with
    the same result, and only the one answer of each seed is used.

    Raises:
        SystemExit: Ray is wanted and not installed.
    """
    if ray_address is None:
        for seed in seeds:
            yield play_games(weights, settings, seed)
        return
    try:
        import ray
    except ImportError:
        raise SystemExit("Ray is not installed; pip install 'from-lego-to-go[cluster]', or leave --ray out.") from None
    if not ray.is_initialized():
        if ray_address == "local":  # a worker has one core; the library's default is a thread for each of them all
            os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
        ray.init(address=ray_address, log_to_driver=False, ignore_reinit_error=True)
    remote = ray.remote(max_retries=5, num_cpus=1)(play_games)
    shared = ray.put(weights)
    yield from ray.get([remote.remote(shared, settings, seed) for seed in seeds])


# ---------------------------------------------------------------------------------------------------------------------
# Learning: the loop


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
        networks.restore(self.model, arrays)
        self.best = [arrays[f"b{i}"] for i in range(len(self.best))]
        self.packed, self.policy, self.outcome = arrays["packed"], arrays["policy"], arrays["outcome"]
        self.iteration, self.seconds, self.curve = meta["iteration"], meta["seconds"], meta["curve"]

    def save(self) -> None:
        """Write the checkpoint atomically."""
        if self.checkpoint is None:
            return
        arrays = networks.state_of(self.model) | {f"b{i}": w for i, w in enumerate(self.best)}
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


def match(new: list[np.ndarray], old: list[np.ndarray], settings: ZeroSettings, games: int, seed: int) -> float:
    """Mean result of the new network against the old one, both colours, as a share between 0 and 1.

    With an uneven komi one colour wins every game, so the games are compared by utility, not by wins alone.
    """
    total = 0.0
    for color in (BLACK, WHITE):
        scores = duel(new, old, settings, games // 2, color, seed + color)
        values = [utility(s, color, settings.size, settings.komi, settings.score_weight) for s in scores]
        total += float(np.mean(values))
    return 0.5 + total / 4


def duel(
    mine: list[np.ndarray],
    theirs: list[np.ndarray] | None,
    settings: ZeroSettings,
    games: int,
    color: int,
    seed: int,
    playouts: int | None = None,
    reference_playouts: int = 2000,
) -> np.ndarray:
    """Games between two networks, or a network and the reference rollout search (``theirs`` None), side by side.

    Args:
        mine, theirs: weights.
        color: that the first side plays.
        playouts: of the network's searches; None takes the settings'.
        reference_playouts: of the reference opponent.

    Returns:
        Black's margin after komi of each game, float64 (games,).
    """
    playouts = settings.playouts if playouts is None else playouts
    board = Board(settings.size, settings.komi)
    search = mcts.SearchSettings(
        playouts, settings.batch_leaves, settings.exploration, score_weight=settings.score_weight
    )
    architecture = architecture_of(settings)
    forests = [mcts.Forest([board] * games, lambda planes: mine_or_theirs(planes), search, seed)]
    if theirs is None:
        forests.append(
            mcts.Forest([board] * games, mcts.no_network, mcts.rollout_settings(reference_playouts), seed + 1)
        )
    else:
        forests.append(mcts.Forest([board] * games, lambda planes: mine_or_theirs(planes), search, seed + 1))
    rng = np.random.default_rng(seed)
    turn = 0 if color == BLACK else 1
    while len(running := forests[0].games.running):
        if turn == 0 or theirs is not None:
            mine_or_theirs = evaluator_of(mine if turn == 0 else theirs, architecture, seed)
        forests[turn].run(which=running)
        early = forests[0].games.states[running[0], META, MOVES] < 2
        for g in running:
            policy = forests[turn].policy(g)
            action = int(sample(policy[None], policy[None] > 0.1, rng)[0]) if early else int(policy.argmax())
            for forest in forests:
                forest.play(g, action)
        turn = 1 - turn
    return forests[0].games.scores()


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


def write(loop: Loop, out: Path, curves: Path | None = None) -> None:
    """The best network so far, a snapshot of it for the Elo curve, and the learning curve."""
    model = networks.build(loop.architecture)
    model.set_weights(loop.best)
    settings = asdict(loop.settings)
    changed = [(k.replace("_", "-"), v) for k, v in settings.items() if v != getattr(ZeroSettings, k)]
    changed = [f"--{name}" if value is True else f"--{name} {value}" for name, value in changed]
    changed += [f"--study {loop.studied}"] if loop.studied else []
    changed += [f"--out {out.name}"] if out.name != "go_zero5.npz" else []
    start = loop.settings.start
    provenance = {
        "what": f"AlphaGo Zero's loop from {start or 'random weights'}, lesson 11",
        "command": " ".join(["python -m utils.go.selfplay", *changed]),
        "data": f"the games {start} learned from, and its own" if start else "none but its own games",
        "iterations": loop.iteration,
        "games": loop.iteration * loop.settings.units * loop.settings.games,
        "seconds": round(loop.seconds),
        "settings": asdict(loop.settings),
    } | runtime_facts()
    networks.save(out, model, loop.architecture, provenance)
    if loop.checkpoint is not None:
        snapshot = loop.checkpoint.parent / f"{out.stem}_snapshots" / f"{loop.iteration:04d}.npz"
        networks.save(snapshot, model, loop.architecture, provenance)
    if not loop.curve:  # nothing but others' games so far
        return
    curve = (curves or runtime.repo_root() / "mldata" / "curves") / f"{out.stem}.json"
    curve.parent.mkdir(parents=True, exist_ok=True)
    rounded = [{k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()} for row in loop.curve]
    curve.write_text("[\n" + ",\n".join(json.dumps(row) for row in rounded) + "\n]\n")


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
    try:
        train(ZeroSettings(**options), out, checkpoint, address, study=study, curves=curves)
    except (FileNotFoundError, ValueError) as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    # By its real name: what Ray sends to its workers must be found there, and they have another __main__.
    from utils.go.selfplay import main as run

    run()
