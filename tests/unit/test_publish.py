"""A notebook alone: the cell that fetches its course, and the links that open lessons elsewhere."""

from __future__ import annotations

import contextlib
import http.server
import os
import shutil
import subprocess
import sys
import sysconfig
import threading
from pathlib import Path

import nbformat
import pytest

import publish

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
REAL = "https://github.com/somebody/from-lego-to-go"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem[:2])
def test_lessons_say_what_pyproject_says(path, tmp_path):
    copy = Path(shutil.copy(path, tmp_path))
    assert not publish.publish_notebook(copy, *publish.settings()), "run `make publish`"


def test_readme_says_what_pyproject_says(tmp_path):
    copy = Path(shutil.copy(ROOT / "README.md", tmp_path))
    names = [path.name for path in NOTEBOOKS]
    assert not publish.publish_readme(copy, names, *publish.settings()), "run `make publish`"


def test_a_placeholder_cannot_be_overlooked(tmp_path):
    copy = Path(shutil.copy(ROOT / "README.md", tmp_path))
    address = "https://github.com/REPLACE-ME/course"
    publish.publish_readme(copy, ["08_q_learning.ipynb"], address, "v1")
    assert "REPLACE-ME" in copy.read_text() and "make publish" in copy.read_text()
    assert publish.links(address, "v1", "08_q_learning.ipynb") == {}
    with pytest.raises(ImportError, match="whole course"):
        exec(publish.setup_cell(address, "v1").replace('find_spec("utils")', 'find_spec("no_such_module")'), {})


def test_a_real_address_gives_links_and_a_cell_that_names_the_version(tmp_path):
    copy = Path(shutil.copy(NOTEBOOKS[7], tmp_path))
    cells = len(nbformat.read(copy, as_version=4).cells)
    assert publish.publish_notebook(copy, REAL, "v9.9.9")
    assert not publish.publish_notebook(copy, REAL, "v9.9.9")
    notebook = nbformat.read(copy, as_version=4)
    nbformat.validate(notebook)
    assert len(notebook.cells) == cells
    assert f"git+{REAL}@v9.9.9" in notebook.cells[1].source
    first = notebook.cells[0].source
    assert f"colab.research.google.com/github/somebody/from-lego-to-go/blob/v9.9.9/notebooks/{copy.name}" in first
    assert "mybinder.org/v2/gh/somebody/from-lego-to-go/v9.9.9" in first and "kaggle.com" in first
    assert publish.publish_notebook(copy, *publish.settings())
    assert nbformat.read(copy, as_version=4) == nbformat.read(NOTEBOOKS[7], as_version=4)


def test_a_hub_gets_links_once_it_and_the_students_version_have_addresses():
    students, hub, name = "https://example.org/class", "https://hub.example.org", "08_q_learning.ipynb"
    found = publish.links("https://example.org/course", "v1", name, students, hub)
    assert found == {"JupyterHub": hub + publish.hub_path(students, name)}
    assert "repo=https%3A%2F%2Fexample.org%2Fclass&branch=main" in found["JupyterHub"]
    assert f"urlpath=lab%2Ftree%2Ffrom-lego-to-go%2Fnotebooks%2F{name}" in found["JupyterHub"]
    assert "JupyterHub" not in publish.links(REAL, "v1", name, students, "https://hub.REPLACE-ME.org")
    assert "JupyterHub" not in publish.links(REAL, "v1", name, "https://github.com/REPLACE-ME/class", hub)


def test_a_new_lesson_gets_the_cell_and_its_outputs_stay(tmp_path):
    code = nbformat.v4.new_code_cell("1 + 1", execution_count=1)
    code.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": "2"}, execution_count=1)]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# 12 · New\n\nWords."), code])
    path = tmp_path / "12_new.ipynb"
    nbformat.write(notebook, path)
    assert publish.publish_notebook(path, REAL, "v1")
    _, setup, code = nbformat.read(path, as_version=4).cells
    assert (setup.execution_count, code.execution_count, code.outputs[0].execution_count) == (1, 2, 2)


def test_where_the_course_is_there_the_cell_asks_and_installs_nothing(monkeypatch):
    done = []
    monkeypatch.setattr("builtins.input", lambda question: done.append(question) or "yes")
    monkeypatch.setattr(subprocess, "run", lambda command, check: done.append(command))
    monkeypatch.setenv("COURSE_INSTALL", "yes")
    exec(publish.setup_cell(REAL, "v1"), {})
    assert done == []


@pytest.mark.parametrize("answer, asked", [("no", 0), ("yes", 1), ("Y", 1)])
def test_it_installs_only_if_the_reader_agrees(monkeypatch, answer, asked):
    commands = []
    monkeypatch.setattr("builtins.input", lambda question: answer)
    monkeypatch.setattr(subprocess, "run", lambda command, check: commands.append(command))
    monkeypatch.delenv("COURSE_INSTALL", raising=False)
    cell = publish.setup_cell(REAL, "v1").replace('find_spec("utils")', 'find_spec("no_such_module")')
    with contextlib.nullcontext() if asked else pytest.raises(ImportError, match="answer yes"):
        exec(cell, {})
    assert len(commands) == asked


# ---------------------------------------------------------------------------------------------------------------------
# A lone notebook in a bare environment, its course on a server of this machine


@pytest.fixture
def server(tmp_path):
    """The present state of the course as a repository with a tag, served as files."""
    source, bare = tmp_path / "source", tmp_path / "served" / "course.git"
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    for name in filter(None, files.split("\0")):
        if not name.startswith(("lectures/", "tests/")) and (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, source / name)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false", "-C", str(source)]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "all"], ["tag", "v1"]):
        subprocess.run([*git, *command], check=True)
    subprocess.run(["git", "clone", "-q", "--bare", str(source), str(bare)], check=True)
    subprocess.run(["git", "-C", str(bare), "update-server-info"], check=True)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(bare.parent))

        def log_message(self, *arguments):
            pass

    served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{served.server_port}/course.git"
    served.shutdown()


def test_a_lone_notebook_fetches_its_course(server, tmp_path):
    """In an environment that has every package except the course, as a hosted notebook has most of them."""
    home = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
    python = home / "bin" / "python"
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True).stdout.strip())
    # A line in a .pth file is searched for packages, while .pth files in there (the course's own) are not read.
    (site / "packages.pth").write_text(sysconfig.get_path("purelib") + "\n")
    if not list(Path(sysconfig.get_path("purelib")).glob("tensorflow-[0-9]*.dist-info")):
        _call_it_tensorflow(site)
    path = tmp_path / "alone" / "08_q_learning.ipynb"
    path.parent.mkdir()
    shutil.copy(ROOT / "notebooks" / path.name, path)
    publish.publish_notebook(path, server, "v1")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COURSE"))}
    environment |= {"COURSE_BUDGET": "smoke", "COURSE_HEADLESS": "1", "NO_PROXY": "127.0.0.1", "HOME": str(tmp_path)}
    # No index: whatever pip wanted beside the course would fail. What builds it is the setuptools of packages.pth.
    subprocess.run([str(python), "-m", "pip", "uninstall", "--quiet", "--yes", "setuptools"], check=True)
    environment |= {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0"}
    missing = subprocess.run([str(python), "-c", "import utils.runtime"], env=environment, cwd=path.parent)
    assert missing.returncode != 0, "the environment is not bare"
    program = (
        "import sys, nbformat; from nbclient import NotebookClient; path = sys.argv[1]; "
        "notebook = nbformat.read(path, as_version=4); "
        "NotebookClient(notebook, timeout=600, kernel_name='python3').execute(); nbformat.write(notebook, path)"
    )
    run = subprocess.run(
        [str(python), "-c", program, str(path)],
        env=environment | {"COURSE_INSTALL": "yes", "JUPYTER_PATH": str(_kernel(tmp_path, python))},
        cwd=path.parent,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    executed = nbformat.read(path, as_version=4)
    pictures = [o for cell in executed.cells for o in cell.get("outputs", []) if "image/png" in o.get("data", {})]
    assert len(pictures) > 5
    where = "import utils, mldata; print(utils.__file__)"
    found = subprocess.run([str(python), "-c", where], env=environment, cwd=path.parent, capture_output=True, text=True)
    assert str(home) in found.stdout
    # No package that was there has been replaced.
    assert {p.name.split("-")[0] for p in site.glob("*.dist-info")} - {"pip", "tensorflow"} == {"from_lego_to_go"}
    assert not (site / "tensorflow").exists() and not (site / "keras").exists()


def _call_it_tensorflow(site: Path) -> None:
    """Hosted notebooks bring TensorFlow by its own name, our environment its build for processors alone."""
    from importlib import metadata

    version = metadata.version("tensorflow-cpu")
    folder = site / f"tensorflow-{version}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: tensorflow\nVersion: {version}\n")


def _kernel(tmp_path: Path, python: Path) -> Path:
    """A kernel that starts the bare environment's Python."""
    folder = tmp_path / "jupyter" / "kernels" / "python3"
    folder.mkdir(parents=True)
    spec = '{"argv": ["%s", "-m", "ipykernel_launcher", "-f", "{connection_file}"], "display_name": "x"}'
    (folder / "kernel.json").write_text(spec.replace("%s", str(python)))
    return folder.parent.parent
