"""Game records as other programs write them and as disks and networks damage them; each stands for its kind."""

import bz2
import gzip
import io
import lzma
import random
import tarfile
import time
import zipfile

import pytest

from utils.go import sgf
from utils.go.vertices import BLACK, WHITE


def read(tmp_path, data, name="games.sgf"):
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return sgf.read_games(path)


def named(size: int, points: list[int]) -> list[str]:
    return ["pass" if p == size * size else "abcdefghijklmnopqrs"[p % size] + f"{p // size + 1}" for p in points]


MAIN_LINES = [
    ("(\n;GM[1]SZ[9]KM[7]RE[B+R];B[ee];W[cc])", [(9, ["e5", "c3"])]),
    ("( ;SZ[9];B[aa](;W[bb]))", [(9, ["a1", "b2"])]),
    ("(;GM[1]SZ[9]KM[7]RE[B+R]\n(;B[ee];W[cc])\n(;B[cc];W[ee]))", [(9, ["e5", "c3"])]),
    ("(;SZ[9];B[aa]\n(;W[bb])\n(;W[cc]))", [(9, ["a1", "b2"])]),
    (":-( \n(;SZ[9];B[aa])\n\n mail \n( ;SZ[13];B[bb])", [(9, ["a1"]), (13, ["b2"])]),
    ("(;SZ[9];B[aa])(;SZ[13];B[bb])\r\n(;B[cc])", [(9, ["a1"]), (13, ["b2"]), (19, ["c3"])]),
    ("(;FF[4];GM[1]\nSZ[9]\nKM[5.5];B[aa];W[bb])", [(9, ["a1", "b2"])]),
    ("(;FF[4](;GM[1]SZ[9];B[aa])(;B[bb]))", [(9, ["a1"])]),
    ("(\n;\nSZ\n[9]\n;\nB\n[aa]\n(\n;\nW\n[bb]\n)\n)", [(9, ["a1", "b2"])]),
    ("(;SZ[9]C[(;GM[1\\]SZ[5\\];B[aa\\])\\\\];B[aa]C[a ) and ( and ;W[bb\\]])", [(9, ["a1"])]),
    ("(;B[aa]SZ[9]GM[1];W[bb])", [(9, ["a1", "b2"])]),
    ("(;SZ[9]\n(;B[aa]\n(;W[bb]\n(;B[cc])\n(;B[dd]))\n(;W[ee]))\n(;B[ff]))", [(9, ["a1", "b2", "c3"])]),
    ("(;SZ[9];AB[aa][bb];AE[aa];W[cc])", [(9, ["c3"])]),
    ("(;SZ[9:9];B[tt];W[])", [(9, ["pass", "pass"])]),
    ("(;GM[1]SZ[9]AP[a]GM[1]SZ[9]AP[b];B[aa])", [(9, ["a1"])]),
    # in the manner of the examples that the format's own page and parsers' manuals give
    (
        "(;FF[4]GM[1]SZ[9]C[root](;C[a];C[b]B[aa](;C[c]W[bb])(;C[d];C[e]))(;C[f](;C[g];C[h])(;C[j])))",
        [(9, ["a1", "b2"])],
    ),
    (
        "(;FF[4]AP[some program:0]CA[utf-8]DT[2009-06-06]GM[1]KM[7.5]PB[One engine]PL[B]PW[Another]RE[W+R]SZ[9]\n"
        "AB[ai][bh][ee]AW[fc][gc]\n;B[dg]\n;W[ef]C[a comment\non two lines]\n;B[]\n;W[tt]C[The end.])",
        [(9, ["d7", "e6", "pass", "pass"])],
    ),
    (
        "(;GM[1]FF[4]  SZ[19]  GN[]  DT[2020-01-01]  PB[一]  PW[二]  BR[9段]  WR[9段]  KM[7.5]HA[0]RU[Chinese]"
        "AP[GNU Go:3.8]RN[3]RE[B+R]TM[300]TC[3]TT[30]AP[foxwq]RL[0]\n;B[pd];W[dp]\n)",
        [(19, ["p4", "d16"])],
    ),
    ("(;FF[3]GaMe[1]SiZe[9]Komi[5.5]\r\nPlayerBlack[x]\r\n;Black[aa];White[bb])", [(9, ["a1", "b2"])]),
]


@pytest.mark.parametrize(("text", "games"), MAIN_LINES)
def test_a_collection_is_what_the_grammar_says(tmp_path, text, games):
    found, report = read(tmp_path, text)
    assert [(game.size, named(game.size, game.points)) for game in found] == games and not report.skipped


@pytest.mark.parametrize(
    ("text", "games", "skipped"),
    [
        # a closing parenthesis lost: the next game begins where only a first node can stand
        ("(;SZ[9];B[aa];W[bb]\n(;SZ[9];B[cc])\n(;SZ[9];B[dd])", 2, 1),
        ("(;SZ[9];B[aa](;W[bb])(;W[cc])\n(;GM[1]SZ[9];B[cc])", 1, 1),
        # an opening one lost, or a closing one too many: where the game went on nobody knows
        ("(;SZ[9];B[aa];W[bb])(;W[cc]))\n(;SZ[9];B[dd])", 1, 1),
        ("(;SZ[9];B[aa])(;W[bb];B[cc];W[dd](;B[ee])(;B[ff])))\n(;SZ[9];B[dd])", 1, 1),
        ("(;SZ[9];B[aa])(;W[bb])(;W[cc]))\n(;W[dd]))\n(;SZ[9];B[dd])", 1, 2),
        (";SZ[9];B[aa](;W[bb])(;W[cc]))\n(;SZ[9];B[dd])", 1, 1),
        ("(;SZ[9];B[aa])W[bb];B[cc](;W[dd]))\n(;SZ[9];B[dd])", 1, 1),
        ("(;SZ[9];B[aa])(;KM[7])Z[9];B[cc])\n(;SZ[9];B[dd])", 2, 1),
        # a bracket lost, and the beginning of the next game in a comment
        ("(;SZ[9];B[aa]C[)\n(;RE[B+R]SZ[9];B[bb];W[cc])\n(;SZ[9];B[dd])", 2, 1),
        ("(;SZ[9];B[aa](;W[bb])(;W[cc]C[))\n(;KM[7]SZ[9];B[bb];W[cc])\n(;SZ[9];B[dd])", 2, 1),
        # a semicolon lost
        ("(SiZe[9];Black[aa];White[bb])\n(;SZ[9];B[dd])", 1, 1),
        # a bracket lost
        ("(;SZ[9];B[aa];W[bb\n(;GM[1]SZ[9];B[cc])", 1, 1),
        ("(;SZ[9];B[aa]C[text)\n(;GM[1]FF[4]SZ[9];B[cc])", 1, 1),
        ("(;SZ[9];B[aa]C[text)\n(;SZ[9];B[cc])", 1, 1),
        ("(;SZ[9];Baa];W[bb])\n(;SZ[9];B[cc])", 1, 1),
        # the end lost
        ("(;SZ[9];B[aa])\n(;SZ[9];B[cc]", 1, 1),
    ],
)
def test_damage_costs_its_game_and_invents_none(tmp_path, text, games, skipped):
    found, report = read(tmp_path, text)
    assert (len(found), sum(report.skipped.values())) == (games, skipped), report.faults
    assert all(game.size == 9 for game in found) and report.good == games


@pytest.mark.parametrize(
    ("header", "odd"),
    [
        ("KM[]", "komi"),
        ("KM[6,5]", "komi"),
        ("KM[1_5]", "komi"),
        ("KM[1e1]", "komi"),
        ("KM[nan]", "komi"),
        ("KM[375]", "komi"),
        ("KM[375]AP[GNU Go:3.8]", "komi"),
        ("KM[37500]AP[foxwq]", "komi"),
        ("KM[٧]", "komi"),
        ("CA[]", "encoding"),
        ("CA[klingon]", "encoding"),
        ("RE[Black wins]", "result"),
        ("RE[B+1_5]", "result"),
    ],
)
def test_an_odd_field_costs_itself_and_is_reported(tmp_path, header, odd):
    (game,), report = read(tmp_path, f"(;GM[1]SZ[9]{header};B[ee];W[dd])")
    assert game.points == [40, 30] and game.komi == 0 and game.score is None
    assert game.odd == [odd] and report.odd == {odd: 1} and str(report) == f"1 games; unclear: 1 {odd}"


def test_plain_fields_are_read_as_before():
    for text, komi in (("7", 7), (" 6.5 ", 6.5), ("-5", -5), ("+0.5", 0.5), ("0", 0)):
        assert sgf.parse_game(f"(;SZ[9]KM[{text}];B[ee])").komi == komi
    assert sgf.parse_game("(;SZ[9]RE[?];B[ee])").odd == sgf.parse_game("(;SZ[9]RE[Void];B[ee])").odd == []
    assert sgf.parse_game("(;B[ee])").odd == ["size"]  # 19 by the format's rule, and said


@pytest.mark.parametrize(
    ("text", "komi"),
    [("375", 7.5), ("325", 6.5), ("275", 5.5), ("350", 7), ("650", 6.5), ("750", 7.5), ("6.5", 6.5), ("0", 0)],
)
def test_the_server_fox_counts_komi_in_hundredths(text, komi):
    game = sgf.parse_game(f"(;GM[1]SZ[19]AP[foxwq]KM[{text}];B[ee];W[dd])")
    assert game.komi == pytest.approx(komi) and not game.odd


def test_characters_whose_second_byte_is_a_bracket():
    for encoding, text in (
        ("shift_jis", "表ソ十"),
        ("gb18030", "俓乗"),
        ("big5", "功許"),
        ("utf-16", "囲碁"),
        ("iso2022_jp", "表五"),
    ):
        record = f"(;CA[{encoding}]SZ[9]PB[{text}];B[ee]C[{text}])".encode(encoding)
        assert sgf.parse_game(record).points == [40], encoding
    two = "(;CA[gbk]SZ[9];B[ee]C[功])".encode("gbk") + "(;CA[utf-8]SZ[9];B[ee]C[囲碁])".encode()
    assert [sgf.parse_game(part).points for part in (two, two[two.index(b")") + 1 :])] == [[40], [40]]
    assert sgf.parse_game(b"\xef\xbb\xbf(;SZ[9];B[ee])").points == [40]
    assert sgf.parse_game("(;SZ[9]C[\ud800];B[ee])").points == [40]  # half a character


def test_long_numbers_in_a_comment_cost_nothing():
    game = sgf.parse_game(f"(;SZ[9]C[{'9' * 5000} random opening moves];B[ee])")
    assert game.opening == 0 and game.points == [40]


# ---------------------------------------------------------------------------------------------------------------------
# Damaged files


def some_games(count: int) -> list[str]:
    draw = random.Random(3)
    games = []
    for _ in range(count):
        points = draw.sample(range(81), 30)
        moves = "".join(f";{'BW'[i % 2]}[{'abcdefghi'[p % 9]}{'abcdefghi'[p // 9]}]" for i, p in enumerate(points))
        try:
            sgf.parse_game(f"(;SZ[9]{moves})")
        except sgf.BadGame:
            continue
        games.append(f"(;GM[1]SZ[9]{moves})")
    return games


GAMES = some_games(60)
TEXT = "\n".join(GAMES).encode()
PACKERS = {"games.sgf.gz": gzip.compress, "games.sgf.bz2": bz2.compress, "games.sgf.xz": lzma.compress}


def test_a_torn_file_gives_the_whole_games_before_the_tear(tmp_path):
    games, report = read(tmp_path, gzip.compress(TEXT)[:-1], "games.sgf.gz")
    assert [game.source for game in games] == GAMES
    (fault,) = report.faults
    assert fault.reason == "unreadable file" and fault.number == len(GAMES) + 1 and "cut off at byte" in str(fault)
    assert str(fault).startswith(f"games.sgf.gz, game {len(GAMES) + 1}: unreadable file: ")
    games, report = read(tmp_path, gzip.compress(TEXT)[:1500], "games.sgf.gz")
    assert 5 < len(games) < len(GAMES) and [game.source for game in games] == GAMES[: len(games)]
    assert report.skipped == {"unreadable file": 1} and report.faults[0].number == len(games) + 1


@pytest.mark.parametrize("name", PACKERS)
def test_changed_bytes_give_one_kind_of_error(tmp_path, name):
    packed, draw = PACKERS[name](TEXT), random.Random(5)
    for _ in range(60):
        data = bytearray(packed)
        for _ in range(3):
            data[draw.randrange(len(data))] = draw.randrange(256)
        games, report = read(tmp_path, bytes(data), name)
        assert len(games) == report.good
        if [game.source for game in games] != GAMES:
            assert report.skipped["unreadable file"] == 1 and report.faults[-1].file == name


def test_a_wrong_checksum_leaves_no_game_to_believe(tmp_path):
    packed = bytearray(gzip.compress(TEXT))
    packed[-6] ^= 1
    games, report = read(tmp_path, bytes(packed), "games.sgf.gz")
    assert not games and "checksum" in str(report.faults[0])


def test_a_member_of_a_zip_is_damaged_alone(tmp_path):
    draw, store = random.Random(7), io.BytesIO()
    with zipfile.ZipFile(store, "w", zipfile.ZIP_DEFLATED) as archive:
        for i, game in enumerate(GAMES):
            archive.writestr(f"{i}.sgf", game)
    for number in range(300):  # and the directory at the end more often than it would be hit
        data = bytearray(store.getvalue())
        for _ in range(3):
            data[draw.randrange(0 if number % 2 else data.index(b"PK\1\2"), len(data))] = draw.randrange(256)
        games, report = read(tmp_path, bytes(data), "games.zip")
        assert all(game.source in GAMES for game in games) and all(fault.file for fault in report.faults)
        assert len(games) == len(GAMES) or report.skipped


def test_a_damaged_member_gives_the_whole_games_before_the_damage(tmp_path):
    store = io.BytesIO()
    with zipfile.ZipFile(store, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("all.sgf", TEXT)
    most = 0
    for at in range(800, len(store.getvalue()) - 200, 40):
        data = bytearray(store.getvalue())
        data[at : at + 12] = b"\xff" * 12
        games, report = read(tmp_path, bytes(data), "games.zip")
        most = max(most, len(games))
        assert report.skipped["unreadable file"] == 1 and report.faults[-1].file == "games.zip/all.sgf"
        assert len([game for game in games if game.source not in GAMES]) <= 1
    assert most > len(GAMES) / 4


@pytest.mark.parametrize("ending", ["tar", "tar.gz", "tar.xz", "tar.bz2"])
def test_a_torn_tar_gives_its_whole_members(tmp_path, ending):
    store = io.BytesIO()
    with tarfile.open(fileobj=store, mode="w:" + ending[4:]) as archive:
        for i, game in enumerate(GAMES):
            member = tarfile.TarInfo(f"x/{i}.sgf")
            member.size = len(game)
            archive.addfile(member, io.BytesIO(game.encode()))
    whole = store.getvalue()
    games, report = read(tmp_path, whole, f"games.{ending}")
    assert len(games) == len(GAMES) and not report.skipped
    draw = random.Random(9)
    for _ in range(20):
        games, report = read(tmp_path, whole[: draw.randrange(1, len(whole) // 2)], f"games.{ending}")
        assert [game.source for game in games] == GAMES[: len(games)] and report.skipped == {"unreadable file": 1}
        data = bytearray(whole)
        for _ in range(3):
            data[draw.randrange(len(data))] ^= 1 + draw.randrange(255)
        games, report = read(tmp_path, bytes(data), f"games.{ending}")
        assert len(games) == report.good


def test_hostile_texts_take_no_time(tmp_path):
    started = time.process_time()
    for text in ("(;SZ[9];B[aa]", "(;GM[1]C[", "(;", "(;C[(;C[", "(;SZ[9](;W[aa]", "(;SZ[9])[", "((;B[aa]))", "x(;C["):
        read(tmp_path, text * 3_000)
    assert time.process_time() - started < 60  # work that grows with the square; a busy machine adds nothing to it


def test_games_made_in_the_course_are_read_back():
    for winner, score in ((BLACK, None), (WHITE, None), (WHITE, -0.5), (BLACK, 12.0), (0, 0.0), (None, None)):
        game = sgf.Game(9, [40, 81, 0], [BLACK, WHITE, WHITE], 6.5, winner, score, [1], [2], opening=2)
        again = sgf.parse_game(sgf.write_game(game, PW="a ] b"))
        again.source, again.odd = "", []
        assert again == game
    with pytest.raises(ValueError, match="komi"):
        sgf.write_game(sgf.Game(9, [40], [BLACK], 375.0))
