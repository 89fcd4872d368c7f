"""Lesson 07: what other models are measured against, biases alone, and the error in stars."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from utils.datasets.movielens import HIGHEST, LOWEST


def root_mean_squared_error(predicted: np.ndarray, stars: np.ndarray, lowest: float = LOWEST) -> float:
    """RMSE in stars; predictions are first clipped to the scale, ``lowest`` to 5.

    Raises:
        ValueError: different shapes (a column against a row would broadcast to a matrix and hide the mistake).
    """
    predicted, stars = np.asarray(predicted, dtype=np.float64), np.asarray(stars, dtype=np.float64)
    if predicted.shape != stars.shape:
        raise ValueError(f"Predictions {predicted.shape} and ratings {stars.shape} differ in shape.")
    return float(np.sqrt(np.mean((np.clip(predicted, lowest, HIGHEST) - stars) ** 2)))


def check_known(users: Any, movies: Any, n_users: int, n_movies: int) -> tuple[np.ndarray, np.ndarray]:
    """Users and movies as int64 arrays of one length, if the model knows them all.

    Raises:
        ValueError: an index that the model was not trained for, named with its position.
    """
    users, movies = np.atleast_1d(np.asarray(users)), np.atleast_1d(np.asarray(movies))
    if users.shape != movies.shape:
        raise ValueError(f"{len(users)} users but {len(movies)} movies; give one movie for each user.")
    for what, values, count in (("user", users, n_users), ("movie", movies, n_movies)):
        bad = np.flatnonzero((values < 0) | (values >= count))
        if len(bad):
            raise ValueError(
                f"Unknown {what} {values[bad[0]]} at position {bad[0]}: the model knows {what}s 0 to {count - 1}. "
                f"Translate ids of the file with data.{what}_index()."
            )
    return users.astype(np.int64), movies.astype(np.int64)


@dataclass
class Biases:
    """Mean + user's bias + movie's bias, each shrunk towards zero as if it had ``penalty`` more ratings of the mean.

    Fitted by alternating exact minimisation (Koren, Bell and Volinsky 2009, equation 1 with an L2 penalty).
    """

    user_penalty: float = 4.0  #: chosen on validation ratings
    movie_penalty: float = 3.0  #: likewise
    mean: float = field(default=0.0, init=False)
    user_bias: np.ndarray = field(default=None, init=False, repr=False)
    movie_bias: np.ndarray = field(default=None, init=False, repr=False)

    def fit(self, users: np.ndarray, movies: np.ndarray, stars: np.ndarray, n_users: int, n_movies: int, rounds=20):
        """Fit and return self; a user or movie without ratings gets the bias 0."""
        users, movies = check_known(users, movies, n_users, n_movies)
        stars = np.asarray(stars, dtype=np.float64)
        self.mean = float(stars.mean())
        self.user_bias, self.movie_bias = np.zeros(n_users), np.zeros(n_movies)
        # Where nothing is known and nothing shrinks, 0 / 0 shall be 0.
        user_weight = np.maximum(np.bincount(users, minlength=n_users) + self.user_penalty, 1e-12)
        movie_weight = np.maximum(np.bincount(movies, minlength=n_movies) + self.movie_penalty, 1e-12)
        for _ in range(rounds):
            rest = stars - self.mean - self.user_bias[users]
            self.movie_bias = np.bincount(movies, rest, n_movies) / movie_weight
            rest = stars - self.mean - self.movie_bias[movies]
            self.user_bias = np.bincount(users, rest, n_users) / user_weight
        return self

    def predict(self, users: np.ndarray, movies: np.ndarray) -> np.ndarray:
        """Stars, float64, not clipped. Raises ValueError for an unknown user or movie."""
        users, movies = check_known(users, movies, len(self.user_bias), len(self.movie_bias))
        return self.mean + self.user_bias[users] + self.movie_bias[movies]
