"""Decks are built once a session, browsers are looked for once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from filelock import FileLock

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


@pytest.fixture(scope="session")
def visited(built, browser):
    """``visited(source)`` is what a browser saw of a deck at the first size, walked once, with pictures of all."""
    seen: dict[Path, browse.Visit] = {}

    def walk(source: Path) -> browse.Visit:
        if source not in seen:
            folder = built(source)
            pictures = folder.with_name(f"{folder.name}-pictures")
            with FileLock(pictures.with_name(f".{pictures.name}.lock")):  # another process may look at the same deck
                seen[source] = browse.visit(folder, browse.SIZES[0], pictures)
                browse.contact_sheet(seen[source].pictures, pictures / "contact.png")
        return seen[source]

    return walk


@pytest.fixture(scope="session")
def printed(built, browser, tmp_path_factory):
    """``printed(source)`` is a deck's PDF, printed once."""
    files: dict[Path, bytes] = {}

    def run(source: Path) -> bytes:
        if source not in files:
            target = tmp_path_factory.mktemp("pdf") / "deck.pdf"
            browse.print_pdf(built(source), target)
            files[source] = target.read_bytes()
        return files[source]

    return run
