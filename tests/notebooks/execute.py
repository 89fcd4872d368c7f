"""Execute notebooks in place at the budget in force and normalise them: ``execute.py 01 05``, or all without numbers.

A notebook that fails, or whose claims do not all hold, is left as it was; the executed copy, with the error in it,
lands in build/failed-notebooks/.
Beside its output each code cell keeps a hash of the source that was executed: where the source was edited afterwards
the two disagree, and a test says so (tests/unit/test_stale_outputs.py).
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from traitlets.config import Config

from utils import claims

ROOT = Path(__file__).resolve().parents[2]
KEPT_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"},
}


# Kernels talk to us encrypted, or each would warn in the terminal that it does not.
ENCRYPTED = Config({"KernelManager": {"transport_encryption": "auto"}})


def find_notebooks(numbers: list[str]) -> list[Path]:
    """Notebooks whose number is listed (all if none is); an unknown number ends the program with a sentence."""
    notebooks = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    chosen = [path for path in notebooks if not numbers or path.name[:2] in numbers]
    missing = set(numbers) - {path.name[:2] for path in chosen}
    if missing:
        sys.exit(f"No notebook with number {', '.join(sorted(missing))} in {ROOT / 'notebooks'}.")
    return chosen


def source_hash(source: str) -> str:
    """What a cell's metadata keeps under ``source_sha256``; line ends and blanks at a line's end do not count."""
    lines = [line.rstrip() for line in source.strip().splitlines()]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def stale_cells(notebook: nbformat.NotebookNode) -> list[str]:
    """Sources of code cells that were changed after their output was made, or that lack the hash others have.

    Raises:
        LookupError: no cell has a hash; the notebook was executed before there were any.
    """
    cells = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    if not any("source_sha256" in cell.metadata for cell in cells):
        raise LookupError("no hashes of sources in this notebook yet: run `make notebooks` for it")
    return [cell.source for cell in cells if cell.metadata.get("source_sha256") != source_hash(cell.source)]


def slide_type(source: str) -> str:
    """Where slides begin when a notebook is presented: a title or a section opens one, other text one below it.

    Code and its output stay on the slide of the text before them.
    """
    return "slide" if re.search(r"^##? ", source, re.MULTILINE) else "subslide"


def normalise(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Remove what changes from run to run or tells of the machine: timings, paths, widget state, memory addresses."""
    notebook.metadata = nbformat.from_dict(KEPT_METADATA)
    count = 0
    for index, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{index:03d}"
        cell.metadata = nbformat.from_dict({k: v for k, v in cell.metadata.items() if k in ("tags", "slideshow")})
        if cell.cell_type == "markdown" and "slideshow" not in cell.metadata:
            cell.metadata["slideshow"] = nbformat.from_dict({"slide_type": slide_type(cell.source)})
        if cell.cell_type != "code":
            continue
        cell.outputs = [output for output in map(_normalise_output, cell.outputs) if output is not None]
        if cell.source.strip():
            count += 1
            cell.execution_count = count
            cell.metadata["source_sha256"] = source_hash(cell.source)
        for output in cell.outputs:
            if "execution_count" in output:
                output["execution_count"] = cell.execution_count
    return notebook


def _normalise_output(output: nbformat.NotebookNode) -> nbformat.NotebookNode | None:
    if output.output_type == "stream":
        output["text"] = _clean(output["text"])
    for mime, value in list(output.get("data", {}).items()):
        if mime == "application/vnd.jupyter.widget-view+json":
            del output["data"][mime]  # a widget's state is not stored; its text or picture stays
        elif isinstance(value, str) and mime.startswith("text/"):
            output["data"][mime] = _clean(value)
    if "data" in output and not output["data"]:
        return None
    if "metadata" in output:  # a picture's size and alternative text stay
        pictures = {mime: value for mime, value in output["metadata"].items() if mime in ("image/png", "image/jpeg")}
        output["metadata"] = nbformat.from_dict(pictures)
    return output


def _clean(text: str) -> str:
    text = text.replace(str(ROOT), "…").replace(str(Path.home()), "~")
    text = re.sub(r"\b0x[0-9a-f]{8,}\b", "0x…", text)
    # A progress bar rewrites its line with carriage returns; only what it shows last is kept.
    return "\n".join(line.rstrip("\r").rsplit("\r", 1)[-1] for line in text.split("\n"))


def run(path: Path, timeout: int = 1800) -> nbformat.NotebookNode:
    """Execute a notebook in its folder, in memory, and normalise it.

    Raises:
        CellExecutionError: a cell failed; the executed copy is kept.
    """
    notebook = nbformat.read(path, as_version=4)
    os.environ["COURSE_HEADLESS"] = "1"
    place = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(notebook, timeout=timeout, kernel_name="python3", resources=place, config=ENCRYPTED)
    client.record_timing = False
    try:
        client.execute()
    except CellExecutionError:
        keep_failed(notebook, path)
        raise
    normalise(notebook)
    nbformat.validate(notebook)
    return notebook


def keep_failed(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Leave the executed copy of a notebook that is not accepted where a person can look at it."""
    failed = ROOT / "build" / "failed-notebooks" / path.name
    failed.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, failed)
    print(f"{path.name} failed; its executed copy is {failed.relative_to(ROOT)}", file=sys.stderr)


def execute(path: Path) -> bool:
    """Run one notebook and write it back; False, and the notebook as it was, if a claim does not hold."""
    start = time.perf_counter()
    notebook = run(path)
    failing = [found["sentence"] for found in claims.stored_claims(notebook) if found["state"] == claims.FAILS]
    if failing:
        keep_failed(notebook, path)
        print(f"{path.name}: does not hold in this run: " + "; ".join(failing), file=sys.stderr)
        return False
    nbformat.write(notebook, path)
    print(f"{path.name} {time.perf_counter() - start:.0f} s, {path.stat().st_size / 1e6:.2f} MB")
    return True


def main() -> int:
    accepted = [execute(path) for path in find_notebooks(sys.argv[1:])]  # all of them, also after one that fails
    return 0 if all(accepted) else 1


if __name__ == "__main__":
    sys.exit(main())
