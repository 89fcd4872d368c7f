"""Checks of lesson 09: deep Q-networks."""

from __future__ import annotations

import numpy as np

from utils.exercises.engine import exercise, expect, expect_close, fail
from utils.exercises.experiment import numbers, record
from utils.exercises.sweep import sweep

UNCLIPPED = (
    lambda rewards, *_: np.any(np.abs(rewards) > 1),
    "Rewards are used as they come (whoever wants them clipped clips them before), and an end leaves them alone.",
)


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
    sweep(
        "09.1",
        attempt,
        hint="Reward plus gamma times the best action's value; where the life is lost, the reward alone.",
        hints=(
            UNCLIPPED,
            (
                lambda rewards, next_q, *_: next_q.max() < 0,
                "The best of bad values is the largest one: it is negative.",
            ),
            (lambda rewards, *_: len(rewards) == 1, "A batch of one has one target."),
        ),
    )


@exercise("09.2", name="double_targets", title="Double Q: choose with one, judge with the other", minutes=10, points=2)
def check_double_targets(attempt):
    online, target = np.array([[1.0, 2.0], [5.0, 0.0]]), np.array([[10.0, 20.0], [30.0, 40.0]])
    expect_close(
        attempt(np.array([0.0, 1.0]), online, target, np.array([False, False]), 0.5),
        [10.0, 16.0],
        shown="next_q_online = [[1, 2], [5, 0]], next_q_target = [[10, 20], [30, 40]], rewards = [0, 1], gamma = 0.5",
        hint="The online network says which action is best; take the target network's value of that very action.",
    )
    sweep(
        "09.2",
        attempt,
        hint="The online network says which action is best; take the target network's value of that very action.",
        hints=(
            UNCLIPPED,
            (
                lambda rewards, online, target, terminated, gamma: terminated.any(),
                "After the end there is no next action, with one network as with two.",
            ),
        ),
    )


@exercise("09.3", name="n_step_target", title="Look n steps ahead", minutes=15, points=3)
def check_n_step_target(attempt):
    for rewards, terminals, expected, hint in (
        (
            *([1.0, 0.0, 2.0], [False, False, False], 1 + 0 + 0.25 * 2 + 0.125 * 8),
            "n rewards with gamma to the power 0, 1, ..., n - 1, then the network's value with gamma to the power n.",
        ),
        (
            *([1.0, 4.0, 2.0], [False, True, False], 3.0),
            "What comes after the end belongs to the next life: neither its rewards nor its value count.",
        ),
    ):
        shown = f"{rewards = }, {terminals = }, bootstrap = 8, gamma = 0.5"
        expect_close(attempt(np.array(rewards), np.array(terminals), 8.0, 0.5), expected, shown=shown, hint=hint)
    sweep(
        "09.3",
        attempt,
        hint="n rewards with gamma to the power 0, 1, ..., n - 1, then the network's value with gamma to the power n.",
        hints=(
            (lambda rewards, ends, *_: ends[0], "The life may end in the first step: its reward is all there is."),
            (
                lambda rewards, ends, *_: ends.any(),
                "The reward of the step that ends the life counts; later rewards do not, nor does the bootstrap.",
            ),
            (lambda rewards, *_: len(rewards) == 1, "With n = 1 this is the target of exercise 09.1."),
        ),
    )


@exercise("09.4", name="steps_until_worthless", title="How far can it see?", minutes=10, points=1)
def check_steps_until_worthless(attempt):
    hint = "The smallest whole number k with gamma ** k < share, strictly less; try k = 0, 1, 2, ... by hand."
    for gamma, share, expected in ((0.5, 0.3, 2), (0.5, 0.25, 3)):
        expect(attempt(gamma, share), expected, shown=f"{gamma = }, {share = }", hint=hint)
    sweep(
        "09.4",
        attempt,
        hint=hint,
        hints=(
            (lambda gamma, share: share > 1, "A reward now is worth 1: already less than `share`."),
            (lambda gamma, share: gamma == 0, "With gamma 0 the very next step is worth nothing."),
        ),
    )


@exercise("09.5", name="memory_experiment", title="How many pictures? An open experiment", minutes=20, points=3)
def check_memory_experiment(attempt):
    scores = numbers(0, 864, count=4)  # 864: both walls of bricks
    found = record(
        attempt(),
        {
            "games": numbers(4, 1000, whole=True),
            "predicted": scores,
            "scores": scores,
            "enough": numbers(1, 4, whole=True),
        },
    )
    measured = found["scores"]
    if np.array_equal(found["predicted"], measured):
        hint = "A prediction made before measuring is seldom right to the last digit. Predict for other games."
        fail(shown="predicted and scores", expected="two different lists", got=measured, hint=hint)
    if measured[3] < 100:
        hint = "1, 2, 3, 4 pictures in this order: with all four it is the agent of section 8, which plays well."
        fail(shown="scores, for four pictures", expected="a mean of 100 or more", got=measured[3], hint=hint)
    if measured[0] > measured[3]:
        hint = "With one picture the newest stands in all four places: `observations[..., 3:]`, repeated."
        fail(shown="scores, for one picture", expected="less than for four", got=measured[0], hint=hint)
    expect(
        found["enough"],
        1 + int(np.argmax(measured >= measured[3] / 2)),
        shown=f"your numbers: half of the score with four pictures is {measured[3] / 2:.0f}; enough",
        hint="Say what your numbers say: the first number of pictures whose mean score reaches that half.",
    )
