"""Do the addresses in the course's texts still answer? ``python .ci/links.py [FILE ...]``, weekly in CI.

Reads Markdown files, Markdown cells of notebooks, and TOML files. An address that is gone (404, 410, no such host) ends
the run with status 1; one that refuses robots or is busy (403, 429, 5xx, no answer in time) is listed but forgiven.
Links to files of the repository are checked by the unit tests, on every change.
"""

from __future__ import annotations

import argparse
import json
import re
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ADDRESS = re.compile(r"https?://[^\s<>\"'`\\\]|{}$]+")
GONE = (404, 410)
PREPRINT = re.compile(r"arXiv:? ?(\d{4}\.\d{4,5})\b")
# Addresses of this computer, of a classroom (a name without a dot), and of examples in texts.
LOCAL = re.compile(r"https?://([\w-]+(:\d+)?(/|$)|127\.|0\.0\.0\.0|example\.|[^/]*\.example\b)")


def texts(paths: Sequence[str]) -> Iterable[tuple[str, str]]:
    """Name and text of the files given, or of all texts of the course."""
    chosen = [Path(path).resolve() for path in paths]
    if not chosen:
        patterns = ("*.md", "*.cff", "lectures/*.md", "notebooks/[0-9][0-9]_*.ipynb", "mldata/*.toml")
        chosen = sorted(path for pattern in patterns for path in ROOT.glob(pattern))
    for path in chosen:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".ipynb":
            cells = json.loads(text)["cells"]
            text = "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
        yield path.name, text


def addresses(text: str) -> set[str]:
    """Web addresses in a text, without the punctuation that ends a sentence or a bracket; and those of preprints."""
    found = {f"https://arxiv.org/abs/{number}" for number in PREPRINT.findall(text)}
    for match in ADDRESS.findall(text):
        address = match.rstrip(".,;:!?*_")
        while address.endswith(")") and address.count("(") < address.count(")"):
            address = address[:-1].rstrip(".,;:!?*_")
        if not LOCAL.match(address):
            found.add(address.split("#", 1)[0])
    return found


def visit(address: str, timeout: float = 20.0, pause: float = 5.0) -> str:
    """``"ok"``, ``"gone: ..."`` or ``"unclear: ..."``. What fails is tried twice, since hosts have bad moments."""
    verdict = ""
    for attempt in range(2):
        if attempt:
            time.sleep(pause)
        try:
            headers = {"User-Agent": "Mozilla/5.0 (link check of a course)", "Range": "bytes=0-1023"}
            with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=timeout):
                return "ok"
        except urllib.error.HTTPError as error:
            if error.code == 416:  # an empty file has no first bytes
                return "ok"
            verdict = f"{'gone' if error.code in GONE else 'unclear'}: status {error.code}"
        except urllib.error.URLError as error:
            unknown = isinstance(error.reason, socket.gaierror)
            verdict = f"{'gone' if unknown else 'unclear'}: {error.reason}"
        except (OSError, ValueError) as error:
            verdict = f"unclear: {type(error).__name__}: {error}"
    return verdict


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*")
    parser.add_argument("--timeout", type=float, default=20.0)
    parser.add_argument("--pause", type=float, default=5.0, help="seconds before the second attempt")
    options = parser.parse_args(arguments)
    where: dict[str, list[str]] = {}
    for name, text in texts(options.files):
        for address in addresses(text):
            where.setdefault(address, []).append(name)
    with ThreadPoolExecutor(8) as pool:
        verdicts = dict(zip(where, pool.map(lambda a: visit(a, options.timeout, options.pause), where)))
    for address, verdict in sorted(verdicts.items()):
        if verdict != "ok":
            print(f"{verdict}\n    {address}\n    in {', '.join(sorted(set(where[address])))}")
    gone = sum(verdict.startswith("gone") for verdict in verdicts.values())
    unclear = sum(verdict.startswith("unclear") for verdict in verdicts.values())
    print(f"{len(verdicts)} addresses: {len(verdicts) - gone - unclear} answer, {unclear} unclear, {gone} gone")
    if verdicts and gone + unclear == len(verdicts):
        print("Nothing answers: is there a network?")
        return 1
    return 1 if gone else 0


if __name__ == "__main__":
    sys.exit(main())
