"""Sums whose answers may be written in two ways, `  48` or `0048`, and the numbers that answers say (lesson 10)."""

from __future__ import annotations

import numpy as np

from utils.sequences.sums import TABLE

NO_NUMBER = -1000  # what an answer says that is no number; far from every sum


def spell(totals: np.ndarray, zeros: np.ndarray, places: int = 4) -> np.ndarray:
    """Numbers as characters, filled up on the left: columns, int32 (n, places).

    Args:
        totals: (n,), whole numbers of at most so many places.
        zeros: (n,), True where zeros fill up and False where spaces do.
    """
    pairs = zip(np.asarray(totals).tolist(), np.asarray(zeros).tolist(), strict=True)
    return TABLE.to_indices([str(total).rjust(places, "0" if zero else " ") for total, zero in pairs], places)


def numbers(answers: np.ndarray) -> np.ndarray:
    """The number that each answer says, as Python's ``int`` reads it: columns (n, places) to int64 (n,).

    What is no number (`4 8`, `4+8 `) becomes :data:`NO_NUMBER`.
    """
    return np.array([_number(TABLE.decode_indices(row)) for row in answers], dtype=np.int64)


def begins_with_zero(answers: np.ndarray) -> np.ndarray:
    """Whether the first character is a 0, as where zeros fill up: columns (n, places) to bool (n,)."""
    return np.asarray(answers)[:, 0] == TABLE.index["0"]


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        return NO_NUMBER
