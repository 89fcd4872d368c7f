"""The ball game in pictures: the same world as lesson 08's table, in two levels."""

import numpy as np
import pytest

from utils.rl.pixel_ball import PixelBall
from utils.rl.tabular import value_iteration


@pytest.mark.parametrize("level", [1, 2])
def test_a_perfect_table_keeps_the_ball_for_ever(level):
    game = PixelBall(8, seed=1, level=level)
    q, _ = value_iteration(game.table, 0.9, tolerance=1e-9)
    played = q[:, ::-1] if level == 2 else q  # under water left and right are exchanged
    assert game.steps_in_play(played, horizon=60) == 60
    states = game.states
    for _ in range(60):
        _, rewards, ended = game.step(played[game.states].argmax(axis=1))
        assert not ended.any() and (rewards == 1).all()
    assert (game.states != states).any()


def test_never_moving_loses_soon():
    game = PixelBall()
    values = np.zeros((game.table.states, 3))
    values[:, 1] = 1
    assert 1 < game.steps_in_play(values) < 30


def test_the_discounted_steps_are_what_a_player_earns():
    game = PixelBall()
    q, _ = value_iteration(game.table, 0.9, tolerance=1e-9)
    np.testing.assert_allclose(game.steps_in_play(q, horizon=3, gamma=0.5), 1 + 0.5 + 0.25)
    assert abs(game.steps_in_play(q, horizon=300, gamma=0.9) - 10) < 1e-6


def test_pictures_tell_positions_apart():
    game = PixelBall()
    seen = {game.pictures[state].tobytes() for state in game.starts}
    assert len(seen) == len(game.starts)
    assert game.pictures.shape == (game.table.states, 6, 7, 2)


def test_the_second_level_is_upside_down_and_lighter():
    first, second = PixelBall(level=1), PixelBall(level=2)
    bright = first.pictures == 1
    np.testing.assert_array_equal(second.pictures[:, ::-1] == 1, bright)
    assert second.pictures[:, ::-1][~bright].min() > 0


def test_a_missed_ball_restarts_the_game_without_reward():
    game, lost = PixelBall(4, seed=0), 0
    for _ in range(40):
        observations, rewards, ended = game.step(np.zeros(4, dtype=int))
        np.testing.assert_array_equal(rewards, np.where(ended, 0, 1))
        assert np.isin(game.states[ended], game.starts).all()
        np.testing.assert_array_equal(observations, game.pictures[game.states])
        lost += ended.sum()
    assert lost > 4
