"""A data server on the loopback interface that behaves well or badly."""

from __future__ import annotations

import contextlib
import http.server
import threading
import time

CONTENT = bytes(range(256)) * 4096  # 1 MiB


class DataServer:
    """``files`` are served under /good/ (with ranges) and /plain/ (without); the other paths misbehave."""

    def __init__(self):
        self.files: dict[str, bytes] = {}
        self.requests: list[tuple[str, str | None]] = []
        self.pause = 0.0  # seconds between blocks under /slow/
        self.sent = 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.requests.append((self.path, self.headers.get("Range")))
                outer.answer(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def answer(self, request) -> None:
        _, how, name = request.path.split("/", 2)
        content = self.files.get(name)
        if how == "missing" or content is None:
            request.send_error(404, "Not Found")
            return
        if how == "mute":
            time.sleep(3)
            request.close_connection = True
            return
        start = 0
        if how in ("good", "slow", "cut") and request.headers.get("Range"):
            start = int(request.headers["Range"].removeprefix("bytes=").removesuffix("-"))
            if start >= len(content):
                request.send_error(416, "Range Not Satisfiable")
                return
        if how == "wrong":
            content = content[::-1]
        request.send_response(206 if start else 200)
        if how != "endless":
            request.send_header("Content-Length", str(len(content) - start))
        request.send_header("Connection", "close")
        request.end_headers()
        request.close_connection = True
        with contextlib.suppress(OSError):  # the client went away
            self.send_body(request, how, content[start:])

    def send_body(self, request, how: str, content: bytes) -> None:
        if how in ("truncated", "cut"):
            content = content[: len(content) // 2]
        while True:
            for first in range(0, len(content), 1 << 15):
                request.wfile.write(content[first : first + (1 << 15)])
                self.sent += 1 << 15
                if how == "slow":
                    time.sleep(self.pause)
                if how == "stalls" and first > len(content) // 2:
                    time.sleep(3)
            if how != "endless":
                return
