"""``make grade SUBMISSIONS=dir`` and ``make progress``: run the checks on notebooks and write down what passes.

Each submission has a judge process of its own, and each exercise in it a fenced worker process (see judge.py): whatever
a submission does costs its own points only.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from utils import commands, runtime
from utils.exercises import engine
from utils.grading import judge
from utils.grading.handed_in import Remark, Submissions, find_submissions, lesson_names
from utils.grading.tables import Row, exercise_table, keep_grades, read_weights, weights_table

# Beyond an exercise's own limit: its start, the check itself, and loading Keras on a slow machine.
GRACE = 120  # seconds
REMARK = "remark"  # status of a row that is no exercise's
JUDGE_MEGABYTES = 4096  # a judge that holds more was given an answer made to fill the memory


# ---------------------------------------------------------------------------------------------------------------------
# Running judges


def run_judge(
    notebook: Path, exercises: Sequence[str], limits: judge.Limits, hidden: list[str] | None, fenced: bool = True
) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Exercise, status and details, one after the other, from a judge process; a new one if it does not survive."""
    waiting = list(exercises)
    while waiting:
        for exercise, status, details in _one_judge(notebook, list(waiting), limits, hidden, fenced):
            if exercise == waiting[0]:  # in the order given; else the judge is not to be believed
                waiting.pop(0)
                yield exercise, status, details
        if waiting:
            problem = "the check did not come to an end with this answer"
            yield waiting.pop(0), engine.NOT_YET, {"problem": problem}


def _one_judge(notebook, exercises, limits, hidden, fenced) -> Iterator[tuple[str, str, dict[str, str]]]:
    order = {"notebook": str(notebook), "exercises": exercises, "hidden": hidden, "fenced": fenced}
    order |= {"seconds": limits.seconds, "megabytes": limits.megabytes}
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "utils.grading.judge"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"COURSE_HEADLESS": "1", "CUDA_VISIBLE_DEVICES": "-1"},
    )
    lines: queue.Queue = queue.Queue()

    def listen() -> None:
        for line in process.stdout:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=listen, daemon=True).start()
    try:
        process.stdin.write(json.dumps(order).encode())
        process.stdin.close()
        for _ in exercises:
            line = _next_line(lines, process, judge.PATIENCE * (limits.start + limits.seconds) + GRACE)
            if line is None:
                return
            verdict = json.loads(line)
            yield verdict["exercise"], verdict["status"], verdict["details"]
    except (queue.Empty, OSError, ValueError):
        return
    finally:
        _end(process)


def _next_line(lines: queue.Queue, process: subprocess.Popen, patience: float) -> bytes | None:
    """What a judge says next; None if it has ended.

    Raises:
        queue.Empty: it says nothing in time, or takes too much memory.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            return lines.get(timeout=judge.WATCH)
        except queue.Empty:
            held = 0
            with contextlib.suppress(psutil.Error):
                held = psutil.Process(process.pid).memory_info().rss
            if time.monotonic() > deadline or held > JUDGE_MEGABYTES * 2**20:
                raise


def _end(process: subprocess.Popen) -> None:
    """Stop a judge with all its workers."""
    with contextlib.suppress(psutil.Error):
        family = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        for member in family:
            with contextlib.suppress(psutil.Error):
                member.kill()
    process.wait()
    process.stdout.close()


def grade(
    submissions: Submissions,
    lessons: Sequence[str],
    weights: dict[str, float],
    limits: judge.Limits,
    hidden: list[str],
    fenced: bool = True,
) -> Iterator[Row]:
    """A row for each student and exercise of ``lessons``, also where nothing was handed in, and for each remark."""
    remarks = [remark._replace(student=printable(remark.student)) for remark in submissions.remarks]
    for name, notebooks in submissions.notebooks.items():
        student = printable(name)
        for lesson in lessons:
            exercises = list(engine.load_checks(lesson))
            if lesson not in notebooks:
                yield from (Row(student, e, 0, "no notebook handed in", engine.NOT_ATTEMPTED) for e in exercises)
                continue
            for exercise, status, details in run_judge(notebooks[lesson], exercises, limits, hidden, fenced):
                points = weights[exercise] if status == engine.CORRECT else 0
                yield Row(student, exercise, points, message(status, details), status)
        yield from (_remark(remark) for remark in remarks if remark.student == student)
    students = {printable(name) for name in submissions.notebooks}
    yield from (_remark(remark) for remark in remarks if remark.student not in students)


def _remark(remark: Remark) -> Row:
    """What is no exercise's: an entry that could not be graded, an older version that does not count."""
    return Row(remark.student, remark.lesson, 0, shortened(remark.text), REMARK)


def message(status: str, details: dict[str, str]) -> str:
    """A verdict in one line of at most 500 characters."""
    parts = [f"{key}: {value}" for key, value in details.items()]
    return shortened(" | ".join([status, *parts]))


def shortened(text: str) -> str:
    text = printable(" ".join(text.split()))
    return text if len(text) <= 500 else text[:499] + "…"


def printable(text: str) -> str:
    """What a student wrote, for a terminal and a file: without control characters, and without half characters (such as
    a file name in an old encoding gives), which no UTF-8 file can hold."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


# ---------------------------------------------------------------------------------------------------------------------
# Commands


def command_grade(arguments: argparse.Namespace) -> int:
    if not arguments.submissions:
        print("Name the folder with the submissions: make grade SUBMISSIONS=folder", file=sys.stderr)
        return 2
    folder = Path(arguments.submissions)
    out = Path(arguments.out) if arguments.out else folder / "grades.csv"
    try:
        weights = read_weights(Path(arguments.weights) if arguments.weights else None)
        if not folder.is_dir():
            find_submissions(folder, folder)
        commands.check_writable(out)  # before hours of grading
    except (OSError, ValueError) as error:
        print(commands.sentence(error) or error, file=sys.stderr)
        return 2
    with commands.alone(out), tempfile.TemporaryDirectory(prefix="course-unpacked-") as unpacked:
        own = (out, _part_of(out), commands.lock_of(out), *([Path(arguments.weights)] if arguments.weights else []))
        submissions = find_submissions(folder, Path(unpacked) / "zips", own)
        return _grade_all(arguments, submissions, weights, out, [str(folder.resolve()), unpacked])


def _grade_all(
    arguments: argparse.Namespace, submissions: Submissions, weights: dict[str, float], out: Path, hidden: list[str]
) -> int:
    lessons = arguments.lesson or submissions.lessons()
    unknown = set(lessons) - set(lesson_names())
    if unknown or not lessons:
        _remarks(submissions)
        sentence = f"No notebook in {arguments.submissions}."
        print(f"There is no lesson {', '.join(sorted(unknown))}." if unknown else sentence, file=sys.stderr)
        return 2
    fenced, problem = try_fence()
    if problem:
        print(f"Nothing can be graded here: a trial run failed, {problem}.", file=sys.stderr)
        return 2
    if not fenced:
        print("No Linux namespaces here: only Python itself is guarded. Use a container or a computer of no value.")
        if arguments.strict:
            return 2
    limits = judge.Limits(arguments.seconds, arguments.megabytes)
    rows: list[Row] = []
    try:
        for row in grade(submissions, lessons, weights, limits, hidden, fenced):
            rows.append(row)
            if row.status != REMARK:  # those come in the summary
                print(
                    f"{engine.SYMBOLS[row.status]} {row.student:<24} {row.exercise} {row.points:>4}  {row.message[:80]}"
                )
        kept = keep_grades(rows, out)
    except KeyboardInterrupt:
        return _interrupted(rows, out)
    except OSError:  # of the terminal, say, which is a file on a full disk
        _interrupted(rows, out)
        raise
    _summary(rows, submissions, weights, kept)
    return 0 if kept == out else 1


def _interrupted(rows: list[Row], out: Path) -> int:
    """Keep the grades of whoever was finished, under another name: nobody takes half a table for the whole."""
    finished = [row for row in rows if row.student != rows[-1].student]
    part = keep_grades(finished, _part_of(out))
    text = f"\nInterrupted. Grades of finished students ({len({row.student for row in finished})}) are in {part}."
    print(text, file=sys.stderr)
    return commands.INTERRUPTED


def _part_of(out: Path) -> Path:
    return out.with_name(f"{out.stem}_interrupted{out.suffix}")


def try_fence() -> tuple[bool, str]:
    """Whether namespaces serve on this computer, and what is wrong if not even a worker without them starts."""
    if judge.namespace_command() and not judge.trial(fenced=True):
        return True, ""
    return False, judge.trial(fenced=False)


def _summary(rows: list[Row], submissions: Submissions, weights: dict[str, float], out: Path | None) -> None:
    print()
    for student in map(printable, submissions.notebooks):
        own = [row for row in rows if row.student == student and row.status != REMARK]
        print(f"{student:<24} {sum(r.points for r in own):g} of {sum(weights[r.exercise] for r in own):g} points")
    _remarks(submissions)
    print(f"Grades are in {out}" if out else "Grades are above; no file could be written.")


def _remarks(submissions: Submissions) -> None:
    for student, _, text in submissions.remarks:
        print(f"Mind: {printable(f'{student}: {text}' if student else text)}")


def command_progress(arguments: argparse.Namespace) -> int:
    """Which exercises pass in the student's own notebooks."""
    folder = Path(arguments.notebooks) if arguments.notebooks else runtime.repo_root() / "notebooks"
    limits = judge.Limits(arguments.seconds, arguments.megabytes)
    right = total = 0
    for lesson, name in lesson_names().items():
        paths = [path for path in (folder / f"my_{name}.ipynb", folder / f"{name}.ipynb") if path.exists()]
        if not paths or (arguments.lesson and lesson not in arguments.lesson):
            continue
        path = paths[0]  # a student's own copy before the course's notebook
        print(path.stem, end="", flush=True)
        exercises = engine.load_checks(lesson)
        for exercise, status, details in run_judge(path, list(exercises), limits, None, fenced=False):
            right, total = right + (status == engine.CORRECT), total + 1
            print(f"\n  {engine.SYMBOLS[status]} {exercise} {exercises[exercise].title}", end="", flush=True)
            if "problem" in details:
                print(f"\n      {details['problem']}", end="")
        print()
    if not total:
        print("No such notebook.", file=sys.stderr)
        return 2
    print(f"\n{right} of {total} exercises pass ({engine.SYMBOLS[engine.NOT_ATTEMPTED]}: not attempted yet).")
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Run the exercises' checks on notebooks.")
    kinds = parser.add_subparsers(dest="command", required=True)
    for name in ("grade", "progress"):
        command = kinds.add_parser(name)
        command.add_argument("--lesson", nargs="*", help="two-digit numbers; all that are there if none is given")
        command.add_argument(
            "--seconds", type=int, default=judge.Limits.seconds, help="processor time for each exercise"
        )
        command.add_argument("--megabytes", type=int, default=judge.Limits.megabytes, help="memory for each exercise")
        if name == "progress":
            command.add_argument("--notebooks", help="folder of the notebooks")
            continue
        command.add_argument("submissions", nargs="?", help="folder with one folder or notebook a student")
        command.add_argument("--out", help="csv to write; default grades.csv beside the submissions")
        command.add_argument("--weights", help="csv with the columns exercise and points")
        command.add_argument("--strict", action="store_true", help="refuse to run without Linux namespaces")
    kinds.add_parser("weights")
    kinds.add_parser("table")
    chosen = parser.parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal of another encoding shows a question mark, and goes on
        sys.stdout.reconfigure(errors="replace")
    if chosen.command in ("weights", "table"):
        print((weights_table() if chosen.command == "weights" else exercise_table()).rstrip())
        return 0
    return {"grade": command_grade, "progress": command_progress}[chosen.command](chosen)


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
