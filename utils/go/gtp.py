"""Our player inside any Go program: the Go Text Protocol, version 2 (lesson 11).

``python -m utils.go.gtp --size 9 --playouts 800`` reads commands from standard input. Whatever comes in, an
answer goes out: ``= result`` or ``? message``. Who it is and what it can do it says at once, while its network still
loads. Specification: Gunnar Farneback, "Specification of the Go Text Protocol, version 2, draft 2", 2002.

Here is the line protocol with the commands that play a game; :mod:`utils.go.gtp_extras` has those that front ends use
for handicaps, dead stones, records and analysis, :mod:`utils.go.gtp_start` the command line.
"""

from __future__ import annotations

import copy
import os
import queue
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import TextIO

from utils import commands
from utils.go import gtp_start, gtp_words
from utils.go.gtp_clock import Clock
from utils.go.gtp_extras import Extras
from utils.go.gtp_words import CommandError
from utils.go.vertices import BLACK, MAX_SIZE, MIN_SIZE, WHITE, vertex_of

VERSION = "0.1"
AT_ONCE = ("protocol_version", "name", "version", "known_command", "list_commands", "quit")
FIRST_MARGIN = 0.05  # seconds that a move may take beyond its budget, until moves were measured


class Engine(Extras):
    """State and commands of one session.

    Args:
        player: a :class:`utils.go.players.Player` that chooses the moves; its ``seconds``, if it has such an attribute,
            follows the clock. None: ``loading`` will bring it.
        size, komi: to start with.
        name: what the program calls itself.
        loading: waits for the player and returns it; called when a command needs it.
    """

    def __init__(
        self,
        player,
        size: int = 9,
        komi: float = 7.0,
        name: str = "From Lego to Go",
        loading: Callable[[], object] | None = None,
    ):
        self.player, self.name, self.loading = player, name, loading
        self.first_game = size, komi
        self.board, self.history = None, []
        self.time: tuple[float, float, int] | None = None
        self.clocks: dict[int, Clock] = {}
        self.margin = FIRST_MARGIN
        self.default_seconds = getattr(player, "seconds", None)
        self.seed = 0
        self.running = True
        self.waiting: Callable[[], bool] = lambda: True  # is another command here, which ends an analysis?
        self.commands: dict[str, Callable[[list[str]], str | Iterator[str]]] = {
            re.sub(r"^(kgs|lego|lz|kata)_", r"\1-", method[4:]): getattr(self, method)
            for method in dir(self)
            if method.startswith("cmd_")
        }
        if player is not None:
            self._new_game(size, komi)

    def _new_game(self, size: int, komi: float) -> None:
        from utils.go.board import Board  # compiled code: whoever only asks for the name does not wait for it

        self.board, self.history = Board(size, komi), []
        self.seed += 1
        self.clocks = {color: Clock(*self.time) for color in (BLACK, WHITE)} if self.time else {}
        if self.player is not None:
            self._begin()

    def _begin(self) -> None:
        self.player.start(self.board.size, self.board.komi, self.seed)
        self._warm()

    def _warm(self) -> None:
        """Let the player compile what a first move compiles, before a clock runs."""
        if self.clocks and hasattr(self.player, "warm"):
            self.player.warm(self.board.size, self.board.komi)

    def _need_player(self) -> None:
        """Wait for the player if it still loads."""
        if self.player is None:
            self.player = self.loading()
            self.default_seconds = getattr(self.player, "seconds", None)
            self._begin()

    # --- the line protocol

    def handle(self, line: str) -> str | None:
        """Answer one line, with its final empty line; None for a line without a command."""
        return "".join(self.answer(line)) or None

    def answer(self, line: str) -> Iterator[str]:
        """The answer to one line in pieces, as they come; none for a line without a command."""
        line = re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "", line.replace("\t", " ")).split("#")[0].strip()
        if not line:
            return
        words = line.split()
        # The protocol's ids have up to 31 bits; a longer one comes back all the same, so that its sender knows it.
        identifier = words.pop(0) if gtp_words.INTEGER.fullmatch(words[0]) else ""
        if not words:
            yield f"?{identifier} no command\n\n"
            return
        try:
            result = self._run(words)
            if isinstance(result, str):
                yield f"={identifier} {result}".rstrip() + "\n\n"
                return
            yield f"={identifier}\n"
            for piece in result:
                yield piece + "\n"
            yield "\n"
        except CommandError as error:
            yield f"?{identifier} {error}\n\n"
        except Exception as error:  # a bug must not end somebody's game
            sentence = " ".join(str(error).split())
            yield f"?{identifier} internal error: {type(error).__name__}: {sentence}\n\n"

    def _run(self, words: list[str]) -> str | Iterator[str]:
        command = self.commands.get(words[0])
        if command is None:
            raise CommandError("unknown command")
        if self.board is None and words[0] not in AT_ONCE:
            self._new_game(*self.first_game)
        return command(words[1:])

    def serve(self, source: TextIO, sink: TextIO) -> None:
        """Answer until ``quit`` or the end of the input."""
        lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()

        def read() -> None:
            while True:
                try:
                    line = source.readline()
                except UnicodeDecodeError:
                    continue
                except (OSError, ValueError):  # the other side is gone
                    line = ""
                lines.put(line or None)
                if not line:
                    return

        threading.Thread(target=read, daemon=True).start()
        self.waiting = lambda: not lines.empty()
        while self.running and (line := lines.get()) is not None:
            for piece in self.answer(line):
                sink.write(piece)
                sink.flush()

    # --- mandatory commands

    def cmd_protocol_version(self, words: list[str]) -> str:
        return "2"

    def cmd_name(self, words: list[str]) -> str:
        return self.name

    def cmd_version(self, words: list[str]) -> str:
        return VERSION

    def cmd_known_command(self, words: list[str]) -> str:
        return "true" if words and words[0] in self.commands else "false"

    def cmd_list_commands(self, words: list[str]) -> str:
        return "\n".join(sorted(self.commands))

    def cmd_quit(self, words: list[str]) -> str:
        self.running = False
        return ""

    def cmd_boardsize(self, words: list[str]) -> str:
        size = gtp_words.integer(words, 0, "boardsize")
        if not MIN_SIZE <= size <= MAX_SIZE:
            raise CommandError("unacceptable size")
        self._new_game(size, self.board.komi)
        return ""

    def cmd_clear_board(self, words: list[str]) -> str:
        self._new_game(self.board.size, self.board.komi)
        return ""

    def cmd_komi(self, words: list[str]) -> str:
        self.board.komi = gtp_words.real(words, 0, "komi")
        return ""

    def cmd_play(self, words: list[str]) -> str:
        color = gtp_words.color(words)
        self._play(gtp_words.vertex(words, 1, self.board.size), color)
        return ""

    def _play(self, action: int, color: int) -> None:
        before = self.board.copy()
        try:
            self.board.play(action, color)
        except ValueError:
            self.board = before
            raise CommandError("illegal move") from None
        self.history.append(before)

    def cmd_genmove(self, words: list[str]) -> str:
        started = time.perf_counter()
        color = gtp_words.color(words)
        self._need_player()
        before = self.board.copy()
        if self.board.to_play != color:
            self.board.set_to_play(color)
        self.board.resume()  # two passes, and asked for a move all the same: the players disagree on what is dead
        clock = self.clocks.get(color)
        budget = clock.budget(self.board.size, len(self.board.moves), self.margin) if clock else None
        if hasattr(self.player, "seconds"):
            limits = [seconds for seconds in (budget, self.default_seconds) if seconds is not None]
            self.player.seconds = min(limits) if limits else None
        action = self.player.choose(self.board)
        if action < 0:
            self.board = before
            answer = "resign"
        else:
            self.board.play(action)
            self.history.append(before)
            answer = vertex_of(action, self.board.size)
        if clock:
            self._count(clock, time.perf_counter() - started, budget)
        return answer

    def _count(self, clock: Clock, seconds: float, budget: float | None) -> None:
        """Keep the clock, and learn what a move takes beyond its budget on this machine now."""
        clock.spend(seconds)
        if budget is not None:
            self.margin = max(FIRST_MARGIN, 0.8 * self.margin, min(seconds - budget, 2.0))

    # --- optional commands

    def cmd_reg_genmove(self, words: list[str]) -> str:
        board, history, clocks = self.board.copy(), len(self.history), copy.deepcopy(self.clocks)
        answer = self.cmd_genmove(words)
        self.board, self.clocks = board, clocks
        del self.history[history:]
        return answer

    def cmd_kgs_genmove_cleanup(self, words: list[str]) -> str:
        return self.cmd_genmove(words)  # dead stones are captured before passing anyway

    def cmd_undo(self, words: list[str]) -> str:
        if not self.history:
            raise CommandError("cannot undo")
        komi = self.board.komi
        self.board = self.history.pop()
        self.board.komi = komi
        return ""

    def cmd_showboard(self, words: list[str]) -> str:
        return "\n" + str(self.board)

    def cmd_final_score(self, words: list[str]) -> str:
        score = self.board.score()
        return "0" if score == 0 else f"{'B' if score > 0 else 'W'}+{abs(score):g}"

    def cmd_time_settings(self, words: list[str]) -> str:
        main, period = gtp_words.real(words, 0), gtp_words.real(words, 1)
        stones = gtp_words.real(words, 2)
        if min(main, period, stones) < 0:
            raise CommandError("times cannot be negative")
        self.time = main, period, int(stones)
        self.clocks = {color: Clock(*self.time) for color in (BLACK, WHITE)}
        self._need_player()
        self._warm()
        return ""

    def cmd_time_left(self, words: list[str]) -> str:
        color = gtp_words.color(words)
        left = max(0.0, gtp_words.real(words, 1))
        stones = gtp_words.real(words, 2) if len(words) > 2 else 0
        self.clocks.setdefault(color, Clock(0, 0, 0)).told(left, max(0, int(stones)))
        self._need_player()
        self._warm()
        return ""


def main() -> None:
    loading = None
    options = gtp_start.parse()
    code: int | str = 0
    try:
        sink = gtp_start.own_output()
        loading = gtp_start.Loading(options)
        Engine(None, options.size, options.komi, loading=loading.wait).serve(sys.stdin, sink)
    except SystemExit as error:
        code = error.code
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        code = "The program on the other side has gone."
    if isinstance(code, str):
        print(code, file=sys.stderr)
    sys.stderr.flush()
    # Libraries that still load in their thread would make an orderly end wait, or fail.
    os._exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    raise SystemExit(commands.run(main, ValueError))
