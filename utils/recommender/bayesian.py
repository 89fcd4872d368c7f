"""Lesson 07: Bayesian factorisation, whose prediction is the mean over many equally plausible models."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from utils.datasets.movielens import HIGHEST, LOWEST
from utils.recommender.baselines import check_known
from utils.recommender.factorisation import predict_pairs, sample_rows


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
            errors = y - predict_pairs(users, movies, sides[0].rows, sides[1].rows)
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
            stars = predict_pairs(users, movies, sample["users"], sample["movies"])
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
        ratings = (self.start, self.order, other.index, rest, noise_precision)
        sample_rows(ratings, design, self.precision, self.prior @ self.precision, noise, self.rows)
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
