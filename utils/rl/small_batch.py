"""Layers that learn faster from small batches on a CPU (lesson 09): the same formulas, computed in another order.

The gradient of a convolution's filter is itself a convolution: of the input with the gradient of the output, channels
and batch having changed places. TensorFlow computes it as a product of two long thin matrices instead, a third as fast
as its own convolution where filters are few, pictures large and batches small, as in a deep Q-network. For the gradient
of a dense layer's input it turns the large weight matrix, where it could turn the two small ones. Keras writes Adam as
a dozen operations, each of which reads and writes arrays as large as the network; TensorFlow has the formula as one.

:mod:`utils.rl.dqn` is built of Keras's own; the long training swaps these in (:func:`utils.rl.breakout.quick_agent`).
"""

from __future__ import annotations

import keras
from keras import layers


@keras.saving.register_keras_serializable("lego_to_go")
class SmallBatchConv2D(layers.Conv2D):
    """:class:`keras.layers.Conv2D`, up to rounding; quicker to train with TensorFlow on a CPU, elsewhere the very same.

    For convolutions without padding, ``(batch, height, width, channels)``; others are refused with ValueError.
    """

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        plain = (self.padding, self.data_format, self.groups, tuple(self.dilation_rate))
        if plain != ("valid", "channels_last", 1, (1, 1)) or self.strides[0] != self.strides[1]:
            raise ValueError(
                "SmallBatchConv2D: only for padding 'valid', channels last, one group, no dilation and the same stride "
                "both ways; use keras.layers.Conv2D."
            )

    def convolution_op(self, inputs, kernel):
        """Convolve ``(batch, height, width, channels)`` with ``(rows, columns, channels, filters)``."""
        if not _on_tensorflow_cpu():
            return super().convolution_op(inputs, kernel)
        return _convolve(inputs, kernel, self.strides[0])


@keras.saving.register_keras_serializable("lego_to_go")
class SmallBatchDense(layers.Dense):
    """:class:`keras.layers.Dense` for ``(batch, features)``, with the same promise."""

    def call(self, inputs, training=None):
        if not _on_tensorflow_cpu() or len(inputs.shape) != 2:
            return super().call(inputs, training=training)
        x = _multiply(inputs, self.kernel)
        x = x if self.bias is None else keras.ops.add(x, self.bias)
        return x if self.activation is None else self.activation(x)


def _on_tensorflow_cpu() -> bool:
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return not tf.config.list_physical_devices("GPU")


def _convolve(inputs, kernel, stride: int):
    """TensorFlow's convolution with a gradient of our own."""
    import tensorflow as tf

    @tf.custom_gradient
    def convolve(inputs, kernel):
        def gradient(upstream):
            of_inputs = tf.raw_ops.Conv2DBackpropInput(
                input_sizes=tf.shape(inputs),
                filter=kernel,
                out_backprop=upstream,
                strides=[1, stride, stride, 1],
                padding="VALID",
            )
            # dL/dkernel[i, j, c, f] = sum over n, y, x of input[n, y stride + i, x stride + j, c] upstream[n, y, x, f]:
            # the inputs' channels are the batch here, the batch is what is summed over, the stride is a dilation.
            over_batch = tf.transpose(upstream, (1, 2, 0, 3))
            of_kernel = tf.nn.conv2d(_swap_batch_and_channels(inputs), over_batch, 1, "VALID", dilations=stride)
            rows, columns = kernel.shape[:2]  # at the input's far edges may be more, which no output has seen
            return of_inputs, tf.transpose(of_kernel[:, :rows, :columns], (1, 2, 0, 3))

        return tf.nn.conv2d(inputs, kernel, stride, "VALID"), gradient

    return convolve(inputs, _read(kernel))


def _swap_batch_and_channels(x):
    """``(batch, height, width, channels)`` to ``(channels, height, width, batch)``; as three axes, twice as fast."""
    import tensorflow as tf

    batch, height, width, channels = tf.unstack(tf.shape(x))
    swapped = tf.transpose(tf.reshape(x, (batch, height * width, channels)), (2, 1, 0))
    return tf.reshape(swapped, (channels, height, width, batch))


def _multiply(inputs, kernel):
    """TensorFlow's matrix product with a gradient of our own."""
    import tensorflow as tf

    @tf.custom_gradient
    def multiply(inputs, kernel):
        def gradient(upstream):
            of_inputs = tf.transpose(tf.matmul(kernel, upstream, transpose_b=True))
            return of_inputs, tf.matmul(inputs, upstream, transpose_a=True)

        return tf.matmul(inputs, kernel), gradient

    return multiply(inputs, _read(kernel))


def _read(variable):
    """A Keras variable's value as a plain tensor; TensorFlow wants variables read outside of such functions."""
    import tensorflow as tf

    return tf.convert_to_tensor(keras.ops.convert_to_tensor(variable))


@keras.saving.register_keras_serializable("lego_to_go")
class OnePassAdam(keras.optimizers.Adam):
    """:class:`keras.optimizers.Adam`, up to rounding; on TensorFlow about twice as fast, elsewhere the very same.

    Variables have the names and the order of Keras's own, so that checkpoints of both fit.
    """

    def __init__(self, *arguments, name: str = "adam", **options):
        super().__init__(*arguments, name=name, **options)
        if self.amsgrad:
            raise ValueError("OnePassAdam: there is no amsgrad; use keras.optimizers.Adam.")

    def update_step(self, gradient, variable, learning_rate):
        """One variable's step, ``m``, ``v`` and the variable itself changed in place; Kingma & Ba 2015, section 2."""
        if keras.backend.backend() != "tensorflow":
            super().update_step(gradient, variable, learning_rate)
            return
        import tensorflow as tf

        index = self._get_variable_index(variable)
        step = tf.cast(self.iterations + 1, variable.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=_handle(variable),
            m=_handle(self._momentums[index]),
            v=_handle(self._velocities[index]),
            beta1_power=tf.pow(tf.cast(self.beta_1, variable.dtype), step),
            beta2_power=tf.pow(tf.cast(self.beta_2, variable.dtype), step),
            lr=tf.cast(learning_rate, variable.dtype),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=tf.convert_to_tensor(gradient),
        )


def _handle(variable):
    """TensorFlow's handle of its own or of a Keras variable."""
    return (variable.value if isinstance(variable, keras.Variable) else variable).handle
