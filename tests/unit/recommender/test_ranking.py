"""Ranking: EASE against its definition, lists without seen movies, measures by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from utils.recommender import ranking


def test_ease_solves_its_least_squares_problem():
    rng = np.random.default_rng(0)
    seen = (rng.random((12, 30)) < 0.3).astype(np.float32)
    gram = seen.T @ seen + 5.0 * np.eye(30)
    inverse = np.linalg.inv(gram)
    weights = np.eye(30) - inverse / np.diag(inverse)
    assert np.allclose(np.diag(weights), 0, atol=1e-9)
    assert np.allclose(ranking.ease_scores(seen, 5.0), seen @ weights, atol=1e-3)


def test_ease_recommends_what_goes_together():
    # Two camps: movies 0 to 4 and 5 to 9; the last user has seen three of the second.
    seen = np.zeros((21, 10))
    seen[:10, :5], seen[10:20, 5:] = 1, 1
    seen[20, 5:8] = 1
    best = ranking.top_list(ranking.ease_scores(seen, 1.0)[20:], seen[20:], 2)
    assert set(best[0].tolist()) == {8, 9}


def test_ease_wants_a_positive_penalty():
    with pytest.raises(ValueError, match="positive"):
        ranking.ease_scores(np.ones((2, 2)), 0)


def test_seen_movies_are_never_listed():
    seen = ranking.seen_matrix(np.array([0, 0, 1]), np.array([3, 1, 0]), 2, 4)
    assert seen.tolist() == [[0, 1, 0, 1], [1, 0, 0, 0]]
    scores = ranking.popularity_scores(seen)
    assert ranking.top_list(scores, seen, 2).tolist() == [[0, 2], [1, 3]]
    with pytest.raises(ValueError, match="fewer than 3"):
        ranking.top_list(scores, seen, 3)
    with pytest.raises(ValueError, match="differ in shape"):
        ranking.top_list(scores[:, :3], seen, 1)


def test_measures_by_hand():
    ranked = np.array([[7, 2, 5], [1, 2, 3], [4, 5, 6]])
    relevant = [{2, 5, 9, 11}, {1}, set()]  # the third user has nothing to find and is left out
    gain = (1 / math.log2(3) + 1 / 2) / (1 + 1 / math.log2(3) + 1 / 2)
    assert ranking.ndcg_at(ranked, relevant) == pytest.approx((gain + 1) / 2)


def test_measures_refuse_nothing_to_measure():
    with pytest.raises(ValueError, match="No user"):
        ranking.ndcg_at(np.array([[1]]), [set()])
    with pytest.raises(ValueError, match="2 lists but 1"):
        ranking.ndcg_at(np.array([[1], [2]]), [{1}])
