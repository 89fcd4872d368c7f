"""The stored sweeps are what the solutions answer, and an attempt that fails in one is told where and why."""

from __future__ import annotations

import numpy as np
import pytest

from utils.exercises import engine, sweep

import sweeps

# Exercises whose answer is a network, a function or a random draw: their checks state properties instead.
WITHOUT = {
    # lesson 01
    *("01.1", "01.6"),
    # lesson 02
    *("02.2", "02.4", "02.6"),
    # lesson 03
    *("03.2", "03.6"),
    # lesson 04
    *("04.1", "04.5"),
    # lesson 05
    *("05.6",),
    # lesson 06
    *("06.5", "06.6"),
    # lesson 07
    *("07.5",),
    # lesson 08
    *("08.6",),
    # lesson 09
    *("09.5",),
    # lesson 10
    *("10.2", "10.6"),
    # lesson 11
    *("11.2", "11.6"),
}


@pytest.mark.parametrize("path", sweeps.sources(), ids=lambda path: path.stem)
def test_stored_answers_are_the_solutions(path):
    for identifier, fresh in sweeps.sweeps_of(path).items():
        stored = sweep.cases(identifier)
        assert len(stored) == len(fresh) >= 60, identifier
        for old, new in zip(stored, fresh):
            assert engine.same(list(old.inputs.values()), list(new.inputs.values())), f"{identifier}: run `make sweeps`"
            assert engine.same(old.answer, new.answer), f"{identifier}, {old.shown()}: run `make sweeps`"


def test_every_exercise_has_a_sweep_or_a_reason():
    swept = {identifier for path in sweeps.sources() for identifier in sweeps.load(path).INPUTS}
    assert swept | WITHOUT == set(engine.load_checks())
    assert not swept & WITHOUT


CASES = [
    sweep.Case({"rows": np.array([[1.5, -2.0]]), "names": ("a", "b"), "limit": 3}, np.array([1, 2])),
    sweep.Case({"rows": np.zeros((0, 2), np.float32), "names": [], "limit": None}, {"mean": float("nan"), "ok": True}),
    sweep.Case({"rows": [[1], [2, 3]], "names": {"ä", "b"}, "limit": -0.125}, "text"),
]


def test_what_is_stored_comes_back():
    content = sweep.write({"99.1": CASES})
    assert content == sweep.write({"99.1": CASES})
    for stored, case in zip(sweep.read(content)["99.1"], CASES):
        assert engine.same(stored.inputs, case.inputs) and engine.same(stored.answer, case.answer)
        for name, value in case.inputs.items():
            assert type(stored.inputs[name]) is type(value)
            assert getattr(stored.inputs[name], "dtype", None) == getattr(value, "dtype", None)


def test_objects_are_not_stored():
    with pytest.raises(TypeError, match="not object"):
        sweep.encode([object()])


@pytest.fixture
def counting(monkeypatch):
    """A sweep of an exercise that counts values above a limit, three inputs."""
    inputs = [(np.array([1.0, 2.0]), 1.5), (np.array([2.0, 2.0]), 2.0), (np.array([]), 0.0)]
    stored = tuple(sweep.Case({"values": v, "limit": t}, int((v > t).sum())) for v, t in inputs)
    monkeypatch.setattr(sweep, "cases", lambda identifier: stored)

    def run(attempt, **options):
        hints = ((lambda values, limit: limit in values, "a tie"), (lambda values, limit: len(values) == 0, "nothing"))
        try:
            sweep.sweep("99.1", attempt, hint="usual", hints=hints, **options)
        except engine.AttemptFails as finding:
            return finding.details
        return None

    return run


def test_the_failing_input_is_shown_with_the_hint_of_its_kind(counting):
    assert counting(lambda values, limit: sum(v > limit for v in values)) is None
    found = counting(lambda values, limit: (values >= limit).sum())
    assert found == {"with": "values = [2., 2.], limit = 2", "expected": "0", "got": "2", "hint": "a tie"}
    assert counting(lambda values, limit: len(values) or 7)["hint"] == "usual"
    assert counting(lambda values, limit: (values > limit).sum() if len(values) else None)["hint"].startswith(
        "The func"
    )


def test_a_changed_argument_is_noticed_where_it_matters_and_never_spoils_the_next_input(counting):
    def greedy(values, limit):
        count = int((values > limit).sum())
        values[:] = 0
        return count

    assert counting(greedy) is None and counting(greedy) is None
    assert "Do not change" in counting(greedy, unchanged=True)["hint"]


def test_a_judge_may_know_several_right_answers(counting):
    judge = lambda got, case: got in (case.answer, -1)  # noqa: E731
    assert counting(lambda values, limit: -1, judge=judge) is None
    assert counting(lambda values, limit: -2, judge=judge)["expected"] == "1"


def test_an_exercise_without_a_sweep_names_the_command():
    with pytest.raises(LookupError, match="make sweeps"):
        sweep.cases("08.99")
