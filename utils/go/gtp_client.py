"""Another Go program as teacher and as opponent: GNU Go, driven through the Go Text Protocol, version 2 (lesson 11).

The other direction, our player inside somebody else's program, is :mod:`utils.go.gtp`.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Sequence

from utils.go.board import Board
from utils.go.players import RESIGN, Player
from utils.go.vertices import action_of, vertex_of


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


class ProgramPlayer(Player):
    """Another program, driven through the Go Text Protocol.

    Args:
        command: program and arguments; ``{seed}`` in them is replaced by the game's seed.
        name: for the table.
    """

    def __init__(self, command: Sequence[str], name: str):
        self.command, self.name = list(command), name
        self.program: Program | None = None

    def start(self, size: int, komi: float, seed: int) -> None:
        if self.program is None or any("{seed}" in word for word in self.command):
            self.close()
            self.program = Program([word.format(seed=seed % 2**31) for word in self.command])
        self.program.start_game(size, komi)

    def choose(self, board: Board) -> int:
        answer = self.program.send(f"genmove {'BW'[board.to_play - 1]}").strip().lower()
        if answer == "resign":
            return RESIGN
        return action_of(answer, board.size)

    def observe(self, board: Board, action: int) -> None:
        self.program.send(f"play {'BW'[board.to_play - 1]} {vertex_of(action, board.size)}")

    def close(self) -> None:
        if self.program is not None:
            self.program.close()
            self.program = None


def gnugo(level: int = 10) -> ProgramPlayer:
    """GNU Go 3.8 as an opponent."""
    words = f"gnugo --mode gtp --chinese-rules --capture-all-dead --never-resign --level {level}".split()
    return ProgramPlayer([*words, "--seed", "{seed}"], f"gnugo:{level}")
