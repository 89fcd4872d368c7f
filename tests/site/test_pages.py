"""Every page of the site, opened from disk in a real browser without network: by light on a wide screen, by dark on a
phone. What a reader does with it: read, search, follow links, turn the light off, play."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest

import stage

PHONE, WIDE = 390, 1280
MOST = {"index.html": 1e6, "play.html": 3e6, "play/board.html": 3e6}  # bytes of a page with all it shows
MOST_OF_A_LESSON = 3e6

# What is wider than a phone's screen and is no table, code, formula or picture, which have a bar of their own.
TOO_WIDE = """() => {
  const faults = [], width = document.documentElement.clientWidth;
  const whole = document.scrollingElement.scrollWidth;
  if (whole > width + 1) faults.push(`the page is ${whole} wide`);
  for (const e of document.querySelectorAll("article p, article li, article h1, article h2, article h3, article dd")) {
    if (e.closest("table, pre, .cell_output, .scrolled, .formula, details:not([open])")) continue;
    const box = e.getBoundingClientRect();
    const cut = e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== "visible";
    if (box.width && (box.right > width + 1 || cut))
      faults.push(`${e.tagName} reaches ${Math.round(box.right)}: ${e.textContent.trim().slice(0, 60)}`);
  }
  return faults.slice(0, 5);
}"""
UNSEEN = """() => [...document.images].filter((i) => i.checkVisibility() && i.complete && !i.naturalWidth)
  .map((i) => `no picture: ${i.src.slice(-60)}`)"""


class Links(HTMLParser):
    """Addresses and anchors of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.anchors |= {value for name in ("id", "name") if (value := found.get(name))}
        self.addresses += [value for name in ("href", "src") if (value := found.get(name))]


def pages(site: Path) -> list[Path]:
    """All pages but the decks' (tests/lectures opens those)."""
    return [path for path in sorted(site.rglob("*.html")) if "decks" not in path.relative_to(site).parts]


def scroll_to_the_end(page) -> None:
    """So that what loads late has loaded."""
    page.evaluate(
        """async () => {
          for (let y = 0; y < document.body.scrollHeight; y += 800) {
            scrollTo(0, y);
            await new Promise((done) => setTimeout(done, 15));
          }
          const shown = [...document.images].filter((image) => image.checkVisibility());
          await Promise.all(shown.map((image) => image.decode().catch(() => 0)));
        }"""
    )


def weight(asked: list[str]) -> int:
    """Bytes of the files that a page asked for, each once."""
    paths = {unquote(urlparse(address).path) for address in asked if address.startswith("file:")}
    return sum(Path(path).stat().st_size for path in paths if Path(path).is_file())


def test_every_page_opens_from_disk_without_network(site, opened):
    faults, heavy = [], []
    assert len(pages(site)) > 30
    for path in pages(site):
        name = path.relative_to(site).as_posix()
        with opened(path, site) as (page, found, asked):
            scroll_to_the_end(page)
            found += page.evaluate(UNSEEN)
            faults += [f"{name}: {fault}" for fault in found]
            most = MOST.get(name, MOST_OF_A_LESSON)
            if weight(asked) > most:
                heavy.append(f"{name} weighs {weight(asked) / 1e6:.2f} MB, more than {most / 1e6:.0f}")
    assert not faults, "\n".join(faults)
    assert not heavy, "\n".join(heavy)


def test_no_page_is_wider_than_a_phone(site, opened):
    faults = []
    for path in pages(site):
        with opened(path, site, width=PHONE, dark=True) as (page, _, _):
            faults += [f"{path.relative_to(site)}: {fault}" for fault in page.evaluate(TOO_WIDE)]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_serious(site, opened, dark):
    """One page of each kind; stored outputs of lessons are left to the lessons."""
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe is not installed; `make test` brings it."
    )
    kinds = [
        "index",
        "play",
        "play/board",
        "play/digit",
        "begin",
        "results",
        "notation",
        "instructors",
        "decks",
        "search",
    ]
    kinds += ["lessons/05_mnist_cnn", "lessons/11_alphago_go", "api/go"]
    faults = []
    for name in kinds:
        with opened(site / f"{name}.html", site, dark=dark) as (page, _, _):
            context = {"exclude": [[".cell_output"], ["iframe.deck"]]}
            report = axe.Axe().run(page, context=context, options={"resultTypes": ["violations"]})
            for violation in report.response["violations"]:
                if violation["impact"] in ("serious", "critical"):
                    where = violation["nodes"][0]["html"][:160]
                    faults.append(f"{name}: {violation['id']} ({len(violation['nodes'])} times): {where}")
    assert not faults, "\n".join(faults)


def test_links_inside_lead_somewhere(site):
    known: dict[Path, Links] = {path: Links(path.read_text(encoding="utf-8")) for path in pages(site)}
    faults = []
    for path, links in known.items():
        for address in links.addresses:
            if re.match(r"(?!file:)[a-z]+:|//", address):
                continue
            file, _, anchor = address.partition("#")
            target = (path.parent / unquote(file.partition("?")[0])).resolve() if file else path
            name = f"{path.relative_to(site)} leads to {address[:80]}"
            if not target.exists():
                faults.append(name)
            elif anchor and target in known and unquote(anchor) not in known[target].anchors | {"", "main-content"}:
                faults.append(f"{name}, which has no such place")
    assert not faults, "\n".join(sorted(set(faults))[:20])
    assert sum(len(links.addresses) for links in known.values()) > 1000


def test_nothing_is_executed_and_every_lesson_has_its_outputs(site):
    for lesson in stage.lessons():
        text = (site / "lessons" / f"{lesson.stem}.html").read_text(encoding="utf-8")
        assert text.count('class="figure"') > 5 and text.count("cell_output") > 20, lesson.stem
        assert "<math" in text or lesson.number in ("09",), f"{lesson.stem} has formulas"
        assert f"../notebooks/{lesson.stem}.ipynb" in text
    assert len(stage.lessons()) == 11


def test_search_finds_a_word_without_network(site, opened):
    with opened(site / "search.html", site, query="?q=occlusion") as (page, faults, _):
        page.wait_for_selector("#search-results li a")
        found = page.eval_on_selector_all("#search-results li a", "all => all.map((a) => a.href)")
        page.wait_for_function("document.querySelectorAll('#search-results li').length > 3")
        assert any("03_visualization_and_occlusion" in address for address in found) or "03_vis" in page.content()
        assert not faults, faults


def test_the_theme_changes_and_so_does_what_is_embedded(site, opened):
    with opened(site / "play.html", site) as (page, faults, _):
        page.wait_for_selector("iframe.board")
        inner = page.frame_locator("iframe.board")
        inner.locator("#status").wait_for()
        for theme in ("dark", "light"):
            page.locator("button.theme-switch-button:visible").click()
            page.locator(f"button.dropdown-item[data-mode={theme}]:visible").click()
            assert page.evaluate("document.documentElement.dataset.theme") == theme
            inner.locator(f"html[data-theme={theme}] body").wait_for()
        height = page.evaluate("document.querySelector('iframe.board').getBoundingClientRect().height")
        assert height >= inner.locator("body").evaluate("(body) => body.scrollHeight") - 2
        assert not faults, faults


def test_a_deck_opens_in_its_page(site, opened):
    with opened(site / "decks.html", site) as (page, faults, asked):
        if not page.locator("details.deck").count():
            pytest.skip("No deck is built here: `make slides` does it.")
        assert not [address for address in asked if "/decks/" in address]
        page.locator("details.deck summary").first.click()
        page.frame_locator("details.deck iframe").first.locator("h1, h2").first.wait_for(state="attached")
        assert not faults, faults


def test_a_phone_has_the_menu(site, opened):
    with opened(site / "lessons" / "08_q_learning.html", site, width=PHONE) as (page, faults, _):
        page.locator("button.primary-toggle").click()
        page.locator("#pst-primary-sidebar-modal a", has_text="09").first.wait_for()
        assert not faults, faults


def test_animations_of_lessons_play(site, opened):
    with opened(site / "lessons" / "01_special_layers.html", site) as (page, faults, _):
        player = page.locator(".course-animation .player").first
        player.scroll_into_view_if_needed()
        frame = player.locator("img.frame")
        before = frame.get_attribute("src")
        player.locator("button[data-go=next]").click()
        page.wait_for_function(
            "([before]) => document.querySelector('.course-animation .player img.frame').src !== before", arg=[before]
        )
        assert not faults, faults


def test_breakout_plays(site, opened):
    with opened(site / "play.html", site) as (page, faults, _):
        if not page.evaluate("document.createElement('video').canPlayType('video/mp4; codecs=\"avc1.42E01E\"')"):
            pytest.skip("This Chromium plays no H.264 (Google Chrome and Debian's chromium do).")
        page.evaluate("document.querySelector('figure.film video').play()")
        page.wait_for_function("document.querySelector('figure.film video').currentTime > 0.2")
        assert page.evaluate("document.querySelector('figure.film video').duration") > 20
        assert (site / "play" / "breakout.mp4").stat().st_size < 1_000_000
        assert not faults, faults
