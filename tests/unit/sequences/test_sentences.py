"""Sentences as plays: what is drawn, how likely it was, and the notebook's own update."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import results_10_reinforce as measuring

from utils.sequences import adder, decoders, sentences, sums


class _Talker:
    """Begins with 0 or 1, the latter in three of four answers; then writes the number after the one it wrote last."""

    output_shape = (None, 3, len(sums.TABLE))

    def predict_on_batch(self, inputs):
        _, written = inputs
        first = np.zeros_like(written[:, :1])
        first[..., :2] = 0.25, 0.75
        following = np.roll(written[:, 1:], 1, axis=-1)
        return np.concatenate([first, following], axis=1)


def test_tokens_are_drawn_given_those_before():
    questions = np.zeros((4000, 5))
    answers, logarithms = sentences.sample(_Talker(), questions, np.random.default_rng(0))
    assert answers.dtype == np.int32
    assert {tuple(row) for row in answers.tolist()} == {(0, 1, 2), (1, 2, 3)}
    assert answers[:, 0].mean() == pytest.approx(0.75, abs=0.03)
    np.testing.assert_allclose(logarithms, np.where(answers[:, 0] == 1, np.log(0.75), np.log(0.25)))
    np.testing.assert_allclose(sentences.log_probability(_Talker(), questions, answers), logarithms)


def test_what_cannot_be_said_has_a_finite_logarithm():
    (never,) = sentences.log_probability(_Talker(), np.zeros((1, 5)), np.array([[2, 0, 0]]))
    assert never == pytest.approx(3 * np.log(sentences.LEAST))


def test_a_network_says_how_likely_its_answers_were():
    keras.utils.set_random_seed(1)
    model = decoders.build_feedback(1, units=8)
    questions = sums.encode_questions(np.arange(9), np.arange(9), 1)
    answers, logarithms = sentences.sample(model, questions, np.random.default_rng(0))
    np.testing.assert_allclose(sentences.log_probability(model, questions, answers), logarithms, atol=1e-4)


# ---------------------------------------------------------------------------------------------------------------------
# The notebook's own update


@pytest.fixture(scope="module")
def lesson():
    return measuring.lesson()


def test_the_update_makes_likelier_what_is_paid(lesson):
    keras.utils.set_random_seed(1)
    start = decoders.build_feedback(3)
    policy = adder.twin(start)
    seven = sums.TABLE.index["7"]

    def begins_with_seven(a, b, answers):
        return (answers[:, 0] == seven).astype(float)

    _, paid, _, away = lesson["improve"](policy, start, begins_with_seven, 25, 0.0, np.random.default_rng(0), 8)
    assert paid[-5:].mean() > 2 * paid[:5].mean()
    assert abs(away[0]) < 1e-4 < away[-1]


def test_the_price_holds_it_back(lesson):
    keras.utils.set_random_seed(1)
    start = decoders.build_feedback(3)

    def first_column(a, b, answers):
        return answers[:, 0].astype(float)

    away = {}
    for beta in (0.0, 10.0):
        policy, rng = adder.twin(start), np.random.default_rng(0)
        away[beta] = lesson["improve"](policy, start, first_column, 15, beta, rng, 8)[3][-1]
    assert away[10.0] < away[0.0] / 2
