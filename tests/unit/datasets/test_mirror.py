"""`make mirror`: what one computer fetched serves another that has no network."""

from __future__ import annotations

from data_server import CONTENT

from utils.datasets import mirror, store


def test_a_written_mirror_serves_an_empty_cache(course, tmp_path, monkeypatch, capsys):
    course("good")
    store.fetch("file.bin")
    assert mirror.main([str(tmp_path / "stick")]) == 0
    assert "1 files" in capsys.readouterr().out
    assert sorted(path.name for path in (tmp_path / "stick").iterdir()) == ["other.bin", "registry.txt"]

    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("COURSE_MIRROR", str(tmp_path / "stick"))
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    monkeypatch.setattr(store, "_outcomes", {})
    path = store.fetch("file.bin")
    assert path.read_bytes() == CONTENT and store.source("file.bin") == "mirror"


def test_writing_it_again_changes_nothing_and_an_empty_cache_is_said(course, tmp_path, capsys):
    course("good")
    assert mirror.main([str(tmp_path / "stick")]) == 1
    assert "Not in the cache" in capsys.readouterr().out
    store.fetch("file.bin")
    mirror.write_mirror(tmp_path / "stick")
    first = (tmp_path / "stick" / "registry.txt").read_text()
    assert mirror.write_mirror(tmp_path / "stick") == (["other.bin"], [])
    assert (tmp_path / "stick" / "registry.txt").read_text() == first


def test_a_wrong_call_is_a_sentence(capsys):
    assert mirror.main([]) == 2
    assert "OUT=folder" in capsys.readouterr().err
