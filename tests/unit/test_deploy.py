"""deploy/values.yaml fits the chart, the image, pyproject.toml and what the lessons need."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml

from utils import results

import publish
import readme

ROOT = Path(__file__).resolve().parents[2]
VALUES = yaml.safe_load((ROOT / "deploy" / "values.yaml").read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
# The keys used and what the chart's schema (jupyterhub/values.schema.yaml, read at commit 02dd73d of
# jupyterhub/zero-to-jupyterhub-k8s) allows there. Below hub.config and extraEnv it allows any name.
SCHEMA = {
    "hub.config": dict,
    "hub.concurrentSpawnLimit": int,
    "singleuser.image.name": str,
    "singleuser.image.tag": str,
    "singleuser.defaultUrl": str,
    "singleuser.extraEnv": dict,
    "singleuser.memory.limit": str,
    "singleuser.memory.guarantee": str,
    "singleuser.cpu.limit": (int, float),
    "singleuser.cpu.guarantee": (int, float),
    "singleuser.startTimeout": int,
    "singleuser.storage.capacity": str,
    "singleuser.storage.extraVolumes": list,
    "singleuser.storage.extraVolumeMounts": list,
    "cull.enabled": bool,
    "cull.timeout": int,
    "cull.every": int,
    "cull.maxAge": int,
}


def leaves(tree: object, path: str = ""):
    """Dotted paths and values, down to what SCHEMA names."""
    if isinstance(tree, dict) and path not in SCHEMA:
        for key, value in tree.items():
            yield from leaves(value, f"{path}.{key}".lstrip("."))
    else:
        yield path, tree


def unfit(values: dict) -> list[str]:
    """Paths that the chart does not know, or whose values are of another type."""
    return [path for path, value in leaves(values) if not _fits(value, SCHEMA.get(path, ()))]


def _fits(value: object, wanted: type | tuple) -> bool:
    return isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))


def gigabytes(text: str) -> float:
    """``3G`` as KubeSpawner reads it: powers of 1,024."""
    return float(text.removesuffix("G")) * 1024**3 / 1e9


def test_the_chart_knows_every_key():
    assert unfit(VALUES) == []


@pytest.mark.parametrize(
    "values", [{"cull": {"timeOut": 1}}, {"singleuser": {"cpu": {"limit": "2"}}}, {"cull": {"maxAge": True}}]
)
def test_a_wrong_key_or_type_would_be_found(values):
    assert len(unfit(values)) == 1


def test_a_students_environment_is_text():
    """Kubernetes refuses numbers and truth values there."""
    assert all(isinstance(text, str) for text in VALUES["singleuser"]["extraEnv"].values())


def test_the_servers_fetch_what_pyproject_names(tmp_path):
    copy = Path(shutil.copy(ROOT / "deploy" / "values.yaml", tmp_path))
    _, tag, students, _ = publish.settings()
    assert not publish.publish_values(copy, tag, students), "run `make publish`"
    assert publish.publish_values(copy, "v9.9.9", "https://example.org/class.git")
    changed = yaml.safe_load(copy.read_text(encoding="utf-8"))["singleuser"]
    assert changed["image"]["tag"] == "v9.9.9"
    assert changed["defaultUrl"].startswith("/git-pull?repo=https%3A%2F%2Fexample.org%2Fclass.git&branch=main&")
    assert unfit({"singleuser": changed}) == []


def test_places_in_the_container_are_the_images():
    user = VALUES["singleuser"]
    home = re.search(r"^WORKDIR (/home/\S+)$", DOCKERFILE, flags=re.MULTILINE)[1]
    assert user["extraEnv"]["PYTHONPATH"] == f"{home}/{publish.FOLDER}"
    assert f"COURSE_DATA={user['extraEnv']['COURSE_DATA']} " in DOCKERFILE
    [mount], [volume] = user["storage"]["extraVolumeMounts"], user["storage"]["extraVolumes"]
    assert mount["mountPath"] == user["extraEnv"]["COURSE_MIRROR"] and mount["readOnly"]
    assert mount["name"] == volume["name"]
    assert "COPY deploy/gitattributes /etc/gitattributes" in DOCKERFILE


def test_the_hungriest_lesson_fits_and_so_does_jupyterlab(monkeypatch):
    monkeypatch.setenv("COURSE_RESULTS", str(ROOT / "mldata" / "results.json"))
    needed = readme.memory_of_a_student(VALUES["singleuser"]["extraEnv"]["COURSE_BUDGET"])
    memory = VALUES["singleuser"]["memory"]
    assert needed < gigabytes(memory["guarantee"]) < gigabytes(memory["limit"])


def test_the_size_of_nodes_is_what_the_ledger_says(monkeypatch):
    monkeypatch.setenv("COURSE_RESULTS", str(ROOT / "mldata" / "results.json"))
    text = (ROOT / "deploy" / "README.md").read_text(encoding="utf-8")
    assert readme.with_table(text, readme.class_table(), readme.CLASS_MARKS) == text, "run `python .ci/readme.py`"
    assert results.get("hub.student.memory")["n"] == 6


def test_nobody_gets_in_before_an_instructor_says_who():
    settings = VALUES["hub"]["config"]
    assert "REPLACE-ME" in settings["JupyterHub"]["authenticator_class"]
    assert "allow_all" not in settings["Authenticator"]
