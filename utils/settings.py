"""For every lesson: a run depends on the lesson and not on what its user has set elsewhere.

:func:`set_places` runs when the package is imported, before any library looks for a place to write;
:func:`utils.runtime.start` calls the others. ``make doctor`` tells what of all this it found (:func:`findings`).
"""

from __future__ import annotations

import contextlib
import getpass
import importlib.util
import json
import os
import sys
import tempfile
import urllib.parse
import warnings
from collections.abc import Iterator
from pathlib import Path

BACKENDS = ("tensorflow", "jax", "torch")
IN_THE_PAGE = ("", "inline", "ipympl", "widget", "nbagg", "notebook")  # of MPLBACKEND: figures appear in the notebook
KERAS_DEFAULTS = {"floatx": "float32", "image_data_format": "channels_last", "epsilon": 1e-7}
PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy")


# ---------------------------------------------------------------------------------------------------------------------
# Places to write


def writable(folder: Path) -> bool:
    """Can something be written here, or where this folder would be made?"""
    existing = next((place for place in (folder, *folder.parents) if place.exists()), None)
    return existing is not None and existing.is_dir() and os.access(existing, os.W_OK)


def temporary_folder() -> Path:
    """This user's folder for what has no better place; a folder of that name that is another's is left alone.

    Raises:
        FileNotFoundError: no folder for temporary files can be written either.
    """
    with contextlib.suppress(OSError):
        folder = Path(tempfile.gettempdir()) / f"course-{_user()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        if (not hasattr(os, "getuid") or folder.lstat().st_uid == os.getuid()) and os.access(folder, os.W_OK):
            return folder
    return Path(tempfile.mkdtemp(prefix="course-"))


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user may have a number and no name
        return str(os.getuid())


def set_places() -> None:
    """Where the installation or the home cannot be written, let numba and Matplotlib keep their caches elsewhere."""
    homeless = not writable(Path("~").expanduser())
    fixed = not writable(Path(__file__).parent / "go")
    for needs, name, folder in ((fixed, "NUMBA_CACHE_DIR", "numba"), (homeless, "MPLCONFIGDIR", "matplotlib")):
        if needs and name not in os.environ:
            with contextlib.suppress(OSError):
                os.environ[name] = str(temporary_folder() / folder)


# ---------------------------------------------------------------------------------------------------------------------
# What other programs' settings would change


def set_warnings() -> None:
    """Python's own choice of warnings, whatever PYTHONWARNINGS asks for: as errors they would stop a lesson."""
    if not os.environ.pop("PYTHONWARNINGS", ""):
        return
    sys.warnoptions.clear()
    warnings.resetwarnings()
    for category in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
        warnings.simplefilter("ignore", category)


def set_figures() -> None:
    """In a notebook, figures appear in it, even where MPLBACKEND asks for files or windows."""
    asked = os.environ.get("MPLBACKEND", "").lower().removeprefix("module://").split(".")
    if any(name in IN_THE_PAGE or name in ("matplotlib_inline", "backend_nbagg") for name in asked):
        return
    with contextlib.suppress(ImportError):
        from IPython import get_ipython

        shell = get_ipython()
        if type(shell).__name__ == "ZMQInteractiveShell":
            os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
            shell.run_line_magic("matplotlib", "inline")


def set_keras() -> None:
    """Keras's own defaults, whatever keras.json in the user's home says. Keras must be imported."""
    import keras

    keras.config.set_floatx(KERAS_DEFAULTS["floatx"])
    keras.config.set_image_data_format(KERAS_DEFAULTS["image_data_format"])
    keras.config.set_epsilon(KERAS_DEFAULTS["epsilon"])


def check_backend() -> None:
    """Is the backend that KERAS_BACKEND names one of Keras's, and here?

    Raises:
        ValueError: an unknown backend.
        RuntimeError: a backend that is not installed.
    """
    name = os.environ.get("KERAS_BACKEND", "tensorflow")
    if name not in BACKENDS:
        raise ValueError(f"KERAS_BACKEND is {name!r}; set it to one of {', '.join(BACKENDS)}, or unset it.")
    if importlib.util.find_spec(name) is None:
        raise RuntimeError(
            f"KERAS_BACKEND is {name!r}, and {name} is not installed here; unset it to use TensorFlow, "
            f"or install {name}, and restart the kernel."
        )


# ---------------------------------------------------------------------------------------------------------------------
# What the doctor tells


def findings() -> Iterator[tuple[str, str]]:
    """Settings of the user that a lesson does not follow, or cannot: what was found, and what happens."""
    if _keras_json():
        yield f"keras.json sets {_keras_json()}", "Lessons use Keras's defaults instead."
    if os.environ.get("PYTHONWARNINGS"):
        yield f"PYTHONWARNINGS={os.environ['PYTHONWARNINGS']}", "Lessons ignore it."
    if os.environ.get("MPLBACKEND", "").lower() not in ("", "inline", "agg"):
        yield f"MPLBACKEND={os.environ['MPLBACKEND']}", "Lessons show their figures in the notebook all the same."
    for name in PROXIES:
        if os.environ.get(name) and not is_proxy(os.environ[name]):
            yield f"{name}={os.environ[name]}", "No proxy's address; correct it as http://host:port, or unset it."
    if os.environ.get("TF_CONFIG", "").strip() and not _is_json(os.environ["TF_CONFIG"]):
        yield "TF_CONFIG is not JSON", "Correct or unset it; it is for training on several computers."
    if sys.getfilesystemencoding().lower() != "utf-8":
        yield f"file names in {sys.getfilesystemencoding()}", "Set LANG to a UTF-8 locale, or PYTHONUTF8=1."
    for name, place in (("home", Path("~").expanduser()), ("installation", Path(__file__).parent)):
        if not writable(place):
            yield f"{name} {place} cannot be written", "Caches go to a temporary folder."


def _keras_json() -> str:
    """What keras.json sets otherwise than Keras does, as words; empty if nothing."""
    home = Path(os.environ.get("KERAS_HOME") or Path("~").expanduser() / ".keras")
    with contextlib.suppress(OSError, ValueError, AttributeError):
        given = json.loads((home / "keras.json").read_text(encoding="utf-8"))
        odd = {name: given[name] for name, usual in KERAS_DEFAULTS.items() if given.get(name, usual) != usual}
        return ", ".join(f"{name} {value}" for name, value in odd.items())
    return ""


def is_proxy(text: str) -> bool:
    """Is this the address of a proxy, ``http://host:port`` or ``host:port``?"""
    try:
        parts = urllib.parse.urlsplit(text if "://" in text else "http://" + text)
        return bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
