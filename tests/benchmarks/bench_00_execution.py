"""Execution table: wall time and peak memory of every notebook at the smoke and cpu budgets.

``make bench LESSON=00``, or ``python tests/benchmarks/bench_00_execution.py --notebooks 05 --budgets smoke``. Each
notebook is executed headless by nbclient in a process of its own and not written back. Time includes the start of the
kernel. Memory is that of the kernel and all its children, sampled twice a second (shared pages counted once where Linux
tells them apart), and at least the kernel's own high-water mark; JupyterLab and a browser come on top. The figures go
into the ledger, and from there into README.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from utils import commands, results, runtime

BUDGETS = ("smoke", "cpu")
SAMPLE = 0.5  # seconds
TIMEOUT = 3600  # seconds for a notebook


@dataclass(frozen=True)
class Measurement:
    """What one execution took; ``problem`` is empty if every cell ran."""

    seconds: float
    gigabytes: float
    problem: str = ""


def memory_of(process: psutil.Process) -> int:
    """Bytes that a process holds: its proportional share of shared pages on Linux, else its resident pages."""
    try:
        full = process.memory_full_info()
        return getattr(full, "pss", 0) or full.rss
    except psutil.AccessDenied:
        return process.memory_info().rss


def high_water(process: psutil.Process) -> int:
    """The most that a process ever had resident, where Linux tells; else 0."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])
    return 0


def sample(driver: psutil.Process) -> int:
    """Bytes now held below the process that drives the kernel, or the highest mark of one of them if that is more."""
    total = highest = 0
    with contextlib.suppress(psutil.Error):
        for process in driver.children(recursive=True):
            with contextlib.suppress(psutil.Error):
                total += memory_of(process)
                highest = max(highest, high_water(process))
    return max(total, highest)


def measure(path: Path, budget: str, timeout: float = TIMEOUT) -> Measurement:
    """Execute one notebook at a budget and watch it."""
    environment = os.environ | {"COURSE_BUDGET": budget, "COURSE_HEADLESS": "1", "MPLBACKEND": "agg"}
    began, peak = time.perf_counter(), 0
    process = subprocess.Popen(
        [sys.executable, __file__, "--drive", str(path)], env=environment, stderr=subprocess.PIPE, text=True
    )
    driver = psutil.Process(process.pid)
    try:
        while process.poll() is None:
            peak = max(peak, sample(driver))
            if time.perf_counter() - began > timeout:
                return Measurement(time.perf_counter() - began, peak / 1e9, f"stopped after {timeout:.0f} s")
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(SAMPLE)
        seconds, said = time.perf_counter() - began, process.stderr.read().strip()
        problem = (said.splitlines() or ["no message"])[-1] if process.returncode else ""
        return Measurement(seconds, peak / 1e9, problem)
    finally:
        stop(driver)
        process.wait()
        process.stderr.close()


def stop(driver: psutil.Process) -> None:
    """End what still runs of an execution; the driver is held still first, so that it starts no kernel meanwhile."""
    with contextlib.suppress(psutil.Error):
        driver.suspend()
        for process in [*driver.children(recursive=True), driver]:
            with contextlib.suppress(psutil.Error):
                process.kill()


def drive(path: Path) -> None:
    """In the child process: execute the notebook in its folder, keep nothing."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    folder = {"metadata": {"path": str(path.parent)}}
    NotebookClient(notebook, timeout=TIMEOUT, kernel_name="python3", resources=folder).execute()


def record(number: str, budget: str, found: Measurement) -> None:
    """Both figures into the ledger."""
    note = f"notebook {number} from start to end; load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    command = "make bench LESSON=00"
    for what, value, unit in (("seconds", found.seconds, "s"), ("memory", found.gigabytes, "GB")):
        name = f"execution.{number}.{budget}.{what}"
        results.record(name, round(value, 3), unit=unit, budget=budget, command=command, note=note)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--notebooks", nargs="*", default=[], metavar="NN", help="numbers; default: all")
    parser.add_argument("--budgets", nargs="*", default=list(BUDGETS), choices=runtime.BUDGETS)
    parser.add_argument("--folder", type=Path, default=runtime.repo_root() / "notebooks")
    parser.add_argument("--no-record", action="store_true", help="print only")
    parser.add_argument("--drive", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.drive:
        drive(options.drive)
        return 0
    paths = sorted(options.folder.glob("[0-9][0-9]_*.ipynb"))
    paths = [path for path in paths if not options.notebooks or path.name[:2] in options.notebooks]
    print(results.hardware_name())
    print(f"{'notebook':<36} {'budget':<6} {'seconds':>8} {'GB':>6}")
    failures = 0
    for path in paths:
        for budget in options.budgets:
            found = measure(path, budget)
            print(
                f"{path.stem:<36} {budget:<6} {found.seconds:8.1f} {found.gigabytes:6.2f}  {found.problem}", flush=True
            )
            failures += bool(found.problem)
            if not found.problem and not options.no_record:
                record(path.name[:2], budget, found)
    if not options.no_record:
        print("README shows the table after `python .ci/readme.py`.")
    return 1 if failures or not paths else 0


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
