"""Gumbel's root: how the simulations are shared out, what is chosen, and what is learned."""

import itertools

import numpy as np
import pytest

from utils.go import gumbel, mcts
from utils.go.board import Board


@pytest.mark.parametrize("playouts, considered", [(24, 8), (16, 8), (16, 4), (32, 16), (8, 8), (20, 6), (2, 2), (1, 1)])
def test_simulations_are_shared_out_and_no_more_than_there_are(playouts, considered):
    plan = gumbel.rounds(playouts, considered)
    assert plan[0] == considered and sum(plan) <= playouts and playouts - sum(plan) < max(2, considered)
    assert all(later <= earlier for earlier, later in itertools.pairwise(plan))


@pytest.mark.parametrize("playouts, considered", [(4, 8), (4, 0)])
def test_what_cannot_be_shared_out_is_refused(playouts, considered):
    with pytest.raises(ValueError, match="cannot try"):
        gumbel.rounds(playouts, considered)


def test_untried_moves_get_the_mean_of_the_tried_ones_by_the_policy():
    prior = np.array([[0.6, 0.2, 0.2, -1.0]])
    q = gumbel.completed(prior, visits=np.array([[2.0, 1.0, 0.0, 0.0]]), values=np.array([[1.0, -0.5, 0.0, 0.0]]))
    np.testing.assert_allclose(q[0], [0.5, -0.5, 0.25, 0.25])


def test_a_surer_search_moves_the_logits_further():
    q = np.array([[0.5, -0.5]])
    few, many = (gumbel.sigma(q, np.array([[n, 1.0]]), 0.1) for n in (1.0, 50.0))
    np.testing.assert_allclose(few, [[2.55, -2.55]])
    np.testing.assert_allclose(many, [[5.0, -5.0]])


def best_is_the_middle(planes):
    """A policy that knows nothing, and a value: whoever has a stone in the middle of 5x5 wins."""
    own, theirs = planes[:, 2, 2, 0], planes[:, 2, 2, 1]
    return np.full((len(planes), 26), 1 / 26, np.float32), np.asarray(own - theirs, np.float64)


def searched(games, seed, playouts=26, considered=26, scale=0.3):
    forest = mcts.Forest([Board(5, 0.5)] * games, best_is_the_middle, mcts.SearchSettings(playouts, considered), 0)
    return gumbel.search(forest, np.arange(games), playouts, considered, np.random.default_rng(seed), scale), forest


def test_the_better_move_is_found_and_learned():
    (actions, policies), _ = searched(20, seed=0)
    assert np.mean(actions == 12) > 0.9
    np.testing.assert_allclose(policies.sum(axis=1), 1)
    assert (policies.argmax(axis=1) == 12).all() and policies[:, 12].min() > 0.5


def test_values_without_a_difference_leave_the_policy_as_it_was():
    flat = lambda planes: (best_is_the_middle(planes)[0], np.zeros(len(planes)))  # noqa: E731
    forest = mcts.Forest([Board(5, 0.5)] * 50, flat, mcts.SearchSettings(16, 8), 0)
    actions, policies = gumbel.search(forest, np.arange(50), 16, 8, np.random.default_rng(3), 1.0)
    np.testing.assert_allclose(policies, 1 / 26, atol=1e-6)
    assert len(set(actions.tolist())) > 15  # drawn from the policy, not the same move in every game


def test_each_considered_move_has_its_share_of_visits():
    (actions, _), forest = searched(3, seed=1, playouts=24, considered=8)
    for game, action in enumerate(actions):
        visits = forest.visits(game)
        assert (visits > 0).sum() == 8 and visits.sum() == 24
        assert visits[action] == visits.max() == 7  # one of 8, two more of 4, four more of 2


def test_with_fewer_moves_than_it_would_try_it_plays_an_allowed_one():
    board = Board(3, 0.5)
    for action in (4, 1, 3, 5, 7):
        if board.is_legal(action):
            board.play(action)
    even = lambda planes: (np.full((len(planes), 10), 0.1, np.float32), np.zeros(len(planes)))  # noqa: E731
    forest = mcts.Forest([board] * 2, even, mcts.SearchSettings(16, 8), 0)
    actions, policies = gumbel.search(forest, np.arange(2), 16, 8, np.random.default_rng(0), 0.5)
    for action, policy in zip(actions, policies, strict=True):
        assert policy[action] > 0 and board.is_legal(int(action))
