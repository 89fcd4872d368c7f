"""The Go Text Protocol: every mandatory command, hostile input, time, and a real program on the other end."""

import io
import shutil
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.go import arena, gtp_client, mcts, players
from utils.go.gtp import Engine
from utils.go.vertices import BLACK, WHITE, action_of


def engine(size=5):
    return Engine(players.RandomPlayer(), size, 0.5)


def ask(one, *lines):
    return [one.handle(line) for line in lines][-1]


def test_mandatory_commands_are_there():
    one = engine()
    listed = ask(one, "list_commands")[2:].split()
    mandatory = "protocol_version name version known_command list_commands quit boardsize clear_board komi play genmove"
    assert set(mandatory.split()) <= set(listed)
    assert "kgs-genmove_cleanup" in listed and ask(one, "known_command play") == "= true\n\n"
    assert ask(one, "known_command fly") == "= false\n\n" and ask(one, "protocol_version") == "= 2\n\n"


def test_ids_comments_tabs_and_control_characters():
    one = engine()
    assert ask(one, "17 name # who are you") == "=17 From Lego to Go\n\n"
    assert ask(one, "3\tplay\tblack \x07 c3\r\n") == "=3\n\n"
    assert ask(one, "# only a comment") is None and ask(one, "   ") is None
    assert ask(one, "5").startswith("?5") and ask(one, "fly").startswith("? unknown command")


def test_a_game_with_undo_score_and_colors_out_of_turn():
    one = engine()
    assert ask(one, "play b c3", "play B d4", "play white pass") == "=\n\n"
    assert (one.board.stones == BLACK).sum() == 2
    assert ask(one, "final_score") == "= B+24.5\n\n"
    assert ask(one, "undo", "undo") == "=\n\n" and (one.board.stones == BLACK).sum() == 1
    assert ask(one, "undo", "undo") == "? cannot undo\n\n"
    assert "X" in ask(one, "play b a1", "showboard")
    vertex = ask(one, "genmove w")[2:].strip()
    assert action_of(vertex, 5) == 25 or (one.board.stones == WHITE).sum() == 1


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["play b z9"], "invalid coordinate"),
        (["play green c3"], "invalid color"),
        (["play b"], "vertex missing"),
        (["play b c3", "play w c3"], "illegal move"),
        (["boardsize 99"], "unacceptable size"),
        (["boardsize"], "boardsize missing"),
        (["boardsize nine"], "boardsize not a number"),
        (["komi nan"], "komi not a number"),
        (["komi 1e99"], "komi not a number"),
        (["time_settings 1 2"], "number missing"),
        (["time_settings -1 2 3"], "times cannot be negative"),
        (["genmove"], "invalid color"),
        (["play b i5"], "invalid coordinate"),
    ],
)
def test_mistakes_are_refused_and_the_game_goes_on(lines, message):
    one = engine()
    assert ask(one, *lines) == f"? {message}\n\n"
    assert ask(one, "genmove b").startswith("=") and one.running


def test_an_illegal_move_changes_nothing():
    one = engine()
    ask(one, "play b c3")
    before = one.board.copy()
    ask(one, "play b c3")
    assert one.board.to_play == before.to_play and (one.board.stones == before.stones).all()


WORDS = "play genmove boardsize komi b w c3 A1 pass 9 -1 99999999999999 1e400 undo time_left time_settings # \x00 fly"


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=40) | st.builds(" ".join, st.lists(st.sampled_from(WORDS.split(" ")), max_size=5)))
def test_any_line_gets_an_answer_in_form(line):
    one = ENGINE
    answer = one.handle(line)
    assert answer is None or (answer[0] in "=?" and answer.endswith("\n\n") and "\n\n" not in answer[:-2])
    assert "internal error" not in (answer or "")


ENGINE = engine()


def test_serving_ends_with_quit_or_the_input():
    for text in ("name\nquit\nname\n", "name\n"):
        sink = io.StringIO()
        engine().serve(io.StringIO(text), sink)
        assert sink.getvalue().count("From Lego") == 1


def test_time_left_reaches_the_player():
    player = players.SearchPlayer(mcts.no_network, mcts.rollout_settings(50))
    one = Engine(player, 5, 0.5)
    ask(one, "time_settings 10 0 0", "time_left b 5 0", "genmove b")
    assert 0 < player.seconds < 0.5
    ask(one, "time_settings 0 1 0", "genmove w")
    assert player.seconds is None


def test_reg_genmove_leaves_the_board_alone():
    one = engine()
    assert ask(one, "reg_genmove b").startswith("= ") and not one.board.stones.any() and not one.history


def test_a_move_asked_for_after_two_passes_goes_on():
    one = Engine(players.SearchPlayer(mcts.no_network, mcts.rollout_settings(30)), 5, 0.5)
    ask(one, "play b c3", "play w pass", "play b pass")
    assert one.board.is_over
    assert ask(one, "kgs-genmove_cleanup w").startswith("= ") and not one.board.is_over


def test_the_latest_search_can_be_asked_for():
    one = Engine(players.SearchPlayer(mcts.no_network, mcts.rollout_settings(30)), 5, 0.5)
    assert "lego-describe" in ask(one, "list_commands").split()
    assert ask(one, "lego-describe").startswith("? no search")
    move = ask(one, "genmove b").split()[1]
    answer = ask(one, "lego-describe")
    lines = answer.splitlines()
    assert lines[1].startswith("30 simulations, value") and lines[3].split()[0] == lines[3].split()[4] == move
    assert answer.count("\n\n") == 1 and answer.endswith("\n\n")  # the protocol ends an answer with an empty line
    assert ask(Engine(players.RandomPlayer(), 5), "lego-describe").startswith("? no search")


def test_a_missing_program_is_named():
    with pytest.raises(gtp_client.ProgramError, match="no-such-program"):
        gtp_client.Program(["no-such-program"])


COMMAND = [sys.executable, "-m", "utils.go.gtp", "--network", "-", "--playouts", "60", "--size", "5", "--komi", "0.5"]
HAS_GNUGO = bool(shutil.which("gnugo") or shutil.which("gnugo", path="/usr/games"))


def test_the_program_survives_garbage_on_its_input():
    lines = [b"1 name", b"\xff\xfe\x80 \x00", "€ 中".encode(), b"9" * 5000, b"play b " + b"A" * 3000]
    lines += [b"2 genmove b", b"3 quit"]
    done = subprocess.run(COMMAND, input=b"\n".join(lines) + b"\n", capture_output=True, timeout=240, check=True)
    answers = [block for block in done.stdout.decode().split("\n\n") if block]
    assert answers[0] == "=1 From Lego to Go" and answers[-2].startswith("=2 ") and answers[-1].startswith("=3")
    assert all(answer[0] in "=?" for answer in answers) and len(answers) == 7


@pytest.mark.skipif(not HAS_GNUGO, reason="gnugo is not installed")
def test_a_game_against_gnugo():
    gnugo, mine = gtp_client.gnugo(1), gtp_client.ProgramPlayer(COMMAND, "our own program")
    result = arena.play_game(mine, gnugo, size=5, komi=0.5, seed=3)
    for player in (gnugo, mine):
        player.close()
    assert result.end in ("passes", "resigned") and len(result.moves.split()) > 5
