"""Answers to the exercises of lesson 04: right ones, written differently, and the mistakes that students make."""

import numpy as np

# --- 04.1 -------------------------------------------------------------------------------------------------------------


def hold_out_permuted(labels, count, seed):
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(labels))
    held = []
    for kind in (0, 1):
        held += [index for index in order if labels[index] == kind][: count // 2]
    return [index for index in range(len(labels)) if index not in held], held


def hold_out_last(labels, count, seed):
    indices = np.arange(len(labels))
    return indices[:-count], indices[-count:]


def hold_out_unbalanced(labels, count, seed):
    order = np.random.default_rng(seed).permutation(len(labels))
    return order[count:], order[:count]


def hold_out_with_replacement(labels, count, seed):
    rng = np.random.default_rng(seed)
    held = np.concatenate([rng.choice(np.flatnonzero(labels == kind), count // 2) for kind in (0, 1)])
    return np.setdiff1d(np.arange(len(labels)), held), held


def hold_out_still_learned(labels, count, seed):
    return np.arange(len(labels)), hold_out_permuted(labels, count, seed)[1]


def hold_out_same_always(labels, count, seed):
    return hold_out_permuted(labels, count, 0)


def hold_out_exchanged(labels, count, seed):
    learn, held = hold_out_permuted(labels, count, seed)
    return held, learn


# --- 04.2 -------------------------------------------------------------------------------------------------------------


def frozen_step_by_step(x, gamma, beta, moving_mean, moving_variance, epsilon):
    scale = gamma * (moving_variance + epsilon) ** -0.5
    return x * scale + (beta - moving_mean * scale)


def frozen_batch_statistics(x, gamma, beta, moving_mean, moving_variance, epsilon):
    return gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + epsilon + 1e-12) + beta


def frozen_without_root(x, gamma, beta, moving_mean, moving_variance, epsilon):
    return gamma * (x - moving_mean) / (moving_variance + epsilon) + beta


def frozen_epsilon_outside(x, gamma, beta, moving_mean, moving_variance, epsilon):
    return gamma * (x - moving_mean) / (np.sqrt(moving_variance) + epsilon) + beta


def frozen_shift_scaled(x, gamma, beta, moving_mean, moving_variance, epsilon):
    return gamma * ((x - moving_mean) / np.sqrt(moving_variance + epsilon) + beta)


# --- 04.3 -------------------------------------------------------------------------------------------------------------


def gradient_loop(features, labels, weights, bias):
    by_weight, by_bias = np.zeros(len(weights)), 0.0
    for row, label in zip(features, labels):
        pull = 1 / (1 + np.exp(-(row @ weights + bias))) - label
        by_weight += pull * row / len(labels)
        by_bias += pull / len(labels)
    return by_weight, by_bias


def gradient_wrong_sign(features, labels, weights, bias):
    by_weight, by_bias = gradient_loop(features, labels, weights, bias)
    return -by_weight, -by_bias


def gradient_summed(features, labels, weights, bias):
    by_weight, by_bias = gradient_loop(features, labels, weights, bias)
    return by_weight * len(labels), by_bias * len(labels)


def gradient_of_squares(features, labels, weights, bias):
    error = features @ weights + bias - labels
    return features.T @ error / len(labels), error.mean()


def gradient_without_bias(features, labels, weights, bias):
    return gradient_loop(features, labels, weights, 0.0)


def gradient_bias_zero(features, labels, weights, bias):
    return gradient_loop(features, labels, weights, bias)[0], 0.0


# --- 04.4 -------------------------------------------------------------------------------------------------------------


def disagreements_loop(first, second, labels):
    only_first = only_second = 0
    for a, b, label in zip(first, second, labels):
        only_first += (a > 0) == label and (b > 0) != label
        only_second += (b > 0) == label and (a > 0) != label
    return only_first, only_second


def disagreements_exchanged(first, second, labels):
    return disagreements_loop(second, first, labels)


def disagreements_right_counts(first, second, labels):
    return int(np.sum((first > 0) == labels)), int(np.sum((second > 0) == labels))


def disagreements_of_logits(first, second, labels):
    return int(np.sum(first > second)), int(np.sum(second > first))


def disagreements_probability_threshold(first, second, labels):
    return disagreements_loop(first - 0.5, second - 0.5, labels)


def disagreements_one_number(first, second, labels):
    return int(np.sum((first > 0) != (second > 0)))


ALTERNATIVES = {
    "04.1": [hold_out_permuted],
    "04.2": [frozen_step_by_step],
    "04.3": [gradient_loop],
    "04.4": [disagreements_loop],
}
WRONG = {
    "04.1": [
        *(hold_out_last, hold_out_unbalanced, hold_out_with_replacement, hold_out_still_learned),
        *(hold_out_same_always, hold_out_exchanged),
    ],
    "04.2": [frozen_batch_statistics, frozen_without_root, frozen_epsilon_outside, frozen_shift_scaled],
    "04.3": [
        *(gradient_wrong_sign, gradient_summed, gradient_of_squares, gradient_without_bias, gradient_bias_zero),
    ],
    "04.4": [
        *(disagreements_exchanged, disagreements_right_counts, disagreements_of_logits),
        *(disagreements_probability_threshold, disagreements_one_number),
    ],
}
