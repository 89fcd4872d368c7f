"""The ledger: what is recorded, who may write at the same time, and what a damaged one says."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys

import pytest

from utils import results, runtime

GIVEN = {"budget": "smoke", "backend": "tensorflow", "hardware": "a test"}


def test_a_result_is_recorded_read_and_replaced():
    entry = results.record("b.accuracy", 0.98765432, unit="fraction", spread=0.0012, n=3, command="make it", **GIVEN)
    results.record("a.rmse", 0.87, unit="RMSE", note="five folds", **GIVEN)
    assert entry["value"] == 0.987654 and set(entry) == set(results.FIELDS)
    assert list(results.read()) == ["a.rmse", "b.accuracy"]  # sorted, so that diffs stay small
    results.record("b.accuracy", 0.99, unit="fraction", **GIVEN)
    assert results.get("b.accuracy")["value"] == 0.99 and len(results.read()) == 2
    assert results.ledger_path().read_text().endswith("\n")
    assert sorted(os.listdir(results.ledger_path().parent)) == [".results.json.lock", "results.json"]


def test_what_is_looked_up_is_filled_in(monkeypatch):
    monkeypatch.setattr(runtime, "list_gpus", list)
    entry = results.record("x.y", 1, unit="points")
    assert entry["budget"] == runtime.budget() and entry["n"] == 1 and entry["spread"] is None
    assert "cores of" in entry["hardware"] and "no GPU" in entry["hardware"]
    assert len(entry["date"]) == 10 and entry["command"].startswith("python ")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_only_finite_numbers_are_recorded(value):
    with pytest.raises(ValueError, match=r"'x\.y'"):
        results.record("x.y", value, unit="points", **GIVEN)
    with pytest.raises(ValueError, match=r"'x\.y'"):
        results.record("x.y", 1.0, spread=value, unit="points", **GIVEN)
    assert results.read() == {}


def test_a_missing_result_names_the_remedy():
    with pytest.raises(KeyError, match="make results"):
        results.get("never.measured")


def test_writers_in_several_processes_lose_nothing():
    code = (
        "import sys; from utils import results\n"
        "for i in range(10):\n"
        "    results.record(f'w{sys.argv[1]}.n{i}', i, unit='points', budget='smoke', backend='x', hardware='y')"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(number)], cwd=runtime.repo_root()) for number in range(4)
    ]
    assert [writer.wait() for writer in writers] == [0] * 4
    assert len(results.read()) == 40
    assert sorted(os.listdir(results.ledger_path().parent)) == [".results.json.lock", "results.json"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[{", "not valid JSON"),
        ('{"id": 1}', "list of entries"),
        ("[3]", "list of entries"),
        ('[{"id": "x"}]', "'x' lacks value, unit"),
        ("\udcff", "not valid"),
    ],
)
def test_a_damaged_ledger_says_so_and_is_not_overwritten(content, words):
    path = results.ledger_path()
    path.write_bytes(content.encode(errors="surrogateescape"))
    before = path.read_bytes()
    with pytest.raises(ValueError, match=words):
        results.read()
    with pytest.raises(ValueError, match=words):
        results.record("x.y", 1, unit="points", **GIVEN)
    assert path.read_bytes() == before


def test_two_entries_with_one_id_are_refused():
    entry = dict.fromkeys(results.FIELDS, "") | {"id": "x.y"}
    results.ledger_path().write_text(json.dumps([entry, entry]))
    with pytest.raises(ValueError, match="more than once"):
        results.read()


@pytest.mark.parametrize(
    ("value", "spread", "unit", "text"),
    [
        (0.98951, 0.0012, "fraction", "98.95 ± 0.12 %"),
        (0.5, None, "fraction", "50.00 %"),
        (0.8703, 0.0051, "RMSE", "0.870 ± 0.005 RMSE"),
        (367.4, 40.2, "points", "367.4 ± 40.2 points"),
        (12345.6, None, "games/s", "12,346 games/s"),
    ],
)
def test_values_are_shown_as_people_read_them(value, spread, unit, text):
    assert results.format_value({"value": value, "spread": spread, "unit": unit}) == text


def test_counts_are_whole():
    assert results.format_value({"value": 4.0, "spread": None, "unit": "seeds", "n": 5}) == "4 of 5 seeds"


def test_the_table_names_results_as_the_readme_does():
    title = next(row["title"] for row in results.references() if row["id"] == "mnist.better.accuracy")
    results.record("mnist.better.accuracy", 0.99, unit="fraction", n=3, note="mean", **GIVEN)
    assert f"| {title} | 99.00 % | n = 3; mean |" in results.table(["mnist.better.accuracy"])


def test_the_table_shows_gaps_too():
    results.record("a.b", 0.5, unit="fraction", n=3, note="mean over seeds", **GIVEN)
    table = results.table(["a.b", "c.d"]).splitlines()
    assert len(table) == 4 and "50.00 %" in table[2] and "n = 3; mean over seeds" in table[2]
    assert "c.d | not measured yet" in table[3]
    assert len(results.table().splitlines()) == 3
    assert "| what it is | 50.00 % |" in results.table({"a.b": "what it is"})


def test_the_course_ledger_is_well_formed():
    entries = results.read(runtime.repo_root() / "mldata" / "results.json")
    for entry in entries.values():
        assert math.isfinite(entry["value"]) and entry["n"] >= 1 and entry["budget"] in runtime.BUDGETS


def test_a_curve_tells_where_it_comes_from(monkeypatch, tmp_path):
    monkeypatch.setattr(runtime, "repo_root", lambda: tmp_path)
    rows = [{"step": 1, "loss": 0.5}, {"step": 2, "loss": 0.25}]
    path = results.write_curve(results.curve_path("go"), rows, command="train it", seed=3)
    stored = json.loads(path.read_text())
    assert stored["provenance"]["command"] == "train it" and stored["provenance"]["seed"] == 3
    assert set(results.provenance("x")) <= set(stored["provenance"])
    assert results.read_curve("go") == rows
    with pytest.raises(FileNotFoundError, match="there are go"):
        results.read_curve("chess")
