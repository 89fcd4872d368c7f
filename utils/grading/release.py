"""``make release OUT=folder``: the student's version of the course, without solutions and outputs.

What goes in is listed here, so that a new file of the repository is not handed out by accident. Notebooks lose their
outputs and the sentences that point at solutions; the Makefile loses the maintainers' tasks. Tests and the history stay
behind, since both hold right answers.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from utils import runtime

FILES = (
    *("README.md", "STUDENTS.md", "CHANGELOG.md", "CITATION.cff", "LICENSE", "LICENSE-TEXT"),
    *("Makefile", "pyproject.toml", "requirements.lock", "environment.yml", ".gitignore"),
)
FOLDERS = ("utils", "mldata", "lectures")
# Whole files of a folder that stay behind: what grades and releases is the instructor's.
LEFT_OUT = ("utils/grading/release.py",)
MAINTAINERS = "# ---- for maintainers"
# `%load -s name solutions/08_q_learning.py`, with or without a comment sign
HINT = r"(?:\s*Stuck after an honest attempt\?)?\s*Each exercise\s+names\s+the line that loads our solution[^.\n]*\."
LOAD = r"`(?:# )?%load -s \w+ solutions/\w+\.py`"


def released_files(root: Path) -> Iterator[Path]:
    """Files to hand out, relative to ``root``; of the folders what git knows (all of it outside git)."""
    known = _tracked(root)
    for name in FILES:
        if (root / name).is_file():
            yield Path(name)
    for path in sorted((root / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        yield path.relative_to(root)
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            name = path.relative_to(root)
            kept = "__pycache__" not in name.parts and name.as_posix() not in LEFT_OUT
            if kept and path.is_file() and (known is None or name.as_posix() in known):
                yield name


def _tracked(root: Path) -> set[str] | None:
    command = ["git", "-C", str(root), "ls-files", "-z"]
    try:
        found = subprocess.run(command, capture_output=True, timeout=60, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    return set(found.decode().split("\0")) or None


def release(root: Path, out: Path) -> int:
    """Write the student's version into ``out``; returns the number of files.

    Raises:
        FileExistsError: ``out`` is there and not empty.
        ValueError: a notebook would give a solution away.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FileExistsError(f"{out} is there already; name an empty or a new folder: OUT=folder.")
    names = list(released_files(root))
    for name in names:
        target = out / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if name.suffix == ".ipynb":
            target.write_text(student_notebook((root / name).read_text(encoding="utf-8"), str(name)), encoding="utf-8")
        elif name.name in ("Makefile", "README.md"):
            text = (root / name).read_text(encoding="utf-8")
            target.write_text({"Makefile": student_makefile, "README.md": student_readme}[name.name](text), "utf-8")
        else:
            shutil.copyfile(root / name, target)
    return len(names)


def student_notebook(text: str, name: str = "notebook") -> str:
    """A notebook without outputs, counts, hashes of sources, and ways to the solutions.

    Raises:
        ValueError: an exercise's cell holds more than its stub, or a solution is still mentioned.
    """
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        cell["metadata"] = {key: value for key, value in cell["metadata"].items() if key in ("tags", "slideshow")}
        if cell["cell_type"] == "markdown":
            source = without_solutions(source)
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
            if re.search(r'\bcheck\("\d\d\.\d', source) and not re.search(r"^ +return \.\.\.$", source, re.MULTILINE):
                raise ValueError(f"{name}: an exercise's cell holds more than its stub:\n{source}")
        if "solutions/" in source:
            raise ValueError(f"{name} still tells where a solution is:\n{source}")
        cell["source"] = source.splitlines(keepends=True)
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def without_solutions(text: str) -> str:
    """Markdown without the sentences, brackets and lines that tell how to load a solution."""
    text = re.sub(HINT, "", text)
    text = re.sub(rf"\s*\((?:Solution: )?{LOAD}\)", "", text)
    text = re.sub(rf"\s*Solution: {LOAD}\.?", "", text)
    text = re.sub(rf"\n*^{LOAD}$", "", text, flags=re.MULTILINE)
    return re.sub(rf"[^.!?\n]*(?:\n[^.!?\n]+)*\n?{LOAD}[^.!?\n]*(?:\.|$)", "", text, flags=re.MULTILINE)


def student_makefile(text: str) -> str:
    """The Makefile down to the maintainers' tasks."""
    if MAINTAINERS not in text:
        raise ValueError(f"The Makefile has no line that begins with {MAINTAINERS!r} any more.")
    return text.split(MAINTAINERS, 1)[0].replace("make lab, make test.", "make lab, make progress.")


def student_readme(text: str) -> str:
    """README without what a student's copy does not have."""
    text = re.sub(r";\s+solutions are in `notebooks/solutions/`", "", text)
    text = re.sub(r"\nmake test [^\n]*", "\nmake progress # shows which of your exercises pass", text)
    text = re.sub(r"\n## How it is kept working\n.*?(?=\n## )", "", text, flags=re.DOTALL)
    text = re.sub(r"\s+Classroom\s+without\s+network[^.]*: \[INSTRUCTORS\.md\]\(\S+\)\.", "", text)
    # Links to what stays behind become plain text.
    return re.sub(r"\[([^\]]+)\]\((?:tests/|INSTRUCTORS\.md|CONTRIBUTING\.md)[^)]*\)", r"\1", text)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Write the student's version of the course into a new folder.")
    parser.add_argument("out", nargs="?", help="new or empty folder")
    out = parser.parse_args(arguments).out
    if not out:
        print("Name a new folder for the student's version: make release OUT=folder", file=sys.stderr)
        return 2
    try:
        count = release(runtime.repo_root(), Path(out))
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"The student's version, {count} files, is in {out}. Zip it, or push it to the class's repository.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
