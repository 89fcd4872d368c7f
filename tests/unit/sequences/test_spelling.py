"""Sums written in two ways, and read as Python reads them."""

from __future__ import annotations

import numpy as np
import pytest

from utils.sequences import spelling
from utils.sequences.sums import TABLE


def test_both_ways_say_the_same_number():
    totals = np.array([0, 7, 48, 198, 1998])
    for zeros in (True, False):
        answers = spelling.spell(totals, np.full(5, zeros))
        assert answers.shape == (5, 4) and answers.dtype == np.int32
        np.testing.assert_array_equal(spelling.numbers(answers), totals)
    mixed = spelling.spell(np.array([48, 48]), np.array([True, False]))
    assert [TABLE.decode_indices(row) for row in mixed] == ["0048", "  48"]


@pytest.mark.parametrize("text", ["4 8 ", "    ", "4+8 ", "++48", "48+ "])
def test_what_is_no_number_is_far_from_every_sum(text):
    assert spelling.numbers(TABLE.to_indices([text])) == spelling.NO_NUMBER


def test_a_number_too_long_is_named():
    with pytest.raises(ValueError, match="12345"):
        spelling.spell(np.array([12345]), np.array([True]))


def test_zeros_before_are_seen():
    assert spelling.begins_with_zero(TABLE.to_indices(["0048", "  48", "048 ", "4800"])).tolist() == [1, 0, 1, 0]
