"""The network that adds: measures by hand, a training that learns and repeats itself."""

from __future__ import annotations

import numpy as np
import pytest

from utils.sequences import addition, sums


class _Oracle:
    """A 'network' that adds, except where the first number is 13."""

    def predict(self, rows, **_):
        out = []
        for row in rows:
            first, second = sums.TABLE.decode(row[::-1]).strip().split("+")
            total = "0" if first == "13" else str(int(first) + int(second))
            out.append(sums.TABLE.encode(total, 3))
        return np.array(out)


def test_score_counts_characters_and_answers():
    found = addition.score(_Oracle(), np.array([34, 13, 50, 1]), np.array([14, 4, 50, 1]), 2)
    assert found.answers == 0.75 and found.right.tolist() == [True, False, True, True]
    assert found.characters == pytest.approx(10 / 12)  # "0  " against "17 ": only the padding agrees
    assert addition.ask(_Oracle(), ["34+14", "13+1"], 2) == ["48", "0"]
    # Read with spaces on the other side, the oracle still answers padded on the right, so short answers miss.
    found = addition.score(_Oracle(), np.array([50, 3]), np.array([50, 4]), 2, align_question=True, align_answer=True)
    assert found.right.tolist() == [True, False]
    assert addition.ask(_Oracle(), ["3+4"], 2, align_question=True) == ["7"]
    with pytest.raises(ValueError, match="room for 5"):
        addition.ask(_Oracle(), ["123+45"], 2)


def test_answers_are_marked_and_coloured():
    a, b = np.array([34, 13]), np.array([14, 1])
    lines = addition.show_answers(_Oracle(), a, b, digits=2).splitlines()
    assert "\033[32m☑" in lines[0] and "\033[31m☒" in lines[1]
    plain = addition.show_answers(_Oracle(), a, b, digits=2, color=False).splitlines()
    assert plain == ["Q 34+14   T 48    ☑ 48", "Q 13+1    T 14    ☒ 0"]


def test_the_network_has_the_lectures_size():
    model = addition.build_adder(2)
    assert model.count_params() == 205_324
    assert model.input_shape == (None, 5, 12) and model.output_shape == (None, 3, 12)


def test_training_learns_and_repeats_itself():
    config = addition.AdditionConfig(digits=1, units=32, samples=12_000, chunk=6_000, batch=64, peak_rate=0.02)
    (model, history), (_, again) = (addition.train_adder(config) for _ in range(2))
    assert [record["samples"] for record in history] == [6_000, 12_000]
    assert history[-1]["loss"] < 1.0 < history[0]["loss"]
    assert history[-1]["loss"] == pytest.approx(again[-1]["loss"], rel=1e-3)
    split = sums.PairSplit(1)
    found = addition.score(model, *split.held_out("validation", 1000), 1)
    assert found.answers == pytest.approx(max(record["answers"] for record in history))


def test_training_can_be_stopped_early():
    config = addition.AdditionConfig(digits=1, units=8, samples=3_000, chunk=500)
    _, history = addition.train_adder(config, on_chunk=lambda model, record: record["samples"] >= 1_000)
    assert len(history) == 2
