"""The checking engine: run an attempt, say what is wrong with it kindly, never raise.

A check is a function that receives the student's attempt and calls :func:`expect` or :func:`expect_close` on what it
returns; the first that fails ends the check. Checks register themselves with :func:`exercise`; the module of a lesson
is imported when its first exercise is checked.
"""

from __future__ import annotations

import html
import importlib
import itertools
import pkgutil
import re
import sys
import traceback
from collections.abc import Callable, Iterator, KeysView, ValuesView
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from utils import runtime
from utils.gradients import value_and_gradient

LONGEST = 1_000_000  # items taken from an answer that may never end
IDENTIFIER = re.compile(r"^(\d\d)\.(\d+)$")
NOT_ATTEMPTED, CORRECT, NOT_YET = "not attempted", "correct", "not yet"
SYMBOLS = {NOT_ATTEMPTED: "○", CORRECT: "✓", NOT_YET: "✗"}
# Dark enough for text on white, and told apart by the colour-blind (Okabe and Ito); the symbol says it as well.
HTML_COLORS = {NOT_ATTEMPTED: "#5f6368", CORRECT: "#00684a", NOT_YET: "#a33f00"}


@dataclass(frozen=True)
class Exercise:
    """One exercise: ``name`` is the function the student writes, ``minutes`` and ``points`` are for the instructor."""

    identifier: str
    name: str
    title: str
    minutes: int
    points: int
    check: Callable[[Any], None]


@dataclass(frozen=True)
class Verdict:
    """What a check found. ``status`` is ``"not attempted"``, ``"correct"`` or ``"not yet"``."""

    identifier: str
    status: str
    title: str = ""
    details: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.status == CORRECT

    def as_text(self) -> str:
        """The verdict as plain text, one fact a line."""
        lines = [f"{SYMBOLS[self.status]} Exercise {self.identifier}: {self.status}"]
        return "\n".join(lines + [f"  {key}: {value}" for key, value in self.details.items()])

    def as_html(self) -> str:
        """The verdict as a small box with a coloured edge; everything that came from an attempt is escaped."""
        color = HTML_COLORS[self.status]
        head = f"{SYMBOLS[self.status]} Exercise {self.identifier}: {self.status}"
        rows = "".join(
            f"<tr><td style='text-align:left;padding-right:1em'><b>{html.escape(key)}</b></td>"
            f"<td style='text-align:left;white-space:pre-wrap'>{html.escape(value)}</td></tr>"
            for key, value in self.details.items()
        )
        table = f"<table style='margin:.3em 0 0 0'>{rows}</table>" if rows else ""
        return (
            f"<div role='status' style='border-left:.4em solid {color};padding:.4em .8em;"
            "background:#f7f7f5;color:#222'>"  # its own colours, so that it can be read in a dark theme as well
            f"<b style='color:{color}'>{html.escape(head)}</b>{table}</div>"
        )

    def _ipython_display_(self) -> None:
        """Show nothing: a notebook prints the last expression of a cell, and check() has shown this already."""

    def __repr__(self) -> str:
        return f"<Exercise {self.identifier}: {self.status}>"


class AttemptFails(Exception):
    """Raised inside a check when the attempt is wrong; carries what the student sees."""

    def __init__(self, details: dict[str, str]):
        super().__init__("; ".join(f"{key}: {value}" for key, value in details.items()))
        self.details = details


class NotAttempted(Exception):
    """Raised when the attempt still returns ``...``."""


REGISTRY: dict[str, Exercise] = {}


def exercise(identifier: str, *, name: str, title: str, minutes: int, points: int = 1) -> Callable:
    """Register the decorated function as the check of an exercise.

    Args:
        identifier: lesson and number, ``"08.2"``.
        name: name of the function the student writes; the reference solution has the same.

    Raises:
        ValueError: a malformed or doubly used identifier.
    """
    if not IDENTIFIER.match(identifier):
        raise ValueError(f"Exercise identifier {identifier!r} is not of the form '08.2'.")

    def register(check: Callable[[Any], None]) -> Callable[[Any], None]:
        known = REGISTRY.get(identifier)
        if known and known.check.__module__ != check.__module__:
            raise ValueError(f"Exercise {identifier} is defined in {known.check.__module__} already.")
        REGISTRY[identifier] = Exercise(identifier, name, title, minutes, points, check)
        return check

    return register


def load_checks(lesson: str | None = None) -> dict[str, Exercise]:
    """Import the checks of one lesson (``"08"``) or of all, and return the exercises by identifier."""
    package = importlib.import_module("utils.exercises")
    for module in pkgutil.iter_modules(package.__path__):
        if module.name.startswith(f"checks_{lesson or ''}"):
            importlib.import_module(f"utils.exercises.{module.name}")
    return {key: value for key, value in sorted(REGISTRY.items()) if lesson is None or key.startswith(lesson + ".")}


# ---------------------------------------------------------------------------------------------------------------------
# What a check says


def fail(*, shown: str, expected: Any, got: Any, hint: str) -> None:
    """End the check: the attempt is not right yet.

    Args:
        shown: the input in words, e.g. ``"q = [1, 2], epsilon = 0"``.
        expected, got: what should have come back and what did.
        hint: one sentence that points at the mistake without giving the solution.
    """
    wanted, found = short(expected), short(got)
    if wanted == found:  # they differ in what cannot be seen
        wanted, found = (f"{text} ({type(x).__name__})" for text, x in ((wanted, expected), (found, got)))
    raise AttemptFails({"with": shown, "expected": wanted, "got": found, "hint": hint})


def expect(got: Any, expected: Any, *, shown: str, hint: str) -> None:
    """The attempt's answer must equal ``expected`` to the last digit, in whatever form it comes (see :func:`same`)."""
    expect_close(got, expected, shown=shown, hint=hint, atol=0.0, rtol=0.0)


def expect_close(got: Any, expected: Any, *, shown: str, hint: str, atol: float = 1e-6, rtol: float = 1e-5) -> None:
    """The attempt's answer must be ``expected``'s, numbers within a tolerance.

    Tolerances are generous on purpose: a right formula summed in another order is right.
    """
    got = settle(got)
    if same(got, expected, atol, rtol):
        return
    if got is None:
        fail(shown=shown, expected=expected, got=None, hint="The function returns nothing; does it end in `return`?")
    numbers, wanted = as_numbers(got), as_numbers(expected)
    if wanted is not None and numbers is None:
        fail(shown=shown, expected=expected, got=got, hint="The answer should be a number or an array of numbers.")
    if wanted is not None and numbers.shape != wanted.shape:
        fail(shown=shown, expected=f"shape {wanted.shape}", got=f"shape {numbers.shape}", hint=hint)
    fail(shown=shown, expected=expected, got=got, hint=hint)


# ---------------------------------------------------------------------------------------------------------------------
# Answers in all their forms


def gradient_of(attempt: Callable, x: np.ndarray, *others: Any) -> np.ndarray:
    """Gradient of the attempt's answer, a number, with respect to its first argument, as Keras takes it.

    Where the attempt runs in another process it is taken there: gradients do not travel.
    """
    if hasattr(attempt, "gradient"):
        return attempt.gradient(x, *others)
    return value_and_gradient(lambda tensor: attempt(tensor, *others), x)[1]


def settle(value: Any) -> Any:
    """An answer as plain data: tensors as arrays, generators and views as lists.

    Raises:
        NotAttempted: it is ``...``, the stub's.
    """
    if value is ...:
        raise NotAttempted
    if isinstance(value, Iterator | KeysView | ValuesView):
        value = list(itertools.islice(value, LONGEST))
    if isinstance(value, list | tuple):
        return type(value)(map(settle, value)) if type(value) in (list, tuple) else [settle(item) for item in value]
    if "keras" in sys.modules and sys.modules["keras"].ops.is_tensor(value):
        return np.asarray(sys.modules["keras"].ops.convert_to_numpy(value))
    return value


def as_numbers(value: Any) -> np.ndarray | None:
    """A number or a rectangle of numbers as float64, or as int64 where all are whole by type; None if it is neither."""
    if isinstance(value, str | bytes | dict | set) or value is None:
        return None
    try:
        array = np.asarray(value)
        if array.dtype.kind == "O":  # fractions, whole numbers beyond 64 bits
            array = array.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        return None
    if array.dtype.kind in "biu":
        return array.astype(np.int64)
    return array.astype(np.float64) if array.dtype.kind == "f" else None


def same(got: Any, expected: Any, atol: float = 1e-6, rtol: float = 1e-5) -> bool:
    """Is it the same answer? The form does not count: any sequence may stand for any other, an array of one number for
    the number, NumPy's and a backend's numbers for Python's. Whole numbers must be equal, others nearly.
    """
    got, expected = settle(got), settle(expected)
    if isinstance(expected, dict):
        keys = isinstance(got, dict) and got.keys() == expected.keys()
        return keys and all(same(got[key], expected[key], atol, rtol) for key in expected)
    if isinstance(expected, str | bytes | set | frozenset) or expected is None:
        return type(got) in (type(expected), np.str_) and got == expected
    numbers, wanted = as_numbers(got), as_numbers(expected)
    if wanted is not None and (wanted.size or not isinstance(expected, list | tuple)):
        if numbers is None or (numbers.shape != wanted.shape and not numbers.size == wanted.size == 1):
            return False
        numbers = numbers.reshape(wanted.shape)
        if wanted.dtype.kind == "i":
            return bool(np.array_equal(numbers, wanted))
        return bool(np.allclose(numbers, wanted, atol=atol, rtol=rtol, equal_nan=True))
    if isinstance(expected, list | tuple | np.ndarray):  # of unequal lengths, of texts, or empty
        sequence = isinstance(got, list | tuple | range | np.ndarray) and len(got) == len(expected)
        return sequence and all(same(one, other, atol, rtol) for one, other in zip(got, expected))
    return type(got) is type(expected) and bool(got == expected)


def short(value: Any, limit: int = 300) -> str:
    """A value as a student reads it, cut where it is long. An object that cannot print itself does not stop us."""
    try:
        value = settle(value)
        if isinstance(value, str) and value.startswith("shape "):
            return value
        if isinstance(value, np.ndarray):
            text = np.array2string(value, precision=5, suppress_small=True, threshold=40, separator=", ")
        elif isinstance(value, np.generic):
            text = short(value.item(), limit)
        elif isinstance(value, float):
            text = f"{value:.6g}"
        else:
            text = repr(_plain(value))
    except Exception as error:
        text = f"<{type(value).__name__} that cannot be printed: {type(error).__name__}>"
    return text if len(text) <= limit else text[:limit] + " …"


def _plain(value: Any) -> Any:
    """Lists and tuples with Python's numbers for NumPy's, which print as ``np.int64(3)`` or ``array(3)``."""
    if type(value) in (list, tuple):
        return type(value)(map(_plain, value))
    return value.item() if isinstance(value, np.generic | np.ndarray) and value.ndim == 0 else value


# ---------------------------------------------------------------------------------------------------------------------
# Running a check


def evaluate(identifier: str, attempt: Any) -> Verdict:
    """Run the check of an exercise on an attempt and return the verdict; never raises, displays nothing."""
    match = IDENTIFIER.match(str(identifier))
    known = load_checks(match.group(1)) if match else {}
    if identifier not in known:
        there = ", ".join(known) or "none in this lesson"
        return Verdict(str(identifier), NOT_YET, details={"problem": f"there is no such exercise (known: {there})"})
    item = known[identifier]
    if attempt is ...:
        return Verdict(identifier, NOT_ATTEMPTED, item.title)
    try:
        item.check(attempt)
    except NotAttempted:
        return Verdict(identifier, NOT_ATTEMPTED, item.title, {"task": item.title})
    except AttemptFails as finding:
        return Verdict(identifier, NOT_YET, item.title, finding.details)
    except RecursionError:
        return Verdict(identifier, NOT_YET, item.title, {"error": "the function calls itself without end"})
    except (Exception, SystemExit) as error:
        return Verdict(identifier, NOT_YET, item.title, _explain(error, attempt))
    return Verdict(identifier, CORRECT, item.title)


def _explain(error: BaseException, attempt: Any) -> dict[str, str]:
    """An exception in the attempt, with the line of the student's own code that raised it."""
    details = {"error": f"{type(error).__name__}: {error}"}
    code = getattr(attempt, "__code__", None)
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if code is not None and frame.filename == code.co_filename and (frame.lineno or 0) >= code.co_firstlineno
    ]
    if own and own[-1].line:
        details["in your line"] = own[-1].line
    elif _returned_ellipsis(error):
        details["hint"] = "Some part of the answer is still `...`."
    return details


def _returned_ellipsis(error: BaseException) -> bool:
    return "ellipsis" in str(error).lower()


def check(identifier: str, attempt: Any) -> Verdict:
    """Check an attempt, show the verdict (HTML in a front end, plain text headless) and return it. Never raises."""
    verdict = evaluate(identifier, attempt)
    if runtime.in_front_end():
        from IPython.display import HTML, display

        display(HTML(verdict.as_html()))
    else:
        print(verdict.as_text())
    return verdict
