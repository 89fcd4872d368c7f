"""From ratings to lists: implicit feedback, the EASE item model and the measures of a ranked list (lesson 07)."""

from __future__ import annotations

import numpy as np


def seen_matrix(users: np.ndarray, movies: np.ndarray, n_users: int, n_movies: int) -> np.ndarray:
    """Implicit feedback: 1 where the user rated the movie, whatever the stars; float32 (n_users, n_movies)."""
    seen = np.zeros((n_users, n_movies), dtype=np.float32)
    seen[users, movies] = 1
    return seen


def popularity_scores(seen: np.ndarray) -> np.ndarray:
    """The same list for everybody: how many users rated each movie; shape of ``seen``."""
    return np.broadcast_to(seen.sum(axis=0), seen.shape)


def ease_scores(seen: np.ndarray, penalty: float = 300.0) -> np.ndarray:
    """Scores of every user for every movie by EASE, a linear item-to-item model with a closed solution.

    Minimises ||X - XB||^2 + penalty * ||B||^2 where no movie may predict itself (diagonal of B zero): with
    P = (X'X + penalty)^-1, B = I - P / diag(P) (Steck, "Embarrassingly Shallow Autoencoders", 2019). There are far
    fewer users than movies, so P is written with the users' Gram matrix (Woodbury) and is never formed.

    Args:
        seen: (users, movies) zeros and ones.
        penalty: strength of the ridge; positive.

    Returns:
        float32 (users, movies).

    Raises:
        ValueError: a penalty that is not positive.
    """
    if penalty <= 0:
        raise ValueError(f"The penalty is {penalty}; EASE needs a positive one.")
    x = np.asarray(seen, dtype=np.float32)
    gram = x @ x.T
    inner = np.linalg.solve(gram + penalty * np.eye(len(x), dtype=np.float32), x)
    diagonal = (1 - np.einsum("um,um->m", x, inner)) / penalty
    return x - (x - gram @ inner) / penalty / diagonal


def top_list(scores: np.ndarray, seen: np.ndarray, length: int = 10) -> np.ndarray:
    """The best ``length`` movies a user has not seen, best first: int64 (users, length).

    Args:
        scores, seen: (users, movies).

    Raises:
        ValueError: the two differ in shape, or a user has fewer than ``length`` movies left.
    """
    if scores.shape != seen.shape:
        raise ValueError(f"Scores {scores.shape} and seen {seen.shape} differ in shape.")
    if (seen > 0).sum(axis=1).max() > scores.shape[1] - length:
        raise ValueError(f"Some user has fewer than {length} unseen movies.")
    hidden = np.where(seen > 0, -np.inf, scores)
    return np.argsort(-hidden, axis=1, kind="stable")[:, :length]


def ndcg_at(ranked: np.ndarray, relevant: list[set[int]]) -> float:
    """Normalised discounted cumulative gain: a hit in place k (from 1) counts 1 / log2(k + 1); 1 is a perfect list.

    The mean over users; those without a relevant movie are left out. Source: Järvelin and Kekäläinen, 2002.

    Args:
        ranked: (users, length) movies, best first.
        relevant: one set of movies a user.

    Raises:
        ValueError: no user has a relevant movie, or the lengths differ.
    """
    if len(ranked) != len(relevant):
        raise ValueError(f"{len(ranked)} lists but {len(relevant)} sets of relevant movies.")
    worth = 1 / np.log2(np.arange(ranked.shape[1]) + 2)
    values = [
        worth[[movie in wanted for movie in row.tolist()]].sum() / worth[: len(wanted)].sum()
        for row, wanted in zip(ranked, relevant)
        if wanted
    ]
    if not values:
        raise ValueError("No user has a relevant movie to find.")
    return float(np.mean(values))
