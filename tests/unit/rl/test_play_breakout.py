"""Playing with a saved agent from the command line, and recording a game."""

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from utils.rl import play_breakout  # noqa: E402
from utils.rl.dqn import Config, build_network, save_agent  # noqa: E402


@pytest.fixture(scope="module")
def agent(tmp_path_factory):
    path = tmp_path_factory.mktemp("agent") / "agent.npz"
    config = Config(filters=(2, 2), hidden=8)
    save_agent(path, build_network(config).get_weights(), config, agent_steps=1234)
    return path


def test_the_command_prints_scores_mean_and_interval(agent, capsys, tmp_path):
    video = tmp_path / "game.mp4"
    options = ["--agent", str(agent), "--episodes", "3", "--epsilon", "1.0", "--video", str(video)]
    play_breakout.main(options)
    printed = capsys.readouterr().out
    assert "trained for 1,234 agent steps" in printed and "95 % interval" in printed
    scores = [float(word) for word in printed.split("scores ")[1].split("\n")[0].split()]
    assert len(scores) == 3 and f"mean {np.mean(scores):.1f} over 3 games" in printed
    assert video.stat().st_size > 5000


def test_the_colour_screen_shows_the_same_game():
    rng = np.random.default_rng(0)
    recording = play_breakout.record_game(lambda seen: rng.random((len(seen), 4)), epsilon=0.0, seed=9)
    steps = len(recording.actions)
    assert recording.screens.shape == (steps, 210, 160, 3)
    assert recording.observations.shape == (steps, 84, 84, 4) and recording.values.shape == (steps, 4)
    from PIL import Image

    for step in (0, steps // 2, steps - 1):
        grey = Image.fromarray(recording.screens[step]).convert("L").resize((84, 84), Image.Resampling.BOX)
        difference = np.abs(np.asarray(grey, dtype=float) - recording.observations[step, ..., -1])
        assert difference.mean() < 3
    assert recording.score == recording.rewards.sum()


def test_a_single_game_has_no_interval():
    assert "interval" not in play_breakout.describe(np.array([4.0]))
