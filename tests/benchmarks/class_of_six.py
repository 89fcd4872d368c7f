"""A class of six on a JupyterHub of this machine: memory and processor time of each student, into the ledger.

``make test-hub`` once (it fetches the hub's proxy), then ``python tests/benchmarks/class_of_six.py``. Six
students log in through a browser, fetch the course by nbgitpuller and run lesson 08 at the smoke budget at the same
time. Memory is sampled every two seconds: that of the student's server and kernel, shared pages counted by share.
Processor time is that of server and kernel from the log-in on; the browser's is the student's own. README of deploy/
computes the size of nodes from it (`python .ci/readme.py`).
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
from pathlib import Path

from utils import commands, results
from utils.grading.release import release

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "hub"), str(ROOT / ".ci")]

import classroom  # noqa: E402

LESSON = "08_q_learning.ipynb"
STUDENTS = ("anna", "bruno", "clara", "david", "emil", "fritz")


async def run_together(hub: classroom.Hub) -> list[classroom.Student]:
    """Everybody runs the lesson at the same time."""
    async with classroom.students(hub, list(STUDENTS)) as group:
        for step in (lambda s: s.log_in(), lambda s: s.follow(LESSON), lambda s: s.run_to_the_end(LESSON)):
            await asyncio.gather(*map(step, group))
        return group


def record(name: str, values: list[float], unit: str, note: str) -> None:
    """The mean over students and its standard deviation."""
    mean, spread = statistics.mean(values), statistics.stdev(values)
    print(f"{name:<24} {mean:6.2f} {unit}, standard deviation {spread:.2f}")
    command = "python tests/benchmarks/class_of_six.py"
    figures = {"n": len(values), "spread": round(spread, 4), "values": values, "note": note, "command": command}
    results.record(name, round(mean, 4), unit=unit, budget="smoke", **figures)


def main() -> int:
    reason = classroom.missing()
    if reason:
        raise ValueError(f"No class can be held here: {reason}.")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        with (
            classroom.published_course(folder / "served", lambda path: release(ROOT, path)) as course,
            classroom.running_hub(folder / "hub", course) as hub,
        ):
            group = asyncio.run(run_together(hub))
    note = "six students run lesson 08 at the same time"
    record("hub.student.memory", [s.memory for s in group], "GB", f"{note}; server and kernel at their highest")
    record("hub.server.memory", [s.server_memory for s in group], "GB", f"{note}; JupyterLab's server alone")
    record("hub.student.seconds", [s.cpu_seconds for s in group], "s", f"{note}; processor time of server and kernel")
    print("deploy/README.md shows the table after `python .ci/readme.py`.")
    return 0


if __name__ == "__main__":
    raise SystemExit(commands.run(main, ValueError))
