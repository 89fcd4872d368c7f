"""Lesson 10: plays, credit, losses, gradients and the training loop."""

from __future__ import annotations

import dataclasses

import gymnasium
import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.stats import norm

from utils.rl import policy_gradient as pg

TINY = pg.Settings(plays=4, iterations=3, hidden=(8,))


@pytest.fixture(scope="module")
def cartpoles():
    return pg.make_environments("CartPole-v1", 6)


@pytest.fixture(scope="module")
def born(cartpoles):
    """A policy that nothing was learned with, and some plays of it."""
    history = pg.build(TINY, cartpoles)
    return history, pg.play(cartpoles, history.policy.sample, seed=3)


# ---------------------------------------------------------------------------------------------------------------------
# Plays


def test_each_environment_gives_one_complete_play(born):
    _, plays = born
    lengths = plays.mask.sum(axis=0)
    assert plays.mask.shape[1] == 6
    assert lengths.max() == len(plays.mask)
    assert plays.horizon == 500
    for column, length in enumerate(lengths):
        assert plays.mask[:length, column].all()
        assert not plays.mask[length:, column].any()
        # Inside the limits until the end: rows of a play that Gymnasium started anew are not among them.
        assert (np.abs(plays.states[:length, column, 2]) <= 0.2095).all()
    np.testing.assert_array_equal(plays.returns, lengths)  # CartPole pays 1 a step, the last one included


def test_plays_repeat_with_their_seed(cartpoles, born):
    history, plays = born
    again = pg.play(cartpoles, history.policy.sample, seed=3)
    np.testing.assert_array_equal(plays.states, again.states)
    other = pg.play(cartpoles, history.policy.sample, seed=(3, 1))
    assert not np.array_equal(plays.states[0], other.states[0])


def test_agrees_with_single_environments():
    """A fixed rule earns in the vectorised environment what it earns in Gymnasium's single one, on average."""

    def lean(states, rng=None):
        return (states[..., 2] + states[..., 3] > 0).astype(int)

    vector = pg.play(pg.make_environments("CartPole-v1", 300), lean, seed=1).returns
    single = gymnasium.make("CartPole-v1")
    returns = []
    for seed in range(60):
        state, _ = single.reset(seed=seed)
        total, ended = 0, False
        while not ended:
            state, reward, terminated, truncated, _ = single.step(int(lean(state)))
            total, ended = total + reward, terminated or truncated
        returns.append(total)
    error = np.hypot(np.std(returns) / np.sqrt(60), vector.std() / np.sqrt(300))
    assert abs(np.mean(returns) - vector.mean()) < 4 * error


# ---------------------------------------------------------------------------------------------------------------------
# Acting


@pytest.mark.parametrize("hidden", [(8,), (16, 8)])
def test_numpy_forward_equals_keras(hidden):
    network = pg.build_network(3, hidden, 2, seed=1, name="policy", typical=(1.0, 2.0, 4.0))
    states = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    expected = keras.ops.convert_to_numpy(network(states))
    np.testing.assert_allclose(pg.forward(network, states), expected, atol=1e-5)


def test_samples_follow_the_probabilities():
    policy = pg.NumpyPolicy([np.zeros((1, 3)), np.log([0.2, 0.5, 0.3])])
    actions = policy.sample(np.zeros((20_000, 1), dtype=np.float32), np.random.default_rng(0))
    np.testing.assert_allclose(np.bincount(actions, minlength=3) / 20_000, [0.2, 0.5, 0.3], atol=0.015)
    assert policy.greedy(np.zeros((2, 1), dtype=np.float32)).tolist() == [1, 1]


def test_gaussian_samples_have_mean_and_width():
    policy = pg.NumpyPolicy([np.zeros((1, 2)), np.array([1.0, -2.0])], log_std=np.log([0.5, 2.0]))
    actions = policy.sample(np.zeros((20_000, 1), dtype=np.float32), np.random.default_rng(0))
    np.testing.assert_allclose(actions.mean(axis=0), [1.0, -2.0], atol=0.06)
    np.testing.assert_allclose(actions.std(axis=0), [0.5, 2.0], rtol=0.03)


# ---------------------------------------------------------------------------------------------------------------------
# Credit


@settings(max_examples=30, deadline=None)
@given(
    rewards=arrays.arrays(np.float64, (7, 3), elements=st.floats(-10, 10)),
    gamma=st.floats(0.0, 1.0),
)
def test_returns_to_go_are_the_definition(rewards, gamma):
    wait = np.arange(7)[None, :] - np.arange(7)[:, None]
    discount = np.where(wait >= 0, float(gamma) ** np.maximum(wait, 0), 0.0)
    np.testing.assert_allclose(pg.returns_to_go(rewards, gamma), discount @ rewards, atol=1e-9)


def test_mean_baseline_leaves_one_out():
    returns = np.array([[1.0, 2.0, 6.0], [4.0, 0.0, 2.0]])
    mask = np.array([[True, True, True], [True, False, True]])
    expected = [[4.0, 3.5, 1.5], [1.0, 3.0, 2.0]]  # the second play has ended: it counts 0
    np.testing.assert_allclose(pg.mean_baseline(returns, mask), expected)


def test_whole_return_credits_all_steps_alike(born):
    _, plays = born
    whole = pg.credit(plays, 1.0, to_go=False)
    np.testing.assert_allclose(whole, np.tile(plays.returns, (len(plays.mask), 1)))


def test_advantages_are_zero_on_padding(born):
    history, plays = born
    for baseline in ("none", "mean", history.baseline):
        advantage = pg.advantages(plays, pg.credit(plays, 0.9), baseline)
        assert (advantage[~plays.mask] == 0).all()
        assert np.abs(advantage[plays.mask]).sum() > 0


# ---------------------------------------------------------------------------------------------------------------------
# Losses and gradients


def test_discrete_log_probability_and_entropy():
    probabilities = np.array([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]], dtype=np.float32)
    log_probability, entropy = pg.categorical_log_probability(np.log(probabilities), np.array([0.0, 1.0], np.float32))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(log_probability), np.log([0.5, 0.8]), atol=1e-6)
    expected = -(probabilities * np.log(probabilities)).sum(axis=1)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(entropy), expected, atol=1e-6)


def test_gaussian_log_probability_and_entropy():
    rng = np.random.default_rng(0)
    mean, actions = rng.normal(size=(2, 5, 3)).astype(np.float32)
    log_std = np.array([-1.0, 0.0, 0.7], dtype=np.float32)
    density, entropy = pg.gaussian_log_probability(mean, log_std, actions)
    expected = norm.logpdf(actions, mean, np.exp(log_std)).sum(axis=1)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(density), expected, atol=1e-4)
    expected = norm.entropy(0, np.exp(log_std)).sum()
    np.testing.assert_allclose(keras.ops.convert_to_numpy(entropy), np.full(5, expected), atol=1e-5)


def test_padding_changes_nothing(born):
    history, _ = born
    rng = np.random.default_rng(0)
    x = rng.normal(size=(10, 4)).astype(np.float32)
    y = np.column_stack([rng.integers(2, size=10), rng.normal(size=10), np.ones(10)]).astype(np.float32)
    output = history.model(x)
    alone = history.model.compute_loss(x, y, output)
    x, y = pg.padded(x, 16), pg.padded(y, 16)
    assert float(alone) == pytest.approx(float(history.model.compute_loss(x, y, history.model(x))), abs=1e-6)


def test_loss_is_weighted_cross_entropy(born):
    history, _ = born
    rng = np.random.default_rng(1)
    x = rng.normal(size=(12, 4)).astype(np.float32)
    actions, weights = rng.integers(2, size=12), rng.normal(size=12).astype(np.float32)
    y = np.column_stack([actions, weights, np.ones(12)]).astype(np.float32)
    cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    expected = float(cross_entropy(actions, history.model(x), sample_weight=weights))
    assert float(history.model.compute_loss(x, y, history.model(x))) == pytest.approx(expected, abs=1e-6)


def test_play_gradients_by_finite_differences(born):
    """The hand-written gradient of ``sum w log pi`` against small changes of single parameters, play by play."""
    history, plays = born
    policy = history.policy
    policy.weights = [weight.astype(np.float64) for weight in policy.weights]
    policy.scale = policy.scale.astype(np.float64)
    weights = pg.advantages(plays, pg.credit(plays, 0.9), "mean")
    gradients = pg.play_gradients(policy, plays, weights)
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
    policy = pg.NumpyPolicy([np.zeros((1, 3)), logits])
    count = 100_000
    states = np.zeros((1, count, 1), dtype=np.float32)
    actions = policy.sample(states[0], rng)[None]
    rewards = means[actions] + rng.normal(size=actions.shape)
    plays = pg.Plays(states, actions, rewards, np.ones((1, count), dtype=bool), horizon=1)
    pi = np.exp(logits) / np.exp(logits).sum()
    exact = pi * (means - pi @ means)
    spread = {}
    for baseline in ("none", "mean"):
        weights = pg.advantages(plays, pg.credit(plays, 1.0), baseline)
        gradients = pg.play_gradients(policy, plays, weights)[:, -3:]
        error = gradients.std(axis=0) / np.sqrt(count)
        assert (np.abs(gradients.mean(axis=0) - exact) < 4 * error).all()
        spread[baseline] = gradients.var(axis=0).sum()
    assert spread["mean"] < 0.5 * spread["none"]


# ---------------------------------------------------------------------------------------------------------------------
# Training


def test_training_improves_the_policy():
    history = pg.train(pg.Settings(plays=16, iterations=8, minibatches=4))
    assert np.mean(history.returns[-2:]) > 1.5 * np.mean(history.returns[:2])
    assert len(history.entropies) == len(history.steps) == 8


def test_gaussian_policy_trains_on_pendulum():
    chosen = dataclasses.replace(pg.PENDULUM, plays=4, iterations=2, hidden=(8,), minibatches=2)
    history = pg.train(chosen)
    assert history.policy.log_std.shape == (1,)
    assert not np.array_equal(history.policy.log_std, np.zeros(1))  # the width is learned, too
    assert history.steps == [800, 800]


def test_killed_training_resumes_on_the_same_curve(tmp_path):
    path = tmp_path / "policy.npz"

    def kill(history, plays):
        if len(history.returns) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pg.train(TINY, checkpoint=path, checkpoint_every=1, callback=kill)
    resumed, through = pg.train(TINY, checkpoint=path), pg.train(TINY)
    assert len(resumed.returns) == 3
    np.testing.assert_allclose(resumed.returns, through.returns)
    np.testing.assert_allclose(resumed.entropies, through.entropies, atol=1e-6)
    for one, other in zip(resumed.policy.weights, through.policy.weights, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_checkpoint_of_other_settings_is_refused(tmp_path):
    path = tmp_path / "policy.npz"
    pg.train(dataclasses.replace(TINY, iterations=1), checkpoint=path)
    with pytest.raises(ValueError, match="another iterations, gamma"):
        pg.train(dataclasses.replace(TINY, gamma=0.5), checkpoint=path)


def test_training_stops_when_solved():
    history = pg.train(dataclasses.replace(TINY, stop_at=1.0, stop_after=2))
    assert len(history.returns) == 2


# ---------------------------------------------------------------------------------------------------------------------
# What students do wrong


@pytest.mark.parametrize("name", ["FrozenLake-v1", "Blackjack-v1"])
def test_wrong_spaces_are_refused(name):
    with pytest.raises(TypeError, match=f"{name} observes"):
        pg.train(dataclasses.replace(TINY, environment=name))


def test_unknown_environment_is_named():
    with pytest.raises(ValueError, match="no environment 'CartPool-v1'"):
        pg.make_environments("CartPool-v1", 2)


def test_nan_reward_is_an_error():
    class Broken(pg.VectorPendulum):
        def step(self, actions):
            observation, reward, *rest = super().step(actions)
            reward[1] = np.nan
            return observation, reward, *rest

    chosen = dataclasses.replace(TINY, environment="Pendulum-v1")
    with pytest.raises(ValueError, match="reward nan at step 0"):
        pg.train(chosen, environments=Broken(4))


@pytest.mark.parametrize("wrong", [{"baseline": "best"}, {"plays": 1}, {"gamma": 0.0}, {"iterations": 0}])
def test_settings_are_checked(wrong):
    with pytest.raises(ValueError):
        pg.Settings(**wrong)
