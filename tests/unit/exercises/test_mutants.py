"""The tool that looks for gaps in checks finds one, and none where there is none."""

from __future__ import annotations

import pytest

from utils.exercises import engine

import mutants

SOURCE = """
def mean_above(values, limit):
    chosen = [v for v in values if v > limit]
    return sum(chosen) / max(len(chosen), 1)
"""


@pytest.fixture
def exercise(monkeypatch):
    """Registers a check that tries the inputs given, and returns the exercise."""

    def register(*cases):
        def check(attempt):
            for values, limit, expected in cases:
                engine.expect_close(attempt(values, limit), expected, shown="", hint="")

        item = engine.Exercise("08.9", "mean_above", "", 1, 1, check)
        monkeypatch.setattr(engine, "load_checks", lambda lesson=None: {"08.9": item})
        return item

    return register


def test_a_check_with_a_gap_lets_changes_through(exercise):
    left = [what for what in mutants.survivors(SOURCE, exercise(([1, 2, 3], 2, 3.0))) if what]
    assert any("with GtE" not in what and "max" in what for what in left)
    assert not any("with Lt" in what for what in left)


def test_a_good_check_notices_all(exercise):
    item = exercise(([1, 2, 3], 2, 3.0), ([1, 2, 3], 1, 2.5), ([1, 5, 6, 7], 1, 6.0), ([1], 3, 0.0))
    found = list(mutants.survivors(SOURCE, item))
    assert len(found) >= 8
    assert [what for what in found if what] == []


def test_a_change_that_never_ends_is_stopped(exercise, monkeypatch):
    monkeypatch.setattr(mutants, "PATIENCE", 1)
    item = exercise(([1], 0, 3))
    source = "def mean_above(values, limit):\n    n = 0\n    while n < 3:\n        n += 1\n    return n\n"
    assert "" in list(mutants.survivors(source, item))
