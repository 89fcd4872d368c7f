"""Take the notebooks out of a zip that a student or a learning platform packed, without trusting it.

Only notebooks and zips inside come out; pictures and data stay packed. A member that would climb out of the folder, a
link, a password, or absurdly much to unpack: the zip is refused with a sentence, and nothing of it is kept.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import struct
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

from utils.datasets.archives import DAMAGE, parts_inside
from utils.grading.submission import LARGEST_NOTEBOOK

MEGABYTE = 2**20
MOST_NOTEBOOKS = 2000  # in one zip: a large class with all its lessons
MOST_MEMBERS = 100_000
LEAST_BYTES, MOST_BYTES = 256 * MEGABYTE, 4096 * MEGABYTE  # of what comes out, by the size of the outermost zip
DEEPEST = 4  # zips inside zips
ZIPS, NOTEBOOKS, PERHAPS = (".zip",), (".ipynb", ".ipynb.txt", ".ipynb.json"), (".txt", ".json")
# What no student made: copies of Jupyter's, of a Mac's packer, of Python's and Windows's.
PACKED = ("__MACOSX", "__pycache__", "Thumbs.db", "desktop.ini")
BAD_NAMES = {errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ, errno.ENOTDIR, errno.EISDIR, errno.EEXIST}


class Refused(Exception):
    """A zip is not opened; the text says why in a sentence without its end."""


@dataclass
class Budget:
    """What one entry of the submissions may unpack to, zips inside it included."""

    bytes: int
    notebooks: int

    @classmethod
    def of(cls, archive: Path) -> Budget:
        return cls(min(MOST_BYTES, max(LEAST_BYTES, 20 * archive.stat().st_size)), MOST_NOTEBOOKS)


def hidden(name: str) -> bool:
    """Whether a file's or folder's name is one that no student gave."""
    return name.startswith(".") or name in PACKED


def unpack(archive: Path, folder: Path, budget: Budget) -> list[str]:
    """Unpack the notebooks and zips of ``archive`` into a new folder.

    Returns:
        The names of what was left packed.

    Raises:
        Refused: damaged or hostile.
        OSError: the disk is full.
    """
    folder.mkdir(parents=True)
    try:
        if archive.stat().st_size == 0:
            raise Refused("is empty")
        with zipfile.ZipFile(archive) as file:
            return _take(file, folder, budget)
    except Refused:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    except (*DAMAGE, ValueError, struct.error, OverflowError, LookupError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise Refused(f"cannot be opened: {' '.join(str(error).split())[:100] or type(error).__name__}") from error
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _take(file: zipfile.ZipFile, folder: Path, budget: Budget) -> list[str]:
    """Check every member first, then write what is wanted, counting the bytes that really come out."""
    members, left = file.infolist(), []
    if len(members) > MOST_MEMBERS:
        raise Refused(f"is absurdly large: more than {MOST_MEMBERS:,} files")
    wanted: list[tuple[zipfile.ZipInfo, tuple[str, ...]]] = []
    for info in members:
        name = _name(info)
        parts = parts_inside(name)
        if parts is None:
            raise Refused(f"is not opened: its member {name[:80]!r} would be written outside the folder")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise Refused(f"is not opened: its member {name[:80]!r} is a link")
        if info.is_dir() or any(map(hidden, parts)):
            continue
        if not name.lower().endswith((*ZIPS, *NOTEBOOKS, *PERHAPS)):
            left.append(parts[-1])
            continue
        if info.flag_bits & 1:
            raise Refused("is not opened: it has a password")
        wanted.append((info, parts))
    budget.notebooks -= len(wanted)
    if budget.notebooks < 0:
        raise Refused(f"is absurdly large: more than {MOST_NOTEBOOKS:,} notebooks")
    for info, parts in wanted:
        _write(file, info, folder.joinpath(*parts), budget)
    return left


def _write(file: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path, budget: Budget) -> None:
    """One member, with its time. Of a notebook that is too large to be read a byte more than may be is enough."""
    limit = budget.bytes if target.suffix.lower() in ZIPS else LARGEST_NOTEBOOK + 1
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with file.open(info) as source, target.open("xb") as sink:
            while block := source.read(min(MEGABYTE, limit)):
                limit -= len(block)
                budget.bytes -= len(block)
                if budget.bytes < 0:
                    raise Refused("is absurdly large: it unpacks to more than a class could write")
                sink.write(block)
    except OSError as error:
        if error.errno not in BAD_NAMES:
            raise
        raise Refused(f"is not opened: the name {info.filename[:40]!r} of a member cannot be used here") from error
    with contextlib.suppress(ValueError, OverflowError, OSError):  # a time that no calendar has
        moment = time.mktime((*info.date_time, 0, 0, -1))
        os.utime(target, (moment, moment))


def _name(info: zipfile.ZipInfo) -> str:
    """A member's name; some packers write UTF-8 without saying so, which reads as characters of the old PC's."""
    if not info.flag_bits & 0x800:
        with contextlib.suppress(UnicodeError):
            return info.filename.encode("cp437").decode("utf-8")
    return info.filename
