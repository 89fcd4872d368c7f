"""Reference solutions of lesson 02."""

import numpy as np


def conv_parameters(kernel, channels_in, channels_out, bias=True):
    """Every filter has kernel x kernel x channels_in weights, and a bias."""
    return channels_out * (kernel * kernel * channels_in + bias)


def output_size(size, kernel, stride, padding):
    """How often the kernel fits into the padded row, one stride after the other."""
    return (size + 2 * padding - kernel) // stride + 1


def receptive_field(layers):
    """Walk from the image up: each kernel reaches (kernel - 1) steps further, and strides lengthen the step."""
    field, step = 1, 1
    for kernel, stride in layers:
        field += (kernel - 1) * step
        step *= stride
    return field


def residual_block(x, f, projection=None):
    """relu(shortcut + correction)."""
    shortcut = x if projection is None else projection(x)
    return np.maximum(shortcut + f(x), 0)


def parameters_per_sample(sizes, samples):
    """Weights and biases of dense layers with these sizes, over the number of training samples."""
    parameters = sum((sizes[i] + 1) * sizes[i + 1] for i in range(len(sizes) - 1))
    return parameters / samples
