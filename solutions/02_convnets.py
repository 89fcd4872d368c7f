"""Reference solutions of lesson 02."""

import numpy as np


def conv_parameters(kernel, channels_in, channels_out, bias=True):
    """Every filter has kernel x kernel x channels_in weights, and a bias."""
    return channels_out * (kernel * kernel * channels_in + bias)


def equivariance_gap(layer, image, down, right):
    """Move, then the layer, against the layer, then move."""
    move = (down, right)
    return np.abs(layer(np.roll(image, move, axis=(0, 1))) - np.roll(layer(image), move, axis=(0, 1))).max()


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


def false_labels_experiment():
    # Shares 0, 0.25, 0.5, 0.75 of the labels shuffled; LeNet-5, 40 epochs as in section 6, means over the seeds.
    return {
        "digits": 500,
        "seeds": 3,
        "predicted": [
            0.9,
            0.85,
            0.7,
            0.4,
        ],  # the true labels are in the majority up to 0.75, so it should find them
        "test": [
            0.883,
            0.752,
            0.536,
            0.308,
        ],  # it finds them less and less: each false label spoils its neighbourhood
        "memorised": [
            1.0,
            1.0,
            1.0,
            1.0,
        ],  # and says nothing about it: true or false, the list is learned by heart
        "fails_first": "generalisation",
    }
