"""What ``make`` does before its first task: an environment from whatever Python is there, and messages that fit."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import threading
from pathlib import Path

import pytest

import environment

ROOT = Path(__file__).resolve().parents[2]


def test_it_runs_under_any_python_from_39_on():
    """No syntax and no module newer than that; ruff knows the versions' syntax."""
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--target-version", "py39", "--select", "E9,F"]
    found = subprocess.run([*ruff, ".ci/environment.py"], cwd=ROOT, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout
    code = "import ast, sys; ast.parse(open('.ci/environment.py').read(), feature_version=(3, 9))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
    lines = (ROOT / ".ci/environment.py").read_text().splitlines()
    imports = [line.split()[1] for line in lines if line.startswith("import ")]
    assert set(imports) <= set(sys.stdlib_module_names)


@pytest.mark.parametrize(
    "machine, words",
    [
        (("Darwin", "x86_64", 64, ""), "Macs with Intel processors"),
        (("Linux", "x86_64", 64, ""), "glibc"),
        (("Windows", "x86", 32, ""), "32-bit"),
        (("Linux", "armv7l", 32, "glibc"), "32-bit"),
        (("Linux", "riscv64", 64, "glibc"), "riscv64"),
    ],
)
def test_a_machine_without_tensorflow_is_told_why_and_where_else(machine, words):
    reason = environment.obstacle(*machine)
    assert words in reason and "Colab" in reason


@pytest.mark.parametrize(
    "machine",
    [
        ("Linux", "x86_64", 64, "glibc"),
        ("Linux", "aarch64", 64, "glibc"),
        ("Darwin", "arm64", 64, ""),
        ("Windows", "AMD64", 64, ""),
    ],
)
def test_machines_with_tensorflow_go_on(machine):
    assert environment.obstacle(*machine) is None


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A folder to set up in, with the real locks; commands are noted and answered by ``answers``."""
    (tmp_path / "locks").mkdir()
    for path in (ROOT / "locks").glob("*.txt"):
        (tmp_path / "locks" / path.name).write_bytes(path.read_bytes())
    for name, value in {"ROOT": tmp_path, "VENV": tmp_path / ".venv", "UV_HOME": tmp_path / ".uv"}.items():
        monkeypatch.setattr(environment, name, value)
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX", "PIP_FIND_LINKS", "PIP_CERT", "UV_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


class Commands:
    """Stands for :func:`environment.run`: fails where ``failing`` says so, makes what the real one would."""

    def __init__(self, failing=lambda words: False):
        self.failing, self.lines, self.told = failing, [], []

    def __call__(self, command, quiet=False, **told):
        line = " ".join(map(str, command))
        self.lines.append(line)
        self.told.append(told)
        if self.failing(line):
            return subprocess.CompletedProcess(command, 1, "", "error: no route to host\n")
        if "--target" in line:
            program = environment.UV_HOME / "bin" / ("uv.exe" if os.name == "nt" else "uv")
            program.parent.mkdir(parents=True, exist_ok=True)
            program.touch()
        return subprocess.CompletedProcess(command, 0, "", "")


def test_uv_brings_python_and_packages(course, monkeypatch):
    commands = Commands()
    monkeypatch.setattr(environment, "run", commands)
    assert environment.main(["lessons"]) == 0
    fetched, made, _, packages, own = commands.lines
    assert "--require-hashes" in fetched and "uv.txt" in fetched
    assert "venv" in made and ">=3.11,<3.14" in made
    assert "--require-hashes" in packages and "lessons.txt" in packages
    assert "--no-deps" in own and own.endswith("-e .")


def test_a_set_adds_to_the_lessons_and_a_card_changes_the_build(course, monkeypatch):
    commands = Commands()
    monkeypatch.setattr(environment, "run", commands)
    assert environment.main(["everything", "--gpu"]) == 0
    locks = [Path(line.split()[-1]).name for line in commands.lines if "--require-hashes" in line]
    assert locks == ["uv.txt", "lessons-gpu.txt", "everything.txt"]
    assert any("uninstall" in line and line.endswith("tensorflow-cpu") for line in commands.lines)


def test_a_uv_that_is_there_is_not_fetched_again_until_its_lock_changes(course, monkeypatch):
    commands = Commands()
    monkeypatch.setattr(environment, "run", commands)
    assert environment.uv() == environment.uv()
    assert len(commands.lines) == 1
    (course / "locks" / "uv.txt").write_text("another")
    environment.uv()
    assert len(commands.lines) == 2


def test_without_uv_pip_serves(course, monkeypatch, capsys):
    commands = Commands(lambda line: "uv.txt" in line)
    monkeypatch.setattr(environment, "run", commands)
    monkeypatch.setattr(environment.sys, "version_info", (3, 12, 1))
    assert environment.main(["lessons"]) == 0
    assert "pip does it" in capsys.readouterr().out
    assert any(line.endswith("lessons.txt") and "-m pip install" in line for line in commands.lines)


@pytest.mark.parametrize("version", [(3, 9, 18), (3, 14, 0)])
def test_without_uv_and_a_fitting_python_it_says_which_to_install(course, monkeypatch, capsys, version):
    monkeypatch.setattr(environment, "run", Commands(lambda line: "uv.txt" in line))
    monkeypatch.setattr(environment.sys, "version_info", version)
    assert environment.main(["lessons"]) == 1
    assert "Install Python 3.11, 3.12 or 3.13" in capsys.readouterr().err


def test_a_python_that_cannot_be_fetched_is_said_as_that(course, monkeypatch, capsys):
    monkeypatch.setattr(environment, "run", Commands(lambda line: " venv " in line))
    assert environment.main(["lessons"]) == 1
    told = capsys.readouterr().err
    assert "none could be fetched: error: no route to host" in told and "PYTHON=/path/to/python3.12" in told


@pytest.mark.parametrize("step, words", [("lessons.txt", "Step 2 of 3 failed"), ("-e .", "Step 3 of 3 failed")])
def test_a_step_that_fails_is_named(course, monkeypatch, capsys, step, words):
    monkeypatch.setattr(environment, "run", Commands(lambda line: line.endswith(step)))
    assert environment.main(["lessons"]) == 1
    assert words in capsys.readouterr().err


def test_uv_is_told_what_pip_was_told(course, monkeypatch):
    assert environment.uv_environment() == {"UV_CACHE_DIR": str(course / ".uv" / "cache")}
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.example/simple")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "/media/wheels")
    monkeypatch.setenv("UV_CACHE_DIR", "/var/cache/uv")
    told = environment.uv_environment()
    assert told["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"
    assert (told["UV_NO_INDEX"], told["UV_FIND_LINKS"]) == ("1", "/media/wheels")
    assert "UV_CACHE_DIR" not in told


@pytest.mark.skipif(platform.system() != "Linux", reason="the made archive is one for Linux")
def test_uv_fetches_a_python_where_none_fits(course, monkeypatch):
    """From an archive on this machine that holds a stub around the Python of this test."""
    served = course / "served"
    root = served / "python"
    (root / "bin").mkdir(parents=True)
    name = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    (root / "lib" / name).mkdir(parents=True)
    for path in Path(sysconfig.get_path("stdlib")).glob("_sysconfigdata_*.py"):  # uv looks for it
        shutil.copyfile(path, root / "lib" / name / path.name)
    (root / "bin" / name).write_text(f'#!/bin/sh\nexec "{os.path.realpath(sys.executable)}" "$@"\n')
    (root / "bin" / name).chmod(0o755)
    (root / "bin" / "python3").symlink_to(name)
    archive = served / "made.tar.gz"
    with tarfile.open(archive, "w:gz") as file:
        file.add(root, "python")
    handler = lambda *args: http.server.SimpleHTTPRequestHandler(*args, directory=str(served))  # noqa: E731
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    entry = {
        "name": "cpython",
        "arch": {"family": platform.machine(), "variant": None},
        "os": "linux",
        "libc": "gnu",
        **dict(zip(("major", "minor", "patch"), sys.version_info[:3])),
        "prerelease": "",
        "url": f"http://127.0.0.1:{server.server_port}/made.tar.gz",
        "sha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
        "variant": None,
        "build": "1",
    }
    (served / "list.json").write_text(json.dumps({"cpython-made": entry}))
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS_JSON_URL", str(served / "list.json"))
    monkeypatch.setenv("UV_PYTHON_PREFERENCE", "only-managed")  # as if this machine had none that fits
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(course / "pythons"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    from uv import find_uv_bin

    try:
        environment.create_with_uv(Path(find_uv_bin()))
    finally:
        server.shutdown()
    assert list((course / "pythons").glob("cpython-*"))
    assert environment.version_of(environment.python_in(course / ".venv")) == sys.version_info[:2]
