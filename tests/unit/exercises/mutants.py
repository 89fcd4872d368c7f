"""Does a check notice small mistakes? ``python tests/unit/exercises/mutants.py 08`` breaks the reference solutions.

Each reference is changed in one place at a time (an operator, a comparison, a number by one, min for max, a branch, an
axis, a dropped line), and the check is asked. What it still calls correct is printed: either the change means the
same, or the check has a gap. A tool for whoever writes checks, not a test: what means the same only a reader sees.
"""

from __future__ import annotations

import ast
import copy
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

from utils.exercises import engine

SOLUTIONS = Path(__file__).resolve().parents[3] / "notebooks" / "solutions"
PATIENCE = 5  # seconds for a check; a changed loop may never end
OPERATORS = {
    ast.Add: [ast.Sub],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Add, ast.Div],
    ast.Div: [ast.Mult, ast.FloorDiv],
    ast.FloorDiv: [ast.Div],
    ast.Pow: [ast.Mult],
    ast.MatMult: [ast.Mult],
    ast.BitAnd: [ast.BitOr],
    ast.Lt: [ast.LtE, ast.Gt],
    ast.LtE: [ast.Lt],
    ast.Gt: [ast.GtE, ast.Lt],
    ast.GtE: [ast.Gt],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
}
NAMES = {
    "max": ["min", "mean"],
    "min": ["max"],
    "sum": ["mean", "max"],
    "mean": ["sum", "median"],
    "argmax": ["argmin"],
    "argmin": ["argmax"],
    "maximum": ["minimum"],
    "minimum": ["maximum"],
    "floor": ["ceil"],
    "ceil": ["floor"],
    "zeros": ["ones"],
    "ones": ["zeros"],
    "any": ["all"],
    "all": ["any"],
    "log2": ["log"],
    "sqrt": ["square"],
    "cumsum": ["cumprod"],
    "prod": ["sum"],
}


def mutants(function: ast.FunctionDef) -> Iterator[tuple[str, ast.FunctionDef]]:
    """What was changed, and the changed function."""
    for index, node in enumerate(ast.walk(function)):
        for what, change in changes(node):
            changed = copy.deepcopy(function)
            change(list(ast.walk(changed))[index], changed)
            yield f"line {getattr(node, 'lineno', '?')}: {what}", ast.fix_missing_locations(changed)


def changes(node: ast.AST) -> Iterator[tuple[str, Callable[[ast.AST, ast.AST], None]]]:
    """Changes of one node; each gets the node's copy and the tree that holds it."""
    text = ast.unparse(node) if isinstance(node, ast.expr | ast.stmt) else ""
    if isinstance(node, ast.BinOp | ast.AugAssign):
        for other in OPERATORS.get(type(node.op), []):
            yield f"{text} with {other.__name__}", lambda n, _, o=other: setattr(n, "op", o())
    if isinstance(node, ast.Compare):
        for other in OPERATORS.get(type(node.ops[0]), []):
            yield f"{text} with {other.__name__}", lambda n, _, o=other: n.ops.__setitem__(0, o())
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        for step in (1, -1):
            yield f"{text} as {node.value + step}", lambda n, _, s=step: setattr(n, "value", n.value + s)
    if isinstance(node, ast.Attribute | ast.Name):
        field = "attr" if isinstance(node, ast.Attribute) else "id"
        for other in NAMES.get(getattr(node, field), []):
            yield f"{text} as {other}", lambda n, _, f=field, o=other: setattr(n, f, o)
    if isinstance(node, ast.If | ast.IfExp):
        for truth in (True, False):
            yield f"condition always {truth}", lambda n, _, t=truth: setattr(n, "test", ast.Constant(t))
    if isinstance(node, ast.UnaryOp):
        yield f"{ast.unparse(node.operand)} for {text}", lambda n, tree: replace(tree, n, n.operand)
    if isinstance(node, ast.Call):
        yield from changes_of_call(node, text)
    if isinstance(node, ast.AugAssign) or (isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant)):
        yield f"without {text}", lambda n, tree: replace(tree, n, ast.Pass())


def changes_of_call(node: ast.Call, text: str) -> Iterator[tuple[str, Callable[[ast.AST, ast.AST], None]]]:
    """Arguments exchanged, a keyword left out, a copy not made."""
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if len(node.args) == 2 and not node.keywords and name not in ("max", "min", "maximum", "minimum"):
        yield f"{text} with its arguments exchanged", lambda n, _: n.args.reverse()
    for number, keyword in enumerate(node.keywords):
        yield f"{text} without {keyword.arg}", lambda n, _, i=number: n.keywords.pop(i)
    if isinstance(node.func, ast.Attribute) and name == "copy":
        yield f"{text} not copied", lambda n, tree: replace(tree, n, n.func.value)


def replace(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    """Put ``new`` where ``old`` is."""
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, field, new)
            elif isinstance(value, list) and any(item is old for item in value):
                value[:] = [new if item is old else item for item in value]


def survivors(source: str, item: engine.Exercise) -> Iterator[str]:
    """The changes of an exercise's reference that its check does not notice; an empty text for those it does."""
    tree = ast.parse(source)
    place = next(i for i, s in enumerate(tree.body) if isinstance(s, ast.FunctionDef) and s.name == item.name)
    for what, changed in mutants(tree.body[place]):
        scope: dict = {}
        exec(compile(ast.Module([*tree.body[:place], changed, *tree.body[place + 1 :]], []), "mutant", "exec"), scope)
        yield what if passes(item.identifier, scope[item.name]) else ""


def passes(identifier: str, attempt: Callable) -> bool:
    """Is the attempt called correct, in time?"""

    def stop(*_):
        raise TimeoutError

    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, stop)
        signal.alarm(PATIENCE)
    try:
        return bool(engine.evaluate(identifier, attempt))
    except TimeoutError:
        return False
    finally:
        if hasattr(signal, "SIGALRM"):
            signal.alarm(0)


def main(lessons: list[str]) -> None:
    warnings.simplefilter("ignore")
    count = left = 0
    for path in sorted(SOLUTIONS.glob("*.py")):
        if lessons and path.stem[:2] not in lessons:
            continue
        for item in engine.load_checks(path.stem[:2]).values():
            for what in survivors(path.read_text(encoding="utf-8"), item):
                count, left = count + 1, left + bool(what)
                if what:
                    print(f"{item.identifier} {item.name}, {what}")
    print(f"{count} changes, {left} not noticed")


if __name__ == "__main__":
    main(sys.argv[1:])
