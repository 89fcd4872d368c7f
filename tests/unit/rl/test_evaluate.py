"""Intervals, players and films."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest

from utils.rl import evaluate


def test_interval_holds_the_mean():
    found = evaluate.summarise(np.arange(20.0))
    assert found.low < found.mean < found.high
    assert "20 episodes" in str(found)


def test_a_table_is_followed_greedily():
    act = evaluate.follow_table(np.array([[0.0, 2.0, 1.0], [3.0, 0.0, 3.0]]))
    assert [act(state, None) for state in (0, 1)] == [1, 0]


def test_film_is_small_and_whole():
    stage = gymnasium.make("CartPole-v1", render_mode="rgb_array")
    frames, total = evaluate.film(stage, lambda s, rng: 0, seed=1, every=3, width=120)
    assert frames[0].shape == (80, 120, 3)
    assert frames[0].dtype == np.uint8
    assert len(frames) == 1 + int(np.ceil(total / 3))
    assert not np.array_equal(frames[0], frames[-1])
    with pytest.raises(ValueError, match="rgb_array"):
        evaluate.film(gymnasium.make("CartPole-v1"), lambda s, rng: 0)
