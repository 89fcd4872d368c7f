"""The data store against a real server that serves good, truncated, wrong, slow and missing files."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
from data_server import CONTENT

from utils import runtime
from utils.datasets import download, inventory, registry, store
from utils.datasets.archives import DataError
from utils.datasets.cache import cache_folder, origin

OTHER = b"another edition" * 1000
FETCH = "from utils.datasets import store; p = store.fetch('file.bin'); print(p.stat().st_size if p else 'none')"


def listing(folder):
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock") if folder.exists() else []


def make_mirror(folder, content=OTHER, promised=None, name="other.bin"):
    folder.mkdir()
    (folder / name).write_bytes(content)
    digest = hashlib.sha256(content if promised is None else promised).hexdigest()
    (folder / "registry.txt").write_text(f"{name} {digest}\n")
    return folder


def test_a_good_file_arrives_with_a_sidecar_and_is_then_taken_from_the_cache(course, server):
    cache = course("good")
    path = store.fetch("file.bin")
    assert path.read_bytes() == CONTENT
    assert store.source("file.bin") == "official" and origin("file.bin") == "official"
    assert listing(cache) == ["file.bin", "file.bin.source.json"]
    recorded = json.loads((cache / "file.bin.source.json").read_text())
    assert recorded["sha256"] == hashlib.sha256(CONTENT).hexdigest()
    assert store.fetch("file.bin") == path and store.source("file.bin") == "cache"
    assert len(server.requests) == 1


HASHED = [("truncated", True), ("wrong", True), ("missing", True), ("stalls", True), ("mute", True), ("endless", True)]
# Without a known hash, other content is another edition.
UNKNOWN = [(way, False) for way, _ in HASHED if way != "wrong"]


@pytest.mark.parametrize(("way", "hashed"), HASHED + UNKNOWN)
def test_nothing_broken_gets_the_files_name(course, way, hashed, capsys):
    cache = course(way, hashed=hashed)
    assert store.fetch("file.bin") is None
    assert store.source("file.bin") == "stand-in"
    assert [name for name in listing(cache) if not name.endswith(".part")] == []
    assert "file.bin" in capsys.readouterr().out  # says what went wrong


def test_the_reason_is_told_once(course, capsys):
    course("missing")
    store.fetch("file.bin")
    assert "404" in capsys.readouterr().out
    store.fetch("file.bin")
    assert capsys.readouterr().out == ""


def test_the_next_address_is_tried(course, server):
    course("missing", "wrong", "good")
    assert store.fetch("file.bin").read_bytes() == CONTENT
    assert [path.split("/")[1] for path, _ in server.requests] == ["missing", "wrong", "good"]


def test_a_connection_that_breaks_is_continued(course, server):
    course("cut", "good")
    assert store.fetch("file.bin").read_bytes() == CONTENT
    assert [wanted for _, wanted in server.requests] == [None, "bytes=524288-", "bytes=786432-"]


def test_a_server_without_ranges_starts_over(course, server):
    cache = course("truncated", "plain")
    assert store.fetch("file.bin").read_bytes() == CONTENT
    assert server.requests[-1][1] is not None  # we asked for the rest and got all of it
    assert listing(cache) == ["file.bin", "file.bin.source.json"]


@pytest.mark.parametrize("leftover", [b"x" * 1000, CONTENT, CONTENT + b"too much"], ids=["foreign", "whole", "longer"])
def test_a_useless_part_does_not_stop_a_download(course, server, leftover):
    cache = course("good")
    cache.mkdir()
    (cache / f"file.bin.{hashlib.sha256(CONTENT).hexdigest()[:12]}.part").write_bytes(leftover)
    (cache / "file.bin.0123456789ab.part").write_bytes(b"of an older edition")
    assert store.fetch("file.bin").read_bytes() == CONTENT  # a foreign beginning is noticed by the hash
    assert listing(cache) == ["file.bin", "file.bin.source.json"]


def test_without_a_known_hash_nothing_is_stitched_together(course, server):
    cache = course("good", hashed=False)
    cache.mkdir()
    (cache / "file.bin.unknown.part").write_bytes(b"half of an older edition")
    assert store.fetch("file.bin").read_bytes() == CONTENT
    assert server.requests[0][1] is None


def test_a_killed_download_is_continued(course, server):
    cache = course("slow")
    server.pause = 0.05
    process = subprocess.Popen([sys.executable, "-c", FETCH], cwd=runtime.repo_root(), stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while server.sent < len(CONTENT) // 2 and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    process.wait()
    assert not (cache / "file.bin").exists()
    (part,) = cache.glob("*.part")
    assert CONTENT.startswith(part.read_bytes()) and part.stat().st_size > 0
    server.pause = 0.0
    assert store.fetch("file.bin").read_bytes() == CONTENT
    assert int(server.requests[-1][1].removeprefix("bytes=").removesuffix("-")) > 0  # continued
    assert listing(cache) == ["file.bin", "file.bin.source.json"]


def test_processes_that_want_the_same_file_fetch_it_once(course, server):
    cache = course("slow")
    server.pause = 0.02
    command = [sys.executable, "-c", FETCH]
    crowd = [subprocess.Popen(command, cwd=runtime.repo_root(), stdout=subprocess.PIPE, text=True) for _ in range(3)]
    outputs = [process.communicate(timeout=120)[0] for process in crowd]
    assert all(output.split()[-1] == str(len(CONTENT)) for output in outputs)
    assert len(server.requests) == 1
    assert listing(cache) == ["file.bin", "file.bin.source.json"]


def test_offline_takes_seconds_and_one_attempt_a_host(course, monkeypatch, capsys):
    attempts = []

    def refuse(peer, timeout):
        attempts.append(peer)
        raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")

    monkeypatch.setattr(socket, "create_connection", refuse)
    course("http://data.invalid/file.bin", "http://data.invalid/again/file.bin")
    assert store.fetch("file.bin") is None and store.fetch("file.bin") is None
    assert attempts == [("data.invalid", 80)]
    assert "data.invalid cannot be reached (Connection refused)" in capsys.readouterr().out


def test_a_name_server_that_never_answers_is_given_up(course, monkeypatch):
    answer, ended = threading.Event(), []

    def hang(peer, timeout):
        answer.wait()
        ended.append(peer)
        raise TimeoutError("timed out")

    monkeypatch.setattr(download, "CONNECT_SECONDS", 0.05)
    monkeypatch.setattr(socket, "create_connection", hang)
    course("http://data.invalid/file.bin")
    assert store.fetch("file.bin") is None
    assert not ended  # the thread that asked is left behind
    answer.set()


def test_with_a_proxy_it_is_the_proxy_that_must_answer(course, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("http_proxy", "http://proxy.invalid:3128")
    assert download._peer("http://data.invalid/x") == ("proxy.invalid", 3128)
    monkeypatch.setenv("http_proxy", "proxy.invalid:3129")
    assert download._peer("http://data.invalid/x") == ("proxy.invalid", 3129)


def test_course_offline_asks_nobody(course, server, monkeypatch):
    course("good")
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    assert store.fetch("file.bin") is None
    assert server.requests == []


# The mirror


def test_a_mirror_folder_serves_its_own_edition_which_stays_valid(course, tmp_path, monkeypatch, server):
    cache = course("good")
    monkeypatch.setenv("COURSE_MIRROR", str(make_mirror(tmp_path / "mirror")))
    assert store.fetch("file.bin").read_bytes() == OTHER
    assert store.source("file.bin") == "mirror"
    monkeypatch.delenv("COURSE_MIRROR")
    assert store.fetch("file.bin").read_bytes() == OTHER  # from the cache, though it is not the official edition
    assert store.source("file.bin") == "cache" and origin("file.bin") == "mirror"
    assert server.requests == []
    assert str(tmp_path) not in (cache / "file.bin.source.json").read_text()


def test_a_relative_mirror_counts_from_the_repository(course, tmp_path, monkeypatch):
    course()
    make_mirror(tmp_path / "mirror")
    monkeypatch.setenv("COURSE_MIRROR", os.path.relpath(tmp_path / "mirror", runtime.repo_root()))
    monkeypatch.chdir(tmp_path)
    assert store.fetch("file.bin").read_bytes() == OTHER


def test_a_mirror_on_a_server(course, server, monkeypatch):
    course("missing")
    server.files["registry.txt"] = f"# list\nother.bin {hashlib.sha256(OTHER).hexdigest()}\n".encode()
    server.files["other.bin"] = OTHER
    monkeypatch.setenv("COURSE_MIRROR", f"{server.address}/good")
    monkeypatch.setenv("COURSE_OFFLINE", "1")  # concerns the official address only
    assert store.fetch("file.bin").read_bytes() == OTHER
    assert store.source("file.bin") == "mirror"


@pytest.mark.parametrize("fault", ["damaged", "absent", "no registry", "bad registry", "not listed"])
def test_a_bad_mirror_gives_way_to_the_official_address(course, tmp_path, monkeypatch, fault, capsys):
    cache = course("good")
    mirror = make_mirror(tmp_path / "mirror", OTHER, promised=b"something else" if fault == "damaged" else None)
    if fault == "absent":
        (mirror / "other.bin").unlink()
    elif fault == "no registry":
        (mirror / "registry.txt").unlink()
    elif fault == "bad registry":
        (mirror / "registry.txt").write_text("other.bin\n")
    elif fault == "not listed":
        (mirror / "registry.txt").write_text("")
    monkeypatch.setenv("COURSE_MIRROR", str(mirror))
    assert store.fetch("file.bin").read_bytes() == CONTENT
    assert store.source("file.bin") == "official"
    assert listing(cache) == ["file.bin", "file.bin.source.json"]
    assert ("mirror" in capsys.readouterr().out) == (fault != "not listed")


def test_a_mirror_folder_is_used_in_place_where_the_cache_cannot_be_written(course, tmp_path, monkeypatch):
    course()
    mirror = make_mirror(tmp_path / "mirror")
    monkeypatch.setenv("COURSE_MIRROR", str(mirror))
    monkeypatch.setattr("utils.settings.writable", lambda folder: False)
    assert store.fetch("file.bin") == mirror / "other.bin"


# The cache


def test_a_damaged_cache_is_replaced(course, capsys):
    course("good")
    path = store.fetch("file.bin")
    path.write_bytes(CONTENT[:-1] + b"!")
    assert store.fetch("file.bin").read_bytes() == CONTENT
    assert "is damaged" in capsys.readouterr().out


def test_a_damaged_cache_is_not_used_when_nothing_replaces_it(course, monkeypatch, capsys):
    course("good")
    path = store.fetch("file.bin")
    path.write_bytes(b"half")
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    assert store.fetch("file.bin") is None
    assert "delete it" in capsys.readouterr().out


def test_a_file_put_there_by_hand_must_be_the_official_one_where_that_is_known(course, monkeypatch):
    cache = course()
    cache.mkdir()
    (cache / "file.bin").write_bytes(OTHER)
    assert store.fetch("file.bin") is None
    (cache / "file.bin").write_bytes(CONTENT)
    assert store.fetch("file.bin") == cache / "file.bin"
    course(hashed=False)
    (cache / "file.bin").write_bytes(OTHER)
    (cache / "file.bin.source.json").unlink()
    assert store.fetch("file.bin").read_bytes() == OTHER and origin("file.bin") == "by hand"
    (cache / "file.bin").write_bytes(OTHER + b"changed later")
    assert store.fetch("file.bin") is None


def test_a_published_size_is_checked_where_there_is_no_hash(course):
    course("good", hashed=False, size=1000, fixed_size=True)
    assert store.fetch("file.bin") is None


def test_an_md5_serves_as_well(course):
    course("good", hashed=False, md5=hashlib.md5(CONTENT).hexdigest())
    assert store.fetch("file.bin").read_bytes() == CONTENT
    course("wrong", hashed=False, md5=hashlib.md5(b"").hexdigest())
    assert store.fetch("file.bin").read_bytes() == CONTENT  # the sidecar vouches for it


# Trouble with the disk


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "disk is full"), (errno.EACCES, "cannot be written"), (errno.EIO, "could not be stored")],
)
def test_trouble_with_the_disk_is_told_with_its_remedy(course, monkeypatch, number, words):
    def fail(self, block):
        raise OSError(number, os.strerror(number))

    cache = course("good")
    monkeypatch.setattr(download._Sink, "write", fail)
    with pytest.raises(DataError, match=words) as caught:
        store.fetch("file.bin")
    assert "COURSE_DATA" in str(caught.value) and "file.bin" in str(caught.value)
    assert listing(cache) == []


def test_a_cache_that_is_no_folder(course, tmp_path, monkeypatch):
    course("good")
    (tmp_path / "occupied").write_text("")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "occupied"))
    with pytest.raises(DataError, match="COURSE_DATA"):
        store.fetch("file.bin")


# All at once, labels, the registry


def test_fetch_all_reports_failures(course, capsys, monkeypatch):
    course("good")
    assert inventory.main([]) == 0
    assert "official" in capsys.readouterr().out
    assert inventory.main(["file.bin"]) == 0
    (cache_folder() / "file.bin").unlink()
    course("missing")
    assert inventory.main([]) == 1
    output = capsys.readouterr().out
    assert "FAILED" in output and "404" in output
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    assert inventory.main([]) == 0
    output = capsys.readouterr().out
    assert "missing" in output and "COURSE_OFFLINE=1" in output and "FAILED" not in output
    course("good", large=True)
    monkeypatch.delenv("COURSE_OFFLINE")
    assert inventory.main([]) == 0
    assert "not asked for" in capsys.readouterr().out and not (cache_folder() / "file.bin").exists()
    assert inventory.main(["--large"]) == 0 and (cache_folder() / "file.bin").exists()


def test_fetch_all_goes_on_after_trouble_with_the_disk(course, capsys, monkeypatch):
    def fail(self, block):
        raise OSError(errno.ENOSPC, "No space left on device")

    course("good")
    monkeypatch.setattr(download._Sink, "write", fail)
    assert inventory.main([]) == 1
    assert "disk is full" in capsys.readouterr().out


def test_inventory_tells_what_is_there_without_a_network(course, tmp_path, monkeypatch, server):
    course("good")
    assert [state for _, state in inventory.inventory()] == ["missing"]
    monkeypatch.setenv("COURSE_MIRROR", str(make_mirror(tmp_path / "mirror")))
    assert [state for _, state in inventory.inventory()] == ["mirror"]
    store.fetch("file.bin")
    assert [state for _, state in inventory.inventory()] == ["cache (mirror)"]
    (cache_folder() / "file.bin").write_bytes(b"")
    monkeypatch.delenv("COURSE_MIRROR")
    assert [state for _, state in inventory.inventory()] == ["damaged"]
    assert server.requests == []


def test_the_label_of_a_stand_in_is_loud(course, capsys):
    course()
    store.announce_stand_in("file.bin", "a drawing")
    output = capsys.readouterr().out
    assert "STAND-IN DATA" in output and "file.bin" in output and "a drawing" in output and "make data" in output


def test_keras_weights_go_through_the_store(course):
    course("good", keras="VGG16", top=True)
    assert store.fetch_keras_weights("VGG16", include_top=True).name == "file.bin"
    assert store.fetch_keras_weights("file.bin").name == "file.bin"
    with pytest.raises(KeyError, match="No weights for 'VGG16'"):
        store.fetch_keras_weights("VGG16")


def test_unknown_names_and_a_broken_registry(course, tmp_path):
    course()
    with pytest.raises(KeyError, match=r"file\.bin"):
        store.fetch("nothing.zip")
    (tmp_path / "registry.toml").write_text("[[file]]\nname = 1\n")
    registry._read_registry.cache_clear()
    with pytest.raises(DataError, match="restore it with git"):
        registry.registry()


def test_the_course_registry_is_complete():
    entries = registry.registry()
    assert len(entries) >= 15
    for entry in entries.values():
        assert entry.name == os.path.basename(entry.name) and entry.mirror == os.path.basename(entry.mirror)
        assert entry.size > 0 and entry.title and entry.licence and entry.citation and entry.stand_in, entry.name
        assert entry.notebooks and all(number in {f"{i:02d}" for i in range(1, 12)} for number in entry.notebooks)
        assert not entry.sha256 or len(entry.sha256) == 64
        assert not entry.md5 or len(entry.md5) == 32
        assert all(address.startswith("http") for address in entry.addresses)
        if entry.shipped:
            assert (runtime.repo_root() / "mldata" / entry.shipped).is_file()


def test_importing_the_store_stays_light():
    code = "import sys, utils.datasets.store, utils.datasets.mnist, utils.datasets.movielens as m; "
    code += "print({'keras', 'tensorflow', 'jax', 'pandas', 'requests', 'pooch', 'matplotlib'} & set(sys.modules))"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert output.stdout.strip() == "set()"
