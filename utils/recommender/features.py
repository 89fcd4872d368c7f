"""Lesson 07: what is known of movies and users before anybody's stars are looked at."""

from __future__ import annotations

import numpy as np

from utils.datasets.movielens import MovieLens


def describe(data: MovieLens, rows: np.ndarray, habits: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Features of movies and of users, from the catalogue and from who rated what, never from the stars.

    A movie: its genres, log(1 + ratings), age and ``habits`` numbers. A user: log(1 + ratings), the mean of the
    catalogue's features over the movies he or she rated, and ``habits`` numbers. The habits are the strongest singular
    vectors of the table of who rated what, each rating divided by the roots of the user's and the movie's counts: users
    who rated the same movies have similar ones.

    A feature's mean is 0 over the movies, and over the users who rated something; a user of whom nothing is known has 0
    everywhere, so that he or she is average and not extreme.

    Args:
        rows: row numbers of the training ratings.
        habits: how many singular vectors; 0 for none.

    Returns:
        float64 arrays ``(n_movies, genres + 3 + habits)`` and ``(n_users, genres + 4 + habits)``.
    """
    users, movies = data.users[rows], data.movies[rows]
    of_users, of_movies = (np.bincount(i, minlength=n) for i, n in ((users, data.n_users), (movies, data.n_movies)))
    years = np.nan_to_num(data.years, nan=float(np.nanmedian(data.years))) if np.isfinite(data.years).any() else 1990
    age = (np.asarray(years, dtype=np.float64) - 1990) / 15 * np.ones(data.n_movies)
    catalogue = [data.genre_matrix, _standardised(np.log1p(of_movies)), age, np.minimum(age, 0) ** 2]
    catalogue = np.column_stack(catalogue)
    catalogue = catalogue - catalogue.mean(axis=0)
    rated = np.stack([np.bincount(users, column[movies], data.n_users) for column in catalogue.T], axis=1)
    known = of_users > 0
    about = np.column_stack([np.log1p(of_users), rated / np.maximum(of_users, 1)[:, None]])
    described = np.zeros((data.n_users, about.shape[1] + habits))
    described[known, : about.shape[1]] = _standardised(about[known])
    if not habits:
        return catalogue, described
    left, right = _habits(users, movies, of_users, of_movies, habits)
    described[known, about.shape[1] :] = _standardised(left[known])
    return np.column_stack([catalogue, _standardised(right)]), described


def _habits(users: np.ndarray, movies: np.ndarray, of_users: np.ndarray, of_movies: np.ndarray, count: int):
    """The strongest singular vectors of who rated what; a movie's few ratings count as if there were five more."""
    from scipy.sparse import csr_array
    from scipy.sparse.linalg import svds

    weight = 1 / np.sqrt(of_users[users] * (of_movies[movies] + 5.0))
    table = csr_array((weight, (users, movies)), shape=(len(of_users), len(of_movies)))
    left, strength, right = svds(table, k=count, v0=np.ones(min(table.shape)))
    return left * strength, right.T * strength


def _standardised(columns: np.ndarray) -> np.ndarray:
    spread = columns.std(axis=0)
    return (columns - columns.mean(axis=0)) / np.where(spread > 0, spread, 1)
