"""Splits: nothing shared, nothing lost, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.recommender.splits import after_a_moment, fold_numbers, fold_split, last_of_each_user


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


def test_the_last_of_each_user_and_the_latest_of_all():
    users = np.array([0, 1, 0, 0, 1, 0, 0, 2, 0, 0, 0, 0, 0])
    times = np.array([9, 5, 1, 2, 4, 3, 8, 7, 4, 5, 6, 8, 7])
    late = last_of_each_user(users, times)
    # User 0 has ten ratings; of the two at time 8 the later in the file goes. Users 1 and 2 have too few for a fifth.
    assert np.flatnonzero(late).tolist() == [0, 11]
    assert np.flatnonzero(after_a_moment(times)).tolist() == [0, 6, 11]
    assert np.flatnonzero(last_of_each_user(users, times, 0.5)).tolist() == [0, 1, 6, 10, 11, 12]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9)), min_size=5, max_size=60))
def test_nothing_later_is_learned_from(pairs):
    users, times = np.array(pairs).T
    late = after_a_moment(times)
    assert late.sum() == round(0.2 * len(times)) and (not late.any() or times[~late].max() <= times[late].min())
    late = last_of_each_user(users, times)
    for user in np.unique(users):
        mine = users == user
        assert late[mine].sum() == int(0.2 * mine.sum() + 1e-9)
        assert not late[mine].any() or times[mine & ~late].max() <= times[mine & late].min()
