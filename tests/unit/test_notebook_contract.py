"""Every committed notebook keeps the contract: outputs, order, first cell, closing sections, exercises, size."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import pytest

from utils.exercises import engine

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
NAMES = {
    *("01_special_layers", "02_convnets", "03_visualization_and_occlusion", "04_transfer_learning_cats_vs_dogs"),
    *("05_mnist_cnn", "06_lstm_addition", "07_movielens_recommender", "08_q_learning", "09_dqn_breakout"),
    *("10_reinforce", "11_alphago_go"),
}
CLOSING = ["Exercises", "What to remember", "Going further"]
pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def _cells(path: Path, kind: str | None = None):
    return [c for c in nbformat.read(path, as_version=4).cells if kind is None or c.cell_type == kind]


def _code(path: Path):
    return [cell for cell in _cells(path, "code") if cell.source.strip()]


def _tags(cell) -> list[str]:
    return cell.metadata.get("tags", [])


def test_name_and_size(path):
    assert path.stem in NAMES
    assert path.stat().st_size < 1_500_000
    nbformat.validate(nbformat.read(path, as_version=4))


def test_executed_once_and_in_order(path):
    counts = [cell.execution_count for cell in _code(path)]
    assert counts == list(range(1, len(counts) + 1)), "run `make notebooks`"
    assert any(cell.outputs for cell in _code(path))


def test_no_errors_and_no_noise_in_outputs(path):
    for cell in _code(path):
        for output in cell.outputs:
            assert output.output_type != "error", cell.source
            assert output.get("name") != "stderr", output.get("text")


def test_no_machine_paths(path):
    notebook = nbformat.read(path, as_version=4)
    for output in (output for cell in notebook.cells for output in cell.get("outputs", [])):
        for kind in [kind for kind in output.get("data", {}) if kind.startswith("image/")]:
            del output["data"][kind]  # by chance a picture's base64 spells anything
    text = re.sub(r"base64,[\w+/=]+", "", json.dumps(notebook))
    for pattern in (r"/home/\w", r"/Users/\w", r"[A-Z]:\\\\Users", r"/tmp/"):
        assert not re.search(pattern, text), pattern


def test_marked_cells_have_a_stored_output(path):
    marked = [cell for cell in _code(path) if "nbval-check-output" in _tags(cell)]
    assert marked, "at least one deterministic cell should be compared"
    for cell in marked:
        assert any(output.get("text") or output.get("data") for output in cell.outputs), cell.source


def test_first_cell_introduces_the_lesson(path):
    first = _cells(path)[0]
    assert first.cell_type == "markdown"
    assert re.match(rf"# {path.stem[:2]} · \S", first.source), first.source.splitlines()[0]
    for word in ("objectives", "prerequisites", "time", "data", "references"):
        assert word in first.source.lower(), f"the first cell does not speak of {word}"


def test_sections_are_numbered_and_end_as_agreed(path):
    titles = [
        line[3:].strip()
        for cell in _cells(path, "markdown")
        for line in re.sub(r"```.*?```", "", cell.source, flags=re.DOTALL).splitlines()
        if line.startswith("## ")
    ]
    numbers = [re.match(r"(\d+)\.? ", title) for title in titles]
    assert all(numbers), titles
    assert [int(match.group(1)) for match in numbers] == list(range(1, len(titles) + 1))
    assert [re.sub(r"^\d+\.? ", "", title) for title in titles[-3:]] == CLOSING


def test_code_cells_are_short(path):
    for cell in _code(path):
        lines = [line for line in cell.source.splitlines() if line.strip()]
        assert len(lines) <= 30, f"{len(lines)} lines:\n{cell.source[:200]}"


def test_exercise_cells_match_the_checks(path):
    known = engine.load_checks(path.stem[:2])
    text = "\n".join(cell.source for cell in _code(path))
    called = re.findall(r'check\("(\d\d\.\d+)", (\w+)\)', text)
    assert dict(called) == {item.identifier: item.name for item in known.values()}
    assert len(called) == len(known)
    for item in known.values():
        assert re.search(rf"def {item.name}\(", text), item.name


def test_tags_say_what_is_an_exercise_and_what_points_at_its_solution(path):
    known = engine.load_checks(path.stem[:2])
    hints = "\n".join(cell.source for cell in _cells(path) if "solution-hint" in _tags(cell))
    for cell in _cells(path):
        asks = re.search(r'^check\("\d\d\.\d+"|^\*\*Exercise \d\d\.\d+\.', cell.source, re.MULTILINE)
        assert bool(asks) == ("exercise" in _tags(cell)), cell.source
        if "solution-hint" not in _tags(cell):
            assert not re.search(r"solutions/|%load|our\s+solution", cell.source), cell.source
    for item in known.values():
        assert f"%load -s {item.name} ../solutions/{path.stem}.py" in hints
