"""Bricks that convnets are built from: convolution + normalisation, residual blocks, MBConv.

Each brick is a *function on symbolic tensors* (``y = residual_block(x, 64)``), not a Layer class of its own: it snaps
stock Keras layers together and returns the output. So a model made of bricks saves, loads and clones with no custom
objects, ``summary()`` shows every convolution, and any activation in it can be tapped for pictures.

All bricks take and return images in channels-last layout, shape (batch, height, width, channels), of the policy's
float dtype. With ``name="block1"`` the layers inside are called ``block1_conv1``, ``block1_bn1`` and so on, which is
how weights from elsewhere find their place; without a name Keras numbers them.

Used in lessons 02 (residual networks), 03 and 04 (EfficientNet-Lite0) and 11 (Go networks).
"""

from __future__ import annotations

from keras import layers

# Keras's own default, 0.99, averages over several hundred steps; short trainings would be tested with stale statistics.
BATCH_NORM_MOMENTUM = 0.9
BATCH_NORM_EPSILON = 1e-3


def conv_bn(
    x,
    filters: int,
    kernel_size: int = 3,
    strides: int = 1,
    *,
    activation: str | None = "relu",
    normalise: bool = True,
    use_bias: bool | None = None,
    padding: str = "same",
    regularizer=None,
    epsilon: float = BATCH_NORM_EPSILON,
    name: str | None = None,
    suffix: str = "",
):
    """Convolution, then batch normalisation, then an activation (Ioffe & Szegedy 2015).

    Args:
        x: (batch, height, width, channels).
        filters: output channels.
        kernel_size, strides, padding: as in ``keras.layers.Conv2D``.
        activation: name of a Keras activation (``"relu"``, ``"relu6"``, ``"silu"``), or None for none.
        normalise: False leaves the normalisation out.
        use_bias: whether the convolution has a bias; None means only where no normalisation follows, since that
            subtracts any constant again.
        regularizer: for the kernel, e.g. ``keras.regularizers.L2(1e-4)``.
        epsilon: of the batch normalisation.
        name, suffix: the layers are called ``{name}_conv{suffix}``, ``{name}_bn{suffix}``, ``{name}_act{suffix}``.

    Returns:
        (batch, height / strides rounded up, width / strides rounded up, filters) with ``"same"`` padding.
    """
    use_bias = not normalise if use_bias is None else use_bias
    x = layers.Conv2D(
        filters,
        kernel_size,
        strides,
        padding=padding,
        use_bias=use_bias,
        kernel_initializer="he_normal",
        kernel_regularizer=regularizer,
        name=_called(name, "conv", suffix),
    )(x)
    if normalise:
        normalisation = {"momentum": BATCH_NORM_MOMENTUM, "epsilon": epsilon, "name": _called(name, "bn", suffix)}
        x = layers.BatchNormalization(**normalisation)(x)
    if activation:
        x = layers.Activation(activation, name=_called(name, "act", suffix))(x)
    return x


def residual_block(
    x,
    filters: int,
    strides: int = 1,
    *,
    skip: bool = True,
    normalise: bool = True,
    regularizer=None,
    name: str | None = None,
):
    """Two convolutions with a connection around them: ``relu(x + f(x))`` (He et al. 2015, figure 2).

    The way around is the identity. Where the shape changes it is a 1x1 convolution, the paper's projection (option B).
    This is also the block of AlphaGo Zero (Silver et al. 2017, methods).

    Args:
        x: (batch, height, width, channels).
        filters: output channels.
        strides: of the first convolution (and of the projection).
        skip: False leaves the connection out: the plain twin, with the same convolutions.
        normalise: False leaves the batch normalisations out.
        regularizer: for the kernels.

    Returns:
        (batch, height / strides rounded up, width / strides rounded up, filters).
    """
    options = {"normalise": normalise, "regularizer": regularizer, "name": name}
    y = conv_bn(x, filters, 3, strides, suffix="1", **options)
    y = conv_bn(y, filters, 3, activation=None, suffix="2", **options)
    if skip:
        if strides != 1 or x.shape[-1] != filters:
            x = conv_bn(x, filters, 1, strides, activation=None, suffix="_skip", **options)
        y = layers.Add(name=_called(name, "add"))([x, y])
    return layers.Activation("relu", name=_called(name, "out"))(y)


def bottleneck_block(
    x,
    filters: int,
    strides: int = 1,
    *,
    expansion: int = 4,
    normalise: bool = True,
    use_bias: bool | None = None,
    epsilon: float = BATCH_NORM_EPSILON,
    name: str | None = None,
):
    """1x1 convolution down, 3x3, 1x1 up, and the skip connection (He et al. 2015, figure 5 right): ResNet-50's block.

    The stride sits in the first 1x1 convolution, as in the paper and in ``keras.applications`` (torchvision moves it
    to the 3x3).

    Args:
        x: (batch, height, width, channels).
        filters: channels inside the bottleneck; ``expansion`` times as many come out.
        normalise: False leaves the batch normalisations out.
        use_bias: biases in the convolutions although normalisation follows (Keras's ResNet-50 has them).

    Returns:
        (batch, height / strides rounded up, width / strides rounded up, expansion * filters).
    """
    width = expansion * filters
    options = {"normalise": normalise, "use_bias": use_bias, "epsilon": epsilon, "name": name}
    y = conv_bn(x, filters, 1, strides, suffix="1", **options)
    y = conv_bn(y, filters, 3, suffix="2", **options)
    y = conv_bn(y, width, 1, activation=None, suffix="3", **options)
    if strides != 1 or x.shape[-1] != width:
        x = conv_bn(x, width, 1, strides, activation=None, suffix="_skip", **options)
    y = layers.Add(name=_called(name, "add"))([x, y])
    return layers.Activation("relu", name=_called(name, "out"))(y)


def mbconv(
    x,
    filters: int,
    strides: int = 1,
    *,
    kernel_size: int = 3,
    expansion: int = 6,
    name: str | None = None,
):
    """Inverted bottleneck: 1x1 up, depthwise convolution, 1x1 down, skip (Sandler et al. 2018; Tan & Le 2019).

    The block of EfficientNet-Lite: ReLU6, and none of the squeeze-excitation that EfficientNet proper has. The narrow
    ends are linear, and the skip joins them where the shape allows.

    Args:
        x: (batch, height, width, channels).
        filters: output channels.
        expansion: channels inside over channels at the input; 1 leaves the first convolution out.

    Returns:
        (batch, height / strides rounded up, width / strides rounded up, filters).
    """
    channels = x.shape[-1]
    y = x
    if expansion != 1:
        y = conv_bn(y, expansion * channels, 1, activation="relu6", name=_called(name, "expand"))
    y = layers.DepthwiseConv2D(
        kernel_size,
        strides,
        padding="same",
        use_bias=False,
        depthwise_initializer="he_normal",
        name=_called(name, "depthwise_conv"),
    )(y)
    normalisation = {"momentum": BATCH_NORM_MOMENTUM, "epsilon": BATCH_NORM_EPSILON}
    y = layers.BatchNormalization(name=_called(name, "depthwise_bn"), **normalisation)(y)
    y = layers.Activation("relu6", name=_called(name, "depthwise_act"))(y)
    y = conv_bn(y, filters, 1, activation=None, name=_called(name, "project"))
    if strides == 1 and channels == filters:
        y = layers.Add(name=_called(name, "add"))([x, y])
    return y


def _called(name: str | None, part: str, suffix: str = "") -> str | None:
    """``block1_conv2`` from ``block1``, ``conv`` and ``2``; None stays None, so that Keras numbers the layer."""
    return None if name is None else f"{name}_{part}{suffix}"
