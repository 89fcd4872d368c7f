"""Monte-Carlo tree search guided by networks: how AlphaGo puts policy, value and rollouts together (lesson 11).

Names follow the papers: for an edge (s, a) of the tree, P is the prior, N the visit count, W the sum of
values, Q = W / N. :class:`Forest` searches one game or many: PUCT (Silver et al. 2017, methods:
U = c P sqrt(sum N) / (1 + N)) or the lecture's formula, several leaves a batch kept apart by virtual loss, Dirichlet
noise at the root, the tree kept from move to move. Its steps are compiled in :mod:`utils.go.tree`;
:mod:`utils.go.lecture_search` is the same search in plain Python, and a test holds the two equal when they use the same
formula and one leaf a time.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from utils.go import features
from utils.go.batch import Games
from utils.go.board import Board
from utils.go.lecture_search import Evaluate
from utils.go.rollouts import seed_playouts
from utils.go.tree import EXPANDED, ROOT, Leaves, Rules, Tree, collect, expand, keep_subtree
from utils.go.vertices import vertex_of

WORST = -2.0  # stands for the Q of a move that was never tried; true ones lie between -1 and 1


@dataclass
class SearchSettings:
    """Hyperparameters of the search; the papers' values in brackets.

    Attributes:
        playouts: simulations a move.
        batch: leaves evaluated together in one tree [8 in AlphaGo Zero].
        threads: that search the same trees; while one waits for the network, the others go on. More than one make a
            search that cannot be repeated exactly [40 in AlphaGo].
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
    threads: int = 1
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

    def __post_init__(self):
        if self.formula not in ("puct", "lecture"):
            raise ValueError(f"Unknown formula {self.formula!r}; choose puct or lecture.")


@dataclass
class Budget:
    """What is left of a search's simulations, over all its trees.

    Attributes:
        whole, left: simulations at first, and still to be begun.
        seconds: limit, None for none.
        waiting: threads whose leaves are with the network.
    """

    whole: int
    left: int
    seconds: float | None
    started: float
    waiting: int = 0

    def to_come(self) -> float:
        """Simulations that there is still time for."""
        if self.seconds is None:
            return self.left
        passed = time.perf_counter() - self.started
        return min(self.left, (self.whole - self.left) * (self.seconds - passed) / max(passed, 1e-9))


class Forest:
    """Search trees of one or many games that share the evaluations.

    Args:
        boards: the games' present positions (not changed).
        evaluate: see :data:`utils.go.lecture_search.Evaluate`.
        settings: see :class:`SearchSettings`.
        seed: of rollouts and noise.

    Attributes:
        trees: their statistics, see :class:`utils.go.tree.Tree`; the game is the first axis.
        games: the positions at the roots.
        playouts_done: simulations so far, over all games.
    """

    def __init__(self, boards: list[Board], evaluate: Evaluate, settings: SearchSettings, seed: int = 0):
        self.evaluate, self.settings = evaluate, settings
        self.games = Games.of(boards, settings.limit)
        self.size = self.games.size
        self.rng = np.random.default_rng(seed)
        self.playout_rng = seed_playouts(seed)
        self.playouts_done = 0
        self.trees = Tree.empty(len(boards), settings.playouts + settings.batch + 2, self.size**2 + 1)
        self.lock = threading.Lock()  # of the trees
        room = len(boards) * settings.batch, min(self.games.limit + 2, 400), self.size
        self.leaves = [Leaves.empty(*room) for _ in range(settings.threads)]

    def _reserve(self, nodes: int) -> None:
        """Make room for so many more nodes in each tree."""
        games, room, actions = self.trees.prior.shape
        needed = int(self.trees.used.max()) + nodes + 2
        if needed > room:
            old, self.trees = self.trees, Tree.empty(games, needed, actions)
            for before, after in zip(old, self.trees):
                after[:, : before.shape[1]] = before

    def prepare(self, which: np.ndarray, nodes: int) -> None:
        """Room for so many more nodes in each tree, and a judged root in each of ``which``."""
        self._reserve(nodes)
        new_roots = np.array([g for g in which if self.trees.used[g, 0] == 0], np.int64)
        if len(new_roots):
            self.step(new_roots, np.full((len(new_roots), 1), -1), self.rules()._replace(loss=0.0))

    def rules(self) -> Rules:
        st = self.settings
        return Rules(
            self.games.komi,
            self.games.limit,
            float(st.exploration),
            float(st.reduction),
            float(st.virtual_loss),
            st.formula == "lecture",
            st.rollouts if st.mixing > 0 else 0,
            st.tactics,
            float(st.score_weight),
        )

    def step(self, which: np.ndarray, first: np.ndarray, rules: Rules, thread: int = 0) -> int:
        """One batch: collect leaves in the trees ``which``, evaluate all, expand; returns the playouts done.

        Args:
            first: int64 (len(which), leaves a tree): the action at the root of each, or -1 (see :func:`collect`).
            thread: number of whoever asks.
        """
        st, games, leaves = self.settings, self.games, self.leaves[thread]
        positions = (games.states, games.past, games.counts)
        with self.lock:
            done = collect(self.trees, positions, which, leaves, first, rules, self.playout_rng)
        found = int(leaves.found[0])
        if found:
            policy, value = self.evaluate(leaves.planes[:found])
            policy = np.ones((found, self.size**2 + 1), np.float32) if policy is None else policy
            value = np.zeros(found) if value is None else np.asarray(value, np.float64)
            if st.mixing > 0:
                value = (1 - st.mixing) * value + st.mixing * leaves.values[:found]
        with self.lock:
            if found:
                expand(self.trees, leaves, policy, value, rules.loss)
            self.playouts_done += found + done
        return found + done

    def run(
        self,
        playouts: int | None = None,
        seconds: float | None = None,
        which: np.ndarray | None = None,
        when_decided: bool = False,
    ) -> None:
        """Search until the trees of ``which`` (default: games not over) have had ``playouts`` more simulations each.

        Args:
            playouts: None takes the settings'; a kept subtree does not count. It is a mean over the trees: what a tree
                cannot use, because its batch waits at one leaf, goes to the others.
            seconds: stop earlier after so long.
            when_decided: stop earlier when no move can overtake the most visited one, for whoever only wants that
                move.
        """
        st = self.settings
        playouts = st.playouts if playouts is None else playouts
        which = self.games.running if which is None else np.asarray(which, np.int64)
        if not len(which):
            return
        whole = playouts * len(which)
        budget = Budget(whole, whole, seconds, time.perf_counter())
        self.prepare(which, playouts + st.batch * st.threads)
        if st.noise > 0:
            self._add_noise(which)
        if st.threads == 1:
            self._spend(budget, which, when_decided)
            return
        with ThreadPoolExecutor(st.threads) as pool:
            work = [pool.submit(self._spend, budget, which, when_decided, number) for number in range(st.threads)]
        for thread in work:
            thread.result()  # its error, if there was one

    def _spend(self, budget: Budget, which: np.ndarray, when_decided: bool, thread: int = 0) -> None:
        """Search until the budget is spent: one thread's work."""
        st, rules = self.settings, self.rules()
        while True:
            with self.lock:
                share = min(st.batch, -(-budget.left // len(which)))
                if share <= 0:
                    return
                budget.left -= share * len(which)
                budget.waiting += 1
            # A leaf by itself keeps nobody away.
            loss = 0.0 if share == 1 and st.threads == 1 else rules.loss
            done = self.step(which, np.full((len(which), share), -1), rules._replace(loss=loss), thread)
            with self.lock:
                budget.waiting -= 1
                # Whoever found nothing to do waits for the others' leaves, or gives up if there are none.
                budget.left += share * len(which) - max(done, 0 if budget.waiting else 1)
                to_come = budget.to_come()
                if to_come < 0 or (when_decided and all(self._decided(g, to_come) for g in which)):
                    budget.left = min(budget.left, 0)
            if not done:
                time.sleep(1e-4)

    def _decided(self, g: int, to_come: float) -> bool:
        """Is the most visited move ahead by more than the simulations to come?"""
        second, first = np.partition(self.visits(g), -2)[-2:]
        return first - second > to_come

    def _add_noise(self, which: np.ndarray) -> None:
        st = self.settings
        alpha = 0.03 * 361 / self.size**2 if st.alpha is None else st.alpha
        for g in which:
            prior = self.trees.prior[g, ROOT]
            allowed = prior >= 0
            noise = self.rng.dirichlet(np.full(allowed.sum(), alpha))
            prior[allowed] = (1 - st.noise) * prior[allowed] + st.noise * noise

    def visits(self, g: int = 0) -> np.ndarray:
        """N of the moves at game g's root, float32 (actions,)."""
        return self.trees.visits[g, ROOT]

    def q(self, g: int = 0) -> np.ndarray:
        """Q of the moves at game g's root for the side to play, float32 (actions,); WORST where none was tried."""
        visits = self.visits(g)
        return np.where(visits > 0, self.trees.values[g, ROOT] / np.maximum(visits, 1), WORST)

    def policy(self, g: int = 0, temperature: float = 1.0) -> np.ndarray:
        """Probabilities of game g's moves, N^(1 / temperature) normalised; temperature 0 takes the most visited."""
        visits = self.visits(g).astype(np.float64)
        if visits.sum() == 0:
            visits = np.maximum(self.trees.prior[g, ROOT], 0).astype(np.float64)
        if temperature <= 0:
            # Among equals the better value decides.
            return np.eye(len(visits))[np.lexsort((self.q(g), visits))[-1]]
        weights = (visits / visits.max()) ** (1 / temperature)
        return weights / weights.sum()

    def value(self, g: int = 0) -> float:
        """Mean value of game g's root for the side to play, between -1 and 1."""
        sums, counts = self.trees.sums[g, ROOT], self.trees.counts[g, ROOT]
        return float(sums / counts) if counts else 0.0

    def principal_variation(self, g: int = 0, length: int = 8, first: int | None = None) -> list[int]:
        """The most visited line, or that of the move ``first``."""
        tree, line, node = self.trees, [], ROOT
        while len(line) < length and tree.used[g, 0] and node >= 0 and tree.visits[g, node].max() > 0:
            action = int(tree.visits[g, node].argmax()) if first is None or line else first
            line.append(action)
            node = int(tree.child[g, node, action])
        return line

    def describe(self, g: int = 0, moves: int = 5, length: int = 6) -> str:
        """Game g's search in words: the most visited moves with N, prior and Q, and the line expected after each."""
        visits, q, prior = self.visits(g), self.q(g), self.trees.prior[g, ROOT]
        lines = [
            f"{visits.sum():.0f} simulations, value {self.value(g):+.2f}",
            "move  visits  prior      Q  expected line",
        ]
        for action in np.lexsort((q, visits))[::-1][:moves]:
            if visits[action] > 0:
                line = [vertex_of(a, self.size) for a in self.principal_variation(g, length, int(action))]
                lines.append(
                    f"{line[0]:4s} {visits[action]:7.0f} {prior[action]:6.1%}  {q[action]:+.2f}  {' '.join(line)}"
                )
        return "\n".join(lines)

    def play(self, g: int, action: int) -> None:
        """Play a move in game g and keep what the tree knows about the position after it."""
        child = int(self.trees.child[g, ROOT, action]) if self.trees.used[g, 0] else -1
        self.games.play(np.array([g]), np.array([action]))
        if child >= 0 and self.trees.status[g, child] == EXPANDED:
            keep_subtree(self.trees, g, child)
        else:
            self.trees.used[g] = 0


def rollout_settings(playouts: int = 2000, batch: int = 1) -> SearchSettings:
    """Search with no network at all: equal priors, values from one random game a leaf. The fixed reference
    opponent."""
    return SearchSettings(playouts=playouts, batch=batch, exploration=1.0, reduction=0.0, mixing=1.0)


def no_network(planes: np.ndarray) -> tuple[None, None]:
    """The :data:`~utils.go.lecture_search.Evaluate` that knows nothing."""
    return None, None


def joined(policy: Evaluate | None, value: Evaluate | None) -> Evaluate:
    """One :data:`Evaluate` from AlphaGo's separate policy and value networks; None leaves an ingredient out."""

    def evaluate(planes: np.ndarray):
        return policy(planes)[0] if policy else None, value(planes)[1] if value else None

    return evaluate


def raw_planes(evaluate: Evaluate) -> Evaluate:
    """Feed a network that was built for the raw planes only."""
    return lambda planes: evaluate(planes[..., list(features.RAW)])
