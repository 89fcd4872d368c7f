"""For every lesson: budget, seeds, quiet start-up and devices; a notebook's first code cell calls it.

Importing this module sets a few environment variables and nothing else; :func:`start` imports Keras, silently, and says
in one line what it will run on. Used in all lessons.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from utils import settings
from utils.settings import BACKENDS

BUDGETS = ("smoke", "cpu", "gpu")
Choice = TypeVar("Choice")

# TensorFlow and JAX read these when they are imported, so they must be set before. What the user has set stays.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")


def repo_root() -> Path:
    """Folder that holds ``utils/`` and ``mldata/``: the root of the checkout, or where pip has installed them."""
    return Path(__file__).resolve().parent.parent


def is_checkout() -> bool:
    """Does this package lie in a folder of the whole course, and not where pip installs packages?"""
    return (repo_root() / "pyproject.toml").is_file()


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


def seed(number: int) -> int:
    """The seed that a lesson writes in a cell, shifted by :func:`seed_shift`."""
    return number + seed_shift()


def seed_shift() -> int:
    """10,000 for each unit of ``COURSE_SEED`` (unset: 0), so that a lesson can be run with other seeds (`make claims`).

    Raises:
        ValueError: ``COURSE_SEED`` is no whole number from 0 on.
    """
    text = os.environ.get("COURSE_SEED", "").strip() or "0"
    if not text.isdecimal():
        raise ValueError(f"COURSE_SEED is {text!r}; set it to a whole number from 0 on, or unset it.")
    return 10_000 * int(text)


def seed_everything(seed: int):
    """Seed Python, NumPy and Keras, and return a NumPy generator seeded alike.

    Before Keras 3.13 ``keras.random`` without a seed goes on where it was; layers and initializers start anew.

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
        seed: passed to :func:`seed_everything`, shifted as :func:`seed` does.
        backend: ``"tensorflow"``, ``"jax"`` or ``"torch"``; None keeps ``KERAS_BACKEND`` (default tensorflow).
        quiet: do not print the report.

    What the user's environment sets for other programs does not change a lesson; see :mod:`utils.settings`.

    Raises:
        ValueError: an unknown backend.
        RuntimeError: Keras is already loaded with another backend (restart the kernel to change it), or the backend
            is not installed.
    """
    if backend is not None:
        if backend not in BACKENDS:
            raise ValueError(f"Unknown backend {backend!r}; choose one of {', '.join(BACKENDS)}.")
        loaded = sys.modules["keras"].backend.backend() if "keras" in sys.modules else backend
        if loaded != backend:
            raise RuntimeError(f"Keras already runs on {loaded}; restart the kernel to change to {backend}.")
        os.environ["KERAS_BACKEND"] = backend
    settings.check_backend()
    settings.set_warnings()
    settings.set_figures()
    with silenced_stderr():
        import keras

        settings.set_keras()
        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            tf.get_logger().setLevel("ERROR")
            tf.autograph.set_verbosity(0)
            set_memory_growth()
        seed_everything(seed + seed_shift())
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
    devices = tuple(training_devices() if devices is None else devices)
    return _mirrored(devices).scope() if len(devices) > 1 else contextlib.nullcontext()


def training_devices() -> list[str]:
    """The devices that share a training: every GPU that TensorFlow sees."""
    import tensorflow as tf

    return [gpu.name for gpu in tf.config.list_logical_devices("GPU")]


@functools.cache
def _mirrored(devices: tuple[str, ...]):
    """One strategy for a set of devices: a model must be compiled under the very one it was built under."""
    import tensorflow as tf

    return tf.distribute.MirroredStrategy(devices=list(devices))


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
