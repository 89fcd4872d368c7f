"""Checks of lesson 07: a bias, one step of factorisation, a newcomer, the gain of a list, an experiment."""

from __future__ import annotations

import numpy as np

from utils.exercises.engine import exercise, expect_close, fail, settle
from utils.exercises.experiment import change_of_one_thing
from utils.exercises.sweep import as_float32, sweep


@exercise("07.1", name="careful_bias", title="Believe the erratic less", minutes=12, points=2)
def check_careful_bias(attempt):
    hint = "A residual weighs 1 / noise²; the belief in an average film is one more, of zero, that weighs 1 / spread²."
    shown = "residuals = [1, 1, 1, 1], noises = [1, 1, 1, 1], spread = 0.5"
    expect_close(attempt(np.ones(4), np.ones(4), 0.5), 0.5, shown=shown, hint=hint)
    sweep(
        "07.1",
        attempt,
        hint=hint,
        hints=(
            (
                lambda residuals, noises, spread: len(residuals) == 0,
                "A film without ratings has the bias 0; `mean` of an empty array is not a number.",
            ),
            (
                lambda residuals, noises, spread: len(set(noises.tolist())) > 1,
                "Whose ratings scatter half as much counts four times as much, in the sum above and in the one below.",
            ),
            (lambda residuals, noises, spread: residuals.sum() < 0, "A film may be worse than the mean."),
        ),
    )


@exercise("07.2", name="factor_step", title="One step of matrix factorisation", minutes=12, points=2)
def check_factor_step(attempt):
    user, movie = np.array([1.0, 0.0]), np.array([0.5, 2.0])
    shown = "user = [1, 0], movie = [0.5, 2], stars = 1.5, rate = 0.1, penalty = 0"
    got = settle(attempt(user.copy(), movie.copy(), 1.5, 0.1, 0.0))
    if not isinstance(got, tuple | list | np.ndarray) or len(got) != 2:
        fail(shown=shown, expected="two vectors: (new_user, new_movie)", got=got, hint="Return both, user first.")
    hint = (
        "The error is stars minus user . movie; each vector moves by rate times (error times the other's OLD value, "
        "minus penalty times itself)."
    )
    expect_close(got, [[1.05, 0.2], [0.6, 2.0]], shown=shown, hint=hint)
    sweep(
        "07.2",
        attempt,
        hint=hint,
        hints=(
            (lambda user, movie, stars, rate, penalty: rate == 0, "With the rate 0 nothing moves."),
            (
                lambda user, movie, stars, rate, penalty: abs(stars - user @ movie) < 1e-9,
                "With no error left only the penalty pulls: both vectors shrink by rate times penalty.",
            ),
            (
                lambda user, movie, stars, rate, penalty: penalty == 0,
                "Each vector moves by rate times error, as large as it is, times the other's old value.",
            ),
        ),
        unchanged=True,
    )


@exercise("07.3", name="newcomer_vector", title="Ten ratings make a taste", minutes=12, points=2)
def check_newcomer_vector(attempt):
    hint = "Solve (V'V + penalty * identity) p = V' residuals, with V the vectors of the films rated, one a row."
    expect_close(
        attempt(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), np.array([1.0, -1.0, 0.0]), 1.0),
        [0.5, -0.5],
        shown="vectors [[1, 0], [0, 1], [1, 1]], residuals [1, -1, 0], penalty 1",
        hint=hint,
    )
    sweep(
        "07.3",
        attempt,
        judge=as_float32,
        hint=hint,
        hints=(
            (
                lambda vectors, residuals, penalty: len(residuals) == 0,
                "With no ratings the penalty alone decides: the zero vector, of the right length.",
            ),
            (lambda vectors, residuals, penalty: penalty == 0, "Without a penalty these are the least squares."),
        ),
    )


@exercise("07.4", name="discounted_gain", title="Grade a list", minutes=12, points=2)
def check_discounted_gain(attempt):
    hint = "A hit in place k, counted from 1, is worth 1 / log2(k + 1)."
    expect_close(attempt([3, 8, 5], {3}), 1.0, shown="list [3, 8, 5], relevant {3}", hint=hint)
    expect_close(attempt([8, 3, 5], {3}), 1 / np.log2(3), shown="list [8, 3, 5], relevant {3}", hint=hint)
    sweep(
        "07.4",
        attempt,
        hint="Divide by the best there could be: hits in the first min(length of the list, number relevant) places.",
        hints=(
            (lambda ranked, relevant: not relevant, "With nothing to find the gain is 0, not an error."),
            (lambda ranked, relevant: relevant.isdisjoint(ranked), "No hit, no gain."),
            (
                lambda ranked, relevant: relevant <= set(ranked[: len(relevant)]),
                "All relevant films lead the list: it could not be better, so the gain is 1.",
            ),
        ),
    )


@exercise("07.5", name="without_shrinking", title="What does shrinking buy? An open experiment", minutes=20, points=3)
def check_without_shrinking(attempt):
    """``before`` and ``after`` are errors of the biases in stars on the validation ratings, one a fold."""
    change_of_one_thing(attempt(), possible=(0.2, 3), usual=(0.5, 1.1))
