"""How often does each claim hold? ``make claims NB=05 SEEDS=5`` counts it over seeds.

Executes copies of the notebooks at the budget in force with ``COURSE_SEED`` from 0 on, and writes into the ledger for
each claim the share of seeds in which it held (``claims.05.01``, ...). Seed 0 is that of the stored notebook, which is
taken as it is. An executed copy is kept in build/claims/ and not made again while the notebook's sources are the same,
so that an interrupted count goes on. A claim on the ledger's
entries would hold in all runs alike: it is counted over the entries' seeds instead, and its note begins with "on the
ledger".
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import nbformat
from nbclient.exceptions import CellExecutionError

from utils import claims, commands, results, runtime

from execute import ROOT, find_notebooks, run, source_hash, stale_cells, write_notebook

FOLDER = ROOT / "build" / "claims"
COMMAND = "make claims"


def claims_of(path: Path, seed: int) -> list[dict]:
    """The claims of one run with this seed, from the kept copy if there is one of the same sources."""
    stored = nbformat.read(path, as_version=4)
    if seed == 0 and runtime.budget() == "cpu" and _is_current(stored):
        return claims.stored_claims(stored)  # `make notebooks` has run it with this seed
    sources = [cell.source for cell in stored.cells if cell.cell_type == "code"]
    name = f"{path.stem}.{os.environ.get('COURSE_BUDGET', '')}.{source_hash(''.join(sources))}.seed{seed}.ipynb"
    copy = FOLDER / name
    if not copy.exists():
        os.environ["COURSE_SEED"] = str(seed)
        try:
            notebook = run(path)
        except CellExecutionError as error:
            raise ValueError(f"{path.name} with seed {seed}: {error.ename}: {error.evalue}") from error
        write_notebook(notebook, copy)
    return claims.stored_claims(nbformat.read(copy, as_version=4))


def _is_current(notebook: nbformat.NotebookNode) -> bool:
    try:
        return not stale_cells(notebook)
    except LookupError:  # never executed
        return False


def count(runs: list[list[dict]]) -> list[tuple[str, bool, list[bool]]]:
    """For each claim its sentence, whether it is on the ledger, and whether it held, seed by seed.

    Raises:
        ValueError: the runs do not make the same claims.
    """
    sentences = [found["sentence"] for found in runs[0]]
    for other in runs[1:]:
        if [found["sentence"] for found in other] != sentences:
            raise ValueError("The runs make different claims: a sentence depends on the seed, or a claim on a branch.")
    rows = []
    for index, sentence in enumerate(sentences):
        by_seed = runs[0][index]["by_seed"]
        held = by_seed or [found[index]["state"] == claims.HOLDS for found in runs]
        rows.append((sentence, bool(by_seed), held))
    return rows


def record(number: str, rows: list[tuple[str, bool, list[bool]]]) -> None:
    """Replace this notebook's counts in the ledger."""
    with results.together():  # an interruption leaves the old counts, not half of the new ones
        results.remove(f"claims.{number}.")
        for index, (sentence, on_ledger, held) in enumerate(rows, 1):
            results.record(
                f"claims.{number}.{index:02d}",
                sum(held) / len(held),
                unit="fraction",
                n=len(held),
                values=[float(value) for value in held],
                command=f"{COMMAND} NB={number} SEEDS={len(held)}",
                note=("on the ledger: " if on_ledger else "") + sentence,
            )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("notebooks", nargs="*", help="numbers; all if none is given")
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    weak = 0
    for path in find_notebooks(options.notebooks):
        rows = count([claims_of(path, seed) for seed in range(options.seeds)])
        record(path.name[:2], rows)
        for sentence, on_ledger, held in rows:
            good = sum(held) >= claims.NEEDED * len(held)
            weak += not good
            where = "ledger" if on_ledger else "runs"
            print(f"{path.name[:2]} {'ok  ' if good else 'WEAK'} {sum(held)} of {len(held)} {where}: {sentence}")
    return 1 if weak else 0


if __name__ == "__main__":
    raise SystemExit(commands.run(main, ValueError))
