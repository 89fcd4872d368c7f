"""Boards and the tiny search tree of lecture 8."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.patches import Circle

from utils.decks import go, slides
from utils.go.vertices import BLACK, WHITE

pytestmark = pytest.mark.usefixtures("slide_style")


def test_diagram_becomes_stones():
    stones = go.stones_of(". X .\nO . .\n. . X")
    assert stones.tolist() == [[0, BLACK, 0], [WHITE, 0, 0], [0, 0, BLACK]]
    for wrong in (". X\n.", ". A .\n. . .\n. . ."):
        with pytest.raises(ValueError, match="lines of one length"):
            go.stones_of(wrong)


def test_board_draws_each_stone_at_its_place():
    figure, axes = slides.blank(300, 300)
    go.draw_goban(axes, go.stones_of("X . .\n. . .\n. . O"), (0, 0), 300)
    stones = {patch.center: patch.get_facecolor()[:3] for patch in axes.patches if isinstance(patch, Circle)}
    assert stones.keys() == {(50, 250), (250, 50)}  # row 0 on top
    assert stones[(50, 250)] < (0.1, 0.1, 0.1) and stones[(250, 50)] == (1, 1, 1)
    plt.close(figure)


def test_marks_dots_rings_and_owners_are_added():
    def patches(**options):
        _, axes = slides.blank(300, 300)
        go.draw_goban(axes, np.zeros((5, 5), int), (0, 0), 300, **options)
        return len(axes.patches), [text.get_text() for text in axes.texts]

    bare, _ = patches()
    assert patches(dots=[(0, 0), (1, 1)])[0] == bare + 2
    assert patches(rings=[(2, 2)], last=(3, 3))[0] == bare + 2
    assert patches(owners=np.eye(5))[0] == bare + 5
    assert patches(marks={(2, 2): "7"}) == (bare, ["7"])


def test_the_little_search_is_the_lectures_formula():
    simulations = go.search_frames(5)
    assert [frames[0].path for frames in simulations] == ["A", "B", "BD", "BDF", "BE"]
    assert all([f.step for f in frames] == ["selection", "expansion", "evaluation", "backup"] for frames in simulations)
    first = simulations[0][-1].edges
    assert first == {"A": (1, pytest.approx(-0.4))}  # half of 0.2 and half of -1
    last = simulations[-1][-1].edges
    black = [0.7, -0.6, 0.8, 0.6]  # what the four simulations through B found, for Black
    assert last["B"] == (4, pytest.approx(np.mean(black)))
    assert last["BD"] == (2, pytest.approx(-np.mean([-0.6, 0.8])))  # White's own view
    assert last["BDF"] == (1, pytest.approx(0.8)) and last["BE"] == (1, pytest.approx(-0.6))


def test_selection_shows_the_sums_that_were_compared():
    lines = go.search_frames(3)[2][0].lines
    assert lines[:4] == [
        "Black compares",
        "    A:  −0.40 + 0.5/2 = −0.15",
        "→ B:  +0.70 + 0.3/2 = +0.85",
        "    C:  +0.10 + 0.2/1 = +0.30",
    ]
    assert lines[4] == "White compares" and lines[5].startswith("→ D")


def test_frames_pass_the_slides_checks_and_have_a_text_each():
    figures, texts = go.draw_search([1, 4])
    assert len(figures) == len(texts) == 8 and len(set(texts)) == 8
    for figure in figures:
        slides.check_texts(figure)
    assert texts[0].startswith("Simulation 1, selection, on the way A.")


def test_rows_of_boards_and_boxes_fit_their_figures():
    pair = go.boards([{"stones": np.zeros((5, 5), int)}] * 2, ["one", "two"], side=200)
    slides.check_texts(pair)
    assert {"one", "two"} <= {text.get_text() for text in pair.axes[0].texts}
