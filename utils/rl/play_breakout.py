"""Let the shipped agent play (lesson 09): ``python -m utils.rl.play_breakout --episodes 30 --epsilon 0.05``.

Prints the real score of every game, their mean and its 95 % interval.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from utils import commands, runtime
from utils.rl.variety import FILTERS, UNSEEN
from utils.statistics import bootstrap_interval


def describe(scores: np.ndarray) -> str:
    """Mean, interval and range in one line."""
    text = f"mean {scores.mean():.1f} over {len(scores)} games, best {scores.max():.0f}, worst {scores.min():.0f}"
    if len(scores) < 2:
        return text
    low, high = bootstrap_interval(scores)
    return f"{text}, 95 % interval {low:.1f} to {high:.1f}"


def main(arguments=None) -> None:
    """Entry point of ``python -m utils.rl.play_breakout``."""
    parser = argparse.ArgumentParser(prog="python -m utils.rl.play_breakout", description=__doc__.split("\n\n")[0])
    parser.add_argument("--agent", type=Path, help="network to play with (default: the shipped one)")
    parser.add_argument("--episodes", type=int, default=30, help="full games, five lives each")
    parser.add_argument("--epsilon", type=float, default=0.05, help="share of random actions")
    parser.add_argument("--sticky", type=float, default=0.0, help="probability that the previous action is repeated")
    parser.add_argument(
        "--view", default="", choices=["", *FILTERS, *UNSEEN], help="filter that shrinks the screen, or view"
    )
    parser.add_argument("--seed", type=int, default=3_000_000, help="training uses 1,000,000 to 1,999,999")
    parser.add_argument("--video", type=Path, help="also record one game into this .mp4 or .gif file")
    parser.add_argument("--backend", choices=runtime.BACKENDS, help="Keras backend (default: KERAS_BACKEND)")
    options = parser.parse_args(arguments)
    if options.episodes < 1:
        parser.error("--episodes must be at least 1")
    if options.video:
        from utils.plots.video import SUFFIXES

        if options.video.suffix.lower() not in SUFFIXES:
            parser.error(f"--video must end in {' or '.join(SUFFIXES)}")
        commands.check_writable(options.video)
    runtime.start(seed=1, backend=options.backend)
    from utils.rl.atari import play_games
    from utils.rl.dqn import AGENT, load_agent, q_function
    from utils.rl.recording import record_game

    path = options.agent or AGENT
    network, _, meta = load_agent(path)
    play = q_function(network)
    print(f"{path.name}, trained for {meta.get('agent_steps', 0):,} agent steps")
    print(
        f"epsilon {options.epsilon}, sticky actions {options.sticky:g}, up to 30 no-ops, at most 108,000 frames a game"
    )

    def tell(done: int, episodes: int) -> None:
        print(f"\r{done} of {episodes} games", end="", flush=True)

    rules = {"epsilon": options.epsilon, "seed": options.seed, "sticky": options.sticky, "view": options.view}
    scores, lengths = play_games(play, options.episodes, **rules, progress=tell)
    print("\rscores", " ".join(f"{score:.0f}" for score in scores))
    print(f"{describe(scores)}; {lengths.mean():.0f} agent steps a game")
    if options.video:
        from utils.plots.video import save_video

        recording = record_game(play, options.epsilon, options.seed + 500_000)
        save_video(recording.screens, options.video, fps=15, scale=2)
        print(f"wrote {options.video}: one game, {recording.score:.0f} points")


if __name__ == "__main__":
    raise SystemExit(commands.run(main, ValueError))
