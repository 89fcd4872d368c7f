"""pyproject.toml, the files of locks/ and environment.yml describe one environment."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import lock

ROOT = Path(__file__).resolve().parents[2]
LOCKS = {path.stem: path.read_text() for path in sorted((ROOT / "locks").glob("*.txt"))}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = PROJECT["project"]["optional-dependencies"]
# What is installed for each use: locks, and the extras of pyproject.toml that they hold.
SETS = {
    "students": (["lessons"], []),
    "students with a card": (["lessons-gpu"], ["gpu"]),
    "presenters": (["lessons", "slides"], ["lectures"]),
    "a hub": (["lessons", "hub"], ["hub"]),
    "maintainers": (["lessons", "everything"], ["cluster", "dev", "hub", "jax", "lectures"]),
    "maintainers with a card": (["lessons-gpu", "everything"], ["gpu", "cluster", "dev", "hub", "jax", "lectures"]),
}
SYSTEMS = {
    "linux": ("Linux", "x86_64"),
    "linux on arm": ("Linux", "aarch64"),
    "darwin": ("Darwin", "arm64"),
    "win32": ("Windows", "AMD64"),
}


def _marker(platform: str, python: str) -> dict[str, str]:
    system, machine = SYSTEMS[platform]
    marker = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": platform.split()[0]}
    return marker | {"platform_system": system, "platform_machine": machine}


@pytest.mark.parametrize("who", SETS)
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("platform", SYSTEMS)
def test_locks_satisfy_every_range_on_every_platform(platform, python, who):
    locks, extras = SETS[who]
    locked = {}
    for name in locks:
        locked |= lock.versions_for(LOCKS[name], _marker(platform, python))
    wanted = PROJECT["project"]["dependencies"] + [text for extra in extras for text in EXTRAS[extra]]
    for requirement in map(Requirement, wanted):
        name = canonicalize_name(requirement.name)
        version = locked.get(name) or (locked.get("tensorflow-cpu") if name == "tensorflow" else None)
        assert version is not None, f"{requirement.name} is not locked for {platform}, Python {python}"
        assert requirement.specifier.contains(version, prereleases=True), f"{requirement} is locked at {version}"


@pytest.mark.parametrize("platform", SYSTEMS)
def test_each_platform_gets_one_tensorflow(platform):
    lessons = lock.versions_for(LOCKS["lessons"], _marker(platform, "3.12"))
    found = {name for name in lock.TENSORFLOWS if name in lessons}
    assert found == ({"tensorflow-cpu"} if platform == "linux" else {"tensorflow"})
    with_card = lock.versions_for(LOCKS["lessons-gpu"], _marker(platform, "3.12"))
    assert "tensorflow-cpu" not in with_card
    assert with_card["tensorflow"] == lessons[found.pop()]  # the same version, whatever the build
    assert "nvidia-cudnn-cu12" in with_card
    for name in ("slides", "hub", "everything"):  # which fit on both builds
        assert not {"tensorflow", "tensorflow-cpu"} & set(lock.versions_for(LOCKS[name], _marker(platform, "3.12")))


@pytest.mark.parametrize("python", ["3.11", "3.13"])
@pytest.mark.parametrize("platform", SYSTEMS)
def test_what_is_added_changes_nothing_of_the_lessons(platform, python):
    lessons = lock.versions_for(LOCKS["lessons"], _marker(platform, python))
    for name in ("lessons-gpu", "slides", "hub", "everything"):
        other = lock.versions_for(LOCKS[name], _marker(platform, python))
        differing = {package for package in set(lessons) & set(other) if lessons[package] != other[package]}
        assert not differing, (name, differing)


def test_what_only_maintainers_need_is_not_in_the_students_lock():
    students = lock.versions_for(LOCKS["lessons"], _marker("linux", "3.12"))
    for heavy in ("jax", "jaxlib", "ray", "sphinx", "playwright", "pytest", "ruff", "uv"):
        assert heavy not in students
    assert {"pip", "setuptools", "jupyterlab", "tensorflow-cpu"} <= set(students)


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_hashes_and_there_is_no_index_address(name):
    blocks = re.split(r"\n(?=[A-Za-z0-9])", LOCKS[name].strip())
    assert len(blocks) > 50 or name == "uv"
    for block in blocks:
        assert "--hash=sha256:" in block, block.splitlines()[0]
    assert "://" not in LOCKS[name]
    assert "--index" not in LOCKS[name]


def test_the_installer_is_the_one_that_resolves_the_locks():
    [locked] = lock.locked_requirements(LOCKS["uv"])
    [wanted] = map(Requirement, PROJECT["tool"]["course"]["installer"])
    assert locked.name == wanted.name and wanted.specifier.contains(str(locked.specifier).removeprefix("=="))
    assert lock.versions_for(LOCKS["everything"], _marker("linux", "3.12"))["uv"] == str(locked.specifier)[2:]


def test_the_package_itself_asks_for_no_build_of_tensorflow():
    """A lone notebook must not install over the build that its host brings."""
    names = {canonicalize_name(Requirement(text).name) for text in PROJECT["project"]["dependencies"]}
    assert "tensorflow" in names and "tensorflow-cpu" not in names


def test_conda_environment_is_what_the_lock_says():
    text = (ROOT / "environment.yml").read_text()
    assert text == lock.conda_environment(PROJECT, LOCKS["lessons"]), "run `make lock`"


def test_conda_environment_has_every_direct_package():
    dependencies = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    pip = next(item for item in dependencies if isinstance(item, dict))["pip"]
    names = {canonicalize_name(Requirement(line).name) for line in pip}
    wanted = {canonicalize_name(Requirement(text).name) for text in PROJECT["project"]["dependencies"]}
    assert names == wanted | {"tensorflow-cpu"}
