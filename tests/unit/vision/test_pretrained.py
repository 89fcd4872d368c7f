"""Pretrained networks: the input's rules, the way weights take from a server, the choice of `auto`, clear errors."""

from __future__ import annotations

import hashlib
import io
import sys
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from keras import layers
from keras.src.legacy.saving import legacy_h5_format
from PIL import Image

from utils.datasets import download, registry, store
from utils.datasets.archives import DataError
from utils.vision import architectures, pretrained
from utils.vision.pretrained import ImageNetModel, as_rgb, class_names, load_imagenet_model

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "datasets"))
from data_server import DataServer


def small_application(weights=None, input_tensor=None, classifier_activation="softmax"):
    """Takes the arguments that keras.applications' networks take, and ends like VGG16."""
    x = layers.Conv2D(3, 3, strides=4, activation="relu", name="block5_conv3")(input_tensor)
    x = layers.MaxPooling2D(8)(x)
    x = layers.Dense(6, activation="relu", name="fc2")(layers.Flatten()(x))
    outputs = layers.Dense(1000, activation=classifier_activation, name="predictions")(x)
    source = keras.utils.get_source_inputs(input_tensor)[0]
    model = keras.Model(source, outputs)
    if weights is not None:
        model.load_weights(weights)
    return model


@pytest.fixture
def small(monkeypatch):
    """The networks of keras.applications replaced by small ones that keep the real ones' rules for pixels."""
    rules = {
        name: pretrained._Rules(small_application, rule.preprocessing, "block5_conv3")
        for name, rule in pretrained._applications().items()
    }
    monkeypatch.setattr(pretrained, "_applications", lambda: rules)


def legacy_file(model: keras.Model) -> bytes:
    """Weights in the old HDF5 layout, which the official files have."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, model)
    return buffer.getvalue()


@pytest.fixture
def serve(tmp_path, empty_store, monkeypatch):
    """``serve(name, content)`` puts a weights file on a loopback server and registers it; the cache is empty."""
    server = DataServer()
    monkeypatch.setattr(download, "READ_SECONDS", 2.0)

    def register(network: str, content: bytes, how: str = "good") -> DataServer:
        server.files["weights.h5"] = content
        entry = {"name": "weights.h5", "title": "-", "size": len(content), "licence": "-", "citation": "-"}
        entry |= {"mirror": "weights.h5", "stand_in": "-", "keras": network, "notebooks": ["03"]}
        entry["sha256"] = hashlib.sha256(content).hexdigest()
        lines = [f"{key} = {value!r}" for key, value in entry.items()]
        lines += ["top = true", f'addresses = ["{server.address}/{how}/weights.h5"]']
        (tmp_path / "registry.toml").write_text("[[file]]\n" + "\n".join(lines), encoding="utf-8")
        registry._read_registry.cache_clear()
        return server

    yield register
    server.server.shutdown()
    server.server.server_close()


@pytest.fixture(scope="module")
def photo():
    return np.random.default_rng(0).integers(0, 256, (240, 300, 3), dtype=np.uint8)


# --- where weights come from ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["VGG16", "VGG19", "ResNet50", "MobileNetV2"])
def test_weights_travel_from_server_to_network_once(small, serve, photo, capsys, name):
    original = pretrained._build_application(name, None)
    server = serve(name, legacy_file(original.model))
    loaded = load_imagenet_model(name)
    assert name in capsys.readouterr().out
    assert "official" in loaded.origin
    np.testing.assert_allclose(loaded.predict(photo), original.predict(photo), atol=1e-6)
    requests = len(server.requests)
    load_imagenet_model(name.lower(), announce=False)
    assert len(server.requests) == requests  # now from the cache


@pytest.mark.parametrize(
    ("name", "features", "maps"),
    [
        ("VGG16", 4096, (14, 14, 512)),
        pytest.param("VGG19", 4096, (14, 14, 512), marks=pytest.mark.full),
        ("ResNet50", 2048, (7, 7, 2048)),
        pytest.param("MobileNetV2", 1280, (7, 7, 1280), marks=pytest.mark.full),
    ],
)
def test_the_real_networks_take_the_same_way(serve, photo, monkeypatch, name, features, maps):
    """Random weights in the official layout, from a loopback server; of VGG's wide layers a thin slice."""
    plan = architectures.blueprint(pretrained._build_application, name, None)
    assert plan.model.get_layer(plan.last_convolution).output.shape[1:] == maps
    assert plan.model.get_layer(plan.feature_layer).output.shape == (None, features)
    wide = keras.src.layers.Dense
    monkeypatch.setattr(keras.src.layers, "Dense", lambda units, **more: wide(16 if units == 4096 else units, **more))
    some = np.random.default_rng(0).normal(0, 0.01, 9973).astype(np.float32)  # drawing millions takes long
    monkeypatch.setattr(keras.initializers.GlorotUniform, "__call__", lambda self, shape, dtype: np.resize(some, shape))
    original = pretrained._build_application(name, None)
    serve(name, legacy_file(original.model))
    loaded = load_imagenet_model(name, announce=False)
    for old, new in zip(original.model.get_weights(), loaded.model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert loaded.features(photo).shape == (1, 16 if features == 4096 else features)
    assert loaded.predict(photo).shape == (1, 1000)


def test_auto_takes_vgg16_where_it_can_and_lite0_where_it_cannot(small, serve, monkeypatch, capsys):
    stand_in = ImageNetModel("EfficientNet-Lite0", 224, None, None, "head_act", "pool", "a package")
    stand_in.model = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    monkeypatch.setattr(pretrained, "_load_lite", lambda: stand_in)
    content = legacy_file(pretrained._build_application("VGG16", None).model)
    serve("VGG16", content, how="missing")
    assert load_imagenet_model("auto").name == "EfficientNet-Lite0"
    assert "EfficientNet-Lite0" in capsys.readouterr().out
    with pytest.raises(DataError, match="weights of VGG16 are not here"):
        load_imagenet_model("VGG16")
    monkeypatch.setattr(store, "_outcomes", {})
    serve("VGG16", content)
    assert load_imagenet_model("auto").name == "VGG16"


def test_a_file_that_holds_something_else_is_named(small, serve):
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file["something"] = np.zeros(3)
    serve("VGG16", buffer.getvalue())
    with pytest.raises(DataError, match=r"weights\.h5 holds no weights of VGG16"):
        load_imagenet_model("VGG16")


def test_unknown_names():
    with pytest.raises(ValueError, match="Unknown network 'AlexNet'"):
        load_imagenet_model("AlexNet")


# --- the rules of the input -------------------------------------------------------------------------------------------


def test_pixels_reach_each_network_as_it_was_trained(small):
    """Caffe's networks want blue, green, red minus their means; TensorFlow's want -1 to 1."""
    pixels = np.zeros((1, 224, 224, 3), dtype=np.float32)
    pixels[..., 0], pixels[..., 2] = 255.0, 51.0
    for name, expected in (("VGG16", [51 - 103.939, -116.779, 255 - 123.68]), ("MobileNetV2", [1.0, -1.0, -0.6])):
        network = pretrained._build_application(name, None)
        first = network.model.get_layer("block5_conv3").input
        seen = np.asarray(keras.Model(network.model.inputs[0], first)(pixels))
        np.testing.assert_allclose(seen[0, 5, 7], expected, atol=1e-3)


def test_logits_and_probabilities_are_one_network(small, photo):
    network = pretrained._build_application("VGG16", None)
    probabilities = network.predict([photo, photo[:, ::-1]], batch_size=1)
    assert probabilities.shape == (2, 1000)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    logits = np.asarray(network.logits(network.prepare([photo, photo[:, ::-1]])))
    softmax = np.exp(logits - logits.max(axis=1, keepdims=True))
    # One at a time or both at once sum in another order; random weights make logits of tens, so it shows.
    np.testing.assert_allclose(probabilities, softmax / softmax.sum(axis=1, keepdims=True), rtol=1e-3, atol=1e-6)
    assert network.features(photo).shape == (1, 6)
    with pytest.raises(ValueError, match="nowhere"):
        network.extractor("nowhere")


@pytest.fixture
def bare():
    return ImageNetModel("bare", 8, None, None, "", "")


def test_prepare_crops_the_middle_or_squeezes_the_whole(bare):
    wide = np.zeros((32, 64, 3), dtype=np.uint8)
    wide[:, 16:48] = 200  # the middle square is bright
    cropped, squeezed = bare.prepare(wide)[0], bare.prepare(wide, crop=False)[0]
    assert cropped.shape == squeezed.shape == (8, 8, 3)
    assert cropped.dtype == np.float32
    assert cropped.min() > 190
    assert squeezed[:, 0].max() < 20
    assert squeezed[:, 3:5].min() > 190
    exact = np.random.default_rng(0).uniform(0, 255, (8, 8, 3)).astype(np.float32)
    np.testing.assert_array_equal(bare.prepare(exact)[0], exact)  # a network's own size passes untouched


def test_grey_opacity_lists_and_pil(bare):
    grey = np.full((10, 12), 90, dtype=np.uint8)
    pictures = [grey, grey[..., None], np.dstack([grey] * 4), Image.fromarray(grey).convert("RGB")]
    prepared = bare.prepare(pictures)
    assert prepared.shape == (4, 8, 8, 3)
    np.testing.assert_allclose(prepared, 90, atol=0.5)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((4, 4, 2)), "shape"),
        (np.zeros((2, 4, 4, 3)), "shape"),
        (np.zeros((0, 4, 3)), "shape"),
        (np.full((4, 4, 3), 300.0), "0 to 255"),
        (np.full((4, 4, 3), -1.0), "0 to 255"),
        (np.full((4, 4, 3), np.nan), "0 to 255"),
        (np.full((4, 4, 3), 0.5), "scaled to 0..1"),
    ],
)
def test_what_is_no_image_is_refused(image, message):
    with pytest.raises(ValueError, match=message):
        as_rgb(image)


# --- classes ----------------------------------------------------------------------------------------------------------


def test_class_names_and_groups():
    names = class_names()
    assert len(names) == 1000
    assert "magpie" in names[18]
    assert "sea snake" in names[65]
    for index, word in ((281, "tabby"), (292, "tiger"), (151, "Chihuahua"), (275, "hunting dog")):
        assert word.lower() in names[index].lower()
    assert 281 in pretrained.CAT_CLASSES and 293 in pretrained.CAT_CLASSES and 294 not in pretrained.CAT_CLASSES
    assert 151 in pretrained.DOG_CLASSES and 275 in pretrained.DOG_CLASSES and 276 not in pretrained.DOG_CLASSES


def test_top(bare):
    probabilities = np.zeros((2, 1000), dtype=np.float32)
    probabilities[0, [7, 285, 3]] = 0.5, 0.3, 0.2
    probabilities[1, [9, 8, 200]] = 0.6, 0.3, 0.1
    top = bare.top(probabilities, 2)
    assert [[guess.index for guess in row] for row in top] == [[7, 285], [9, 8]]
    assert top[0][0].name == class_names()[7]
    assert top[0][1].probability == pytest.approx(0.3)
    assert bare.top(probabilities[0], 1)[0][0].index == 7
