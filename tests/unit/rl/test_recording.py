"""Recording a game of Breakout, and finding moments in it."""

import numpy as np
from PIL import Image

from utils.rl.recording import Recording, record_game


def test_the_colour_screen_shows_the_same_game():
    rng = np.random.default_rng(0)
    recording = record_game(lambda seen: rng.random((len(seen), 4)), epsilon=0.0, seed=9)
    steps = len(recording.actions)
    assert recording.screens.shape == (steps, 210, 160, 3)
    assert recording.observations.shape == (steps, 84, 84, 4) and recording.values.shape == (steps, 4)
    for step in (0, steps // 2, steps - 1):
        grey = Image.fromarray(recording.screens[step]).convert("L").resize((84, 84), Image.Resampling.BOX)
        difference = np.abs(np.asarray(grey, dtype=float) - recording.observations[step, ..., -1])
        assert difference.mean() < 3
    assert recording.score == recording.rewards.sum()
    assert recording.lost.sum() == 5 and recording.lost[-1]  # the game ends with its last life


def a_recording(steps):
    """Black screens, equal values, no rewards."""
    observations = np.zeros((steps, 84, 84, 4), dtype=np.uint8)
    nothing = np.zeros(steps)
    values = np.zeros((steps, 4))
    return Recording(observations, observations.copy(), values, nothing.astype(int), nothing, nothing.astype(bool))


def test_a_ball_in_flight_is_bright_and_moves():
    recording = a_recording(5)
    recording.observations[1:, 60, 30, 3] = 200  # bright now ...
    recording.observations[2, 60, 30, 2] = 200  # ... and before: it rests
    recording.observations[3, :, :, 3] = 0
    recording.observations[3, 40, 30, 3] = 200  # in the wall
    assert recording.ball_in_flight().tolist() == [False, True, False, False, True]


def test_moments_of_decision_lie_apart():
    recording = a_recording(60)
    recording.values[:, 2] = [1.0 + step if 30 <= step < 34 else 0.0 for step in range(60)]
    recording.values[5, 3], recording.values[50, 3], recording.values[55, 3] = 3.0, 100.0, 2.0
    assert recording.where_they_part(within=50) == [33, 5]  # within 20 steps of 33 lies all but the first dozen
    assert recording.where_they_part(count=2, gap=1) == [50, 33]
    assert recording.where_they_part(count=4, gap=1) == [50, 33, 31, 5]


def test_a_tunnel_is_black_from_top_to_bottom():
    recording = a_recording(4)
    recording.observations[..., 3] = 90
    assert recording.tunnel() is None
    recording.observations[1:, 23:37, 20:22, 3] = 0
    recording.observations[2:, 23:36, 22, 3] = 0  # one row short
    recording.observations[3:, 36, 22, 3] = 0
    assert recording.tunnel() == 3 and recording.tunnel(columns=2) == 1
