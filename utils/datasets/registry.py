"""The list of all data files, mldata/registry.toml, and what became of each of them."""

from __future__ import annotations

import functools
import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from utils import runtime
from utils.datasets.archives import DataError


@dataclass(frozen=True)
class Entry:
    """One file of mldata/registry.toml, whose header explains the fields."""

    name: str
    title: str
    size: int
    licence: str
    citation: str
    mirror: str
    stand_in: str
    addresses: tuple[str, ...] = ()
    notebooks: tuple[str, ...] = ()
    sha256: str = ""
    md5: str = ""
    fixed_size: bool = False
    large: bool = False
    shipped: str = ""
    keras: str = ""
    top: bool = False

    @property
    def known_hash(self) -> str:
        """``"sha256:..."`` or ``"md5:..."`` of the official file, empty where none is published."""
        return f"sha256:{self.sha256}" if self.sha256 else f"md5:{self.md5}" if self.md5 else ""


@dataclass
class Outcome:
    """What became of one file: where it is, how it came, and what went wrong on the way."""

    path: Path | None = None
    source: str = "stand-in"
    problems: list[str] = field(default_factory=list)
    failed: bool = False  # something answered wrongly, as opposed to nothing answering


def registry_path() -> Path:
    """``mldata/registry.toml``, or the file ``COURSE_REGISTRY`` names (for tests)."""
    return Path(os.environ.get("COURSE_REGISTRY") or runtime.repo_root() / "mldata" / "registry.toml")


def registry() -> dict[str, Entry]:
    """All entries by name.

    Raises:
        DataError: the registry is missing or malformed.
    """
    return _read_registry(registry_path())


@functools.lru_cache(maxsize=8)
def _read_registry(path: Path) -> dict[str, Entry]:
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8"))["file"]
        entries = [Entry(**{k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}) for row in rows]
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise DataError(f"{path} cannot be read ({error}); restore it with git.") from error
    return {entry.name: entry for entry in entries}


def find_entry(name: str) -> Entry:
    entries = registry()
    if name not in entries:
        raise KeyError(f"No data file {name!r} in {registry_path().name}; it lists {', '.join(sorted(entries))}.")
    return entries[name]


def megabytes(size: int) -> str:
    """A file's size for people, e.g. ``59 MB``."""
    return f"{size / 1e6:,.0f} MB" if size >= 1e6 else f"{size / 1e3:,.0f} kB"
