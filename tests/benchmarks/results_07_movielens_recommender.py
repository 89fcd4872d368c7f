"""Measure lesson 07's models over the five fixed folds of ml-latest-small and record them in the ledger.

    python tests/benchmarks/results_07_movielens_recommender.py                       # what is missing, then record
    python tests/benchmarks/results_07_movielens_recommender.py --only best --folds 2   # one model on one fold

Settings were chosen on validation ratings from the training part of the first fold; test parts are only predicted.
A fold trains on all its other ratings. Each outcome is kept in runs/results_07/ as soon as it is there, so that an
interrupted measurement goes on where it stopped; ``--fresh`` measures anew, and is due after a model has changed.
"""

from __future__ import annotations

import argparse

import numpy as np
import outcomes

from utils import commands, runtime
from utils.datasets.movielens import MovieLens, load_movielens
from utils.recommender import baselines, bayesian, factorisation, neural, ranking, splits

BATCH, RATE, EPOCHS = 256, 3e-3, 12
# The lecture's learning-rate steps, three times as large as there for batches four times as large.
LECTURE_STEPS = ((RATE, 10), (RATE / 10, 3), (RATE / 20, 3), (RATE / 100, 2))
COMMAND = "make results LESSON=07"
FOLDER = runtime.repo_root() / "runs" / "results_07"
NEEDS_KERAS = {"lecture_mf", "biased_mf_keras", "lecture_network", "hybrid"}


def pairs(data: MovieLens, rows: np.ndarray) -> list[np.ndarray]:
    return [data.users[rows][:, None], data.movies[rows][:, None]]


def fit_keras(
    model, data: MovieLens, rows: np.ndarray, epochs: int = EPOCHS, falling: bool = True, rate: float = RATE
) -> None:
    """Adam; the learning rate falls along a cosine to zero, or stays as in the lecture."""
    import keras

    steps = epochs * -(-len(rows) // BATCH)
    rate = keras.optimizers.schedules.CosineDecay(rate, steps) if falling else rate
    model.compile(keras.optimizers.Adam(rate), loss="mse")
    model.fit(pairs(data, rows), data.ratings[rows], batch_size=BATCH, epochs=epochs, verbose=0)


def predict_biases(data: MovieLens, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    model = baselines.Biases().fit(
        data.users[train], data.movies[train], data.ratings[train], data.n_users, data.n_movies
    )
    return model.predict(data.users[test], data.movies[test])


def predict_biased_mf(data: MovieLens, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    model = factorisation.Factorisation()
    model.fit(data.users[train], data.movies[train], data.ratings[train], data.n_users, data.n_movies)
    return model.predict(data.users[test], data.movies[test])


def predict_lecture_mf(data: MovieLens, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    model = factorisation.build_factorisation(data.n_users, data.n_movies)
    for rate, epochs in LECTURE_STEPS:
        fit_keras(model, data, train, epochs, falling=False, rate=rate)
    return model.predict(pairs(data, test), batch_size=8192, verbose=0)[:, 0]


def predict_biased_mf_keras(data: MovieLens, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    model = factorisation.build_factorisation(
        data.n_users,
        data.n_movies,
        mean=float(data.ratings[train].mean()),
        penalty=14 / len(train),
        bias_penalty=3 / len(train),
    )
    fit_keras(model, data, train)
    return model.predict(pairs(data, test), batch_size=8192, verbose=0)[:, 0]


def predict_lecture_network(data: MovieLens, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    model = neural.build_concatenated(data.n_users, data.n_movies)
    fit_keras(model, data, train, epochs=5, falling=False)
    return model.predict(pairs(data, test), batch_size=8192, verbose=0)[:, 0]


def predict_hybrid(data: MovieLens, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    of_movies, of_users = neural.describe(data, train)
    model = neural.build_hybrid(
        of_movies,
        of_users[:, :0],  # what is known of users makes it worse, on validation ratings
        mean=float(data.ratings[train].mean()),
        penalty=14 / len(train),
        bias_penalty=5 / len(train),
        feature_penalty=1e-3,
    )
    fit_keras(model, data, train)
    return model.predict(pairs(data, test), batch_size=8192, verbose=0)[:, 0]


def predict_best(data: MovieLens, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    model = bayesian.BayesianFactorisation()
    model.fit(data.users[train], data.movies[train], data.ratings[train], *neural.describe(data, train))
    return model.predict(data.users[test], data.movies[test])


MODELS = {
    "biases": (predict_biases, "mean and shrunken biases"),
    "biased_mf": (
        predict_biased_mf,
        "the lecture's factorisation with biases (50 factors), mean and shrinking, by alternating least squares",
    ),
    "lecture_mf": (predict_lecture_mf, "the lecture's factorisation with biases and its training, Keras"),
    "biased_mf_keras": (
        predict_biased_mf_keras,
        "the same in Keras, with the mean, shrunken biases and a falling rate",
    ),
    "lecture_network": (predict_lecture_network, "the lecture's network on concatenated vectors, 5 epochs"),
    "hybrid": (predict_hybrid, "factorisation with features of films, Keras"),
    "best": (predict_best, "Bayesian factorisation with features and a noise for each user"),
}


def outcome(data: MovieLens, name: str, fold: int, fresh: bool = True) -> tuple[float, float]:
    """RMSE and seconds of one model on one fold; from the folder if it was measured before on the same ratings."""

    def measure() -> dict:
        split = splits.fold_split(len(data), fold)
        if name in NEEDS_KERAS:
            runtime.seed_everything(fold)
        guess, times = outcomes.timed(lambda: MODELS[name][0](data, split.not_test, split.test))
        return {"rmse": baselines.root_mean_squared_error(guess, data.ratings[split.test]), **times}

    found = outcomes.measured(FOLDER / f"{name}_fold{fold}.json", {"ratings": len(data)}, measure, fresh)
    return found["rmse"], found["seconds"]


def measure(data: MovieLens, names: list[str], folds=range(5), fresh: bool = True) -> dict[str, tuple[list, list]]:
    """RMSE and seconds of each model on each fold."""
    found = {name: ([], []) for name in names}
    for fold in folds:
        for name in names:
            error, seconds = outcome(data, name, fold, fresh)
            found[name][0].append(error)
            found[name][1].append(seconds)
            print(f"fold {fold} {name:16} {error:.4f}  {seconds:.1f} s", flush=True)
    return found


def measure_ease(data: MovieLens) -> list[float]:
    """NDCG@10 of EASE on each fold: films of four stars or more among the test ratings, unseen films ranked."""
    found = []
    for fold in range(5):
        split = splits.fold_split(len(data), fold)
        train = split.not_test
        seen = ranking.seen_matrix(data.users[train], data.movies[train], data.n_users, data.n_movies)
        liked = split.test[data.ratings[split.test] >= 4]
        relevant = [set(data.movies[liked[data.users[liked] == user]].tolist()) for user in range(data.n_users)]
        found.append(ranking.ndcg_at(ranking.top_list(ranking.ease_scores(seen), seen), relevant))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", default=list(MODELS), choices=list(MODELS), help="models to measure")
    parser.add_argument("--folds", type=int, nargs="*", default=list(range(5)), choices=range(5))
    parser.add_argument("--fresh", action="store_true", help="measure again what was measured before")
    options = parser.parse_args()
    if NEEDS_KERAS & set(options.only):
        runtime.start()
    data = load_movielens()
    if data.is_stand_in:
        raise SystemExit("These figures are for ml-latest-small: set COURSE_MIRROR or run `make data` first.")
    edition = f"ml-latest-small with {len(data):,} ratings"
    found = measure(data, options.only, options.folds, options.fresh)
    if sorted(options.folds) != list(range(5)):
        return
    for name, (errors, _) in found.items():
        note = f"{MODELS[name][1]}; five folds of {edition}"
        outcomes.record_over_seeds(f"movielens.{name}.rmse", errors, COMMAND, note, unit="RMSE")
    if sorted(options.only) != sorted(MODELS):
        return
    note = f"EASE, penalty 300; films of 4 stars or more in the test part; five folds of {edition}"
    outcomes.record_over_seeds("movielens.ease.ndcg10", measure_ease(data), COMMAND, note, unit="NDCG@10")


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
