"""The little experiment of lecture 7: a network forgets what nothing reminds it of."""

from __future__ import annotations

import numpy as np

from utils.decks import forgetting


def test_gradients_are_those_of_half_the_squared_error():
    rng = np.random.default_rng(0)
    weights = forgetting._start(5, 3, rng)
    x, y = rng.normal(size=(7, 5)), rng.normal(size=(7, 3))

    def error():
        return 0.5 * np.sum((forgetting._forward(weights, x)[1] - y) ** 2) / len(x)

    gradients = forgetting._gradients(weights, x, y)
    for weight, gradient in zip(weights, gradients):
        place = tuple(size // 2 for size in weight.shape)
        before = weight[place]
        weight[place] = before + 1e-6
        above = error()
        weight[place] = before - 1e-6
        below = error()
        weight[place] = before
        assert np.isclose(gradient[place], (above - below) / 2e-6, rtol=1e-4, atol=1e-9)


def test_only_the_reminded_network_keeps_level_one():
    plain, reminded = (forgetting.learn_in_turn(r, first=800, second=1600, every=400, seed=0) for r in (False, True))
    assert np.array_equal(plain[:3], reminded[:3])  # until level 2 begins they are the same run
    assert plain[2, 1] > 60 and plain[0, 1] < 20  # it has learned level 1
    assert reminded[-1, 1] > plain[-1, 1] + 20
