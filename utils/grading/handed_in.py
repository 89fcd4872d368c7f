"""What was handed in: which notebook of which student belongs to which lesson, and why the rest is not graded.

Read in this order: :func:`find_submissions` (the folder's entries), :class:`_Finder` (what one entry is),
:func:`lesson_of` (content before name). names.py takes names apart, unpack.py opens zips.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from utils import exercises
from utils.exercises import engine
from utils.grading import names, submission
from utils.grading.unpack import DEEPEST, NOTEBOOKS, PERHAPS, ZIPS, Budget, Refused, hidden, unpack

PACKERS = (".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst")


class Remark(NamedTuple):
    """What must be known of an entry; a row of the csv of its own."""

    student: str  # or the entry's name, where it is nobody's
    lesson: str  # empty if it is about none
    text: str


@dataclass
class Submissions:
    """What was handed in: student -> lesson -> notebook, and what could not be used."""

    notebooks: dict[str, dict[str, Path]] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)

    def lessons(self) -> list[str]:
        return sorted({lesson for found in self.notebooks.values() for lesson in found})


def lesson_names() -> dict[str, str]:
    """``{"08": "08_q_learning", ...}`` for the lessons that have exercises."""
    folder = Path(exercises.__file__).parent
    return {path.stem[7:9]: path.stem[7:] for path in sorted(folder.glob("checks_[0-9][0-9]_*.py"))}


# ---------------------------------------------------------------------------------------------------------------------
# To which lesson a notebook belongs


def lesson_of(path: Path) -> str | None:
    """Lesson of a notebook: that of most exercises that its code checks; where it checks none by the lesson's whole
    name, then by the functions it defines, then by a number at the beginning of its name."""
    lessons = lesson_names()
    code = _code(path)
    checked = re.findall(r"\bcheck\(\s*\\?[\"'](\d\d)\.\d", code)
    named, surely = names.named_lesson(path.name, lessons)
    by_content = _most(lesson for lesson in checked if lesson in lessons)
    return by_content or (named if surely else None) or _by_functions(code) or named


def _code(path: Path) -> str:
    """The code of a notebook; of a damaged one all there is."""
    with contextlib.suppress(OSError):
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            text = file.read(submission.LARGEST_NOTEBOOK)
        with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError, submission.SubmissionError):
            return "\n".join(submission.code_cells(json.loads(text)))
        return text
    return ""


def _by_functions(code: str) -> str | None:
    defined = set(re.findall(r"^def (\w+)\(", code, flags=re.MULTILINE))
    return _most(key[:2] for key, item in engine.load_checks().items() if item.name in defined) if defined else None


def _most(lessons: Iterator[str]) -> str | None:
    counts = Counter(lessons).most_common(1)
    return counts[0][0] if counts else None


# ---------------------------------------------------------------------------------------------------------------------
# Whose it is


class _Student(NamedTuple):
    """Two students of one name are told apart by their platform's number."""

    name: str
    number: str


class _Version(NamedTuple):
    """A notebook of a lesson; the largest counts: what holds something, the student's own copy, by name, by time."""

    filled: bool
    own_copy: bool
    by_name: tuple[str, int, int]
    time: float
    path: Path


def find_submissions(folder: Path, unpacked: Path, ignored: tuple[Path, ...] = ()) -> Submissions:
    """Notebooks in ``folder``: a folder or a zip for each student (notebooks anywhere in it), single files, or what a
    learning platform packed of all that.

    Args:
        unpacked: where zips are unpacked to; may not be there yet.
        ignored: files that are no submissions, such as the grades of an earlier run.

    Raises:
        FileNotFoundError: there is no such folder.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"There is no folder {folder}; name the one with the submissions: SUBMISSIONS=folder.")
    finder = _Finder(folder, unpacked)
    skipped = {path.absolute() for path in ignored}
    finder.entries([entry for entry in sorted(folder.iterdir()) if entry.absolute() not in skipped])
    return finder.result()


class _Finder:
    """Goes through the entries and remembers what it finds."""

    def __init__(self, folder: Path, unpacked: Path):
        self.folder, self.unpacked, self.lessons = folder, unpacked, lesson_names()
        self.versions: dict[_Student, dict[str, list[_Version]]] = {}
        self.said: list[tuple[_Student | str, str, str]] = []
        self.archives: dict[str, str] = {}  # folder of what was unpacked -> name of the zip

    def entries(self, entries: list[Path], budget: Budget | None = None, outermost: bool = True) -> None:
        """The submissions' folder, or a platform's zip of it; in that, nobody's zip speaks for others."""
        unseen = [entry.name for entry in entries if hidden(entry.name)]
        if unseen:
            self.say("", f"hidden files are not looked at: {_some(unseen)}")
        for entry in entries:
            if not hidden(entry.name):
                self.entry(entry, budget, outermost)

    def entry(self, entry: Path, budget: Budget | None, outermost: bool) -> None:
        name = names.parse(entry.name, self.lessons)
        student = _Student(name.student, name.number)
        if entry.is_symlink():
            self.say(entry.name, "a link, not followed")
        elif entry.is_dir():
            several = self.several_in(entry) if outermost and not name.platform else []
            if len({names.parse(path.name, self.lessons)[:2] for path in several}) > 1:
                self.entries(several, budget, outermost=False)  # what a platform packed, unpacked by hand
            else:
                self.folder_of(student, entry, name, budget)
        elif not entry.is_file():  # reading a pipe would wait for ever
            self.say(entry.name, "no file and no folder, left out")
        elif entry.name.lower().endswith(ZIPS):
            self.zip_of(student, entry, name, budget, outermost and not name.platform)
        elif is_notebook(entry):
            self.notebook_of(student, entry, name)
        elif entry.name.lower().endswith(PACKERS):
            self.say(entry.name, "only zips are opened; ask for one")
        else:
            self.say(entry.name, "no notebook, zip or folder, left out")

    def folder_of(
        self, student: _Student, folder: Path, name: names.Name, budget: Budget | None, depth: int = 0
    ) -> int:
        """Everything inside a student's folder, zips too; returns how many notebooks were there."""
        lessons = self.versions.setdefault(student, {})
        found, others = 0, []
        for path in _files_in(folder):
            if path.is_symlink():
                self.say(student, f"{path.name} is a link, not followed")
            elif not path.is_file():
                continue
            elif path.name.lower().endswith(ZIPS):
                found += self.inside(student, path, name, budget or Budget.of(path), depth + 1)
            elif is_notebook(path):
                found += 1
                own = names.parse(path.name, self.lessons)
                self.add(student, lessons, path, own if any(own.version) else name)
            else:
                others.append(path.name)
        if not found and depth == 0 and not any(said[0] == student for said in self.said):
            self.say(student, f"no notebook in it{f', only {_some(others)}' if others else ''}")
        return found

    def zip_of(
        self, student: _Student, archive: Path, name: names.Name, budget: Budget | None, perhaps_all: bool
    ) -> None:
        """A student's zip, or (``perhaps_all``) a platform's zip of all students."""
        budget = budget or Budget.of(archive)
        lessons = self.versions.setdefault(student, {})
        try:
            folder, left = self.opened(archive, budget)
        except Refused as error:
            self.say(student, f"{archive.name} {error}")
            return
        if perhaps_all and (several := self.several_in(folder)):
            if not lessons:
                del self.versions[student]
            self.entries(several, budget, outermost=False)
            found = sorted({names.parse(path.name, self.lessons).student for path in several})
            text = f"read as a learning platform's download, with submissions of {_some(found)}"
            self.say(archive.name, text + (f"; not unpacked: {_some(left)}" if left else ""))
        elif not self.folder_of(student, folder, name, budget, depth=1) and not self.told(student):
            self.say(student, f"no notebook in it{f', only {_some(left)}' if left else ''} ({archive.name})")

    def inside(self, student: _Student, archive: Path, name: names.Name, budget: Budget, depth: int) -> int:
        """A zip inside a student's folder or zip."""
        if depth > DEEPEST:
            self.say(student, f"{archive.name} is not opened: too many zips inside zips")
            return 0
        try:
            folder, _ = self.opened(archive, budget)
        except Refused as error:
            self.say(student, f"{archive.name} {error}")
            return 0
        return self.folder_of(student, folder, name, budget, depth)

    def opened(self, archive: Path, budget: Budget) -> tuple[Path, list[str]]:
        folder = self.unpacked / f"{len(self.archives):05d}"
        left = unpack(archive, folder, budget)
        self.archives[folder.name] = archive.name
        return folder, left

    def several_in(self, folder: Path) -> list[Path]:
        """What lies in a folder (or in the only one inside it), if a platform named all of it; else nothing."""
        inside = [path for path in sorted(folder.iterdir()) if not hidden(path.name)]
        while (
            len(inside) == 1 and inside[0].is_dir() and not inside[0].is_symlink() and not self.by_platform(inside[0])
        ):
            inside = [path for path in sorted(inside[0].iterdir()) if not hidden(path.name)]
        return inside if all(map(self.by_platform, inside)) else []

    def by_platform(self, path: Path) -> bool:
        return names.parse(path.name, self.lessons).platform

    def notebook_of(self, student: _Student, path: Path, name: names.Name) -> None:
        """A single file, whose name says whose it is."""
        lesson = lesson_of(path)
        if lesson and not name.platform:
            student = _Student(names.without_number(student.name, lesson), student.number)
        self.add(student, self.versions.setdefault(student, {}), path, name)

    def add(self, student: _Student, lessons: dict[str, list[_Version]], path: Path, name: names.Name) -> None:
        size = path.stat().st_size
        lesson = lesson_of(path)
        if size == 0:
            self.say(student, f"{path.name} is empty", lesson or "")
        if size > submission.LARGEST_NOTEBOOK:
            self.say(student, f"{path.name} is larger than {submission.LARGEST_NOTEBOOK // 10**6} MB", lesson or "")
            if lesson is None or path.is_relative_to(self.unpacked):  # cut off there
                return
        if lesson is None:
            self.say(student, f"{path.name} belongs to no lesson, left out")
            return
        named, _ = names.named_lesson(path.name, self.lessons)
        if named not in (None, lesson):
            self.say(student, f"{path.name} is named like lesson {named} and holds lesson {lesson}", lesson)
        own_copy = f"my_{self.lessons[lesson]}" in path.name
        version = _Version(size > 0, own_copy, name.version, path.stat().st_mtime, path)
        lessons.setdefault(lesson, []).append(version)

    def say(self, student: _Student | str, text: str, lesson: str = "") -> None:
        self.said.append((student, lesson, text))

    def told(self, student: _Student) -> bool:
        return any(said[0] == student for said in self.said)

    def result(self) -> Submissions:
        shown = _shown(list(self.versions))
        found = Submissions()
        for student, lessons in self.versions.items():
            chosen = found.notebooks.setdefault(shown[student], {})
            for lesson, versions in lessons.items():
                newest, *older = sorted(versions, reverse=True)
                chosen[lesson] = newest.path
                if older:
                    text = f"{len(versions)} notebooks of lesson {lesson}; {self.place(newest.path)} counts, not "
                    text += _some([self.place(version.path) for version in older])
                    self.say(student, text, lesson)
        found.remarks = [Remark(shown.get(student, student), lesson, text) for student, lesson, text in self.said]
        return found

    def place(self, path: Path) -> str:
        """Where a notebook lies, as an instructor would look for it."""
        if path.is_relative_to(self.unpacked):
            folder, *inner = path.relative_to(self.unpacked).parts
            return f"{'/'.join(inner)} in {self.archives[folder]}"
        return str(path.relative_to(self.folder))


def is_notebook(path: Path) -> bool:
    """By its name; a file that a browser called .txt or .json by its content."""
    lower = path.name.lower()
    if lower.endswith(NOTEBOOKS):
        return True
    if not lower.endswith(PERHAPS):
        return False
    with contextlib.suppress(OSError, ValueError, RecursionError):
        if path.stat().st_size <= submission.LARGEST_NOTEBOOK:
            content = json.loads(path.read_text(encoding="utf-8-sig"))
            return isinstance(content, dict) and {"nbformat", "cells"} <= set(content)
    return False


def _files_in(folder: Path) -> Iterator[Path]:
    """Files inside a student's folder, links not followed: one could lead to another student's work."""
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not hidden(name))
        yield from (Path(place, name) for name in sorted(files) if not hidden(name))


def _shown(students: list[_Student]) -> dict[_Student, str]:
    """Under which name each student is listed: with the platform's number where the name alone is not enough."""
    counts = Counter(student.name for student in students)
    return {s: f"{s.name} ({s.number})" if counts[s.name] > 1 and s.number else s.name for s in students}


def _some(found: list[str], most: int = 5) -> str:
    rest = len(found) - most
    return ", ".join(found[:most]) + (f" and {rest} more" if rest > 0 else "")
