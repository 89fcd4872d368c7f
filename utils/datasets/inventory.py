"""``make data`` fetches everything ahead of class, and says what is there.

``python -m utils.datasets.inventory [--large] [NAME ...]``
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from utils import commands
from utils.datasets.archives import DataError
from utils.datasets.cache import cache_folder, cached, origin, shipped
from utils.datasets.registry import Entry, Outcome, find_entry, megabytes, registry
from utils.datasets.sources import mirror_hash, mirror_place, offline
from utils.datasets.store import obtain


def inventory() -> list[tuple[Entry, str]]:
    """Every entry and what is there of it, without a network.

    ``"cache (mirror)"`` names the origin of the copy; ``"mirror"`` lies in the folder ``COURSE_MIRROR`` and is copied
    at the first use; the others are ``"shipped"``, ``"damaged"`` and ``"missing"``.
    """
    rows = []
    for entry in registry().values():
        outcome = Outcome()
        if shipped(entry):
            state = "shipped"
        elif cached(entry, outcome):
            state = f"cache ({origin(entry.name) or 'official'})"
        elif isinstance(mirror_place(), Path) and mirror_hash(entry, Outcome()):
            state = "mirror"
        else:
            state = "damaged" if outcome.failed else "missing"
        rows.append((entry, state))
    return rows


def fetch_all(names: Sequence[str] | None = None, large: bool = False) -> int:
    """Fetch many files, print a table, and return the exit status: 0 if nothing that was wanted is missing.

    With ``COURSE_OFFLINE=1`` a file that is nowhere near is reported, with its stand-in, but is no failure. Files that
    only a mirror has (no official address) are no failure either.

    Args:
        names: which; None means all of the registry but the large ones.
        large: those as well.
    """
    wanted = [find_entry(name) for name in names] if names else list(registry().values())
    rows, problems, failures = [], [], 0
    for entry in wanted:
        if entry.large and not large and not names:
            rows.append((entry, "not asked for (large)"))
            continue
        try:
            outcome = obtain(entry)
        except DataError as error:
            outcome = Outcome(problems=[str(error)], failed=True)
        problems += [problem for problem in outcome.problems if problem not in problems]
        failed = outcome.path is None and (outcome.failed or (bool(entry.addresses) and not offline()))
        failures += failed
        rows.append((entry, outcome.source if outcome.path else "FAILED" if failed else "missing"))
    print(_table(rows))
    for problem in problems:
        print(f"- {problem}")
    print(_summary(rows, failures))
    return 1 if failures else 0


def _table(rows: Sequence[tuple[Entry, str]]) -> str:
    width = max(len(entry.name) for entry, _ in rows)
    lines = [f"{'file':<{width}}  {'size':>7}  {'lessons':<10}  status"]
    for entry, state in rows:
        lines.append(f"{entry.name:<{width}}  {megabytes(entry.size):>7}  {' '.join(entry.notebooks):<10}  {state}")
    stand_ins: dict[str, list[str]] = {}
    for entry, state in rows:
        if state in ("FAILED", "missing", "damaged"):
            stand_ins.setdefault(entry.stand_in, []).append(entry.name)
    lines += [f"stand-in for {', '.join(names)}: {text}" for text, names in stand_ins.items()]
    return "\n".join(lines)


def _summary(rows: Sequence[tuple[Entry, str]], failures: int) -> str:
    there = sum(state in ("cache", "mirror", "official", "shipped") for _, state in rows)
    missing = sum(state == "missing" for _, state in rows)
    text = f"{there} of {len(rows)} files are in {cache_folder()}"
    if missing:
        why = "COURSE_OFFLINE=1" if offline() else "only a mirror has them"
        text += f"; {missing} missing ({why}): the lessons use their stand-ins"
    if failures:
        text += f"; {failures} failed: check the network, or set COURSE_MIRROR, and run this again"
    return text + "."


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; see the top of the file."""
    parser = argparse.ArgumentParser(description="Fetch the course's data ahead of class.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="files of mldata/registry.toml; default: all")
    parser.add_argument("--large", action="store_true", help="the large ones (full VGG weights, GloVe) as well")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in registry()]
    if unknown:
        parser.error(f"not in the registry: {', '.join(unknown)}")
    return fetch_all(options.names, options.large)


if __name__ == "__main__":
    raise SystemExit(commands.run(main, DataError))
