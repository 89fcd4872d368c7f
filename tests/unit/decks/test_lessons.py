"""Slides quote what lessons have stored: numbers come back as numbers, and what is gone is refused."""

from __future__ import annotations

import nbformat
import pytest

from utils import runtime
from utils.claims import FAILS, HOLDS, MIME
from utils.decks import lessons


@pytest.fixture
def lesson(tmp_path, monkeypatch):
    def stored(sentence, state, figures):
        data = {MIME: {"sentence": sentence, "state": state, "figures": figures, "by_seed": []}}
        return nbformat.v4.new_output("display_data", data)

    figures = {"share": "99.83 %", "pair": "0.5, -1e-3", "many": "1, 2, …, 9", "weights": "205,324"}
    outputs = [
        stored("It holds, and how", HOLDS, figures),
        stored("It fails", FAILS, {"x": "1"}),
        stored("It is shortened", HOLDS, {"x": "1, …, 9"}),
        nbformat.v4.new_output("stream", text="first: 1\nsecond: 2\n"),
    ]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("0", outputs=outputs)])
    (tmp_path / "notebooks").mkdir()
    nbformat.write(book, tmp_path / "notebooks" / "06_sums.ipynb")
    monkeypatch.setattr(runtime, "repo_root", lambda: tmp_path)
    return "06"


def test_figures_of_a_claim_are_numbers(lesson):
    found = lessons.claimed(lesson, "It holds")
    assert found == {"share": [pytest.approx(0.9983)], "pair": [0.5, -0.001], "weights": [205_324]}


@pytest.mark.parametrize("sentence", ["It fails", "It never said", "It is shortened", "It"])
def test_what_is_gone_fails_or_is_not_one_claim_is_refused(lesson, sentence):
    with pytest.raises(ValueError, match="Lesson 06"):
        lessons.claimed(lesson, sentence)


def test_a_printed_line_is_found_by_its_beginning(lesson):
    assert lessons.printed(lesson, "second") == "second: 2"
    with pytest.raises(ValueError, match="0 lines"):
        lessons.printed(lesson, "third")
