"""What the site is laid out from, and what a build that fails leaves; no browser is needed."""

from __future__ import annotations

import errno
import json

import nbformat
import numpy as np
import pytest
from PIL import Image

from utils import results

import api_pages
import build
import film
import frames
import ledger_page
import stage

ADDRESS = "https://github.com/somebody/course", "v1.2.3", "https://github.com/x/students", "https://hub.REPLACE-ME.org"


@pytest.mark.parametrize("error", [build.SiteError("a warning"), OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
def test_a_build_that_fails_leaves_the_last_site(tmp_path, monkeypatch, error):
    target = tmp_path / "site"
    target.mkdir()
    (target / "index.html").write_text("older")

    def fail(folder, out):
        out.mkdir()
        raise error

    monkeypatch.setattr(build, "sources", lambda folder: folder.mkdir(parents=True))
    monkeypatch.setattr(build, "run_sphinx", fail)
    with pytest.raises(type(error)):
        build.build(target)
    assert (target / "index.html").read_text() == "older"
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["site"]


def test_what_sphinx_complains_of_is_told(tmp_path):
    pytest.importorskip("pydata_sphinx_theme", reason="The site's theme is not installed here; `make test` brings it.")
    (tmp_path / "index.md").write_text("# Title\n\n[nowhere](gone.md)\n")
    with pytest.raises(build.SiteError, match=r"gone\.md"):
        build.run_sphinx(tmp_path, tmp_path / "out")


def test_links_lead_to_pages_or_to_the_published_repository(monkeypatch):
    text = "[a](STUDENTS.md) [b](notebooks/08_q_learning.ipynb) [deploy](deploy/README.md) [c](https://a.org) [d](#x)"
    unpublished = "[a](students.md) [b](lessons/08_q_learning.ipynb) deploy [c](https://a.org) [d](#x)"
    monkeypatch.setattr(stage.publish, "settings", lambda: ("https://github.com/REPLACE-ME/x", *ADDRESS[1:]))
    assert stage.relinked(text, "README.md", "begin") == unpublished
    monkeypatch.setattr(stage.publish, "settings", lambda: ADDRESS)
    there = f"[deploy]({ADDRESS[0]}/blob/v1.2.3/deploy/README.md)"
    assert stage.relinked(text, "README.md", "begin") == unpublished.replace("deploy ", f"{there} ")
    assert stage.relinked("[a](../STUDENTS.md)", "notebooks/x.ipynb", "lessons/x") == "[a](../students.md)"


def test_buttons_follow_the_one_address_setting(monkeypatch):
    monkeypatch.setattr(stage.publish, "settings", lambda: ADDRESS)
    assert all(name in stage.buttons("08_q_learning.ipynb") for name in ("Colab", "Kaggle", "Binder", "Download"))
    monkeypatch.setattr(stage.publish, "settings", lambda: ("https://github.com/REPLACE-ME/x", *ADDRESS[1:]))
    assert "Colab" not in stage.buttons("08_q_learning.ipynb") and "Download" in stage.buttons("08_q_learning.ipynb")


def test_a_section_that_is_gone_is_missed():
    assert stage.section("## A\n\none\n\n### x\n\n## B\n\ntwo", "A") == "one\n\n### x"
    with pytest.raises(ValueError, match="no section 'C'"):
        stage.section("## A\n\none", "C")


def test_what_one_plays_with_stands_at_the_end_of_its_section():
    cells = [nbformat.v4.new_markdown_cell(text) for text in ("# T", "## 1. The test\n\nx", "y", "## 2. Exercises")]
    assert stage.end_of_section(cells, "The test") == 3
    assert stage.end_of_section(cells, "Exercises") == 4
    with pytest.raises(ValueError, match="called 'Play'"):
        stage.end_of_section(cells, "Play")


def test_a_page_names_only_what_there_is(tmp_path, monkeypatch):
    monkeypatch.setattr(frames, "PLAY", tmp_path)
    (tmp_path / "a.html").write_text("<b>/*{words}*/</b>/*{a.js}*/")
    (tmp_path / "a.js").write_text("1;")
    assert frames.page("a.html", words="w") == "<b>w</b>1;"
    with pytest.raises(KeyError, match="wants words"):
        frames.page("a.html")


def test_every_figure_of_the_ledger_is_on_its_page():
    page = ledger_page.page("{comparison}{topics}{claims}")
    for identifier, entry in results.read().items():
        if not identifier.startswith("claims."):
            assert ledger_page.html.escape(entry["command"]) in page and entry["date"] in page, identifier
    assert page.count("<svg") == sum(not name.startswith("claims.") for name in results.read())
    lessons = {name.split(".")[1] for name in results.read() if name.startswith("claims.")}
    assert page.count("<details>") == len(lessons)


def test_a_scale_holds_all_its_figures():
    entry = {"unit": "points", "value": -170.0, "spread": 10.0}
    assert ledger_page.scale([entry, {"unit": "points", "value": 499.0, "spread": None}]) == (-180.0, 499.0)
    assert ledger_page.scale([{"unit": "fraction", "value": 0.3, "spread": 0.1}]) == (0.0, 1.0)
    assert 'cx="4.0"' in ledger_page.strip({"value": -180.0, "spread": None}, -180.0, 499.0)


def test_code_in_docstrings_stays_code():
    text = api_pages.text_of("What it is.\n\nx = f(1)\nfor y in x:\n    print(y)\n\nArgs:\n    a: one.", "")
    assert "::\n\n    x = f(1)\n    for y in x:\n        print(y)" in text and "a" in text.split("print")[1]


def test_every_room_of_the_package_has_its_page():
    names = {path.name for path in api_pages.UTILS.iterdir() if (path / "__init__.py").exists()}
    assert names | {"single"} == set(api_pages.rooms())
    compiled = api_pages.module_page(api_pages.UTILS / "go" / "position.py")
    assert ".. py:function:: legal(s, past, count, p, color)" in compiled, "what numba compiles is there"


def test_the_film_shows_the_hole_in_the_wall():
    assert film.stretch(2000, 700) == range(370, 930)
    assert film.stretch(300, None) == range(300)
    assert film.stretch(1000, 950) == range(440, 1000)


def test_the_network_in_the_page_says_where_it_comes_from():
    sidecar = json.loads(frames.GO.with_suffix(".json").read_text(encoding="utf-8"))
    assert sidecar["date"] and sidecar["command"]
    assert "play/board.html" in stage.frame("board.html", "t", "board")


def test_figures_of_a_page_come_from_the_ledger():
    entry = results.get("go.sl9.top1")
    shown = stage.measured("{board} {go.sl9.top1:.0%} of {go.sl9.top1@n}")
    assert shown == f"{{board}} {entry['value']:.0%} of {entry['n']}"
    with pytest.raises(KeyError, match=r"go\.never"):
        stage.measured("{go.never.measured:.1f}")


@pytest.mark.parametrize("published", [True, False])
def test_the_first_page_says_where_to_fetch_the_course(tmp_path, monkeypatch, published):
    address = ADDRESS[0] if published else "https://github.com/REPLACE-ME/x"
    monkeypatch.setattr(stage.publish, "settings", lambda: (address, *ADDRESS[1:]))
    stage.stage_texts(tmp_path)
    text = (tmp_path / "begin.md").read_text(encoding="utf-8")
    assert (f"git clone {address}" in text) == published
    assert "REPLACE-ME" not in text


def test_every_topic_of_the_ledger_has_a_name():
    assert {identifier.split(".")[0] for identifier in results.read()} <= {*ledger_page.TOPICS, "claims"}


def test_a_chart_gets_few_colours_and_a_photo_keeps_its_own():
    chart = np.repeat(np.arange(200, dtype=np.uint8), 3).reshape(10, 20, 3)
    chart = Image.fromarray(np.kron(chart, np.ones((4, 4, 1), np.uint8)))
    few = stage.few_colours(chart)
    assert len(few.getcolors()) <= 64
    assert np.abs(np.asarray(few, int) - np.asarray(chart, int)).max() <= 4
    photo = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    np.testing.assert_array_equal(np.asarray(stage.few_colours(Image.fromarray(photo)))[..., :3], photo)
    glass = Image.fromarray(np.full((4, 4, 4), 90, np.uint8), "RGBA")
    np.testing.assert_array_equal(np.asarray(stage.few_colours(glass)), np.asarray(glass))
