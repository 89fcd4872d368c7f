"""Playing with a saved agent from the command line."""

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
    options = ["--agent", str(agent), "--episodes", "3", "--epsilon", "1.0", "--view", "nearest"]
    options += ["--video", str(video)]
    play_breakout.main(options)
    printed = capsys.readouterr().out
    assert "trained for 1,234 agent steps" in printed and "95 % interval" in printed
    scores = [float(word) for word in printed.split("scores ")[1].split("\n")[0].split()]
    assert len(scores) == 3 and f"mean {np.mean(scores):.1f} over 3 games" in printed
    assert video.stat().st_size > 5000


def test_a_single_game_has_no_interval():
    assert "interval" not in play_breakout.describe(np.array([4.0]))
