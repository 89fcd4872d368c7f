"""Models: against exact solutions where there are any, against planted tastes where there are none; errors by name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from utils.datasets.movielens import stand_in
from utils.recommender import baselines, bayesian, factorisation, features, neural, splits


@pytest.fixture(scope="module")
def planted():
    data = stand_in()
    return data, splits.fold_split(len(data), 0)


def _ratings(data, rows):
    return data.users[rows], data.movies[rows], data.ratings[rows]


def test_biases_solve_the_ridge_regression():
    rng = np.random.default_rng(0)
    users, movies = rng.integers(5, size=60), rng.integers(7, size=60)
    stars = rng.integers(1, 11, size=60) / 2
    fitted = baselines.Biases(2.0, 3.0).fit(users, movies, stars, 5, 7, rounds=500)
    design = np.concatenate([np.eye(5)[users], np.eye(7)[movies]], axis=1)
    ridge = design.T @ design + np.diag([2.0] * 5 + [3.0] * 7)
    exact = np.linalg.solve(ridge, design.T @ (stars - stars.mean()))
    assert np.allclose(np.concatenate([fitted.user_bias, fitted.movie_bias]), exact, atol=1e-8)
    assert np.allclose(fitted.predict(users, movies), stars.mean() + design @ exact, atol=1e-8)


def test_biases_of_the_unknown_are_zero_even_without_shrinking():
    fitted = baselines.Biases(0.0, 0.0).fit([0, 0], [0, 1], [2.0, 4.0], 2, 3)
    assert fitted.predict([1, 1], [2, 1]).tolist() == [3.0, 4.0]


def test_unknown_pairs_are_named(planted):
    data, split = planted
    fitted = baselines.Biases().fit(*_ratings(data, split.train), data.n_users, data.n_movies)
    with pytest.raises(ValueError, match=r"Unknown movie 99999 at position 1.*0 to 359"):
        fitted.predict([0, 1], [0, 99999])
    with pytest.raises(ValueError, match="Unknown user -1 at position 0"):
        fitted.predict([-1], [0])
    with pytest.raises(ValueError, match="2 users but 1 movies"):
        fitted.predict([0, 1], [0])


def test_rmse_clips_and_refuses_columns():
    assert baselines.root_mean_squared_error([9.0, -1.0], [5.0, 0.5]) == 0
    assert baselines.root_mean_squared_error([0.5], [1.0]) == 0.5
    assert baselines.root_mean_squared_error([0.5], [1.0], lowest=1) == 0  # an edition of whole stars
    with pytest.raises(ValueError, match="differ in shape"):
        baselines.root_mean_squared_error(np.zeros((3, 1)), np.zeros(3))


def test_factorisation_stands_still_at_its_minimum(planted):
    data, split = planted
    users, movies, stars = _ratings(data, split.train)
    model = factorisation.Factorisation(factors=3, penalty=8.0, rounds=200).fit(
        users, movies, stars, data.n_users, data.n_movies
    )
    errors = stars - model.predict(users, movies)
    for own, rows, other, other_rows in (
        (users, model.user_rows, movies, model.movie_rows),
        (movies, model.movie_rows, users, model.user_rows),
    ):
        design = np.column_stack([np.ones(len(errors)), other_rows[other, 1:]])
        gradient = np.stack([np.bincount(own, errors * column, len(rows)) for column in design.T], axis=1)
        assert np.abs(gradient - rows * [3.0, 8.0, 8.0, 8.0]).max() < 1e-3
    biases = baselines.Biases().fit(users, movies, stars, data.n_users, data.n_movies)
    test = _ratings(data, split.test)
    ours, theirs = (baselines.root_mean_squared_error(m.predict(*test[:2]), test[2]) for m in (model, biases))
    assert ours < theirs - 0.05
    with pytest.raises(ValueError, match="Unknown user"):
        model.predict([data.n_users], [0])
    whole = factorisation.Factorisation(factors=2, penalty=8, bias_penalty=3, rounds=2)  # whole numbers will do
    assert np.isfinite(whole.fit(users, movies, stars, data.n_users, data.n_movies).user_rows).all()


def test_features_never_see_the_stars(planted):
    data, split = planted
    of_movies, of_users = features.describe(data, split.train, habits=4)
    decades = len(np.unique(data.years // 10))
    assert of_movies.shape == (data.n_movies, len(data.genre_names) + decades + 1 + 4)
    assert of_users.shape == (data.n_users, of_movies.shape[1] + 1)
    assert np.allclose(of_movies.mean(axis=0), 0, atol=1e-5) and np.isfinite(of_users).all()
    again = features.describe(replace(data, ratings=data.ratings[::-1].copy()), split.train, habits=4)
    assert np.allclose(again[0], of_movies) and np.allclose(again[1], of_users)
    fewer = features.describe(data, split.train, habits=0)
    assert np.array_equal(fewer[0], of_movies[:, :-4]) and np.array_equal(fewer[1], of_users[:, :-4])


def test_who_rated_nothing_is_average_and_not_extreme(planted):
    data, split = planted
    rows = split.train[(data.users[split.train] > 9) & (data.movies[split.train] > 19)]
    of_movies, of_users = features.describe(data, rows, habits=4)
    assert np.all(of_users[:10] == 0) and np.allclose(of_users[10:].mean(axis=0), 0, atol=1e-9)
    told_by_ratings = of_movies[:, -5:]  # the log of their number, and habits
    assert np.all(told_by_ratings[:20] == 0) and np.allclose(told_by_ratings[20:].mean(axis=0), 0, atol=1e-9)


def test_strangers_are_predicted_better_than_by_the_mean(planted):
    data, _ = planted
    rng = np.random.default_rng(0)
    new = np.isin(data.users, rng.permutation(data.n_users)[:100])
    train, test = (_ratings(data, np.flatnonzero(rows)) for rows in (~new, new))
    model = bayesian.BayesianFactorisation(factors=4, sweeps=40, burn_in=10)
    model.fit(*train, *features.describe(data, np.flatnonzero(~new)))
    ours = baselines.root_mean_squared_error(model.predict(*test[:2]), test[2])
    assert ours < baselines.root_mean_squared_error(np.full(len(test[2]), train[2].mean()), test[2])


def test_bayes_beats_biases_and_finds_the_noise(planted):
    data, split = planted
    train, test = _ratings(data, split.not_test), _ratings(data, split.test)
    biases = baselines.Biases().fit(*train, data.n_users, data.n_movies)
    model = bayesian.BayesianFactorisation(factors=3, sweeps=40, burn_in=10)
    model.fit(*train, *features.describe(data, split.not_test))
    stars, spread = model.predict(*test[:2], return_spread=True)
    error = baselines.root_mean_squared_error(stars, test[2])
    assert error < baselines.root_mean_squared_error(biases.predict(*test[:2]), test[2]) - 0.05
    # The planted noise is 0.6, rounding to half stars adds a little.
    assert error < 0.69
    assert 0.55 < np.median(model.user_noise()) < 0.72
    assert (spread > 0).all() and stars.min() >= 0.5 and stars.max() <= 5
    liked = model.predict_all().mean(axis=0)
    assert np.corrcoef(liked, data.planted["movie_bias"])[0, 1] > 0.8


def test_bayes_tells_erratic_users_from_steady_ones():
    rng = np.random.default_rng(1)
    users, movies = np.repeat(np.arange(60), 40), np.tile(np.arange(40), 60)
    noise = np.where(np.arange(60) < 30, 0.2, 1.0)
    stars = 3 + rng.normal(0, 0.5, 40)[movies] + noise[users] * rng.standard_normal(len(users))
    model = bayesian.BayesianFactorisation(factors=2, sweeps=30, burn_in=10).fit(users, movies, stars)
    found = model.user_noise()
    assert found[:30].max() < found[30:].min()
    same = bayesian.BayesianFactorisation(factors=2, sweeps=12, burn_in=10, user_noise=False).fit(users, movies, stars)
    assert np.ptp(same.user_noise()) < 1e-9


def test_bayes_repeats_itself_and_folds_newcomers_in(planted):
    data, split = planted
    train = _ratings(data, split.not_test)
    known = features.describe(data, split.not_test)
    one, two = (
        bayesian.BayesianFactorisation(factors=2, sweeps=25, burn_in=10, seed=3).fit(*train, *known) for _ in range(2)
    )
    assert np.array_equal(one.predict([0, 5], [1, 2]), two.predict([0, 5], [1, 2]))
    assert np.allclose(one.predict_all()[[0, 5], [1, 2]], one.predict([0, 5], [1, 2]), atol=1e-4)
    # Somebody who loves what is serious and fierce gets such films first, and is surer of them than a stranger.
    traits = data.planted["traits"]
    rated = np.argsort(-np.bincount(data.movies, minlength=data.n_movies))[:40]
    stars = np.clip(3.2 + data.planted["movie_bias"][rated] + traits[rated] @ [0.9, 0.9], 0.5, 5)
    newcomer, spread, noise = one.fold_in(rated, stars)
    nobody, unsure, anybodys = one.fold_in([], [])
    assert (spread < unsure).mean() > 0.95 and 0.4 < noise < anybodys + 0.2
    some = one.fold_in(rated, stars, wanted=[5, 9])
    assert np.allclose(some[0], newcomer[[5, 9]]) and np.allclose(some[1], spread[[5, 9]])
    assert np.corrcoef(newcomer - nobody, traits @ [1, 1])[0, 1] > 0.8
    assert newcomer.shape == spread.shape == (data.n_movies,)
    for movies, ratings, message in (
        ([0], [7.0], "0.5 to 5"),
        ([9999], [3.0], "Unknown movie"),
        ([0, 1], [3.0], "2 movies"),
    ):
        with pytest.raises(ValueError, match=message):
            one.fold_in(movies, ratings)


def test_the_common_noise_is_that_of_users_and_not_of_their_errors():
    """One user with most of the ratings is one user, when it comes to how precise users are."""
    rng = np.random.default_rng(0)
    users = np.concatenate([np.repeat(np.arange(99), 40), np.full(50_000, 99)])
    errors = np.where(users < 99, 0.5, 1.2) * rng.standard_normal(len(users))
    noise = bayesian._Noise(users, 120, True, errors)  # users 100 to 119 have no rating
    found = []
    for _ in range(150):
        noise.sample(errors, rng)
        found.append((1 / noise.scale, np.sqrt(1 / noise.precision[99]), noise.precision[100:].mean()))
    mean, of_the_one, of_strangers = np.mean(found[50:], axis=0)
    assert 3.3 < mean < 4.7 and abs(of_the_one - 1.2) < 0.02 and abs(of_strangers - mean) < 0.4


def test_the_spread_of_noises_is_found():
    rng = np.random.default_rng(1)
    for shape in (1.5, 8.0):
        precision = rng.gamma(shape, 4 / shape, 400)
        users = np.repeat(np.arange(400), 60)
        errors = rng.standard_normal(len(users)) / np.sqrt(precision[users])
        noise = bayesian._Noise(users, 400, True, errors)
        found = []
        for _ in range(120):
            noise.sample(errors, rng)
            found.append((noise.shape, 1 / noise.scale))
        middle, mean = np.mean(found[40:], axis=0)
        assert 0.6 * shape < middle < 1.6 * shape and abs(mean - 4) < 0.5


def test_a_newcomers_doubt_is_that_of_his_or_her_own_row(planted):
    """With films and noise known it is the variance of a ridge regression, worked out here."""
    data, split = planted
    model = bayesian.BayesianFactorisation(factors=2, sweeps=6, burn_in=5, user_noise=False)
    model.fit(*_ratings(data, split.train), n_users=data.n_users, n_movies=data.n_movies)
    (sample,) = model._samples
    stars, doubt, noise = model.fold_in([3, 8], [4.0, 2.0])
    rows = sample["movies"].astype(float)
    x = np.column_stack([np.ones(len(rows)), rows[:, 1:]])
    inverse = np.linalg.inv(sample["prior_precision"] + x[[3, 8]].T @ x[[3, 8]] / noise**2)
    rest = np.array([4.0, 2.0]) - model.mean - rows[[3, 8], 0]
    row = inverse @ (sample["prior_precision"] @ sample["prior_mean"] + x[[3, 8]].T @ rest / noise**2)
    assert np.allclose(doubt, np.sqrt(np.einsum("mk,kl,ml->m", x, inverse, x)))
    assert np.allclose(stars, np.clip(model.mean + rows[:, 0] + x @ row, 0.5, 5))


def test_bayes_refuses_impossible_settings():
    with pytest.raises(ValueError, match="leave no sample"):
        bayesian.BayesianFactorisation(sweeps=5, burn_in=5).fit([0], [0], [3.0])
    with pytest.raises(ValueError, match="Unknown user 2"):
        bayesian.BayesianFactorisation(sweeps=3, burn_in=1).fit([0, 2], [0, 1], [3.0, 4.0], None, np.zeros((2, 1)))


def test_keras_models_have_the_lectures_sizes():
    import keras

    plain = factorisation.build_factorisation(671, 9066, biases=False)
    biased = factorisation.build_factorisation(671, 9066, mean=3.5)
    assert (plain.count_params(), biased.count_params()) == (486_850, 496_587)
    assert any(isinstance(layer, keras.layers.Dot) for layer in plain.layers)
    network = neural.build_concatenated(671, 9066)
    assert network.count_params() == 486_850 + 100 * 70 + 70 + 70 + 1
    assert [layer.rate for layer in network.layers if isinstance(layer, keras.layers.Dropout)] == [0.3, 0.75]
    pair = [np.array([[0]], "int32"), np.array([[3]], "int32")]
    assert biased.predict(pair, verbose=0).shape == (1, 1)
    assert abs(biased.predict(pair, verbose=0)[0, 0] - 3.5) < 0.2


def test_hybrid_uses_its_features_and_leaves_them_alone():
    import keras

    keras.utils.set_random_seed(0)
    known = np.random.default_rng(0).normal(size=(30, 4))
    model = neural.build_hybrid(8, known, factors=2, mean=3.0, penalty=0.0, bias_penalty=0.0)
    users, movies = np.indices((8, 30)).reshape(2, -1, 1).astype("int32")
    stars = 3 + known[movies[:, 0], 0]
    rated = movies[:, 0] < 20
    model.compile(keras.optimizers.Adam(0.03), loss="mse")
    model.fit([users[rated], movies[rated]], stars[rated], epochs=40, batch_size=32, verbose=0)
    guess = model.predict([users[~rated], movies[~rated]], verbose=0)[:, 0]
    assert np.corrcoef(guess, stars[~rated])[0, 1] > 0.9  # movies nobody rated
    table = model.get_layer("known").get_weights()[0]
    assert np.allclose(table, known, atol=1e-6)
    # Tables of 8 and 30 rows of 2 + 1 numbers, the Dense layers of the movies, and the movies' fixed features.
    assert model.count_params() == (8 + 30) * 3 + (4 * 2 + 2) + (4 + 1) + 30 * 4
