"""The API of utils/ by room, from its docstrings: read as text, so that no framework is loaded to build a page.

What numba compiles is a function here as well, which autodoc would not see.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

from sphinx.ext.napoleon import Config, GoogleDocstring

ROOT = Path(__file__).resolve().parents[1]
UTILS = ROOT / "utils"
SETTINGS = Config(napoleon_use_param=False, napoleon_use_rtype=False, napoleon_use_ivar=True)


def rooms() -> dict[str, list[Path]]:
    """Name of each room to its modules; what stands alone comes first, as ``single``."""
    single = [path for path in sorted(UTILS.glob("*.py")) if path.name != "__init__.py"]
    folders = sorted(path for path in UTILS.iterdir() if (path / "__init__.py").exists())
    return {"single": single} | {folder.name: sorted(folder.glob("*.py")) for folder in folders}


def text_of(docstring: str, indent: str) -> str:
    """A docstring in Google's form as reStructuredText."""
    plain = re.sub(r":(?:func|class|mod|data|meth|attr):`~?\.?([^`]+)`", r"``\1``", docstring)
    plain = re.sub(r"\((?=\*\w)", r"(\\", plain)  # a star that stands for itself
    plain = re.sub(r"(?m)^([^-\s].*)\n(?=- )", r"\1\n\n", plain)  # a list begins after an empty line
    plain = "\n\n".join(map(_code, plain.split("\n\n")))
    lines = str(GoogleDocstring(plain, SETTINGS)).splitlines()
    return "\n".join(indent + line if line.strip() else "" for line in lines)


def _code(paragraph: str) -> str:
    """A paragraph as it is; one of code, which has a line set in by more than others, as a block of its own."""
    lines = paragraph.splitlines()
    code = len(lines) > 1 and not lines[0].startswith((" ", "-")) and re.search(r"[=(].*\n.*:\n {4}", paragraph)
    return "::\n\n" + "\n".join("    " + line for line in lines) if code else paragraph


def signature(node: ast.FunctionDef | ast.AsyncFunctionDef, method: bool) -> str:
    """Name, arguments and what it returns, as the source has them."""
    arguments = ast.unparse(node.args)
    if method:
        arguments = re.sub(r"^(?:self|cls)(?:, )?", "", arguments)
    returned = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{node.name}({arguments}){returned}"


def described(node: ast.AST, prefix: str = "", indent: str = "") -> list[str]:
    """Public functions and classes of a module or a class that have a docstring."""
    blocks = []
    for child in node.body:
        kind = type(child).__name__
        if kind not in ("FunctionDef", "AsyncFunctionDef", "ClassDef"):
            continue
        docstring = ast.get_docstring(child)
        if child.name.startswith("_") or not docstring:
            continue
        method = isinstance(node, ast.ClassDef)
        role = "class" if kind == "ClassDef" else "method" if method else "function"
        called = child.name if kind == "ClassDef" else signature(child, method)
        options = f"\n{indent}   :no-index:" if prefix else ""
        block = f"{indent}.. py:{role}:: {called}{options}\n\n{text_of(docstring, indent + '   ')}\n"
        blocks.append(block)
        if kind == "ClassDef":
            blocks += described(child, f"{prefix}{child.name}.", indent + "   ")
    return blocks


def module_page(path: Path) -> str:
    """One module: what it is for, then what is public in it. Empty if nothing is."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    blocks = described(tree)
    docstring = ast.get_docstring(tree) or ""
    if not blocks and not docstring:
        return ""
    title = f"``{name}``"
    head = f"{title}\n{'-' * len(title)}\n\n.. py:module:: {name}\n\n{text_of(docstring, '')}\n"
    return "\n".join([head, *blocks])


def write(folder: Path) -> None:
    """A page a room and a list of them."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = []
    for room, paths in rooms().items():
        title = "utils" if room == "single" else f"utils.{room}"
        body = "\n\n".join(filter(None, map(module_page, paths)))
        (folder / f"{room}.rst").write_text(f"{title}\n{'=' * len(title)}\n\n{body}\n", encoding="utf-8")
        entries.append(f"   {room}")
    intro = "The package that notebooks, decks and tests import, room by room; what each says of itself in the source."
    toctree = "\n".join([".. toctree::", "   :maxdepth: 1", "", *entries])
    (folder / "index.rst").write_text(f"The package\n===========\n\n{intro}\n\n{toctree}\n", encoding="utf-8")
