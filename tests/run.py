"""Everything CI runs, with one summary at the end: ``python tests/run.py [step ...] [--notebooks NN ...] [--full]``.

Steps, in order: lint, unit, notebooks (every notebook at smoke budget, with the mirror where COURSE_MIRROR is set),
offline (the data-hungry ones again without mirror, network and cache), lectures (decks in a real browser), site (its
pages likewise, built now), hub (how updates reach a class; with --full a class of six on a JupyterHub of this machine).
Without arguments all of them run. Tests marked ``full`` run with --full only: they repeat at length, or on real
networks, what others hold in small. The exit status is 0 only if everything that ran passed and something ran.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from utils import commands

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "test-results"
STEPS = ("lint", "unit", "notebooks", "offline", "lectures", "site", "hub")
# Notebooks that read downloaded data; they must run on their embedded stand-ins too.
DATA_HUNGRY = ("01", "02", "03", "04", "05", "07", "11")


@dataclass
class Outcome:
    """What one step did."""

    step: str
    seconds: float = 0.0
    passed: int = 0
    failed: int = 0
    skipped: Counter = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


def notebooks_chosen(numbers: list[str] | None, among: tuple[str, ...] | None = None) -> list[Path]:
    """Notebook files to run; ends the program if a number has none."""
    found = {path.name[:2]: path for path in sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))}
    missing = [number for number in numbers or [] if number not in found]
    if missing:
        sys.exit(f"There is no notebook {', '.join(missing)}; there are {', '.join(found)}.")
    chosen = [number for number in found if not numbers or number in numbers]
    return [found[number] for number in chosen if among is None or number in among]


def run_pytest(step: str, arguments: list[str], environment: dict[str, str]) -> Outcome:
    """Run pytest on two cores and read its report; a crash without a report counts as a failure."""
    BUILD.mkdir(parents=True, exist_ok=True)
    report = BUILD / f"{step}.xml"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *arguments]
    start = time.perf_counter()
    status = subprocess.run(command, cwd=ROOT, env=os.environ | environment).returncode
    outcome = Outcome(step, time.perf_counter() - start)
    if report.exists():
        read_report(report, outcome)
    if status not in (0, 1) and not outcome.failed:
        outcome.failed += 1
        outcome.failures.append(f"{step}: pytest ended with status {status}")
    return outcome


def read_report(report: Path, outcome: Outcome) -> None:
    """Add the counts, failures and reasons of skips of a JUnit report to ``outcome``."""
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        skip = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            outcome.failed += 1
            outcome.failures.append(name)
        elif skip is not None:
            outcome.skipped[(skip.get("message") or "no reason given").strip()] += 1
        else:
            outcome.passed += 1


def lint() -> Outcome:
    """ruff, both as linter and as formatter."""
    outcome = Outcome("lint")
    start = time.perf_counter()
    for arguments in (["check", "."], ["format", "--check", "."]):
        if subprocess.run([sys.executable, "-m", "ruff", *arguments], cwd=ROOT).returncode:
            outcome.failed += 1
            outcome.failures.append(f"ruff {arguments[0]}")
        else:
            outcome.passed += 1
    outcome.seconds = time.perf_counter() - start
    return outcome


def unit(full: bool) -> Outcome:
    """The unit tests, spread over the cores; whoever is done takes over what another has not begun."""
    arguments = ["tests/unit", "-n", str(max(1, min(4, os.cpu_count() or 1))), "--dist", "worksteal"]
    arguments += [] if full else ["-m", "not full"]
    return run_pytest("unit", arguments, {"COURSE_BUDGET": "smoke", "COURSE_HEADLESS": "1"})


def longest_first(paths: list[Path]) -> list[Path]:
    """As measured and kept in the ledger: else the last notebook would run while the other core has nothing to do."""
    ledger = {
        entry["id"]: entry["value"] for entry in json.loads((ROOT / "mldata" / "results.json").read_text("utf-8"))
    }
    return sorted(paths, key=lambda path: -ledger.get(f"execution.{path.name[:2]}.smoke.seconds", 1e9))


def notebooks(step: str, paths: list[Path], environment: dict[str, str]) -> Outcome:
    """Execute notebooks with nbval: every cell must run, marked cells must print what is stored."""
    if not paths:
        return Outcome(step, skipped=Counter({"no notebook of this kind chosen": 1}))
    arguments = [
        *("--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=900", "-p", "no:cacheprovider"),
        *(f"--nbval-sanitize-with={ROOT / 'tests' / 'notebooks' / 'sanitize.cfg'}", "-n", "2"),
        *("--dist", "loadscope", "--no-loadscope-reorder", *map(str, longest_first(paths))),
    ]
    environment = {"COURSE_BUDGET": "smoke", "COURSE_HEADLESS": "1"} | environment
    outcome = run_pytest(step, arguments, environment)
    for path in paths:
        if any(path.stem in failure for failure in outcome.failures):
            keep_executed_copy(path, environment)
    return outcome


def keep_executed_copy(path: Path, environment: dict[str, str]) -> None:
    """Run a failing notebook once more, errors allowed, and leave it in build/failed-notebooks/ for CI to publish."""
    folder = ROOT / "build" / "failed-notebooks"
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", "--allow-errors", str(path)]
    options = ["--output-dir", str(folder), "--log-level=ERROR", "--ExecutePreprocessor.timeout=900"]
    options += ["--KernelManager.transport_encryption=auto"]  # or the kernel would warn in the terminal
    subprocess.run(command + options, cwd=ROOT, env=os.environ | environment)


def offline(numbers: list[str] | None) -> Outcome:
    """Data-hungry notebooks without mirror, network and cache."""
    with tempfile.TemporaryDirectory() as empty:
        environment = {"COURSE_MIRROR": "", "COURSE_OFFLINE": "1", "COURSE_DATA": empty}
        return notebooks("offline", notebooks_chosen(numbers, DATA_HUNGRY), environment)


def lectures(full: bool) -> Outcome:
    """Decks in a real browser; the tests themselves say why they skip where there is none."""
    if not list((ROOT / "tests" / "lectures").glob("test_*.py")):
        return Outcome("lectures", skipped=Counter({"there are no decks yet": 1}))
    arguments = ["tests/lectures", "-n", "2", "--dist", "loadgroup"] + ([] if full else ["-m", "not full"])
    return run_pytest("lectures", arguments, {"COURSE_HEADLESS": "1"})


def site(full: bool) -> Outcome:
    """The site, built now, in a real browser; one process, since all of it looks at one build."""
    return run_pytest("site", ["tests/site"] + ([] if full else ["-m", "not full"]), {"COURSE_HEADLESS": "1"})


def hub(full: bool) -> Outcome:
    """A class on a JupyterHub; one process, since a class fills a machine by itself."""
    return run_pytest("hub", ["tests/hub", "-rP"] + ([] if full else ["-m", "not full"]), {})


def summarise(outcomes: list[Outcome]) -> int:
    """Print the one summary; returns the exit status."""
    print("\nSummary")
    for o in outcomes:
        skipped = sum(o.skipped.values())
        print(f"  {o.step:<10} {o.seconds:6.0f} s   {o.passed} passed, {o.failed} failed, {skipped} skipped")
    for o in outcomes:
        for reason, count in o.skipped.items():
            print(f"  skipped {count} in {o.step}: {reason}")
    for o in outcomes:
        for failure in o.failures:
            print(f"  FAILED {failure}")
    passed, failed = sum(o.passed for o in outcomes), sum(o.failed for o in outcomes)
    print(f"{passed} passed, {failed} failed, {sum(sum(o.skipped.values()) for o in outcomes)} skipped")
    return 1 if failed or not passed else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("steps", nargs="*", help=f"some of: {', '.join(STEPS)} (all if none)")
    parser.add_argument("--notebooks", nargs="+", metavar="NN", help="numbers of the notebooks to run")
    parser.add_argument("--full", action="store_true", help="also the tests marked full, as the weekly run does")
    arguments = parser.parse_args()
    unknown = set(arguments.steps) - set(STEPS)
    if unknown:
        parser.error(f"unknown step {', '.join(sorted(unknown))}; there are {', '.join(STEPS)}")
    actions = {
        "lint": lint,
        "unit": lambda: unit(arguments.full),
        "notebooks": lambda: notebooks("notebooks", notebooks_chosen(arguments.notebooks), {}),
        "offline": lambda: offline(arguments.notebooks),
        "lectures": lambda: lectures(arguments.full),
        "site": lambda: site(arguments.full),
        "hub": lambda: hub(arguments.full),
    }
    outcomes = [actions[step]() for step in STEPS if not arguments.steps or step in arguments.steps]
    return summarise(outcomes)


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
