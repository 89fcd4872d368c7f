"""Other right answers and plausible wrong ones to the exercises of lesson 10."""

import math

import keras
import numpy as np
import records
from keras import ops


# --- 10.1 returns_to_go
def by_matrix(rewards, gamma):
    n = len(rewards)
    wait = np.arange(n)[None, :] - np.arange(n)[:, None]
    return np.where(wait >= 0, gamma ** np.maximum(wait, 0), 0.0) @ rewards


def by_dot_products(rewards, gamma):
    powers = gamma ** np.arange(len(rewards))
    return [rewards[t:] @ powers[: len(rewards) - t] for t in range(len(rewards))]


def by_recursion(rewards, gamma):
    if len(rewards) == 0:
        return []
    later = by_recursion(rewards[1:], gamma)
    return [float(rewards[0]) + (gamma * later[0] if later else 0.0), *later]


def by_accumulating(rewards, gamma):
    from itertools import accumulate

    return reversed(list(accumulate(rewards[::-1], lambda following, reward: reward + gamma * following)))


def whole_return(rewards, gamma):
    return np.full(len(rewards), np.sum(gamma ** np.arange(len(rewards)) * rewards))


def running_sum(rewards, gamma):
    return np.cumsum(gamma ** np.arange(len(rewards)) * rewards)


def exclusive(rewards, gamma):
    return by_matrix(rewards, gamma) - rewards


def discounted_from_the_start(rewards, gamma):
    return np.cumsum((gamma ** np.arange(len(rewards)) * rewards)[::-1])[::-1]


def truncated_at_four_steps(rewards, gamma):
    return np.array([sum(gamma**k * r for k, r in enumerate(rewards[t : t + 4])) for t in range(len(rewards))])


def in_the_type_of_the_rewards(rewards, gamma):
    returns = np.zeros_like(rewards)
    following = 0.0
    for t in reversed(range(len(rewards))):
        returns[t] = following = rewards[t] + gamma * following
    return returns


def not_turned_back(rewards, gamma):
    return by_matrix(rewards, gamma)[::-1]


def discounts_its_own_reward(rewards, gamma):
    return gamma * by_matrix(rewards, gamma)


def discounts_the_next_only(rewards, gamma):
    later = np.cumsum(rewards[::-1])[::-1] - rewards
    return rewards + gamma * later


def starts_from_the_last_reward(rewards, gamma):
    returns, following = np.zeros(len(rewards)), rewards[-1]
    for t in reversed(range(len(rewards))):
        returns[t] = following = rewards[t] + gamma * following
    return returns


def divides_by_the_length(rewards, gamma):
    return by_matrix(rewards, gamma) / len(rewards)


# --- 10.2 reinforce_loss
def keras_cross_entropy(logits, actions, weights):
    return ops.mean(weights * keras.losses.sparse_categorical_crossentropy(actions, logits, from_logits=True))


def one_hot(logits, actions, weights):
    chosen = ops.sum(ops.one_hot(actions, logits.shape[1]) * ops.log_softmax(logits), axis=1)
    return -ops.sum(weights * chosen) / len(weights)


def sample_weights(logits, actions, weights):
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)(actions, logits, sample_weight=weights)


def by_logsumexp(logits, actions, weights):
    chosen = ops.take_along_axis(logits, ops.expand_dims(actions, 1), axis=1)
    return ops.mean((ops.logsumexp(logits, axis=1) - ops.squeeze(chosen, 1)) * weights)


def row_by_row(logits, actions, weights):
    log_pi = ops.log_softmax(logits)
    return -sum(weights[i] * log_pi[i, actions[i]] for i in range(len(weights))) / len(weights)


def plus_sign(logits, actions, weights):
    return -keras_cross_entropy(logits, actions, weights)


def sum_not_mean(logits, actions, weights):
    return ops.sum(weights * keras.losses.sparse_categorical_crossentropy(actions, logits, from_logits=True))


def unweighted(logits, actions, weights):
    return keras_cross_entropy(logits, actions, ops.ones_like(weights))


def mean_times_mean(logits, actions, weights):
    return keras_cross_entropy(logits, actions, ops.ones_like(weights)) * ops.mean(weights)


def over_the_sum_of_the_weights(logits, actions, weights):
    return len(weights) * keras_cross_entropy(logits, actions, weights) / ops.sum(weights)


def size_of_the_weights(logits, actions, weights):
    return keras_cross_entropy(logits, actions, ops.abs(weights))


def log_of_softmax(logits, actions, weights):
    pi = ops.exp(logits) / ops.sum(ops.exp(logits), axis=-1, keepdims=True)
    chosen = ops.take_along_axis(ops.log(pi), actions[:, None], axis=1)[:, 0]
    return -ops.mean(weights * chosen)


def log_of_softmax_and_a_little(logits, actions, weights):
    chosen = ops.take_along_axis(ops.log(ops.softmax(logits) + 1e-8), actions[:, None], axis=1)[:, 0]
    return -ops.mean(weights * chosen)


def probability_not_log(logits, actions, weights):
    pi = ops.softmax(logits, axis=-1)
    return -ops.mean(weights * ops.take_along_axis(pi, actions[:, None], axis=1)[:, 0])


def softmax_over_the_batch(logits, actions, weights):
    log_pi = ops.log_softmax(logits, axis=0)
    return -ops.mean(weights * ops.take_along_axis(log_pi, actions[:, None], axis=1)[:, 0])


def all_actions(logits, actions, weights):
    return -ops.mean(ops.sum(weights[:, None] * ops.log_softmax(logits), axis=1))


def every_row_with_every_action(logits, actions, weights):
    return -ops.mean(weights * ops.mean(ops.take(ops.log_softmax(logits), actions, axis=1), axis=1))


def in_numpy(logits, actions, weights):
    z = ops.convert_to_numpy(logits)
    z = z - z.max(axis=1, keepdims=True)
    log_pi = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    actions, weights = ops.convert_to_numpy(actions), ops.convert_to_numpy(weights)
    return -np.mean(weights * log_pi[np.arange(len(actions)), actions])


def stops_the_gradient(logits, actions, weights):
    return keras_cross_entropy(ops.stop_gradient(logits), actions, weights)


def stops_the_normaliser(logits, actions, weights):
    chosen = ops.take_along_axis(logits, actions[:, None], axis=1)[:, 0]
    return ops.mean(weights * (ops.stop_gradient(ops.logsumexp(logits, axis=1)) - chosen))


def a_number_a_row(logits, actions, weights):
    return weights * keras.losses.sparse_categorical_crossentropy(actions, logits, from_logits=True)


# --- 10.3 gaussian_log_density
def by_scipy(actions, means, log_std):
    from scipy.stats import norm

    return norm.logpdf(actions, means, np.exp(log_std)).sum(axis=1)


def by_many_components(actions, means, log_std):
    from scipy.stats import multivariate_normal

    return [multivariate_normal.logpdf(a, m, np.diag(np.exp(2 * log_std))) for a, m in zip(actions, means)]


def by_loops(actions, means, log_std):
    out = []
    for action, mean in zip(actions, means):
        out.append(0.0)
        for a, m, s in zip(action, mean, log_std):
            out[-1] -= (a - m) ** 2 / (2 * math.exp(s) ** 2) + s + 0.5 * math.log(2 * math.pi)
    return out


def from_the_variance(actions, means, log_std):
    variance = np.exp(2 * log_std)
    return -0.5 * ((actions - means) ** 2 / variance + np.log(2 * np.pi * variance)).sum(1)


def without_normalisation(actions, means, log_std):
    return np.sum(-0.5 * ((actions - means) / np.exp(log_std)) ** 2, axis=1)


def forgets_log_sigma(actions, means, log_std):
    return np.sum(-0.5 * ((actions - means) / np.exp(log_std)) ** 2 - 0.5 * np.log(2 * np.pi), axis=1)


def log_std_as_std(actions, means, log_std):
    sigma = log_std + 1e-12
    return np.sum(-0.5 * ((actions - means) / sigma) ** 2 - np.log(np.abs(sigma)) - 0.5 * np.log(2 * np.pi), axis=1)


def not_summed(actions, means, log_std):
    z = (actions - means) / np.exp(log_std)
    return -0.5 * z**2 - log_std - 0.5 * np.log(2 * np.pi)


def summed_over_rows(actions, means, log_std):
    return np.sum(not_summed(actions, means, log_std), axis=0)


def broken_for_negative_means(actions, means, log_std):
    return by_scipy(actions, np.abs(means), log_std)


def density_not_its_logarithm(actions, means, log_std):
    return np.exp(by_scipy(actions, means, log_std))


def divides_by_the_variance(actions, means, log_std):
    z = (actions - means) / np.exp(2 * log_std)
    return np.sum(-0.5 * z**2 - log_std - 0.5 * np.log(2 * np.pi), axis=1)


def constant_once(actions, means, log_std):
    return without_normalisation(actions, means, log_std) - log_std.sum() - 0.5 * np.log(2 * np.pi)


def adds_log_sigma(actions, means, log_std):
    return by_scipy(actions, means, log_std) + 2 * log_std.sum()


def mean_over_the_components(actions, means, log_std):
    return not_summed(actions, means, log_std).mean(axis=1)


def standard_deviation_of_the_first(actions, means, log_std):
    return by_scipy(actions, means, log_std[:1])


def absolute_distance(actions, means, log_std):
    return np.sum(-0.5 * np.abs(actions - means) / np.exp(log_std) - log_std - 0.5 * np.log(2 * np.pi), axis=1)


# --- 10.4 token_credit
def _less_the_others(credit):
    return (credit - credit.mean(axis=0)) * len(credit) / (len(credit) - 1)


def _to_go(away):
    return away.sum(axis=1, keepdims=True) - np.cumsum(away, axis=1) + away


def credit_by_loops(paid, log_pi, log_start, beta):
    answers, steps = log_pi.shape
    credit = [[paid[j] - beta * sum(log_pi[j, t:] - log_start[j, t:]) for t in range(steps)] for j in range(answers)]
    others = [[row[t] for row in credit] for t in range(steps)]
    return [
        [credit[j][t] - (sum(others[t]) - credit[j][t]) / (answers - 1) for t in range(steps)] for j in range(answers)
    ]


def credit_by_scaling_the_usual_one(paid, log_pi, log_start, beta):
    return _less_the_others(paid[:, None] - beta * _to_go(log_pi - log_start))


def credit_by_matrices(paid, log_pi, log_start, beta):
    answers, steps = log_pi.shape
    later = np.tril(np.ones((steps, steps)))  # column t adds up from t on
    credit = np.reshape(paid, (-1, 1)) - beta * (log_pi - log_start) @ later
    return (np.eye(answers) - (1 - np.eye(answers)) / (answers - 1)) @ credit


def credit_by_ratios(paid, log_pi, log_start, beta):
    credit = np.empty(log_pi.shape)
    for t in range(log_pi.shape[1]):
        ratio = np.prod(np.exp(log_pi[:, t:]) / np.exp(log_start[:, t:]), axis=1)
        column = paid - beta * np.log(ratio)
        credit[:, t] = [own - np.mean(np.delete(column, j)) for j, own in enumerate(column)]
    return credit


def credit_own_included(paid, log_pi, log_start, beta):
    credit = paid[:, None] - beta * _to_go(log_pi - log_start)
    return credit - credit.mean(axis=0)


def credit_without_a_baseline(paid, log_pi, log_start, beta):
    return paid[:, None] - beta * _to_go(log_pi - log_start)


def credit_by_spreads(paid, log_pi, log_start, beta):
    credit = credit_own_included(paid, log_pi, log_start, beta)
    return credit / (credit.std(axis=0) + 1e-8)


def credit_other_divisor(paid, log_pi, log_start, beta):
    credit = paid[:, None] - beta * _to_go(log_pi - log_start)
    return credit - (credit.sum(axis=0) - credit) / len(paid)


def credit_pays_for_the_whole_answer(paid, log_pi, log_start, beta):
    away = (log_pi - log_start).sum(axis=1, keepdims=True)
    return _less_the_others(np.repeat(paid[:, None] - beta * away, log_pi.shape[1], axis=1))


def credit_pays_for_what_was_before(paid, log_pi, log_start, beta):
    return _less_the_others(paid[:, None] - beta * np.cumsum(log_pi - log_start, axis=1))


def credit_pays_for_its_own_token(paid, log_pi, log_start, beta):
    return _less_the_others(paid[:, None] - beta * (log_pi - log_start))


def credit_pays_for_those_after_only(paid, log_pi, log_start, beta):
    away = log_pi - log_start
    return _less_the_others(paid[:, None] - beta * (_to_go(away) - away))


def credit_is_rewarded_for_leaving(paid, log_pi, log_start, beta):
    return credit_by_scaling_the_usual_one(paid, log_start, log_pi, beta)


def credit_pays_a_mean(paid, log_pi, log_start, beta):
    steps = log_pi.shape[1]
    return _less_the_others(paid[:, None] - beta * _to_go(log_pi - log_start) / np.arange(steps, 0, -1))


def credit_pays_the_distance(paid, log_pi, log_start, beta):
    return _less_the_others(paid[:, None] - beta * _to_go(np.abs(log_pi - log_start)))


def credit_by_probabilities(paid, log_pi, log_start, beta):
    return _less_the_others(paid[:, None] - beta * _to_go(np.exp(log_pi) - np.exp(log_start)))


def credit_price_without_a_baseline(paid, log_pi, log_start, beta):
    return _less_the_others(paid[:, None]) - beta * _to_go(log_pi - log_start)


def credit_baseline_over_all_places(paid, log_pi, log_start, beta):
    credit = paid[:, None] - beta * _to_go(log_pi - log_start)
    return credit - (credit.sum() - credit) / (credit.size - 1 or 1)


def credit_baseline_along_the_answer(paid, log_pi, log_start, beta):
    credit = paid[:, None] - beta * _to_go(log_pi - log_start)
    return credit - credit.mean(axis=1, keepdims=True)


def credit_forgets_the_start(paid, log_pi, log_start, beta):
    return _less_the_others(paid[:, None] - beta * _to_go(log_pi))


def credit_without_a_price(paid, log_pi, log_start, beta):
    return _less_the_others(np.repeat(paid[:, None], log_pi.shape[1], axis=1))


def credit_pays_at_the_end_only(paid, log_pi, log_start, beta):
    reward = -beta * (log_pi - log_start)
    reward[:, -1] += paid
    return _less_the_others(reward)


def credit_in_the_type_of_the_pay(paid, log_pi, log_start, beta):
    credit = np.zeros(log_pi.shape, paid.dtype)
    credit[:] = credit_by_scaling_the_usual_one(paid, log_pi, log_start, beta)
    return credit


def credit_changes_what_it_is_given(paid, log_pi, log_start, beta):
    log_pi -= log_start
    return _less_the_others(paid[:, None] - beta * _to_go(log_pi))


# --- 10.5 td_advantage
def with_mask(rewards, values, terminated, gamma):
    return rewards + gamma * (1.0 - terminated) * values[1:] - values[:-1]


def td_by_loop(rewards, values, terminated, gamma):
    out = []
    for t in range(len(rewards)):
        target = rewards[t] if terminated[t] else rewards[t] + gamma * values[t + 1]
        out.append(target - values[t])
    return out


def td_changes_a_copy(rewards, values, terminated, gamma):
    following = gamma * np.array(values[1:], float)
    following[terminated] = 0
    return tuple(rewards - values[:-1] + following)


def td_without_end(rewards, values, terminated, gamma):
    return rewards + gamma * values[1:] - values[:-1]


def td_shifted(rewards, values, terminated, gamma):
    return rewards + gamma * (1.0 - terminated) * values[:-1] - values[1:]


def td_target_only(rewards, values, terminated, gamma):
    return rewards + gamma * (1.0 - terminated) * values[1:]


def td_mask_inverted(rewards, values, terminated, gamma):
    return rewards + gamma * terminated * values[1:] - values[:-1]


def td_end_erases_everything(rewards, values, terminated, gamma):
    return (1.0 - terminated) * (rewards + gamma * values[1:] - values[:-1])


def td_without_gamma(rewards, values, terminated, gamma):
    return with_mask(rewards, values, terminated, 1.0)


def td_nothing_after_the_first_end(rewards, values, terminated, gamma):
    over = np.cumsum(terminated) > 0
    return rewards + gamma * np.where(over, 0.0, values[1:]) - values[:-1]


def td_discounts_both(rewards, values, terminated, gamma):
    return rewards + gamma * ((1.0 - terminated) * values[1:] - values[:-1])


def td_end_loses_its_own_value(rewards, values, terminated, gamma):
    return rewards + (1.0 - terminated) * (gamma * values[1:] - values[:-1])


def td_end_one_step_late(rewards, values, terminated, gamma):
    return rewards + gamma * (1.0 - np.append(False, terminated[:-1])) * values[1:] - values[:-1]


def td_end_is_the_last_step(rewards, values, terminated, gamma):
    following = gamma * np.append(values[1:-1], 0.0 if terminated.any() else values[-1])
    return rewards + following - values[:-1]


def td_squared(rewards, values, terminated, gamma):
    return with_mask(rewards, values, terminated, gamma) ** 2


# --- 10.6 length_experiment
FOUND = {
    "plays": 2048,
    "steps": [22.3, 298.3],
    "predicted": [5, 6, 6, 12],
    "short": [3.2, 3.3, 3.3, 6.3],
    "long": [7.7, 4.6, 2.6, 11.5],
    "gains_most": "baseline",
}


_found = records.varied(FOUND)


ALTERNATIVES = {
    "10.1": [by_matrix, by_dot_products, by_recursion, by_accumulating],
    "10.2": [keras_cross_entropy, one_hot, sample_weights, by_logsumexp, row_by_row],
    "10.3": [by_scipy, by_many_components, by_loops, from_the_variance],
    "10.4": [credit_by_loops, credit_by_scaling_the_usual_one, credit_by_matrices, credit_by_ratios],
    "10.5": [with_mask, td_by_loop, td_changes_a_copy],
    "10.6": [
        _found(),
        _found(short=np.array(FOUND["short"]), long=tuple(FOUND["long"]), plays=np.int64(1000), note="surprised"),
        _found(short=(1.8, 3.8, 6.2, 6.3), predicted=[1, 1, 1, 1], steps=np.array([30.0, 200.0], np.float32)),
        _found(short=[1.8, 2.0, 5.5, 13.5], plays=4096.0, gains_most="to go"),
        _found(short=[3.0, 4.5, 2.0, 6.0], long=[7.7, 4.6, 6.0, 11.5], gains_most="discount"),
        _found(long=[7.6, 4.8, 0.9, 4.5]),
    ],
}
WRONG = {
    "10.1": [
        *(whole_return, running_sum, exclusive, discounted_from_the_start, truncated_at_four_steps),
        *(in_the_type_of_the_rewards, not_turned_back, discounts_its_own_reward, discounts_the_next_only),
        *(starts_from_the_last_reward, divides_by_the_length),
    ],
    "10.2": [
        *(plus_sign, sum_not_mean, unweighted, mean_times_mean, over_the_sum_of_the_weights, size_of_the_weights),
        *(log_of_softmax, log_of_softmax_and_a_little, probability_not_log, softmax_over_the_batch, all_actions),
        *(every_row_with_every_action, in_numpy, stops_the_gradient, stops_the_normaliser, a_number_a_row),
    ],
    "10.3": [
        *(without_normalisation, forgets_log_sigma, log_std_as_std, not_summed, summed_over_rows),
        *(broken_for_negative_means, density_not_its_logarithm, divides_by_the_variance, constant_once, adds_log_sigma),
        *(mean_over_the_components, standard_deviation_of_the_first, absolute_distance),
    ],
    "10.4": [
        *(credit_own_included, credit_without_a_baseline, credit_by_spreads, credit_other_divisor, credit_pays_a_mean),
        *(credit_pays_for_the_whole_answer, credit_pays_for_what_was_before, credit_pays_for_its_own_token),
        *(credit_pays_for_those_after_only, credit_is_rewarded_for_leaving, credit_pays_the_distance),
        *(credit_by_probabilities, credit_price_without_a_baseline, credit_baseline_over_all_places),
        *(credit_baseline_along_the_answer, credit_forgets_the_start, credit_without_a_price),
        *(credit_pays_at_the_end_only, credit_in_the_type_of_the_pay, credit_changes_what_it_is_given),
    ],
    "10.5": [
        *(td_without_end, td_shifted, td_target_only, td_mask_inverted, td_end_erases_everything, td_without_gamma),
        *(td_nothing_after_the_first_end, td_discounts_both, td_end_loses_its_own_value, td_end_one_step_late),
        *(td_end_is_the_last_step, td_squared),
    ],
    "10.6": [
        *(_found("predicted"), _found(plays=1), _found(plays=64), _found(steps=[22.3, 116.0])),
        _found(steps=[250.0, 298.3]),
        *(_found(steps=298.3), _found(steps=[298.3, 22.3]), _found(short=FOUND["predicted"]), lambda: None),
        *(_found(long=FOUND["predicted"]), _found(long=FOUND["short"]), _found(short=[0.54, 0.24, 0.18, 0.09])),
        *(_found(gains_most="discount"), _found(gains_most="all"), _found(predicted="less"), _found(short=[3, 4, 5])),
        *(lambda: list(FOUND.values()), _found(short=[1.84, 4.14, float("nan"), 11.0])),
    ],
}
