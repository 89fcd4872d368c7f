"""Measure lesson 07's models on ml-latest-small and record them in the ledger: five random folds, by user, by time.

    python tests/benchmarks/results_07_movielens_recommender.py                       # what is missing, then record
    python tests/benchmarks/results_07_movielens_recommender.py --only best --folds 2   # one model on one fold

Settings were chosen on parts of the first fold's training ratings (``--choose`` prints the last choice); test parts are
only predicted. A fold trains on all its other ratings. Where MovieLens 100K is in the cache or the mirror, the best
model is also measured on the five folds that it brings along. Each outcome is kept in runs/results_07/ as soon as it is
there, so that an interrupted measurement goes on where it stopped; ``--fresh`` measures anew, and is due after a model
has changed.
"""

from __future__ import annotations

import argparse

import numpy as np
import outcomes

from utils import commands, results, runtime
from utils.datasets import store
from utils.datasets.movielens import EDITIONS, MovieLens, load_movielens, read_given_folds
from utils.recommender import baselines, bayesian, factorisation, features, neural, ranking, splits
from utils.statistics import bootstrap_interval

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
    model = neural.build_hybrid(
        data.n_users,
        features.describe(data, train)[0],
        mean=float(data.ratings[train].mean()),
        penalty=14 / len(train),
        bias_penalty=3 / len(train),
    )
    fit_keras(model, data, train)
    return model.predict(pairs(data, test), batch_size=8192, verbose=0)[:, 0]


def predict_best(data: MovieLens, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    return predict_bayes(data, train, test)


def predict_bayes(data: MovieLens, train: np.ndarray, test: np.ndarray, habits: int = 10, **config) -> np.ndarray:
    model = bayesian.BayesianFactorisation(lowest=data.lowest, **config)
    known = features.describe(data, train, habits)
    model.fit(data.users[train], data.movies[train], data.ratings[train], *known)
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
SPLIT_MODELS = ("biases", "biased_mf", "best")


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


def later_ones(data: MovieLens) -> dict[str, tuple[str, np.ndarray]]:
    """The splits that are not random, by name: what they are, and True where a rating is tested."""
    return {
        "by_user": ("the last fifth of each user", splits.last_of_each_user(data.users, data.timestamps)),
        "by_time": ("the latest fifth of all ratings", splits.after_a_moment(data.timestamps)),
    }


def measure_later(data: MovieLens, fresh: bool = True) -> dict[str, dict[str, dict]]:
    """For each split and model ``rmse`` and half its 95 % interval over resampled users, ``half``, and ``users``."""
    found = {}
    for split, (_, late) in later_ones(data).items():
        train, test = np.flatnonzero(~late), np.flatnonzero(late)
        found[split] = {}
        for name in SPLIT_MODELS:

            def measure(predict=MODELS[name][0], train=train, test=test) -> dict:
                guess = np.clip(predict(data, train, test), data.lowest, 5)
                return over_users((guess - data.ratings[test]) ** 2, data.users[test])

            path = FOLDER / f"{name}_{split}.json"
            found[split][name] = outcomes.measured(path, {"ratings": len(data), "split": split}, measure, fresh)
            print(f"{split} {name:16} {found[split][name]['rmse']:.4f}", flush=True)
    return found


def over_users(squares: np.ndarray, users: np.ndarray) -> dict:
    """RMSE of squared errors, and half its interval were other users drawn (a ratio estimate, linearised)."""
    counts = np.bincount(users)
    totals, known = np.bincount(users, squares), counts > 0
    mean = squares.mean()
    low, high = bootstrap_interval((totals[known] - mean * counts[known]) / counts[known].mean())
    return {"rmse": float(np.sqrt(mean)), "half": (high - low) / 4 / float(np.sqrt(mean)), "users": int(known.sum())}


def record_later(data: MovieLens, fresh: bool) -> None:
    for split, models in measure_later(data, fresh).items():
        for name, found in models.items():
            entry = results.record(
                f"movielens.{name}_{split}.rmse",
                found["rmse"],
                unit="RMSE",
                spread=found["half"],
                n=found["users"],
                command=COMMAND,
                note=f"{MODELS[name][1]}; {later_ones(data)[split][0]} is tested, of {len(data):,}; 95 % over users",
            )
            print(f"movielens.{name}_{split}.rmse: {results.format_value(entry)}")


def measure_given_folds(path, data: MovieLens) -> list[float]:
    """RMSE of the best model on the folds that MovieLens 100K brings along."""
    found = []
    for tested in read_given_folds(path, data):
        test = np.flatnonzero(tested)
        guess = predict_best(data, np.flatnonzero(~tested), test)
        found.append(baselines.root_mean_squared_error(guess, data.ratings[test], data.lowest))
    return found


def record_given_folds() -> None:
    path = store.fetch(EDITIONS["ml-100k"])
    if path is None:
        print("MovieLens 100K is not there: movielens.best_100k.rmse is not measured.")
        return
    errors = measure_given_folds(path, load_movielens("ml-100k"))
    note = f"{MODELS['best'][1]}; MovieLens 100K, its own folds u1 to u5"
    outcomes.record_over_seeds("movielens.best_100k.rmse", errors, COMMAND, note, unit="RMSE")


def choose(data: MovieLens) -> None:
    """How the best model's settings compare on folds inside the training ratings of the first fold."""
    known = splits.fold_split(len(data), 0).not_test
    users, times = data.users[known], data.timestamps[known]
    tested = [splits.fold_numbers(len(known), 5, seed=1) == fold for fold in range(2)]
    tested += [splits.last_of_each_user(users, times), splits.after_a_moment(times)]
    print("factors habits  fold 0  fold 1 by user by time")
    for factors in (8, 16, 32):
        for habits in (0, 5, 10, 20):
            errors = []
            for late in tested:
                guess = predict_bayes(data, known[~late], known[late], habits, factors=factors)
                errors.append(baselines.root_mean_squared_error(guess, data.ratings[known[late]], data.lowest))
            print(f"{factors:7} {habits:6}", *(f"{error:7.4f}" for error in errors), flush=True)


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
    parser.add_argument("--choose", action="store_true", help="print how the best model's settings compare")
    options = parser.parse_args()
    if NEEDS_KERAS & set(options.only):
        runtime.start()
    data = load_movielens()
    if data.is_stand_in:
        raise SystemExit("These figures are for ml-latest-small: set COURSE_MIRROR or run `make data` first.")
    if options.choose:
        choose(data)
        return
    edition = f"ml-latest-small with {len(data):,} ratings"
    found = measure(data, options.only, options.folds, options.fresh)
    if sorted(options.folds) != list(range(5)):
        return
    for name, (errors, _) in found.items():
        note = f"{MODELS[name][1]}; five folds of {edition}"
        outcomes.record_over_seeds(f"movielens.{name}.rmse", errors, COMMAND, note, unit="RMSE")
    if sorted(options.only) != sorted(MODELS):
        return
    record_later(data, options.fresh)
    record_given_folds()
    note = f"EASE, penalty 300; films of 4 stars or more in the test part; five folds of {edition}"
    outcomes.record_over_seeds("movielens.ease.ndcg10", measure_ease(data), COMMAND, note, unit="NDCG@10")


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
