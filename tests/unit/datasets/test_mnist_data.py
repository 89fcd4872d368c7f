"""load_mnist: real file, stand-in, and files that are something else."""

from __future__ import annotations

import numpy as np
import pytest

from utils.datasets import mnist, store
from utils.datasets.archives import DataError


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache and no network."""
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    monkeypatch.delenv("COURSE_MIRROR", raising=False)
    return tmp_path


def test_the_stand_in_is_real_balanced_and_always_the_same(cache, capsys):
    (x_train, y_train), (x_test, y_test) = mnist.load_mnist()
    assert "STAND-IN" in capsys.readouterr().out
    assert x_train.shape == (4000, 28, 28) and x_test.shape == (1000, 28, 28)
    assert {array.dtype for array in (x_train, y_train, x_test, y_test)} == {np.dtype(np.uint8)}
    assert np.bincount(y_train).tolist() == [400] * 10 and np.bincount(y_test).tolist() == [100] * 10
    assert x_train.max() == 255 and x_train[:, 0, 0].max() == 0 and 25 < x_train.mean() < 40
    assert len(np.unique(y_train[:50])) > 5  # shuffled
    together = np.concatenate([x_train, x_test]).reshape(5000, -1)
    assert len(np.unique(together, axis=0)) > 4990  # no digit in both parts
    again = mnist.stand_in()
    assert np.array_equal(again[0][0], x_train) and np.array_equal(again[1][1], y_test)


def test_a_file_in_the_mirror_is_read(cache, monkeypatch, tmp_path_factory):
    import hashlib

    mirror = tmp_path_factory.mktemp("mirror")
    arrays = {key: np.zeros(shape, np.uint8) for key, shape in mnist.SHAPES.items()}
    arrays["y_test"][3] = 7
    np.savez_compressed(mirror / "mnist.npz", **arrays)
    digest = hashlib.sha256((mirror / "mnist.npz").read_bytes()).hexdigest()
    (mirror / "registry.txt").write_text(f"mnist.npz {digest}\n")
    monkeypatch.setenv("COURSE_MIRROR", str(mirror))
    (x_train, _), (_, y_test) = mnist.load_mnist()
    assert x_train.shape == (60000, 28, 28) and y_test[3] == 7
    assert store.source("mnist.npz") == "mirror"


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"x_train": np.zeros((2, 28, 28))}, "cannot be read as MNIST"),
        ({key: np.zeros((3, 3), np.uint8) for key in mnist.SHAPES}, "shape"),
        ({key: np.array([{}], dtype=object) for key in mnist.SHAPES}, "cannot be read as MNIST"),  # would need pickle
    ],
)
def test_other_contents_are_refused_with_the_remedy(tmp_path, arrays, words):
    np.savez(tmp_path / "mnist.npz", **arrays)
    with pytest.raises(DataError, match=words) as caught:
        mnist._read(tmp_path / "mnist.npz")
    assert "mnist.npz" in str(caught.value) and "make data" in str(caught.value)


def test_a_file_that_is_no_archive(tmp_path):
    (tmp_path / "mnist.npz").write_bytes(b"<html>404</html>")
    with pytest.raises(DataError, match="cannot be read as MNIST"):
        mnist._read(tmp_path / "mnist.npz")
