"""Episodes, intervals and films."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest

from utils.rl import evaluate


def test_run_episodes_counts_and_averages():
    lake = gymnasium.make("FrozenLake-v1", is_slippery=False)
    q = np.zeros((16, 4))
    for state, action in {0: 1, 4: 1, 8: 2, 9: 1, 13: 2, 14: 2}.items():  # the way to the goal
        q[state, action] = 1
    found = evaluate.run_episodes(lake, evaluate.follow_table(q), episodes=5)
    assert found.returns.tolist() == [1.0] * 5
    assert (found.mean, found.low, found.high) == (1.0, 1.0, 1.0)
    assert "5 episodes" in str(found)


def test_episodes_are_cut_and_seeded():
    cliff = gymnasium.make("CliffWalking-v1")
    stay = evaluate.run_episodes(cliff, lambda state, rng: 3, episodes=2, max_steps=7)  # into the left wall
    assert stay.returns.tolist() == [-7.0, -7.0]
    cartpole = gymnasium.make("CartPole-v1")
    runs = [evaluate.run_episodes(cartpole, lambda s, rng: int(rng.integers(2)), 4, seed=3).returns for _ in range(2)]
    np.testing.assert_array_equal(*runs)


def test_interval_holds_the_mean():
    found = evaluate.summarise(np.arange(20.0))
    assert found.low < found.mean < found.high


def test_nan_reward_is_an_error():
    environment = gymnasium.wrappers.TransformReward(gymnasium.make("CartPole-v1"), lambda r: float("nan"))
    with pytest.raises(ValueError, match="reward nan at step 0"):
        evaluate.run_episodes(environment, lambda s, rng: 0, episodes=2)


def test_film_is_small_and_whole():
    stage = gymnasium.make("CartPole-v1", render_mode="rgb_array")
    frames, total = evaluate.film(stage, lambda s, rng: 0, seed=1, every=3, width=120)
    assert frames[0].shape == (80, 120, 3)
    assert frames[0].dtype == np.uint8
    assert len(frames) == 1 + int(np.ceil(total / 3))
    assert not np.array_equal(frames[0], frames[-1])
    with pytest.raises(ValueError, match="rgb_array"):
        evaluate.film(gymnasium.make("CartPole-v1"), lambda s, rng: 0)
