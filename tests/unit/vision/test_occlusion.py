"""Occlusion: the definition done naively, both fast ways equal to it, borders, memory, refusals."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from utils.layers.blocks import residual_block
from utils.vision import occlusion, occlusion_incremental
from utils.vision.occlusion import CouplingError, occlusion_map


def plain_stack(size=(24, 20), pool=layers.MaxPooling2D, activation="relu"):
    """A small VGG: same and valid convolutions, strides, pooling, dropout, normalisation, flatten."""
    return keras.Sequential(
        [
            keras.Input((*size, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(4, 3, padding="same", activation=activation),
            layers.BatchNormalization(),
            layers.Conv2D(5, 3, padding="valid"),
            layers.Activation(activation),
            pool(2),
            layers.ZeroPadding2D(1),
            layers.Conv2D(6, 3, strides=2, padding="same", activation=activation),
            layers.Dropout(0.5),
            layers.DepthwiseConv2D(3, padding="same"),
            layers.Flatten(),
            layers.Dense(7, activation="softmax"),
        ]
    )


def naive(model, image, mask, corners, value, index):
    """The lecture's definition, one forward pass a position."""
    clean = model.predict_on_batch(image[None])[0, index]
    drops = []
    for top, left in corners:
        hidden = image.copy()
        hidden[max(0, top) : max(0, top + mask[0]), max(0, left) : max(0, left + mask[1])] = value
        drops.append(clean - model.predict_on_batch(hidden[None])[0, index])
    return np.array(drops)


@pytest.fixture(autouse=True)
def _seeded():
    keras.utils.set_random_seed(3)


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(0).uniform(0, 255, (24, 20, 3)).astype(np.float32)


@pytest.mark.parametrize("method", ["plain", "incremental"])
@pytest.mark.parametrize("borders", ["clip", "inside"])
@pytest.mark.parametrize(("mask", "stride"), [(6, 4), ((5, 8), (3, 7)), (1, 9), (20, 20)])
def test_both_ways_equal_the_definition(image, method, borders, mask, stride):
    model = plain_stack()
    result = occlusion_map(
        model,
        image,
        None,
        mask,
        stride,
        (10.0, 90.0, 200.0),
        borders=borders,
        batch_size=8,
        method=method,
        progress=False,
    )
    corners = [(top, left) for top in result.tops for left in result.lefts]
    expected = naive(model, image, result.mask, corners, (10.0, 90.0, 200.0), result.class_index)
    scale = np.ptp(expected)
    np.testing.assert_allclose(result.drop.ravel(), expected, atol=1e-4 * scale)
    assert result.method == method
    assert result.class_index == np.argmax(model.predict_on_batch(image[None])[0])


@pytest.mark.parametrize("pool", [layers.MaxPooling2D, layers.AveragePooling2D])
def test_incremental_with_every_pooling_and_activation(image, pool):
    model = plain_stack(pool=pool, activation="tanh")
    maps = [occlusion_map(model, image, 2, 5, 3, method=m, progress=False).drop for m in ("plain", "incremental")]
    np.testing.assert_allclose(maps[0], maps[1], atol=1e-4 * np.ptp(maps[0]))


def test_auto_takes_the_fast_way_where_it_can(image):
    assert occlusion_map(plain_stack(), image, mask=6, progress=False).method == "incremental"


def branching(kind):
    inputs = keras.Input((24, 20, 3))
    x = layers.Conv2D(4, 3, padding="same")(inputs)
    if kind == "squeeze":
        x = layers.Multiply(name="squeezing")([x, layers.GlobalAveragePooling2D(keepdims=True)(x)])
    elif kind == "residual":
        x = residual_block(x, 4, name="skipping")
    else:
        flat = layers.Reshape((24 * 20, 4))(x)
        x = layers.Reshape((24, 20, 4))(layers.MultiHeadAttention(1, 2, name="attending")(flat, flat))
    return keras.Model(inputs, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))


@pytest.mark.parametrize(("kind", "name"), [("squeeze", "squeezing"), ("residual", "skipping"), ("attention", "")])
def test_coupling_layers_are_refused_by_name_and_the_plain_way_serves(image, kind, name):
    model = branching(kind)
    with pytest.raises(CouplingError, match=f"Layer '.*{name}"):
        occlusion_map(model, image, mask=6, method="incremental", progress=False)
    result = occlusion_map(model, image, mask=6, method="auto", progress=False)
    assert result.method == "plain"
    assert np.isfinite(result.drop).all()


def test_a_nested_model_is_a_plain_stack_too(image):
    inner = keras.Sequential([keras.Input((24, 20, 3)), layers.Conv2D(3, 3), layers.MaxPooling2D(2)])
    inputs = keras.Input((24, 20, 3))
    model = keras.Model(inputs, layers.Dense(2)(layers.Flatten()(inner(inputs))))
    maps = [occlusion_map(model, image, 1, 5, 3, method=m, progress=False).drop for m in ("plain", "incremental")]
    np.testing.assert_allclose(maps[0], maps[1], atol=1e-4 * np.ptp(maps[0]))


def test_what_the_network_looks_at_is_found():
    """A "network" that answers with the brightness of one corner: only masks over that corner matter."""
    inputs = keras.Input((16, 16, 3))
    corner = layers.Cropping2D(((0, 12), (0, 12)))(inputs)
    model = keras.Model(inputs, layers.Lambda(lambda x: x)(layers.Flatten()(layers.GlobalAveragePooling2D()(corner))))
    image = np.full((16, 16, 3), 255.0)
    result = occlusion_map(model, image, 0, mask=4, stride=4, value=0.0, progress=False)
    assert result.drop[0, 0] == result.drop.max() > 0
    assert np.count_nonzero(np.abs(result.drop) > 1e-3) <= 4
    heat = result.heat()
    assert heat.shape == (16, 16)
    assert heat[1, 1] > 0
    assert heat[12, 12] == 0


def test_positions_cover_the_image():
    for borders in ("clip", "inside"):
        for length, mask, stride in [(224, 32, 8), (23, 5, 4), (10, 10, 3)]:
            hidden = np.zeros(length, dtype=bool)
            for start in occlusion.positions(length, mask, stride, borders):
                hidden[max(0, start) : start + mask] = True
            assert hidden.all()
    assert occlusion.positions(224, 32, 4, "inside").tolist()[-1] == 192


@pytest.mark.parametrize("batch_size", [1, 7, 64])
def test_incremental_batches_hold_every_position_once(image, batch_size):
    corners = np.array([(top, left) for top in range(-2, 20, 2) for left in range(14)])
    evaluate = occlusion_incremental.Incremental(plain_stack(), image, np.float32(0), (6, 6), batch_size)
    batches = evaluate.batches(corners)
    assert sorted(np.concatenate(batches)) == list(range(len(corners)))
    assert max(map(len, batches)) <= batch_size  # what bounds the memory
    # Positions at the border change less of the image; sorting them together makes patches smaller on average.
    area = [size[0] * size[1] for batch in batches for size in evaluate._patch_sizes(corners[batch])[-1:]]
    whole = evaluate._patch_sizes(corners)[-1]
    assert np.mean(area) <= whole[0] * whole[1]


def test_never_all_occluded_images_at_once(image, monkeypatch):
    model = plain_stack()
    largest = []
    original = model.predict_on_batch
    monkeypatch.setattr(model, "predict_on_batch", lambda x: largest.append(len(x)) or original(x))
    occlusion_map(model, image, mask=4, stride=1, batch_size=16, method="plain", progress=False)
    assert max(largest) == 16
    assert len(largest) > 20


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"mask": 0}, "mask must be"),
        ({"mask": 30}, "larger than the image"),
        ({"stride": (1, 2, 3)}, "stride must be"),
        ({"class_index": 7}, "no 7"),
        ({"method": "magic"}, "method is one of"),
    ],
)
def test_wrong_arguments_are_told(image, options, words):
    with pytest.raises(ValueError, match=words):
        occlusion_map(plain_stack(), image, **({"mask": 6, "progress": False} | options))


def test_wrong_image_is_told(image):
    with pytest.raises(ValueError, match="resize"):
        occlusion_map(plain_stack(), image[:20], mask=4)
    with pytest.raises(ValueError, match="one image"):
        occlusion_map(plain_stack(), image[None], mask=4)


def test_a_deletion_curve_paints_over_the_hottest_pixels_first():
    inputs = keras.Input((4, 4, 3))
    dense = layers.Dense(1)
    model = keras.Model(inputs, dense(layers.GlobalAveragePooling2D()(inputs)))
    dense.set_weights([np.ones((3, 1)), np.zeros(1)])
    picture = np.zeros((4, 4, 3), dtype=np.float32)
    picture[0] = 4.0  # one row in four holds all there is
    heat = np.arange(16.0)[::-1].reshape(4, 4)
    curve = occlusion.deletion_curve(model, picture, heat, 0, [0, 0.125, 0.25, 1], value=0)
    np.testing.assert_allclose(curve, [3, 1.5, 0, 0], atol=1e-6)
    late = occlusion.deletion_curve(model, picture, -heat, 0, [0, 0.5, 0.75, 1], value=0)
    np.testing.assert_allclose(late, [3, 3, 3, 0], atol=1e-6)
    with pytest.raises(ValueError, match="enlarge"):
        occlusion.deletion_curve(model, picture, heat[:2], 0, [0])
