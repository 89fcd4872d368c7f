"""Adam in one pass beside Keras's own."""

import keras
import numpy as np
import pytest

from utils.rl.adam import OnePassAdam


def _train(optimizer, steps=30):
    keras.utils.set_random_seed(1)
    inputs = keras.Input((5,))
    model = keras.Sequential(
        [inputs, keras.layers.Dense(7, "tanh", name="hidden"), keras.layers.Dense(1, name="out")], name="net"
    )
    model.compile(optimizer, loss="mse")
    rng = np.random.default_rng(2)
    for step in range(steps):
        optimizer.learning_rate = 0.01 / (1 + step)
        x = rng.normal(size=(8, 5)).astype(np.float32)
        model.train_on_batch(x, x[:, :1] ** 2)
    return model


def test_takes_the_steps_that_keras_takes():
    options = {"learning_rate": 0.01, "epsilon": 1e-4, "beta_2": 0.99}
    ours, theirs = _train(OnePassAdam(**options)), _train(keras.optimizers.Adam(**options))
    moved = _train(keras.optimizers.Adam(**options), steps=0)
    for one, other, start in zip(ours.get_weights(), theirs.get_weights(), moved.get_weights()):
        assert np.abs(other - start).max() > 0.005
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    for one, other in zip(ours.optimizer.variables, theirs.optimizer.variables):
        assert one.path.split("/")[1:] == other.path.split("/")[1:]  # the first part counts optimisers made so far
        np.testing.assert_allclose(np.asarray(one), np.asarray(other), rtol=1e-5, atol=1e-7)


def test_is_saved_with_its_settings_and_knows_no_amsgrad():
    settings = OnePassAdam(0.02, epsilon=1e-5).get_config()
    assert OnePassAdam.from_config(settings).epsilon == 1e-5
    with pytest.raises(ValueError, match="no amsgrad"):
        OnePassAdam(amsgrad=True)
