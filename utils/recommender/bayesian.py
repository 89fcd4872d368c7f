"""Lesson 07: Bayesian factorisation, whose prediction is the mean over many equally plausible models."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import gammaln

from utils.datasets.movielens import HIGHEST, LOWEST
from utils.recommender.baselines import check_known
from utils.recommender.factorisation import predict_pairs, sample_rows

SHAPES = np.array([1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 20.0, 50.0])


@dataclass
class BayesianConfig:
    """Every choice of :class:`BayesianFactorisation`, one line each; all else is sampled."""

    factors: int = 16  #: numbers a user and a movie have beside their biases
    sweeps: int = 120  #: passes of Gibbs sampling
    burn_in: int = 20  #: first passes that are thrown away
    user_noise: bool = True  #: every user has a noise of his or her own
    bias_variance: float = 0.06  #: a weak guess of how far biases differ, worth ``factors + 3`` users or movies
    vector_variance: float = 0.015  #: likewise for each number of a vector
    lowest: float = LOWEST  #: stars that a movie can get; predictions are clipped
    seed: int = 0  #: of the sampler


class BayesianFactorisation:
    """rating = mean + b_u + c_m + p_u . q_m + noise_u, all unknowns sampled instead of fitted (lesson 07's best model).

    The rows (b_u, p_u) and (c_m, q_m) are Gaussian around a linear function of the user's and the movie's features.
    Their covariances, those functions' weights, how strongly these are held at zero, and every user's noise are sampled
    as well, each given all others (Gibbs sampling), and a prediction is the mean over many equally plausible models.

    Sources: Salakhutdinov and Mnih, "Bayesian Probabilistic Matrix Factorization using MCMC" (2008); features as in
    Simm et al., "Macau" (2017); a noise for each user as in Lakshminarayanan, Bouchard and Archambeau, "Robust Bayesian
    Matrix Factorisation" (2011).
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
        """Sample and return self. About 5 seconds for 80,000 ratings on one core.

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
        noise = _Noise(users, n_users, c.user_noise, y)
        self._samples = []
        for sweep in range(c.sweeps):
            for side, other in (sides, sides[::-1]):
                side.sample(y, other, noise.precision[users], rng)
            noise.sample(y - predict_pairs(users, movies, sides[0].rows, sides[1].rows), rng)
            if sweep >= c.burn_in:
                self._keep(sides, noise)
        return self

    def _keep(self, sides: list[_Side], noise: _Noise) -> None:
        user, movie = sides
        self._samples.append(
            {
                "users": user.rows.astype(np.float32),
                "movies": movie.rows.astype(np.float32),
                "precision": noise.precision,
                "noise": (noise.shape, noise.scale),
                "prior_mean": user.weights[0].copy(),
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
            stars = predict_pairs(users, movies, sample["users"], sample["movies"])
            total, squares = total + stars, squares + stars**2
        mean = total / len(self._samples)
        stars = np.clip(self.mean + mean, self.config.lowest, HIGHEST)
        if not return_spread:
            return stars
        return stars, np.sqrt(np.maximum(squares / len(self._samples) - mean**2, 0))

    def predict_all(self) -> np.ndarray:
        """What :meth:`predict` says for every user and movie: float32 (n_users, n_movies)."""
        total = np.zeros((len(self._samples[0]["users"]), len(self._samples[0]["movies"])), dtype=np.float32)
        for sample in self._samples:
            user, movie = sample["users"], sample["movies"]
            one_u, one_m = (np.ones((len(rows), 1), dtype=np.float32) for rows in (user, movie))
            total += np.hstack([user, one_u]) @ np.hstack([one_m, movie[:, 1:], movie[:, :1]]).T
        return np.clip(self.mean + total / len(self._samples), self.config.lowest, HIGHEST)

    def user_noise(self) -> np.ndarray:
        """Standard deviation of every user's noise in stars, root of the mean variance over the samples: (n_users,)."""
        return np.sqrt(np.mean([1 / sample["precision"] for sample in self._samples], axis=0))

    def fold_in(
        self, movies: np.ndarray, stars: np.ndarray, wanted: np.ndarray | None = None, seed: int = 0
    ) -> tuple[np.ndarray, np.ndarray, float]:
        """A newcomer's predictions for every movie (or those ``wanted``) from a few ratings, without training again.

        In every sample the newcomer's row has the Gaussian posterior of a ridge regression on the movies' rows, around
        the row of a user of whom nothing is known; his or her noise is sampled in turn with it. What is unsure in the
        end is the spread of those posteriors' means over the samples and their own width within each.

        Returns:
            Predicted stars (clipped) and their standard deviations, one a movie, and the newcomer's noise in stars,
            which a single rating has on top.

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
        wanted = np.arange(n_movies) if wanted is None else check_known([0] * len(wanted), wanted, 1, n_movies)[1]
        rng = np.random.default_rng(seed)
        found = [self._newcomer(sample, movies, stars - self.mean, wanted, rng) for sample in self._samples]
        means, variances, noises = (np.array(column) for column in zip(*found))
        spread = np.sqrt(variances.mean(axis=0) + means.var(axis=0))
        stars = np.clip(self.mean + means.mean(axis=0), self.config.lowest, HIGHEST)
        return stars, spread, float(np.sqrt(noises.mean()))

    def _newcomer(self, sample: dict, movies, rest, wanted, rng: np.random.Generator, rounds: int = 5):
        """Mean and variance of a newcomer's prediction for each wanted movie in a sample, and the noise's variance."""
        x, design = (sample["movies"][rows].astype(np.float64) for rows in (movies, wanted))
        rest, bias = rest - x[:, 0], design[:, 0].copy()
        x[:, 0] = design[:, 0] = 1
        prior = sample["prior_precision"]
        shape, scale = sample["noise"]
        noise = 1 / scale
        for _ in range(rounds):
            inverse = np.linalg.inv(prior + noise * x.T @ x)
            row = inverse @ (prior @ sample["prior_mean"] + noise * x.T @ rest)
            if self.config.user_noise:
                drawn = rng.multivariate_normal(row, inverse, method="cholesky")
                noise = rng.gamma(shape + len(x) / 2, 1 / (shape * scale + ((rest - x @ drawn) ** 2).sum() / 2))
        return bias + design @ row, ((design @ inverse) * design).sum(axis=1), 1 / noise


class _Noise:
    """1 / variance of every user's noise, and the Gamma that these come from.

    precision_u ~ Gamma(shape, rate = shape * scale), so that 1 / scale is their mean; scale ~ Gamma(1, 1), shape from
    ``SHAPES``. Given the precisions both have simple distributions, which do not see the errors.
    """

    def __init__(self, users: np.ndarray, n_users: int, each: bool, y: np.ndarray):
        self.users, self.each, self.shape, self.scale = users, each, 4.0, max(float(y.var()), 1e-6)
        self.counts = np.bincount(users, minlength=n_users)
        self.precision = np.full(n_users, 1 / self.scale)

    def sample(self, errors: np.ndarray, rng: np.random.Generator) -> None:
        """Draw precisions given the errors, then the scale and the shape given the precisions."""
        count = len(self.counts)
        if not self.each:
            common = rng.gamma(1 + len(errors) / 2, 1 / (1 + (errors**2).sum() / 2))
            self.precision, self.scale = np.full(count, common), 1 / common
            return
        squares = np.bincount(self.users, errors**2, count)
        rate = self.shape * self.scale + squares / 2
        self.precision = np.maximum(rng.gamma(self.shape + self.counts / 2, 1 / rate), 1e-9)
        total, logs = self.precision.sum(), np.log(self.precision).sum()
        self.scale = rng.gamma(1 + count * self.shape, 1 / (1 + self.shape * total))
        a = SHAPES
        chances = count * (a * np.log(a * self.scale) - gammaln(a)) + (a - 1) * logs - a * self.scale * total
        chances = np.exp(chances - chances.max())
        self.shape = float(rng.choice(a, p=chances / chances.sum()))


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
        self.guess = np.diag([c.bias_variance] + [c.vector_variance] * c.factors)
        self.squares = self.features.T @ self.features
        # The constant is held a hundred times more loosely than the features.
        self.loose = np.diag([0.01] + [1.0] * (self.features.shape[1] - 1))
        self.ridge = 10.0

    def sample(self, y: np.ndarray, other: _Side, noise_precision: np.ndarray, rng: np.random.Generator) -> None:
        """Draw every row given the other side's rows, then the Gaussian given the rows."""
        design = other.rows.copy()
        design[:, 0] = 1  # the own bias enters every rating with weight one; the other's is known
        rest = y - other.rows[other.index, 0]
        noise = rng.standard_normal(self.rows.shape)
        ratings = (self.start, self.order, other.index, rest, noise_precision)
        sample_rows(ratings, design, self.precision, self.prior @ self.precision, noise, self.rows)
        self._sample_gaussian(rng)

    def _sample_gaussian(self, rng: np.random.Generator) -> None:
        """Weights of the features (matrix normal), the precision around them (Wishart) and the weights' own (Gamma)."""
        k, p = self.width, self.features.shape[1]
        gram = np.linalg.inv(self.squares + self.ridge * self.loose)
        mean = gram @ (self.features.T @ self.rows)
        left, right = np.linalg.cholesky((gram + gram.T) / 2), np.linalg.cholesky(np.linalg.inv(self.precision))
        self.weights = mean + left @ rng.standard_normal((p, k)) @ right.T
        self.prior = self.features @ self.weights
        rest, freedom = self.rows - self.prior, k + 2
        pull = self.weights.T @ self.loose @ self.weights
        scale = freedom * self.guess + rest.T @ rest + self.ridge * pull
        self.precision = _wishart(rng, freedom + len(rest) + p, np.linalg.inv(scale))
        self.ridge = rng.gamma(1 + p * k / 2, 1 / (0.1 + (pull * self.precision).sum() / 2))


def _wishart(rng: np.random.Generator, freedom: float, scale: np.ndarray) -> np.ndarray:
    """One draw by Bartlett's decomposition; ``scale`` is symmetrised against rounding."""
    k = len(scale)
    triangle = np.tril(rng.standard_normal((k, k)), -1)
    triangle[np.diag_indices(k)] = np.sqrt(rng.chisquare(freedom - np.arange(k)))
    factor = np.linalg.cholesky((scale + scale.T) / 2) @ triangle
    return factor @ factor.T
