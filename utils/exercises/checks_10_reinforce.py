"""Checks of lesson 10: policy gradients."""

from __future__ import annotations

import numpy as np

from utils.exercises.engine import exercise, expect_close


@exercise("10.1", name="returns_to_go", title="Credit only what comes after", minutes=10)
def check_returns_to_go(attempt):
    expect_close(
        attempt(np.array([1.0, 1.0, 1.0]), 1.0),
        [3.0, 2.0, 1.0],
        shown="rewards = [1, 1, 1], gamma = 1",
        hint="Each step is credited with its own reward and all later ones, not with earlier ones.",
    )
    expect_close(
        attempt(np.array([0.0, 0.0, 4.0]), 0.5),
        [1.0, 2.0, 4.0],
        shown="rewards = [0, 0, 4], gamma = 0.5",
        hint="A reward two steps later counts gamma squared: count the waiting time from the step itself.",
    )
    expect_close(
        attempt(np.array([1.0, -2.0, 3.0, 0.5]), 0.9),
        [1 - 1.8 + 2.43 + 0.3645, -2 + 2.7 + 0.405, 3 + 0.45, 0.5],
        shown="rewards = [1, -2, 3, 0.5], gamma = 0.9",
        hint="Go through the play from its end: G_t = r_t + gamma G_(t+1).",
    )


@exercise("10.2", name="reinforce_loss", title="The loss whose gradient is the policy gradient", minutes=10, points=2)
def check_reinforce_loss(attempt):
    from keras import ops

    def run(logits, actions, weights):
        columns = (
            ops.convert_to_tensor(np.asarray(logits, dtype=np.float32)),
            ops.convert_to_tensor(np.asarray(actions, dtype=np.int32)),
            ops.convert_to_tensor(np.asarray(weights, dtype=np.float32)),
        )
        return attempt(*columns)

    expect_close(
        run([[0.0, 0.0]], [1], [2.0]),
        2 * np.log(2),
        shown="logits [[0, 0]], action [1], weight [2]",
        hint="Both actions have probability 1/2; the loss is minus the weight times the logarithm of the chosen one.",
        atol=1e-4,
    )
    logits = np.log([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]])
    expect_close(
        run(logits, [0, 2], [1.0, -3.0]),
        -(np.log(0.5) - 3 * np.log(0.1)) / 2,
        shown="probabilities [[.5, .25, .25], [.1, .8, .1]] as logits, actions [0, 2], weights [1, -3]",
        hint="Average over the rows, with a minus in front (optimisers go downhill); weights may be negative.",
        atol=1e-4,
    )
    expect_close(
        run(np.log([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6]]), [2, 1, 0], [4.0, 1.0, 1.0]),
        -(4 * np.log(0.25) + np.log(0.8) + np.log(0.2)) / 3,
        shown="three rows as logits, actions [2, 1, 0], weights [4, 1, 1]",
        hint="The mean over the rows: their sum divided by their number.",
        atol=1e-4,
    )
    expect_close(
        run([[1000.0, 0.0]], [1], [1.0]),
        1000.0,
        shown="logits [[1000, 0]], action [1], weight [1]",
        hint="Take the log-softmax of the logits in one go: exp(1000) overflows, and log(softmax) with it.",
        atol=1e-2,
    )


@exercise("10.3", name="gaussian_log_density", title="The score needs a log density", minutes=10)
def check_gaussian_log_density(attempt):
    expect_close(
        attempt(np.array([[0.0]]), np.array([[0.0]]), np.array([0.0])),
        [-0.5 * np.log(2 * np.pi)],
        shown="action 0, mean 0, log standard deviation 0",
        hint="A standard normal density at 0 is 1/sqrt(2 pi).",
    )
    expect_close(
        attempt(np.array([[1.0], [3.0]]), np.array([[0.0], [1.0]]), np.array([np.log(2.0)])),
        [-0.125 - np.log(2) - 0.5 * np.log(2 * np.pi), -0.5 - np.log(2) - 0.5 * np.log(2 * np.pi)],
        shown="actions [[1], [3]], means [[0], [1]], standard deviation 2",
        hint="Divide by the standard deviation, not by the variance or the logarithm, and do not forget -log(sigma).",
    )
    expect_close(
        attempt(np.array([[1.0, -1.0]]), np.zeros((1, 2)), np.array([0.0, np.log(0.5)])),
        [-0.5 - 2.0 + np.log(2) - np.log(2 * np.pi)],
        shown="action [[1, -1]], mean [[0, 0]], standard deviations [1, 0.5]",
        hint="Independent components: their log densities add up, one number a row.",
    )


@exercise("10.4", name="leave_one_out", title="A baseline for free", minutes=10, points=2)
def check_leave_one_out(attempt):
    expect_close(
        attempt(np.array([1.0, 2.0, 6.0])),
        [1 - 4.0, 2 - 3.5, 6 - 1.5],
        shown="returns = [1, 2, 6]",
        hint="Subtract from each return the mean of the *other* plays' returns.",
    )
    expect_close(
        attempt(np.array([5.0, 5.0, 5.0, 5.0])),
        np.zeros(4),
        shown="returns = [5, 5, 5, 5]",
        hint="If all plays earn the same there is nothing to learn.",
    )
    expect_close(
        attempt(np.array([0.0, 10.0])),
        [-10.0, 10.0],
        shown="returns = [0, 10]",
        hint="With two plays, each is the other's baseline: divide by P - 1.",
    )


@exercise("10.5", name="td_advantage", title="The bridge to actor-critic", minutes=15, points=3)
def check_td_advantage(attempt):
    rewards, values = np.array([1.0, 2.0, 3.0]), np.array([10.0, 20.0, 30.0, 40.0])
    expect_close(
        attempt(rewards, values, np.array([False, False, False]), 0.5),
        [1 + 10 - 10, 2 + 15 - 20, 3 + 20 - 30],
        shown="rewards [1, 2, 3], values [10, 20, 30, 40] (one more: the state after the last step), gamma 0.5, no end",
        hint="Reward, plus gamma times the value of the next state, minus the value of this one.",
    )
    expect_close(
        attempt(rewards, values, np.array([False, True, False]), 0.5),
        [1.0, 2 - 20, 3 + 20 - 30],
        shown="the same, but the second step ends a play",
        hint="Where the play terminated nothing follows: no value of the next state.",
    )
    expect_close(
        attempt(rewards, values, np.array([True, True, True]), 0.9),
        [1 - 10, 2 - 20, 3 - 30],
        shown="the same, every step ends a play, gamma 0.9",
        hint="The reward minus what the critic expected.",
    )
