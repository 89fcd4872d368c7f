"""Checks of lesson 09: deep Q-networks."""

from __future__ import annotations

import numpy as np

from utils.exercises.engine import exercise, expect, expect_close


@exercise("09.1", name="td_targets", title="What the network should have said", minutes=10, points=2)
def check_td_targets(attempt):
    next_q = np.array([[1.0, 3.0], [4.0, 2.0], [0.5, 0.0]])
    expect_close(
        attempt(np.array([0.0, 1.0, 0.0]), next_q, np.array([False, False, False]), 0.5),
        [1.5, 3.0, 0.25],
        shown="rewards = [0, 1, 0], next_q = [[1, 3], [4, 2], [0.5, 0]], nothing terminated, gamma = 0.5",
        hint="Reward plus gamma times the best action's value, one number per transition: the maximum is over axis 1.",
    )
    expect_close(
        attempt(np.array([0.0, 1.0, -1.0]), next_q, np.array([False, True, True]), 0.5),
        [1.5, 1.0, -1.0],
        shown="rewards = [0, 1, -1], the last two terminated",
        hint="Where the life is lost nothing follows: the target is the reward alone.",
    )
    expect_close(
        attempt(np.array([0.0]), np.array([[-2.0, -1.0]]), np.array([False]), 0.9),
        [-0.9],
        shown="next_q = [[-2, -1]], gamma = 0.9",
        hint="The best of two bad values is the larger one, and it stays negative.",
    )
    rewards, terminated = np.array([0.0, 1.0]), np.array([True, False])
    attempt(rewards, next_q[:2], terminated, 0.9)
    expect_close(
        rewards, [0.0, 1.0], shown="the rewards after the call", hint="Do not change the arrays you are given."
    )


@exercise("09.2", name="double_targets", title="Double Q: choose with one, judge with the other", minutes=10, points=2)
def check_double_targets(attempt):
    online, target = np.array([[1.0, 2.0], [5.0, 0.0]]), np.array([[10.0, 20.0], [30.0, 40.0]])
    going_on = np.array([False, False])
    expect_close(
        attempt(np.array([0.0, 1.0]), online, target, going_on, 0.5),
        [10.0, 16.0],
        shown="next_q_online = [[1, 2], [5, 0]], next_q_target = [[10, 20], [30, 40]], rewards = [0, 1], gamma = 0.5",
        hint="The online network says which action is best; take the target network's value of that very action.",
    )
    expect_close(
        attempt(np.array([0.0, 1.0]), online, target, np.array([True, False]), 0.5),
        [0.0, 16.0],
        shown="the first transition terminated",
        hint="After the end there is no next action, with one network as with two.",
    )
    noise = np.random.default_rng(0).normal(size=(2, 4000, 4))
    double = attempt(np.zeros(4000), noise[0], noise[1], np.zeros(4000, dtype=bool), 1.0)
    expect_close(np.shape(double), (4000,), shown="4,000 transitions with 4 actions", hint="One target per transition.")
    expect(
        abs(float(np.mean(double))) < 0.1,
        True,
        shown="two networks of pure noise (all true values 0): is the mean target within 0.1 of 0?",
        hint="The maximum of noisy values is too high on average, about 1.03 here; let another network judge.",
    )


@exercise("09.3", name="n_step_target", title="Look n steps ahead", minutes=15, points=3)
def check_n_step_target(attempt):
    expect_close(
        attempt(np.array([1.0, 0.0, 2.0]), np.array([False, False, False]), 8.0, 0.5),
        1 + 0 + 0.25 * 2 + 0.125 * 8,
        shown="rewards = [1, 0, 2], no end, bootstrap = 8, gamma = 0.5",
        hint="n rewards with gamma to the power 0, 1, ..., n - 1, then the network's value with gamma to the power n.",
    )
    expect_close(
        attempt(np.array([1.0, 0.0, 2.0]), np.array([False, False, True]), 8.0, 0.5),
        1.5,
        shown="the same, but the life is lost in the third step",
        hint="The reward of the last step counts, the value after it does not.",
    )
    expect_close(
        attempt(np.array([1.0, 4.0, 2.0]), np.array([False, True, False]), 8.0, 0.5),
        3.0,
        shown="rewards = [1, 4, 2], the life is lost in the second step",
        hint="What comes after the end belongs to the next life: neither its rewards nor its value count.",
    )
    expect_close(
        attempt(np.array([3.0]), np.array([False]), 10.0, 0.9),
        12.0,
        shown="a single reward of 3, bootstrap = 10, gamma = 0.9",
        hint="With n = 1 this is the target of exercise 09.1.",
    )


@exercise("09.4", name="steps_until_worthless", title="How far can it see?", minutes=10, points=1)
def check_steps_until_worthless(attempt):
    for gamma, share, expected in ((0.5, 0.3, 2), (0.9, 0.5, 7), (0.99, 0.5, 69), (0.99, 0.1, 230), (0.5, 0.25, 3)):
        expect(
            attempt(gamma, share),
            expected,
            shown=f"gamma = {gamma}, share = {share}",
            hint="The smallest whole number k with gamma ** k < share, strictly less; try k = 0, 1, 2, ... by hand.",
        )
    expect(attempt(0.9, 2.0), 0, shown="gamma = 0.9, share = 2", hint="A reward now is worth 1: already less than 2.")
    expect(
        attempt(0.0, 0.5), 1, shown="gamma = 0, share = 0.5", hint="With gamma = 0 the very next step is worth nothing."
    )
