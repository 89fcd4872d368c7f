"""A data server, and a registry and cache of the test's own."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from data_server import CONTENT, DataServer

from utils.datasets import registry


@pytest.fixture
def server():
    server = DataServer()
    server.files["file.bin"] = CONTENT
    yield server
    server.server.shutdown()
    server.server.server_close()


@pytest.fixture
def course(tmp_path, empty_store, server):
    """``course(how, ...)`` registers file.bin at an address, in an empty store."""

    def register(*ways: str, hashed: bool = True, **fields) -> Path:
        addresses = [way if "://" in way else f"{server.address}/{way}/file.bin" for way in ways]
        entry = {"name": "file.bin", "title": "a test file", "size": len(CONTENT), "licence": "-", "citation": "-"}
        entry |= {"mirror": "other.bin", "stand_in": "nothing", "addresses": addresses, "notebooks": ["01"]}
        if hashed:
            entry["sha256"] = hashlib.sha256(CONTENT).hexdigest()
        lines = [f"{key} = {value!r}".replace("True", "true") for key, value in (entry | fields).items()]
        (tmp_path / "registry.toml").write_text("[[file]]\n" + "\n".join(lines), encoding="utf-8")
        registry._read_registry.cache_clear()
        return tmp_path / "cache"

    return register
