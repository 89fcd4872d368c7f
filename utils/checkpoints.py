"""Atomic save and resume for trainings that take hours (lessons 09 to 11).

A checkpoint is one ``.npz`` file: named arrays plus a small JSON object. It appears under its name only when it is whole,
so a kill at any moment leaves the previous one intact. Nothing is pickled.
"""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

META_KEY = "__meta__"


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
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is no readable checkpoint ({error}); delete it and resume from another.") from error
    return arrays, meta
