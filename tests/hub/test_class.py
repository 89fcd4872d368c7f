"""A class of six on a JupyterHub of this machine, in a real browser: lessons handed out, run together, updated."""

from __future__ import annotations

import asyncio
import csv
import shutil
import subprocess
import sys

import nbformat
import pytest

import classroom

pytestmark = [pytest.mark.full, pytest.mark.skipif(bool(classroom.missing()), reason=classroom.missing())]
NAMES = ["anna", "bruno", "clara", "david", "emil", "fritz"]
LESSON, COPY, LOOP = "08_q_learning.ipynb", "my_08_q_learning.ipynb", "my_loop.ipynb"


async def begin_a_loop(student: classroom.Student) -> None:
    """A notebook of the student's own that never ends."""
    notebook = student.notebook(LESSON)
    notebook.cells = [nbformat.v4.new_code_cell("while True:\n    pass")]
    nbformat.write(notebook, student.copy / "notebooks" / LOOP)
    await student.follow(LOOP)
    await student.run_all()
    while not await busy_kernels(student):
        await asyncio.sleep(1)


async def busy_kernels(student: classroom.Student) -> int:
    """Kernels of a student's server that compute now."""
    answer = await student.page.request.get(f"{student.hub.url}/user/{student.name}/api/kernels")
    return sum(kernel["execution_state"] == "busy" for kernel in await answer.json())


def update(course: classroom.Course, *names: str) -> None:
    """A new version: one sentence more in the first cell of some notebooks."""
    for name in names:
        path = course.folder / "notebooks" / name
        notebook = nbformat.read(path, as_version=4)
        notebook.cells[0].source += "\n\nNew in this version."
        nbformat.write(notebook, path)
    course.publish()


def is_new(student: classroom.Student, name: str) -> bool:
    return "New in this version." in student.notebook(name).cells[0].source


async def attend(hub: classroom.Hub, names: list[str]) -> list[classroom.Student]:
    """All that happens in class; see the asserts."""
    async with classroom.students(hub, names) as group:
        anna, bruno, *others = group
        loops = others[-1]
        await asyncio.gather(*(student.log_in() for student in group))
        await begin_a_loop(loops)
        shutil.copyfile(bruno.copy / "notebooks" / LESSON, bruno.copy / "notebooks" / COPY)  # as STUDENTS.md advises
        opened = {student.name: COPY if student is bruno else LESSON for student in group}
        await asyncio.gather(*(student.follow(opened[student.name]) for student in group))
        await anna.write("mine = 'kept'")
        await asyncio.gather(*(student.run_to_the_end(opened[student.name]) for student in group))
        for student in group:
            outputs = [o for cell in student.notebook(opened[student.name]).cells for o in cell.get("outputs", [])]
            assert sum("image/png" in output.get("data", {}) for output in outputs) > 5, student.name
            assert not [output for output in outputs if output.output_type == "error"], student.name
        assert await busy_kernels(loops) == 1, "the endless loop has ended, so it was not there to disturb"
        update(hub.course, LESSON, "07_movielens_recommender.ipynb")
        saved = (anna.copy / "notebooks" / LESSON).read_bytes()
        await asyncio.gather(*(student.follow(LESSON) for student in (anna, bruno)))
        assert (anna.copy / "notebooks" / LESSON).read_bytes() == saved, "an update changed an edited notebook"
        assert any(cell.source == "mine = 'kept'" for cell in anna.notebook(LESSON).cells)
        assert is_new(anna, "07_movielens_recommender.ipynb"), "what anna had not touched stayed old"
        assert is_new(bruno, LESSON) and not is_new(bruno, COPY)
        return group


def test_a_class_works_together(course, tmp_path):
    with classroom.running_hub(tmp_path / "hub", course) as hub:
        group = asyncio.run(attend(hub, NAMES))
    grades = tmp_path / "grades.csv"
    command = ["-m", "utils.grading.grade", "grade", str(hub.homes), "--lesson", "08", "--out", str(grades)]
    subprocess.run([sys.executable, *command], cwd=classroom.ROOT, check=True, capture_output=True)
    rows = list(csv.DictReader(grades.read_text(encoding="utf-8").splitlines()))
    assert {row["student"] for row in rows} == set(NAMES)
    assert any(f"{COPY} counts" in row["message"] for row in rows if row["student"] == "bruno")
    for student in group:
        print(
            f"{student.name}: {student.memory:.2f} GB ({student.server_memory:.2f} of it the server, "
            f"{student.resident:.2f} with shared pages in full), {student.cpu_seconds:.0f} s of processor time"
        )
