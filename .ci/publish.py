"""Write the course's address to where readers meet it: ``make publish``.

From ``[project.urls]`` and the version in pyproject.toml follow, in every lesson, the cell that fetches the course
where a notebook lies alone, in lessons and README the links that open them elsewhere, and in deploy/values.yaml the
image's tag and what a student's server fetches. As long as an address is the placeholder there are no links to it, and
the cell says what is missing. A test holds all of it to pyproject.toml.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from urllib.parse import quote

import nbformat

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "notebooks"))

from execute import source_hash  # noqa: E402

PLACEHOLDER = "REPLACE-ME"
FOLDER = "from-lego-to-go"  # a student's copy on a hub
CELL = """\
# Alone on Colab, Kaggle or a hub? Then this cell fetches the rest of the course, if you agree.
import importlib.util

if importlib.util.find_spec("utils") is None:
    import os
    import subprocess
    import sys

    course = "ADDRESS"
    price = "some minutes, and up to 3 GB where its packages are missing"
    answer = os.environ.get("COURSE_INSTALL") or input(f"Install {course} ({price})? [yes/no] ")
    if answer.strip().lower() not in ("y", "yes"):
        raise ImportError("A lesson needs its course: run this cell again and answer yes.")
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", course], check=True)"""
UNSET = """\
# A lesson needs the rest of its course, above all the folder utils.
import importlib.util

if importlib.util.find_spec("utils") is None:
    raise ImportError("This copy was not published: ask for the whole course, not a notebook.")"""
OPEN = "**Open in** "  # begins the paragraph with links
TO_DO = """\
<!-- not for students -->
**Whoever publishes this course:** set `Repository` under `[project.urls]` in pyproject.toml (it says {placeholder}),
run `make publish`, commit, tag the commit with the version (`git tag {tag}`) and push both. Then links open each
lesson on Colab, Kaggle and Binder, and a notebook that lies alone fetches the rest from that tag.
<!-- end -->"""
NOT_GITHUB = (
    "A notebook alone fetches the course from {address} at {tag}. (Colab, Kaggle and Binder open GitHub's alone.)"
)
START, END = "<!-- open in: written by `make publish` -->", "<!-- end of open in -->"


def settings(root: Path = ROOT) -> tuple[str, str, str, str]:
    """Addresses without a slash at the end: the repository, (then the tag of this version,) the students', the hub."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    repository, students, hub = (project["urls"][name].rstrip("/") for name in ("Repository", "Students", "JupyterHub"))
    return repository, f"v{project['version']}", students, hub


def hub_path(students: str, page: str) -> str:
    """Path on a JupyterHub that fetches or updates the course by nbgitpuller and opens a page of notebooks/."""
    target = quote(f"lab/tree/{FOLDER}/notebooks/{page}", safe="")
    pulled = f"repo={quote(students, safe='')}&branch=main&targetpath={FOLDER}&urlpath={target}"
    return f"/hub/user-redirect/git-pull?{pulled}"


def setup_cell(address: str, tag: str) -> str:
    """Source of the first code cell of every lesson."""
    return UNSET if PLACEHOLDER in address else CELL.replace("ADDRESS", f"git+{address}@{tag}")


def links(address: str, tag: str, notebook: str, students: str = "", hub: str = "") -> dict[str, str]:
    """Where a notebook can be opened, name to address; none while the address is the placeholder, or not GitHub's."""
    on_hub = {"JupyterHub": hub + hub_path(students, notebook)} if hub and PLACEHOLDER not in hub + students else {}
    match = re.fullmatch(r"https://github\.com/([\w.-]+/[\w.-]+)", address)
    if PLACEHOLDER in address or not match:
        return on_hub
    repository, path = match[1], f"notebooks/{notebook}"
    raw = f"{address}/blob/{tag}/{path}"
    return {
        "Colab": f"https://colab.research.google.com/github/{repository}/blob/{tag}/{path}",
        "Kaggle": f"https://kaggle.com/kernels/welcome?src={quote(raw, safe='')}",
        "Binder": f"https://mybinder.org/v2/gh/{repository}/{tag}?urlpath={quote(f'lab/tree/{path}', safe='')}",
    } | on_hub


def paragraph(found: dict[str, str]) -> str:
    """The links as one line of Markdown; empty if there are none."""
    return OPEN + " · ".join(f"[{name}]({address})" for name, address in found.items()) if found else ""


def publish_notebook(path: Path, address: str, tag: str, students: str = "", hub: str = "") -> bool:
    """Set cell and links of one lesson; True if that changed the file."""
    notebook = nbformat.read(path, as_version=4)
    before = nbformat.writes(notebook)
    first = notebook.cells[0]
    text = re.sub(rf"\n\n{re.escape(OPEN)}[^\n]*", "", first.source)
    found = paragraph(links(address, tag, path.name, students, hub))
    title, _, rest = text.partition("\n\n")
    first.source = f"{title}\n\n{found}\n\n{rest}" if found else text
    cell = next((cell for cell in notebook.cells if "setup" in cell.metadata.get("tags", [])), None)
    if cell is None:
        cell = nbformat.v4.new_code_cell(id="setup", metadata={"tags": ["setup"]})
        notebook.cells.insert(1, cell)
        _count_on(notebook)
    cell.source = setup_cell(address, tag)
    cell.metadata["source_sha256"] = source_hash(cell.source)
    after = nbformat.writes(notebook)
    if after == before:
        return False
    path.write_text(after + "\n" if not after.endswith("\n") else after, encoding="utf-8")
    return True


def _count_on(notebook: nbformat.NotebookNode) -> None:
    """Number the cells as if the new one had been executed with the others (it shows nothing)."""
    executed = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for count, cell in enumerate(executed, 1):
        cell.execution_count = count
        for output in cell.outputs:
            if "execution_count" in output:
                output["execution_count"] = count


def publish_readme(path: Path, notebooks: list[str], address: str, tag: str, students: str = "", hub: str = "") -> bool:
    """Write README's rows of links between its marks; True if that changed the file."""
    before = path.read_text(encoding="utf-8")
    rows = [(name[:2], links(address, tag, name, students, hub)) for name in notebooks]
    if any(found for _, found in rows):
        table = "\n".join(f"{number}: " + " · ".join(f"[{n}]({a})" for n, a in found.items()) for number, found in rows)
        body = table.replace("\n", "  \n")
    else:
        body = (TO_DO if PLACEHOLDER in address else NOT_GITHUB).format(
            address=address, tag=tag, placeholder=PLACEHOLDER
        )
    head, _, rest = before.partition(START)
    _, _, tail = rest.partition(END)
    after = f"{head}{START}\n{body}\n{END}{tail}"
    if after == before:
        return False
    path.write_text(after, encoding="utf-8")
    return True


def publish_values(path: Path, tag: str, students: str) -> bool:
    """Write the image's tag and what a student's server opens into deploy/values.yaml; True if that changed it."""
    before = path.read_text(encoding="utf-8")
    start_page = hub_path(students, "index.md").removeprefix("/hub/user-redirect")
    after = re.sub(r"(?m)^(    tag: ).*$", rf"\g<1>{tag}", before)
    after = re.sub(r"(?m)^(  defaultUrl: ).*$", lambda found: found[1] + start_page, after)
    if after == before:
        return False
    path.write_text(after, encoding="utf-8")
    return True


def main() -> None:
    address, tag, students, hub = found = settings()
    paths = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    changed = [path.name for path in paths if publish_notebook(path, *found)]
    if publish_readme(ROOT / "README.md", [path.name for path in paths], *found):
        changed.append("README.md")
    if publish_values(ROOT / "deploy" / "values.yaml", tag, students):
        changed.append("deploy/values.yaml")
    print(f"{address} at {tag}: " + (", ".join(changed) + " written" if changed else "nothing to change"))
    if PLACEHOLDER not in address:
        print(f"Commit this, tag it {tag}, and push both: a notebook alone asks the repository for that tag.")
    if PLACEHOLDER not in hub + students:
        print(f"On the hub: {hub}{hub_path(students, 'index.md')}")


if __name__ == "__main__":
    main()
