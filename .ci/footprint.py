"""What a student's first minute costs: ``make footprint`` times ``make lab`` on a fresh clone in a fresh home.

Prints the time until JupyterLab answers, the bytes that came over the network meanwhile (of the whole machine, Linux
only, so let nothing else fetch anything), and the disk taken. README's figures come from here.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PORT = 18_888


def received() -> int | None:
    """Bytes received by all network cards but the loopback; None where the system does not say."""
    table = Path("/proc/net/dev")
    if not table.exists():
        return None
    rows = [line.split(":") for line in table.read_text().splitlines() if ":" in line]
    return sum(int(values.split()[0]) for name, values in rows if name.strip() != "lo")


def disk(folder: Path) -> int:
    """Bytes on disk, each file once however many names it has."""
    seen = {}
    for path in folder.rglob("*"):
        state = path.lstat()
        seen[state.st_dev, state.st_ino] = state.st_blocks * 512
    return sum(seen.values())


def answers(deadline: float) -> bool:
    """Does the server answer before the deadline?"""
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/api", timeout=5):
                return True
        except OSError:
            time.sleep(0.2)
    return False


def main() -> int:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        home, clone = Path(place) / "home", Path(place) / "course"
        home.mkdir()
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        checkout = disk(clone)
        command = ["make", "lab", "LAB_OPTIONS=--no-browser --port=%d" % PORT]  # noqa: UP031 (no braces in make)
        environment = os.environ | {"HOME": str(home), "GPU": "0"}
        before, began = received(), time.monotonic()
        server = subprocess.Popen(command, cwd=clone, env=environment, start_new_session=True)
        try:
            there = answers(began + 1800)
            seconds, after = time.monotonic() - began, received()
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait()
        if not there:
            print("The server did not answer within half an hour.")
            return 1
        fetched = "unknown" if before is None else f"{(after - before) / 1e6:,.0f} MB"
        total = disk(Path(place))
        print(f"{seconds:.0f} s until JupyterLab answers; {fetched} fetched")
        print(f"{total / 1e9:.2f} GB on disk, of which the checkout {checkout / 1e9:.2f} GB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
