"""Lesson 10: what an action is credited with."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from utils.rl import credit


@settings(max_examples=30, deadline=None)
@given(
    rewards=arrays.arrays(np.float64, (7, 3), elements=st.floats(-10, 10)),
    gamma=st.floats(0.0, 1.0),
)
def test_returns_to_go_are_the_definition(rewards, gamma):
    wait = np.arange(7)[None, :] - np.arange(7)[:, None]
    discount = np.where(wait >= 0, float(gamma) ** np.maximum(wait, 0), 0.0)
    np.testing.assert_allclose(credit.returns_to_go(rewards, gamma), discount @ rewards, atol=1e-9)


def test_mean_baseline_leaves_one_out():
    returns = np.array([[1.0, 2.0, 6.0], [4.0, 0.0, 2.0]])
    mask = np.array([[True, True, True], [True, False, True]])
    expected = [[4.0, 3.5, 1.5], [1.0, 3.0, 2.0]]  # the second play has ended: it counts 0
    np.testing.assert_allclose(credit.mean_baseline(returns, mask), expected)


def test_whole_return_credits_all_steps_alike(born):
    _, plays = born
    whole = credit.per_action(plays, 1.0, to_go=False)
    np.testing.assert_allclose(whole, np.tile(plays.returns, (len(plays.mask), 1)))


def test_advantages_are_zero_on_padding(born):
    history, plays = born
    for baseline in ("none", "mean", history.baseline):
        advantage = credit.advantages(plays, credit.per_action(plays, 0.9), baseline)
        assert (advantage[~plays.mask] == 0).all()
        assert np.abs(advantage[plays.mask]).sum() > 0
