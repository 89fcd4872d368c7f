"""REINFORCE for lesson 10: plays of many environments at once, a small Keras policy, a baseline, one gradient step.

Read in this order: :class:`Settings` (every choice, one line each), :func:`play` (P plays, side by side),
:func:`returns_to_go` and :func:`advantages` (what each action is credited with), :class:`PolicyGradient` (the loss),
:func:`train` (the loop, with checkpoints). Notation follows Sutton and Barto, chapter 13, and Williams (1992).

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
the baseline knows the clock           a play is cut at the time limit, so what is left to earn depends on the time
entropy bonus                          keeps the policy from becoming certain before it is right (Williams, Peng 1991)
=====================================  ================================================================================
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import gymnasium
import keras
import numpy as np
from keras import ops

from utils.checkpoints import load_checkpoint, save_checkpoint
from utils.rl.pendulum import VectorPendulum

LOG_TWO_PI = float(np.log(2 * np.pi))
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
    stop_at: float | None = None  # stop early when the mean return of `stop_after` updates in a row reaches this
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
    iterations=300,
    hidden=(64, 32),
    gamma=0.97,
    minibatches=8,
    learning_rate=0.0005,
    reward_scale=0.02,
    typical=(1.0, 1.0, 4.0),
    stop_at=-175.0,
)


# ---------------------------------------------------------------------------------------------------------------------
# Environments and networks


def make_environments(name: str, count: int) -> gymnasium.vector.VectorEnv:
    """``count`` copies of an environment that step together, by its own vector version where there is one.

    Raises:
        ValueError: Gymnasium knows no environment of this name.
        TypeError: its observations are no 1D Box, or its actions neither Discrete nor a 1D Box.
    """
    try:
        spec = gymnasium.spec(name)
    except gymnasium.error.Error as error:
        raise ValueError(f"There is no environment {name!r} in Gymnasium ({error}); check its spelling.") from None
    if name == "Pendulum-v1":
        environments = VectorPendulum(count, spec.max_episode_steps)
    else:
        mode = "vector_entry_point" if spec.vector_entry_point else "sync"
        environments = gymnasium.make_vec(name, num_envs=count, vectorization_mode=mode)
    check_spaces(environments, name)
    return environments


def check_spaces(environments: gymnasium.vector.VectorEnv, name: str = "the environment") -> None:
    """Raise a TypeError in one sentence unless a small dense network can play this environment."""
    spaces = gymnasium.spaces
    observation, action = environments.single_observation_space, environments.single_action_space
    if not isinstance(observation, spaces.Box) or len(observation.shape) != 1:
        raise TypeError(
            f"{name} observes {observation}; this policy reads a vector (a 1D Box), so use another network."
        )
    if not isinstance(action, spaces.Discrete) and not (isinstance(action, spaces.Box) and len(action.shape) == 1):
        raise TypeError(f"{name} acts by {action}; this policy handles Discrete and 1D Box actions only.")


def build_network(
    inputs: int, hidden: Sequence[int], outputs: int, seed: int, name: str, typical: Sequence[float] = ()
) -> keras.Sequential:
    """Dense tanh network with a linear output layer that starts near zero, so the first policy is nearly uniform.

    The first layer starts with large weights and scattered biases: its units then bend at different places of the
    state space. With the usual small ones the whole network is almost linear, and a pendulum does not learn to swing
    up and to brake with one and the same linear rule.
    """
    network = keras.Sequential(name=name)
    network.add(keras.Input((inputs,)))
    rng = np.random.default_rng(seed)
    scale = np.ones(inputs, dtype=np.float32)
    scale[: len(typical)] /= np.asarray(typical, dtype=np.float32)
    network.add(Scale(scale.tolist()))
    for index, width in enumerate(hidden):
        orthogonal = keras.initializers.Orthogonal(gain=1.4, seed=seed + index)
        network.add(keras.layers.Dense(width, activation="tanh", kernel_initializer=orthogonal))
    last = keras.initializers.Orthogonal(gain=0.01, seed=seed + len(hidden))
    network.add(keras.layers.Dense(outputs, kernel_initializer=last))
    first = network.layers[1]
    kernel = 1.5 * rng.normal(size=(inputs, hidden[0]))
    first.set_weights([kernel.astype(np.float32), rng.uniform(-1, 1, size=hidden[0]).astype(np.float32)])
    return network


class Scale(keras.layers.Layer):
    """Multiplies each input by its own constant; nothing is learned."""

    def __init__(self, scale: Sequence[float]):
        super().__init__()
        self.scale = list(scale)

    def call(self, inputs):
        return inputs * ops.convert_to_tensor(self.scale, dtype=inputs.dtype)


class LogStandardDeviation(keras.layers.Layer):
    """One learned log standard deviation per action dimension, the same in every state; added to nothing."""

    def __init__(self, size: int, initial: float):
        super().__init__()
        start = keras.initializers.Constant(initial)
        self.value = self.add_weight(shape=(size,), initializer=start, name="log_std")

    def call(self, states):
        return self.value


class PolicyGradient(keras.Model):
    """A policy with the REINFORCE loss, trained by ``train_on_batch(states, columns)``.

    Args:
        policy: (rows, observation) -> logits (rows, actions), or Gaussian means (rows, action size).
        log_std: None for a discrete policy, else the initial log standard deviation.
        entropy: weight of the entropy bonus.

    The columns of ``y`` are: the action (its index, or its components), advantage and mask. Rows with mask 0 are
    padding and count nowhere.
    """

    def __init__(self, policy: keras.Sequential, log_std: float | None = None, entropy: float = 0.0):
        super().__init__()
        self.policy, self.entropy_weight = policy, entropy
        self.discrete = log_std is None
        self.spread = None if self.discrete else LogStandardDeviation(policy.output_shape[-1], log_std)

    def build(self, states_shape):
        """Its parts are built already; Keras wants to be told."""
        self.built = True

    def call(self, states):
        """(rows, observation) -> the policy's output."""
        return self.policy(states)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """``-mean(A * log pi(a|s) + entropy_weight * entropy)`` over the rows that are no padding."""
        action, advantage, mask = y[:, :-2], y[:, -2], y[:, -1]
        if self.discrete:
            log_probability, entropy = categorical_log_probability(y_pred, action[:, 0])
        else:
            log_probability, entropy = gaussian_log_probability(y_pred, self.spread(x), action)
        return -ops.sum(mask * (advantage * log_probability + self.entropy_weight * entropy)) / ops.sum(mask)


def categorical_log_probability(logits, actions):
    """Log probability of the chosen actions, (rows,), and the policy's entropy, (rows,), in nats.

    Args:
        logits: (rows, actions).
        actions: (rows,), indices of any numeric dtype.
    """
    log_pi = ops.log_softmax(logits, axis=-1)
    chosen = ops.one_hot(ops.cast(actions, "int32"), logits.shape[-1], dtype=log_pi.dtype)
    return ops.sum(chosen * log_pi, axis=-1), -ops.sum(ops.exp(log_pi) * log_pi, axis=-1)


def gaussian_log_probability(mean, log_std, actions):
    """Log density of actions under independent Gaussians, (rows,), and the entropy, (rows,).

    Args:
        mean, actions: (rows, size).
        log_std: (size,).
    """
    z = (actions - mean) * ops.exp(-log_std)
    log_density = -0.5 * ops.sum(ops.square(z) + 2 * log_std + LOG_TWO_PI, axis=-1)
    entropy = ops.sum(log_std + 0.5 * (LOG_TWO_PI + 1.0)) * ops.ones_like(log_density)
    return log_density, entropy


# ---------------------------------------------------------------------------------------------------------------------
# Acting


class NumpyPolicy:
    """The policy's forward pass in NumPy: for 32 rows it is some fifty times faster than a call into a framework.

    Args:
        weights: kernels and biases in turn, as ``Sequential.get_weights()`` gives them; tanh between the layers.
        log_std: (size,) for a Gaussian policy, None for a discrete one.
        scale: (observation,), factors of the inputs.
    """

    def __init__(
        self,
        weights: Sequence[np.ndarray],
        log_std: np.ndarray | None = None,
        scale: Sequence[float] | float = 1.0,
    ):
        self.weights = [np.asarray(weight, dtype=np.float32) for weight in weights]
        self.scale = np.asarray(scale, dtype=np.float32)
        self.log_std = None if log_std is None else np.asarray(log_std, dtype=np.float32)

    @classmethod
    def of(cls, model: PolicyGradient) -> NumpyPolicy:
        """A copy of the model's policy as it is now."""
        log_std = None if model.discrete else ops.convert_to_numpy(model.spread.value)
        return cls(model.policy.get_weights(), log_std, model.policy.layers[0].scale)

    def output(self, states: np.ndarray) -> np.ndarray:
        """Logits or means, (rows, outputs), for states (rows, observation)."""
        states = states * self.scale
        for kernel, bias in zip(self.weights[:-2:2], self.weights[1:-2:2], strict=True):
            states = np.tanh(states @ kernel + bias)
        return states @ self.weights[-2] + self.weights[-1]

    def probabilities(self, states: np.ndarray) -> np.ndarray:
        """pi(a|s), (rows, actions), of a discrete policy."""
        logits = self.output(states)
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        return exponentials / exponentials.sum(axis=1, keepdims=True)

    def sample(self, states: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Actions drawn from the policy: int64 (rows,), or float32 (rows, size)."""
        if self.log_std is None:
            cumulative = self.probabilities(states).cumsum(axis=1)
            below = cumulative[:, :-1] < rng.random(len(states))[:, None]  # the last column is 1 up to rounding
            return below.sum(axis=1)
        mean = self.output(states)
        return mean + np.exp(self.log_std) * rng.standard_normal(mean.shape, dtype=np.float32)

    def greedy(self, states: np.ndarray, rng: np.random.Generator | None = None) -> np.ndarray:
        """The most probable action, or the mean of the Gaussian."""
        output = self.output(states)
        return output.argmax(axis=1) if self.log_std is None else output


@dataclass
class Plays:
    """P plays side by side, padded to the longest: time runs along the first axis.

    Attributes:
        states: float32 (T, P, observation).
        actions: (T, P) indices, or (T, P, size).
        rewards: float64 (T, P), 0 after the end.
        mask: bool (T, P), True while the play lasts.
        horizon: the environment's time limit in steps (or T where it has none).
    """

    states: np.ndarray
    actions: np.ndarray
    rewards: np.ndarray
    mask: np.ndarray
    horizon: int

    @property
    def returns(self) -> np.ndarray:
        """Undiscounted return of each play, (P,)."""
        return self.rewards.sum(axis=0)

    @property
    def steps(self) -> int:
        return int(self.mask.sum())


def play(
    environments: gymnasium.vector.VectorEnv,
    act: Callable[[np.ndarray, np.random.Generator], np.ndarray],
    seed: int | Sequence[int],
    max_steps: int = 100_000,
) -> Plays:
    """One complete play in each environment.

    Exactly one play each, from the reset to its own end: to keep "the first P plays that finish" would favour short
    plays, and so bias the estimate. Environments that are through go on (Gymnasium resets them), masked out.

    Args:
        act: ``(states, rng) -> actions``, e.g. ``NumpyPolicy.sample``.
        seed: of starts and actions together.

    Raises:
        ValueError: the environment returns a reward that is no finite number.
    """
    sequence = np.random.SeedSequence(seed)
    rng = np.random.default_rng(sequence)
    states, _ = environments.reset(seed=int(sequence.generate_state(1)[0] >> 1))
    alive = np.ones(environments.num_envs, dtype=bool)
    record: list[tuple] = []
    while alive.any() and len(record) < max_steps:
        actions = act(states, rng)
        following, rewards, terminated, truncated, _ = environments.step(actions)
        if not np.isfinite(rewards[alive]).all():
            raise ValueError(
                f"The environment returned the reward {rewards[alive][~np.isfinite(rewards[alive])][0]} at step "
                f"{len(record)}; a return cannot be computed from it, so look at the environment's reward function."
            )
        record.append((states, actions, np.where(alive, rewards, 0.0), alive))
        alive = alive & ~(terminated | truncated)
        states = following
    columns = [np.stack(column) for column in zip(*record, strict=True)]
    limit = getattr(environments, "max_episode_steps", None) or (
        environments.spec and environments.spec.max_episode_steps
    )
    return Plays(*columns, horizon=limit or len(record))


# ---------------------------------------------------------------------------------------------------------------------
# Credit


def returns_to_go(rewards: np.ndarray, gamma: float) -> np.ndarray:
    """G_t = r_t + gamma G_{t+1}, along the first axis; same shape as ``rewards``, float64."""
    returns = np.zeros(rewards.shape, dtype=np.float64)
    following = np.zeros(rewards.shape[1:])
    for t in range(len(rewards) - 1, -1, -1):
        following = rewards[t] + gamma * following
        returns[t] = following
    return returns


def credit(plays: Plays, gamma: float, to_go: bool = True, reward_scale: float = 1.0) -> np.ndarray:
    """What each action is credited with, (T, P): the return from its time on, or that of the whole play."""
    returns = returns_to_go(reward_scale * plays.rewards, gamma)
    return returns if to_go else np.broadcast_to(returns[:1], returns.shape)


def mean_baseline(returns: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Mean return of the *other* plays at the same time, (T, P): leaving one's own out keeps the estimate unbiased.

    A play that has ended counts as a return of 0: that, too, is what the others earned from this time on.
    """
    total = (returns * mask).sum(axis=1, keepdims=True)
    return (total - returns * mask) / (returns.shape[1] - 1)


def with_clock(plays: Plays) -> np.ndarray:
    """States with the share of the time limit that has passed as a last column, float32 (T, P, observation + 1)."""
    length, count = plays.mask.shape
    clock = np.broadcast_to(np.arange(length, dtype=np.float32)[:, None, None] / plays.horizon, (length, count, 1))
    return np.concatenate([plays.states, clock], axis=2)


def forward(network: keras.Sequential, rows: np.ndarray) -> np.ndarray:
    """Output of a :func:`build_network` network in NumPy, (rows, outputs)."""
    return NumpyPolicy(network.get_weights(), scale=network.layers[0].scale).output(rows)


def advantages(plays: Plays, returns: np.ndarray, baseline: keras.Sequential | str) -> np.ndarray:
    """Credit minus baseline, (T, P); 0 on padding. ``baseline`` is ``"none"``, ``"mean"`` or a trained network."""
    values = 0.0
    if baseline == "mean":
        values = mean_baseline(returns, plays.mask)
    elif baseline != "none":
        inputs = with_clock(plays)
        values = forward(baseline, inputs.reshape(-1, inputs.shape[-1])).reshape(returns.shape)
    return np.where(plays.mask, returns - values, 0.0)


# ---------------------------------------------------------------------------------------------------------------------
# Training


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


def padded(rows: np.ndarray, count: int) -> np.ndarray:
    """Zeros appended, so that there are ``count`` rows."""
    return np.pad(rows, [(0, count - len(rows)), (0, 0)])


def update(history: History, plays: Plays) -> None:
    """Learn from some plays: policy and baseline take ``minibatches`` gradient steps each, on disjoint rows.

    The number of rows is rounded up to a power of two, so that the step is compiled a few times, not at every batch.
    """
    settings, keep = history.settings, plays.mask
    returns = credit(plays, settings.gamma, settings.to_go, settings.reward_scale)
    targets = credit(plays, settings.gamma, True, settings.reward_scale)
    advantage = advantages(plays, returns, history.baseline or settings.baseline)[keep]
    if settings.normalise:
        # Only the scale: subtracting the mean as well would be a second baseline, hidden where nobody looks for it.
        # The spread falls slowly, so that once all is learned the noise that is left is not blown up to full size.
        history.spread = max(float(np.sqrt(np.square(advantage).mean())), 0.98 * history.spread)
        advantage = np.clip(advantage / (history.spread + 1e-8), -OUTLIER, OUTLIER)
    ones = np.ones(plays.steps)
    x = with_clock(plays)[keep]
    y = np.column_stack([plays.actions[keep].reshape(plays.steps, -1), advantage, ones]).astype(np.float32)
    target = targets[keep].astype(np.float32)[:, None]
    order = np.random.default_rng((settings.seed, len(history.returns), 1)).permutation(plays.steps)
    size = max(4096 // settings.minibatches, 1 << (-(-plays.steps // settings.minibatches) - 1).bit_length())
    for part in np.array_split(order, settings.minibatches):
        history.model.train_on_batch(padded(x[part, :-1], size), padded(y[part], size))
        if history.baseline is not None:
            weight = padded(y[part, -1:], size)[:, 0]
            history.baseline.train_on_batch(padded(x[part], size), padded(target[part], size), sample_weight=weight)


def train(
    settings: Settings,
    checkpoint: str | Path | None = None,
    checkpoint_every: int = 25,
    callback: Callable[[History, Plays], bool | None] | None = None,
    environments: gymnasium.vector.VectorEnv | None = None,
) -> History:
    """Train a policy; with ``checkpoint``, resume from that file if it is there, and keep it up to date.

    Every update draws its random numbers from (seed, update), so a training that was interrupted and resumed follows
    the same curve as one that was not (on CPU, to rounding).

    Args:
        callback: called after each update with the history and the plays; returning True ends the training.
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
        update(history, plays)
        history.returns.append(float(plays.returns.mean()))
        history.entropies.append(mean_entropy(policy, plays))
        history.steps.append(plays.steps)
        history.seconds = time.perf_counter() - started
        if checkpoint and len(history.returns) % checkpoint_every == 0:
            store(history, checkpoint)
        if callback and callback(history, plays):
            break
    if checkpoint:
        store(history, checkpoint)
    return history


def solved(history: History) -> bool:
    """Whether the last ``stop_after`` updates all reached ``stop_at`` (training plays, not the test's)."""
    settings = history.settings
    recent = history.returns[-settings.stop_after :]
    return settings.stop_at is not None and len(recent) == settings.stop_after and min(recent) >= settings.stop_at


def mean_entropy(policy: NumpyPolicy, plays: Plays) -> float:
    """Entropy of the policy in nats, averaged over the states of some plays."""
    if policy.log_std is not None:
        return float(np.sum(policy.log_std + 0.5 * (LOG_TWO_PI + 1.0)))
    probabilities = policy.probabilities(plays.states[plays.mask])
    return float(-(probabilities * np.log(probabilities + 1e-12)).sum(axis=1).mean())


def store(history: History, path: str | Path) -> None:
    """Write weights, optimiser state and curves atomically."""
    variables = _variables(history)
    arrays = {f"variable_{i}": ops.convert_to_numpy(variable) for i, variable in enumerate(variables)}
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
        raise ValueError(f"{path} was trained with another {', '.join(different)}; give another file or delete it.")
    variables = _variables(history)
    for index, variable in enumerate(variables):
        variable.assign(arrays[f"variable_{index}"])
    returns, entropies, steps = arrays["curves"]
    history.returns, history.entropies = returns.tolist(), entropies.tolist()
    history.steps, history.seconds = steps.astype(int).tolist(), float(meta["seconds"])
    history.spread = float(meta["spread"])


def _variables(history: History) -> list:
    """Everything that a training changes, in a fixed order."""
    parts = [history.model] if history.baseline is None else [history.model, history.baseline]
    return [variable for part in parts for variable in (*part.weights, *part.optimizer.variables)]


def _as_json(settings: Settings) -> dict:
    return {
        key: list(value) if isinstance(value, tuple) else value for key, value in dataclasses.asdict(settings).items()
    }


# ---------------------------------------------------------------------------------------------------------------------
# Measuring the estimator


def play_gradients(policy: NumpyPolicy, plays: Plays, weights: np.ndarray) -> np.ndarray:
    """Each play's own estimate of the policy gradient, (P, parameters): ``sum_t w_t grad log pi(a_t|s_t)``.

    Back-propagation by hand for a discrete policy, since Keras gives only the sum over the plays. The order of the
    parameters is that of ``policy.weights``. Lesson 10 measures with it how noisy the estimates are.

    Args:
        weights: what each action is credited with, (T, P); must be 0 on padding.
    """
    length, count = plays.mask.shape
    layers = list(zip(policy.weights[::2], policy.weights[1::2], strict=True))
    states = plays.states.reshape(length * count, -1)
    activations = [states * policy.scale]
    for kernel, bias in layers[:-1]:
        activations.append(np.tanh(activations[-1] @ kernel + bias))
    delta = -policy.probabilities(states)  # gradient of log pi with respect to the logits ...
    delta[np.arange(length * count), plays.actions.reshape(-1)] += 1.0  # ... is one-hot minus pi
    delta *= weights.reshape(-1, 1)
    gradients: list[np.ndarray] = []
    for index in range(len(layers) - 1, -1, -1):
        per_play = [part.reshape(length, count, -1) for part in (activations[index], delta)]
        gradients.append(per_play[1].sum(axis=0))
        gradients.append(np.einsum("tpi,tpj->pij", *per_play, optimize=True).reshape(count, -1))
        delta = (delta @ layers[index][0].T) * (1 - activations[index] ** 2)
    return np.concatenate(gradients[::-1], axis=1)
