"""AlphaGo Zero's games: a network plays itself, and its searches become what it learns from (lesson 11).

A unit of work, some games from given weights and a seed, is a pure function (:func:`play_games`), so that the same loop
(:mod:`utils.go.selfplay`) runs on one machine or on a Ray cluster. :func:`duel` measures one network against another.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import keras
import numpy as np

from utils.go import features, gumbel, mcts, networks
from utils.go.batch import sample
from utils.go.board import Board
from utils.go.examples import Positions
from utils.go.lecture_search import Evaluate
from utils.go.players import fit_planes
from utils.go.position import META, MOVES
from utils.go.tree import utility
from utils.go.vertices import BLACK, WHITE

KOMI_RISES = 0.6


@dataclass
class ZeroSettings:
    """Hyperparameters of the loop; the defaults are for 5x5 on two cores.

    ================================= ======================= =============================================
    AlphaGo Zero                      here                    why
    ================================= ======================= =============================================
    19x19, 17 planes                  5x5, 10 raw planes      the smallest board that is a game
    1,600 playouts                    96, some moves 20       playout-cap randomisation (Wu 2019)
    win or loss                       and half the margin     a lost game can be lost by less
    komi 7.5                          from 0.5 up to 24.5     at komi 24.5 no beginner ever wins as Black
    gating at 55 % of 400 games       off (gate_games = 0)    as AlphaZero (2018); the option is there
    SGD, 700,000 steps of 2,048       AdamW, steps of 128     an hour instead of days
    ================================= ======================= =============================================
    """

    size: int = 5
    komi: float = 24.5
    komi_rise: float = 24.0  # the komi starts so much lower, and rises during the first KOMI_RISES of the iterations
    planes: int = len(features.RAW)  # features.COUNT shows the network the hand-made ones as well
    start: str = ""  # a network to start from; "" starts from random weights, as Zero
    filters: int = 32
    blocks: int = 3
    bottleneck: bool = False
    owner: float = 0.0  # weight of the loss of who owns each point at the end,
    margin: float = 0.0  # and by how much the side to play wins; 0 for both leaves the heads out
    value: float = 1.5  # and of who won
    iterations: int = 200
    games: int = 32  # a unit of work: so many games side by side
    units: int = 1  # units of work an iteration
    playouts: int = 96  # simulations for a move that is learned from
    fast_playouts: int = 20  # for the other moves
    full_share: float = 0.5  # share of moves that are learned from
    considered: int = 0  # moves that Gumbel's root tries, and learns from every move; 0: visit counts with noise
    gumbel_scale: float = 0.25  # how much it trusts the values that it finds
    batch_leaves: int = 2  # leaves a tree adds to one call of the network
    half: bool = False  # play and learn in bfloat16
    exploration: float = 1.5
    noise: float = 0.25
    temperature_moves: int = 6  # moves sampled in proportion to visits; the most visited one after that
    score_weight: float = 0.5
    mixing: float = 0.0  # lambda: the weight of rollouts in a leaf's value
    rollouts: int = 1  # random games a leaf, if mixing > 0
    tactics: bool = False  # played by the fast policy of utils.go.rollouts
    window: int = 25_000  # positions in the replay window
    steps: int = 30  # gradient steps an iteration
    batch: int = 128
    rate: float = 2e-3
    final_rate: float = 3e-4  # reached in a straight line at the last iteration
    decay: float = 1e-3
    average: float = 0.0  # running mean of the weights over steps, which is what plays; 0: the weights as they are
    gate_games: int = 0  # games that a new network must play against the best so far; 0 takes it as it is
    gate: float = 0.55  # share of them that it must win
    resign: float = -1.0  # a player whose root value falls below gives up; -1 is never
    reference_games: int = 10  # against the reference search, now and then; 0: none
    play_on: float = 0.1  # share of games in which nobody resigns, to measure false resignations
    seed: int = 1

    def __post_init__(self):
        if self.resign > -1 and self.territory:
            raise ValueError("Nobody knows who would own what after a resignation: leave resign at -1.")
        if self.considered > self.playouts:
            raise ValueError(f"Gumbel's root tries {self.considered} moves with {self.playouts} simulations.")

    @property
    def territory(self) -> bool:
        """Are owner and margin learned?"""
        return self.owner > 0 or self.margin > 0


def komi_at(iteration: int, settings: ZeroSettings) -> float:
    """Komi of an iteration's games: the task grows by a fixed schedule; whole points below the final komi."""
    done = min(1.0, iteration / max(1.0, KOMI_RISES * settings.iterations))
    return settings.komi - np.ceil((1 - done) * settings.komi_rise)


def architecture_of(settings: ZeroSettings) -> networks.Architecture:
    """The single network: planes in, policy and value out."""
    return networks.Architecture(
        settings.size,
        settings.planes,
        settings.filters,
        settings.blocks,
        policy=True,
        value=True,
        bottleneck=settings.bottleneck,
        territory=settings.territory,
    )


# ---------------------------------------------------------------------------------------------------------------------
# Playing: the unit of work


@lru_cache(maxsize=4)
def _evaluator(architecture: networks.Architecture, half: bool) -> tuple[keras.Model, networks.Evaluator]:
    model = networks.build(architecture)
    return model, networks.Evaluator(model, architecture, symmetry=0, half=half)


def evaluator_of(
    weights: list[np.ndarray], architecture: networks.Architecture, seed: int, half: bool = False
) -> Evaluate:
    """A search's view of a network given by its weights; the compiled function is kept between calls."""
    model, evaluator = _evaluator(architecture, half)
    model.set_weights(weights)
    evaluator.update(model)
    evaluator.rng = np.random.default_rng(seed)
    return fit_planes(evaluator)


@dataclass
class Experience:
    """Self-play games.

    Attributes:
        positions: those to learn from; ``policies`` are the search's, ``outcomes`` the game's utility.
        scores: float32 (games,), Black's margin after komi of each finished game.
        lengths: int64 (games,), in moves.
        false_resignations: (resignable games played on, those that the resigning side would have won).
    """

    positions: Positions
    scores: np.ndarray
    lengths: np.ndarray
    false_resignations: tuple[int, int] = (0, 0)


class SelfPlay:
    """``settings.games`` games of a network against itself, side by side."""

    def __init__(self, weights: list[np.ndarray], settings: ZeroSettings, seed: int):
        self.settings, self.rng = settings, np.random.default_rng(seed)
        search = mcts.SearchSettings(
            playouts=settings.playouts,
            batch=max(settings.batch_leaves, settings.considered),
            exploration=settings.exploration,
            mixing=settings.mixing,
            rollouts=settings.rollouts,
            tactics=settings.tactics,
            score_weight=settings.score_weight,
        )
        boards = [Board(settings.size, settings.komi)] * settings.games
        evaluate = evaluator_of(weights, architecture_of(settings), seed, settings.half)
        self.forest = mcts.Forest(boards, evaluate, search, seed)
        self.rows: list[tuple] = []

    def gumbel_moves(self, running: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Actions and what is learned, by :mod:`utils.go.gumbel`."""
        st = self.settings
        return gumbel.search(self.forest, running, st.playouts, st.considered, self.rng, st.gumbel_scale)

    def visited_moves(self, running: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Actions by visit counts; what is learned are their shares, or None where the search was a short one."""
        st = self.settings
        full = self.rng.random() < st.full_share
        self.forest.settings.noise = st.noise if full else 0.0
        self.forest.run(st.playouts if full else st.fast_playouts, which=running)
        policies = np.array([self.forest.policy(g) for g in running])
        early = self.forest.games.states[running, META, MOVES] < st.temperature_moves
        drawn = sample(policies, policies > 0, self.rng)
        return np.where(early, drawn, policies.argmax(axis=1)), policies if full else None

    def move(self, running: np.ndarray) -> np.ndarray:
        """Search in the games ``running`` and note what is learned; returns the actions, which are not played yet."""
        moves = self.gumbel_moves if self.settings.considered else self.visited_moves
        actions, policies = moves(running)
        if policies is not None:
            games = self.forest.games
            packed = np.packbits(games.planes(running, np.uint8).reshape(len(running), -1), axis=1)
            moves = games.states[running, META, MOVES].astype(np.int64)
            self.rows.append(
                (packed, actions, games.to_play[running].copy(), running, moves, policies.astype(np.float16))
            )
        return actions

    def positions(self, scores: np.ndarray, utilities: np.ndarray) -> Positions:
        """What was noted, each position with its game's end, seen from the side to play.

        Args:
            scores: Black's margin after komi of each game, float (games,).
            utilities: what each game is worth for Black, float (games,).
        """
        packed, actions, color, which, moves, policies = (np.concatenate(column) for column in zip(*self.rows))
        side = np.where(color == BLACK, 1, -1).astype(np.int8)
        return Positions(
            packed,
            actions,
            (utilities[which] * side).astype(np.float32),
            which,
            moves,
            self.settings.size,
            self.forest.games.owners()[which] * side[:, None],
            (scores[which] * side / self.settings.size**2).astype(np.float32),
            policies,
        )


def play_games(weights: list[np.ndarray], settings: ZeroSettings, seed: int) -> Experience:
    """Play ``settings.games`` games of the network against itself: a pure function of its arguments."""
    play = SelfPlay(weights, settings, seed)
    forest, games = play.forest, play.forest.games
    plays_on = play.rng.random(settings.games) < settings.play_on
    quits = np.zeros(settings.games, np.int64)  # who would have resigned first
    resigned = np.zeros(settings.games, bool)
    while len(running := np.flatnonzero(~games.over & ~resigned)):
        actions = play.move(running)
        for g, action in zip(running, actions):
            if quits[g] == 0 and forest.value(g) < settings.resign:
                quits[g] = games.to_play[g]
                resigned[g] = not plays_on[g]
            if not resigned[g]:
                forest.play(g, int(action))
    scores = games.scores()
    scores[resigned] = np.where(quits[resigned] == BLACK, -1.0, 1.0)
    shares = np.where(resigned, np.sign(scores), (scores + settings.komi) / settings.size**2)
    utilities = (1 - settings.score_weight) * np.sign(scores) + settings.score_weight * shares
    played = (quits > 0) & ~resigned
    wrong = played & (np.where(quits == BLACK, 1, -1) * scores > 0)
    return Experience(
        play.positions(scores, utilities),
        scores.astype(np.float32),
        games.states[:, META, MOVES].astype(np.int64),
        (int(played.sum()), int(wrong.sum())),
    )


def run_units(
    weights: list[np.ndarray], settings: ZeroSettings, seeds: list[int], ray_address: str | None = None
) -> Iterator[Experience]:
    """Play the units of work with the given seeds, here or on a Ray cluster; each seed's games are returned once.

    A worker that dies loses nothing but time: its unit is played again from the same weights and seed, so with
    the same result, and only the one answer of each seed is used.

    Raises:
        SystemExit: Ray is wanted and not installed.
    """
    if ray_address is None:
        for seed in seeds:
            yield play_games(weights, settings, seed)
        return
    try:
        import ray
    except ImportError:
        raise SystemExit("Ray is not installed; pip install 'from-lego-to-go[cluster]', or leave --ray out.") from None
    if not ray.is_initialized():
        if ray_address == "local":  # a worker has one core; the library's default is a thread for each of them all
            os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
        ray.init(address=ray_address, log_to_driver=False, ignore_reinit_error=True)
    remote = ray.remote(max_retries=5, num_cpus=1)(play_games)
    shared = ray.put(weights)
    yield from ray.get([remote.remote(shared, settings, seed) for seed in seeds])


# ---------------------------------------------------------------------------------------------------------------------
# Measuring


def match(new: list[np.ndarray], old: list[np.ndarray], settings: ZeroSettings, games: int, seed: int) -> float:
    """Mean result of the new network against the old one, both colours, as a share between 0 and 1.

    With an uneven komi one colour wins every game, so the games are compared by utility, not by wins alone.
    """
    total = 0.0
    for color in (BLACK, WHITE):
        scores = duel(new, old, settings, games // 2, color, seed + color)
        values = [utility(s, color, settings.size, settings.komi, settings.score_weight) for s in scores]
        total += float(np.mean(values))
    return 0.5 + total / 4


def duel(
    mine: list[np.ndarray],
    theirs: list[np.ndarray] | None,
    settings: ZeroSettings,
    games: int,
    color: int,
    seed: int,
    playouts: int | None = None,
    reference_playouts: int = 2000,
) -> np.ndarray:
    """Games between two networks, or a network and the reference rollout search (``theirs`` None), side by side.

    Args:
        mine, theirs: weights.
        color: that the first side plays.
        playouts: of the network's searches; None takes the settings'.
        reference_playouts: of the reference opponent.

    Returns:
        Black's margin after komi of each game, float64 (games,).
    """
    playouts = settings.playouts if playouts is None else playouts
    board = Board(settings.size, settings.komi)
    search = mcts.SearchSettings(
        playouts=playouts,
        batch=settings.batch_leaves,
        exploration=settings.exploration,
        score_weight=settings.score_weight,
    )
    architecture = architecture_of(settings)
    sides = [(lambda planes: mine_or_theirs(planes), search)] * 2
    if theirs is None:
        sides[1] = mcts.no_network, mcts.rollout_settings(reference_playouts)
    forests = [mcts.Forest([board] * games, *side, seed + number) for number, side in enumerate(sides)]
    rng = np.random.default_rng(seed)
    turn = 0 if color == BLACK else 1
    while len(running := forests[0].games.running):
        if turn == 0 or theirs is not None:
            mine_or_theirs = evaluator_of(mine if turn == 0 else theirs, architecture, seed, settings.half)
        forests[turn].run(which=running)
        early = forests[0].games.states[running[0], META, MOVES] < 2
        for g in running:
            policy = forests[turn].policy(g)
            action = int(sample(policy[None], policy[None] > 0.1, rng)[0]) if early else int(policy.argmax())
            for forest in forests:
                forest.play(g, action)
        turn = 1 - turn
    return forests[0].games.scores()
