"""Budget, seeds, quiet start-up and devices: what every notebook calls in its first code cell.

Importing this module sets a few environment variables and nothing else; :func:`start` imports Keras, silently, and says
in one line what it will run on. Used in all lessons.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

BUDGETS = ("smoke", "cpu", "gpu")
BACKENDS = ("tensorflow", "jax", "torch")
Choice = TypeVar("Choice")

# TensorFlow and JAX read these when they are imported, so they must be set before. What the user has set stays.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")


def repo_root() -> Path:
    """Folder that holds ``pyproject.toml``: the root of the checkout this package is installed from."""
    return Path(__file__).resolve().parent.parent


def in_front_end() -> bool:
    """True when a person sees the output of this kernel live (JupyterLab, VS Code), False headless or in a script.

    Tests and ``make notebooks`` set ``COURSE_HEADLESS=1``, since a kernel cannot see whether anybody is looking.
    """
    if os.environ.get("COURSE_HEADLESS") == "1":
        return False
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    shell = get_ipython()
    return shell is not None and type(shell).__name__ == "ZMQInteractiveShell"


# ---------------------------------------------------------------------------------------------------------------------
# Budgets


def budget() -> str:
    """The budget in force: ``COURSE_BUDGET`` if set, else ``gpu`` where Keras sees a GPU, else ``cpu``.

    Raises:
        ValueError: ``COURSE_BUDGET`` is set to something else than smoke, cpu or gpu.
    """
    value = os.environ.get("COURSE_BUDGET", "").strip().lower()
    if not value:
        return "gpu" if list_gpus() else "cpu"
    if value not in BUDGETS:
        raise ValueError(f"COURSE_BUDGET is {value!r}; set it to one of {', '.join(BUDGETS)}, or unset it.")
    return value


def pick(*, smoke: Choice, cpu: Choice, gpu: Choice) -> Choice:
    """The value for the budget in force, e.g. ``epochs = pick(smoke=1, cpu=5, gpu=12)``."""
    return {"smoke": smoke, "cpu": cpu, "gpu": gpu}[budget()]


# ---------------------------------------------------------------------------------------------------------------------
# Start-up


@contextlib.contextmanager
def silenced_stderr() -> Iterator[None]:
    """Swallow what C++ libraries write to file descriptor 2 while they load; if the block fails, show it after all.

    Python-level redirection is not enough: TensorFlow's first log lines bypass ``sys.stderr``.
    """
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as sink:
        os.dup2(sink.fileno(), 2)
        failed = False
        try:
            yield
        except BaseException:
            failed = True
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            if failed:
                sink.seek(0)
                sys.stderr.write(sink.read().decode(errors="replace"))


def seed_everything(seed: int):
    """Seed Python, NumPy and Keras, and return a NumPy generator seeded alike.

    Args:
        seed: any integer from 0 to 2**32 - 1.
    """
    import keras
    import numpy as np

    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  (libraries that still use the global state)
    keras.utils.set_random_seed(seed)
    return np.random.default_rng(seed)


def start(seed: int = 1, backend: str | None = None, quiet: bool = False) -> None:
    """Import Keras without noise, let GPU memory grow, seed everything and print a one-line device report.

    Args:
        seed: passed to :func:`seed_everything`.
        backend: ``"tensorflow"``, ``"jax"`` or ``"torch"``; None keeps ``KERAS_BACKEND`` (default tensorflow).
        quiet: do not print the report.

    Raises:
        ValueError: an unknown backend.
        RuntimeError: Keras is already loaded with another backend (restart the kernel to change it).
    """
    if backend is not None:
        if backend not in BACKENDS:
            raise ValueError(f"Unknown backend {backend!r}; choose one of {', '.join(BACKENDS)}.")
        loaded = sys.modules["keras"].backend.backend() if "keras" in sys.modules else backend
        if loaded != backend:
            raise RuntimeError(f"Keras already runs on {loaded}; restart the kernel to change to {backend}.")
        os.environ["KERAS_BACKEND"] = backend
    with silenced_stderr():
        import keras

        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            tf.get_logger().setLevel("ERROR")
            tf.autograph.set_verbosity(0)
            set_memory_growth()
        seed_everything(seed)
    if not quiet:
        print(device_report())


# ---------------------------------------------------------------------------------------------------------------------
# Devices


def list_gpus() -> list[str]:
    """Names of the GPUs that Keras's backend sees (empty on a laptop without one)."""
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    if "keras" in sys.modules:
        backend = sys.modules["keras"].backend.backend()
    with silenced_stderr():
        if backend == "tensorflow":
            import tensorflow as tf

            return [device.name for device in tf.config.list_physical_devices("GPU")]
        if backend == "jax":
            import jax

            return [str(device) for device in jax.devices() if device.platform in ("gpu", "cuda", "rocm")]
        import torch

        return [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]


def set_memory_growth(tf: Any = None) -> int:
    """Let TensorFlow take GPU memory as it needs it instead of all at once; returns how many GPUs were set.

    Must come before the first operation; later calls cannot change a GPU in use and leave it as it is.
    """
    if tf is None:
        import tensorflow as tf
    count = 0
    for gpu in tf.config.list_physical_devices("GPU"):
        with contextlib.suppress(RuntimeError):  # already initialised
            tf.config.experimental.set_memory_growth(gpu, True)
            count += 1
    return count


def use_mixed_precision(gpus: Sequence[str] | None = None, compute_capability: tuple[int, int] | None = None) -> str:
    """Switch Keras to mixed precision where the GPU has tensor cores for it; returns the policy now in force.

    bfloat16 from compute capability 8.0 (its range needs no loss scaling), float16 from 7.0, else plain float32.

    Args:
        gpus: as :func:`list_gpus` returns; looked up if None.
        compute_capability: of the first GPU; asked of TensorFlow if None.
    """
    import keras

    gpus = list_gpus() if gpus is None else gpus
    policy = "float32"
    if gpus:
        capability = compute_capability or _compute_capability()
        if capability >= (8, 0):
            policy = "mixed_bfloat16"
        elif capability >= (7, 0):
            policy = "mixed_float16"
    keras.config.set_dtype_policy(policy)
    return policy


def _compute_capability() -> tuple[int, int]:
    """CUDA compute capability of the first GPU, (0, 0) where it cannot be told."""
    import keras

    if keras.backend.backend() != "tensorflow":
        return (0, 0)
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    details = tf.config.experimental.get_device_details(gpus[0]) if gpus else {}
    return tuple(details.get("compute_capability", (0, 0)))


def cpu_count() -> int:
    """CPU cores this process may use (a container may allow fewer than the machine has)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


def device_report(gpus: Sequence[str] | None = None) -> str:
    """One line: budget, backend and versions, cores, GPUs.

    Example: ``Budget cpu; Keras 3.15 on TensorFlow 2.21; 2 CPU cores, no GPU``
    """
    import keras

    gpus = list_gpus() if gpus is None else gpus
    backend = keras.backend.backend()
    title = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}.get(backend, backend)
    version = ".".join(sys.modules[backend].__version__.split(".")[:2]) if backend in sys.modules else ""
    cores = cpu_count()
    gpu_text = f"{len(gpus)} GPU{'s' if len(gpus) > 1 else ''} ({gpus[0]})" if gpus else "no GPU"
    return (
        f"Budget {budget()}; Keras {'.'.join(keras.__version__.split('.')[:2])} on {title} {version}; "
        f"{cores} CPU core{'s' if cores > 1 else ''}, {gpu_text}"
    )


def distribution_scope(devices: Sequence[str] | None = None):
    """Context in which to build and compile a model so that all devices of this computer (or cluster) train it.

    One device: does nothing. Several GPUs: ``tf.distribute.MirroredStrategy``. Several hosts, told by ``TF_CONFIG``:
    ``tf.distribute.MultiWorkerMirroredStrategy``. With other backends than TensorFlow it does nothing; Keras's own
    ``keras.distribution`` serves there.

    Args:
        devices: TensorFlow device names (``"GPU:0"``, ``"CPU:1"``); None means the GPUs that TensorFlow sees.

    Raises:
        ValueError: ``TF_CONFIG`` does not describe a cluster.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        return contextlib.nullcontext()
    import tensorflow as tf

    if not os.environ.get("TF_CONFIG", "unset").strip():
        del os.environ["TF_CONFIG"]  # TensorFlow fails on an empty one
    if _cluster_size() > 1:
        return tf.distribute.MultiWorkerMirroredStrategy().scope()
    if devices is None:
        devices = [gpu.name for gpu in tf.config.list_logical_devices("GPU")]
    if len(devices) < 2:
        return contextlib.nullcontext()
    return tf.distribute.MirroredStrategy(devices=list(devices)).scope()


def _cluster_size() -> int:
    """Number of workers named in ``TF_CONFIG`` (0 when it is unset)."""
    text = os.environ.get("TF_CONFIG", "").strip()
    if not text:
        return 0
    try:
        cluster = json.loads(text).get("cluster", {})
        return len(cluster.get("worker", [])) + len(cluster.get("chief", []))
    except (json.JSONDecodeError, AttributeError, TypeError) as error:
        raise ValueError(
            f"TF_CONFIG does not describe a cluster ({error}); correct or unset it. "
            f'Example: {{"cluster": {{"worker": ["host1:1", "host2:1"]}}, "task": {{"type": "worker", "index": 0}}}}'
        ) from error


# ---------------------------------------------------------------------------------------------------------------------
# The doctor: `make doctor`, `make gpu-check`


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
    return [Finding("broken", "Python", found, "Install Python 3.11, 3.12 or 3.13, delete .venv and run `make`.")]


def _check_packages() -> list[Finding]:
    """Every package the course requires, in the range it requires."""
    from importlib import metadata

    from packaging.requirements import Requirement

    try:
        required = [Requirement(text) for text in metadata.requires("from-lego-to-go") or []]
    except metadata.PackageNotFoundError:
        remedy = "Run `make`, or `pip install -e .` in the repository."
        return [Finding("broken", "packages", "the course's own package is not installed", remedy)]
    wrong, versions = [], {}
    for requirement in required:
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            versions[requirement.name] = version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing")
            continue
        if not requirement.specifier.contains(version, prereleases=True):
            wrong.append(f"{requirement.name} is {version}, wanted {requirement.specifier}")
    if wrong:
        remedy = (
            "Run `make`, which installs what requirements.lock lists (conda: `conda env update -f environment.yml`)."
        )
        return [Finding("broken", "packages", "; ".join(wrong), remedy)]
    shown = [f"{name} {versions[name]}" for name in ("tensorflow", "keras", "numpy", "jupyterlab") if name in versions]
    return [Finding("ok", "packages", f"all {len(versions)} in range; {', '.join(shown)}")]


def _check_keras() -> list[Finding]:
    """Does the backend load and compute?"""
    try:
        start(quiet=True)
        import keras

        total = float(keras.ops.sum(keras.ops.matmul(keras.ops.ones((2, 3)), keras.ops.ones((3, 2)))))
        report = device_report()
    except Exception as error:  # whatever a broken installation raises
        found = f"cannot start: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        return [
            Finding("broken", "Keras", found, "Check KERAS_BACKEND and COURSE_BUDGET, or delete .venv and run `make`.")
        ]
    if total != 12.0:
        return [Finding("broken", "Keras", f"computes {total} instead of 12", "Delete .venv and run `make`.")]
    return [Finding("ok", "Keras", report)]


def _check_gpu() -> list[Finding]:
    try:
        gpus = list_gpus()
    except Exception as error:
        return [Finding("gap", "GPU", f"cannot be listed ({type(error).__name__})", "Run `make gpu-check`.")]
    if gpus:
        return [Finding("ok", "GPU", ", ".join(gpus))]
    if shutil.which("nvidia-smi"):
        remedy = "Run `make` again (it adds CUDA's libraries where it finds a GPU), then `make gpu-check`."
        return [Finding("gap", "GPU", f"there is an NVIDIA driver, but {_backend_name()} sees no GPU", remedy)]
    return [Finding("gap", "GPU", "none", "Not needed: every notebook has a cpu budget.")]


def _backend_name() -> str:
    return os.environ.get("KERAS_BACKEND", "tensorflow")


def _check_memory() -> list[Finding]:
    import psutil

    total, free = psutil.virtual_memory().total, psutil.virtual_memory().available
    with contextlib.suppress(OSError, ValueError):  # a container may be allowed less than the machine has
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text())
        total, free = min(total, limit), min(free, limit)
    found = f"{free / 1e9:.1f} GB free of {total / 1e9:.1f} GB; {cpu_count()} CPU cores"
    if free > 3e9:
        return [Finding("ok", "memory", found)]
    return [Finding("gap", "memory", found, "Close other programs; below 3 GB lessons 04, 09 and 11 may be stopped.")]


def _check_disk() -> list[Finding]:
    from utils.datasets import store

    folder = store.cache_folder()
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
    browsers = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
    browser = next((path for path in map(shutil.which, browsers) if path), None) or _playwright_browser()
    remedy = "For the tests of the decks only: `.venv/bin/playwright install chromium`, or run .ci/run as root."
    findings = [Finding("ok", "browser", browser) if browser else Finding("gap", "browser", "none found", remedy)]
    gnugo = shutil.which("gnugo") or next((p for p in ("/usr/games/gnugo",) if Path(p).exists()), None)
    remedy = "For matches in lesson 11 only: `apt install gnugo`, or your system's package of that name."
    return findings + [Finding("ok", "GNU Go", gnugo) if gnugo else Finding("gap", "GNU Go", "none found", remedy)]


def _playwright_browser() -> str | None:
    """The browser that `playwright install` puts into the user's cache."""
    places = {"darwin": "Library/Caches/ms-playwright", "win32": "AppData/Local/ms-playwright"}
    default = Path.home() / places.get(sys.platform, ".cache/ms-playwright")
    folder = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or default)
    return next((str(path) for path in sorted(folder.glob("chromium*")) if path.is_dir()), None)


def _check_settings() -> list[Finding]:
    names = ("COURSE_BUDGET", "COURSE_DATA", "COURSE_MIRROR", "COURSE_OFFLINE", "KERAS_BACKEND", "TF_CONFIG")
    found = ", ".join(f"{name}={os.environ[name]}" for name in names if os.environ.get(name))
    return [Finding("ok", "settings", found or "none set"), *_check_mirror()]


def _check_mirror() -> list[Finding]:
    """Does the mirror answer? Asked here, so that nobody learns it in class."""
    from utils.datasets import store

    text = os.environ.get("COURSE_MIRROR", "").strip()
    if not text:
        return []
    try:
        return [Finding("ok", "mirror", f"{len(store.mirror_listing())} files listed at {text}")]
    except store.DataError as error:
        remedy = "Correct COURSE_MIRROR: a folder that `make mirror` wrote, or the address at which it is served."
        return [Finding("gap", "mirror", str(error), remedy)]


def _check_data() -> list[Finding]:
    from utils.datasets import store

    try:
        rows = store.inventory()
    except store.DataError as error:
        return [Finding("broken", "data", str(error))]
    findings = []
    for entry, state in rows:
        if state == "damaged":
            remedy = f"Delete {store.cache_folder() / entry.name} and run `make data`."
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
            findings.append(Finding("gap", "data", found, f"{get} ({store.megabytes(entry.size)})."))
    return findings


def gpu_check() -> int:
    """List the devices, show where a product is computed, and time a training step on GPU and CPU.

    Returns the exit status: 1 if a GPU is listed but not used.
    """
    start(quiet=True)
    import keras

    print(device_report())
    gpus = list_gpus()
    with silenced_stderr():
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
    import time

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
    """``python -m utils.runtime doctor`` or ``python -m utils.runtime gpu-check``."""
    import argparse

    parser = argparse.ArgumentParser(description="What this computer offers the course.")
    parser.add_argument("command", choices=("doctor", "gpu-check"))
    return {"doctor": doctor, "gpu-check": gpu_check}[parser.parse_args(arguments).command]()


if __name__ == "__main__":
    raise SystemExit(main())
