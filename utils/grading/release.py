"""``make release OUT=folder``: the student's version of the course, without solutions and outputs.

What goes in is listed here, so that a new file of the repository is not handed out by accident. Notebooks lose their
outputs and the cells tagged ``solution-hint``, README what it marks as not for students, the Makefile the maintainers'
tasks. Tests and the history stay behind, since both hold right answers.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import nbformat
from nbconvert.preprocessors import ClearMetadataPreprocessor, ClearOutputPreprocessor, TagRemovePreprocessor

from utils import commands, runtime

FILES = (
    *("README.md", "STUDENTS.md", "CHANGELOG.md", "CITATION.cff", "LICENSE", "LICENSE-TEXT"),
    *("Makefile", "pyproject.toml", "environment.yml", ".gitignore"),
    *(".ci/environment.py", ".ci/lab-settings.json", "notebooks/index.md"),
    *("locks/uv.txt", "locks/lessons.txt", "locks/lessons-gpu.txt", "locks/slides.txt"),
)
FOLDERS = ("utils", "mldata", "lectures", "site")
# Whole files of a folder that stay behind: what grades and releases is the instructor's.
LEFT_OUT = ("utils/grading/release.py",)
MAINTAINERS = "# ---- for maintainers"
STUDENT_VERSION = (
    TagRemovePreprocessor(remove_cell_tags={"solution-hint"}, enabled=True),
    ClearOutputPreprocessor(enabled=True),
    ClearMetadataPreprocessor(
        preserve_cell_metadata_mask={"tags", "slideshow"}, clear_notebook_metadata=False, enabled=True
    ),
)


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
    except (OSError, subprocess.SubprocessError) as error:
        if (root / ".git").exists():  # without git's list, downloads and builds would be handed out too
            said = (getattr(error, "stderr", None) or b"").decode(errors="replace").strip().splitlines()
            text = "git is needed to tell the course's files from others, and does not run here"
            raise ValueError(": ".join([text, *said[-1:]]) + ".") from error
        return None
    return set(found.decode().split("\0")) or None


def release(root: Path, out: Path) -> int:
    """Write the student's version into ``out``; returns the number of files.

    Raises:
        FileExistsError: ``out`` is there and not empty.
        ValueError: a notebook would give a solution away, or git is missing.
    """
    _must_be_new(out)
    names = list(released_files(root))
    out.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".part", dir=out.parent))
    try:  # under its name only when it is whole
        _write(root, names, part)
        part.chmod(0o755)  # mkdtemp makes it readable by its owner alone
        _must_be_new(out)  # still
        if out.exists():
            out.rmdir()
        part.rename(out)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return len(names)


def _must_be_new(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FileExistsError(f"{out} is there already; name an empty or a new folder: OUT=folder.")


def _write(root: Path, names: list[Path], folder: Path) -> None:
    for name in names:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if name.suffix == ".ipynb":
            target.write_text(student_notebook((root / name).read_text(encoding="utf-8"), str(name)), encoding="utf-8")
        elif name.name in ("Makefile", "README.md"):
            text = (root / name).read_text(encoding="utf-8")
            target.write_text({"Makefile": student_makefile, "README.md": student_readme}[name.name](text), "utf-8")
        else:
            shutil.copyfile(root / name, target)


def student_notebook(text: str, name: str = "notebook") -> str:
    """A notebook without outputs, counts, hashes of sources, and cells tagged ``solution-hint``.

    Raises:
        ValueError: a cell tagged ``exercise`` holds more than its stub.
    """
    notebook = nbformat.reads(text, as_version=4)
    for step in STUDENT_VERSION:
        notebook, _ = step(notebook, {})
    for cell in notebook.cells:
        exercise = cell.cell_type == "code" and "exercise" in cell.metadata.get("tags", ())
        if exercise and not re.search(r"^ +return \.\.\.$", cell.source, re.MULTILINE):
            raise ValueError(f"{name}: an exercise's cell holds more than its stub:\n{cell.source}")
    return nbformat.writes(notebook) + "\n"


def student_makefile(text: str) -> str:
    """The Makefile down to the maintainers' tasks, whose names ``make`` then no longer knows."""
    if MAINTAINERS not in text:
        raise ValueError(f"The Makefile has no line that begins with {MAINTAINERS!r} any more.")
    kept = text.split(MAINTAINERS, 1)[0].replace("make lab, make test.", "make lab, make progress.")
    tasks = set(re.findall(r"^([a-z-]+):", kept, re.MULTILINE))
    return re.sub(
        r"(?m)^(\.PHONY:)(.*)$", lambda found: " ".join([found[1], *filter(tasks.__contains__, found[2].split())]), kept
    )


def student_readme(text: str) -> str:
    """README without what stands between ``<!-- not for students -->`` and ``<!-- end -->``."""
    return re.sub(r"<!-- not for students -->\n.*?<!-- end -->\n\n?", "", text, flags=re.DOTALL)


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
        print(commands.sentence(error) or error, file=sys.stderr)
        return 2
    print(f"The student's version, {count} files, is in {out}. Zip it, or push it to the class's repository.")
    return 0


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
