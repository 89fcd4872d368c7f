"""What a network sees of one image, layer by layer, and the filters themselves as pictures (lesson 03)."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers, ops
from scipy import sparse


def map_layers(model: keras.Model) -> list[str]:
    """Names of the layers whose outputs are maps (batch, height, width, channels), input to output."""
    return [
        layer.name
        for layer in model.layers
        if not isinstance(layer, layers.InputLayer) and len(getattr(layer.output, "shape", ())) == 4
    ]


def feature_maps(model: keras.Model, image: np.ndarray, names: Sequence[str] | None = None) -> dict[str, np.ndarray]:
    """Outputs of several layers on one image, computed in one pass.

    Args:
        model: takes (batch, height, width, channels).
        image: (height, width, channels), in the range that ``model`` expects.
        names: layers; None takes all of :func:`map_layers`.

    Returns:
        Name to (h, w, channels) float32.

    Raises:
        ValueError: a layer does not exist (Keras names the ones that do).
    """
    names = list(map_layers(model) if names is None else names)
    tapped = keras.Model(model.inputs[0], [model.get_layer(name).output for name in names])
    outputs = tapped(image[None], training=False)
    return {name: ops.convert_to_numpy(output)[0] for name, output in zip(names, outputs)}


def varied_channels(maps: np.ndarray, count: int = 8) -> np.ndarray:
    """Channels to show of (h, w, channels): among those that answer, from the strongest down in even steps."""
    answers = maps.max(axis=(0, 1)) * (maps.std(axis=(0, 1)) > 0)
    order = np.argsort(-answers)[: np.count_nonzero(answers > 0)]
    return order[:: max(1, len(order) // (2 * count))][:count]


def filters_as_images(layer: keras.layers.Conv2D) -> np.ndarray:
    """First-layer filters as pictures: (filters, height, width, 1 or 3) float32 between 0 and 1.

    Each filter is stretched on its own around mid-grey, so that 0.5 is a weight of zero and colours keep their balance.

    Raises:
        ValueError: the filters have neither one nor three input channels, so they are no pictures.
    """
    kernel = np.moveaxis(ops.convert_to_numpy(layer.kernel), -1, 0)
    if kernel.shape[-1] not in (1, 3):
        raise ValueError(
            f"Filters of {layer.name!r} have {kernel.shape[-1]} channels; only 1 or 3 can be shown as pictures."
        )
    return stretch_around_grey(kernel)


def stretch_around_grey(filters: np.ndarray) -> np.ndarray:
    """Scale each filter (first axis) so that its largest weight, either sign, reaches 0 or 1; zero stays at 0.5."""
    largest = np.abs(filters).reshape(len(filters), -1).max(axis=1).reshape(-1, *[1] * (filters.ndim - 1))
    return (0.5 + 0.5 * filters / np.maximum(largest, 1e-12)).astype(np.float32)


def colour_share(filters: np.ndarray) -> np.ndarray:
    """How much of each filter compares colours, (count,): 0 looks at brightness alone, 1 at colours alone.

    Args:
        filters: (count, height, width, 3). What the three colours have in common is brightness; the rest is colour.
    """
    brightness = filters.mean(axis=-1, keepdims=True)
    return ((filters - brightness) ** 2).sum(axis=(1, 2, 3)) / (filters**2).sum(axis=(1, 2, 3))


def wave_share(filters: np.ndarray) -> np.ndarray:
    """How far each filter is one wave, (count,): share of its power at its strongest frequency and the ones beside it.

    Args:
        filters: (count, height, width, channels); channels are averaged. Edges and bars reach a half and more, noise
            of 16 x 16 pixels about a sixth.
    """
    power = np.abs(np.fft.fft2(filters.mean(axis=-1), axes=(1, 2))) ** 2
    height, width = power.shape[1:]
    near = sum(np.roll(power, (y, x), axis=(1, 2)) for y in (-1, 0, 1) for x in (-1, 0, 1))
    # A real filter's spectrum is its own mirror image: the strongest place and its mirror are one wave.
    best = near.reshape(len(near), -1).argmax(axis=1)
    rows, columns = best // width, best % width
    marked = np.zeros_like(power, dtype=bool)
    for y in (-1, 0, 1):
        for x in (-1, 0, 1):
            marked[np.arange(len(power)), (rows + y) % height, (columns + x) % width] = True
            marked[np.arange(len(power)), (-rows - y) % height, (-columns - x) % width] = True
    return (power * marked).sum(axis=(1, 2)) / power.sum(axis=(1, 2))


def learn_filter_bank(
    images: Sequence[np.ndarray],
    count: int = 256,
    size: int = 16,
    patches: int = 20_000,
    seed: int = 0,
    rounds: int = 15,
) -> np.ndarray:
    """A bank of filters learned from patches of photos, without labels: whitened k-means (Coates & Ng 2012).

    Patches are normalised for contrast and whitened (ZCA), then clustered by direction ("spherical" k-means); the
    centres come out as oriented edges, bars and, in colour, opponent blobs, as in the first layers of convnets.

    Args:
        images: uint8 or float, grey (height, width) or colour (height, width, 3), each at least ``size`` pixels a side.
        count: number of filters.
        size: side of a filter, pixels.
        patches: number of patches to learn from; at least ten times ``count`` is sensible.
        rounds: of k-means; 0 learns nothing and gives the noise that it starts from, whitened like a learned bank.

    Returns:
        (count, size, size, channels) float32, sorted by how many patches each filter stands for.

    Raises:
        ValueError: no image is large enough, or there are fewer patches than filters.
    """
    if patches < count:
        raise ValueError(f"{patches} patches cannot make {count} filters; take at least {10 * count}.")
    rng = np.random.default_rng(seed)
    data = sample_patches(images, size, patches, rng)
    shape = data.shape[1:]
    data = data.reshape(len(data), -1)
    data -= data.mean(axis=1, keepdims=True)
    data /= np.sqrt(data.var(axis=1, keepdims=True) + 10.0)
    whitened, whitener = _whiten(data)
    centres, weights = _spherical_kmeans(whitened, count, rng, rounds)
    # A centre lives in whitened space; as a filter on pixels it is whitened once more.
    order = np.argsort(-weights)
    return (centres[order] @ whitener).reshape(count, *shape).astype(np.float32)


def sample_patches(images: Sequence[np.ndarray], size: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """Random patches, (count, size, size, channels) float32, from images that are large enough."""
    usable = [np.asarray(image) for image in images if min(np.shape(image)[:2]) >= size]
    if not usable:
        raise ValueError(f"No image is at least {size} pixels high and wide.")
    usable = [image[..., None] if image.ndim == 2 else image for image in usable]
    if len({image.shape[-1] for image in usable}) > 1:
        raise ValueError("The images are mixed, grey and colour; make them all one or the other.")
    result = np.empty((count, size, size, usable[0].shape[-1]), dtype=np.float32)
    for patch in result:
        image = usable[rng.integers(len(usable))]
        top, left = (rng.integers(length - size + 1) for length in image.shape[:2])
        patch[:] = image[top : top + size, left : left + size]
    return result


def _whiten(data: np.ndarray, epsilon: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """ZCA: the rotation of the data closest to itself in which all directions have equal variance."""
    values, vectors = np.linalg.eigh(np.cov(data - data.mean(axis=0), rowvar=False))
    # epsilon is relative: weak directions are noise and must not be blown up.
    whitener = (vectors / np.sqrt(np.maximum(values, 0) + epsilon * values.mean())) @ vectors.T
    return (data - data.mean(axis=0)) @ whitener, whitener


def _spherical_kmeans(data: np.ndarray, count: int, rng: np.random.Generator, rounds: int):
    """Unit vectors that stand for groups of patches, and how much each stands for (Coates & Ng 2012, section 2)."""
    centres, weights = rng.standard_normal((count, data.shape[1])).astype(np.float32), np.zeros(count)
    for _ in range(rounds):
        centres /= np.linalg.norm(centres, axis=1, keepdims=True) + 1e-8
        scores = data @ centres.T
        best = np.abs(scores).argmax(axis=1)
        strength = scores[np.arange(len(data)), best]
        # The damped sum keeps a centre where few patches pull at it.
        joined = sparse.csr_array((strength, (best, np.arange(len(data)))), shape=(count, len(data)))
        centres += joined @ data
        weights = np.bincount(best, weights=np.abs(strength), minlength=count)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    return centres, weights
