"""Does a check notice small mistakes? ``python tests/unit/exercises/mutants.py 08`` breaks the reference solutions.

Each reference is changed in one place at a time (an operator, a bound by one, floor for ceil, an axis, the last of
equals for the first, a dropped term, line or condition, arguments exchanged, a copy not made, ...), or sees the value
of the first call for good in place of a parameter, as a function does that reads a name of the notebook. The check is
asked, and what it still calls correct is printed: either the change means the same, and stands with the reason in
``equivalent_mutants.toml``, or the check has a gap. The status is 1 for a gap, and for an entry that is caught now.
"""

from __future__ import annotations

import ast
import copy
import inspect
import json
import math
import signal
import sys
import tomllib
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from utils.exercises import engine

from mutations import mutants

SOLUTIONS = Path(__file__).resolve().parents[3] / "solutions"
EQUIVALENT = Path(__file__).with_name("equivalent_mutants.toml")
PATIENCE = 3  # seconds of computing for a check; a changed loop may never end


class Trial(NamedTuple):
    """A change in words, and whether the check called it correct."""

    text: str
    survived: bool


def trials(source: str, item: engine.Exercise) -> Iterator[Trial]:
    """Every change of an exercise's reference, and of the functions beside it that it calls."""
    tree = ast.parse(source)
    places = {s.name: at for at, s in enumerate(tree.body) if isinstance(s, ast.FunctionDef)}
    inside = {node.id for node in ast.walk(tree.body[places[item.name]]) if isinstance(node, ast.Name)}
    for name in (item.name, *sorted(inside & places.keys())):
        for text, changed in mutants(tree.body[places[name]]):
            body = [changed if s is tree.body[places[name]] else s for s in tree.body]
            yield Trial(text, passes(item.identifier, run(body)[item.name]))
    reference = run(tree.body)[item.name]
    for parameter in inspect.signature(reference).parameters:
        attempt = with_first_value(reference, parameter)
        yield Trial(f"{parameter} as in the first call", passes(item.identifier, attempt))


def run(body: list[ast.stmt]) -> dict:
    """The names that these statements define."""
    scope: dict = {"np": np, "math": math}
    exec(compile(ast.Module(body, []), "mutant", "exec"), scope)
    return scope


def with_first_value(function: Callable, parameter: str) -> Callable:
    """The function, but one argument is for ever the one that it was first given."""
    signature = inspect.signature(function)
    kept: list = []

    def attempt(*args, **kwargs):
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        if not kept:
            kept.append(copy.deepcopy(bound.arguments[parameter]))
        bound.arguments[parameter] = copy.deepcopy(kept[0])
        return function(*bound.args, **bound.kwargs)

    return attempt


def passes(identifier: str, attempt: Callable) -> bool:
    """Is the attempt called correct, in time?"""

    def stop(*_):
        raise TimeoutError

    timed = hasattr(signal, "SIGVTALRM")  # counts this process's computing, so that a busy machine changes nothing
    if timed:
        signal.signal(signal.SIGVTALRM, stop)
        signal.setitimer(signal.ITIMER_VIRTUAL, PATIENCE)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return bool(engine.evaluate(identifier, attempt))
    except TimeoutError:
        return False
    finally:
        if timed:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def findings(item: engine.Exercise) -> tuple[int, list[str]]:
    """How many changes were tried; and what is to be looked at: gaps of the check, in lines as
    ``equivalent_mutants.toml`` has them, and entries of that file that the check catches.
    """
    source = next(SOLUTIONS.glob(f"{item.identifier[:2]}_*.py")).read_text(encoding="utf-8")
    tried = list(trials(source, item))
    left = list(dict.fromkeys(trial.text for trial in tried if trial.survived))
    listed = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8")).get(item.identifier, {})
    gaps = [f'{json.dumps(text, ensure_ascii=False)} = ""' for text in left if not listed.get(text)]
    return len(tried), gaps + [f"# listed, but caught: {text}" for text in listed if text not in left]


def main(wanted: list[str]) -> int:
    """Lessons ("08") and exercises ("08.2"), or all."""
    count, problems = 0, 0
    for item in engine.load_checks().values():
        if not wanted or item.identifier in wanted or item.identifier[:2] in wanted:
            tried, found = findings(item)
            count, problems = count + tried, problems + len(found)
            if found:
                print(f'["{item.identifier}"]', *found, sep="\n", flush=True)
    print(f"# {count} changes; {problems} lines to look at")
    return int(problems > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
