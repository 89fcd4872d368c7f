"""The drawings show what the model has."""

import os
from itertools import pairwise

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import matplotlib.pyplot as plt
import pytest

from utils.vision import architectures, diagrams


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def test_volumes_carry_the_true_numbers():
    ax = diagrams.draw_volumes(architectures.blueprint(architectures.vgg16), title="VGG-16")
    texts = [text.get_text() for text in ax.texts]
    assert [t for t in texts if "×" in t] == [f"{n}×{n}" for n in (224, 112, 56, 28, 14, 7)]
    # One number below each box: the image, 13 convolutions, 5 poolings, 3 dense layers.
    assert [int(t) for t in texts if "×" not in t][-4:] == [512, 4096, 4096, 1000]
    assert len([t for t in texts if "×" not in t]) == 1 + 13 + 5 + 3
    assert ax.get_title(loc="left") or ax.get_title()


def test_no_boxes_overlap_below_the_labels():
    ax = diagrams.draw_volumes(architectures.blueprint(architectures.vgg19))
    lefts = sorted(text.get_position()[0] for text in ax.texts if "×" not in text.get_text())
    assert all(after - before > 1 for before, after in pairwise(lefts))


def test_skip_connections_of_towers():
    plain = architectures.blueprint(architectures.tower, 8, skip=False)
    residual = architectures.blueprint(architectures.tower, 8, skip=True)
    assert diagrams.skip_connections(plain) == []
    assert diagrams.skip_connections(residual) == [(1, 3, False), (3, 5, False), (5, 7, False)]


def test_skip_connections_with_projections():
    plan = architectures.blueprint(architectures.residual_network, blocks_per_stage=1)
    assert diagrams.skip_connections(plan) == [(1, 3, False), (3, 5, True), (5, 7, True)]


def test_skip_connections_of_resnet50():
    arcs = diagrams.skip_connections(architectures.blueprint(architectures.resnet50))
    assert len(arcs) == 16
    assert all(end - start == 3 for start, end, _ in arcs)
    assert sum(projected for *_, projected in arcs) == 4
    assert arcs[-1][1] == 49  # and one dense layer: 50


def test_skips_are_drawn_once_each():
    plan = architectures.blueprint(architectures.residual_network, blocks_per_stage=2)
    ax = diagrams.draw_skips(plan, title="residual")
    arcs = [patch for patch in ax.patches if isinstance(patch, diagrams.FancyArrowPatch)]
    bars = [patch for patch in ax.patches if isinstance(patch, diagrams.Rectangle)]
    assert (len(arcs), len(bars)) == (6, 14)


def test_imagenet_history_names_every_point_it_draws():
    entries = [("XRCE", 2011, 25.8, 0), ("AlexNet", 2012, 16.4, 8), ("ViT-H", 2022, 1.31, 130)]
    figure = diagrams.draw_imagenet_history(entries, single=("ViT-H",), person=5.1)
    by_year, by_depth = ([text.get_text() for text in ax.texts] for ax in figure.axes)
    assert by_year == ["XRCE", "AlexNet", "ViT-H", "one trained person: 5.1"]
    assert by_depth == ["AlexNet (8)", "ViT-H (130)"]  # hand-made features have no depth
    assert [line.get_marker() for line in figure.axes[1].lines] == ["o", "s"]
