"""The tree that a search grows, and the compiled steps that grow it (lesson 11).

:class:`utils.go.mcts.Forest` calls three functions: :func:`collect` goes down the trees to new leaves, a network judges
the leaves, :func:`expand` hands the judgements back up; and after a move :func:`keep_subtree` keeps what stays true.
What they pass on are tuples of arrays: :class:`Tree`, :class:`Leaves`, :class:`Rules`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from utils.go import features
from utils.go.position import (
    META,
    MOVES,
    PASSES,
    SIZE,
    TO_PLAY,
    advance,
    area,
    sensible_actions,
    to_point,
)
from utils.go.rollouts import play_out
from utils.go.vertices import BLACK

ROOT = 0
WAITING, EXPANDED, FINISHED = range(3)


class Tree(NamedTuple):
    """Statistics of a search. Those of a move stand at the node in which it is made, in one row for all moves.

    Node ROOT is the present position, and children have higher numbers than their parents. Values are from the side to
    play at the node. In a forest each array has one more axis in front, the game.
    """

    prior: np.ndarray  # P, float32 (nodes, actions); negative where an action is not allowed
    visits: np.ndarray  # N, float32 (nodes, actions)
    values: np.ndarray  # W, float32 (nodes, actions); Q = W / N
    child: np.ndarray  # int32 (nodes, actions): the node after an action; -1: none yet
    sums: np.ndarray  # float64 (nodes,): sum of the values of all simulations that came through a node
    counts: np.ndarray  # float64 (nodes,): their number
    status: np.ndarray  # int8 (nodes,): WAITING for a network, EXPANDED, or FINISHED, the end of the game
    used: np.ndarray  # int64 (1,): number of nodes

    @classmethod
    def empty(cls, games: int, nodes: int, actions: int) -> Tree:
        """Trees of so many games, with room for so many nodes in each."""
        edges = (np.zeros((games, nodes, actions), dtype) for dtype in (np.float32, np.float32, np.float32, np.int32))
        points = (np.zeros((games, nodes), dtype) for dtype in (np.float64, np.float64, np.int8))
        return cls(*edges, *points, np.zeros((games, 1), np.int64))


class Leaves(NamedTuple):
    """New nodes that wait for a network, one a row, with the moves from the root to them."""

    game: np.ndarray  # int64 (rows,)
    node: np.ndarray  # int64 (rows,)
    depth: np.ndarray  # int64 (rows,): number of moves from the root
    path_nodes: np.ndarray  # int32 (rows, depth): the nodes passed ...
    path_actions: np.ndarray  # int32 (rows, depth): ... and what was played in them
    values: np.ndarray  # float64 (rows,): mean result of the rollouts, for the side to play
    planes: np.ndarray  # float32 (rows, size, size, features.COUNT): what the network sees
    found: np.ndarray  # int64 (1,): number of rows in use

    @classmethod
    def empty(cls, rows: int, depth: int, size: int) -> Leaves:
        """Room for so many leaves."""
        return cls(
            *np.zeros((3, rows), np.int64),
            *np.zeros((2, rows, depth), np.int32),
            np.zeros(rows),
            np.zeros((rows, size, size, features.COUNT), np.float32),
            np.zeros(1, np.int64),
        )


class Rules(NamedTuple):
    """What the compiled steps must know of the games and of :class:`utils.go.mcts.SearchSettings`."""

    komi: float
    limit: int
    exploration: float
    reduction: float
    loss: float  # virtual loss
    lecture: bool  # the lecture's formula instead of PUCT
    rollouts: int
    tactics: bool
    score_weight: float


@njit(cache=True)
def utility(score, to_play, size, komi=0.0, score_weight=0.0):
    """Value of a finished game for ``to_play``: sign of the score, or a mixture with the share of the board won.

    Args:
        score: Black's margin after komi.
        to_play: BLACK or WHITE.
        size: of the board.
        komi: that was taken off the score; the share of the board does not count it.
        score_weight: see :class:`utils.go.mcts.SearchSettings`.
    """
    result = (1 - score_weight) * np.sign(score) + score_weight * (score + komi) / (size * size)
    return result if to_play == BLACK else -result


@njit(cache=True)
def tree_of(trees, g):
    """Game g's tree in a forest: views, no copies."""
    return Tree(
        trees.prior[g],
        trees.visits[g],
        trees.values[g],
        trees.child[g],
        trees.sums[g],
        trees.counts[g],
        trees.status[g],
        trees.used[g],
    )


# ---------------------------------------------------------------------------------------------------------------------
# Down


@njit(cache=True)
def choose(tree, node, rules):
    """The action that maximises Q + U at a node."""
    prior, visits, values = tree.prior[node], tree.visits[node], tree.values[node]
    mean = tree.sums[node] / tree.counts[node]
    total = 0.0
    for a in range(prior.size):
        total += visits[a]
    root = np.sqrt(total + 1e-8) if total > 0 else 1.0
    best, chosen = -1e30, -1
    for a in range(prior.size):
        if prior[a] < 0:
            continue
        q = values[a] / visits[a] if visits[a] > 0 else mean - rules.reduction
        bonus = prior[a] / (1 + visits[a]) if rules.lecture else rules.exploration * prior[a] * root / (1 + visits[a])
        if q + bonus > best:
            best, chosen = q + bonus, a
    return chosen


@njit(cache=True)
def _new_node(tree, s, limit):
    """Add a node for position ``s``; returns its number."""
    node = tree.used[0]
    tree.used[0] += 1
    tree.child[node, :] = -1
    tree.visits[node, :] = 0
    tree.values[node, :] = 0
    tree.sums[node], tree.counts[node] = 0, 0
    tree.status[node] = FINISHED if s[META, PASSES] >= 2 or s[META, MOVES] >= limit else WAITING
    return node


@njit(cache=True)
def _descend(tree, s, past, count, leaves, rules, first):
    """Play from the root in ``s`` and ``past`` down to a new node, or one that cannot be left; notes the path.

    Args:
        first: the action at the root; -1 chooses there as everywhere.

    Returns:
        Whether the node is new, and the number of positions in ``past``. Every move on the path counts as lost until
        its value comes back, so that the next simulation of the batch goes elsewhere.
    """
    row = leaves.found[0]
    node, depth, fresh = ROOT, 0, tree.used[0] == 0
    if fresh:
        node = _new_node(tree, s, rules.limit)
    while not fresh and tree.status[node] == EXPANDED and depth < leaves.path_actions.shape[1] - 1:
        a = first if node == ROOT and first >= 0 else choose(tree, node, rules)
        leaves.path_nodes[row, depth], leaves.path_actions[row, depth] = node, a
        depth += 1
        tree.visits[node, a] += rules.loss
        tree.values[node, a] -= rules.loss
        count = advance(s, past, count, to_point(s[META, SIZE], a))
        if tree.child[node, a] < 0:
            fresh = True
            tree.child[node, a] = _new_node(tree, s, rules.limit)
        node = tree.child[node, a]
    leaves.node[row], leaves.depth[row] = node, depth
    return fresh, count


@njit(cache=True)
def _undo(tree, leaves, loss):
    """Take the virtual loss of the latest path back."""
    row = leaves.found[0]
    for d in range(leaves.depth[row]):
        node, a = leaves.path_nodes[row, d], leaves.path_actions[row, d]
        tree.visits[node, a] -= loss
        tree.values[node, a] += loss


@njit(cache=True)
def _rollout_value(s, rules, rng):
    """Mean result of random games for the side to play."""
    scratch, owner = s.copy(), np.empty(s.shape[1], np.int32)
    total = 0.0
    for _ in range(rules.rollouts):
        scratch[:] = s
        score = play_out(scratch, rng, owner, rules.tactics)
        total += utility(score - rules.komi, s[META, TO_PLAY], s[META, SIZE], rules.komi, rules.score_weight)
    return total / rules.rollouts


@njit(cache=True)
def _collect_one(tree, start, leaves, first, rules, rng):
    """Go down one tree once for each of ``first``; returns the number of finished games, which are backed up at once.

    Args:
        start: position, its past and the number of positions in that.
        first: int64 (wanted,), see :func:`_descend`.
    """
    s, past = start[0].copy(), start[1].copy()
    owner, mask = np.empty(s.shape[1], np.int32), np.empty(tree.prior.shape[1], np.bool_)
    size, done = s[META, SIZE], 0
    for action in first:
        if tree.used[0] == tree.prior.shape[0]:  # full: it had more than its share, while other games had little to do
            break
        row = leaves.found[0]
        s[:] = start[0]
        past[: start[2]] = start[1][: start[2]]
        fresh, count = _descend(tree, s, past, start[2], leaves, rules, action)
        node = leaves.node[row]
        if tree.status[node] != WAITING:
            score = area(s, owner) - rules.komi
            value = utility(score, s[META, TO_PLAY], size, rules.komi, rules.score_weight)
            back_up(tree, leaves, row, value, rules.loss)
            done += 1
            continue
        if not fresh:  # another simulation of this batch waits at this very leaf: undo, and let the batch go
            _undo(tree, leaves, rules.loss)
            break
        sensible_actions(s, past, count, mask)
        for a in range(mask.size):
            tree.prior[node, a] = 0.0 if mask[a] else -1.0
        if rules.rollouts > 0:
            leaves.values[row] = _rollout_value(s, rules, rng)
        leaves.planes[row] = 0
        features.fill_planes(s, past, count, leaves.planes[row])
        leaves.found[0] += 1
    return done


@njit(cache=True, nogil=True)
def collect(trees, games, which, leaves, first, rules, rng):
    """Go down the trees ``which`` until some leaves of each wait in ``leaves``, or fewer if games end on the way.

    Args:
        games: positions, pasts and counts of :class:`utils.go.batch.Games`.
        first: int64 (trees, wanted): for each leaf the action at the root, or -1 for the one that looks best.
        rng: state of :func:`utils.go.rollouts.next_random`.

    Returns:
        Number of simulations that ended a game and are done.
    """
    done = 0
    leaves.found[0] = 0
    for i in range(which.size):
        g, before = which[i], leaves.found[0]
        start = (games[0][g], games[1][g], games[2][g])
        done += _collect_one(tree_of(trees, g), start, leaves, first[i], rules, rng)
        leaves.game[before : leaves.found[0]] = g
    return done


# ---------------------------------------------------------------------------------------------------------------------
# Up


@njit(cache=True)
def back_up(tree, leaves, row, value, loss):
    """Add ``value``, for the side to play at a leaf, to every move on the way to it; takes the virtual loss back."""
    leaf = leaves.node[row]
    tree.sums[leaf] += value
    tree.counts[leaf] += 1
    for d in range(leaves.depth[row] - 1, -1, -1):
        value = -value
        node, a = leaves.path_nodes[row, d], leaves.path_actions[row, d]
        tree.visits[node, a] += 1 - loss
        tree.values[node, a] += value + loss
        tree.sums[node] += value
        tree.counts[node] += 1


@njit(cache=True, nogil=True)
def expand(trees, leaves, policy, values, loss):
    """Give every waiting leaf its prior, ``policy`` among the allowed actions, and back its value up.

    Args:
        policy: (rows, actions), need not sum to 1.
        values: (rows,), for the side to play.
    """
    for row in range(leaves.found[0]):
        tree, node = tree_of(trees, leaves.game[row]), leaves.node[row]
        total = 0.0
        for a in range(policy.shape[1]):
            if tree.prior[node, a] >= 0:
                tree.prior[node, a] = policy[row, a] + 1e-9
                total += tree.prior[node, a]
        for a in range(policy.shape[1]):
            if tree.prior[node, a] >= 0:
                tree.prior[node, a] /= total
        tree.status[node] = EXPANDED
        back_up(tree, leaves, row, values[row], loss)


# ---------------------------------------------------------------------------------------------------------------------
# After a move


@njit(cache=True)
def keep_subtree(trees, g, start):
    """Move the subtree of game g below node ``start`` to the front of its tree.

    Children always have higher numbers than their parents, so one pass forward finds and moves everything in place.
    """
    tree = tree_of(trees, g)
    used, child = tree.used[0], tree.child
    position = np.full(used, -1, np.int64)
    position[start] = 0
    for node in range(start, used):
        if position[node] < 0:
            continue
        for a in range(child.shape[1]):
            if child[node, a] >= 0:
                position[child[node, a]] = 0  # reached; numbered below
    kept = 0
    for node in range(start, used):
        if position[node] >= 0:
            position[node] = kept
            kept += 1
    for node in range(start, used):
        new = position[node]
        if new < 0:
            continue
        tree.prior[new], tree.visits[new], tree.values[new] = tree.prior[node], tree.visits[node], tree.values[node]
        tree.sums[new], tree.counts[new], tree.status[new] = tree.sums[node], tree.counts[node], tree.status[node]
        for a in range(child.shape[1]):
            child[new, a] = position[child[node, a]] if child[node, a] >= 0 else -1
    tree.used[0] = kept
