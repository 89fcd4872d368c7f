"""Gradients with respect to an input, equal on every backend."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from utils import runtime
from utils.gradients import adam_direction, compiled_value_and_gradient, value_and_gradient

PROGRAM = """
import keras, numpy as np
from keras import ops
from utils.gradients import compiled_value_and_gradient, value_and_gradient

x = np.array([[1.0, 2.0], [3.0, -1.0]], dtype=np.float64)
value, gradient = value_and_gradient(lambda t: ops.sum(t ** 3) + 2 * t[0, 1], x)
assert isinstance(value, float) and gradient.dtype == np.float32 and isinstance(gradient, np.ndarray), gradient
np.testing.assert_allclose(value, (x ** 3).sum() + 4, rtol=1e-6)
np.testing.assert_allclose(gradient, 3 * x ** 2 + np.array([[0, 2], [0, 0]]), rtol=1e-6)

keras.utils.set_random_seed(1)
layers = [keras.layers.Conv2D(3, 3), keras.layers.ReLU(), keras.layers.Flatten(), keras.layers.Dense(1)]
model = keras.Sequential([keras.Input((4, 4, 1)), *layers])
step = compiled_value_and_gradient(lambda t: model(t, training=False)[:, 0])
images = np.random.default_rng(0).normal(size=(3, 4, 4, 1)).astype("float32")
values, gradients = step(images)
assert values.shape == (3,) and gradients.shape == images.shape
alone, gradient = step(images[1:2])
np.testing.assert_allclose(gradient[0], gradients[1], atol=1e-5)  # each image climbs on its own
shifted = images.copy()
shifted[1, 2, 2, 0] += 1e-2
numeric = (step(shifted)[0][1] - values[1]) / 1e-2
np.testing.assert_allclose(numeric, gradients[1, 2, 2, 0], atol=2e-3)
print("right on", keras.backend.backend())
"""


def test_gradients_are_right_on_this_backend(capsys):
    exec(compile(PROGRAM, "gradients", "exec"), {})
    assert "right on" in capsys.readouterr().out


def test_gradients_are_right_on_jax():
    pytest.importorskip("jax")
    if os.environ.get("KERAS_BACKEND") == "jax":
        pytest.skip("the test above ran on jax")
    settings = os.environ | {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-c", PROGRAM]
    result = subprocess.run(command, cwd=runtime.repo_root(), env=settings, capture_output=True, text=True, timeout=300)
    assert result.stdout.strip().endswith("right on jax"), result.stderr[-2000:]


def test_a_function_that_ignores_its_input_is_reported():
    from keras import ops

    with pytest.raises(ValueError, match="does not depend"):
        value_and_gradient(lambda t: ops.sum(ops.ones((2,))), np.zeros(3))


def test_an_unknown_backend_is_refused(monkeypatch):
    import keras

    monkeypatch.setattr(keras.backend, "backend", lambda: "openvino")
    with pytest.raises(ValueError, match="openvino"):
        compiled_value_and_gradient(lambda t: t)


def test_adam_takes_kerass_steps():
    import keras

    rng = np.random.default_rng(0)
    ours = rng.normal(size=(3, 2)).astype(np.float32)
    theirs, moments = keras.Variable(ours), np.zeros((2, 3, 2), np.float32)
    optimizer = keras.optimizers.Adam(0.01, epsilon=1e-8)
    for step in range(1, 6):
        gradient = rng.normal(size=(3, 2)).astype(np.float32) * 10**step
        optimizer.apply([keras.ops.convert_to_tensor(gradient)], [theirs])
        ours = ours - 0.01 * adam_direction(gradient, moments, step)
    np.testing.assert_allclose(ours, keras.ops.convert_to_numpy(theirs), rtol=1e-4)
