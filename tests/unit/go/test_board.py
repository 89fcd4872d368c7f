"""The compiled rules against the readable ones, against sgfmill, and on hand-made positions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sgfmill import boards

from utils.go import rules
from utils.go.board import Board, IllegalMove
from utils.go.position import HEAD, KO, LAST, LIBERTIES, META, RECENT, STONES, VACANCIES, is_eye, is_suicide, to_point
from utils.go.rollouts import play_out, random_move, seed_playouts
from utils.go.vertices import BLACK, EMPTY, MIN_SIZE, WHITE, action_of, sgf_point, vertex_of


def board_from(*rows: str, to_play: int = BLACK, komi: float = 0.0) -> Board:
    """A position from a drawing: X Black, O White."""
    size = len(rows)
    points = {mark: [i for i, c in enumerate("".join(rows)) if c == mark] for mark in "XO"}
    return Board(size, komi).set_up(points["X"], points["O"], to_play)


def played(board: Board, text: str) -> Board:
    for vertex in text.split():
        board.play(action_of(vertex, board.size))
    return board


@pytest.mark.parametrize("size", [2, 3, 4, 5, 7, 9])
def test_random_games_equal_the_readable_rules_and_sgfmill(size):
    rng = np.random.default_rng(size)
    for _ in range(max(2, 12 - size)):
        fast, slow, mill = Board(size, 0), rules.SlowBoard(size), boards.Board(size)
        for _ in range(3 * size * size):
            mask = fast.legal_mask()
            np.testing.assert_array_equal(mask, slow.legal_mask())
            moves = np.flatnonzero(mask[:-1])
            action = int(rng.choice(moves)) if len(moves) and rng.random() < 0.97 else size * size
            if action < size * size:
                mill.play(size - 1 - action // size, action % size, "bw"[fast.to_play - 1])
            fast.play(action)
            slow.play(action)
            np.testing.assert_array_equal(fast.stones, slow.stones)
            assert fast.score() == rules.area_score(slow.stones) == mill.area_score()
            if fast.is_over:
                break
        for row, column in np.ndindex(size, size):
            assert "-bw"[fast.stones[row, column]] == (mill.get(size - 1 - row, column) or "-")
            if fast.stones[row, column]:
                assert fast.liberties()[row, column] == rules.liberties(fast.stones, (row, column))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_incremental_tables_stay_consistent(seed):
    board = Board(5, 0)
    s, owner = board.s, np.empty(board.s.shape[1], np.int32)
    play_out(s, seed_playouts(seed), owner)
    stones, width = board.stones, 7
    assert s[META, VACANCIES] == (stones == EMPTY).sum()
    for row, column in zip(*np.nonzero(stones)):
        p = (row + 1) * width + column + 1
        chain, _ = rules.region(stones, (row, column))
        assert s[STONES, s[HEAD, p]] == len(chain)
        pairs = sum(stones[q] == EMPTY for stone in chain for q in rules.neighbours(stone, 5))
        assert s[LIBERTIES, s[HEAD, p]] == pairs > 0
    for row, column in np.ndindex(5, 5):  # who owns a point: its stone, or the only colour around its empty region
        region, border = rules.region(stones, (row, column))
        colors = {stones[q] for q in (border if stones[row, column] == EMPTY else region)}
        expected = colors.pop() if len(colors) == 1 else EMPTY
        assert owner[(row + 1) * width + column + 1] == expected


def test_hash_depends_on_the_stones_alone():
    one, other = played(Board(5), "A1 B2 C3"), played(Board(5), "C3 B2 A1")
    assert one.hash == other.hash != played(Board(5), "A1 C3 B2").hash
    assert Board(5).hash == 0


def test_capture_on_edge_and_corner():
    board = board_from("OX.", "O..", "...")
    board.play(action_of("B2", 3)).play(9)
    board.play(action_of("A1", 3))
    assert board.stones[0, 0] == board.stones[1, 0] == EMPTY
    board = played(board_from(".XOX.", ".....", ".....", ".....", "....."), "C4")
    assert board.stones[0, 2] == EMPTY and (board.stones == BLACK).sum() == 3


def test_simple_ko_is_forbidden_and_free_after_an_exchange():
    board = board_from(".XO..", "X.XO.", ".XO..", ".....", ".....", to_play=WHITE)
    board.play(action_of("B4", 5))  # takes one stone
    with pytest.raises(IllegalMove, match="superko"):
        board.play(action_of("C4", 5))
    board.play(action_of("E1", 5)).play(action_of("A1", 5))
    assert board.is_legal(action_of("C4", 5))


def test_superko_forbids_a_cycle_that_simple_ko_allows():
    # Sending two, returning one: after the pass Black's second stone would recreate an earlier position.
    board = Board(2, 0)
    board.play(action_of("A2", 2)).play(action_of("B2", 2)).play(action_of("A1", 2))
    position = board.stones.copy()
    seen, forbidden = {position.tobytes()}, False
    for _ in range(30):
        mask = board.legal_mask()
        moves = np.flatnonzero(mask[:-1])
        for action in np.flatnonzero((board.stones.ravel() == EMPTY) & ~mask[:-1]):
            p = to_point(2, int(action))
            forbidden |= p != board.s[META, KO] and not is_suicide(board.s, p, board.to_play)
        if not len(moves):
            board.play(4)
            if board.is_over:
                break
            continue
        board.play(int(moves[0]))
        assert board.stones.tobytes() not in seen
        seen.add(board.stones.tobytes())
    assert len(seen) > 3 and forbidden


def test_suicide_of_one_and_of_several_stones_is_forbidden():
    board = board_from(".O...", "O....", ".....", ".....", ".....")
    with pytest.raises(IllegalMove, match="suicide"):
        board.play(action_of("A5", 5))
    board = board_from("X.O..", "XOO..", "OO...", ".....", ".....")
    with pytest.raises(IllegalMove, match="suicide"):
        board.play(action_of("B5", 5))


def test_a_move_without_liberty_that_captures_is_no_suicide():
    board = board_from(".XO..", "XO...", "O....", ".....", ".....", to_play=WHITE)
    board.play(action_of("A5", 5))
    assert board.stones[0, 1] == board.stones[1, 0] == EMPTY


def test_snapback():
    board = board_from("..OX.", "OOOX.", "XXX..", ".....", ".....")
    board.play(action_of("A5", 5)).play(action_of("B5", 5))
    assert board.stones[0, 0] == EMPTY  # the thrown-in stone is gone ...
    board.play(action_of("A5", 5))  # ... and the same point takes five back, which no ko rule forbids
    assert (board.stones == WHITE).sum() == 0


def test_seki_is_counted_as_it_stands():
    board = board_from(".XO.O", "XXOOO", "XXXXX", "XXOXX", "X.OO.", komi=0)
    assert board.score() == rules.area_score(board.stones)


def test_two_passes_end_the_game_and_a_move_between_does_not():
    board = Board(5)
    assert not board.play(25).play(3).play(25).is_over
    assert board.play(25).is_over


def test_empty_board_belongs_to_nobody_and_one_stone_owns_all():
    assert Board(9, 7.0).score() == -7
    assert Board(9, 7.0).play(40).score() == 81 - 7


def test_errors_name_the_rule():
    with pytest.raises(ValueError, match="size"):
        Board(25)
    board = Board(9).play(0)
    for action, words in ((0, "occupied"), (99, "outside"), (-1, "outside")):
        with pytest.raises(IllegalMove, match=words):
            board.play(action)
    with pytest.raises(IllegalMove, match="without liberty"):
        board_from("XO", "O.").set_up([0], [1, 2, 3])


def test_copy_is_independent_and_colors_may_repeat():
    board = Board(5).play(0)
    copy = board.copy().play(1)
    assert board.moves == [0] and copy.moves == [0, 1] and board.stones[0, 1] == EMPTY
    copy.play(7, WHITE).play(8, WHITE)
    assert (copy.stones == WHITE).sum() == 3


def test_vertices_skip_the_letter_i_and_round_trip():
    assert vertex_of(8, 9) == "J9" and action_of("j9", 9) == 8 and action_of("PASS", 9) == 81
    assert all(action_of(vertex_of(a, 19), 19) == a for a in range(362))
    for bad in ("I5", "A0", "A10", "", "Z", "5A", "A-1", "A²"):
        with pytest.raises(ValueError):
            action_of(bad, 9)
    assert sgf_point(8, 9) == "ia" and sgf_point(9, 9) == "ab" and sgf_point(81, 9) == ""


def test_the_single_numbers_fit_the_smallest_board():
    assert LAST + RECENT <= (MIN_SIZE + 2) ** 2  # they share a row with tables of one entry a point


def test_position_prints_itself():
    text = str(Board(3, 0.5).play(4))
    assert "X" in text and "(X)" in text and "White (O) to play" in text


def test_eyes_need_safe_diagonals():
    board = board_from(".X...", "XX...", ".....", "...OX", "...X.")
    assert is_eye(board.s, to_point(5, 0), BLACK) and not is_eye(board.s, to_point(5, 24), BLACK)


def test_playouts_follow_the_seed_and_end_settled():
    board = Board(5, 0.5)
    first, again, other = board.playouts(200, 1), board.playouts(200, 1), board.playouts(200, 2)
    assert first[:2] == again[:2] != other[:2]
    assert 0.3 < first[0] < 0.9 and np.abs(first[2]).max() <= 1
    assert board.moves == [] and (board.stones == EMPTY).all()
    won = board_from("XX.XX", "XXXXX", ".XXXX", "XXXXX", "XXXX.", komi=0.5)
    assert won.playouts(50)[0] == 1.0


def test_random_move_is_uniform_over_what_is_allowed():
    board, rng = Board(3, 0), seed_playouts(3)
    drawn = [random_move(board.s, BLACK, rng) for _ in range(9000)]
    counts = np.array(list(np.unique(drawn, return_counts=True)[1]))
    assert len(counts) == 9 and (np.abs(counts - 1000) < 150).all()
