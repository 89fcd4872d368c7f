"""For every training: files that are whole at every moment, in one format for checkpoints and shipped networks.

A checkpoint is one ``.npz`` file: named arrays plus a small JSON object. It appears under its name only when it is
whole, so a kill at any moment leaves the previous one intact. Nothing is pickled. A list of arrays is stored under one
letter and its places (``w0``, ``w1``, ...): ``w`` a network's weights, ``o`` its optimiser's variables, other letters
whatever else a training carries along. A network that ships has a sidecar ``NAME.json`` beside it: where it comes from.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from filelock import FileLock

META_KEY = "__meta__"
# What every sidecar says: the network, how it was trained (a command that repeats it), on what, how long, where, when.
SIDECAR = ("what", "command", "data", "seed", "seconds", "hardware", "commit", "date")
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
    path, temporary = Path(path), None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)  # mkstemp makes it readable by its owner alone
        os.replace(temporary, path)
    except BaseException as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        text = f"Could not write {path} ({error.strerror}); free some disk space or check permissions"
        raise OSError(error.errno, text) from error
    return path


def append_line(path: str | Path, line: str) -> None:
    """Add a line to a text file, made if need be; all of it or, where the disk is full, nothing.

    Raises:
        OSError: as :func:`write_atomically`.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f".{path.name}.append")), open(path, "ab", buffering=0) as file:
            before, rest = file.tell(), memoryview(line.encode("utf-8") + b"\n")
            try:  # without a buffer, or what did not fit would be written when the file is closed
                while rest:
                    rest = rest[file.write(rest) :]
            except OSError:
                os.truncate(path, before)
                raise
    except OSError as error:
        text = f"Could not write {path} ({error.strerror}); free some disk space or check permissions"
        raise OSError(error.errno, text) from error


def save_checkpoint(
    path: str | Path, arrays: dict[str, np.ndarray], meta: dict[str, Any] | None = None, compress: bool = False
) -> Path:
    """Write named arrays and a JSON-serialisable ``meta`` atomically to ``path`` (``.npz``).

    Args:
        compress: smaller and slower; for what ships.

    Raises:
        ValueError: an array has dtype object (it would need pickle), or uses the reserved name ``__meta__``.
    """
    arrays = {name: np.asarray(array) for name, array in arrays.items()}
    for name, array in arrays.items():
        if array.dtype == object or name == META_KEY:
            raise ValueError(f"Array {name!r} cannot be stored: dtype object or a reserved name.")
    text = np.frombuffer(json.dumps(meta or {}).encode(), dtype=np.uint8)
    write = np.savez_compressed if compress else np.savez
    return write_atomically(path, lambda file: write(file, **arrays, **{META_KEY: text}))


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
        raise ValueError(f"{path} is no readable checkpoint ({error}); take another or move it away.") from error
    return arrays, meta


# ---------------------------------------------------------------------------------------------------------------------
# Networks and their optimisers


def numbered(letter: str, arrays: Iterable[Any]) -> dict[str, np.ndarray]:
    """A list of arrays (or variables) under names: ``numbered("w", [a, b])`` is ``{"w0": a, "w1": b}``."""
    return {f"{letter}{place}": np.asarray(array) for place, array in enumerate(arrays)}


def group(arrays: dict[str, np.ndarray], letter: str) -> list[np.ndarray]:
    """The list that :func:`numbered` stored under ``letter``, in its order; empty if there is none."""
    places = sorted(int(name[len(letter) :]) for name in arrays if re.fullmatch(rf"{letter}\d+", name))
    return [arrays[f"{letter}{place}"] for place in places]


def state_of(model: Any, weights: str = "w", optimizer: str = "o") -> dict[str, np.ndarray]:
    """Weights and optimiser variables of a compiled Keras model, for a checkpoint, under these two letters."""
    return numbered(weights, model.get_weights()) | numbered(optimizer, model.optimizer.variables)


def restore(model: Any, arrays: dict[str, np.ndarray], weights: str = "w", optimizer: str = "o") -> None:
    """Put back into a compiled Keras model what :func:`state_of` took.

    Raises:
        ValueError: the arrays belong to another network or optimiser.
    """
    state = group(arrays, optimizer)
    model.optimizer.build(model.trainable_variables)
    variables = model.optimizer.variables
    if [v.shape for v in variables] != [v.shape for v in state]:
        raise ValueError(f"The checkpoint's optimiser has {len(state)} variables, this one {len(variables)} others.")
    model.set_weights(group(arrays, weights))
    for variable, value in zip(variables, state):
        variable.assign(value)


def save_network(
    path: str | Path, weights: Iterable[np.ndarray], meta: dict[str, Any], sidecar: dict[str, Any] | None = None
) -> Path:
    """Write a network that ships: its weights in half precision, and beside it where they come from.

    Args:
        path: ``NAME.npz``; the sidecar becomes ``NAME.json``.
        weights: as ``model.get_weights()`` returns; three digits are plenty to compare actions or name a class.
        meta: what must be known to build the network again.
        sidecar: see :data:`SIDECAR`; None writes none.

    Raises:
        ValueError: the sidecar lacks one of the fields.
    """
    missing = [field for field in SIDECAR if sidecar is not None and field not in sidecar]
    if missing:
        raise ValueError(f"The sidecar of {path} lacks {', '.join(missing)}.")
    arrays = numbered("w", (np.asarray(weight, np.float16) for weight in weights))
    path = save_checkpoint(path, arrays, meta, compress=True)
    if sidecar is not None:
        text = json.dumps(sidecar, indent=1, ensure_ascii=False) + "\n"
        write_atomically(path.with_suffix(".json"), lambda file: file.write(text.encode("utf-8")))
    return path


def load_network(path: str | Path) -> tuple[list[np.ndarray], dict[str, Any]]:
    """Weights (float32) and ``meta`` of what :func:`save_network` wrote; errors as :func:`load_checkpoint`."""
    arrays, meta = load_checkpoint(path)
    return [array.astype(np.float32) for array in group(arrays, "w")], meta
