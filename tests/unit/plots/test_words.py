"""Arrows between words: labels never cover each other, and what finds no room is left out."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from utils.plots import words

PAIRS = [(f"country{k}", f"capital{k}") for k in range(12)]


@pytest.fixture
def ax():
    _, ax = plt.subplots(figsize=(4, 4))
    yield ax
    plt.close("all")


def _labels(ax):
    return [text for text in ax.texts if text.get_text().strip()]


@pytest.mark.parametrize("seed", range(4))
def test_no_label_covers_another_however_the_words_lie(ax, seed):
    places = {
        word: place for pair in PAIRS for word, place in zip(pair, np.random.default_rng(seed).normal(size=(2, 2)))
    }
    drawn = words.draw_pairs(ax, places, {"named": ("blue", PAIRS[:6]), "never named": ("red", PAIRS[6:])})
    boxes = [text.get_window_extent() for text in _labels(ax)]
    assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[:k])
    assert [text.get_text().strip() for text in _labels(ax)] == [word for pair in drawn for word in pair]


def test_words_far_apart_are_all_drawn_group_by_group_in_turn(ax):
    places = {word: (k, row) for row, pair in enumerate(PAIRS) for k, word in enumerate(pair)}
    drawn = words.draw_pairs(ax, places, {"named": ("blue", PAIRS[:2]), "never named": ("red", PAIRS[2:5])}, fontsize=6)
    assert drawn == [PAIRS[0], PAIRS[2], PAIRS[1], PAIRS[3], PAIRS[4]]
    assert [text.get_color() for text in _labels(ax)] == ["blue"] * 2 + ["red"] * 2 + ["blue"] * 2 + ["red"] * 4
    assert ax.get_legend_handles_labels()[1] == ["named", "never named"]


def test_where_two_pairs_lie_on_one_place_some_are_left_out(ax):
    places = {word: (k, 0) for pair in PAIRS for k, word in enumerate(pair)}
    drawn = words.draw_pairs(ax, places, {"all": ("blue", PAIRS)})
    assert PAIRS[0] in drawn and len(drawn) < len(PAIRS)
