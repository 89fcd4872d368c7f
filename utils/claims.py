"""For every lesson: a sentence on what to see, with the condition that makes it true.

::

    claim("Alignment alone more than doubles the accuracy", aligned > 2 * printed, aligned=aligned, printed=printed)

shows the sentence with a tick and the figures it rests on. Where the condition does not hold, it says *not in this run*
instead: who runs a lesson with other seeds or on another machine reads what is true on theirs. At the smoke budget,
where nothing is trained long enough to be judged, the sentence stands without a verdict.

A claim on the ledger gives the condition as a function of its figures, judged on the entries' values, seed by seed (or
once, where an entry has a single value, or where the figures are those of a stored curve)::

    claim("Fine-tuning adds little", lambda tuned, frozen: tuned - frozen < 0.01,
          tuned=results.get("catsdogs.finetuned.accuracy"), frozen=results.get("catsdogs.frozen.accuracy"))

Each output also carries what it says as data (:data:`MIME`): ``make notebooks`` refuses a notebook with a claim that
does not hold, ``make claims`` counts over seeds how often each one does, and a test reads what is committed.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from utils import runtime

MIME = "application/vnd.lego-to-go.claim+json"
HOLDS, FAILS, NOT_JUDGED = "holds", "fails", "not judged"
NEEDED = 0.8  # a claim on the ledger must hold in four of five seeds
# Mark, colour that is legible on white and on dark grey, words before and after the sentence.
LOOKS = {
    HOLDS: ("✓", "#2e9e5b", "", ""),
    FAILS: ("✗", "#c2691a", "Not in this run: ", ""),
    NOT_JUDGED: ("○", "#7d7d7d", "", " (not judged at the smoke budget)"),
}


@dataclass(frozen=True)
class Claim:
    """A sentence and its verdict; a front end draws it, a terminal prints it.

    Attributes:
        sentence: what to see.
        state: :data:`HOLDS`, :data:`FAILS` or :data:`NOT_JUDGED`.
        figures: what the verdict rests on, name to text.
        by_seed: for a claim on the ledger whether it holds in each seed, or, where an entry has a single value, whether
            it holds; else empty.
    """

    sentence: str
    state: str
    figures: dict[str, str] = field(default_factory=dict)
    by_seed: tuple[bool, ...] = ()

    def _rest(self) -> str:
        """Figures, and in how many seeds, as one bracket; nothing where nothing was judged."""
        if self.state == NOT_JUDGED:
            return ""
        parts = [f"{name.replace('_', ' ')} {text}" for name, text in self.figures.items()]
        if len(self.by_seed) == 1:
            parts.append("on the ledger")
        elif self.by_seed:
            parts.append(f"in {sum(self.by_seed)} of {len(self.by_seed)} seeds")
        return f" ({'; '.join(parts)})" if parts else ""

    def __repr__(self) -> str:
        mark, _, before, after = LOOKS[self.state]
        return f"{mark} {before}{self.sentence}{after}{self._rest()}"

    def _repr_html_(self) -> str:
        mark, colour, before, after = LOOKS[self.state]
        sentence = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(self.sentence, quote=False))
        return (
            f'<div style="border-left: 3px solid {colour}; padding: 0.2em 0.8em; margin: 0.3em 0; max-width: 60em">'
            f'<strong style="color: {colour}">{mark}</strong> {f"<em>{before}</em>" if before else ""}{sentence}'
            f'<span style="opacity: 0.75">{html.escape(after + self._rest(), quote=False)}</span></div>'
        )

    def _repr_mimebundle_(self, **_) -> dict[str, Any]:
        data = {"sentence": self.sentence, "state": self.state, "figures": self.figures, "by_seed": list(self.by_seed)}
        return {"text/plain": repr(self), "text/html": self._repr_html_(), MIME: data}


def claim(sentence: str, holds: Any, **figures: Any) -> None:
    """Show a sentence on what the output above shows, with its verdict; never raises because it fails.

    Args:
        sentence: one sentence, without the full stop.
        holds: the condition: True or False, NumPy's or a backend's too; of an array, all of it. Or a function of the
            figures by name, for figures from the ledger: it must hold for their values, and in four of five seeds.
        figures: numbers, short sequences or texts that the verdict rests on; entries of the ledger.
    """
    shown = {name: figure_text(value) for name, value in figures.items()}
    by_seed: tuple[bool, ...] = ()
    if callable(holds):
        holds, by_seed = _judge_by_seed(holds, figures)
    state = HOLDS if bool(np.all(np.asarray(holds))) else FAILS
    if runtime.budget() == "smoke" and not by_seed:
        state = NOT_JUDGED
    _display(Claim(sentence, state, shown, by_seed))


def _judge_by_seed(condition: Callable[..., Any], figures: dict[str, Any]) -> tuple[bool, tuple[bool, ...]]:
    """Does it hold for the entries' values, and seed by seed for as many seeds as all entries have?"""
    entries = {name: value for name, value in figures.items() if _is_entry(value)}
    plain = {name: value for name, value in figures.items() if name not in entries}
    whole = bool(np.all(condition(**plain, **{name: entry["value"] for name, entry in entries.items()})))
    seeds = min((len(entry.get("values") or ()) for entry in entries.values()), default=0)
    if not seeds:  # one training, many games of one player, a stored curve: the same in every run
        return whole, (whole,)
    by_seed = tuple(
        bool(np.all(condition(**plain, **{name: entry["values"][seed] for name, entry in entries.items()})))
        for seed in range(seeds)
    )
    return whole and sum(by_seed) >= NEEDED * len(by_seed), by_seed


def _is_entry(value: Any) -> bool:
    return isinstance(value, dict) and {"id", "value", "unit"} <= value.keys()


def figure_text(value: Any) -> str:
    """A figure as people read it: three digits, thousands apart, a percentage for a fraction of the ledger.

    Sequences of more than six show their ends.
    """
    if _is_entry(value):
        return f"{100 * value['value']:.4g} %" if value["unit"] == "fraction" else figure_text(value["value"])
    if isinstance(value, str):
        return value
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    array = np.asarray(value)
    if array.ndim == 0:
        return _number(array.item()) if array.dtype.kind in "iuf" else str(value)
    items = [figure_text(item) for item in array.ravel().tolist()]
    return ", ".join(items if len(items) <= 6 else [*items[:3], "…", items[-1]])


def _number(value: float) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    if not math.isfinite(value):
        return str(value)
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    # Three significant digits, and no fewer than a percentage of nearly 100 needs to differ from it.
    return f"{value:.4g}" if 0.99 <= abs(value) < 1 else f"{value:.3g}"


def _display(shown: Claim) -> None:
    """In a notebook as an output of its cell, elsewhere printed."""
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        get_ipython = None
    if get_ipython is None or get_ipython() is None:
        print(shown)
    else:
        display(shown)


# ---------------------------------------------------------------------------------------------------------------------
# Reading them back


def stored_claims(notebook: Any) -> list[dict[str, Any]]:
    """The claims in a notebook's outputs, in order: ``sentence``, ``state``, ``figures``, ``by_seed``."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [output["data"][MIME] for output in outputs if MIME in output.get("data", {})]
