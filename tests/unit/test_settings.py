"""What a user has set for other programs does not break a lesson, or the lesson says what is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import keras
import nbformat
import pytest

from utils import doctor, runtime, settings
from utils.datasets import download
from utils.grading import judge

import execute

ROOT = Path(__file__).resolve().parents[2]
LESSON = ROOT / "notebooks" / "08_q_learning.ipynb"
HOSTILE = {
    "figures": {"MPLBACKEND": "agg"},
    "windows": {"MPLBACKEND": "TkAgg"},
    "keras.json": {"HOME": "with keras.json"},
    "warnings": {"PYTHONWARNINGS": "always"},
    "cluster": {"TF_CONFIG": ""},
    "broken cluster": {"TF_CONFIG": "{"},
    "proxy": {"HTTPS_PROXY": "proxy.invalid:notaport", "HTTP_PROXY": "proxy.invalid:notaport"},
    "locale": {"LC_ALL": "C", "LANG": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
}
TOGETHER = {name: value for key in HOSTILE if key != "windows" for name, value in HOSTILE[key].items()}


@pytest.fixture
def home(tmp_path):
    """A home whose keras.json turns everything round."""
    (tmp_path / ".keras").mkdir()
    content = {"floatx": "float16", "image_data_format": "channels_first", "epsilon": 0.1, "backend": "jax"}
    (tmp_path / ".keras" / "keras.json").write_text(json.dumps(content), encoding="utf-8")
    return tmp_path


def _figures(notebook) -> int:
    return sum(
        any(mime.startswith("image/") for mime in output.get("data", {}))
        for cell in notebook.cells
        for output in cell.get("outputs", [])
    )


@pytest.mark.parametrize(
    "hostile",
    [TOGETHER, *(pytest.param(value, marks=pytest.mark.full) for value in HOSTILE.values())],
    ids=["together", *HOSTILE],
)
def test_a_lesson_shows_all_its_figures_whatever_is_set(hostile, home, monkeypatch):
    """Lesson 08 at the smoke budget: as many figures as are stored, and nothing on stderr."""
    for name in ("KERAS_BACKEND", "MPLBACKEND", "COURSE_RESULTS"):  # a lesson reads the shipped results
        monkeypatch.delenv(name, raising=False)
    for name, value in hostile.items():
        monkeypatch.setenv(name, str(home) if name == "HOME" else value)
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(home / "runtime"))
    notebook = execute.run(LESSON)
    assert _figures(notebook) == _figures(nbformat.read(LESSON, as_version=4)) >= 12
    written = [
        output.text for cell in notebook.cells for output in cell.get("outputs", []) if output.get("name") == "stderr"
    ]
    assert written == []


def _python(code: str, environment: dict[str, str], before: str = "") -> subprocess.CompletedProcess:
    """Run code in a Python of its own; ``before`` is a line of shell in a mount namespace of its own."""
    command = [sys.executable, "-c", code]
    if before:
        command = ["unshare", "--map-root-user", "--mount", "sh", "-c", f'{before} && exec "$0" "$@"', *command]
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH") if name in os.environ}
    return subprocess.run(command, env=kept | environment, cwd=ROOT, capture_output=True, text=True, timeout=300)


def test_keras_json_changes_nothing(home):
    code = (
        "from utils import runtime; runtime.start(quiet=True); import keras; "
        "print(keras.config.floatx(), keras.config.image_data_format(), keras.config.epsilon(), "
        "keras.backend.backend(), keras.layers.Dense(1).dtype_policy.name)"
    )
    done = _python(code, {"HOME": str(home)})
    assert done.stdout.split() == ["float32", "channels_last", "1e-07", "tensorflow", "float32"], done.stderr


@pytest.mark.skipif(not judge.namespace_command(), reason="no Linux namespaces here, so nothing can be made read-only")
def test_in_a_read_only_installation_and_home_compiled_code_keeps_its_cache_elsewhere(tmp_path):
    """Lessons 07 and 11: numba refused functions whose cache had no place."""
    home = tmp_path / "home"
    home.mkdir()
    read_only = " && ".join(
        f"mount --bind {place} {place} && mount -o remount,bind,ro {place}" for place in (ROOT, home)
    )
    code = (
        "import os; from utils.go import rollouts, tree, batch; from utils import settings; import matplotlib.pyplot; "
        "print(settings.writable(__import__('pathlib').Path(rollouts.__file__).parent)); "
        "print(os.environ['NUMBA_CACHE_DIR'], os.environ['MPLCONFIGDIR'])"
    )
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    done = _python(code, {"HOME": str(home), "TMPDIR": str(temporary), "PYTHONDONTWRITEBYTECODE": "1"}, read_only)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    could_write, places = done.stdout.splitlines()
    assert could_write == "False" and all(place.startswith(str(temporary)) for place in places.split())


@pytest.mark.skipif(not judge.namespace_command(), reason="no Linux namespaces here, so nothing can be made read-only")
def test_where_nothing_can_be_written_lessons_take_their_stand_ins(tmp_path):
    """Lessons 04 and 07, with no network and no mirror either."""
    code = (
        "from utils.datasets import cats_dogs, movielens; "
        "print(cats_dogs.load_cats_and_dogs().is_stand_in, movielens.load_movielens().is_stand_in)"
    )
    empty = tmp_path / "empty"
    empty.mkdir()
    read_only = f"mount --bind {empty} {empty} && mount -o remount,bind,ro {empty}"
    environment = {"HOME": str(empty), "COURSE_DATA": str(empty), "TMPDIR": str(tmp_path), "COURSE_OFFLINE": "1"}
    done = _python(code, environment, read_only)
    assert done.stdout.splitlines()[-1] == "True True", done.stderr
    assert not list(empty.iterdir())


def test_the_temporary_folder_is_this_users_alone(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("LOGNAME", "ada")
    folder = settings.temporary_folder()
    assert folder == tmp_path / "course-ada" == settings.temporary_folder()
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.rmdir()
    folder.write_text("somebody was here first", encoding="utf-8")
    other = settings.temporary_folder()
    assert other.is_dir() and other != folder and other.parent == tmp_path
    if hasattr(os, "getuid"):
        folder.unlink()
        folder.mkdir()
        monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
        assert settings.temporary_folder() != folder


@pytest.mark.parametrize(
    ("backend", "kind", "said"),
    [("theano", ValueError, "set it to one of tensorflow, jax, torch"), ("torch", RuntimeError, "not installed here")],
)
def test_a_backend_that_cannot_be_is_named(monkeypatch, backend, kind, said):
    monkeypatch.setenv("KERAS_BACKEND", backend)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(kind, match=said):
        runtime.start(quiet=True)


def test_warnings_are_pythons_own_again(monkeypatch):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        monkeypatch.setenv("PYTHONWARNINGS", "error")
        monkeypatch.setattr(sys, "warnoptions", ["error"])
        settings.set_warnings()
        warnings.warn("old", DeprecationWarning, stacklevel=1)  # no error
        with pytest.warns(UserWarning, match="new"):
            warnings.warn("new", stacklevel=1)
        assert sys.warnoptions == [] and "PYTHONWARNINGS" not in os.environ


@pytest.mark.parametrize("proxy", ["proxy.invalid:notaport", "http://", "http://host:0x50", "http://host:99999"])
def test_a_proxy_without_an_address_is_named(monkeypatch, proxy):
    for name in settings.PROXIES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(download.Unreachable, match="is no address; correct HTTPS_PROXY"):
        download.check_reachable("https://data.example.org/file")


@pytest.mark.parametrize("proxy", ["http://proxy.example:3128", "proxy.example:3128", "http://user:word@[::1]:80"])
def test_real_proxies_are_taken(proxy):
    assert settings.is_proxy(proxy)


def test_the_doctor_tells_each(home, monkeypatch):
    for name in (*settings.PROXIES, "KERAS_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MPLBACKEND", "inline")
    monkeypatch.setenv("HOME", str(home.parent))
    assert list(settings.findings()) == []
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("MPLBACKEND", "TkAgg")
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    monkeypatch.setenv("TF_CONFIG", "{")
    monkeypatch.setenv("HTTPS_PROXY", "proxy.invalid:notaport")
    monkeypatch.setattr(settings, "writable", lambda folder: False)
    monkeypatch.setattr(sys, "getfilesystemencoding", lambda: "iso8859-1")
    told = " ".join(finding.found + finding.remedy for finding in doctor._check_settings())
    for word in ("floatx float16", "channels_first", "TkAgg", "PYTHONWARNINGS=error", "TF_CONFIG is not JSON",
                 "notaport", "iso8859-1", "home", "installation"):  # fmt: skip
        assert word in told


def test_the_tests_themselves_run_with_keras_as_it_is():
    assert {name: getattr(keras.config, name)() for name in settings.KERAS_DEFAULTS} == settings.KERAS_DEFAULTS
