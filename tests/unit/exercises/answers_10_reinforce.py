"""Other right answers and plausible wrong ones to the exercises of lesson 10."""

import keras
import numpy as np
from keras import ops


def by_matrix(rewards, gamma):
    n = len(rewards)
    wait = np.arange(n)[None, :] - np.arange(n)[:, None]
    return np.where(wait >= 0, gamma ** np.maximum(wait, 0), 0.0) @ rewards


def whole_return(rewards, gamma):
    return np.full(len(rewards), np.sum(gamma ** np.arange(len(rewards)) * rewards))


def running_sum(rewards, gamma):
    return np.cumsum(gamma ** np.arange(len(rewards)) * rewards)


def exclusive(rewards, gamma):
    return by_matrix(rewards, gamma) - rewards


def discounted_from_the_start(rewards, gamma):
    return np.cumsum((gamma ** np.arange(len(rewards)) * rewards)[::-1])[::-1]


def keras_cross_entropy(logits, actions, weights):
    return ops.mean(weights * keras.losses.sparse_categorical_crossentropy(actions, logits, from_logits=True))


def plus_sign(logits, actions, weights):
    return -keras_cross_entropy(logits, actions, weights)


def sum_not_mean(logits, actions, weights):
    return ops.sum(weights * keras.losses.sparse_categorical_crossentropy(actions, logits, from_logits=True))


def unweighted(logits, actions, weights):
    return keras_cross_entropy(logits, actions, ops.ones_like(weights))


def log_of_softmax(logits, actions, weights):
    pi = ops.exp(logits) / ops.sum(ops.exp(logits), axis=-1, keepdims=True)
    chosen = ops.take_along_axis(ops.log(pi), actions[:, None], axis=1)[:, 0]
    return -ops.mean(weights * chosen)


def probability_not_log(logits, actions, weights):
    pi = ops.softmax(logits, axis=-1)
    return -ops.mean(weights * ops.take_along_axis(pi, actions[:, None], axis=1)[:, 0])


def softmax_over_the_batch(logits, actions, weights):
    log_pi = ops.log_softmax(logits, axis=0)
    return -ops.mean(weights * ops.take_along_axis(log_pi, actions[:, None], axis=1)[:, 0])


def by_scipy(actions, means, log_std):
    from scipy.stats import norm

    return norm.logpdf(actions, means, np.exp(log_std)).sum(axis=1)


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


def by_loop(returns):
    return np.array([r - np.mean(np.delete(returns, i)) for i, r in enumerate(returns)])


def own_included(returns):
    return returns - returns.mean()


def standardised(returns):
    return (returns - returns.mean()) / (returns.std() + 1e-8)


def only_the_baseline(returns):
    return (returns.sum() - returns) / (len(returns) - 1)


def wrong_divisor(returns):
    return returns - (returns.sum() - returns) / len(returns)


def with_mask(rewards, values, terminated, gamma):
    return rewards + gamma * (1.0 - terminated) * values[1:] - values[:-1]


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


ALTERNATIVES = {
    "10.1": [by_matrix],
    "10.2": [keras_cross_entropy],
    "10.3": [by_scipy],
    "10.4": [by_loop],
    "10.5": [with_mask],
}
WRONG = {
    "10.1": [whole_return, running_sum, exclusive, discounted_from_the_start],
    "10.2": [plus_sign, sum_not_mean, unweighted, log_of_softmax, probability_not_log, softmax_over_the_batch],
    "10.3": [without_normalisation, forgets_log_sigma, log_std_as_std, not_summed, summed_over_rows],
    "10.4": [own_included, standardised, only_the_baseline, wrong_divisor],
    "10.5": [td_without_end, td_shifted, td_target_only, td_mask_inverted, td_end_erases_everything],
}
