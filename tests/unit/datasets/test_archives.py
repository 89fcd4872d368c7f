"""Unpacking: good archives, damaged ones, and ones that try to climb out."""

from __future__ import annotations

import errno
import gzip
import io
import os
import shutil
import stat
import struct
import tarfile
import threading
import zipfile
from collections import namedtuple

import pytest

from utils.datasets import archives
from utils.datasets.archives import DataError, extract, open_member


def read_member(archive, name, **options):
    with open_member(archive, name, **options) as file:
        return None if file is None else file.read()


def make_zip(path, members, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def make_tar(path, members):
    with tarfile.open(path, "w:gz") as file:
        for name, content in members.items():
            info = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            data = b"" if content is info else content
            info.size = len(data)
            file.addfile(info, io.BytesIO(data))
    return path


def leftovers(folder, *expected):
    """What lies there unexpectedly; a lock's empty hidden file stays and does no harm."""
    return sorted(name for name in set(os.listdir(folder)) - set(expected) if not name.endswith(".lock"))


def test_a_zip_is_unpacked_once(tmp_path):
    archive = make_zip(tmp_path / "data.zip", {"data/a.txt": "one", "data/sub/b.txt": "two", "data/empty/": ""})
    folder = extract(archive)
    assert folder == tmp_path / "data"
    assert (folder / "data/a.txt").read_text() == "one" and (folder / "data/sub/b.txt").read_text() == "two"
    (folder / "data/a.txt").write_text("changed by a student")
    assert extract(archive) == folder and (folder / "data/a.txt").read_text() == "changed by a student"
    assert leftovers(tmp_path, "data.zip", "data") == []


def test_another_edition_replaces_the_folder(tmp_path):
    extract(make_zip(tmp_path / "data.zip", {"old.txt": "1"}))
    folder = extract(make_zip(tmp_path / "data.zip", {"new.txt": "22"}))
    assert sorted(path.name for path in folder.glob("*.txt")) == ["new.txt"]
    assert leftovers(tmp_path, "data.zip", "data") == []


def test_tar_and_gz(tmp_path):
    folder = extract(make_tar(tmp_path / "data.tar.gz", {"x/y.txt": b"tar"}), tmp_path / "there")
    assert (folder / "x/y.txt").read_bytes() == b"tar"
    (tmp_path / "games.sgf.gz").write_bytes(gzip.compress(b"(;GM[1])"))
    assert (extract(tmp_path / "games.sgf.gz", tmp_path / "games") / "games.sgf").read_bytes() == b"(;GM[1])"


CLIMBERS = [
    "../out.txt",
    "a/../../out.txt",
    "/etc/out.txt",
    "..\\out.txt",
    "C:/out.txt",
    "c:out.txt",
    "\\\\host\\out.txt",
]


@pytest.mark.parametrize("name", CLIMBERS)
@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_paths_that_climb_out_are_refused(tmp_path, name, make):
    inner = tmp_path / "inner"
    inner.mkdir()
    archive = make(inner / "data.zip", {"good.txt": b"good", name: b"evil"})
    if make is make_tar:
        archive = archive.rename(inner / "data.tar.gz")
    with pytest.raises(DataError, match="outside the folder") as caught:
        extract(archive)
    assert str(archive) in str(caught.value) and "make data" in str(caught.value)
    assert leftovers(inner, archive.name) == [] and os.listdir(tmp_path) == ["inner"]


def test_links_and_devices_are_refused(tmp_path):
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as file:
        file.writestr(link, "/etc/passwd")
    archives_with_links = [tmp_path / "link.zip"]
    for kind, label in ((tarfile.SYMTYPE, "sym"), (tarfile.LNKTYPE, "hard"), (tarfile.CHRTYPE, "device")):
        info = tarfile.TarInfo("link")
        info.type, info.linkname = kind, "../../etc/passwd"
        archives_with_links.append(make_tar(tmp_path / f"{label}.tar.gz", {"link": info}))
    for archive in archives_with_links:
        with pytest.raises(DataError, match="link or a device"):
            extract(archive)
    assert leftovers(tmp_path, *(path.name for path in archives_with_links)) == []


def test_absurd_sizes_are_refused_before_and_while_unpacking(tmp_path):
    bomb = make_zip(tmp_path / "bomb.zip", {"zeros": b"\0" * 5_000_000})
    with pytest.raises(DataError, match="claims to hold more"):
        extract(bomb, largest=1_000_000)
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(b"\0" * 5_000_000))  # a gz file declares no size that counts
    with pytest.raises(DataError, match="unpacks to more"):
        extract(tmp_path / "bomb.gz", largest=1_000_000)
    with pytest.raises(DataError, match="unpacks to more"):
        read_member(bomb, "zeros", largest=1_000_000)
    assert leftovers(tmp_path, "bomb.zip", "bomb.gz") == []


def test_a_header_that_lies_about_the_size(tmp_path):
    archive = make_zip(tmp_path / "liar.zip", {"zeros": b"\0" * 100_000})
    raw = bytearray(archive.read_bytes())
    place = raw.rindex(b"PK\x01\x02")
    raw[place + 24 : place + 28] = struct.pack("<I", 10)
    archive.write_bytes(raw)
    with pytest.raises(DataError):
        extract(archive)
    assert leftovers(tmp_path, "liar.zip") == []


@pytest.mark.parametrize("keep", [0, 10, 0.5, 0.98])
@pytest.mark.parametrize("ending", ["zip", "tar.gz", "gz"])
def test_truncated_archives_are_refused(tmp_path, keep, ending):
    content = os.urandom(50_000)
    archive = tmp_path / f"data.{ending}"
    if ending == "zip":
        make_zip(archive, {"a": content, "b": content})
    elif ending == "tar.gz":
        make_tar(archive, {"a": content, "b": content})
    else:
        archive.write_bytes(gzip.compress(content))
    whole = archive.read_bytes()
    archive.write_bytes(whole[: int(keep * len(whole)) if keep < 1 else keep])
    if ending == "gz" and keep == 0:
        return  # an empty gz file is an empty file
    with pytest.raises(DataError, match="cannot be unpacked") as caught:
        extract(archive)
    assert str(archive) in str(caught.value) and "make data" in str(caught.value)
    assert leftovers(tmp_path, archive.name) == []


def test_damage_inside_is_noticed(tmp_path):
    archive = make_zip(tmp_path / "data.zip", {"a": os.urandom(50_000)}, zipfile.ZIP_STORED)
    raw = bytearray(archive.read_bytes())
    raw[20_000] ^= 255
    archive.write_bytes(raw)
    with pytest.raises(DataError, match="CRC"):
        extract(archive)
    with pytest.raises(DataError, match="CRC"):
        read_member(archive, "a")
    assert leftovers(tmp_path, "data.zip") == []


def test_encrypted_and_duplicate_members(tmp_path):
    archive = make_zip(tmp_path / "secret.zip", {"a": b"x"})
    raw = bytearray(archive.read_bytes())
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(raw)
    with pytest.raises(DataError, match="encrypted"):
        extract(archive)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(tmp_path / "twice.zip", "w") as file:
        file.writestr("a", "1")
        file.writestr("a", "2")
    with pytest.raises(DataError):
        extract(tmp_path / "twice.zip")
    assert leftovers(tmp_path, "secret.zip", "twice.zip") == []


def test_a_folder_of_somebody_else_is_not_removed(tmp_path):
    archive = make_zip(tmp_path / "data.zip", {"a": "1"})
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "homework.txt").write_text("precious")
    with pytest.raises(DataError, match="in the way"):
        extract(archive)
    assert (tmp_path / "data" / "homework.txt").read_text() == "precious"
    assert leftovers(tmp_path, "data.zip", "data") == []


def test_a_full_disk_and_a_locked_folder(tmp_path, monkeypatch):
    archive = make_zip(tmp_path / "data.zip", {"a": b"1" * 1000})
    usage = namedtuple("usage", "total used free")
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: usage(1000, 1000, 0))
        with pytest.raises(DataError, match="disk is full"):
            extract(archive)

    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(archives.tempfile, "mkdtemp", refuse)
    with pytest.raises(DataError, match="COURSE_DATA"):
        extract(archive)
    assert leftovers(tmp_path, "data.zip") == []


def test_a_missing_archive_and_one_without_an_ending(tmp_path):
    with pytest.raises(DataError, match="make data"):
        extract(tmp_path / "nothing.zip")
    (tmp_path / "data").write_bytes(b"")
    with pytest.raises(DataError, match="folder="):
        extract(tmp_path / "data")


def test_several_at_once_unpack_one_whole_folder(tmp_path):
    archive = make_zip(tmp_path / "data.zip", {f"{i}.txt": b"x" * 1000 for i in range(50)})
    faults = []

    def work():
        try:
            assert len(list(extract(archive).glob("*.txt"))) == 50
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == [] and leftovers(tmp_path, "data.zip", "data") == []


def test_open_member_looks_in_every_folder(tmp_path):
    archive = make_zip(tmp_path / "data.zip", {"__MACOSX/r.csv": "no", "deep/down/r.csv": "yes"})
    assert read_member(archive, "r.csv") == b"yes"
    assert read_member(archive, "x.csv") is None
