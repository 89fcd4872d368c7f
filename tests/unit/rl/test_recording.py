"""Recording a game of Breakout."""

import numpy as np
from PIL import Image

from utils.rl.recording import record_game


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
