"""For every training: files that are whole at every moment, arrays with notes beside them, and locks.

A checkpoint is one ``.npz`` file: named arrays plus a small JSON object. It appears under its name only when it is
whole, so a kill at any moment leaves the previous one intact. Nothing is pickled. The lock that the ledger and the data
store share is here as well.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

META_KEY = "__meta__"
# What NumPy and zipfile raise for damaged files; AttributeError and TypeError come from a plain .npy.
DAMAGE = (*(ValueError, KeyError, OSError, EOFError, AttributeError, TypeError), zipfile.BadZipFile, zlib.error)


def remove_parts(*paths: Path) -> None:
    """Remove what killed processes left of writing these files; nobody may be writing them now."""
    for path in paths:
        for part in path.parent.glob(f".{path.name}.*.part"):
            part.unlink(missing_ok=True)


def write_atomically(path: str | Path, write: Callable[[BinaryIO], Any]) -> Path:
    """Call ``write(file)`` on a temporary file beside ``path``, then rename it; on failure nothing is left behind.

    Raises:
        OSError: the disk is full or the folder cannot be written; the message names the path.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)  # mkstemp makes it readable by its owner alone
        os.replace(temporary, path)
    except OSError as error:
        Path(temporary).unlink(missing_ok=True)
        raise OSError(
            error.errno,
            f"Could not write {path} ({error.strerror}); free some disk space or check permissions",
        ) from error
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path


@contextlib.contextmanager
def file_lock(path: str | Path, patience: float = 30.0, on_wait: Callable[[], Any] | None = None) -> Iterator[None]:
    """Hold ``path`` as a lock: one process (and one thread) at a time.

    The operating system holds the lock, not the file's existence, so a killed process never leaves one behind.

    Args:
        path: the lock file; made where missing, removed at the end.
        patience: seconds to wait for whoever holds it.
        on_wait: called once if the lock is taken.

    Raises:
        TimeoutError: somebody held the lock all the time.
        OSError: the folder cannot be written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + patience
    while (handle := _open_locked(path)) is None:
        if on_wait is not None:
            on_wait()
            on_wait = None
        if time.monotonic() > deadline:
            raise TimeoutError(f"Another process has held {path} for {patience:.0f} s; wait for it, or end it.")
        time.sleep(0.05)
    try:
        yield
    finally:
        # Removed while still held, so nobody can lock a file that is about to vanish (see _open_locked). Windows does
        # not remove open files: there the empty file stays, which does no harm.
        with contextlib.suppress(OSError):
            path.unlink()
        os.close(handle)


def _open_locked(path: Path) -> int | None:
    """Descriptor of the locked file, or None if somebody else holds it."""
    try:
        handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
    except PermissionError:
        if os.name == "nt" and path.exists():  # another process is removing it
            return None
        raise
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK):
            os.close(handle)
            return None
        return handle  # a file system without locks, as some network drives are: go on without
    # The former holder may have removed the file between our open and our lock: then we hold a file nobody else sees.
    try:
        same = os.path.samestat(os.stat(path), os.fstat(handle))
    except OSError:
        same = False
    if not same:
        os.close(handle)
        return None
    return handle


def save_checkpoint(path: str | Path, arrays: dict[str, np.ndarray], meta: dict[str, Any] | None = None) -> Path:
    """Write named arrays and a JSON-serialisable ``meta`` atomically to ``path`` (``.npz``).

    Raises:
        ValueError: an array has dtype object (it would need pickle), or uses the reserved name ``__meta__``.
    """
    arrays = {name: np.asarray(array) for name, array in arrays.items()}
    for name, array in arrays.items():
        if array.dtype == object or name == META_KEY:
            raise ValueError(f"Array {name!r} cannot be stored: dtype object or a reserved name.")
    text = np.frombuffer(json.dumps(meta or {}).encode(), dtype=np.uint8)
    return write_atomically(path, lambda file: np.savez(file, **arrays, **{META_KEY: text}))


def load_checkpoint(path: str | Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read what :func:`save_checkpoint` wrote.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is damaged or no checkpoint.
    """
    path = Path(path)
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
            meta = json.loads(arrays.pop(META_KEY).tobytes().decode())
    except FileNotFoundError:
        raise FileNotFoundError(f"No checkpoint at {path}; start the training without resuming.") from None
    except DAMAGE as error:
        raise ValueError(f"{path} is no readable checkpoint ({error}); delete it and resume from another.") from error
    return arrays, meta
