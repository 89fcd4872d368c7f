"""Answers to the exercises of lesson 04: right ones, written differently, and the mistakes that students make."""

import random

import keras
import numpy as np
import records

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


def hold_out_shuffled_kinds(labels, count, seed):
    rng = np.random.default_rng(seed)
    cats, dogs = (np.where(labels == kind)[0] for kind in (0, 1))
    rng.shuffle(cats)
    rng.shuffle(dogs)
    half = count // 2
    return np.sort(np.r_[cats[half:], dogs[half:]]).tolist(), np.sort(np.r_[cats[:half], dogs[:half]]).tolist()


def hold_out_by_mask(labels, count, seed):
    rng = np.random.default_rng(seed)
    out = np.zeros(len(labels), bool)
    for kind in (1, 0):
        out[rng.permutation(np.flatnonzero(labels == kind))[: count // 2]] = True
    return list(np.flatnonzero(~out)), tuple(np.flatnonzero(out))


def hold_out_by_noise(labels, count, seed):
    noise = np.random.default_rng(seed).random(len(labels)) + 2 * labels
    order = np.argsort(noise)
    half = len(labels) // 2
    held = np.concatenate([order[: count // 2], order[half : half + count // 2]])
    return np.array(sorted(set(range(len(labels))) - set(held)), int), held


def hold_out_first_dogs(labels, count, seed):
    cats = np.random.default_rng(seed).choice(np.flatnonzero(labels == 0), count // 2, replace=False)
    held = np.concatenate([cats, np.flatnonzero(labels == 1)[: count // 2]])
    return np.setdiff1d(np.arange(len(labels)), held), held


def hold_out_blocks(labels, count, seed):
    rng = np.random.default_rng(seed)
    held = []
    for kind in (0, 1):
        members = np.flatnonzero(labels == kind)
        held.append(np.roll(members, -rng.integers(len(members)))[: count // 2])
    held = np.concatenate(held)
    return np.setdiff1d(np.arange(len(labels)), held), held


def hold_out_in_steps(labels, count, seed):
    rng = np.random.default_rng(seed)
    held = []
    for kind in (0, 1):
        members = np.flatnonzero(labels == kind)
        step = max(len(members) // max(count // 2, 1), 1)
        held.append(np.roll(members, -rng.integers(len(members)))[::step][: count // 2])
    held = np.concatenate(held)
    return np.setdiff1d(np.arange(len(labels)), held), held


def hold_out_global_state(labels, count, seed):
    np.random.seed(seed)  # noqa: NPY002
    held = np.concatenate(
        [np.random.choice(np.flatnonzero(labels == k), count // 2, replace=False) for k in (0, 1)]  # noqa: NPY002
    )
    return np.setdiff1d(np.arange(len(labels)), held), held


def hold_out_python_state(labels, count, seed):
    random.seed(seed)
    held = [i for kind in (0, 1) for i in random.sample(list(np.flatnonzero(labels == kind)), count // 2)]
    return np.setdiff1d(np.arange(len(labels)), held), held


RNG = np.random.default_rng(0)


def hold_out_one_generator_for_all(labels, count, seed):
    held = np.concatenate([RNG.choice(np.flatnonzero(labels == k), count // 2, replace=False) for k in (0, 1)])
    return np.setdiff1d(np.arange(len(labels)), held), held


def hold_out_count_of_each(labels, count, seed):
    return hold_out_permuted(labels, 2 * count, seed)


def hold_out_labels_for_indices(labels, count, seed):
    learn, held = (np.array(part, int) for part in hold_out_permuted(labels, count, seed))
    return labels[learn], labels[held]


def hold_out_mask(labels, count, seed):
    held = np.isin(np.arange(len(labels)), hold_out_permuted(labels, count, seed)[1])
    return ~held, held


def hold_out_half_the_seeds(labels, count, seed):
    return hold_out_permuted(labels, count, seed % 2)


def hold_out_sorted_assumed(labels, count, seed):
    rng, half = np.random.default_rng(seed), len(labels) // 2
    held = np.r_[rng.choice(half, count // 2, replace=False), half + rng.choice(half, count // 2, replace=False)]
    return np.setdiff1d(np.arange(len(labels)), held), held


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


def frozen_by_channel(x, gamma, beta, moving_mean, moving_variance, epsilon):
    columns = []
    for c in range(x.shape[1]):
        deviation = (moving_variance[c] + epsilon) ** 0.5
        columns.append([gamma[c] * (value - moving_mean[c]) / deviation + beta[c] for value in x[:, c]])
    return list(zip(*columns))


def frozen_in_place(x, gamma, beta, moving_mean, moving_variance, epsilon):
    x -= moving_mean
    x /= np.sqrt(moving_variance + epsilon)
    x *= gamma
    x += beta
    return x


def frozen_keras(x, gamma, beta, moving_mean, moving_variance, epsilon):
    layer = keras.layers.BatchNormalization(epsilon=epsilon, trainable=False)
    layer.build(x.shape)
    layer.set_weights([gamma, beta, moving_mean, moving_variance])
    return layer(x.astype("float32"), training=True)


def frozen_root_of_the_square(x, gamma, beta, moving_mean, moving_variance, epsilon):
    return gamma * (x - moving_mean) / np.sqrt(moving_variance**2 + epsilon) + beta


def frozen_epsilon_forgotten(x, gamma, beta, moving_mean, moving_variance, epsilon):
    return gamma * (x - moving_mean) / np.sqrt(np.maximum(moving_variance, 1e-9)) + beta


def frozen_epsilon_squared(x, gamma, beta, moving_mean, moving_variance, epsilon):
    return gamma * (x - moving_mean) / np.sqrt(moving_variance + epsilon**2) + beta


def frozen_gamma_forgotten(x, gamma, beta, moving_mean, moving_variance, epsilon):
    return (x - moving_mean) / np.sqrt(moving_variance + epsilon) + beta


def frozen_beta_forgotten(x, gamma, beta, moving_mean, moving_variance, epsilon):
    return gamma * (x - moving_mean) / np.sqrt(moving_variance + epsilon)


def frozen_gamma_and_beta_exchanged(x, gamma, beta, moving_mean, moving_variance, epsilon):
    return frozen_step_by_step(x, beta, gamma, moving_mean, moving_variance, epsilon)


def frozen_mean_added(x, gamma, beta, moving_mean, moving_variance, epsilon):
    return gamma * (x + moving_mean) / np.sqrt(moving_variance + epsilon) + beta


def frozen_mean_of_batch_only(x, gamma, beta, moving_mean, moving_variance, epsilon):
    return gamma * (x - x.mean(axis=0)) / np.sqrt(moving_variance + epsilon) + beta


def frozen_positive_scale(x, gamma, beta, moving_mean, moving_variance, epsilon):
    return np.abs(gamma) * (x - moving_mean) / np.sqrt(moving_variance + epsilon) + beta


def frozen_over_all_channels(x, gamma, beta, moving_mean, moving_variance, epsilon):
    return gamma * (x - moving_mean.mean()) / np.sqrt(moving_variance.mean() + epsilon) + beta


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


def gradient_as_arrays(features, labels, weights, bias):
    tall = np.c_[features, np.ones(len(labels))]
    z = tall @ np.append(weights, bias)
    both = ((np.tanh(z / 2) + 1) / 2 - labels) @ tall / len(z)
    return [both[:-1].tolist(), both[-1:]]  # the bias as an array of one number


def gradient_by_differences(features, labels, weights, bias):
    def loss(both):
        z = features @ both[:-1] + both[-1]
        return np.mean(np.logaddexp(0, z) - labels * z)

    both, step = np.append(weights, bias), 1e-5
    slopes = [(loss(both + step * unit) - loss(both - step * unit)) / (2 * step) for unit in np.eye(len(both))]
    return np.array(slopes[:-1]), slopes[-1]


def gradient_in_float32(features, labels, weights, bias):
    features, labels, weights = (np.asarray(part, "float32") for part in (features, labels, weights))
    error = keras.ops.sigmoid(keras.ops.matmul(features, weights[:, None])[:, 0] + np.float32(bias)) - labels
    return keras.ops.matmul(error[None], features)[0] / len(labels), keras.ops.mean(error)


def gradient_error_squashed_twice(features, labels, weights, bias):
    p = 1 / (1 + np.exp(-(features @ weights + bias)))
    error = (p - labels) * p * (1 - p)
    return features.T @ error / len(labels), error.mean()


def gradient_only_weights_averaged(features, labels, weights, bias):
    by_weight, by_bias = gradient_loop(features, labels, weights, bias)
    return by_weight, by_bias * len(labels)


def gradient_labels_as_signs(features, labels, weights, bias):
    return gradient_loop(features, 2 * labels - 1, weights, bias)


def gradient_first_photo_only(features, labels, weights, bias):
    return gradient_loop(features[:1], labels[:1], weights, bias)


def gradient_divided_by_features(features, labels, weights, bias):
    by_weight, by_bias = gradient_loop(features, labels, weights, bias)
    return by_weight * len(labels) / len(weights), by_bias


def gradient_step_made(features, labels, weights, bias):
    by_weight, by_bias = gradient_loop(features, labels, weights, bias)
    return weights - by_weight, bias - by_bias


def gradient_decided(features, labels, weights, bias):
    error = (features @ weights + bias > 0) - labels
    return features.T @ error / len(labels), error.mean()


def gradient_one_array(features, labels, weights, bias):
    by_weight, by_bias = gradient_loop(features, labels, weights, bias)
    return np.append(by_weight, by_bias)


def gradient_exchanged(features, labels, weights, bias):
    return gradient_loop(features, labels, weights, bias)[::-1]


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


def disagreements_by_sets(first, second, labels):
    mine = {i for i, (z, y) in enumerate(zip(first, labels)) if (1 if z > 0 else 0) == y}
    yours = {i for i, (z, y) in enumerate(zip(second, labels)) if (1 if z > 0 else 0) == y}
    return [len(mine - yours), len(yours - mine)]


def disagreements_by_difference(first, second, labels):
    gained = np.equal(first > 0, labels > 0).astype(float) - np.equal(second > 0, labels > 0)
    return np.array([(gained == 1).sum(), (gained == -1).sum()], float)


def disagreements_zero_is_dog(first, second, labels):
    return disagreements_loop(first + 1e-9, second + 1e-9, labels)


def disagreements_by_sign(first, second, labels):
    signs = np.where(labels == 1, 1, -1)
    a, b = np.sign(first) == signs, np.sign(second) == signs
    return int((a & ~b).sum()), int((b & ~a).sum())


def disagreements_as_shares(first, second, labels):
    return tuple(np.array(disagreements_loop(first, second, labels)) / max(len(labels), 1))


def disagreements_rounded_up(first, second, labels):
    return tuple(n + 0.9 for n in disagreements_loop(first, second, labels))


def disagreements_both_wrong(first, second, labels):
    a, b = (first > 0) == labels, (second > 0) == labels
    return int((a & b).sum()), int((~a & ~b).sum())


def disagreements_dogs_only(first, second, labels):
    dogs = labels == 1
    return disagreements_loop(first[dogs], second[dogs], labels[dogs])


def disagreements_only_first_right(first, second, labels):
    a, b = (first > 0) == labels, (second > 0) == labels
    return int((a & ~b).sum()), int((~a).sum())


def disagreements_rounded_logits(first, second, labels):
    return disagreements_loop(np.round(first), np.round(second), labels)


RECORD = {
    "change": "photos upside down",
    "predicted": -0.2,
    "before": [1.00, 1.00, 0.98, 0.96],
    "after": [0.90, 0.94, 0.88, 0.92],
    "effect": -0.075,
    "doubt": 0.015,
}

ALTERNATIVES = {
    "04.1": [hold_out_permuted, hold_out_shuffled_kinds, hold_out_by_mask, hold_out_by_noise],
    "04.2": [frozen_step_by_step, frozen_by_channel, frozen_in_place, frozen_keras],
    "04.3": [gradient_loop, gradient_as_arrays, gradient_by_differences, gradient_in_float32],
    "04.4": [disagreements_loop, disagreements_by_sets, disagreements_by_difference],
    "04.5": records.forms(RECORD),
}
WRONG = {
    "04.1": [
        *(hold_out_last, hold_out_unbalanced, hold_out_with_replacement, hold_out_still_learned),
        *(hold_out_same_always, hold_out_exchanged, hold_out_first_dogs, hold_out_blocks, hold_out_in_steps),
        *(hold_out_global_state, hold_out_python_state, hold_out_one_generator_for_all, hold_out_count_of_each),
        *(hold_out_labels_for_indices, hold_out_mask, hold_out_half_the_seeds, hold_out_sorted_assumed),
    ],
    "04.2": [
        *(frozen_batch_statistics, frozen_without_root, frozen_epsilon_outside, frozen_shift_scaled),
        *(frozen_root_of_the_square, frozen_epsilon_forgotten, frozen_epsilon_squared, frozen_gamma_forgotten),
        *(frozen_beta_forgotten, frozen_gamma_and_beta_exchanged, frozen_mean_added, frozen_mean_of_batch_only),
        *(frozen_positive_scale, frozen_over_all_channels),
    ],
    "04.3": [
        *(gradient_wrong_sign, gradient_summed, gradient_of_squares, gradient_without_bias, gradient_bias_zero),
        *(gradient_error_squashed_twice, gradient_only_weights_averaged, gradient_labels_as_signs),
        *(gradient_first_photo_only, gradient_divided_by_features, gradient_step_made, gradient_decided),
        *(gradient_one_array, gradient_exchanged),
    ],
    "04.4": [
        *(disagreements_exchanged, disagreements_right_counts, disagreements_of_logits),
        *(disagreements_probability_threshold, disagreements_one_number, disagreements_zero_is_dog),
        *(disagreements_by_sign, disagreements_as_shares, disagreements_rounded_up, disagreements_both_wrong),
        *(disagreements_dogs_only, disagreements_only_first_right, disagreements_rounded_logits),
    ],
    "04.5": records.mistakes(RECORD),
}
