"""Checks of lesson 08: Q-learning with a table."""

from __future__ import annotations

import numpy as np

from utils.exercises.engine import as_numbers, exercise, expect, expect_close, fail, same
from utils.exercises.experiment import numbers, record
from utils.exercises.sweep import sweep


@exercise("08.1", name="discounted_return", title="What a position is worth: the discounted sum", minutes=5)
def check_discounted_return(attempt):
    expect_close(
        attempt(np.array([1.0, 1.0, 1.0]), 0.5),
        1.75,
        shown="rewards = [1, 1, 1], gamma = 0.5",
        hint="The first reward counts in full, the second times gamma, the third times gamma squared; then add.",
    )
    sweep(
        "08.1",
        attempt,
        hint="The exponent of gamma is how many steps one has to wait for the reward.",
        hints=(
            (lambda rewards, gamma: len(rewards) == 0, "An empty sum is 0."),
            (
                lambda rewards, gamma: gamma == 0,
                "With gamma = 0 only the immediate reward counts (and gamma to the power 0 is 1).",
            ),
        ),
        unchanged=True,
    )


@exercise("08.2", name="epsilon_greedy", title="Explore sometimes", minutes=10, points=2)
def check_epsilon_greedy(attempt):
    expect_close(
        attempt(np.array([3.0, 1.0, 2.0, 0.0]), 0.4),
        [0.7, 0.1, 0.1, 0.1],
        shown="q = [3, 1, 2, 0], epsilon = 0.4",
        hint="A random move may hit any of the actions, the best one too.",
    )
    sweep(
        "08.2",
        attempt,
        judge=_splits_only_among_the_best,
        hint="Every action gets its share of the random moves; the best one gets the rest as well.",
        hints=(
            (lambda q, epsilon: epsilon == 0, "With epsilon 0 the best action is certain."),
            (lambda q, epsilon: epsilon == 1, "With epsilon 1 every action is equally likely."),
            (
                lambda q, epsilon: (q == q.max()).sum() > 1,
                "Several actions are equally good here; the probabilities must add up to 1 all the same.",
            ),
            (
                lambda q, epsilon: len(q) > 1 and np.sort(q)[-1] - np.sort(q)[-2] < 0.02,
                "The second best is not the best, however little it lacks: the greedy move goes to the largest value.",
            ),
            (lambda q, epsilon: q.max() <= 0, "The best value is the largest one, also where none is positive."),
        ),
        unchanged=True,
    )


def _splits_only_among_the_best(got, case) -> bool:
    """Right up to how the greedy move is divided among equally good actions."""
    got, answer = as_numbers(got), np.array(case.answer)
    if got is None or got.shape != answer.shape:
        return False
    best = case.inputs["q"] == case.inputs["q"].max()
    bounded = bool(np.all(got >= answer.min() - 1e-6))
    return bounded and same(got[~best], answer[~best]) and same(got[best].sum(), answer[best].sum())


@exercise("08.3", name="sarsa_update", title="SARSA: learn from the move you really make", minutes=10, points=2)
def check_sarsa_update(attempt):
    table = np.array([[0.0, 1.0], [4.0, 2.0], [3.0, 5.0]])
    expect_close(
        attempt(table.copy(), 0, 1, 1.0, 1, 1, False, 0.5, 0.9),
        [[0.0, 1.9], [4.0, 2.0], [3.0, 5.0]],
        shown="q = [[0, 1], [4, 2], [3, 5]], step from state 0 by action 1 to state 1, next action 1, "
        "reward 1, delta 0.5, gamma 0.9",
        hint="The value that follows is the one of the action really taken next, not the best one.",
    )
    sweep("08.3", attempt, hint="Only the entry of this state and action moves, by delta times the error.", hints=STEPS)


STEPS = (
    (lambda *step: step[-3], "After the end nothing follows: the target is the reward alone."),
    (lambda *step: step[-2] == 0, "With delta 0 nothing is learned."),
    (lambda *step: step[-2] == 1, "With delta 1 the old entry is replaced by the target."),
    (lambda *step: step[-1] == 0, "With gamma 0 only the reward counts."),
)


@exercise("08.4", name="bellman_of_policy", title="Bellman's equation for any player", minutes=15, points=3)
def check_bellman_of_policy(attempt):
    q, policy = np.array([[0.0, 10.0], [4.0, 8.0]]), np.array([[0.5, 0.5], [0.25, 0.75]])
    probability = np.array([[[1.0, 0.0], [0.5, 0.5]], [[1.0, 0.0], [1.0, 0.0]]])
    next_state = np.array([[[1, 0], [0, 1]], [[0, 0], [1, 1]]])
    reward = np.array([[[1.0, 0.0], [0.0, 2.0]], [[0.0, 0.0], [3.0, 0.0]]])
    terminated = np.array([[[False, False], [False, False]], [[False, False], [True, False]]])
    expect_close(
        attempt(q, policy, probability, next_state, reward, terminated, 0.5),
        [[1 + 3.5, 0.5 * 2.5 + 0.5 * (2 + 3.5)], [2.5, 3.0]],
        shown="q = [[0, 10], [4, 8]], policy = [[0.5, 0.5], [0.25, 0.75]], gamma = 0.5; the first action of state 0 "
        "pays 1 and leads to state 1, its second leads to 0 or, paying 2, to 1 with equal probability; the first of "
        "state 1 leads to 0, its second pays 3 and ends the game",
        hint="To this player state 0 is worth 0.5 x 0 + 0.5 x 10 = 5, and state 1 0.25 x 4 + 0.75 x 8 = 7.",
    )
    sweep(
        "08.4",
        attempt,
        hint="The next state is worth the mean of its row in q, weighted by its row in policy.",
        hints=(
            (lambda *case: case[-1] == 0, "With gamma 0 the mean of the rewards, each with its probability."),
            (lambda *case: case[-2].all(), "Where everything ends the game nothing follows: no value of the next."),
            (lambda *case: case[-2].any(), "Where an outcome ends the game nothing follows it; its reward counts."),
            (lambda *case: case[2].shape[2] > 1, "The outcomes come with probabilities: weigh them, then add."),
        ),
        unchanged=True,
    )


@exercise("08.5", name="optimistic_table", title="Optimism in the face of the unknown", minutes=10)
def check_optimistic_table(attempt):
    expect_close(
        attempt(3, 2, 1.0, 0.9),
        np.full((3, 2), 10.0),
        shown="3 states, 2 actions, reward up to 1, gamma 0.9",
        hint="The best one could hope for is the highest reward at every step for ever: a geometric series in gamma.",
    )
    expect(
        np.asarray(attempt(2, 2, 1, 0)).dtype.kind,
        "f",
        shown="the dtype of the table for whole numbers (f is floating point)",
        hint="The entries will be updated by fractions; a table of integers would round them.",
    )
    sweep(
        "08.5",
        attempt,
        hint="A geometric series: highest reward times 1 + gamma + gamma² + ...",
        hints=((lambda states, actions, highest, gamma: gamma == 0, "With gamma 0 only one reward counts."),),
    )


GAMMAS = (0.9, 0.98, 0.999)
EXACT = (0.6011, 0.6319, 0.5143)  # no chance is in these; a test computes them anew


@exercise("08.6", name="horizon_experiment", title="How far ahead? An open experiment", minutes=20, points=3)
def check_horizon_experiment(attempt):
    possible = numbers(0, 0.641, count=len(GAMMAS))  # best_within says 0.6407
    found = record(
        attempt(),
        {
            "seeds": numbers(5, 1000, whole=True),
            "predicted": numbers(0, 1, count=len(GAMMAS)),
            "exact": possible,
            "learned": possible,
            "best": numbers(0, 1),
        },
    )
    for one, other in (("predicted", "exact"), ("learned", "exact")):
        if np.array_equal(found[one], found[other]):
            hint = "Neither a prediction nor a mean over seeds is the same as the exact success to the last digit."
            fail(shown=f"{one} and {other}", expected="two different lists", got=found[one], hint=hint)
    off = [gamma for gamma, got, right in zip(GAMMAS, found["exact"], EXACT) if abs(got - right) > 0.005]
    if off:
        fail(
            shown=f"exact, at gamma = {', '.join(map(str, off))}",
            expected="the success of the greedy policy of the exact Q* on the 8 by 8 lake within 100 steps",
            got=found["exact"],
            hint="No chance is in it: value_iteration with this gamma, greedy_policy, evaluate_exactly.",
        )
    if found["learned"].min() < 0.3:
        hint = "The 8 by 8 lake, the greedy policy, evaluate_exactly; and games enough to learn from, 20,000 or more."
        fail(shown="learned", expected="successes above 0.3", got=found["learned"], hint=hint)
    expect_close(
        found["best"],
        GAMMAS[int(np.argmax(found["exact"]))],
        shown=f"your numbers: exact {found['exact'].round(3).tolist()} for gamma = {list(GAMMAS)}; best",
        hint="Say what your numbers say: which gamma's policy succeeds most often?",
    )
