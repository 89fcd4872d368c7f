"""Published counts, shapes and names of the architectures; and that counting them costs no memory."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import psutil
import pytest

from utils.vision import architectures, efficientnet_lite
from utils.vision.architectures import blueprint

COUNTS = {"lenet5": 61_706, **architectures.COUNTED_ELSEWHERE}  # LeNet-5: the sum of the lecture's listing


@pytest.mark.parametrize("name", sorted(COUNTS))
def test_parameter_counts(name):
    model = blueprint(getattr(architectures, name))
    assert model.count_params() == COUNTS[name]
    assert model.output_shape == (None, 10 if name == "lenet5" else 1000)


def test_counting_half_a_billion_parameters_takes_no_memory():
    """What the plans hold while they are kept is less than a tenth of what the weights would take (1.6 GB)."""
    process = psutil.Process()
    blueprint(architectures.lenet5).count_params()
    before = process.memory_info().rss
    builds = ("alexnet", "vgg16", "vgg19", "resnet50", "vgg16_gap")
    kept = [blueprint(getattr(architectures, name)) for name in builds]
    parameters, held = sum(model.count_params() for model in kept), process.memory_info().rss - before
    assert parameters > 380_000_000
    assert held < 150e6, f"{held / 1e6:.0f} MB for {parameters} parameters"


def test_blueprint_has_no_lasting_effect():
    """Models built afterwards have real weights, and a blueprint's tensors do not get them later."""
    plan = blueprint(architectures.lenet5)
    model = architectures.lenet5()
    assert np.abs(np.asarray(model.layers[1].kernel)).sum() > 0
    assert model.predict(np.zeros((2, 28, 28, 1)), verbose=0).shape == (2, 10)
    assert [layer.name for layer in plan.layers] == [layer.name for layer in model.layers]
    assert plan.layers[1].kernel._value is None


def test_blueprint_passes_errors_on():
    with pytest.raises(ValueError, match="16 or 19"):
        blueprint(architectures.vgg, 17)


def test_lenet_reaches_400_numbers_only_with_padding():
    plan = blueprint(architectures.lenet5)
    shapes = {row["name"]: row["shape"] for row in architectures.layer_table(plan)}
    assert shapes["conv1"] == (28, 28, 6)
    assert shapes["pool2"] == (5, 5, 16)
    assert shapes["flatten"] == (400,)


def test_alexnet_sizes():
    shapes = [row["shape"] for row in architectures.layer_table(blueprint(architectures.alexnet))]
    for expected in ((55, 55, 64), (27, 27, 64), (27, 27, 192), (13, 13, 192), (13, 13, 256), (6, 6, 256), (9216,)):
        assert expected in shapes


def test_same_layers_as_keras_applications():
    """Convolution by convolution: names (VGG) and weight shapes as in keras.applications."""
    for ours, theirs in ((architectures.vgg16, "VGG16"), (architectures.vgg19, "VGG19")):
        model = blueprint(ours)
        known = blueprint(getattr(keras.applications, theirs), weights=None)
        assert {(w.path, tuple(w.shape)) for w in model.weights} == {(w.path, tuple(w.shape)) for w in known.weights}
    model = blueprint(architectures.resnet50)
    known = blueprint(keras.applications.ResNet50, weights=None)
    assert sorted(tuple(w.shape) for w in model.weights) == sorted(tuple(w.shape) for w in known.weights)
    assert len(model.trainable_weights) == len(known.trainable_weights)
    pairs = zip(_convolution_sizes(model), _convolution_sizes(known), strict=True)
    assert all(ours == theirs for ours, theirs in pairs)


def _convolution_sizes(model):
    """Output shape, kernel and stride of every convolution, sorted."""
    found = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    return sorted((tuple(c.output.shape[1:]), tuple(c.kernel.shape), c.strides) for c in found)


def test_gap_network_keeps_14x14_maps():
    plan = blueprint(architectures.vgg16_gap, classes=20)
    assert plan.get_layer("cam_conv").output.shape == (None, 14, 14, 1024)
    features = sum(layer.count_params() for layer in plan.layers if layer.name.startswith("block"))
    assert features == 14_714_688  # VGG-16 without its top
    assert plan.count_params() == features + (9 * 512 * 1024 + 1024) + (1024 * 20 + 20)


def test_towers_differ_in_the_skip_connections_only():
    plain, residual = (blueprint(architectures.tower, 10, skip=skip) for skip in (False, True))
    assert plain.count_params() == residual.count_params()
    additions = [sum(isinstance(layer, keras.layers.Add) for layer in m.layers) for m in (plain, residual)]
    assert additions == [0, 4]
    weighted = [layer for layer in residual.layers if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense)]
    assert len(weighted) == 10


@pytest.mark.parametrize("depth", [0, 1, 7])
def test_tower_refuses_odd_depths(depth):
    with pytest.raises(ValueError, match="even number"):
        architectures.tower(depth, skip=True)


@pytest.mark.parametrize("number", [1, 3])
def test_residual_network_depth(number):
    plan = blueprint(architectures.residual_network, blocks_per_stage=number)
    names = [layer.name for layer in plan.layers if "_conv" in layer.name and "skip" not in layer.name]
    assert len(names) == 6 * number + 1
    assert plan.output_shape == (None, 10)


def test_resnet20_of_the_paper():
    """He et al. 2015, table 6: ResNet-20 for CIFAR-10 has 0.27 million parameters."""
    plan = blueprint(architectures.residual_network, (32, 32, 3), blocks_per_stage=3)
    trainable = sum(int(np.prod(w.shape)) for w in plan.trainable_weights)
    assert round(trainable / 1e6, 2) == 0.27


def test_mlp_of_zhang_et_al():
    """Table 1 of the paper: 28x28x3 crops."""
    assert blueprint(architectures.mlp, (28, 28, 3)).count_params() == 1_209_866
    assert blueprint(architectures.mlp, (28, 28, 3), (512, 512, 512)).count_params() == 1_735_178


def test_multiplications():
    rows = {row["name"]: row for row in architectures.layer_table(blueprint(architectures.lenet5))}
    assert rows["conv1"]["multiplications"] == 28 * 28 * 25 * 6
    assert rows["fc1"]["multiplications"] == 400 * 120
    assert rows["pool1"]["multiplications"] == rows["pool1"]["parameters"] == 0
    total = sum(row["multiplications"] for row in architectures.layer_table(blueprint(architectures.vgg16)))
    assert round(total / 1e9, 1) == 15.5  # the figure usually quoted


def test_dropout_and_regularizer_leave_the_parameters_alone():
    options = {"dropout": 0.5, "regularizer": keras.regularizers.L2(1e-3)}
    for build in (architectures.lenet5, architectures.mlp):
        assert blueprint(build, **options).count_params() == blueprint(build).count_params()
    assert len(architectures.lenet5(**options).losses) == 5


def test_lite2_is_lite0_a_tenth_wider_and_a_fifth_deeper():
    small, large = (efficientnet_lite.scaled_stages(scale) for scale in efficientnet_lite.SCALES.values())
    assert small == list(efficientnet_lite.STAGES)
    assert [stage[0] for stage in large] == [1, 3, 3, 4, 4, 5, 1]
    assert [stage[-1] for stage in large] == [16, 24, 48, 88, 120, 208, 352]
    model = efficientnet_lite.efficientnet_lite("EfficientNet-Lite2")
    assert model.input_shape == (None, 260, 260, 3) and model.output_shape == (None, 1000)
    assert sum(weight.shape.num_elements() for weight in model.trainable_weights) == 6_092_072  # as its file has
