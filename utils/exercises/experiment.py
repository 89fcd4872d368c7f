"""For students: what an open experiment returns is judged by its form, and by whether its parts agree.

The function of an open experiment returns a dictionary: what was predicted, what was measured, what follows. No check
repeats the measurement; it looks at types and ranges here, and in its own lines at what the numbers say together.

Many experiments change one thing and measure the same quantity before and after, with several seeds; for them there is
:func:`change_of_one_thing`, so that students meet one form in many lessons.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from utils.exercises import engine

Field = tuple[Callable[[Any], bool], str]


def record(got: Any, fields: dict[str, Field]) -> dict[str, Any]:
    """The returned dictionary, after a look at each entry; numbers come back as arrays of floats. More entries may be
    there.

    Args:
        fields: for each entry a test, and what it should be in words; see :func:`numbers`, :func:`one_of`.
    """
    if engine.settle(got) is None or not isinstance(got, dict) or not fields.keys() <= got.keys():
        engine.fail(
            shown="what the function returns",
            expected="a dictionary with the entries " + ", ".join(map(repr, fields)),
            got=list(got) if isinstance(got, dict) else got,
            hint="Measure in cells of your own, then write what you predicted and found into a dictionary.",
        )
    settled = {name: engine.settle(got[name]) for name in fields}
    for name, (fits, words) in fields.items():
        if not fits(settled[name]):
            engine.fail(shown=f"the entry {name!r}", expected=words, got=settled[name], hint=f"It should be {words}.")
    return {name: value if isinstance(value, str) else np.asarray(value, float) for name, value in settled.items()}


def numbers(low: float, high: float, count: int = 0, whole: bool = False) -> Field:
    """A number from ``low`` to ``high``, or a list of ``count`` of them."""
    kind = "whole number" if whole else "number"
    words = f"a list of {count} {kind}s" if count else f"a {kind}"

    def fits(value):
        array = engine.as_numbers(value)
        if array is None or array.shape != ((count,) if count else ()):
            return False
        return bool(np.all((low <= array) & (array <= high)) and not (whole and np.any(array % 1)))

    return fits, f"{words} from {low:g} to {high:g}"


def one_of(*texts: str) -> Field:
    """One of these texts."""
    return lambda value: isinstance(value, str) and value in texts, "one of " + ", ".join(map(repr, texts))


def predicted_first(record: dict[str, Any], measured: str) -> None:
    """Fails where the entry ``predicted`` is what was measured, to the last digit."""
    if np.array_equal(record["predicted"], record[measured]):
        engine.fail(
            shown=f"predicted and {measured}",
            expected="two different lists",
            got=record["predicted"],
            hint="A prediction made before measuring is seldom right to the last digit: write down the one you made.",
        )


def several(low: float, high: float, least: int) -> Field:
    """A list of at least so many numbers from ``low`` to ``high``."""

    def fits(value):
        array = engine.as_numbers(value)
        return (
            array is not None and array.ndim == 1 and len(array) >= least and numbers(low, high, len(array))[0](value)
        )

    return fits, f"a list of {least} or more numbers from {low:g} to {high:g}, one a seed"


def in_words() -> Field:
    """Two words or more."""
    return lambda value: isinstance(value, str) and len(value.split()) > 1, "a few words"


def change_of_one_thing(got: Any, *, possible: tuple[float, float], usual: tuple[float, float], seeds: int = 3) -> None:
    """Judge the record of one change: plausible, pair by pair, and rightly reckoned. What was found is never wrong.

    Its entries are ``change`` (in words), ``predicted`` (the effect expected), ``before`` and ``after`` (the measured
    quantity as in the lesson and with the change; the same seed, draw or fold in the same place), ``effect`` (the mean
    of after minus before) and ``doubt`` (the standard error of that mean: the standard deviation of the differences,
    with n - 1, over the root of n), rounded to three digits or not.

    Args:
        possible: what one measurement lies between, whatever was changed.
        usual: what the mean of ``before`` lies between if the lesson's setting was measured rightly.
        seeds: the fewest pairs.
    """
    widest = possible[1] - possible[0]
    fields = {"change": in_words(), "predicted": numbers(-widest, widest)}
    fields |= {name: several(*possible, seeds) for name in ("before", "after")}
    found = record(got, fields | {"effect": numbers(-widest, widest), "doubt": numbers(0, widest)})
    before, after = found["before"], found["after"]
    hint = "Measure both with the same seeds, so that they can be compared pair by pair."
    engine.expect(len(after), len(before), shown="how many entries `after` has", hint=hint)
    if not usual[0] <= before.mean() <= usual[1]:
        wanted = f"{usual[0]:g} to {usual[1]:g}"
        hint = "`before` is the setting of the lesson; did anything else change?"
        engine.fail(shown="mean of before", expected=wanted, got=before.mean(), hint=hint)
    difference = after - before
    hint = "The standard deviation of the differences (ddof=1), over the square root of how many there are."
    for name, reckoned, help_ in (
        ("effect", float(difference.mean()), "The mean of after minus before."),
        ("doubt", float(difference.std(ddof=1) / np.sqrt(len(difference))), hint),
    ):
        rounded = engine.same(found[name], round(reckoned, 3), 1e-9, 0)
        if not rounded and not engine.same(found[name], reckoned, 1e-6, 0.01):
            engine.fail(shown=f"{name}, from your before and after", expected=reckoned, got=found[name], hint=help_)
    predicted = float(found["predicted"])
    if predicted != round(predicted, 2) and engine.same(predicted, difference.mean(), 1e-9, 0):
        hint = "That is the effect itself. A prediction is written down before; being wrong costs nothing here."
        engine.fail(shown="predicted", expected="what you expected", got=predicted, hint=hint)
