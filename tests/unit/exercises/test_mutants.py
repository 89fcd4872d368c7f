"""Checks notice the small mistakes of mutants.py; and that tool finds a gap, and none where there is none."""

from __future__ import annotations

import ast
import time

import pytest

from utils.exercises import engine

import mutants
import mutations

# Tried at every run, a few seconds in all: one or two of each lesson whose checks build no network.
SAMPLE = (
    # lesson 01
    "01.4",
    "01.5",
    # lesson 02
    "02.3",
    "02.4",
    # lesson 03
    "03.1",
    "03.4",
    # lesson 04
    # lesson 05
    # lesson 06
    # lesson 07
    # lesson 08
    "08.2",
    "08.4",
    # lesson 09
    "09.3",
    # lesson 10
    "10.5",
    # lesson 11
    "11.3",
)


@pytest.mark.parametrize("identifier", SAMPLE)
def test_the_check_notices_changes(identifier):
    _, found = mutants.findings(engine.load_checks(identifier[:2])[identifier])
    assert found == []


@pytest.mark.full
@pytest.mark.parametrize("identifier", engine.load_checks())
def test_every_check_notices_changes(identifier):
    test_the_check_notices_changes(identifier)


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


def survivors(source, item):
    return [trial.text for trial in mutants.trials(source, item) if trial.survived]


def test_a_check_with_a_gap_lets_changes_through(exercise):
    left = survivors(SOURCE, exercise(([1, 2, 3], 2, 3.0)))
    assert "return sum(chosen) / max(len(chosen), 1) => return sum(chosen) / len(chosen)" in left
    assert "values as in the first call" in left and "limit as in the first call" in left
    assert not any("v >= limit" in text for text in left)


def test_a_good_check_notices_all(exercise):
    item = exercise(([1, 2, 3], 2, 3.0), ([3, 2, 1], 1, 2.5), ([1, 5, 6, 7], 1, 6.0), ([1], 3, 0.0))
    assert len(list(mutants.trials(SOURCE, item))) >= 20
    assert survivors(SOURCE, item) == []


def test_functions_beside_the_reference_are_changed_as_well(exercise):
    source = "def above(v, limit):\n    return v > limit\n" + SOURCE.replace("v > limit", "above(v, limit)")
    assert "return v > limit => return v >= limit" in survivors(source, exercise(([1, 2, 3], 1.5, 2.5)))


@pytest.mark.parametrize("reason", ["it means the same", ""])
def test_what_means_the_same_is_listed_with_its_reason(exercise, monkeypatch, tmp_path, reason):
    listed = tmp_path / "equivalent.toml"
    listed.write_text(f'["08.9"]\n"values as in the first call" = "{reason}"\n"return 0 => return 1" = "no more"\n')
    monkeypatch.setattr(mutants, "EQUIVALENT", listed)
    monkeypatch.setattr(mutants, "SOLUTIONS", tmp_path)
    (tmp_path / "08_any.py").write_text(SOURCE)
    tried, found = mutants.findings(exercise(([1, 2, 3], 2, 3.0)))
    assert tried > len(found)
    assert ('"values as in the first call" = ""' in found) == (not reason)
    assert "# listed, but caught: return 0 => return 1" in found


def test_a_change_that_never_ends_is_stopped(exercise, monkeypatch):
    monkeypatch.setattr(mutants, "PATIENCE", 0.2)
    item = exercise(([1], 0, 3), ([2], 1, 3))
    source = "def mean_above(values, limit):\n    n = 0\n    while n < 3:\n        n += 1\n    return n\n"
    start = time.process_time()
    assert not any("nothing" in text for text in survivors(source, item))
    assert time.process_time() - start > 0.2


@pytest.mark.parametrize(
    ("line", "changed"),
    [
        ("return -(-a // b)", "return a // b"),
        ("return a // b", "return -(-a // b)"),
        ("return a // b", "return round(a / b)"),
        ("return x[a:b]", "return x[a:b - 1]"),
        ("return x[:, a]", "return x[a, :]"),
        ("return sum(range(a, b))", "return sum(range(a, b + 1))"),
        ("return a - b", "return b - a"),
        ("return a * b * x", "return b * x"),
        ("return np.max(x, axis=(1, 3))", "return np.max(x, axis=(0, 3))"),
        ("return sum(x)", "return mean(x)"),
        ("return np.std(x)", "return np.std(x, ddof=1)"),
        ("return np.argmax(x)", "return np.size(x) - 1 - np.argmax(np.ravel(x)[::-1])"),
        ("return x.argmax(axis=1)", "return np.shape(x)[1] - 1 - np.argmax(np.flip(x, 1), 1)"),
        ("return int((a - b) // x)", "return int(int((a - b) / x))"),
        ("return a, b", "return (b, a)"),
        ("return f([a, b])", "return f([b, a])"),
        ("x = x.copy()", "x = x"),
        ("x[[a, b]] = -np.inf", "x[[a]] = -np.inf"),
        ("x[[a, b]] = -np.inf", "nothing"),
        ("return a if a and b else x", "return a if a or b else x"),
        ("return [i for i in x if i > a]", "return [i for i in x]"),
        ("a += b", "a = b"),
        ("return 1 if 0 <= a < b else 2", "return 1 if 0 <= a <= b else 2"),
    ],
)
def test_the_slips_of_students_are_among_the_changes(line, changed):
    function = ast.parse(f"def f(x, a, b):\n    {line}").body[0]
    assert changed in [text.split(" => ")[1] for text, _ in mutations.mutants(function)]


def test_what_an_experiment_measured_is_not_changed():
    function = ast.parse("def f():\n    return {'seeds': 3, 'losses': [0.5, 0.25]}").body[0]
    assert list(mutations.mutants(function)) == []
