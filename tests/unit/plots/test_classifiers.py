"""What a classifier mistakes: the numbers drawn are the numbers given, at their places."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from numpy.testing import assert_allclose

from utils.plots import classifiers
from utils.statistics import wilson_interval


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def test_pixel_values_stand_where_the_frame_is():
    image = np.arange(30 * 20).reshape(30, 20) % 256
    figure = classifiers.pixel_values(image, top=4, left=8, height=3, width=5, title="One")
    whole, part = figure.axes
    assert whole.get_title() == "One" and len(part.texts) == 15
    for text in part.texts:
        column, row = text.get_position()
        assert int(text.get_text()) == image[row, column] and 4 <= row < 7 and 8 <= column < 13
    (frame,) = whole.patches
    assert frame.get_xy() == (7.5, 3.5) and (frame.get_width(), frame.get_height()) == (5, 3)
    assert part.images[0].get_extent() == [7.5, 12.5, 6.5, 3.5]


def test_learning_is_compared_on_loss_and_errors():
    first = {"loss": [1.0, 0.5], "val_loss": [0.9, 0.6], "accuracy": [0.5, 0.9], "val_accuracy": [0.6, 1.0]}
    figure = classifiers.compare_learning({"one": first, "two": first})
    loss, errors = figure.axes
    assert [line.get_label() for line in loss.lines[1::2]] == ["one", "two"]
    assert_allclose(loss.lines[0].get_ydata(), [1.0, 0.5])
    assert_allclose(errors.lines[0].get_ydata(), [50, 10])
    assert_allclose(errors.lines[1].get_ydata(), [40, np.nan])  # no error at all is no point of a logarithmic axis
    assert {ax.get_yscale() for ax in figure.axes} == {"log"}
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["one", "two"]
    figure.canvas.draw()


def test_confusions_count_all_and_colour_the_mistakes():
    matrix = np.array([[5, 0, 1], [2, 7, 0], [0, 0, 9]])
    figure = classifiers.confusions(matrix, "Who for whom")
    ax = figure.axes[0]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("the network says", "it is")
    shown = {text.get_position(): text.get_text() for text in ax.texts}
    assert shown[(2, 0)] == "1" and shown[(0, 1)] == "2" and shown[(1, 1)] == "7" and shown[(1, 0)] == ""
    assert np.diag(ax.images[0].get_array()).sum() == 0 and ax.images[0].get_clim()[1] == 3
    classifiers.confusions(np.diag([1, 2])).canvas.draw()  # no mistake at all


def test_errors_have_wilsons_interval():
    figure = classifiers.error_intervals({"one": 30, "two": 0}, 1000, "Errors")
    (ax,) = figure.axes
    low, high = wilson_interval(30, 1000)
    assert_allclose(ax.lines[0].get_xdata(), [100 * low, 100 * high])
    assert [text.get_text() for text in ax.texts] == ["3.00 %", "0.00 %"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["one", "two"]
    figure.canvas.draw()


def test_the_surest_mistakes_come_first():
    images = np.arange(5)[:, None, None, None] * np.ones((5, 4, 4, 1))
    labels = np.array([0, 1, 1, 0, 0])  # images 1, 3 and 4 are misread
    probabilities = np.array([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.05, 0.95], [0.3, 0.7]])
    figure = classifiers.surest_mistakes(images, labels, probabilities, 2, "Mistakes")
    drawn = [ax for ax in figure.axes if ax.images]
    assert [ax.get_title() for ax in drawn] == ["0 → 1  95%", "1 → 0  70%"]
    assert [float(np.mean(ax.images[0].get_array())) for ax in drawn] == [3, 1]
    with pytest.raises(ValueError, match="at least one misread"):
        classifiers.surest_mistakes(images, labels, np.eye(2)[labels], 2)
