"""For the long measurements: outcomes kept as soon as they are there, and one entry of the ledger over all seeds."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from utils import results
from utils.checkpoints import write_atomically


def kept(path: Path, recipe: dict[str, Any]) -> dict[str, Any] | None:
    """What an interrupted measurement left at ``path``; None if nothing, or if it was made by another recipe."""
    if not path.exists():
        return None
    outcome = json.loads(path.read_text(encoding="utf-8"))
    return outcome if outcome["recipe"] == json.loads(json.dumps(recipe)) else None


def measured(path: Path, recipe: dict[str, Any], measure: Callable[[], dict[str, Any]], fresh: bool) -> dict[str, Any]:
    """What is kept at ``path`` for this recipe, else measured now and kept there; ``fresh`` measures anew."""
    outcome = None if fresh else kept(path, recipe)
    if outcome is None:
        outcome = measure() | {"recipe": recipe}
        write_atomically(path, lambda file: file.write(json.dumps(outcome, indent=1).encode("utf-8")))
    return outcome


def timed(function: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """Result of a call, and its wall-clock (``seconds``) and CPU time (``cpu_seconds``)."""
    began, began_cpu = time.perf_counter(), time.process_time()
    result = function()
    return result, {"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - began_cpu}


def record_over_seeds(identifier: str, values: list[float], command: str, note: str, unit: str = "fraction") -> None:
    """Write mean, standard deviation and the value of each seed to the ledger, and say so."""
    entry = results.record(
        identifier,
        statistics.mean(values),
        unit=unit,
        spread=statistics.stdev(values) if len(values) > 1 else None,
        n=len(values),
        values=values,
        command=command,
        note=note,
    )
    print(f"{identifier}: {results.format_value(entry)}")
