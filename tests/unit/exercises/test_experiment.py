"""What an open experiment returns is judged entry by entry, and the first that does not fit is named."""

from __future__ import annotations

import numpy as np
import pytest

from utils.exercises import engine
from utils.exercises.experiment import numbers, one_of, predicted_first, record

FIELDS = {"seeds": numbers(2, 9, whole=True), "losses": numbers(0, 1, count=3), "better": one_of("first", "second")}
GOOD = {"seeds": 3, "losses": [0.5, 0.25, 0.125], "better": "first"}


def test_a_record_comes_back_as_numbers_and_texts():
    found = record(GOOD | {"losses": (1, np.float32(0.5), 0), "note": "more may be there"}, FIELDS)
    assert found["losses"].tolist() == [1, 0.5, 0] and found["seeds"] == 3 and found["better"] == "first"


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"seeds": 1}, "'seeds'"),
        ({"seeds": 2.5}, "a whole number from 2 to 9"),
        ({"seeds": [3]}, "'seeds'"),
        ({"losses": [0.5, 0.5]}, "a list of 3 numbers from 0 to 1"),
        ({"losses": [0.5, 0.5, float("nan")]}, "'losses'"),
        ({"losses": "small"}, "'losses'"),
        ({"better": "third"}, "one of 'first', 'second'"),
    ],
)
def test_what_does_not_fit_is_named(changed, named):
    with pytest.raises(engine.AttemptFails, match=named):
        record(GOOD | changed, FIELDS)


@pytest.mark.parametrize("answer", [None, 3, [3, 0.5], {"seeds": 3}])
def test_anything_but_a_full_dictionary_is_told_the_entries(answer):
    with pytest.raises(engine.AttemptFails, match="'seeds', 'losses', 'better'"):
        record(answer, FIELDS)


@pytest.mark.parametrize("answer", [..., GOOD | {"losses": ...}])
def test_an_open_entry_is_not_attempted(answer):
    with pytest.raises(engine.NotAttempted):
        record(answer, FIELDS)


def test_a_prediction_is_not_the_measurement():
    predicted_first({"predicted": [0.5, 0.3], "test": [0.5, 0.31]}, "test")
    with pytest.raises(engine.AttemptFails, match="before measuring"):
        predicted_first({"predicted": [0.5, 0.31], "test": [0.5, 0.31]}, "test")
