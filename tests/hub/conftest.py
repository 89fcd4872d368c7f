"""The course as its instructor hands it out, for all tests of this folder."""

from __future__ import annotations

import pytest

from utils.grading.release import release

import classroom


@pytest.fixture
def course(tmp_path):
    """The student's version in a repository that git serves on this machine."""
    with classroom.published_course(tmp_path / "served", lambda folder: release(classroom.ROOT, folder)) as served:
        yield served
