"""``make grade``: honest work earns its points, hostile work costs its own, and nobody else's.

All students are graded in one run, so that whatever one of them breaks would show in the others.
"""

from __future__ import annotations

import contextlib
import csv
import inspect
import os
import re
import socket
import sys
import textwrap
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from utils.exercises import engine
from utils.grading import grade, handed_in, judge, submission, tables

ROOT = Path(__file__).resolve().parents[3]
FENCED = bool(judge.namespace_command())
EXERCISE, OTHER = "08.1", "08.5"  # the one that is attacked, and one that the same student solves honestly
IMPORTS = "import numpy as np\nfrom utils.exercises import check"
HONEST = {
    EXERCISE: "def discounted_return(rewards, gamma):\n    return sum(gamma**k * r for k, r in enumerate(rewards))",
    OTHER: (
        "def optimistic_table(states, actions, highest_reward, gamma):\n"
        "    return np.full((states, actions), highest_reward / (1 - gamma))"
    ),
}
NAMES = {EXERCISE: "discounted_return", OTHER: "optimistic_table"}


def _body(text: str) -> str:
    return "def discounted_return(rewards, gamma):\n" + textwrap.indent(textwrap.dedent(text).strip(), "    ")


def _hostile(target: Path, port: int) -> dict[str, str]:
    """Attacks by name: the cell that attempts exercise 08.1. All earn nothing for it."""
    right = "sum(gamma**k * r for k, r in enumerate(rewards))"
    return {
        "loop": _body("while True: pass"),
        "loop-while-preparing": f"endless = next(x for x in iter(int, 1) if x)\n\n{HONEST[EXERCISE]} + endless",
        "swallows-exceptions": _body("""
            while True:
                try:
                    while True: pass
                except BaseException:
                    pass
        """),
        "memory": _body("held = []\nwhile True: held.append(np.ones(5_000_000))"),
        "memory-at-once": _body("return np.ones(10**12).sum()"),
        "exits": _body(f"import os\nprint('correct')\nos._exit(0)\nreturn {right}"),
        "raises-exit": _body("raise SystemExit(0)"),
        "crashes": _body("import ctypes\nreturn ctypes.string_at(0)"),
        "deletes": _body(f"import os\nos.remove({str(target)!r})\nreturn {right}"),
        "overwrites": _body(f"open({str(target)!r}, 'w').write('mine')\nreturn {right}"),
        "removes-tree": _body(f"import shutil\nshutil.rmtree({str(target.parent)!r})\nreturn {right}"),
        "connects": _body(f"import socket\nsocket.create_connection(('127.0.0.1', {port}), timeout=1)\nreturn {right}"),
        "downloads": _body(
            f"import urllib.request\nurllib.request.urlopen('http://127.0.0.1:{port}', timeout=1)\nreturn {right}"
        ),
        "forks": _body("""
            import os, time
            for _ in range(6):  # at most 64, should nothing stop them
                os.fork()
            time.sleep(100)
        """),
        "starts-programs": _body("import subprocess\nsubprocess.run(['sleep', '100'])\nreturn 0.0"),
        "kills-the-parent": _body("import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\nreturn 0.0"),
        "equals-everything": _body("""
            class Sly(float):
                def __eq__(self, other): return True
                def __sub__(self, other): return 0.0
                def __array__(self, *args, **kwargs): raise AssertionError
            return Sly(0)
        """),
        "patches-the-engine": (
            "from utils.exercises import engine\n"
            "import numpy\n"
            "engine.expect_close = engine.expect = lambda *a, **k: None\n"
            "engine.Verdict.status = 'correct'\n"
            "numpy.allclose = lambda *a, **k: True\n"
            + _body(f"""
                engine.evaluate = lambda *a: engine.Verdict("{EXERCISE}", "correct")
                return numpy.float64(-1)
            """)
        ),
        "prints-a-verdict": _body("""
            import json, sys, os
            line = json.dumps({"exercise": "08.1", "status": "correct", "details": {}})
            for number in range(20):
                try: os.write(number, (line + "\\n").encode())
                except OSError: pass
            print(line); print("✓ Exercise 08.1: correct")
            return -1.0
        """),
        "reads-the-answers": _body(f"""
            text = open({str(ROOT / "solutions" / "08_q_learning.py")!r}).read()
            scope = {{}}
            exec(text, scope)
            return scope["discounted_return"](rewards, gamma)
        """),
        "reads-a-neighbour": _body(f"""
            import json
            cells = json.load(open({str(target.parent / "ada" / "08_q_learning.ipynb")!r}))["cells"]
            return {right}
        """),
        "huge-answer": _body("return 'x' * 40_000_000"),
        "deep-answer": _body("answer = []\nfor _ in range(100_000): answer = [answer]\nreturn answer"),
        "wrong": _body("return rewards.sum()"),
        "syntax": "def discounted_return(rewards, gamma)\n    return 0",
        "formula": _body('raise ValueError("=HYPERLINK(1)")'),
        "no-such-function": "x = 1",
    }


def _notebook(path: Path, cells: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells]), path)


def _hand_in(folder: Path, student: str, first: str) -> None:
    calls = [f'check("{number}", {NAMES[number]})' for number in (EXERCISE, OTHER)]
    if first == "x = 1":
        calls[0] = ""
    _notebook(folder / student / "08_q_learning.ipynb", [IMPORTS, first, calls[0], HONEST[OTHER], calls[1]])


@pytest.fixture(autouse=True)
def _no_wall_clock(monkeypatch):
    """Processor time decides here, or a busy machine would fail a test; the test of the wall clock sets its own."""
    monkeypatch.setattr(judge, "PATIENCE", 1000)


@pytest.fixture(scope="module")
def server():
    """A port of this computer at which nobody may arrive."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


IN_ONE_RUN = (
    "loop",
    "memory",
    "exits",
    "forks",
    "prints-a-verdict",
    "patches-the-engine",
    "no-such-function",
    "formula",
)


@pytest.fixture(scope="module")
def graded(tmp_path_factory, server):
    """Rows of the csv by student and exercise, after one run over everybody."""
    folder = tmp_path_factory.mktemp("submissions")
    target = folder / "precious.txt"
    target.write_text("untouched")
    _hand_in(folder, "ada", HONEST[EXERCISE])
    for student in IN_ONE_RUN:
        _hand_in(folder, student, _hostile(target, server.getsockname()[1])[student])
    (folder / "broken").mkdir()
    (folder / "broken" / "08_q_learning.ipynb").write_text('{"cells": [')
    (folder / "empty").mkdir()
    _hand_in(folder, "zoe", HONEST[EXERCISE])  # the last one is graded after all the others
    out = folder / "grades.csv"
    items = {key: item for key, item in engine.load_checks("08").items() if key in NAMES}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grade.engine, "load_checks", lambda lesson=None: items)
        status = grade.main(["grade", str(folder), "--out", str(out), "--seconds", "2", "--megabytes", "500"])
    assert status == 0
    with out.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["student", "exercise", "points", "message"]
    return {(row["student"], row["exercise"]): row for row in rows}


def test_honest_students_get_their_points(graded):
    for student in ("ada", "zoe"):
        for exercise in NAMES:
            row = graded[student, exercise]
            assert (row["points"], row["message"]) == (str(engine.load_checks()[exercise].points), "correct")


@pytest.mark.parametrize("student", IN_ONE_RUN)
def test_an_attack_earns_nothing_and_costs_only_its_exercise(graded, student):
    assert graded[student, EXERCISE]["points"] == "0"
    assert graded[student, EXERCISE]["message"] not in ("", "correct")
    assert graded[student, OTHER]["message"] == "correct"


@pytest.mark.parametrize(("student", "words"), [("broken", "no readable notebook"), ("empty", "no notebook handed in")])
def test_what_cannot_be_read_gets_a_row_all_the_same(graded, student, words):
    for exercise in NAMES:
        assert graded[student, exercise]["points"] == "0"
        assert words in graded[student, exercise]["message"]


def test_students_text_is_no_formula_in_a_spreadsheet(graded):
    assert not any(row["message"].startswith(("=", "+", "-", "@")) for row in graded.values())


ATTACKS = {  # and what the verdict must say
    "loop": "seconds of",
    "loop-while-preparing": "seconds of",
    "swallows-exceptions": "seconds of",
    "memory": "of memory",
    "memory-at-once": "[Mm]emory",
    "exits": "ended the process",
    "raises-exit": "SystemExit",
    "crashes": "ended the process",
    "deletes": "not allowed",
    "overwrites": "not allowed",
    "removes-tree": "not allowed|No such file",
    "connects": "network access is not allowed",
    "downloads": "network access is not allowed",
    "forks": "not allowed",
    "starts-programs": "not allowed",
    "kills-the-parent": "not allowed",
    "equals-everything": "hint",
    "patches-the-engine": "hint",
    "prints-a-verdict": "hint|too large|cannot be read",
    "reads-the-answers": "not allowed|No such file",
    "reads-a-neighbour": "not allowed|No such file",
    "huge-answer": "too large",
    "deep-answer": "RecursionError|recursion|cannot be read|calls itself",
    "wrong": "hint",
    "syntax": "not valid Python",
    "formula": "HYPERLINK",
    "no-such-function": "no function discounted_return",
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_named_and_leaves_nothing_behind(tmp_path, server, name):
    target = tmp_path / "precious.txt"
    target.write_text("untouched")
    judge.adopt_orphans()
    _hand_in(tmp_path, "ada", HONEST[EXERCISE])
    _hand_in(tmp_path, "eve", _hostile(target, server.getsockname()[1])[name])
    notebook = submission.read_notebook(tmp_path / "eve" / "08_q_learning.ipynb")
    limits = judge.Limits(seconds=10 if name == "memory" else 1, megabytes=300, start=2)
    verdict = judge.judge(notebook, EXERCISE, limits, judge.hidden_folders([str(tmp_path)]))
    assert verdict.status == engine.NOT_YET
    assert re.search(ATTACKS[name], verdict.as_text()), verdict.as_text()
    assert target.read_text() == "untouched"
    with pytest.raises(BlockingIOError):
        server.accept()
    worker = str(Path(judge.__file__).with_name("worker.py"))
    assert not [p for p in psutil.Process().children(recursive=True) if worker in " ".join(p.cmdline())]


# ---------------------------------------------------------------------------------------------------------------------
# One worker at a time


def _remote(source: str, expression: str = "f", *, fenced: bool = True, **limits) -> judge.RemoteAttempt:
    attempt = submission.Attempt(source, expression, False)
    return judge.RemoteAttempt(attempt, judge.Limits(**{"seconds": 5, "megabytes": 400} | limits), [], fenced)


@pytest.fixture
def remote():
    """Workers that are closed whatever happens."""
    judge.adopt_orphans()
    opened = []

    def start(*args, **kwargs):
        opened.append(_remote(*args, **kwargs))
        return opened[-1]

    yield start
    for worker in opened:
        worker.close()


def test_answers_callbacks_and_changed_arguments_travel(remote):
    import numpy as np

    f = remote(
        "def f(x, g, rows, scale=1):\n    x[0] = 9\n    rows.append(4)\n    return (g(x) * scale, scale == 2, rows)"
    )
    x, rows = np.array([1.0, 2.0]), [1]
    value = f(x, lambda v: v[:2] + 1, rows, scale=2)
    assert np.array_equal(value[0], [20.0, 6.0]) and value[1] is True and value[2] == [1, 4]
    assert x.tolist() == [9.0, 2.0] and rows == [1, 4]


def test_errors_come_back_as_what_they_are_with_the_students_line(remote):
    f = remote("def f(x):\n    return [1, 2][x]  # here")
    with pytest.raises(IndexError, match="out of range"):
        f(5)
    assert f.error_line == "return [1, 2][x]  # here"
    assert f(1) == 2


def test_a_function_given_by_the_check_may_refuse(remote):
    f = remote("def f(g):\n    return g('text')")
    with pytest.raises(TypeError, match="ValueError"):
        f(lambda value: float(value))


def test_without_namespaces_python_itself_is_guarded(remote, tmp_path):
    target = tmp_path / "precious.txt"
    target.write_text("untouched")
    f = remote("import os, socket, subprocess\ndef f(code):\n    return eval(code)", fenced=False)
    assert "guarded Python" in f.fence and "no network" not in f.fence
    for code in (
        f"open({str(target)!r}, 'w')",
        f"os.open({str(target)!r}, os.O_WRONLY)",
        f"os.remove({str(target)!r})",
        f"os.rename({str(target)!r}, {str(target) + '2'!r})",
        f"os.truncate({str(target)!r}, 0)",
        f"os.mkdir({str(tmp_path / 'new')!r})",
        "socket.create_connection(('127.0.0.1', 9))",
        "socket.getaddrinfo('example.org', 80)",
        "subprocess.run(['true'])",
        "os.fork()",
        "os.system('true')",
        "os.kill(os.getppid(), 9)",
    ):
        with pytest.raises(PermissionError, match="not allowed"):
            f(code)
    assert target.read_text() == "untouched"
    assert f("open('notes.txt', 'w').write('mine')") == 4  # the scratch folder is the student's


@pytest.mark.skipif(not FENCED, reason="no Linux namespaces here")
def test_with_namespaces_native_code_is_held_as_well(remote, tmp_path, server):
    """What the audit hook cannot see: calls of the C library."""
    target = tmp_path / "precious.txt"
    target.write_text("untouched")
    libc = "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
    f = remote(libc + "def f(code):\n    return eval(code)")
    assert {"no network", "own processes", "read-only files"} <= set(f.fence)
    assert f(f"libc.unlink({os.fsencode(target)!r})") == -1
    assert f(f"libc.open({os.fsencode(target)!r}, 1)") == -1
    assert f("libc.mount(None, b'/', None, 32 | 4096, None)") == -1  # remount for writing
    assert f("libc.umount(b'/proc')") == -1
    assert f("os.getpid()") == 1
    assert f("sorted(os.listdir('/dev'))") == ["null", "random", "shm", "urandom", "zero"]
    assert f("libc.unshare(0x10000000)") == -1  # a namespace of its own, in which it would have powers
    assert f("open('/dev/null', 'w').write('gone')") == 4
    address = (
        f"(ctypes.c_ubyte * 16)(2, 0, {server.getsockname()[1]} >> 8, {server.getsockname()[1]} & 255, 127, 0, 0, 1)"
    )
    assert f(f"libc.connect(libc.socket(2, 1, 0), {address}, 16)") == -1
    with pytest.raises(BlockingIOError):
        server.accept()
    assert target.read_text() == "untouched"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs the C library's fork")
@pytest.mark.parametrize("fenced", [True, False])
def test_processes_started_behind_the_guard_are_counted_and_ended(remote, fenced):
    if fenced and not FENCED:
        pytest.skip("no Linux namespaces here")
    source = "import ctypes, time\nlibc = ctypes.CDLL(None)\ndef f():\n"
    source += (
        "    for _ in range(6):  # 64 processes at most\n        libc.fork()\n    libc.setsid()\n    time.sleep(100)"
    )
    f = remote(source, fenced=fenced, megabytes=4000)  # pages that forks share count for each of them
    assert len(_processes_of(f)) == 1 + fenced  # unshare and the worker, or the worker alone: the test sees them
    with pytest.raises(judge.WorkerStopped, match="processes"):
        f()
    assert not _processes_of(f)


def _processes_of(remote):
    """Processes of this worker alone, whoever their parent is by now; other tests run workers at the same time."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get("TMPDIR") == remote.scratch:
                found.append(process)
    return found


def test_a_flood_of_messages_does_not_stop_the_clock(remote):
    f = remote("def f(g):\n    while True: g(0)", seconds=1)
    with pytest.raises(judge.WorkerStopped, match="1 seconds of computing"):
        f(lambda value: value)


def test_waiting_ends_by_the_wall_clock(remote, monkeypatch):
    monkeypatch.setattr(judge, "PATIENCE", 1)
    f = remote("import time\ndef f():\n    time.sleep(100)", seconds=2)
    with pytest.raises(judge.WorkerStopped, match="2 seconds of waiting"):
        f()


def test_memory_is_watched(remote):
    f = remote("import numpy as np\ndef f():\n    held = [np.ones(2_000_000) for _ in range(60)]\n    while True: pass")
    with pytest.raises(judge.WorkerStopped, match="more than 400"):
        f()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts kilobytes as Linux does")
def test_a_flood_of_large_answers_does_not_fill_the_judges_memory(remote):
    """Each is short to send and long to hold: half a million empty lists."""
    import resource

    f = remote("""
import struct, sys
def f():
    frame = sys._getframe()
    while not hasattr(frame.f_locals.get("self"), "outgoing"):
        frame = frame.f_back
    body = b'{"return": [' + b"[]," * 500_000 + b"[]]}"
    while True:
        frame.f_locals["self"].outgoing.write(struct.pack(">I", len(body)) + body)
""")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert len(f()) == 500_001
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 250_000


def test_a_judge_that_takes_too_much_memory_is_stopped(tmp_path, monkeypatch):
    # The answer takes its time: on a busy machine the verdict could come before the first look at the memory.
    _hand_in(tmp_path, "ada", "import time\ntime.sleep(5)\n" + HONEST[EXERCISE])
    monkeypatch.setattr(grade, "JUDGE_MEGABYTES", 1)
    path = tmp_path / "ada" / "08_q_learning.ipynb"
    ((exercise, status, details),) = grade.run_judge(path, [EXERCISE], judge.Limits(), [])
    assert (exercise, status) == (EXERCISE, engine.NOT_YET)
    assert "did not come to an end" in details["problem"]


def test_a_trial_comes_before_any_grade(tmp_path, monkeypatch, capsys):
    assert judge.trial(fenced=True) == "" and judge.trial(fenced=False) == ""
    monkeypatch.setattr(judge, "trial", lambda fenced: "" if not fenced else "the kernel refuses")
    assert grade.try_fence() == (False, "")
    monkeypatch.setattr(judge, "trial", lambda fenced: "no such module")
    _hand_in(tmp_path, "ada", "x = 1")
    assert grade.main(["grade", str(tmp_path)]) == 2
    assert "a trial run failed, no such module" in capsys.readouterr().err
    assert not (tmp_path / "grades.csv").exists()


def test_an_interruption_keeps_the_grades_of_finished_students(tmp_path, monkeypatch, capsys):
    def rows(*_):
        for student, exercise in (("ada", EXERCISE), ("ada", OTHER), ("bob", EXERCISE)):
            yield grade.Row(student, exercise, 1, "correct", engine.CORRECT)
        raise KeyboardInterrupt

    monkeypatch.setattr(grade, "grade", rows)
    monkeypatch.setattr(grade, "try_fence", lambda: (True, ""))
    for student in ("ada", "bob"):
        _hand_in(tmp_path, student, "x = 1")
    assert grade.main(["grade", str(tmp_path)]) == 130
    with (tmp_path / "grades_interrupted.csv").open(newline="") as file:
        assert [row["student"] for row in csv.DictReader(file)] == ["ada", "ada"]
    assert "finished students (1)" in capsys.readouterr().err
    assert not (tmp_path / "grades.csv").exists()


def test_the_judge_marks_what_it_cannot_run(tmp_path):
    _notebook(
        tmp_path / "08_q_learning.ipynb",
        ["import missing_package", "def discounted_return(r, g): return missing_package.f(r)"],
    )
    notebook = submission.read_notebook(tmp_path / "08_q_learning.ipynb")
    verdict = judge.judge(notebook, EXERCISE, judge.Limits(5), [])
    assert verdict.status == engine.NOT_YET
    assert "missing_package" in verdict.details["error"]
    assert judge.judge(notebook, "08.2", judge.Limits(5), []).details["problem"].startswith("there is no function")


# ---------------------------------------------------------------------------------------------------------------------
# Who handed in what


def test_folders_and_single_files_are_found_and_links_are_not_followed(tmp_path):
    _hand_in(tmp_path, "ada", "x = 1")
    _notebook(tmp_path / "bob" / "deep" / "my work on 05_mnist_cnn (2).ipynb", [])
    _notebook(tmp_path / "carl_08_q_learning.ipynb", [])
    _notebook(tmp_path / "dora.ipynb", ['check("10.2", f)'])
    _notebook(tmp_path / "emil" / "holiday.ipynb", ["x = 1"])
    _notebook(tmp_path / "bob" / ".ipynb_checkpoints" / "08_q_learning.ipynb", [])
    (tmp_path / "finn").mkdir()
    (tmp_path / "finn" / "08_q_learning.ipynb").symlink_to(tmp_path / "ada" / "08_q_learning.ipynb")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "finn" / "05_mnist_cnn.ipynb")
    found = handed_in.find_submissions(tmp_path, tmp_path / "unpacked")
    assert {s: sorted(n) for s, n in found.notebooks.items()} == {
        "ada": ["08"],
        "bob": ["05"],
        "carl": ["08"],
        "dora": ["10"],
        "emil": [],
        "finn": [],
    }
    assert any("holiday" in remark.text for remark in found.remarks)
    assert any(remark.student == "finn" and "link" in remark.text for remark in found.remarks)
    assert found.lessons() == ["05", "08", "10"]


def test_of_two_notebooks_of_a_lesson_the_newer_counts(tmp_path):
    for name, age in (("08_q_learning.ipynb", 100), ("08_q_learning (1).ipynb", 5)):
        _notebook(tmp_path / "ada" / name, [])
        os.utime(tmp_path / "ada" / name, (time.time() - age,) * 2)
    found = handed_in.find_submissions(tmp_path, tmp_path / "unpacked")
    assert found.notebooks["ada"]["08"].name == "08_q_learning (1).ipynb"
    assert "2 notebooks" in found.remarks[0].text


def test_weights_can_be_edited_in_one_table(tmp_path):
    table = tmp_path / "weights.csv"
    table.write_text(grade.weights_table().replace("08.1,1,", "08.1,2.5,"), encoding="utf-8")
    weights = grade.read_weights(table)
    assert weights["08.1"] == 2.5
    assert weights["08.2"] == engine.load_checks()["08.2"].points
    table.write_text("exercise,points\n99.1,3\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"99\.1.*does not exist"):
        grade.read_weights(table)
    table.write_text("exercise,points\n08.1,many\n", encoding="utf-8")
    with pytest.raises(ValueError, match="no number"):
        grade.read_weights(table)


def test_a_spreadsheet_formula_is_made_text(tmp_path):
    rows = [grade.Row("=ada", "08.1", 1, "@message")]
    tables.write_grades(rows, tmp_path / "g.csv")
    assert (tmp_path / "g.csv").read_text().splitlines()[1] == "'=ada,08.1,1,'@message"


def test_text_that_no_file_can_hold_does_not_cost_everybody_the_grades(tmp_path, monkeypatch):
    """A lone surrogate: from a folder's name in an old encoding, or raised on purpose."""
    details = {"error": "ValueError: \ud800\x1b[31m\x00"}
    monkeypatch.setattr(grade, "run_judge", lambda *_: iter([(EXERCISE, engine.NOT_YET, details)]))
    monkeypatch.setattr(grade, "try_fence", lambda: (True, ""))
    given = handed_in.Submissions({"J\udcf6rg": {"08": tmp_path / "08_q_learning.ipynb"}})
    monkeypatch.setattr(grade, "find_submissions", lambda *_: given)
    with (tmp_path / "terminal.txt").open("w", encoding="ascii") as terminal:
        monkeypatch.setattr(sys, "stdout", terminal)
        assert grade.main(["grade", str(tmp_path)]) == 0
    with (tmp_path / "grades.csv").open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert row["student"] == "J\ufffdrg"
    assert row["message"] == "not yet | error: ValueError: \ufffd\ufffd[31m\ufffd"


@pytest.mark.parametrize("arguments", [["grade"], ["grade", "nowhere"], ["grade", ".", "--lesson", "77"]])
def test_a_wrong_call_is_a_sentence(arguments, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert grade.main(arguments) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_progress_lists_the_notebooks_of_a_folder(tmp_path, capsys):
    cells = [IMPORTS, HONEST[EXERCISE], f'check("{EXERCISE}", discounted_return)']
    cells += ["def epsilon_greedy(q, epsilon):\n    return ...", 'check("08.2", epsilon_greedy)']
    _notebook(tmp_path / "08_q_learning.ipynb", cells)
    assert grade.main(["progress", "--notebooks", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "✓ 08.1" in text and "○ 08.2" in text and "1 of 6 exercises pass" in text


def test_progress_prefers_a_students_own_copy(tmp_path, capsys):
    stub = ["def discounted_return(rewards, gamma):\n    return ...", f'check("{EXERCISE}", discounted_return)']
    for name in ("08_q_learning.ipynb", "my_08_q_learning.ipynb"):
        _notebook(tmp_path / name, stub)
    assert grade.main(["progress", "--notebooks", str(tmp_path), "--lesson", "08"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("my_08_q_learning\n  ○ 08.1")
    assert "0 of 6" in text


def test_every_reference_solution_would_be_accepted_as_source():
    """Each solution can be cut out of a file by the names it uses."""
    for path in sorted((ROOT / "solutions").glob("*.py")):
        notebook = submission.Notebook(submission._statements(path.read_text(encoding="utf-8")), [])
        for identifier, item in engine.load_checks(path.stem[:2]).items():
            attempt = submission.find_attempt(notebook, identifier, item.name)
            assert not attempt.is_stub and f"def {item.name}" in attempt.source
    assert inspect.isfunction(judge.judge)
