"""The ledger mldata/results.json as a page: every figure drawn on the scale of its unit, with where it comes from."""

from __future__ import annotations

import html
import re
from collections import defaultdict

from utils import results

import readme

# Beginnings of identifiers: what pages call them, in the order of the lessons.
TOPICS = {
    "word2vec": "01 Word vectors",
    "convnets": "02 Convnets",
    "climb": "03 Climbing to images",
    "occlusion": "03 Occlusion maps",
    "catsdogs": "04 Cats and dogs",
    "mnist": "05 MNIST",
    "addition": "06 Learning to add",
    "recurrent": "06 Recurrent memory",
    "movielens": "07 MovieLens",
    "qlearning": "08 Q-learning",
    "dqn": "09 A ball game, deep Q-learning taken apart",
    "breakout": "09 Breakout",
    "reinforce": "10 REINFORCE",
    "go": "11 Go",
    "execution": "Time and memory of the lessons",
    "hub": "A class on a hub",
}
HIGHLIGHTS = (
    "mnist.better.accuracy",
    "catsdogs.finetuned.accuracy",
    "movielens.best.rmse",
    "qlearning.frozenlake4x4.success",
    "breakout.dqn.score",
    "go.vs_gnugo_level10.win_rate",
)
WIDTH, HEIGHT = 200, 22


def strip(entry: dict, low: float, high: float) -> str:
    """A dot with its spread on a line from ``low`` to ``high``, single seeds as small dots."""

    def at(value: float) -> float:
        return round(4 + (WIDTH - 8) * (min(max(value, low), high) - low) / (high - low or 1), 1)

    middle, parts = HEIGHT // 2, [f'<path class="axis" d="M4 {HEIGHT // 2}H{WIDTH - 4}"/>']
    if entry["spread"]:
        left, right = at(entry["value"] - entry["spread"]), at(entry["value"] + entry["spread"])
        parts.append(f'<path class="spread" d="M{left} {middle}H{right}"/>')
    parts += [f'<circle class="seed" cx="{at(v)}" cy="{middle}" r="1.8"/>' for v in entry.get("values") or []]
    parts.append(f'<circle class="mean" cx="{at(entry["value"])}" cy="{middle}" r="4"/>')
    return f'<svg class="strip" viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">{"".join(parts)}</svg>'


def scale(entries: list[dict]) -> tuple[float, float]:
    """Ends of the line for entries of one unit: 0 to 1 for fractions, else from 0 (or below) to the largest."""
    if entries[0]["unit"] == "fraction":
        return 0.0, 1.0
    ends = [entry["value"] + sign * (entry["spread"] or 0) for entry in entries for sign in (-1, 1)]
    return min(0.0, *ends), max(0.0, *ends)


def row(entry: dict, title: str, low: float, high: float) -> str:
    """One figure: its name, its place on the scale, its value, and where it comes from."""
    made = f"{entry['date']} · {entry['hardware']} · {entry['backend']}, budget {entry['budget']}"
    over = f'<span class="over">{html.escape(results.over(entry))}</span>'
    source = f'<span class="made">{html.escape(made)} · <code>{html.escape(entry["command"])}</code></span>'
    value = html.escape(results.format_value(entry))
    return (
        f"<tr><th scope='row'>{html.escape(title)}</th><td>{strip(entry, low, high)}</td>"
        f"<td class='value'>{value}</td></tr>"
        f"<tr class='origin'><td colspan='3'>{over}{source}</td></tr>"
    )


def table(entries: list[dict], names: dict[str, str]) -> str:
    """Entries of one topic, one scale a unit."""
    by_unit: dict[str, list[dict]] = defaultdict(list)
    for entry in entries:
        by_unit[entry["unit"]].append(entry)
    blocks = []
    for unit, group in by_unit.items():
        low, high = scale(group)
        ends = f"{low:g} to {high:,.4g} {unit}" if unit != "fraction" else "0 to 100 %"
        rows = "".join(row(entry, names.get(entry["id"], _words(entry["id"])), low, high) for entry in group)
        columns = "".join(f"<th scope='col'>{html.escape(name)}</th>" for name in ("figure", ends, "value"))
        whole = f"<table class='ledger'><thead><tr>{columns}</tr></thead><tbody>{rows}</tbody></table>"
        blocks.append(f'<div class="scrolled" tabindex="0">{whole}</div>')
    return "".join(blocks)


def _words(identifier: str) -> str:
    return re.sub(r"[._]", " ", identifier.partition(".")[2])


def claims() -> str:
    """How often the claims of each lesson held, a line a lesson, and each claim below it."""
    by_lesson: dict[str, list[dict]] = defaultdict(list)
    for identifier, entry in results.read().items():
        if identifier.startswith("claims."):
            by_lesson[identifier.split(".")[1]].append(entry)
    blocks = []
    for lesson, entries in sorted(by_lesson.items()):
        always = sum(entry["value"] == 1 for entry in entries)
        items = "".join(
            f"<li>{html.escape(entry['note'])}: <b>{round(entry['value'] * entry['n'])} of {entry['n']}</b></li>"
            for entry in entries
        )
        summary = f"Lesson {lesson}: {len(entries)} claims, {always} of them held every time"
        made = f"{entries[0]['date']} · {entries[0]['hardware']} · <code>{html.escape(entries[0]['command'])}</code>"
        blocks.append(f"<details><summary>{summary}</summary><p class='made'>{made}</p><ul>{items}</ul></details>")
    return "\n".join(blocks)


def page(template: str) -> str:
    """The page of results from its template."""
    names = {line["id"]: line["title"] for line in results.references()}
    topics: dict[str, list[dict]] = defaultdict(list)
    for identifier, entry in sorted(results.read().items()):
        topics[identifier.split(".")[0]].append(entry)
    topics.pop("claims", None)
    order = [*TOPICS, *sorted(set(topics) - set(TOPICS))]
    blocks = [f"## {TOPICS.get(name, name)}\n\n{table(topics[name], names)}" for name in order if name in topics]
    text = template.replace("{comparison}", readme.comparison_table()).replace("{claims}", claims())
    return text.replace("{topics}", "\n\n".join(blocks))


def highlights() -> str:
    """A few figures as tiles for the home page."""
    ledger, names = results.read(), {line["id"]: line for line in results.references()}
    tiles = []
    for identifier in (name for name in HIGHLIGHTS if name in ledger):
        entry, line = ledger[identifier], names[identifier]
        other = line.get("public") or line.get("lecture") or ""
        beside = f"<span class='beside'>beside it: {html.escape(other)}</span>" if other else ""
        value = html.escape(results.format_value(entry))
        tiles.append(f"<div class='tile'><b>{value}</b><span>{html.escape(line['title'])}</span>{beside}</div>")
    return f'<div class="tiles">{"".join(tiles)}</div>'
