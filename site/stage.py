"""Lay out what the course has as sources of the site: nothing is written twice, so pages are cut out of what is there.

README, STUDENTS and INSTRUCTORS become pages, notebooks keep their stored outputs (pictures as files with their
alternative text), the ledger becomes plots and tables (:mod:`ledger_page`), docstrings an API (:mod:`api_pages`), built
decks are copied. The one address setting (:mod:`publish`) brings buttons that open lessons elsewhere.
"""

from __future__ import annotations

import base64
import html
import io
import re
import shutil
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import nbformat
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / ".ci"))

from utils import results  # noqa: E402

import publish  # noqa: E402

PAGES = Path(__file__).parent / "pages"
# Which of the repository's files become pages, and under which name.
TEXTS = {
    "STUDENTS.md": "students",
    "INSTRUCTORS.md": "instructors",
    "CHANGELOG.md": "changes",
    "lectures/DEPARTURES.md": "departures",
}
# A picture a lesson: words of its alternative text (else the first picture of its kind that is about square).
PICTURES = {
    "01": "A tower that sees pictures",
    "02": "AlexNet in one tower",
    "03": "Grad-CAM: two questions",
    "04": "Two photos, and where the answer comes from",
    "05": "Six examples of each digit",
    "06": "Which symbol does each digit look at",
    "07": "The fullest corner of the table",
    "08": "Table of q-learning",
    "09": "worst: step",
    "10": "mean torque",
    "11": "simulations",
}
FALLBACKS = {"09": 11, "11": 9}  # place among a lesson's pictures, where they carry no alternative text
# Where one can play in a lesson: at the end of the section whose title has these words.
SECTIONS = {"05": "The test", "09": "Watch it play", "11": "Play against it"}


@dataclass
class Lesson:
    """What pages say of a lesson."""

    number: str
    stem: str
    title: str
    question: str
    built: str
    picture: str = ""


def lessons() -> list[Lesson]:
    """The rows of README's course map."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[(\d\d) ([^\]]+)\]\(notebooks/(\w+)\.ipynb\) \| ([^|]+) \| ([^|]+) \|$", text, re.M)
    return [
        Lesson(number, stem, title, question.strip(), built.strip()) for number, title, stem, question, built in rows
    ]


def section(text: str, title: str) -> str:
    """What stands below ``## title``, up to the next heading of that level.

    Raises:
        ValueError: there is no such heading.
    """
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    if not found:
        raise ValueError(f"There is no section {title!r} to show on the site.")
    return found[1].strip()


def without_marks(text: str) -> str:
    """Without HTML comments: the marks that scripts write between."""
    return re.sub(r"\n?<!--.*?-->\n?", "\n", text, flags=re.S)


def relinked(text: str, source: str, page: str) -> str:
    """Links to files of the repository lead to their pages, else to the published repository, else they are words.

    Args:
        text: Markdown.
        source: the file it comes from, relative to the root.
        page: the page it goes to, without suffix.
    """
    address, tag, *_ = publish.settings()
    up = "../" * page.count("/")

    def lead(match: re.Match) -> str:
        label, target = match[1], match[2]
        if re.match(r"[a-z]+:|#", target):
            return match[0]
        path, _, anchor = target.partition("#")
        name = (ROOT / source).parent.joinpath(path).resolve().relative_to(ROOT).as_posix()
        if name in TEXTS:
            return f"[{label}]({up}{TEXTS[name]}.md)"
        if re.fullmatch(r"notebooks/\d\d_\w+\.ipynb", name):
            return f"[{label}]({up}{name.replace('notebooks', 'lessons')})"
        if publish.PLACEHOLDER in address:
            return f"`{name}`" if label == name else label
        return f"[{label}]({address}/blob/{tag}/{name}{'#' + anchor if anchor else ''})"

    return re.sub(r"(?<!!)\[([^\]]+)\]\(([^)\s]+)\)", lead, text)


# ---------------------------------------------------------------------------------------------------------------------
# Lessons


def buttons(name: str) -> str:
    """Where a lesson opens elsewhere, as links in a row; and the file itself."""
    found = publish.links(publish.settings()[0], publish.settings()[1], name, *publish.settings()[2:])
    links = "".join(f'<a href="{html.escape(a)}">{where}</a>' for where, a in found.items())
    own = f'<a href="../notebooks/{name}" download>Download the notebook</a>'
    return f'<p class="launch">{links}{own}</p>'


def frame(file: str, title: str, kind: str, up: str = "../") -> str:
    """A page to play with, inside another."""
    return (
        f'<iframe class="play {kind}" src="{up}play/{file}" title="{html.escape(title)}" loading="lazy"></iframe>'
        f'<p class="alone"><a href="{up}play/{file}">{html.escape(title)}: on a page of its own</a></p>'
    )


def video(up: str = "../") -> str:
    """Breakout's agent, with what it expects."""
    label = "Breakout's agent plays; below the screen the value it expects"
    return (
        f'<figure class="film"><video controls loop muted playsinline preload="metadata" aria-label="{label}" '
        f'src="{up}play/breakout.mp4"></video><figcaption>The shipped agent plays, with 5 % of its moves at random. '
        "Below the screen: the value that it gives to its best move.</figcaption></figure>"
    )


class Pictures:
    """Takes the pictures out of a notebook's outputs and writes them as files."""

    def __init__(self, number: str, folder: Path):
        self.number, self.folder = number, folder / "pictures" / number
        self.kept: list[tuple[str, Path]] = []

    def take(self, output: nbformat.NotebookNode) -> None:
        """Turn an output with a picture into HTML that shows it from its file."""
        data = output.data
        kind = next((k for k in ("image/png", "image/jpeg") if k in data), None)
        if kind is None or "text/html" in data:
            return
        raw = base64.b64decode(data[kind])
        path = self.folder / f"{len(self.kept) + 1:02d}.{'webp' if kind == 'image/png' else 'jpeg'}"
        path.parent.mkdir(parents=True, exist_ok=True)
        if kind == "image/png":  # the same points in a quarter less
            few_colours(Image.open(io.BytesIO(raw))).save(path, lossless=True, method=6, quality=100)
        else:
            path.write_bytes(raw)
        facts = output.metadata.get(kind, {})
        alt = facts.get("alt") or f"Figure {len(self.kept) + 1} of lesson {self.number}"
        width, height = (
            (Image.open(io.BytesIO(raw)).size) if "width" not in facts else (facts["width"], facts["height"])
        )
        self.kept.append((alt, path))
        source = f"../pictures/{self.number}/{path.name}"
        picture = f'<img src="{source}" alt="{html.escape(alt)}" width="{width}" height="{height}" loading="lazy">'
        output.data = nbformat.from_dict({"text/html": f'<div class="figure">{picture}</div>'})

    def chosen(self) -> Path:
        """The lesson's picture for the home page."""
        for alt, path in self.kept:
            if PICTURES[self.number].lower() in alt.lower():
                return path
        return self.kept[min(FALLBACKS.get(self.number, 0), len(self.kept) - 1)][1]

    def thumbnail(self) -> str:
        """A small copy of it; its name."""
        with Image.open(self.chosen()) as image:
            small = image.convert("RGB")
        small.thumbnail((480, 300), Image.Resampling.LANCZOS)
        target = self.folder.parent / f"lesson{self.number}.webp"
        small.save(target, quality=72)
        return f"pictures/{target.name}"


def few_colours(picture: Image.Image) -> Image.Image:
    """A chart, which has few colours, with 64 of them: its edges look the same in a fifth less. Others stay as they
    are."""
    picture = picture.convert("RGBA")
    if picture.getchannel("A").getextrema() != (255, 255) or picture.getcolors(256) is None:
        return picture
    return picture.convert("RGB").quantize(64, dither=Image.Dither.NONE).convert("RGB")


def played(number: str) -> str:
    """What one can play with in a lesson."""
    if number == "05":
        return frame("digit.html", "Draw a digit for this lesson's better network", "digit")
    return video() if number == "09" else frame("board.html", "Play against this lesson's network", "board")


def end_of_section(cells: list[nbformat.NotebookNode], words: str) -> int:
    """The place before the next section's cell.

    Raises:
        ValueError: no section has these words in its title.
    """
    starts = [
        i for i, cell in enumerate(cells) if cell.cell_type == "markdown" and re.search(r"^## ", cell.source, re.M)
    ]
    for start, end in pairwise([*starts, len(cells)]):
        if re.search(rf"^## .*{re.escape(words)}", cells[start].source, re.M):
            return end
    raise ValueError(f"No section of the lesson is called {words!r} any more; see SECTIONS in site/stage.py.")


def stage_lesson(lesson: Lesson, sources: Path, extra: Path) -> None:
    """One notebook: pictures as files, links of the site, buttons, and what one can play with at its end."""
    path = ROOT / "notebooks" / f"{lesson.stem}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    pictures = Pictures(lesson.number, extra)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = relinked(cell.source, f"notebooks/{path.name}", f"lessons/{lesson.stem}")
        for output in cell.get("outputs", []):
            if "data" in output:
                pictures.take(output)
                if output.data.pop("application/vnd.lego-to-go.claim+json", None):
                    output.data["text/html"] = f'<div class="claim">{output.data["text/html"]}</div>'
    first = notebook.cells[0]
    title, _, rest = re.sub(rf"\n\n{re.escape(publish.OPEN)}[^\n]*", "", first.source).partition("\n\n")
    first.source = f"{title}\n\n{buttons(path.name)}\n\n{rest}"
    if lesson.number in SECTIONS:
        place = end_of_section(notebook.cells, SECTIONS[lesson.number])
        notebook.cells.insert(place, nbformat.v4.new_markdown_cell(played(lesson.number)))
    notebook.cells = [cell for cell in notebook.cells if "setup" not in cell.metadata.get("tags", [])]
    lesson.picture = pictures.thumbnail() if pictures.kept else ""
    target = sources / "lessons" / path.name
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, target)
    copy = extra / "notebooks" / path.name
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, copy)


# ---------------------------------------------------------------------------------------------------------------------
# Decks and texts


def stage_decks(sources: Path, extra: Path) -> None:
    """The decks that are built, shown and linked; the others by their titles."""
    blocks = []
    for source in sorted((ROOT / "lectures").glob("[0-9][0-9]_*.md")):
        title = re.search(r"^# (.+)$", source.read_text(encoding="utf-8"), re.M)[1]
        built, name = ROOT / "lectures" / "build" / source.stem, source.stem
        if not (built / "index.html").exists():
            blocks.append(f"## {name[:2]} {title}\n\nNot built with this site: `make slides DECK={name[:2]}`.")
            continue
        shutil.copytree(built, extra / "decks" / name, ignore=shutil.ignore_patterns(".*"), dirs_exist_ok=True)
        pdf = extra / "decks" / name / f"{name}.pdf"
        paper = f' · <a href="decks/{name}/{name}.pdf">for printing</a>' if pdf.exists() else ""
        # Megabytes each, so theme/site.js loads one when its box is opened.
        named = f'data-src="decks/{name}/index.html" title="{html.escape(title)}"'
        inside = f'<iframe class="deck" {named}></iframe>'
        show = f'<details class="deck"><summary>Show it here</summary>{inside}</details>'
        links = f'<p><a href="decks/{name}/index.html">The whole window</a>{paper}</p>'
        blocks.append(f"## {name[:2]} {title}\n\n{show}\n\n{links}")
    text = (PAGES / "decks.md").read_text(encoding="utf-8")
    (sources / "decks.md").write_text(text.replace("{decks}", "\n\n".join(blocks)), encoding="utf-8")


def stage_texts(sources: Path) -> None:
    """The repository's own texts; students' notation apart, README's beginning and its sections as *Start*."""
    for source, page in TEXTS.items():
        text = without_marks((ROOT / source).read_text(encoding="utf-8"))
        if page == "students":
            notation = section(text, "Notation")
            text = text.replace(f"## Notation\n\n{notation}", "## Notation\n\n[What each letter means](notation.md).")
            (sources / "notation.md").write_text(f"# Notation\n\n{notation}\n", encoding="utf-8")
        (sources / f"{page}.md").write_text(relinked(text, source, page), encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    readme = re.sub(rf"{publish.START}.*?{publish.END}", "", readme, flags=re.S)
    readme = without_marks(readme)
    begin = readme[readme.index("With any Python") : readme.index("## The course")]
    parts = [f"## {name}\n\n{section(readme, name)}" for name in ("Budgets", "Data", "Licence")]
    address, tag, *_ = publish.settings()
    zipped = f"{address}/archive/refs/tags/{tag}.zip"
    fetch = [] if publish.PLACEHOLDER in address else [f"First `git clone {address}`, or unpack [this zip]({zipped})."]
    text = "\n\n".join(["# Begin", *fetch, begin.strip(), *parts])
    (sources / "begin.md").write_text(relinked(text, "README.md", "begin") + "\n", encoding="utf-8")


def intro() -> str:
    """README's first paragraph."""
    return (ROOT / "README.md").read_text(encoding="utf-8").split("\n\n")[1].replace("\n", " ")


def cards(found: list[Lesson], up: str = "") -> str:
    """A picture a lesson, with its question."""
    each = (
        f'<a class="lesson" href="{up}lessons/{lesson.stem}.html">'
        f'<img src="{up}{lesson.picture}" alt="" loading="lazy">'
        f"<strong>{lesson.number} {html.escape(lesson.title)}</strong><span>{html.escape(lesson.question)}</span></a>"
        for lesson in found
    )
    return f'<div class="lessons">{"".join(each)}</div>'


def stage_home(found: list[Lesson], sources: Path, highlights: str) -> None:
    """What, for whom, a picture a lesson, the results; and the page of lessons with their order."""
    text = (PAGES / "index.md").read_text(encoding="utf-8").replace("{intro}", intro())
    text = text.replace("{cards}", cards(found)).replace("{highlights}", highlights)
    (sources / "index.md").write_text(text, encoding="utf-8")
    order = "\n".join(f"{lesson.number} {lesson.title} <{lesson.stem}>" for lesson in found)
    text = (PAGES / "lessons.md").read_text(encoding="utf-8").replace("{cards}", cards(found, "../"))
    (sources / "lessons" / "index.md").write_text(text.replace("{lessons}", order), encoding="utf-8")


def measured(text: str) -> str:
    """``{id:format}`` becomes the value of the ledger's entry ``id``, ``{id@field}`` another of its fields.

    Raises:
        KeyError: nothing was recorded under this id.
    """

    def found(match: re.Match) -> str:
        entry = results.get(match[1])
        return str(entry[match[2]]) if match[2] else format(entry["value"], match[3])

    return re.sub(r"\{(\w+(?:\.\w+)+)(?:@(\w+)|:([^}]+))\}", found, text)


def stage_play(sources: Path) -> None:
    """The page with everything one can play with."""
    text = measured((PAGES / "play.md").read_text(encoding="utf-8"))
    blocks = {
        "{board}": frame("board.html", "Play against the network", "board", ""),
        "{digit}": frame("digit.html", "Draw a digit", "digit", ""),
        "{video}": video(""),
    }
    for mark, block in blocks.items():
        text = text.replace(mark, block)
    (sources / "play.md").write_text(text, encoding="utf-8")
