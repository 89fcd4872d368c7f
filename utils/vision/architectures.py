"""The convnets of lesson 02, LeNet-5 to residual networks, and a way to look at the big ones without their weight.

Every function that builds a network returns an uncompiled ``keras.Model`` on channels-last images whose last layer
gives logits (no softmax). Layers of VGG carry the names that ``keras.applications`` gives them, so that weights can be
copied by name.

A VGG-19 holds 575 MB of numbers. To count, tabulate or draw it, build it with :func:`blueprint`: everything is there
but the numbers.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Any

import keras
from keras import layers

from utils.layers import blocks

# Parameters as others count them: AlexNet as torchvision does, the rest as keras.applications (with the biases and the
# moving statistics of ResNet-50).
COUNTED_ELSEWHERE = {
    "alexnet": 61_100_840,
    "vgg16": 138_357_544,
    "vgg19": 143_667_240,
    "resnet50": 25_636_712,
}

# Convolutions per stage; each stage ends in max pooling (Simonyan & Zisserman 2015, table 1, columns D and E).
VGG_STAGES = {16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
VGG_FILTERS = (64, 128, 256, 512, 512)


# ---------------------------------------------------------------------------------------------------------------------
# Before residual networks


def lenet5(
    input_shape: tuple[int, int, int] = (28, 28, 1), classes: int = 10, dropout: float = 0.0, regularizer=None
) -> keras.Model:
    """LeNet-5 as the lecture draws it: 1-6-16-120-84-10 with ReLU and max pooling (after LeCun et al. 1998).

    The first convolution is padded by 2, which stands for the 32x32 images of 1998: 28 -> 28 -> 14 -> 10 -> 5, so that
    16 * 5 * 5 = 400 numbers reach the classifier.

    Args:
        input_shape: (height, width, channels).
        dropout: rate before each dense layer of the classifier (0 leaves those layers out).
        regularizer: for all kernels, e.g. ``keras.regularizers.L2(1e-3)``.
    """
    options = {"activation": "relu", "kernel_initializer": "he_normal", "kernel_regularizer": regularizer}
    x = inputs = keras.Input(input_shape, name="image")
    x = layers.Conv2D(6, 5, padding="same", name="conv1", **options)(x)
    x = layers.MaxPooling2D(2, name="pool1")(x)
    x = layers.Conv2D(16, 5, name="conv2", **options)(x)
    x = layers.MaxPooling2D(2, name="pool2")(x)
    x = layers.Flatten(name="flatten")(x)
    for index, units in enumerate((120, 84), start=1):
        if dropout:
            x = layers.Dropout(dropout, name=f"dropout{index}")(x)
        x = layers.Dense(units, name=f"fc{index}", **options)(x)
    outputs = layers.Dense(classes, kernel_regularizer=regularizer, name="logits")(x)
    return keras.Model(inputs, outputs, name="lenet5")


def mlp(
    input_shape: tuple[int, ...] = (28, 28, 1),
    units: tuple[int, ...] = (512,),
    classes: int = 10,
    dropout: float = 0.0,
    regularizer=None,
) -> keras.Model:
    """Dense layers only: what convnets are compared with, and the network of Zhang et al. 2017 (units = (512,))."""
    x = inputs = keras.Input(input_shape, name="image")
    x = layers.Flatten(name="flatten")(x)
    for index, width in enumerate(units, start=1):
        x = layers.Dense(
            width, "relu", kernel_initializer="he_normal", kernel_regularizer=regularizer, name=f"fc{index}"
        )(x)
        if dropout:
            x = layers.Dropout(dropout, name=f"dropout{index}")(x)
    outputs = layers.Dense(classes, kernel_regularizer=regularizer, name="logits")(x)
    return keras.Model(inputs, outputs, name="mlp")


def alexnet(classes: int = 1000) -> keras.Model:
    """AlexNet in one tower on 224x224 colour images (the lecture's listing, and torchvision's).

    After Krizhevsky 2014, "One weird trick", whose fourth convolution has 384 filters instead of 256. The network
    that won in 2012 was split over two GPUs and a little wider (96-256-384-384-256 filters, of which each half saw half
    of the maps, and response normalisation); this variant is the one that lives on.
    """
    x = inputs = keras.Input((224, 224, 3), name="image")
    x = layers.ZeroPadding2D(2, name="pad1")(x)
    x = layers.Conv2D(64, 11, 4, activation="relu", name="conv1")(x)
    x = layers.MaxPooling2D(3, 2, name="pool1")(x)
    x = layers.Conv2D(192, 5, padding="same", activation="relu", name="conv2")(x)
    x = layers.MaxPooling2D(3, 2, name="pool2")(x)
    for index, filters in enumerate((384, 256, 256), start=3):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"conv{index}")(x)
    x = layers.MaxPooling2D(3, 2, name="pool5")(x)
    x = layers.Flatten(name="flatten")(x)
    for index in (6, 7):
        x = layers.Dropout(0.5, name=f"dropout{index}")(x)
        x = layers.Dense(4096, "relu", name=f"fc{index}")(x)
    outputs = layers.Dense(classes, name="logits")(x)
    return keras.Model(inputs, outputs, name="alexnet")


def vgg(depth: int = 16, classes: int = 1000) -> keras.Model:
    """VGG-16 or VGG-19 on 224x224 colour images (Simonyan & Zisserman 2015): 3x3 convolutions only.

    Raises:
        ValueError: another depth than 16 or 19.
    """
    inputs = keras.Input((224, 224, 3), name="image")
    x = _vgg_features(inputs, depth, last_pooling=True)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(4096, "relu", name="fc1")(x)
    x = layers.Dense(4096, "relu", name="fc2")(x)
    outputs = layers.Dense(classes, name="predictions")(x)
    return keras.Model(inputs, outputs, name=f"vgg{depth}")


def vgg16() -> keras.Model:
    """:func:`vgg` with 16 layers that have weights: 13 convolutions and 3 dense layers."""
    return vgg(16)


def vgg19() -> keras.Model:
    """:func:`vgg` with 19 layers that have weights."""
    return vgg(19)


def vgg16_gap(classes: int = 1000, filters: int = 1024) -> keras.Model:
    """VGG-16 whose classifier is a mean over space and one dense layer: the class-activation-map network.

    The last pooling and the three dense layers go; a 3x3 convolution with ``filters`` maps, global average pooling over
    14x14 positions and a dense layer come (Zhou et al. 2016). Lesson 03 reads the maps.

    Args:
        filters: maps of the added convolution (the lecture's listing calls them ``num_input_channels``: the inputs of
            the dense layer that follows).
    """
    inputs = keras.Input((224, 224, 3), name="image")
    x = _vgg_features(inputs, 16, last_pooling=False)
    x = layers.Conv2D(filters, 3, padding="same", activation="relu", name="cam_conv")(x)
    x = layers.GlobalAveragePooling2D(name="gap")(x)
    outputs = layers.Dense(classes, name="predictions")(x)
    return keras.Model(inputs, outputs, name="vgg16_gap")


def _vgg_features(x, depth: int, last_pooling: bool):
    if depth not in VGG_STAGES:
        raise ValueError(f"VGG comes with depth 16 or 19, not {depth}.")
    for stage, (count, filters) in enumerate(zip(VGG_STAGES[depth], VGG_FILTERS, strict=True), start=1):
        for index in range(1, count + 1):
            x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"block{stage}_conv{index}")(x)
        if stage < len(VGG_FILTERS) or last_pooling:
            x = layers.MaxPooling2D(2, name=f"block{stage}_pool")(x)
    return x


# ---------------------------------------------------------------------------------------------------------------------
# Residual networks


def resnet50(classes: int = 1000) -> keras.Model:
    """ResNet-50 on 224x224 colour images, of bottleneck bricks (He et al. 2015, table 1), biased as in Keras."""
    epsilon = 1.001e-5
    x = inputs = keras.Input((224, 224, 3), name="image")
    x = layers.ZeroPadding2D(3, name="conv1_pad")(x)
    x = blocks.conv_bn(x, 64, 7, 2, padding="valid", use_bias=True, epsilon=epsilon, name="conv1")
    x = layers.ZeroPadding2D(1, name="pool1_pad")(x)
    x = layers.MaxPooling2D(3, 2, name="pool1_pool")(x)
    for stage, (count, filters) in enumerate(zip((3, 4, 6, 3), (64, 128, 256, 512), strict=True), start=2):
        for index in range(1, count + 1):
            strides = 2 if index == 1 and stage > 2 else 1
            x = blocks.bottleneck_block(
                x, filters, strides, use_bias=True, epsilon=epsilon, name=f"conv{stage}_block{index}"
            )
    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    outputs = layers.Dense(classes, name="predictions")(x)
    return keras.Model(inputs, outputs, name="resnet50")


def residual_network(
    input_shape: tuple[int, int, int] = (28, 28, 1),
    classes: int = 10,
    stages: tuple[int, ...] = (16, 32, 64),
    blocks_per_stage: int = 1,
    skip: bool = True,
    regularizer=None,
) -> keras.Model:
    """A residual network for small images, of our own bricks (He et al. 2015, section 4.2).

    One convolution, then ``blocks_per_stage`` residual blocks per stage, the first of each later stage with stride 2,
    then the mean over space and a dense layer: 2 * len(stages) * blocks_per_stage + 2 layers with weights.
    """
    x = inputs = keras.Input(input_shape, name="image")
    x = blocks.conv_bn(x, stages[0], regularizer=regularizer, name="stem")
    for stage, filters in enumerate(stages, start=1):
        for index in range(1, blocks_per_stage + 1):
            strides = 2 if index == 1 and stage > 1 else 1
            x = blocks.residual_block(
                x, filters, strides, skip=skip, regularizer=regularizer, name=f"stage{stage}_block{index}"
            )
    x = layers.GlobalAveragePooling2D(name="gap")(x)
    outputs = layers.Dense(classes, name="logits")(x)
    return keras.Model(inputs, outputs, name="residual_network" if skip else "plain_network")


def tower(
    depth: int,
    skip: bool,
    filters: int = 8,
    input_shape: tuple[int, int, int] = (28, 28, 1),
    classes: int = 10,
    normalise: bool = True,
) -> keras.Model:
    """``depth`` layers with weights, all alike, with or without skip connections: the saturation experiment.

    A 3x3 convolution, max pooling to a quarter of the size (28 -> 7), (depth - 2) / 2 two-convolution blocks, the mean
    over space and a dense layer. The skip connections are all identities, so both kinds have the same parameters.

    Raises:
        ValueError: the depth is not an even number from 2.
    """
    if depth < 2 or depth % 2:
        raise ValueError(f"A tower has an even number of layers, 2 or more; got {depth}.")
    x = inputs = keras.Input(input_shape, name="image")
    x = blocks.conv_bn(x, filters, normalise=normalise, name="stem")
    x = layers.MaxPooling2D(4, name="pool")(x)
    for index in range(1, depth // 2):
        x = blocks.residual_block(x, filters, skip=skip, normalise=normalise, name=f"block{index}")
    x = layers.GlobalAveragePooling2D(name="gap")(x)
    outputs = layers.Dense(classes, name="logits")(x)
    return keras.Model(inputs, outputs, name=f"{'residual' if skip else 'plain'}_{depth}")


# ---------------------------------------------------------------------------------------------------------------------
# Looking at networks


def blueprint(build: Callable[..., keras.Model], *args, **kwargs) -> keras.Model:
    """The model that ``build(*args, **kwargs)`` returns, with all shapes and names but without memory for its weights.

    Its ``summary()``, ``count_params()`` and layers' shapes are those of the real model; it cannot predict or train.
    Inside a ``keras.StatelessScope`` Keras notes a variable's shape and puts its values off until the scope is left.
    We never leave it: Keras keeps the scope per thread, and the thread in which ``build`` runs ends with it.
    A dtype policy set by the caller is per thread as well and is not seen here.

    Raises:
        Whatever ``build`` raises.
    """
    result: dict[str, Any] = {}

    def run() -> None:
        keras.StatelessScope().__enter__()  # never left, see above
        try:
            result["model"] = build(*args, **kwargs)
        except BaseException as error:
            result["error"] = error

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if "error" in result:
        raise result["error"]
    return result["model"]


def count_multiplications(layer: keras.Layer) -> int:
    """Multiplications that one image costs in this layer (normalisation, pooling and activations count as none).

    A convolution uses each weight once per output position; a dense layer once.
    """
    kernel = getattr(layer, "kernel", None)
    if kernel is None:
        return 0
    weights = math.prod(kernel.shape)
    positions = math.prod(layer.output.shape[1:-1]) if isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D) else 1
    return weights * positions


def layer_table(model: keras.Model) -> list[dict[str, Any]]:
    """One row a layer: ``name``, ``kind``, ``shape`` (without the batch), ``parameters``, ``multiplications``."""
    return [
        {
            "name": layer.name,
            "kind": type(layer).__name__,
            "shape": tuple(layer.output.shape[1:]),
            "parameters": layer.count_params(),
            "multiplications": count_multiplications(layer),
        }
        for layer in model.layers
        if not isinstance(layer, layers.InputLayer)
    ]
