"""Which ratings train, which tune, which test: at random, the last of each user, or all after some moment.

Lesson 07. At random a rating is the unit that is drawn, as in most published figures; the folds depend on the number of
ratings and the seed alone, so that every program can use the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Split:
    """Row numbers (int64, ascending) of the ratings that train, tune and test; no row is in two of them."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray

    @property
    def not_test(self) -> np.ndarray:
        """Train and validation together, ascending: for the last fit, once every choice is made."""
        return np.sort(np.concatenate([self.train, self.validation]))


def fold_numbers(count: int, folds: int = 5, seed: int = 0) -> np.ndarray:
    """The fold, 0 to ``folds`` - 1, in which each of ``count`` ratings is tested: int64, sizes equal within one.

    Raises:
        ValueError: fewer than two folds, or more folds than ratings.
    """
    if not 2 <= folds <= count:
        raise ValueError(f"{folds} folds of {count} ratings are not possible.")
    numbers = np.empty(count, dtype=np.int64)
    numbers[np.random.default_rng(seed).permutation(count)] = np.arange(count) % folds
    return numbers


def fold_split(count: int, fold: int, folds: int = 5, validation: float = 0.1, seed: int = 0) -> Split:
    """One of the fixed folds: it tests; a share ``validation`` of the remaining ratings tunes, the rest trains.

    Raises:
        ValueError: no such fold.
    """
    if not 0 <= fold < folds:
        raise ValueError(f"There is no fold {fold}; they are numbered 0 to {folds - 1}.")
    numbers = fold_numbers(count, folds, seed)
    others = np.flatnonzero(numbers != fold)
    order = np.random.default_rng([seed, fold]).permutation(len(others))
    cut = round(validation * len(others))
    return Split(np.sort(others[order[cut:]]), np.sort(others[order[:cut]]), np.flatnonzero(numbers == fold))


def last_of_each_user(users: np.ndarray, timestamps: np.ndarray, share: float = 0.2) -> np.ndarray:
    """True for the last ``share`` of each user's ratings (rounded down, ties in the file's order): bool, one a rating.

    The rest trains. Every user of the test is known, and other users' later ratings are known too.
    """
    order = np.lexsort((np.arange(len(users)), timestamps, users))
    counts = np.bincount(users)
    place = np.arange(len(users)) - np.repeat(np.cumsum(counts) - counts, counts)
    late = np.empty(len(users), dtype=bool)
    late[order] = place >= counts[users[order]] - np.floor(share * counts[users[order]])
    return late


def after_a_moment(timestamps: np.ndarray, share: float = 0.2) -> np.ndarray:
    """True for the latest ``share`` of all ratings (ties in the file's order): bool, one a rating.

    The rest trains, as in a system that runs: nothing later than any test rating is known.
    """
    late = np.zeros(len(timestamps), dtype=bool)
    late[np.argsort(timestamps, kind="stable")[len(timestamps) - round(share * len(timestamps)) :]] = True
    return late
