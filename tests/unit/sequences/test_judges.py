"""Comparisons, the marks that are learned from them, and the marks as a reward; the lesson's own loss."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import results_10_reinforce as measuring

from utils.sequences import adder, decoders, judges, spelling, sums


@pytest.fixture(scope="module")
def start():
    keras.utils.set_random_seed(1)
    return decoders.build_feedback(adder.DIGITS)


def said(texts):
    """The sums and the answers that one-hot texts say."""
    rows = [sums.TABLE.decode(row[:7][::-1]) for row in texts]
    return np.array([sum(map(int, row.split("+"))) for row in rows]), spelling.numbers(texts[:, 7:].argmax(-1))


def test_a_text_is_a_question_and_its_answer():
    x = adder.read(np.array([41]), np.array([7]))
    text = judges.together(x, sums.TABLE.to_indices(["0048"]))
    assert text.shape == (1, *judges.TEXT) and text.dtype == np.float32
    np.testing.assert_array_equal(text[0, :7], x[0])
    assert sums.TABLE.decode(text[0, 7:]) == "0048"


def test_the_nearer_answer_is_preferred_and_ties_are_left_out(start):
    first, second, prefers = judges.compare(start, 200, "test", 0.0, np.random.default_rng(0))
    assert first.shape == second.shape == (len(prefers), *judges.TEXT) and 0 < len(prefers) < 200
    (total, one), (same, other) = said(first), said(second)
    np.testing.assert_array_equal(total, same)
    np.testing.assert_array_equal(np.abs(one - total) < np.abs(other - total), prefers.astype(bool))
    assert (np.abs(one - total) != np.abs(other - total)).all()


def test_a_person_who_always_errs_prefers_the_other(start):
    never, always = (judges.compare(start, 100, "train", error, np.random.default_rng(0))[2] for error in (0.0, 1.0))
    np.testing.assert_array_equal(never, 1 - always)
    often = judges.compare(start, 2000, "train", 0.25, np.random.default_rng(0))[2]
    right = judges.compare(start, 2000, "train", 0.0, np.random.default_rng(0))[2]
    assert np.mean(often != right) == pytest.approx(0.25, abs=0.04)


def texts_of_two_kinds(count):
    """Pairs of random texts; a person prefers the one whose answer begins with a higher column."""
    rng = np.random.default_rng(0)
    first, second = (rng.integers(12, size=(count, 11)) for _ in range(2))
    differ = first[:, 7] != second[:, 7]
    texts = (sums.TABLE.one_hot(kind[differ]) for kind in (first, second))
    return *texts, (first[differ, 7] > second[differ, 7]).astype(np.float32)


def test_the_lessons_loss_is_bradleys_and_terrys_and_learns_what_is_preferred():
    lesson = measuring.lesson()
    keras.utils.set_random_seed(1)
    mark = judges.build_mark()
    assert mark.output_shape == (None, 1)
    pair = lesson["marks_apart"](mark)
    first, second, prefers = compared = texts_of_two_kinds(1500)
    gain = mark.predict(first, verbose=0) - mark.predict(second, verbose=0)
    np.testing.assert_allclose(pair.predict([first, second], verbose=0), gain, atol=1e-5)
    pair.compile(keras.optimizers.Adam(2e-3), keras.losses.BinaryCrossentropy(from_logits=True))
    loss = pair.evaluate([first, second], prefers, verbose=0)
    by_formula = np.where(prefers == 1, np.log1p(np.exp(-gain[:, 0])), np.log1p(np.exp(gain[:, 0])))
    assert loss == pytest.approx(by_formula.mean(), abs=1e-5)
    judges.fit(pair, compared, epochs=10)
    assert pair.evaluate([first, second], prefers, verbose=0) < 0.75 * loss


def test_the_lesson_learns_a_judge_from_comparisons(start):
    mark = measuring.lesson()["learn_judge"](start, 40, np.random.default_rng(0))
    assert mark.output_shape == (None, 1)


class _Reader:
    """Marks a text by the number that its answer says, times a factor."""

    def __init__(self, factor):
        self.factor = factor

    def predict_on_batch(self, texts):
        return self.factor * said(texts)[1][:, None].astype(np.float32)


class _Knowing(_Reader):
    """Marks a text by how near the answer is."""

    def predict_on_batch(self, texts):
        total, answer = said(texts)
        return -self.factor * np.abs(answer - total)[:, None].astype(np.float32)


def test_agreement_is_with_the_truth(start):
    for factor, expected in ((1, 1.0), (-1, 0.0)):
        assert judges.agreement(_Knowing(factor), start, np.random.default_rng(0), questions=100) == expected


def test_the_reward_is_in_spreads_above_the_usual(start):
    judge, larger = (judges.Judge(_Reader(factor), start, np.random.default_rng(0), 200) for factor in (1, 10))
    a, b = np.full(2, 41), np.full(2, 7)
    answers = sums.TABLE.to_indices(["0048", "0049"])
    rewards = judge(a, b, answers)
    assert rewards.shape == (2,)
    assert rewards[1] - rewards[0] == pytest.approx(1 / judge.spread, rel=1e-3)
    assert rewards[0] == pytest.approx((48 - judge.mean) / judge.spread, rel=1e-4)
    np.testing.assert_allclose(larger(a, b, answers), rewards, rtol=1e-4)
