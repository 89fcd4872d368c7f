"""For students: what an open experiment returns is judged by its form, and by whether its parts agree.

The function of an open experiment returns a dictionary: what was predicted, what was measured, what follows. No check
repeats the measurement; it looks at types and ranges here, and in its own lines at what the numbers say together.
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
