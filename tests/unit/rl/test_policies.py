"""Lesson 10: log probabilities, entropies and the loss."""

import keras
import numpy as np
import pytest
from scipy.stats import norm

from utils.rl import policies


def test_discrete_log_probability_and_entropy():
    probabilities = np.array([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]], dtype=np.float32)
    log_probability, entropy = policies.categorical_log_probability(
        np.log(probabilities), np.array([0.0, 1.0], np.float32)
    )
    np.testing.assert_allclose(keras.ops.convert_to_numpy(log_probability), np.log([0.5, 0.8]), atol=1e-6)
    expected = -(probabilities * np.log(probabilities)).sum(axis=1)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(entropy), expected, atol=1e-6)


def test_gaussian_log_probability_and_entropy():
    rng = np.random.default_rng(0)
    mean, actions = rng.normal(size=(2, 5, 3)).astype(np.float32)
    log_std = np.array([-1.0, 0.0, 0.7], dtype=np.float32)
    density, entropy = policies.gaussian_log_probability(mean, log_std, actions)
    expected = norm.logpdf(actions, mean, np.exp(log_std)).sum(axis=1)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(density), expected, atol=1e-4)
    expected = norm.entropy(0, np.exp(log_std)).sum()
    np.testing.assert_allclose(keras.ops.convert_to_numpy(entropy), np.full(5, expected), atol=1e-5)


def test_loss_is_weighted_cross_entropy(born):
    history, _ = born
    rng = np.random.default_rng(1)
    x = rng.normal(size=(12, 4)).astype(np.float32)
    actions, weights = rng.integers(2, size=12), rng.normal(size=12).astype(np.float32)
    y = np.column_stack([actions, weights, np.ones(12)]).astype(np.float32)
    cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    expected = float(cross_entropy(actions, history.model(x), sample_weight=weights))
    assert float(history.model.compute_loss(x, y, history.model(x))) == pytest.approx(expected, abs=1e-6)
