"""Checks of lesson 04: holding out, frozen normalisation, a linear classifier's gradient, comparison, an experiment."""

from __future__ import annotations

import random

import numpy as np

from utils.exercises.engine import as_numbers, exercise, expect, expect_close, fail, settle
from utils.exercises.experiment import change_of_one_thing
from utils.exercises.sweep import as_float32, sweep


@exercise("04.1", name="hold_out", title="Hold out fairly", minutes=15, points=2)
def check_hold_out(attempt):
    """Sizes, no index twice, both kinds equally, repeatable, and any photo as likely as any other, by itself."""
    sorted_labels, alternating = np.repeat([0, 1], 40), np.tile([1, 0], 25)
    shuffled = np.random.default_rng(5).permutation(np.repeat([1, 0], 7))
    for labels, count in (
        *((sorted_labels, 20), (alternating, 10), (sorted_labels, 2), (shuffled, 6), (shuffled, 14), (shuffled, 0)),
        (np.array([1, 0]), 2),
    ):
        shown = f"{len(labels)} labels, half of them 1, count {count}, seed 3"
        learn, held = _split(attempt, labels, count, 3, shown)
        expect(len(held), count, shown=f"{shown}: how many are held out", hint="Half of `count` of each kind.")
        expect(
            sorted([*learn, *held]),
            np.arange(len(labels)),
            shown=f"{shown}: the indices of both arrays, sorted",
            hint="Each index once, in one of the two: draw without replacement, learn from what is not held out.",
        )
        hint = "Draw from each kind separately; a draw from all is balanced only on average."
        expect(labels[held].sum(), count // 2, shown=f"{shown}: dogs among the held-out", hint=hint)
    _repeats(attempt, sorted_labels)
    _draws_each_alike(attempt, sorted_labels)


def _split(attempt, labels, count, seed, shown) -> tuple[np.ndarray, np.ndarray]:
    answer = settle(attempt(labels.copy(), count, seed))
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        hint = "Return two arrays: `return learn, held`."
        fail(shown=shown, expected="two arrays of indices", got=answer, hint=hint)
    parts = [np.zeros(0, int) if np.size(part) == 0 else as_numbers(part) for part in answer]
    if any(part is None or part.ndim != 1 or (part != np.round(part)).any() for part in parts):
        fail(shown=shown, expected="two arrays of indices", got=answer, hint="An index is a whole number.")
    return tuple(part.astype(int) for part in parts)


def _repeats(attempt, labels) -> None:
    """The same seed gives the same photos, whatever was drawn before, and nobody else's draws change."""
    states = np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    first, again = (_split(attempt, labels, 20, 3, "seed 3")[1] for _ in range(2))
    hint = "Make the generator inside the function, from the seed."
    expect(set(first) == set(again), True, shown="seed 3 twice: the same photos held out?", hint=hint)
    kept = np.array_equal(states[0], np.random.get_state()[1]) and states[1] == random.getstate()  # noqa: NPY002
    hint = "Use a generator of your own, `np.random.default_rng(seed)`; np.random.seed changes everybody's draws."
    expect(kept, True, shown="the global random state after the call: unchanged?", hint=hint)


def _draws_each_alike(attempt, labels, draws: int = 300) -> None:
    """Over 300 seeds each of 80 photos is held out in a quarter, and neighbours together as often as strangers.

    A photo's share has a standard deviation of 0.025, so that 0.15 off is six of them: less than one in a million for
    all 80. The mean of the 78 pairs of neighbours, 0.0577, has one of 0.002: 0.037 off is eighteen.
    """
    held = np.zeros((draws, len(labels)), bool)
    for seed in range(draws):
        held[seed, _split(attempt, labels, 20, seed, f"80 labels, count 20, seed {seed}")[1]] = True
    share = held.mean(axis=0)
    worst = int(np.abs(share - 0.25).argmax())
    if abs(share[worst] - 0.25) > 0.15:
        fail(
            shown=f"seeds 0 to {draws - 1}, 80 labels, cats first, count 20: how often index {worst} is held out",
            expected="about 0.25",
            got=share[worst],
            hint="Which photos are held out is drawn with that seed, cats and dogs: not always the first or the last.",
        )
    halves = held.reshape(draws, 2, -1)
    together = (halves[:, :, 1:] & halves[:, :, :-1]).mean()
    if not 0.02 < together < 0.12:
        fail(
            shown=f"seeds 0 to {draws - 1}, 80 labels, count 20: how often two neighbours are both held out",
            expected="about 0.06",
            got=together,
            hint="Draw every photo by itself: blocks or fixed steps take neighbours together, and those are alike.",
        )


@exercise("04.2", name="frozen_batch_norm", title="Frozen normalisation", minutes=10, points=1)
def check_frozen_batch_norm(attempt):
    x = np.array([[1.0, 2.0], [3.0, 6.0], [5.0, 4.0]])
    expect_close(
        attempt(x.copy(), np.ones(2), np.zeros(2), np.array([0.0, 1.0]), np.array([4.0, 9.0]), 0.0),
        [[0.5, 1 / 3], [1.5, 5 / 3], [2.5, 1.0]],
        shown="three photos, two channels, gamma 1, beta 0, moving mean [0, 1], moving variance [4, 9], epsilon 0",
        hint="Subtract the stored mean and divide by the stored standard deviation, the root of the variance.",
    )
    sweep(
        "04.2",
        attempt,
        judge=as_float32,
        hint="(x - moving mean) / sqrt(moving variance + epsilon), times gamma, plus beta; channel by channel.",
        hints=(
            (lambda x, *_: len(x) == 1, "Frozen, a photo's result does not depend on the others in the batch."),
            (lambda *parts: (parts[4] == 0).any(), "epsilon is added to the variance, under the root."),
            (lambda *parts: (parts[1] != 1).any(), "Scale with gamma first, then add beta."),
        ),
    )


@exercise("04.3", name="gradient", title="One step of the new classifier", minutes=20, points=2)
def check_gradient(attempt):
    shown = "features [[1, 0], [0, 2]], labels [1, 0], weights [0, 0], bias 0"
    answer = settle(attempt(np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([1, 0]), np.zeros(2), 0.0))
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        hint = "Return two things: `return for_weights, for_bias`."
        fail(shown=shown, expected="two gradients", got=answer, hint=hint)
    hint = "Each photo pulls with sigmoid(z) - y, times its features; the loss is a mean over photos, so is this."
    expect_close(answer[0], [-0.25, 0.5], shown=f"{shown}: gradient of the weights", hint=hint)
    hint = "The bias is the weight of a feature that is always 1."
    expect_close(answer[1], 0.0, shown=f"{shown}: gradient of the bias", hint=hint)
    sweep(
        "04.3",
        attempt,
        judge=as_float32,
        hint="For the weights the mean of (sigmoid(z) - y) times the features; for the bias of sigmoid(z) - y.",
        hints=((lambda features, *_: len(features) == 1, "The mean over a single photo is that photo's."),),
    )


@exercise("04.4", name="disagreements", title="A fair comparison", minutes=10, points=1)
def check_disagreements(attempt):
    labels = np.array([1, 1, 0, 0, 1, 0])
    first = np.array([2.0, -1.0, -3.0, 1.0, 0.2, -0.1])
    second = np.array([1.0, 4.0, -1.0, 2.0, -0.3, 0.5])
    expect(
        attempt(first.copy(), second.copy(), labels.copy()),
        (2, 1),
        shown=f"labels {labels.tolist()}, first {first.tolist()}, second {second.tolist()}",
        hint="Photos 4 and 5 only the first gets right, photo 1 only the second; photo 3 both get wrong.",
    )
    sweep(
        "04.4",
        attempt,
        hint="Right is a logit above 0 for a dog, however small, and one that is not above 0 for a cat.",
        hints=(
            (lambda first, second, labels: len(labels) == 0, "No photos, no disagreements: (0, 0)."),
            (lambda first, second, labels: 0 in (*first, *second), "A logit of exactly 0 is not above 0: a cat."),
            (
                lambda first, second, labels: ((first > 0) == (second > 0)).all(),
                "Two classifiers can differ in every logit and agree on every photo.",
            ),
        ),
    )


@exercise("04.5", name="broken_rule", title="Break a rule of the input: an open experiment", minutes=25, points=3)
def check_broken_rule(attempt):
    """``before`` and ``after`` are shares of at least 50 test photos that the shipped classifier gets right."""
    change_of_one_thing(attempt(), possible=(0, 1), usual=(0.6, 1))
