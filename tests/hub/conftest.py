"""The course as its instructor hands it out, for all tests of this folder."""

from __future__ import annotations

import shutil

import pytest

from utils.grading.release import release

import classroom


@pytest.fixture(scope="session")
def released(tmp_path_factory):
    """The student's version, written once."""
    folder = tmp_path_factory.mktemp("released") / "course"
    release(classroom.ROOT, folder)
    return folder


@pytest.fixture
def course(released, tmp_path):
    """The student's version in a repository that git serves on this machine."""
    with classroom.published_course(tmp_path / "served", lambda folder: shutil.copytree(released, folder)) as served:
        yield served
