"""Drive another Go program through the Go Text Protocol, version 2 (lesson 11: GNU Go as teacher and as opponent).

The other direction, our player inside somebody else's program, is :mod:`utils.go.gtp`.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Sequence


class ProgramError(RuntimeError):
    """The program is missing, died, or answered ``? message``."""


class Program:
    """A Go program in a process of its own; use as a context manager.

    Args:
        command: program and arguments, e.g. ``["gnugo", "--mode", "gtp"]``.
        environment: its environment variables; None inherits ours.

    Raises:
        ProgramError: the program is not installed.
    """

    def __init__(self, command: Sequence[str], environment: dict[str, str] | None = None):
        self.command = list(command)
        path = shutil.which(self.command[0]) or (
            shutil.which(self.command[0], path="/usr/games") if sys.platform != "win32" else None
        )
        if path is None:
            raise ProgramError(f"The program {self.command[0]!r} is not installed or not in the path.")
        self.process = subprocess.Popen(
            [path, *self.command[1:]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )

    def send(self, command: str) -> str:
        """Send one command, return the text of its answer.

        Raises:
            ProgramError: the program refused the command or has ended.
        """
        try:
            self.process.stdin.write(command + "\n")
            self.process.stdin.flush()
        except (BrokenPipeError, OSError) as error:
            raise ProgramError(f"{self.command[0]} has ended; it could not be sent {command!r}.") from error
        lines: list[str] = []
        while True:
            line = self.process.stdout.readline()
            if not line:
                raise ProgramError(f"{self.command[0]} ended while answering {command!r}.")
            if line.strip():
                lines.append(line.rstrip("\n"))
            elif lines:
                break
        answer = "\n".join(lines)
        if not answer.startswith("="):
            raise ProgramError(f"{self.command[0]} refused {command!r}: {answer.lstrip('? ')}")
        return answer[1:].strip()

    def start_game(self, size: int, komi: float) -> None:
        """Empty board of the given size, komi in points."""
        for command in (f"boardsize {size}", "clear_board", f"komi {komi}"):
            self.send(command)

    def close(self) -> None:
        """Ask the program to quit; end it if it does not."""
        with contextlib.suppress(ProgramError):
            if self.process.poll() is None:
                self.send("quit")
        try:
            self.process.wait(timeout=3)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):
                stream.close()

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
