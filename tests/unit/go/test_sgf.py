"""Game records: good ones, odd ones and broken ones."""

import gzip
import tarfile
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.go import sgf
from utils.go.gnugo_games import build, canonical, split
from utils.go.vertices import BLACK, WHITE

GOOD = "(;GM[1]FF[4]SZ[9]KM[7]RE[B+2.0]C[2 random opening moves];B[aa];W[ia];B[];W[tt])"


def test_main_line_result_and_comment():
    game = sgf.parse_game(GOOD)
    assert (game.size, game.komi, game.winner, game.score, game.opening) == (9, 7.0, BLACK, 2.0, 2)
    assert game.points == [0, 8, 81, 81]  # SGF's first line is on top, [] and [tt] both pass
    assert [board.to_play for board, _ in game.boards()] == [BLACK, WHITE, BLACK, WHITE]


def test_variations_follow_the_main_line_and_setup_stones_stand():
    game = sgf.parse_game("(;SZ[5]AB[aa:ba][cc]AW[ee]PL[W];W[dd](;B[ab];W[ed])(;B[de]))")
    assert game.black == [0, 1, 12] and game.white == [24] and game.points == [18, 5, 19]
    boards = [board.copy() for board, _ in game.boards()]
    assert boards[0].to_play == WHITE and (boards[0].stones > 0).sum() == 4


@pytest.mark.parametrize(
    ("text", "winner", "score"),
    [
        ("W+R", WHITE, None),
        ("0", 0, 0.0),
        ("Draw", 0, 0.0),
        ("?", None, None),
        ("B+Time", BLACK, None),
        ("W+0.5", WHITE, -0.5),
    ],
)
def test_results(text, winner, score):
    game = sgf.parse_game(f"(;SZ[9]RE[{text}];B[ee])")
    assert (game.winner, game.score) == (winner, score)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("hello", "no game"),
        ("(;GM[1]SZ[9];B[ee", "unreadable"),
        ("(;SZ[13];B[ee])", "wrong size"),
        ("(;SZ[99];B[ee])", "wrong size"),
        ("(;SZ[nine];B[ee])", "wrong size"),
        ("(;GM[2]SZ[9];B[ee])", "other game"),
        ("(;SZ[9];B[ee];W[ee])", "illegal move"),
        ("(;SZ[9];B[zz])", "bad move"),
        ("(;SZ[9]C[nothing])", "no moves"),
        ("(;SZ[9];B[ee];AB[aa])", "set-up within the game"),
        ("(;SZ[9]GM[2];B[ee])", "other game"),
        ("(;SZ[1_3];B[ee])", "wrong size"),
        ("(;SZ[];B[ee])", "wrong size"),
        ("(;SZ[9:13];B[ee])", "wrong size"),
        ("(;SZ[9]AB[aa]AE[aa];B[bb])", "bad set-up"),
        ("(;SZ[9]AB[aa]AW[aa];B[bb])", "bad set-up"),
        ("(;SZ[9]AB[zz];B[bb])", "bad set-up"),
        ("(;SZ[9];B[ee]W[dd])", "bad move"),
        ("(;SZ[9];B[ee][dd])", "bad move"),
        ("(;SZ[9];B[ee];w[dd])", "unreadable"),
        ("(;FF[4];SZ[9];SZ[13];B[ee])", "two headers"),
        ("(;SZ[9]" + ";B[];W[]" * 700 + ")", "too long"),
        ("(" * 5000 + ";", "unreadable"),
    ],
)
def test_bad_records_have_a_named_reason(text, reason):
    if reason == "unreadable" and text.startswith("(("):
        text = "(;SZ[9];B[ee]" + "(;W[aa]" * 5000
    with pytest.raises(sgf.BadGame) as error:
        sgf.parse_game(text, size=9)
    assert error.value.reason == reason


def test_old_habits_are_understood():
    assert sgf.parse_game("junk before (;SZ[9]\n;W[ee]\n;B[dd]C[with \\] inside])").colors == [WHITE, BLACK]
    assert sgf.parse_game("(;GaMe[1]SiZe[9];Black[ee])").points == [40]


def test_a_collection_survives_its_bad_games(tmp_path):
    path = tmp_path / "games.sgf.gz"
    path.write_bytes(gzip.compress(f"{GOOD}\n(;SZ[9];B[ee\n{GOOD}\n(;SZ[19];B[ee])\n".encode()))
    games, report = sgf.read_games(path, size=9)
    assert len(games) == 2 and report.skipped == {"unreadable": 1, "wrong size": 1}
    assert str(report) == "2 games, 2 skipped (1 unreadable, 1 wrong size)"
    spread = tmp_path / "spread.sgf"
    spread.write_text("(;SZ[9]\nC[a (bracket\\]];B[ee])\n\n(;SZ[9];W[dd]\n)")
    assert [game.points for game in sgf.read_games(spread)[0]] == [[40], [30]]


def test_archives_folders_and_damage(tmp_path):
    (tmp_path / "one.sgf").write_text(GOOD)
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("../../evil.sgf", GOOD)
        archive.writestr("readme.txt", "no game")
    with tarfile.open(tmp_path / "three.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "one.sgf", "x/one.sgf")
    (tmp_path / "four.sgf.gz").write_bytes(gzip.compress(GOOD.encode())[:-20])
    games, report = sgf.read_games(tmp_path)
    assert len(games) == 3 and report.skipped == {"unreadable file": 1}
    assert not (tmp_path.parent.parent / "evil.sgf").exists()
    with pytest.raises(FileNotFoundError, match="mldata/go"):
        sgf.read_games(tmp_path / "nowhere.sgf")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60) | st.text(alphabet="(;)[]\\SZBW9aeit:C", max_size=60))
def test_no_input_crashes_the_parser(data):
    try:
        assert sgf.parse_game(data).points
    except sgf.BadGame as error:
        assert error.reason


def test_written_games_read_back():
    game = sgf.parse_game("(;SZ[9]KM[5.5]AB[aa]AW[bb]RE[W+3];W[cc];B[];W[ii])")
    again = sgf.parse_game(sgf.write_game(game, PB="a ] and \\ b"))
    assert (again.points, again.colors, again.black, again.white, again.score, again.komi) == (
        game.points, game.colors, game.black, game.white, game.score, game.komi,
    )  # fmt: skip


def test_symmetric_copies_are_one_game_and_openings_stay_on_one_side(tmp_path):
    assert canonical([0, 81], 9) == canonical([8, 81], 9) == canonical([80, 81], 9) != canonical([1, 81], 9)
    lines = []
    for a in range(6):
        for b in range(20, 25):
            lines.append(f"(;SZ[9];B[{'abcdef'[a]}a];W[ic];B[ii];W[{chr(97 + b % 9)}{chr(97 + b // 9)}])")
    lines.append("(;SZ[9];B[ia];W[ac];B[ai];W[gc])".replace("gc", "gc"))  # the first game, mirrored
    path = tmp_path / "games.sgf"
    path.write_text("\n".join(lines))
    games, _ = sgf.read_games(path)
    training, held = split(games, 10, opening=3)
    openings = [{canonical(game.points[:3], 9) for game in part} for part in (training, held)]
    assert len(held) == 10 and not openings[0] & openings[1]
    assert len({canonical(g.points, 9) for g in training + held}) == len(training) + len(held) <= 30
    assert build([path], tmp_path, held_out=10) == build([path], tmp_path, held_out=10)


def test_shipped_games_keep_their_promise():
    from utils.go.examples import load_games

    held, training = load_games("heldout"), load_games("train")
    assert len(held) == 500 and len(held) + len(training) >= 5000
    openings = [{canonical(game.points[:10], 9) for game in part} for part in (training, held)]
    assert not openings[0] & openings[1]
    assert len({canonical(game.points, 9) for game in training + held}) == len(training) + len(held)
