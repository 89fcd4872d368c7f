"""Resolve the files of ``locks/`` (all platforms, with hashes) and ``environment.yml`` from ``pyproject.toml``.

``lessons.txt`` is what a student needs, with TensorFlow's build for processors alone where there is one, which is half
as large. ``lessons-gpu.txt`` is the same with TensorFlow and CUDA's libraries. ``slides.txt``,
``hub.txt`` and ``everything.txt`` hold what is added for the decks, for a JupyterHub's container, and for tests and
maintenance; they name no TensorFlow, so that they fit on both.
``uv.txt`` is the installer. environment.yml names the direct packages at the locked versions, so that conda, Binder and
``make`` agree (tested).
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ROOT / "locks"
CONDA_PYTHON = "3.12"
HAS_CPU_BUILD = "sys_platform == 'linux' and platform_machine == 'x86_64'"
HAS_NONE = "sys_platform != 'linux' or platform_machine != 'x86_64'"
EVERYTHING = ("cluster", "dev", "hub", "jax", "lectures")  # groups for tests and maintenance
TENSORFLOWS = ("tensorflow", "tensorflow-cpu")
SMALL = "imageio-ffmpeg<0.7"  # from 0.7 on the program in it is twice as large
HEADER = """\
# Written by `make lock` from pyproject.toml and locks/lessons.txt; for conda and Binder.
# conda env create -f environment.yml && conda activate from-lego-to-go
# pip install --no-deps -e . && jupyter lab notebooks
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
    """Text of environment.yml: the direct packages as ``lock`` has them on Linux."""
    marker = {"python_version": CONDA_PYTHON, "python_full_version": f"{CONDA_PYTHON}.0", "sys_platform": "linux"}
    versions = versions_for(lock, marker | {"platform_machine": "x86_64"})
    lines = []
    for text in pyproject["project"]["dependencies"]:
        requirement = Requirement(text)
        extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
        if requirement.name == "tensorflow":
            version = versions["tensorflow-cpu"]
            lines += [f"tensorflow-cpu=={version}; {HAS_CPU_BUILD}", f"tensorflow=={version}; {HAS_NONE}"]
        else:
            lines.append(f"{requirement.name}{extras}=={versions[canonicalize_name(requirement.name)]}")
    head = f"name: {pyproject['project']['name']}\nchannels:\n  - conda-forge\ndependencies:\n"
    listed = "".join(f'      - "{line}"\n' if ";" in line else f"      - {line}\n" for line in lines)
    # Without its dependencies, which stand above: it would ask for `tensorflow` beside `tensorflow-cpu`.
    return f"{HEADER}{head}  - python={CONDA_PYTHON}\n  - pip\n  - pip:\n{listed}"


def for_processors_alone(pyproject: dict) -> tuple[str, str]:
    """TensorFlow's small build as a requirement, in the course's range, and the override that drops the other one."""
    [tensorflow] = [text for text in pyproject["project"]["dependencies"] if text.startswith("tensorflow")]
    return f"{tensorflow.replace('tensorflow', 'tensorflow-cpu')}; {HAS_CPU_BUILD}", f"{tensorflow}; {HAS_NONE}\n"


def compile_lock(name: str, inputs: list[str], *options: str) -> None:
    """Resolve one lock; ``inputs`` are files or requirements."""
    with tempfile.TemporaryDirectory() as folder:
        files = [text for text in inputs if (ROOT / text).is_file()]
        others = [text for text in inputs if text not in files]
        if others:
            files.append(f"{folder}/others.in")
            Path(files[-1]).write_text("\n".join(others) + "\n")
        command = [sys.executable, "-m", "uv", "pip", "compile", *files, "--universal", "-p", "3.11"]
        command += ["--generate-hashes", "--no-emit-index-url", "--no-header", "--no-annotate", "--quiet"]
        subprocess.run([*command, "-o", f"locks/{name}.txt", *options], cwd=ROOT, check=True)


def main() -> None:
    more = "Options such as --upgrade or --upgrade-package NAME are passed on to `uv pip compile`."
    _, passed_on = argparse.ArgumentParser(description=__doc__.splitlines()[0], epilog=more).parse_known_args()
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    compile_lock("uv", pyproject["tool"]["course"]["installer"], *passed_on)
    tools = [*pyproject["build-system"]["requires"], "pip"]  # to install the course itself, and for students' %pip
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as override:
        cpu, instead = for_processors_alone(pyproject)
        override.write(instead)
        override.flush()
        compile_lock("lessons", ["pyproject.toml", cpu, SMALL, *tools], "--override", override.name, *passed_on)
    same = ["--constraint", "locks/lessons.txt", *passed_on]
    compile_lock("lessons-gpu", ["pyproject.toml", *tools], "--extra", "gpu", *same)
    without = [option for name in TENSORFLOWS for option in ("--no-emit-package", name)]
    compile_lock("slides", ["pyproject.toml"], "--extra", "lectures", *without, *same)
    compile_lock("hub", ["pyproject.toml"], "--extra", "hub", *without, *same)
    extras = [option for name in EVERYTHING for option in ("--extra", name)]
    compile_lock("everything", ["pyproject.toml"], *extras, *without, *same)
    text = conda_environment(pyproject, (LOCKS / "lessons.txt").read_text())
    (ROOT / "environment.yml").write_text(text)
    print("Wrote locks/ and environment.yml; upgrade with `python .ci/lock.py --upgrade`.")


if __name__ == "__main__":
    main()
