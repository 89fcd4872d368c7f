"""Every deck of lectures/ in a real browser without network: each slide, each build; other sizes are marked full."""

from __future__ import annotations

import re
import threading
import tomllib
from pathlib import Path

import browse
import decks
import pytest

HERE = Path(__file__).parent
SOURCES = decks.decks()
# One worker a deck: two would only wait for each other's build.
CASES = [pytest.param(source, marks=pytest.mark.xdist_group(source.stem), id=source.stem) for source in SOURCES]
DECKS = pytest.mark.parametrize("source", CASES)
FIRST, *OTHERS = browse.SIZES
WINDOWS = [FIRST, *(pytest.param(size, marks=pytest.mark.full) for size in OTHERS)]
SIZES = pytest.mark.parametrize("size", WINDOWS, ids=lambda size: f"{size[0]}x{size[1]}")


def slides_of(folder: Path) -> list[dict]:
    return decks.Page((folder / "index.html").read_text(encoding="utf-8")).slides


def title_key(text: str) -> str:
    """A title without what formulas and typography add."""
    return re.sub(r"[^a-z0-9]+", " ", text.lower()).strip()


@DECKS
@SIZES
def test_every_slide_is_right_in_a_browser_without_network(source, size, built, browser):
    folder = built(source)
    pictures = folder.with_name(f"{folder.name}-pictures") if size == FIRST else None
    seen = browse.visit(folder, size, pictures)
    if pictures:
        browse.contact_sheet(seen.pictures, pictures / "contact.png")
    assert not seen.faults, "\n".join(seen.faults)
    assert seen.slides == len(slides_of(folder))


@DECKS
def test_pdf_has_one_page_a_slide(source, built, browser, tmp_path):
    folder = built(source)
    browse.print_pdf(folder, tmp_path / "deck.pdf")
    pages = re.findall(rb"/Type\s*/Page\b(?!s)", (tmp_path / "deck.pdf").read_bytes())
    assert len(pages) == len(slides_of(folder))


@DECKS
def test_page_names_nothing_outside_its_folder(source, built):
    folder = built(source)
    assert decks.check_page((folder / "index.html").read_text(encoding="utf-8")) == []
    for path in folder.rglob("*.css"):
        for address in re.findall(r"(?:url\(|@import\s+)[\"']?([^\"')]+)", path.read_text(encoding="utf-8")):
            assert address.startswith("data:") or (path.parent / address).exists(), f"{path.name} wants {address}"


@DECKS
def test_topics_are_covered(source, built):
    table = HERE / f"topics_{source.stem[:2]}.toml"
    assert table.exists(), f"{table.name} should list the topics of {source.name} and the slide that covers each."
    topics = tomllib.loads(table.read_text(encoding="utf-8"))["topics"]
    assert topics, f"{table.name} is empty"
    titles = {title_key(slide["title"]) for slide in slides_of(built(source))}
    missing = {topic: title for topic, title in topics.items() if title_key(title) not in titles}
    assert not missing, f"{source.name} has no slide for: {missing}"


@DECKS
def test_notes_have_times_and_questions_and_the_notebook_is_named(source, built):
    page = (built(source) / "index.html").read_text(encoding="utf-8")
    slides = slides_of(built(source))
    assert all(slide["minutes"] is not None for slide in slides)
    assert len(re.findall(r"\bAsk:", page)) >= len(slides) // 6, "too few questions to the room"
    named = set(re.findall(r"\b(\d\d_[a-z0-9_]+)\.ipynb|<code[^>]*>\s*(?:<span[^>]*>)?(\d\d_[a-z0-9_]+)", page))
    names = {name for pair in named for name in pair if name}
    known = {path.stem for path in (decks.ROOT / "notebooks").rglob("*.ipynb")}
    assert names & known, f"{source.name} should name the notebook that follows; it names {sorted(names) or 'none'}"


@DECKS
def test_titles_are_told_apart(source, built):
    titles = [title_key(slide["title"]) for slide in slides_of(built(source))]
    assert len(set(titles)) == len(titles), sorted({title for title in titles if titles.count(title) > 1})


def test_decks_have_25_slides_on_average(built):
    if not SOURCES:
        pytest.skip("there are no decks yet")
    counts = {source.stem: len(slides_of(built(source))) for source in SOURCES}
    assert sum(counts.values()) / len(counts) >= 25, counts


def test_speaker_view_shows_the_notes_without_network(built, browser):
    if not SOURCES:
        pytest.skip("there are no decks yet")
    from playwright.sync_api import sync_playwright

    served = decks.server(built(SOURCES[-1]), port=0)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    home, strays = f"http://127.0.0.1:{served.server_port}/", []
    with sync_playwright() as playwright:
        context = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"]).new_context()
        context.on("request", lambda request: strays.append(request.url))
        page = context.new_page()
        page.goto(home)
        page.wait_for_function("window.Reveal && Reveal.isReady()")
        with context.expect_page() as opened:
            page.keyboard.press("s")
        opened.value.wait_for_function("/min, from 0:00/.test(document.body.innerText)", timeout=60_000)
        context.browser.close()
    served.shutdown()
    assert not [url for url in strays if not url.startswith((home, "data:", "blob:", "about:"))]
