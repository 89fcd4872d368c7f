"""The execution table: measured on a tiny notebook, recorded, and shown in README."""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import SimpleNamespace

import nbformat
import psutil
import pytest

from utils import results

import bench_00_execution as bench
import readme

ROOT = Path(__file__).resolve().parents[2]


HELD = 300_000_000  # bytes, half by the kernel and half by a child of it
CHILD = f"held = bytearray({HELD // 2}); held[::4096] = b'x' * len(held[::4096]); import time; time.sleep(1.5)"
TINY = f"""
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", {CHILD!r}])
held = bytearray({HELD // 2}); held[::4096] = b"x" * len(held[::4096])
assert os.environ["COURSE_BUDGET"] == "smoke"
child.wait()
"""


def _notebook(folder: Path, *cells: str, name: str = "05_tiny.ipynb") -> Path:
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells]), folder / name)
    return folder / name


def test_time_and_memory_of_a_kernel_and_its_children_are_measured_and_recorded(tmp_path, capsys):
    path = _notebook(tmp_path, TINY)
    before = path.read_bytes()
    assert bench.main(["--folder", str(tmp_path), "--budgets", "smoke"]) == 0
    assert "05_tiny" in capsys.readouterr().out
    assert path.read_bytes() == before  # not written back
    seconds, memory = (results.get(f"execution.05.smoke.{what}") for what in ("seconds", "memory"))
    assert seconds["value"] > 1.5 and seconds["unit"] == "s"
    assert HELD / 1e9 < memory["value"] < 3 * HELD / 1e9
    assert memory["budget"] == "smoke"


def test_a_failing_notebook_is_told_and_not_recorded(tmp_path, capsys):
    _notebook(tmp_path, "1 / 0")
    assert bench.main(["--folder", str(tmp_path), "--budgets", "cpu"]) == 1
    assert "ZeroDivisionError" in capsys.readouterr().out
    with pytest.raises(KeyError):
        results.get("execution.05.cpu.seconds")


def test_a_notebook_without_end_is_stopped_with_its_kernel(tmp_path, monkeypatch):
    kernel = tmp_path / "kernel.txt"
    # A clock that stands still until the kernel is busy: the test waits no longer, and on a busy machine not shorter.
    monkeypatch.setattr(bench, "time", SimpleNamespace(perf_counter=lambda: 26.0 * kernel.exists()))
    temporary = str(kernel.with_suffix(".new"))  # renamed, so that it is there only once it is whole
    endless = f"import os, pathlib; pathlib.Path({temporary!r}).write_text(str(os.getpid()))\n"
    endless += f"os.rename({temporary!r}, {str(kernel)!r})\nwhile True: pass"
    found = bench.measure(_notebook(tmp_path, endless), "smoke", timeout=25)
    assert "stopped after 25 s" in found.problem
    _, alive = psutil.wait_procs(_processes(int(kernel.read_text())), timeout=60)
    assert not alive


def _processes(pid: int) -> list[psutil.Process]:
    """The process of that number, if there is one that is not just waiting to be buried."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        return [] if process.status() == psutil.STATUS_ZOMBIE else [process]
    return []


def test_the_table_shows_what_is_measured_and_what_is_not():
    assert "Not measured yet" in readme.execution_table()
    results.record("execution.05.smoke.seconds", 61.4, unit="s", hardware="h")
    results.record("execution.05.smoke.memory", 1.234, unit="GB", hardware="h")
    results.record("execution.05.cpu.seconds", 412.0, unit="s", hardware="h")
    results.record("execution.05.cpu.memory", 1.9, unit="GB", hardware="h")
    results.record("execution.08.cpu.seconds", 30.0, unit="s", hardware="h")
    lines = readme.execution_table().splitlines()
    assert lines[2] == "| 05 | 1 min 1 s | 1.2 GB | 6 min 52 s | 1.9 GB |"
    assert lines[3] == "| 08 | | | 30 s | |"
    assert lines[-1].startswith("Measured on h.")


def test_readme_shows_the_ledgers_table(monkeypatch):
    monkeypatch.setenv("COURSE_RESULTS", str(ROOT / "mldata" / "results.json"))
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme.with_table(text, readme.execution_table(), readme.EXECUTION_MARKS) == text
