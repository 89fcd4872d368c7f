"""What keeps the course alive: workflows, the link check, citation, version, contributors' page."""

from __future__ import annotations

import datetime
import http.server
import re
import threading
import tomllib
from pathlib import Path

import pytest
import yaml

from utils.grading import grade, judge, submission, wire

import links

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, flags=re.MULTILINE))


# ---------------------------------------------------------------------------------------------------------------------
# Workflows


def _steps(workflow: dict) -> list[dict]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_and_rights_are_few(path):
    text = path.read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read"}
    used = re.findall(r"uses: (\S+)(.*)", text)
    assert used
    for action, comment in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), f"{action} does not say its version"
    assert len({action for action, _ in used}) == len({action.split("@")[0] for action, _ in used}), "one pin an action"
    for job in workflow["jobs"].values():
        assert job.get("timeout-minutes"), "a job that hangs is stopped"


def test_one_pin_in_all_workflows():
    pins = {pin for path in WORKFLOWS for pin in re.findall(r"uses: (\S+)", path.read_text(encoding="utf-8"))}
    assert len(pins) == len({pin.split("@")[0] for pin in pins})


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_what_workflows_call_exists(path):
    for step in _steps(yaml.safe_load(path.read_text(encoding="utf-8"))):
        command = step.get("run", "")
        for target in re.findall(r"\bmake ([a-z-]+)", command):
            assert target in TARGETS, target
        for script in re.findall(r"(?:bash|python3?) (\.ci/\S+)", command):
            assert (ROOT / script).exists(), script
        for extras in re.findall(r'"\.\[([\w,]+)\]"', command):
            known = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
            assert set(extras.split(",")) == set(known) - {"gpu"}, "the canary installs all extras"


def test_every_run_that_executes_notebooks_keeps_the_failing_ones():
    for path in WORKFLOWS:
        for name, job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].items():
            commands = " ".join(step.get("run", "") for step in job["steps"])
            if ".ci/run" in commands or "make test" in commands:
                kept = [step for step in job["steps"] if "upload-artifact" in step.get("uses", "")]
                assert len(kept) == 1 and kept[0]["if"] == "failure()", f"{path.stem}: {name}"
                assert "build/failed-notebooks/" in kept[0]["with"]["path"]


def test_every_weekly_job_is_reported():
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "weekly.yml").read_text(encoding="utf-8"))["jobs"]
    assert set(jobs["report"]["needs"]) == set(jobs) - {"report"}
    assert jobs["report"]["permissions"] == {"issues": "write"}
    assert all(f"contains(needs.*.result, '{result}')" in jobs["report"]["if"] for result in ("failure", "cancelled"))


def test_ranges_of_dependencies_have_both_ends():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for requirement in [r for group in (project["dependencies"],) for r in group]:
        assert "==" in requirement or ">=" in requirement, requirement
        assert "<" in requirement or "==" in requirement or requirement.startswith("packaging"), requirement


# ---------------------------------------------------------------------------------------------------------------------
# The link check


def test_addresses_are_cut_out_of_prose():
    text = (
        "See [a](https://a.org/x_(y)) and (https://b.org/z). <https://c.org/>, `https://d.org/e.txt`; "
        "https://f.org/g#part, arXiv:1312.5602 and (arXiv 1410.4615), "
        "http://classroom:8000, http://localhost:8888/, http://127.0.0.1/x and https://example.org."
    )
    assert links.addresses(text) == {
        *("https://a.org/x_(y)", "https://b.org/z", "https://c.org/", "https://d.org/e.txt", "https://f.org/g"),
        *("https://arxiv.org/abs/1312.5602", "https://arxiv.org/abs/1410.4615"),
    }


@pytest.fixture
def server():
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response({"/here": 200, "/gone": 404, "/busy": 503, "/shy": 403}[self.path])
            self.end_headers()

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


@pytest.mark.parametrize(
    ("path", "verdict"), [("/here", "ok"), ("/gone", "gone"), ("/busy", "unclear"), ("/shy", "unclear")]
)
def test_only_what_is_gone_is_a_failure(server, path, verdict):
    assert links.visit(server + path, pause=0).startswith(verdict)


def test_a_run_names_the_file_of_a_dead_link(server, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(links, "LOCAL", re.compile("never"))
    (tmp_path / "a.md").write_text(f"[x]({server}/here) [y]({server}/gone)")
    assert links.main([str(tmp_path / "a.md"), "--pause", "0"]) == 1
    assert f"{server}/gone\n    in a.md" in capsys.readouterr().out
    (tmp_path / "a.md").write_text(f"[x]({server}/here)")
    assert links.main([str(tmp_path / "a.md"), "--pause", "0"]) == 0


def test_the_courses_own_texts_are_read():
    found = {name: links.addresses(text) for name, text in links.texts([])}
    assert "README.md" in found and any(name.endswith(".ipynb") and found[name] for name in found)
    assert sum(map(len, found.values())) > 20


# ---------------------------------------------------------------------------------------------------------------------
# Citation, version, changes


def test_citation_file_is_valid_and_has_the_packages_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert citation["cff-version"] == "1.2.0"
    for key in ("message", "title", "authors", "version", "date-released", "license"):  # the schema's names
        assert citation[key], key
    assert citation["version"] == project["version"]
    assert citation["type"] in ("software", "dataset")
    assert isinstance(citation["date-released"], datetime.date)
    for author in citation["authors"]:
        assert author.get("name") or author.get("family-names"), author
    licences = citation["license"] if isinstance(citation["license"], list) else [citation["license"]]
    assert " AND ".join(licences) == project["license"]
    known = "cff-version message title type authors version date-released license abstract keywords references"
    assert set(citation) <= set(known.split())


def test_changelog_speaks_of_this_version_first():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    headings = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert headings
    versions = [heading.split(",")[0] for heading in headings if not heading.startswith("Unreleased")]
    assert versions[0] == project["version"]
    for heading in headings:
        assert re.fullmatch(r"Unreleased|\d+\.\d+\.\d+, \d{4}-\d\d-\d\d", heading), heading


# ---------------------------------------------------------------------------------------------------------------------
# Pages beside README


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "INSTRUCTORS.md", "STUDENTS.md"])
def test_pages_name_what_exists(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    for target in re.findall(r"`make ([a-z][a-z-]+)", text):
        assert target in TARGETS, f"{name}: make {target}"
    for link in re.findall(r"\]\((?!https?://|#)([^)#]+)", text):
        assert (ROOT / link).exists(), f"{name}: {link}"
    assert f"({name})" in (ROOT / "README.md").read_text(encoding="utf-8"), f"README does not lead to {name}"


def test_adding_a_lesson_takes_fifteen_points():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("## How to add a lesson")[1].split("\n## ")[0]
    assert [int(n) for n in re.findall(r"^(\d+)\. ", text, flags=re.MULTILINE)] == list(range(1, 16))
    for path in re.findall(r"`((?:tests|utils|notebooks|mldata)/[\w/.]*)`", text):
        path = path.replace("12_diffusion", "08_q_learning")
        assert (ROOT / path).exists(), path


def test_exercise_table_is_what_the_checks_register():
    text = (ROOT / "INSTRUCTORS.md").read_text(encoding="utf-8")
    table = text.split("grade table` -->\n")[1].split("\n<!-- end of exercises -->")[0]
    assert table == grade.exercise_table(), "run `python -m utils.grading.grade table`"


def test_limits_of_grading_are_the_ones_described():
    text = (ROOT / "INSTRUCTORS.md").read_text(encoding="utf-8")
    limits = judge.Limits()
    assert f"{limits.seconds} seconds for an exercise" in text and f"at most {limits.start}" in text
    assert limits.megabytes == 2048 and "2 GB of memory" in text
    assert f"{judge.MOST_PROCESSES} processes" in text
    assert f"an answer of {wire.LARGEST_MESSAGE // 1_000_000} MB" in text
    assert f"more than {submission.LARGEST_NOTEBOOK // 1_000_000} MB" in text and f"{submission.LARGEST_CODE:,}" in text


def test_notation_names_lessons_that_exist():
    text = (ROOT / "STUDENTS.md").read_text(encoding="utf-8").split("## Notation")[1]
    rows = [line for line in text.splitlines() if line.startswith("| $")]
    assert len(rows) > 30
    for row in rows:
        assert row.count(" | ") == 2 and re.search(r"\d\d", row.rsplit(" | ", 1)[1]), row
