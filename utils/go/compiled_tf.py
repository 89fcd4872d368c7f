"""The one place of lesson 11 that knows TensorFlow: turn a Keras call into a graph."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf


def compile_function(forward: Callable, jit: bool = False) -> Callable[[np.ndarray], list[np.ndarray]]:
    """``forward`` from a tensor to a list of tensors, traced once for each shape; NumPy in and out."""
    graph = tf.function(forward, jit_compile=jit, reduce_retracing=False)
    return lambda x: [output.numpy() for output in graph(tf.constant(x))]
