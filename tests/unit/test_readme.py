"""README says what was measured, and points at what exists."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from utils import results

import readme

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_results_table_is_what_the_ledger_says(monkeypatch):
    monkeypatch.setenv("COURSE_RESULTS", str(ROOT / "mldata" / "results.json"))
    assert readme.with_table(README, readme.comparison_table()) == README, "run `python .ci/readme.py`"


def test_a_changed_result_would_be_noticed(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_RESULTS", str(tmp_path / "results.json"))
    results.record("mnist.lecture.accuracy", 0.1234, unit="fraction", hardware="h", budget="cpu")
    text = readme.comparison_table()
    assert "12.34 %" in text
    assert readme.with_table(README, text) != README


def test_a_document_without_marks_is_refused():
    with pytest.raises(ValueError, match="end of results"):
        readme.with_table("no marks", "table")


def test_links_to_files_lead_somewhere():
    links = re.findall(r"\]\((?!https?://|#)([^)]+)\)", README)
    assert links
    for link in links:
        assert (ROOT / link).exists(), link


def test_every_notebook_is_in_the_course_map():
    for path in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"):
        assert f"notebooks/{path.name}" in README, path.name


def test_make_targets_in_the_text_exist():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    for name in re.findall(r"\bmake ([a-z][a-z-]+)", README):
        if name not in ("alone",):
            assert name in targets, name


def test_reference_rows_name_distinct_results():
    rows = tomllib.loads((ROOT / "mldata" / "references.toml").read_text(encoding="utf-8"))["row"]
    identifiers = [row["id"] for row in rows]
    assert len(identifiers) == len(set(identifiers))


def test_the_start_page_lists_the_lessons_as_readme_does():
    row = r"^\| \[([^]]+)\]\((?:notebooks/)?([^)]+\.ipynb)\) \| ([^|]+?) \|"
    page = (ROOT / "notebooks" / "index.md").read_text(encoding="utf-8")
    listed = re.findall(row, page, flags=re.MULTILINE)
    assert listed == re.findall(row, README, flags=re.MULTILINE)
    assert [name for _, name, _ in listed] == [p.name for p in sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))]
