"""Class activation maps: by hand, their relation to Grad-CAM, and refusals."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from utils.vision.cam import class_activation_map, grad_cam, maps_and_gradient, sensitivity, votes, with_random_weights


def averaging_network(softmax: bool = False) -> keras.Model:
    """Convolutions, global average, (dropout,) one dense layer: what CAM asks for."""
    keras.utils.set_random_seed(5)
    stack = [
        keras.Input((12, 10, 3)),
        layers.Conv2D(4, 3, strides=2, padding="same", activation="relu"),
        layers.Conv2D(6, 3, padding="same", name="last"),
        layers.ReLU(name="last_relu"),
        layers.GlobalAveragePooling2D(),
        layers.Dropout(0.5),
        layers.Dense(5, bias_initializer="normal"),
    ]
    return keras.Sequential([*stack, layers.Softmax()] if softmax else stack)


@pytest.fixture
def image():
    return np.random.default_rng(1).uniform(0, 1, (12, 10, 3)).astype(np.float32)


def test_mean_of_the_map_and_bias_is_the_logit(image):
    model = averaging_network()
    logits = model.predict_on_batch(image[None])[0]
    for index in range(5):
        cam = class_activation_map(model, image, index)
        assert cam.shape == (6, 5)
        assert cam.dtype == np.float32
        bias = float(np.asarray(model.layers[-1].bias)[index])
        np.testing.assert_allclose(cam.mean() + bias, logits[index], atol=1e-5)


def test_without_a_class_the_likeliest_is_taken(image):
    model = averaging_network(softmax=True)
    best = int(model.predict_on_batch(image[None]).argmax())
    np.testing.assert_array_equal(class_activation_map(model, image), class_activation_map(model, image, best))


def test_grad_cam_is_the_positive_part_of_cam_up_to_a_factor(image):
    model = averaging_network()
    for index in range(5):
        cam = class_activation_map(model, image, index)
        places = cam.size  # the mean's gradient is 1 / places everywhere
        np.testing.assert_allclose(
            grad_cam(model, image, "last_relu", index), np.maximum(cam, 0) / places, atol=1e-6, rtol=1e-4
        )


def test_grad_cam_serves_networks_that_cam_refuses(image):
    keras.utils.set_random_seed(2)
    model = keras.Sequential(
        [
            keras.Input((12, 10, 3)),
            layers.Conv2D(4, 3, activation="relu", name="maps"),
            layers.Flatten(),
            layers.Dense(8, activation="relu"),
            layers.Dense(3),
        ]
    )
    with pytest.raises(ValueError, match="grad_cam"):
        class_activation_map(model, image)
    cam = grad_cam(model, image, "maps")
    assert cam.shape == (10, 8)
    assert (cam >= 0).all()
    assert cam.max() > 0


def test_grad_cam_passes_through_skips(image):
    inputs = keras.Input((12, 10, 3))
    x = layers.Conv2D(4, 3, padding="same", name="trunk")(inputs)
    y = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    x = layers.Add()([x, y])
    model = keras.Model(inputs, layers.Dense(2)(layers.Flatten()(x)))
    assert grad_cam(model, image, "trunk", 1).shape == (12, 10)


def test_refuses_what_has_no_maps(image):
    model = averaging_network()
    with pytest.raises(ValueError, match="not maps"):
        grad_cam(model, image, model.layers[-1].name)
    with pytest.raises(ValueError, match="nowhere"):
        grad_cam(model, image, "nowhere")
    with pytest.raises(ValueError, match="no class 5"):
        class_activation_map(model, image, 5)
    with pytest.raises(ValueError, match="no class -1"):
        grad_cam(model, image, "last", -1)


def test_maps_and_gradient_are_what_grad_cam_is_made_of(image):
    model = averaging_network()
    maps, gradient = maps_and_gradient(model, image, "last_relu", 3)
    assert maps.shape == gradient.shape == (6, 5, 6)
    ours = np.maximum(maps @ gradient.mean(axis=(0, 1)), 0)
    np.testing.assert_allclose(grad_cam(model, image, "last_relu", 3), ours, atol=1e-6)


def test_sensitivity_is_the_length_of_the_gradient():
    weights = np.array([[1.0, -2.0], [2.0, 0.0], [-2.0, 0.0]], dtype=np.float32)  # colours x classes
    inputs = keras.Input((4, 4, 3))
    dense = layers.Dense(2)
    model = keras.Model(inputs, dense(layers.GlobalAveragePooling2D()(inputs)))
    dense.set_weights([weights, np.zeros(2, dtype=np.float32)])
    picture = np.ones((4, 4, 3), dtype=np.float32)
    np.testing.assert_allclose(sensitivity(model, picture, 0), np.full((4, 4), 3 / 16), rtol=1e-5)
    np.testing.assert_allclose(sensitivity(model, picture, 1), np.full((4, 4), 2 / 16), rtol=1e-5)


def test_random_weights_are_the_trained_ones_in_another_order(image):
    model = averaging_network()
    before = [w.copy() for w in model.get_weights()]
    other = with_random_weights(model, 3)
    for trained, shuffled, now in zip(before, other.get_weights(), model.get_weights()):
        np.testing.assert_array_equal(trained, now)
        np.testing.assert_allclose(np.sort(trained, axis=None), np.sort(shuffled, axis=None))
        assert np.array_equal(trained, shuffled) == (trained.ndim == 1)
    assert not np.allclose(model.predict_on_batch(image[None]), other.predict_on_batch(image[None]))


def test_votes_are_the_class_activation_map_divided_by_its_places(image):
    model = averaging_network()
    cam = class_activation_map(model, image, 2)
    np.testing.assert_allclose(votes(model, image, "last_relu", 2), cam / cam.size, atol=1e-6, rtol=1e-4)
