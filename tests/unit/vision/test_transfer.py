"""Transfer learning: photos and their errors, holding out, the cache, the split, the head, frozen normalisation."""

from __future__ import annotations

import ast
import dataclasses
from pathlib import Path

import keras
import nbformat
import numpy as np
import pytest
from keras import layers
from PIL import Image

from utils import runtime
from utils.layers.blocks import conv_bn, mbconv
from utils.layers.schedule import one_cycle
from utils.vision import fine_tuning, from_scratch, pretrained, transfer
from utils.vision.photos import PhotoError, open_photo
from utils.vision.pretrained import ImageNetModel


def small_network(name: str = "EfficientNet-Lite0") -> ImageNetModel:
    """Built like EfficientNet-Lite0, a thousandth of its work."""
    keras.utils.set_random_seed(1)
    inputs = keras.Input((32, 32, 3), name="image")
    x = layers.Rescaling(1 / 128, -1.0)(inputs)
    x = conv_bn(x, 6, 3, 4, activation="relu6", name="stem")
    x = mbconv(x, 6, expansion=2, name="block13")
    x = mbconv(x, 6, expansion=2, name="block14")
    x = conv_bn(x, 10, 1, activation="relu6", name="head")
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    logits = keras.Model(inputs, layers.Dense(7, name="logits")(x))
    model = keras.Model(inputs, layers.Softmax()(logits.output))
    return ImageNetModel(name, 32, model, logits, "head_act", "pool", "random weights")


@pytest.fixture(scope="module")
def network():
    return small_network()


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Eight files: bright ones count as dogs."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    paths, labels = [], np.array([0, 0, 0, 0, 1, 1, 1, 1])
    for number, label in enumerate(labels):
        pixels = rng.integers(0, 100, (30 + number, 45, 3)) + 130 * label
        paths.append(folder / f"{number}.png")
        Image.fromarray(pixels.astype(np.uint8)).save(paths[-1])
    return paths, labels


# --- from scratch -----------------------------------------------------------------------------------------------------

TINY = from_scratch.Recipe(size=32, small_size=24, filters=(4, 8), epochs=6, batch_size=8, rate=1e-2, zoom=0.1)


def test_augmentation_acts_in_training_only():
    x = np.random.default_rng(0).uniform(0, 255, (4, 32, 32, 3)).astype(np.float32)
    augment = from_scratch.augmentation(TINY, seed=1)
    np.testing.assert_array_equal(np.asarray(augment(x, training=False)), x)
    changed = np.asarray(augment(x, training=True))
    assert changed.shape == x.shape
    assert np.abs(changed - x).mean() > 5
    assert 0 <= changed.min() <= changed.max() <= 255


def test_from_scratch_learns_the_obvious_and_repeats():
    rng = np.random.default_rng(0)
    labels = np.tile([0, 1], 20)
    pixels = (rng.integers(0, 100, (40, 32, 32, 3)) + 120 * labels[:, None, None, None]).astype(np.uint8)
    model, history = from_scratch.train_scratch(pixels, labels, TINY, seed=3, validation=(pixels[:8], labels[:8]))
    assert len(history["val_accuracy"]) == TINY.epochs
    logits = from_scratch.predict_mirrored(model, pixels, batch_size=16)
    assert logits.shape == (40,)
    assert transfer.accuracy(logits, labels) > 0.9
    mirrored = from_scratch.predict_mirrored(model, pixels[:, :, ::-1], batch_size=16)
    np.testing.assert_allclose(logits, mirrored, atol=1e-4)
    again, _ = from_scratch.train_scratch(pixels, labels, TINY, seed=3)
    np.testing.assert_allclose(from_scratch.predict_mirrored(again, pixels), logits, atol=0.05)


def test_mixed_photos_carry_the_labels_of_what_is_in_them():
    recipe = dataclasses.replace(TINY, mixing=0.4)
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 44).astype(np.float32)[:, None]
    pixels = np.broadcast_to(100 * labels[..., None, None] + 50, (44, 6, 6, 3)).astype(np.uint8)  # a photo is its label
    batches = from_scratch.MixedPhotos(pixels, labels, recipe, seed=1)
    assert len(batches) == 5
    order = batches.order
    seen = [batches[i] for i in range(len(batches))]
    for photos, targets in seen:
        assert photos.shape == (8, 6, 6, 3) and targets.shape == (8, 1)
        np.testing.assert_allclose(photos[:, 0, 0], np.repeat(100 * targets + 50, 3, axis=1), rtol=1e-5)
    targets = np.concatenate([targets for _, targets in seen])
    assert np.any((targets > 0.05) & (targets < 0.95)), "nothing is mixed"
    assert np.array_equal(targets > 0.5, labels[order[:40]] > 0.5), "the larger share is the photo's own"
    batches.on_epoch_end()
    assert not np.array_equal(batches.order, order)


def test_from_scratch_learns_from_mixtures_too():
    labels = np.tile([0, 1], 20)
    pixels = np.broadcast_to(120 * labels[:, None, None, None] + 40, (40, 32, 32, 3)).astype(np.uint8)
    recipe = dataclasses.replace(TINY, mixing=0.3)
    model, history = from_scratch.train_scratch(pixels, labels, recipe, seed=3)
    assert len(history["loss"]) == recipe.epochs
    assert transfer.accuracy(from_scratch.predict_mirrored(model, pixels), labels) > 0.9


def lesson(**given) -> dict:
    """What the lesson's cells define, executed with the names they use."""
    path = Path(__file__).parents[3] / "notebooks" / "04_transfer_learning_cats_vs_dogs.ipynb"
    code = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    nodes = [node for source in code for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    space = {"keras": keras, "layers": layers, "np": np, "conv_bn": conv_bn}
    space |= {"one_cycle": one_cycle, "transfer": transfer, "test_labels": None} | given
    exec(compile(ast.Module(nodes, []), str(path), "exec"), space)
    return space


def test_the_network_that_the_lesson_writes_is_the_one_of_the_ledger():
    cells, recipe = lesson(learn=range(80), epochs=5), from_scratch.Recipe()
    ours, theirs = from_scratch.scratch_convnet(), cells["compiled"](cells["convnet"](), 5)
    assert [weight.shape for weight in ours.get_weights()] == [weight.shape for weight in theirs.get_weights()]
    assert "augmentation" not in [layer.name for layer in cells["convnet"](augment=False).layers]

    def settings(model):
        layers_of = model.get_layer("augmentation").layers
        return [{k: v for k, v in layer.get_config().items() if k not in ("name", "seed")} for layer in layers_of]

    assert settings(ours) == settings(theirs)
    schedule, wanted = theirs.optimizer._learning_rate, one_cycle(recipe.rate, 10)
    assert schedule.get_config() == wanted.get_config()
    assert theirs.optimizer.weight_decay == recipe.weight_decay
    assert theirs.loss.label_smoothing == recipe.smoothing


def test_the_head_that_the_lesson_writes_is_the_one_of_the_ledger():
    rng = np.random.default_rng(0)
    features, labels = rng.normal(size=(40, 2, 6)).astype(np.float32), np.tile([0, 1], 20)
    targets = labels[:, None].astype("float32")
    seen = transfer.FrozenFeatures(np.zeros((40, 2, 1, 1, 1)), features)
    cells = lesson(train_seen=seen, targets=targets)
    runtime.seed_everything(1)
    head = cells["train_head"](np.arange(40), 1e-2, epochs=3)
    ours = transfer.train_head(features, labels, 1e-2, epochs=3, seed=1)
    np.testing.assert_allclose(cells["head_logits"](head, features), ours.logits(features), atol=2e-3)


def test_labels_become_a_column():
    assert from_scratch.as_column(np.array([0, 1, 1])).shape == (3, 1)
    assert transfer.accuracy(np.array([1.0, -1.0, 2.0]), np.array([1, 0, 0])) == pytest.approx(2 / 3)


# --- looking once -----------------------------------------------------------------------------------------------------


def test_lower_and_upper_part_together_are_the_network(network):
    x = np.random.default_rng(0).uniform(0, 255, (3, 32, 32, 3)).astype(np.float32)
    lower, upper = transfer.split_network(network)
    together = upper.predict_on_batch(np.asarray(lower.predict_on_batch(x)))
    np.testing.assert_allclose(np.asarray(together), network.features(x), atol=1e-5)


def test_where_a_network_is_cut(network):
    assert transfer.split_layer(network) == "block13_add"
    assert transfer.split_layer(network, "block14_add") == "block14_add"
    with pytest.raises(ValueError, match=r"has no layer .block99_add.; name one .* block14_add"):
        transfer.split_network(network, "block99_add")
    with pytest.raises(ValueError, match="The course has no cut of MyNet; name one of its layers"):
        transfer.split_network(small_network("MyNet"))
    with pytest.raises(ValueError, match="MobileNetV2 has no layer 'block_14_add'"):
        transfer.extract_features(small_network("MobileNetV2"), [])


def test_the_old_classifier_reads_the_features(network):
    x = np.random.default_rng(0).uniform(0, 255, (3, 32, 32, 3)).astype(np.float32)
    kernel, bias = network.classifier()
    logits = np.asarray(network.logits.predict_on_batch(x))
    np.testing.assert_allclose(network.features(x) @ kernel + bias, logits, atol=1e-4)


@pytest.mark.parametrize("name", ["MobileNetV2", "ResNet50", "VGG16"])
def test_other_networks_have_a_cut_and_a_classifier(name):
    other = pretrained._build_application(name, None)
    kernel, bias = other.classifier()
    lower, upper = transfer.split_network(other)
    assert upper.output_shape[-1] == kernel.shape[0] and bias.shape == (1000,)
    assert len(lower.output_shape) == 4 and lower.count_params() > 0 < upper.count_params()


def test_a_head_refuses_features_it_was_not_fitted_to(network, tmp_path):
    head = transfer.Head(np.ones(10, np.float32), 0.0, "EfficientNet-Lite0")
    assert transfer.Head.load(head.save(tmp_path / "head.npz")).network == "EfficientNet-Lite0"
    transfer.CatDogClassifier(network, head)
    transfer.CatDogClassifier(small_network("MyNet"), transfer.Head(np.ones(10, np.float32), 0.0))
    # The same number of features, and nonsense all the same.
    with pytest.raises(ValueError, match="fitted to the features of EfficientNet-Lite0; on those of MobileNetV2"):
        transfer.CatDogClassifier(small_network("MobileNetV2"), head)
    with pytest.raises(ValueError, match="fitted to 10 features, these are 12"):
        head.logits(np.zeros((2, 12)))
    assert transfer.Head.load(transfer.head_path()).network == "EfficientNet-Lite0"


def test_looks_are_computed_once_and_the_cache_knows_its_photos(network, photos, tmp_path, monkeypatch):
    paths, _ = photos
    cache = tmp_path / "deep" / "features.h5"
    frozen = transfer.extract_features(network, paths, cache, batch_size=3, progress=False)
    assert frozen.maps.shape == (8, 2, 8, 8, 6)
    assert frozen.maps.dtype == np.float16
    assert frozen.features.shape == (8, 2, 10)
    assert len(frozen[:3]) == 3
    whole = network.features([open_photo(path) for path in paths], crop=False)
    np.testing.assert_allclose(frozen.features[:, 0], whole, atol=2e-2)
    assert not np.allclose(frozen.features[:, 0], frozen.features[:, 1])
    assert [path.name for path in cache.parent.iterdir()] == ["features.h5"]

    def refuse(*_):
        raise AssertionError("the network was asked again")

    with monkeypatch.context() as patch:
        patch.setattr(transfer, "two_views", refuse)
        again = transfer.extract_features(network, paths, cache, progress=False)
        np.testing.assert_array_equal(again.maps, frozen.maps)
        np.testing.assert_array_equal(again.features, frozen.features)
        with pytest.raises(AssertionError):
            transfer.extract_features(network, paths[:-1], cache, progress=False)
    assert len(transfer.extract_features(network, paths[:-1], cache, progress=False)) == 7
    cache.write_bytes(cache.read_bytes()[:500])  # cut off
    assert len(transfer.extract_features(network, paths, cache, progress=False)) == 8


def test_a_disk_that_cannot_be_written_costs_only_the_cache(network, photos, tmp_path, capsys):
    paths, _ = photos
    (tmp_path / "file").write_text("in the way")
    assert len(transfer.extract_features(network, paths[:2], tmp_path / "file" / "features.h5", progress=False)) == 2
    assert "could not be kept" in capsys.readouterr().out


def test_a_network_with_other_weights_is_asked_again(network, photos):
    other = small_network()
    other.model.set_weights([weight + 0.01 for weight in other.model.get_weights()])
    paths, _ = photos
    key = transfer._fingerprint(network, paths, "block13_add")
    assert key == transfer._fingerprint(small_network(), paths, "block13_add")
    assert key != transfer._fingerprint(other, paths, "block13_add")
    assert key != transfer._fingerprint(network, paths[::-1], "block13_add")
    assert key != transfer._fingerprint(network, paths, "block14_add")


# --- the head, and fine-tuning ----------------------------------------------------------------------------------------


def test_head_separates_what_is_separable_and_survives_the_disk(tmp_path):
    rng = np.random.default_rng(0)
    labels = np.tile([0, 1], 40)
    features = rng.normal(size=(80, 2, 5)) * [1, 10, 0.1, 1, 1] + 3
    features[:, :, 2] += 0.3 * labels[:, None]
    head = transfer.train_head(features.astype(np.float32), labels, penalty=1e-3, epochs=30, rate=2e-2)
    assert transfer.accuracy(head.logits(features), labels) > 0.95
    np.testing.assert_allclose(head.logits(features), head.logits(features.mean(axis=1)), atol=1e-3)
    copy = transfer.Head.load(head.save(tmp_path / "head.npz"))
    np.testing.assert_allclose(copy.weights, head.weights, rtol=1e-3)
    assert copy.bias == pytest.approx(head.bias, rel=1e-3)
    weak = transfer.train_head(features.astype(np.float32), labels, penalty=10.0, epochs=30, rate=2e-2)
    assert np.abs(weak.logits(features)).max() < np.abs(head.logits(features)).max()


def test_fine_tuning_starts_from_the_head_and_leaves_normalisation_alone(network):
    _, upper = transfer.split_network(network)
    rng = np.random.default_rng(0)
    labels = np.tile([0, 1], 10)
    maps = (rng.normal(size=(20, 2, 8, 8, 6)) + labels[:, None, None, None, None]).astype(np.float16)
    flat = np.asarray(upper.predict_on_batch(maps.reshape(40, 8, 8, 6).astype(np.float32)))
    head = transfer.Head(rng.normal(size=10).astype(np.float32), 0.5)
    model = fine_tuning.with_head(upper, head)
    np.testing.assert_allclose(
        fine_tuning.predict_maps(model, maps, batch_size=7), head.logits(flat.reshape(20, 2, 10)), atol=1e-4
    )
    untouched = [weight.copy() for weight in upper.get_weights()]
    statistics = {
        layer.name: [weight.copy() for weight in layer.get_weights()]
        for layer in model.layers
        if isinstance(layer, layers.BatchNormalization)
    }
    kernels = model.get_layer("head_conv").get_weights()[0].copy()
    tuning = fine_tuning.Tuning(epochs=3, rate=1e-2, batch_size=8)
    losses = fine_tuning.fine_tune(model, maps, labels, tuning)
    assert losses[-1] < losses[0]
    assert len(losses) == 3
    assert len(statistics) == 4
    for name, before in statistics.items():
        for old, new in zip(before, model.get_layer(name).get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)
    assert not np.array_equal(kernels, model.get_layer("head_conv").get_weights()[0])
    # The pretrained network and its copy stay what they were.
    for old, new in zip(untouched, upper.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_fine_tuned_weights_lie_between_start_and_end(network):
    _, upper = transfer.split_network(network)
    rng = np.random.default_rng(0)
    maps, labels = rng.normal(size=(8, 2, 8, 8, 6)).astype(np.float16), np.tile([0, 1], 4)
    ends = {}
    for mix in (0.0, 0.5, 1.0):
        model = fine_tuning.with_head(upper, transfer.Head(np.ones(10, dtype=np.float32), 0.0), dropout=0.0)
        tuning = fine_tuning.Tuning(epochs=1, rate=1e-2, batch_size=8, mix=mix)
        fine_tuning.fine_tune(model, maps, labels, tuning)
        ends[mix] = model.get_layer("head_conv").get_weights()[0]
    np.testing.assert_array_equal(ends[0.0], upper.get_layer("head_conv").get_weights()[0])
    assert np.abs(ends[1.0] - ends[0.0]).max() > 1e-3
    np.testing.assert_allclose(ends[0.5], (ends[0.0] + ends[1.0]) / 2, atol=1e-5)


def test_classifier_predicts_from_a_file(network, photos):
    paths, labels = photos
    pixels = [open_photo(path) for path in paths]
    views = transfer.two_views(network, pixels)
    features = network.features(views.reshape(-1, 32, 32, 3)).reshape(8, 2, 10)
    head = transfer.train_head(features, labels, penalty=1e-3, epochs=40, rate=1e-1)
    classifier = transfer.CatDogClassifier(network, head)
    dog = classifier.probability_of_dog(pixels)
    assert ((dog > 0.5) == labels).all()
    kind, sure = classifier.predict_file(paths[0])
    assert kind == "cat"
    assert sure == pytest.approx(1 - dog[0], abs=1e-5)
    assert classifier.predict_file(str(paths[-1]))[0] == "dog"
    assert classifier.predict_file(pixels[-1]) == classifier.predict_file(paths[-1])
    with pytest.raises(PhotoError, match="got None"):
        classifier.predict_file(None)
    with pytest.raises(PhotoError, match="does not exist"):
        classifier.predict_file("nowhere.jpg")
