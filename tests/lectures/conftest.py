"""Decks are built once a session, browsers are looked for once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "lectures" / "tools"))

import browse  # noqa: E402
import decks  # noqa: E402


@pytest.fixture(scope="session")
def browser() -> str | None:
    """A Chromium, or a skip that says how to get one."""
    try:
        return browse.chosen_browser()
    except browse.DeckError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def built():
    """``built(source)`` is the folder of a deck, built now unless nothing has changed since it was."""
    folders: dict[Path, Path | Exception] = {}

    def make(source: Path) -> Path:
        if source not in folders:
            try:
                folders[source] = decks.build(source, pdf=False)
            except decks.DeckError as error:
                folders[source] = error
        if isinstance(folders[source], Exception):
            pytest.fail(str(folders[source]))
        return folders[source]

    return make
