"""Our player inside any Go program: the Go Text Protocol, version 2 (lesson 11).

``python -m utils.go.gtp --size 9 --playouts 800`` reads commands from standard input. Whatever comes in, an
answer goes out: ``= result`` or ``? message``. Specification: Gunnar Farneback, "Specification of the Go Text
Protocol, version 2, draft 2", 2002.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import sys
from collections.abc import Callable
from typing import TextIO

from utils import commands
from utils.go.board import Board, IllegalMove
from utils.go.vertices import BLACK, MAX_SIZE, MIN_SIZE, WHITE, action_of, vertex_of

VERSION = "0.1"
COLORS = {"b": BLACK, "black": BLACK, "w": WHITE, "white": WHITE}


class CommandError(Exception):
    """Becomes ``? message``."""


class Clock:
    """Time left for one colour, and how much of it to spend on a move.

    Args:
        main, period, stones: ``time_settings`` in seconds and stones a period.
    """

    def __init__(self, main: float, period: float, stones: int):
        self.main, self.period, self.stones = main, period, stones
        self.left, self.stones_left = main, 0
        if main <= 0:
            self.left, self.stones_left = period, stones

    def budget(self, board: Board) -> float | None:
        """Seconds for the next move; None when there is no limit."""
        if self.period > 0 and self.stones == 0:
            return None  # the protocol's way to say that time does not count
        if self.stones_left > 0:
            return max(0.02, 0.9 * self.left / self.stones_left)
        expected = max(10.0, 0.7 * board.size**2 / 2 - len(board.moves) / 2)
        spare = self.period / self.stones if self.stones else 0.0
        return max(0.02, 0.9 * self.left / expected + 0.8 * spare)


class Engine:
    """State and commands of one session.

    Args:
        player: a :class:`utils.go.players.Player` that chooses the moves; its ``seconds``, if it has such an attribute,
            follows the clock.
        size, komi: to start with.
        name: what the program calls itself.
    """

    def __init__(self, player, size: int = 9, komi: float = 7.0, name: str = "From Lego to Go"):
        self.player, self.name = player, name
        self.default_seconds = getattr(player, "seconds", None)
        self.clocks: dict[int, Clock] = {}
        self.seed = 0
        self.running = True
        self.commands: dict[str, Callable[[list[str]], str]] = {
            method[4:].replace("kgs_", "kgs-").replace("lego_", "lego-"): getattr(self, method)
            for method in dir(self)
            if method.startswith("cmd_")
        }
        self._new_game(size, komi)

    def _new_game(self, size: int, komi: float) -> None:
        self.board, self.history = Board(size, komi), []
        self.seed += 1
        self.player.start(size, komi, self.seed)

    # --- the line protocol

    def handle(self, line: str) -> str | None:
        """Answer one line, with its final empty line; None for a line without a command."""
        line = re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "", line.replace("\t", " ")).split("#")[0].strip()
        if not line:
            return None
        words = line.split()
        # The protocol's ids are integers of up to 31 bits; a longer number is taken for an unknown command.
        identifier = words.pop(0) if re.fullmatch(r"[0-9]{1,10}", words[0]) else ""
        if not words:
            return f"?{identifier} no command\n\n"
        try:
            command = self.commands.get(words[0])
            if command is None:
                raise CommandError("unknown command")
            mark, text = "=", command(words[1:])
        except CommandError as error:
            mark, text = "?", str(error)
        except Exception as error:  # a bug must not end somebody's game
            mark, text = "?", f"internal error: {type(error).__name__}: {error}"
        return f"{mark}{identifier} {text}".rstrip() + "\n\n"

    def serve(self, source: TextIO, sink: TextIO) -> None:
        """Answer until ``quit`` or the end of the input."""
        while self.running:
            try:
                line = source.readline()
            except UnicodeDecodeError:
                continue
            if not line:
                break
            answer = self.handle(line)
            if answer is not None:
                sink.write(answer)
                sink.flush()

    # --- arguments

    @staticmethod
    def _number(words: list[str], at: int, kind: type = float, what: str = "number"):
        try:
            value = kind(words[at])
        except (IndexError, ValueError):
            raise CommandError(f"{what} not a number" if len(words) > at else f"{what} missing") from None
        if value != value or abs(value) > 1e9:
            raise CommandError(f"{what} out of range")
        return value

    @staticmethod
    def _color(words: list[str]) -> int:
        color = COLORS.get(words[0].lower()) if words else None
        if color is None:
            raise CommandError("invalid color")
        return color

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
        size = self._number(words, 0, int, "boardsize")
        if not MIN_SIZE <= size <= MAX_SIZE:
            raise CommandError("unacceptable size")
        self._new_game(size, self.board.komi)
        return ""

    def cmd_clear_board(self, words: list[str]) -> str:
        self._new_game(self.board.size, self.board.komi)
        return ""

    def cmd_komi(self, words: list[str]) -> str:
        self.board.komi = self._number(words, 0, float, "komi")
        return ""

    def cmd_play(self, words: list[str]) -> str:
        color = self._color(words)
        if len(words) < 2:
            raise CommandError("vertex missing")
        try:
            action = action_of(words[1], self.board.size)
        except ValueError:
            raise CommandError("invalid coordinate") from None
        self._play(action, color)
        return ""

    def _play(self, action: int, color: int) -> None:
        before = self.board.copy()
        try:
            self.board.play(action, color)
        except IllegalMove:
            self.board = before
            raise CommandError("illegal move") from None
        self.history.append(before)

    def cmd_genmove(self, words: list[str]) -> str:
        color = self._color(words)
        before = self.board.copy()
        if self.board.to_play != color:
            self.board.set_to_play(color)
        self.board.resume()  # two passes, and asked for a move all the same: the players disagree on what is dead
        if hasattr(self.player, "seconds"):
            budget = self.clocks[color].budget(self.board) if color in self.clocks else None
            limits = [s for s in (budget, self.default_seconds) if s is not None]
            self.player.seconds = min(limits) if limits else None
        action = self.player.choose(self.board)
        if action < 0:
            self.board = before
            return "resign"
        self.board.play(action)
        self.history.append(before)
        return vertex_of(action, self.board.size)

    # --- optional commands

    def cmd_reg_genmove(self, words: list[str]) -> str:
        board, history = self.board.copy(), len(self.history)
        answer = self.cmd_genmove(words)
        self.board = board
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

    def cmd_lego_describe(self, words: list[str]) -> str:
        """The search behind the latest ``genmove``: a private command, so with our name in front."""
        forest = getattr(self.player, "forest", None)
        if forest is None:
            raise CommandError("no search to describe")
        return "\n" + forest.describe()

    def cmd_time_settings(self, words: list[str]) -> str:
        main, period = self._number(words, 0), self._number(words, 1)
        stones = self._number(words, 2, int)
        if min(main, period, stones) < 0:
            raise CommandError("times cannot be negative")
        self.clocks = {color: Clock(main, period, stones) for color in (BLACK, WHITE)}
        return ""

    def cmd_time_left(self, words: list[str]) -> str:
        color = self._color(words)
        clock = self.clocks.setdefault(color, Clock(0, 0, 0))
        clock.left = max(0.0, self._number(words, 1))
        clock.stones_left = max(0, self._number(words, 2, int)) if len(words) > 2 else 0
        return ""


def make_player(options: argparse.Namespace):
    """The player that the command line asks for; without a network it needs no Keras and starts at once."""
    from utils.go import mcts, players

    blind = not options.network.strip("-+")
    if not blind:
        from utils import runtime

        runtime.start(quiet=True)
    try:
        evaluate = mcts.no_network if blind else players.load_pair(options.network)
    except (FileNotFoundError, ValueError) as error:
        raise SystemExit(str(error)) from None
    if options.playouts <= 0:
        return players.RandomPlayer() if blind else players.PolicyPlayer(evaluate)
    settings = mcts.rollout_settings() if blind else mcts.SearchSettings(mixing=options.mixing)
    settings.rollouts, settings.tactics = options.rollouts, True
    settings.playouts = options.playouts
    return players.SearchPlayer(evaluate, settings, "search", options.seconds, options.resign)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m utils.go.gtp", description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=9)
    parser.add_argument("--komi", type=float, default=7.0)
    parser.add_argument("--playouts", type=int, default=800, help="simulations a move; 0 plays without search")
    parser.add_argument("--seconds", type=float, help="limit for a move")
    parser.add_argument("--network", default="go_master9", help="POLICY+VALUE or a name; - for none")
    parser.add_argument("--mixing", type=float, default=0.5, help="lambda: weight of rollouts in a leaf's value")
    parser.add_argument("--rollouts", type=int, default=8, help="games played out from a leaf by the fast policy")
    parser.add_argument("--resign", type=float, default=-0.95, help="give up below this value; -1 never")
    options = parser.parse_args()
    # Programs read our standard output: nothing but answers may go there while the libraries load.
    with contextlib.redirect_stdout(sys.stderr):
        player = make_player(options)
    for stream in (sys.stdin, sys.stdout):
        stream.reconfigure(encoding="utf-8", errors="replace")  # any byte may come in, none may stop us
    Engine(player, options.size, options.komi).serve(sys.stdin, sys.stdout)


if __name__ == "__main__":
    raise SystemExit(commands.run(main, ValueError))
