"""The addition task: encoding and back, splits that do not leak."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.sequences import sums
from utils.sequences.sums import CharacterTable, PairSplit


@given(st.lists(st.text(sums.CHARACTERS, max_size=9), min_size=1, max_size=5))
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
    sizes = {role: len(split.all_questions(role)[0]) for role in sums.ROLES}
    assert sizes == {"train": 7600, "validation": 400, "test": 2000}


@given(st.integers(0, 999), st.integers(0, 999), st.integers(0, 3))
def test_a_pair_and_its_swap_share_their_role(a, b, seed):
    split = _SPLITS[seed]
    assert split.role(a, b) == split.role(b, a)


_SPLITS = [PairSplit(3, seed=seed) for seed in range(4)]


@pytest.mark.parametrize("digits", [1, 2, 3, 5])
def test_draws_keep_to_their_role_and_range(digits):
    split, rng = PairSplit(digits), np.random.default_rng(0)
    for number, role in enumerate(sums.ROLES):
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
    forward, backward = (sums.encode_questions(a, b, 2, reverse) for reverse in (False, True))
    assert sums.TABLE.decode(forward[1]) == "7+99 " and sums.TABLE.decode(backward[1]) == " 99+7"
    assert np.array_equal(forward[:, ::-1], backward) and forward.shape == (2, 5, 12)
    printed, units = (sums.encode_answers(a, b, 2, units_first) for units_first in (False, True))
    assert [sums.TABLE.decode_indices(row) for row in printed] == ["48 ", "106"]
    assert [sums.TABLE.decode_indices(row) for row in units] == [" 84", "601"]


def test_aligned_on_the_right_the_units_come_first():
    a, b = np.array([34, 7]), np.array([14, 5])
    rows = sums.encode_questions(a, b, 2, reverse=True, right_aligned=True)
    assert [sums.TABLE.decode(row) for row in rows] == ["41+43", "5+7  "]
    columns = sums.encode_answers(a, b, 2, units_first=True, right_aligned=True)
    assert [sums.TABLE.decode_indices(row) for row in columns] == ["84 ", "21 "]
    columns = sums.encode_answers(a, b, 2, right_aligned=True)
    assert [sums.TABLE.decode_indices(row) for row in columns] == [" 48", " 12"]


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_carries_take_nine_from_the_digit_sum(a, b):
    def digit_sum(n):
        return sum(map(int, str(n)))

    assert sums.count_carries(a, b) == (digit_sum(a) + digit_sum(b) - digit_sum(a + b)) // 9
