"""Lesson 07's cells write what the package builds and fits, and its measurement reads MovieLens 100K's folds."""

from __future__ import annotations

import ast
from pathlib import Path
from types import SimpleNamespace

import nbformat
import numpy as np
import results_07_movielens_recommender as measurement

from utils.datasets.movielens import read_movielens
from utils.recommender import baselines, factorisation, neural, ranking

ROOT = Path(__file__).resolve().parents[3]
NOTEBOOK = ROOT / "notebooks" / "07_movielens_recommender.ipynb"


def lesson(*names, **known):
    """The functions of these names as the cells define them; only their definitions are executed."""
    import keras
    from keras import layers

    wanted = []
    for cell in nbformat.read(NOTEBOOK, as_version=4).cells:
        if cell.cell_type == "code" and any(f"def {name}(" in cell.source for name in names):
            wanted += [n for n in ast.parse(cell.source).body if isinstance(n, ast.FunctionDef) and n.name in names]
    assert {node.name for node in wanted} == set(names)
    space = {"np": np, "keras": keras, "layers": layers, **known}
    exec(compile(ast.Module(wanted, []), str(NOTEBOOK), "exec"), space)
    return SimpleNamespace(**{name: space[name] for name in names})


def bricks(model):
    """What a network is made of: kind and weights of each layer, and what shapes them."""
    kinds = ("rate", "units", "offset", "trainable", "input_dim", "output_dim")
    return sorted(
        repr((type(layer).__name__, layer.count_params(), [getattr(layer, kind, None) for kind in kinds]))
        for layer in model.layers
    )


def test_biases_are_the_packages():
    rng = np.random.default_rng(0)
    users, films, stars = rng.integers(6, size=90), rng.integers(9, size=90), rng.integers(1, 11, size=90) / 2
    cells = lesson("fit_biases", data=SimpleNamespace(n_users=8, n_movies=9))
    mean, b, c = cells.fit_biases(users, films, stars, 4.0, 3.0)
    ours = baselines.Biases(4.0, 3.0).fit(users, films, stars, 8, 9)
    assert mean == ours.mean and np.allclose(b, ours.user_bias) and np.allclose(c, ours.movie_bias)


def test_networks_are_the_packages():
    data = SimpleNamespace(n_users=8, n_movies=9)
    known = np.random.default_rng(0).normal(size=(9, 4)).astype("float32")
    cells = lesson("with_biases", "concatenated", "hybrid", data=data)
    ours = factorisation.build_factorisation(8, 9, factors=5, mean=3.5, penalty=1e-3, bias_penalty=1e-4)
    theirs = cells.with_biases(mean=3.5, penalty=1e-3, bias_penalty=1e-4, factors=5)
    assert bricks(ours) == bricks(theirs)
    for name in ("user_vector", "movie_vector", "user_bias", "movie_bias"):
        theirs.get_layer(name).set_weights(ours.get_layer(name).get_weights())
    pair = [np.array([[1], [7]], "int32"), np.array([[3], [8]], "int32")]
    assert np.allclose(ours.predict(pair, verbose=0), theirs.predict(pair, verbose=0))
    assert np.isclose(float(sum(ours.losses)), float(sum(theirs.losses)))
    assert bricks(neural.build_concatenated(8, 9)) == bricks(cells.concatenated())
    assert bricks(neural.build_hybrid(8, known, mean=3.5)) == bricks(cells.hybrid(known, mean=3.5))


def test_ease_is_the_packages():
    seen = (np.random.default_rng(0).random((12, 30)) < 0.3).astype(float)
    assert np.allclose(lesson("ease").ease(seen, 5.0), ranking.ease_scores(seen, 5.0), atol=1e-4)


def test_the_folds_of_movielens_100k_are_measured(made_up_100k, monkeypatch):
    data = read_movielens(made_up_100k)
    errors = measurement.measure_given_folds(made_up_100k, data)  # by the model itself
    assert len(errors) == 5 and 1 < np.mean(errors) < 2  # stars drawn at random
    monkeypatch.setattr(measurement, "predict_best", lambda data, train, test: np.full(len(test), 0.6))
    errors = measurement.measure_given_folds(made_up_100k, data)
    # Predictions below the scale count as one star, since nobody can give fewer.
    for fold, error in enumerate(errors):
        stars = data.ratings[fold::5]
        assert np.isclose(error, np.sqrt(np.mean((stars - 1.0) ** 2)))


def test_the_interval_over_users_is_about_right():
    rng = np.random.default_rng(0)
    size = rng.integers(5, 200, 80)
    users = np.repeat(np.arange(80), size)
    squares = rng.gamma(2, 1, 80)[users] * rng.exponential(1, len(users))
    found = measurement.over_users(squares, users)
    again = []
    for _ in range(400):
        drawn = rng.integers(80, size=80)
        totals = np.bincount(users, squares)
        again.append(np.sqrt(totals[drawn].sum() / size[drawn].sum()))
    low, high = np.quantile(again, [0.025, 0.975])
    assert found["users"] == 80 and np.isclose(found["rmse"], np.sqrt(squares.mean()))
    assert abs(found["half"] / ((high - low) / 2) - 1) < 0.2
