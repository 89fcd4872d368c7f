"""Checks of lesson 10: policy gradients."""

from __future__ import annotations

import numpy as np

from utils.exercises.engine import exercise, expect, expect_close, fail, gradient_of, settle
from utils.exercises.experiment import numbers, one_of, record
from utils.exercises.sweep import sweep


@exercise("10.1", name="returns_to_go", title="Credit only what comes after", minutes=10)
def check_returns_to_go(attempt):
    for rewards, gamma, expected, hint in (
        ([1.0, 1, 1], 1.0, [3, 2, 1], "Each step is credited with its own reward and all later ones, no earlier ones."),
        ([0.0, 0, 4], 0.5, [1, 2, 4], "A reward two steps later counts gamma squared: count from the step itself."),
    ):
        expect_close(attempt(np.array(rewards), gamma), expected, shown=f"{rewards = }, {gamma = }", hint=hint)
    sweep(
        "10.1",
        attempt,
        hint="Go through the play from its end: G_t = r_t + gamma G_(t+1).",
        hints=(
            (lambda rewards, gamma: gamma == 0, "With gamma 0 each step is credited with its own reward."),
            (lambda rewards, gamma: len(rewards) == 1, "In a play of one step there is nothing later."),
            (
                lambda rewards, gamma: rewards.dtype.kind == "i",
                "The rewards are integers here, the returns need not be: an array of integers would cut fractions off.",
            ),
        ),
    )


@exercise("10.2", name="reinforce_loss", title="The loss whose gradient is the policy gradient", minutes=10, points=2)
def check_reinforce_loss(attempt):
    for shown, logits, actions, weights, hint in _losses():
        got = attempt(*_tensors(logits, actions, weights))
        expect_close(got, _loss(logits, actions, weights), shown=shown, hint=hint, atol=1e-4)
    rng = np.random.default_rng(0)
    for rows, size in ((4, 3), (1, 2)):
        logits, weights = rng.normal(size=(rows, size)), np.array([2.0, -1.0, 3.0, 1.0])[:rows]
        actions = rng.integers(size, size=rows)
        expect_close(
            _gradient(attempt, logits, actions, weights),
            weights[:, None] * (np.exp(_log_softmax(logits)) - np.eye(size)[actions]) / rows,
            shown=f"the gradient that Keras takes of your loss, for {rows} random rows of {size} logits",
            hint="No part of the way from logits to loss may be held constant (stop_gradient) or leave keras.ops.",
            atol=1e-4,
        )


def _losses():
    """Logits, actions and weights, and what a loss that is wrong on them should be told."""
    rng = np.random.default_rng(1)
    yield (
        *("logits [[0, 0]], action [1], weight [2]", [[0.0, 0.0]], [1], [2.0]),
        "Both actions have probability 1/2; the loss is minus the weight times the logarithm of the chosen one.",
    )
    yield (
        *("probabilities [[.5, .25, .25], [.1, .8, .1]] as logits, actions [0, 2], weights [1, -3]",),
        *(np.log([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]]), [0, 2], [1.0, -3.0]),
        "Average over the rows, with a minus in front (optimisers go downhill); weights may be negative.",
    )
    for extreme in (1000.0, -1000.0):
        yield (
            *(f"logits [[{extreme:g}, 0]], actions [0] and [1] in two rows, weights [1, 1]",),
            *([[extreme, 0.0]] * 2, [0, 1], [1.0, 1.0]),
            "Take the log-softmax of the logits in one go: exp(1000) overflows, and log(softmax) with it.",
        )
    for rows, size in ((1, 1), (1, 4), (2, 2), (3, 3), (4, 2), (5, 6), (40, 3), (64, 2), (300, 5)):
        yield (
            *(f"{rows} random rows of {size} logits", rng.normal(0, 2, (rows, size))),
            *(rng.integers(size, size=rows), rng.normal(1, 2, rows)),
            "The mean over the rows of weight times -log(probability of the chosen action): a sum over their number.",
        )
    yield (
        *("weights that add up to 0", rng.normal(size=(2, 2)), [0, 1], [1.0, -1.0]),
        "Divide by the number of rows, not by the sum of the weights.",
    )


def _tensors(logits, actions, weights):
    from keras import ops

    columns = ((logits, "float32"), (actions, "int32"), (weights, "float32"))
    return [ops.convert_to_tensor(np.asarray(column, dtype)) for column, dtype in columns]


def _log_softmax(logits):
    logits = np.asarray(logits) - np.max(logits, axis=1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def _loss(logits, actions, weights):
    return -np.mean(np.asarray(weights) * _log_softmax(logits)[np.arange(len(actions)), actions])


def _gradient(attempt, logits, actions, weights):
    _, actions, weights = _tensors(logits, actions, weights)
    try:
        return settle(gradient_of(attempt, logits, actions, weights))
    except Exception as error:  # every backend says in its own way that NumPy is in the way
        fail(
            shown="the gradient that Keras takes of your loss",
            expected="a gradient",
            got=f"{type(error).__name__}: {error}",
            hint="Use keras.ops from the logits to the loss; what has become NumPy or a Python number has no gradient.",
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
        attempt(np.array([[1.0, -1.0]]), np.zeros((1, 2)), np.array([0.0, np.log(0.5)])),
        [-0.5 - 2.0 + np.log(2) - np.log(2 * np.pi)],
        shown="action [[1, -1]], mean [[0, 0]], standard deviations [1, 0.5]",
        hint="Independent components: their log densities add up, one number a row.",
    )
    sweep(
        "10.3",
        attempt,
        hint="Divide by the standard deviation, not by the variance or the logarithm, and do not forget -log(sigma).",
        hints=((lambda actions, *_: actions.shape[1] > 1, "One number a row: the sum over the components."),),
    )


@exercise("10.4", name="token_credit", title="A price for each token, and a baseline for free", minutes=15, points=3)
def check_token_credit(attempt):
    for paid, log_pi, beta, credit, hint in (
        (
            *([1.0, 2.0, 6.0], np.zeros((3, 1)), 0.5, [[1 - 4.0], [2 - 3.5], [6 - 1.5]]),
            "Policy and start agree, so there is nothing to pay: subtract the mean of what the *other* answers earned.",
        ),
        (
            *([0.0, 0.0], np.array([[1.0, 2.0], [0.0, 0.0]]), 0.5, [[-1.5, -1.0], [1.5, 1.0]]),
            "A token pays beta for each nat by which the policy likes it, or one after it, better than the start did; "
            "the mean of the others is that of the same place.",
        ),
    ):
        expect_close(
            attempt(np.array(paid), log_pi, np.zeros(log_pi.shape), beta),
            credit,
            shown=f"paid = {paid}, log_pi = {log_pi.tolist()}, log_start all 0, beta = {beta}",
            hint=hint,
        )
    sweep(
        "10.4",
        attempt,
        hint="The pay, less beta times the sum of log_pi - log_start from this token on, less the mean of the others'.",
        hints=(
            (lambda paid, log_pi, log_start, beta: beta == 0, "Without a price all tokens of an answer get the same."),
            (lambda paid, log_pi, *_: log_pi.shape[1] == 1, "An answer of one token: its price is that token's."),
            (lambda paid, *_: len(paid) == 2, "With two answers, each is the other's baseline: divide by P - 1."),
            (lambda paid, *_: np.ptp(paid) == 0, "All earned the same: the credits still differ, by the price."),
        ),
        unchanged=True,
    )


@exercise("10.5", name="td_advantage", title="The bridge to actor-critic", minutes=15, points=3)
def check_td_advantage(attempt):
    expect_close(
        attempt(np.array([1.0, 2.0, 3.0]), np.array([10.0, 20.0, 30.0, 40.0]), np.array([False, True, False]), 0.5),
        [1 + 10 - 10, 2 - 20, 3 + 20 - 30],
        shown="rewards [1, 2, 3], values [10, 20, 30, 40] (one more: the state after the last step), gamma 0.5, the "
        "second step ends a play",
        hint="Reward, plus gamma times the value of the next state, minus the value of this one; after an end, none.",
    )
    sweep(
        "10.5",
        attempt,
        hint="Reward, plus gamma times the value of the next state, minus the value of this one.",
        hints=(
            (
                lambda rewards, values, terminated, gamma: terminated.any(),
                "Where the play terminated nothing follows: no value of the next state.",
            ),
            (lambda *case: case[-1] == 0, "With gamma 0 the reward minus what the critic expected."),
        ),
    )


TRICKS = ("to go", "discount", "baseline")


@exercise("10.6", name="length_experiment", title="Short plays and long: an open experiment", minutes=25, points=3)
def check_length_experiment(attempt):
    factors = numbers(0.05, 1000, count=4)
    found = record(
        attempt(),
        {
            "plays": numbers(1000, 10_000, whole=True),  # fewer tell the signal too roughly
            "steps": numbers(8, 500, count=2),
            "predicted": factors,
            "short": factors,
            "long": factors,
            "gains_most": one_of(*TRICKS),
        },
    )
    for one, other in (("long", "predicted"), ("short", "predicted"), ("long", "short")):
        if np.array_equal(found[one], found[other]):
            hint = "Neither a prediction nor another measurement is the same to the last digit."
            fail(shown=f"{one} and {other}", expected="two different lists", got=found[one], hint=hint)
    if found["steps"][0] > 60 or found["steps"][1] < 150:
        hint = "First the newborn policy, whose plays are short, then the one that was trained for twenty updates."
        wanted = "some 20 steps a play, and some 300"
        fail(shown="steps", expected=wanted, got=found["steps"], hint=hint)
    if min(found[plays][k] for plays in ("short", "long") for k in (0, 1, 3)) <= 1:  # a discount may cost that much
        hint = "The plays that the whole return needs, divided by what each of the others needs: those need fewer."
        wanted = "numbers above 1, but perhaps for the discount alone"
        fail(shown="short and long", expected=wanted, got=[found["short"], found["long"]], hint=hint)
    short, long = (dict(zip(TRICKS, (n[1], n[2] / n[1], n[3] / n[2]))) for n in (found["short"], found["long"]))
    expect(
        found["gains_most"],
        max(TRICKS, key=lambda trick: long[trick] / short[trick]),
        shown="your numbers, each trick after the one before it: "
        + ", ".join(f"{trick} {short[trick]:.2f} in short plays, {long[trick]:.2f} in long ones" for trick in TRICKS)
        + "; gains_most",
        hint="Say what your numbers say: which trick's own factor grows most from short plays to long ones?",
    )
