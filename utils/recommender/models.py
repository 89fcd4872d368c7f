"""Models that predict stars: biases, the lecture's factorisation and network in Keras, and a Bayesian one.

Lesson 07. In order of reading: :class:`Biases`, :func:`build_factorisation`, :func:`build_concatenated`,
:class:`BayesianFactorisation`. All take users and movies as indices from 0 and ratings in stars.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numba import njit

from utils.datasets.movielens import HIGHEST, LOWEST, MovieLens


def root_mean_squared_error(predicted: np.ndarray, stars: np.ndarray, clip: bool = True) -> float:
    """RMSE in stars; predictions are first clipped to the scale, 0.5 to 5, unless ``clip`` is False.

    Raises:
        ValueError: different shapes (a column against a row would broadcast to a matrix and hide the mistake).
    """
    predicted, stars = np.asarray(predicted, dtype=np.float64), np.asarray(stars, dtype=np.float64)
    if predicted.shape != stars.shape:
        raise ValueError(f"Predictions {predicted.shape} and ratings {stars.shape} differ in shape.")
    if clip:
        predicted = np.clip(predicted, LOWEST, HIGHEST)
    return float(np.sqrt(np.mean((predicted - stars) ** 2)))


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


# ---------------------------------------------------------------------------------------------------------------------
# Biases alone


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


# ---------------------------------------------------------------------------------------------------------------------
# In Keras


def build_factorisation(
    n_users: int,
    n_movies: int,
    factors: int = 50,
    biases: bool = True,
    mean: float = 0.0,
    penalty: float = 1e-4,
    bias_penalty: float = 0.0,
    scale: float = 0.05,
):
    """Matrix factorisation as the lecture writes it: two Embeddings, Dot, Flatten, and a bias each (not compiled).

    Args:
        mean: added to every prediction, so that an unknown pair is predicted by it and not by 0.
        penalty, bias_penalty: L2 on the whole tables of vectors and of biases, beside the mean squared error;
            ``c / ratings`` makes a row shrink as if it had c more ratings that say zero. The lecture has 1e-4 and 0.
        scale: standard deviation of the initial vectors.

    Inputs ``[users, movies]``, int32 of shape (batch, 1); output (batch, 1) in stars.
    """
    import keras
    from keras import layers

    def table(count: int, width: int, strength: float, name: str, start: Any):
        penalise = keras.regularizers.L2(strength) if strength else None
        return layers.Embedding(count, width, embeddings_initializer=start, embeddings_regularizer=penalise, name=name)

    user, movie = (layers.Input((1,), dtype="int32", name=name) for name in ("user", "movie"))
    small = [keras.initializers.RandomNormal(0.0, scale) for _ in range(2)]
    u = table(n_users, factors, penalty, "user_vector", small[0])(user)
    v = table(n_movies, factors, penalty, "movie_vector", small[1])(movie)
    stars = layers.Flatten()(layers.Dot(axes=-1)([u, v]))
    if biases:
        b = layers.Flatten()(table(n_users, 1, bias_penalty, "user_bias", "zeros")(user))
        c = layers.Flatten()(table(n_movies, 1, bias_penalty, "movie_bias", "zeros")(movie))
        stars = layers.Add()([stars, b, c])
    if mean:
        stars = layers.Rescaling(1.0, offset=mean, name="mean")(stars)
    return keras.Model([user, movie], stars)


def build_concatenated(
    n_users: int,
    n_movies: int,
    factors: int = 50,
    hidden: int = 70,
    dropouts: tuple[float, float] = (0.3, 0.75),
    mean: float = 0.0,
):
    """The lecture's neural network: both vectors side by side, dropout 0.3, Dense 70, dropout 0.75, Dense 1.

    ``he_normal`` vectors as in the lecture; inputs and output as in :func:`build_factorisation` (not compiled).
    """
    import keras
    from keras import layers

    user, movie = (layers.Input((1,), dtype="int32", name=name) for name in ("user", "movie"))
    u = layers.Embedding(n_users, factors, embeddings_initializer="he_normal", name="user_vector")(user)
    v = layers.Embedding(n_movies, factors, embeddings_initializer="he_normal", name="movie_vector")(movie)
    y = layers.Flatten()(layers.Concatenate()([u, v]))
    y = layers.Dropout(dropouts[0])(y)
    y = layers.Dense(hidden, activation="relu")(y)
    y = layers.Dropout(dropouts[1])(y)
    y = layers.Dense(1)(y)
    if mean:
        y = layers.Rescaling(1.0, offset=mean, name="mean")(y)
    return keras.Model([user, movie], y)


def build_hybrid(
    movie_features: np.ndarray,
    user_features: np.ndarray,
    factors: int = 16,
    mean: float = 0.0,
    penalty: float = 1e-4,
    bias_penalty: float = 4e-5,
    feature_penalty: float = 1e-3,
):
    """Our network: factorisation in which what is known of a movie or a user also makes its vector and its bias.

    vector = Dense(features) + Embedding(index): the Dense part serves movies with few ratings, the Embedding adds what
    only ratings can tell (Agarwal and Chen, "Regression-based Latent Factor Models", 2009).

    Args:
        movie_features, user_features: float arrays (movies, p) and (users, q), as :func:`describe` returns them;
            p or q may be 0. On MovieLens q = 0 generalises best: what users watched invites it to learn by heart.
        penalty, bias_penalty: as in :func:`build_factorisation`; ``feature_penalty`` on the Dense weights.

    Inputs and output as in :func:`build_factorisation` (not compiled).
    """
    import keras
    from keras import layers, regularizers

    inputs, vectors, biases = [], [], []
    for name, features in (("user", user_features), ("movie", movie_features)):
        index = layers.Input((1,), dtype="int32", name=name)
        known = _feature_table(features, f"{name}_features")(index) if features.shape[1] else None
        for width, strength, parts in ((factors, penalty, vectors), (1, bias_penalty, biases)):
            start = keras.initializers.RandomNormal(0.0, 0.05) if width > 1 else "zeros"
            own = layers.Embedding(
                len(features), width, embeddings_initializer=start, embeddings_regularizer=regularizers.L2(strength)
            )(index)
            if known is not None:
                told = layers.Dense(
                    width,
                    kernel_initializer=keras.initializers.RandomNormal(0.0, 0.02),
                    kernel_regularizer=regularizers.L2(feature_penalty),
                )(known)
                own = layers.Add()([own, told])
            parts.append(own)
        inputs.append(index)
    stars = layers.Add()([layers.Dot(axes=-1)(vectors), *biases])
    return keras.Model(inputs, layers.Rescaling(1.0, offset=mean, name="mean")(layers.Flatten()(stars)))


def _feature_table(features: np.ndarray, name: str):
    """An Embedding that looks up given rows and never trains."""
    import keras

    start = keras.initializers.Constant(np.asarray(features, dtype=np.float32))
    return keras.layers.Embedding(*features.shape, embeddings_initializer=start, trainable=False, name=name)


@dataclass
class Factorisation:
    """The model of :func:`build_factorisation` with its loss minimised exactly, one side at a time (no Keras).

    Alternating least squares (Koren, Bell and Volinsky 2009): given the films' rows, every user's bias and vector solve
    a ridge regression, and the other way round. Penalties are in ratings, as if that many more said zero; the Keras
    model has them divided by the number of ratings.
    """

    factors: int = 50
    penalty: float = 14.0  #: on vectors; chosen on validation ratings of the first fold
    bias_penalty: float = 3.0  #: on biases; likewise
    rounds: int = 12
    seed: int = 0

    def fit(self, users: np.ndarray, movies: np.ndarray, stars: np.ndarray, n_users: int, n_movies: int):
        """Fit and return self; who has no ratings gets zeros. About 3 seconds for 80,000 ratings."""
        users, movies = check_known(users, movies, n_users, n_movies)
        stars = np.asarray(stars, dtype=np.float64)
        rng = np.random.default_rng(self.seed)
        self.mean = float(stars.mean())
        width, y, weight = self.factors + 1, stars - self.mean, np.ones(len(stars))
        penalty = np.diag([self.bias_penalty] + [self.penalty] * self.factors)
        self.user_rows, self.movie_rows = (0.1 * rng.standard_normal((count, width)) for count in (n_users, n_movies))
        self.user_rows[:, 0] = self.movie_rows[:, 0] = 0
        sides = [(movies, self.movie_rows, users, self.user_rows), (users, self.user_rows, movies, self.movie_rows)]
        for own, rows, other, other_rows in sides * self.rounds:
            start = np.concatenate([[0], np.cumsum(np.bincount(own, minlength=len(rows)))])
            design = other_rows.copy()
            design[:, 0] = 1
            zeros = np.zeros_like(rows)
            rest = y - other_rows[other, 0]
            # The sampler's step without its noise is the ridge regression's solution.
            _sample_rows(
                start, np.argsort(own, kind="stable"), other, rest, weight, design, penalty, zeros, zeros, rows
            )
        return self

    def predict(self, users: np.ndarray, movies: np.ndarray) -> np.ndarray:
        """Stars, float64, not clipped. Raises ValueError for an unknown user or movie."""
        users, movies = check_known(users, movies, len(self.user_rows), len(self.movie_rows))
        return self.mean + _predict(users, movies, self.user_rows, self.movie_rows)


# ---------------------------------------------------------------------------------------------------------------------
# What is known of movies and users


def describe(data: MovieLens, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Features of movies and of users, from the catalogue and the training ratings' pattern (never from their stars).

    A movie: its genres, year, how far before 1990, and log(1 + ratings in training). A user: log(1 + ratings) and the
    mean features of the movies he or she rated. Columns have mean 0; none is constant.

    Args:
        rows: row numbers of the training ratings.

    Returns:
        float64 arrays ``(n_movies, genres + 3)`` and ``(n_users, genres + 4)``.
    """
    users, movies = data.users[rows], data.movies[rows]
    years = np.nan_to_num(data.years, nan=float(np.nanmedian(data.years))) if np.isfinite(data.years).any() else 1990
    age = (np.asarray(years, dtype=np.float64) - 1990) / 15 * np.ones(data.n_movies)
    popularity = _standardised(np.log1p(np.bincount(movies, minlength=data.n_movies)))
    of_movies = np.column_stack([data.genre_matrix, popularity, age, np.minimum(age, 0) ** 2])
    of_movies = of_movies - of_movies.mean(axis=0)
    counts = np.bincount(users, minlength=data.n_users)
    watched = np.stack([np.bincount(users, column[movies], data.n_users) for column in of_movies.T], axis=1)
    of_users = np.column_stack([np.log1p(counts), watched / np.maximum(counts, 1)[:, None]])
    return of_movies, _standardised(of_users)


def _standardised(columns: np.ndarray) -> np.ndarray:
    spread = columns.std(axis=0)
    return (columns - columns.mean(axis=0)) / np.where(spread > 0, spread, 1)


# ---------------------------------------------------------------------------------------------------------------------
# Bayesian factorisation with side information


@dataclass
class BayesianConfig:
    """Every choice of :class:`BayesianFactorisation`, one line each; chosen on validation ratings of the first fold."""

    factors: int = 8  #: numbers a user and a movie have beside their biases
    sweeps: int = 120  #: passes of Gibbs sampling
    burn_in: int = 20  #: first passes that are thrown away
    user_noise: bool = True  #: every user has a noise of his or her own
    noise_shape: float = 5.0  #: how alike those noises are (shape of their Gamma distribution)
    feature_precision: float = 10.0  #: how strongly the weights of the features are held at zero
    seed: int = 0  #: of the sampler


class BayesianFactorisation:
    """rating = mean + b_u + c_m + p_u . q_m + noise_u, all unknowns sampled instead of fitted (lesson 07's best model).

    The vectors (b_u, p_u) and (c_m, q_m) are Gaussian around a linear function of the user's and the movie's features;
    their covariances, those functions' weights and every user's noise are sampled as well, so nothing needs tuning and
    a prediction is the mean over many equally plausible models. Follows Salakhutdinov and Mnih, "Bayesian Probabilistic
    Matrix Factorization using MCMC" (2008); features as in Simm et al., "Macau" (2017); our addition is the user's
    noise, which lets a consistent user count more than an erratic one.
    """

    def __init__(self, config: BayesianConfig | None = None, **changes: Any):
        self.config = replace(config or BayesianConfig(), **changes)

    def fit(
        self,
        users: np.ndarray,
        movies: np.ndarray,
        stars: np.ndarray,
        movie_features: np.ndarray | None = None,
        user_features: np.ndarray | None = None,
        n_users: int | None = None,
        n_movies: int | None = None,
    ) -> BayesianFactorisation:
        """Sample and return self. About 5 seconds for 80,000 ratings and 8 factors on one core.

        Args:
            users, movies, stars: the training ratings, arrays of one length.
            movie_features, user_features: (n_movies, p) and (n_users, q) without a constant column; None: no features.
            n_users, n_movies: taken from the features, or from the largest index, if None.

        Raises:
            ValueError: an index outside the features' rows, or no sweep left after the burn-in.
        """
        c = self.config
        if c.sweeps <= c.burn_in:
            raise ValueError(f"{c.sweeps} sweeps with a burn-in of {c.burn_in} leave no sample.")
        n_users = n_users or (len(user_features) if user_features is not None else int(np.max(users)) + 1)
        n_movies = n_movies or (len(movie_features) if movie_features is not None else int(np.max(movies)) + 1)
        users, movies = check_known(users, movies, n_users, n_movies)
        stars = np.asarray(stars, dtype=np.float64)
        rng = np.random.default_rng(c.seed)
        self.mean = float(stars.mean())
        y = stars - self.mean
        sides = [
            _Side(users, n_users, user_features, c, rng),
            _Side(movies, n_movies, movie_features, c, rng),
        ]
        precision = np.full(n_users, 1 / max(y.var(), 1e-6))
        self._samples = []
        for sweep in range(c.sweeps):
            for side, other in (sides, sides[::-1]):
                side.sample(y, other, precision[users], rng)
            errors = y - _predict(users, movies, sides[0].rows, sides[1].rows)
            precision = self._sample_precision(errors, users, n_users, rng)
            if sweep >= c.burn_in:
                self._keep(sides, precision)
        return self

    def _sample_precision(self, errors: np.ndarray, users: np.ndarray, n_users: int, rng: np.random.Generator):
        """1 / noise variance of every user: Gamma around the common value, then the common value itself."""
        shape = self.config.noise_shape
        common = rng.gamma(1 + len(errors) / 2, 1 / (1 + (errors**2).sum() / 2))
        if not self.config.user_noise:
            return np.full(n_users, common)
        counts, squares = np.bincount(users, minlength=n_users), np.bincount(users, errors**2, n_users)
        return rng.gamma(shape + counts / 2, 1 / (shape / common + squares / 2))

    def _keep(self, sides: list, precision: np.ndarray) -> None:
        user, movie = sides
        self._samples.append(
            {
                "users": user.rows.astype(np.float32),
                "movies": movie.rows.astype(np.float32),
                "precision": precision,
                "prior_mean": user.prior.mean(axis=0),
                "prior_precision": user.precision.copy(),
            }
        )

    def predict(self, users: np.ndarray, movies: np.ndarray, return_spread: bool = False):
        """Mean over the samples in stars, clipped to the scale; with ``return_spread`` also its standard deviation.

        The spread is what the model does not know of its own prediction; a user's noise comes on top.

        Raises:
            ValueError: an unknown user or movie.
        """
        first = self._samples[0]
        users, movies = check_known(users, movies, len(first["users"]), len(first["movies"]))
        total, squares = np.zeros(len(users)), np.zeros(len(users))
        for sample in self._samples:
            stars = _predict(users, movies, sample["users"], sample["movies"])
            total, squares = total + stars, squares + stars**2
        mean = total / len(self._samples)
        stars = np.clip(self.mean + mean, LOWEST, HIGHEST)
        if not return_spread:
            return stars
        return stars, np.sqrt(np.maximum(squares / len(self._samples) - mean**2, 0))

    def user_noise(self) -> np.ndarray:
        """Standard deviation of every user's noise in stars, root of the mean variance over the samples: (n_users,)."""
        return np.sqrt(np.mean([1 / sample["precision"] for sample in self._samples], axis=0))

    def movie_bias(self) -> np.ndarray:
        """Posterior mean of each movie's bias (column 0): (n_movies,). Vectors cannot be averaged: each sample is free
        to rotate them."""
        return np.mean([sample["movies"][:, 0] for sample in self._samples], axis=0)

    def fold_in(self, movies: np.ndarray, stars: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """A newcomer's predictions for every movie from a few ratings, without training again.

        Solves the newcomer's own ridge regression in every sample (the step that samples a user, at its mean).

        Returns:
            Predicted stars (clipped) and their standard deviations over samples, both (n_movies,).

        Raises:
            ValueError: an unknown movie, a rating outside the scale, or movies and stars of different lengths.
        """
        stars = np.asarray(stars, dtype=np.float64)
        n_movies = len(self._samples[0]["movies"])
        _, movies = check_known(np.zeros(len(np.atleast_1d(movies)), dtype=int), movies, 1, n_movies)
        if stars.shape != movies.shape:
            raise ValueError(f"{len(movies)} movies but {stars.size} ratings.")
        if len(stars) and not (stars.min() >= LOWEST and stars.max() <= HIGHEST):
            raise ValueError(f"Ratings go from {LOWEST} to {HIGHEST:g} stars; got {stars.min():g} to {stars.max():g}.")
        found = []
        for sample in self._samples:
            design = sample["movies"].astype(np.float64)
            bias, design = design[:, 0], np.column_stack([np.ones(len(design)), design[:, 1:]])
            noise = np.median(sample["precision"])
            a, prior = design[movies], sample["prior_precision"]
            right = prior @ sample["prior_mean"] + noise * a.T @ (stars - self.mean - bias[movies])
            found.append(bias + design @ np.linalg.solve(prior + noise * a.T @ a, right))
        found = np.array(found)
        return np.clip(self.mean + found.mean(axis=0), LOWEST, HIGHEST), found.std(axis=0)


class _Side:
    """Users or movies inside the sampler: one row each (bias first), and the Gaussian they come from."""

    def __init__(self, index: np.ndarray, count: int, features: np.ndarray | None, c: BayesianConfig, rng):
        constant = np.ones((count, 1))
        self.features = constant if features is None else np.column_stack([constant, features])
        if len(self.features) != count:
            raise ValueError(f"{len(self.features)} rows of features for {count} users or movies.")
        self.index, self.width = index, c.factors + 1
        self.order = np.argsort(index, kind="stable")
        self.start = np.concatenate([[0], np.cumsum(np.bincount(index, minlength=count))])
        self.rows = 0.1 * rng.standard_normal((count, self.width))
        self.rows[:, 0] = 0
        self.prior = np.zeros((count, self.width))  # mean of every row, from its features
        self.precision = 5 * np.eye(self.width)  # inverse covariance around that mean
        self.ridge = c.feature_precision * np.diag([0.01] + [1.0] * (self.features.shape[1] - 1))
        self.gram = np.linalg.inv(self.features.T @ self.features + self.ridge)

    def sample(self, y: np.ndarray, other: _Side, noise_precision: np.ndarray, rng: np.random.Generator) -> None:
        """Draw every row given the other side's rows, then the Gaussian given the rows."""
        design = other.rows.copy()
        design[:, 0] = 1  # the own bias enters every rating with weight one; the other's is known
        rest = y - other.rows[other.index, 0]
        noise = rng.standard_normal(self.rows.shape)
        arrays = (self.start, self.order, other.index, rest, noise_precision, design)
        _sample_rows(*arrays, self.precision, self.prior @ self.precision, noise, self.rows)
        self._sample_gaussian(rng)

    def _sample_gaussian(self, rng: np.random.Generator) -> None:
        """Weights of the features (matrix normal) and the precision around them (Wishart), given the rows."""
        k, p = self.width, self.features.shape[1]
        mean = self.gram @ (self.features.T @ self.rows)
        left, right = np.linalg.cholesky(self.gram), np.linalg.cholesky(np.linalg.inv(self.precision))
        weights = mean + left @ rng.standard_normal((p, k)) @ right.T
        self.prior = self.features @ weights
        rest, freedom = self.rows - self.prior, k + 2
        scale = 0.3 * freedom * np.diag([0.2] + [0.05] * (k - 1))  # a weak guess of the rows' variances
        scale += rest.T @ rest + weights.T @ self.ridge @ weights
        self.precision = _wishart(rng, freedom + len(rest) + p, np.linalg.inv(scale))


def _wishart(rng: np.random.Generator, freedom: float, scale: np.ndarray) -> np.ndarray:
    """One draw by Bartlett's decomposition; ``scale`` is symmetrised against rounding."""
    k = len(scale)
    triangle = np.tril(rng.standard_normal((k, k)), -1)
    triangle[np.diag_indices(k)] = np.sqrt(rng.chisquare(freedom - np.arange(k)))
    factor = np.linalg.cholesky((scale + scale.T) / 2) @ triangle
    return factor @ factor.T


@njit(cache=True, fastmath=True)
def _sample_rows(start, order, other, rest, weight, design, precision, pull, noise, out):  # pragma: no cover
    """Draw each row of ``out`` from N(A^-1 b, A^-1), A = precision + sum w x x', b = pull + sum w rest x."""
    k = design.shape[1]
    z = np.empty(k)
    for n in range(len(start) - 1):
        a, b = precision.copy(), pull[n].copy()
        for place in range(start[n], start[n + 1]):
            rating = order[place]
            x = design[other[rating]]
            for i in range(k):
                wx = weight[rating] * x[i]
                b[i] += wx * rest[rating]
                for j in range(i + 1):
                    a[i, j] += wx * x[j]
        for i in range(k):  # Cholesky's factor overwrites the lower triangle of a; z solves L z = b on the way
            for j in range(i):
                total = a[i, j]
                for m in range(j):
                    total -= a[i, m] * a[j, m]
                a[i, j] = total / a[j, j]
            total, z[i] = a[i, i], b[i]
            for m in range(i):
                total -= a[i, m] * a[i, m]
                z[i] -= a[i, m] * z[m]
            a[i, i] = np.sqrt(total)
            z[i] /= a[i, i]
        for i in range(k - 1, -1, -1):
            total = z[i] + noise[n, i]
            for j in range(i + 1, k):
                total -= a[j, i] * out[n, j]
            out[n, i] = total / a[i, i]


@njit(cache=True, fastmath=True)
def _predict(users, movies, user_rows, movie_rows):  # pragma: no cover
    """b_u + c_m + p_u . q_m for every pair, float64; column 0 of the rows is the bias."""
    stars = np.empty(len(users))
    for n in range(len(users)):
        u, m = user_rows[users[n]], movie_rows[movies[n]]
        total = u[0] + m[0]
        for k in range(1, len(u)):
            total += u[k] * m[k]
        stars[n] = total
    return stars
