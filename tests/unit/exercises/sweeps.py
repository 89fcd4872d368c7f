"""Write the stored sweeps anew from the reference solutions: `make sweeps` (LESSON=08 for one lesson).

Inputs of lesson 08 are drawn by inputs_08_q_learning.py beside this file, ``INPUTS = {"08.2": epsilon_greedy, ...}``:
for each exercise that has a sweep a function that receives a NumPy generator and yields tuples of arguments.
"""

from __future__ import annotations

import copy
import importlib.util
import inspect
import sys
import warnings
from pathlib import Path
from types import ModuleType

import numpy as np

from utils import commands
from utils.checkpoints import write_atomically
from utils.exercises import engine, sweep

ROOT = Path(__file__).resolve().parents[3]


def load(path: Path) -> ModuleType:
    """A module from a file whose name begins with a digit or lies outside of the path."""
    spec = importlib.util.spec_from_file_location("_" + path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sweeps_of(path: Path) -> dict[str, list[sweep.Case]]:
    """Draw the inputs of an ``inputs_NN_*.py`` and answer them by the solutions of the same lesson."""
    lesson = path.stem.removeprefix("inputs_")
    solutions = load(ROOT / "solutions" / f"{lesson}.py")
    known = engine.load_checks(lesson[:2])
    swept = {}
    for number, (identifier, draw) in enumerate(sorted(load(path).INPUTS.items())):
        solution = getattr(solutions, known[identifier].name)
        names = list(inspect.signature(solution).parameters)
        swept[identifier] = []
        for inputs in draw(np.random.default_rng([number, int(lesson[:2])])):
            # through the file's form, so that the answer belongs to the very digits that are stored
            inputs = tuple(sweep.decode(sweep.encode(value)) for value in inputs)
            answer = engine.settle(solution(*copy.deepcopy(inputs)))
            swept[identifier].append(sweep.Case(dict(zip(names, inputs)), answer))
    return swept


def sources(lesson: str = "") -> list[Path]:
    """The files that draw inputs, of one lesson or of all."""
    return sorted(Path(__file__).parent.glob(f"inputs_{lesson or '[0-9]'}*.py"))


def main() -> None:
    warnings.simplefilter("error")
    found = sources(*sys.argv[1:2])
    if not found:
        raise SystemExit(f"No exercise of lesson {sys.argv[1]} has a sweep.")
    for path in found:
        swept = sweeps_of(path)
        target = ROOT / "utils" / "exercises" / "sweeps" / f"{path.stem.removeprefix('inputs_')}.json.gz"
        write_atomically(target, lambda file, swept=swept: file.write(sweep.write(swept)))
        print(f"{target.name}: {sum(map(len, swept.values()))} inputs, {target.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
