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

from utils.go import features, mcts, networks
from utils.go.batch import sample
from utils.go.board import Board
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
    study_steps: int = 1500  # gradient steps on others' games, if they are studied first
    filters: int = 32
    blocks: int = 3
    iterations: int = 200
    games: int = 32  # a unit of work: so many games side by side
    units: int = 1  # units of work an iteration
    playouts: int = 96  # simulations for a move that is learned from
    fast_playouts: int = 20  # for the other moves
    full_share: float = 0.5  # share of moves that are learned from
    batch_leaves: int = 2  # leaves a tree adds to one call of the network
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
    gate_games: int = 0  # games that a new network must play against the best so far; 0 takes it as it is
    gate: float = 0.55  # share of them that it must win
    resign: float = -1.0  # a player whose root value falls below gives up; -1 is never
    play_on: float = 0.1  # share of games in which nobody resigns, to measure false resignations
    seed: int = 1


def komi_at(iteration: int, settings: ZeroSettings) -> float:
    """Komi of an iteration's games: a stronger player gets a harder task; whole points below the final komi."""
    done = min(1.0, iteration / max(1.0, KOMI_RISES * settings.iterations))
    return settings.komi - np.ceil((1 - done) * settings.komi_rise)


def architecture_of(settings: ZeroSettings) -> networks.Architecture:
    """The single network: planes in, policy and value out."""
    return networks.Architecture(
        settings.size, settings.planes, settings.filters, settings.blocks, policy=True, value=True
    )


# ---------------------------------------------------------------------------------------------------------------------
# Playing: the unit of work


@lru_cache(maxsize=4)
def _evaluator(architecture: networks.Architecture) -> tuple[keras.Model, networks.Evaluator]:
    model = networks.build(architecture)
    return model, networks.Evaluator(model, architecture, symmetry=0)


def evaluator_of(weights: list[np.ndarray], architecture: networks.Architecture, seed: int) -> Evaluate:
    """A search's view of a network given by its weights; the compiled function is kept between calls."""
    model, evaluator = _evaluator(architecture)
    model.set_weights(weights)
    evaluator.update(model)
    evaluator.rng = np.random.default_rng(seed)
    return fit_planes(evaluator)


@dataclass
class Experience:
    """Positions of self-play games.

    Attributes:
        packed: uint8 (n, bytes), the network's planes packed to bits.
        policy: float16 (n, actions), the search's visit shares.
        outcome: float32 (n,), the game's utility for the side to play.
        scores: float32 (games,), Black's margin after komi of each finished game.
        moves: int64 (games,), their lengths.
        false_resignations: (resignable games played on, those that the resigning side would have won).
    """

    packed: np.ndarray
    policy: np.ndarray
    outcome: np.ndarray
    scores: np.ndarray
    moves: np.ndarray
    false_resignations: tuple[int, int] = (0, 0)


def play_games(weights: list[np.ndarray], settings: ZeroSettings, seed: int) -> Experience:
    """Play ``settings.games`` games of the network against itself: a pure function of its arguments."""
    rng = np.random.default_rng(seed)
    evaluate = evaluator_of(weights, architecture_of(settings), seed)
    board = Board(settings.size, settings.komi)
    search = mcts.SearchSettings(
        playouts=settings.playouts,
        batch=settings.batch_leaves,
        exploration=settings.exploration,
        noise=settings.noise,
        mixing=settings.mixing,
        rollouts=settings.rollouts,
        tactics=settings.tactics,
        score_weight=settings.score_weight,
    )
    forest = mcts.Forest([board] * settings.games, evaluate, search, seed)
    rows: list[tuple] = []
    quits = np.zeros(settings.games, np.int64)  # who would have resigned first
    plays_on = rng.random(settings.games) < settings.play_on
    resigned = np.zeros(settings.games, bool)
    while len(running := np.flatnonzero(~forest.games.over & ~resigned)):
        full = rng.random() < settings.full_share
        forest.settings.noise = settings.noise if full else 0.0
        forest.run(settings.playouts if full else settings.fast_playouts, which=running)
        planes = forest.games.planes(running, np.uint8)[..., : settings.planes] if full else None
        for i, g in enumerate(running):
            policy = forest.policy(g)
            if full:
                packed = np.packbits(planes[i].ravel())
                rows.append((packed, policy.astype(np.float16), g, int(forest.games.to_play[g])))
            if quits[g] == 0 and forest.value(g) < settings.resign:
                quits[g] = forest.games.to_play[g]
                resigned[g] = not plays_on[g]
                if resigned[g]:
                    continue
            early = forest.games.states[g, META, MOVES] < settings.temperature_moves
            action = int(sample(policy[None], policy[None] > 0, rng)[0]) if early else int(policy.argmax())
            forest.play(g, action)
    return _experience(rows, forest, settings, quits, resigned)


def _experience(rows: list[tuple], forest, settings: ZeroSettings, quits, resigned) -> Experience:
    """Give every position its game's outcome."""
    scores = forest.games.scores()
    scores[resigned] = np.where(quits[resigned] == BLACK, -1.0, 1.0)
    area = settings.size**2
    value = (1 - settings.score_weight) * np.sign(scores)
    value += settings.score_weight * np.where(resigned, np.sign(scores), (scores + settings.komi) / area)
    played = (quits > 0) & ~resigned
    wrong = played & (np.where(quits == BLACK, 1, -1) * scores > 0)
    return Experience(
        packed=np.array([row[0] for row in rows], np.uint8).reshape(len(rows), -(-area * settings.planes // 8)),
        policy=np.array([row[1] for row in rows], np.float16).reshape(len(rows), area + 1),
        outcome=np.array([value[g] if color == BLACK else -value[g] for _, _, g, color in rows], np.float32),
        scores=scores.astype(np.float32),
        moves=forest.games.states[:, META, MOVES].astype(np.int64),
        false_resignations=(int(played.sum()), int(wrong.sum())),
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
        playouts, settings.batch_leaves, settings.exploration, score_weight=settings.score_weight
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
            mine_or_theirs = evaluator_of(mine if turn == 0 else theirs, architecture, seed)
        forests[turn].run(which=running)
        early = forests[0].games.states[running[0], META, MOVES] < 2
        for g in running:
            policy = forests[turn].policy(g)
            action = int(sample(policy[None], policy[None] > 0.1, rng)[0]) if early else int(policy.argmax())
            for forest in forests:
                forest.play(g, action)
        turn = 1 - turn
    return forests[0].games.scores()
