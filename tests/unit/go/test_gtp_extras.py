"""What front ends and referees ask of a Go program: handicap, dead stones, records, analysis, time, odd numbers."""

import io
import os
import queue
import random
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter

import pytest
from clock_11 import play_on_time

from utils.go import gtp_client, gtp_start, mcts, players, sgf
from utils.go.board import Board
from utils.go.gtp import AT_ONCE, Engine
from utils.go.gtp_clock import Clock
from utils.go.gtp_extras import free_handicap
from utils.go.gtp_views import chain_states
from utils.go.vertices import BLACK, WHITE, action_of

COMMAND = [sys.executable, "-m", "utils.go.gtp", "--network", "-", "--playouts", "40", "--size", "5", "--komi", "0.5"]
HAS_GNUGO = bool(shutil.which("gnugo") or shutil.which("gnugo", path="/usr/games"))


def engine(size=9, playouts=30):
    return Engine(players.SearchPlayer(mcts.no_network, mcts.rollout_settings(playouts)), size, 0.5)


def ask(one, *lines):
    return [one.handle(line) for line in lines][-1]


# ---------------------------------------------------------------------------------------------------------------------
# Handicap


@pytest.mark.parametrize(
    ("size", "stones", "answer"),
    [
        (19, 2, "D4 Q16"),
        (19, 5, "D4 Q16 D16 Q4 K10"),
        (19, 9, "D4 Q16 D16 Q4 D10 Q10 K4 K16 K10"),
        (13, 3, "D4 K10 D10"),
        (9, 2, "C3 G7"),
        (9, 7, "C3 G7 C7 G3 C5 G5 E5"),
        (8, 4, "C3 F6 C6 F3"),
    ],
)
def test_fixed_handicap_stands_as_the_protocol_says(size, stones, answer):
    one = engine(size)
    assert ask(one, f"fixed_handicap {stones}") == f"= {answer}\n\n"
    assert (one.board.stones == BLACK).sum() == stones and one.board.to_play == WHITE
    assert ask(one, "genmove w").startswith("= ") and ask(one, "undo") == "=\n\n"
    assert (one.board.stones == BLACK).sum() == stones and ask(one, "undo") == "? cannot undo\n\n"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["fixed_handicap 1"], "invalid number of stones"),
        (["fixed_handicap 10"], "invalid number of stones"),
        (["fixed_handicap two"], "number of stones not a number"),
        (["boardsize 8", "fixed_handicap 5"], "invalid number of stones"),
        (["boardsize 5", "fixed_handicap 2"], "invalid number of stones"),
        (["play b e5", "fixed_handicap 2"], "board not empty"),
        (["play b pass", "place_free_handicap 2"], "board not empty"),
        (["place_free_handicap 81"], "invalid number of stones"),
        (["set_free_handicap C3"], "bad vertex list"),
        (["set_free_handicap C3 C3"], "bad vertex list"),
        (["set_free_handicap C3 pass"], "bad vertex list"),
        (["set_free_handicap C3 Z9"], "invalid coordinate"),
        (["final_status_list"], "invalid status"),
        (["loadsgf"], "file name missing"),
        (["lz-analyze b fly 3"], "unknown argument fly"),
        (["kata-analyze interval nine"], "interval not a number"),
    ],
)
def test_what_cannot_be_is_refused(lines, message):
    one = engine()
    assert ask(one, *lines) == f"? {message}\n\n" and ask(one, "genmove w").startswith("= ")


def test_free_handicap_is_placed_on_any_board():
    for size in range(2, 20):
        for stones in (2, 4, 9, 13, 30):
            points = free_handicap(size, stones)
            assert 2 <= len(points) <= stones and len(set(points)) == len(points)
            Board(size).set_up(points, (), WHITE)
    one = engine()
    assert len(ask(one, "place_free_handicap 12").split()) == 13
    assert ask(one, "clear_board", "set_free_handicap C3 G7") == "=\n\n" and (one.board.stones == BLACK).sum() == 2


# ---------------------------------------------------------------------------------------------------------------------
# Dead stones and records

# White's corner stone at A1 is dead, so is Black's at J9; both walls live.
SETTLED = "B:D1 D2 D3 D4 D5 D6 D7 D8 D9 C5 W:E1 E2 E3 E4 E5 E6 E7 E8 E9 F5 W:A1 B:J9"


def test_dead_stones_are_listed():
    one = engine()
    for word in SETTLED.replace("W:", "w ").replace("B:", "b ").split():
        if word in ("b", "w"):
            color = word
        else:
            assert ask(one, f"play {color} {word}") == "=\n\n"
    dead = {tuple(line.split()) for line in ask(one, "final_status_list dead")[2:].strip().splitlines()}
    assert dead == {("A1",), ("J9",)}
    alive = ask(one, "play b pass", "play w pass", "final_status_list alive")
    assert alive.count("\n") == 3 and "D5" in alive and "E5" in alive
    assert ask(one, "final_status_list seki") == "=\n\n"
    assert sum(len(found) for found in chain_states(one.board).values()) == 4


def test_records_are_loaded_up_to_a_move(tmp_path):
    path = tmp_path / "a game.sgf"
    path.write_text(sgf.write_game(sgf.Game(5, [12, 6, 8], [BLACK, WHITE, BLACK], 3.5)))
    one = engine()
    assert ask(one, f"loadsgf {path}") == "=\n\n"
    assert one.board.moves == [12, 6, 8] and one.board.size == 5 and one.board.komi == 3.5
    assert ask(one, "undo") == "=\n\n" and one.board.moves == [12, 6]
    assert ask(one, f"loadsgf {path} 2") == "=\n\n" and one.board.moves == [12]
    before = one.board.copy()
    assert ask(one, f"loadsgf {tmp_path / 'none.sgf'}").startswith("? cannot load file: ")
    path.write_text("(;SZ[9];B[aa];W[aa])")
    assert (
        ask(one, f"loadsgf {path}")
        == "? cannot load file: illegal move: White cannot play A9: the point is occupied.\n\n"
    )
    assert one.board.moves == before.moves and one.board.size == 5


# ---------------------------------------------------------------------------------------------------------------------
# Analysis


def analysis(text: str) -> list[dict[str, str]]:
    found = []
    for part in text.split("info ")[1:]:
        head, line = part.split(" pv ")
        words = head.split()
        found.append(dict(zip(words[::2], words[1::2])) | {"pv": line.split(" ownership ")[0].strip()})
    return found


def test_analysis_in_both_dialects():
    one = engine()
    answer = ask(one, "play b e5", "3 lz-analyze w 10")
    assert answer.startswith("=3\ninfo move ") and answer.endswith("\n\n") and answer.count("\n\n") == 1
    best = analysis(answer)[0]
    assert best["order"] == "0" and best["pv"].split()[0] == best["move"] and int(best["visits"]) > 0
    assert 0 <= int(best["winrate"]) <= 10_000 and 0 <= int(best["prior"]) <= 10_000
    answer = ask(one, "kata-analyze interval 10 maxmoves 3 ownership true rootInfo true")
    found = analysis(answer)
    assert [row["order"] for row in found] == ["0", "1", "2"] and all(0 <= float(row["winrate"]) <= 1 for row in found)
    assert len(answer.split(" ownership ")[1].split()) == 81
    assert one.board.moves == [40] and ask(one, "genmove w").startswith("= ")
    assert ask(Engine(players.RandomPlayer(), 5), "lz-analyze 10") == "? no search to analyze with\n\n"


class Lines:
    """Standard input that a test writes line by line."""

    def __init__(self):
        self.queue = queue.SimpleQueue()

    def readline(self):
        return self.queue.get()


def test_the_next_command_ends_an_analysis():
    one, source, sink = engine(), Lines(), io.StringIO()
    server = threading.Thread(target=one.serve, args=(source, sink))
    server.start()
    source.queue.put("1 lz-analyze 5\n")
    ends = time.perf_counter() + 60
    while sink.getvalue().count("\n") < 4 and time.perf_counter() < ends:
        time.sleep(0.02)
    source.queue.put("2 name\n")
    while "=2 " not in sink.getvalue() and time.perf_counter() < ends:
        time.sleep(0.01)
    assert "=2 " in sink.getvalue()  # an analysis has no end of its own
    source.queue.put("3 kata-analyze 5\n")
    source.queue.put("")
    server.join(60)
    first, second, third, *rest = sink.getvalue().split("\n\n")
    visits = [sum(int(row["visits"]) for row in analysis(line)) for line in first.splitlines()[1:]]
    assert visits == sorted(visits) and visits[-1] > visits[0]  # the same search goes on
    assert second == "=2 From Lego to Go" and third.startswith("=3\ninfo move") and rest == [""]


# ---------------------------------------------------------------------------------------------------------------------
# Time


def test_clock_spends_less_than_it_has():
    assert Clock(0, 1, 0).budget(9, 0) is None
    assert 0 < Clock(60, 0, 0).budget(9, 0) < 60 / 10
    clock = Clock(0, 30, 5)
    assert clock.budget(9, 0) == pytest.approx(0.9 * 6)
    clock.left = 0.0
    assert clock.budget(9, 0) <= 0.05


@pytest.mark.parametrize("overhead", [0.0, 0.05, 0.2])
@pytest.mark.parametrize("main", [5.0, 10.0, 60.0])
def test_sudden_death_lasts_for_long_games(main, overhead):
    for size in (9, 13, 19):
        clock, margin = Clock(main, 0, 0), 0.05
        for move in range(int(0.35 * size**2)):
            budget = clock.budget(size, 2 * move, margin)
            clock.spend(budget + overhead)
            margin = max(0.05, overhead)
        assert clock.left > 0 or main < 0.35 * size**2 * (overhead + 0.02), (size, main, overhead)


def test_overtime_is_counted_by_itself():
    clock = Clock(10, 30, 3)
    clock.spend(8)
    assert (clock.left, clock.stones_left) == (2, 0)
    clock.spend(5)  # three seconds into the period, its first stone played
    assert (clock.left, clock.stones_left) == (27, 2)
    clock.spend(1)
    clock.spend(1)
    assert (clock.left, clock.stones_left) == (30, 3)  # all three played: the next period


class Slow(players.Player):
    """Takes what it is given and a little more."""

    seconds = None

    def __init__(self):
        self.given, self.warmed = [], []

    def warm(self, size, komi):
        self.warmed.append(size)

    def choose(self, board):
        self.given.append(self.seconds)
        time.sleep(0.03)
        return board.pass_action


def test_the_engine_keeps_its_own_clock():
    one = Engine(Slow(), 9)
    ask(one, "time_settings 5 0 0", *["genmove b"] * 20)
    assert one.player.warmed == [9] and one.clocks[BLACK].left < 5 - 20 * 0.03 and one.clocks[WHITE].left == 5
    assert sum(one.player.given) < 5
    ask(one, "time_left b 1 0", "genmove b")
    spent = one.player.given[-1]
    ask(one, "clear_board", "genmove b")  # a new game has all its time
    assert one.clocks[BLACK].left > 3 and one.player.given[-1] > spent
    ask(one, "boardsize 13")
    assert one.player.warmed[-1] == 13
    ask(one, "reg_genmove b")
    assert one.clocks[BLACK].left == 5


def test_a_search_is_warm_before_its_first_move():
    player = players.SearchPlayer(mcts.no_network, mcts.rollout_settings(50))
    one = Engine(player, 5, 0.5)
    ask(one, "time_settings 1 0 0")
    assert player._warm_sizes == {5}
    ask(one, "genmove b")
    assert one.clocks[BLACK].left < 1 and one.clocks[WHITE].left == 1


# ---------------------------------------------------------------------------------------------------------------------
# While the player loads


def test_who_it_is_is_told_while_the_player_loads():
    gate = threading.Event()

    def loading():
        gate.wait(60)
        return players.RandomPlayer()

    one = Engine(None, 5, 0.5, loading=loading)
    assert set(AT_ONCE) <= set(one.commands)
    for line in ("name", "version", "protocol_version", "list_commands", "known_command play"):
        assert ask(one, line).startswith("= ")
    assert ask(one, "boardsize 7", "play b c3", "showboard").startswith("=")
    assert one.player is None
    gate.set()
    assert ask(one, "genmove w").startswith("= ") and one.board.size == 7


def test_a_network_that_is_not_there_is_named():
    command = [*COMMAND[:3], "--network", "no_such_network"]
    done = subprocess.run(command, input=b"name\ngenmove b\n", capture_output=True, timeout=240, check=False)
    assert done.returncode == 1 and done.stdout.startswith(b"= From Lego to Go\n\n")
    last = done.stderr.decode().strip().splitlines()[-1]
    assert "no_such_network" in last and "Traceback" not in done.stderr.decode()


@pytest.mark.parametrize(
    "words", ["--komi nan", "--size 30", "--size 1_9", "--playouts -3", "--mixing 2", "--komi inf", "--seconds 0"]
)
def test_options_that_make_no_sense_are_refused(words, capsys):
    with pytest.raises(SystemExit) as error:
        gtp_start.parse(words.split())
    assert error.value.code == 2 and "is no number from" in capsys.readouterr().err


# ---------------------------------------------------------------------------------------------------------------------
# Numbers and hostile lines


@pytest.mark.parametrize(
    ("line", "start"),
    [
        ("boardsize 1_9", "? boardsize not a number"),
        ("boardsize ９", "? boardsize not a number"),
        ("boardsize +9", "? boardsize not a number"),
        ("komi 1_0", "? komi not a number"),
        ("komi inf", "? komi not a number"),
        ("komi 1e1", "? komi not a number"),
        ("komi " + "9" * 400, "? komi out of range"),
        ("play b ſ5", "? invalid coordinate"),
        ("play b C３", "? invalid coordinate"),
        ("2147483648 name", "=2147483648 From"),
        ("99999999999 name", "=99999999999 From"),
        ("99999999999 fly", "?99999999999 unknown command"),
        ("１ name", "? unknown command"),
    ],
)
def test_numbers_are_those_of_the_protocol(line, start):
    assert ask(engine(), line).startswith(start)


COMMANDS = "fixed_handicap place_free_handicap set_free_handicap final_status_list loadsgf lz-analyze kata-analyze"
WORDS = (
    "play genmove boardsize komi b w c3 A1 pass 9 -1 99999999999999 1e400 undo time_left # \x00 fly 1_9 ９ 2 3 0.5 / "
    "time_settings dead seki alive interval ownership true reg_genmove clear_board showboard known_command "
    "list_commands lego-describe"
)
WORDS = [*COMMANDS.split(), *WORDS.split(" ")]


PLAUSIBLE = """
play b C3 | play w D4 | play b pass | play w A1 | genmove b | genmove w | undo | boardsize 5 | boardsize 9 | clear_board
komi 0.5 | time_settings 10 5 3 | time_settings 0 1 0 | time_left b 3 0 | time_left w 5 2 | fixed_handicap 2
place_free_handicap 3 | set_free_handicap B2 D4 | final_status_list dead | final_score | reg_genmove w
lz-analyze b 1 | kata-analyze 1 ownership true | loadsgf /dev/zero
"""
PLAUSIBLE = [line.strip() for line in PLAUSIBLE.replace("|", "\n").splitlines() if line]


def hostile(count: int) -> Counter:
    """Answer so many lines: words at random, and commands with and without a letter changed."""
    draw, marks = random.Random(1), Counter()
    one = Engine(players.SearchPlayer(mcts.no_network, mcts.rollout_settings(2)), 5, 0.5)
    for number in range(count):
        if draw.random() < 0.5:
            line = draw.choice(PLAUSIBLE)
            if draw.random() < 0.4:
                at = draw.randrange(len(line))
                line = line[:at] + chr(draw.choice((draw.randrange(128), draw.randrange(0x3000)))) + line[at + 1 :]
        else:
            words = [draw.choice(WORDS) for _ in range(draw.randrange(6))]
            if draw.random() < 0.3:
                words.append("".join(chr(draw.choice((draw.randrange(256), draw.randrange(0x3000)))) for _ in range(8)))
            line = " ".join(words)
        answer = one.handle(line)
        assert answer is None or (answer[0] in "=?" and answer.endswith("\n\n") and "\n\n" not in answer[:-2]), line
        assert "internal error" not in (answer or ""), (line, answer)
        marks[answer[0] if answer else ""] += 1
        if one.board.size > 9 or number % 200 == 0:
            one.handle("boardsize 5")
    assert ask(one, "clear_board", "genmove b").startswith("= ") and marks["="] > count / 5
    return marks


def test_hostile_lines_get_one_answer_each():
    marks = hostile(1000)
    assert sum(marks.values()) == 1000 and marks["?"] > 300, marks


@pytest.mark.full
def test_very_many_hostile_lines_get_one_answer_each():
    marks = hostile(10_000)
    assert sum(marks.values()) == 10_000 and marks["?"] > 3_000, marks


# ---------------------------------------------------------------------------------------------------------------------
# Our own client


def script(tmp_path, text: str) -> list[str]:
    path = tmp_path / "program.py"
    path.write_text(text)
    return [sys.executable, str(path)]


def test_a_silent_program_is_given_up(tmp_path):
    program = gtp_client.Program(script(tmp_path, "import time\ntime.sleep(600)"), patience=1.0)
    with pytest.raises(gtp_client.ProgramError, match="has not answered 'name' for 1 seconds"):
        program.send("name")
    program.close()
    assert program.process.returncode != 0  # killed: it would have slept for ten minutes


def test_what_no_program_answers_is_not_sent(tmp_path):
    with gtp_client.Program(
        script(tmp_path, "import sys\nfor line in sys.stdin: print('= yes\\n', flush=True)")
    ) as one:
        for line in ("", "  ", "# a comment", "name\nname"):
            with pytest.raises(ValueError, match="not one command"):
                one.send(line)
        assert one.send("name # who") == "yes"


def test_another_encoding_and_idle_talk_are_no_reason_to_stop(tmp_path):
    text = (
        "import sys\nfor line in sys.stdin:\n  sys.stdout.buffer.write(b'hello\\n\\n= caf\\xe9\\r\\n\\r\\n')\n"
        "  sys.stdout.flush()\n  if 'quit' in line: break"
    )
    with gtp_client.Program(script(tmp_path, text), patience=30) as one:
        assert one.send("name").startswith("caf") and one.send("name").startswith("caf")


def test_an_answer_that_is_no_move_is_an_error(tmp_path):
    text = "import sys\nfor line in sys.stdin: print('= Z99\\n' if 'genmove' in line else '=\\n', flush=True)"
    player = gtp_client.ProgramPlayer(script(tmp_path, text), "odd")
    player.start(5, 0.5, 1)
    with pytest.raises(gtp_client.ProgramError, match="z99"):
        player.choose(Board(5))
    player.close()


def test_the_other_side_may_go_at_any_time():
    process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdin.write(b"1 name\n2 lz-analyze 1\n")
    process.stdin.flush()
    assert process.stdout.readline() == b"=1 From Lego to Go\n"
    process.stdout.close()
    process.stdin.close()
    assert process.wait(120) in (0, 1) and b"Traceback" not in process.stderr.read()
    assert action_of("C3", 5) == 12 and os.path.exists(sys.executable)


@pytest.mark.full  # seconds on a busy machine are no matter for every run
@pytest.mark.skipif(not HAS_GNUGO, reason="gnugo is not installed")
@pytest.mark.parametrize("seconds", [3.0, 10.0])
def test_a_game_of_few_seconds_is_finished_in_time(seconds):
    game = play_on_time(0, 9, seconds, ["--network", "-"])
    assert game["seconds"] < seconds and game["end"] in ("pass", "resign"), game


@pytest.mark.skipif(not HAS_GNUGO, reason="gnugo is not installed")
def test_a_handicap_game_with_undo_before_a_referee():
    command = ["gnugo", "--mode", "gtp", "--chinese-rules", "--never-resign", "--level", "1", "--seed", "3"]
    with gtp_client.Program(COMMAND) as ours, gtp_client.Program(command) as theirs:
        for program in (ours, theirs):
            program.start_game(9, 0.5)
        assert set(ours.send("fixed_handicap 3").split()) == set(theirs.send("fixed_handicap 3").split())
        for move in range(30):
            mover, other = (ours, theirs) if move % 2 == 0 else (theirs, ours)
            vertex = mover.send(f"genmove {'wb'[move % 2]}")
            if vertex.lower() == "resign":
                break
            other.send(f"play {'wb'[move % 2]} {vertex}")
            if move in (9, 19):
                for program in (ours, theirs):
                    program.send("undo")
                    program.send("undo")
            rows = [line for line in ours.send("showboard").splitlines() if line.strip()[:1].isdigit()]
            assert [sum(row.count(mark) for row in rows) for mark in "XO"] == [
                len(theirs.send(f"list_stones {name}").split()) for name in ("black", "white")
            ]
