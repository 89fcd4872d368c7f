"""The addition task: encoding and back, splits that do not leak, measures by hand, a training that learns."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.sequences import addition
from utils.sequences.addition import CharacterTable, PairSplit


@given(st.lists(st.text(addition.CHARACTERS, max_size=9), min_size=1, max_size=5))
def test_encoding_goes_back(texts):
    table = CharacterTable()
    indices = table.to_indices(texts, 9)
    assert indices.shape == (len(texts), 9)
    for text, row in zip(texts, indices):
        assert table.decode_indices(row) == text.ljust(9)
        rows = table.encode(text, 9)
        assert rows.dtype == np.float32 and (rows.sum(axis=1) == 1).all()
        assert table.decode(rows) == text.ljust(9)


@pytest.mark.parametrize("bad", ["*", "é", "漢", "\n", "a"])
def test_unknown_characters_are_named(bad):
    with pytest.raises(ValueError, match="position 1 is not in the alphabet") as caught:
        CharacterTable().to_indices(["12+3", f"1{bad}2"])
    assert repr(bad) in str(caught.value)


def test_the_table_refuses_what_it_cannot_hold():
    with pytest.raises(ValueError, match="'7' more than once"):
        CharacterTable("0778")
    with pytest.raises(ValueError, match="has 6 characters; there is room for 5"):
        CharacterTable().encode("12+345", 5)


def test_two_digits_split_exactly():
    split = PairSplit(2)
    sizes = {role: len(split.all_questions(role)[0]) for role in addition.ROLES}
    assert sizes == {"train": 7600, "validation": 400, "test": 2000}


@given(st.integers(0, 999), st.integers(0, 999), st.integers(0, 3))
def test_a_pair_and_its_swap_share_their_role(a, b, seed):
    split = _SPLITS[seed]
    assert split.role(a, b) == split.role(b, a)


_SPLITS = [PairSplit(3, seed=seed) for seed in range(4)]


@pytest.mark.parametrize("digits", [1, 2, 3, 5])
def test_draws_keep_to_their_role_and_range(digits):
    split, rng = PairSplit(digits), np.random.default_rng(0)
    for number, role in enumerate(addition.ROLES):
        a, b = split.draw(200, role, rng)
        assert len(a) == 200 and (split.role(a, b) == number).all()
        assert a.min() >= 0 and max(a.max(), b.max()) < 10**digits
    share = (split.role(*rng.integers(10**digits, size=(2, 20_000))) == 2).mean()
    assert digits == 1 or abs(share - 0.2) < 0.02


def test_draws_can_be_distinct_and_bounded():
    split = PairSplit(2)
    a, b = split.draw(500, "test", np.random.default_rng(0), distinct=True)
    assert len(set(zip(a.tolist(), b.tolist()))) == 500
    a, b = split.draw(500, "train", np.random.default_rng(0), largest=69)
    assert max(a.max(), b.max()) == 69
    with pytest.raises(ValueError, match="fewer than 3000 distinct test questions"):
        split.draw(3000, "test", np.random.default_rng(0), distinct=True)
    with pytest.raises(ValueError, match="Unknown role 'exam'"):
        split.draw(5, "exam", np.random.default_rng(0))


def test_short_numbers_are_as_common_as_long_ones():
    a, _ = PairSplit(3).draw(20_000, "train", np.random.default_rng(0))
    # One digit is drawn in a third of the cases, and 1 % or 10 % of the longer ones begin with zeros.
    assert abs((a < 10).mean() - (1 / 3) * (1 + 0.1 + 0.01)) < 0.02


def test_questions_can_be_drawn_evenly():
    split, rng = PairSplit(2), np.random.default_rng(0)
    for share in (0.5, 1.0):
        a, b = split.draw(20_000, "train", rng, evenly=share)
        expected = share * 0.81 + (1 - share) * 0.45**2
        assert ((a >= 10) & (b >= 10)).mean() == pytest.approx(expected, abs=0.02)
        assert (split.role(a, b) == 0).all()


def test_held_out_questions_are_fixed_and_distinct():
    one, two = PairSplit(3).held_out("test", 2000), PairSplit(3).held_out("test", 2000)
    assert np.array_equal(one, two) and len(one[0]) == 2000
    assert len(set(zip(*(x.tolist() for x in one)))) == 2000
    assert len(PairSplit(2).held_out("test", 2000)[0]) == 2000


@pytest.mark.parametrize("bad", [{"digits": 0}, {"digits": 10}, {"digits": 2, "test_share": 0.99}])
def test_impossible_splits_are_refused(bad):
    with pytest.raises(ValueError):
        PairSplit(**bad)


def test_questions_and_answers_in_both_orders():
    a, b = np.array([34, 7]), np.array([14, 99])
    forward, backward = (addition.encode_questions(a, b, 2, reverse) for reverse in (False, True))
    assert addition.TABLE.decode(forward[1]) == "7+99 " and addition.TABLE.decode(backward[1]) == " 99+7"
    assert np.array_equal(forward[:, ::-1], backward) and forward.shape == (2, 5, 12)
    printed, units = (addition.encode_answers(a, b, 2, units_first) for units_first in (False, True))
    assert [addition.TABLE.decode_indices(row) for row in printed] == ["48 ", "106"]
    assert [addition.TABLE.decode_indices(row) for row in units] == [" 84", "601"]


def test_aligned_on_the_right_the_units_come_first():
    a, b = np.array([34, 7]), np.array([14, 5])
    rows = addition.encode_questions(a, b, 2, reverse=True, right_aligned=True)
    assert [addition.TABLE.decode(row) for row in rows] == ["41+43", "5+7  "]
    columns = addition.encode_answers(a, b, 2, units_first=True, right_aligned=True)
    assert [addition.TABLE.decode_indices(row) for row in columns] == ["84 ", "21 "]
    columns = addition.encode_answers(a, b, 2, right_aligned=True)
    assert [addition.TABLE.decode_indices(row) for row in columns] == [" 48", " 12"]


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_carries_take_nine_from_the_digit_sum(a, b):
    def digit_sum(n):
        return sum(map(int, str(n)))

    assert addition.count_carries(a, b) == (digit_sum(a) + digit_sum(b) - digit_sum(a + b)) // 9


class _Oracle:
    """A 'network' that adds, except where the first number is 13."""

    def predict(self, rows, **_):
        out = []
        for row in rows:
            first, second = addition.TABLE.decode(row[::-1]).strip().split("+")
            total = "0" if first == "13" else str(int(first) + int(second))
            out.append(addition.TABLE.encode(total, 3))
        return np.array(out)


def test_score_counts_characters_and_answers():
    found = addition.score(_Oracle(), np.array([34, 13, 50, 1]), np.array([14, 4, 50, 1]), 2)
    assert found.answers == 0.75 and found.right.tolist() == [True, False, True, True]
    assert found.characters == pytest.approx(10 / 12)  # "0  " against "17 ": only the padding agrees
    assert addition.ask(_Oracle(), ["34+14", "13+1"], 2) == ["48", "0"]
    # Read with spaces on the other side, the oracle still answers padded on the right, so short answers miss.
    found = addition.score(_Oracle(), np.array([50, 3]), np.array([50, 4]), 2, right_aligned=True)
    assert found.right.tolist() == [True, False]
    assert addition.ask(_Oracle(), ["3+4"], 2, right_aligned=True) == ["7"]
    with pytest.raises(ValueError, match="room for 5"):
        addition.ask(_Oracle(), ["123+45"], 2)


def test_progress_is_marked_and_coloured():
    lines = addition.progress_lines(["34+14", "1+1"], ["48 ", "2"], ["48", "3"]).splitlines()
    assert "\033[32m☑" in lines[0] and "\033[31m☒" in lines[1]
    assert addition.progress_lines(["34+14"], ["48"], ["47"], color=False) == "Q 34+14   T 48    ☒ 47"


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
    split = PairSplit(1)
    found = addition.score(model, *split.held_out("validation", 1000), 1)
    assert found.answers == pytest.approx(max(record["answers"] for record in history))


def test_training_can_be_stopped_early():
    config = addition.AdditionConfig(digits=1, units=8, samples=3_000, chunk=500)
    _, history = addition.train_adder(config, on_chunk=lambda model, record: record["samples"] >= 1_000)
    assert len(history) == 2
