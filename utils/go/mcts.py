"""Monte-Carlo tree search guided by networks: how AlphaGo puts policy, value and rollouts together (lesson 11).

Names follow the papers: for an edge (s, a) of the tree, P is the prior, N the visit count, W the sum of
values, Q = W / N.

- :class:`LectureSearch` is the lecture's formula in plain Python: a_t = argmax Q(s, a) + p(s, a) / (1 + N(s, a)) with
  leaf values V = (1 - lambda) v + lambda z.
- :class:`Forest` is the same idea compiled, for one game or many: PUCT (Silver et al. 2017, methods: U = c P
sqrt(sum N) /
  (1 + N)) or the lecture's formula, several leaves a batch kept apart by virtual loss, Dirichlet noise at the
  root, the tree kept from move to move. A test holds the two equal when they use the same formula and one leaf
  a time.

Values are from the side of the player to move at a node, and change sign from a node to its parent.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numba import njit

from utils.go import features
from utils.go.batch import Games, planes_of_many, sensible_actions
from utils.go.board import Board
from utils.go.position import META, MOVES, PASSES, TO_PLAY, advance, area, to_point
from utils.go.rollouts import play_out, play_out_fast, seed_playouts
from utils.go.vertices import BLACK

# What a search asks: planes (n, size, size, COUNT) -> move probabilities (n, actions) or None, values (n,) or None.
Evaluate = Callable[[np.ndarray], tuple[np.ndarray | None, np.ndarray | None]]


@dataclass
class SearchSettings:
    """Hyperparameters of the search; the papers' values in brackets.

    Attributes:
        playouts: simulations a move.
        batch: leaves evaluated together in one tree [8 in AlphaGo Zero].
        exploration: c of PUCT [5 in AlphaGo, whose Q lies between -1 and 1].
        reduction: an unvisited child starts from its parent's value minus this.
        virtual_loss: lost playouts pretended on a path that waits for its evaluation [3].
        mixing: lambda, the weight of rollouts in a leaf's value [0.5; 0 in Zero]. With 0 none are played.
        rollouts: random games played from a leaf, if mixing > 0 [1].
        tactics: play them by the fast policy of :mod:`utils.go.rollouts` instead of uniformly at random.
        formula: ``"puct"`` or ``"lecture"``.
        noise: weight of Dirichlet noise in the root's prior, for self-play [0.25].
        alpha: its parameter; None scales Zero's 0.03 by 361 / area.
        score_weight: 0 values a game as won or lost; above 0 the share of the board counts too.
        limit: a game counts as over after so many moves; None means three a point.
    """

    playouts: int = 400
    batch: int = 8
    exploration: float = 1.5
    reduction: float = 0.15
    virtual_loss: float = 1.0
    mixing: float = 0.0
    rollouts: int = 1
    tactics: bool = False
    formula: str = "puct"
    noise: float = 0.0
    alpha: float | None = None
    score_weight: float = 0.0
    limit: int | None = None


# ---------------------------------------------------------------------------------------------------------------------
# The lecture's search, readable


def utility(score: float, to_play: int, size: int, komi: float = 0.0, score_weight: float = 0.0) -> float:
    """Value of a finished game for ``to_play``: sign of the score, or a mixture with the share of the board won.

    Args:
        score: Black's margin after komi.
        to_play: BLACK or WHITE.
        size: of the board.
        komi: that was taken off the score; the share of the board does not count it.
        score_weight: see :class:`SearchSettings`.
    """
    result = (1 - score_weight) * np.sign(score) + score_weight * (score + komi) / (size * size)
    return float(result if to_play == BLACK else -result)


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
        mask = sensible_mask(board)
        weights = mask.astype(float) if prior is None else np.where(mask, prior[0], 0) + 1e-9 * mask
        return Node({int(a): weights[a] / weights.sum() for a in np.flatnonzero(mask)}, value), value


def sensible_mask(board: Board) -> np.ndarray:
    """Legal actions that fill no own eye, and passing; booleans (size * size + 1,)."""
    mask = np.empty(board.pass_action + 1, np.bool_)
    sensible_actions(board.s, board.past, board.past_count, mask)
    return mask


# ---------------------------------------------------------------------------------------------------------------------
# The compiled search. Index g is the game, then the node, then the action.


@njit(cache=True)
def _choose(prior, visits, values, mean, exploration, reduction, lecture):
    """The action that maximises Q + U at one node."""
    total = 0.0
    for a in range(prior.size):
        total += visits[a]
    root = np.sqrt(total + 1e-8) if total > 0 else 1.0
    best, chosen = -1e30, -1
    for a in range(prior.size):
        if prior[a] < 0:
            continue
        q = values[a] / visits[a] if visits[a] > 0 else mean - reduction
        bonus = prior[a] / (1 + visits[a]) if lecture else exploration * prior[a] * root / (1 + visits[a])
        if q + bonus > best:
            best, chosen = q + bonus, a
    return chosen


@njit(cache=True)
def _back_up(visits, values, sums, counts, path_nodes, path_actions, depth, leaf, value, loss):
    """Add ``value`` (for the side to play at the leaf) along a path and take the virtual loss back."""
    sums[leaf] += value
    counts[leaf] += 1
    for d in range(depth - 1, -1, -1):
        value = -value
        node, a = path_nodes[d], path_actions[d]
        visits[node, a] += 1 - loss
        values[node, a] += value + loss
        sums[node] += value
        counts[node] += 1


@njit(cache=True)
def _result(score, to_play, size, komi, score_weight):
    result = (1 - score_weight) * np.sign(score) + score_weight * (score + komi) / (size * size)
    return result if to_play == BLACK else -result


@njit(cache=True)
def _rollout_value(s, komi, count, tactics, rng, score_weight, scratch, owner, found):
    """Mean result of ``count`` random games for the side to play."""
    size, me = s[META, 0], s[META, TO_PLAY]
    total = 0.0
    for _ in range(count):
        scratch[:] = s
        score = play_out_fast(scratch, rng, owner, found) if tactics else play_out(scratch, rng, owner)
        total += _result(score - komi, me, size, komi, score_weight)
    return total / count


@njit(cache=True)
def _collect(
    root, root_past, root_count, prior, visits, values, child, sums, counts, status, used,
    leaf_nodes, leaf_depths, leaf_nodes_path, leaf_actions_path, leaf_values, planes, first, wanted,
    komi, limit, exploration, reduction, loss, lecture, rollouts, tactics, score_weight, rng,
):  # fmt: skip
    """Go down one tree until ``wanted`` leaves wait for evaluation; finished games are backed up at once.

    Leaves are written at ``first, first + 1, ...`` of the leaf arrays. Returns the number of leaves, the
    playouts done (finished games) and the number of nodes in use. A node's ``status`` is 0 waiting, 1
    expanded, 2 end of the game.
    """
    size = root[META, 0]
    s, past = root.copy(), root_past.copy()
    scratch, owner = np.empty_like(root), np.empty(root.shape[1], np.int32)
    replies = np.empty(64, np.int32)
    mask = np.empty(size * size + 1, np.bool_)
    found, done = 0, 0
    for _ in range(wanted):
        slot = first + found
        s[:] = root
        past[:root_count] = root_past[:root_count]
        count = root_count
        node, depth, fresh = 0, 0, used == 0
        while not fresh and status[node] == 1 and depth < leaf_actions_path.shape[1] - 1:
            mean = sums[node] / counts[node]
            a = _choose(prior[node], visits[node], values[node], mean, exploration, reduction, lecture)
            leaf_nodes_path[slot, depth], leaf_actions_path[slot, depth] = node, a
            depth += 1
            visits[node, a] += loss
            values[node, a] -= loss
            count = advance(s, past, count, to_point(size, a))
            fresh = child[node, a] < 0
            if fresh:
                child[node, a] = used
            node = child[node, a]
        if fresh:
            node = used
            used += 1
            child[node, :] = -1
            visits[node, :] = 0
            values[node, :] = 0
            sums[node], counts[node] = 0, 0
            status[node] = 2 if s[META, PASSES] >= 2 or s[META, MOVES] >= limit else 0
        if status[node] == 2 or (status[node] == 1):
            score = area(s, owner) - komi
            value = _result(score, s[META, TO_PLAY], size, komi, score_weight)
            _back_up(
                visits, values, sums, counts, leaf_nodes_path[slot], leaf_actions_path[slot], depth, node, value, loss
            )
            done += 1
            continue
        if not fresh:  # another simulation of this batch waits at this very leaf: undo, and let the batch go
            for d in range(depth):
                visits[leaf_nodes_path[slot, d], leaf_actions_path[slot, d]] -= loss
                values[leaf_nodes_path[slot, d], leaf_actions_path[slot, d]] += loss
            break
        sensible_actions(s, past, count, mask)
        for a in range(mask.size):
            prior[node, a] = 0.0 if mask[a] else -1.0
        leaf_nodes[slot], leaf_depths[slot] = node, depth
        if rollouts > 0:
            leaf_values[slot] = _rollout_value(s, komi, rollouts, tactics, rng, score_weight, scratch, owner, replies)
        planes[slot] = 0
        features.fill_planes(s, past, count, planes[slot])
        found += 1
    return found, done, used


@njit(cache=True)
def _expand(prior, visits, values, sums, counts, status, node, depth, path_nodes, path_actions, policy, value, loss):
    """Give a waiting leaf its prior and its value."""
    total = 0.0
    for a in range(policy.size):
        if prior[node, a] >= 0:
            prior[node, a] = policy[a] + 1e-9
            total += prior[node, a]
    for a in range(policy.size):
        if prior[node, a] >= 0:
            prior[node, a] /= total
    status[node] = 1
    _back_up(visits, values, sums, counts, path_nodes, path_actions, depth, node, value, loss)


@njit(cache=True)
def _keep_subtree(prior, visits, values, child, sums, counts, status, used, start):
    """Move the subtree below node ``start`` to the front of the arrays; returns its number of nodes.

    Children always have higher numbers than their parents, so one pass forward finds and moves everything in place.
    """
    position = np.full(used, -1, np.int64)
    position[start] = 0
    kept = 1
    for node in range(start, used):
        if position[node] < 0:
            continue
        for a in range(child.shape[1]):
            if child[node, a] >= 0:
                position[child[node, a]] = 1  # reached; numbered below
    kept = 0
    for node in range(start, used):
        if position[node] >= 0:
            position[node] = kept
            kept += 1
    for node in range(start, used):
        new = position[node]
        if new < 0:
            continue
        prior[new], visits[new], values[new] = prior[node], visits[node], values[node]
        sums[new], counts[new], status[new] = sums[node], counts[node], status[node]
        for a in range(child.shape[1]):
            child[new, a] = position[child[node, a]] if child[node, a] >= 0 else -1
    return kept


class Forest:
    """Search trees of one or many games that share the evaluations.

    Args:
        boards: the games' present positions (not changed).
        evaluate: see :data:`Evaluate`.
        settings: see :class:`SearchSettings`.
        seed: of rollouts and noise.

    Attributes:
        visits: float32 (games, nodes, actions); ``visits[g, 0]`` are N at game g's root.
        playouts_done: simulations so far, over all games.
    """

    def __init__(self, boards: list[Board], evaluate: Evaluate, settings: SearchSettings, seed: int = 0):
        self.evaluate, self.settings = evaluate, settings
        self.games = Games.of(boards, settings.limit)
        self.size = self.games.size
        self.rng = np.random.default_rng(seed)
        self.playout_rng = seed_playouts(seed)
        self.playouts_done = 0
        g, actions = len(boards), self.size**2 + 1
        self.used = np.zeros(g, np.int64)
        self.offsets = np.array([len(board.moves) for board in boards])
        self._allocate(g, settings.playouts + settings.batch + 2, actions)
        self.depth = min(self.games.limit + 2, 400)
        slots = g * settings.batch
        self._leaf_nodes, self._leaf_depths = np.zeros(slots, np.int64), np.zeros(slots, np.int64)
        self._path_nodes, self._path_actions = np.zeros((2, slots, self.depth), np.int32)
        self._leaf_values = np.zeros(slots, np.float64)
        self._planes = np.zeros((slots, self.size, self.size, features.COUNT), np.float32)

    def _allocate(self, games: int, nodes: int, actions: int) -> None:
        self.prior = np.zeros((games, nodes, actions), np.float32)
        self.visits = np.zeros((games, nodes, actions), np.float32)
        self.values = np.zeros((games, nodes, actions), np.float32)
        self.child = np.full((games, nodes, actions), -1, np.int32)
        self.sums, self.counts = np.zeros((games, nodes)), np.zeros((games, nodes))
        self.status = np.zeros((games, nodes), np.int8)

    def _reserve(self, nodes: int) -> None:
        """Make room for so many more nodes in the fullest tree."""
        short = int(self.used.max()) + nodes + 2 - self.prior.shape[1]
        if short > 0:
            for name in ("prior", "visits", "values", "child", "sums", "counts", "status"):
                old = getattr(self, name)
                setattr(self, name, np.concatenate([old, np.zeros_like(old[:, :1]).repeat(short, axis=1)], axis=1))

    def _step(self, which: np.ndarray, wanted: int) -> int:
        """One batch: collect leaves in the trees ``which``, evaluate all, expand; returns the playouts done."""
        st = self.settings
        loss = st.virtual_loss if wanted > 1 else 0.0
        owners, done, first = [], 0, 0
        for g in which:
            found, finished, self.used[g] = _collect(
                self.games.states[g], self.games.past[g], self.games.counts[g], self.prior[g], self.visits[g],
                self.values[g], self.child[g], self.sums[g], self.counts[g], self.status[g], self.used[g],
                self._leaf_nodes, self._leaf_depths, self._path_nodes, self._path_actions, self._leaf_values,
                self._planes, first, wanted, self.games.komi, self.games.limit, st.exploration, st.reduction, loss,
                st.formula == "lecture", st.rollouts if st.mixing > 0 else 0, st.tactics,
                st.score_weight, self.playout_rng,
            )  # fmt: skip
            owners += [g] * found
            first += found
            done += found + finished
        if first:
            policy, value = self.evaluate(self._planes[:first])
            policy = np.ones((first, self.size**2 + 1), np.float32) if policy is None else policy
            value = np.zeros(first) if value is None else np.asarray(value, np.float64)
            if st.mixing > 0:
                value = (1 - st.mixing) * value + st.mixing * self._leaf_values[:first]
            for i, g in enumerate(owners):
                _expand(
                    self.prior[g], self.visits[g], self.values[g], self.sums[g], self.counts[g], self.status[g],
                    self._leaf_nodes[i], self._leaf_depths[i], self._path_nodes[i], self._path_actions[i],
                    policy[i], value[i], loss,
                )  # fmt: skip
        self.playouts_done += done
        return done

    def run(
        self,
        playouts: int | None = None,
        seconds: float | None = None,
        which: np.ndarray | None = None,
        when_decided: bool = False,
    ) -> None:
        """Search until every tree of ``which`` (default: games not over) has had ``playouts`` more simulations.

        Args:
            playouts: None takes the settings'; a kept subtree does not count.
            seconds: stop earlier after so long.
            when_decided: stop earlier when no move can overtake the most visited one, for whoever only wants that
                move.
        """
        st = self.settings
        playouts = st.playouts if playouts is None else playouts
        which = self.games.running if which is None else which
        if not len(which):
            return
        started = time.perf_counter()
        self._reserve(playouts + st.batch)
        new_roots = np.array([g for g in which if self.used[g] == 0], np.int64)
        if len(new_roots):
            self._step(new_roots, 1)
        if st.noise > 0:
            self._add_noise(which)
        whole = left = playouts * len(which)
        while left > 0:
            share = min(st.batch, -(-left // len(which)))
            left -= max(1, self._step(which, share))
            to_come = left
            if seconds is not None:
                passed = time.perf_counter() - started
                if passed > seconds:
                    break
                to_come = min(left, (whole - left) * (seconds - passed) / passed)
            if when_decided and all(self._decided(g, to_come) for g in which):
                break

    def _decided(self, g: int, to_come: float) -> bool:
        """Is the most visited move ahead by more than the simulations to come?"""
        second, first = np.partition(self.visits[g, 0], -2)[-2:]
        return first - second > to_come

    def _add_noise(self, which: np.ndarray) -> None:
        st = self.settings
        alpha = 0.03 * 361 / self.size**2 if st.alpha is None else st.alpha
        for g in which:
            prior = self.prior[g, 0]
            allowed = prior >= 0
            noise = self.rng.dirichlet(np.full(allowed.sum(), alpha))
            prior[allowed] = (1 - st.noise) * prior[allowed] + st.noise * noise

    def policy(self, g: int = 0, temperature: float = 1.0) -> np.ndarray:
        """Probabilities of game g's moves, N^(1 / temperature) normalised; temperature 0 takes the most visited."""
        visits = self.visits[g, 0].astype(np.float64)
        if visits.sum() == 0:
            visits = np.maximum(self.prior[g, 0], 0).astype(np.float64)
        if temperature <= 0:
            # Among equals the better value decides.
            q = np.where(visits > 0, self.values[g, 0] / np.maximum(visits, 1), -2)
            return np.eye(len(visits))[np.lexsort((q, visits))[-1]]
        weights = (visits / visits.max()) ** (1 / temperature)
        return weights / weights.sum()

    def value(self, g: int = 0) -> float:
        """Mean value of game g's root for the side to play, between -1 and 1."""
        return float(self.sums[g, 0] / self.counts[g, 0]) if self.counts[g, 0] else 0.0

    def principal_variation(self, g: int = 0, length: int = 8) -> list[int]:
        """The most visited line."""
        line, node = [], 0
        while len(line) < length and self.used[g] and self.visits[g, node].max() > 0:
            action = int(self.visits[g, node].argmax())
            line.append(action)
            node = int(self.child[g, node, action])
            if node < 0:
                break
        return line

    def play(self, g: int, action: int) -> None:
        """Play a move in game g and keep what the tree knows about the position after it."""
        child = int(self.child[g, 0, action]) if self.used[g] else -1
        self.games.play(np.array([g]), np.array([action]))
        if child >= 0 and self.status[g, child] == 1:
            self.used[g] = _keep_subtree(
                self.prior[g], self.visits[g], self.values[g], self.child[g], self.sums[g], self.counts[g],
                self.status[g], self.used[g], child,
            )  # fmt: skip
        else:
            self.used[g] = 0


def rollout_settings(playouts: int = 2000, batch: int = 1) -> SearchSettings:
    """Search with no network at all: equal priors, values from one random game a leaf. The fixed reference
    opponent."""
    return SearchSettings(playouts=playouts, batch=batch, exploration=1.0, reduction=0.0, mixing=1.0)


def no_network(planes: np.ndarray) -> tuple[None, None]:
    """The :data:`Evaluate` that knows nothing."""
    return None, None


def joined(policy: Evaluate | None, value: Evaluate | None) -> Evaluate:
    """One :data:`Evaluate` from AlphaGo's separate policy and value networks; None leaves an ingredient out."""

    def evaluate(planes: np.ndarray):
        return policy(planes)[0] if policy else None, value(planes)[1] if value else None

    return evaluate


def raw_planes(evaluate: Evaluate) -> Evaluate:
    """Feed a network that was built for the raw planes only."""
    return lambda planes: evaluate(planes[..., list(features.RAW)])


__all__ = ["Forest", "LectureSearch", "Node", "SearchSettings", "joined", "planes_of_many", "raw_planes", "utility"]
