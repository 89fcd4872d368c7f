"""What the lessons have stored, for slides: a deck that quotes a claim cannot be built once the lesson drops it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import nbformat

from utils import runtime
from utils.claims import HOLDS, MIME

NUMBER = re.compile(r"-?\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?(?: ?%)?")


def claimed(lesson: str, sentence: str) -> dict[str, list[float]]:
    """The figures of a claim in a lesson's stored outputs, by name; shares are fractions.

    Args:
        lesson: number or name of the notebook, as in ``"06"``.
        sentence: how the claim begins.

    Raises:
        ValueError: no such claim, or several; it did not hold; a figure was shortened when it was stored.
    """
    data = [output["data"].get(MIME) for output in _outputs(lesson) if "data" in output]
    found = [claim for claim in data if claim and claim["sentence"].startswith(sentence)]
    if len(found) != 1 or found[0]["state"] != HOLDS:
        raise ValueError(f"Lesson {lesson} has {len(found)} claims, or one that fails, that begin with {sentence!r}.")
    shortened = [name for name, text in found[0]["figures"].items() if "…" in text]
    figures = {name: text for name, text in found[0]["figures"].items() if name not in shortened}
    if not figures:
        raise ValueError(f"Lesson {lesson}, {sentence!r}: no figure is stored in full.")
    return {name: [_number(part) for part in NUMBER.findall(text)] for name, text in figures.items()}


def printed(lesson: str, beginning: str) -> str:
    """The one line that a lesson has printed and that begins so, without line break.

    Raises:
        ValueError: there is none, or more than one.
    """
    texts = [output["text"] for output in _outputs(lesson) if output["output_type"] == "stream"]
    found = [line for text in texts for line in text.splitlines() if line.startswith(beginning)]
    if len(found) != 1:
        raise ValueError(f"Lesson {lesson} prints {len(found)} lines that begin with {beginning!r}.")
    return found[0]


def _number(text: str) -> float:
    value = float(text.replace(",", "").rstrip(" %"))
    return value / 100 if text.endswith("%") else value


def _outputs(lesson: str) -> Iterator[Any]:
    (path,) = (runtime.repo_root() / "notebooks").glob(f"{lesson[:2]}_*.ipynb")
    for cell in nbformat.read(path, 4).cells:
        yield from cell.get("outputs", ())
