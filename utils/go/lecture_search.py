"""The lecture's tree search in plain Python: what :mod:`utils.go.mcts` does, to be read in one go (lesson 11).

a_t = argmax Q(s, a) + p(s, a) / (1 + N(s, a)), with leaf values V = (1 - lambda) v + lambda z. Values are from the side
of the player to move at a node, and change sign from a node to its parent. A test holds the compiled search equal.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from utils.go import features
from utils.go.board import Board
from utils.go.rollouts import play_out, seed_playouts
from utils.go.tree import utility

# What a search asks: planes (n, size, size, COUNT) -> move probabilities (n, actions) or None, values (n,) or None.
Evaluate = Callable[[np.ndarray], tuple[np.ndarray | None, np.ndarray | None]]


class Node:
    """A position in the readable search: statistics of its moves, and its children."""

    def __init__(self, prior: dict[int, float], value: float):
        self.P = prior
        self.N = dict.fromkeys(prior, 0)
        self.W = dict.fromkeys(prior, 0.0)
        self.children: dict[int, Node] = {}
        self.value_sum, self.visits = value, 1

    def Q(self, action: int) -> float:
        """Mean value of a move; a move not tried yet is taken to be as good as its node."""
        return self.W[action] / self.N[action] if self.N[action] else self.value_sum / self.visits


class LectureSearch:
    """The search on the lecture's slide, one simulation at a time.

    Args:
        evaluate: network(s), see :data:`Evaluate`.
        mixing: lambda.
        seed: of the rollouts.
    """

    def __init__(self, evaluate: Evaluate, mixing: float = 0.0, seed: int = 0):
        self.evaluate, self.mixing, self.rng = evaluate, mixing, seed_playouts(seed)

    def run(self, board: Board, simulations: int) -> Node:
        """Search from ``board`` and return the root."""
        root = self.expand(board)[0]
        for _ in range(simulations):
            self.simulate(root, board.copy())
        return root

    def simulate(self, node: Node, board: Board) -> float:
        """Go down to a new leaf, evaluate it, and add its value to every move on the way; returns it for this
        node."""
        if board.is_over:
            value = utility(board.score(), board.to_play, board.size)
        else:
            action = max(node.P, key=lambda a: node.Q(a) + node.P[a] / (1 + node.N[a]))
            board.play(action)
            if action in node.children:
                value = -self.simulate(node.children[action], board)
            else:
                node.children[action], value = self.expand(board)
                value = -value
            node.N[action] += 1
            node.W[action] += value
        node.value_sum += value
        node.visits += 1
        return value

    def expand(self, board: Board) -> tuple[Node, float]:
        """A new node and its value V = (1 - lambda) v + lambda z."""
        if board.is_over:
            value = utility(board.score(), board.to_play, board.size)
            return Node({}, value), value
        prior, value = self.evaluate(features.planes_of(board)[None])
        value = 0.0 if value is None else float(value[0])
        if self.mixing > 0:
            score = play_out(board.s.copy(), self.rng, np.empty(board.s.shape[1], np.int32)) - board.komi
            value = (1 - self.mixing) * value + self.mixing * utility(score, board.to_play, board.size)
        mask = board.sensible_mask()
        weights = mask.astype(float) if prior is None else np.where(mask, prior[0], 0) + 1e-9 * mask
        return Node({int(a): weights[a] / weights.sum() for a in np.flatnonzero(mask)}, value), value
