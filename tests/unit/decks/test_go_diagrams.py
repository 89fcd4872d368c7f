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
    assert [frames[1].path for frames in simulations] == ["A", "B", "BD", "C", "BDF"]
    steps = ["your turn", "selection", "expansion", "evaluation", "backup"]
    assert all([frame.step for frame in frames] == steps for frames in simulations)
    first = simulations[0][-1].edges
    assert first == {"A": (1, pytest.approx(-0.4))}  # half of 0.2 and half of -1
    last = simulations[-1][-1].edges
    assert last["B"] == (3, pytest.approx(np.mean([0.4, -0.8, 0.7])))  # what three simulations through B found
    assert last["BD"] == (2, pytest.approx(-np.mean([-0.8, 0.7])))  # White's own view
    assert last["BDF"] == (1, pytest.approx(0.7)) and last["C"] == (1, pytest.approx(-0.8))


def test_selection_shows_the_sums_that_were_compared():
    lines = go.search_frames(3)[2][1].lines
    assert lines[:4] == [
        "Black compares",
        "    A:  −0.40 + 0.5/2 = −0.15",
        "→ B:  +0.40 + 0.3/2 = +0.55",
        "    C:  0.00 + 0.2/1 = +0.20",
    ]
    assert lines[4] == "White compares" and lines[5].startswith("→ D")


def test_the_room_is_asked_for_sums_that_it_can_do_and_told_the_values_of_the_mean():
    simulations = go.search_frames(5)
    fourth = simulations[3][0]
    assert fourth.path == "" and fourth.lines[1:4] == [
        "    A:  −0.40 + 0.5/2 = ?",
        "    B:  −0.20 + 0.3/3 = ?",
        "    C:  −0.20 + 0.2/1 = ?",
    ]
    assert fourth.lines[-2:] == ["0.00, −0.40, +0.40, −0.80", "mean: −0.20"]
    assert "found here so far:" not in simulations[4][0].lines  # every move of the root has been tried
    for frames in simulations:
        sums = [float(line.split()[-1].replace("−", "-")) for line in frames[1].lines if "=" in line]
        assert all(abs(20 * total - round(20 * total)) < 1e-9 for total in sums), sums  # steps of 0.05
        assert len(set(sums)) == len(sums), "no two sums are equal"


def test_frames_pass_the_slides_checks_and_have_a_text_each():
    figures, texts = go.draw_search([1, 4])
    assert len(figures) == len(texts) == 10 and len(set(texts)) == 10
    for figure in figures:
        slides.check_texts(figure)
    assert texts[0].startswith("Simulation 1, your turn. In the tree: nothing yet")
    assert texts[1].startswith("Simulation 1, selection, on the way A.")


def test_rows_of_boards_and_boxes_fit_their_figures():
    pair = go.boards([{"stones": np.zeros((5, 5), int)}] * 2, ["one", "two"], side=200)
    slides.check_texts(pair)
    assert {"one", "two"} <= {text.get_text() for text in pair.axes[0].texts}
