"""What was handed in: which notebook of which student belongs to which lesson."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from utils import exercises
from utils.grading import submission

PACKED = ("__MACOSX", "__pycache__")


@dataclass
class Submissions:
    """What was handed in: student -> lesson -> notebook, and what could not be used."""

    notebooks: dict[str, dict[str, Path]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def lessons(self) -> list[str]:
        return sorted({lesson for found in self.notebooks.values() for lesson in found})


def lesson_names() -> dict[str, str]:
    """``{"08": "08_q_learning", ...}`` for the lessons that have exercises."""
    folder = Path(exercises.__file__).parent
    return {path.stem[7:9]: path.stem[7:] for path in sorted(folder.glob("checks_[0-9][0-9]_*.py"))}


def lesson_of(path: Path) -> str | None:
    """Lesson of a notebook by its name (``anna-08_q_learning (1).ipynb``), else by the first exercise in it."""
    for number, name in lesson_names().items():
        if name in path.stem or re.match(rf"{number}(\D|$)", path.stem):
            return number
    with contextlib.suppress(OSError), path.open(encoding="utf-8", errors="replace") as file:
        match = re.search(r'check\(\\?["\'](\d\d)\.\d', file.read(submission.LARGEST_NOTEBOOK))
        if match and match.group(1) in lesson_names():
            return match.group(1)
    return None


def find_submissions(folder: Path) -> Submissions:
    """Notebooks in ``folder``: a folder for each student (the notebooks anywhere in it), or single files.

    Raises:
        FileNotFoundError: there is no such folder.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"There is no folder {folder}; name the one with the submissions: SUBMISSIONS=folder.")
    found = Submissions()
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith(".") or entry.name in PACKED:
            continue
        if entry.is_symlink():
            found.remarks.append(f"{entry.name}: a link, not followed")
        elif entry.is_dir():
            student = found.notebooks.setdefault(entry.name, {})
            for path in _notebooks_in(entry, found):
                _add(found, entry.name, student, path)
        elif entry.suffix == ".ipynb" and entry.is_file():
            names = "|".join(lesson_names().values())
            student = re.sub(rf"[_\- ]*({names})[_\- ]*", "", entry.stem) or entry.stem
            _add(found, student, found.notebooks.setdefault(student, {}), entry)
    return found


def _notebooks_in(folder: Path, found: Submissions) -> Iterator[Path]:
    """Real files inside a student's folder; a link could lead to another student's work."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in PACKED)
        for name in sorted(names):
            path = Path(place, name)
            if path.suffix == ".ipynb" and not name.startswith("."):
                if path.is_symlink():
                    found.remarks.append(f"{folder.name}: {name} is a link, not followed")
                elif path.is_file():  # reading a pipe would wait for ever
                    yield path


def _add(found: Submissions, student: str, notebooks: dict[str, Path], path: Path) -> None:
    lesson = lesson_of(path)
    if lesson is None:
        found.remarks.append(f"{student}: {path.name} belongs to no lesson, left out")
    elif lesson not in notebooks:
        notebooks[lesson] = path
    else:
        newer, older = sorted((path, notebooks[lesson]), key=lambda p: p.stat().st_mtime, reverse=True)
        notebooks[lesson] = newer
        found.remarks.append(f"{student}: two notebooks of lesson {lesson}; {newer.name} counts, {older.name} is older")
