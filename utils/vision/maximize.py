"""Images that excite a unit most: gradient ascent from noise, with the tricks that make it legible (lesson 03).

Plain ascent finds adversarial noise: high frequencies that excite the unit and mean nothing to us. What helps, each a
switch of :class:`Ascent` so that a student sees what it buys: moving the image about between steps (jitter), scaling
and turning it, letting strong high frequencies fade (blur), and painting in Fourier space, where all scales are equally
easy to change (Olah, Mordvintsev & Schubert, Feature Visualization, Distill 2017; Yosinski et al. 2015).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops
from scipy import ndimage
from tqdm.auto import tqdm

from utils.gradients import adam_direction, compiled_value_and_gradient


@dataclass(frozen=True)
class Ascent:
    """How to climb.

    Attributes:
        steps: number of gradient steps.
        rate: step size of Adam; pixels are counted from 0 to 255, Fourier coefficients from about -1 to 1.
        jitter: largest shift between steps, pixels; 0 switches it off.
        scale: before each step the image is enlarged by up to this fraction or reduced by as much; 0 switches it off.
        rotate: before each step it is turned by up to this many degrees, either way; 0 switches it off.
        blur: standard deviation of the Gaussian blur applied every ``blur_every`` steps, pixels; 0 switches it off.
        blur_every: steps between blurs.
        fourier: paint in Fourier space with a 1/f scale instead of pixels.
        decay: part of the distance to mid-grey (in Fourier space: of every wave) that is taken back each step.
        seed: of the starting noise and the shifts.
    """

    steps: int = 128
    rate: float = 6.0
    jitter: int = 0
    scale: float = 0.0
    rotate: float = 0.0
    blur: float = 0.0
    blur_every: int = 4
    fourier: bool = False
    decay: float = 0.0
    seed: int = 0


PLAIN = Ascent()
JITTERED = Ascent(jitter=8)
BLURRED = Ascent(jitter=8, blur=0.6, decay=0.01)
FOURIER = Ascent(jitter=8, fourier=True, rate=0.05)
# Olah et al.'s usual transformations, and waves that fade unless they are earned again: colours as photos have them.
TRANSFORMED = Ascent(steps=192, rate=0.03, jitter=16, scale=0.1, rotate=10, fourier=True, decay=0.01)


def maximize_filters(
    model: keras.Model,
    layer: str,
    filters: Sequence[int],
    ascent: Ascent = FOURIER,
    size: int | None = None,
    progress: bool = True,
    linear: bool = False,
) -> np.ndarray:
    """For each filter the image that maximises its mean activation; all climb in one batch.

    Args:
        model: takes RGB from 0 to 255, (batch, height, width, 3).
        layer: a layer whose output is maps.
        filters: channels of that layer.
        size: side of the images, any; None takes the model's (224 where it takes any).
        linear: climb the layer's answers before its ReLU, see :func:`up_to`.

    Returns:
        (filters, size, size, 3) uint8.

    Raises:
        ValueError: no such layer or filter.
    """
    if len(filters) == 0:
        raise ValueError("There is no filter to maximise; name at least one.")
    maps = model.get_layer(layer).output
    if len(maps.shape) != 4 or not all(0 <= index < maps.shape[-1] for index in filters):
        raise ValueError(f"Layer {layer!r} has output {tuple(maps.shape)}; filters {list(filters)} do not fit it.")
    part = up_to(model, layer, linear)
    # Each image in the batch climbs its own filter: a one-hot row picks it.
    chosen = np.eye(maps.shape[-1], dtype=np.float32)[list(filters)]

    def objective(images):
        return ops.sum(ops.mean(part(images, training=False), axis=(1, 2)) * chosen, axis=-1)

    return climb(objective, len(filters), _side(model, size), ascent, progress)


def up_to(model: keras.Model, layer: str, linear: bool = False) -> keras.Model:
    """The network from its input to a layer with maps, for images of any size: a copy with the same weights.

    What makes networks insist on one size are dense layers at their end; convolutions and poolings take any.

    Args:
        linear: stop before the layer's ReLU (or the layer that is one): a silent filter's gradient would be zero.
    """
    end = model.get_layer(layer)
    alone = isinstance(end, keras.layers.ReLU | keras.layers.Activation)
    part = keras.Model(model.inputs[0], end.input if linear and alone else end.output)
    free = keras.Input((None, None, model.inputs[0].shape[-1]))
    copy = keras.models.clone_model(part, input_tensors=free)
    copy.set_weights(part.get_weights())
    if linear and not alone and hasattr(end, "activation"):
        copy.layers[-1].activation = keras.activations.linear
    return copy


def maximize_class(
    logits: keras.Model, class_index: int, ascent: Ascent = FOURIER, size: int | None = None, progress: bool = True
) -> np.ndarray:
    """The image that maximises a class's logit, (size, size, 3) uint8; see :func:`maximize_classes`."""
    return maximize_classes(logits, [class_index], ascent, size, progress)[0]


def maximize_classes(
    logits: keras.Model,
    indices: Sequence[int],
    ascent: Ascent = FOURIER,
    size: int | None = None,
    progress: bool = True,
) -> np.ndarray:
    """For each class the image that maximises its logit; all climb in one batch, each from noise of its own.

    Args:
        logits: takes RGB from 0 to 255, (batch, height, width, 3); with a softmax at its end probabilities are climbed.
        indices: classes; the same one twice gives two climbs.
        size: side of the images; None takes the model's.

    Returns:
        (classes, size, size, 3) uint8.

    Raises:
        ValueError: there is no such class.
    """
    classes = logits.outputs[0].shape[-1]
    for index in indices:
        if not 0 <= index < classes:
            raise ValueError(f"The network has {classes} classes; there is no {index}.")
    chosen = np.eye(classes, dtype=np.float32)[list(indices)]

    def objective(images):
        return ops.sum(logits(images, training=False) * chosen, axis=-1)

    return climb(objective, len(indices), _side(logits, size), ascent, progress)


def _side(model: keras.Model, size: int | None) -> int:
    return size or model.inputs[0].shape[1] or 224


def climb(objective: Callable, count: int, size: int, ascent: Ascent, progress: bool = True) -> np.ndarray:
    """Gradient ascent on a batch of images, each on its own objective.

    Args:
        objective: from images (count, size, size, 3), float RGB from 0 to 255, to (count,) values, in Keras's ops.
        count, size: number and side of the images.

    Returns:
        (count, size, size, 3) uint8.
    """
    rng = np.random.default_rng(ascent.seed)
    canvas = _Fourier(size) if ascent.fourier else _Pixels()
    moving = ascent.scale > 0 or ascent.rotate > 0

    def height(painting, *transforms):
        images = canvas.to_images(painting)
        for transform in transforms:
            images = ops.image.affine_transform(images, transform, fill_mode="reflect")
        return objective(images)

    step = compiled_value_and_gradient(height)
    painting = canvas.start(count, size, rng)
    moments = np.zeros((2, *painting.shape), dtype=np.float32)
    for number in tqdm(range(1, ascent.steps + 1), desc="ascent", disable=not progress):
        shift = rng.integers(-ascent.jitter, ascent.jitter + 1, size=2) if ascent.jitter else (0, 0)
        transforms = [random_transforms(count, size, ascent, rng)] if moving else []
        _, gradient = step(canvas.rolled(painting, shift), *transforms)
        gradient = canvas.rolled(gradient, (-shift[0], -shift[1]))
        painting = painting + ascent.rate * adam_direction(gradient, moments, number)
        painting = canvas.regularise(painting, ascent, number)
    images = ops.convert_to_numpy(canvas.to_images(ops.convert_to_tensor(painting)))
    return np.clip(np.round(images), 0, 255).astype(np.uint8)


def random_transforms(count: int, size: int, ascent: Ascent, rng: np.random.Generator) -> np.ndarray:
    """A random scaling and turn about the centre for each image, (count, 8), as ops.image.affine_transform takes it."""
    angle = np.deg2rad(rng.uniform(-ascent.rotate, ascent.rotate, count))
    larger = (1 + ascent.scale) ** rng.uniform(-1, 1, count)
    cosine, sine, centre = np.cos(angle) / larger, np.sin(angle) / larger, (size - 1) / 2
    across = [cosine, -sine, centre * (1 - cosine + sine)]
    down = [sine, cosine, centre * (1 - sine - cosine)]
    return np.stack([*across, *down, 0 * angle, 0 * angle], axis=1).astype(np.float32)


class _Pixels:
    """The painting is the image."""

    def start(self, count: int, size: int, rng: np.random.Generator) -> np.ndarray:
        return (127.5 + 10 * rng.standard_normal((count, size, size, 3))).astype(np.float32)

    def to_images(self, painting):
        return painting

    def rolled(self, painting: np.ndarray, shift) -> np.ndarray:
        return np.roll(painting, shift, axis=(1, 2))

    def regularise(self, painting: np.ndarray, ascent: Ascent, number: int) -> np.ndarray:
        painting = 127.5 + (1 - ascent.decay) * (painting - 127.5)
        if ascent.blur and number % ascent.blur_every == 0:
            painting = ndimage.gaussian_filter(painting, (0, ascent.blur, ascent.blur, 0))
        return np.clip(painting, 0, 255).astype(np.float32)


class _Fourier:
    """The painting is a spectrum: cosine and sine coefficients of each colour, so that a step changes whole waves.

    Coefficients are scaled by 1/f as the spectra of photos are; a sigmoid keeps pixels inside 0 to 255; colours are
    mixed as they go together in photos (the square root of their covariance on ImageNet, from the Lucid library).
    """

    COLORS = np.array([[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]], dtype=np.float32)

    def __init__(self, size: int):
        frequency = np.sqrt(np.fft.fftfreq(size)[:, None] ** 2 + np.fft.rfftfreq(size)[None] ** 2)
        self.size = size
        self.scale = (1 / np.maximum(frequency, 1 / size)).astype(np.float32) * size / 4
        self.mixing = self.COLORS / np.linalg.norm(self.COLORS, axis=0).max()

    def start(self, count: int, size: int, rng: np.random.Generator) -> np.ndarray:
        return (0.01 * rng.standard_normal((count, 2, 3, *self.scale.shape))).astype(np.float32)

    def to_images(self, painting):
        real, imaginary = painting[:, 0] * self.scale, painting[:, 1] * self.scale
        pixels = _irfft2(real, imaginary, self.size)
        pixels = ops.transpose(pixels, (0, 2, 3, 1)) @ ops.convert_to_tensor(self.mixing.T)
        return 255 * ops.sigmoid(4 * pixels)

    def rolled(self, painting: np.ndarray, shift) -> np.ndarray:
        """Shifting an image turns the phase of each wave; its gradient turns back alike."""
        if not np.any(shift):
            return painting
        turn = shift[0] * np.fft.fftfreq(self.size)[:, None] + shift[1] * np.fft.rfftfreq(self.size)[None]
        spectrum = (painting[:, 0] + 1j * painting[:, 1]) * np.exp(-2j * np.pi * turn)
        return np.stack([spectrum.real, spectrum.imag], axis=1).astype(np.float32)

    def regularise(self, painting: np.ndarray, ascent: Ascent, number: int) -> np.ndarray:
        return (1 - ascent.decay) * painting


def _irfft2(real, imaginary, size: int):
    """Inverse real Fourier transform of the last two axes, as two products with cosine and sine matrices.

    Written with matrices because Keras's backends do not all offer (or differentiate) the transform itself; at 224
    pixels the products cost less than one convolution.
    """
    rows = 2 * np.pi * np.outer(np.arange(size), np.arange(size)) / size
    columns = 2 * np.pi * np.outer(np.arange(size // 2 + 1), np.arange(size)) / size
    # A real signal's negative frequencies mirror the positive ones, so all but the first (and last) count twice.
    twice = np.full((size // 2 + 1, 1), 2.0)
    twice[0] = 1.0
    if size % 2 == 0:
        twice[-1] = 1.0
    cos_rows, sin_rows = (ops.convert_to_tensor(f(rows).astype(np.float32) / size) for f in (np.cos, np.sin))
    cos_columns, sin_columns = (
        ops.convert_to_tensor((f(columns) * twice).astype(np.float32)) for f in (np.cos, np.sin)
    )
    after_rows_real = cos_rows @ real - sin_rows @ imaginary
    after_rows_imaginary = sin_rows @ real + cos_rows @ imaginary
    return (after_rows_real @ cos_columns - after_rows_imaginary @ sin_columns) / size


def random_crops(image: np.ndarray, count: int = 32, largest: int = 24, seed: int = 0) -> np.ndarray:
    """Random crops of a square image, each resized to its size: (count, size, size, 3) float32.

    Args:
        image: (size, size, 3).
        largest: crops take away up to this many pixels a side.
    """
    rng = np.random.default_rng(seed)
    size, crops = image.shape[0], []
    for _ in range(count):
        side = size - rng.integers(0, largest + 1)
        top, left = rng.integers(0, size - side + 1, size=2)
        crop = np.asarray(image, dtype=np.float32)[top : top + side, left : left + side]
        crops.append(ops.convert_to_numpy(ops.image.resize(crop[None], (size, size)))[0])
    return np.stack(crops)


def probability_under_shifts(
    model: keras.Model, image: np.ndarray, class_index: int, count: int = 32, largest: int = 24, seed: int = 0
) -> tuple[float, float]:
    """How robust a class is: mean and least probability over :func:`random_crops` of an image.

    Args:
        model: from (batch, size, size, 3) RGB from 0 to 255 to probabilities.
    """
    variants = random_crops(image, count, largest, seed)
    probabilities = np.asarray(model.predict_on_batch(variants))[:, class_index]
    return float(probabilities.mean()), float(probabilities.min())


def recognised(
    model: keras.Model, image: np.ndarray, class_index: int, count: int = 32, largest: int = 84, seed: int = 0
) -> float:
    """In which share of :func:`random_crops` the class is the network's first answer, 0 to 1."""
    answers = np.asarray(model.predict_on_batch(random_crops(image, count, largest, seed)))
    return float((answers.argmax(axis=1) == class_index).mean())


def fine_share(image: np.ndarray, longest: float = 4.0) -> float:
    """How much of an image's contrast lies in waves of at most ``longest`` pixels, 0 to 1: much in noise.

    Args:
        image: (height, width, channels), any range.
    """
    values = np.asarray(image, dtype=np.float64)
    power = (np.abs(np.fft.fft2(values - values.mean(axis=(0, 1)), axes=(0, 1))) ** 2).sum(axis=-1)
    frequency = np.hypot(*np.meshgrid(*(np.fft.fftfreq(side) for side in power.shape), indexing="ij"))
    return float(power[frequency >= 1 / longest].sum() / power.sum())
