"""The cache: files that were fetched, each with a sidecar that says where it came from and what it should hold."""

from __future__ import annotations

import contextlib
import functools
import glob
import json
import os
from pathlib import Path
from typing import Any

from utils import runtime
from utils.checkpoints import write_atomically
from utils.datasets.archives import SIDECAR
from utils.datasets.registry import Entry, Outcome, find_entry


def cache_folder() -> Path:
    """Folder of the cache: ``COURSE_DATA`` (relative paths count from the repository's root), else mldata/.

    Where the course is an installed package, its own folder is left alone: the default is the user's cache then.
    """
    if not os.environ.get("COURSE_DATA") and not runtime.is_checkout():
        import pooch

        return Path(pooch.os_cache("from-lego-to-go"))
    return runtime.repo_root() / (os.environ.get("COURSE_DATA") or "mldata")


def origin(name: str) -> str:
    """Where the copy in the cache once came from: ``"mirror"``, ``"official"``, ``"by hand"``; empty if there is none.

    Mirrors may carry other editions than the official ones, so state this beside a result.
    """
    path = cache_folder() / find_entry(name).name
    return _read_sidecar(path).get("source", "") if path.exists() else ""


def shipped(entry: Entry) -> Path | None:
    path = runtime.repo_root() / "mldata" / entry.shipped
    return path if entry.shipped and path.is_file() else None


def cached(entry: Entry, outcome: Outcome) -> Path | None:
    """The cached file if it is what its sidecar says, or, brought by hand, what the registry says."""
    path = cache_folder() / entry.name
    if not path.is_file():
        return None
    try:
        recorded = _read_sidecar(path).get("sha256")
        if recorded is not None and matches(path, f"sha256:{recorded}"):
            return path
        if entry.known_hash and matches(path, entry.known_hash):
            _adopt(path, "official", entry.addresses[0] if entry.addresses else "")
            return path
        if recorded is None and not entry.known_hash and (path.stat().st_size == entry.size or not entry.fixed_size):
            _adopt(path, "by hand", "")
            return path
    except OSError as error:
        outcome.problems.append(f"{path} cannot be read ({error.strerror}); check its permissions.")
        return None
    what = "is damaged" if recorded is not None else "is not the official file"
    outcome.problems.append(f"{path} {what} (its checksum is another); delete it if it is not replaced now.")
    outcome.failed = True
    return None


def _adopt(path: Path, how: str, address: str) -> None:
    """A file put here by hand gets its sidecar; a folder that cannot be written does no harm."""
    with contextlib.suppress(OSError):
        _write_sidecar(path, how, address)


def matches(path: Path, known_hash: str) -> bool:
    algorithm, _, wanted = known_hash.partition(":")
    return _digest(path, algorithm) == wanted.lower()


def _digest(path: Path, algorithm: str) -> str:
    """Hash of a file, remembered for as long as its size and time stay."""
    state = path.stat()
    return _digest_of(path, algorithm, state.st_size, state.st_mtime_ns)


@functools.lru_cache(maxsize=256)
def _digest_of(path: Path, algorithm: str, size: int, changed: int) -> str:
    import pooch

    return pooch.file_hash(str(path), alg=algorithm)


def _sidecar(path: Path) -> Path:
    return path.with_name(path.name + SIDECAR)


def _read_sidecar(path: Path) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError):
        content = json.loads(_sidecar(path).read_text(encoding="utf-8"))
        if isinstance(content, dict):
            return content
    return {}


def _write_sidecar(path: Path, how: str, address: str) -> None:
    """Record where a file came from. Addresses of a mirror are not kept: they may name a private server or folder."""
    content = {"name": path.name, "source": how, "address": address, "size": path.stat().st_size}
    content["sha256"] = _digest(path, "sha256")
    text = json.dumps(content, indent=1) + "\n"
    write_atomically(_sidecar(path), lambda file: file.write(text.encode()))


def part_of(target: Path, wanted: str) -> Path:
    """Temporary name of a download: the same for the same content, so that a killed one can be continued.

    Parts of other editions are leftovers of killed processes, and go. (The caller holds the file's lock.)
    """
    part = target.with_name(f"{target.name}.{wanted[:12]}.part")
    with contextlib.suppress(OSError):
        for leftover in target.parent.glob(f"{glob.escape(target.name)}.*.part"):
            if leftover != part:
                leftover.unlink(missing_ok=True)
    return part


def move_in(part: Path, target: Path, how: str, address: str) -> None:
    """Give a verified file its name. The old sidecar goes first: it must never vouch for another file."""
    try:
        _sidecar(target).unlink(missing_ok=True)
        with open(part, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(part, target)
        _write_sidecar(target, how, address)
    except OSError:
        part.unlink(missing_ok=True)  # room that a full disk needs
        raise
