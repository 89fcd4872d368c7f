"""The long training of lesson 09's deep Q-network: it plays and learns at once, and goes on after a stop or a kill.

Read in this order: :class:`Trainer` (one moment, the files, the evaluation), then :func:`train` (the loop around it).
``train_breakout.py`` is the command, and says which files a run leaves in its folder.
"""

from __future__ import annotations

import ctypes
import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np

from utils import results
from utils.checkpoints import group, load_checkpoint, numbered, remove_parts, save_checkpoint
from utils.rl.atari import SELECTION_SEED, TRAINING_SEED, Games, Moment, epsilon_greedy, play_games
from utils.rl.dqn import (
    DQN,
    Config,
    build_network,
    copy_weights,
    epsilons,
    learning_rate,
    q_function,
    save_agent,
)
from utils.rl.replay import ReplayMemory, mirror
from utils.rl.score_curve import Curve
from utils.rl.variety import STICKY, Variety

# The network's shape and scale.
NETWORK = ("crop", "filters", "blocks", "hidden", "dueling", "normalise", "bins", "value_min", "value_max")
FILES = ("checkpoint.npz", "replay.npz", "best.npz", "curve.json")  # of a run, in its folder
RATED = 20_000  # agent steps between two rows of the curve about the games played while learning


class Trainer:
    """Plays and learns; everything that a checkpoint must hold is an attribute of this.

    Args:
        config: every hyperparameter.
        folder: where the run's files are.
        seed: of network, exploration, sampling and games.
        resume: checkpoint to begin from if the folder has none of its own.
        threads: of the emulators; 0 lets ale-py choose.
    """

    def __init__(self, config: Config, folder: Path, seed: int = 1, resume: Path | None = None, threads: int = 0):
        self.folder, self.seed, self.config = Path(folder), seed, config
        self.folder.mkdir(parents=True, exist_ok=True)
        self.counters = {"agent_steps": 0, "updates": 0, "wall_clock_s": 0.0, "cpu_s": 0.0, "starts": 0, "best": -1.0}
        self.history = []  # hyperparameters changed from one start to the next: what the provenance must say
        self.rng = np.random.default_rng(seed)
        self.agent = DQN(config)
        self.agent.optimizer.build(self.agent.trainable_variables)
        self.actor = build_network(config, name="actor")
        self.actor.compile(jit_compile=keras.backend.backend() == "jax")
        self.act = q_function(self.actor)
        self.average = self.agent.online.get_weights()
        self.replay = ReplayMemory(config.capacity, config.num_games, config.n_step, config.gamma, seed=seed)
        if (self.folder / "replay.npz").exists():
            arrays, _ = load_checkpoint(self.folder / "replay.npz")
            self.replay.restore(arrays)
        own = self.folder / "checkpoint.npz"
        source = own if own.exists() else resume
        if source is not None:
            self.load(source)
        self.counters["starts"] += 1
        self.curve = Curve(self.folder / "curve.json", self.counters["agent_steps"])
        # Games cannot be stored half-way: after resuming, new ones begin, with seeds not used before.
        first_seed = TRAINING_SEED + 50_000 * (seed % 10) + config.num_games * self.counters["starts"]
        options = {"noop_max": config.noop_max, "threads": threads}
        variety = Variety(config.view_share, config.sticky_share)
        self.games = Games(config.num_games, seed=first_seed, variety=variety, **options)
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
        config = self.config
        copy_weights(self.agent.online, self.actor)
        playing = self.player.submit(self.play)
        if len(self.replay) >= min(config.learning_starts, config.capacity):
            self.debt += config.num_games * config.samples_per_step / config.batch_size
            due, self.debt = divmod(self.debt, 1.0)
            for batch in self.batches(int(due)):
                self.update(batch)
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
        batch = self.replay.sample(self.config.batch_size)
        if self.config.mirror:
            mirror(batch, self.config.mirror, self.replay.rng)
        return batch

    def update(self, batch: dict[str, np.ndarray]) -> None:
        """One gradient step, and every so often the copy to the target network and the running mean of the weights."""
        rate = learning_rate(self.config, self.counters["agent_steps"])
        if abs(rate / self.rate - 1) > 0.005:  # setting it takes a while
            self.agent.optimizer.learning_rate = self.rate = rate
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

    # -- files -------------------------------------------------------------------------------------------------------

    def arrays(self, small: bool = False) -> dict[str, np.ndarray]:
        """All arrays of a checkpoint: ``w`` and ``t`` the online and the target network, ``a`` the mean, ``o`` Adam's.

        ``small`` stores half precision, and one network, the mean, for all three. Adam's moments are scaled by ``s``
        then; the second ones span many powers of ten, so their square roots are stored.
        """
        if not small:
            networks = {"w": self.agent.online.get_weights(), "t": self.agent.target.get_weights(), "a": self.average}
            networks["o"] = self.agent.optimizer.variables
            return {
                name: array for letter, arrays in networks.items() for name, array in numbered(letter, arrays).items()
            }
        arrays = numbered("a", (weight.astype(np.float16) for weight in self.average))
        for i, variable in enumerate(self.agent.optimizer.variables):
            value = np.asarray(variable)
            if value.ndim and value.dtype == np.float32:
                scale = max(float(np.abs(value).max()), 1e-30)
                second = "velocity" in variable.path
                value = (np.sqrt(value / scale) if second else value / scale).astype(np.float16)
                arrays[f"s{i}"] = np.float32(scale)
            arrays[f"o{i}"] = value
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

    def save(self, keep_replay: bool = False) -> None:
        """Write ``checkpoint.npz`` atomically, and if so wished ``replay.npz``, with which the next start goes on."""
        save_checkpoint(self.folder / "checkpoint.npz", self.arrays(), self.meta())
        if keep_replay:
            save_checkpoint(self.folder / "replay.npz", self.replay.arrays(), {})

    def load(self, path: Path) -> None:
        """Take over weights, optimiser, counters and random states; another network's checkpoint raises ValueError.

        Of an agent (``best.npz``, a shipped one) there are weights and counters alone; the rest begins anew.
        """
        arrays, meta = in_todays_format(*load_checkpoint(path))
        theirs, ours = Config.from_dict(meta["config"]).to_dict(), self.config.to_dict()
        differing = [name for name in NETWORK if theirs[name] != ours[name]]
        if differing:
            raise ValueError(f"{path} holds another network (differs in {', '.join(differing)}); use another --folder.")
        self.average = [weight.astype(np.float32) for weight in group(arrays, "a") or group(arrays, "w")]
        self.agent.online.set_weights(group(arrays, "w") or self.average)
        self.agent.target.set_weights(group(arrays, "t") or self.average)
        for i, variable in enumerate(self.agent.optimizer.variables if "o0" in arrays else ()):
            value = arrays[f"o{i}"]
            if f"s{i}" in arrays:
                value = value.astype(np.float32)
                value = (value**2 if "velocity" in variable.path else value) * arrays[f"s{i}"]
            variable.assign(value)
        self.counters.update(meta.get("counters", {"agent_steps": meta.get("agent_steps")}))
        if not (self.folder / "best.npz").exists():  # the best of another folder is not here
            self.counters["best"] = -1.0
        changed = {name: [value, ours[name]] for name, value in theirs.items() if value != ours[name]}
        self.history = meta.get("history", [])
        if "o0" not in arrays:
            self.history.append({"agent_steps": self.counters["agent_steps"], "begun_from": path.name})
        if changed:
            self.history.append({"agent_steps": self.counters["agent_steps"], "from_to": changed})
        if "random" in meta:
            self.rng.bit_generator.state = meta["random"]["play"]
            self.replay.rng.bit_generator.state = meta["random"]["sampling"]
        if not (self.folder / "curve.json").exists():
            Curve(self.folder / "curve.json", 0).extend(meta.get("curve", []))

    # -- evaluation --------------------------------------------------------------------------------------------------

    def evaluate(self, episodes: int) -> np.ndarray:
        """Scores of full games with the averaged weights at epsilon 0.05, on seeds kept for choosing checkpoints."""
        scores = self.play_full_games(episodes)
        if scores.mean() > self.counters["best"]:
            self.counters["best"] = float(scores.mean())
            note = {"agent_steps": self.counters["agent_steps"], "counters": dict(self.counters), "seed": self.seed}
            note |= {"history": self.history, "commit": results.commit_name(), "backend": keras.backend.backend()}
            note |= {"selection_score": float(scores.mean())}
            save_agent(self.folder / "best.npz", self.playing_weights(), self.config, **note)
        return scores

    def playing_weights(self) -> list[np.ndarray]:
        """Those that play in evaluations."""
        return self.average if self.config.average else self.agent.online.get_weights()

    def play_full_games(self, episodes: int, **options) -> np.ndarray:
        """Scores with the weights that play; the actor is lent for it, and gets new ones before its next step."""
        self.actor.set_weights(self.playing_weights())
        return play_games(self.act, episodes, epsilon=0.05, seed=SELECTION_SEED, **options)[0]

    def judge(self, episodes: int) -> np.ndarray:
        """Evaluate, and note the scores; an agent that trained with a variety also under what it shall bear."""
        scores = self.evaluate(episodes)
        self.note("evaluation", scores)
        conditions = {"sticky": {"sticky": STICKY}} if self.config.sticky_share else {}
        conditions |= {name: {"view": name} for name in ("nearest", "linear") if self.config.view_share}
        for kind, options in conditions.items():
            self.note(kind, self.play_full_games(max(1, episodes // 2), **options))
        return scores

    def last_evaluated(self) -> int:
        """Agent steps at which the curve has its last evaluation."""
        return max((row["agent_steps"] for row in self.curve.rows if row["kind"] == "evaluation"), default=0)

    def note(self, kind: str, scores: np.ndarray | list[float]) -> None:
        """One row of the learning curve about games of a ``kind``, "training" or "evaluation"."""
        named = {name: round(self.counters[name]) for name in ("agent_steps", "updates", "wall_clock_s", "cpu_s")}
        loss = round(float(np.mean(self.losses)), 5) if self.losses else None
        mean, std = round(float(np.mean(scores)), 2), round(float(np.std(scores)), 2)
        told = {"kind": kind, "games": len(scores), "score": mean, "score_std": std, "loss": loss}
        self.curve.extend([named | told])


OLD_NAMES = {"online": "w", "target": "t", "average": "a", "optimizer": "o", "scale": "s"}


def in_todays_format(arrays: dict, meta: dict) -> tuple[dict, dict]:
    """A checkpoint as :meth:`Trainer.arrays` writes it; until late 2026 arrays had long names and curves text."""
    if any("/" in name for name in arrays):
        parts = {name: name.split("/") for name in arrays}
        arrays = {f"{OLD_NAMES[kind]}{int(place)}": arrays[name] for name, (kind, place) in parts.items()}
        for row in meta["curve"]:
            row |= {key: json.loads(value or "null") for key, value in row.items() if key != "kind"}
    return arrays, meta


# ---------------------------------------------------------------------------------------------------------------------
# The loop


class Clock:
    """Adds the time since its making to ``wall_clock_s`` and ``cpu_s`` of some counters, in seconds."""

    def __init__(self, counters: dict):
        self.counters = counters
        self.wall, self.cpu = time.monotonic() - counters["wall_clock_s"], time.process_time() - counters["cpu_s"]

    def tick(self) -> None:
        self.counters["wall_clock_s"] = time.monotonic() - self.wall
        self.counters["cpu_s"] = time.process_time() - self.cpu


class Progress:
    """Says every 15 seconds where a training stands."""

    def __init__(self, trainer: Trainer):
        self.trainer, self.time, self.steps = trainer, time.monotonic(), trainer.counters["agent_steps"]

    def show(self) -> None:
        now, trainer, counters = time.monotonic(), self.trainer, self.trainer.counters
        if now - self.time <= 15:
            return
        speed = (counters["agent_steps"] - self.steps) / (now - self.time)
        self.time, self.steps = now, counters["agent_steps"]
        score = np.mean(trainer.recent) if trainer.recent else np.nan
        loss = np.mean(trainer.losses) if trainer.losses else np.nan
        say(
            f"{counters['agent_steps']:,} steps, {counters['updates']:,} updates, {speed:.0f} steps/s, "
            f"last 100 games {score:.1f}, loss {loss:.3f}, best evaluation {counters['best']:.1f}"
        )


def train(
    trainer: Trainer,
    steps: int,
    every: int,
    episodes: int,
    save_minutes: float,
    minutes: float | None,
    keep_replay: bool = False,
) -> bool:
    """Until ``steps`` agent steps in all (or ``minutes`` of this start): play, learn, evaluate, save, print.

    Args:
        every: agent steps between two evaluations, of ``episodes`` games each.
        save_minutes: minutes between two checkpoints.
        keep_replay: store the replay memory too, at each evaluation and at the end.

    Returns:
        Whether it was stopped (Ctrl-C, a kill) before its end.
    """
    stopped = False
    counters, clock, progress = trainer.counters, Clock(trainer.counters), Progress(trainer)
    rated, evaluated = counters["agent_steps"] // RATED, trainer.last_evaluated() // every
    began = saved = time.monotonic()
    remove_parts(*(trainer.folder / name for name in FILES))
    try:
        while counters["agent_steps"] < steps and (minutes is None or time.monotonic() - began < 60 * minutes):
            trainer.step()
            clock.tick()
            if counters["agent_steps"] // RATED > rated and trainer.recent:
                rated = counters["agent_steps"] // RATED
                trainer.note("training", trainer.recent)
            if counters["agent_steps"] // every > evaluated:
                evaluated = counters["agent_steps"] // every
                trainer.save()  # whoever is killed while the games are played evaluates anew
                scores = trainer.judge(episodes)
                clock.tick()
                say(f"{counters['agent_steps']:,} steps: evaluation {scores.mean():.1f} over {len(scores)} games", True)
                trainer.save(keep_replay)
                saved = time.monotonic()
            progress.show()
            if time.monotonic() - saved > 60 * save_minutes:
                trainer.save()
                saved = time.monotonic()
    except KeyboardInterrupt:
        stopped = True
        say("stopped; saving", True)
    clock.tick()
    trainer.save(keep_replay)
    return stopped


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


def say(text: str, keep: bool = False) -> None:
    """Print a line; on a terminal, lines that need not be kept overwrite each other."""
    live = sys.stdout.isatty()
    print(
        ("\r\033[K" if live else time.strftime("%H:%M:%S ")) + text, end="" if live and not keep else "\n", flush=True
    )
