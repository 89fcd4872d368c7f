"""Contrast of labels: the ratio of WCAG, and what the drawn figure has behind each text."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib import patheffects
from matplotlib.patches import Rectangle

from utils.decks import contrast, slides

pytestmark = pytest.mark.usefixtures("slide_style")


@pytest.mark.parametrize(
    ("first", "second", "expected"), [("black", "white", 21.0), ("#777777", "white", 4.48), ("#e69f00", "white", 2.25)]
)
def test_ratios_as_the_standard_computes_them(first, second, expected):
    assert contrast.ratio(first, second) == pytest.approx(expected, abs=0.01)
    assert contrast.ratio(second, first) == contrast.ratio(first, second)


def test_large_letters_need_less():
    assert contrast.wanted(22, 600) == contrast.wanted(31) == 4.5
    assert contrast.wanted(24, "bold") == contrast.wanted(32) == 3.0


def test_white_where_it_can_be_read_else_ink():
    assert contrast.letters_on(slides.BLUE) == "white"
    assert contrast.letters_on(slides.ORANGE) == contrast.INK
    assert contrast.letters_on(slides.VERMILION) is None  # neither reaches 4.5
    assert contrast.letters_on(slides.VERMILION, contrast.LARGE) == "white"


def labelled(color, **options):
    figure, axes = slides.blank(400, 200)
    axes.add_patch(Rectangle((0, 0), 200, 200, color=slides.ORANGE))
    return axes.text(100, 100, "on orange", ha="center", va="center", color=color, **options), figure


def poor(text, figure):
    return contrast.poor([text], contrast.drawn_without_texts(figure))


def test_a_label_is_held_against_the_patch_behind_it():
    assert poor(*labelled("white")) == ["'on orange': #ffffff on #e69f00, 2.3:1 of 4.5:1"]
    assert poor(*labelled(slides.INK)) == []
    text, figure = labelled("white")
    text.set_position((300, 100))
    assert poor(text, figure) == ["'on orange': #ffffff on #ffffff, 1.0:1 of 4.5:1"]


def test_a_transparent_label_is_as_pale_as_it_looks():
    assert poor(*labelled(slides.INK, alpha=0.4))


def test_an_outline_is_what_its_letters_stand_on():
    outline = [patheffects.withStroke(linewidth=4, foreground=slides.INK)]
    assert poor(*labelled("white", path_effects=outline)) == []


def test_letters_are_left_out_and_all_else_is_drawn():
    figure = labelled("black")[1]
    pixels = contrast.drawn_without_texts(figure)
    assert pixels.shape == (200, 400, 3)
    np.testing.assert_allclose(pixels[100, 100] * 255, (230, 159, 0), atol=1)
    np.testing.assert_allclose(pixels[100, 300], 1)


def test_boxes_and_bricks_of_every_colour_can_be_read():
    figure, axes = slides.blank(900, 300)
    colors = (slides.BLUE, slides.VERMILION, slides.GREEN, slides.PINK, slides.ORANGE, slides.SKY)
    for place, color in enumerate(colors):
        slides.box(axes, (10 + 145 * place, 10), (135, 60), "box", color, full=True)
        slides.brick(axes, (10 + 145 * place, 90), (135, 60), "small", color)
        slides.brick(axes, (10 + 145 * place, 190), (135, 60), "large", color, fontsize=26)
    assert contrast.poor(axes.texts, contrast.drawn_without_texts(figure)) == []
