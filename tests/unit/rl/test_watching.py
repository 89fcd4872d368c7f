"""Many games noted moment by moment: the ball, the wall, and what promises came to."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from utils.rl.atari import Games
from utils.rl.watching import Watched, above_the_wall, ball_column, ball_row, open_columns, standing, watch_games


def test_the_ball_is_what_is_bright_between_wall_and_paddle():
    pictures = np.zeros((3, 84, 84), dtype=np.uint8)
    pictures[0, 30, 40] = pictures[0, 78, 40] = 200  # in the wall, and the paddle
    pictures[1, 50:52, 40] = 200
    pictures[2, 60, 2] = 200  # the border
    assert_allclose(ball_row(pictures), [np.nan, 50.5, np.nan])


def test_a_column_is_open_if_it_is_black_from_top_to_bottom():
    pictures = np.full((2, 84, 84), 90, dtype=np.uint8)
    pictures[1, 23:37, 20:23] = 0
    pictures[1, 23:36, 50] = 0
    assert open_columns(pictures).tolist() == [0, 3]


def test_the_balls_column_and_what_is_above_the_wall():
    pictures = np.zeros((3, 84, 84), dtype=np.uint8)
    pictures[0, 50, 40:42] = 200
    pictures[1, 16, 30] = 200
    pictures[2, 22, 5:79] = 22  # the wall's dim upper edge
    assert_allclose(ball_column(pictures), [40.5, np.nan, np.nan])
    assert above_the_wall(pictures).tolist() == [False, True, False]


def test_how_much_of_the_wall_stands():
    pictures = np.full((2, 84, 84), 90, dtype=np.uint8)
    pictures[1, 30:37] = 0
    assert_allclose(standing(pictures), [1, 0.5])


def noted(rewards, lost):
    rewards, lost = np.array(rewards, dtype=float), np.array(lost, dtype=bool)
    nothing = np.zeros(rewards.shape)
    no = nothing.astype(bool)
    return Watched(nothing, rewards, lost, no.astype(int), nothing, no, nothing, no)


def test_what_was_realised_ends_with_the_life_and_counts_bricks():
    watched = noted([[0, 0], [7, 0], [0, 1], [4, 0], [0, 0], [0, 0]], [[0, 0], [0, 0], [1, 0], [0, 0], [0, 0], [0, 0]])
    assert_allclose(watched.realised(0.5, ahead=2), [[0.5, 0.25], [1, 0.5], [0, 1], [1, 0]])


def test_states_whose_future_is_not_seen_are_all_left_out():
    watched = noted(np.ones((10, 3)), np.zeros((10, 3)))
    assert watched.realised(0.9, ahead=4).shape == (6, 3)
    with pytest.raises(ValueError, match="10 steps were watched"):
        watched.realised(0.9, ahead=10)


def test_balls_are_counted_stream_by_stream():
    watched = noted(np.zeros((4, 2)), [[0, 1], [1, 0], [0, 0], [0, 1]])
    assert watched.balls().tolist() == [[0, 0], [0, 1], [1, 1], [1, 1]]


def test_games_are_noted_as_they_are_played():
    asked = []

    def press_fire(seen):
        asked.append(seen.copy())
        return np.tile([0.0, 2.0, 1.0, 0.5], (len(seen), 1))

    watched = watch_games(press_fire, 2, 120, epsilon=0.0, seed=7)
    assert watched.promised.shape == (120, 2) and np.all(watched.promised == 2.0)
    games = Games(2, seed=7)
    games.reset()
    rewards, lost = zip(*((m.rewards, m.life_lost) for m in (games.step(np.ones(2, int)) for _ in range(120))))
    np.testing.assert_array_equal(watched.rewards, rewards)
    np.testing.assert_array_equal(watched.lost, lost)
    assert watched.lost.any() and not watched.tunnel.any() and not watched.above.any()
    assert (watched.best == 1).all() and 0.9 < watched.wall.min() <= watched.wall.max() == 1
    seen = watched.speed[~np.isnan(watched.speed)]
    assert 1 < np.median(seen) < 2.4  # a slow ball, as every game begins
    rows = ball_row(np.array(asked)[..., 3])
    assert np.isnan(rows).any() and np.nanmin(rows) >= 38
