"""Every entry of a submissions' folder is graded or named with its reason, whatever a learning platform made of it."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import stat
import sys
import zipfile
from pathlib import Path

import pytest

from utils.exercises import engine
from utils.grading import grade, handed_in, judge, names, submission, unpack

RETURN = "def discounted_return(rewards, gamma):\n    return sum(gamma**k * r for k, r in enumerate(rewards))"
CHECKS = {"08": 'check("08.1", discounted_return)', "05": 'check("05.1", f)', "10": 'check("10.2", f)'}


def _text(*cells: str) -> str:
    return json.dumps({"nbformat": 4, "cells": [{"cell_type": "code", "source": cell} for cell in cells]})


LESSON = {number: _text(cell) for number, cell in CHECKS.items()}
NOTHING = _text("x = 1")


def _zip(files: dict[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return buffer.getvalue()


def _lay_out(folder: Path, files: dict[str, str | bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def _find(tmp_path: Path, files: dict[str, str | bytes]) -> handed_in.Submissions:
    folder = tmp_path / "submissions"
    folder.mkdir(exist_ok=True, parents=True)
    _lay_out(folder, files)
    return handed_in.find_submissions(folder, tmp_path / "unpacked")


def _said(found: handed_in.Submissions) -> str:
    return "\n".join(f"{remark.student}: {remark.text}" for remark in found.remarks)


L8 = LESSON["08"]
STUDENTS = {  # what was handed in, and who handed in which lessons
    "a zip": ({"kim.zip": _zip({"08_q_learning.ipynb": L8})}, {"kim": ["08"]}),
    "nested folders in a zip": ({"kim.zip": _zip({"a/b/c/08_q_learning.ipynb": L8})}, {"kim": ["08"]}),
    "a zip in capitals, twice": ({"kim.ZIP": _zip({"08_q_learning.IPYNB": L8})}, {"kim": ["08"]}),
    "a notebook zipped alone": ({"kim_08_q_learning.ipynb.zip": _zip({"x.ipynb": L8})}, {"kim": ["08"]}),
    "a zip in a student's folder": ({"kim/work.zip": _zip({"08_q_learning.ipynb": L8})}, {"kim": ["08"]}),
    "a zip in a zip": ({"kim.zip": _zip({"work.zip": _zip({"a.ipynb": L8})})}, {"kim": ["08"]}),
    "what a Mac adds to a zip": (
        {"kim.zip": _zip({"w/08_q_learning.ipynb": L8, "__MACOSX/w/._08_q_learning.ipynb": b"\0"})},
        {"kim": ["08"]},
    ),
    "capitals": ({"X.IPYNB": L8}, {"X": ["08"]}),
    "a browser's .txt": ({"X.ipynb.txt": L8, "dora.ipynb.json": L8}, {"X": ["08"], "dora": ["08"]}),
    "Moodle's folders": (
        {"Jane Doe_12345_assignsubmission_file_/08_q_learning.ipynb": L8},
        {"Jane Doe": ["08"]},
    ),
    "Moodle's files": ({"Jane Doe_12345_assignsubmission_file_08_q_learning.ipynb": L8}, {"Jane Doe": ["08"]}),
    "Moodle's whole zip": (
        {
            "Course-Lesson 8-77.zip": _zip(
                {
                    "Jane Doe_1_assignsubmission_file_/08_q_learning.ipynb": L8,
                    "Jörg_2_assignsubmission_file_/abgabe.zip": _zip({"x/08_q_learning.ipynb": L8}),
                }
            )
        },
        {"Jane Doe": ["08"], "Jörg": ["08"]},
    ),
    "Canvas": ({"doejane_12345_678901_08_q_learning-1.ipynb": L8}, {"doejane": ["08"]}),
    "Canvas, late": ({"doejane_LATE_12345_678901_mine-1.ipynb": L8}, {"doejane": ["08"]}),
    "Canvas, a zip": ({"doejane_12345_678901_work.zip": _zip({"n.ipynb": L8})}, {"doejane": ["08"]}),
    "Canvas's whole zip": (
        {"submissions.zip": _zip({"a_123_456_x.ipynb": L8, "b_LATE_124_457_08_q_learning-2.ipynb": L8})},
        {"a": ["08"], "b": ["08"]},
    ),
    "Blackboard": (
        {"gradebook_ABC_Homework_jdoe_attempt_2026-01-05-10-00-00_08_q_learning.ipynb": L8},
        {"jdoe": ["08"]},
    ),
    "Brightspace": ({"123-456 - Jane Doe - Jan 5, 2026 1030 AM/x.ipynb": L8}, {"Jane Doe": ["08"]}),
    "Moodle's folders in the zip's folder": (
        {f"Course-77/{name}_assignsubmission_file_/08_q_learning.ipynb": L8 for name in ("Ann_1", "Bea_2")},
        {"Ann": ["08"], "Bea": ["08"]},
    ),
    "one platform's name in a folder": ({"Ann/ann_123_456_x.ipynb": L8}, {"Ann": ["08"]}),
    "two of one name": (
        dict.fromkeys([f"Jane Doe_{n}_assignsubmission_file_/08_q_learning.ipynb" for n in (111, 222)], L8),
        {"Jane Doe (111)": ["08"], "Jane Doe (222)": ["08"]},
    ),
    "a copy": ({"bob_08_q_learning.ipynb": L8, "bob_08_q_learning (1).ipynb": L8}, {"bob": ["08"]}),
    "a copy of JupyterLab's": ({"bob/08_q_learning.ipynb": L8, "bob/08_q_learning-Copy1.ipynb": L8}, {"bob": ["08"]}),
    "late": ({"bob_08_q_learning_LATE.ipynb": L8, "LATE_eva_05_mnist_cnn.ipynb": LESSON["05"]}, None),
    "a folder and a file": ({"bob/05_mnist_cnn.ipynb": NOTHING, "bob_08_q_learning.ipynb": L8}, {"bob": ["05", "08"]}),
    "a number it does not hold": ({"03_ida.ipynb": L8}, {"03_ida": ["08"]}),
    "a number it holds": ({"08_ida.ipynb": L8, "05_ida.ipynb": LESSON["05"]}, {"ida": ["05", "08"]}),
    "groups with numbers": ({"group_08.ipynb": L8, "group-1.ipynb": L8}, {"group_08": ["08"], "group-1": ["08"]}),
    "content before the name": ({"eva/05_mnist_cnn.ipynb": L8}, {"eva": ["08"]}),
    "the name where the content says nothing": ({"eva/05_mnist_cnn.ipynb": NOTHING}, {"eva": ["05"]}),
    "functions where the checks are gone": ({"eva/work.ipynb": _text(RETURN)}, {"eva": ["08"]}),
    "an empty file": ({"eva_08_q_learning.ipynb": b""}, {"eva": ["08"]}),
    "half a file": ({"eva_08_q_learning.ipynb": L8[:40]}, {"eva": ["08"]}),
    "a byte order mark": ({"eva.ipynb": b"\xef\xbb\xbf" + L8.encode()}, {"eva": ["08"]}),
    "a name composed otherwise": (
        {"Jo\u0308rg_08_q_learning.ipynb": L8, "J\u00f6rg_05_mnist_cnn.ipynb": LESSON["05"]},
        {"J\u00f6rg": ["05", "08"]},
    ),
}


@pytest.mark.parametrize("case", STUDENTS)
def test_whatever_a_platform_made_of_it_the_student_is_found(tmp_path, case):
    files, students = STUDENTS[case]
    students = students or {"bob": ["08"], "eva": ["05"]}
    found = _find(tmp_path, files)
    assert {name: sorted(notebooks) for name, notebooks in found.notebooks.items()} == students, _said(found)


VERSIONS = {  # the one that counts first
    "a browser's number": ("08_q_learning (2).ipynb", "08_q_learning (1).ipynb"),
    "a number against a name": ("08_q_learning (1).ipynb", "08_q_learning.ipynb"),
    "Canvas's number": ("doe_123_457_08_q_learning-1.ipynb", "doe_123_456_08_q_learning.ipynb"),
    "ten is more than nine": ("doe_123_457_x-10.ipynb", "doe_123_456_x-9.ipynb"),
    "JupyterLab's copy": ("08_q_learning-Copy2.ipynb", "08_q_learning-Copy1.ipynb"),
    "a Mac's copy": ("08_q_learning copy 2.ipynb", "08_q_learning copy.ipynb"),
    "the student's own copy": ("my_08_q_learning.ipynb", "08_q_learning (1).ipynb"),
    "Blackboard's attempt": (
        "gradebook_A_H_doe_attempt_2026-01-06-10-00-00_x.ipynb",
        "gradebook_A_H_doe_attempt_2026-01-05-10-00-00_x.ipynb",
    ),
}


@pytest.mark.parametrize("case", VERSIONS)
@pytest.mark.parametrize("single", [True, False])
def test_of_two_versions_the_newest_by_name_counts_and_both_are_named(tmp_path, case, single):
    newest, older = VERSIONS[case]
    if not single or "doe" in newest:
        given = [f"doe/{name}" if "doe" not in name else name for name in (newest, older)]
    else:
        given = [f"doe {name}" for name in (newest, older)]
    found = _find(tmp_path, dict.fromkeys(given, L8))
    for age, name in enumerate(given):  # the older one was copied last
        os.utime(tmp_path / "submissions" / name, (1e9 + age, 1e9 + age))
    found = handed_in.find_submissions(tmp_path / "submissions", tmp_path / "unpacked")
    assert list(found.notebooks) == ["doe"]
    assert found.notebooks["doe"]["08"] == tmp_path / "submissions" / given[0]
    (remark,) = found.remarks
    assert (remark.student, remark.lesson) == ("doe", "08")
    assert Path(given[0]).name in remark.text and Path(given[1]).name in remark.text


@pytest.mark.parametrize("pair", [("a/08_q_learning.ipynb", "b/08_q_learning.ipynb"), ("x.ipynb", "08_y.ipynb")])
def test_of_two_versions_without_numbers_the_newest_by_time_counts(tmp_path, pair):
    for first, second in (pair, pair[::-1]):
        folder = tmp_path / Path(first).stem / Path(first).parent
        _lay_out(folder, {f"eva/{name}": L8 for name in pair})
        os.utime(folder / "eva" / first, (2e9, 2e9))
        os.utime(folder / "eva" / second, (1e9, 1e9))
        found = handed_in.find_submissions(folder, tmp_path / "unpacked")
        assert found.notebooks["eva"]["08"] == folder / "eva" / first


def test_times_inside_zips_count(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, year in (("a/08_q_learning.ipynb", 2025), ("b/08_q_learning.ipynb", 2026), ("c/x.ipynb", 1980)):
            file.writestr(zipfile.ZipInfo(name, (year, 1, 1, 0, 0, 0)), L8)
    found = _find(tmp_path, {"eva.zip": buffer.getvalue()})
    assert found.notebooks["eva"]["08"].parent.name == "b"


def test_an_empty_version_never_counts_before_one_that_holds_something(tmp_path):
    found = _find(tmp_path, {"eva/08_q_learning.ipynb": L8, "eva/08_q_learning (1).ipynb": b""})
    assert found.notebooks["eva"]["08"].name == "08_q_learning.ipynb"
    assert "08_q_learning (1).ipynb is empty" in _said(found)


NAMED = {  # entries that cannot be graded, and what is said of them
    "a pdf": ({"report.pdf": "%PDF"}, r"report\.pdf: .*no notebook, zip or folder"),
    "another packer": ({"kim.rar": "Rar!", "eva.7z": "7z", "bob.tar.gz": "x"}, r"kim\.rar: .*only zips are opened"),
    "a program": ({"kim_08_q_learning.py": RETURN}, r"kim_08_q_learning\.py: .*no notebook"),
    "text that is no notebook": ({"kim.txt": "I could not", "eva.json": "[1]"}, r"kim\.txt: .*no notebook"),
    "hidden files": ({".DS_Store": "x", "._anna_08_q_learning.ipynb": "x"}, r"hidden.*\._anna_08_q_learning\.ipynb"),
    "an empty file without a lesson": ({"kim.ipynb": b""}, r"kim: kim\.ipynb is empty"),
    "a notebook of no lesson": ({"kim.ipynb": NOTHING}, r"kim: kim\.ipynb belongs to no lesson"),
    "a folder without notebooks": ({"kim/report.pdf": "x"}, r"kim: no notebook in it, only report\.pdf"),
    "an empty zip": ({"kim.zip": _zip({})}, r"kim: no notebook in it"),
    "a zip without notebooks": ({"kim.zip": _zip({"a/b.py": "x"})}, r"kim: no notebook in it, only b\.py"),
    "no zip at all": ({"kim.zip": b"PK\3\4 and no more"}, r"kim: kim\.zip cannot be opened"),
    "an empty zip file": ({"kim.zip": b""}, r"kim: kim\.zip is empty"),
    "half a zip": ({"kim.zip": _zip({"08_q_learning.ipynb": L8})[:-30]}, r"kim: kim\.zip cannot be opened"),
    "another number": ({"03_ida.ipynb": L8}, r"03_ida: 03_ida\.ipynb is named like lesson 03 and holds lesson 08"),
}


@pytest.mark.parametrize("case", NAMED)
def test_what_cannot_be_graded_is_named_with_its_reason(tmp_path, case):
    files, words = NAMED[case]
    found = _find(tmp_path, files)
    assert re.search(words, _said(found)), _said(found)
    for name in files:  # each entry somewhere
        entry = Path(name).parts[0]
        assert entry in _said(found) or Path(entry).stem in _said(found)


def _hostile_zips() -> dict[str, tuple[bytes, str]]:
    def member(name: str, content: str | bytes = L8, **changes) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            for key, value in changes.items():
                setattr(info, key, value)
            file.writestr(info, content)
        return buffer.getvalue()

    bomb = _zip({f"{k}.ipynb": b"0" * 19_000_000 for k in range(20)})
    encrypted = bytearray(member("08_q_learning.ipynb"))
    for mark, place in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
        encrypted[encrypted.index(mark) + place] |= 1
    lying = bytearray(_zip({"08_q_learning.ipynb": b"0" * 40_000_000}))
    start = lying.index(b"PK\1\2") + 24
    lying[start : start + 4] = (1000).to_bytes(4, "little")
    deep = _zip({"08_q_learning.ipynb": L8})
    for _ in range(8):
        deep = _zip({"inner.zip": deep})
    return {
        "climbs out": (member("../../eve.ipynb"), "outside"),
        "climbs out by backslashes": (member("..\\..\\eve.ipynb"), "outside"),
        "from the root": (member("/tmp/eve.ipynb"), "outside"),
        "a drive": (member("C:/eve.ipynb"), "outside"),
        "a link": (member("08_q_learning.ipynb", "/etc/passwd", external_attr=(stat.S_IFLNK | 0o777) << 16), "link"),
        "a bomb": (bomb, "absurdly large"),
        "a bomb in a zip": (_zip({"inner.zip": bomb}), "absurdly large"),
        "a notebook too large": (_zip({"08_q_learning.ipynb": b"0" * 40_000_000}), "larger than 20 MB"),
        "a size that lies": (bytes(lying), "larger than|cannot be opened"),
        "countless files": (_zip({f"{k}.ipynb": "" for k in range(3000)}), "absurdly large"),
        "a password": (bytes(encrypted), "password"),
        "zips in zips": (deep, "zips inside zips"),
        "a name too long": (member("a" * 300 + ".ipynb"), "name"),
    }


HOSTILE = _hostile_zips()


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_zip_is_refused_with_a_sentence(tmp_path, case):
    content, words = HOSTILE[case]
    found = _find(tmp_path, {"eve.zip": content, "ada_08_q_learning.ipynb": L8})
    assert found.notebooks["eve"] == {} and list(found.notebooks["ada"]) == ["08"]
    said = [remark.text for remark in found.remarks if remark.student == "eve"]
    assert any(re.search(words, text) for text in said), said
    assert all("\n" not in text and len(text) < 300 for text in said)
    outside = [path for path in tmp_path.rglob("*") if "eve" in path.name and path.suffix == ".ipynb"]
    assert not outside and not Path("/tmp/eve.ipynb").exists()
    assert sum(path.stat().st_size for path in (tmp_path / "unpacked").rglob("*") if path.is_file()) < 30_000_000


def test_a_students_zip_does_not_speak_for_others_unseen(tmp_path):
    """Named as a platform names them, it could pass for a class's download: that is said, with the names."""
    forged = _zip({"Jane Doe_1_assignsubmission_file_/08_q_learning.ipynb": NOTHING})
    found = _find(tmp_path, {"eve.zip": forged, "Jane Doe_1_assignsubmission_file_/08_q_learning.ipynb": L8})
    assert "eve.zip: read as a learning platform's download, with submissions of Jane Doe" in _said(found)
    assert "08_q_learning.ipynb in eve.zip" in _said(found)
    inside = {"Eve_2_assignsubmission_file_/work.zip": forged, "Eve_2_assignsubmission_file_b.zip": forged}
    found = _find(tmp_path / "moodle", {"Course-77.zip": _zip(inside)})
    assert list(found.notebooks) == ["Eve"], _said(found)


def test_a_zip_takes_no_more_than_it_may_by_count(tmp_path, monkeypatch):
    monkeypatch.setattr(unpack, "MOST_NOTEBOOKS", 3)
    found = _find(tmp_path, {"eve.zip": _zip({f"{k}.ipynb": L8 for k in range(4)})})
    assert "absurdly large" in _said(found)


# ---------------------------------------------------------------------------------------------------------------------
# In the csv and on the terminal

UNDER_ANOTHER_NAME = {  # an entry, and a student that it became
    "Course-Lesson 8-77.zip": "J\u00f6rg",
    "submissions.zip": "b",
    "Course-77": "Bea",
    "08_ida.ipynb": "ida",
    "05_ida.ipynb": "ida",
}


def _grade(folder: Path, *options: str) -> list[dict[str, str]]:
    assert grade.main(["grade", str(folder), *options]) == 0
    with (folder / "grades.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _of_everything(tmp_path: Path) -> Path:
    folder = tmp_path / "submissions"
    files = {name: content for found, _ in STUDENTS.values() for name, content in found.items()}
    _lay_out(folder, files | {name: content for found, _ in NAMED.values() for name, content in found.items()})
    return folder


def test_every_entry_is_in_the_csv_and_on_the_terminal(tmp_path, monkeypatch, capsys):
    def verdicts(notebook, exercises, *_):
        yield from ((exercise, engine.CORRECT, {}) for exercise in exercises)

    monkeypatch.setattr(grade, "run_judge", verdicts)
    monkeypatch.setattr(grade, "try_fence", lambda: (True, ""))
    folder = _of_everything(tmp_path)
    entries = [entry.name for entry in folder.iterdir()]
    rows = _grade(folder)
    text = capsys.readouterr().out
    for shown in (text, "\n".join(",".join(row.values()) for row in rows)):
        for entry in entries:
            student = UNDER_ANOTHER_NAME.get(entry) or names.parse(entry, handed_in.lesson_names()).student
            assert entry in shown or student in shown, entry
    assert {row["exercise"][:2] for row in rows} == {"", "05", "08"}
    assert not any(".lock" in row["message"] for row in rows)
    again = _grade(folder)  # its own csv is no submission
    assert again == rows


def test_a_folder_of_which_nothing_can_be_graded_says_why(tmp_path, capsys):
    (tmp_path / "kim.rar").write_text("Rar!")
    assert grade.main(["grade", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert "No notebook" in said.err and "kim.rar: " in said.out


@pytest.mark.parametrize("separator", ["\u2028", "\x0b", "\x0c"])
def test_a_right_answer_with_an_odd_separator_earns_its_points(tmp_path, separator):
    """Such characters come from the clipboard; Python ends no line at them."""
    source = RETURN.replace(":\n", f":  # copied{separator}here\n") + f"\n\n# the{separator}end\n" + CHECKS["08"]
    _lay_out(tmp_path, {"n.ipynb": _text(source)})
    verdict = judge.judge(submission.read_notebook(tmp_path / "n.ipynb"), "08.1", judge.Limits(), [])
    assert verdict.status == engine.CORRECT, verdict.as_text()


def test_a_syntax_error_names_the_graders_python(tmp_path):
    version = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    _lay_out(tmp_path, {"n.ipynb": _text("def discounted_return(rewards, gamma):\n    return f'{'", CHECKS["08"])})
    verdict = judge.judge(submission.read_notebook(tmp_path / "n.ipynb"), "08.1", judge.Limits(), [])
    assert "not valid Python" in verdict.details["problem"] and version in verdict.details["problem"]


MAGICS = {
    "a shell command": "    !ls",
    "a line magic": "    %time x = 1",
    "its result, not needed": "    files = !ls\n    here = %pwd",
    "help": "    sum?",
    "inside a loop": "    for _ in range(2):\n        !echo {gamma}",
    "asked for by hand": "    get_ipython().system('ls')",
    "a nested function": "    def inner():\n        !ls\n    inner()",
}


@pytest.mark.parametrize("case", MAGICS)
@pytest.mark.parametrize("first", ["", "from IPython import get_ipython"])
def test_a_magic_inside_a_function_does_not_cost_the_exercise(tmp_path, case, first):
    head, body = RETURN.split("\n")
    _lay_out(tmp_path, {"n.ipynb": _text(first, f"{head}\n{MAGICS[case]}\n{body}", CHECKS["08"])})
    verdict = judge.judge(submission.read_notebook(tmp_path / "n.ipynb"), "08.1", judge.Limits(), [])
    assert verdict.status == engine.CORRECT, verdict.as_text()


def test_an_answer_that_needs_a_magic_is_told_that_none_runs(tmp_path):
    source = "def discounted_return(rewards, gamma):\n    answer = !echo 3\n    return float(answer[0])"
    _lay_out(tmp_path, {"n.ipynb": _text(source, CHECKS["08"])})
    verdict = judge.judge(submission.read_notebook(tmp_path / "n.ipynb"), "08.1", judge.Limits(), [])
    assert verdict.status == engine.NOT_YET and "! or %" in verdict.as_text()
