"""Checks of lesson 08: Q-learning with a table."""

from __future__ import annotations

import numpy as np

from utils.exercises.engine import exercise, expect, expect_close, fail


@exercise("08.1", name="discounted_return", title="What a position is worth: the discounted sum", minutes=5)
def check_discounted_return(attempt):
    expect_close(
        attempt(np.array([1.0, 1.0, 1.0]), 0.5),
        1.75,
        shown="rewards = [1, 1, 1], gamma = 0.5",
        hint="The first reward counts in full, the second times gamma, the third times gamma squared; then add.",
    )
    expect_close(
        attempt(np.array([0.0, 0.0, 2.0, -1.0]), 0.9),
        0.9**2 * 2 - 0.9**3,
        shown="rewards = [0, 0, 2, -1], gamma = 0.9",
        hint="The exponent of gamma is how many steps one has to wait for the reward.",
    )
    expect_close(
        attempt(np.array([3.0, 4.0]), 0.0),
        3.0,
        shown="rewards = [3, 4], gamma = 0",
        hint="With gamma = 0 only the immediate reward counts (and gamma to the power 0 is 1).",
    )
    expect_close(attempt(np.array([]), 0.9), 0.0, shown="no rewards", hint="An empty sum is 0.")


@exercise("08.2", name="epsilon_greedy", title="Explore sometimes", minutes=10, points=2)
def check_epsilon_greedy(attempt):
    expect_close(
        attempt(np.array([1.0, 2.0]), 0.0),
        [0.0, 1.0],
        shown="q = [1, 2], epsilon = 0",
        hint="With epsilon 0 the best action is certain.",
    )
    expect_close(
        attempt(np.array([3.0, 1.0, 2.0, 0.0]), 0.4),
        [0.7, 0.1, 0.1, 0.1],
        shown="q = [3, 1, 2, 0], epsilon = 0.4",
        hint="A random move may hit any of the actions, the best one too.",
    )
    expect_close(
        attempt(np.array([-1.0, -2.0, -1.5]), 1.0),
        [1 / 3, 1 / 3, 1 / 3],
        shown="q = [-1, -2, -1.5], epsilon = 1",
        hint="With epsilon 1 every action is equally likely.",
    )
    q = np.array([0.5, 0.2])
    attempt(q, 0.1)
    expect_close(q, [0.5, 0.2], shown="the table's row after the call", hint="Do not change the row you are given.")


def _table() -> np.ndarray:
    return np.array([[0.0, 1.0], [4.0, 2.0], [3.0, 5.0]])


@exercise("08.3", name="sarsa_update", title="SARSA: learn from the move you really make", minutes=10, points=2)
def check_sarsa_update(attempt):
    def run(*step):
        q = _table()
        answer = attempt(q, *step)
        if answer is None:
            fail(
                shown="any step",
                expected="the table",
                got=None,
                hint="Return the table, also if you changed it in place.",
            )
        return answer

    wanted = _table()
    wanted[0, 1] = 1.0 + 0.5 * (1.0 + 0.9 * 2.0 - 1.0)
    expect_close(
        run(0, 1, 1.0, 1, 1, False, 0.5, 0.9),
        wanted,
        shown="q = [[0, 1], [4, 2], [3, 5]], step from state 0 by action 1 to state 1, next action 1, "
        "reward 1, delta 0.5, gamma 0.9",
        hint="The value that follows is the one of the action really taken next, not the best one.",
    )
    wanted = _table()
    wanted[1, 0] = 4.0 + 0.25 * (-2.0 - 4.0)
    expect_close(
        run(1, 0, -2.0, 2, 1, True, 0.25, 0.9),
        wanted,
        shown="the same table, step from 1 by action 0 to 2 that ends the episode, reward -2, delta 0.25",
        hint="After the end nothing follows: the target is the reward alone.",
    )
    wanted = _table()
    wanted[2, 0] = 2.0 + 1.0 * 5.0
    expect_close(
        run(2, 0, 2.0, 2, 1, False, 1.0, 1.0),
        wanted,
        shown="the same table, delta 1, gamma 1, step from 2 by 0 to 2, next action 1, reward 2",
        hint="With delta = 1 the old entry is replaced by the target.",
    )


@exercise("08.4", name="double_q_update", title="Double Q-learning: choose and judge apart", minutes=15, points=3)
def check_double_q_update(attempt):
    first = np.array([[0.0, 0.0], [2.0, 5.0]])
    second = np.array([[1.0, 0.0], [7.0, 3.0]])
    wanted = first.copy()
    wanted[0, 0] = 0.5 * (1.0 + 0.9 * 3.0)
    answer = attempt(first.copy(), second.copy(), 0, 0, 1.0, 1, False, 0.5, 0.9)
    expect_close(
        answer,
        wanted,
        shown="q_a = [[0, 0], [2, 5]], q_b = [[1, 0], [7, 3]], step 0, action 0, reward 1, to 1, delta 0.5, gamma 0.9",
        hint="q_a chooses the best action of the next state (here action 1), q_b says what it is worth (here 3).",
    )
    wanted = first.copy()
    wanted[1, 1] = 5.0 + 0.1 * (4.0 - 5.0)
    expect_close(
        attempt(first.copy(), second.copy(), 1, 1, 4.0, 0, True, 0.1, 0.9),
        wanted,
        shown="the same tables, step from 1 by action 1, reward 4, which ends the episode, delta 0.1",
        hint="After the end nothing follows: the target is the reward alone.",
    )
    other = second.copy()
    attempt(first.copy(), other, 0, 1, 1.0, 1, False, 0.5, 0.9)
    expect_close(other, second, shown="q_b after the call", hint="Only q_a is updated; q_b is the judge.")


@exercise("08.5", name="optimistic_table", title="Optimism in the face of the unknown", minutes=10)
def check_optimistic_table(attempt):
    hint = "The best one could hope for is the highest reward at every step for ever: a geometric series in gamma."
    expect_close(
        attempt(3, 2, 1.0, 0.9),
        np.full((3, 2), 10.0),
        shown="3 states, 2 actions, reward up to 1, gamma 0.9",
        hint=hint,
    )
    expect_close(
        attempt(2, 4, 5.0, 0.5),
        np.full((2, 4), 10.0),
        shown="2 states, 4 actions, reward up to 5, gamma 0.5",
        hint=hint,
    )
    expect_close(
        attempt(1, 2, 2.0, 0.2), [[2.5, 2.5]], shown="1 state, 2 actions, reward up to 2, gamma 0.2", hint=hint
    )
    table = attempt(2, 2, 1.0, 0.0)
    expect(
        np.asarray(table).dtype.kind,
        "f",
        shown="the dtype of the table (f is floating point)",
        hint="The entries will be updated by fractions; a table of integers would round them.",
    )
    expect_close(table, np.ones((2, 2)), shown="highest reward 1, gamma 0", hint="With gamma 0 only one reward counts.")
