"""Train a deep Q-network on Breakout for hours: ``python -m utils.rl.train_breakout`` (lesson 09).

Everything lands in one folder (``runs/breakout``): ``checkpoint.npz`` every few minutes, ``best.npz`` whenever an
evaluation beats all earlier ones, ``curve.csv`` with the learning curve. Stop it (Ctrl-C, a kill, a power cut) and
start the same command again: it goes on from the last checkpoint. Weights, optimiser, counters and random states are in
it; the replay memory is only with ``--keep-replay`` (2 GB of disk, written at each evaluation and when stopped);
otherwise it is refilled by playing ``learning_starts`` steps before learning goes on.

``--export`` trains nothing and copies what a run has reached to ``mldata/weights`` and ``mldata/curves``, with a
checkpoint of a third of the size from which another machine can resume.
"""

from __future__ import annotations

import argparse
import csv
import ctypes
import io
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from utils import results, runtime
from utils.checkpoints import load_checkpoint, save_checkpoint, write_atomically

if TYPE_CHECKING:
    from utils.rl.atari import Moment

COLUMNS = ("agent_steps", "updates", "wall_clock_s", "cpu_s", "kind", "games", "score", "score_std", "loss")


class Curve:
    """The learning curve as a csv file; rows later than the checkpoint resumed from are dropped."""

    def __init__(self, path: Path, steps: int):
        self.path, self.rows = path, []
        if path.exists():
            with path.open(newline="") as file:
                self.rows = [row for row in csv.DictReader(file) if int(row["agent_steps"]) <= steps]
        self._write()

    def append(self, **row) -> None:
        """Add one row and rewrite the file (a few hundred lines) so that it is whole at every moment."""
        self.rows.append({name: row.get(name, "") for name in COLUMNS})
        self._write()

    def _write(self):
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        write_atomically(self.path, lambda file: file.write(text.getvalue().encode()))


class Trainer:
    """Plays and learns; everything that a checkpoint must hold is an attribute of this.

    Args:
        config: :class:`utils.rl.dqn.Config`.
        folder: where the run's files are.
        seed: of network, exploration, sampling and games.
        resume: checkpoint to begin from if the folder has none of its own.
    """

    def __init__(self, config, folder: Path, seed: int = 1, resume: Path | None = None, threads: int = 0):
        from utils.rl.atari import TRAINING_SEED, Games
        from utils.rl.dqn import DQN, build_network, q_function
        from utils.rl.replay import ReplayMemory

        self.folder, self.seed, self.config = Path(folder), seed, config
        self.folder.mkdir(parents=True, exist_ok=True)
        self.counters = {"agent_steps": 0, "updates": 0, "wall_clock_s": 0.0, "cpu_s": 0.0, "starts": 0, "best": -1.0}
        self.history = []  # hyperparameters changed from one start to the next: what the provenance must say
        self.rng = np.random.default_rng(seed)
        self.agent = DQN(config)
        self.agent.optimizer.build(self.agent.trainable_variables)
        self.actor = build_network(config, name="actor")
        self.actor.compile(jit_compile=keras_backend() == "jax")
        self.act = q_function(self.actor)
        self.average = self.agent.online.get_weights()
        self.replay = ReplayMemory(
            config.capacity,
            config.num_games,
            config.n_step,
            config.gamma,
            seed=seed,
            priority=config.priority,
            importance=config.importance,
        )
        if (self.folder / "replay.npz").exists():
            arrays, _ = load_checkpoint(self.folder / "replay.npz")
            self.replay.restore(arrays)
        own = self.folder / "checkpoint.npz"
        source = own if own.exists() else resume
        if source is not None:
            self.load(source)
        self.counters["starts"] += 1
        self.curve = Curve(self.folder / "curve.csv", self.counters["agent_steps"])
        # Games cannot be stored half-way: after resuming, new ones begin, with seeds not used before.
        first_seed = TRAINING_SEED + 50_000 * (seed % 10) + config.num_games * self.counters["starts"]
        self.games = Games(config.num_games, seed=first_seed, noop_max=config.noop_max, threads=threads)
        self.observations = self.games.reset()
        self.starts = np.ones(config.num_games, dtype=bool)
        self.rate = float(self.agent.optimizer.learning_rate)
        self.debt, self.losses, self.recent = 0.0, [], []
        self.act(self.observations)  # compiled here, not in the player's thread
        self.sampler, self.player = ThreadPoolExecutor(1, "sampler"), ThreadPoolExecutor(1, "player")

    # -- one moment --------------------------------------------------------------------------------------------------

    def step(self) -> None:
        """One agent step in every game, and the updates that belong to it, both at once.

        The player uses a copy of the network made before the updates, so that who is faster makes no difference.
        """
        from utils.rl.dqn import copy_weights

        config = self.config
        copy_weights(self.agent.online, self.actor)
        playing = self.player.submit(self.play)
        if len(self.replay) >= min(config.learning_starts, config.capacity):
            self.debt += config.num_games * config.samples_per_step / config.batch_size
            due, self.debt = divmod(self.debt, 1.0)
            errors = [self.update(batch) for batch in self.batches(int(due))]
            for leaves, error in filter(None, errors):  # now, so that who is faster changes no batch
                self.replay.surprise(leaves, error)
        moment = playing.result()
        rewards = np.sign(moment.rewards) if config.clip_rewards else moment.rewards
        ends = moment.life_lost if config.life_loss_ends_return else moment.game_over
        newest = np.ascontiguousarray(self.observations[..., -1])
        self.replay.add(newest, moment.actions, rewards, ends, moment.truncated, self.starts)
        self.observations, self.starts = moment.observations, moment.starts
        self.counters["agent_steps"] += config.num_games
        self.recent = (self.recent + [score for _, score, _ in self.games.finished])[-100:]
        self.games.finished.clear()

    def play(self) -> Moment:
        """Choose an action for every game and let the emulators compute what it brings."""
        from utils.rl.atari import epsilon_greedy
        from utils.rl.dqn import epsilons

        epsilon = epsilons(self.config, self.counters["agent_steps"])
        if epsilon.min() < 1:
            values = self.act(self.observations)
        else:
            values = np.zeros((self.config.num_games, self.games.num_actions))
        return self.games.step(epsilon_greedy(values, epsilon, self.rng))

    def batches(self, count: int) -> Iterator[dict[str, np.ndarray]]:
        """Draw ``count`` batches, each while the network still learns from the one before it."""
        following = self.sampler.submit(self.draw) if count else None
        for left in reversed(range(count)):
            batch = following.result()
            if left:
                following = self.sampler.submit(self.draw)
            yield batch

    def draw(self) -> dict[str, np.ndarray]:
        """One batch from the memory, half of it mirrored if so wished."""
        from utils.rl.replay import mirror

        batch = self.replay.sample(self.config.batch_size)
        if self.config.mirror:
            mirror(batch, self.config.mirror, self.replay.rng)
        return batch

    def update(self, batch: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray] | None:
        """One gradient step, and every so often the copy to the target network and the running mean of the weights.

        Returns:
            With a prioritised memory what it wants to know: leaves of the batch and how wrong their values were.
        """
        from utils.rl.dqn import learning_rate

        rate = learning_rate(self.config, self.counters["agent_steps"])
        if abs(rate / self.rate - 1) > 0.005:  # setting it takes a while
            self.agent.optimizer.learning_rate = self.rate = rate
        leaves = batch.pop("leaf", None)
        loss = self.agent.train_on_batch(batch)
        self.losses = (self.losses + [float(loss)])[-500:]
        self.counters["updates"] += 1
        if self.counters["updates"] % self.config.target_interval == 0:
            self.agent.update_target()
        if self.counters["updates"] % 100 == 0:
            # At first a plain mean, so that the random weights of the beginning do not linger.
            keep = min(self.config.average, 1 - 100 / self.counters["updates"])
            new = self.agent.online.get_weights()
            self.average = [keep * old + (1 - keep) * weight for old, weight in zip(self.average, new)]
        return None if leaves is None else (leaves, self.agent.errors.numpy())

    # -- files -------------------------------------------------------------------------------------------------------

    def arrays(self, small: bool = False) -> dict[str, np.ndarray]:
        """All arrays of a checkpoint; ``small`` stores half precision, and one network, the mean, for all three.

        Adam's second moments span many powers of ten, so their square roots are stored in that case.
        """
        half = np.float16 if small else np.float32
        arrays = {f"average/{i:02d}": w.astype(half) for i, w in enumerate(self.average)}
        if not small:
            arrays |= {f"online/{i:02d}": w for i, w in enumerate(self.agent.online.get_weights())}
            arrays |= {f"target/{i:02d}": w for i, w in enumerate(self.agent.target.get_weights())}
        for i, variable in enumerate(self.agent.optimizer.variables):
            value = np.asarray(variable)
            if small and value.ndim and value.dtype == np.float32:
                scale = max(float(np.abs(value).max()), 1e-30)
                second = "velocity" in variable.path
                value = (np.sqrt(value / scale) if second else value / scale).astype(np.float16)
                arrays[f"scale/{i:02d}"] = np.float32(scale)
            arrays[f"optimizer/{i:02d}"] = value
        return arrays

    def meta(self) -> dict:
        """Counters, configuration and random states."""
        return {
            "counters": self.counters,
            "config": self.config.to_dict(),
            "seed": self.seed,
            "history": self.history,
            "random": {"play": self.rng.bit_generator.state, "sampling": self.replay.rng.bit_generator.state},
            "curve": self.curve.rows,
        }

    def save(self) -> None:
        """Write ``checkpoint.npz`` atomically."""
        save_checkpoint(self.folder / "checkpoint.npz", self.arrays(), self.meta())

    def save_replay(self) -> None:
        """Write ``replay.npz`` atomically; the next start in this folder goes on with it."""
        save_checkpoint(self.folder / "replay.npz", self.replay.arrays(), {})

    def load(self, path: Path) -> None:
        """Take over weights, optimiser, counters and random states; another network's checkpoint raises ValueError."""
        arrays, meta = load_checkpoint(path)
        theirs, ours = type(self.config).from_dict(meta["config"]).to_dict(), self.config.to_dict()
        network = ("crop", "filters", "hidden", "dueling", "normalise", "bins", "value_min", "value_max")
        differing = [name for name in network if theirs[name] != ours[name]]
        if differing:
            raise ValueError(f"{path} holds another network (differs in {', '.join(differing)}); use another --folder.")

        def group(name):
            return [arrays[key].astype(np.float32) for key in sorted(arrays) if key.startswith(name + "/")]

        self.average = group("average")
        self.agent.online.set_weights(group("online") or self.average)
        self.agent.target.set_weights(group("target") or self.average)
        for i, variable in enumerate(self.agent.optimizer.variables):
            value = arrays[f"optimizer/{i:02d}"]
            if f"scale/{i:02d}" in arrays:
                value = value.astype(np.float32)
                value = (value**2 if "velocity" in variable.path else value) * arrays[f"scale/{i:02d}"]
            variable.assign(value)
        self.counters.update(meta["counters"])
        changed = {name: [value, ours[name]] for name, value in theirs.items() if value != ours[name]}
        self.history = meta.get("history", [])
        if changed:
            self.history.append({"agent_steps": self.counters["agent_steps"], "from_to": changed})
        self.rng.bit_generator.state = meta["random"]["play"]
        self.replay.rng.bit_generator.state = meta["random"]["sampling"]
        if not (self.folder / "curve.csv").exists():
            Curve(self.folder / "curve.csv", 0)
            curve = Curve(self.folder / "curve.csv", 0)
            for row in meta["curve"]:
                curve.append(**row)

    # -- evaluation --------------------------------------------------------------------------------------------------

    def evaluate(self, episodes: int) -> np.ndarray:
        """Scores of full games with the averaged weights at epsilon 0.05, on seeds kept for choosing checkpoints."""
        from utils.rl.atari import SELECTION_SEED, play_games
        from utils.rl.dqn import save_agent

        training = self.agent.online.get_weights()
        if self.config.average:
            self.agent.online.set_weights(self.average)
        scores, _ = play_games(self.agent.q_values, episodes, epsilon=0.05, seed=SELECTION_SEED)
        playing = self.agent.online.get_weights()
        self.agent.online.set_weights(training)
        if scores.mean() > self.counters["best"]:
            self.counters["best"] = float(scores.mean())
            note = {"agent_steps": self.counters["agent_steps"], "counters": dict(self.counters), "seed": self.seed}
            note |= {"history": self.history, "commit": results.commit_name(), "backend": keras_backend()}
            save_agent(self.folder / "best.npz", playing, self.config, selection_score=float(scores.mean()), **note)
        return scores


def train(
    trainer: Trainer,
    steps: int,
    every: int,
    episodes: int,
    save_minutes: float,
    minutes: float | None,
    keep_replay: bool = False,
) -> None:
    """Until ``steps`` agent steps in all (or ``minutes`` of this start): play, learn, evaluate, save, print."""
    counters = trainer.counters
    wall, cpu = time.monotonic() - counters["wall_clock_s"], time.process_time() - counters["cpu_s"]
    began = printed = saved = time.monotonic()
    done, evaluated, rated = (
        counters["agent_steps"],
        counters["agent_steps"] // every,
        counters["agent_steps"] // 20_000,
    )
    last = (began, done)

    def tick():
        counters["wall_clock_s"], counters["cpu_s"] = time.monotonic() - wall, time.process_time() - cpu

    def note(kind, scores):
        tick()
        named = {name: round(counters[name]) for name in ("agent_steps", "updates", "wall_clock_s", "cpu_s")}
        loss = round(float(np.mean(trainer.losses)), 5) if trainer.losses else ""
        mean, std = round(float(np.mean(scores)), 2), round(float(np.std(scores)), 2)
        trainer.curve.append(**named, kind=kind, games=len(scores), score=mean, score_std=std, loss=loss)

    try:
        while counters["agent_steps"] < steps and (minutes is None or time.monotonic() - began < 60 * minutes):
            trainer.step()
            if counters["agent_steps"] // 20_000 > rated and trainer.recent:
                rated = counters["agent_steps"] // 20_000
                note("training", trainer.recent)
            if counters["agent_steps"] // every > evaluated:
                evaluated = counters["agent_steps"] // every
                scores = trainer.evaluate(episodes)
                note("evaluation", scores)
                say(f"{counters['agent_steps']:,} steps: evaluation {scores.mean():.1f} over {len(scores)} games", True)
                trainer.save()
                if keep_replay:
                    trainer.save_replay()
            now = time.monotonic()
            if now - printed > 15:
                speed = (counters["agent_steps"] - last[1]) / (now - last[0])
                printed, last = now, (now, counters["agent_steps"])
                score = np.mean(trainer.recent) if trainer.recent else np.nan
                loss = np.mean(trainer.losses) if trainer.losses else np.nan
                say(
                    f"{counters['agent_steps']:,} steps, {counters['updates']:,} updates, {speed:.0f} steps/s, "
                    f"last 100 games {score:.1f}, loss {loss:.3f}, best evaluation {counters['best']:.1f}"
                )
            if now - saved > 60 * save_minutes:
                tick()
                trainer.save()
                saved = now
    except KeyboardInterrupt:
        say("stopped; saving", True)
    tick()
    trainer.save()
    if keep_replay:
        trainer.save_replay()


def keep_memory() -> None:
    """Tell glibc to keep freed arrays for the next batch: mapping fresh pages for each costs a tenth of the time.

    Elsewhere than on Linux with glibc this does nothing.
    """
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return
    trim_threshold, mmap_threshold = -1, -3  # names of malloc.h: M_TRIM_THRESHOLD, M_MMAP_THRESHOLD
    mallopt(mmap_threshold, 32 << 20)  # the largest value that glibc accepts
    mallopt(trim_threshold, 1 << 30)


def keras_backend() -> str:
    """Name of the Keras backend in use."""
    import keras

    return keras.backend.backend()


def say(text: str, keep: bool = False) -> None:
    """Print a line; on a terminal, lines that need not be kept overwrite each other."""
    live = sys.stdout.isatty()
    print(
        ("\r\033[K" if live else time.strftime("%H:%M:%S ")) + text, end="" if live and not keep else "\n", flush=True
    )


def plot_curve(path: Path):
    """The learning curve in a csv file of :class:`Curve`, beside what others scored, as a Matplotlib figure."""
    import matplotlib.pyplot as plt

    with Path(path).open(newline="") as file:
        rows = list(csv.DictReader(file))
    figure, ax = plt.subplots(figsize=(8.5, 4), layout="constrained")
    kinds = (("training", "-", "last 100 games while learning"), ("evaluation", "o-", "evaluations, epsilon 0.05"))
    for kind, line, label in kinds:
        # After a restart the first games to end are the short ones; their mean says nothing yet.
        enough = [row for row in rows if row["kind"] == kind and int(row["games"]) >= (90 if kind == "training" else 1)]
        if enough:
            steps = [int(row["agent_steps"]) / 1e6 for row in enough]
            ax.plot(steps, [float(row["score"]) for row in enough], line, markersize=5, label=label)
    for score, name in ((1.2, "random 1.2"), (31, "human 31"), (168, "DQN 2013: 168")):
        ax.axhline(score, color="0.4", linestyle=":", linewidth=1)
        ax.text(1.01, score, name, transform=ax.get_yaxis_transform(), fontsize=9, verticalalignment="center")
    ax.set(title="Breakout: the long training", xlabel="million agent steps (of four frames)", ylabel="score per game")
    ax.set_xlim(left=0)
    ax.legend(loc="upper left")
    return figure


def export(trainer: Trainer, name: str = "breakout_dqn") -> None:
    """Copy best network, provenance, small checkpoint and curve to ``mldata/``."""
    from utils.rl.dqn import load_agent, save_agent

    data = runtime.repo_root() / "mldata"
    if not (trainer.folder / "best.npz").exists():  # the run has not reached its first evaluation
        trainer.evaluate(20)
    network, config, meta = load_agent(trainer.folder / "best.npz")
    at = {"agent_steps": meta["agent_steps"], "selection_score": meta["selection_score"]}
    save_agent(data / "weights" / f"{name}.npz", network.get_weights(), config, **at)
    counters = meta["counters"]
    sidecar = {
        "what": "Deep Q-network for Breakout (ale-py, four actions), weights averaged over training, half precision",
        "agent_steps": meta["agent_steps"],
        "frames": 4 * meta["agent_steps"],
        "updates": counters["updates"],
        "seed": meta["seed"],
        "wall_clock_hours": round(counters["wall_clock_s"] / 3600, 2),
        "cpu_hours": round(counters["cpu_s"] / 3600, 2),
        "hardware": results.hardware_name() + ", shared with other work",
        "selection": f"mean {meta['selection_score']:.1f} over games with seeds kept for choosing, epsilon 0.05",
        "backend": meta.get("backend", ""),
        "commit": meta.get("commit") or results.commit_name(),
        "command": f"python -m utils.rl.train_breakout --seed {meta['seed']} --steps {meta['agent_steps']}",
        "changed_on_the_way": meta.get("history", []),
        "date": time.strftime("%Y-%m-%d"),
        "config": config.to_dict(),
    }
    text = json.dumps(sidecar, indent=2) + "\n"
    write_atomically(data / "weights" / f"{name}.json", lambda file: file.write(text.encode()))
    save_checkpoint(data / "weights" / f"{name}_resume.npz", trainer.arrays(small=True), trainer.meta())
    csv_bytes = (trainer.folder / "curve.csv").read_bytes()
    write_atomically(data / "curves" / f"{name}.csv", lambda file: file.write(csv_bytes))
    figure = plot_curve(data / "curves" / f"{name}.csv")
    write_atomically(data / "curves" / f"{name}.png", lambda file: figure.savefig(file, format="png"))
    print(f"exported {name} at {meta['agent_steps']:,} agent steps, selection score {meta['selection_score']:.1f}")


def parse(arguments=None) -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m utils.rl.train_breakout", description=__doc__.split("\n\n")[0])
    parser.add_argument("--steps", type=int, default=5_000_000, help="agent steps in all, four frames each")
    parser.add_argument("--minutes", type=float, help="stop after so many minutes of this start")
    parser.add_argument("--folder", type=Path, default=Path("runs/breakout"))
    parser.add_argument("--resume", type=Path, help="checkpoint to begin from if the folder has none")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--backend", choices=runtime.BACKENDS, help="Keras backend (default: KERAS_BACKEND)")
    parser.add_argument("--threads", type=int, default=0, help="emulator threads")
    parser.add_argument("--evaluate-every", type=int, default=250_000, help="agent steps between evaluations")
    parser.add_argument("--evaluate-games", type=int, default=20)
    parser.add_argument("--save-minutes", type=float, default=5.0)
    parser.add_argument("--keep-replay", action="store_true", help="store the replay memory too (2 GB)")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="change hyperparameters")
    parser.add_argument("--export", action="store_true", help="train nothing; copy the run's results to mldata/")
    return parser.parse_args(arguments)


def configure(pairs: list[str]):
    """The default configuration with ``NAME=VALUE`` changes (values as JSON).

    Raises:
        ValueError: an unknown name or a value that is no JSON.
    """
    from utils.rl.dqn import Config

    values = Config().to_dict()
    for pair in pairs:
        name, _, text = pair.partition("=")
        if name not in values:
            raise ValueError(f"--set {pair}: no hyperparameter {name!r}; there are {', '.join(values)}.")
        try:
            values[name] = json.loads(text.lower() if text in ("True", "False") else text)
        except json.JSONDecodeError:
            raise ValueError(f"--set {pair}: {text!r} is no number, true, false or [list].") from None
    return Config.from_dict(values)


def main(arguments=None) -> None:
    """Entry point of ``python -m utils.rl.train_breakout``."""
    options = parse(arguments)
    keep_memory()
    runtime.start(seed=options.seed, backend=options.backend)
    trainer = Trainer(configure(options.set), options.folder, options.seed, options.resume, options.threads)
    if options.export:
        export(trainer)
        return
    say(f"at {trainer.counters['agent_steps']:,} agent steps; process {os.getpid()}; files in {options.folder}", True)

    def stop(signum, frame):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    train(
        trainer,
        options.steps,
        options.evaluate_every,
        options.evaluate_games,
        options.save_minutes,
        options.minutes,
        options.keep_replay,
    )


if __name__ == "__main__":
    main()
