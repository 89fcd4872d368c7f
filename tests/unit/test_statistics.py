"""Intervals: known values, coverage, and inputs that make no sense."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.statistics import bootstrap_interval, paired_difference, sign_test, wilson_interval


def test_wilson_agrees_with_published_values():
    # Newcombe (1998), table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    for (successes, trials), (low, high) in {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0.0, 0.1611),
        (1, 29): (0.0061, 0.1718),
    }.items():
        assert wilson_interval(successes, trials) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.5, 0.99))
def test_wilson_stays_in_bounds_around_the_rate_and_mirrors(pair, confidence):
    successes, trials = pair
    low, high = wilson_interval(successes, trials, confidence)
    assert 0 <= low <= successes / trials + 1e-12 and successes / trials - 1e-12 <= high <= 1
    mirrored = wilson_interval(trials - successes, trials, confidence)
    assert (1 - high, 1 - low) == pytest.approx(mirrored, abs=1e-9)


@pytest.mark.parametrize(("successes", "trials"), [(1, 0), (-1, 5), (6, 5)])
def test_wilson_refuses_impossible_counts(successes, trials):
    with pytest.raises(ValueError, match=f"{successes} of {trials}"):
        wilson_interval(successes, trials)


def test_the_bootstrap_resembles_the_normal_interval_for_many_samples():
    samples = np.random.default_rng(1).normal(3.0, 2.0, 2000)
    low, high = bootstrap_interval(samples)
    half = 1.96 * samples.std() / np.sqrt(len(samples))
    assert low == pytest.approx(samples.mean() - half, abs=0.01)
    assert high == pytest.approx(samples.mean() + half, abs=0.01)
    wider = bootstrap_interval(samples, confidence=0.99)
    assert wider[0] < low and wider[1] > high


def test_the_bootstrap_covers_the_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    hits = 0
    for seed in range(200):
        low, high = bootstrap_interval(rng.exponential(1.0, 50), resamples=500, seed=seed)
        hits += low <= 1.0 <= high
    assert 0.86 < hits / 200 <= 0.99  # nominal 0.95; a little less for skewed samples of 50


def test_the_bootstrap_is_repeatable_and_handles_constants():
    samples = np.array([1.0, 2.0, 4.0])
    assert bootstrap_interval(samples, seed=5) == bootstrap_interval(samples, seed=5)
    assert bootstrap_interval(np.full(10, 2.5)) == (2.5, 2.5)
    assert bootstrap_interval(samples.reshape(3, 1), seed=5) == bootstrap_interval(samples, seed=5)


@pytest.mark.parametrize("samples", [[], [1.0], [1.0, np.nan], [1.0, np.inf]])
def test_the_bootstrap_needs_two_finite_samples(samples):
    with pytest.raises(ValueError, match="finite"):
        bootstrap_interval(np.array(samples))


def test_pairing_removes_what_both_share():
    rng = np.random.default_rng(3)
    hardness = rng.normal(0, 10, 100)
    second = hardness + rng.normal(0, 0.1, 100)
    first = hardness + 0.5 + rng.normal(0, 0.1, 100)
    mean, low, high = paired_difference(first, second)
    assert low < mean < high and low > 0.4 and high < 0.6
    with pytest.raises(ValueError, match="one shape"):
        paired_difference(first, second[:-1])


def test_the_sign_test_counts_disagreements_alone():
    first = np.array([True] * 50 + [True] * 5 + [False] * 3)
    second = np.array([True] * 50 + [False] * 5 + [True] * 3)
    only_first, only_second, p = sign_test(first, second)
    assert (only_first, only_second) == (5, 3)
    assert p == pytest.approx(2 * (1 + 8 + 28 + 56) / 2**8)  # at most 3 heads, or at most 3 tails, of 8
    assert sign_test(second[50:], first[50:]) == (3, 5, p)  # items on which both agree say nothing
    assert sign_test(first, first) == (0, 0, 1.0)
    with pytest.raises(ValueError, match="one shape"):
        sign_test(first, second[:-1])
