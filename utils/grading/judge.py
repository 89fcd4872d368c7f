"""The process that decides: it runs the checks, and calls the student's function in a worker process of its own.

A check gets a :class:`RemoteAttempt` in place of the function. Its arguments travel to the worker, the answer comes
back as plain data, and the check compares it here, where no line of the student's code ever runs. What nbgrader or
nbclient would do, run the checks in the student's own kernel, would let that kernel change them or print a verdict.

``python -m utils.grading.judge`` reads an order (JSON) from standard input and writes one verdict a line to standard
output. ``make grade`` and ``make progress`` start it; see INSTRUCTORS.md for what the fence holds and what it does not.
"""

from __future__ import annotations

import builtins
import contextlib
import ctypes
import functools
import json
import os
import queue
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import psutil

from utils import runtime
from utils.exercises import engine
from utils.grading import submission, wire

MOST_PROCESSES = 32  # of one worker, before it is stopped
WATCH = 0.1  # seconds between two looks at a worker
PATIENCE = 4  # seconds of the wall clock for each second of processor time allowed


class WorkerStopped(BaseException):
    """The worker broke a limit or died. No Exception, so that no check can take it for the attempt's own error."""


@dataclass(frozen=True)
class Limits:
    """What one exercise may use.

    Attributes:
        seconds: processor time for all calls of the attempt together. By the wall clock it gets ``PATIENCE`` times
            that, so that a busy computer fails nobody.
        megabytes: memory that its processes really hold.
        start: processor time for the imports and definitions it needs (TensorFlow alone takes about ten seconds).
    """

    seconds: int = 30
    megabytes: int = 2048
    start: int = 60


# ---------------------------------------------------------------------------------------------------------------------
# Starting a worker


@functools.cache
def namespace_command() -> tuple[str, ...]:
    """The command that starts a program without network and with its own process table; empty where there is none."""
    if not sys.platform.startswith("linux") or not shutil.which("unshare"):
        return ()
    command = ("unshare", "--map-root-user", "--net", "--ipc", "--mount", "--pid", "--kill-child", "--mount-proc")
    try:
        works = subprocess.run([*command, "true"], capture_output=True, timeout=20).returncode == 0
    except (OSError, subprocess.SubprocessError):
        works = False
    return command if works else ()


def hidden_folders(more: list[str]) -> list[str]:
    """Folders that a student's code cannot look into: solutions, checks, tests, history, other submissions, and where
    other programs keep their sockets. A folder that holds the course or its Python stays visible."""
    root = runtime.repo_root()
    names = ("notebooks", "solutions", "tests", ".git", ".ci", "build", "utils/exercises", "utils/grading")
    own = [root / name for name in names]
    system = [Path(place) for place in ("/run", "/var/run", "/tmp", "/var/tmp", "/dev/shm")]
    needed = [Path(place).resolve() for place in (root, sys.prefix, sys.base_prefix, *filter(None, sys.path))]
    folders = {folder.resolve() for folder in [*own, *system, *map(Path, more)] if folder.is_dir()}
    return sorted(str(f) for f in folders if not any(place.is_relative_to(f) for place in needed))


def _environment(scratch: str) -> dict[str, str]:
    kept = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "KERAS_BACKEND", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    places = ("HOME", "TMPDIR", "TEMP", "TMP", "KERAS_HOME", "MPLCONFIGDIR", "NUMBA_CACHE_DIR", "COURSE_DATA")
    environment |= dict.fromkeys(places, scratch)
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    environment |= dict.fromkeys(threads, "1")
    settings = {"COURSE_BUDGET": "smoke", "COURSE_HEADLESS": "1", "COURSE_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": "-1"}
    return environment | settings | {"MPLBACKEND": "Agg", "PYTHONDONTWRITEBYTECODE": "1"}


class RemoteAttempt:
    """Stands for the student's function in a check: called like it, it lets the worker compute the answer."""

    def __init__(self, attempt: submission.Attempt, limits: Limits, hidden: list[str], fenced: bool = True):
        self.__name__ = attempt.expression
        self.limits, self.error_line = limits, ""
        self.fence: list[str] = []
        self.watched = time.monotonic()
        self._set_clock(limits.start)
        self.callables: list[Callable] = []
        self.answers: queue.Queue = queue.Queue(maxsize=1)  # a flood of large answers waits outside
        self.strangers = {child.pid for child in psutil.Process().children()}
        self.scratch = os.path.realpath(tempfile.mkdtemp(prefix="course-"))
        command = namespace_command() if fenced else ()
        self.process = subprocess.Popen(
            [*command, sys.executable, "-P", str(Path(__file__).with_name("worker.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self.scratch,
            env=_environment(self.scratch),
            start_new_session=True,
        )
        threading.Thread(target=self._listen, daemon=True).start()
        order = {"source": attempt.source, "expression": attempt.expression, "namespaces": bool(command)}
        order |= {"scratch": self.scratch, "hidden": hidden}
        order |= {"memory": limits.megabytes * 2**20, "seconds": limits.start + limits.seconds}
        try:
            self._send(order)
            answer = self._receive()
            if "unfenced" in answer:
                self._stop(f"the fence could not be built here: {answer['unfenced']}")
            self.fence = self._unless_error(answer).get("ready", [])
            self._set_clock(limits.seconds)
        except BaseException:
            self.close()
            raise

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return self._ask({}, arguments, options)

    def gradient(self, *arguments: Any) -> Any:
        """The gradient of the attempt's answer with respect to its first argument, taken where the attempt is."""
        return self._ask({"gradient": True}, arguments, {})

    def _ask(self, message: dict[str, Any], arguments: tuple, options: dict[str, Any]) -> Any:
        self.error_line = ""
        message["call"] = [wire.encode(item, self._export) for item in arguments]
        self._send(message | {"options": {key: wire.encode(value, self._export) for key, value in options.items()}})
        answer = self._receive()
        while "callback" in answer:
            self._send(self._call_back(answer))
            answer = self._receive()
        self._unless_error(answer)
        for index, value in answer.get("changed", []):
            if isinstance(index, int) and 0 <= index < len(arguments):
                _copy_into(arguments[index], wire.decode(value, lambda number: None))
        if answer.get("drew"):  # from the generators that all share, there: so do we, and a check will see it
            np.random.random(), random.random()  # noqa: NPY002
        given = answer.get("given")  # the very argument came back, not its copy
        return arguments[given] if given in range(len(arguments)) else wire.decode(answer.get("return"))

    def _export(self, function: Callable) -> int:
        self.callables.append(function)
        return len(self.callables) - 1

    def _call_back(self, message: dict[str, Any]) -> dict[str, Any]:
        """The student's code called a function that the check gave it."""
        try:
            number = int(message["callback"])
            arguments = [wire.decode(item) for item in message["arguments"]]
            return {"result": wire.encode(self.callables[number](*arguments), self._export)}
        except Exception as error:
            return {"error": f"{type(error).__name__}: {error}"}

    def _unless_error(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Raise here what was raised there, as the built-in exception of that name where there is one."""
        if "error" not in answer:
            return answer
        self.error_line = str(answer.get("line", ""))[:200]
        name, text = str(answer["error"]), str(answer.get("text", ""))
        kind = getattr(builtins, name, None)
        if not (isinstance(kind, type) and issubclass(kind, Exception)) or name.startswith("Unicode"):
            kind = type(name[:60] or "Error", (Exception,), {})
        raise kind(text) if kind is not KeyError else type("KeyError", (Exception,), {})(text)

    # -- the line to the worker

    def _listen(self) -> None:
        """In a thread of its own: put what the worker says into the queue; None when it has gone."""
        try:
            while (message := wire.receive(self.process.stdout)) is not None:
                self.answers.put(message)
            self.answers.put(None)
        except (wire.WireError, OSError, ValueError) as error:
            self.answers.put({"broken": str(error)})

    def _send(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):  # the worker has gone; receiving tells how
            wire.send(self.process.stdin, message)

    def _receive(self) -> dict[str, Any]:
        """The worker's next message, while an eye is kept on its memory, its processes and the clock."""
        while True:
            if time.monotonic() > self.watched + WATCH:  # also while messages keep coming
                self._watch()
                self.watched = time.monotonic()
            try:
                answer = self.answers.get(timeout=WATCH)
            except queue.Empty:
                continue
            if answer is None:
                self._stop("the code ended the process it ran in")
            if "broken" in answer:
                self._stop(answer["broken"])
            return answer

    def _watch(self) -> None:
        if time.monotonic() > self.deadline:
            self._stop(f"stopped after {PATIENCE * self.allowed} seconds of waiting")
        family = self._family()
        if self._computed(family) > self.began + self.allowed:
            self._stop(f"stopped after {self.allowed} seconds of computing: an endless loop?")
        if len(family) > MOST_PROCESSES:
            self._stop(f"stopped: it started more than {MOST_PROCESSES} processes")
        held = 0
        for process in family:
            with contextlib.suppress(psutil.Error):
                held += process.memory_info().rss
        if held > self.limits.megabytes * 2**20:
            self._stop(f"stopped: it took {held >> 20} MB of memory, more than {self.limits.megabytes}")

    def _set_clock(self, seconds: int) -> None:
        """From now on the worker may compute for so many seconds."""
        self.allowed, self.deadline = seconds, time.monotonic() + PATIENCE * seconds
        self.began = self._computed(self._family()) if hasattr(self, "process") else 0.0

    @staticmethod
    def _computed(family: list[psutil.Process]) -> float:
        """Processor time, in seconds, that these processes and the children they have waited for have used."""
        total = 0.0
        for process in family:
            with contextlib.suppress(psutil.Error):
                total += sum(process.cpu_times()[:4])
        return total

    def _family(self) -> list[psutil.Process]:
        """The worker and all its descendants (those that it disowned come back to the judge, where Linux allows)."""
        with contextlib.suppress(psutil.Error):
            children = [child for child in psutil.Process().children() if child.pid not in self.strangers]
            return children + [process for child in children for process in child.children(recursive=True)]
        return []

    def _stop(self, reason: str) -> None:
        self.close()
        raise WorkerStopped(reason)

    def close(self) -> None:
        """Stop the worker with everything it started, and remove its folder."""
        family = self._family()
        with contextlib.suppress(OSError):
            self.process.kill()  # under unshare this ends the whole process table
        for _ in range(50):  # without it: until none is left
            for process in family:
                with contextlib.suppress(psutil.Error):
                    process.kill()
            psutil.wait_procs(family, timeout=1)
            family = self._family()
            if not family:
                break
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):
                stream.close()
        shutil.rmtree(self.scratch, ignore_errors=True)


def trial(fenced: bool) -> str:
    """Run a harmless attempt as a submission's would be run; what went wrong, or an empty text."""
    remote = None
    try:
        remote = RemoteAttempt(submission.Attempt("", "lambda x: x + 1", False), Limits(), hidden_folders([]), fenced)
        return "" if remote(1) == 2 else "it gave a wrong answer"
    except (WorkerStopped, Exception) as error:
        return str(error)
    finally:
        if remote is not None:
            remote.close()


def _copy_into(target: Any, value: Any) -> None:
    """Give a caller's list, dictionary, set or array the contents that the attempt left in its copy."""
    with contextlib.suppress(ValueError, TypeError, AttributeError):
        if isinstance(target, np.ndarray) and isinstance(value, np.ndarray) and target.shape == value.shape:
            target[...] = value
        elif isinstance(target, list) and isinstance(value, list):
            target[:] = value
        elif isinstance(target, dict | set) and isinstance(value, type(target)):
            target.clear()
            target.update(value)


# ---------------------------------------------------------------------------------------------------------------------
# Verdicts


def judge(
    notebook: submission.Notebook, identifier: str, limits: Limits, hidden: list[str], fenced: bool = True
) -> engine.Verdict:
    """The verdict on one exercise of a submission; never raises for what a student did."""
    item = engine.load_checks(identifier[:2])[identifier]
    remote = None
    try:
        attempt = submission.find_attempt(notebook, identifier, item.name)
        if attempt.is_stub:
            return engine.Verdict(identifier, engine.NOT_ATTEMPTED, item.title)
        if re.search(r"\bkeras\b", attempt.source):  # the check will want it; not on the student's time
            runtime.start(quiet=True)
        remote = RemoteAttempt(attempt, limits, hidden, fenced)
        verdict = engine.evaluate(identifier, remote)
        if remote.error_line and "error" in verdict.details:
            verdict = replace(verdict, details=verdict.details | {"in your line": remote.error_line})
        if verdict.status == engine.NOT_YET and "get_ipython()" in attempt.source:
            verdict = replace(verdict, details=verdict.details | {"mind": "lines with ! or % do not run while grading"})
    except submission.SubmissionError as error:
        verdict = engine.Verdict(identifier, engine.NOT_YET, item.title, {"problem": str(error)})
    except WorkerStopped as error:
        verdict = engine.Verdict(identifier, engine.NOT_YET, item.title, {"problem": str(error)})
    except Exception as error:  # raised by the cells that the attempt needs
        verdict = engine.Verdict(identifier, engine.NOT_YET, item.title, {"error": f"{type(error).__name__}: {error}"})
    finally:
        if remote is not None:
            remote.close()
    return verdict


def adopt_orphans() -> None:
    """Linux: processes that a worker's processes leave behind become this process's children, so none is lost."""
    if sys.platform.startswith("linux"):
        become_subreaper = 36
        ctypes.CDLL(None).prctl(become_subreaper, 1, 0, 0, 0)


def _protect() -> None:
    """Linux: nobody looks into this process or writes to its memory, and it does not outlive the grader."""
    if sys.platform.startswith("linux"):
        dumpable, parent_death, kill = 4, 1, 9
        ctypes.CDLL(None).prctl(dumpable, 0, 0, 0, 0)
        ctypes.CDLL(None).prctl(parent_death, kill, 0, 0, 0)


def main() -> None:
    order = json.load(sys.stdin)
    # Verdicts go to a stream of their own; what a library prints does not mix with them.
    verdicts = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    _protect()
    adopt_orphans()
    limits = Limits(order["seconds"], order["megabytes"])
    hidden = [] if order["hidden"] is None else hidden_folders(order["hidden"])
    try:
        notebook = submission.read_notebook(Path(order["notebook"]))
    except submission.SubmissionError as error:
        for identifier in order["exercises"]:
            _report(verdicts, engine.Verdict(identifier, engine.NOT_YET, details={"problem": str(error)}))
        return
    for identifier in order["exercises"]:
        _report(verdicts, judge(notebook, identifier, limits, hidden, order["fenced"]))


def _report(stream: TextIO, verdict: engine.Verdict) -> None:
    line = {"exercise": verdict.identifier, "status": verdict.status, "details": verdict.details}
    print(json.dumps(line), file=stream, flush=True)


if __name__ == "__main__":
    main()
