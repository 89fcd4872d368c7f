"""The adder of lesson 10: what it reads and practises, how it is judged, copied and examined."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from utils.sequences import adder, decoders, sentences, sums


@pytest.fixture
def model():
    keras.utils.set_random_seed(1)
    return decoders.build_feedback(adder.DIGITS, units=8)


def test_questions_are_right_aligned_and_answers_have_four_places(model):
    x = adder.read(np.array([5, 12]), np.array([7, 34]))
    assert x.shape == (2, 7, 12) and x.dtype == np.float32
    assert [sums.TABLE.decode(row[::-1]) for row in x] == ["    5+7", "  12+34"]
    assert sentences.sample(model, x, np.random.default_rng(0))[0].shape == (2, 4)


def test_drawn_questions_have_the_role_and_are_half_evenly_drawn():
    a, b = adder.draw(4000, "train", np.random.default_rng(0))
    assert a.shape == b.shape == (4000,) and (adder.SPLIT.role(a, b) == 0).all()
    short = np.mean(a < 10)  # a half drawn by length, a half evenly: (0.55 + 0.1) / 2, about
    assert 0.27 < short < 0.4


def test_the_verdict_reads_numbers_however_they_are_written():
    answers = sums.TABLE.to_indices(["  48", "0048", "  49", "4 8 "])
    assert adder.verdict(np.full(4, 41), np.full(4, 7), answers).tolist() == [1, 1, 0, 0]


class _Recorder:
    """Keeps what it is shown."""

    def __init__(self):
        self.batches = []

    def train_on_batch(self, inputs, answers):
        self.batches.append((inputs[0], answers))


def test_practice_shows_right_answers_in_both_spellings():
    model = _Recorder()
    adder.practise(model, 2, 200, np.random.default_rng(0))
    assert len(model.batches) == 2
    for x, answers in model.batches:
        assert x.shape == (200, 7, 12) and answers.shape == (200, 4)
        texts = [sums.TABLE.decode(row[::-1]) for row in x]
        right = [sum(map(int, text.split("+"))) for text in texts]
        np.testing.assert_array_equal([int(sums.TABLE.decode_indices(row)) for row in answers], right)
    assert 0.35 < np.mean([sums.TABLE.decode_indices(row)[0] == "0" for row in answers]) < 0.65


def test_practice_goes_on_until_a_share_is_right_and_the_seed_says_how_it_begins(monkeypatch):
    rounds = []
    monkeypatch.setattr(adder, "practise", lambda model, updates, questions, rng: rounds.append(updates))
    build = decoders.build_feedback
    monkeypatch.setattr(decoders, "build_feedback", lambda digits: build(digits, units=4))
    first, again, other = (adder.half_trained(seed, rounds=3, share=1.0).get_weights() for seed in (1, 1, 2))
    assert len(rounds) == 9
    assert all(map(np.array_equal, first, again)) and not all(map(np.array_equal, first, other))
    adder.half_trained(1, rounds=3, share=-1.0)
    assert len(rounds) == 10


def test_a_twin_goes_its_own_way():
    keras.utils.set_random_seed(1)
    model = decoders.build_feedback(adder.DIGITS)
    before = [weight.copy() for weight in model.get_weights()]
    twin = adder.twin(model)
    assert all(map(np.array_equal, twin.get_weights(), before))
    adder.practise(twin, 1, 8, np.random.default_rng(0))
    assert not all(map(np.array_equal, twin.get_weights(), before))
    assert all(map(np.array_equal, model.get_weights(), before))


class _Sure:
    """Answers every question with one text."""

    output_shape = (None, 4, len(sums.TABLE))

    def __init__(self, text):
        self.row = sums.TABLE.encode(text)

    def predict_on_batch(self, inputs):
        return np.repeat(self.row[None], len(inputs[0]), axis=0)

    def predict(self, inputs, **_):
        return self.predict_on_batch(inputs)


def test_the_exam_counts_what_is_right():
    a, b = adder.SPLIT.held_out("test")
    share = np.mean(a + b == 99)
    for text, zeros in (("0099", 1.0), ("  99", 0.0)):
        found = adder.exam(_Sure(text))
        assert found["drawn"] == found["likeliest"] == pytest.approx(share) and share > 0
        assert found["zeros"] == zeros and found["numbers"] == 1
        assert found["entropy"] == pytest.approx(0, abs=1e-6)


def test_the_exam_tells_how_undecided_the_first_token_is(model):
    for weights in model.layers[-1].weights:
        weights.assign(np.zeros(weights.shape))  # all twelve characters alike
    assert adder.exam(model)["entropy"] == pytest.approx(np.log(12), abs=1e-4)


def test_a_conversation_has_a_row_a_model_and_shows_spaces():
    head, line, *rows = adder.conversation({"one": _Sure("  99"), "other": _Sure("0001")}, seed=0).split("\n")
    assert head.count("|") == line.count("|") == 6 and head.count("+") == 4
    assert rows[0] == "| one | " + " | ".join(["␣␣99 ␣␣99 ␣␣99 ␣␣99"] * 4) + " |"
    assert rows[1].startswith("| other | 0001 0001")
