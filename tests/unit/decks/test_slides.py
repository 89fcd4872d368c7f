"""Figures of the decks: sized in slide pixels, never without words for those who cannot see them."""

from __future__ import annotations

import json
import re

import pytest

from utils.decks import slides

ALT = "a line that rises from left to right"


pytestmark = pytest.mark.usefixtures("slide_style")


def drawn(**options):
    figure, axes = slides.subplots(width=600, height=300)
    axes.plot([0, 1], [0, 1], label="one")
    axes.set(xlabel="x", ylabel="y", title="A line")
    axes.legend(**options)
    return figure


def test_a_figure_takes_as_many_pixels_as_asked(monkeypatch):
    monkeypatch.delenv("COURSE_SLIDES_FIGURES", raising=False)
    text = slides.markup(drawn(), ALT, caption="rises & rises")
    assert "width='600' height='300'" in text
    assert f"alt='{ALT}'" in text
    assert "src='data:image/svg+xml;base64," in text
    assert "<figcaption>rises &amp; rises</figcaption>" in text


def test_pictures_go_beside_the_deck_and_are_the_same_each_time(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_SLIDES_FIGURES", str(tmp_path / "figures"))
    (tmp_path / "figures").mkdir()
    first, second = slides.markup(drawn(), ALT), slides.markup(drawn(), ALT)
    assert first == second
    name = re.search(r"src='(figures/\w+\.svg)'", first)[1]
    assert (tmp_path / name).read_bytes().startswith(b"<?xml")


def test_several_figures_are_steps_and_all_but_the_first_are_built(monkeypatch):
    monkeypatch.delenv("COURSE_SLIDES_FIGURES", raising=False)
    text = slides.markup(
        [drawn(), drawn(), drawn()], ["the first of three", "the second of three", "the last of three"]
    )
    assert text.count("<img") == 3
    assert text.count("class='fragment'") == 2
    assert "the last of three" in text


def test_kept_figures_and_values_are_written_for_the_deck(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_SLIDES_FIGURES", str(tmp_path))
    slides.keep(drawn(), "line", ALT)
    slides.value("share", f"{0.74:.0%}")
    kept = json.loads((tmp_path / "kept.json").read_text())
    assert kept["values"] == {"share": "74%"}
    assert ALT in kept["plots"]["line"]
    with pytest.raises(ValueError, match="kept twice"):
        slides.value("share", "again")


@pytest.mark.parametrize(("share", "places", "text"), [(0.123, 0, "12 %"), (0.9906, 1, "99.1 %"), (1, 0, "100 %")])
def test_a_share_is_written_with_a_space(share, places, text):
    assert slides.percent(share, places) == text


@pytest.mark.parametrize("alt", ["", "a line"])
def test_no_figure_without_words(alt):
    with pytest.raises(ValueError, match="say in a sentence"):
        slides.markup(drawn(), alt)


def test_small_print_is_refused():
    with pytest.raises(ValueError, match=r"'one' is 14 pixels high; at least 20"):
        slides.markup(drawn(fontsize=14), ALT)


def test_text_cut_off_is_refused():
    figure, axes = slides.blank(300, 100)
    axes.text(250, 50, "much too long for its place")
    with pytest.raises(ValueError, match="cut off at the edge"):
        slides.markup(figure, ALT)


def test_steps_of_different_sizes_or_too_few_texts_are_refused():
    with pytest.raises(ValueError, match="one size"):
        slides.markup([drawn(), slides.blank(100, 100)[0]], ALT)
    with pytest.raises(ValueError, match="2 figures but 1 alternative"):
        slides.markup([drawn(), drawn()], [ALT])


def test_a_drawing_is_measured_in_slide_pixels():
    figure, axes = slides.blank(400, 200)
    assert axes.get_xlim() == (0, 400)
    assert axes.get_ylim() == (0, 200)
    assert tuple(figure.get_size_inches() * 72) == (400, 200)


def test_drawings_are_placed_in_pixels():
    _, axes = slides.blank(400, 200)
    assert slides.box(axes, (10, 20), (100, 60), "box") == (60, 50)
    assert slides.brick(axes, (200, 20), (90, 60), "layer", color=slides.ORANGE) == (245, 50)
    slides.arrow(axes, (110, 50), (200, 50), bend=0.2)
    written = {text.get_text(): text for text in axes.texts}
    assert written["layer"].get_color() == slides.INK  # on orange, white could not be read
    assert len(axes.patches) == 1 + (1 + 2) + 1


def test_a_tint_lies_between_the_colour_and_white():
    assert slides.tint("#000000", 0.25) == (0.75, 0.75, 0.75)
    assert slides.tint(slides.BLUE, 0.0) == (1, 1, 1)


def test_of_many_frames_six_go_into_the_handout_with_the_first_and_the_last():
    assert slides.printed_frames(1) == [0]
    assert slides.printed_frames(6) == [0, 1, 2, 3, 4, 5]
    assert slides.printed_frames(41) == [0, 8, 16, 24, 32, 40]
    assert slides.printed_frames(9, [-1, 0, 4]) == [0, 4, 8]


@pytest.mark.parametrize("handout", [[], [9], [-10]])
def test_a_handout_of_frames_that_do_not_exist_is_refused(handout):
    with pytest.raises(ValueError, match="some of the 9 figures, 0 to 8"):
        slides.printed_frames(9, handout)


def test_frames_of_the_handout_are_marked(monkeypatch):
    monkeypatch.delenv("COURSE_SLIDES_FIGURES", raising=False)
    text = slides.markup([drawn() for _ in range(3)], ALT, handout=[0, 2])
    assert re.findall(r"<img( class='fragment')?( data-handout)?", text) == [
        ("", " data-handout"),
        (" class='fragment'", ""),
        (" class='fragment'", " data-handout"),
    ]


def test_pale_labels_are_noted_beside_the_figures(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_SLIDES_FIGURES", str(tmp_path))
    figure, axes = slides.blank(300, 100)
    axes.text(10, 50, "pale", color="#bbbbbb")
    slides.markup(figure, ALT)
    assert (tmp_path / slides.PALE).read_text().startswith("'pale': #bbbbbb on #ffffff, 1.9:1")
