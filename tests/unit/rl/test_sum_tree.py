"""Drawing in proportion to changing weights, against plain arithmetic."""

import numpy as np
import pytest

from utils.rl.sum_tree import SumTree


@pytest.mark.parametrize("count", [1, 2, 3, 7, 16, 33])
def test_draws_are_in_proportion_whatever_was_changed_before(count):
    rng = np.random.default_rng(count)
    tree, weights = SumTree(count), np.zeros(count)
    for _ in range(30):
        leaves, new = rng.integers(0, count, 5), rng.random(5) * (rng.random(5) < 0.7)
        tree[leaves] = new
        for leaf, weight in zip(leaves, new):  # of a leaf named twice the last one counts
            weights[leaf] = weight
        np.testing.assert_allclose(tree[np.arange(count)], weights)
        assert tree.total == pytest.approx(weights.sum())
        if tree.total > 0:
            drawn = np.bincount(tree.draw(1000, rng), minlength=count)
            expected = 1000 * weights / weights.sum()
            assert np.abs(drawn - expected).max() <= 2.01  # stratified: at most one off at either end
            assert not drawn[weights == 0].any()


def test_one_number_for_many_leaves():
    tree = SumTree(4)
    tree[np.array([0, 2])] = 0.5
    np.testing.assert_array_equal(tree[np.arange(4)], [0.5, 0, 0.5, 0])


def test_nothing_to_draw_is_an_error():
    with pytest.raises(ValueError, match="all weights are 0"):
        SumTree(5).draw(1, np.random.default_rng(0))
