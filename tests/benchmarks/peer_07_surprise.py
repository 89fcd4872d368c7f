"""scikit-surprise on folds handed over in a file; run by bench_07_movielens_recommender.py in the peers' environment.

Reads an .npz with ``users``, ``movies``, ``ratings`` and ``folds`` (the fold that tests each rating) and prints a line
of JSON for each algorithm. Settings are the library's defaults; "SVD, tuned" is smaller and more strongly regularised.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import surprise

ITEMS = {"name": "pearson_baseline", "user_based": False}
ALGORITHMS = {
    "BaselineOnly": lambda: surprise.BaselineOnly(verbose=False),
    "SVD": lambda: surprise.SVD(random_state=0),
    "SVD, tuned": lambda: surprise.SVD(n_factors=20, n_epochs=30, lr_all=0.01, reg_all=0.1, random_state=0),
    "KNNBaseline, films": lambda: surprise.KNNBaseline(k=40, sim_options=ITEMS, verbose=False),
    "SVD++": lambda: surprise.SVDpp(random_state=0, cache_ratings=True),
}


def main(path: str, names: list[str]) -> None:
    data = np.load(path)
    rows = list(zip(data["users"].tolist(), data["movies"].tolist(), data["ratings"].astype(float).tolist()))
    reader = surprise.Reader(rating_scale=(0.5, 5))
    whole = surprise.dataset.DatasetAutoFolds(reader=reader, df=_Frame(rows))
    for name in [name for name in ALGORITHMS if not names or name in names]:
        errors, seconds = [], []
        for fold in range(5):
            testing = data["folds"] == fold
            train = whole.construct_trainset([(*rows[k], None) for k in np.flatnonzero(~testing)])
            start = time.perf_counter()
            algorithm = ALGORITHMS[name]().fit(train)
            seconds.append(time.perf_counter() - start)
            found = algorithm.test([rows[k] for k in np.flatnonzero(testing)])
            errors.append(surprise.accuracy.rmse(found, verbose=False))
        print(json.dumps({"name": f"surprise {name}", "rmse": errors, "seconds": seconds}), flush=True)


class _Frame:
    """As much of a pandas table as surprise reads."""

    def __init__(self, rows: list):
        self.rows = rows

    def itertuples(self, index: bool = False):
        return iter(self.rows)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
