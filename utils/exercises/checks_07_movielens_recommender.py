"""Checks of lesson 07: shrunken bias, one step of factorisation, a newcomer's vector, discounted gain."""

from __future__ import annotations

import numpy as np

from utils.exercises.engine import exercise, expect, expect_close, fail


@exercise("07.1", name="shrunken_bias", title="Believe few ratings less", minutes=8, points=1)
def check_shrunken_bias(attempt):
    hint = (
        "Sum of the residuals over their number plus the penalty: as if `penalty` more residuals of zero had come in."
    )
    expect_close(
        attempt(np.array([1.0, 1.0, 1.0, 1.0]), 4.0), 0.5, shown="residuals = [1, 1, 1, 1], penalty = 4", hint=hint
    )
    expect_close(attempt(np.array([1.5]), 0.0), 1.5, shown="residuals = [1.5], penalty = 0", hint=hint)
    expect_close(attempt(np.array([2.0, -1.0]), 3.0), 0.2, shown="residuals = [2, -1], penalty = 3", hint=hint)
    expect_close(
        attempt(np.array([]), 3.0),
        0.0,
        shown="no residuals at all, penalty = 3",
        hint="A film without ratings has the bias 0; `mean` of an empty array is not a number.",
    )


@exercise("07.2", name="factor_step", title="One step of matrix factorisation", minutes=12, points=2)
def check_factor_step(attempt):
    user, movie = np.array([1.0, 0.0]), np.array([0.5, 2.0])
    shown = "user = [1, 0], movie = [0.5, 2], stars = 1.5, rate = 0.1, penalty = 0"
    got = attempt(user.copy(), movie.copy(), 1.5, 0.1, 0.0)
    if got is not ... and (not isinstance(got, tuple | list) or len(got) != 2):
        fail(shown=shown, expected="two vectors: (new_user, new_movie)", got=got, hint="Return both, user first.")
    hint = (
        "The error is stars minus user . movie; each vector moves by rate times (error times the other's OLD value, "
        "minus penalty times itself)."
    )
    expect_close(got, [[1.05, 0.2], [0.6, 2.0]], shown=shown, hint=hint)
    shown = "user = [1, 0], movie = [0.5, 2], stars = 0.5, rate = 0.1, penalty = 0.2"
    expect_close(
        attempt(user.copy(), movie.copy(), 0.5, 0.1, 0.2),
        [[0.98, 0.0], [0.49, 1.96]],
        shown=shown,
        hint="With no error left only the penalty pulls: both vectors shrink by rate times penalty.",
    )
    before = user.copy()
    attempt(user, movie, 3.0, 0.1, 0.1)
    expect_close(
        user, before, shown="the vectors given in", hint="Do not write into the vectors you were given; make new ones."
    )


@exercise("07.3", name="newcomer_vector", title="Ten ratings make a taste", minutes=12, points=2)
def check_newcomer_vector(attempt):
    vectors = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    residuals = np.array([1.0, -1.0, 0.0])
    hint = "Solve (V'V + penalty * identity) p = V' residuals, with V the vectors of the films rated, one a row."
    expect_close(
        attempt(vectors, residuals, 1.0), [0.5, -0.5], shown="three films, residuals [1, -1, 0], penalty 1", hint=hint
    )
    rng = np.random.default_rng(0)
    v, y = rng.normal(size=(6, 3)), rng.normal(size=6)
    expect_close(
        attempt(v, y, 0.5),
        np.linalg.solve(v.T @ v + 0.5 * np.eye(3), v.T @ y),
        shown="six random films of three factors, penalty 0.5",
        hint=hint,
    )
    expect_close(
        attempt(np.zeros((0, 3)), np.zeros(0), 2.0),
        np.zeros(3),
        shown="no film rated yet, three factors, penalty 2",
        hint="With no ratings the penalty alone decides: the zero vector, of the right length.",
    )


@exercise("07.4", name="discounted_gain", title="Grade a list", minutes=12, points=2)
def check_discounted_gain(attempt):
    hint = "A hit in place k, counted from 1, is worth 1 / log2(k + 1)."
    expect_close(attempt([3, 8, 5], {3}), 1.0, shown="list [3, 8, 5], relevant {3}", hint=hint)
    expect_close(attempt([8, 3, 5], {3}), 1 / np.log2(3), shown="list [8, 3, 5], relevant {3}", hint=hint)
    best = 1 + 1 / np.log2(3) + 0.5
    expect_close(
        attempt([1, 2, 3], {1, 3, 7, 8, 9}),
        1.5 / best,
        shown="list [1, 2, 3], relevant {1, 3, 7, 8, 9}",
        hint="Divide by the best there could be: hits in the first min(length of the list, number relevant) places.",
    )
    expect_close(
        attempt([1, 2, 3, 4], {2, 1}),
        1.0,
        shown="list [1, 2, 3, 4], relevant {1, 2}",
        hint="Both relevant films lead the list: it could not be better, so the gain is 1.",
    )
    got = attempt([1, 2], set())
    expect(got, 0.0, shown="list [1, 2], nothing relevant", hint="With nothing to find the gain is 0, not an error.")
