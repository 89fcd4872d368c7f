"""Grids, curves and overlays: the right things are drawn, wrong input is told in a sentence."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from numpy.testing import assert_allclose

from utils.plots import curves, grids, overlays, style


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def test_a_grid_has_one_picture_an_image_and_shared_limits():
    images = [np.full((4, 4), float(v)) for v in range(5)]
    figure = grids.image_grid(images, titles=list("abcde"), columns=3, limits="shared", title="five")
    drawn = [ax for ax in figure.axes if ax.images]
    assert [ax.get_title() for ax in drawn] == list("abcde") and len(figure.axes) == 6
    assert {ax.images[0].get_clim() for ax in drawn} == {(0.0, 4.0)}


def test_a_grid_takes_colour_and_channel_images():
    figure = grids.image_grid([np.zeros((3, 3, 1)), np.zeros((5, 4, 3))])
    assert [ax.images[0].get_array().shape for ax in figure.axes] == [(3, 3), (5, 4, 3)]


def test_a_signed_grid_has_zero_in_the_middle_of_what_has_negative_numbers():
    figure = grids.image_grid([np.array([[-1.0, 4]]), np.array([[0.0, 4]])], signed=True)
    first, second = (ax.images[0] for ax in figure.axes)
    assert first.get_clim() == (-4, 4) and first.get_cmap().name == "RdBu_r"
    assert second.get_clim() == (0, 4) and second.get_cmap().name == "gray"


@pytest.mark.parametrize("images, titles, sentence", [([], None, "no images"), ([np.eye(2)], ["a", "b"], "2 titles")])
def test_a_grid_refuses_what_does_not_fit(images, titles, sentence):
    with pytest.raises(ValueError, match=sentence):
        grids.image_grid(images, titles)


def test_moving_average_uses_what_there_is_at_first():
    assert_allclose(curves.moving_average([2, 4, 6, 8], 2), [2, 3, 5, 7])
    assert_allclose(curves.moving_average([2, 4, 6], 10), [2, 3, 4])
    assert curves.moving_average([], 3).shape == (0,)
    with pytest.raises(ValueError, match="at least 1"):
        curves.moving_average([1], 0)


def test_curves_of_one_run_show_training_and_validation():
    figure = curves.learning_curves({"loss": [3, 2, 1], "val_loss": [3, 2.5, 2]}, title="run")
    (ax,) = figure.axes
    assert [line.get_label() for line in ax.lines] == ["training", "validation"]
    assert_allclose(ax.lines[0].get_xydata(), [[1, 3], [2, 2], [3, 1]])
    assert ax.get_xlabel() == "epoch" and ax.get_ylabel() == "loss"


def test_a_curve_may_name_its_two_parts():
    figure = curves.learning_curves({"loss": [3, 2], "val_loss": [3, 2.5]}, labels=("learned from", "held out"))
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == ["learned from", "held out"]


def test_curves_of_several_seeds_show_mean_and_band():
    figure = curves.learning_curves([{"accuracy": [0.2, 0.4, 0.9]}, {"accuracy": [0.4, 0.8]}])
    (ax,) = figure.axes
    assert_allclose(ax.lines[0].get_ydata(), [0.3, 0.6])
    assert len(ax.collections) == 1


def test_band_of_seeds_reaches_from_the_lowest_to_the_highest():
    _, ax = plt.subplots()
    curves.seeds_band(ax, [10, 20], [[1, 5], [3, 4]], "two seeds", "o-")
    assert_allclose(ax.lines[0].get_ydata(), [2, 4.5])
    corners = ax.collections[0].get_paths()[0].vertices
    assert {(10, 1), (10, 3), (20, 4), (20, 5)} <= set(map(tuple, corners))


def test_bars_over_seeds_are_means_with_a_dot_each():
    _, ax = plt.subplots()
    curves.seed_bars(ax, {"with": [1.0, 3.0], "without": [4.0]})
    assert [bar.get_width() for bar in ax.patches] == [2.0, 4.0]
    assert [line.get_xdata().tolist() for line in ax.lines] == [[1.0, 3.0], [4.0]]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["with", "without"]
    low, high = ax.get_ylim()
    assert low > high and ax.get_xlim()[0] == 0
    plt.close("all")


def test_curves_without_the_metric_say_what_there_is():
    with pytest.raises(ValueError, match="The history has mae"):
        curves.learning_curves({"mae": [1]})


def test_live_curve_draws_the_average(capsys):
    live = curves.LiveCurve("return", every=1, window=1)
    for step in range(3):
        live.add(step, step * 2.0)
    assert_allclose(live.draw().axes[0].lines[1].get_ydata(), [0, 2, 4])


def test_an_overlay_colours_only_where_the_map_is_hot():
    image = np.full((20, 30, 3), 100, np.uint8)
    heat = np.zeros((2, 3))
    heat[0, 0] = 1
    mixed = overlays.overlay(image, heat)
    assert mixed.shape == (20, 30, 3) and mixed.dtype == np.uint8
    assert (mixed[-1, -1] == 100).all() and not (mixed[0, 0] == 100).all()
    assert_allclose(overlays.overlay(image, np.zeros((2, 2))), image)


@pytest.mark.parametrize(
    "heat, alpha, sentence",
    [(np.zeros(4), 0.5, "two-dimensional"), (np.array([[np.nan]]), 0.5, "finite"), (np.zeros((2, 2)), 2, "alpha")],
)
def test_an_overlay_refuses_what_it_cannot_draw(heat, alpha, sentence):
    with pytest.raises(ValueError, match=sentence):
        overlays.overlay(np.zeros((4, 4), np.uint8), heat, alpha)


def test_the_style_and_the_colour_bar():
    style.use()
    assert plt.rcParams["axes.titlelocation"] == "left"
    ax = overlays.show_overlay(np.zeros((4, 4)), np.array([[0.0, 2.0]]), title="t", label="share")
    assert ax.get_title(loc="left") == "t" and len(ax.figure.axes) == 2


def test_a_signed_overlay_is_clear_at_zero_and_has_a_colour_for_each_sign():
    image = np.full((20, 30, 3), 100, np.uint8)
    heat = np.zeros((20, 30))
    heat[0, 0], heat[19, 29] = 2, -1
    mixed = overlays.signed_overlay(image, heat).astype(int)
    assert (mixed[10, 10] == 100).all()
    assert mixed[0, 0, 0] > mixed[0, 0, 2] and mixed[19, 29, 0] < mixed[19, 29, 2]
    weaker = overlays.signed_overlay(image, heat, limit=200).astype(int)
    assert np.abs(weaker[0, 0] - 100).max() < np.abs(mixed[0, 0] - 100).max()
    assert_allclose(overlays.signed_overlay(image, np.zeros((2, 2))), image)


def test_signed_maps_share_one_scale_whose_middle_is_zero():
    image = np.full((8, 8, 3), 100, np.uint8)
    figure = overlays.signed_maps([image, image], [np.eye(8), -3 * np.eye(8)], ["a", "b"], "drop (logits)", "two")
    titles = [ax.get_title() for ax in figure.axes if ax.images]
    assert titles == ["a\n+0.00 to +1.00", "b\n−3.00 to −0.00"]
    bar = figure.axes[-1]
    assert_allclose(bar.get_ylim(), (-3, 3))
    assert bar.get_ylabel() == "drop (logits)"


def test_rows_of_images_have_their_labels():
    figure = grids.image_rows({"deep": [np.eye(3), np.eye(4)], "shallow": [np.eye(2)]}, "rows")
    assert [figure.axes[k].get_ylabel() for k in (0, 2)] == ["deep", "shallow"]
    assert [len(ax.images) for ax in figure.axes] == [1, 1, 1, 0]
    with pytest.raises(ValueError, match="no images"):
        grids.image_rows({}, "none")


def test_four_small_pictures_stand_beside_a_large_one():
    red, blue = (np.full((10, 10, 3), color, np.uint8) for color in ([255, 0, 0], [0, 0, 255]))
    sheet = grids.beside([red, blue], [[blue] * 4, [red, red, red, blue]], side=8)
    assert sheet.shape == (20, 18, 3)
    assert (sheet[:8, :8] == red[0, 0]).all() and (sheet[:8, 10:] == blue[0, 0]).all()
    assert (sheet[10:14, 10:] == red[0, 0]).all() and (sheet[14:18, 14:] == blue[0, 0]).all()
    assert (sheet[8:10] == 255).all()
