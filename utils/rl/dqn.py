"""Deep Q-network: configuration, network and training step, for every Keras backend (lesson 09).

The course's agent is the DQN of Mnih et al. (2013, arXiv:1312.5602; 2015, Nature 518): a convnet gives the value of
each action, experience replay and a target network keep the learning stable. What came later is a switch each,
explained in :class:`Config`; the notebook's table says which are on and why.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers, ops

from utils import runtime
from utils.checkpoints import load_network, save_network


@dataclass
class Config:
    """Every hyperparameter of the agent, with the values that trained the shipped one.

    The originals are given in brackets: 2013, 2015 as in the two papers.
    """

    # Playing
    num_games: int = 64  # games side by side [1]; their next actions come from one batch through the network
    epsilon_steps: int = 150_000  # agent steps over which exploration falls from 1 to its final value [1,000,000]
    epsilon_final: float = 0.02  # final share of random actions, the middle one of the games [0.1]
    epsilon_spread: float = 6.0  # games differ in it, from final / spread to final * spread (Horgan et al. 2018) [1]
    noop_max: int = 30  # random idle frames at the start of a game [30]
    clip_rewards: bool = True  # learn from the sign of the reward, so that all bricks count the same [yes]
    life_loss_ends_return: bool = True  # a lost life counts as an end for the value, not for the game [2015: yes]
    view_share: float = 0.0  # share of games shown through a random resize filter, shift and grey [0]
    sticky_share: float = 0.0  # share of games in which the emulator repeats the last action at times [0]

    # Memory
    capacity: int = 300_000  # transitions kept; each costs one frame, 7 kB [1,000,000]
    learning_starts: int = 20_000  # agent steps played before the first update, also after resuming [50,000]
    mirror: tuple[int, ...] = (0, 1, 3, 2)  # each action's name in a mirror; half of what is drawn is mirrored [none]

    # Target of the regression
    gamma: float = 0.99  # discount per agent step [0.99]
    n_step: int = 3  # rewards summed before the network is asked for the rest (Sutton 1988) [1]
    double: bool = False  # choose the next action with the online network (van Hasselt et al. 2016) [no]
    target_interval: int = 400  # updates between copies to the target network [2013: none; 2015: 10,000]

    # Network
    crop: tuple[int, int, int, int] = (12, 4, 4, 4)  # rows above, below, columns left, right that never matter [2013]
    filters: tuple[int, ...] = (32, 64, 64)  # of the convolutions [2013: 16, 32; 2015: 32, 64, 64]
    blocks: int = 0  # residual blocks after each convolution and a pooling (Espeholt et al. 2018); 0: no pooling [0]
    half: bool = False  # compute the convolutions in bfloat16, faster on processors made for it [no]
    hidden: int = 512  # units of the dense layer [2013: 256; 2015: 512]
    dueling: bool = True  # value plus advantages (Wang et al. 2016) [no]
    normalise: bool = True  # layer normalisation in the dense layer (Gallici et al. 2024 show that it steadies Q) [no]
    bins: int = 51  # values as a histogram learned by cross-entropy (Farebrother et al. 2024); 0: plain numbers [0]
    value_min: float = -1.0  # range of the histogram
    value_max: float = 19.0

    # Optimisation
    batch_size: int = 32  # transitions per update [32]
    samples_per_step: float = 2.0  # transitions learned from per agent step [8]; a CPU plays faster than it learns
    learning_rate: float = 3e-4  # of Adam, at first [RMSprop, 2.5e-4]
    learning_rate_final: float = 5e-5  # what it falls to, linearly [2.5e-4]
    learning_rate_steps: int = 3_000_000  # agent steps over which it falls
    adam_epsilon: float = 4e-5  # Adam's epsilon; large enough that tiny gradients do not become large steps
    average: float = 0.985  # weights that play in evaluations: running mean, updated every 100 updates [0: none]

    def __post_init__(self):
        self.filters, self.crop, self.mirror = tuple(self.filters), tuple(self.crop), tuple(self.mirror)
        if not 0 < self.gamma <= 1 or self.n_step < 1 or self.batch_size < 1 or self.samples_per_step <= 0:
            raise ValueError("Config: gamma must be in (0, 1], n_step, batch_size and samples_per_step positive.")
        if not self.blocks and len(self.filters) not in (2, 3):
            raise ValueError(f"Config: filters has {len(self.filters)} entries; give 2 (paper of 2013) or 3 (2015).")
        if self.bins and self.value_max <= self.value_min:
            raise ValueError("Config: value_max must be above value_min.")

    def to_dict(self) -> dict:
        """As plain JSON-serialisable values."""
        lists = {name: list(value) for name, value in vars(self).items() if isinstance(value, tuple)}
        return dataclasses.asdict(self) | lists

    @classmethod
    def from_dict(cls, values: dict) -> Config:
        """Inverse of :meth:`to_dict`; unknown names (of another version) raise TypeError.

        Agents stored before there was a crop or a mirror had none. What chose between transitions once is passed over.
        """
        values = {name: value for name, value in values.items() if name not in ("priority", "importance")}
        return cls(**({"crop": (0, 0, 0, 0), "mirror": ()} | values))


def configure(pairs: list[str], stored: dict | None = None) -> Config:
    """The stored configuration, or else the default one, with ``NAME=VALUE`` changes (values as JSON).

    Raises:
        ValueError: an unknown name or a value that is no JSON.
    """
    values = (Config.from_dict(stored) if stored else Config()).to_dict()
    for pair in pairs:
        name, _, text = pair.partition("=")
        if name not in values:
            raise ValueError(f"--set {pair}: no hyperparameter {name!r}; there are {', '.join(values)}.")
        try:
            values[name] = json.loads(text.lower() if text in ("True", "False") else text)
        except json.JSONDecodeError:
            raise ValueError(f"--set {pair}: {text!r} is no number, true, false or [list].") from None
    return Config.from_dict(values)


def epsilons(config: Config, step: int) -> np.ndarray:
    """Share of random actions per game at this agent step, ``(num_games,)``: 1 at first, then falling linearly."""
    exponent = np.linspace(-1, 1, config.num_games) if config.num_games > 1 else np.zeros(1)
    final = np.minimum(config.epsilon_final * config.epsilon_spread**exponent, 1.0)
    progress = min(1.0, step / max(1, config.epsilon_steps))
    return 1.0 + progress * (final - 1.0)


def learning_rate(config: Config, step: int) -> float:
    """Adam's learning rate at this agent step: falling linearly, then constant."""
    progress = min(1.0, step / max(1, config.learning_rate_steps))
    return config.learning_rate + progress * (config.learning_rate_final - config.learning_rate)


# ---------------------------------------------------------------------------------------------------------------------
# Values as histograms


def bin_edges(config: Config) -> np.ndarray:
    """Edges of the value histogram, ``(bins + 1,)`` float32."""
    return np.linspace(config.value_min, config.value_max, config.bins + 1, dtype=np.float32)


def bin_centres(config: Config) -> np.ndarray:
    """Centres of the value histogram, ``(bins,)`` float32."""
    edges = bin_edges(config)
    return (edges[1:] + edges[:-1]) / 2


def histogram_of(values, config: Config):
    """Smear each value over the neighbouring bins with a Gaussian of 0.75 bin widths (HL-Gauss).

    Learning the histogram by cross-entropy instead of the number by squared error gives gradients of even size
    (Imani and White 2018; Farebrother et al. 2024).

    Args:
        values: (batch,) float tensor; clipped to the range.

    Returns:
        (batch, bins) tensor of probabilities.
    """
    edges = bin_edges(config)
    sigma = 0.75 * (edges[1] - edges[0])
    values = ops.clip(values, config.value_min, config.value_max)
    cumulative = ops.erf((edges[None, :] - values[:, None]) / (sigma * np.float32(np.sqrt(2))))
    mass = cumulative[:, 1:] - cumulative[:, :-1]
    return mass / ops.sum(mass, axis=1, keepdims=True)


@keras.saving.register_keras_serializable("lego_to_go")
class Expectation(layers.Layer):
    """Mean of a histogram given by its logits: ``(..., bins) -> (...)``."""

    def __init__(self, centres, **options):
        super().__init__(**options)
        self.centres = [float(centre) for centre in centres]

    def call(self, logits):
        return ops.sum(ops.softmax(logits) * np.array(self.centres, dtype=np.float32), axis=-1)

    def compute_output_shape(self, shape):
        return shape[:-1]

    def get_config(self):
        return super().get_config() | {"centres": self.centres}


# ---------------------------------------------------------------------------------------------------------------------
# Networks


def build_network(config: Config, num_actions: int = 4, name: str = "q_network") -> keras.Model:
    """The convnet: ``(84, 84, 4)`` uint8 to one value per action, with what the loss needs as a second output.

    Returns:
        Functional model with two outputs: values ``(actions,)`` and ``heads``, which are logits ``(actions, bins)``, or
        the values once more when ``config.bins`` is 0.
    """
    stack = keras.Input((84, 84, 4), dtype="uint8", name="frames")
    above, below, left, right = config.crop
    x = layers.Cropping2D(((above, below), (left, right)), name="crop")(stack) if any(config.crop) else stack
    x = layers.Rescaling(1 / 255, name="scale")(x)
    x = residual_features(config, x) if config.blocks else plain_features(config, x)
    x = layers.Dense(config.hidden, name="dense")(layers.Flatten(name="flatten")(x))
    if config.normalise:
        x = layers.LayerNormalization(name="norm")(x)
    x = layers.ReLU(name="relu")(x)
    width = max(1, config.bins)
    # Advantages lose their mean over the actions, and would lose this bias with it: with dueling the value has it.
    bias = "zeros" if config.dueling else _start_at_zero(config, num_actions)
    name_of_heads = "advantage" if config.dueling else "action_values"
    heads = layers.Dense(num_actions * width, bias_initializer=bias, name=name_of_heads)(x)
    heads = layers.Reshape((num_actions, width), name="advantages")(heads)
    if config.dueling:
        value = layers.Dense(width, bias_initializer=_start_at_zero(config, 1), name="value")(x)
        heads = Dueling(name="dueling")([layers.Reshape((1, width), name="values")(value), heads])
    if config.bins:
        values = Expectation(bin_centres(config), name="q_values")(heads)
    else:
        heads = layers.Flatten(name="q_values")(heads)
        values = heads
    return keras.Model(stack, [values, heads], name=name)


def plain_features(config: Config, x):
    """One convolution after the other, as in the papers of 2013 and 2015."""
    kernels, strides = (8, 4, 3), (4, 2, 1)
    for i, filters in enumerate(config.filters):
        options = {"activation": "relu", "dtype": _policy(config), "name": f"conv{i + 1}"}
        x = layers.Conv2D(filters, kernels[i], strides[i], **options)(x)
    return x


def residual_features(config: Config, x):
    """Stages of a convolution, a pooling that halves the picture, and blocks that add two convolutions to it."""
    policy = _policy(config)
    for i, filters in enumerate(config.filters):
        conv = {"filters": filters, "kernel_size": 3, "padding": "same", "dtype": policy}
        x = layers.Conv2D(**conv, name=f"conv{i + 1}")(x)
        x = layers.MaxPooling2D(3, 2, "same", dtype=policy, name=f"pool{i + 1}")(x)
        for block in range(config.blocks):
            name = f"stage{i + 1}_{block + 1}"
            y = layers.ReLU(dtype=policy, name=f"{name}_relu")(x)
            y = layers.Conv2D(**conv, activation="relu", name=f"{name}_first")(y)
            y = layers.Conv2D(**conv, name=f"{name}_second")(y)
            x = layers.Add(dtype=policy, name=name)([x, y])
    return layers.ReLU(dtype=policy, name="features")(x)


def _policy(config: Config) -> str | None:
    return "mixed_bfloat16" if config.half else None


@keras.saving.register_keras_serializable("lego_to_go")
class Dueling(layers.Layer):
    """Value plus advantages minus their mean over the actions: ``(1, bins), (actions, bins) -> (actions, bins)``."""

    def call(self, inputs):
        value, advantages = inputs
        return value + advantages - ops.mean(advantages, axis=1, keepdims=True)

    def compute_output_shape(self, shapes):
        return shapes[1]


def _start_at_zero(config: Config, copies: int):
    """Bias initialiser with which all values begin near 0.

    Logits of zero would mean the middle of the range, a wild promise that takes long to unlearn by bootstrapping.
    """
    if not config.bins:
        return "zeros"
    edges = bin_edges(config)
    distance = bin_centres(config) / (edges[1] - edges[0])
    logits = np.maximum(-0.5 * (distance / 0.75) ** 2, -12.0).astype(np.float32)

    def initialise(shape, dtype=None):
        return ops.convert_to_tensor(np.tile(logits, copies).reshape(shape))

    return initialise


class DQN(keras.Model):
    """Online and target network with the loss of deep Q-learning; train it with ``train_on_batch(batch)``.

    A batch is what :meth:`utils.rl.replay.ReplayMemory.sample` returns. Only the online network learns;
    :meth:`update_target` copies it over.
    """

    def __init__(self, config: Config, num_actions: int = 4):
        super().__init__(name="dqn")
        self.config, self.num_actions = config, num_actions
        self.online = build_network(config, num_actions, name="online")
        self.target = build_network(config, num_actions, name="target")
        self.target.trainable = False
        self.update_target()
        self.compile(
            optimizer=keras.optimizers.Adam(config.learning_rate, epsilon=config.adam_epsilon),
            jit_compile=keras.backend.backend() == "jax",  # XLA's convolutions are slower than TensorFlow's on a CPU
        )
        self.online.compile(jit_compile=keras.backend.backend() == "jax")

    def call(self, batch, training=False):
        return self.online(batch["observation"], training=training)

    def update_target(self) -> None:
        """Copy the online weights to the target network."""
        copy_weights(self.online, self.target)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """(Q(s, a) - r - gamma max Q(s', a'))^2, or the cross-entropy of the two sides' histograms."""
        values, heads = y_pred
        taken = ops.one_hot(x["action"], self.num_actions)
        target = ops.stop_gradient(self.targets(x))
        if self.config.bins:
            logits = ops.sum(heads * taken[:, :, None], axis=1)
            return -ops.mean(ops.sum(histogram_of(target, self.config) * ops.log_softmax(logits), axis=1))
        return ops.mean(huber(ops.sum(values * taken, axis=1) - target))

    def targets(self, x):
        """r + discount * value of the best next action, ``(batch,)``."""
        next_values, _ = self.target(x["next_observation"], training=False)
        if self.config.double:
            judge, _ = self.online(x["next_observation"], training=False)
            best = ops.one_hot(ops.argmax(judge, axis=1), self.num_actions)
            value = ops.sum(next_values * best, axis=1)
        else:
            value = ops.max(next_values, axis=1)
        return x["reward"] + x["discount"] * value

    def q_values(self, observations: np.ndarray) -> np.ndarray:
        """Values of the online network, ``(batch, 84, 84, 4)`` uint8 to ``(batch, actions)`` float32."""
        return q_function(self.online)(observations)


def copy_weights(source: keras.Model, target: keras.Model) -> None:
    """Make ``target`` equal to ``source``; without the way through NumPy of ``set_weights`` four times as fast."""
    for old, new in zip(source.weights, target.weights):
        new.assign(ops.copy(old))  # a copy, since JAX may reuse the memory of what it trains


def huber(error):
    """Squared error near zero, absolute error beyond one: 2015's "clipped error term"."""
    size = ops.abs(error)
    return ops.where(size < 1, 0.5 * error * error, size - 0.5)


# ---------------------------------------------------------------------------------------------------------------------
# Shipped agents

AGENT = runtime.repo_root() / "mldata" / "weights" / "breakout_dqn.npz"  # the one that comes with the course
VARIED = AGENT.with_name("breakout_varied.npz")  # which went on from there with sticky actions and many filters


def save_agent(path, weights: list[np.ndarray], config: Config, sidecar: dict | None = None, **meta) -> None:
    """Write a network that plays: its weights, its config and further notes; see :func:`checkpoints.save_network`."""
    save_network(path, weights, {"config": config.to_dict(), **meta}, sidecar)


def load_agent(path) -> tuple[keras.Model, Config, dict]:
    """Read what :func:`save_agent` wrote: network (outputs: values, heads), configuration, further notes.

    Raises:
        FileNotFoundError, ValueError: no such file, or a damaged one.
    """
    weights, meta = load_network(path)
    config = Config.from_dict(meta["config"])
    network = build_network(dataclasses.replace(config, half=False))  # whole numbers play as well on any processor
    network.set_weights(weights)
    network.compile(jit_compile=keras.backend.backend() == "jax")
    return network, config, meta


def q_function(network: keras.Model, mirror: tuple[int, ...] = ()):
    """What :func:`utils.rl.atari.play_games` wants: observations (n, 84, 84, 4) uint8 to values (n, actions).

    Args:
        mirror: for each action its name in the mirror, as in :class:`Config`. If given, the network looks twice, and
            the values are the mean of those of the picture and of its mirror image.
    """

    def values(observations: np.ndarray) -> np.ndarray:
        if not mirror:
            return np.asarray(network.predict_on_batch(observations)[0])
        pictures = np.concatenate([observations, observations[:, :, ::-1]])
        straight, mirrored = np.split(np.asarray(network.predict_on_batch(pictures)[0]), 2)
        return (straight + mirrored[:, list(mirror)]) / 2

    return values
