"""``make release``: what students get works, and holds no solution and no output."""

from __future__ import annotations

import ast
import contextlib
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from utils.exercises import engine
from utils.grading import release

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    out = tmp_path_factory.mktemp("release") / "course"
    release.release(ROOT, out)
    return out


def _functions(source: str) -> dict[str, str]:
    """Function name to its body as text that knows neither comments, docstrings nor names of variables."""
    bodies = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            body = [s for s in node.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
            bodies[node.name] = _anonymous(body)
    return bodies


def _anonymous(body: list[ast.stmt]) -> str:
    numbers: dict[str, str] = {}
    text = ast.dump(ast.Module(body, []))
    return re.sub(r"(?:id|arg)='(\w+)'", lambda m: "id=" + numbers.setdefault(m.group(1), str(len(numbers))), text)


def _released_code(folder: Path):
    for path in sorted(folder.rglob("*.py")):
        yield path, path.read_text(encoding="utf-8")
    for path in sorted(folder.rglob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code":
                yield path, re.sub(r"^(\s*)[%!].*$", r"\1pass", cell.source, flags=re.MULTILINE)
    for path in sorted(folder.rglob("*.md")):
        for block in re.findall(
            r"```\S* *(?:i?python3?)?\n(.*?)```", path.read_text(encoding="utf-8"), flags=re.DOTALL
        ):
            with contextlib.suppress(SyntaxError):  # most blocks are no Python
                ast.parse(block)
                yield path, block


def _solutions() -> dict[str, str]:
    bodies = {}
    for path in sorted((ROOT / "solutions").glob("*.py")):
        found = _functions(path.read_text(encoding="utf-8"))
        for item in engine.load_checks(path.stem[:2]).values():
            bodies[found[item.name]] = f"{item.identifier} {item.name}"
    return bodies


def _leaks(folder: Path) -> set[str]:
    solutions = _solutions()
    return {
        f"{solutions[body]} in {path.relative_to(folder)}"
        for path, source in _released_code(folder)
        for body in _functions(source).values()
        if body in solutions
    }


def test_no_solution_is_in_it_under_any_name(released):
    assert len(_solutions()) > 40
    assert _leaks(released) == set()


def test_a_renamed_solution_would_be_noticed(tmp_path):
    text = (ROOT / "solutions" / "08_q_learning.py").read_text(encoding="utf-8")
    (tmp_path / "innocent.py").write_text(
        text.replace("def discounted_return(rewards, gamma)", "def f(rewards, gamma)")
    )
    assert "08.1 discounted_return in innocent.py" in _leaks(tmp_path)


def test_no_file_that_holds_answers_is_in_it(released):
    names = [path.relative_to(released).as_posix() for path in released.rglob("*")]
    assert not [name for name in names if re.search(r"solution|answers_|(^|/)tests?(/|$)|\.git(/|$)|drafts", name)]
    for path in released.rglob("*"):
        if path.suffix in (".md", ".ipynb", ".toml", ".py") and path.is_file():
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"%load -s", text), path
            if path.suffix in (".md", ".ipynb"):
                assert "our solution" not in text, path
                assert "solutions/" not in text, path


def test_notebooks_are_whole_but_not_executed(released):
    originals = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    assert [p.name for p in sorted((released / "notebooks").iterdir())] == [*(p.name for p in originals), "index.md"]
    for original in originals:
        before = nbformat.read(original, as_version=4)
        after = nbformat.read(released / "notebooks" / original.name, as_version=4)
        nbformat.validate(after)
        kept = [cell for cell in before.cells if "solution-hint" not in cell.metadata.get("tags", [])]
        assert [(c.cell_type, c.source) for c in after.cells] == [(c.cell_type, c.source) for c in kept]
        for cell in after.cells:
            assert set(cell.metadata) <= {"tags", "slideshow"}
            assert cell.cell_type != "code" or (not cell.outputs and cell.execution_count is None)


def test_every_exercise_is_a_stub_with_its_check(released):
    code = "\n".join(source for path, source in _released_code(released) if path.suffix == ".ipynb")
    stubs = re.findall(r'check\("(\d\d\.\d+)"', code)
    there = {path.name[:2] for path in (released / "notebooks").iterdir()}
    assert sorted(stubs) == sorted(key for key in engine.load_checks() if key[:2] in there)


def test_the_package_and_its_data_come_along(released):
    for name in ("utils/exercises/checks_08_q_learning.py", "utils/rl/tabular.py", "mldata/registry.toml", "Makefile"):
        assert (released / name).is_file()
    assert not list(released.rglob("__pycache__"))
    command = (
        "import sys; sys.path.insert(0, '.'); from utils.exercises import engine; print(engine.__file__);"
        "sys.exit(len(engine.load_checks('08')) != 6)"
    )
    result = subprocess.run([sys.executable, "-c", command], cwd=released, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert str(released) in str(released / result.stdout.strip())


def test_makefile_keeps_the_students_tasks(released):
    text = (released / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", text, flags=re.MULTILINE))
    assert {"lab", "data", "doctor", "progress"} <= targets
    assert not {"test", "lock", "results", "release", "grade"} & targets
    [phony] = re.findall(r"^\.PHONY:(.*)$", text, flags=re.MULTILINE)
    assert set(phony.split()) == targets  # a task that is not there is refused, not "up to date"


def test_links_of_the_readme_lead_somewhere(released):
    text = (released / "README.md").read_text(encoding="utf-8")
    for link in re.findall(r"\]\((?!https?://|#)([^)]+)\)", text):
        assert (released / link).exists(), link
    assert "make test" not in text.split("## The course")[0]
    assert "INSTRUCTORS.md" not in text


def test_no_mention_of_solutions_is_left(released):
    """Across line breaks and however it is spelled; equations and tasks of optimisation may have solutions."""
    mention = re.compile(r"\b(?:our|each|reference) solutions?|solutions?:|solutions/|%load|stuck after", re.IGNORECASE)
    seen = mention.findall(_prose(ROOT / "notebooks"))
    assert len(seen) > 3 * 11, "the pattern finds what the notebooks of the repository say"
    assert not mention.search(_prose(released / "notebooks")), mention.search(_prose(released / "notebooks"))


def _prose(folder: Path) -> str:
    cells = [c for p in sorted(folder.glob("[0-9]*.ipynb")) for c in nbformat.read(p, as_version=4).cells]
    return " ".join(" ".join(cell.source.split()) for cell in cells)


def test_a_solved_exercise_is_not_released():
    cell = nbformat.v4.new_code_cell('def f():\n    return 1\n\ncheck("08.1", f)', metadata={"tags": ["exercise"]})
    with pytest.raises(ValueError, match="more than its stub"):
        release.student_notebook(nbformat.writes(nbformat.v4.new_notebook(cells=[cell])))


def test_nothing_is_overwritten(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("mine")
    assert release.main([str(tmp_path)]) == 2
    assert "is there already" in capsys.readouterr().err
    assert release.main([]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
