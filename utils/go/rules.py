"""The rules of Go in a page of plain Python: slow, and easy to check by eye (lesson 11).

:mod:`utils.go.board` plays by the same rules a thousand times faster; tests compare the two on random games.
"""

from __future__ import annotations

import numpy as np

from utils.go.vertices import BLACK, EMPTY, WHITE


def neighbours(point: tuple[int, int], size: int) -> list[tuple[int, int]]:
    """The two to four points that share a line with ``point``."""
    row, column = point
    around = [(row - 1, column), (row, column - 1), (row, column + 1), (row + 1, column)]
    return [(r, c) for r, c in around if 0 <= r < size and 0 <= c < size]


def region(stones: np.ndarray, point: tuple[int, int]) -> tuple[set, set]:
    """All points of one colour connected to ``point``, and the points around them.

    For a stone this is its chain (and the empty ones among the points around it are its liberties); for an
    empty point, the empty area it lies in, and the stones that border it.
    """
    color, inside, border, todo = stones[point], {point}, set(), [point]
    while todo:
        for q in neighbours(todo.pop(), len(stones)):
            if stones[q] != color:
                border.add(q)
            elif q not in inside:
                inside.add(q)
                todo.append(q)
    return inside, border


def liberties(stones: np.ndarray, point: tuple[int, int]) -> int:
    """Number of empty points around the chain at ``point``."""
    return sum(stones[q] == EMPTY for q in region(stones, point)[1])


def after_move(stones: np.ndarray, point: tuple[int, int], color: int) -> np.ndarray | None:
    """The stones after a move, captures removed; None if the point is occupied or the move is suicide."""
    if stones[point] != EMPTY:
        return None
    stones = stones.copy()
    stones[point] = color
    for q in neighbours(point, len(stones)):
        if stones[q] == 3 - color and liberties(stones, q) == 0:
            for captured in region(stones, q)[0]:
                stones[captured] = EMPTY
    return stones if liberties(stones, point) > 0 else None


def area_score(stones: np.ndarray) -> int:
    """Black's area minus White's: stones, and empty regions that border on one colour only (Tromp and Taylor)."""
    score, seen = int((stones == BLACK).sum()) - int((stones == WHITE).sum()), set()
    for point in zip(*np.nonzero(stones == EMPTY)):
        if point in seen:
            continue
        inside, border = region(stones, point)
        seen |= inside
        colors = {int(stones[q]) for q in border}
        if colors == {BLACK}:
            score += len(inside)
        elif colors == {WHITE}:
            score -= len(inside)
    return score


class SlowBoard:
    """A game by the rules above; actions as in :class:`utils.go.board.Board`."""

    def __init__(self, size: int = 9):
        self.size, self.to_play, self.passes = size, BLACK, 0
        self.stones = np.zeros((size, size), np.int8)
        self.seen = {self.stones.tobytes()}

    def result_of(self, action: int) -> np.ndarray | None:
        """The stones after an action, or None if it is illegal (occupied, suicide, superko)."""
        if action == self.size**2:
            return self.stones
        stones = after_move(self.stones, divmod(action, self.size), self.to_play)
        return None if stones is None or stones.tobytes() in self.seen else stones

    def legal_mask(self) -> np.ndarray:
        """Booleans of shape (size * size + 1,)."""
        return np.array([self.result_of(action) is not None for action in range(self.size**2 + 1)])

    def play(self, action: int) -> None:
        """Play an action.

        Raises:
            ValueError: it is illegal.
        """
        stones = self.result_of(action)
        if stones is None:
            raise ValueError(f"Action {action} is illegal here.")
        self.passes = self.passes + 1 if action == self.size**2 else 0
        self.stones, self.to_play = stones, 3 - self.to_play
        self.seen.add(stones.tobytes())
