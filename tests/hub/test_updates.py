"""Which edit wins when nbgitpuller brings a new version of the course: what STUDENTS.md and deploy/README.md say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

import classroom

pytest.importorskip("nbgitpuller", reason="the package nbgitpuller is not installed: make test-hub")
LESSON, OTHER = "08_q_learning.ipynb", "07_movielens_recommender.ipynb"


@pytest.fixture
def copy(course, tmp_path):
    """``copy()`` fetches a student's copy, called again updates it; ``plain=True`` without deploy/gitattributes."""

    def pull(plain: bool = False) -> Path:
        told = {name: text for name, text in classroom.environment().items() if name.startswith("GIT_") and not plain}
        command = [sys.executable, "-m", "nbgitpuller.pull", course.address, "main", str(tmp_path / "copy")]
        subprocess.run(command, check=True, capture_output=True, env=os.environ | told)
        return tmp_path / "copy" / "notebooks"

    return pull


def change(path: Path, cell: int, text: str) -> None:
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[cell].source = text
    nbformat.write(notebook, path)


def test_a_notebook_that_both_changed_stays_the_students_as_a_whole(course, copy):
    notebooks = copy()
    change(notebooks / LESSON, 5, "mine")
    mine = (notebooks / LESSON).read_bytes()
    change(course.folder / "notebooks" / LESSON, 0, "new")
    change(course.folder / "notebooks" / OTHER, 0, "new")
    course.publish()
    copy()
    assert (notebooks / LESSON).read_bytes() == mine
    assert nbformat.read(notebooks / OTHER, as_version=4).cells[0].source == "new"


def test_without_the_rule_both_would_be_woven_together(course, copy):
    """What deploy/gitattributes is for: git's own way mixes lines of two versions of a notebook."""
    notebooks = copy(plain=True)
    change(notebooks / LESSON, 5, "mine")
    change(course.folder / "notebooks" / LESSON, 0, "new")
    course.publish()
    copy(plain=True)
    cells = json.loads((notebooks / LESSON).read_text())["cells"]
    assert cells[0]["source"] == ["new"] and cells[5]["source"] == ["mine"]


def test_a_notebook_that_only_the_student_changed_keeps_the_edit(course, copy):
    notebooks = copy()
    change(notebooks / LESSON, 5, "mine")
    change(course.folder / "notebooks" / OTHER, 0, "new")
    course.publish()
    copy()
    assert nbformat.read(notebooks / LESSON, as_version=4).cells[5].source == "mine"


def test_copies_are_left_alone_and_a_notebook_moved_away_comes_back_new(course, copy):
    notebooks = copy()
    change(notebooks / LESSON, 5, "mine")
    (notebooks / LESSON).rename(notebooks / f"my_{LESSON}")
    mine = (notebooks / f"my_{LESSON}").read_bytes()
    change(course.folder / "notebooks" / LESSON, 0, "new")
    course.publish()
    copy()
    assert (notebooks / f"my_{LESSON}").read_bytes() == mine
    assert nbformat.read(notebooks / LESSON, as_version=4).cells[0].source == "new"


def test_a_file_that_the_student_has_under_a_new_name_of_the_course_is_moved_aside(course, copy):
    notebooks = copy()
    (notebooks / "12_new.ipynb").write_text("mine")
    (course.folder / "notebooks" / "12_new.ipynb").write_text("new")
    course.publish()
    copy()
    assert (notebooks / "12_new.ipynb").read_text() == "new"
    [aside] = notebooks.glob("12_new__*.ipynb")
    assert aside.read_text() == "mine"
