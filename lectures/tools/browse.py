"""A deck in headless Chromium: print it, look at every slide, find what is wrong with it. No network is ever used."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from utils import doctor
from utils.checkpoints import write_atomically
from utils.decks import slides

SIZES = ((1280, 720), (1920, 1080))
PHONE = (390, 844)
PATIENCE = 180_000  # milliseconds: a machine that is busy with other things loads a deck slowly

FIND_FAULTS, FIND_PRINT_FAULTS, FIND_PHONE_FAULTS = (
    Path(__file__).with_name(f"{name}faults.js").read_text(encoding="utf-8") for name in ("", "print_", "phone_")
)


class DeckError(Exception):
    """A deck that cannot be built or shown; the message says where and what to do."""


@dataclass
class Visit:
    """What a browser saw of a deck at one size."""

    slides: int = 0
    titles: list[str] = field(default_factory=list)
    presses: list[int] = field(default_factory=list)  # on each slide, before the key that leaves it
    faults: list[str] = field(default_factory=list)
    pictures: list[Path] = field(default_factory=list)


def chosen_browser() -> str | None:
    """A Chromium of this machine, or None to let playwright take its own.

    Raises:
        DeckError: there is neither.
    """
    found = doctor.find_browser()
    if found:
        return found
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        if Path(playwright.chromium.executable_path).exists():
            return None
    raise DeckError(
        "No Chromium found. Install one (apt install chromium, or .venv/bin/playwright install chromium), "
        "or name it: COURSE_BROWSER=/path/to/chrome. Without one: make slides PDF=0"
    )


@contextlib.contextmanager
def opened(folder: Path, size: tuple[int, int], query: str = "") -> Iterator[tuple[Any, list[str]]]:
    """The deck's page in a browser without network, and a list that collects console errors and stray requests."""
    from playwright.sync_api import sync_playwright

    path, faults = chosen_browser(), []
    home = folder.resolve().as_uri() + "/"

    def watch(route: Any) -> None:
        address = route.request.url
        if address.startswith((home, "data:", "blob:")):
            route.continue_()
        else:
            faults.append(f"request outside the folder: {address[:120]}")
            route.abort()

    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-background-networking", "--allow-file-access-from-files"]
        browser = playwright.chromium.launch(executable_path=path, args=options)
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, offline=True)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.route("**/*", watch)
        page.on("console", lambda message: message.type == "error" and faults.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: faults.append(f"script: {error}"))
        page.goto(home + "index.html" + query, wait_until="load")
        page.wait_for_function("document.documentElement.matches('.phone') || window.Reveal && Reveal.isReady()")
        page.evaluate("document.fonts.ready.then(() => true)")
        yield page, faults
        browser.close()


def print_pdf(folder: Path, target: Path) -> None:
    """One page a slide, each with everything built, and behind it its figures' steps; with title, outline and tags."""
    with opened(folder, (1280, 720), "?print-pdf") as (page, faults):
        page.wait_for_selector(".pdf-page")
        page.evaluate("Promise.all([...document.images].map(i => i.decode().catch(() => 0)))")
        faults += page.evaluate(FIND_PRINT_FAULTS)
        printed = page.pdf(prefer_css_page_size=True, print_background=True, tagged=True, outline=True)
    if faults:
        raise DeckError(f"{folder.name} cannot be printed cleanly:\n  " + "\n  ".join(faults))
    write_atomically(target, lambda file: file.write(printed))


def visit(folder: Path, size: tuple[int, int] = SIZES[0], pictures: Path | None = None) -> Visit:
    """Walk through every slide and every build with the right arrow key, as a speaker does, and note what is wrong.

    Args:
        folder: a built deck.
        size: pixels of the window.
        pictures: where to write a screenshot of each slide with everything built.
    """
    seen = Visit()
    if pictures:
        shutil.rmtree(pictures, ignore_errors=True)
        pictures.mkdir(parents=True)
    with opened(folder, size) as (page, faults):
        page.add_style_tag(content="*, *::before, *::after { transition: none !important; }")  # builds at once
        total = page.evaluate("Reveal.getTotalSlides()")
        while True:
            pressed = 0
            while page.evaluate("Reveal.availableFragments().next"):
                page.keyboard.press("ArrowRight")
                pressed += 1
            seen.presses.append(pressed)
            seen.slides += 1
            title = page.evaluate("Reveal.getCurrentSlide().querySelector('h1, h2').textContent.trim()")
            seen.titles.append(title)
            page.wait_for_function("[...Reveal.getCurrentSlide().querySelectorAll('img')].every(i => i.complete)")
            where = f"slide {seen.slides} ({title}) at {size[0]}x{size[1]}"
            seen.faults += [f"{where}: {fault}" for fault in page.evaluate(FIND_FAULTS)]
            if pictures:
                seen.pictures.append(pictures / f"{seen.slides:02d}.png")
                page.screenshot(path=str(seen.pictures[-1]))
            before = page.evaluate("Reveal.getSlidePastCount()")
            page.keyboard.press("ArrowRight")
            if page.evaluate("Reveal.getSlidePastCount()") == before:
                break
        seen.faults += faults
        if seen.slides != total:
            seen.faults.append(f"the arrow key reaches {seen.slides} of {total} slides.")
    return seen


def contact_sheet(pictures: list[Path], target: Path, columns: int = 4, width: int = 480) -> None:
    """All slides on one picture."""
    from PIL import Image

    height, gap = width * 9 // 16, 8
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * (width + gap) + gap, rows * (height + gap) + gap), "#777777")
    for index, path in enumerate(pictures):
        with Image.open(path) as picture:
            small = picture.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
        sheet.paste(small, (gap + index % columns * (width + gap), gap + index // columns * (height + gap)))
    sheet.save(target)


def read_on_phone(folder: Path) -> list[str]:
    """What is wrong with the deck's page on a phone held upright: text too small, anything wider than the screen."""
    with opened(folder, PHONE) as (page, faults):
        page.wait_for_function("document.readyState === 'complete'")
        faults += page.evaluate(FIND_PHONE_FAULTS)
        return list(faults)


def pale(folder: Path) -> list[str]:
    """Labels of the deck's figures that can hardly be told from what is behind them."""
    noted = folder / "figures" / slides.PALE
    return sorted(set(noted.read_text(encoding="utf-8").splitlines())) if noted.exists() else []


def look(folder: Path) -> list[str]:
    """Pictures of every slide and a contact sheet in ``build/NN_name-pictures``; returns the faults."""
    pictures = folder.with_name(folder.name + "-pictures")
    seen = visit(folder, pictures=pictures)
    contact_sheet(seen.pictures, pictures / "contact.png")
    return [*seen.faults, *pale(folder), f"{len(seen.pictures)} pictures in {os.path.relpath(pictures)}"]


if __name__ == "__main__":
    print("\n".join(look(Path(sys.argv[1]))))
