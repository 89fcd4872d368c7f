"""Images that excite a unit most: gradient ascent from noise, with the tricks that make it legible (lesson 03).

Plain ascent finds adversarial noise: high frequencies that excite the unit and mean nothing to us. What helps, each a
switch of :class:`Ascent` so that a student sees what it buys: moving the image about between steps (jitter), letting
strong high frequencies fade (blur), and painting in Fourier space, where all scales are equally easy to change
(Olah, Mordvintsev & Schubert, Feature Visualization, Distill 2017; Yosinski et al. 2015).
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
        blur: standard deviation of the Gaussian blur applied every ``blur_every`` steps, pixels; 0 switches it off.
        blur_every: steps between blurs.
        fourier: paint in Fourier space with a 1/f scale instead of pixels.
        decay: part of the distance to mid-grey that is taken back each step (pixels only).
        seed: of the starting noise and the shifts.
    """

    steps: int = 128
    rate: float = 6.0
    jitter: int = 0
    blur: float = 0.0
    blur_every: int = 4
    fourier: bool = False
    decay: float = 0.0
    seed: int = 0


PLAIN = Ascent()
JITTERED = Ascent(jitter=8)
BLURRED = Ascent(jitter=8, blur=0.6, decay=0.01)
FOURIER = Ascent(jitter=8, fourier=True, rate=0.05)


def maximize_filters(
    model: keras.Model,
    layer: str,
    filters: Sequence[int],
    ascent: Ascent = FOURIER,
    size: int | None = None,
    progress: bool = True,
) -> np.ndarray:
    """For each filter the image that maximises its mean activation; all climb in one batch.

    Args:
        model: takes RGB from 0 to 255, (batch, height, width, 3).
        layer: a layer whose output is maps.
        filters: channels of that layer.
        size: side of the images, any; None takes the model's (224 where it takes any).

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
    part = up_to(model, layer)
    # Each image in the batch climbs its own filter: a one-hot row picks it.
    chosen = np.eye(maps.shape[-1], dtype=np.float32)[list(filters)]

    def objective(images):
        return ops.sum(ops.mean(part(images, training=False), axis=(1, 2)) * chosen, axis=-1)

    return climb(objective, len(filters), _side(model, size), ascent, progress)


def up_to(model: keras.Model, layer: str) -> keras.Model:
    """The network from its input to a layer with maps, for images of any size: a copy with the same weights.

    What makes networks insist on one size are dense layers at their end; convolutions and poolings take any.
    """
    part = keras.Model(model.inputs[0], model.get_layer(layer).output)
    free = keras.Input((None, None, model.inputs[0].shape[-1]))
    copy = keras.models.clone_model(part, input_tensors=free)
    copy.set_weights(part.get_weights())
    return copy


def maximize_class(
    logits: keras.Model, class_index: int, ascent: Ascent = FOURIER, size: int | None = None, progress: bool = True
) -> np.ndarray:
    """The image that maximises a class's logit, (size, size, 3) uint8.

    The logit, not the probability: a softmax can be raised by lowering all other classes, which draws nothing.

    Raises:
        ValueError: there is no such class.
    """
    if not 0 <= class_index < logits.outputs[0].shape[-1]:
        raise ValueError(f"The network has {logits.outputs[0].shape[-1]} classes; there is no {class_index}.")
    return climb(
        lambda images: logits(images, training=False)[:, class_index], 1, _side(logits, size), ascent, progress
    )[0]


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
    step = compiled_value_and_gradient(lambda painting: objective(canvas.to_images(painting)))
    painting = canvas.start(count, size, rng)
    moments = np.zeros((2, *painting.shape), dtype=np.float32)
    for number in tqdm(range(1, ascent.steps + 1), desc="ascent", disable=not progress):
        shift = rng.integers(-ascent.jitter, ascent.jitter + 1, size=2) if ascent.jitter else (0, 0)
        _, gradient = step(canvas.rolled(painting, shift))
        gradient = canvas.rolled(gradient, (-shift[0], -shift[1]))
        painting = painting + ascent.rate * adam_direction(gradient, moments, number)
        painting = canvas.regularise(painting, ascent, number)
    images = ops.convert_to_numpy(canvas.to_images(ops.convert_to_tensor(painting)))
    return np.clip(np.round(images), 0, 255).astype(np.uint8)


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
        return painting


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


def probability_under_shifts(
    model: keras.Model, image: np.ndarray, class_index: int, count: int = 32, largest: int = 24, seed: int = 0
) -> tuple[float, float]:
    """How robust a class is: mean and least probability over random shifts and crops of an image.

    Args:
        model: from (batch, size, size, 3) RGB from 0 to 255 to probabilities.
        image: (size, size, 3).
        count: number of variants.
        largest: crops take away up to this many pixels a side, then the rest is resized.
    """
    rng = np.random.default_rng(seed)
    size = image.shape[0]
    variants = []
    for _ in range(count):
        side = size - rng.integers(0, largest + 1)
        top, left = rng.integers(0, size - side + 1, size=2)
        crop = np.asarray(image, dtype=np.float32)[top : top + side, left : left + side]
        variants.append(ops.convert_to_numpy(ops.image.resize(crop[None], (size, size)))[0])
    probabilities = np.asarray(model.predict_on_batch(np.stack(variants)))[:, class_index]
    return float(probabilities.mean()), float(probabilities.min())
