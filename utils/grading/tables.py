"""Weights and grades as tables: what an instructor edits, and what `make grade` writes."""

from __future__ import annotations

import contextlib
import csv
import io
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from utils.checkpoints import write_atomically
from utils.exercises import engine
from utils.grading.handed_in import lesson_names

COLUMNS = ("student", "exercise", "points", "message")


@dataclass(frozen=True)
class Row:
    """One line of the grades."""

    student: str
    exercise: str
    points: float
    message: str
    status: str = engine.NOT_YET


def read_weights(path: Path | None) -> dict[str, float]:
    """Points of every exercise: as registered, or as a csv with the columns ``exercise`` and ``points`` says.

    Raises:
        ValueError: the table names an exercise that does not exist, or points that are no number.
    """
    weights: dict[str, float] = {key: item.points for key, item in engine.load_checks().items()}
    if path is None:
        return weights
    try:
        text = path.read_text(encoding="utf-8-sig")
        separator = ";" if ";" in text.partition("\n")[0] else ","  # as a spreadsheet of some countries writes it
        rows = list(csv.DictReader(io.StringIO(text), delimiter=separator))
    except (UnicodeError, csv.Error) as error:
        raise ValueError(f"{path} is no table as csv in UTF-8 ({error}).") from error
    for row in rows:
        exercise, points = (row.get("exercise") or "").strip(), (row.get("points") or "").strip()
        if exercise not in weights:
            raise ValueError(f"{path.name} names exercise {exercise!r}, which does not exist.")
        try:
            points = points.replace(",", ".")
            weights[exercise] = float(points) if "." in points else int(points)
        except ValueError as error:
            raise ValueError(f"{path.name}: the points of {exercise} are {points!r}, no number.") from error
    return weights


def weights_table() -> str:
    """The registered weights as csv, to be edited and given back as ``WEIGHTS=file``."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("exercise", "points", "minutes", "title"))
    writer.writerows((key, e.points, e.minutes, e.title) for key, e in engine.load_checks().items())
    return text.getvalue()


def exercise_table() -> str:
    """Markdown: every exercise with its minutes and points (INSTRUCTORS.md holds it; a test compares)."""
    lines = ["| exercise | what | minutes | points |", "| --- | --- | ---: | ---: |"]
    exercises = engine.load_checks()
    for lesson in lesson_names():
        own = {key: item for key, item in exercises.items() if key.startswith(lesson + ".")}
        lines += [f"| {key} | {item.title} | {item.minutes} | {item.points} |" for key, item in own.items()]
        minutes, points = sum(e.minutes for e in own.values()), sum(e.points for e in own.values())
        lines.append(f"| **{lesson}** | **together** | **{minutes}** | **{points}** |")
    return "\n".join(lines)


def _safe(text: str) -> str:
    """A spreadsheet would take a cell that begins like this for a formula; what students wrote must not run there."""
    return "'" + text if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def grades_table(rows: Sequence[Row]) -> str:
    """The csv."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows((_safe(row.student), row.exercise, row.points, _safe(row.message)) for row in rows)
    return text.getvalue()


def write_grades(rows: Sequence[Row], path: Path) -> None:
    write_atomically(path, lambda file: file.write(grades_table(rows).encode("utf-8")))


def keep_grades(rows: Sequence[Row], out: Path) -> Path | None:
    """Write the csv; where that is no longer possible, elsewhere, or at last on the terminal. Returns where it is."""
    try:
        write_grades(rows, out)
        return out
    except OSError as error:
        print(f"{error.strerror}.", file=sys.stderr)
    for folder in (Path(tempfile.gettempdir()), Path.home(), Path.cwd()):
        with contextlib.suppress(OSError):
            other = Path(tempfile.mkdtemp(prefix="grades-", dir=folder)) / out.name
            write_grades(rows, other)
            return other
    print(grades_table(rows))
    return None
