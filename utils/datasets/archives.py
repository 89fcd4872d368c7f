"""Unpack zip, tar and gz files that came from somewhere else, without trusting them.

Everything is unpacked into a temporary folder and renamed at the end: a truncated, damaged or hostile archive gives an
error that names it and the remedy, and leaves nothing half-written. Used by the loaders of lessons 01, 04 and 07.
"""

from __future__ import annotations

import contextlib
import errno
import gzip
import io
import json
import lzma
import os
import re
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from filelock import FileLock, Timeout

MIB = 1 << 20
GIB = 1 << 30
MOST_FILES = 200_000
MARK = ".unpacked-from"
SIDECAR = ".source.json"  # beside a file of the store: where it came from, as JSON
DISK_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
NOT_WRITABLE = {errno.EACCES, errno.EPERM, errno.EROFS}
# What the standard library's readers raise for damaged input.
DAMAGE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError)


class DataError(RuntimeError):
    """A data file cannot be had or used; the message says which, where, and what to do."""


class _Member(NamedTuple):
    name: str
    size: int  # as declared, bytes
    open: Callable[[], IO[bytes]]


def extract(archive: str | Path, folder: str | Path | None = None, largest: int | None = None) -> Path:
    """Unpack a zip, tar (also .gz, .bz2, .xz) or single .gz file and return the folder with its files.

    The folder appears under its name only when it is complete. If it is there already and was unpacked from this very
    file, nothing is done.

    Args:
        archive: the file.
        folder: where to; default: beside the archive, under its name without the ending.
        largest: most bytes to unpack in all; default 100 times the archive's size, at least 64 MiB, at most 8 GiB.

    Raises:
        DataError: the archive is truncated, damaged or encrypted; a path climbs out of the folder; it holds links or
            devices; it is absurdly large; the disk is full; the folder cannot be written.
    """
    archive = Path(archive)
    folder = Path(folder) if folder else archive.with_name(re.sub(r"(\.tar)?\.[A-Za-z0-9]+$", "", archive.name))
    if folder == archive:
        raise DataError(f"{archive} has no ending such as .zip, so it is unclear where to unpack it; pass folder=.")
    try:
        state = archive.stat()
    except OSError as error:
        raise DataError(f"{archive} cannot be read ({error.strerror}); run `make data` to fetch it.") from error
    print_of_archive = f"{archive.name} {state.st_size} {state.st_mtime_ns}"
    if _read(folder / MARK) == print_of_archive:
        return folder
    if largest is None:
        largest = min(8 * GIB, max(64 * MIB, 100 * state.st_size))
    with _clear_errors(archive, folder), FileLock(folder.with_name(f".{folder.name}.lock"), timeout=3600):
        if _read(folder / MARK) == print_of_archive:  # another process was faster
            return folder
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".part", dir=folder.parent))
        try:
            _unpack(archive, temporary, largest)
            (temporary / MARK).write_text(print_of_archive, encoding="utf-8")
            temporary.chmod(0o755)
            _put_in_place(temporary, folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return folder


def _read(path: Path) -> str:
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return path.read_text(encoding="utf-8")
    return ""


def _put_in_place(temporary: Path, folder: Path) -> None:
    """Rename the finished folder; what lay there before (another edition, or half of one) goes away."""
    if folder.exists():
        if not (folder / MARK).exists() and any(folder.iterdir()):
            raise DataError(f"{folder} is in the way: it holds files that were not unpacked here; move it elsewhere.")
        old = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".part", dir=folder.parent))
        os.replace(folder, old / "old")
        os.replace(temporary, folder)
        shutil.rmtree(old, ignore_errors=True)
    else:
        os.replace(temporary, folder)


@contextlib.contextmanager
def _clear_errors(archive: Path, folder: Path) -> Iterator[None]:
    """Turn what the operating system and the readers raise into one sentence with a remedy."""
    try:
        yield
    except DAMAGE as error:
        if isinstance(error, DataError):
            raise
        raise _damaged(archive, str(error) or type(error).__name__) from error
    except Timeout as error:
        raise DataError(f"Another process has been unpacking {archive} for an hour; wait for it, or end it.") from error
    except OSError as error:
        if error.errno in DISK_FULL:
            raise DataError(
                f"The disk is full: {archive.name} could not be unpacked to {folder}; free space, or set COURSE_DATA "
                f"to a folder on a larger disk."
            ) from error
        if error.errno in NOT_WRITABLE:
            raise DataError(
                f"{folder.parent} cannot be written, so {archive.name} was not unpacked; set COURSE_DATA to a folder "
                f"that you can write."
            ) from error
        raise _damaged(archive, str(error)) from error


def _damaged(archive: Path, what: str) -> DataError:
    """Nobody is told to delete what the store did not fetch."""
    remedy = "Copy it once more; `make data` fetches what the course offers"
    with contextlib.suppress(ValueError, AttributeError):
        if json.loads(_read(archive.with_name(archive.name + SIDECAR))).get("source") in ("mirror", "official"):
            remedy = "Delete it and run `make data` to fetch it again"
    return DataError(f"{archive} cannot be unpacked: {what}. {remedy}.")


def _unpack(archive: Path, folder: Path, largest: int) -> None:
    """Check every member's name, kind and size first, then write them, counting the bytes that really come out."""
    with _open_members(archive) as members:
        total = 0
        for count, member in enumerate(members, 1):
            _target(archive, folder, member.name)
            total += member.size
            if total > largest or count > MOST_FILES:
                raise _damaged(archive, f"it claims to hold more than {largest / MIB:,.0f} MiB or {MOST_FILES:,} files")
        if total > shutil.disk_usage(folder).free:
            raise OSError(errno.ENOSPC, "No space left on device")
        left = largest
        for member in members:
            target = _target(archive, folder, member.name)
            target.parent.mkdir(parents=True, exist_ok=True)
            with member.open() as source, open(target, "xb") as sink:
                while block := source.read(MIB):
                    left -= len(block)
                    if left < 0:  # a header may lie
                        raise _damaged(archive, f"it unpacks to more than {largest / MIB:,.0f} MiB")
                    sink.write(block)


def parts_inside(name: str) -> tuple[str, ...] | None:
    """A member's name as folders and file; None if it would leave its folder on any system."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    bad = not parts or name.startswith(("/", "\\")) or ".." in parts or "\0" in name
    return None if bad or any(":" in part for part in parts) else parts


def _target(archive: Path, folder: Path, name: str) -> Path:
    """Where a member goes; refuses names that leave the folder on any system."""
    parts = parts_inside(name)
    if parts is None:
        raise _damaged(archive, f"its member {name!r} would be written outside the folder")
    if parts == (MARK,):
        raise _damaged(archive, f"its member {name!r} has a reserved name")
    return folder.joinpath(*parts)


@contextlib.contextmanager
def _open_members(archive: Path) -> Iterator[list[_Member]]:
    """The files in an archive of whatever kind (folders are made as needed)."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as file:
            yield [_zip_member(archive, file, info) for info in file.infolist() if not info.is_dir()]
    elif archive.name.lower().endswith(".gz") and not archive.name.lower().endswith(".tar.gz"):
        name = archive.name[: -len(".gz")]
        yield [_Member(name, 0, lambda: gzip.open(archive, "rb"))]  # noqa: SIM115
    elif archive.name.lower().endswith(".zip"):
        raise _damaged(archive, "it is no zip file, or its end is missing")
    else:
        with tarfile.open(archive) as file:
            yield [_tar_member(archive, file, info) for info in file.getmembers() if not info.isdir()]


def _zip_member(archive: Path, file: zipfile.ZipFile, info: zipfile.ZipInfo) -> _Member:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise _damaged(archive, f"its member {info.filename!r} is a link or a device")
    if info.flag_bits & 1:
        raise _damaged(archive, f"its member {info.filename!r} is encrypted")
    return _Member(info.filename, info.file_size, lambda: file.open(info))


def _tar_member(archive: Path, file: tarfile.TarFile, info: tarfile.TarInfo) -> _Member:
    if not info.isreg():
        raise _damaged(archive, f"its member {info.name!r} is a link or a device")
    return _Member(info.name, info.size, lambda: file.extractfile(info))


class _Limited(io.RawIOBase):
    """A member's bytes as they come, and an error once there are more than ``left``: a header may lie."""

    def __init__(self, file: IO[bytes], left: int, too_large: DataError):
        super().__init__()
        self._file, self._left, self._too_large = file, left, too_large

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        block = self._file.read(len(buffer))
        self._left -= len(block)
        if self._left < 0:
            raise self._too_large
        buffer[: len(block)] = block
        return len(block)


@contextlib.contextmanager
def open_member(archive: str | Path, name: str, largest: int = 8 * GIB) -> Iterator[IO[bytes] | None]:
    """The file called ``name`` in whatever folder of a zip or tar, to be read in pieces; None if there is none.

    Raises:
        DataError: the archive is truncated, damaged or hostile, or the file larger than ``largest`` bytes.
    """
    archive = Path(archive)
    with _clear_errors(archive, archive.parent), _open_members(archive) as members:
        for member in members:
            if PurePosixPath(member.name).name == name and not member.name.startswith("__MACOSX"):
                what = f"its member {member.name!r} unpacks to more than {largest / MIB:,.0f} MiB"
                with member.open() as file:
                    yield io.BufferedReader(_Limited(file, largest, _damaged(archive, what)), MIB)
                return
        yield None
