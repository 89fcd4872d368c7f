"""The networks of lesson 11: a small residual tower with a policy head, a value head, or both.

One builder serves AlphaGo's three networks (policy, policy improved by self-play, value) and AlphaGo Zero's
single one. No layer's weights depend on the size of the board, so a network trained on 9x9 can look at 13x13.
:class:`Evaluator` is what a search talks to: batch normalisation folded into the convolutions, fixed batch
sizes, a random symmetry for each position if wished.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from scipy.special import softmax

from utils import runtime
from utils.checkpoints import load_network, save_network
from utils.go import features
from utils.layers.blocks import bottleneck_block, conv_bn, residual_block


@dataclass(frozen=True)
class Architecture:
    """What must be known to build a network again.

    Attributes:
        size: of the board it was trained on (it runs on others).
        planes: input channels.
        filters: of the tower.
        blocks: residual blocks; AlphaGo's networks had 13 plain layers of 192 filters, Zero's 19 or 39 blocks of 256.
        policy, value: which heads it has.
        normalise: with batch normalisation; a network that learns from few, changing positions does without.
        bottleneck: blocks of 1x1, 3x3 and 1x1 convolutions, the inner ones half as wide, instead of two 3x3.
        territory: with two more heads that are only there to learn from, since they say more about a game than who won
            (Wu 2019, KataGo, section 4.2): ``owner`` (n, size, size, 1) of each point at the end, and ``margin`` (n, 1)
            by how much of the board the side to play wins; both between -1 and 1.
    """

    size: int = 9
    planes: int = features.COUNT
    filters: int = 64
    blocks: int = 5
    policy: bool = True
    value: bool = False
    normalise: bool = True
    bottleneck: bool = False
    territory: bool = False

    def __post_init__(self):
        if self.territory and not self.value:
            raise ValueError("Territory is learned beside a value: set value.")


def _pool(x):
    """Mean and maximum of each channel over the board (n, 2 * channels): what happens anywhere matters everywhere."""
    mean = layers.GlobalAveragePooling2D()(x)
    return layers.Concatenate()([mean, layers.GlobalMaxPooling2D()(x)])


def _with_overview(x, filters: int, name: str):
    """Add to each channel a number computed from the whole board (global pooling, after Wu 2019, KataGo,
    section 4.1)."""
    bias = layers.Dense(filters, name=f"{name}_dense")(_pool(x))
    return layers.Add(name=f"{name}_add")([x, layers.Reshape((1, 1, filters))(bias)])


@contextmanager
def precision(half: bool) -> Iterator[None]:
    """Layers made inside compute in bfloat16 if ``half``; their weights stay float32."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16" if half else before)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def build(
    architecture: Architecture, normalise: bool | None = None, any_size: bool = False, half: bool = False
) -> keras.Model:
    """A Keras model from planes (n, size, size, planes) to logits over actions and/or a value.

    Args:
        architecture: see there.
        normalise: False leaves the batch normalisation out (for inference, see :func:`fold`); None does what the
            architecture says.
        any_size: leave the board's size open.
        half: compute the tower in bfloat16, nearly twice as fast on processors made for it; heads and weights stay
            float32.

    Returns:
        Model with outputs ``policy`` (n, size * size + 1), logits, the last one passing; ``value`` (n, 1), between -1
        and 1, from the side to play; and those of ``territory``. One output alone is not wrapped in a list.

    Raises:
        ValueError: no head was asked for.
    """
    if not (architecture.policy or architecture.value):
        raise ValueError("A network needs a head: set policy or value.")
    normalise = architecture.normalise if normalise is None else normalise
    size = None if any_size else architecture.size
    planes = keras.Input((size, size, architecture.planes), name="planes")
    with precision(half):
        x = _tower(planes, architecture, normalise)
    outputs = []
    if architecture.policy:
        outputs.append(_policy_head(x, normalise))
    if architecture.value:
        outputs += _value_heads(x, normalise, architecture.territory)
    return keras.Model(planes, outputs[0] if len(outputs) == 1 else outputs, name="go_network")


def _tower(x, architecture: Architecture, normalise: bool):
    x = conv_bn(x, architecture.filters, 3, normalise=normalise, name="stem")
    for number in range(1, architecture.blocks + 1):
        if architecture.bottleneck:
            options = {"expansion": 2, "normalise": normalise, "name": f"block{number}"}
            x = bottleneck_block(x, architecture.filters // 2, **options)
        else:
            x = residual_block(x, architecture.filters, normalise=normalise, name=f"block{number}")
        if number % 2 == 0:
            x = _with_overview(x, architecture.filters, f"overview{number}")
    return x


def _policy_head(x, normalise: bool):
    x = conv_bn(x, 32, 1, normalise=normalise, name="policy")
    pooled = _pool(x)
    points = layers.Conv2D(1, 1, use_bias=False, name="policy_points")(_with_overview(x, 32, "policy_overview"))
    passing = layers.Dense(1, name="policy_pass")(layers.Dense(32, "relu", name="policy_pass_hidden")(pooled))
    return layers.Concatenate(name="policy_logits")([layers.Reshape((-1,))(points), passing])


def _value_heads(x, normalise: bool, territory: bool):
    x = conv_bn(x, 32, 1, normalise=normalise, name="value")
    hidden = layers.Dense(64, activation="relu", name="value_hidden")(_pool(x))
    heads = [layers.Dense(1, activation="tanh", name="value_out")(hidden)]
    if territory:
        heads.append(layers.Conv2D(1, 1, activation="tanh", name="owner")(x))
        heads.append(layers.Dense(1, activation="tanh", name="margin")(hidden))
    return heads


def fold(model: keras.Model, folded: keras.Model) -> keras.Model:
    """Make ``folded`` (built without batch normalisation) compute what ``model`` computes.

    Each normalisation's scale and shift go into the convolution before it: faster at inference, and nothing
    can be left in training mode by mistake.
    """
    for layer in folded.layers:
        if not layer.weights:
            continue
        source = model.get_layer(layer.name)
        normal = _normalisation_after(model, layer.name)
        if normal is None:
            layer.set_weights(source.get_weights())
            continue
        gamma, beta, mean, variance = (np.asarray(w, np.float64) for w in normal.get_weights())
        scale = gamma / np.sqrt(variance + normal.epsilon)
        kernel = source.get_weights()[0] * scale
        layer.set_weights([kernel.astype(np.float32), (beta - mean * scale).astype(np.float32)])
    return folded


def _normalisation_after(model: keras.Model, name: str):
    """The batch normalisation that follows the convolution ``name``, if any (``stem_conv`` -> ``stem_bn``)."""
    if "_conv" not in name:
        return None
    try:
        return model.get_layer(name.replace("_conv", "_bn"))
    except ValueError:
        return None


def without_normalisation(model: keras.Model, architecture: Architecture) -> tuple[keras.Model, Architecture]:
    """A trainable copy that computes the same with the batch normalisation folded in."""
    plain = replace(architecture, normalise=False)
    copy = build(plain)
    fold(model, copy)
    return copy, plain


def copy_tower(source: keras.Model, target: keras.Model) -> int:
    """Start ``target`` from the layers that ``source`` has under the same names and shapes; returns how many."""
    names = {layer.name: layer for layer in source.layers if layer.weights}
    count = 0
    for layer in target.layers:
        twin = names.get(layer.name)
        if twin is not None and [w.shape for w in twin.weights] == [w.shape for w in layer.weights]:
            layer.set_weights(twin.get_weights())
            count += 1
    return count


def start_from(name: str, target: keras.Model) -> set[str]:
    """Give ``target`` every layer of the network ``name``, which may have been trained on another board size.

    Returns:
        Names of the layers taken over.

    Raises:
        ValueError: ``target`` has other planes, filters, blocks or normalisation.
    """
    source = load(name)[0]
    taken = {layer.name for layer in source.layers if layer.weights}
    if copy_tower(source, target) < len(taken):
        raise ValueError(f"{name} has other planes, filters, blocks or normalisation.")
    return taken


# ---------------------------------------------------------------------------------------------------------------------
# Files


def weights_folder() -> Path:
    """``mldata/weights``."""
    return runtime.repo_root() / "mldata" / "weights"


def save(
    path: str | Path, model: keras.Model, architecture: Architecture, sidecar: dict[str, Any] | None = None
) -> Path:
    """Write a network as :func:`utils.checkpoints.save_network` does, so that :func:`load` can build it again."""
    return save_network(path, model.get_weights(), {"architecture": asdict(architecture)}, sidecar)


def load(path: str | Path) -> tuple[keras.Model, Architecture]:
    """A network written by :func:`save`; a bare name is looked up in mldata/weights.

    Raises:
        FileNotFoundError: no such file.
        ValueError: damaged, or not a network of this course.
    """
    path = Path(path)
    if not path.suffix and not path.exists():
        path = weights_folder() / f"{path}.npz"
    if not path.exists():
        shipped = ", ".join(sorted(p.stem for p in weights_folder().glob("go_*.npz"))) or "none yet"
        raise FileNotFoundError(f"No Go network {path}; networks that ship with the course: {shipped}.")
    weights, meta = load_network(path)
    try:
        architecture = Architecture(**meta["architecture"])
        model = build(architecture)
        model.set_weights(weights)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} holds no Go network of this version ({error}).") from error
    return model, architecture


# ---------------------------------------------------------------------------------------------------------------------
# Inference

BATCHES = (1, 4, 8, 16, 32, 64, 128, 256, 512)


class Evaluator:
    """From planes to move probabilities and values, fast, for searches and matches.

    Args:
        model, architecture: a network; if it lacks a head, that answer is None.
        symmetry: None looks at each position as it is; an integer seed turns each by a random symmetry (Zero's trick
            against the blind spots of one orientation); ``"all"`` averages the eight, eight times as slow.
        half: see :func:`build`.

    Attributes:
        evaluations: positions evaluated so far.
    """

    def __init__(
        self, model: keras.Model, architecture: Architecture, symmetry: int | str | None = None, half: bool = False
    ):
        self.architecture = architecture
        self.network = build(replace(architecture, territory=False), normalise=False, any_size=True, half=half)
        self.update(model)
        self.symmetry = symmetry
        self.rng = np.random.default_rng(symmetry if isinstance(symmetry, int) else 0)
        self.evaluations = 0
        self._run = compiled(self.network)

    def update(self, model: keras.Model) -> None:
        """Take over the present weights of ``model``."""
        fold(model, self.network)

    @classmethod
    def from_file(cls, path: str | Path, symmetry: int | str | None = None, half: bool = False) -> Evaluator:
        """Evaluator of a network in a file (see :func:`load`)."""
        return cls(*load(path), symmetry=symmetry, half=half)

    def __call__(self, planes: np.ndarray) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Probabilities (n, size * size + 1) and values (n,) of positions (n, size, size, planes)."""
        self.evaluations += len(planes)
        if self.symmetry is None:
            return self._evaluate(planes)
        if self.symmetry == "all":
            answers = [self._turned(planes, np.full(len(planes), k)) for k in range(8)]
            return tuple(None if a[0] is None else np.mean(a, axis=0) for a in zip(*answers))
        return self._turned(planes, self.rng.integers(0, 8, len(planes)))

    def _turned(self, planes: np.ndarray, k: np.ndarray):
        policy, value = self._evaluate(features.transform(planes, k))
        return None if policy is None else features.transform_policy(policy, k, back=True), value

    def _evaluate(self, planes: np.ndarray):
        n = len(planes)
        full = next((b for b in BATCHES if b >= n), n)
        if full > n:  # few distinct shapes, since each one is compiled
            planes = np.concatenate([planes, np.zeros((full - n, *planes.shape[1:]), planes.dtype)])
        outputs = self._run(np.ascontiguousarray(planes, np.float32))
        outputs = [np.asarray(output)[:n] for output in outputs]
        logits = outputs.pop(0) if self.architecture.policy else None
        value = outputs.pop(0)[:, 0] if self.architecture.value else None
        return None if logits is None else softmax(logits, axis=-1), value


def compiled(network: keras.Model):
    """A fast callable from planes to a list of arrays, made the way the backend in use likes it."""
    backend = keras.backend.backend()

    def forward(x):
        outputs = network(x, training=False)
        return outputs if isinstance(outputs, (list, tuple)) else [outputs]

    if backend == "tensorflow":
        import tensorflow as tf

        graph = tf.function(forward, jit_compile=os.environ.get("COURSE_GO_XLA") == "1", reduce_retracing=False)
        return lambda x: [output.numpy() for output in graph(tf.constant(x))]
    if backend == "jax":
        import jax

        @jax.jit
        def run(values, x):
            with keras.StatelessScope(state_mapping=list(zip(network.variables, values))):
                return forward(x)

        return lambda x: run([v.value for v in network.variables], x)
    return lambda x: [ops.convert_to_numpy(output) for output in forward(ops.convert_to_tensor(x))]
