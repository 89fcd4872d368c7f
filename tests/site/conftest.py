"""The site is built once a session, browsers are looked for once; no page may ask for anything outside its folder."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "site"), str(ROOT / "lectures" / "tools")]

import browse  # noqa: E402

PLAY = ROOT / "site" / "play"
Opened = Callable[..., contextlib.AbstractContextManager]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A running Chromium, or a skip that says how to get one."""
    try:
        path = browse.chosen_browser()
    except browse.DeckError as error:
        pytest.skip(str(error))
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield running
        running.close()


@pytest.fixture(scope="session")
def site() -> Path:
    """The folder of the site, built now."""
    pytest.importorskip("pydata_sphinx_theme", reason="The site's theme is not installed here; `make test` brings it.")
    import build

    try:
        return build.build(ROOT / "build" / "test-site")
    except build.SiteError as error:
        pytest.fail(str(error))


@pytest.fixture
def opened(chromium) -> Opened:
    """``opened(path, width=, dark=)``: a page from disk without network, its faults, and the files it asked for."""

    @contextlib.contextmanager
    def open_page(path: Path, home: Path, width: int = 1280, dark: bool = False, query: str = "") -> Iterator[Any]:
        faults: list[str] = []
        asked: list[str] = []
        prefix = home.resolve().as_uri() + "/"

        def watch(route: Any) -> None:
            address = route.request.url
            asked.append(address)
            if address.startswith((prefix, "data:", "blob:")):
                route.continue_()
            else:
                faults.append(f"asks for {address[:120]}")
                route.abort()

        scheme = "dark" if dark else "light"
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, offline=True, color_scheme=scheme, has_touch=width < 500
        )
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.route("**/*", watch)
        page.on("console", lambda message: message.type == "error" and faults.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: faults.append(f"script: {error}"))
        page.goto(path.resolve().as_uri() + query, wait_until="load")
        page.evaluate("document.fonts.ready.then(() => true)")
        yield page, faults, asked
        context.close()

    return open_page


@pytest.fixture(scope="module")
def engine(chromium) -> Iterator[Any]:
    """An empty page with the board's rules, planes, networks and search in it."""
    context = chromium.new_context(offline=True)
    page = context.new_page()
    page.set_default_timeout(600_000)
    for name in ("go_rules.js", "go_features.js", "network.js", "go_search.js"):
        page.add_script_tag(content=(PLAY / name).read_text(encoding="utf-8"))
    yield page
    context.close()
