"""Write tables of README.md and deploy/README.md from the ledger: ``python .ci/readme.py`` (`make results` calls it).

For maintainers. The tables stand between marks, and tests hold them equal to the ledger.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

from utils import commands, results
from utils.checkpoints import write_atomically

ROOT = Path(__file__).resolve().parents[1]
TABLE_START, TABLE_END = "<!-- results: written by `make results` -->", "<!-- end of results -->"
EXECUTION_MARKS = ("<!-- execution: written by `make bench LESSON=00` -->", "<!-- end of execution -->")
CLASS_MARKS = ("<!-- size of a class: written by `python .ci/readme.py` -->", "<!-- end of size -->")
CORES = 2  # of the machine that the execution table was measured on
LESSON_MINUTES = 30  # in which a class that starts together shall be through with the longest lesson


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


def _longest_and_hungriest(budget: str) -> tuple[tuple[float, str], tuple[float, str]]:
    """Seconds and number of the longest lesson, gigabytes and number of the hungriest."""
    entries = results.read()
    lessons = [key.split(".")[1] for key in entries if key.startswith("execution.") and key.endswith(".cpu.memory")]
    seconds, memory = (
        max((entries[f"execution.{lesson}.{budget}.{what}"]["value"], lesson) for lesson in lessons)
        for what in ("seconds", "memory")
    )
    return seconds, memory


def memory_of_a_student(budget: str) -> float:
    """Gigabytes: the hungriest lesson at this budget, and JupyterLab's server."""
    return _longest_and_hungriest(budget)[1][0] + results.get("hub.server.memory")["value"]


def class_table(sizes: tuple[int, ...] = (30, 200)) -> str:
    """Markdown: memory and cores for classes of these sizes at the smoke and cpu budgets, with the sums."""
    server = results.get("hub.server.memory")["value"]
    lines = ["| | budget smoke | budget cpu |", "| --- | --- | --- |"]
    rows: dict[str, list[str]] = {}
    for budget in ("smoke", "cpu"):
        (seconds, longest), (memory, hungriest) = _longest_and_hungriest(budget)
        student, work = round(memory, 2) + round(server, 2), CORES * round(seconds)  # as shown
        held = f"{memory:.2f} GB (lesson {hungriest}) + {server:.2f} GB = {student:.2f} GB"
        computed = f"{CORES} cores × {seconds:.0f} s (lesson {longest}) = {work:.0f} s"
        sums = {"a student's memory: hungriest lesson + JupyterLab": held, "processor time: longest lesson": computed}
        for size in sizes:
            cores = math.ceil(size * work / (60 * LESSON_MINUTES))
            sums[f"**{size} students**: memory"] = f"{size} × {student:.2f} GB = **{size * student:.0f} GB**"
            sums[f"**{size} students**: cores"] = f"{size} × {work:.0f} s / {60 * LESSON_MINUTES} s = **{cores}**"
        for title, text in sums.items():
            rows.setdefault(title, []).append(text)
    lines += [f"| {title} | {' | '.join(cells)} |" for title, cells in rows.items()]
    held, computed = (results.get(f"hub.student.{what}") for what in ("memory", "seconds"))
    note = (
        f"Measured on a hub: {held['n']} students in lesson 08 at the same time, budget smoke, {held['value']:.2f} GB "
        f"each for kernel and server, {server:.2f} GB of it the server; {computed['value']:.0f} s of processor time "
        f"each from the log-in to the last cell. {held['hardware']}, {held['date']}."
    )
    return "\n".join([*lines, "", note, "", _reserved(sizes)])


def _reserved(sizes: tuple[int, ...]) -> str:
    """What the settings of deploy/values.yaml set aside for classes of these sizes."""
    text = (ROOT / "deploy" / "values.yaml").read_text(encoding="utf-8")
    memory, disk = (float(re.search(rf"^ +{name}: ([\d.]+)G", text, re.M)[1]) for name in ("guarantee", "capacity"))
    kept = (f"{size * memory:.0f} GB and {size * disk:.0f} GiB for {size} students" for size in sizes)
    return f"With `guarantee` and `capacity` of values.yaml the cluster sets aside memory and disk: {', '.join(kept)}."


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
    """Write the comparison and execution tables into README.md, the size of a class into deploy/README.md."""
    path = ROOT / "README.md"
    text = with_table(path.read_text(encoding="utf-8"), comparison_table())
    text = with_table(text, execution_table(), EXECUTION_MARKS)
    write_atomically(path, lambda file: file.write(text.encode("utf-8")))
    path = ROOT / "deploy" / "README.md"
    sized = with_table(path.read_text(encoding="utf-8"), class_table(), CLASS_MARKS)
    write_atomically(path, lambda file: file.write(sized.encode("utf-8")))


if __name__ == "__main__":
    raise SystemExit(commands.run(update_readme, ValueError))
