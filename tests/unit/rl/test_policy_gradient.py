"""Lesson 10: the training loop, its checkpoints, and what students do wrong."""

import dataclasses

import keras
import numpy as np
import pytest

from utils.checkpoints import load_checkpoint, numbered, save_checkpoint
from utils.rl import playing, policies
from utils.rl import policy_gradient as pg
from utils.rl.pendulum import VectorPendulum

TINY = pg.Settings(plays=4, iterations=3, hidden=(8,))


def test_rows_of_zeros_change_nothing(born):
    history, _ = born
    rng = np.random.default_rng(0)
    x = rng.normal(size=(10, 4)).astype(np.float32)
    y = np.column_stack([rng.integers(2, size=10), rng.normal(size=10), np.ones(10)]).astype(np.float32)
    start, steps = history.model.get_weights(), []
    for least in (10, 16, 40):
        history.model.set_weights(start)
        history.model.compile(keras.optimizers.SGD(0.1))
        pg.train_on_rows(history.model, x, y, least=least)
        steps.append(history.model.get_weights())
    assert any(np.abs(new - old).max() > 1e-3 for new, old in zip(steps[0], start))
    for other in steps[1:]:
        for one, two in zip(steps[0], other):
            np.testing.assert_allclose(one, two, atol=1e-6)


def test_weighted_rows_are_filled_up_to_a_power_of_two():
    class Listener:
        def train_on_batch(self, x, y, sample_weight):
            self.heard = x, y, sample_weight

    network = Listener()
    pg.train_on_rows(network, np.ones((5, 3)), np.arange(1, 6), np.full(5, -2.0), least=4)
    x, y, weight = network.heard
    assert x.shape == (8, 3) and y.tolist() == [1, 2, 3, 4, 5, 0, 0, 0]
    np.testing.assert_allclose(weight, [-2 * 8 / 5] * 5 + [0] * 3)


def test_a_weighted_step_is_that_of_the_mean_over_the_real_rows():
    rng = np.random.default_rng(0)
    x, y, weights = rng.normal(size=(10, 4)), rng.integers(2, size=10), rng.normal(size=10)
    network = policies.build_network(inputs=4, hidden=(8,), outputs=2, seed=1, name="policy")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    start, ends = network.get_weights(), []
    for step in (
        lambda: network.train_on_batch(x, y, sample_weight=weights),
        lambda: pg.train_on_rows(network, x, y, weights, least=4),  # ten rows become sixteen
        lambda: pg.train_on_rows(network, x, y, weights, least=4096),
    ):
        network.set_weights(start)
        network.compile(keras.optimizers.SGD(0.1), loss)
        step()
        ends.append(network.get_weights())
    assert max(np.abs(new - old).max() for new, old in zip(ends[0], start)) > 1e-3
    for end in ends[1:]:
        for one, other in zip(ends[0], end):
            np.testing.assert_allclose(one, other, atol=1e-6)


def test_training_improves_the_policy():
    history = pg.train(pg.Settings(plays=16, iterations=8, minibatches=4))
    assert np.mean(history.returns[-2:]) > 1.5 * np.mean(history.returns[:2])
    assert len(history.entropies) == len(history.steps) == 8


def test_gaussian_policy_trains_on_pendulum():
    chosen = dataclasses.replace(pg.PENDULUM, plays=4, iterations=2, hidden=(8,), minibatches=2)
    history = pg.train(chosen)
    assert history.policy.log_std.shape == (1,)
    assert not np.array_equal(history.policy.log_std, np.zeros(1))  # the width is learned, too
    assert history.steps == [800, 800]


def test_killed_training_resumes_on_the_same_curve(tmp_path):
    path = tmp_path / "policy.npz"

    def kill(history, plays):
        if len(history.returns) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pg.train(TINY, checkpoint=path, checkpoint_every=1, callback=kill)
    resumed, through = pg.train(TINY, checkpoint=path), pg.train(TINY)
    assert len(resumed.returns) == 3
    np.testing.assert_allclose(resumed.returns, through.returns)
    np.testing.assert_allclose(resumed.entropies, through.entropies, atol=1e-6)
    for one, other in zip(resumed.policy.weights, through.policy.weights, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_checkpoint_of_other_settings_is_refused(tmp_path):
    path = tmp_path / "policy.npz"
    pg.train(dataclasses.replace(TINY, iterations=1), checkpoint=path)
    with pytest.raises(ValueError, match="another iterations, gamma"):
        pg.train(dataclasses.replace(TINY, gamma=0.5), checkpoint=path)


def test_training_stops_when_solved():
    history = pg.train(dataclasses.replace(TINY, stop_at=1.0, stop_after=2))
    assert len(history.returns) == 2


def test_the_policy_that_proved_itself_is_returned_without_a_further_update():
    played = []
    history = pg.train(
        dataclasses.replace(TINY, stop_at=1.0, stop_after=2), callback=lambda history, plays: played.append(plays)
    )
    once = pg.train(dataclasses.replace(TINY, iterations=3), callback=lambda history, plays: True)  # one update
    for proved, other in zip(history.policy.weights, once.policy.weights, strict=True):
        np.testing.assert_array_equal(proved, other)
    again = playing.play(
        playing.make_environments("CartPole-v1", TINY.plays), history.policy.sample, seed=(TINY.seed, 1)
    )
    np.testing.assert_array_equal(again.actions, played[-1].actions)


@pytest.mark.parametrize("name", ["FrozenLake-v1", "Blackjack-v1"])
def test_wrong_spaces_are_refused(name):
    with pytest.raises(TypeError, match=f"{name} observes"):
        pg.train(dataclasses.replace(TINY, environment=name))


def test_nan_reward_is_an_error():
    class Broken(VectorPendulum):
        def step(self, actions):
            observation, reward, *rest = super().step(actions)
            reward[1] = np.nan
            return observation, reward, *rest

    chosen = dataclasses.replace(TINY, environment="Pendulum-v1")
    with pytest.raises(ValueError, match="reward nan at step 0"):
        pg.train(chosen, environments=Broken(4))


@pytest.mark.parametrize("wrong", [{"baseline": "best"}, {"plays": 1}, {"gamma": 0.0}, {"iterations": 0}])
def test_settings_are_checked(wrong):
    with pytest.raises(ValueError):
        pg.Settings(**wrong)


def test_a_checkpoint_with_all_variables_in_one_row_is_still_read(tmp_path):
    """As it was written until late 2026."""
    whole = pg.train(TINY, checkpoint=tmp_path / "a.npz")
    arrays, meta = load_checkpoint(tmp_path / "a.npz")
    curves = arrays.pop("curves")
    save_checkpoint(tmp_path / "b.npz", numbered("variable_", arrays.values()) | {"curves": curves}, meta)
    again = pg.train(TINY, checkpoint=tmp_path / "b.npz")
    for mine, theirs in zip(whole.model.get_weights(), again.model.get_weights()):
        np.testing.assert_array_equal(mine, theirs)
    for mine, theirs in zip(whole.baseline.optimizer.variables, again.baseline.optimizer.variables):
        np.testing.assert_array_equal(mine, theirs)
