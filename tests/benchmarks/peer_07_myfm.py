"""myFM on folds handed over in a file; run by bench_07_movielens_recommender.py in the peers' environment.

Reads an .npz with ``users``, ``movies``, ``ratings``, ``folds`` (the fold that tests each rating) and ``genres`` (a row
for each movie) and prints a line of JSON for each setting: a Bayesian factorisation machine of rank 10, 200 sweeps of
Gibbs sampling, on ids alone, with genres, and with who rated what beside them, as SVD++ has it (the implicit feedback
of myFM's own MovieLens examples).
"""

from __future__ import annotations

import json
import sys
import time

import myfm
import numpy as np
from scipy import sparse

RANK, SWEEPS = 10, 200
SETTINGS = ("ids", "ids, genres", "ids, genres, who rated what")


def blocks(name: str, users: np.ndarray, movies: np.ndarray, genres: np.ndarray, n_users: int):
    """Columns of every user and of every movie, and how many columns belong together."""
    of_users, of_movies = [sparse.identity(n_users)], [sparse.identity(len(genres))]
    if "genres" in name:
        of_movies.append(sparse.csr_matrix(genres))
    if "who rated what" in name:
        ones = np.ones(len(users))
        rated = sparse.csr_matrix((ones, (users, movies)), shape=(n_users, len(genres)))
        for blocks_, table in ((of_users, rated), (of_movies, rated.T.tocsr())):
            count = np.maximum(np.asarray(table.sum(axis=1)).ravel(), 1)
            blocks_.append(sparse.diags(1 / np.sqrt(count)) @ table)
    shapes = [block.shape[1] for block in of_users + of_movies]
    return sparse.hstack(of_users).tocsr(), sparse.hstack(of_movies).tocsr(), shapes


def main(path: str, names: list[str]) -> None:
    data = np.load(path)
    users, movies, ratings, genres = (data[name] for name in ("users", "movies", "ratings", "genres"))
    for name in [name for name in SETTINGS if not names or name in names]:
        errors, seconds = [], []
        for fold in range(5):
            test = data["folds"] == fold
            start = time.perf_counter()
            known = blocks(name, users[~test], movies[~test], genres, int(users.max()) + 1)
            relations = {
                part: [
                    myfm.RelationBlock(np.ascontiguousarray(index[rows], dtype=np.int64), block)
                    for index, block in zip((users, movies), known[:2])
                ]
                for part, rows in (("train", ~test), ("test", test))
            }
            model = myfm.MyFMRegressor(rank=RANK, random_seed=fold)
            model.fit(None, ratings[~test], X_rel=relations["train"], group_shapes=known[2], n_iter=SWEEPS)
            seconds.append(time.perf_counter() - start)
            guess = np.clip(model.predict(None, relations["test"]), 0.5, 5)
            errors.append(float(np.sqrt(np.mean((guess - ratings[test]) ** 2))))
        print(json.dumps({"name": f"myFM, {name}", "rmse": errors, "seconds": seconds}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
