"""Build the site into build/site/: ``make site``, or ``python site/build.py``.

Its sources are laid out by stage.py, the pages to play with by frames.py and film.py (kept in build/site-play/ until a
network changes), and Sphinx makes pages of them. Opens from disk: no page asks for anything outside the folder.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

from filelock import FileLock
from fontTools import subset
from fontTools.ttLib import TTFont

from utils import commands

import film
import frames
import stage

HERE = Path(__file__).parent
ROOT = HERE.parent
TARGET = ROOT / "build" / "site"
SUPERFLUOUS = (".doctrees", ".buildinfo", "objects.inv", "_sources", "_static/webpack-macros.html")


class SiteError(Exception):
    """The site cannot be built; the text says what Sphinx said."""


def sources(folder: Path) -> None:
    """Lay out what Sphinx reads, in ``folder``."""
    import api_pages
    import ledger_page

    extra = folder / "extra"
    extra.mkdir(parents=True)
    found = stage.lessons()
    for lesson in found:
        stage.stage_lesson(lesson, folder, extra)
    stage.stage_texts(folder)
    stage.stage_decks(folder, extra)
    stage.stage_play(folder)
    stage.stage_home(found, folder, ledger_page.highlights())
    template = (stage.PAGES / "results.md").read_text(encoding="utf-8")
    (folder / "results.md").write_text(ledger_page.page(template), encoding="utf-8")
    api_pages.write(folder / "api")
    for path in (*frames.write(), film.write(frames.KEPT / "breakout.mp4")):
        (extra / "play").mkdir(exist_ok=True)
        shutil.copyfile(path, extra / "play" / path.name)


def run_sphinx(folder: Path, out: Path) -> None:
    """Call Sphinx.

    Raises:
        SiteError: it complains of anything.
    """
    options = ["-b", "html", "-c", str(HERE), "-d", str(folder / ".doctrees"), "-q", "-W", "--keep-going"]
    options += ["-D", f"html_extra_path={folder / 'extra'}"]
    command = [sys.executable, "-m", "sphinx", *options, str(folder), str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        said = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)
        raise SiteError(f"The site could not be built:\n{said.strip()}")


def tidy(out: Path) -> None:
    """Take the mathematical font, cut to what formulas use, and drop what no page needs."""
    pages = "".join(path.read_text(encoding="utf-8") for path in out.rglob("*.html") if "decks" not in path.parts)
    used = set("".join(re.findall(r"<math.*?</math>", pages, re.S)))
    used |= {chr(int(code, 16)) for code in re.findall(r"&#x([0-9A-Fa-f]+);", pages)}
    font = TTFont(Path(find_spec("ziamath").origin).parent / "fonts" / "STIXTwoMath-Regular.ttf")
    options = subset.Options(flavor="woff", layout_features=["*"], notdef_outline=True)
    cutter = subset.Subsetter(options)
    letters = [chr(c) for start in (0x1D434, 0x1D6A8) for c in range(start, start + 0x60)]  # italic, as <mi> shows them
    cutter.populate(text="".join(used | set(letters)) + "ℎ()[]{}|‖√⏞⏟")
    cutter.subset(font)
    (out / "_static" / "fonts").mkdir(exist_ok=True)
    font.flavor = "woff"
    font.save(out / "_static" / "fonts" / "STIXTwoMath-Regular.woff")
    for path in [out / name for name in SUPERFLUOUS] + list(out.rglob("*.map")):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def build(target: Path = TARGET) -> Path:
    """Build the site beside ``target`` and put it in its place when it is whole.

    Raises:
        SiteError: Sphinx complains.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    with FileLock(target.with_name(f".{target.name}.lock"), timeout=900):
        try:
            shutil.rmtree(part, ignore_errors=True)  # of a killed build
            sources(part / "source")
            run_sphinx(part / "source", part / "html")
            tidy(part / "html")
            shutil.rmtree(target, ignore_errors=True)
            (part / "html").rename(target)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return target


def main() -> None:
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    start = time.perf_counter()
    target = build()
    pages = len(list(target.rglob("*.html")))
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    print(f"{target / 'index.html'}: {pages} pages, {size / 1e6:.0f} MB, built in {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    raise SystemExit(commands.run(main, SiteError, ValueError))
