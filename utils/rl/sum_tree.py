"""Drawing in proportion to weights that change all the time (lesson 09, prioritised replay).

A binary tree over the weights: each inner node holds the sum of its two children, so that changing a weight and finding
the leaf below a given part of the total both take one walk between root and leaf (Schaul et al. 2016, appendix B.2.1).
"""

from __future__ import annotations

import numba
import numpy as np


@numba.njit(cache=True, nogil=True)
def _set(nodes, leaves, weights):
    """Change the weights of some leaves; the sums above are added up anew, so that rounding errors do not pile up."""
    first = len(nodes) // 2
    for leaf, weight in zip(leaves, weights):
        node = first + leaf
        nodes[node] = weight
        while node > 1:
            node //= 2
            nodes[node] = nodes[2 * node] + nodes[2 * node + 1]


@numba.njit(cache=True, nogil=True)
def _find(nodes, parts, out):
    """Leaf in which the running sum of the weights passes each of ``parts``; never one of weight 0."""
    first = len(nodes) // 2
    for i, part in enumerate(parts):
        node = 1
        while node < first:
            node *= 2
            if part >= nodes[node] and nodes[node + 1] > 0:
                part -= nodes[node]
                node += 1
        out[i] = node - first


class SumTree:
    """Non-negative weights of ``count`` leaves, all 0 at first; 16 to 32 bytes a leaf."""

    def __init__(self, count: int):
        self.nodes = np.zeros(2 << max(0, int(count - 1).bit_length()))  # nodes[1] is the root

    @property
    def total(self) -> float:
        """Sum of all weights."""
        return float(self.nodes[1])

    def __getitem__(self, leaves: np.ndarray) -> np.ndarray:
        """Weights of these leaves, float64."""
        return self.nodes[len(self.nodes) // 2 + leaves]

    def __setitem__(self, leaves: np.ndarray, weights) -> None:
        """Change weights; of a leaf named twice the last one counts."""
        leaves = np.asarray(leaves, dtype=np.int64)
        _set(self.nodes, leaves, np.broadcast_to(np.asarray(weights, dtype=np.float64), leaves.shape))

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """``count`` leaves in proportion to their weights, one from each ``count``-th of the total (stratified).

        Raises:
            ValueError: all weights are 0.
        """
        if self.total <= 0:
            raise ValueError("SumTree: all weights are 0, so there is nothing to draw.")
        parts = (np.arange(count) + rng.random(count)) * (self.total / count)
        out = np.empty(count, dtype=np.int64)
        _find(self.nodes, parts, out)
        return out
