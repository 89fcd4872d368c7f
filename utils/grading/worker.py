"""The process in which a student's code runs: fenced in, and with no say in the verdict.

The judge starts it as a script, one process for each exercise. It fences itself in, reads what to run from its standard
input, and then answers calls: arguments in, answer out. The checks and their verdict are in another process.

The fence, as far as the system offers it (the answer to the judge names what was built):
- Linux with user namespaces (the judge starts this file under ``unshare``): no network device, a process table of its
  own, and a file system that is read-only but for a scratch folder in memory; other submissions, solutions, tests and
  checks are covered by empty folders; the powers to undo this are given up.
- Everywhere: limits on memory, file size and processor time where the system knows them, and Python's audit hook, which
  refuses network, other processes, signals, and files outside the scratch folder. The hook stops Python code only:
  a compiled extension gets past it.
"""

from __future__ import annotations

import contextlib
import ctypes
import linecache
import os
import random
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from utils import exercises  # now, since the fence hides its folder
from utils.exercises import engine
from utils.grading import wire
from utils.grading.submission import split_lines

LABEL = "<notebook>"
MEGABYTE = 2**20
FORBIDDEN = {
    "network access": ("socket.connect", "socket.bind", "socket.send", "socket.get", "urllib.", "http.", "ftplib."),
    "starting or stopping other processes": (
        *("os.fork", "os.posix_spawn", "os.spawn", "os.exec", "os.system", "os.startfile", "pty.spawn"),
        *("subprocess.", "os.kill", "signal.pthread_kill"),
    ),
}
WRITING = (
    *("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.chmod", "os.chown"),
    *("os.truncate", "os.utime", "os.setxattr", "os.removexattr", "os.chflags", "shutil.rmtree", "shutil.move"),
)
WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


# ---------------------------------------------------------------------------------------------------------------------
# The fence


def fence_in(order: dict[str, Any]) -> list[str]:
    """Build what the system offers of the fence; returns the names of its parts."""
    built = []
    if order["namespaces"]:
        _private_file_system(order["scratch"], order["hidden"])
        _give_up_powers()
        built += ["no network", "own processes", "read-only files"]
    built += _set_limits(order["memory"], order["seconds"], order["namespaces"])
    sys.addaudithook(_guard(order["scratch"], tuple(order["hidden"])))
    return [*built, "guarded Python"]


def _private_file_system(scratch: str, hidden: list[str]) -> None:
    """Make every mount read-only, cover what is not a student's business, and mount the scratch folder in memory.

    Raises:
        OSError: the kernel refuses; the judge then says so rather than run unfenced.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    bind, move = 4096, 8192

    def call(function: Callable, *arguments: Any) -> None:
        if function(*arguments) != 0:
            raise OSError(ctypes.get_errno(), "mount")

    def memory(place: str, options: bytes) -> None:
        call(libc.mount, b"tmpfs", os.fsencode(place), b"tmpfs", 0, options)

    class MountAttributes(ctypes.Structure):
        _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns")]

    with contextlib.suppress(OSError):  # no namespaces inside this one, where it would have powers again
        Path("/proc/sys/user/max_user_namespaces").write_text("0", encoding="utf-8")
    read_only = MountAttributes(set=1)
    mount_setattr, here, recursive = 442, -100, 0x8000
    size = ctypes.c_size_t(ctypes.sizeof(read_only))
    call(libc.syscall, mount_setattr, here, b"/", recursive, ctypes.byref(read_only), size)
    for folder in sorted(hidden):
        if os.path.isdir(folder):
            memory(folder, b"size=4k,nr_inodes=64")
    os.makedirs(scratch, exist_ok=True)  # in case a covered folder held it
    # Of the devices four harmless ones. Disks would be writable for an administrator who grades.
    memory(scratch, b"size=16m")
    for name in ("null", "zero", "random", "urandom"):
        Path(scratch, name).touch()
        call(libc.mount, os.fsencode(f"/dev/{name}"), os.fsencode(f"{scratch}/{name}"), None, bind, None)
    Path(scratch, "shm").mkdir()
    call(libc.mount, os.fsencode(scratch), b"/dev", None, move, None)
    memory(scratch, b"size=64m")
    os.chdir(scratch)


def _give_up_powers() -> None:
    """Drop every capability, also for programs started later, so that the mounts stay as they are."""
    libc = ctypes.CDLL(None, use_errno=True)
    drop_bounding, no_new_privileges = 24, 38
    for capability in range(64):
        libc.prctl(drop_bounding, capability, 0, 0, 0)
    libc.prctl(no_new_privileges, 1, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3, this process
    nothing = (ctypes.c_uint32 * 6)()
    if libc.capset(ctypes.byref(header), ctypes.byref(nothing)) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def _set_limits(memory: int, seconds: int, alone: bool) -> list[str]:
    """Limits of the operating system. Address space is wide, since TensorFlow reserves much that it never uses; what a
    process really holds is watched by the judge."""
    try:
        import resource
    except ImportError:  # Windows
        return []
    limits = [(resource.RLIMIT_AS, memory + 6 * 1024 * MEGABYTE), (resource.RLIMIT_CPU, seconds + 1)]
    limits += [(resource.RLIMIT_FSIZE, 64 * MEGABYTE), (resource.RLIMIT_CORE, 0)]
    if alone:  # counted for this namespace only; else it would count all of the user's processes
        limits.append((resource.RLIMIT_NPROC, 1024))
    for kind, value in limits:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (value, value))
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(
            "1000", encoding="utf-8"
        )  # if memory runs out all the same, this process goes first
    return ["limits"]


def _guard(scratch: str, hidden: tuple[str, ...]) -> Callable[[str, tuple], None]:
    """The audit hook."""
    scratch = os.path.realpath(scratch)

    def inside(path: Any, folder: str) -> bool:
        path = os.path.realpath(os.fsdecode(path))
        return path == folder or path.startswith(folder + os.sep)

    def guard(event: str, arguments: tuple) -> None:
        if event == "open":
            path, _, flags = arguments
            if path is None or isinstance(path, int) or os.fsdecode(path) == os.devnull:
                return
            if (flags or 0) & WRITE_FLAGS:
                if not inside(path, scratch):
                    raise PermissionError("writing outside the scratch folder is not allowed while grading")
            elif not inside(path, scratch) and any(inside(path, folder) for folder in hidden):
                raise PermissionError("reading this file is not allowed while grading")
        elif event in WRITING:
            for argument in arguments:
                if isinstance(argument, str | bytes | os.PathLike) and not inside(argument, scratch):
                    raise PermissionError("changing files outside the scratch folder is not allowed while grading")
                if isinstance(argument, int) and event in ("os.remove", "os.rmdir", "os.rename") and argument != -1:
                    raise PermissionError("changing files by a folder's number is not allowed while grading")
        elif event == "object.__setattr__" and arguments[0] in (guard, inside):
            raise PermissionError("changing the guard is not allowed")
        else:
            for what, beginnings in FORBIDDEN.items():
                if event.startswith(beginnings):
                    raise PermissionError(f"{what} is not allowed while grading")

    return guard


# ---------------------------------------------------------------------------------------------------------------------
# Running the student's code


class NoShell:
    """What ``get_ipython()`` gives here, which lines with ``!`` or ``%`` become: nothing runs, nothing is said."""

    def __getattr__(self, name: str) -> Callable:
        return lambda *arguments, **options: [] if name == "getoutput" else None


class Worker:
    """Answers the judge's calls over two streams."""

    def __init__(self, incoming, outgoing):
        self.incoming, self.outgoing = incoming, outgoing
        self.attempt: Any = None

    def prepare(self, source: str, expression: str) -> None:
        """Run the statements that the attempt needs and take the attempt."""
        module = types.ModuleType("__main__")
        sys.modules["__main__"] = module
        exercises.check = lambda *arguments, **options: None  # a notebook may import it; verdicts are not made here
        linecache.cache[LABEL] = (len(source), None, [line + "\n" for line in split_lines(source)], LABEL)
        module.get_ipython = NoShell
        exec(compile(source, LABEL, "exec"), module.__dict__)
        if getattr(module.get_ipython, "__module__", "").startswith("IPython"):
            module.get_ipython = NoShell  # the real one, imported by name, has no shell here either and fails
        self.attempt = eval(compile(expression, LABEL, "eval"), module.__dict__)

    def call(self, message: dict[str, Any]) -> dict[str, Any]:
        """Call the attempt; the answer carries what it returned and which of its arguments it changed."""
        arguments = [wire.decode(item, self._remote) for item in message["call"]]
        before = [wire.encode(item, id) for item in arguments]
        options = {key: wire.decode(value, self._remote) for key, value in message.get("options", {}).items()}
        shared = _shared_generators()
        if message.get("gradient"):
            value = engine.gradient_of(self.attempt, *arguments)
        else:
            value = self.attempt(*arguments, **options)
        after = [wire.encode(item, id) for item in arguments]
        changed = [[i, new] for i, (old, new) in enumerate(zip(before, after)) if old != new]
        answer = {"return": wire.encode(value), "changed": changed, "drew": shared != _shared_generators()}
        given = [i for i, item in enumerate(arguments) if isinstance(item, np.ndarray | list) and item is value]
        return answer | ({"given": given[0]} if given else {})

    def _remote(self, number: int) -> Callable:
        """A function of the check (such as a network to be probed) that lives in the judge's process."""

        def remote(*arguments):
            wire.send(self.outgoing, {"callback": number, "arguments": [wire.encode(item) for item in arguments]})
            answer = wire.receive(self.incoming)
            if answer is None:
                os._exit(1)
            if "error" in answer:
                raise TypeError(answer["error"])
            return wire.decode(answer["result"], self._remote)

        return remote

    def guarded(self, action: Callable[[], dict[str, Any]]) -> None:
        """Do something and send its answer; an exception is an answer too."""
        try:
            answer = action()
        except BaseException as error:  # also SystemExit and KeyboardInterrupt raised by the student
            answer = describe(error)
        try:
            wire.send(self.outgoing, answer)
        except (wire.WireError, ValueError, TypeError, RecursionError) as error:
            wire.send(self.outgoing, {"error": "Answer", "text": str(error)[:300], "line": ""})


def _shared_generators() -> tuple:
    """State of the generators that all code of a process shares."""
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002
    return kind, keys.tobytes(), *rest, random.getstate()


def describe(error: BaseException) -> dict[str, Any]:
    """An exception as a message, with the student's line that raised it."""
    line = f"line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == LABEL:
            line = linecache.getline(LABEL, trace.tb_lineno).strip()
        trace = trace.tb_next
    try:
        text = str(error)[:500]
    except Exception:
        text = ""
    return {"error": type(error).__name__[:60], "text": text, "line": line[:200]}


def main() -> None:
    # The two streams get numbers of their own; what the student prints goes nowhere.
    incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    sys.dont_write_bytecode = True
    worker = Worker(incoming, outgoing)
    order = wire.receive(incoming)
    if order is None:
        return
    try:
        built = fence_in(order)
    except OSError as error:
        wire.send(outgoing, {"unfenced": f"{error}"})
        return

    def begin() -> dict[str, Any]:
        worker.prepare(order["source"], order["expression"])
        return {"ready": built}

    worker.guarded(begin)
    while (message := wire.receive(incoming)) is not None:
        worker.guarded(lambda message=message: worker.call(message))
    os._exit(0)  # without waiting for threads that the student may have left


if __name__ == "__main__":
    main()
