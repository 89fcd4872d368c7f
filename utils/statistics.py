"""For every result: how sure are we? Intervals for means and rates, and paired comparisons."""

from __future__ import annotations

import numpy as np
from scipy import stats


def bootstrap_interval(
    samples: np.ndarray, confidence: float = 0.95, resamples: int = 10_000, seed: int = 0
) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean (Efron 1979).

    Args:
        samples: 1D, at least two numbers.
        confidence: for example 0.95.

    Raises:
        ValueError: fewer than two samples, or a NaN among them.
    """
    samples = np.asarray(samples, dtype=np.float64).ravel()
    if len(samples) < 2 or not np.all(np.isfinite(samples)):
        raise ValueError(f"An interval needs at least two finite samples; got {len(samples)}.")
    interval = stats.bootstrap(
        (samples,),
        np.mean,
        n_resamples=resamples,
        batch=max(1, 2_000_000 // len(samples)),  # bounds the memory of the resamples
        confidence_level=confidence,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(interval.low), float(interval.high)


def wilson_interval(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval for a rate (Wilson 1927): stays inside [0, 1] and works for 0 or all successes.

    Raises:
        ValueError: unless 0 <= successes <= trials and trials > 0.
    """
    if trials <= 0 or not 0 <= successes <= trials:
        raise ValueError(f"Need 0 <= successes <= trials and trials > 0; got {successes} of {trials}.")
    interval = stats.binomtest(int(successes), int(trials)).proportion_ci(confidence, method="wilson")
    return float(interval.low), float(interval.high)


def paired_difference(first: np.ndarray, second: np.ndarray, confidence: float = 0.95) -> tuple[float, float, float]:
    """Mean of ``first - second`` on the same items, and its bootstrap interval: ``(mean, low, high)``.

    Raises:
        ValueError: the two do not have the same length.
    """
    first, second = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if first.shape != second.shape:
        raise ValueError(f"Paired samples must have one shape; got {first.shape} and {second.shape}.")
    difference = (first - second).ravel()
    return float(difference.mean()), *bootstrap_interval(difference, confidence)


def sign_test(first: np.ndarray, second: np.ndarray) -> tuple[int, int, float]:
    """Which of two classifiers is better, counted where only one of them is right; McNemar's exact test.

    Args:
        first, second: what each got right, (n,) True or False, on the same items.

    Returns:
        How many items only the first got right, how many only the second, and p: how likely a fair coin, tossed for
        each of these items, is to be at least as one-sided (1 where the two never disagree). Used in lesson 04.

    Raises:
        ValueError: the two do not have the same length.
    """
    first, second = np.asarray(first, dtype=bool).ravel(), np.asarray(second, dtype=bool).ravel()
    if first.shape != second.shape:
        raise ValueError(f"Paired samples must have one shape; got {first.shape} and {second.shape}.")
    only_first, only_second = int(np.sum(first & ~second)), int(np.sum(second & ~first))
    tossed = only_first + only_second
    return only_first, only_second, float(stats.binomtest(only_second, tossed).pvalue) if tossed else 1.0
