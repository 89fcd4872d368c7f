"""How long does ``check`` take? Each exercise's reference solution once, after a first call that imports what it needs.

    python tests/benchmarks/bench_00_checks.py

A student should wait no longer than a second, ten where a network is built; printed, never asserted.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "exercises"))
from utils import commands, runtime
from utils.exercises import engine

import sweeps


def main() -> None:
    runtime.start()
    took = []
    for identifier, item in engine.load_checks().items():
        (path,) = (sweeps.ROOT / "solutions").glob(f"{identifier[:2]}_*.py")
        solution = getattr(sweeps.load(path), item.name)
        seconds = []
        for _ in range(2):
            began = time.perf_counter()
            assert engine.evaluate(identifier, solution)
            seconds.append(time.perf_counter() - began)
        took.append((seconds[1], seconds[0], identifier))
    print("| exercise | seconds, first call | second call |\n| --- | ---: | ---: |")
    for second, first, identifier in sorted(took, reverse=True)[:10]:
        print(f"| {identifier} | {first:.2f} | {second:.2f} |")
    print(f"{len(took)} checks, {sum(second for second, _, _ in took):.1f} s in all; the ten slowest are listed")


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
