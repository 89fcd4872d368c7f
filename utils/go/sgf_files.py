"""Game collections in files, folders and archives: what can be read of them, and where that ends (lesson 11).

Whatever is wrong with an archive, what stands before the damage comes out, and the damage has a name and a place.
"""

from __future__ import annotations

import bz2
import contextlib
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MAX_BYTES = 1 << 28  # of one decompressed file: more is a mistake or an attack
BLOCK = 1 << 14
LAST_RECORD = 22 + 0xFFFF  # bytes of a zip's last record with the longest comment
TARS = (".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz")
ENDINGS = (".sgf", ".sgf.gz", ".sgf.bz2", ".sgf.xz", ".zip", *TARS)
UNPACKERS = {
    ".gz": lambda: zlib.decompressobj(31),
    ".tgz": lambda: zlib.decompressobj(31),
    ".bz2": bz2.BZ2Decompressor,
    ".xz": lzma.LZMADecompressor,
}
# What the libraries raise over damaged archives; RuntimeError covers encrypted ones and unknown ways of packing.
DAMAGE = (
    *(OSError, EOFError, ValueError, LookupError, OverflowError, RuntimeError),
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)


@dataclass
class Piece:
    """The bytes of one file, or of one member of an archive.

    Attributes:
        name: of the file, with the member's behind it.
        data: what could be read.
        fault: why that is not all; empty if it is.
        reason: the name under which reports count the fault.
    """

    name: str
    data: bytes = b""
    fault: str = ""
    reason: str = "unreadable file"


def pieces(path: Path) -> Iterator[Piece]:
    """The collections in a file, folder or archive, in the order of their names or in the archive's."""
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.is_file() and file.name.lower().endswith(ENDINGS):
                yield from pieces(file)
        return
    name = path.name.lower()
    try:
        if name.endswith(".zip") or zipfile.is_zipfile(path):
            yield from _zipped(path)
            return
        with path.open("rb") as file:
            whole = _unpacked(path.name, file, next((end for end in UNPACKERS if name.endswith(end)), ""))
    except DAMAGE as error:
        yield Piece(path.name, fault=_sentence(error))
        return
    yield from _tarred(whole) if name.endswith(TARS) else [whole]


def _sentence(error: BaseException) -> str:
    return " ".join(f"{error}".split()) or type(error).__name__


def _unpacked(name: str, file, ending: str) -> Piece:
    """Everything in a file, unpacked by its ending, as far as it goes.

    Bytes in front of a place where unpacking fails are kept. A wrong checksum at the end means that bytes anywhere may
    be wrong, and then many a changed game is still a legal one: nothing is kept.
    """
    if not ending:
        data = file.read(MAX_BYTES + 1)
        return Piece(name, data) if len(data) <= MAX_BYTES else Piece(name, fault="too many bytes", reason="too large")
    parts, size, place = [], 0, 0
    unpack = UNPACKERS[ending]()
    while block := file.read(BLOCK):
        try:
            out, unpack = _unpack(unpack, block, UNPACKERS[ending])
        except DAMAGE as error:
            if "incorrect data check" in str(error):
                return Piece(name, fault="its checksum is wrong, so that none of its games can be believed")
            file.seek(0)
            data, place = _again(file, UNPACKERS[ending])
            return Piece(name, data, f"damaged at or before byte {place}: {_sentence(error)}")
        parts.append(out)
        size, place = size + len(out), place + len(block)
        if size > MAX_BYTES:
            return Piece(name, fault="too many bytes", reason="too large")
    return Piece(name, b"".join(parts), "" if unpack.eof else f"cut off at byte {place}")


def _unpack(unpack, block: bytes, new) -> tuple[bytes, object]:
    """Unpack some bytes; several packed files in a row count as one."""
    parts = []
    while block:
        if unpack.eof:
            if not block.strip(b"\0"):
                break
            unpack = new()
        parts.append(unpack.decompress(block, MAX_BYTES + 1))
        block = unpack.unused_data if unpack.eof else b""
    return b"".join(parts), unpack


def _again(file, new) -> tuple[bytes, int]:
    """What unpacks one byte a time, so that nothing before the damage is lost to its block; and the place of that."""
    unpack, parts, place = new(), [], 0
    with contextlib.suppress(*DAMAGE):
        while block := file.read(BLOCK):
            for i in range(len(block)):
                out, unpack = _unpack(unpack, block[i : i + 1], new)
                parts.append(out)
                place += 1
    return b"".join(parts), place


def _zipped(path: Path) -> Iterator[Piece]:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            name = f"{path.name}/{member.filename}"
            if not member.filename.lower().endswith(".sgf"):
                try:  # was it always called so? Its name stands there twice
                    archive.open(member).close()
                except zipfile.BadZipFile as error:
                    yield Piece(name, fault=_sentence(error))
                except DAMAGE:
                    pass
                continue
            if member.file_size > MAX_BYTES:
                yield Piece(name, fault=f"{member.file_size} bytes", reason="too large")
                continue
            parts = []
            try:
                with archive.open(member) as file:
                    while part := file.read(BLOCK):
                        parts.append(part)
            except DAMAGE as error:
                yield Piece(name, b"" if "CRC" in str(error) else _start_of(path, member), _sentence(error))
                continue
            yield Piece(name, b"".join(parts))
        promised = _promised(path)
        if promised not in (None, len(archive.infolist())):
            yield Piece(path.name, fault=f"{len(archive.infolist())} of {promised} members are there")


def _promised(path: Path) -> int | None:
    """How many members a zip has by its last record, which the library does not compare; None if it does not say."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - LAST_RECORD))
        end = file.read()
    at = end.rfind(b"PK\5\6")
    count = int.from_bytes(end[at + 10 : at + 12], "little")
    return count if at >= 0 and count < 0xFFFF else None


def _start_of(path: Path, member: zipfile.ZipInfo) -> bytes:
    """What unpacks of a damaged member, past the library, which would drop the block that holds the damage."""
    if member.compress_type != zipfile.ZIP_DEFLATED:
        return b""
    with path.open("rb") as file:
        file.seek(member.header_offset + 26)
        name, extra = (int.from_bytes(file.read(2), "little") for _ in range(2))
        file.seek(name + extra, io.SEEK_CUR)
        packed = file.read(min(member.compress_size, MAX_BYTES))
    return _again(io.BytesIO(packed), lambda: zlib.decompressobj(-15))[0]


def _tarred(whole: Piece) -> Iterator[Piece]:
    """Members of an unpacked archive, and its damage behind the last whole one."""
    fault = whole.fault
    try:
        with tarfile.open(fileobj=io.BytesIO(whole.data), mode="r:") as archive:
            for member in archive:
                if not (member.isfile() and member.name.lower().endswith(".sgf")):
                    continue
                data = whole.data[member.offset_data : member.offset_data + member.size]
                cut = len(data) < member.size
                yield Piece(f"{whole.name}/{member.name}", data, (fault or "cut off") if cut else "")
                if cut:
                    return
            end = whole.data[archive.offset : archive.offset + tarfile.BLOCKSIZE]
            if end != tarfile.NUL * tarfile.BLOCKSIZE:  # an archive ends with blocks of zeros
                fault = fault or f"cut off at byte {len(whole.data)}"
    except DAMAGE as error:
        fault = fault or _sentence(error)
    if fault:
        yield Piece(whole.name, fault=fault, reason=whole.reason)
