"""Lesson 07: what is known of movies and users before anybody's stars are looked at."""

from __future__ import annotations

import numpy as np

from utils.datasets.movielens import MovieLens


def describe(data: MovieLens, rows: np.ndarray, habits: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Features of movies and of users, from the catalogue and from who rated what, never from the stars.

    A movie: its genres, its decade, log(ratings + 1) and ``habits`` numbers. A user: log(ratings + 1), the means of the
    movies' genres, decades and log counts over what he or she rated, and ``habits`` numbers. The habits are the
    strongest singular vectors of the table of who rated what, each rating divided by the roots of the user's count and
    the movie's: users who rated the same movies have similar ones.

    Whoever rated nothing has 0 everywhere, which is the mean of those who did: not extreme, but average. The same goes
    for what ratings tell of a movie that nobody rated: it may be new and not obscure.

    Args:
        rows: row numbers of the training ratings.
        habits: how many singular vectors; 0 for none.

    Returns:
        float64 arrays ``(n_movies, genres + decades + 1 + habits)`` and ``(n_users, genres + decades + 2 + habits)``.
    """
    users, movies = data.users[rows], data.movies[rows]
    of_users, of_movies = (np.bincount(i, minlength=n) for i, n in ((users, data.n_users), (movies, data.n_movies)))
    of_user, of_movie = _habits(users, movies, of_users, of_movies, habits)
    counts, catalogue = np.log1p(of_movies)[:, None], _catalogue(data)
    told = np.column_stack([catalogue, _standardised(counts, of_movies > 0)])
    rated = np.stack([np.bincount(users, column[movies], data.n_users) for column in told.T], axis=1)
    rated /= np.maximum(of_users, 1)[:, None]
    about_users = np.column_stack([np.log1p(of_users), rated, of_user])
    return np.column_stack([told, _standardised(of_movie, of_movies > 0)]), _standardised(about_users, of_users > 0)


def _catalogue(data: MovieLens) -> np.ndarray:
    """Genres and decades as zeros and ones, less their means; a movie without a year has the median decade."""
    known = np.isfinite(data.years)
    decades = np.floor(np.where(known, data.years, np.nanmedian(data.years) if known.any() else 1990) / 10)
    columns = np.column_stack([data.genre_matrix, decades[:, None] == np.unique(decades)]).astype(np.float64)
    return columns - columns.mean(axis=0)


def _habits(users: np.ndarray, movies: np.ndarray, of_users: np.ndarray, of_movies: np.ndarray, count: int):
    """The strongest singular vectors of who rated what; a movie's few ratings count as if there were five more."""
    from scipy.sparse import csr_array
    from scipy.sparse.linalg import svds

    if not count:
        return np.zeros((len(of_users), 0)), np.zeros((len(of_movies), 0))
    weight = 1 / np.sqrt(of_users[users] * (of_movies[movies] + 5.0))
    table = csr_array((weight, (users, movies)), shape=(len(of_users), len(of_movies)))
    left, strength, right = svds(table, k=count, v0=np.ones(min(table.shape)))
    return left * strength, right.T * strength


def _standardised(columns: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Mean 0 and spread 1 over the known rows, 0 in all others."""
    found, spread = np.zeros(columns.shape), columns[known].std(axis=0)
    found[known] = (columns[known] - columns[known].mean(axis=0)) / np.where(spread > 1e-12, spread, 1)
    return found
