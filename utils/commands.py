"""For every command of the course: what can go wrong on any computer ends it with one sentence and an exit status.

A wrong path, a full disk, a folder that cannot be written, a package that is missing, Ctrl-C or a kill, a second
process at the same file: none of them is worth a traceback. Each command ends with::

    if __name__ == "__main__":
        raise SystemExit(commands.run(main, DataError))

The classes named there are those whose text is the sentence; a mistake of ours keeps its traceback. Used by no lesson.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import re
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

INTERRUPTED = 130  # as shells count it
GOES_ON = "Interrupted. What was saved is kept: the same command goes on from there."
DISK_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
NOT_ALLOWED = {errno.EACCES, errno.EPERM, errno.EROFS}
WRONG_PATH = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.EEXIST, errno.ENOTEMPTY}


class Busy(RuntimeError):
    """Another process writes what this one wanted to write; the text says which file, and what to do."""


def run(main: Callable[[], Any], *told: type[BaseException], interrupted: str = "Interrupted.") -> int:
    """Call a command's ``main`` and return its exit status.

    Args:
        main: returns the exit status, or anything else for 0.
        told: exceptions whose text is a sentence for whoever called the command.
        interrupted: what Ctrl-C (or a kill) leaves, and how to go on.
    """
    with _a_kill_is_an_interruption():
        try:
            status = main()
            sys.stdout.flush()  # here, since at Python's own end nobody would catch a full disk
            return status if isinstance(status, int) else 0
        except KeyboardInterrupt:
            _say(f"\n{interrupted}")
            return INTERRUPTED
        except BrokenPipeError:  # whoever read our output (`| head`) has enough
            _nobody_reads()
            return 1
        except Exception as error:
            text = str(error) if isinstance(error, told) else sentence(error)
            if text is None:
                raise
            _say(text)
            with contextlib.suppress(OSError):
                sys.stdout.flush()
                return 1
            _nobody_reads()
            return 1


def sentence(error: BaseException) -> str | None:
    """What happened, for a person; None where only a traceback helps."""
    if isinstance(error, Busy):
        return str(error)
    if isinstance(error, ModuleNotFoundError) and (error.name or "utils").split(".")[0] != "utils":
        return f"The package {error.name} is not installed here; `make doctor` says what is missing."
    if isinstance(error, MemoryError):
        return "There is not enough memory; close other programs, or set COURSE_BUDGET=smoke."
    if not isinstance(error, OSError):
        return None
    if error.errno is None or error.strerror is None or error.filename is None:
        return error.strerror or str(error)  # raised with a sentence of its own, or none to be had
    place = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes | os.PathLike) else error.filename
    if error.errno in DISK_FULL:
        return f"The disk is full: {place} could not be written; free some space and call this again."
    if error.errno in NOT_ALLOWED:
        return f"{place} cannot be used here ({error.strerror}); name another place, or check its permissions."
    if error.errno in WRONG_PATH:
        return f"{place} is not what is needed here ({error.strerror}); check the path."
    return f"{place}: {error.strerror}."


# ---------------------------------------------------------------------------------------------------------------------
# Before hours of work


def check_writable(path: str | Path) -> None:
    """Try whether a file could be written at ``path``, before the work whose result it is to hold. Leaves nothing.

    Raises:
        OSError: not there, or not now; the text names the path and the remedy.
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, f"{path} is a folder; name a file to write.")
    folder = path.parent
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"\0" * 4096)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        text = f"{path} cannot be written ({error.strerror}); free some space, check permissions or name another place."
        raise OSError(error.errno, text) from error


def lock_of(path: str | Path) -> Path:
    """The file by which :func:`alone` holds ``path``; it stays."""
    return Path(path).with_name(f".{Path(path).name}.lock")


@contextlib.contextmanager
def alone(path: str | Path) -> Iterator[None]:
    """Keep others from writing ``path`` (a file or a folder) meanwhile, by a lock file beside it.

    Raises:
        Busy: another process is at it.
        OSError: as :func:`check_writable`.
    """
    from filelock import FileLock, Timeout

    path, lock = Path(path), lock_of(path)
    check_writable(lock)
    path.parent.mkdir(parents=True, exist_ok=True)
    held = FileLock(lock)
    try:
        held.acquire(timeout=0)
    except Timeout as error:
        raise Busy(f"Another process is writing {path}; wait for it, end it, or name another place.") from error
    try:
        yield
    finally:
        held.release()


def share(text: str) -> tuple[int, int]:
    """``2/8``, the third of eight shares, as a type for argparse."""
    found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text)
    if not found or int(found[1]) >= int(found[2]):
        raise argparse.ArgumentTypeError(f"{text!r} is no share such as 0/8, 1/8, ..., 7/8")
    return int(found[1]), int(found[2])


# ---------------------------------------------------------------------------------------------------------------------
# Signals, and what goes wrong before a command begins


@contextlib.contextmanager
def _a_kill_is_an_interruption() -> Iterator[None]:
    """A kill and a closed terminal clean up as Ctrl-C does."""
    kinds = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    if threading.current_thread() is not threading.main_thread():
        kinds = []
    before = {kind: signal.getsignal(kind) for kind in kinds}
    try:
        for kind in kinds:
            if before[kind] == signal.SIG_DFL:  # nohup's wish stands
                signal.signal(kind, _interrupt)
        yield
    finally:
        for kind in kinds:
            if signal.getsignal(kind) is _interrupt:
                signal.signal(kind, before[kind])


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def watch_loading() -> None:
    """Say in a sentence, too, what happens while a command's imports still run (Keras takes seconds)."""
    sys.excepthook = _hook


def _hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    text = "\nInterrupted." if issubclass(kind, KeyboardInterrupt) else None
    if issubclass(kind, ModuleNotFoundError):
        text = sentence(error)
    if text is None:
        sys.__excepthook__(kind, error, trace)
    else:
        _say(text)


def _say(text: str) -> None:
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def _nobody_reads() -> None:
    """Or Python would complain at its end that it cannot flush."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
