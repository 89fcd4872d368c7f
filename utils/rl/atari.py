"""Breakout, and other Atari games, several at once, as a deep Q-network sees them (lesson 09).

ale-py's native vector environment does the work in C++: grey frames of 84 by 84 pixels, each the maximum of the last
two of four emulated frames, the last four of them stacked, up to 30 no-ops at the start of a game. Around it this
module takes care of what is forgotten easily:

- the ball must be served with FIRE, after every lost life and not only at the start;
- a lost life ends the *return* (the agent shall fear it) but not the *game* (it would never see the later levels);
- rewards are clipped for learning, scores are reported as the game counts them;
- sticky actions are off unless asked for, and the reported score says which;
- other programs shrink the screen in other ways: :mod:`utils.rl.variety` shows the games through theirs.

One *agent step* is four emulated frames.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from ale_py.vector_env import AtariVectorEnv

from utils.rl.replay import channels_last
from utils.rl.variety import Emulators, Variety

ACTIONS = ("NOOP", "FIRE", "RIGHT", "LEFT")  # Breakout's minimal action set
FIRE, RIGHT, LEFT = 1, 2, 3
MAX_FRAMES = 108_000  # 30 minutes of play at 60 frames a second, the usual limit
# Seeds of the games: training, choice of the best checkpoint and final scores must not share any.
TRAINING_SEED, SELECTION_SEED, TEST_SEED = 1_000_000, 2_000_000, 3_000_000


@dataclass
class Moment:
    """What a step brought, one entry per game.

    Attributes:
        observations: (games, 84, 84, 4) uint8, newest frame last; after a game's end already the next game's first.
        actions: the actions really executed (FIRE where a ball had to be served).
        rewards: real, unclipped score differences, float32.
        life_lost: a life was lost, the last one included.
        game_over: the game ended with its last life.
        truncated: the game was cut off by the frame limit.
        starts: ``observations`` is the first of a game.
    """

    observations: np.ndarray
    actions: np.ndarray
    rewards: np.ndarray
    life_lost: np.ndarray
    game_over: np.ndarray
    truncated: np.ndarray
    starts: np.ndarray


class Games:
    """Several games side by side, restarted as they end.

    Args:
        num_games: how many.
        seed: game ``i`` gets ``seed + i``.
        sticky: probability that the emulator repeats the previous action instead (0: off; 0.25: Machado et al. 2018).
        noop_max: a game starts after a random number of idle frames up to this.
        max_frames: emulated frames after which a game is cut off.
        threads: emulator threads; 0 lets ale-py choose.
        game: ALE's name of the game.
        variety: views and sticky actions that differ from game to game.
    """

    def __init__(
        self,
        num_games: int,
        seed: int = 0,
        sticky: float = 0.0,
        noop_max: int = 30,
        max_frames: int = MAX_FRAMES,
        threads: int = 0,
        game: str = "breakout",
        variety: Variety | None = None,
    ):
        options = {
            "num_threads": threads,
            "max_num_frames_per_episode": max_frames,
            "repeat_action_probability": sticky,
            "noop_max": noop_max,
            "reward_clipping": False,
            "use_fire_reset": True,
            "autoreset_mode": "SameStep",
        }
        if variety:
            self.vector = Emulators(game, num_games, variety, seed, **options)
        else:
            self.vector = AtariVectorEnv(game, num_envs=num_games, **options)
        self.num_games, self.seed = num_games, seed
        self.num_actions = int(self.vector.single_action_space.n)
        self.scores = np.zeros(num_games)  # of the games in progress
        self.lengths = np.zeros(num_games, dtype=np.int64)  # in agent steps
        self.finished: list[tuple[int, float, int]] = []  # (which game, score, agent steps), drained by the caller

    def reset(self) -> np.ndarray:
        """Start all games; returns the observations ``(games, 84, 84, 4)`` uint8."""
        stacks, info = self.vector.reset(seed=self.seed)
        self.lives = info["lives"].copy()
        self.serve = np.zeros(self.num_games, dtype=bool)
        self.scores[:], self.lengths[:] = 0, 0
        self.finished.clear()
        return channels_last(stacks)

    def step(self, actions: np.ndarray) -> Moment:
        """Do this in each game, or serve where a ball has to be served, and say what it brought."""
        executed = np.where(self.serve, FIRE, actions).astype(np.int64)
        stacks, rewards, game_over, truncated, info = self.vector.step(executed)
        ended = game_over | truncated
        life_lost = (info["lives"] < self.lives) & ~ended | game_over
        self.scores += rewards
        self.lengths += 1
        for game in np.flatnonzero(ended):
            self.finished.append((int(game), float(self.scores[game]), int(self.lengths[game])))
            self.scores[game], self.lengths[game] = 0, 0
        self.lives = info["lives"].copy()
        self.serve = life_lost & ~ended  # a new game is served by the vector environment itself
        return Moment(
            observations=channels_last(stacks),
            actions=executed,
            rewards=rewards.astype(np.float32),
            life_lost=life_lost,
            game_over=game_over.copy(),
            truncated=truncated & ~game_over,
            starts=ended,
        )


def epsilon_greedy(q_values: np.ndarray, epsilon, rng: np.random.Generator) -> np.ndarray:
    """The best action of each row, or with probability ``epsilon`` (a number, or one per row) any action at random."""
    count, num_actions = q_values.shape
    random = rng.integers(0, num_actions, count)
    return np.where(rng.random(count) < epsilon, random, q_values.argmax(axis=1))


def play_games(
    q_function: Callable[[np.ndarray], np.ndarray],
    episodes: int,
    epsilon: float = 0.05,
    seed: int = TEST_SEED,
    sticky: float = 0.0,
    num_games: int = 10,
    max_frames: int = MAX_FRAMES,
    progress: Callable[[int, int], None] | None = None,
    view: str = "",
) -> tuple[np.ndarray, np.ndarray]:
    """Real scores of full games (five lives each), the evaluation protocol of lesson 09.

    Each of the games played side by side contributes the same number of episodes: taking whichever episodes end first
    would favour the short ones.

    Args:
        q_function: maps observations ``(games, 84, 84, 4)`` uint8 to values ``(games, actions)``.
        episodes: how many full games.
        epsilon: share of random actions.
        seed: of the games and of the random actions.
        sticky: see :class:`Games`.
        num_games: games side by side.
        max_frames: per game, emulated frames.
        progress: called with (episodes done, episodes) whenever a game ends.
        view: see :class:`utils.rl.variety.Variety`; empty for the emulator's own.

    Returns:
        Scores (episodes,) and lengths in agent steps (episodes,).
    """
    num_games = min(num_games, episodes)
    games = Games(num_games, seed=seed, sticky=sticky, max_frames=max_frames, variety=Variety(view=view))
    rng = np.random.default_rng(seed)
    quota = np.full(num_games, episodes // num_games)
    quota[: episodes % num_games] += 1
    observations, results = games.reset(), []
    while quota.any():
        observations = games.step(epsilon_greedy(q_function(observations), epsilon, rng)).observations
        for game, score, length in games.finished:
            if quota[game]:
                quota[game] -= 1
                results.append((score, length))
                if progress is not None:
                    progress(len(results), episodes)
        games.finished.clear()
    scores, lengths = np.array(results).T
    return scores, lengths.astype(np.int64)
