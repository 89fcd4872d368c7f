"""Lesson 10: plays of many environments at once."""

import gymnasium
import numpy as np
import pytest

from utils.rl import playing


def test_each_environment_gives_one_complete_play(born):
    _, plays = born
    lengths = plays.mask.sum(axis=0)
    assert plays.mask.shape[1] == 6
    assert lengths.max() == len(plays.mask)
    assert plays.horizon == 500
    for column, length in enumerate(lengths):
        assert plays.mask[:length, column].all()
        assert not plays.mask[length:, column].any()
        # Inside the limits until the end: rows of a play that Gymnasium started anew are not among them.
        assert (np.abs(plays.states[:length, column, 2]) <= 0.2095).all()
    np.testing.assert_array_equal(plays.returns, lengths)  # CartPole pays 1 a step, the last one included


def test_plays_repeat_with_their_seed(cartpoles, born):
    history, plays = born
    again = playing.play(cartpoles, history.policy.sample, seed=3)
    np.testing.assert_array_equal(plays.states, again.states)
    other = playing.play(cartpoles, history.policy.sample, seed=(3, 1))
    assert not np.array_equal(plays.states[0], other.states[0])


def test_the_start_can_be_chosen():
    pendulums = playing.make_environments("Pendulum-v1", 2)
    plays = playing.play(
        pendulums, lambda states, rng: np.zeros((2, 1)), seed=1, options={"state": [[0.5, 0.0], [-1.0, 2.0]]}
    )
    np.testing.assert_allclose(plays.states[0, :, 2], [0.0, 2.0])
    np.testing.assert_allclose(plays.states[0, :, 0], np.cos([0.5, -1.0]), rtol=1e-6)


def test_agrees_with_single_environments():
    """A fixed rule earns in the vectorised environment what it earns in Gymnasium's single one, on average."""

    def lean(states, rng=None):
        return (states[..., 2] + states[..., 3] > 0).astype(int)

    vector = playing.play(playing.make_environments("CartPole-v1", 300), lean, seed=1).returns
    single = gymnasium.make("CartPole-v1")
    returns = []
    for seed in range(60):
        state, _ = single.reset(seed=seed)
        total, ended = 0, False
        while not ended:
            state, reward, terminated, truncated, _ = single.step(int(lean(state)))
            total, ended = total + reward, terminated or truncated
        returns.append(total)
    error = np.hypot(np.std(returns) / np.sqrt(60), vector.std() / np.sqrt(300))
    assert abs(np.mean(returns) - vector.mean()) < 4 * error


def test_unknown_environment_is_named():
    with pytest.raises(ValueError, match="no environment 'CartPool-v1'"):
        playing.make_environments("CartPool-v1", 2)
