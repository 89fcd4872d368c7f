"""Reference solutions of lesson 04."""

import numpy as np


def hold_out(labels, count, seed):
    rng = np.random.default_rng(seed)
    held = []
    for kind in (0, 1):
        members = np.flatnonzero(labels == kind)
        held.append(rng.choice(members, count // 2, replace=False))
    held = np.concatenate(held)
    learn = np.setdiff1d(np.arange(len(labels)), held)
    return learn, held


def frozen_batch_norm(x, gamma, beta, moving_mean, moving_variance, epsilon):
    return gamma * (x - moving_mean) / np.sqrt(moving_variance + epsilon) + beta


def gradient(features, labels, weights, bias):
    logits = features @ weights + bias
    # The derivative of log(1 + exp(z)) is the sigmoid, so each photo pulls with "probability minus label".
    error = 1 / (1 + np.exp(-logits)) - labels
    return features.T @ error / len(labels), error.mean()


def disagreements(first, second, labels):
    first_right, second_right = (first > 0) == labels, (second > 0) == labels
    return int(np.sum(first_right & ~second_right)), int(np.sum(second_right & ~first_right))


def broken_rule():
    # The shipped classifier on four draws of 50 test photos, `shipped.probability_of_dog(photos) > 0.5`; then the same
    # photos in grey, the mean of the three colours in each. One photo in a hundred is lost, far fewer than predicted:
    # colour hardly tells cats from dogs.
    return {
        "change": "in grey",
        "predicted": -0.10,
        "before": [0.98, 1.00, 0.94, 1.00],
        "after": [0.96, 0.98, 0.94, 1.00],
        "effect": -0.01,
        "doubt": 0.006,
    }
