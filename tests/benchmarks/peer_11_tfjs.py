"""The page's own convolutions beside TensorFlow.js, in one Chromium without network: time and weight.

    npm install --prefix FOLDER @tensorflow/tfjs-core @tensorflow/tfjs-backend-cpu @tensorflow/tfjs-backend-wasm \
        @tensorflow/tfjs-backend-webgl
    python tests/benchmarks/peer_11_tfjs.py --tfjs FOLDER

The shipped Go network from the same weights in both, held equal to 1e-4 first. They take turns in one page, so that
whatever else the machine does slows both; time is CPU time of the browser's processes.
From disk a page gets no threads: a browser gives shared memory to isolated pages of a server alone.
"""

from __future__ import annotations

import argparse
import base64
import statistics
import sys
from pathlib import Path
from typing import Any

import numpy as np

from utils import commands, results, runtime
from utils.go.board import Board

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "site"), str(ROOT / "lectures" / "tools")]

import browse  # noqa: E402

import export  # noqa: E402
import frames  # noqa: E402

PLAY = ("go_rules.js", "go_features.js", "network.js")
WASM = {"wasm": "tfjs-backend-wasm-simd.wasm", "wasm without SIMD": "tfjs-backend-wasm.wasm"}
BACKENDS = ("cpu", "wasm", "wasm without SIMD", "webgl")
BATCHES, ROUNDS, SECONDS = (1, 8), 9, 0.25  # each turn takes about so long
MOST_DIFFERENCE = 1e-4


def built(folder: Path, package: str) -> Path:
    """The smallest build of a package that a page can carry without a bundler."""
    return folder / "node_modules" / "@tensorflow" / package / "dist" / f"{package.replace('tfjs', 'tf')}.es2017.min.js"


def scripts(folder: Path, backend: str) -> tuple[list[Path], Path | None]:
    """Files that a page needs for a backend, and its WebAssembly.

    Raises:
        FileNotFoundError: the folder lacks one.
    """
    package = f"tfjs-backend-{backend.partition(' ')[0]}"
    files = [built(folder, "tfjs-core"), built(folder, package)]
    if backend == "webgl":
        files.insert(1, built(folder, "tfjs-backend-cpu"))  # which it falls back to for small tensors
    wasm = files[-1].with_name(WASM[backend]) if backend in WASM else None
    for path in [*files, *([wasm] if wasm else [])]:
        if not path.is_file():
            raise FileNotFoundError(f"There is no {path}; install TensorFlow.js there as this script's help says.")
    return files, wasm


def weight(files: list[Path], wasm: Path | None) -> int:
    """Bytes that a page grows by if it carries them; WebAssembly as base64."""
    return sum(path.stat().st_size for path in files) + (4 * -(-wasm.stat().st_size // 3) if wasm else 0)


def games(count: int) -> list[list[int]]:
    """Moves that lead to positions to look at."""
    rng, found = np.random.default_rng(3), []
    for length in rng.integers(4, 60, count):
        board = Board(9)
        for _ in range(length):
            board.play(int(rng.choice(np.flatnonzero(board.sensible_mask())[:-1])))
        found.append([int(move) for move in board.moves])
    return found


def cpu_seconds(session: Any) -> float:
    """CPU time of the browser's processes that compute for pages."""
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    return sum(process["cpuTime"] for process in processes if process["type"] in ("renderer", "GPU"))


def take_turns(page: Any, session: Any, batch: int) -> dict[str, dict[str, float]]:
    """Milliseconds of CPU time a position, ours and the peer's: median of the turns, and their deviation."""
    found: dict[str, list[float]] = {"ours": [], "peer": []}

    def turn(name: str, calls: int) -> float:
        before = cpu_seconds(session)
        page.evaluate(f"timed('{name}', {batch}, {calls})")
        return 1000 * (cpu_seconds(session) - before) / calls

    calls = {}
    for name in found:
        turn(name, 4)  # warm
        calls[name] = max(1, round(1000 * SECONDS / max(1, turn(name, 8))))
    for _ in range(ROUNDS):
        for name, values in found.items():
            values.append(turn(name, calls[name]) / batch)
    return {
        name: {"cpu": statistics.median(values), "spread": statistics.stdev(values)} for name, values in found.items()
    }


def compare(browser: Any, folder: Path, backend: str) -> dict[int, dict[str, dict[str, float]]]:
    """Both networks in a fresh page with one backend: what :func:`take_turns` says, by size of the batch.

    Raises:
        ValueError: they do not compute the same.
    """
    files, wasm = scripts(folder, backend)
    context, session = browser.new_context(offline=True), browser.new_browser_cdp_session()
    page = context.new_page()
    page.set_default_timeout(600_000)
    for path in [ROOT / "site" / "play" / name for name in PLAY] + files + [Path(__file__).with_suffix(".js")]:
        page.add_script_tag(content=path.read_text(encoding="utf-8"))
    if wasm:
        address = "data:application/wasm;base64," + base64.b64encode(wasm.read_bytes()).decode()
        asks = [*WASM.values(), "tfjs-backend-wasm-threaded-simd.wasm"]  # wants to know all, takes one
        page.evaluate("(paths) => tf.wasm.setWasmPaths(paths)", dict.fromkeys(asks, address))
    asked = [*export.go_network(frames.GO), games(max(BATCHES)), backend.partition(" ")[0], "without" not in backend]
    difference = page.evaluate("(asked) => prepare(...asked)", asked)
    if difference > MOST_DIFFERENCE:
        raise ValueError(f"TensorFlow.js ({backend}) and the page differ by {difference:.1e}; mend peer_11_tfjs.js.")
    found = {batch: take_turns(page, session, batch) for batch in BATCHES}
    context.close()
    return found


def record(backend: str, size: int, found: dict[int, dict[str, dict[str, float]]]) -> None:
    """Into the ledger: the peer's time for one position alone, the page's beside it in the note."""
    one, many = found[1], found[max(BATCHES)]
    name, made = f"go.page.tfjs_{backend.replace(' ', '_').lower()}", f"TensorFlow.js {backend}"
    note = f"one position, median of {ROUNDS} turns, CPU time in Chromium; in a batch of {max(BATCHES)} "
    note += f"{many['peer']['cpu']:.1f} a position; the page's own in the same turns {one['ours']['cpu']:.1f} and "
    note += f"{many['ours']['cpu']:.1f}; answers equal to 1e-4"
    spread = one["peer"]["spread"]
    results.record(f"{name}.ms", one["peer"]["cpu"], unit="ms", spread=spread, n=ROUNDS, backend=made, note=note)
    note = "what a page that opens from disk would carry: core, backend and WebAssembly in base64"
    results.record(f"{name}.megabytes", size / 1e6, unit="MB", backend=made, note=note)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tfjs", type=Path, help="folder with node_modules/@tensorflow")
    parser.add_argument("--only", nargs="+", choices=BACKENDS, default=BACKENDS)
    parser.add_argument("--trial", action="store_true", help="print only, record nothing")
    options = parser.parse_args()
    if not options.tfjs:
        print("skipped: TensorFlow.js is not part of the course; --tfjs FOLDER names where npm installed it")
        return
    from playwright.sync_api import Error, sync_playwright

    runtime.start(quiet=True)
    own: list[dict[str, dict[str, float]]] = []
    with sync_playwright() as playwright:
        switches = ["--no-sandbox", "--disable-background-networking", "--enable-unsafe-swiftshader"]
        browser = playwright.chromium.launch(executable_path=browse.chosen_browser(), args=switches)
        for backend in options.only:
            size = weight(*scripts(options.tfjs, backend))
            try:
                found = compare(browser, options.tfjs, backend)
            except Error as error:  # of the page: no WebGL, for instance
                print(f"{backend} skipped: {str(error).splitlines()[0]}")
                continue
            print(f"{backend}: {size / 1e6:.2f} MB", {batch: found[batch] for batch in found}, flush=True)
            own.append(found[1]["ours"])
            if not options.trial:
                record(backend, size, found)
        browser.close()
    if not options.trial and len(own) > 1:
        values, made = [one["cpu"] for one in own], "plain JavaScript"
        note = f"one position, CPU time in Chromium; median of {len(own)} pages of {ROUNDS} turns, and their deviation"
        spread, shown = statistics.stdev(values), {"backend": made, "note": note}
        results.record("go.page.own.ms", statistics.median(values), unit="ms", spread=spread, n=len(own), **shown)
        size = (ROOT / "site" / "play" / "network.js").stat().st_size
        results.record("go.page.own.megabytes", size / 1e6, unit="MB", backend=made, note="site/play/network.js")


if __name__ == "__main__":
    raise SystemExit(commands.run(main, FileNotFoundError, ValueError, browse.DeckError))
