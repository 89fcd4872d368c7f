"""For students: behind the hinted examples of a check stand some hundred inputs, the right answers stored beside them.

The files ``sweeps/08_q_learning.json.gz`` hold inputs and answers, and no line of a solution, so that they can be given
out. `make sweeps` writes them from the reference solutions; a test holds them equal.
"""

from __future__ import annotations

import copy
import functools
import gzip
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np

from utils.exercises import engine

Hints = Sequence[tuple[Callable[..., bool], str]]


@dataclass(frozen=True)
class Case:
    """One input, by the names of the parameters, and the right answer."""

    inputs: dict[str, Any]
    answer: Any

    def shown(self) -> str:
        """The input in words: ``q = [1, 2], epsilon = 0.5``."""
        return ", ".join(f"{name} = {engine.short(value, 160)}" for name, value in self.inputs.items())


def sweep(
    identifier: str,
    attempt: Callable,
    *,
    hint: str,
    hints: Hints = (),
    unchanged: bool = False,
    judge: Callable[[Any, Case], bool] | None = None,
) -> None:
    """Try an attempt on every stored input; the first wrong answer ends the check and is shown.

    Args:
        hint: for inputs that no entry of ``hints`` knows.
        hints: pairs of a predicate, called with the input, and the hint for inputs of its kind (a tie, a fraction,
            nothing at all, ...); the first that fits is shown.
        unchanged: an attempt that changes what it is given is wrong.
        judge: ``(got, case) -> right?`` where several answers are right; else the engine compares with the stored one,
            and forgives forms and rounding.
    """
    for case in cases(identifier):
        given = copy.deepcopy(case.inputs)
        got = engine.settle(attempt(*given.values()))
        fitting = next((text for applies, text in hints if applies(*case.inputs.values())), hint)
        if judge is None:
            engine.expect_close(got, case.answer, shown=case.shown(), hint=fitting)
        elif not judge(got, case):
            engine.fail(shown=case.shown(), expected=case.answer, got=got, hint=fitting)
        if unchanged and not engine.same(list(given.values()), list(case.inputs.values()), 0, 0):
            engine.fail(
                shown=case.shown(), expected="the input as it was", got=given, hint="Do not change what you are given."
            )


def as_float32(got: Any, case: Case) -> bool:
    """A judge for :func:`sweep`: right as far as a backend's float32 goes, so that an answer by Keras is right, too."""
    return engine.same(got, case.answer, atol=1e-4, rtol=1e-4)


@functools.cache
def cases(identifier: str) -> tuple[Case, ...]:
    """The stored cases of an exercise.

    Raises:
        LookupError: there are none.
    """
    names = [path for path in files().iterdir() if path.name.startswith(identifier[:2])]
    stored = read(names[0].read_bytes()) if names else {}
    if identifier not in stored:
        raise LookupError(f"Exercise {identifier} has no sweep; `make sweeps` writes it.")
    return stored[identifier]


def files():
    """The folder of the stored sweeps, inside the package."""
    return resources.files("utils.exercises") / "sweeps"


# ---------------------------------------------------------------------------------------------------------------------
# As a file: JSON, compressed; arrays, tuples and sets are marked, everything else is itself


def write(sweeps: dict[str, Sequence[Case]]) -> bytes:
    """The file's content; the same cases give the same bytes."""
    plain = {
        identifier: {
            "names": list(cases[0].inputs),
            "cases": [[[encode(value) for value in case.inputs.values()], encode(case.answer)] for case in cases],
        }
        for identifier, cases in sweeps.items()
    }
    return gzip.compress(json.dumps(plain, separators=(",", ":")).encode(), mtime=0)


def read(content: bytes) -> dict[str, tuple[Case, ...]]:
    """What :func:`write` was given."""
    plain = json.loads(gzip.decompress(content))
    return {
        identifier: tuple(
            Case(dict(zip(stored["names"], map(decode, inputs))), decode(answer)) for inputs, answer in stored["cases"]
        )
        for identifier, stored in plain.items()
    }


def encode(value: Any) -> Any:
    """A value as JSON. Floats keep ten digits, which is more than any check asks for."""
    if isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
        return {"array": encode(array.ravel().tolist()), "shape": array.shape, "dtype": array.dtype.name}
    if isinstance(value, tuple):
        return {"tuple": [encode(item) for item in value]}
    if isinstance(value, set):
        return {"set": [encode(item) for item in sorted(value)]}
    if isinstance(value, list):
        return [encode(item) for item in value]
    if isinstance(value, dict):
        return {"dict": [[encode(key), encode(item)] for key, item in value.items()]}
    if isinstance(value, float):
        return float(f"{value:.10g}")
    if value is None or isinstance(value, bool | int | str):
        return value
    raise TypeError(f"A sweep stores numbers, texts, arrays and their containers, not {type(value).__name__}.")


def decode(value: Any) -> Any:
    """The inverse of :func:`encode`."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "array" in value:
        return np.array(decode(value["array"]), dtype=value["dtype"]).reshape(value["shape"])
    if "tuple" in value:
        return tuple(map(decode, value["tuple"]))
    if "set" in value:
        return set(map(decode, value["set"]))
    return {decode(key): decode(item) for key, item in value["dict"]}
