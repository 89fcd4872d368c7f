"""Input planes, ladders and the eight symmetries."""

import numpy as np
import pytest

from utils.go import features, rules
from utils.go.board import Board
from utils.go.features import PLANES, captured_in_ladder, planes_of, symmetries, transform, transform_policy
from utils.go.position import COLOR, HEAD, KO, META, TO_PLAY, place, to_point
from utils.go.vertices import BLACK, WHITE, action_of

INDEX = {name: i for i, name in enumerate(PLANES)}


def random_boards(count, size=7, seed=0, moves=25):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        board = Board(size)
        for _ in range(int(rng.integers(0, moves))):
            mask = board.legal_mask()
            mask[-1] = False
            if mask.any():
                board.play(int(rng.choice(np.flatnonzero(mask))))
        yield board


def test_planes_say_what_their_names_say():
    for board in random_boards(25):
        planes, me = planes_of(board), board.to_play
        assert set(np.unique(planes)) <= {0.0, 1.0}
        np.testing.assert_array_equal(planes[..., INDEX["own stones"]], board.stones == me)
        np.testing.assert_array_equal(planes[..., INDEX["their stones"]], board.stones == 3 - me)
        np.testing.assert_array_equal(planes[..., :3].sum(-1), 1)
        assert (planes[..., INDEX["black to play"]] == (me == BLACK)).all()
        libs = board.liberties()
        for count, name in ((1, "1 liberty"), (2, "2 liberties"), (3, "3 liberties")):
            np.testing.assert_array_equal(planes[..., INDEX[name]], libs == count)
        np.testing.assert_array_equal(planes[..., INDEX["4 or more liberties"]], libs >= 4)
        for back, action in enumerate(reversed(board.moves[-5:]), start=1):
            assert planes[..., INDEX[f"move {back} ago"]].ravel()[action] == 1


def test_consequences_equal_the_readable_rules():
    for board in random_boards(15, seed=1):
        planes, legal, me = planes_of(board), board.legal_mask(), board.to_play
        for action in np.flatnonzero(~legal[:-1]):
            assert planes.reshape(49, -1)[action, INDEX["captures 1"] : INDEX["captures in a ladder"]].sum() == 0
        for action in np.flatnonzero(legal[:-1]):
            point = divmod(int(action), 7)
            after = rules.after_move(board.stones, point, me)
            row = planes[point]
            taken = int((board.stones == 3 - me).sum() - (after == 3 - me).sum())
            names = ["captures 1", "captures 2", "captures 3 or more"]
            assert [row[INDEX[n]] for n in names] == [taken == 1, taken == 2, taken > 2]
            libs, chain = rules.liberties(after, point), len(rules.region(after, point)[0])
            assert row[INDEX["1 liberty after"] : INDEX["1 liberty after"] + 4].argmax() == min(libs, 4) - 1
            assert row[INDEX["self-atari of 1"]] == (libs == 1 and chain == 1)
            assert row[INDEX["self-atari of 3 or more"]] == (libs == 1 and chain > 2)


def ladder_by_recursion(board: Board, p: int, defending: bool) -> bool:
    """The ladder's definition, with boards and recursion."""
    owner = int(board.s[COLOR, p])
    point = (p // (board.size + 2) - 1, p % (board.size + 2) - 1)
    border = rules.region(board.stones, point)[1]
    libs = [q for q in border if board.stones[q] == 0]
    mover = owner if defending else 3 - owner
    if defending:
        if len(libs) > 1:
            return False
        for q in border:
            if board.stones[q] == 3 - owner and rules.liberties(board.stones, q) == 1:
                libs += [r for r in rules.region(board.stones, q)[1] if board.stones[r] == 0]
    elif len(libs) != 2:
        return len(libs) < 2
    for q in set(libs):
        copy = board.copy()
        copy.s[META, TO_PLAY] = mover
        after = rules.after_move(copy.stones, q, mover)
        if after is None or to_point(board.size, q[0] * board.size + q[1]) == copy.s[META, KO]:
            continue
        place(copy.s, to_point(board.size, q[0] * board.size + q[1]), mover)
        if ladder_by_recursion(copy, p, not defending) != defending:
            return not defending
    return defending


def test_ladders_equal_the_plain_recursion():
    checked = 0
    for board in random_boards(60, size=7, seed=2, moves=22):
        for action in np.flatnonzero(board.stones):
            p = to_point(7, int(action))
            libs = rules.liberties(board.stones, divmod(int(action), 7))
            if board.s[HEAD, p] == p and libs in (1, 2):
                assert captured_in_ladder(board.s, p, libs == 1) == ladder_by_recursion(board, p, libs == 1)
                checked += 1
    assert checked > 100


def test_a_ladder_runs_to_the_edge_unless_a_stone_waits():
    stones = {"black": "D6 E7 F6 E5", "white": "E6"}
    points = {color: [action_of(v, 9) for v in text.split()] for color, text in stones.items()}
    board = Board(9).set_up([a for a in points["black"] if a != action_of("F6", 9)], points["white"], BLACK)
    free = planes_of(board)[..., INDEX["captures in a ladder"]]
    assert free.sum() == 0  # White has one liberty: that is a capture, not a ladder
    board = Board(9).set_up([action_of(v, 9) for v in ("D6", "E7", "D5")], [action_of("E6", 9)], BLACK)
    working = planes_of(board)[..., INDEX["captures in a ladder"]]
    broken = Board(9).set_up(
        [action_of(v, 9) for v in ("D6", "E7", "D5")], [action_of(v, 9) for v in ("E6", "G3", "H6", "F3")], BLACK
    )
    assert working.sum() >= 1
    assert planes_of(broken)[..., INDEX["captures in a ladder"]].sum() < working.sum()


@pytest.mark.parametrize("size", [3, 9])
def test_symmetries_are_eight_different_permutations_that_keep_the_pass(size):
    table = symmetries(size)
    assert len({tuple(row) for row in table}) == 8 and (table[:, -1] == size * size).all()
    assert all(sorted(row) == list(range(size * size + 1)) for row in table)


def test_a_turned_game_has_turned_planes_and_turning_back_undoes():
    rng = np.random.default_rng(3)
    actions, board = [], Board(5)
    for _ in range(14):
        mask = board.legal_mask()
        mask[-1] = False
        actions.append(int(rng.choice(np.flatnonzero(mask))))
        board.play(actions[-1])
    for k in range(8):
        turned = Board(5)
        for action in actions:
            turned.play(int(symmetries(5)[k, action]))
        np.testing.assert_array_equal(transform(planes_of(board)[None], np.array([k]))[0], planes_of(turned))
    policy, k = rng.random((8, 26)), np.arange(8)
    np.testing.assert_array_equal(transform_policy(transform_policy(policy, k), k, back=True), policy)


def test_raw_planes_are_the_first_ones():
    assert tuple(range(10)) == features.RAW and "liberty" not in " ".join(PLANES[i] for i in features.RAW)
    assert WHITE == 2
