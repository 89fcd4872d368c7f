"""Drive another Go program through the Go Text Protocol, version 2 (lesson 11: GNU Go as teacher and as opponent).

The other direction, our player inside somebody else's program, is :mod:`utils.go.gtp`.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Sequence

COLUMNS = "ABCDEFGHJKLMNOPQRST"  # no I, by the protocol


class ProgramError(RuntimeError):
    """The program is missing, died, or answered ``? message``."""


def to_vertex(row: int, column: int, size: int) -> str:
    """Row 0 is the top line: ``to_vertex(0, 0, 9)`` is ``A9``."""
    return f"{COLUMNS[column]}{size - row}"


def from_vertex(vertex: str, size: int) -> tuple[int, int] | None:
    """Row and column of a vertex such as ``D4``; None for a pass.

    Raises:
        ValueError: no such vertex on this board.
    """
    text = vertex.strip().upper()
    if text == "PASS":
        return None
    column = COLUMNS.find(text[:1]) if text else -1
    if column < 0 or not (text[1:].isascii() and text[1:].isdigit()) or len(text) > 3:
        raise ValueError(f"{vertex!r} is no vertex; write a letter and a number such as D4, or pass.")
    row = size - int(text[1:])
    if column >= size or not 0 <= row < size:
        raise ValueError(f"{vertex!r} lies outside the {size}x{size} board.")
    return row, column


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
