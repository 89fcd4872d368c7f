"""Stored outputs belong to the sources above them: each code cell keeps a hash of what was executed."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

import execute

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_source_was_edited_after_its_output_was_made(path):
    try:
        stale = execute.stale_cells(nbformat.read(path, as_version=4))
    except LookupError as reason:
        pytest.skip(f"{path.stem}: {reason}")
    assert not stale, "edited after it was executed; run `make notebooks`:\n" + "\n---\n".join(stale)


def _notebook(*sources: str) -> nbformat.NotebookNode:
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    for cell in cells:
        cell.outputs = [nbformat.v4.new_output("stream", text=f"output of {cell.source}")]
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Title"), *cells])


def test_normalising_writes_hashes_and_an_edit_is_found():
    notebook = execute.normalise(_notebook("a = 1", "b = 2\n"))
    nbformat.validate(notebook)
    assert execute.stale_cells(notebook) == []
    notebook.cells[2].source = "b = 3"
    assert execute.stale_cells(notebook) == ["b = 3"]


def test_a_new_cell_between_executed_ones_is_found():
    notebook = execute.normalise(_notebook("a = 1"))
    notebook.cells.append(nbformat.v4.new_code_cell("c = 4"))
    assert execute.stale_cells(notebook) == ["c = 4"]


def test_markdown_may_be_edited_and_line_ends_do_not_count():
    notebook = execute.normalise(_notebook("a = 1\nb = 2"))
    notebook.cells[0].source = "# Another title"
    notebook.cells[1].source = "a = 1  \r\nb = 2\n"
    assert execute.stale_cells(notebook) == []


def test_a_notebook_from_before_the_hashes_says_so():
    with pytest.raises(LookupError, match="make notebooks"):
        execute.stale_cells(_notebook("a = 1"))


def test_sections_open_slides_and_code_stays_with_its_text():
    notebook = nbformat.v4.new_notebook()
    texts = ("# 01 · Title", "A thought.\n\n## 2. Section", "What to see.", "### Detail")
    notebook.cells = [nbformat.v4.new_markdown_cell(text) for text in texts] + [nbformat.v4.new_code_cell("a = 1")]
    cells = execute.normalise(notebook).cells
    kinds = [cell.metadata.get("slideshow", {}).get("slide_type") for cell in cells]
    assert kinds == ["slide", "slide", "subslide", "subslide", None]
