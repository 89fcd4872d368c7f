"""The files of MovieLens's editions, read in chunks; what is wrong in them is told with its line.

``ratings.csv`` and ``movies.csv`` (latest small, 20M, 25M, 32M), ``ratings.dat`` and ``movies.dat`` (1M and 10M, fields
apart by ``::``), ``u.data`` and ``u.item`` (100K), or a single .csv of somebody's own. Used by lesson 07.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from utils.datasets.archives import MIB, DataError, open_member

if TYPE_CHECKING:
    import pandas as pd

NAMES = ["userId", "movieId", "rating", "timestamp"]
LOWEST, HIGHEST = 0.5, 5.0
CHUNK = 200_000  # lines that are text in memory at once
LARGEST_ID = np.iinfo(np.int64).max
PARTNER = {"ratings.csv": "movies.csv", "ratings.dat": "movies.dat", "u.data": "u.item"}
# How pandas reads ratings without a header. Of a line apart by "::" every second field apart by ":" is empty.
TABS = {"sep": "\t", "names": NAMES}
COLONS = {"sep": ":", "names": ["userId", "", "movieId", " ", "rating", "  ", "timestamp"]}
# The order of the flags in u.item.
GENRES_100K = (
    *("unknown", "Action", "Adventure", "Animation", "Children", "Comedy", "Crime", "Documentary", "Drama", "Fantasy"),
    *("Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western"),
)
NO_GENRES = ("(no genres listed)", "unknown", "")
Movies = dict[int, tuple[str, tuple[str, ...]]]


def read_files(path: Path) -> tuple[dict[str, np.ndarray], Movies, bool]:
    """Ratings as columns by name, titles and genres by id, and whether stars are whole (then the fewest is one).

    Raises:
        DataError: as :func:`utils.datasets.movielens.read_movielens`.
    """
    if not path.exists():
        raise DataError(f"{path} is not there.")
    if path.suffix.lower() == ".csv":
        with open(path, "rb") as file:
            ratings = _read_ratings(file, path.name, "ratings.csv")
        beside = path.parent / "movies.csv"
        return ratings, _read_movies(path.parent, "movies.csv") if beside.is_file() and beside != path else {}, False
    for name, partner in PARTNER.items():
        with _member(path, name) as file:
            if file is None:
                continue
            ratings = _read_ratings(file, f"{path.name}: {name}", name)
        whole = name != "ratings.csv" and not np.any(ratings["rating"] % 1)
        return ratings, _read_movies(path, partner), whole
    raise DataError(f"{path} has neither ratings.csv, ratings.dat nor u.data: it is no edition of MovieLens.")


def read_ratings(path: Path, name: str) -> dict[str, np.ndarray]:
    """One file of ratings in the form of u.data. Raises DataError if it is missing or badly formed."""
    with _member(path, name) as file:
        if file is None:
            raise DataError(f"{path.name}: {name} is missing; get the edition once more.")
        return _read_ratings(file, f"{path.name}: {name}", "u.data")


@contextlib.contextmanager
def _member(path: Path, name: str) -> Iterator[IO[bytes] | None]:
    if not path.is_dir():
        with open_member(path, name) as file:
            yield file
        return
    found = sorted(p for p in path.rglob(name) if "__MACOSX" not in p.parts)
    with open(found[0], "rb") if found else contextlib.nullcontext() as file:
        yield file


# ---------------------------------------------------------------------------------------------------------------------
# Tables of text, with the number of each line


def _chunks(file: IO[bytes], where: str, **options: Any) -> Iterator[tuple[pd.DataFrame, np.ndarray]]:
    """Tables of strings and the line of each row, without blank lines; the header is the first line unless names are
    given. Numbers are checked later, where the line is known."""
    import pandas as pd

    before = 0
    if "names" not in options:
        before, options["names"] = _header(file, where, options.get("encoding", "utf-8"))
    options |= {"dtype": str, "keep_default_na": False, "header": None, "skip_blank_lines": False, "chunksize": CHUNK}
    try:
        for table in pd.read_csv(file, **options):
            if not isinstance(table.index, pd.RangeIndex):  # pandas takes surplus fields for row names
                raise DataError(f"{where} has more fields in its lines than in its header (decimal commas?).")
            first = table.iloc[:, 0]
            blank = (first.isna() | (first.str.strip() == "")) & (table.iloc[:, 1:].fillna("") == "").all(axis=1)
            yield table[~blank], np.asarray(table.index)[~blank] + before + 1
    except pd.errors.EmptyDataError:
        return
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        what = re.sub(r"(?<=line )\d+", lambda line: str(int(line[0]) + before), str(error).strip())
        raise DataError(f"{where} is no table: {what}.") from error


def _header(file: IO[bytes], where: str, encoding: str) -> tuple[int, list[str]]:
    """How many lines it takes with blank ones before it, and the names in it."""
    for number, line in enumerate(iter(lambda: file.readline(MIB), b""), start=1):
        text = line.decode(encoding, errors="replace").lstrip("\ufeff").strip()
        if text:
            return number, [name.strip().strip('"') for name in text.split(",")]
    raise DataError(f"{where} is no table: it is empty.")


def _require(names: list[str], wanted: list[str], where: str) -> None:
    missing = [name for name in wanted if name not in names]
    if missing:
        raise DataError(f"{where} lacks the column {', '.join(missing)}; its columns are {', '.join(map(str, names))}.")


def _whole(column: pd.Series, lines: np.ndarray, name: str, where: str) -> np.ndarray:
    """int64, exactly: beyond 2^53 a detour over floating point would make different ids the same."""
    import pandas as pd

    values = pd.to_numeric(column, errors="coerce")
    if values.dtype == np.int64:
        return values.to_numpy()
    found = np.empty(len(column), dtype=np.int64)
    for place, text in enumerate(column):
        try:
            value = Decimal(str(text).strip())
            if not value.is_finite() or value.adjusted() > 30 or value != int(value):
                raise ValueError
        except (InvalidOperation, ValueError):
            raise DataError(f"{where}, line {lines[place]}: {name} {str(text)!r} is not a whole number.") from None
        if abs(int(value)) > LARGEST_ID:
            raise DataError(f"{where}, line {lines[place]}: {name} {text} is too large; at most {LARGEST_ID:,}.")
        found[place] = int(value)
    return found


def _stars(column: pd.Series, lines: np.ndarray, where: str) -> np.ndarray:
    """float32, every one a half star from 0.5 to 5."""
    import pandas as pd

    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
    for bad, what in (
        (~np.isfinite(values), "is not a number"),
        ((values < LOWEST) | (values > HIGHEST), f"is outside {LOWEST} to {HIGHEST:g}"),
        (2 * values % 1 != 0, "is no half star"),
    ):
        if bad.any():
            place = int(np.flatnonzero(bad)[0])
            shown = repr(str(column.iloc[place])) if "number" in what else f"{values[place]:g}"
            raise DataError(f"{where}, line {lines[place]}: rating {shown} {what}; correct it or remove the line.")
    return values.astype(np.float32)


# ---------------------------------------------------------------------------------------------------------------------
# Ratings and movies


def _read_ratings(file: IO[bytes], where: str, kind: str) -> dict[str, np.ndarray]:
    """Columns by name and the ``line`` of each rating, checked line by line."""
    parts = []
    for table, lines in _chunks(file, where, **{"u.data": TABS, "ratings.dat": COLONS}.get(kind, {})):
        _require(list(table.columns), NAMES[:3], where)
        part = {name: _whole(table[name], lines, name, where) for name in ("userId", "movieId")}
        part["rating"] = _stars(table["rating"], lines, where)
        dated = "timestamp" in table
        part["timestamp"] = _whole(table["timestamp"], lines, "timestamp", where) if dated else np.zeros_like(lines)
        parts.append(part | {"line": lines.astype(np.int32)})
    if not sum(len(part["line"]) for part in parts):
        raise DataError(f"{where} holds no ratings.")
    columns = {name: np.concatenate([part.pop(name) for part in parts]) for name in (*NAMES, "line")}
    _refuse_duplicates(columns, where)
    return columns


def _refuse_duplicates(columns: dict[str, np.ndarray], where: str) -> None:
    users, movies, lines = columns["userId"], columns["movieId"], columns["line"]
    order = np.lexsort((movies, users))
    same = (np.diff(users[order]) == 0) & (np.diff(movies[order]) == 0)
    if same.any():
        place = int(np.flatnonzero(same)[0])
        earlier, later = sorted(lines[order[place : place + 2]].tolist())
        user, movie = users[order[place]], movies[order[place]]
        raise DataError(
            f"{where}, line {later}: user {user} has rated movie {movie} before, in line {earlier}; keep one of them."
        )


def _read_movies(path: Path, name: str) -> Movies:
    where = f"{path.name}: {name}"
    with _member(path, name) as file:
        if file is None:
            raise DataError(f"{where} is missing; get the edition once more.")
        read = {"movies.csv": _movies_csv, "movies.dat": _movies_dat, "u.item": _u_item}[name]
        ids, titles, genres = read(file, where)
    if len(set(ids.tolist())) < len(ids):
        values, counts = np.unique(ids, return_counts=True)
        raise DataError(f"{where} lists movie {values[counts > 1][0]} more than once.")
    kinds = (tuple(genre for genre in found if genre not in NO_GENRES) for found in genres)
    return {int(i): (title, found) for i, title, found in zip(ids, titles, kinds)}


def _movies_csv(file: IO[bytes], where: str) -> tuple[np.ndarray, list[str], list[list[str]]]:
    ids, titles, genres = [np.zeros(0, dtype=np.int64)], [], []
    for table, lines in _chunks(file, where):
        _require(list(table.columns), ["movieId", "title", "genres"], where)
        ids.append(_whole(table["movieId"], lines, "movieId", where))
        titles += table["title"].tolist()
        genres += [text.split("|") for text in table["genres"].fillna("")]
    return np.concatenate(ids), titles, genres


def _movies_dat(file: IO[bytes], where: str) -> tuple[np.ndarray, list[str], list[list[str]]]:
    content = file.read(64 * MIB)
    try:
        text = content.decode("utf-8")  # 10M
    except UnicodeDecodeError:
        text = content.decode("latin-1")  # 1M
    found = [(line, text.split("::")) for line, text in enumerate(text.splitlines(), start=1) if text.strip()]
    for line, fields in found:
        if len(fields) < 3 or not fields[0].strip().isdecimal():
            raise DataError(f"{where}, line {line} is not an id, a title and genres apart by '::'.")
    ids = np.array([int(fields[0]) for _, fields in found], dtype=np.int64)
    return ids, ["::".join(fields[1:-1]) for _, fields in found], [fields[-1].split("|") for _, fields in found]


def _u_item(file: IO[bytes], where: str) -> tuple[np.ndarray, list[str], list[list[str]]]:
    ids, titles, genres = [np.zeros(0, dtype=np.int64)], [], []
    names = ["movie id", "title", "released", "on video", "address", *GENRES_100K]
    for table, lines in _chunks(file, where, sep="|", names=names, encoding="latin-1", quoting=3):
        short = table["Western"].isna().to_numpy()
        if short.any():
            raise DataError(f"{where}, line {lines[short][0]} has fewer than {len(names)} columns; get it once more.")
        ids.append(_whole(table["movie id"], lines, "movie id", where))
        titles += table["title"].tolist()
        flags = table[list(GENRES_100K)].to_numpy() == "1"
        genres += [[genre for genre, flag in zip(GENRES_100K, row) if flag] for row in flags]
    return np.concatenate(ids), titles, genres
