"""What front ends draw of a position: which stones are dead, and what the search thinks of the moves (lesson 11)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from utils.go.board import Board
from utils.go.mcts import Forest
from utils.go.vertices import BLACK, WHITE, vertex_of

SETTLED = 0.3  # of the playouts' mean ownership, from -1 to 1: a chain beyond is its owner's, or the opponent's
PLAYOUTS = 400


def chain_states(board: Board) -> dict[str, list[list[int]]]:
    """The chains of a finished game, sorted by what becomes of them: ``alive``, ``dead`` or ``seki``.

    The fast policy plays the game out from here, each side beginning half of the games. A chain whose points belong to
    its owner at the end in more than 65 % of them is alive, in less than 35 % dead (a mean ownership of 0.3), and what
    neither side gets is a seki. On finished games of GNU Go 98 of 100 chains get the name that GNU Go gives them.
    """
    ownership = np.zeros((board.size, board.size))
    for color in (BLACK, WHITE):
        copy = board.copy()
        copy.resume()
        copy.set_to_play(color)
        ownership += copy.playouts(PLAYOUTS // 2, seed=color, tactics=True)[2] / 2
    found: dict[str, list[list[int]]] = {"alive": [], "dead": [], "seki": []}
    for chain in chains(board):
        mine = float(np.mean([ownership.flat[point] for point in chain]))
        mine *= 1 if board.stones.flat[chain[0]] == BLACK else -1
        found["alive" if mine > SETTLED else "dead" if mine < -SETTLED else "seki"].append(chain)
    return found


def chains(board: Board) -> list[list[int]]:
    """The chains on a board, each as its actions."""
    stones, size, seen, found = board.stones, board.size, set(), []
    for first in np.flatnonzero(stones):
        if int(first) in seen:
            continue
        chain, todo = [], [int(first)]
        while todo:
            point = todo.pop()
            if point in seen:
                continue
            seen.add(point)
            chain.append(point)
            row, column = divmod(point, size)
            for r, c in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
                if 0 <= r < size and 0 <= c < size and stones[r, c] == stones.flat[first]:
                    todo.append(r * size + c)
        found.append(sorted(chain))
    return found


def _moves(forest: Forest, most: int) -> Iterator[tuple[int, int, float, float, str]]:
    """The searched moves, best first: its rank, visits, Q, prior and the line expected after each."""
    visits, q, prior = forest.visits(), forest.q(), forest.trees.prior[0, 0]
    tried = [action for action in np.lexsort((q, visits))[::-1] if visits[action] > 0]
    for rank, action in enumerate(tried[:most]):
        line = " ".join(vertex_of(a, forest.size) for a in forest.principal_variation(0, 12, int(action)))
        yield rank, int(visits[action]), float(np.clip(q[action], -1, 1)), float(prior[action]), line


def leela_line(forest: Forest, board: Board, most: int, ownership: bool) -> str:
    """Leela Zero's: shares in hundredths of a per cent, for the side to play."""
    return " ".join(
        f"info move {line.split()[0]} visits {visits} winrate {round(5000 * (q + 1))} prior {round(10000 * prior)} "
        f"order {rank} pv {line}"
        for rank, visits, q, prior, line in _moves(forest, most)
    )


def kata_line(forest: Forest, board: Board, most: int, ownership: bool) -> str:
    """KataGo's: shares as fractions; the ownership of points from the side to play, if it is asked for."""
    text = " ".join(
        f"info move {line.split()[0]} visits {visits} utility {q:.6f} winrate {(q + 1) / 2:.6f} prior {prior:.6f} "
        f"order {rank} pv {line}"
        for rank, visits, q, prior, line in _moves(forest, most)
    )
    if ownership:
        owned = board.playouts(50, tactics=True)[2].ravel() * (1 if board.to_play == BLACK else -1)
        text += " ownership " + " ".join(f"{value:.3f}" for value in owned)
    return text
