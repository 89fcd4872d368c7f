"""Settings of all unit tests: smoke budget, no window, repeatable property tests, a ledger of their own."""

from __future__ import annotations

import os
import sys

os.environ.setdefault("COURSE_BUDGET", "smoke")
os.environ.setdefault("COURSE_HEADLESS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")

import pytest
from hypothesis import settings

# Repeatable in CI; no deadline, since the first call of a compiled function takes long.
settings.register_profile("course", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("course")


@pytest.fixture(autouse=True)
def _own_ledger(tmp_path, monkeypatch):
    """Tests never write into the course's ledger."""
    monkeypatch.setenv("COURSE_RESULTS", str(tmp_path / "results.json"))


@pytest.fixture(autouse=True)
def _own_plot_style():
    """A test that sets the course's plot style does not change the pictures of the next."""
    yield
    if "matplotlib" in sys.modules:
        sys.modules["matplotlib"].rcdefaults()
        sys.modules["matplotlib"].use("agg")


@pytest.fixture
def slide_style():
    """The decks' plot style for one test, and no figure left open after it."""
    import matplotlib.pyplot as plt

    from utils.decks import slides

    with plt.rc_context():
        slides.use()
        yield
    plt.close("all")


@pytest.fixture
def empty_store(tmp_path, monkeypatch):
    """A data store with an empty cache, a registry file of the test's own, no mirror and a clean memory."""
    from utils.datasets import download, registry, sources, store

    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "cache"))
    monkeypatch.setenv("COURSE_REGISTRY", str(tmp_path / "registry.toml"))
    for name in ("COURSE_MIRROR", "COURSE_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(download, "READ_SECONDS", 0.5)
    monkeypatch.setattr(download, "_dead_hosts", {})
    monkeypatch.setattr(store, "_outcomes", {})
    monkeypatch.setattr(store, "_said", set())
    sources._mirror_registry.cache_clear()
    registry._read_registry.cache_clear()
    yield
    registry._read_registry.cache_clear()


@pytest.fixture
def made_up_100k(tmp_path):
    """A folder in the form of MovieLens 100K: 700 ratings by 40 users, and its five folds, every fifth line in one."""
    import numpy as np

    from utils.datasets.movielens_files import GENRES_100K

    rng = np.random.default_rng(0)
    path = tmp_path / "ml-100k"
    path.mkdir()
    pairs = rng.permutation([(user, movie) for user in range(1, 41) for movie in range(1, 31)])[:700]
    lines = [f"{user}\t{movie}\t{rng.integers(1, 6)}\t{n}" for n, (user, movie) in enumerate(pairs.tolist())]
    (path / "u.data").write_text("\n".join(lines) + "\n")
    for fold in range(5):
        (path / f"u{fold + 1}.test").write_text("\n".join(lines[fold::5]) + "\n")
    flags = "|".join("1" if genre == "Drama" else "0" for genre in GENRES_100K)
    items = [f"{movie}|Film {movie} ({1950 + movie})|01-Jan-1995||http://x|{flags}" for movie in range(1, 31)]
    (path / "u.item").write_text("\n".join(items), encoding="latin-1")
    return path
