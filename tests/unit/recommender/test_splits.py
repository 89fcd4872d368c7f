"""Splits: nothing shared, nothing lost, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.recommender.splits import fold_numbers, fold_split


@given(st.integers(5, 300), st.integers(0, 5))
def test_folds_test_every_rating_once(count, seed):
    numbers = fold_numbers(count, 5, seed)
    sizes = np.bincount(numbers, minlength=5)
    assert sizes.sum() == count and sizes.max() - sizes.min() <= 1
    splits = [fold_split(count, fold, seed=seed) for fold in range(5)]
    assert sorted(np.concatenate([split.test for split in splits])) == list(range(count))
    for fold, split in enumerate(splits):
        assert np.array_equal(split.test, np.flatnonzero(numbers == fold))
        assert not np.intersect1d(split.train, split.validation).size
        assert np.array_equal(split.not_test, np.flatnonzero(numbers != fold))


def test_folds_are_fixed():
    # Published figures depend on these very folds.
    assert fold_numbers(10).tolist() == fold_numbers(10).tolist()
    assert fold_numbers(12, seed=0)[np.random.default_rng(0).permutation(12)].tolist() == [0, 1, 2, 3, 4] * 2 + [0, 1]
    assert not np.array_equal(fold_numbers(100, seed=0), fold_numbers(100, seed=1))


@pytest.mark.parametrize(
    "call",
    [
        lambda: fold_numbers(3, 5),
        lambda: fold_numbers(10, 1),
        lambda: fold_split(10, 5),
        lambda: fold_split(10, -1),
    ],
)
def test_impossible_splits_are_refused(call):
    with pytest.raises(ValueError):
        call()
