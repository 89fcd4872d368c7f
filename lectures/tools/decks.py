"""Build decks: ``python lectures/tools/decks.py [05 ...]`` (all without numbers); ``make slides`` calls it.

For each deck: Sphinx executes and writes lectures/build/NN_name/index.html with all it needs beside it, a check reads
the page, and Chromium prints NN_name.pdf into the same folder. A deck whose source, tools, utils/ and results have not
changed is left alone. ``--look`` writes pictures of every slide, ``--present`` serves one deck.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
import webbrowser
from concurrent.futures import ThreadPoolExecutor, as_completed
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

from browse import DeckError, look, print_pdf
from filelock import FileLock

from utils import commands

TOOLS = Path(__file__).resolve().parent
LECTURES = TOOLS.parent
ROOT = LECTURES.parent
BUILD = LECTURES / "build"
# For the kernels: no windows (pygame draws Gymnasium's worlds), and two decks at once share two cores.
QUIET = {"MPLBACKEND": "agg", "SDL_VIDEODRIVER": "dummy", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
# What Sphinx and reveal.js bring along that no deck needs.
SUPERFLUOUS = (
    *(
        "genindex.html",
        "search.html",
        "searchindex.js",
        "objects.inv",
        ".buildinfo",
        ".doctrees",
        "_sources",
        "reports",
    ),
    *(
        "_static/revealjs/css",
        "_static/revealjs/js",
        "_static/revealjs/dist/theme",
        "_static/revealjs/dist/reveal.js.map",
    ),
    *("_static/revealjs/dist/reveal.esm.js", "_static/revealjs/dist/reveal.esm.js.map", "figures/kept.json"),
    *(f"_static/revealjs/plugin/{name}" for name in ("highlight", "markdown", "math", "search", "zoom")),
)


def decks(numbers: list[str] | None = None) -> list[Path]:
    """Sources of the decks, in order.

    Raises:
        DeckError: a number has no deck.
    """
    found = {path.name[:2]: path for path in sorted(LECTURES.glob("[0-9][0-9]_*.md"))}
    missing = [number for number in numbers or [] if number not in found]
    if missing:
        raise DeckError(f"There is no deck {', '.join(missing)}; there are {', '.join(found) or 'none'}.")
    return [found[number] for number in numbers or found]


def fingerprint(source: Path) -> str:
    """Changes whenever the deck, the tools, the package, the lessons, the site's pages or measured results change."""
    digest = hashlib.sha256(source.read_bytes())
    more = [ROOT / "mldata" / "results.json", *(ROOT / "mldata" / "weights").glob("*.json")]
    for path in sorted(
        [
            *(p for p in TOOLS.rglob("*.*") if p.suffix in (".py", ".css", ".svg", ".js", ".html")),
            *(ROOT / "utils").rglob("*.py"),
            *(ROOT / "notebooks").glob("*.ipynb"),  # slides quote what they print
            *(path for path in (ROOT / "site").rglob("*.*") if path.suffix in (".py", ".css", ".js", ".html")),
            *more,
        ]
    ):
        digest.update(path.name.encode() + (path.read_bytes() if path.exists() else b""))
    return digest.hexdigest()


def build(source: Path, folder: Path | None = None, pdf: bool = True, force: bool = False) -> Path:
    """Build one deck and return its folder.

    Args:
        source: the Markdown file.
        folder: where to; default lectures/build/NN_name.
        pdf: print it as well (needs Chromium).
        force: even if nothing has changed.

    Raises:
        DeckError: a cell fails, the markup is wrong, a figure lacks its alternative text, a slide its notes.
    """
    folder = folder or BUILD / source.stem
    stamp, mark, printed = folder / ".fingerprint", fingerprint(source), folder / f"{source.stem}.pdf"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f".{folder.name}.lock"), timeout=900):  # whoever comes second finds it built
        fresh = stamp.exists() and stamp.read_text() == mark and (folder / "index.html").exists()
        if force or not fresh:
            _build_beside(source, folder, mark)
        if pdf and not printed.exists():
            print_pdf(folder, printed)
    return folder


def _build_beside(source: Path, folder: Path, mark: str) -> None:
    """Build into a folder beside ``folder`` and put it in its place when it is whole."""
    part = folder.with_name(f".{folder.name}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)  # of a killed build
        _run_sphinx(source, part)
        _tidy(part, source.stem)
        faults = check_page((part / "index.html").read_text(encoding="utf-8"))
        if faults:
            raise DeckError(f"{source.name}:\n  " + "\n  ".join(faults))
        (part / ".fingerprint").write_text(mark)
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _run_sphinx(source: Path, folder: Path) -> None:
    figures, doctrees = folder / "figures", folder / ".doctrees"
    figures.mkdir(parents=True)
    environment = os.environ | {
        "COURSE_DECK": source.stem,
        "COURSE_SLIDES_FIGURES": str(figures),
        "COURSE_HEADLESS": "1",
    }
    for name, value in QUIET.items():
        environment.setdefault(name, value)
    options = ["-b", "revealjs", "-c", str(TOOLS), "-d", str(doctrees), "-q", "-W", "--keep-going", "-E"]
    command = [sys.executable, "-m", "sphinx", *options, str(source.parent), str(folder)]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        said = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr).splitlines()
        noise = ["IPKernelApp", "Notebook exception traceback"]
        if any("[mystnb.exec]" in line for line in said):
            noise.append("no cell has kept")  # follows from the cell that failed
        said = [line for line in said if not any(words in line for words in noise)]
        raise DeckError(f"{source.name} could not be built:\n" + "\n".join(said))


def _tidy(folder: Path, name: str) -> None:
    """Give the page its name, take the fonts, and drop what no deck needs."""
    (folder / f"{name}.html").rename(folder / "index.html")
    fonts = folder / "_static" / "fonts"
    fonts.mkdir()
    reveal = folder / "_static/revealjs/dist/theme/fonts/source-sans-pro"
    for path in reveal.glob("*.woff"):
        shutil.copy(path, fonts)
    shutil.copy(reveal / "LICENSE", fonts / "LICENSE-source-sans-pro")
    shutil.copy(Path(find_spec("ziamath").origin).parent / "fonts" / "STIXTwoMath-Regular.ttf", fonts)
    mono = Path(find_spec("matplotlib").origin).parent / "mpl-data/fonts/ttf"
    shutil.copy(mono / "DejaVuSansMono.ttf", fonts)
    for item in SUPERFLUOUS:
        path = folder / item
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


# ---------------------------------------------------------------------------------------------------------------------
# What can be checked without a browser


class Page(HTMLParser):
    """Slides, the paragraphs of their notes (first the clock), images and addresses of a built page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.slides: list[dict] = []
        self.faults: list[str] = []
        self._title = self._notes = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "section":
            self.slides.append(
                {
                    "id": found.get("id", ""),
                    "title": "",
                    "minutes": None,
                    "class": found.get("class") or "",
                    "notes": [],
                }
            )
        elif tag in ("h1", "h2"):
            self._title = True
        elif tag == "aside" and found.get("class") == "notes":
            self.slides[-1]["minutes"], self._notes = float(found["data-minutes"]), True
        elif tag in ("p", "li") and self._notes:
            self.slides[-1]["notes"].append("")
        elif tag == "img" and not (found.get("alt") or "").strip():
            self.faults.append(f"{self._where()}: the figure {found.get('src', '')[:60]} has no alternative text.")
        address = found.get("href") if tag == "link" else found.get("src")
        if address and re.match(r"(?!data:)[a-z]+:|//", address):
            self.faults.append(f"{self._where()}: {address} lies outside the folder.")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("h1", "h2"):
            self._title = False
        elif tag == "aside":
            self._notes = False

    def handle_data(self, data: str) -> None:
        if self._title and self.slides:
            self.slides[-1]["title"] += data
        elif self._notes and self.slides[-1]["notes"]:
            self.slides[-1]["notes"][-1] += data

    def _where(self) -> str:
        return f"slide {len(self.slides)} ({self.slides[-1]['title'].strip()})" if self.slides else "page"


def check_page(text: str) -> list[str]:
    """Faults of a built page that need no browser to see."""
    page = Page(text)
    silent = [
        f"slide {n} ({s['title'].strip()}) has no notes." for n, s in enumerate(page.slides, 1) if s["minutes"] is None
    ]
    return page.faults + silent


def minutes(folder: Path) -> tuple[int, float]:
    """Number of slides of a built deck and the minutes its notes add up to."""
    page = Page((folder / "index.html").read_text(encoding="utf-8"))
    return len(page.slides), sum(slide["minutes"] or 0 for slide in page.slides)


# ---------------------------------------------------------------------------------------------------------------------
# Commands


def server(folder: Path, port: int = 8765) -> ThreadingHTTPServer:
    """Serves a deck on this machine only; another port where that one is taken."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=folder)
    try:
        return ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError:
        return ThreadingHTTPServer(("127.0.0.1", 0), handler)


def present(folder: Path) -> None:
    """Serve a deck until Ctrl-C, and open it where there is a screen."""
    served = server(folder)
    address = f"http://127.0.0.1:{served.server_port}/"
    print(
        f"{folder.name} at {address}  S: speaker view, F: full screen, O: overview, Esc: back. Ctrl-C ends.", flush=True
    )
    webbrowser.open(address)
    try:
        served.serve_forever()
    except KeyboardInterrupt:
        print()


def make(source: Path, arguments: argparse.Namespace) -> str:
    """Build one deck as the command line asks; returns a line to print.

    Raises:
        DeckError: as :func:`build`.
    """
    start = time.perf_counter()
    folder = build(source, pdf=not (arguments.no_pdf or arguments.present), force=arguments.force)
    slides, length = minutes(folder)
    took = time.perf_counter() - start
    lines = [f"{source.stem:<28} {slides} slides, {length:g} min of talk, built in {took:.0f} s"]
    if arguments.look:
        lines += ["  " + line for line in look(folder)]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("decks", nargs="*", metavar="NN", help="numbers of decks; all if none")
    parser.add_argument("--force", action="store_true", help="build even if nothing has changed")
    parser.add_argument("--no-pdf", action="store_true", help="leave the PDF out")
    parser.add_argument(
        "--look", action="store_true", help="write a picture of every slide into build/NN_name-pictures/"
    )
    parser.add_argument("--present", action="store_true", help="serve the deck with speaker view")
    arguments = parser.parse_args()
    failed = 0
    try:
        sources = decks(arguments.decks)
        if not sources:
            raise DeckError("There are no decks in lectures/.")
        if arguments.present and len(sources) != 1:
            raise DeckError("Say which deck to present: make present DECK=05")
    except DeckError as error:
        print(error, file=sys.stderr)
        return 1
    with ThreadPoolExecutor(max_workers=min(2, os.cpu_count() or 1)) as pool:
        try:
            for future in as_completed([pool.submit(make, source, arguments) for source in sources]):
                try:
                    print(future.result(), flush=True)
                except DeckError as error:
                    failed += 1
                    print(error, file=sys.stderr, flush=True)
        except BaseException:  # Ctrl-C, a full disk: the decks that wait are not begun
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    if arguments.present and not failed:
        present(BUILD / sources[0].stem)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
