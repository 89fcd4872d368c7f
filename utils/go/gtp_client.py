"""Another Go program as teacher and as opponent: GNU Go, driven through the Go Text Protocol, version 2 (lesson 11).

The other direction, our player inside somebody else's program, is :mod:`utils.go.gtp`.
"""

from __future__ import annotations

import contextlib
import queue
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

from utils.go.board import Board
from utils.go.players import RESIGN, Player
from utils.go.vertices import action_of, vertex_of

PATIENCE = 300.0  # seconds for one answer: GNU Go at its highest level thinks for less


class ProgramError(RuntimeError):
    """The program is missing, died, did not answer in time, or answered ``? message``."""


class Program:
    """A Go program in a process of its own; use as a context manager.

    Args:
        command: program and arguments, e.g. ``["gnugo", "--mode", "gtp"]``.
        environment: its environment variables; None inherits ours.
        patience: seconds to wait for an answer; a program that needs longer is ended.

    Raises:
        ProgramError: the program is not installed.
    """

    def __init__(self, command: Sequence[str], environment: dict[str, str] | None = None, patience: float = PATIENCE):
        self.command, self.patience = list(command), patience
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
            encoding="utf-8",
            errors="replace",  # a name in another encoding is no reason to end a match
            env=environment,
        )
        # Pipes have no deadline on every system; a thread that reads has.
        self.lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # closed meanwhile
            for line in self.process.stdout:
                self.lines.put(line)
        self.lines.put("")

    def send(self, command: str) -> str:
        """Send one command, return the text of its answer.

        Raises:
            ProgramError: the program refused the command, has ended, or is silent for longer than our patience.
            ValueError: that is no command; programs do not answer an empty line or a comment.
        """
        if not command.split("#")[0].strip() or len(command.splitlines()) > 1:
            raise ValueError(f"{command!r} is not one command, so that no answer would come.")
        try:
            self.process.stdin.write(command + "\n")
            self.process.stdin.flush()
        except (BrokenPipeError, OSError, ValueError) as error:
            raise ProgramError(f"{self.command[0]} has ended; it could not be sent {command!r}.") from error
        answer = "\n".join(self._answer(command, time.monotonic() + self.patience))
        if not answer.startswith("="):
            raise ProgramError(f"{self.command[0]} refused {command!r}: {answer.lstrip('? ')}")
        return answer[1:].strip()

    def _answer(self, command: str, deadline: float) -> list[str]:
        """The lines of an answer, from its ``=`` or ``?`` to the empty line; what a program prints before is not its
        answer."""
        lines: list[str] = []
        while True:
            try:
                line = self.lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                self.process.kill()
                raise ProgramError(
                    f"{self.command[0]} has not answered {command!r} for {self.patience:g} seconds; it was ended."
                ) from None
            if not line:
                self.lines.put("")  # for whoever asks again
                raise ProgramError(f"{self.command[0]} ended while answering {command!r}.")
            line = line.strip()
            if not line and lines:
                return lines
            if lines or line.startswith(("=", "?")):
                lines.append(line)

    def start_game(self, size: int, komi: float) -> None:
        """Empty board of the given size, komi in points."""
        for command in (f"boardsize {size}", "clear_board", f"komi {komi}"):
            self.send(command)

    def close(self) -> None:
        """Ask the program to quit; end it if it does not."""
        self.patience = min(self.patience, 3.0)
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
        try:
            return action_of(answer, board.size)
        except ValueError:
            raise ProgramError(f"{self.command[0]} answered 'genmove' with {answer[:40]!r}.") from None

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
