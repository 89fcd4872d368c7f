"""Which lines of a notebook an exercise needs: its function and whatever that refers to, nothing else.

Running a whole notebook to grade five small functions would take minutes a student. So the notebook is read, not run:
from the attempt (what the last ``check("08.2", attempt)`` names) follow the names it uses to the top-level statements
that bind them, and theirs in turn. Imports, helper functions, classes and constants come along; trainings do not,
unless an attempt refers to their result.
"""

from __future__ import annotations

import ast
import json
import re
import symtable
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

LARGEST_NOTEBOOK = 20_000_000  # bytes, with its pictures
LARGEST_CODE = 300_000  # characters (our lessons have up to 25,000); read, it takes up to a thousand times that
COMPOUND = (ast.If, ast.Try, ast.For, ast.While, ast.With)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class SubmissionError(Exception):
    """The notebook or the exercise in it cannot be read; the text says why in a sentence."""


@dataclass(frozen=True)
class Statement:
    """A top-level statement: its source, the names it binds and the names it uses."""

    node: ast.stmt
    source: str
    binds: frozenset[str]
    uses: frozenset[str]


@dataclass(frozen=True)
class Attempt:
    """What to run for one exercise: ``source`` first, then the value of ``expression`` is the attempt."""

    source: str
    expression: str
    is_stub: bool  # the function still returns ..., and nothing else


@dataclass(frozen=True)
class Notebook:
    """The code of a notebook in order, and the cells that are no Python (with the reason)."""

    statements: list[Statement]
    broken: list[tuple[str, str]]  # source of the cell, reason


def read_notebook(path: Path) -> Notebook:
    """Read a notebook's code cells.

    Raises:
        SubmissionError: too large, or no notebook.
    """
    try:
        if path.stat().st_size > LARGEST_NOTEBOOK:
            raise SubmissionError(f"the file is larger than {LARGEST_NOTEBOOK // 1_000_000} MB")
        if path.stat().st_size == 0:
            raise SubmissionError("the file is empty")
        sources = code_cells(json.loads(path.read_text(encoding="utf-8-sig")))
        if sum(map(len, sources)) > LARGEST_CODE:
            raise SubmissionError(f"the notebook holds more than {LARGEST_CODE:,} characters of code")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise SubmissionError(f"the file is no readable notebook ({type(error).__name__})") from error
    statements: list[Statement] = []
    broken = []
    for source in sources:
        try:
            statements += _statements(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = f" in line {error.lineno}" if isinstance(error, SyntaxError) else ""
            broken.append((source, f"{type(error).__name__}{line}: {getattr(error, 'msg', error)}"))
    return Notebook(statements, broken)


def find_attempt(notebook: Notebook, identifier: str, name: str) -> Attempt:
    """The attempt at an exercise and the statements it needs.

    Args:
        identifier: ``"08.2"``; the last ``check`` with it says what the attempt is.
        name: the function's name, in case no ``check`` is left.

    Raises:
        SubmissionError: neither such a check nor such a function is there, or its cell is not valid Python.
    """
    end, expression = _last_check(notebook.statements, identifier)
    if expression is None:
        end, expression = len(notebook.statements), ast.Name(name, ast.Load())
    needed = _closure(notebook.statements, end, _global_names(expression))
    chosen = [notebook.statements[index] for index in sorted(needed)]
    if isinstance(expression, ast.Name):
        bound = [statement for statement in chosen if expression.id in statement.binds]
        if not bound:
            for source, reason in notebook.broken:
                if identifier in source or re.search(rf"\b{re.escape(expression.id)}\b", source):
                    version = f"grading runs Python {sys.version_info.major}.{sys.version_info.minor}"
                    raise SubmissionError(f"the cell of {expression.id} is not valid Python: {reason} ({version})")
            raise SubmissionError(f"there is no function {expression.id} in the notebook")
        is_stub = _is_stub(bound[-1].node)
    else:
        is_stub = isinstance(expression, ast.Constant) and expression.value is ...
    return Attempt("\n\n".join(s.source for s in chosen), ast.unparse(expression), is_stub)


def code_cells(document: dict) -> list[str]:
    """Sources of a document's code cells. Format 4 only, which JupyterLab writes; importing nbformat takes seconds."""
    if int(document["nbformat"]) < 4:
        raise SubmissionError("the notebook has an old format; open it in JupyterLab and save it")
    cells = [cell for cell in document["cells"] if cell["cell_type"] == "code"]
    return [source if isinstance(source := cell["source"], str) else "".join(source) for cell in cells]


def _statements(source: str) -> list[Statement]:
    first, _, rest = source.partition("\n")
    if first.startswith("%%"):
        source = rest  # a cell magic such as %%time; of another language's cell the parser complains
    try:
        tree = ast.parse(source)
    except SyntaxError:
        if not re.search(r"^\s*[%!?]|\?\s*$|=\s*[%!]", source, flags=re.MULTILINE):
            raise
        from IPython.core.inputtransformer2 import TransformerManager

        source = re.sub(r"^([ \t]*)%time[ \t]+(?=\S)", r"\1", source, flags=re.MULTILINE)  # what it times is needed
        source = TransformerManager().transform_cell(source)
        tree = ast.parse(source)
    lines = split_lines(source)
    return [
        Statement(node, _source_of(lines, node), frozenset(_bound(node)), frozenset(_global_names(node)))
        for node in tree.body
    ]


def split_lines(source: str) -> list[str]:
    """Lines as Python counts them: ``str.splitlines`` would also cut at form feeds and at Unicode's separators."""
    return re.split(r"\r\n|\r|\n", source)


def _source_of(cell: list[str], node: ast.stmt) -> str:
    """The statement's own text with its decorators, so that error messages show the student's line."""
    start = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
    lines = cell[start - 1 : node.end_lineno]
    return "\n".join(lines) if node.col_offset == 0 and ";" not in "".join(lines) else ast.unparse(node)


def _bound(node: ast.AST) -> Iterator[str]:
    """Names that a statement binds at the top level; what functions bind inside is theirs."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
        return
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield from ((alias.asname or alias.name.split(".")[0]) for alias in node.names)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, ast.ExceptHandler) and node.name:
        yield node.name
    if not isinstance(node, FUNCTIONS):
        for child in ast.iter_child_nodes(node):
            yield from _bound(child)


def _global_names(node: ast.AST) -> set[str]:
    """Names that a statement looks up at the top level: not a function's arguments and local variables."""

    def look(table: symtable.SymbolTable) -> set[str]:
        top = table.get_type() == "module"
        found = {s.get_name() for s in table.get_symbols() if s.is_referenced() and (top or s.is_global())}
        return found.union(*map(look, table.get_children()))

    return look(symtable.symtable(ast.unparse(node), "<statement>", "exec"))


def _last_check(statements: list[Statement], identifier: str) -> tuple[int, ast.expr | None]:
    """Index of the last statement that calls ``check(identifier, ...)``, and the attempt it names."""
    for index in range(len(statements) - 1, -1, -1):
        for node in ast.walk(statements[index].node):
            if not isinstance(node, ast.Call) or len(node.args) < 2:
                continue
            called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            first = node.args[0]
            if called == "check" and isinstance(first, ast.Constant) and first.value == identifier:
                return index, node.args[1]
    return len(statements), None


def _closure(statements: list[Statement], end: int, names: Iterable[str]) -> set[int]:
    """Indices of the statements that ``names`` need, as they stand when statement ``end`` is reached."""
    needed = {index for index, statement in enumerate(statements) if _always(statement.node)}
    queue, seen = list(names), set()
    while queue:
        name = queue.pop()
        if name in seen:
            continue
        seen.add(name)
        for index in _binding(statements, end, name):
            needed.add(index)
            queue += statements[index].uses - seen
    return needed


def _always(node: ast.stmt) -> bool:
    """Star imports bind nobody knows what."""
    return isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)


def _binding(statements: list[Statement], end: int, name: str) -> list[int]:
    """The last statement before ``end`` that binds ``name``, with what changes it afterwards; else one behind."""
    changes: list[int] = []
    for index in range(min(end, len(statements) - 1), -1, -1):
        statement = statements[index]
        if isinstance(statement.node, ast.AugAssign) and name in statement.binds:
            changes.append(index)
        elif name in statement.binds:
            if isinstance(statement.node, COMPOUND):  # perhaps binds it, perhaps not: what was before counts too
                changes.append(index)
                continue
            is_import = isinstance(statement.node, ast.Import | ast.ImportFrom)
            return [index] if is_import else [index, *changes]
        elif _changes(statement.node, name):
            changes.append(index)
    if changes and any(name in statements[index].binds for index in changes):
        return changes
    later = [index for index in range(end + 1, len(statements)) if name in statements[index].binds]
    return later[-1:]


def _changes(node: ast.stmt, name: str) -> bool:
    """``table[3] = 1``, ``point.x = 2``, ``rows.append(4)``: a statement that changes what ``name`` is bound to."""
    targets: list[ast.AST] = []
    if isinstance(node, ast.Assign):
        targets = [target for target in node.targets if not isinstance(target, ast.Name)]
    elif isinstance(node, ast.AugAssign):
        targets = [node.target]
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute):
        targets = [node.value.func]
    for target in targets:
        while isinstance(target, ast.Subscript | ast.Attribute | ast.Starred):
            target = target.value
        if isinstance(target, ast.Name) and target.id == name:
            return True
    return False


def _is_stub(node: ast.stmt) -> bool:
    """A function whose body, docstring aside, is ``return ...``."""
    if not isinstance(node, ast.FunctionDef):
        return False
    body = [s for s in node.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
    if len(body) != 1 or not isinstance(body[0], ast.Return):
        return False
    value = body[0].value
    return isinstance(value, ast.Constant) and value.value is ...
