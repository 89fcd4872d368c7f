"""The vectorised pendulum is Gymnasium's, many at once."""

from __future__ import annotations

import gymnasium
import numpy as np
import peer_10_equations
import pytest

from utils.rl.pendulum import VectorPendulum


def test_equals_gymnasium_step_by_step():
    rng = np.random.default_rng(0)
    count = 5
    vector = VectorPendulum(count)
    singles = [gymnasium.make("Pendulum-v1").unwrapped for _ in range(count)]
    states = rng.uniform(-1, 1, size=(count, 2)) * [np.pi, 8]
    observations, _ = vector.reset(options={"state": states})
    for single, state in zip(singles, states, strict=True):
        single.reset(seed=0)
        single.state = state.copy()
    np.testing.assert_allclose(observations, [single._get_obs() for single in singles], atol=1e-6)
    for _ in range(60):
        actions = rng.normal(scale=2, size=(count, 1)).astype(np.float32)  # some beyond the limit
        observations, rewards, terminated, truncated, _ = vector.step(actions)
        for i, single in enumerate(singles):
            observation, reward, *_ = single.step(actions[i])
            np.testing.assert_allclose(observations[i], observation, atol=1e-5)
            assert rewards[i] == pytest.approx(reward, abs=1e-5)
        assert not terminated.any()
        assert not truncated.any()


def test_time_limit_then_a_new_play():
    pendulums = VectorPendulum(3, max_episode_steps=4)
    pendulums.reset(seed=1)
    torque = np.zeros((3, 1), dtype=np.float32)
    flags = [bool(pendulums.step(torque)[3].all()) for _ in range(5)]
    assert flags == [False, False, False, True, False]
    assert pendulums.steps == 0  # the fifth step only started a new play


def test_spaces_and_seeds():
    pendulums = VectorPendulum(4)
    first, _ = pendulums.reset(seed=7)
    again, _ = pendulums.reset(seed=7)
    np.testing.assert_array_equal(first, again)
    assert pendulums.observation_space.contains(first)
    assert (np.abs(first[:, 2]) <= 1).all()
    assert pendulums.single_action_space == gymnasium.make("Pendulum-v1").action_space


def test_who_knows_the_equations_sees_what_the_pendulums_do():
    rng = np.random.default_rng(0)
    states, torques = rng.uniform(-1, 1, size=(50, 2)) * [np.pi, 8], rng.uniform(-2, 2, size=50)
    pendulums = VectorPendulum(50)
    pendulums.reset(options={"state": states})
    _, rewards, *_ = pendulums.step(torques[:, None])
    reward, angle, speed = peer_10_equations.follow(*states.T, torques)
    np.testing.assert_allclose(reward, rewards)
    np.testing.assert_allclose(angle, pendulums.angle)
    np.testing.assert_allclose(speed, pendulums.speed)


def test_values_are_found_again_between_the_points_of_the_grid():
    grid = np.add.outer(
        np.linspace(-np.pi, np.pi, peer_10_equations.ANGLES), np.linspace(0, 1, peer_10_equations.SPEEDS)
    )
    found = peer_10_equations.look_up(grid, np.array([0.0, 1.0, 1.0 + 2 * np.pi]), np.array([-8.0, 0.0, 4.0]))
    np.testing.assert_allclose(found, [0.0, 1.5, 1.75], atol=1e-9)
