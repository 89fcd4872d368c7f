"""Games of GNU Go against itself: the expert whose moves lesson 11's first network learns to predict.

Game number ``k`` depends on ``k`` alone (level, random opening and GNU Go's own seed all follow from it), so a
killed run continues where it stopped and two workers that share the numbers never play one game twice::

    python -m utils.go.gnugo_games play --games 3000 --out mldata/go/raw.sgf --share 0/2
    python -m utils.go.gnugo_games build --games OLD.sgf.gz raw0.sgf raw1.sgf --out mldata/go

``build`` keeps one game of each class of symmetric copies, and moves 500 games to a held-out file such that no
opening of ten moves, in any of its eight orientations, occurs on both sides.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import random
from pathlib import Path

from utils import commands
from utils.checkpoints import append_line, write_atomically
from utils.go import gtp_client, sgf
from utils.go.vertices import action_of, sgf_point, vertex_of

LEVELS = (2, 4, 4, 5, 5, 6, 6, 8)  # low levels play nearly as well and much faster
OPENING_MOVES = range(7)
LINE = "(;GM[1]FF[4]SZ[9]KM[7]RU[Chinese]PB[{name}]PW[{name}]RE[{result}]C[{comment}]{moves})"


def play_one(number: int, size: int = 9, move_limit: int = 160) -> str:
    """Play game ``number`` and return it as one line of SGF.

    The first 0 to 6 moves are random points off the edge, as the comment says; the rest is GNU Go's.

    Raises:
        gtp_client.ProgramError: gnugo is missing or died.
    """
    draw = random.Random(number)
    level, opening = draw.choice(LEVELS), draw.choice(OPENING_MOVES)
    command = f"gnugo --mode gtp --chinese-rules --never-resign --level {level} --seed {number + 1}".split()
    with gtp_client.Program(command) as program:
        program.start_game(size, 7.0)
        moves: list[str] = []
        while len(moves) < move_limit and moves[-2:] != ["pass", "pass"]:
            color = "BW"[len(moves) % 2]
            if len(moves) < opening:
                vertex = vertex_of(draw.randrange(1, size - 1) * size + draw.randrange(1, size - 1), size)
                try:
                    program.send(f"play {color} {vertex}")
                except gtp_client.ProgramError:
                    continue  # occupied: draw another
            else:
                vertex = program.send(f"genmove {color}").lower()
            moves.append(vertex.lower())
        result = program.send("final_score").split()[0]
    text = "".join(f";{'BW'[i % 2]}[{sgf_point(action_of(move, size), size)}]" for i, move in enumerate(moves))
    name = f"GNU Go 3.8 level {level}"
    return LINE.format(name=name, result=result, comment=f"{opening} random opening moves", moves=text)


def play_many(out: Path, games: int, first: int, share: tuple[int, int]) -> None:
    """Append to ``out`` the games ``first ... first + games - 1`` that fall to this worker, but for finished ones."""
    part, parts = share
    mine = [number for number in range(first, first + games) if number % parts == part]
    out.parent.mkdir(parents=True, exist_ok=True)
    lines = out.read_text(encoding="utf-8").splitlines(keepends=True) if out.exists() else []
    if lines and not lines[-1].endswith(")\n"):  # killed in the middle of a line
        write_atomically(out, lambda file: file.write("".join(lines[:-1]).encode()))
        lines = lines[:-1]
    for number in mine[len(lines) :]:
        line = play_one(number)
        append_line(out, line)


# ---------------------------------------------------------------------------------------------------------------------
# One training file and one held-out file


def canonical(points: list[int], size: int) -> tuple[int, ...]:
    """The smallest of the eight images of a move sequence (points ``row * size + column``, a pass is ``size**2``)."""
    images = []
    for symmetry in range(8):
        image = []
        for point in points:
            row, column = divmod(point, size)
            if point < size * size:
                for _ in range(symmetry % 4):
                    row, column = column, size - 1 - row
                if symmetry >= 4:
                    column = size - 1 - column
                point = row * size + column
            image.append(point)
        images.append(tuple(image))
    return min(images)


def split(games: list, held_out: int, opening: int = 10) -> tuple[list, list]:
    """Drop symmetric duplicates, then set aside ``held_out`` of the *first* games by whole openings.

    Args:
        games: ``sgf.Game`` objects; the order decides which of two duplicates stays.
        held_out: how many games to set aside. Openings are taken in the order of their hash, so that the choice does
            not depend on later games: pass the old games first and the held-out file stays as it was.
        opening: length of the openings that the two sides must not share.

    Returns:
        Training games and held-out games.
    """
    unique, seen = [], set()
    for game in games:
        key = canonical(game.points, game.size)
        if key not in seen:
            seen.add(key)
            unique.append(game)
    groups: dict[tuple[int, ...], list] = {}
    for game in unique:
        groups.setdefault(canonical(game.points[:opening], game.size), []).append(game)
    order = sorted(groups, key=lambda key: hashlib.sha256(repr(key).encode()).hexdigest())
    held: list = []
    for key in order:
        if len(held) + len(groups[key]) <= held_out:
            held.extend(groups.pop(key))
    return [game for group in groups.values() for game in group], held


def build(paths: list[Path], out: Path, held_out: int = 500, fixed: Path | None = None) -> tuple[int, int]:
    """Write ``gnugo_9x9_train.sgf.gz`` and ``gnugo_9x9_heldout.sgf.gz`` into ``out``; returns their numbers of games.

    Args:
        paths: SGF files, the old ones first.
        out: folder.
        held_out: size of the held-out file, if it is to be made.
        fixed: an existing held-out file that stays as it is: new games that share an opening with it are left out.
    """
    games = []
    for path in paths:
        found, report = sgf.read_games(path, size=9)
        print(f"{path.name}: {report}")
        games.extend(found)
    if fixed is None:
        training, held = split(games, held_out)
        _write(out / "gnugo_9x9_heldout.sgf.gz", held)
    else:
        held = sgf.read_games(fixed, size=9)[0]
        taken = {canonical(game.points[:10], game.size) for game in held}
        training = [g for g in split(games, 0)[0] if canonical(g.points[:10], g.size) not in taken]
    _write(out / "gnugo_9x9_train.sgf.gz", training)
    return len(training), len(held)


def _write(path: Path, games: list) -> None:
    text = "".join(game.source.strip() + "\n" for game in games).encode()
    write_atomically(path, lambda file: file.write(gzip.compress(text, 9, mtime=0)))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m utils.go.gnugo_games", description=__doc__.splitlines()[0])
    kinds = parser.add_subparsers(dest="command", required=True)
    play = kinds.add_parser("play", help="let GNU Go play itself; continues after a kill")
    play.add_argument("--games", type=int, default=3000)
    play.add_argument("--first", type=int, default=0, help="number of the first game")
    play.add_argument(
        "--share",
        type=commands.share,
        default="0/1",
        help="PART/PARTS for several workers, each with a file of its own",
    )
    play.add_argument("--out", type=Path, required=True)
    make = kinds.add_parser("build", help="merge, drop duplicates, split")
    make.add_argument("--games", type=Path, nargs="+", required=True)
    make.add_argument("--out", type=Path, required=True)
    make.add_argument("--fixed", type=Path, help="held-out file to keep as it is")
    options = parser.parse_args()
    if options.command == "play":
        commands.check_writable(options.out)
        with commands.alone(options.out):
            play_many(options.out, options.games, options.first, options.share)
    else:
        commands.check_writable(options.out / "gnugo_9x9_train.sgf.gz")
        print(*build(options.games, options.out, fixed=options.fixed))


if __name__ == "__main__":
    raise SystemExit(commands.run(main, ValueError, gtp_client.ProgramError, interrupted=commands.GOES_ON))
