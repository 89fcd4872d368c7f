"""Run unit tests and notebooks with the lowest versions that ``pyproject.toml`` allows: ``make test-oldest``.

Hosted notebooks bring older packages than the lock, and a lone notebook there installs nothing that is within range.
So the ranges have to be true. uv resolves the lowest direct dependencies (what those need in turn stays new) for the
oldest Python; everything lies in ``.venv-oldest``, and the course's own ``.venv`` is left as it is. Arguments are
passed on to ``tests/run.py``.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from lock import EVERYTHING, for_processors_alone

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv-oldest"
PYTHON = "3.11"
UV = (sys.executable, "-m", "uv")


def lay_out() -> Path:
    """``.venv-oldest`` with the lowest versions; returns its interpreter."""
    python = VENV / "bin" / "python"
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    install = [*UV, "pip", "install", "--python", str(python), "--quiet"]
    subprocess.run([*UV, "venv", "--quiet", "--clear", "--python", PYTHON, str(VENV)], check=True)
    with tempfile.TemporaryDirectory() as folder:
        cpu, override, lowest = (Path(folder) / name for name in ("cpu.in", "override.txt", "lowest.txt"))
        for file, text in zip((cpu, override), for_processors_alone(pyproject)):
            file.write_text(text, "utf-8")
        options = ["--resolution", "lowest-direct", "--python", str(python), "--override", str(override), "--quiet"]
        options += [option for name in EVERYTHING for option in ("--extra", name)]
        command = [*UV, "pip", "compile", "pyproject.toml", str(cpu), *options, "-o", str(lowest)]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        subprocess.run([*install, "-r", str(lowest)], check=True)
    subprocess.run([*install, "--no-deps", "--no-build-isolation", "-e", "."], cwd=ROOT, check=True)
    return python


def main() -> int:
    """Entry point; the exit status is that of the tests."""
    python = lay_out()
    subprocess.run([*UV, "pip", "list", "--python", str(python)], check=True)
    steps = sys.argv[1:] or ["unit", "notebooks"]
    return subprocess.run([str(python), "tests/run.py", *steps], cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main())
