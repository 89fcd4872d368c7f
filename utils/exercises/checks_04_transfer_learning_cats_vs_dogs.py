"""Checks of lesson 04: holding out, frozen normalisation, the gradient of a linear classifier, paired comparison."""

from __future__ import annotations

import numpy as np

from utils.exercises.engine import exercise, expect, expect_close, fail


@exercise("04.1", name="hold_out", title="Hold out fairly", minutes=15, points=2)
def check_hold_out(attempt):
    """Sizes, no index twice, both kinds equally, repeatable, and another seed holds out others."""
    labels = np.repeat([0, 1], 40)
    mixed = np.tile([1, 0], 25)
    for case, count in ((labels, 20), (mixed, 10), (labels, 2)):
        shown = f"{len(case)} labels, half of them 1, count {count}, seed 3"
        learn, held = _two_arrays(attempt(case, count, 3), shown)
        if len(held) != count:
            fail(shown=shown, expected=f"{count} held out", got=f"{len(held)}", hint="Half of `count` of each kind.")
        if sorted([*learn, *held]) != list(range(len(case))):
            fail(
                shown=shown,
                expected="each index exactly once, in one of the two arrays",
                got=f"{len(learn)} to learn from, {len(held)} held out, {len({*learn} & {*held})} in both",
                hint="Draw without replacement; what is not held out is to learn from.",
            )
        ones = int(case[held].sum())
        hint = "Draw from each kind separately; a draw from all is balanced only on average."
        expect(ones, count // 2, shown=f"{shown}: dogs among the held-out", hint=hint)
    again = [_two_arrays(attempt(labels, 20, seed), "80 labels")[1] for seed in (3, 3, 4)]
    hint = "Make the generator inside the function, from the seed."
    expect(
        sorted(again[0]) == sorted(again[1]), True, shown="the same seed twice: the same photos held out?", hint=hint
    )
    hint = "Which photos are held out should be drawn at random with that seed, not be the first or the last."
    expect(sorted(again[0]) == sorted(again[2]), False, shown="seeds 3 and 4: the same photos held out?", hint=hint)


def _two_arrays(answer, shown: str) -> tuple[list[int], list[int]]:
    if answer is ...:
        expect(answer, None, shown=shown, hint="")  # not attempted
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        hint = "Return two arrays: `return learn, held`."
        fail(shown=shown, expected="two arrays of indices", got=answer, hint=hint)
    return tuple([int(index) for index in np.asarray(part).ravel()] for part in answer)


@exercise("04.2", name="frozen_batch_norm", title="Frozen normalisation", minutes=10, points=1)
def check_frozen_batch_norm(attempt):
    """Stored statistics, not the batch's; the square root; epsilon inside it; scale and shift."""
    x = np.array([[1.0, 2.0], [3.0, 6.0], [5.0, 4.0]])
    for gamma, beta, mean, variance, epsilon, hint in (
        ([1.0, 1.0], [0.0, 0.0], [0.0, 1.0], [4.0, 9.0], 0.0, "Divide by the standard deviation: sqrt(variance)."),
        ([2.0, -1.0], [0.5, 3.0], [1.0, 1.0], [1.0, 4.0], 0.0, "Scale with gamma first, then add beta."),
        ([1.0, 1.0], [0.0, 0.0], [1.0, 2.0], [0.0, 0.25], 0.25, "epsilon is added to the variance, under the root."),
    ):
        parts = [np.array(part) for part in (gamma, beta, mean, variance)]
        expected = (x - parts[2]) / (parts[3] + epsilon) ** 0.5 * parts[0] + parts[1]
        shown = f"three photos, two channels, moving mean {mean}, moving variance {variance}, epsilon {epsilon}"
        expect_close(attempt(x, *parts, epsilon), expected, shown=shown, hint=hint)
    alone = (x[:1] - 1.0) / 2.0
    expect_close(
        attempt(x[:1], np.ones(2), np.zeros(2), np.ones(2), np.full(2, 4.0), 0.0),
        alone,
        shown="a single photo",
        hint="Frozen, a photo's result does not depend on the others in the batch.",
    )


@exercise("04.3", name="gradient", title="One step of the new classifier", minutes=20, points=2)
def check_gradient(attempt):
    """By differences of the loss: sign, mean over photos, the bias."""
    rng = np.random.default_rng(0)
    for photos, size in ((4, 3), (7, 2), (1, 1)):
        features, weights = rng.normal(size=(photos, size)), rng.normal(size=size)
        labels, bias = (np.arange(photos) % 2).astype(float), 0.3
        expected, expected_bias = _numeric_gradient(features, labels, weights, bias)
        answer = attempt(features, labels, weights, bias)
        shown = f"{photos} photos with {size} features, labels {labels.astype(int).tolist()}, bias 0.3"
        if not (isinstance(answer, tuple | list) and len(answer) == 2) and answer is not ...:
            hint = "Return two things: `return for_weights, for_bias`."
            fail(shown=shown, expected="two gradients", got=answer, hint=hint)
        for_weights, for_bias = (answer, answer) if answer is ... else answer
        hint = "Each photo pulls with sigmoid(z) - y; the loss is a mean over photos, so the gradient is one too."
        expect_close(for_weights, expected, shown=f"{shown}: gradient of the weights", hint=hint, atol=1e-5)
        hint = "The bias is the weight of a feature that is always 1."
        expect_close(for_bias, expected_bias, shown=f"{shown}: gradient of the bias", hint=hint, atol=1e-5)


def _numeric_gradient(features, labels, weights, bias, step: float = 1e-5):
    def loss(w, b):
        z = features @ w + b
        return np.mean(np.logaddexp(0, z) - labels * z)

    by_weight = [
        (loss(weights + step * unit, bias) - loss(weights - step * unit, bias)) / (2 * step)
        for unit in np.eye(len(weights))
    ]
    return np.array(by_weight), (loss(weights, bias + step) - loss(weights, bias - step)) / (2 * step)


@exercise("04.4", name="disagreements", title="A fair comparison", minutes=10, points=1)
def check_disagreements(attempt):
    """Order of the two, photos both get wrong, logits of any size."""
    labels = np.array([1, 1, 0, 0, 1, 0])
    first = np.array([2.0, -1.0, -3.0, 1.0, 0.2, -0.1])
    second = np.array([1.0, 4.0, -1.0, 2.0, -0.3, 0.5])
    shown = f"labels {labels.tolist()}, first {first.tolist()}, second {second.tolist()}"
    hint = "Photos 4 and 5 only the first gets right, photo 1 only the second; photo 3 both get wrong."
    expect(_pair(attempt(first, second, labels), shown), (2, 1), shown=shown, hint=hint)
    hint = "The order of the answer follows the order of the classifiers."
    expect(_pair(attempt(second, first, labels), shown), (1, 2), shown="the same, exchanged", hint=hint)
    hint = "A logit above 0 means a dog, however small it is."
    case = np.array([0.5, 0.5, -0.5]), np.array([-0.2, 0.3, -0.4]), np.array([1, 1, 0])
    shown = "labels [1, 1, 0], first [0.5, 0.5, -0.5], second [-0.2, 0.3, -0.4]"
    expect(_pair(attempt(*case), shown), (1, 0), shown=shown, hint=hint)
    hint = "Two classifiers can differ in every logit and agree on every photo."
    expect(_pair(attempt(first, 7 * first, labels), shown), (0, 0), shown="second = 7 · first", hint=hint)


def _pair(answer, shown: str):
    if answer is ...:
        return answer
    try:
        only_first, only_second = answer
        return int(only_first), int(only_second)
    except (TypeError, ValueError):
        return fail(shown=shown, expected="two whole numbers", got=answer, hint="Return a tuple: (a, b).")
