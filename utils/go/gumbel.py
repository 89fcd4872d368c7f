"""A root that learns from few simulations: Gumbel's draw and sequential halving (lesson 11; Danihelka et al. 2022).

AlphaGo Zero's visit counts say little where a search makes only twenty simulations. Here the root draws some moves
without replacement, in proportion to the policy (its logits plus Gumbel noise, the largest taken), gives each the same
share of the simulations, drops the worse half, and so on until one is left. What is learned is the policy shifted by
the values found, which is better than the policy however few the simulations are; so every move of a game is a lesson.

Names follow the paper: ``sigma`` is the monotone function that makes values comparable with logits.
"""

from __future__ import annotations

import numpy as np
from scipy.special import softmax

from utils.go.mcts import Forest
from utils.go.tree import ROOT

VISITS = 50.0  # c_visit of the paper


def rounds(playouts: int, considered: int) -> list[int]:
    """How many moves are tried in each round of one simulation a move: [8, 4, 4, 2, 2, 2, 2] for 24 and 8.

    Raises:
        ValueError: fewer simulations than moves to try, or no move.
    """
    if not 1 <= considered <= playouts:
        raise ValueError(f"Gumbel's root: {playouts} simulations cannot try {considered} moves.")
    phases = max(1, int(np.ceil(np.log2(considered))))
    plan, tried = [], considered
    for phase in range(phases):
        left = playouts - sum(plan)
        share = left if phase == phases - 1 else playouts // phases
        plan += [tried] * max(1, min(share, left) // tried)
        tried = max(2, tried // 2)
        if sum(plan) + tried > playouts:
            break
    return plan


def sigma(q: np.ndarray, visits: np.ndarray, scale: float) -> np.ndarray:
    """Values on the scale of logits, rows alike: the surer the more visited the most visited move is (equation 8)."""
    return scale * (VISITS + visits.max(axis=1, keepdims=True)) * q


def completed(prior: np.ndarray, visits: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Q of every move (games, actions): its mean where it was tried, elsewhere the tried ones' mean by the policy.

    Args:
        prior: probabilities, negative where a move is not allowed.
        visits, values: N and W of each move.
    """
    q = values / np.maximum(visits, 1)
    weight = np.where(visits > 0, np.maximum(prior, 1e-9), 0)
    mean = (weight * q).sum(axis=1, keepdims=True) / np.maximum(weight.sum(axis=1, keepdims=True), 1e-9)
    return np.where(visits > 0, q, mean)


def search(
    forest: Forest, which: np.ndarray, playouts: int, considered: int, rng: np.random.Generator, scale: float
) -> tuple[np.ndarray, np.ndarray]:
    """Search the games ``which`` and choose: (actions int64 (n,), improved policies float64 (n, actions)).

    Args:
        forest: whose ``settings.batch`` is at least ``considered``.
        playouts: simulations a game; a kept subtree does not count.
        considered: moves that are tried.
        rng: of the Gumbel noise.
        scale: c_scale of the paper.
    """
    plan = rounds(playouts, considered)
    forest.prepare(which, playouts + considered)
    alone = forest.rules()._replace(loss=0.0)  # no two simulations of a round begin with the same move
    prior = forest.trees.prior[which, ROOT]
    logits = np.where(prior >= 0, np.log(np.maximum(prior, 1e-9)), -np.inf)
    draw = logits + rng.gumbel(size=logits.shape)
    candidates = np.argsort(-draw, axis=1)[:, :considered]
    rows = np.arange(len(which))[:, None]

    def judged() -> np.ndarray:
        visits, values = forest.trees.visits[which, ROOT], forest.trees.values[which, ROOT]
        return sigma(completed(prior, visits, values), visits, scale)

    for tried in plan:
        if tried < candidates.shape[1]:
            merit = (draw + judged())[rows, candidates]
            candidates = candidates[rows, np.argsort(-merit, axis=1)[:, :tried]]
        first = np.where(np.isfinite(logits[rows, candidates]), candidates, -1)
        forest.step(which, first, alone)
    improvement = judged()
    best = np.argmax((draw + improvement)[rows, candidates], axis=1)
    return candidates[rows[:, 0], best], softmax(logits + improvement, axis=1)
