"""Decks that are wrong on purpose: each fault must be found, by the build or in the browser."""

from __future__ import annotations

import browse
import decks
import pytest

pytestmark = pytest.mark.xdist_group("faults")

HEAD = """---
file_format: mystnb
kernelspec:
  name: python3
footer: A deck that is wrong on purpose
---

# Wrong on purpose

:::{notes} 1
:::

## The slide

"""
NOTES = "\n:::{notes} 1\n:::\n"


def deck(folder, text, notes=NOTES):
    source = folder / "98_wrong.md"
    source.write_text(HEAD + text + notes, encoding="utf-8")
    return decks.build(source, folder / "built", pdf=False, force=True)


# What the browser must see. One build holds them all, a slide each: a build takes seconds.
SEEN = {
    "Too much text": ("word " * 200, "footer"),
    "Too wide": ('<div style="width:1400px">wide</div>', "leaves the slide"),
    "Too small": ('<p style="font-size:15px">small print</p>', "text of 15 px"),
    "Too small in a frame": (
        '<iframe title="a page in the page" style="height:80px" '
        """srcdoc="&lt;p style='font-size:12px'&gt;fine print&lt;/p&gt;"></iframe>""",
        "text of 12 px in a frame",
    ),
    "Too pale": ('<p style="color:#999999">grey on white</p>', "text in rgb(153, 153, 153) reaches 2.8:1"),
    "Too pale in a box": (
        '<p style="background:#E69F00;color:#fff;font-size:30px">on orange</p>',
        "reaches 2.3:1 of 4.5:1",
    ),
    "Too low": ('<div style="margin-top:80px">far below its title</div>', "content begins 100 px below the title"),
    "From elsewhere": (
        '<div style="background:url(https://example.org/a.png);height:40px">x</div>',
        "outside the folder",
    ),
    "Not rendered": ("<p>so $x^2$ remains</p>", "markup not rendered"),
    "A script that fails": ("<script>undefinedFunction()</script>\n\nText", "undefinedFunction"),
    "No such picture": ('<img src="figures/none.png" alt="a missing picture" width="100">', "picture not loaded"),
}


@pytest.fixture(scope="module")
def faults(tmp_path_factory, browser):
    parts = [f"## {title}\n\n{text}\n{NOTES}" for title, (text, _) in SEEN.items()]
    folder = deck(tmp_path_factory.mktemp("wrong"), "Fine\n" + NOTES, "\n" + "\n".join(parts))
    return browse.visit(folder, browse.SIZES[0]).faults


@pytest.mark.parametrize("title", SEEN)
def test_browser_sees(title, faults):
    assert any(SEEN[title][1] in fault for fault in faults), faults


def test_browser_finds_nothing_wrong_with_the_good_slide(faults):
    assert not [fault for fault in faults if "(The slide)" in fault]


@pytest.fixture(scope="module")
def stepped(tmp_path_factory):
    text = """```{code-cell}
from utils.decks import slides
slides.use()
def frame(k):
    figure, axes = slides.blank(560, 300)
    axes.text(200, 150, str(k), fontsize=40, color="#e0e0e0" if k == 8 else slides.INK)
    return figure
slides.keep([frame(k) for k in range(9)], "chosen", alt="the figure counts to eight", handout=[0, 4, -1])
slides.keep([frame(k) for k in range(3)], "all", alt="the figure counts to two")
```

::::{columns}
{plot}`chosen`
|||
{plot}`all`
::::
"""
    return deck(
        tmp_path_factory.mktemp("stepped"), text, "\n:::{notes} 1\nLook ▸ here.\n\nAsk: why?\n\nAnswer: so.\n:::\n"
    )


def test_the_handout_shows_the_frames_that_were_chosen(stepped, browser):
    with browse.opened(stepped, browse.SIZES[0], "?print-pdf") as (page, _):
        page.wait_for_selector(".steps-page")
        frames = page.evaluate("""[...document.querySelectorAll(".steps-page")].map(page =>
            [...page.querySelectorAll("img")].map(i => i.src))""")
        steps = page.evaluate("""[...document.querySelectorAll(".pdf-page .steps")].map(steps =>
            [...steps.querySelectorAll("img")].map(i => i.src))""")
        assert page.evaluate(browse.FIND_PRINT_FAULTS) == []
        page.evaluate("document.querySelector('.frame img').remove()")
        assert page.evaluate(browse.FIND_PRINT_FAULTS) == ["5 of 6 steps of figures are printed"]
    chosen, every = steps
    assert sorted(frames) == sorted([[chosen[0], chosen[4], chosen[8]], every])


def test_a_pale_label_is_found_in_the_figure_that_has_it(stepped):
    assert browse.pale(stepped) == ["'8': #e0e0e0 on #ffffff, 1.3:1 of 3:1"]


def test_a_cell_that_only_keeps_figures_leaves_nothing_on_the_slide(stepped):
    assert 'class="cell' not in (stepped / "index.html").read_text(encoding="utf-8")


def test_keys_are_counted_and_notes_read(stepped, browser):
    assert browse.visit(stepped).presses == [0, 8 + 2]
    slide = decks.Page((stepped / "index.html").read_text(encoding="utf-8")).slides[1]
    assert [text.strip() for text in slide["notes"]] == ["1 min, from 1:00", "Look ▸ here.", "Ask: why?", "Answer: so."]


@pytest.fixture(scope="module")
def complaints(tmp_path_factory):
    text = """$$\\frac{1}{2$$

{result}`no.such.result` {plot}`nothing` {value}`neither`

::::{columns} 1 2
only one
::::

:::{derivation}
a & b & c & d
:::
"""
    with pytest.raises(decks.DeckError) as caught:
        deck(tmp_path_factory.mktemp("markup"), text)
    return str(caught.value)


@pytest.mark.parametrize(
    "message",
    [
        "frac{1}{2' cannot be read",
        "No result 'no.such.result'",
        "no cell has kept 'nothing'",
        "no cell has kept 'neither'",
        "1 columns but 2 widths",
        "at most three parts",
    ],
)
def test_build_lists_all_faults_of_the_markup(message, complaints):
    assert message in complaints


def test_build_refuses_a_cell_that_fails(tmp_path):
    with pytest.raises(decks.DeckError, match="ZeroDivisionError"):
        deck(tmp_path, "```{code-cell}\n1 / 0\n```\n")


def test_page_check_finds_missing_notes_missing_alternative_text_and_outside_addresses():
    page = """<section><h1>One</h1><aside class="notes" data-minutes="1"></aside></section><section><h2>Two</h2>
    <img src="a.png"><img src="https://example.org/b.png" alt="b">
    <script src="//example.org/c.js"></script></section>"""
    faults = decks.check_page(page)
    assert len(faults) == 4
    assert all("slide 2 (Two)" in fault for fault in faults)
    for words in ("a.png has no alternative text", "b.png lies outside", "c.js lies outside", "has no notes"):
        assert any(words in fault for fault in faults), words


def test_an_unknown_number_is_named():
    with pytest.raises(decks.DeckError, match="no deck 77"):
        decks.decks(["77"])


def test_without_a_browser_the_remedy_is_said(monkeypatch):
    monkeypatch.setattr(browse.doctor.shutil, "which", lambda name: None)
    monkeypatch.setattr(browse.doctor, "MAC_BROWSERS", ())
    monkeypatch.delenv("COURSE_BROWSER", raising=False)
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", "/nowhere")
    with pytest.raises(browse.DeckError, match="playwright install chromium"):
        browse.chosen_browser()
