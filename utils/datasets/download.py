"""One file over HTTP, on pooch: short timeouts, a progress bar, continued after a break, never longer than expected.

The store (``utils/datasets/store.py``) decides what to download and verifies what arrived.
"""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import threading
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from utils import runtime, settings

CONNECT_SECONDS = 4.0  # one attempt a host; being offline must cost seconds
READ_SECONDS = 12.0  # silence of a server in the middle of a download
CHUNK = 1 << 18


class Unreachable(Exception):
    """No connection: offline, or the server is down."""


class Refused(Exception):
    """The server answered, but not with the file."""


_dead_hosts: dict[tuple[str, int], str] = {}


def host_of(address: str) -> str:
    """Host and port of an address, for messages."""
    return urllib.parse.urlsplit(address).netloc


def _peer(address: str) -> tuple[str, int]:
    """Host and port to connect to: the proxy's, where one is set.

    Raises:
        Unreachable: the proxy that the environment names has no address.
    """
    import requests.utils

    proxy = requests.utils.select_proxy(address, requests.utils.get_environ_proxies(address))
    if proxy and not settings.is_proxy(proxy):
        raise Unreachable(f"the proxy {proxy!r} is no address; correct HTTPS_PROXY (http://host:port), or unset it")
    if proxy and "://" not in proxy:
        proxy = "http://" + proxy
    parts = urllib.parse.urlsplit(proxy or address)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def check_reachable(address: str) -> None:
    """One short attempt to connect, remembered for the process.

    Raises:
        Unreachable: no answer, now or before.
    """
    peer = _peer(address)
    if peer in _dead_hosts:
        raise Unreachable(_dead_hosts[peer])
    answer: queue.Queue[str] = queue.Queue()

    def connect() -> None:
        try:
            socket.create_connection(peer, timeout=CONNECT_SECONDS).close()
            answer.put("")
        except (OSError, UnicodeError) as error:
            answer.put(getattr(error, "strerror", None) or type(error).__name__)

    # In a thread, since looking up a name has no timeout of its own and takes long without a network.
    threading.Thread(target=connect, daemon=True).start()
    try:
        reason = answer.get(timeout=CONNECT_SECONDS)
    except queue.Empty:
        reason = f"no answer within {CONNECT_SECONDS:.0f} s"
    if reason:
        _dead_hosts[peer] = f"{peer[0]} cannot be reached ({reason})"
        raise Unreachable(_dead_hosts[peer])


@contextlib.contextmanager
def _network_errors(address: str) -> Iterator[None]:
    """Sort what requests raises into "nobody there" and "wrong answer"."""
    import requests

    try:
        yield
    except requests.HTTPError as error:
        raise Refused(f"the server answered {error.response.status_code} {error.response.reason}") from error
    except requests.Timeout as error:
        _dead_hosts[_peer(address)] = f"{host_of(address)} fell silent for {READ_SECONDS:.0f} s"
        raise Unreachable(_dead_hosts[_peer(address)]) from error
    except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
        raise Unreachable(f"the connection to {host_of(address)} broke") from error
    except requests.RequestException as error:
        raise Refused(f"{host_of(address)} could not be asked ({type(error).__name__})") from error


def get_text(address: str) -> str:
    """A small text file.

    Raises:
        Unreachable, Refused: as the names say.
    """
    import requests

    check_reachable(address)
    with _network_errors(address):
        response = requests.get(address, timeout=(CONNECT_SECONDS, READ_SECONDS))
        response.raise_for_status()
        return response.text


class _Sink:
    """File that shows its progress, refuses to grow without end, and knows when a server answers with a part."""

    def __init__(self, file: BinaryIO, name: str, size: int):
        self.file, self.size = file, size
        # A file of which only the rough size is known may be a newer, larger edition.
        self.limit = size * 4 + (1 << 20)
        self.expected: int | None = None
        self.bar = _progress_bar(name, size)

    def on_response(self, response: Any, **_: Any) -> None:
        """Called by requests when the headers are there: 206 continues a part, 200 starts over."""
        if response.status_code not in (200, 206):
            return
        if response.status_code == 200:
            self.file.seek(0)
            self.file.truncate()
        start = self.file.seek(0, os.SEEK_END)
        length = response.headers.get("Content-Length", "")
        self.expected = start + int(length) if length.isdigit() else None
        self.bar.total = self.expected or self.size
        self.bar.update(start)

    def write(self, block: bytes) -> None:
        """Take the next block.

        Raises:
            Refused: the file would grow beyond what it can be.
        """
        if self.file.tell() + len(block) > self.limit:
            raise Refused(f"it is larger than {self.limit / 1e6:,.0f} MB, which it should not be")
        self.file.write(block)
        self.bar.update(len(block))

    def flush(self) -> None:
        """Pooch flushes after each block; closing the file is enough."""


def progress_hidden() -> bool | None:
    """tqdm's ``disable``: shown in a live notebook, hidden headless, and elsewhere only on a terminal."""
    if runtime.in_front_end():
        return False
    return True if os.environ.get("COURSE_HEADLESS") == "1" else None


def _progress_bar(name: str, size: int):
    from tqdm.auto import tqdm

    return tqdm(desc=name, total=size, unit="B", unit_scale=True, disable=progress_hidden(), leave=False)


def download(address: str, part: Path, name: str, size: int, resumable: bool) -> None:
    """Download into ``part``; a broken connection is continued once.

    Args:
        address: http or https.
        part: temporary file; what a killed process left there is continued if ``resumable``, else overwritten.
        name: for the progress bar.
        size: about how many bytes; four times as many are refused.
        resumable: the content is known by its hash, so two halves can be trusted to be of one file.

    Raises:
        Unreachable: no connection, or it broke twice; a resumable part stays.
        Refused: an error status, or a file far too long.
        OSError: the disk.
    """
    check_reachable(address)
    try:
        for attempt in (1, 2):
            if not resumable:
                part.unlink(missing_ok=True)
            try:
                return _download_once(address, part, name, size)
            except Unreachable:
                if attempt == 2 or _length(part) == 0:
                    raise
            except Refused:
                # A server that cannot continue (status 416, or the part was whole): once more from the beginning.
                if attempt == 2 or not resumable or _length(part) == 0:
                    raise
                part.unlink(missing_ok=True)
    except (Unreachable, Refused):
        if not resumable or _length(part) == 0:
            part.unlink(missing_ok=True)
        raise


def _length(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _download_once(address: str, part: Path, name: str, size: int) -> None:
    import pooch

    part.parent.mkdir(parents=True, exist_ok=True)
    with open(part, "ab") as file:
        sink = _Sink(file, name, size)
        headers = {"Accept-Encoding": "identity"}
        if file.tell():
            headers["Range"] = f"bytes={file.tell()}-"
        downloader = pooch.HTTPDownloader(
            progressbar=False,
            chunk_size=CHUNK,
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            headers=headers,
            hooks={"response": sink.on_response},
        )
        with contextlib.closing(sink.bar), _network_errors(address):
            downloader(address, sink, None)
        if sink.expected is not None and file.tell() != sink.expected:
            raise Unreachable(f"{host_of(address)} sent {file.tell():,} of {sink.expected:,} bytes")
