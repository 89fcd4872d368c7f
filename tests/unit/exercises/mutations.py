"""What mutants.py changes in a function: one place at a time, the slips that students make."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator

Change = Callable[[ast.AST], ast.AST]  # receives a copy of the node, returns it changed or what stands in its place

OPERATORS = {
    ast.Add: [ast.Sub],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Add, ast.Div],
    ast.Div: [ast.Mult, ast.FloorDiv],
    ast.FloorDiv: [ast.Div],
    ast.Pow: [ast.Mult],
    ast.MatMult: [ast.Mult],
    ast.BitAnd: [ast.BitOr],
    ast.BitOr: [ast.BitAnd],
    ast.And: [ast.Or],
    ast.Or: [ast.And],
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
    "floor": ["ceil", "round"],
    "ceil": ["floor", "round"],
    "round": ["floor", "ceil"],
    "zeros": ["ones"],
    "ones": ["zeros"],
    "any": ["all"],
    "all": ["any"],
    "log": ["log2"],
    "log2": ["log"],
    "sqrt": ["square"],
    "cumsum": ["cumprod"],
    "prod": ["sum"],
}
NOT_COMMUTATIVE = (ast.Sub, ast.Div, ast.FloorDiv, ast.Pow, ast.MatMult, ast.Mod)
COMMUTATIVE_CALLS = {"max", "min", "maximum", "minimum", "allclose", "array_equal"}
COPIES = {"copy", "deepcopy"}
UNWRAPPED = {"abs", "absolute", "sqrt", "square", "exp", "log", "log2", "floor", "ceil", "round", "sorted"}
# The last of several equals where the reference takes the first. X is what is searched, A the axis, K the key.
TIES = {
    ("argmax", 1): "np.size(X) - 1 - np.argmax(np.ravel(X)[::-1])",
    ("argmin", 1): "np.size(X) - 1 - np.argmin(np.ravel(X)[::-1])",
    ("argmax", 2): "np.shape(X)[A] - 1 - np.argmax(np.flip(X, A), A)",
    ("argmin", 2): "np.shape(X)[A] - 1 - np.argmin(np.flip(X, A), A)",
    ("argsort", 1): "np.size(X) - 1 - np.argsort(np.asarray(X)[::-1], kind='stable')",
    ("max", "key"): "max(reversed(list(X)), key=K)",
    ("min", "key"): "min(reversed(list(X)), key=K)",
    ("sorted", "key"): "sorted(reversed(list(X)), key=K)",
}


def mutants(function: ast.FunctionDef) -> Iterator[tuple[str, ast.FunctionDef]]:
    """What was changed, as ``the line before => the line after``, and the changed function."""
    nodes = list(ast.walk(function))
    place = {id(node): index for index, node in enumerate(nodes)}
    statement = {}  # of each node the innermost statement around it
    for node in nodes:
        for child in ast.iter_child_nodes(node):
            statement[id(child)] = child if isinstance(child, ast.stmt) else statement.get(id(node), function)
    seen = {ast.unparse(function)}
    measured = {id(part) for node in nodes if isinstance(node, ast.Dict) for part in ast.walk(node) if is_data(node)}
    for index, node in enumerate(nodes[1:], start=1):
        for change in changes(node) if id(node) not in measured else ():
            changed = copy.deepcopy(function)
            copies = list(ast.walk(changed))
            around = copies[place[id(statement[id(node)])]]
            new = change(copies[index])
            replace(changed, copies[index], new)
            whole = ast.unparse(ast.fix_missing_locations(changed))
            if whole not in seen:
                seen.add(whole)
                after = (
                    "nothing" if isinstance(new, ast.Pass) else first_line(new if around is copies[index] else around)
                )
                yield f"{first_line(statement[id(node)])} => {after}", changed


def is_data(node: ast.Dict) -> bool:
    """A dictionary of plain values: what an open experiment measured; other numbers in it would be as right."""
    try:
        return bool(ast.literal_eval(node))
    except ValueError:
        return False


def first_line(node: ast.AST) -> str:
    """A statement as Python writes it; of a loop or a branch its head."""
    return ast.unparse(node).splitlines()[0]


def changes(node: ast.AST) -> Iterator[Change]:
    """All changes of one node."""
    for kinds, more in KINDS:
        if isinstance(node, kinds):
            yield from more(node)


def form(template: str, **parts: ast.AST) -> ast.expr:
    """An expression from its text; names that are keywords here stand for the parts."""

    class Put(ast.NodeTransformer):
        def visit_Name(self, node):
            return copy.deepcopy(parts.get(node.id, node))

    return Put().visit(ast.parse(template, mode="eval").body)


def put(field: str, value: object, at: int | None = None) -> Change:
    """The change that sets a field of a node, or one item of a field that is a list."""

    def change(node):
        if at is None:
            setattr(node, field, value)
        else:
            getattr(node, field)[at] = value
        return node

    return change


def without(field: str, at: int) -> Change:
    """The change that drops an item of a list."""

    def change(node):
        del getattr(node, field)[at]
        return node

    return change


def exchanged(field: str, at: int) -> Change:
    """The change that exchanges an item of a list with the next."""

    def change(node):
        items = getattr(node, field)
        items[at], items[at + 1] = items[at + 1], items[at]
        return node

    return change


def of_operation(node: ast.BinOp) -> Iterator[Change]:
    yield lambda n: n.left
    yield lambda n: n.right
    if isinstance(node.op, NOT_COMMUTATIVE):
        yield lambda n: ast.BinOp(n.right, n.op, n.left)
    if isinstance(node.op, ast.FloorDiv):
        signed = any(isinstance(part, ast.Sub) for part in ast.walk(node.left))  # else int() rounds as // does
        for template in ("-(-A // B)", "round(A / B)", *["int(A / B)"] * signed):
            yield lambda n, t=template: form(t, A=n.left, B=n.right)


def of_sign(node: ast.UnaryOp) -> Iterator[Change]:
    yield lambda n: n.operand
    if ast.unparse(node).startswith("-(-") and isinstance(getattr(node.operand, "op", None), ast.FloorDiv):
        yield lambda n: ast.BinOp(n.operand.left.operand, ast.FloorDiv(), n.operand.right)  # down, not up


def of_operator(node: ast.BinOp | ast.AugAssign | ast.BoolOp) -> Iterator[Change]:
    for other in OPERATORS.get(type(node.op), []):
        yield put("op", other())


def of_comparison(node: ast.Compare) -> Iterator[Change]:
    for at, operator in enumerate(node.ops):
        for other in OPERATORS.get(type(operator), []):
            yield put("ops", other(), at)


def of_condition(node: ast.BoolOp) -> Iterator[Change]:
    for at in range(len(node.values)):
        yield without("values", at) if len(node.values) > 2 else lambda n, at=at: n.values[1 - at]


def of_constant(node: ast.Constant) -> Iterator[Change]:
    if isinstance(node.value, bool):
        yield put("value", not node.value)
    elif isinstance(node.value, int | float):
        yield put("value", node.value + 1)
        yield put("value", node.value - 1)


def of_name(node: ast.Name | ast.Attribute) -> Iterator[Change]:
    field = "attr" if isinstance(node, ast.Attribute) else "id"
    for other in NAMES.get(getattr(node, field), []):
        yield put(field, other)
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield lambda n: n.value
    if isinstance(node, ast.Attribute) and node.attr == "inf":
        yield lambda n: ast.Constant(0.0)


def of_branch(node: ast.If | ast.IfExp) -> Iterator[Change]:
    yield put("test", ast.Constant(True))
    yield put("test", ast.Constant(False))


def of_loop(node: ast.For | ast.comprehension) -> Iterator[Change]:
    if not (isinstance(node.iter, ast.Call) and called(node.iter) == "range"):  # whose bounds are changed anyway
        yield lambda n: put("iter", form("list(X)[1:]", X=n.iter))(n)
        yield lambda n: put("iter", form("list(X)[:-1]", X=n.iter))(n)
    for at in range(len(getattr(node, "ifs", []))):
        yield without("ifs", at)


def of_slice(node: ast.Slice) -> Iterator[Change]:
    for field, default in (("lower", 1), ("upper", -1)):
        if getattr(node, field) is None:
            yield put(field, ast.Constant(default))
            continue
        yield put(field, None)
        for template in ("A + 1", "A - 1"):
            yield lambda n, f=field, t=template: put(f, form(t, A=getattr(n, f)))(n)
    if node.step is not None:
        yield put("step", None)


def of_sequence(node: ast.List | ast.Tuple) -> Iterator[Change]:
    if isinstance(node.ctx, ast.Load):
        for at in range(len(node.elts)):
            yield without("elts", at)
            # (rows, columns) has an order; axis=(1, 3) and x[[a, b]] = 0 have none
            if at and isinstance(node, ast.Tuple) and not all(isinstance(item, ast.Constant) for item in node.elts):
                yield exchanged("elts", at - 1)


def of_line(node: ast.stmt) -> Iterator[Change]:
    yield lambda n: ast.Pass()
    if isinstance(node, ast.AugAssign):
        yield lambda n: ast.Assign([n.target], n.value)


def of_call(node: ast.Call) -> Iterator[Change]:
    name = called(node)
    for at in range(len(node.args) - 1):
        if name not in COMMUTATIVE_CALLS:
            yield exchanged("args", at)
    for at, argument in enumerate(node.args):
        if isinstance(argument, ast.List) and len(argument.elts) == 2:
            yield lambda n, i=at: put("args", exchanged("elts", 0)(n.args[i]), i)(n)
    for at in range(len(node.keywords)):
        yield without("keywords", at)
    for template in ("A + 1", "A - 1"):
        if name == "len":
            yield lambda n, t=template: form(t, A=n)
        for at in range(len(node.args)) if name == "range" else ():
            yield lambda n, i=at, t=template: put("args", form(t, A=n.args[i]), i)(n)
    if name in ("max", "min", "maximum", "minimum") and len(node.args) == 2:
        yield lambda n: n.args[0]
        yield lambda n: n.args[1]
    if name in ("var", "std") and not any(keyword.arg == "ddof" for keyword in node.keywords):
        yield lambda n: put("keywords", [*n.keywords, ast.keyword("ddof", ast.Constant(1))])(n)
    if name in COPIES | UNWRAPPED | {"clip"} and searched(node) is not None:
        yield searched
    yield from of_ties(node, name)


def of_ties(node: ast.Call, name: str) -> Iterator[Change]:
    """The last of equals for the first."""
    keywords = {keyword.arg: keyword.value for keyword in node.keywords}
    positional = node.args if from_module(node) else [node.func, *node.args]
    axis = keywords.get("axis", positional[1] if len(positional) == 2 else None)
    template = TIES.get((name, "key" if "key" in keywords else 2 if axis is not None else 1))
    if template and searched(node) is not None:
        yield lambda n: form(template, X=searched(n), A=axis, K=keywords.get("key"))


def called(node: ast.Call) -> str:
    """The name of what is called: ``sum`` of ``np.sum(x)`` and of ``x.sum()``."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def from_module(node: ast.Call) -> bool:
    """``np.sum(x)`` or ``sum(x)``, not ``x.sum()``."""
    return not isinstance(node.func, ast.Attribute) or getattr(node.func.value, "id", "") in ("np", "math", "copy")


def searched(node: ast.Call) -> ast.expr | None:
    """What a function or method works on."""
    return (node.args[0] if node.args else None) if from_module(node) else node.func.value


KINDS = (
    (ast.BinOp, of_operation),
    (ast.BinOp | ast.AugAssign | ast.BoolOp, of_operator),
    (ast.BoolOp, of_condition),
    (ast.Compare, of_comparison),
    (ast.Constant, of_constant),
    (ast.Attribute | ast.Name, of_name),
    (ast.If | ast.IfExp, of_branch),
    (ast.UnaryOp, of_sign),
    (ast.For | ast.comprehension, of_loop),
    (ast.Slice, of_slice),
    (ast.List | ast.Tuple, of_sequence),
    (ast.Call, of_call),
    (ast.Assign | ast.AugAssign | ast.Break | ast.Continue, of_line),
    (ast.Expr, lambda node: [] if isinstance(node.value, ast.Constant) else of_line(node)),
)


def replace(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    """Put ``new`` where ``old`` is."""
    for parent in list(ast.walk(tree)) if old is not new else ():
        for field, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, field, new)
            elif isinstance(value, list) and any(item is old for item in value):
                value[:] = [new if item is old else item for item in value]
