"""Every deck of lectures/ in a real browser without network: each slide, each build; other sizes are marked full."""

from __future__ import annotations

import html
import re
import threading
import tomllib
from itertools import pairwise
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


def notes_of(slide: dict) -> list[str]:
    """The paragraphs of a slide's notes, without the clock."""
    return [" ".join(text.split()) for text in slide["notes"][1:]]


def words_in(texts: list[str]) -> int:
    return len(re.findall(r"[^\W_]+(?:[’'.,:-][^\W_]+)*", " ".join(texts)))


@DECKS
@SIZES
def test_every_slide_is_right_in_a_browser_without_network(source, size, built, visited, browser):
    seen = visited(source) if size == FIRST else browse.visit(built(source), size)
    assert not seen.faults, "\n".join(seen.faults)
    assert seen.slides == len(slides_of(built(source)))


@DECKS
def test_notes_mark_every_key_press(source, built, visited):
    slides, presses = slides_of(built(source)), visited(source).presses
    assert len(presses) == len(slides)
    wrong = [
        f"slide {number} ({slide['title'].strip()}) takes {pressed} keys, its notes have {marked} ▸"
        for number, (slide, pressed) in enumerate(zip(slides, presses), 1)
        if (marked := " ".join(slide["notes"]).count("▸")) != pressed
    ]
    assert not wrong, "\n".join(wrong)


@DECKS
def test_notes_fill_at_most_75_minutes_at_the_pace_of_speech(source, built):
    slides = slides_of(built(source))
    minutes, words = sum(slide["minutes"] for slide in slides), sum(words_in(notes_of(slide)) for slide in slides)
    assert minutes <= 75
    wrong = [
        f"slide {number} ({slide['title'].strip()}): {pace:.0f} words a minute"
        for number, slide in enumerate(slides, 1)
        if slide["minutes"] and not 60 <= (pace := words_in(notes_of(slide)) / slide["minutes"]) <= 140
    ]
    assert not wrong, "\n".join(wrong)
    assert 85 <= words / minutes <= 115, f"{words} words in {minutes:g} minutes"


@DECKS
def test_every_question_to_the_room_has_its_answer(source, built):
    slides = slides_of(built(source))
    asked, wrong = 0, []
    for number, slide in enumerate(slides, 1):
        notes = [*notes_of(slide), ""]
        for text, following in pairwise(notes):
            asked += text.startswith("Ask:")
            if text.startswith("Ask:") != following.startswith("Answer:"):
                wrong.append(f"slide {number} ({slide['title'].strip()}): {text[:60]!r}, then {following[:60]!r}")
    assert not wrong, "\n".join(wrong)
    assert asked >= len(slides) // 5, f"{asked} questions on {len(slides)} slides"


@DECKS
def test_labels_of_figures_are_told_from_what_is_behind_them(source, built):
    pale = browse.pale(built(source))
    assert not pale, "\n".join(pale)


@DECKS
def test_chapters_stand_on_the_map_of_the_lecture(source, built):
    folder = built(source)
    chapters = [title for slide in slides_of(folder) if "part" in slide["class"].split() for title in [slide["title"]]]
    maps = re.findall(r'<ol class="map".*?</ol>', (folder / "index.html").read_text(encoding="utf-8"))
    assert 2 <= len(chapters) == len(maps) <= 8
    assert max(len(title.strip()) for title in chapters) <= 40
    for place, drawn in enumerate(maps):
        kinds = re.findall(r'<li class="(\w+)"', drawn)
        assert kinds == ["done"] * place + ["now"] + ["later"] * (len(maps) - place - 1)


@DECKS
def test_a_phone_shows_a_page_that_can_be_read(source, built, browser):
    faults = browse.read_on_phone(built(source))
    assert not faults, "\n".join(faults)


@DECKS
def test_pdf_shows_every_slide_and_the_steps_of_its_figures(source, built, printed, browser):
    """That each step is on its page, :func:`browse.print_pdf` has seen."""
    with browse.opened(built(source), FIRST, "?print-pdf") as (page, _):
        page.wait_for_selector(".pdf-page")
        steps = page.evaluate("document.querySelectorAll('.steps-page').length")
        stepped = page.evaluate("!!document.querySelector('.steps [data-handout] ~ [data-handout]')")
    pages = re.findall(rb"/Type\s*/Page\b(?!s)", printed(source))
    assert len(pages) == len(slides_of(built(source))) + steps
    assert bool(steps) == stepped


@DECKS
def test_pdf_is_small_and_has_title_outline_language_and_tags(source, built, printed, browser):
    data, slides = printed(source), slides_of(built(source))
    assert len(data) < 10_000_000, f"{len(data):,} bytes"
    titles = [title_key(pdf_text(found)) for found in re.findall(rb"/Title\s*(<[^>]*>|\((?:\\.|[^\\)])*\))", data)]
    assert title_key(f"{slides[0]['title']} · From Lego to Go, lecture {int(source.name[:2])}") == titles[0]
    page = (built(source) / "index.html").read_text(encoding="utf-8")
    plain = [title_key(title) for title in re.findall(r"<h[12][^>]*>([^<]*)</h[12]>", page)]
    assert len(titles) > len(slides)
    assert not [title for title in plain if title not in titles]
    for key in (b"/Outlines", b"/StructTreeRoot", b"/Lang (en)"):
        assert key in data


def pdf_text(found: bytes) -> str:
    """A string of a PDF: hexadecimal UTF-16 between angles, or bytes between parentheses."""
    if found.startswith(b"<"):
        return bytes.fromhex(found[1:-1].decode()).decode("utf-16")
    return html.unescape(re.sub(rb"\\(.)", rb"\1", found[1:-1]).decode("latin-1"))


@DECKS
def test_page_has_title_description_and_language(source, built):
    page = (built(source) / "index.html").read_text(encoding="utf-8")
    title = slides_of(built(source))[0]["title"].strip()
    assert f"<title>{title} · From Lego to Go, lecture {int(source.name[:2])}</title>" in page.replace("&#39;", "'")
    assert len(re.search(r'<meta name="description" content="([^"]+)">', page)[1].split()) >= 5
    assert '<html lang="en"' in page


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
def test_the_notebook_that_follows_is_named(source, built):
    page = (built(source) / "index.html").read_text(encoding="utf-8")
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


def test_overview_has_a_row_for_each_chapter(built, browser):
    if not SOURCES:
        pytest.skip("there are no decks yet")
    with browse.opened(built(SOURCES[-1]), FIRST) as (page, faults):
        page.keyboard.press("o")
        page.wait_for_function("Reveal.isOverview()")
        tiles = page.evaluate("""Reveal.getSlides().map(s => {
            const box = s.getBoundingClientRect();
            return { part: s.matches(".part"), left: Math.round(box.left), top: Math.round(box.top), width: box.width };
        })""")
        page.keyboard.press("ArrowDown")
        below = page.evaluate("Reveal.getIndices().h")
        page.keyboard.press("Enter")
        assert not page.evaluate("Reveal.isOverview()")
        assert not faults
    left = min(tile["left"] for tile in tiles)
    for before, tile in pairwise(tiles):
        begins = tile["part"] or tile["top"] > before["top"]
        assert (tile["left"] == left) == begins
        assert tile["top"] >= before["top"] + tile["part"]
    assert tiles[below]["top"] > tiles[0]["top"]
    assert all(120 < tile["width"] < 400 for tile in tiles)


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
