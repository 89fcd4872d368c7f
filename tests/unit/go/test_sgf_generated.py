"""Game records by the thousand: every layout that the format allows, then damage to each.

`make test` takes a sample, `make test-full` ten thousand of both.
"""

import time

import pytest
from sgf_collections import Drawn, Writer

from utils.go import sgf

SAMPLE, FULL = 300, 10_000
ONCE_READ_WRONGLY = (12003, 13156, 15369, 19981, 21179, 22047, 27493, 28351)  # seeds beyond those


def read(tmp_path, data: bytes):
    path = tmp_path / "games.sgf"
    path.write_bytes(data)
    started = time.process_time()
    games, report = sgf.read_games(path)
    assert time.process_time() - started < 20  # work without end; a busy machine adds nothing to it
    assert len(games) == report.good and len(report.faults) == sum(report.skipped.values())
    assert all(fault.file == "games.sgf" and fault.number and fault.reason for fault in report.faults)
    return games, report


def seen(game: sgf.Game) -> Drawn:
    return Drawn(game.size, list(zip(game.colors, game.points)), game.black)


def distance(a: list, b: list) -> int:
    """Moves to add, drop or change between two lines (Levenshtein)."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a):
        last, row[0] = row[0], i + 1
        for j, y in enumerate(b):
            last, row[j + 1] = row[j + 1], min(last + (x != y), row[j] + 1, row[j + 1] + 1)
    return row[-1]


def places(game: Drawn) -> list:
    """Moves by row and column: a board whose size is lost counts as 19x19, and the report says so."""
    return [(color, divmod(action, game.size) if action < game.size**2 else None) for color, action in game.moves]


def layouts(tmp_path, seeds) -> int:
    """Games that were read back as they were written."""
    count = 0
    for seed in seeds:
        writer = Writer(seed)
        drawn, between, texts = writer.collection(writer.rng.randrange(1, 6))
        games, report = read(tmp_path, b"".join(map(bytes.__add__, between, texts)))
        assert not report.skipped, (seed, str(report))
        assert [seen(game) for game in games] == drawn, seed
        again = sgf.parse_game(sgf.write_game(games[0]))
        assert seen(again) == drawn[0], seed
        count += len(games)
    return count


def damages(tmp_path, seeds) -> dict[str, int]:
    counts = {"as it was": 0, "reported": 0, "changed moves": 0}
    for seed in seeds:
        writer = Writer(seed)
        drawn, between, texts = writer.collection(3)
        parts = list(map(bytes.__add__, between, texts))
        data, at = writer.damaged(b"".join(parts))
        hit = next(k for k in range(3) if at < len(b"".join(parts[: k + 1])))
        in_between = at <= len(b"".join(parts[:hit])) + len(between[hit])
        games, report = read(tmp_path, data)
        found = [seen(game) for game in games]
        foreign = [game for game in found if game not in drawn]
        # Nothing is invented: at most one game is new, and that is the damaged one with a move or two of difference.
        assert len(found) <= 3 and len(foreign) <= 1, seed
        for game in foreign:
            assert distance(places(game), places(drawn[hit])) <= 2, (seed, game, drawn[hit])
            assert game.size == drawn[hit].size or report.odd["size"] or b"SZ" in data or b"SiZe" in data
        # The games before the damage are all there, what is missing is reported. (Damage between two games may belong
        # to either.)
        assert found[:hit] == drawn[:hit] or (in_between and report.skipped), (seed, at)
        sure = max(0, hit - in_between)
        assert found[:sure] == drawn[:sure], (seed, at)
        if len(found) < 3 and at < len(data):
            assert report.skipped, seed
        counts["changed moves" if foreign else "reported" if report.skipped else "as it was"] += 1
    return counts


def test_a_sample_of_layouts_is_read_as_it_was_written(tmp_path):
    assert layouts(tmp_path, range(SAMPLE)) > 2 * SAMPLE  # one to five games each


def test_a_sample_of_damages_invents_nothing(tmp_path):
    counts = damages(tmp_path, range(SAMPLE))
    assert sum(counts.values()) == SAMPLE and counts["reported"] > SAMPLE / 10, counts


def test_what_was_once_read_wrongly_is_not_any_more(tmp_path):
    assert sum(damages(tmp_path, ONCE_READ_WRONGLY).values()) == len(ONCE_READ_WRONGLY)


@pytest.mark.full
def test_all_layouts_are_read_as_they_were_written(tmp_path):
    assert layouts(tmp_path, range(FULL)) > 2 * FULL


@pytest.mark.full
def test_all_damages_invent_nothing(tmp_path):
    counts = damages(tmp_path, range(FULL))
    assert sum(counts.values()) == FULL and counts["reported"] > FULL / 10, counts
