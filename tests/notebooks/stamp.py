"""Give an executed notebook the hashes of its sources without running it, if git shows that nothing changed since.

``python tests/notebooks/stamp.py 01 02``. A notebook is refused where its code was edited after its last execution:
where no output changed with that edit or after it, or where an output is older than the source above it.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path

import nbformat

sys.path.insert(0, str(Path(__file__).parent))
from execute import ROOT, find_notebooks, source_hash

Version = list[tuple[str, str]]  # source hash and outputs of each code cell


def version(notebook: nbformat.NotebookNode) -> Version:
    """What counts of a notebook: its code cells' sources and outputs."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    return [(source_hash(cell.source), json.dumps(cell.outputs, sort_keys=True)) for cell in cells]


def history(path: Path) -> list[Version]:
    """The notebook's versions in git, the newest first; versions that cannot be read are left out."""
    name = path.relative_to(ROOT).as_posix()
    listed = subprocess.run(["git", "log", "--format=%H", "--", name], cwd=ROOT, capture_output=True, text=True)
    versions = []
    for commit in listed.stdout.split():
        shown = subprocess.run(["git", "show", f"{commit}:{name}"], cwd=ROOT, capture_output=True, text=True)
        if shown.returncode == 0:
            versions.append(version(nbformat.reads(shown.stdout, as_version=4)))
    return versions


def reasons_against(now: Version, before: list[Version]) -> list[str]:
    """Why the outputs may not belong to the sources; empty if nothing speaks against it."""
    if not before or before[0] != now:
        return ["it has changes that are not committed"]
    reasons = []
    changed_output = False
    for newer, older in itertools.pairwise(before):
        changed_output |= [output for _, output in newer] != [output for _, output in older]
        if [source for source, _ in newer] != [source for source, _ in older]:
            if not changed_output:
                reasons.append("no output changed since its code was last edited")
            break
    for number, (source, output) in enumerate(now, 1):
        others = [s for old in before for s, o in old if o == output]
        # Cells without output prove nothing, nor do outputs that several cells share.
        if output == "[]" or [o for _, o in now].count(output) > 1:
            continue
        if any(s != source for s in others):
            reasons.append(f"the output of code cell {number} is older than its source")
    return reasons


def main() -> int:
    refused = 0
    for path in find_notebooks(sys.argv[1:]):
        notebook = nbformat.read(path, as_version=4)
        reasons = reasons_against(version(notebook), history(path))
        if reasons:
            refused += 1
            print(f"{path.name}: not stamped; {'; '.join(reasons)}. Execute it: make notebooks NB={path.name[:2]}")
            continue
        for cell in notebook.cells:
            if cell.cell_type == "code" and cell.source.strip():
                cell.metadata["source_sha256"] = source_hash(cell.source)
        nbformat.write(notebook, path)
        print(f"{path.name}: stamped")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
