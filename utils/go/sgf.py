"""Game records: SGF in, checked games out; bad files are skipped with a named reason, never with a crash (lesson 11).

The parser is sgfmill's; every move is replayed on our own board, so that what comes out is legal by our rules.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sgfmill import sgf

from utils.go.board import Board, IllegalMove
from utils.go.vertices import BLACK, WHITE, sgf_point

MAX_BYTES = 1 << 28  # of one decompressed file: more is a mistake or an attack
MAX_MOVES = 1200


class BadGame(ValueError):
    """A record that cannot be used; ``reason`` is a short name that reports count."""

    def __init__(self, reason: str, detail: str = ""):
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


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
    """How many games were read and why others were not."""

    good: int = 0
    skipped: Counter = field(default_factory=Counter)

    def __str__(self) -> str:
        if not self.skipped:
            return f"{self.good} games"
        reasons = ", ".join(f"{count} {reason}" for reason, count in self.skipped.most_common())
        return f"{self.good} games, {sum(self.skipped.values())} skipped ({reasons})"


def parse_game(text: str | bytes, size: int | None = None) -> Game:
    """One record's main line, replayed.

    Args:
        text: the SGF; junk before the first ``(;`` is ignored.
        size: accept only this board size.

    Raises:
        BadGame: reasons ``no game``, ``unreadable``, ``bad encoding``, ``other game``, ``wrong size``, ``bad move``,
            ``set-up within the game``, ``illegal move``, ``too long``, ``no moves``.
    """
    data = text.encode() if isinstance(text, str) else bytes(text)
    start = data.find(b"(;")
    if start < 0:
        raise BadGame("no game")
    try:
        record = sgf.Sgf_game.from_bytes(data[start:])
    except (LookupError, UnicodeError) as error:
        raise BadGame("bad encoding", str(error)) from None
    except ValueError as error:
        text = str(error)
        reason = "wrong size" if "size" in text or "SZ" in text else "unreadable"
        raise BadGame("bad encoding" if "encoding" in text or "CA" in text else reason, text) from None
    except RecursionError:
        raise BadGame("unreadable", "nested too deeply") from None
    if size is not None and record.get_size() != size:
        raise BadGame("wrong size", f"{record.get_size()}, not {size}")
    if not 2 <= record.get_size() <= 19:
        raise BadGame("wrong size", f"{record.get_size()}")
    try:
        game = _main_line(record)
    except UnicodeError as error:
        raise BadGame("bad encoding", str(error)) from None
    game.source = data[start:].decode("utf-8", "replace")
    _replay(game)
    return game


def _main_line(record: sgf.Sgf_game) -> Game:
    size, root = record.get_size(), record.get_root()
    if root.has_property("GM") and root.get_raw("GM").strip() != b"1":
        raise BadGame("other game")
    try:
        komi = float(record.get_komi())
        black, white, _ = root.get_setup_stones()
    except ValueError as error:
        raise BadGame("unreadable", str(error)) from None
    game = Game(size, [], [], komi, black=_points(black, size), white=_points(white, size))
    for node in record.get_main_sequence()[1 if not _has_move(root) else 0 :]:
        if node is not root and node.has_setup_stones():
            raise BadGame("set-up within the game")
        try:
            color, move = node.get_move()
        except ValueError as error:
            raise BadGame("bad move", str(error)) from None
        if color is None:
            continue
        game.colors.append(BLACK if color == "b" else WHITE)
        game.points.append(size * size if move is None else (size - 1 - move[0]) * size + move[1])
    if not game.points:
        raise BadGame("no moves")
    if len(game.points) > MAX_MOVES:
        raise BadGame("too long", f"{len(game.points)} moves")
    game.winner, game.score = _result(root)
    game.opening = _opening(root)
    return game


def _has_move(node) -> bool:
    return node.has_property("B") or node.has_property("W")


def _points(points, size: int) -> list[int]:
    return sorted((size - 1 - row) * size + column for row, column in points)


def _result(root) -> tuple[int | None, float | None]:
    """Winner and Black's margin from RE (``B+3.5``, ``W+R``, ``0``, ``Draw``, anything else is unknown)."""
    if not root.has_property("RE"):
        return None, None
    text = root.get_raw("RE").decode("ascii", "replace").strip().upper()
    if text in ("0", "DRAW", "JIGO"):
        return 0, 0.0
    if text[:2] not in ("B+", "W+"):
        return None, None
    winner = BLACK if text[0] == "B" else WHITE
    try:
        margin = float(text[2:])
    except ValueError:
        return winner, None
    if not 0 <= margin <= 1000:
        return winner, None
    return winner, margin if winner == BLACK else -margin


def _opening(root) -> int:
    """``N random opening moves`` in the comment."""
    if not root.has_property("C"):
        return 0
    words = root.get_raw("C").split()
    if words[1:4] == [b"random", b"opening", b"moves"] and words[0].isdigit():
        return int(words[0])
    return 0


def _replay(game: Game) -> None:
    try:
        for _ in game.boards():
            pass
    except IllegalMove as error:
        raise BadGame("illegal move", str(error)) from None


# ---------------------------------------------------------------------------------------------------------------------
# Collections


def read_games(path: str | Path, size: int | None = None, limit: int | None = None) -> tuple[list[Game], Report]:
    """All usable games of a file, folder or archive.

    Args:
        path: ``.sgf`` (one or many games), ``.sgf.gz`` with one game a line, ``.zip`` or ``.tar`` (any
        compression) with
            SGF members, or a folder of such files.
        size: accept only this board size.
        limit: stop after so many good games.

    Returns:
        The games and a :class:`Report` of what was skipped and why.

    Raises:
        FileNotFoundError: there is nothing at ``path``.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"No game records at {path}; check the path, or use the games in mldata/go.")
    games, report = [], Report()
    for text in _records(path, report):
        try:
            games.append(parse_game(text, size))
            report.good += 1
        except BadGame as error:
            report.skipped[error.reason] += 1
        if limit is not None and len(games) >= limit:
            break
    return games, report


def _records(path: Path, report: Report) -> Iterator[bytes]:
    """The single records in a file, folder or archive; what cannot be opened is counted as ``unreadable file``."""
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.is_file() and file.name.lower().endswith((".sgf", ".sgf.gz", ".zip", ".tar", ".tgz", ".tar.gz")):
                yield from _records(file, report)
        return
    try:
        name = path.name.lower()
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                for member in archive.infolist():
                    if member.filename.lower().endswith(".sgf") and member.file_size <= MAX_BYTES:
                        yield archive.read(member)
        elif name.endswith((".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz")):
            with tarfile.open(path) as archive:
                for member in archive:
                    if member.isfile() and member.name.lower().endswith(".sgf") and member.size <= MAX_BYTES:
                        yield archive.extractfile(member).read()
        else:
            with gzip.open(path) if name.endswith(".gz") else path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
            if len(data) > MAX_BYTES:
                report.skipped["too large"] += 1
                return
            yield from split_collection(data)
    except (OSError, EOFError, tarfile.TarError, zipfile.BadZipFile, RuntimeError, ValueError):
        report.skipped["unreadable file"] += 1


def split_collection(data: bytes) -> Iterator[bytes]:
    """Cut a collection of games at each top-level parenthesis, so that one bad game does not spoil its neighbours.

    A line that starts with ``(;`` always starts a new game: thus a truncated game ends where the next one begins.
    """
    for line_block in _blocks(data):
        depth, start, in_value, escaped = 0, None, False, False
        for i, byte in enumerate(line_block):
            if in_value:
                if escaped:
                    escaped = False
                elif byte == 0x5C:  # backslash
                    escaped = True
                elif byte == 0x5D:  # ]
                    in_value = False
            elif byte == 0x5B and depth:  # [
                in_value = True
            elif byte == 0x28:  # (
                if depth == 0:
                    start = i
                depth += 1
            elif byte == 0x29 and depth:  # )
                depth -= 1
                if depth == 0:
                    yield line_block[start : i + 1]
                    start = None
        if start is not None:
            yield line_block[start:]


def _blocks(data: bytes) -> Iterator[bytes]:
    """One block for a file that spreads over lines, else one a line."""
    lines = [line for line in io.BytesIO(data) if line.strip()]
    if lines and all(line.lstrip().startswith(b"(;") for line in lines):
        yield from lines
    elif lines:
        yield data


def write_game(game: Game, **properties: str) -> str:
    """One line of SGF for a game, as :func:`read_games` reads it: for games to look at in other programs.

    Args:
        game: what to write; its ``source`` is ignored.
        properties: become root properties (``PB="me"``).
    """
    size = game.size

    def escaped(text: str) -> str:
        return text.replace("\\", "\\\\").replace("]", "\\]")

    head = {"GM": "1", "FF": "4", "SZ": str(size), "KM": f"{game.komi:g}", "RU": "Chinese"}
    if game.score is not None:
        head["RE"] = "0" if game.score == 0 else f"{'B' if game.score > 0 else 'W'}+{abs(game.score):g}"
    head.update(properties)
    text = "".join(f"{key}[{escaped(value)}]" for key, value in head.items())
    for key, points in (("AB", game.black), ("AW", game.white)):
        text += key + "".join(f"[{sgf_point(point, size)}]" for point in points) if points else ""
    moves = "".join(f";{'BW'[color - 1]}[{sgf_point(action, size)}]" for action, color in zip(game.points, game.colors))
    return f"(;{text}{moves})"
