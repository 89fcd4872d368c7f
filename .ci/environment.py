"""Set up ``.venv``: ``python .ci/environment.py lessons`` (``slides``, ``hub``, ``everything``), which ``make`` calls.

Runs under any Python from 3.9 on, with nothing but the standard library. uv, fetched by pip into ``.uv`` and checked
by its hash, brings a Python that fits, if there is none, and the packages of the lock; where uv cannot be had, pip does
it, slower and without a Python of its own. What the network or the machine refuses is said with its remedy.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV, UV_HOME = ROOT / ".venv", ROOT / ".uv"
SETS = {
    "lessons": (),
    "slides": ("slides",),
    "hub": ("hub",),
    "everything": ("everything",),
}  # what each adds to the lessons' packages
FITTING = ((3, 11), (3, 13))
WANTED = ">=3.11,<3.14"
ELSEWHERE = "The lessons also run on Colab, Binder and a JupyterHub (README, Where to sit)."


class Failed(Exception):
    """A step did not work; the text says which, why, and what to do."""


def python_in(folder: Path) -> Path:
    """The interpreter of a virtual environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def version_of(python: str | Path) -> tuple[int, int] | None:
    """(3, 12) for an interpreter that starts, None for one that does not."""
    code = "import sys; print(*sys.version_info[:2])"
    try:
        found = subprocess.run([str(python), "-c", code], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return None
    return tuple(map(int, found.stdout.split())) if found.returncode == 0 else None


def fits(version: tuple[int, int] | None) -> bool:
    """Is it one of the Pythons that the lock is for?"""
    return version is not None and FITTING[0] <= version <= FITTING[1]


def obstacle(system: str, machine: str, bits: int, libc: str) -> str | None:
    """Why TensorFlow has no package for this machine, and what works there instead; None if it has one."""
    if bits < 64:
        return f"This Python is a 32-bit program, and TensorFlow has none for those. Install a 64-bit one. {ELSEWHERE}"
    if system == "Darwin" and machine == "x86_64":
        return f"TensorFlow has had no package for Macs with Intel processors since 2.17. {ELSEWHERE}"
    if system == "Linux" and libc != "glibc":
        return f"TensorFlow's packages need glibc, which this Linux (Alpine or the like) does not have. {ELSEWHERE}"
    if machine not in ("x86_64", "AMD64", "aarch64", "arm64", "ARM64"):
        return f"TensorFlow has no package for processors of the kind {machine}. {ELSEWHERE}"
    return None


def run(command: list, quiet: bool = False, **environment: str) -> subprocess.CompletedProcess:
    """Run a command, its progress shown; ``quiet`` keeps what it prints."""
    options = {"capture_output": True, "text": True} if quiet else {}
    return subprocess.run([str(part) for part in command], cwd=ROOT, env=os.environ | environment, **options)


# ---------------------------------------------------------------------------------------------------------------------
# The installer


def uv() -> Path | None:
    """The locked uv from ``.uv``, fetched if need be; None if it cannot be had."""
    name = "uv.exe" if os.name == "nt" else "uv"
    program, lock = UV_HOME / "bin" / name, ROOT / "locks" / "uv.txt"
    stamp = UV_HOME / "lock.txt"
    if program.exists() and stamp.exists() and stamp.read_bytes() == lock.read_bytes():
        return program
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade"]
    shutil.rmtree(UV_HOME, ignore_errors=True)
    if run([*command, "--require-hashes", "--target", UV_HOME, "-r", lock], quiet=True).returncode != 0:
        # A Python without pip, as Debian has it: its own virtual environment may bring one.
        helper = UV_HOME / "pip"
        if run([sys.executable, "-m", "venv", helper], quiet=True).returncode != 0:
            return None
        command[0] = python_in(helper)
        if run([*command, "--require-hashes", "--target", UV_HOME, "-r", lock], quiet=True).returncode != 0:
            return None
    if not program.exists():
        return None
    shutil.copyfile(lock, stamp)
    return program


def uv_environment() -> dict[str, str]:
    """What uv does not read by itself: the index, the wheels and the certificates that pip was told of.

    What it fetches waits in ``.uv/cache``, so that an installation that broke off goes on, until all is there.
    """
    told = {} if os.environ.get("UV_CACHE_DIR") else {"UV_CACHE_DIR": str(UV_HOME / "cache")}
    for pip_name, uv_name in (("PIP_INDEX_URL", "UV_DEFAULT_INDEX"), ("PIP_EXTRA_INDEX_URL", "UV_INDEX")):
        if os.environ.get(pip_name) and not os.environ.get(uv_name):
            told[uv_name] = os.environ[pip_name]
    if os.environ.get("PIP_NO_INDEX") and os.environ.get("PIP_FIND_LINKS"):  # a folder of wheels, in a classroom
        told |= {"UV_NO_INDEX": "1", "UV_FIND_LINKS": os.environ["PIP_FIND_LINKS"]}
    if os.environ.get("PIP_CERT") and not os.environ.get("SSL_CERT_FILE"):
        told["SSL_CERT_FILE"] = os.environ["PIP_CERT"]
    return told


# ---------------------------------------------------------------------------------------------------------------------
# The steps


def create_with_uv(program: Path) -> None:
    """A virtual environment with a Python that fits: one of this machine, else one that uv fetches."""
    command = [program, "venv", "--clear", "--python", WANTED, VENV]
    made = run(command, quiet=True, **uv_environment())
    if made.returncode != 0:
        raise Failed(
            f"Step 1 of 3 failed: no Python 3.11, 3.12 or 3.13 is here (this is {sys.version.split()[0]}), and none "
            f"could be fetched: {last_line(made.stderr)}\nInstall one, or name it: make PYTHON=/path/to/python3.12"
        )


def create_with_pip() -> None:
    """A virtual environment from this very Python."""
    if not fits(sys.version_info[:2]):
        raise Failed(
            f"Step 1 of 3 failed: this is Python {sys.version.split()[0]}, and uv, which would fetch another, is not "
            f"to be had.\nInstall Python 3.11, 3.12 or 3.13, or name it: make PYTHON=/path/to/python3.12"
        )
    made = run([sys.executable, "-m", "venv", "--clear", VENV], quiet=True)
    if made.returncode != 0:
        shutil.rmtree(VENV, ignore_errors=True)
        raise Failed(
            f"Step 1 of 3 failed: {sys.executable} cannot create an environment: {last_line(made.stderr + made.stdout)}"
            "\nOn Debian or Ubuntu: apt install python3-venv. Else check free disk space."
        )


def last_line(text: str) -> str:
    """The last line that says something."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "no message")


def installer(program: Path | None) -> list:
    """The command that installs into ``.venv``."""
    if program is not None:  # with its bars where somebody watches
        return [program, "pip", "install", "--python", python_in(VENV), *([] if sys.stderr.isatty() else ["--quiet"])]
    return [python_in(VENV), "-m", "pip", "install", "--disable-pip-version-check"]


def install(program: Path | None, added: tuple[str, ...], gpu: bool) -> None:
    """The packages of the locks, then the course itself."""
    locks = ["lessons-gpu" if gpu else "lessons", *added]
    drop_other_tensorflow(program, gpu)
    for name in locks:
        lock = ROOT / "locks" / f"{name}.txt"
        done = run([*installer(program), "--require-hashes", "-r", lock], **uv_environment())
        if done.returncode != 0:
            raise Failed(
                f"Step 2 of 3 failed: the packages of locks/{name}.txt could not be installed (message above).\n"
                "Check the network and 3 GB of free disk, then call make again; what has been fetched is kept."
            )
    options = ["--no-deps", "--no-build-isolation", "-e", "."]
    if run([*installer(program), *options], **uv_environment()).returncode != 0:
        raise Failed("Step 3 of 3 failed: the course's own package could not be installed (message above).")
    for headers in VENV.glob("lib/python*/site-packages/tensorflow/include"):
        shutil.rmtree(headers)  # 290 MB for whoever compiles operations of their own
    shutil.rmtree(UV_HOME, ignore_errors=True)  # it has done its work; what it was fetched for is in .venv


def drop_other_tensorflow(program: Path | None, gpu: bool) -> None:
    """TensorFlow's two builds fill one folder: the one that is there goes before the other comes."""
    if gpu:
        unwanted = "tensorflow-cpu"
    elif (platform.system(), platform.machine()) == ("Linux", "x86_64"):
        unwanted = "tensorflow"
    else:
        return
    if program:
        run([program, "pip", "uninstall", "--python", python_in(VENV), unwanted], quiet=True)
    else:
        run([python_in(VENV), "-m", "pip", "uninstall", "--yes", unwanted], quiet=True)


def main(arguments: list[str]) -> int:
    """Entry point; 0 if the environment is there."""
    name, *others = arguments
    gpu = "--gpu" in others
    reason = obstacle(platform.system(), platform.machine(), 64 if sys.maxsize > 2**32 else 32, platform.libc_ver()[0])
    try:
        if reason:
            raise Failed(reason)
        program = uv()
        if program is None:
            print("uv could not be fetched; pip does it, which takes some minutes longer.", flush=True)
        if not fits(version_of(python_in(VENV))):
            print("Step 1 of 3: a Python environment in .venv", flush=True)
            create_with_uv(program) if program else create_with_pip()
        print(f"Step 2 of 3: the packages ({', '.join(['lessons', *SETS[name]])})", flush=True)
        install(program, SETS[name], gpu)
    except Failed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
