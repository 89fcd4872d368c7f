"""The fast rollout policy: it sees captures, rescues and shapes, and its games say more than random ones."""

import numpy as np
import pytest

from utils.go import arena, mcts, players, rollouts
from utils.go.board import Board
from utils.go.position import EDGE, KO, META, to_action, to_point
from utils.go.rollouts import SCRATCH, seed_playouts
from utils.go.vertices import BLACK, EMPTY, WHITE, action_of


def reply(board: Board, last: str, seed: int = 0) -> str | None:
    """The fast policy's answer to the stone at ``last``, as a vertex; None if it would play at random."""
    found = np.empty(SCRATCH, np.int32)
    point = to_point(board.size, action_of(last, board.size))
    p = rollouts.reply(board.s.copy(), point, board.to_play, seed_playouts(seed), found)
    return None if p == 0 else arena.vertex_of(to_action(board.size, p), board.size)


def position(size: int, black: str, white: str, to_play: int = BLACK) -> Board:
    stones = ([action_of(v, size) for v in text.split()] for text in (black, white))
    return Board(size, 0.5).set_up(*stones, to_play=to_play)


def test_a_chain_left_in_atari_is_captured():
    board = position(5, "B3 C4 D3", "C3")
    assert {reply(board, "C3", seed) for seed in range(10)} == {"C2"}


def test_an_own_chain_in_atari_runs_if_that_helps():
    board = position(7, "D4", "C4 D5 E4")
    assert {reply(board, "E4", seed) for seed in range(10)} == {"D3"}


def test_an_attacker_may_be_captured_instead():
    board = position(7, "D4 B4 C5", "C4 D5 E4")  # C4's last liberty is C3
    assert {reply(board, "E4", seed) for seed in range(20)} == {"D3", "C3"}


def test_no_running_where_running_is_too_late():
    lost = position(5, "A1", "B1 A3 B2")
    assert "A2" not in {reply(lost, "B1", seed) for seed in range(10)}
    joined = position(5, "A1 B2", "B1 A3")
    assert {reply(joined, "B1", seed) for seed in range(10)} >= {"A2"}


def test_shapes_are_closed_under_symmetry_and_colours():
    empty = (EMPTY,) * 8
    assert not rollouts.SHAPE[rollouts.shape_code(empty)]
    hane = [BLACK, WHITE, BLACK, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY]
    assert rollouts.SHAPE[rollouts.shape_code(tuple(hane))]
    assert rollouts.SHAPE[rollouts.shape_code(tuple(reversed(hane)))]
    swapped = [{BLACK: WHITE, WHITE: BLACK}.get(color, color) for color in hane]
    assert rollouts.SHAPE[rollouts.shape_code(tuple(swapped))]
    assert 0.05 < rollouts.SHAPE.mean() < 0.5


@pytest.mark.parametrize("name", list(rollouts.SHAPES))
def test_every_shape_is_found_on_a_board(name):
    """Each shape is laid on the board (the edge where it wants one), and the compiled test finds it."""
    letters = list(rollouts.SHAPES[name])
    color = {"X": BLACK, "O": WHITE}
    rows = "321" if "#" not in letters else "210"
    black, white = [], []
    for letter, (row, column) in zip(letters, [(r, c) for r in rows for c in "CDE"]):
        if letter in color:
            (black if letter == "X" else white).append(f"{column}{row}")
    board = position(7, " ".join(black), " ".join(white))
    centre = to_point(7, action_of("D2" if rows == "321" else "D1", 7))
    if all(letter not in "xo?" for letter in letters) or rollouts.matches_shape(board.s, centre):
        assert rollouts.matches_shape(board.s, centre)
    else:
        pytest.fail(f"{name}: not found with its free points empty")


def test_every_move_of_a_fast_game_is_legal():
    rng, found = seed_playouts(3), np.empty(SCRATCH, np.int32)
    checked = 0
    for seed in range(30):
        board, draw = Board(7, 0.5), np.random.default_rng(seed)
        for _ in range(40):
            last = to_point(7, board.moves[-1]) if board.moves else 0
            p = rollouts.reply(board.s.copy(), last, board.to_play, rng, found) if last else 0
            if p:
                assert board.is_legal(to_action(7, p)) or board.s[META, KO] == 0  # superko alone may forbid it
                checked += 1
            choices = np.flatnonzero(board.legal_mask()[:-1])
            board.play(int(draw.choice(choices)) if len(choices) else board.pass_action)
            if board.is_over:
                break
    assert checked > 200


def test_fast_games_fill_the_board_and_are_a_function_of_the_seed():
    board = Board(9, 7.0)
    scores = []
    for seed in (5, 5, 6):
        owner, state = np.empty(board.s.shape[1], np.int32), board.s.copy()
        scores.append(rollouts.play_out(state, seed_playouts(seed), owner, True))
        inside = owner[[to_point(9, a) for a in range(81)]]
        assert (inside == EMPTY).sum() <= 3 and EDGE not in inside
    assert scores[0] == scores[1]


def test_a_search_with_fast_games_beats_one_with_random_games():
    same = {"playouts": 150, "batch": 1, "exploration": 1.0, "reduction": 0.0, "mixing": 1.0}
    fast = players.SearchPlayer(mcts.no_network, mcts.SearchSettings(**same, tactics=True), "fast")
    plain = players.SearchPlayer(mcts.no_network, mcts.SearchSettings(**same), "random")
    report = arena.summary(arena.match(fast, plain, 20, size=7, komi=9.0, seed=1), "fast")
    assert report["win_rate"] >= 0.6
