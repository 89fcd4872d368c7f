"""Let the shipped agent play (lesson 09): ``python -m utils.rl.play_breakout --episodes 30 --epsilon 0.05``.

Prints the real score of every game, their mean and its 95 % interval.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from utils import runtime
from utils.statistics import bootstrap_interval

AGENT = runtime.repo_root() / "mldata" / "weights" / "breakout_dqn.npz"


@dataclass
class Recording:
    """One game, moment by moment.

    Attributes:
        screens: what a person sees, (steps, 210, 160, 3) uint8, one picture per agent step.
        observations: what the agent saw, (steps, 84, 84, 4) uint8.
        values: what it expected of each action, (steps, actions) float32.
        actions: what it did, (steps,).
        rewards: what that brought, (steps,).
    """

    screens: np.ndarray
    observations: np.ndarray
    values: np.ndarray
    actions: np.ndarray
    rewards: np.ndarray

    @property
    def score(self) -> float:
        return float(self.rewards.sum())


def record_game(
    q_function: Callable[[np.ndarray], np.ndarray], epsilon: float = 0.05, seed: int = 3_500_000, max_steps: int = 5000
) -> Recording:
    """Play one full game and keep everything that can be looked at.

    The colours come from a second emulator that gets the same seed and the same actions, so it shows the same game.

    Args:
        q_function: maps observations (1, 84, 84, 4) uint8 to values (1, actions).
        epsilon: share of random actions.
        seed: of game and random actions.
        max_steps: agent steps after which the recording ends.
    """
    from utils.rl.atari import Games, epsilon_greedy

    games, rng = Games(1, seed=seed, threads=1), np.random.default_rng(seed)
    observations, screen = games.reset(), _ColourScreen(seed)
    kept = []
    while len(kept) < max_steps and not games.finished:
        values = q_function(observations)
        picture = screen.picture
        moment = games.step(epsilon_greedy(values, epsilon, rng))
        screen.step(int(moment.actions[0]))
        kept.append((picture, observations[0], values[0], moment.actions[0], moment.rewards[0]))
        observations = moment.observations
    return Recording(*(np.array(column) for column in zip(*kept)))


class _ColourScreen:
    """The same game in colour: a vector environment with unprocessed pictures, one game."""

    def __init__(self, seed: int):
        from ale_py.vector_env import AtariVectorEnv

        self.vector = AtariVectorEnv(
            "breakout",
            num_envs=1,
            num_threads=1,
            grayscale=False,
            stack_num=1,
            img_height=210,
            img_width=160,
            reward_clipping=False,
            autoreset_mode="SameStep",
        )
        self.picture = self.vector.reset(seed=seed)[0][0, -1]

    def step(self, action: int) -> None:
        self.picture = self.vector.step(np.array([action]))[0][0, -1]


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
    parser.add_argument("--agent", type=Path, default=AGENT, help="network to play with (default: the shipped one)")
    parser.add_argument("--episodes", type=int, default=30, help="full games, five lives each")
    parser.add_argument("--epsilon", type=float, default=0.05, help="share of random actions")
    parser.add_argument("--sticky", type=float, default=0.0, help="probability that the previous action is repeated")
    parser.add_argument("--seed", type=int, default=3_000_000, help="training uses 1,000,000 to 1,999,999")
    parser.add_argument("--video", type=Path, help="also record one game into this .mp4 or .gif file")
    parser.add_argument("--backend", choices=runtime.BACKENDS, help="Keras backend (default: KERAS_BACKEND)")
    options = parser.parse_args(arguments)
    if options.episodes < 1:
        parser.error("--episodes must be at least 1")
    runtime.start(seed=1, backend=options.backend)
    from utils.rl.atari import play_games
    from utils.rl.dqn import load_agent, q_function

    network, _, meta = load_agent(options.agent)
    play = q_function(network)
    print(f"{options.agent.name}, trained for {meta.get('agent_steps', 0):,} agent steps")
    print(
        f"epsilon {options.epsilon}, sticky actions {options.sticky:g}, up to 30 no-ops, at most 108,000 frames a game"
    )
    scores, lengths = play_games(
        play,
        options.episodes,
        options.epsilon,
        options.seed,
        options.sticky,
        progress=lambda done, all_: print(f"\r{done} of {all_} games", end="", flush=True),
    )
    print("\rscores", " ".join(f"{score:.0f}" for score in scores))
    print(f"{describe(scores)}; {lengths.mean():.0f} agent steps a game")
    if options.video:
        from utils.plots.video import save_video

        recording = record_game(play, options.epsilon, options.seed + 500_000)
        save_video(recording.screens, options.video, fps=15, scale=2)
        print(f"wrote {options.video}: one game, {recording.score:.0f} points")


if __name__ == "__main__":
    main()
