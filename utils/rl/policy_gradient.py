"""REINFORCE for lesson 10: plays of many environments at once, a small Keras policy, a baseline, one gradient step.

Read in this order: :class:`Settings` (every choice, one line each), ``playing.py`` (P plays, side by side),
``credit.py`` (what each action is credited with), ``policies.py`` (networks and loss), and here :func:`update` and
:func:`train` (the loop, with checkpoints); ``numpy_policy.py`` acts with the same networks, faster. Notation follows
Sutton and Barto, chapter 13, and Williams (1992).

Where this departs from Williams's REINFORCE, and why:

=====================================  ================================================================================
departure                              reason
=====================================  ================================================================================
P plays per update, in step            the lecture's empirical sum; one vectorised environment step serves them all
Adam instead of plain ascent           the gradient's scale changes by orders of magnitude while the plays grow longer
minibatches of one batch of plays      more, smaller steps (Pendulum); each step of play still serves once
no factor gamma^t before the score     late actions would not be learned (everybody leaves it out; Thomas 2014)
advantages divided by their spread     one learning rate fits every reward scale
and cut at four spreads                a single freak play cannot undo the policy
ends before an update, not after it    the policy whose plays were good enough is kept; nobody has tested the next one
the baseline knows the clock           a play is cut at the time limit, so what is left to earn depends on the time
entropy bonus                          keeps the policy from becoming certain before it is right (Williams, Peng 1991)
=====================================  ================================================================================
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import gymnasium
import keras
import numpy as np

from utils import checkpoints
from utils.checkpoints import group, load_checkpoint, save_checkpoint, state_of
from utils.rl import credit
from utils.rl.numpy_policy import NumpyPolicy, mean_entropy
from utils.rl.playing import Plays, check_spaces, make_environments, play
from utils.rl.policies import PolicyGradient, build_network

OUTLIER = 4.0  # spreads; an advantage beyond is cut
BASELINES = ("none", "mean", "learned")


@dataclass(frozen=True)
class Settings:
    """Every choice of a training; the defaults solve CartPole-v1."""

    environment: str = "CartPole-v1"  # a Gymnasium id with a 1D Box observation and a Discrete or 1D Box action
    seed: int = 1  # of weights, starts and actions
    plays: int = 32  # P, complete plays per update, side by side
    iterations: int = 150  # updates at most
    hidden: tuple[int, ...] = (32,)  # widths of the hidden tanh layers, policy and baseline alike
    gamma: float = 0.99  # discount of a reward one step later
    to_go: bool = True  # credit an action with what came after it only; False: with the whole play
    baseline: str = "learned"  # "none", "mean" (of the other plays at the same time) or "learned" (a second network)
    normalise: bool = True  # divide advantages by their running spread
    minibatches: int = 1  # split the steps into so many gradient steps, each step of play used once
    learning_rate: float = 0.01  # of Adam, for the policy, falling linearly ...
    final_share: float = 0.1  # ... to this share of itself at the last iteration
    baseline_rate: float = 0.01  # of Adam, for the baseline, falling alike
    entropy: float = 0.0  # weight of the entropy bonus
    reward_scale: float = 1.0  # rewards are multiplied by this before learning (reported returns are not)
    log_std: float = 0.0  # initial log standard deviation of a Gaussian policy
    typical: tuple[float, ...] = ()  # typical size of each observed number, where it is far from 1
    stop_at: float | None = None  # stop early when the mean returns of `stop_after` batches in a row reach this
    stop_after: int = 5

    def __post_init__(self):
        if self.baseline not in BASELINES:
            raise ValueError(f"baseline is {self.baseline!r}; choose one of {', '.join(BASELINES)}.")
        if self.plays < 2 or self.iterations < 1:
            raise ValueError(f"Need at least 2 plays and 1 iteration; got {self.plays} and {self.iterations}.")
        if not 0 < self.gamma <= 1:
            raise ValueError(f"gamma is {self.gamma}; a discount lies in (0, 1].")


CARTPOLE = Settings(minibatches=4, stop_at=490.0)
PENDULUM = Settings(
    environment="Pendulum-v1",
    plays=64,
    iterations=600,
    hidden=(64, 32),
    gamma=0.97,
    minibatches=8,
    learning_rate=0.0003,
    reward_scale=0.02,
    typical=(1.0, 1.0, 4.0),
)


@dataclass
class History:
    """What a training left behind: curves (one entry an update), the networks, and the time it took in seconds."""

    settings: Settings
    model: PolicyGradient
    baseline: keras.Sequential | None = None
    returns: list[float] = field(default_factory=list)
    entropies: list[float] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    seconds: float = 0.0
    spread: float = 0.0  # running spread of the advantages, by which they are divided

    @property
    def policy(self) -> NumpyPolicy:
        return NumpyPolicy.of(self.model)


def build(settings: Settings, environments: gymnasium.vector.VectorEnv) -> History:
    """Policy, baseline and their optimisers for an environment, built and compiled; nothing is learned yet."""
    size = environments.single_observation_space.shape[0]
    action = environments.single_action_space
    discrete = isinstance(action, gymnasium.spaces.Discrete)
    outputs = int(action.n) if discrete else action.shape[0]
    seed = 1000 * settings.seed
    policy = build_network(size, settings.hidden, outputs, seed, "policy", settings.typical)
    baseline = None
    if settings.baseline == "learned":
        baseline = build_network(size + 1, settings.hidden, 1, seed + 500, "baseline", settings.typical)
        _compile(baseline, settings, settings.baseline_rate, loss="mse")
    model = PolicyGradient(policy, None if discrete else settings.log_std, settings.entropy)
    model(np.zeros((1, size), dtype=np.float32))  # creates what is not created yet
    _compile(model, settings, settings.learning_rate)
    return History(settings, model, baseline)


def _compile(model: keras.Model, settings: Settings, rate: float, **options) -> None:
    updates = settings.iterations * settings.minibatches
    schedule = keras.optimizers.schedules.PolynomialDecay(rate, updates, settings.final_share * rate)
    compiled = keras.backend.backend() == "jax"  # TensorFlow's graph is as fast without XLA, and starts sooner
    model.compile(optimizer=keras.optimizers.Adam(schedule), jit_compile=compiled, **options)
    model.optimizer.build(model.trainable_variables)


def train_on_rows(
    network: keras.Model, x: np.ndarray, y: np.ndarray, weights: np.ndarray | None = None, least: int = 4096
) -> None:
    """One gradient step of a compiled network on any number of rows.

    Rows of zeros, which weigh nothing, are appended up to a power of two and at least ``least``: the step is compiled
    for a few shapes instead of at every batch.

    Args:
        x, y: (rows, ...).
        weights: (rows,), one factor a row, None where the network's own loss leaves out rows of zeros. Keras divides
            by all rows, the zeros too; the weights are enlarged by as much, so that the loss is the mean over the
            real ones.
    """
    rows = max(least, 1 << (len(x) - 1).bit_length())
    if weights is not None:
        weights = weights * (rows / len(x))
    x, y, weights = (None if part is None else _padded(part, rows) for part in (x, y, weights))
    network.train_on_batch(x, y, sample_weight=weights)


def _padded(rows: np.ndarray, count: int) -> np.ndarray:
    return np.pad(rows, [(0, count - len(rows))] + [(0, 0)] * (rows.ndim - 1))


def update(history: History, plays: Plays) -> None:
    """Learn from some plays: policy and baseline take ``minibatches`` gradient steps each, on disjoint rows."""
    settings, keep = history.settings, plays.mask
    returns = credit.per_action(plays, settings.gamma, settings.to_go, settings.reward_scale)
    targets = credit.per_action(plays, settings.gamma, True, settings.reward_scale)
    advantage = credit.advantages(plays, returns, history.baseline or settings.baseline)[keep]
    if settings.normalise:
        # Only the scale: subtracting the mean as well would be a second baseline, hidden where nobody looks for it.
        # The spread falls slowly, so that once all is learned the noise that is left is not blown up to full size.
        history.spread = max(float(np.sqrt(np.square(advantage).mean())), 0.98 * history.spread)
        advantage = np.clip(advantage / (history.spread + 1e-8), -OUTLIER, OUTLIER)
    ones = np.ones(plays.steps)
    x = credit.with_clock(plays)[keep]
    y = np.column_stack([plays.actions[keep].reshape(plays.steps, -1), advantage, ones]).astype(np.float32)
    target = targets[keep].astype(np.float32)[:, None]
    order = np.random.default_rng((settings.seed, len(history.returns), 1)).permutation(plays.steps)
    size = max(4096 // settings.minibatches, 1 << (-(-plays.steps // settings.minibatches) - 1).bit_length())
    for part in np.array_split(order, settings.minibatches):
        train_on_rows(history.model, x[part, :-1], y[part], least=size)
        if history.baseline is not None:
            train_on_rows(history.baseline, x[part], target[part], y[part, -1], least=size)


def train(
    settings: Settings,
    checkpoint: str | Path | None = None,
    checkpoint_every: int = 25,
    callback: Callable[[History, Plays], bool | None] | None = None,
    environments: gymnasium.vector.VectorEnv | None = None,
) -> History:
    """Train a policy; with ``checkpoint``, resume from that file if it is there, and keep it up to date.

    Where the last plays were good enough to stop, the policy returned is the one that made them.

    Every update draws its random numbers from (seed, update), so a training that was interrupted and resumed follows
    the same curve as one that was not (on CPU, to rounding).

    Args:
        callback: called after each batch of plays, and the update made of it, with the history and the plays;
            returning True ends the training.
        environments: to use instead of ``make_environments(settings.environment, settings.plays)``.

    Raises:
        ValueError: a reward is not finite, or the checkpoint belongs to other settings.
        TypeError: the environment's spaces do not fit (see :func:`make_environments`).
    """
    environments = environments or make_environments(settings.environment, settings.plays)
    check_spaces(environments, settings.environment)
    history = build(settings, environments)
    if checkpoint and Path(checkpoint).exists():
        restore(history, checkpoint)
    started = time.perf_counter() - history.seconds
    while len(history.returns) < settings.iterations and not solved(history):
        policy = history.policy
        plays = play(environments, policy.sample, seed=(settings.seed, len(history.returns)))
        history.returns.append(float(plays.returns.mean()))
        history.entropies.append(mean_entropy(policy, plays))
        history.steps.append(plays.steps)
        if not solved(history):  # else the policy that made these plays is kept as it is
            update(history, plays)
        history.seconds = time.perf_counter() - started
        if checkpoint and len(history.returns) % checkpoint_every == 0:
            store(history, checkpoint)
        if callback and callback(history, plays):
            break
    if checkpoint:
        store(history, checkpoint)
    return history


def solved(history: History) -> bool:
    """Whether the last ``stop_after`` batches all reached ``stop_at`` (training plays, not the test's)."""
    settings = history.settings
    recent = history.returns[-settings.stop_after :]
    return settings.stop_at is not None and len(recent) == settings.stop_after and min(recent) >= settings.stop_at


def store(history: History, path: str | Path) -> None:
    """Write weights, optimiser state and curves atomically; ``v`` and ``p`` are the baseline's."""
    arrays = _state(history)
    arrays["curves"] = np.array([history.returns, history.entropies, history.steps], dtype=np.float64)
    save_checkpoint(
        path, arrays, {"settings": _as_json(history.settings), "seconds": history.seconds, "spread": history.spread}
    )


def restore(history: History, path: str | Path) -> None:
    """Fill a fresh history from a checkpoint.

    Raises:
        ValueError: the checkpoint was written with other settings.
    """
    arrays, meta = load_checkpoint(path)
    wanted = _as_json(history.settings)
    different = [name for name in wanted if wanted[name] != meta["settings"].get(name)]
    if different:
        raise ValueError(f"{path} was trained with another {', '.join(different)}; give another file or move it away.")
    if "variable_0" in arrays:  # until late 2026 all variables stood in one row
        arrays |= dict(zip(_state(history), group(arrays, "variable_")))
    checkpoints.restore(history.model, arrays)
    if history.baseline is not None:
        checkpoints.restore(history.baseline, arrays, "v", "p")
    returns, entropies, steps = arrays["curves"]
    history.returns, history.entropies = returns.tolist(), entropies.tolist()
    history.steps, history.seconds = steps.astype(int).tolist(), float(meta["seconds"])
    history.spread = float(meta["spread"])


def _state(history: History) -> dict[str, np.ndarray]:
    state = state_of(history.model)
    return state if history.baseline is None else state | state_of(history.baseline, "v", "p")


def _as_json(settings: Settings) -> dict:
    return {
        key: list(value) if isinstance(value, tuple) else value for key, value in dataclasses.asdict(settings).items()
    }
