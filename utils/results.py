"""For lessons and decks: the ledger ``mldata/results.json``, the curves of long trainings, and where each comes from.

Every number that the course states outside a cell's output comes from here. Used by all lessons and decks.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import json
import math
import os
import platform
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from utils import runtime
from utils.checkpoints import write_atomically

FIELDS = (
    "id",
    "value",
    "unit",
    "spread",
    "n",
    "budget",
    "backend",
    "hardware",
    "date",
    "commit",
    "command",
    "note",
)


def ledger_path() -> Path:
    """Where the ledger lies: ``mldata/results.json``, or the file ``COURSE_RESULTS`` names (for trials and tests)."""
    return Path(os.environ.get("COURSE_RESULTS") or runtime.repo_root() / "mldata" / "results.json")


def read(path: str | Path | None = None) -> dict[str, dict[str, Any]]:
    """All entries by id; empty where there is no ledger yet.

    Raises:
        ValueError: the file is no JSON list of entries, an entry lacks a field, or two have one id.
    """
    path = Path(path) if path else ledger_path()
    if not path.exists():
        return {}
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # also where the bytes are no text
        raise ValueError(f"{path} is not valid JSON ({error}); restore it with git.") from error
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError(f"{path} is no list of entries; restore it with git.")
    for entry in entries:
        missing = [field for field in FIELDS if field not in entry]
        if missing:
            raise ValueError(f"{path}: entry {entry.get('id', '?')!r} lacks {', '.join(missing)}.")
    counts = Counter(entry["id"] for entry in entries)
    double = [identifier for identifier, count in counts.items() if count > 1]
    if double:
        raise ValueError(f"{path} lists {', '.join(map(str, double))} more than once; delete all but the right one.")
    return {entry["id"]: entry for entry in entries}


def get(identifier: str) -> dict[str, Any]:
    """One entry.

    Raises:
        KeyError: nothing was recorded under this id.
    """
    entries = read()
    if identifier not in entries:
        raise KeyError(f"No result {identifier!r} in {ledger_path()}; measure it with `make results`.")
    return entries[identifier]


def record(
    identifier: str,
    value: float,
    *,
    unit: str,
    spread: float | None = None,
    n: int = 1,
    values: Sequence[float] = (),
    command: str = "",
    note: str = "",
    budget: str | None = None,
    backend: str | None = None,
    hardware: str | None = None,
) -> dict[str, Any]:
    """Write one measurement, replacing an older one with the same id, and return the entry.

    Args:
        identifier: dotted lower-case name, e.g. ``mnist.lecture.accuracy`` (DESIGN.md lists them).
        value: the mean (or median, as ``note`` says) over ``n`` seeds, games or episodes.
        unit: ``"fraction"``, ``"points"``, ``"RMSE"``, ``"games/s"``, ...
        spread: standard deviation over ``n`` seeds, or half a 95 % interval over ``n`` games, as ``note`` says.
        values: one a seed, in the order of the seeds, where there are several; claims on the ledger are judged on them.
        command: how to measure it again; defaults to the script now running.
        budget, backend, hardware: looked up if None.

    Raises:
        ValueError: the value, the spread or one of the values is not a finite number, or the ledger is damaged.
    """
    value = float(value)
    for number in (value, 0.0 if spread is None else spread, *values):
        if not math.isfinite(number):
            raise ValueError(f"Result {identifier!r} has {number} among its figures; only finite numbers are recorded.")
    entry = {
        "id": identifier,
        "value": round(value, 6),
        "unit": unit,
        "spread": None if spread is None else round(float(spread), 6),
        "n": int(n),
        "budget": budget or runtime.budget(),
        "backend": backend or os.environ.get("KERAS_BACKEND", "tensorflow"),
        **provenance(command),
        "note": note,
    }
    if hardware:
        entry["hardware"] = hardware
    if len(values):
        entry["values"] = [round(float(number), 6) for number in values]
    _change(lambda entries: entries | {identifier: entry})
    return entry


def remove(prefix: str) -> None:
    """Take out all entries whose id begins so, before they are measured anew under other numbers."""
    _change(lambda entries: {key: entry for key, entry in entries.items() if not key.startswith(prefix)})


_waiting: list[Callable[[dict], dict]] | None = None


@contextlib.contextmanager
def together() -> Iterator[None]:
    """What is recorded and removed inside is written at the end, all at once; nothing of it if that is not reached."""
    global _waiting
    changes = _waiting = []
    try:
        yield
    finally:
        _waiting = None
    _change(lambda entries: functools.reduce(lambda found, change: change(found), changes, entries))


def _change(change: Callable[[dict], dict]) -> None:
    """Read, change and write the ledger while nobody else does."""
    if _waiting is not None:
        _waiting.append(change)
        return
    path = ledger_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(path.with_name(f".{path.name}.lock"), timeout=30):
            entries = change(read(path))
            text = json.dumps([entries[key] for key in sorted(entries)], indent=1, ensure_ascii=False) + "\n"
            write_atomically(path, lambda file: file.write(text.encode("utf-8")))
    except Timeout as error:
        raise TimeoutError(f"Another process has held {path} for 30 s; wait for it, or end it.") from error


# ---------------------------------------------------------------------------------------------------------------------
# Where a figure comes from


def provenance(command: str = "") -> dict[str, str]:
    """Command, hardware, commit and date, as entries of the ledger, curves and the sidecars of networks state them.

    Args:
        command: how to do it again; defaults to the script now running, without its options.
    """
    return {
        "hardware": hardware_name(),
        "date": datetime.date.today().isoformat(),
        "commit": commit_name(),
        "command": command or "python " + os.path.relpath(sys.argv[0], runtime.repo_root()),
    }


def curve_path(name: str) -> Path:
    """Where the curve ``name`` of a long training lies."""
    return runtime.repo_root() / "mldata" / "curves" / f"{name}.json"


def write_curve(path: str | Path, rows: Sequence[dict[str, Any]], command: str = "", **facts: Any) -> Path:
    """Write a curve, one row a line, and where it comes from: :func:`provenance` and further ``facts``."""
    origin = json.dumps(provenance(command) | facts, ensure_ascii=False)
    text = ",\n".join(json.dumps(row) for row in rows)
    text = f'{{"provenance": {origin},\n"rows": [\n{text}\n]}}\n'
    return write_atomically(path, lambda file: file.write(text.encode("utf-8")))


def read_curve(curve: str | Path) -> list[dict[str, Any]]:
    """Rows of a curve: of one that ships, by its name, or of the file at a path.

    Raises:
        FileNotFoundError: there is none.
    """
    path = curve if isinstance(curve, Path) else curve_path(curve)
    if not path.exists():
        there = ", ".join(sorted(other.stem for other in path.parent.glob("*.json")))
        raise FileNotFoundError(f"No curve {path}; there are {there}.")
    return json.loads(path.read_text(encoding="utf-8"))["rows"]


# ---------------------------------------------------------------------------------------------------------------------
# The machine


def hardware_name() -> str:
    """Processor and cores, and the GPU where there is one, e.g. ``2 cores of Intel Xeon; no GPU``."""
    gpus = runtime.list_gpus()
    return f"{runtime.cpu_count()} cores of {_processor_name()}; {gpus[0] if gpus else 'no GPU'}"


def _processor_name() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return " ".join(line.split(":", 1)[1].split())
    return platform.processor() or platform.machine()


def commit_name() -> str:
    """Short hash of the checkout's commit, empty outside git."""
    command = ["git", "-C", str(runtime.repo_root()), "rev-parse", "--short", "HEAD"]
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    return ""


def format_value(entry: dict[str, Any]) -> str:
    """Value and spread as people read them: fractions as percent, counts whole, the rest with sensible digits."""
    value, spread, unit = entry["value"], entry["spread"], entry["unit"]
    if unit == "fraction":
        text = f"{100 * value:.2f}" + (f" ± {100 * spread:.2f}" if spread is not None else "")
        return f"{text} %"
    if unit == "seeds":
        return f"{value:.0f} of {entry['n']} {unit}"
    digits = 0 if abs(value) >= 1000 else 1 if abs(value) >= 10 else 3
    text = f"{value:,.{digits}f}" + (f" ± {spread:,.{digits}f}" if spread is not None else "")
    return f"{text} {unit}".strip()


def table(identifiers: Sequence[str] | Mapping[str, str] | None = None) -> str:
    """Markdown table of results (all of them if None); an id without a measurement says so.

    Args:
        identifiers: which; a mapping gives each its name. The others are named as in README.
    """
    entries, named = read(), {row["id"]: row["title"] for row in references()}
    if isinstance(identifiers, Mapping):
        named |= identifiers
    rows = ["| result | value | over | measured on | date |", "| --- | --- | --- | --- | --- |"]
    for identifier in identifiers if identifiers is not None else sorted(entries):
        entry = entries.get(identifier)
        if entry is None:
            rows.append(f"| {identifier} | not measured yet | | | |")
            continue
        hardware = f"{entry['hardware']}, {entry['backend']}, budget {entry['budget']}"
        title = named.get(identifier, identifier)
        rows.append(f"| {title} | {format_value(entry)} | {over(entry)} | {hardware} | {entry['date']} |")
    return "\n".join(rows)


def references(path: str | Path | None = None) -> list[dict[str, str]]:
    """Rows of README's table from a TOML file (default ``mldata/references.toml``): id, title and others' figures."""
    path = Path(path) if path else runtime.repo_root() / "mldata" / "references.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))["row"]


def over(entry: dict[str, Any]) -> str:
    """Over how many seeds, games or episodes, and what the note says."""
    return "; ".join(filter(None, (f"n = {entry['n']:,}" if entry["n"] > 1 else "", entry["note"])))
