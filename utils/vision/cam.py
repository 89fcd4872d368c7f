"""Class activation maps: which places voted for a class? (lesson 03)

CAM (Zhou et al. 2016) needs a network whose classifier is one dense layer on globally averaged maps: the weights of a
class then weigh the maps themselves. Grad-CAM (Selvaraju et al. 2017) takes the gradient of the class's logit with
respect to the maps as weights, so it works for every convnet; on a CAM network the two agree up to a constant factor.
"""

from __future__ import annotations

import keras
import numpy as np
from keras import layers, ops

from utils.gradients import value_and_gradient


def class_activation_map(model: keras.Model, image: np.ndarray, class_index: int | None = None) -> np.ndarray:
    """CAM of one image: the last maps weighed with the dense weights of a class.

    Args:
        model: ends with global average pooling, (dropout,) one dense layer, and perhaps a softmax layer.
        image: (height, width, channels), in the range that ``model`` expects.
        class_index: None takes the likeliest class.

    Returns:
        (h, w) float32 at the resolution of the last maps; their mean plus the bias is the class's logit.

    Raises:
        ValueError: the model does not end so (use :func:`grad_cam` there), or has no such class.
    """
    pooling, dense = _ending(model)
    maps, output = keras.Model(model.inputs[0], [pooling.input, *model.outputs])(image[None], training=False)
    class_index = _chosen(class_index, output[0])
    weights = ops.convert_to_numpy(dense.kernel)[:, class_index]
    return (ops.convert_to_numpy(maps)[0] @ weights).astype(np.float32)


def _ending(model: keras.Model) -> tuple[keras.Layer, keras.Layer]:
    """The global average pooling layer and the one dense layer that follows it."""
    poolings = [layer for layer in model.layers if isinstance(layer, layers.GlobalAveragePooling2D)]
    after = model.layers[model.layers.index(poolings[-1]) + 1 :] if poolings else []
    dense = [layer for layer in after if isinstance(layer, layers.Dense)]
    harmless = (layers.Dense, layers.Dropout, layers.Softmax, layers.Activation)
    if len(dense) != 1 or any(not isinstance(layer, harmless) for layer in after):
        raise ValueError(
            f"A class activation map needs global average pooling and one dense layer at the end; {model.name!r} ends "
            "otherwise. Use grad_cam, which works for every convnet."
        )
    return poolings[-1], dense[0]


def grad_cam(logits: keras.Model, image: np.ndarray, layer: str, class_index: int | None = None) -> np.ndarray:
    """Grad-CAM of one image: maps weighed with the mean gradient of the class's logit, negative votes cut off.

    Args:
        logits: from (batch, height, width, channels) to logits; a softmax would flatten the gradient.
        image: (height, width, channels), in the range that the network expects.
        layer: name of the convolution (or activation) whose maps are weighed, usually the last.
        class_index: None takes the likeliest class.

    Returns:
        (h, w) float32, zero or positive.

    Raises:
        ValueError: there is no such layer or class, or the layer's output is no map.
    """
    return np.maximum(votes(logits, image, layer, class_index), 0)


def votes(logits: keras.Model, image: np.ndarray, layer: str, class_index: int | None = None) -> np.ndarray:
    """What each place says for a class, or, below zero, against it: Grad-CAM with its negative part, (h, w) float32.

    On a network that ends in a mean and one dense layer this is the class activation map, divided by its places.
    Arguments and errors as of :func:`grad_cam`.
    """
    maps, gradient = maps_and_gradient(logits, image, layer, class_index)
    return (maps @ gradient.mean(axis=(0, 1))).astype(np.float32)


def maps_and_gradient(
    logits: keras.Model, image: np.ndarray, layer: str, class_index: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """A layer's maps of one image, and the gradient of a class's logit with respect to them, (h, w, channels) both.

    Arguments and errors as of :func:`grad_cam`, which is made of the two.
    """
    maps, class_index = _maps_and_class(logits, image, layer, class_index)
    return maps, _gradient_at(logits, layer, maps, class_index)


def sensitivity(logits: keras.Model, image: np.ndarray, class_index: int) -> np.ndarray:
    """How strongly each pixel moves a class's logit, (height, width): length of its gradient over the colours."""
    _, gradient = value_and_gradient(lambda x: logits(x[None], training=False)[0, class_index], image)
    return np.sqrt((gradient**2).sum(axis=-1))


def with_random_weights(model: keras.Model, seed: int) -> keras.Model:
    """The same network with its trained kernels shuffled, each within itself (Adebayo et al. 2018).

    Each layer keeps the sizes of its weights and forgets what they look for; normalisation stays as it was trained.
    """
    rng = np.random.default_rng(seed)
    copy = keras.models.clone_model(model)
    shuffled = [rng.permutation(w.ravel()).reshape(w.shape) if w.ndim > 1 else w for w in model.get_weights()]
    copy.set_weights(shuffled)
    return copy


def _maps_and_class(logits, image, layer, class_index) -> tuple[np.ndarray, int]:
    output = logits.get_layer(layer).output
    if len(output.shape) != 4:
        raise ValueError(
            f"Layer {layer!r} returns shape {tuple(output.shape)}, not maps (batch, height, width, channels)."
        )
    maps, answer = keras.Model(logits.inputs[0], [output, *logits.outputs])(image[None], training=False)
    return ops.convert_to_numpy(maps)[0], _chosen(class_index, answer[0])


def _chosen(class_index: int | None, answer) -> int:
    """The class asked for, or the likeliest."""
    if class_index is None:
        return int(ops.argmax(answer))
    if not 0 <= class_index < answer.shape[-1]:
        raise ValueError(f"The network has classes 0 to {answer.shape[-1] - 1}; there is no class {class_index}.")
    return int(class_index)


def _gradient_at(logits: keras.Model, layer: str, maps: np.ndarray, class_index: int) -> np.ndarray:
    """Gradient of the class's logit with respect to the maps, (h, w, channels)."""
    rest = keras.Model(logits.get_layer(layer).output, logits.outputs[0])
    _, gradient = value_and_gradient(lambda x: rest(x[None], training=False)[0, class_index], maps)
    return gradient
