"""AlphaGo's step 3: how likely is a win from here? Regression on the outcomes of self-play games (lesson 11).

v(s) = E[z | s, both sides play the policy]: the lecture's gradient is that of the mean squared error. As in the paper,
a game for this purpose is played by the supervised policy up to a random moment, then makes one random move, then is
played out by the stronger policy (:func:`play_unit`). Positions of one game look alike and share one outcome: a network
that is shown all of them, or the same games again and again, learns games by heart (the paper's 0.19 in training
against 0.37 in testing), and a training error below the outcomes' own variance is the sign of it.

So games are a stream here: each unit of work plays new ones, gives a few positions of each to a window, and the network
learns from the window, about twice from each, until newer games have pushed them out. What a position teaches is more
than who won: who owns each point in the end and by how much (Wu 2019, KataGo, section 4), and what the expert policy
would play, so that one tower serves as policy and as judge, as in AlphaGo Zero.

``python -m utils.go.value`` trains such a network and continues after a kill; the games lie in runs/ and are played
again where they are missing, which costs time and changes nothing.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from utils import commands, results, runtime
from utils.checkpoints import load_checkpoint, save_checkpoint
from utils.go import features, networks
from utils.go.batch import Games, play_policies, sample
from utils.go.examples import Positions, concatenate, some_of_each_game
from utils.go.learner import Learner, Weights
from utils.go.vertices import BLACK
from utils.layers.schedule import one_cycle

TEST_SEED = 900_000_000  # units from here on are never learned from


@dataclass
class ValueSettings:
    """Hyperparameters; AlphaGo's in brackets."""

    units: int = 800  # units of work, each of `games` games [30 million games]
    games: int = 128
    latest: int = 60  # the random move comes before this one [450 on 19x19]
    komi: float = 7.0
    per_game: int = 4  # positions of a game that are learned from [1]
    uses: float = 2.0  # how often each is, on average
    window: int = 16_000  # positions of the latest games to draw from
    filters: int = 64
    blocks: int = 5
    bottleneck: bool = False
    policy: float = 1.0  # weights of the losses: what the expert policy plays; 0 leaves the head out,
    owner: float = 1.0  # who owns each point,
    margin: float = 0.5  # by how much the side to play wins; owner and margin 0 leave both heads out
    value: float = 1.5  # and who won
    batch: int = 256
    rate: float = 1e-3  # reached after 200 steps, then falling to 0 along a cosine
    decay: float = 0.01
    average: float = 0.99  # running mean of the weights over steps, which is what is tested and saved
    seed: int = 1


def opened(before: networks.Evaluator, settings: ValueSettings, rng: np.random.Generator) -> Games:
    """Games played by ``before`` up to a random moment, and then one random move; some may be over."""
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
    return games


def play_unit(before: networks.Evaluator, after: networks.Evaluator, settings: ValueSettings, seed: int) -> Positions:
    """One unit of work: games by the paper's scheme, all positions from the random move on.

    ``moves`` of the result counts from the random move, so 0 marks the paper's one position of each game.
    """
    rng = np.random.default_rng(seed)
    games = opened(before, settings, rng)
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


def continued(games: Games, which: np.ndarray, times: int, policy: networks.Evaluator, seed: int) -> np.ndarray:
    """Outcomes of games that ``policy`` plays on against itself, for the side to play: float32 (len(which), times).

    Their variance from one position to the next is what nobody can foresee: the noise floor of a value's error.
    """
    rng, outcomes = np.random.default_rng(seed), []
    for some in np.array_split(which, max(1, len(which) * times // 512)):
        again = Games(len(some) * times, games.size, games.komi, games.limit)
        for name in ("states", "past", "counts"):
            setattr(again, name, np.repeat(getattr(games, name)[some], times, axis=0))
        side = np.where(again.to_play == BLACK, 1, -1)
        scores = play_policies([lambda x: policy(x)[0]] * 2, np.zeros(len(again), np.int64), again, rng)
        outcomes.append((np.sign(scores) * side).reshape(len(some), times))
    return np.concatenate(outcomes).astype(np.float32)


def mean_squared_error(evaluator: networks.Evaluator, data: Positions, batch: int = 512) -> float:
    """Between predicted and actual outcomes, the latter between -1 and 1."""
    errors = []
    for start in range(0, len(data), batch):
        index = np.arange(start, min(start + batch, len(data)))
        errors.append((evaluator(data.planes(index))[1] - data.outcomes[index]) ** 2)
    return float(np.concatenate(errors).mean())


def kept_unit(before, after, settings: ValueSettings, folder: Path, unit: int) -> Positions:
    """Some positions of each game of a unit, from its file or played anew: a function of seed and unit alone."""
    path = folder / f"{unit:09d}.npz"
    if path.exists():
        return read(path)
    seed = settings.seed * 1_000_003 + unit
    found = some_of_each_game(play_unit(before, after, settings, seed), settings.per_game, seed)
    save_checkpoint(path, found.columns(), {"size": found.size})
    return found


class Stream:
    """Plays, learns and keeps a checkpoint.

    Args:
        settings: see there.
        before, after: evaluators of the expert policy and of the stronger one.
        folder: of the games and the checkpoint.
        start: a network whose layers are the starting point where they fit; None starts from random weights.
    """

    def __init__(self, settings: ValueSettings, before, after, folder: Path, start=None):
        self.settings, self.before, self.after, self.folder = settings, before, after, Path(folder)
        st = settings
        self.architecture = networks.Architecture(
            before.architecture.size,
            features.COUNT,
            st.filters,
            st.blocks,
            policy=st.policy > 0,
            value=True,
            bottleneck=st.bottleneck,
            territory=st.owner > 0 or st.margin > 0,
        )
        weights = Weights(st.policy, st.value, st.owner, st.margin)
        self.learner = Learner(self.architecture, weights, st.rate, st.decay, st.average, st.seed)
        if start is not None:
            networks.copy_tower(start, self.learner.model)
            self.learner.begin()
        self.total = int(st.units * st.games * st.per_game * st.uses / st.batch)  # gradient steps
        self.rate = one_cycle(st.rate, self.total, min(0.5, 200 / self.total))
        self.window: Positions | None = None
        self.unit, self.seconds, self.cpu_seconds = 0, 0.0, 0.0
        self.curve: list[dict] = []
        if self.checkpoint.exists():
            self.resume()

    @property
    def checkpoint(self) -> Path:
        """The file to go on from."""
        return self.folder / "training.npz"

    def resume(self) -> None:
        """Continue from the checkpoint; the window is filled again, games that are not there are played anew."""
        arrays, meta = load_checkpoint(self.checkpoint)
        self.learner.restore(arrays)
        self.unit, self.curve = meta["unit"], meta["curve"]
        self.seconds, self.cpu_seconds = meta["seconds"], meta["cpu_seconds"]
        held = -(-self.settings.window // (self.settings.games * self.settings.per_game))
        for unit in range(max(0, self.unit - held), self.unit):
            self._add(self.games_of(unit))

    def save(self) -> None:
        """Write the checkpoint atomically."""
        meta = {"settings": asdict(self.settings), "unit": self.unit, "curve": self.curve}
        meta |= {"seconds": self.seconds, "cpu_seconds": self.cpu_seconds}
        save_checkpoint(self.checkpoint, self.learner.arrays(), meta)

    def games_of(self, unit: int) -> Positions:
        """See :func:`kept_unit`."""
        return kept_unit(self.before, self.after, self.settings, self.folder, unit)

    def _add(self, new: Positions) -> None:
        """To the window, and out of it what is too old."""
        if self.settings.policy:
            said = self.before(new.planes(np.arange(len(new))))[0]
            new = replace(new, policies=said.astype(np.float16))
        window = new if self.window is None else concatenate([self.window, new])
        self.window = window.subset(slice(-self.settings.window, None))

    def iterate(self) -> dict[str, float]:
        """Play one unit and learn; returns the mean losses."""
        began, began_cpu, st = time.perf_counter(), time.process_time(), self.settings
        self._add(self.games_of(self.unit))
        self.unit += 1
        due = self.unit * self.total // st.units
        losses = [self.learn() for _ in range(due - self.learner.step)]
        self.seconds += time.perf_counter() - began
        self.cpu_seconds += time.process_time() - began_cpu
        return {name: float(np.mean([loss[name] for loss in losses])) for name in losses[0]} if losses else {}

    def learn(self) -> dict[str, float]:
        """One gradient step on random positions of the window, each in a random symmetry."""
        st, step = self.settings, self.learner.step
        rng = np.random.default_rng((st.seed, step))
        index, turns = rng.integers(0, len(self.window), st.batch), rng.integers(0, 8, st.batch)
        return self.learner.learn(self.window, index, turns, float(self.rate(step)))


def read(path: Path) -> Positions:
    """Positions written by :func:`kept_unit`."""
    arrays, meta = load_checkpoint(path)
    return Positions(**arrays, size=meta["size"])


def games_for_testing(before, after, settings: ValueSettings, folder: Path, units: int = 8) -> Positions:
    """The paper's one position of each of some games that nobody learns from; kept in ``folder``."""
    parts = []
    for unit in range(units):
        path = folder / f"test{unit:03d}.npz"
        if not path.exists():
            found = play_unit(before, after, settings, TEST_SEED + unit)
            found = found.subset(np.flatnonzero(found.moves == 0))
            save_checkpoint(path, found.columns(), {"size": found.size})
        parts.append(read(path))
    return concatenate(parts)


def train(
    settings: ValueSettings, before: str, after: str, start: str, out: Path, folder: Path, every: int = 20
) -> dict:
    """Run the stream to its last unit, with a checkpoint and a row of the curve every ``every`` units; then write the
    network. Returns the last row."""
    players = networks.Evaluator.from_file(before), networks.Evaluator.from_file(after)
    tower = networks.load(start)[0] if start else None  # now: a wrong name is told before hours of games
    tested = games_for_testing(*players, settings, folder)
    stream, losses = Stream(settings, *players, folder, tower), []
    print(f"unit {stream.unit} of {settings.units}; {len(tested)} games to test on", flush=True)
    while stream.unit < settings.units:
        losses.append(stream.iterate())
        if stream.unit % every and stream.unit < settings.units:
            continue
        row = {"games": stream.unit * settings.games, "step": stream.learner.step}
        row |= {name: float(np.mean([loss[name] for loss in losses if name in loss])) for name in losses[-1]}
        row |= {"test_mse": mean_squared_error(stream.learner.evaluator(), tested), "seconds": round(stream.seconds)}
        row["cpu_seconds"], losses = round(stream.cpu_seconds), []
        stream.curve.append({name: round(value, 4) for name, value in row.items()})
        stream.save()
        print(json.dumps(stream.curve[-1]), flush=True)
    command = f"python -m utils.go.value --units {settings.units} --seed {settings.seed}"
    row, shown = stream.curve[-1], f"{settings.per_game} positions of each, about {settings.uses:g} times"
    sidecar = {
        "what": "policy and value in one network, lesson 11 step 3",
        "data": f"{row['games']} games of {after}, {shown}; the moves of {before}",
        "tested": f"{len(tested)} other games, one position each: mean squared error {row['test_mse']:.3f}",
        "seconds": row["seconds"],
        "cpu_seconds": row["cpu_seconds"],
        "seed": settings.seed,
        "settings": asdict(settings),
    }
    networks.save(out, stream.learner.averaged(), stream.architecture, sidecar | results.provenance(command))
    results.write_curve(results.curve_path(out.stem), stream.curve, command)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m utils.go.value", description=__doc__.splitlines()[0])
    for name, value in asdict(ValueSettings()).items():
        kind = {"action": "store_true"} if value is False else {"type": type(value), "default": value}
        parser.add_argument(f"--{name.replace('_', '-')}", **kind)
    parser.add_argument("--before", default="go_sl9", help="plays up to the random move; its moves are learned, too")
    parser.add_argument("--after", default="go_rl9", help="plays from there on")
    parser.add_argument("--start", default="go_sl9", help="a network to start from where its layers fit; '' for none")
    parser.add_argument("--out", type=Path, default=networks.weights_folder() / "go_value9.npz")
    parser.add_argument("--folder", type=Path, help="of games and checkpoint; default: runs/value9 in the repository")
    options = vars(parser.parse_args())
    names = [options.pop(name) for name in ("before", "after", "start", "out")]
    folder = options.pop("folder") or runtime.repo_root() / "runs" / "value9"
    runtime.start(seed=options["seed"])
    commands.check_writable(names[-1])
    commands.check_writable(results.curve_path(names[-1].stem))
    with commands.alone(folder):
        train(ValueSettings(**options), *names, folder)


if __name__ == "__main__":
    raise SystemExit(commands.run(main, ValueError, interrupted=commands.GOES_ON))
