"""Cats and dogs: either archive's layout, and drawings that can be told apart by shape, not by colour."""

from __future__ import annotations

import hashlib
import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from utils.datasets import cats_dogs, sources
from utils.datasets.archives import DataError
from utils.datasets.cats_dogs import draw_animal, draw_folder, load_cats_and_dogs


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, a mirror folder beside it, no network."""
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "cache"))
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    monkeypatch.delenv("COURSE_MIRROR", raising=False)
    sources._mirror_registry.cache_clear()
    return tmp_path


def jpeg() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4)).save(buffer, "JPEG")
    return buffer.getvalue()


def put_in_mirror(folder, monkeypatch, top, parts=("train", "validation"), numbers=(10, 9, 100), also=()):
    """An archive of twelve photos or more; ``also``: more members by their name in it."""
    mirror = folder / "mirror"
    mirror.mkdir()
    with zipfile.ZipFile(mirror / "cats_and_dogs_small.zip", "w") as file:
        for part in parts:
            for kind in ("cat", "dog"):
                for number in numbers:
                    file.writestr(f"{top}{part}/{kind}s/{kind}.{number}.jpg", jpeg())
        for name, content in dict(also).items():
            file.writestr(top + name, content)
    digest = hashlib.sha256((mirror / "cats_and_dogs_small.zip").read_bytes()).hexdigest()
    (mirror / "registry.txt").write_text(f"cats_and_dogs_small.zip {digest}\n")
    monkeypatch.setenv("COURSE_MIRROR", str(mirror))


@pytest.mark.parametrize("top", ["cats_and_dogs_small/", "cats_and_dogs_filtered/", ""])
def test_the_photos_are_found_under_any_top_folder(cache, monkeypatch, top):
    put_in_mirror(cache, monkeypatch, top)
    data = load_cats_and_dogs()
    assert not data.is_stand_in and set(data.counts().values()) == {3}
    paths, labels = data.paths("train")
    assert [path.stem for path in paths] == ["cat.9", "cat.10", "cat.100", "dog.9", "dog.10", "dog.100"]
    assert labels.tolist() == [0, 0, 0, 1, 1, 1] and labels.dtype == np.int32
    with pytest.raises(ValueError, match="'test'"):
        data.paths("test")
    monkeypatch.delenv("COURSE_MIRROR")
    assert load_cats_and_dogs().folder == data.folder


def test_another_layout_is_told(cache, monkeypatch):
    put_in_mirror(cache, monkeypatch, "x/", parts=("train",))
    with pytest.raises(DataError, match="train/ and validation/"):
        load_cats_and_dogs()


def test_hidden_files_are_no_photos(cache, monkeypatch, capsys):
    hidden = {"train/cats/._cat.9.jpg": b"\x00\x05\x16\x07", "train/.DS_Store": b"x", "._train": b"x"}
    put_in_mirror(cache, monkeypatch, "photos/", also=hidden)
    data = load_cats_and_dogs()
    assert set(data.counts().values()) == {3} and data.damaged == {} and capsys.readouterr().out == ""
    assert [path.name for path in data.paths("train")[0][:3]] == ["cat.9.jpg", "cat.10.jpg", "cat.100.jpg"]


def test_a_few_damaged_photos_are_left_out_and_named(cache, monkeypatch, capsys):
    bad = {
        "train/cats/cat.666.jpg": b"",
        "train/dogs/dog.7.jpg": jpeg()[:-200],
        "validation/dogs/dog.8.jpg": b"<html>no photo</html>",
        "validation/cats/cat.5.jpg": jpeg() + b"a camera wrote on after the end",
    }
    put_in_mirror(cache, monkeypatch, "photos/", numbers=range(1000, 1040), also=bad)
    data = load_cats_and_dogs()
    assert data.counts() == {"train/cats": 40, "train/dogs": 40, "validation/cats": 41, "validation/dogs": 40}
    said = capsys.readouterr().out
    assert said.startswith("Left out, of 164 photos in photos: train/cats/cat.666.jpg is empty; train/dogs/dog.7")
    assert said.count("\n") == 1 and "validation/dogs/dog.8.jpg is no image." in said
    assert set(data.damaged) == set(bad) - {"validation/cats/cat.5.jpg"}
    paths, labels = data.paths("train")
    assert len(paths) == len(labels) == 80 and "cat.666" not in [path.stem for path in paths]


def test_too_many_damaged_photos_stop_with_a_remedy(cache, monkeypatch):
    bad = {f"train/cats/cat.{number}.jpg": b"" for number in range(7)}
    put_in_mirror(cache, monkeypatch, "photos/", numbers=range(1000, 1040), also=bad)
    with pytest.raises(DataError, match=r"7 of 167 photos in .*photos.*cat.0.jpg is empty; .*; and 2 more. Delete"):
        load_cats_and_dogs()


def test_labels_known_to_be_wrong_are_set_right_in_a_copy(monkeypatch):
    monkeypatch.setattr(cats_dogs, "WRONG_LABELS", {"dog.7.jpg": 0})
    labels = np.array([0, 1, 1], dtype=np.int32)
    paths = [cats_dogs.Path(name) for name in ("a/cat.7.jpg", "a/dog.7.jpg", "a/dog.8.jpg")]
    fixed = cats_dogs.corrected(paths, labels)
    assert fixed.tolist() == [0, 0, 1] and fixed.dtype == labels.dtype and labels.tolist() == [0, 1, 1]


def test_without_the_photos_animals_are_drawn(cache, monkeypatch, capsys):
    drawn = draw_folder(n_train=3, n_validation=2, size=32)
    monkeypatch.setattr(cats_dogs, "draw_folder", lambda: drawn)
    data = load_cats_and_dogs()
    assert data.is_stand_in and "STAND-IN" in capsys.readouterr().out
    assert data.counts() == {"train/cats": 3, "train/dogs": 3, "validation/cats": 2, "validation/dogs": 2}
    names = {path.name for part in ("train", "validation") for path in data.paths(part)[0]}
    assert len(names) == 10  # no drawing in both parts
    before = drawn.stat().st_mtime_ns
    assert draw_folder(n_train=3, n_validation=2, size=32) == drawn and drawn.stat().st_mtime_ns == before


def test_a_drawing_interrupted_leaves_nothing(cache, monkeypatch):
    calls = []

    def draw(*arguments):
        calls.append(arguments)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return Image.new("RGB", (8, 8))

    monkeypatch.setattr(cats_dogs, "draw_animal", draw)
    with pytest.raises(KeyboardInterrupt):
        draw_folder(n_train=3, n_validation=2, size=8)
    assert [path.name for path in (cache / "cache").iterdir() if path.suffix != ".lock"] == []


def test_a_drawing_is_repeatable_and_varied():
    first = np.asarray(draw_animal("cat", np.random.default_rng(1), 64))
    again = np.asarray(draw_animal("cat", np.random.default_rng(1), 64))
    other = np.asarray(draw_animal("cat", np.random.default_rng(2), 64))
    assert first.shape == (64, 64, 3) and first.dtype == np.uint8
    assert np.array_equal(first, again) and np.abs(first.astype(int) - other).mean() > 5
    with pytest.raises(ValueError, match="'cow'"):
        draw_animal("cow", np.random.default_rng(1))


def test_mean_colour_does_not_tell_the_kinds_apart():
    colours = [
        [np.asarray(draw_animal(kind, np.random.default_rng([label, i]), 24)).mean(axis=(0, 1)) for i in range(60)]
        for label, kind in enumerate(("cat", "dog"))
    ]
    cats, dogs = np.array(colours)
    gap = np.abs(cats.mean(0) - dogs.mean(0))
    assert (gap < 2.5 * np.sqrt((cats.var(0) + dogs.var(0)) / 60)).all()
