"""Trouble for tests of commands: folders in which things go wrong, disks that are small, and what a command then says.

In this process a hook of Python's makes a folder one that cannot be written, a disk that fills up at the n-th write, or
one whose user presses Ctrl-C at the n-th write (permissions would not stop an administrator). In a namespace of Linux's
own a disk of some kilobytes is mounted.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import runpy
import shutil
import subprocess
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = os.environ | {"PYTHONPATH": str(ROOT)}  # of other processes

# ---------------------------------------------------------------------------------------------------------------------
# A folder in which things go wrong


@dataclass
class Trouble:
    """After so many writes inside ``folder``, ``error`` is raised: at all further ones, or once."""

    folder: str = ""
    error: BaseException | None = None
    after: int = 0
    once: bool = False
    writes: int = 0


_trouble = Trouble()
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def _hook(event: str, arguments: tuple) -> None:
    trouble = _trouble
    if not trouble.folder or event not in ("open", "os.mkdir", "os.rename", "os.truncate"):
        return
    path = arguments[0]
    if not isinstance(path, str | bytes | os.PathLike) or (event == "open" and not (arguments[2] or 0) & WRITES):
        return
    if not os.path.abspath(os.fsdecode(path)).startswith(trouble.folder):
        return
    trouble.writes += 1
    if trouble.writes == trouble.after + 1 or (trouble.writes > trouble.after and not trouble.once):
        if isinstance(trouble.error, OSError):
            raise OSError(trouble.error.errno, os.strerror(trouble.error.errno), os.fsdecode(path))
        raise trouble.error


sys.addaudithook(_hook)


@contextlib.contextmanager
def trouble_in(folder: Path, error: BaseException, after: int = 0):
    global _trouble
    _trouble = Trouble(str(folder), error, after, once=isinstance(error, KeyboardInterrupt))
    try:
        yield _trouble
    finally:
        _trouble = Trouble()


DISK_FULL = OSError(errno.ENOSPC, "")
READ_ONLY = OSError(errno.EROFS, "")
FAULTS = {"disk full": DISK_FULL, "read-only": READ_ONLY, "Ctrl-C": KeyboardInterrupt()}

# ---------------------------------------------------------------------------------------------------------------------
# Running a command


def call(program: str, *arguments: object) -> tuple[int | str, str]:
    """Exit status and standard error; ``"traceback"`` where Python would print one."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2)]
    before = sys.argv
    sys.argv = [program, *map(str, arguments)]
    try:
        with contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # runpy's: the module is imported already
            if program.endswith(".py"):
                runpy.run_path(program, run_name="__main__")
            else:
                runpy.run_module(program, run_name="__main__", alter_sys=True)
            status: int | str = 0
    except SystemExit as ended:
        status = ended.code or 0
        if isinstance(status, str):
            print(status, file=streams[1])
            status = 1
    except BaseException as error:
        status = "traceback"
        print(f"{type(error).__name__}: {error}", file=streams[1])
    finally:
        sys.argv = before
    printed, said = (stream.buffer.getvalue().decode() for stream in streams)
    return status, said or "\n".join(re.findall("^- (.*)", printed, re.MULTILINE))  # `make data` reports in its table


def assert_one_sentence(status: int | str, said: str) -> None:
    assert isinstance(status, int) and status != 0, (status, said)
    lines = [line for line in said.splitlines() if line.strip() and not line.startswith(("usage:", " "))]
    assert len(lines) == 1 and len(lines[0].split()) > 0, said
    assert "Errno" not in said and "Traceback" not in said, said


def contents(folder: Path) -> dict[str, bytes]:
    """Every file but locks."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not (path.name.startswith(".") and path.suffix in (".lock", ".append"))
    }


# ---------------------------------------------------------------------------------------------------------------------
# A real disk that is full or read-only


def has_namespaces() -> bool:
    if not sys.platform.startswith("linux") or not shutil.which("unshare"):
        return False
    return subprocess.run([*IN_NAMESPACE, "true"], capture_output=True).returncode == 0


IN_NAMESPACE = ("unshare", "--map-root-user", "--mount")
REAL = pytest.mark.skipif(not has_namespaces(), reason="no Linux namespaces here, so no disk of a test's own")
# Small as it is, the disk holds what a command had written before, but not what it writes now.
SMALL = """
set -e
mount -t tmpfs -o size={size}k,mode=755 tmpfs {disk}
cp -R {kept}/. {disk}
if [ {state} = ro ]; then mount -o remount,ro {disk}; fi
set +e
{command}
echo status $?
cp -R {disk}/. {after}
"""


def on_a_real_disk(tmp_path: Path, state: str, size: int, kept: dict[str, bytes], code: str) -> tuple[int, str, dict]:
    """Run Python code whose ``DISK`` is a small disk; exit status, standard error, and what is on the disk after it."""
    places = {name: tmp_path / name for name in ("disk", "kept", "after")}
    for place in places.values():
        place.mkdir()
    for name, content in kept.items():
        (places["kept"] / name).parent.mkdir(parents=True, exist_ok=True)
        (places["kept"] / name).write_bytes(content)
    script = tmp_path / "on_a_disk.py"
    script.write_text(f"from pathlib import Path\nDISK = Path({str(places['disk'])!r})\n{code}\n")
    command = f"'{sys.executable}' '{script}'"
    text = SMALL.format(size=size, state=state, command=command, **places)
    done = subprocess.run(
        [*IN_NAMESPACE, "sh", "-c", text],
        capture_output=True,
        text=True,
        env=SETTINGS | {"TMPDIR": str(tmp_path)},
    )
    assert "status" in done.stdout, done.stderr
    return int(done.stdout.rsplit("status", 1)[1]), done.stderr, contents(places["after"])
