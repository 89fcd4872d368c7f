"""pyproject.toml, requirements.lock and environment.yml describe one environment."""

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
LOCK = (ROOT / "requirements.lock").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def _wanted() -> list[Requirement]:
    extras = PROJECT["project"]["optional-dependencies"]
    return [Requirement(t) for t in PROJECT["project"]["dependencies"] + [r for e in extras.values() for r in e]]


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_lock_satisfies_every_range_on_every_platform(python, platform):
    marker = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": platform}
    marker["platform_system"] = {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}[platform]
    locked = lock.versions_for(LOCK, marker)
    for requirement in _wanted():
        version = locked.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not locked for {platform}, Python {python}"
        assert requirement.specifier.contains(version, prereleases=True), f"{requirement} is locked at {version}"


def test_every_locked_package_has_hashes_and_there_is_no_index_address():
    blocks = re.split(r"\n(?=[A-Za-z0-9])", LOCK.strip())
    assert len(blocks) > 50
    for block in blocks:
        assert "--hash=sha256:" in block, block.splitlines()[0]
    assert "://" not in LOCK
    assert "--index" not in LOCK


def test_conda_environment_is_what_the_lock_says():
    text = (ROOT / "environment.yml").read_text()
    assert text == lock.conda_environment(PROJECT, LOCK), "run `make lock`"


def test_conda_environment_installs_the_course_editable():
    dependencies = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    pip = next(item for item in dependencies if isinstance(item, dict))["pip"]
    assert "-e ." in pip
    names = {canonicalize_name(Requirement(line).name) for line in pip if line != "-e ."}
    assert names == {canonicalize_name(Requirement(t).name) for t in PROJECT["project"]["dependencies"]}
