"""Lesson 03: value and gradient of a function with respect to an input, one implementation per Keras backend.

The lesson climbs these gradients to draw what a network likes to see.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

INDEPENDENT = "The function does not depend on its input, so there is no gradient."


def value_and_gradient(function: Callable, x: np.ndarray) -> tuple[float, np.ndarray]:
    """Value of ``function`` at ``x`` and its gradient there.

    Args:
        function: maps a float32 tensor of ``x``'s shape to a scalar tensor; written with ``keras.ops`` or Keras models.
        x: any shape.

    Returns:
        The value as a Python float and the gradient as a float32 array of ``x``'s shape.

    Raises:
        ValueError: the function does not depend on its input.
    """
    step = compiled_value_and_gradient(function)
    value, gradient = step(np.asarray(x, dtype=np.float32))
    return float(value), gradient


def compiled_value_and_gradient(function: Callable) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """Compile ``function`` once: ``step(x, *given) -> (value, gradient)``, for many calls with one shape of ``x``.

    The gradient is taken with respect to ``x`` alone; ``given`` are further arrays that change from call to call, each
    of one shape. ``function`` may return several values (a vector of them): the gradient is that of their sum, so a
    batch of independent objectives, one an image, is climbed in one go. The value keeps the function's shape.
    """
    import keras

    backend = keras.backend.backend()
    build = {"tensorflow": _tensorflow_step, "jax": _jax_step, "torch": _torch_step}.get(backend)
    if build is None:
        raise ValueError(f"No gradient is written for the Keras backend {backend!r}; use tensorflow, jax or torch.")
    return build(function)


def _tensorflow_step(function: Callable) -> Callable:
    import tensorflow as tf

    @tf.function(reduce_retracing=True)
    def graph(x, *given):
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = function(x, *given)
        return value, tape.gradient(value, x)

    def step(x, *given):
        value, gradient = graph(*(tf.convert_to_tensor(array, dtype=tf.float32) for array in (x, *given)))
        if gradient is None:
            raise ValueError(INDEPENDENT)
        return value.numpy(), gradient.numpy()

    return step


def _jax_step(function: Callable) -> Callable:
    import jax
    import jax.numpy as jnp

    def total(x, *given):
        value = function(x, *given)
        return jnp.sum(value), value

    compiled = jax.jit(jax.value_and_grad(total, has_aux=True))
    checked = False

    def step(x, *given):
        nonlocal checked
        x, *given = (jnp.asarray(array, dtype=jnp.float32) for array in (x, *given))
        if not checked:  # JAX would return zeros
            traced = jax.make_jaxpr(total)(x, *given).jaxpr
            inputs = [variable for equation in traced.eqns for variable in equation.invars] + traced.outvars
            if not any(variable is traced.invars[0] for variable in inputs):
                raise ValueError(INDEPENDENT)
            checked = True
        (_, value), gradient = compiled(x, *given)
        return np.asarray(value), np.asarray(gradient)

    return step


def _torch_step(function: Callable) -> Callable:
    import torch

    def step(x, *given):
        x = torch.tensor(np.asarray(x), dtype=torch.float32, requires_grad=True)
        value = function(x, *(torch.tensor(np.asarray(array), dtype=torch.float32) for array in given))
        (gradient,) = torch.autograd.grad(value.sum(), x, allow_unused=True) if value.requires_grad else (None,)
        if gradient is None:
            raise ValueError(INDEPENDENT)
        return value.detach().cpu().numpy(), gradient.detach().cpu().numpy()

    return step


def adam_direction(gradient: np.ndarray, moments: np.ndarray, step: int) -> np.ndarray:
    """Direction of Adam's step number ``step``, from 1 (Kingma & Ba 2015): about one, whatever the gradient's size.

    For what is no Keras variable: an image that is climbed, the few weights of a deck's network.

    Args:
        moments: ``(2, *gradient.shape)``, running means of gradient and squared gradient, zeros at first; updated.
    """
    beta1, beta2 = 0.9, 0.999
    moments[0] = beta1 * moments[0] + (1 - beta1) * gradient
    moments[1] = beta2 * moments[1] + (1 - beta2) * gradient**2
    return moments[0] / (1 - beta1**step) / (np.sqrt(moments[1] / (1 - beta2**step)) + 1e-8)
