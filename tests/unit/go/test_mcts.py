"""The search: readable against compiled, batches, reuse, and positions whose answer is known."""

import numpy as np
import pytest

from utils.go.batch import Games, play_policies, sample
from utils.go.board import Board
from utils.go.lecture_search import LectureSearch
from utils.go.mcts import Forest, SearchSettings, joined, no_network, rollout_settings
from utils.go.position import META, MOVES
from utils.go.tree import EXPANDED, FINISHED, ROOT, Tree, utility
from utils.go.vertices import BLACK, WHITE, action_of


def fake_network(planes):
    """Some fixed function of the planes, in place of a network."""
    n, actions = len(planes), planes.shape[1] ** 2 + 1
    h = planes.reshape(n, -1).astype(np.float64) @ np.linspace(-1, 1, planes[0].size)
    policy = np.abs(np.sin(h[:, None] * np.arange(1, actions + 1)))
    return policy / policy.sum(axis=1, keepdims=True), np.tanh(np.sin(7 * h))


def some_board(size, moves, seed=0):
    rng, board = np.random.default_rng(seed), Board(size)
    for _ in range(moves):
        mask = board.legal_mask()
        mask[-1] = False
        if mask.any():
            board.play(int(rng.choice(np.flatnonzero(mask))))
    return board


@pytest.mark.parametrize(("size", "moves"), [(3, 0), (3, 5), (5, 0), (5, 9), (9, 20)])
def test_compiled_search_equals_the_lectures(size, moves):
    board = some_board(size, moves)
    root = LectureSearch(fake_network).run(board, 120)
    forest = Forest([board], fake_network, SearchSettings(batch=1, formula="lecture", reduction=0.0))
    forest.run(120)
    expected = np.zeros(size * size + 1)
    for action, count in root.N.items():
        expected[action] = count
    np.testing.assert_array_equal(forest.visits(), expected)
    assert forest.value() == pytest.approx(root.value_sum / root.visits, abs=1e-4)


@pytest.mark.parametrize("batch", [1, 4, 16])
def test_counts_add_up_with_any_batch(batch):
    forest = Forest([some_board(5, 4), Board(5)], fake_network, SearchSettings(playouts=100, batch=batch))
    forest.run()
    for g in range(2):
        visits = forest.visits(g).sum()
        assert 100 <= visits <= 100 + batch and visits == int(visits)
        assert np.isfinite(forest.trees.values[g, : forest.trees.used[g, 0]]).all()
        for node in range(
            forest.trees.used[g, 0]
        ):  # a node was visited once for itself and once for each visit of a child
            if forest.trees.status[g, node] == EXPANDED:
                assert forest.trees.counts[g, node] == forest.trees.visits[g, node].sum() + 1
        assert np.abs(forest.trees.values[g, ROOT]).max() <= forest.visits(g).max() + 1e-3


@pytest.mark.parametrize("threads", [2, 5])
def test_threads_lose_no_simulation_and_leave_no_virtual_loss(threads):
    settings = SearchSettings(playouts=600, batch=4, threads=threads)
    forest = Forest([Board(5, 0.5)], no_network, settings, seed=1)
    for _ in range(2):
        forest.run()
    tree = forest.trees
    assert forest.playouts_done == 1 + forest.visits().sum()
    assert 1200 <= forest.visits().sum() < 1200 + 4 * threads
    for node in range(int(tree.used[0, 0])):
        assert tree.visits[0, node].sum() == max(0, tree.counts[0, node] - 1) or tree.status[0, node] == FINISHED
        assert np.all(tree.visits[0, node] == np.round(tree.visits[0, node]))


def test_an_error_in_a_thread_is_told():
    def broken(planes):
        if len(planes) > 1:
            raise MemoryError("no room")
        return None, None

    with pytest.raises(MemoryError, match="no room"):
        Forest([Board(5, 0.5)], broken, SearchSettings(playouts=50, batch=4, threads=2)).run()


def test_kept_tree_equals_the_part_below_the_move():
    forest = Forest([Board(5)], fake_network, SearchSettings(playouts=150, batch=4))
    forest.run()
    action = int(forest.visits().argmax())
    child = forest.trees.child[0, ROOT, action]
    visits, value = forest.trees.visits[0, child].copy(), forest.trees.sums[0, child]
    grandchild = forest.trees.visits[0, forest.trees.child[0, child, visits.argmax()]].copy()
    forest.play(0, action)
    np.testing.assert_array_equal(forest.visits(), visits)
    np.testing.assert_array_equal(forest.trees.visits[0, forest.trees.child[0, ROOT, visits.argmax()]], grandchild)
    assert forest.trees.sums[0, ROOT] == value
    forest.run()
    assert forest.visits().sum() >= visits.sum() + 150


def test_passing_wins_at_once_when_ahead_after_the_others_pass():
    board = Board(3, komi=0.5).play(4).play(9)
    forest = Forest([board], no_network, SearchSettings(playouts=60, batch=4))
    forest.run()
    assert forest.policy(0, 0).argmax() == 9  # White has passed and Black is ahead: passing wins at once
    assert forest.value() > 0.5


@pytest.mark.parametrize("formula", ["puct", "lecture"])
def test_rollouts_find_the_capture_that_decides(formula):
    # Black's chain and White's above it have one liberty each: A5 takes nine stones, anything else loses five.
    rows = (".OOOO", "OOOOO", "XXXXX", "OOOO.", ".....")
    black, white = ([a for a, mark in enumerate("".join(rows)) if mark == color] for color in "XO")
    board = Board(5, 0.5).set_up(black, white, BLACK)
    settings = rollout_settings(400)
    settings.formula = formula
    forest = Forest([board], no_network, settings, seed=1)
    forest.run()
    assert forest.policy(0, 0).argmax() == action_of("A5", 5) and forest.policy()[action_of("A5", 5)] > 0.5
    assert forest.value() > 0.3  # won, though some of the games tried say otherwise


def test_a_decided_search_stops_early_with_the_move_of_the_whole_one():
    def sure(planes):
        policy, value = fake_network(planes)
        policy[:, 12] += 5
        return policy / policy.sum(axis=1, keepdims=True), value * 0.1

    whole, short = (Forest([Board(5)], sure, SearchSettings(playouts=300, batch=4)) for _ in range(2))
    whole.run()
    short.run(when_decided=True)
    assert 150 <= short.playouts_done < 250  # no move can be ahead by more than what is left before the half
    assert short.visits().argmax() == whole.visits().argmax() == 12
    first, second = np.sort(short.visits())[:-3:-1]
    assert first - second > 300 - short.playouts_done


def test_a_tree_among_idle_ones_does_not_outgrow_its_room():
    # Most simulations of the first game end at its finished positions or wait for one leaf: the second gets the rest.
    forest = Forest([some_board(3, 5), Board(3)], fake_network, SearchSettings(playouts=400, batch=8))
    forest.run()
    assert 400 < forest.trees.used.max() <= forest.trees.prior.shape[1]


def test_a_search_describes_itself():
    forest = Forest([Board(5).play(0)], no_network, SearchSettings(playouts=8, batch=1))
    a, b, c = action_of("C3", 5), action_of("D4", 5), action_of("B2", 5)
    tree = Tree.empty(1, 3, 26)
    tree.child[:] = -1
    tree.used[0] = 3
    tree.sums[0, ROOT], tree.counts[0, ROOT] = 2.0, 5
    tree.prior[0, ROOT, [a, b]] = 0.5, 0.25
    tree.visits[0, ROOT, [a, b]], tree.values[0, ROOT, [a, b]] = (3, 1), (1.5, -1)
    tree.child[0, ROOT, [a, b]] = 1, 2
    tree.visits[0, 1, c] = 2
    forest.trees = tree
    assert forest.describe().splitlines() == [
        "4 simulations, value +0.40",
        "move  visits  prior      Q  expected line",
        "C3         3  50.0%  +0.50  C3 B2",
        "D4         1  25.0%  -1.00  D4",
    ]
    assert forest.describe(moves=1).splitlines()[-1].startswith("C3")


def test_noise_keeps_the_prior_a_distribution_and_follows_the_seed():
    priors = []
    for seed in (1, 1, 2):
        forest = Forest([Board(5)], fake_network, SearchSettings(playouts=8, noise=0.25), seed=seed)
        forest.run()
        priors.append(forest.trees.prior[0, ROOT][forest.trees.prior[0, ROOT] >= 0])
        assert priors[-1].sum() == pytest.approx(1, abs=1e-3)
    assert (priors[0] == priors[1]).all() and (priors[0] != priors[2]).any()


def test_ingredients_can_be_left_out():
    policy, value = joined(fake_network, None)(np.ones((2, 5, 5, 27)))
    assert policy.shape == (2, 26) and value is None
    assert joined(None, fake_network)(np.ones((2, 5, 5, 27)))[0] is None


def test_utility_changes_sign_with_the_side_and_counts_the_board():
    assert utility(3, BLACK, 9) == 1 == -utility(3, WHITE, 9) and utility(0, BLACK, 9) == 0
    assert utility(0.5, BLACK, 5, 24.5, 0.5) == 1.0 and utility(-49.5, BLACK, 5, 24.5, 0.5) == -1.0


def test_lockstep_games_equal_single_games():
    games, rng = Games(6, 5, 0.5), np.random.default_rng(0)
    boards = [Board(5, 0.5) for _ in range(6)]
    while len(which := games.running):
        masks = games.masks(which)
        for mask, g in zip(masks, which):
            np.testing.assert_array_equal(mask, boards[g].legal_mask())
        actions = sample(np.ones(masks.shape), masks, rng)
        games.play(which, actions)
        for g, action in zip(which, actions):
            boards[g].play(int(action))
    assert games.scores().tolist() == [board.score() for board in boards]


def test_nobody_passes_while_behind_and_able_to_move():
    games = Games.of([Board(5, 0.5), Board(5, 0.5).play(12), Board(5, 0.5).play(12).play(25)])
    assert games.policy_masks(np.arange(3))[:, -1].tolist() == [False, False, True]


def test_sampling_obeys_mask_and_temperature():
    rng = np.random.default_rng(0)
    p = np.array([[0.7, 0.2, 0.1]] * 4000)
    allowed = np.array([[False, True, True]] * 4000)
    drawn = sample(p, allowed, rng)
    assert set(drawn) == {1, 2} and abs((drawn == 1).mean() - 2 / 3) < 0.04
    assert (sample(p, allowed, rng, temperature=0) == 1).all()
    assert abs((sample(p, allowed, rng, temperature=0.5) == 1).mean() - 0.8) < 0.04


def test_matches_of_policies_record_every_move():
    moves = []
    policies = [lambda x: fake_network(x)[0]] * 2
    games = Games(4, 5, 0.5)
    scores = play_policies(
        policies, np.array([0, 1, 0, 1]), games, np.random.default_rng(0), record=lambda *row: moves.append(row)
    )
    assert sum(len(row[1]) for row in moves) == games.states[:, META, MOVES].sum() and np.isfinite(scores).all()
    first = moves[0]
    assert first[0] == 0 and first[1].tolist() == [0, 2]
