"""Write README's tables from the ledger: ``python .ci/readme.py`` (`make results` calls it).

For maintainers. The tables stand between marks in README.md, and a test holds them equal to the ledger.
"""

from __future__ import annotations

from pathlib import Path

from utils import commands, results
from utils.checkpoints import write_atomically

ROOT = Path(__file__).resolve().parents[1]
TABLE_START, TABLE_END = "<!-- results: written by `make results` -->", "<!-- end of results -->"
EXECUTION_MARKS = ("<!-- execution: written by `make bench LESSON=00` -->", "<!-- end of execution -->")


def comparison_table(path: str | Path | None = None) -> str:
    """Markdown: what was measured beside the lecture's figure and the best public reference.

    Args:
        path: TOML file with the rows; default ``mldata/references.toml``. Rows not yet measured are left out.
    """
    entries = results.read()
    lines = ["| | ours | over | the lecture | public reference |", "| --- | --- | --- | --- | --- |"]
    for row in results.references(path):
        entry = entries.get(row["id"])
        if entry:
            cells = (
                row["title"],
                results.format_value(entry),
                results.over(entry),
                row.get("lecture", ""),
                row.get("public", ""),
            )
            lines.append("| " + " | ".join(cells) + " |")
    hardware = sorted({entry["hardware"] for entry in entries.values()})
    note = f"Measured on {'; '.join(hardware)}. Budgets, dates and commands: mldata/results.json." if hardware else ""
    return "\n".join([*lines, "", note]).strip()


def execution_table() -> str:
    """Markdown: time and peak memory of each notebook at the smoke and cpu budgets, as `make bench LESSON=00` found."""
    entries = {key.split(".", 1)[1]: entry for key, entry in results.read().items() if key.startswith("execution.")}
    if not entries:
        return "Not measured yet: `make bench LESSON=00`."
    lines = ["| notebook | smoke: time | memory | cpu: time | memory |", "| --- | --- | --- | --- | --- |"]
    for number in sorted({key.split(".")[0] for key in entries}):
        cells = []
        for budget in ("smoke", "cpu"):
            seconds, memory = (entries.get(f"{number}.{budget}.{what}") for what in ("seconds", "memory"))
            cells += [_duration(seconds["value"]) if seconds else "", f"{memory['value']:.1f} GB" if memory else ""]
        lines.append(f"| {number} | {' | '.join(cells)} |".replace("|  ", "| ").replace("|  ", "| "))
    hardware = "; ".join(sorted({entry["hardware"] for entry in entries.values()}))
    dates = sorted({entry["date"] for entry in entries.values()})
    note = f"Measured on {hardware}. {' to '.join(dict.fromkeys((dates[0], dates[-1])))}; JupyterLab comes on top."
    return "\n".join([*lines, "", note])


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def with_table(document: str, table_text: str, marks: tuple[str, str] = (TABLE_START, TABLE_END)) -> str:
    """``document`` with what stands between its two marks replaced.

    Raises:
        ValueError: the document lacks the marks.
    """
    start, end = marks
    if start not in document or end not in document:
        raise ValueError(f"The document has no {start} ... {end} to write results between.")
    head, rest = document.split(start, 1)
    return f"{head}{start}\n{table_text}\n{end}{rest.split(end, 1)[1]}"


def update_readme() -> None:
    """Write the comparison table and the execution table into README.md."""
    path = ROOT / "README.md"
    text = with_table(path.read_text(encoding="utf-8"), comparison_table())
    text = with_table(text, execution_table(), EXECUTION_MARKS)
    write_atomically(path, lambda file: file.write(text.encode("utf-8")))


if __name__ == "__main__":
    raise SystemExit(commands.run(update_readme, ValueError))
