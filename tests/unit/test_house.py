"""The rooms of utils/: imports run one way, no circle, every room says for whom it is, nothing is too long to read."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "utils").rglob("*.py"))
# Who may import whom: a room may use those that stand before it, and within its own row nobody but itself.
FLOORS = (
    ("settings", "commands", "runtime", "checkpoints", "results", "gradients", "statistics", "claims"),
    ("datasets", "layers"),
    ("plots",),
    ("vision", "sequences", "recommender", "rl", "go"),
    ("exercises",),
    ("doctor", "grading", "decks"),
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def _module(path: Path) -> str:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix(".__init__")


MODULES = {_module(path): path for path in FILES}


def _nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those that only type checkers see."""
    yield tree
    for child in ast.iter_child_nodes(tree):
        if not (isinstance(child, ast.If) and getattr(child.test, "id", "") == "TYPE_CHECKING"):
            yield from _nodes(child)


def imports(source: str, known: dict) -> set[str]:
    """Modules of the course that a module imports, also inside functions."""
    found = set()
    for node in _nodes(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    found &= set(known)
    return {name for name in found if not any(other.startswith(name + ".") for other in found)}


GRAPH = {name: imports(path.read_text(encoding="utf-8"), MODULES) - {name} for name, path in MODULES.items()}


def circle(graph: dict[str, set[str]]) -> list[str]:
    """One circle of modules, empty if there is none."""
    done: set[str] = set()

    def walk(name: str, way: list[str]) -> list[str]:
        if name in way:
            return [*way[way.index(name) :], name]
        if name in done:
            return []
        for other in sorted(graph[name]):
            if found := walk(other, [*way, name]):
                return found
        done.add(name)
        return []

    return next((found for name in sorted(graph) if (found := walk(name, []))), [])


def _room(name: str) -> str:
    return name.split(".")[1] if "." in name else ""


def test_there_is_no_circle():
    assert not circle(GRAPH)


def test_a_circle_would_be_found_also_inside_a_function():
    sources = {
        "utils.a": "def f():\n    from utils import b",
        "utils.b": "import utils.c",
        "utils.c": "from utils.a import f",
    }
    graph = {name: imports(text, sources) for name, text in sources.items()}
    assert circle(graph) == ["utils.a", "utils.b", "utils.c", "utils.a"]


@pytest.mark.parametrize("name", [name for name in GRAPH if _room(name)])
def test_imports_run_one_way(name):
    own = _room(name)
    for other in GRAPH[name] - {"utils"}:
        room = _room(other)
        single = FLOOR[own] == FLOOR[room] == 0
        assert room == own or single or FLOOR[room] < FLOOR[own], f"{name} imports {other}"


def test_every_room_says_for_whom_it_is():
    for room in FLOOR:
        path = MODULES.get(f"utils.{room}")
        if path is None:
            continue
        first = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))).splitlines()[0]
        assert first.startswith(("For ", "Lesson")) and first.endswith("."), f"{room}: {first}"


# ---------------------------------------------------------------------------------------------------------------------
# Nothing is too long to read: each exception with the reason why it reads better whole

MOST_LINES, MOST_IN_A_FUNCTION, MOST_ARGUMENTS = 400, 50, 8
LONG_FILES: dict[str, str] = {}
LONG_FUNCTIONS = {
    "decks.go.draw_goban": "one picture: each argument is a thing that a slide may show on the board",
    "layers.blocks.conv_bn": "the keywords of Keras's Conv2D and BatchNormalization; its ResNet-50 needs them all",
    "plots.gridworld.draw_table": "one picture: each argument is a thing that a grid may show",
    "results.record": "an entry of the ledger: one argument a field",
    "rl.atari.play_games": "the protocol of an evaluation: one argument a rule; a report has to name them all",
    "vision.occlusion.occlusion_map": "the mask's choices of lesson 03, each compared there; four by keyword only",
}


def functions(name: str, path: Path) -> Iterator[tuple[str, int, int]]:
    """Dotted name, lines of code and number of arguments of every function of a module, methods included."""

    def visit(node: ast.AST, prefix: str) -> Iterator[tuple[str, int, int]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                given = child.args.posonlyargs + child.args.args + child.args.kwonlyargs
                given = [argument for argument in given if argument.arg not in ("self", "cls")]
                first = child.body[0]  # a docstring may be as long as it needs to be
                text = first.end_lineno + 1 - first.lineno if ast.get_docstring(child) else 0
                yield f"{prefix}.{child.name}", child.end_lineno + 1 - child.lineno - text, len(given)
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                yield from visit(child, f"{prefix}.{child.name}")

    yield from visit(ast.parse(path.read_text(encoding="utf-8")), name.removeprefix("utils."))


def test_no_file_is_too_long():
    long = {name for name, path in MODULES.items() if len(path.read_text(encoding="utf-8").splitlines()) > MOST_LINES}
    assert {name.removeprefix("utils.") for name in long} == set(LONG_FILES)
    assert all(LONG_FILES.values())


def test_no_function_is_too_long_or_takes_too_much():
    found = [function for name, path in MODULES.items() for function in functions(name, path)]
    assert len(found) > 800
    long = {name for name, lines, arguments in found if lines > MOST_IN_A_FUNCTION or arguments > MOST_ARGUMENTS}
    assert long == set(LONG_FUNCTIONS)
    assert all(LONG_FUNCTIONS.values())


def test_a_student_who_opens_the_folder_sees_lessons_and_no_solutions():
    """JupyterLab lists folders first, whatever they are called."""
    assert not [path.name for path in (ROOT / "notebooks").iterdir() if path.is_dir() and path.name[0] not in "._"]
