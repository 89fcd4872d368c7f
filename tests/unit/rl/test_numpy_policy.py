"""Lesson 10: the policy in NumPy beside Keras, and its gradients beside finite differences."""

import keras
import numpy as np
import pytest

from utils.rl import credit, playing, policies
from utils.rl.numpy_policy import NumpyPolicy, forward, play_gradients


@pytest.mark.parametrize("hidden", [(8,), (16, 8)])
def test_numpy_forward_equals_keras(hidden):
    network = policies.build_network(3, hidden, 2, seed=1, name="policy", typical=(1.0, 2.0, 4.0))
    states = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    expected = keras.ops.convert_to_numpy(network(states))
    np.testing.assert_allclose(forward(network, states), expected, atol=1e-5)


def test_samples_follow_the_probabilities():
    policy = NumpyPolicy([np.zeros((1, 3)), np.log([0.2, 0.5, 0.3])])
    actions = policy.sample(np.zeros((20_000, 1), dtype=np.float32), np.random.default_rng(0))
    np.testing.assert_allclose(np.bincount(actions, minlength=3) / 20_000, [0.2, 0.5, 0.3], atol=0.015)
    assert policy.greedy(np.zeros((2, 1), dtype=np.float32)).tolist() == [1, 1]


def test_gaussian_samples_have_mean_and_width():
    policy = NumpyPolicy([np.zeros((1, 2)), np.array([1.0, -2.0])], log_std=np.log([0.5, 2.0]))
    actions = policy.sample(np.zeros((20_000, 1), dtype=np.float32), np.random.default_rng(0))
    np.testing.assert_allclose(actions.mean(axis=0), [1.0, -2.0], atol=0.06)
    np.testing.assert_allclose(actions.std(axis=0), [0.5, 2.0], rtol=0.03)


def test_play_gradients_by_finite_differences(born):
    """The hand-written gradient of ``sum w log pi`` against small changes of single parameters, play by play."""
    history, plays = born
    policy = history.policy
    policy.weights = [weight.astype(np.float64) for weight in policy.weights]
    policy.scale = policy.scale.astype(np.float64)
    weights = credit.advantages(plays, credit.per_action(plays, 0.9), "mean")
    gradients = play_gradients(policy, plays, weights)
    assert gradients.shape == (6, sum(weight.size for weight in policy.weights))

    def objective():
        flat = plays.states.reshape(-1, 4).astype(np.float64)
        chosen = policy.probabilities(flat)[np.arange(len(flat)), plays.actions.reshape(-1)]
        return (weights * np.log(chosen).reshape(weights.shape)).sum(axis=0)

    first = 0
    for weight in policy.weights:
        for index in np.random.default_rng(0).choice(weight.size, size=min(3, weight.size), replace=False):
            old = weight.flat[index]
            weight.flat[index] = old + 1e-5
            above = objective()
            weight.flat[index] = old - 1e-5
            below = objective()
            weight.flat[index] = old
            np.testing.assert_allclose(gradients[:, first + index], (above - below) / 2e-5, rtol=1e-4, atol=1e-5)
        first += weight.size


def test_baseline_leaves_the_mean_and_cuts_the_variance():
    """On a one-step bandit the exact gradient is known."""
    rng = np.random.default_rng(0)
    means, logits = np.array([1.0, 2.0, 4.0]), np.array([0.5, 0.0, -0.5])
    policy = NumpyPolicy([np.zeros((1, 3)), logits])
    count = 100_000
    states = np.zeros((1, count, 1), dtype=np.float32)
    actions = policy.sample(states[0], rng)[None]
    rewards = means[actions] + rng.normal(size=actions.shape)
    plays = playing.Plays(states, actions, rewards, np.ones((1, count), dtype=bool), horizon=1)
    pi = np.exp(logits) / np.exp(logits).sum()
    exact = pi * (means - pi @ means)
    spread = {}
    for baseline in ("none", "mean"):
        weights = credit.advantages(plays, credit.per_action(plays, 1.0), baseline)
        gradients = play_gradients(policy, plays, weights)[:, -3:]
        error = gradients.std(axis=0) / np.sqrt(count)
        assert (np.abs(gradients.mean(axis=0) - exact) < 4 * error).all()
        spread[baseline] = gradients.var(axis=0).sum()
    assert spread["mean"] < 0.5 * spread["none"]
