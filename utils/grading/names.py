"""Whose a file is, by its name: what learning platforms, browsers and JupyterLab make of ``08_q_learning.ipynb``.

=============  ==========================================================================
Moodle         ``Jane Doe_12345_assignsubmission_file_/08_q_learning.ipynb``, or all in the file's name
Canvas         ``doejane_LATE_12345_678901_08_q_learning-1.ipynb``; ``-1`` is the second time she handed it in
Blackboard     ``gradebook_COURSE_HOMEWORK_jdoe_attempt_2026-01-05-10-00-00_08_q_learning.ipynb``
Brightspace    ``123-456 - Jane Doe - Jan 5, 2026 1030 AM/08_q_learning.ipynb``
browsers       ``08_q_learning (1).ipynb``, ``08_q_learning.ipynb.txt``
copies         ``08_q_learning-Copy1.ipynb``, ``08_q_learning copy 2.ipynb``, ``08_q_learning_v2.ipynb``
=============  ==========================================================================
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

PLATFORMS = (
    re.compile(r"(?P<student>.+?)_(?P<number>\d+)_assignsubmission_(?:file|onlinetext)_?(?P<rest>.*)"),
    re.compile(r"gradebook_.*_(?P<student>[^_]+)_attempt_(?P<stamp>\d{4}(?:-\d\d){5})_?(?P<rest>.*)"),
    re.compile(r"(?P<number>\d+)-\d+ - (?P<student>.+?) - .*\d{4}\b.*?(?P<rest>)"),
    re.compile(r"(?P<student>[^_]+)(?:_LATE)?_(?P<number>\d{3,})_(?P<version>\d{3,})_(?P<rest>.+)", re.IGNORECASE),
)
ENDING = re.compile(r"(?:\.ipynb|\.txt|\.json|\.zip)+$", re.IGNORECASE)
COPY = re.compile(r"[ _]*(?:\((\d+)\)|(?:- |-| )copy *(?:\((\d+)\)|(\d*)))$", re.IGNORECASE)
# Only behind a lesson's name or in what a platform wrote: group-1 and group-2 are two groups.
SHORT_COPY = re.compile(r"[-_]v?(\d{1,2})$", re.IGNORECASE)
LATE = re.compile(r"(?:^|(?<=[_\- ]))LATE(?:[_\- ]+|$)")


class Name(NamedTuple):
    """What a file's or folder's name tells.

    Attributes:
        student: the name alone, as far as it is there.
        number: the platform's for this student; empty if none.
        version: compares newer versions as larger.
        rest: the name that the student gave, where a platform put its own before it.
        platform: whether a platform wrote this name.
    """

    student: str
    number: str = ""
    version: tuple[str, int, int] = ("", 0, 0)
    rest: str = ""
    platform: bool = False


def parse(name: str, lessons: dict[str, str]) -> Name:
    """Take a name apart.

    Args:
        lessons: as :func:`utils.grading.handed_in.lesson_names` gives them.
    """
    stem = ENDING.sub("", unicodedata.normalize("NFC", name))
    for pattern in PLATFORMS:
        if found := pattern.fullmatch(stem):
            parts = found.groupdict()
            rest, copy = _without_copies(parts["rest"], short=True)
            version = (parts.get("stamp") or "", copy, int(parts.get("version") or 0))
            return Name(parts["student"].strip(), parts.get("number") or "", version, rest, True)
    titles = "|".join(map(re.escape, lessons.values()))
    stem, copy = _without_copies(LATE.sub("", stem).strip("_- "), short=False)
    if short := re.fullmatch(rf"(.*(?:{titles}))[-_]v?(\d{{1,2}})", stem, re.IGNORECASE):
        stem, copy = short[1], max(copy, int(short[2]))
    student = re.sub(rf"[_\- ]*(?:(?<![A-Za-z0-9])my_)?({titles})[_\- ]*", "", stem).strip() or stem
    return Name(student, version=("", copy, 0), rest=stem)


def _without_copies(stem: str, short: bool) -> tuple[str, int]:
    """A name without the marks of copies, and the copy's number; a copy without a number is the first."""
    number = 0
    for pattern in (COPY, SHORT_COPY) if short else (COPY,):
        if found := pattern.search(stem):
            stem = stem[: found.start()]
            number = max(number, *(int(digits) for digits in found.groups() if digits), 1)
    return stem, number


def named_lesson(name: str, lessons: dict[str, str]) -> tuple[str | None, bool]:
    """The lesson that a name speaks of, and whether by the lesson's whole name (a number alone may mean a group)."""
    for number, title in lessons.items():
        if title in name:
            return number, True
    given = re.match(r"(\d\d)(\D|$)", parse(name, lessons).rest)
    return (given[1], False) if given and given[1] in lessons else (None, False)


def without_number(student: str, lesson: str) -> str:
    """``08_ida`` who handed in lesson 08 is ida; ``03_ida`` with lesson 08 may be of group 03."""
    return re.sub(rf"^{lesson}[_\- ]+(?=\S)", "", student)
