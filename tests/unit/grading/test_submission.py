"""Which statements of a notebook an exercise needs."""

from __future__ import annotations

import builtins
import json
from pathlib import Path

import nbformat
import pytest

from utils.exercises import engine
from utils.grading import submission


def _write(path, *cells):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbformat.write(notebook, path)
    return submission.read_notebook(path)


def _run(attempt):
    scope = {}
    exec(attempt.source, scope)
    return eval(attempt.expression, scope)


def test_only_what_the_attempt_needs_is_taken(tmp_path):
    notebook = _write(
        tmp_path / "n.ipynb",
        "import math\nimport os\nfrom utils.exercises import check",
        "SCALE = 3\nmodel = train_for_hours()\nprint(model)",
        "def helper(x):\n    return math.floor(x) * SCALE",
        'def f(x):\n    """Scaled."""\n    return helper(x)\n\n\ncheck("08.1", f)',
    )
    attempt = submission.find_attempt(notebook, "08.1", "f")
    assert "train_for_hours" not in attempt.source
    assert "import os" not in attempt.source
    assert _run(attempt)(2.5) == 6
    assert not attempt.is_stub


@pytest.mark.parametrize(
    ("cells", "value"),
    [
        (["a = 1", "a = 2", "def f(): return a", 'check("08.1", f)', "a = 3"], 2),
        (["rows = []", "rows.append(4)", "rows += [5]", "def f(): return sum(rows)", 'check("08.1", f)'], 9),
        (["t = {}", "t['k'] = 7", "def f(): return t['k']", 'check("08.1", f)'], 7),
        (["a = 1", "if a:\n    b = 5", "def f(): return b", 'check("08.1", f)'], 5),
        (["def f(): return g()", 'check("08.1", f)', "def g(): return 8"], 8),
        (["def f(): return 1", 'check("08.1", f)', "def f(): return 2", 'check("08.1", f)'], 2),
        (["from math import *", "def f(): return floor(3.7)", 'check("08.1", f)'], 3),
        (['%matplotlib inline\n!ls\ndef f(): return 6\ncheck("08.1", f)'], 6),
        (['%%time\ndef f(): return 6\ncheck("08.1", f)'], 6),
        (["def mine(): return 3", 'check("08.1", mine)'], 3),
        (["def f(): return 4"], 4),  # the check was deleted
        (['check("08.1", lambda: 11)'], 11),
        (['x = 1; f = lambda: x\ncheck("08.1", f)'], 1),
        (["import functools", "@functools.cache\ndef f():\n    return 12", 'check("08.1", f)'], 12),
    ],
)
def test_names_stand_as_at_the_check(tmp_path, cells, value):
    notebook = _write(tmp_path / "n.ipynb", *cells)
    assert _run(submission.find_attempt(notebook, "08.1", "f"))() == value


def test_a_functions_own_variables_are_not_looked_up_outside(tmp_path):
    notebook = _write(
        tmp_path / "n.ipynb",
        "x = train()\nrow = x\ntotal = train()\nscale = 2\nalso = 5",
        "def f(x, *, scale=scale):\n    total = sum(row for row in x)\n"
        "    def inner(): return total * also\n    return inner()",
        'check("08.1", f)',
    )
    attempt = submission.find_attempt(notebook, "08.1", "f")
    assert "train" not in attempt.source and "scale = 2" in attempt.source
    assert _run(attempt)([1, 2]) == 15


def test_a_stub_is_known_without_running_it(tmp_path):
    notebook = _write(tmp_path / "n.ipynb", 'def f(x):\n    """Text."""\n    return ...\n\n\ncheck("08.1", f)')
    assert submission.find_attempt(notebook, "08.1", "f").is_stub


def test_a_cell_with_a_mistake_spoils_only_itself(tmp_path):
    notebook = _write(tmp_path / "n.ipynb", "def f(:\n    return 1", "def g():\n    return 2")
    with pytest.raises(submission.SubmissionError, match="the cell of f is not valid Python: SyntaxError in line 1"):
        submission.find_attempt(notebook, "08.1", "f")
    assert _run(submission.find_attempt(notebook, "08.2", "g"))() == 2


def test_a_missing_function_is_named(tmp_path):
    with pytest.raises(submission.SubmissionError, match="no function f in the notebook"):
        submission.find_attempt(_write(tmp_path / "n.ipynb", "x = 1"), "08.1", "f")


@pytest.mark.parametrize(
    "text",
    ["{", "[1, 2]", json.dumps({"nbformat": 4, "cells": 3}), json.dumps({"cells": []}), "\x00\xff", "[" * 5000],
)
def test_a_broken_file_is_a_sentence(tmp_path, text):
    path = tmp_path / "n.ipynb"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(submission.SubmissionError, match="no readable notebook"):
        submission.read_notebook(path)


def test_an_empty_file_is_called_empty(tmp_path):
    (tmp_path / "n.ipynb").touch()
    with pytest.raises(submission.SubmissionError, match="the file is empty"):
        submission.read_notebook(tmp_path / "n.ipynb")


def test_more_code_than_anybody_writes_is_not_parsed(tmp_path):
    """Parsed, a file of a few megabytes would fill the memory of the computer that grades."""
    with pytest.raises(submission.SubmissionError, match="more than 300,000 characters of code"):
        _write(tmp_path / "n.ipynb", "x = [" + "1," * (submission.LARGEST_CODE // 2) + "]")


def test_an_old_format_is_named(tmp_path):
    (tmp_path / "n.ipynb").write_text('{"nbformat": 3, "worksheets": []}', encoding="utf-8")
    with pytest.raises(submission.SubmissionError, match="old format"):
        submission.read_notebook(tmp_path / "n.ipynb")


ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("path", sorted((ROOT / "solutions").glob("*.py")), ids=lambda path: path.stem)
def test_a_loaded_solution_finds_its_names_in_the_notebook(path):
    """``%load -s name`` brings the function alone: what it uses must be imported or defined in the notebook."""
    notebook = submission.read_notebook(ROOT / "notebooks" / f"{path.stem}.ipynb")
    bound = {name for statement in notebook.statements for name in statement.binds}
    solution = submission.Notebook(submission._statements(path.read_text(encoding="utf-8")), [])
    for item in engine.load_checks(path.stem[:2]).values():
        (function,) = [s for s in solution.statements if item.name in s.binds]
        unknown = function.uses - bound - set(dir(builtins))
        assert not unknown, f"{item.identifier} {item.name} uses {', '.join(sorted(unknown))}"


@pytest.mark.parametrize(
    "separator", ["\u2028", "\u2029", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\r", "\r\n"]
)
def test_lines_are_cut_where_python_cuts_them(tmp_path, separator):
    comment = separator if separator.strip("\r\n") else " "
    ends = "\n" if separator.strip("\r\n") else separator
    cell = f"# a page{comment}break\ndef f(x):  # one{comment}two\n    return '{comment}' + x\n\n\ncheck('08.1', f)"
    path = tmp_path / "08_q_learning.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "cells": [{"cell_type": "code", "source": cell.replace("\n", ends)}]}))
    attempt = submission.find_attempt(submission.read_notebook(path), "08.1", "f")
    scope: dict = {}
    exec(compile(attempt.source, "<cell>", "exec"), scope)
    assert scope["f"]("x") == comment + "x"
