"""Checks of lesson 09: deep Q-networks."""

from __future__ import annotations

import numpy as np

from utils.exercises.engine import exercise, expect, expect_close, fail
from utils.exercises.experiment import numbers, record
from utils.exercises.sweep import sweep


@exercise("09.1", name="td_targets", title="An end that is none", minutes=15, points=2)
def check_td_targets(attempt):
    next_q = np.array([[1.0, 3.0], [4.0, 2.0], [0.5, 0.0]])
    final_q = np.array([[7.0, 5.0], [6.0, 8.0], [9.0, 2.0]])
    no = np.array([False, False, False])
    expect_close(
        attempt(np.array([0.0, 1.0, 0.0]), next_q.copy(), final_q.copy(), no, no, 0.5),
        [1.5, 3.0, 0.25],
        shown="rewards = [0, 1, 0], next_q = [[1, 3], [4, 2], [0.5, 0]], nothing terminated or truncated, gamma = 0.5",
        hint="While the game goes on: reward plus gamma times the best action's value of the picture that follows.",
    )
    ends, cuts = np.array([True, False, True]), np.array([False, True, True])
    expect_close(
        attempt(np.array([1.0, 1.0, -1.0]), next_q.copy(), final_q.copy(), ends, cuts, 0.5),
        [1.0, 5.0, -1.0],
        shown="rewards = [1, 1, -1], the first and the last terminated, the last two truncated; "
        "final_q = [[7, 5], [6, 8], [9, 2]]",
        hint="Where the life ended nothing follows. Where only the time was up, the future counts, and the picture to "
        "ask is the last one of that game.",
    )
    sweep(
        "09.1",
        attempt,
        hint="Three cases: the life ended (the reward alone), the time was up (the value of the game's last picture), "
        "or the game goes on (that of the next picture). The reward counts as it comes.",
        hints=(
            (lambda r, q, f, ends, cuts, gamma: (ends & cuts).any(), "A life that has ended stays ended."),
            (lambda r, q, *_: q.max() < 0, "The best of bad values is the largest, below 0."),
        ),
    )


@exercise("09.2", name="cautious_targets", title="The more cautious of two judges", minutes=10, points=2)
def check_cautious_targets(attempt):
    online, target = np.array([[1.0, 2.0], [5.0, 0.0], [4.0, 3.0]]), np.array([[10.0, 20.0], [3.0, 40.0], [1.0, 2.0]])
    expect_close(
        attempt(np.array([0.0, 1.0, 0.0]), online, target, np.array([False, False, False]), 0.5),
        [1.0, 2.5, 0.5],
        shown="next_q_online = [[1, 2], [5, 0], [4, 3]], next_q_target = [[10, 20], [3, 40], [1, 2]], "
        "rewards = [0, 1, 0], nothing terminated, gamma = 0.5",
        hint="The online network says which action is best; of what the two say of that very action take the smaller.",
    )
    sweep(
        "09.2",
        attempt,
        hint="The reward as it comes, plus gamma times the smaller of the two networks' values of the very action that "
        "the online network finds best.",
        hints=(
            (
                lambda rewards, online, target, terminated, gamma: terminated.any(),
                "After the end there is no next action, with one network as with two.",
            ),
        ),
    )


@exercise("09.3", name="n_steps_ahead", title="n steps ahead, in a real record", minutes=20, points=3)
def check_n_steps_ahead(attempt):
    for rewards, ends, n, expected, hint in (
        (
            *([1.0, 0.0, 2.0], [False, False, False], 2, [1 + 0.25 * 16, 1 + 0.25 * 8, 2 + 0.5 * 8]),
            "n rewards with gamma to the power 0, 1, ..., n - 1, then the value n steps on with gamma to the power n; "
            "near the end of the record as many steps as are left.",
        ),
        (
            *([1.0, 4.0, 2.0], [False, True, False], 3, [3.0, 4.0, 6.0]),
            "What comes after the end belongs to the next life: neither its rewards nor its value count.",
        ),
    ):
        shown = f"{rewards = }, {ends = }, values = [64, 32, 16, 8], {n = }, gamma = 0.5"
        values = np.array([64.0, 32.0, 16.0, 8.0])
        expect_close(attempt(np.array(rewards), np.array(ends), values, n, 0.5), expected, shown=shown, hint=hint)
    sweep(
        "09.3",
        attempt,
        hint="For each moment: rewards with gamma to the power 0, 1, ... up to n of them, an end, or the end of the "
        "record; then, unless a life ended, the value of what follows.",
        hints=(
            (
                lambda rewards, ends, *_: ends.any(),
                "The reward of the step that ends the life counts; later rewards do not, nor does any value.",
            ),
            (lambda rewards, ends, values, n, gamma: n > len(rewards), "n may be larger than the record is long."),
            (lambda rewards, ends, values, n, gamma: n == 1, "With n = 1 every moment asks its successor."),
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
