"""What front ends ask a Go program beside moves: handicaps, dead stones, records, analysis (lesson 11).

The analysis commands are those that Leela Zero and KataGo brought: lines of ``info move D4 visits 55 winrate ... pv D4
E5``, again and again, until the next command comes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from utils.go import gtp_words
from utils.go.gtp_words import CommandError
from utils.go.vertices import WHITE, vertex_of

MOST_EDGES = 2_500_000  # of a tree in analysis, which then only repeats what it has found
MOST_BYTES = 1 << 24  # of a record to load
LEAST_INTERVAL = 0.05  # seconds between two lines of analysis
IGNORED = ("minmoves", "rootInfo", "pvVisits", "pvEdgeVisits", "movesOwnership", "ownershipStdev")


def fixed_points(size: int) -> list[tuple[int, int]]:
    """The star points of the protocol's table in its order, as (row, column) from the top; none below size 7.

    For a number of stones see :func:`fixed_handicap`.
    """
    if size < 7:
        return []
    near = 3 if size > 12 else 2
    far, middle = size - 1 - near, size // 2
    corners = [(far, near), (near, far), (near, near), (far, far)]
    if size % 2 == 0 or size == 7:
        return corners
    return [*corners, (middle, near), (middle, far), (far, middle), (near, middle), (middle, middle)]


def fixed_handicap(size: int, stones: int) -> list[int]:
    """Where so many handicap stones stand by the protocol.

    Raises:
        CommandError: not so many on this board.
    """
    points = fixed_points(size)
    if not 2 <= stones <= len(points):
        raise CommandError("invalid number of stones")
    if stones in (5, 7):  # the odd stone stands in the middle
        points = [*points[: stones - 1], points[-1]]
    return [row * size + column for row, column in points[:stones]]


def free_handicap(size: int, stones: int) -> list[int]:
    """Up to so many handicap stones: the fixed ones, then always the point farthest from all stones, off the edge."""
    known = fixed_points(size)
    if stones <= len(known):
        return fixed_handicap(size, stones)
    edge = 1 if size > 3 else 0
    chosen = known or [(size - 1 - edge, edge), (edge, size - 1 - edge)]
    rest = [(r, c) for r in range(edge, size - edge) for c in range(edge, size - edge)]
    while len(chosen) < min(stones, max(2, size * size // 4)):
        free = [p for p in rest if p not in chosen]
        chosen.append(max(free, key=lambda p: min(abs(p[0] - r) + abs(p[1] - c) for r, c in chosen)))
    return [row * size + column for row, column in chosen[:stones]]


class Extras:
    """These commands; :class:`utils.go.gtp.Engine` brings board, history, player and the line protocol."""

    # --- handicap

    def _handicap(self, points: list[int]) -> str:
        if self.board.stones.any() or self.board.moves:
            raise CommandError("board not empty")
        self.board.set_up(points, (), WHITE)
        self.history = []
        return " ".join(vertex_of(point, self.board.size) for point in points)

    def cmd_fixed_handicap(self, words: list[str]) -> str:
        return self._handicap(fixed_handicap(self.board.size, gtp_words.integer(words, 0, "number of stones")))

    def cmd_place_free_handicap(self, words: list[str]) -> str:
        stones = gtp_words.integer(words, 0, "number of stones")
        if not 2 <= stones < self.board.size**2:
            raise CommandError("invalid number of stones")
        return self._handicap(free_handicap(self.board.size, stones))

    def cmd_set_free_handicap(self, words: list[str]) -> str:
        size = self.board.size
        points = [gtp_words.vertex(words, at, size) for at in range(len(words))]
        if not 2 <= len(points) < size**2 or len(set(points)) < len(points) or size**2 in points:
            raise CommandError("bad vertex list")
        self._handicap(points)
        return ""

    # --- dead stones and records

    def cmd_final_status_list(self, words: list[str]) -> str:
        if not words or words[0] not in ("alive", "dead", "seki"):
            raise CommandError("invalid status")
        from utils.go.gtp_views import chain_states

        found = chain_states(self.board)[words[0]]
        return "\n".join(" ".join(vertex_of(point, self.board.size) for point in chain) for chain in found)

    def cmd_loadsgf(self, words: list[str]) -> str:
        from utils.go import sgf

        if not words:
            raise CommandError("file name missing")
        name, moves = " ".join(words), None
        if len(words) > 1 and not Path(name).is_file():
            name, moves = " ".join(words[:-1]), gtp_words.integer(words, len(words) - 1, "move number")
        try:
            if not Path(name).is_file() or Path(name).stat().st_size > MOST_BYTES:
                raise CommandError("cannot load file: there is none of that name, or it is no game")
            game = sgf.parse_game(Path(name).read_bytes())
        except (OSError, ValueError) as error:
            raise CommandError(f"cannot load file: {' '.join(str(error).split())}") from None
        self._new_game(game.size, game.komi)
        # A move number says before which move to stop.
        self.board = game.start()
        for action, color in list(zip(game.points, game.colors))[: None if moves is None else max(0, moves - 1)]:
            self._play(action, color)
        return ""

    # --- analysis

    def cmd_lego_describe(self, words: list[str]) -> str:
        """The search behind the latest ``genmove``: a private command, so with our name in front."""
        forest = getattr(self.player, "forest", None)
        if forest is None:
            raise CommandError("no search to describe")
        return "\n" + forest.describe()

    def cmd_lz_analyze(self, words: list[str]) -> Iterator[str]:
        from utils.go.gtp_views import leela_line

        return self._analysis(words, leela_line)

    def cmd_kata_analyze(self, words: list[str]) -> Iterator[str]:
        from utils.go.gtp_views import kata_line

        return self._analysis(words, kata_line, ("ownership",))

    def _analysis(self, words: list[str], line: Callable, more: tuple = ()) -> Iterator[str]:
        """Lines of analysis until another command waits.

        Raises:
            CommandError: the arguments make no sense, or the player does not search.
        """
        board = self.board.copy()
        board.resume()
        if words and words[0].lower() in gtp_words.COLORS:
            color, words = gtp_words.color(words), words[1:]
            if color != board.to_play:
                board.set_to_play(color)
        if words and gtp_words.INTEGER.fullmatch(words[0]):
            words = ["interval", *words]
        interval, most, ownership = 50, 10_000, False
        for at in range(0, len(words), 2):
            if words[at] == "interval":
                interval = gtp_words.integer(words, at + 1, "interval")
            elif words[at] == "maxmoves":
                most = gtp_words.integer(words, at + 1, "maxmoves")
            elif words[at] in more:
                ownership = words[at + 1 : at + 2] == ["true"]
            elif words[at] not in IGNORED:
                raise CommandError(f"unknown argument {words[at]}")
        self._need_player()
        if not hasattr(self.player, "think"):
            raise CommandError("no search to analyze with")
        seconds = max(interval / 100, LEAST_INTERVAL)
        return self._lines(board, seconds, lambda forest: line(forest, board, most, ownership))

    def _lines(self, board, interval: float, line: Callable) -> Iterator[str]:
        self.player.seconds = LEAST_INTERVAL  # short steps, so that no command waits
        while True:
            ends = time.perf_counter() + interval
            forest = self.player.think(board)
            while time.perf_counter() < ends and not self.waiting():
                if forest.trees.used[0, 0] * forest.trees.prior.shape[2] < MOST_EDGES:
                    forest = self.player.think(board)
                else:
                    time.sleep(LEAST_INTERVAL / 5)
            yield line(forest)
            if self.waiting():
                return
