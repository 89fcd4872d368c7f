"""For students: open experiments. What one finds is never wrong; how it was measured and reckoned can be.

The student measures in cells of his or her own and hands in a record, a dictionary:

- ``change``: what was done differently, in words; one thing only.
- ``predicted``: the effect expected, written down before measuring.
- ``before``, ``after``: what was measured as in the lesson and with the change, one number a seed (or a draw of photos,
  a fold, ...), the same seed in the same place.
- ``effect``: the mean of after minus before.
- ``doubt``: the standard error of that mean, which is the standard deviation of the differences (with n - 1) over the
  square root of n.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from utils.exercises.engine import as_numbers, fail, same, settle

KEYS = ("change", "predicted", "before", "after", "effect", "doubt")


def expect_experiment(
    record: Any, *, possible: tuple[float, float], usual: tuple[float, float], what: str, seeds: int = 3
) -> None:
    """Judge a record by form, plausibility and arithmetic; trains nothing.

    Args:
        possible: what a single measurement lies between, whatever was changed.
        usual: what the mean of ``before`` lies between where the lesson's own setting was measured rightly.
        what: the quantity in words, ``"share of the photos right"``.
        seeds: the fewest pairs of measurements.
    """
    record = settle(record)
    if not isinstance(record, dict) or not set(KEYS) <= set(record):
        there = sorted(map(str, record)) if isinstance(record, dict) else record
        fail(shown="the record", expected=f"a dictionary with {', '.join(KEYS)}", got=there, hint="Return the record.")
    record = {key: settle(value) for key, value in record.items()}
    if not isinstance(record["change"], str) or len(record["change"].split()) < 2:
        hint = "Say in a few words what you did differently."
        fail(shown="change", expected="a text", got=record["change"], hint=hint)
    before, after = (_measured(record, key, possible, what, seeds) for key in ("before", "after"))
    if len(before) != len(after):
        hint = "Measure both with the same seeds, so that they can be compared pair by pair."
        fail(shown="before and after", expected="as many of one as of the other", got=(before, after), hint=hint)
    if not usual[0] <= before.mean() <= usual[1]:
        hint = "`before` is the lesson's own setting; did anything else change?"
        fail(shown=f"mean of before: {what}", expected=f"{usual[0]} to {usual[1]}", got=before.mean(), hint=hint)
    difference = after - before
    _reckoned(record, "effect", difference.mean(), "The mean of after minus before, pair by pair.")
    hint = "The standard deviation of the differences (ddof=1), divided by the square root of how many there are."
    _reckoned(record, "doubt", difference.std(ddof=1) / np.sqrt(len(difference)), hint)
    predicted = _number(record["predicted"], "predicted")
    if abs(predicted) > possible[1] - possible[0]:
        hint = f"The effect you expect on: {what}; a difference, not in percent."
        fail(shown="predicted", expected="a change that is possible", got=predicted, hint=hint)
    if same(predicted, difference.mean(), 1e-12, 0) and not same(predicted, round(predicted, 2), 1e-12, 0):
        hint = "That is the effect itself. A prediction is written down before; being wrong costs nothing here."
        fail(shown="predicted", expected="what you expected", got=predicted, hint=hint)


def _measured(record: dict, key: str, possible: tuple[float, float], what: str, seeds: int) -> np.ndarray:
    numbers = as_numbers(record[key])
    if numbers is None or numbers.ndim != 1 or len(numbers) < seeds:
        hint = f"One number a seed, at least {seeds}: a single run cannot tell an effect from luck."
        fail(shown=key, expected=f"{seeds} numbers or more", got=record[key], hint=hint)
    if not np.all((numbers >= possible[0]) & (numbers <= possible[1])):
        fail(
            shown=f"{key}: {what}", expected=f"{possible[0]} to {possible[1]}", got=record[key], hint="Is it the unit?"
        )
    return numbers


def _number(value: Any, key: str) -> float:
    number = None if isinstance(value, bool) else as_numbers(value)
    if number is None or number.size != 1 or not np.isfinite(number).all():
        fail(shown=key, expected="a number", got=value, hint="One number, not in words.")
    return float(number.ravel()[0])


def _reckoned(record: dict, key: str, right: float, hint: str) -> None:
    """Three digits after the point are enough."""
    if not same(_number(record[key], key), float(right), atol=6e-4, rtol=0.01):
        fail(shown=f"{key}, reckoned from before and after", expected=float(right), got=record[key], hint=hint)
