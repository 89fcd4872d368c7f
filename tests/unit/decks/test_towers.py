"""Drawings of lectures 4 to 6: they hold what their builds promise, and pass the slides' own checks."""

from __future__ import annotations

import pytest
from matplotlib.colors import to_hex

from utils.decks import slides, towers

pytestmark = pytest.mark.usefixtures("slide_style")


def words(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def bricks(figure, color):
    """How many named bricks have this colour: the studs of a brick are patches of their own."""
    wide = [patch for patch in figure.axes[0].patches if getattr(patch, "get_width", lambda: 0)() > 100]
    return sum(to_hex(patch.get_facecolor()) == to_hex(color) for patch in wide)


def test_recipes_differ_in_what_learns():
    frozen = [bricks(towers.recipes(stage), towers.FROZEN) for stage in range(3)]
    assert frozen == [0, 5, 5 + 3]  # all of ImageNet's tower learns; then none below the head; then the top two
    learning = [bricks(towers.recipes(stage), slides.VERMILION) for stage in range(3)]
    assert learning == [6, 6 + 1, 6 + 1 + 3]
    assert [words(towers.recipes(stage)).count("cat or dog") for stage in range(3)] == [0, 1, 2]


def test_reading_passes_one_more_state_on_each_step():
    states = [sum(word.startswith("$h_") for word in words(towers.unrolled(stage))) for stage in range(6)]
    assert states == [1, 2, 3, 4, 5, 6]
    assert "the last state is all that is known of the text" in words(towers.unrolled(5))


def test_lstm_shows_a_gate_a_stage():
    for stage in range(4):
        drawn = words(towers.lstm_cell(stage))
        shown = [name for name in ("forget", "input", "output") if any(name in word for word in drawn)]
        assert shown == ["forget", "input", "output"][:stage]
        slides.check_texts(towers.lstm_cell(stage))


def test_encoder_and_decoder_end_in_the_answer():
    assert "128\nnumbers" not in words(towers.encoder_decoder(0))
    last = words(towers.encoder_decoder(3, question="41+43", answer="48 "))
    assert last.count("softmax") == 3 and {"4", "8", "space"} <= set(last)
    slides.check_texts(towers.encoder_decoder(3))


def test_factors_draw_every_cell_of_the_three_tables():
    figure = towers.factors(users=6, films=9, hidden=2)
    assert len(figure.axes[0].patches) == 6 * 9 + 6 * 2 + 2 * 9
    slides.check_texts(figure)
