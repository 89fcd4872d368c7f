"""Game records: SGF in, checked games out; bad files are skipped with a named reason, never with a crash (lesson 11).

:mod:`utils.go.sgf_files` opens files and archives, :mod:`utils.go.sgf_trees` cuts collections into games, sgfmill
parses each, :mod:`utils.go.sgf_header` reads what stands before the moves; here a tree's main line becomes a game, each
move replayed on our own board, so that what comes out is legal by our rules. Every game tree yields one game or one
named reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sgfmill import sgf_grammar
from sgfmill.sgf_properties import Presenter, interpret_go_point

from utils.go.board import Board, IllegalMove
from utils.go.sgf_files import pieces
from utils.go.sgf_header import MOST_KOMI, BadGame, decimal, header_of, shown
from utils.go.sgf_trees import Found, as_ascii_compatible, trees
from utils.go.vertices import BLACK, EMPTY, WHITE, sgf_point

MAX_MOVES = 1200
MOST_FAULTS = 1000  # that a report describes one by one
SETTING = (("AB", BLACK), ("AW", WHITE), ("AE", EMPTY))


@dataclass
class Game:
    """One game.

    Attributes:
        size: of the board.
        points: the main line's actions (``row * size + column``, row 0 on top; ``size * size`` passes).
        colors: who played each (BLACK or WHITE).
        komi: points for White.
        winner: BLACK, WHITE, 0 for a draw, None if unknown.
        score: Black's margin, None if unknown or by resignation.
        black, white: set-up stones.
        opening: number of leading moves that the players did not choose (random openings), from the comment.
        source: the record as it was read.
        odd: what the header leaves unclear: ``komi``, ``result`` or ``encoding`` that make no sense count as absent; an
            absent ``size`` is 19 by the format's rule.
    """

    size: int
    points: list[int]
    colors: list[int]
    komi: float = 7.0
    winner: int | None = None
    score: float | None = None
    black: list[int] = field(default_factory=list)
    white: list[int] = field(default_factory=list)
    opening: int = 0
    source: str = ""
    odd: list[str] = field(default_factory=list)

    def boards(self) -> Iterator[tuple[Board, int]]:
        """Yield the position before each move and the move; the board is one object that changes."""
        board = self.start()
        for action, color in zip(self.points, self.colors):
            if board.to_play != color:
                board.set_to_play(color)
            yield board, action
            board.play(action)

    def after(self, moves: int) -> Board:
        """The position after so many moves."""
        board = self.start()
        for action, color in zip(self.points[:moves], self.colors):
            board.play(action, color)
        return board

    def start(self) -> Board:
        """The position before the first move."""
        board = Board(self.size, self.komi)
        if self.black or self.white:
            board.set_up(self.black, self.white, self.colors[0] if self.colors else BLACK)
        return board


@dataclass
class Report:
    """How many games were read and why others were not.

    Attributes:
        good: number of games.
        skipped: reasons and how often each.
        faults: the first thousand of them, each with file, number of the game and place.
        odd: what the headers of good games leave unclear (see :class:`Game`), and how often.
    """

    good: int = 0
    skipped: Counter = field(default_factory=Counter)
    faults: list[BadGame] = field(default_factory=list)
    odd: Counter = field(default_factory=Counter)

    def skip(self, fault: BadGame) -> None:
        """Count a fault."""
        self.skipped[fault.reason] += 1
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(fault)

    def __str__(self) -> str:
        text = f"{self.good} games"
        if self.skipped:
            reasons = ", ".join(f"{count} {reason}" for reason, count in self.skipped.most_common())
            text += f", {sum(self.skipped.values())} skipped ({reasons})"
        if self.odd:
            text += f"; unclear: {', '.join(f'{count} {name}' for name, count in self.odd.most_common())}"
        return text


def parse_game(text: str | bytes, size: int | None = None) -> Game:
    """The first record's main line, replayed.

    Args:
        text: the SGF; text before the first game is passed over.
        size: accept only this board size.

    Raises:
        BadGame: reasons ``no game``, ``unreadable``, ``other game``, ``wrong size``, ``two headers``, ``bad move``,
            ``bad set-up``, ``set-up within the game``, ``illegal move``, ``too long``, ``no moves``.
    """
    data = as_ascii_compatible(text.encode("utf-8", "replace") if isinstance(text, str) else bytes(text))
    found = next(trees(data), None)
    if found is None:
        raise BadGame("no game")
    return _game_of(found, size)


def _game_of(found: Found, size: int | None) -> Game:
    if found.fault:
        raise BadGame("unreadable", found.fault)
    try:
        tree = sgf_grammar.parse_sgf_game(found.text)
    except ValueError as error:
        raise BadGame("unreadable", str(error)) from None
    game = _main_line(tree, size)
    game.source = found.text.decode("utf-8", "replace")
    try:
        for _ in game.boards():
            pass
    except IllegalMove as error:
        raise BadGame("illegal move", str(error)) from None
    return game


# ---------------------------------------------------------------------------------------------------------------------
# The main line


def _main_line(tree, size: int | None) -> Game:
    nodes = list(sgf_grammar.main_sequence_iter(tree))
    first = next((i for i, node in enumerate(nodes) if "B" in node or "W" in node), len(nodes))
    header = header_of(nodes[: first + 1], size)
    game = Game(header.size, [], [], header.komi, header.winner, header.score, opening=header.opening, odd=header.odd)
    stones: dict[int, int] = {}
    for i, node in enumerate(nodes):
        if "" in node:
            raise BadGame("unreadable", "a property without a name")
        if any(key in node for key, _ in SETTING):
            if i > first:
                raise BadGame("set-up within the game")
            _set_up(node, stones, game.size)
        if "B" in node or "W" in node:
            _move(node, game)
    if not game.points:
        raise BadGame("no moves")
    if len(game.points) > MAX_MOVES:
        raise BadGame("too long", f"more than {MAX_MOVES} moves")
    game.black = sorted(point for point, color in stones.items() if color == BLACK)
    game.white = sorted(point for point, color in stones.items() if color == WHITE)
    return game


def _action(row: int, column: int, size: int) -> int:
    return (size - 1 - row) * size + column  # sgfmill counts rows from below


def _set_up(node: dict, stones: dict[int, int], size: int) -> None:
    """Add a node's AB, AW and AE to ``stones``."""
    seen: set[int] = set()
    for key, color in SETTING:
        values = [value for value in map(bytes.strip, node.get(key, [])) if value]
        try:
            found = Presenter(size, "ascii").interpret(key, values) if values else ()
            points = {_action(row, column, size) for row, column in found}
        except (ValueError, TypeError):
            raise BadGame("bad set-up", f"{key} is {shown(node[key])}") from None
        if seen & points:
            raise BadGame("bad set-up", f"{key} holds a point that another list of its node holds too")
        seen |= points
        stones.update(dict.fromkeys(points, color))


def _move(node: dict, game: Game) -> None:
    if "B" in node and "W" in node:
        raise BadGame("bad move", f"both players in the node of move {len(game.points) + 1}")
    key = "B" if "B" in node else "W"
    try:
        (value,) = node[key]
        point = interpret_go_point(b"".join(value.split()), game.size)
    except ValueError:
        raise BadGame("bad move", f"move {len(game.points) + 1} is {shown(node[key])}") from None
    game.colors.append(BLACK if key == "B" else WHITE)
    game.points.append(game.size**2 if point is None else _action(*point, game.size))


# ---------------------------------------------------------------------------------------------------------------------
# Collections


def read_games(path: str | Path, size: int | None = None, limit: int | None = None) -> tuple[list[Game], Report]:
    """All usable games of a file, folder or archive.

    Args:
        path: ``.sgf`` (one or many games), the same compressed (``.gz``, ``.bz2``, ``.xz``), ``.zip`` or ``.tar`` (any
            compression) with SGF members, or a folder of such files.
        size: accept only this board size.
        limit: stop after so many good games.

    Returns:
        The games and a :class:`Report` of what was skipped and why: of a damaged file the whole games before the damage
        are kept, and the damage is one of the report's faults.

    Raises:
        FileNotFoundError: there is nothing at ``path``.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"No game records at {path}; check the path, or use the games in mldata/go.")
    games, report = [], Report()
    if limit is not None and limit <= 0:
        return games, report
    for game in _games(path, size, report):
        games.append(game)
        if len(games) == limit:
            break
    return games, report


def _games(path: Path, size: int | None, report: Report) -> Iterator[Game]:
    for piece in pieces(path):
        number, data = 0, as_ascii_compatible(piece.data)
        for number, found in enumerate(trees(data), 1):
            if piece.fault and found.fault and found.start + len(found.text) >= len(data):
                number -= 1  # where the file breaks off, a game does: one fault, not two
                continue
            try:
                game = _game_of(found, size)
            except BadGame as fault:
                report.skip(BadGame(fault.reason, fault.detail, piece.name, number))
                continue
            report.good += 1
            report.odd.update(game.odd)
            yield game
        if piece.fault:
            report.skip(BadGame(piece.reason, piece.fault, piece.name, number + 1))


def write_game(game: Game, **properties: str) -> str:
    """One line of SGF for a game, as :func:`read_games` reads it: for games to look at in other programs.

    Args:
        game: what to write; its ``source`` is ignored.
        properties: become root properties (``PB="me"``).

    Raises:
        ValueError: a komi that :func:`read_games` would not believe.
    """
    size = game.size
    if not abs(game.komi) <= min(MOST_KOMI, size**2):
        raise ValueError(f"A komi of {game.komi} on {size}x{size} is not to be believed; give a smaller one.")

    def escaped(text: str) -> str:
        return text.replace("\\", "\\\\").replace("]", "\\]")

    head = {"GM": "1", "FF": "4", "CA": "UTF-8", "SZ": str(size), "KM": decimal(game.komi), "RU": "Chinese"}
    if game.score is not None:
        head["RE"] = "0" if game.score == 0 else f"{'B' if game.score > 0 else 'W'}+{decimal(abs(game.score))}"
    elif game.winner is not None:
        head["RE"] = f"{'BW'[game.winner - 1]}+R" if game.winner else "0"
    if game.opening:
        head["C"] = f"{game.opening} random opening moves"
    head.update(properties)
    text = "".join(f"{key}[{escaped(value)}]" for key, value in head.items())
    for key, points in (("AB", game.black), ("AW", game.white)):
        text += key + "".join(f"[{sgf_point(point, size)}]" for point in points) if points else ""
    moves = "".join(f";{'BW'[color - 1]}[{sgf_point(action, size)}]" for action, color in zip(game.points, game.colors))
    return f"(;{text}{moves})"
