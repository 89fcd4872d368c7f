"""Resolve ``requirements.lock`` (all platforms, with hashes) and ``environment.yml`` from ``pyproject.toml``.

environment.yml names the same direct packages at the locked versions, so conda, Binder and ``make`` agree (tested).
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
CONDA_PYTHON = "3.12"
HEADER = """\
# Written by `make lock` from pyproject.toml and requirements.lock; for conda and Binder.
# conda env create -f environment.yml && conda activate from-lego-to-go && jupyter lab notebooks
"""


def locked_requirements(text: str) -> list[Requirement]:
    """The pinned requirements of a lock file, markers included, hashes left out."""
    lines = re.findall(r"^([A-Za-z0-9][^\\\n]*?)\s*\\?$", text, flags=re.MULTILINE)
    return [Requirement(line) for line in lines if not line.startswith("#")]


def versions_for(lock: str, environment: dict[str, str]) -> dict[str, str]:
    """Package name to version, for the Python and platform described by PEP 508 marker variables."""
    chosen = [r for r in locked_requirements(lock) if r.marker is None or r.marker.evaluate(environment)]
    return {canonicalize_name(r.name): str(r.specifier).removeprefix("==") for r in chosen}


def conda_environment(pyproject: dict, lock: str) -> str:
    """Text of environment.yml."""
    marker = {"python_version": CONDA_PYTHON, "python_full_version": f"{CONDA_PYTHON}.0", "sys_platform": "linux"}
    versions = versions_for(lock, marker)
    lines = []
    for text in pyproject["project"]["dependencies"]:
        requirement = Requirement(text)
        extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
        lines.append(f"      - {requirement.name}{extras}=={versions[canonicalize_name(requirement.name)]}")
    head = f"name: {pyproject['project']['name']}\nchannels:\n  - conda-forge\ndependencies:\n"
    python = f"  - python={CONDA_PYTHON}\n  - pip\n  - pip:\n"
    return HEADER + head + python + "\n".join(lines) + "\n      - -e .\n"


def main() -> None:
    more = "Options such as --upgrade or --upgrade-package NAME are passed on to `uv pip compile`."
    _, passed_on = argparse.ArgumentParser(description=__doc__.splitlines()[0], epilog=more).parse_known_args()
    command = "pip compile pyproject.toml --universal -p 3.11 --generate-hashes --all-extras --no-emit-index-url"
    options = ["--no-header", "--no-annotate", "--quiet", "-o", "requirements.lock", *passed_on]
    subprocess.run([sys.executable, "-m", "uv", *command.split(), *options], cwd=ROOT, check=True)
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    text = conda_environment(pyproject, (ROOT / "requirements.lock").read_text())
    (ROOT / "environment.yml").write_text(text)
    print("Wrote requirements.lock and environment.yml; upgrade with `python .ci/lock.py --upgrade`.")


if __name__ == "__main__":
    main()
