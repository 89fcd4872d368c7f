"""For whoever sets a computer up: what it offers the course, and the remedy for each gap.

``make doctor`` and ``make gpu-check``; no lesson imports this. It must speak where a package is missing or broken, so
whatever is not Python's own is imported inside the check that needs it.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from utils import commands, runtime, settings

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
MAC_BROWSERS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


class Finding(NamedTuple):
    """One line of the doctor's report."""

    state: str  # "ok", "gap" (the course runs, with less) or "broken" (it does not)
    what: str
    found: str
    remedy: str = ""


def diagnose() -> list[Finding]:
    """Everything the course depends on: what is there, and for each gap the remedy. Needs no network."""
    checks = (_check_python, _check_packages, _check_keras, _check_gpu, _check_memory, _check_disk, _check_programs)
    findings = [finding for check in checks for finding in check()]
    return findings + _check_settings() + _check_data()


def doctor() -> int:
    """Print the report; the exit status is 1 if something is unusable, else 0."""
    findings = diagnose()
    marks = {"ok": "ok ", "gap": " - ", "broken": "!! "}
    width = max(len(finding.what) for finding in findings)
    for finding in findings:
        print(f"{marks[finding.state]} {finding.what:<{width}}  {finding.found}")
        if finding.remedy:
            print(f"    {'':<{width}}  -> {finding.remedy}")
    broken = sum(finding.state == "broken" for finding in findings)
    gaps = sum(finding.state == "gap" for finding in findings)
    verdict = f"{broken} thing{'s' * (broken != 1)} must be repaired (marked !!)" if broken else "The course can run"
    print(f"\n{verdict}; {gaps} gap{'s' * (gaps != 1)} that a lesson can do without (marked -).")
    return 1 if broken else 0


def _check_python() -> list[Finding]:
    found = f"{sys.version.split()[0]} ({sys.platform})"
    if (3, 11) <= sys.version_info[:2] <= (3, 13):
        return [Finding("ok", "Python", found)]
    return [Finding("broken", "Python", found, "Run `make lab`, which brings a Python from 3.11 to 3.13.")]


def _check_packages() -> list[Finding]:
    """Every package the course requires, in the range it requires."""
    from importlib import metadata

    from packaging.requirements import Requirement

    try:
        required = [Requirement(text) for text in metadata.requires("from-lego-to-go") or []]
    except metadata.PackageNotFoundError:
        remedy = "Run `make lab`, or `pip install -e .` in the repository."
        return [Finding("broken", "packages", "the course's own package is not installed", remedy)]
    wrong, versions = [], {}
    for requirement in required:
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        version = _installed(requirement.name)
        if version is None:
            wrong.append(f"{requirement.name} is missing")
            continue
        versions[requirement.name] = version
        if not requirement.specifier.contains(version, prereleases=True):
            wrong.append(f"{requirement.name} is {version}, wanted {requirement.specifier}")
    if wrong:
        remedy = "Run `make lab`, which installs what locks/ lists (conda: `conda env update -f environment.yml`)."
        return [Finding("broken", "packages", "; ".join(wrong), remedy)]
    shown = [f"{name} {versions[name]}" for name in ("tensorflow", "keras", "numpy", "jupyterlab") if name in versions]
    return [Finding("ok", "packages", f"all {len(versions)} in range; {', '.join(shown)}")]


def _installed(name: str) -> str | None:
    """A package's version; TensorFlow counts in its build for processors alone, too."""
    from importlib import metadata

    for candidate in (name, "tensorflow-cpu") if name == "tensorflow" else (name,):
        try:
            return metadata.version(candidate)
        except metadata.PackageNotFoundError:
            continue
    return None


def _check_keras() -> list[Finding]:
    """Does the backend load and compute?"""
    try:
        runtime.start(quiet=True)
        import keras

        total = float(keras.ops.sum(keras.ops.matmul(keras.ops.ones((2, 3)), keras.ops.ones((3, 2)))))
        report = runtime.device_report()
    except Exception as error:  # whatever a broken installation raises
        found = f"cannot start: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        remedy = "Check KERAS_BACKEND and COURSE_BUDGET, or delete .venv and run `make lab`."
        return [Finding("broken", "Keras", found, remedy)]
    if total != 12.0:
        return [Finding("broken", "Keras", f"computes {total} instead of 12", "Delete .venv and run `make lab`.")]
    return [Finding("ok", "Keras", report)]


def _check_gpu() -> list[Finding]:
    try:
        gpus = runtime.list_gpus()
    except Exception as error:
        return [Finding("gap", "GPU", f"cannot be listed ({type(error).__name__})", "Run `make gpu-check`.")]
    if gpus:
        return [Finding("ok", "GPU", ", ".join(gpus))]
    if shutil.which("nvidia-smi"):
        remedy = "Run `make lab` again (it adds CUDA's libraries where it finds a GPU), then `make gpu-check`."
        return [Finding("gap", "GPU", f"there is an NVIDIA driver, but {_backend_name()} sees no GPU", remedy)]
    return [Finding("gap", "GPU", "none", "Not needed: every notebook has a cpu budget.")]


def _backend_name() -> str:
    return os.environ.get("KERAS_BACKEND", "tensorflow")


def _check_memory() -> list[Finding]:
    import psutil

    total, free = psutil.virtual_memory().total, psutil.virtual_memory().available
    with contextlib.suppress(OSError, ValueError):  # a container may be allowed less than the machine has
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii"))
        total, free = min(total, limit), min(free, limit)
    found = f"{free / 1e9:.1f} GB free of {total / 1e9:.1f} GB; {runtime.cpu_count()} CPU cores"
    if free > 3e9:
        return [Finding("ok", "memory", found)]
    return [Finding("gap", "memory", found, "Close other programs; below 3 GB lessons 04, 09 and 11 may be stopped.")]


def _check_disk() -> list[Finding]:
    from utils.datasets.cache import cache_folder

    folder = cache_folder()
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(existing).free
    found = f"{free / 1e9:.1f} GB free for data in {folder}"
    if not os.access(existing, os.W_OK):
        remedy = "Set COURSE_DATA to a folder that you can write."
        return [Finding("gap", "disk", f"{folder} cannot be written", remedy)]
    if free < 2e9:
        remedy = "Free some space, or set COURSE_DATA to a folder on a larger disk."
        return [Finding("gap", "disk", found, remedy)]
    return [Finding("ok", "disk", found)]


def _check_programs() -> list[Finding]:
    """Programs that some parts use if they are there."""
    browser = find_browser() or _playwright_browser()
    remedy = "For the tests of the decks only: `.venv/bin/playwright install chromium`, or run .ci/run as root."
    findings = [Finding("ok", "browser", browser) if browser else Finding("gap", "browser", "none found", remedy)]
    gnugo = shutil.which("gnugo") or next((p for p in ("/usr/games/gnugo",) if Path(p).exists()), None)
    remedy = "For matches in lesson 11 only: `apt install gnugo`, or your system's package of that name."
    return findings + [Finding("ok", "GNU Go", gnugo) if gnugo else Finding("gap", "GNU Go", "none found", remedy)]


def find_browser() -> str | None:
    """A Chromium of this machine: what ``COURSE_BROWSER`` names, else on the PATH, else among macOS's programs."""
    given = os.environ.get("COURSE_BROWSER")
    on_path = (path for path in map(shutil.which, BROWSERS) if path)
    return given or next(on_path, None) or next((path for path in MAC_BROWSERS if Path(path).exists()), None)


def _playwright_browser() -> str | None:
    """The browser that `playwright install` puts into the user's cache."""
    places = {"darwin": "Library/Caches/ms-playwright", "win32": "AppData/Local/ms-playwright"}
    default = Path.home() / places.get(sys.platform, ".cache/ms-playwright")
    folder = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or default)
    return next((str(path) for path in sorted(folder.glob("chromium*")) if path.is_dir()), None)


def _check_settings() -> list[Finding]:
    names = ("COURSE_BUDGET", "COURSE_DATA", "COURSE_MIRROR", "COURSE_OFFLINE", "KERAS_BACKEND", "TF_CONFIG")
    found = ", ".join(f"{name}={os.environ[name]}" for name in names if os.environ.get(name))
    odd = [Finding("gap", "settings", what, remedy) for what, remedy in settings.findings()]
    return [Finding("ok", "settings", found or "none set"), *odd, *_check_mirror()]


def _check_mirror() -> list[Finding]:
    """Does the mirror answer? Asked here, so that nobody learns it in class."""
    from utils.datasets import sources
    from utils.datasets.archives import DataError

    text = os.environ.get("COURSE_MIRROR", "").strip()
    if not text:
        return []
    try:
        return [Finding("ok", "mirror", f"{len(sources.mirror_listing())} files listed at {text}")]
    except DataError as error:
        remedy = "Correct COURSE_MIRROR: a folder that `make mirror` wrote, or the address at which it is served."
        return [Finding("gap", "mirror", str(error), remedy)]


def _check_data() -> list[Finding]:
    from utils.datasets import inventory, registry
    from utils.datasets.archives import DataError
    from utils.datasets.cache import cache_folder

    try:
        rows = inventory.inventory()
    except DataError as error:
        return [Finding("broken", "data", str(error))]
    findings = []
    for entry, state in rows:
        if state == "damaged":
            remedy = f"Delete {cache_folder() / entry.name} and run `make data`."
            findings.append(Finding("gap", "data", f"{entry.name}: damaged (its checksum is wrong)", remedy))
        elif state != "missing":
            findings.append(Finding("ok", "data", f"{entry.name}: {state}"))
        elif not entry.large:
            several = len(entry.notebooks) > 1
            lessons, fetch, take = ("lessons", "fetch", "take") if several else ("lesson", "fetches", "takes")
            found = f"{entry.name}: not here; {lessons} {', '.join(entry.notebooks)} {fetch} it, or {take} a stand-in"
            get = "Only a mirror has it: set COURSE_MIRROR"
            if entry.addresses:
                get = f"Run `{'COURSE_OFFLINE=0 ' if os.environ.get('COURSE_OFFLINE') == '1' else ''}make data`"
            findings.append(Finding("gap", "data", found, f"{get} ({registry.megabytes(entry.size)})."))
    return findings


def gpu_check() -> int:
    """List the devices, show where a product is computed, and time a training step on GPU and CPU.

    Returns the exit status: 1 if a GPU is listed but not used.
    """
    runtime.start(quiet=True)
    import keras

    print(runtime.device_report())
    gpus = runtime.list_gpus()
    with runtime.silenced_stderr():
        place = _device_of(keras.ops.matmul(keras.ops.ones((64, 64)), keras.ops.ones((64, 64))))
    print(f"A matrix product is computed on {place}.")
    cpu = _step_seconds("cpu:0")
    print(f"A training step takes {1000 * cpu:.1f} ms on the CPU.")
    if not gpus:
        (finding,) = _check_gpu()
        print(f"GPU: {finding.found}. {finding.remedy}")
        return 0
    gpu = _step_seconds("gpu:0")
    print(f"It takes {1000 * gpu:.1f} ms on the GPU: {cpu / gpu:.1f} times as fast.")
    if "gpu" not in place.lower() and "cuda" not in place.lower():
        print("The GPU is listed but not used: check that no tf.device or CUDA_VISIBLE_DEVICES forbids it.")
        return 1
    return 0


def _device_of(tensor: Any) -> str:
    """Where a backend's tensor lies."""
    device = tensor.device if hasattr(tensor, "device") else "an unknown device"
    return str(device() if callable(device) else device).rsplit("device:", 1)[-1]


def _step_seconds(device: str, steps: int = 10) -> float:
    """Median seconds of a training step of a small convnet, 64 images of 32 x 32."""
    import keras
    import numpy as np

    rng = np.random.default_rng(0)
    x, y = rng.random((64, 32, 32, 3), dtype=np.float32), rng.integers(10, size=64)
    with keras.device(device):
        layers = keras.layers
        bricks = [layers.Conv2D(64, 3, activation="relu"), layers.Conv2D(64, 3, strides=2, activation="relu")]
        model = keras.Sequential([keras.Input((32, 32, 3)), *bricks, layers.GlobalAveragePooling2D(), layers.Dense(10)])
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        times = []
        for step in range(steps + 3):  # the first ones compile
            begin = time.perf_counter()
            model.train_on_batch(x, y)
            if step >= 3:
                times.append(time.perf_counter() - begin)
    return float(np.median(times))


def main(arguments: Sequence[str] | None = None) -> int:
    """``python -m utils.doctor`` or ``python -m utils.doctor gpu-check``."""
    parser = argparse.ArgumentParser(description="What this computer offers the course.")
    parser.add_argument("command", nargs="?", default="doctor", choices=("doctor", "gpu-check"))
    return {"doctor": doctor, "gpu-check": gpu_check}[parser.parse_args(arguments).command]()


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
