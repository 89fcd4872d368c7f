"""Arrows between words: labels cover neither each other nor an arrow, and what finds no room is left out."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.path import Path

from utils.datasets import word_corpus
from utils.plots import style, words
from utils.sequences import word2vec

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
    boxes = [text.get_window_extent().padded(-1, 2) for text in _labels(ax)]
    assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[:k])
    arrows = [Path(ax.transData.transform([places[word] for word in pair])) for pair in drawn]
    assert not any(arrow.intersects_bbox(box, filled=False) for arrow in arrows for box in boxes)
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


def test_a_panel_a_relation_with_two_colours_or_one():
    relations = word_corpus.RELATIONS
    asked = [word for relation in relations for pair in relation.pairs for word in pair]
    vectors = word2vec.WordVectors(asked, np.random.default_rng(0).normal(size=(len(asked), 8)))
    both = words.relation_panels(vectors, relations)
    assert [ax.get_title(loc="left") or ax.get_title() for ax in both.axes] == [relation.name for relation in relations]
    assert all(len(_labels(ax)) >= 8 for ax in both.axes)
    assert {text.get_color() for text in _labels(both.axes[0])} == set(style.COLORS[:2])
    first = " to ".join(text.get_text().strip() for text in _labels(both.axes[0])[:2])
    assert f"male-female: {first}" in both.get_label() and "country-capital: " in both.get_label()
    one = words.relation_panels(vectors, relations[:1], apart=False)
    assert {text.get_color() for text in _labels(one.axes[0])} == {style.COLORS[0]}
    plt.close("all")
