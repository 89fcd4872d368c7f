"""Reference solutions of lesson 11."""

import numpy as np


def chain_and_liberties(stones, point):  # section 1's
    chain, liberties, todo = {point}, set(), [point]
    while todo:
        row, column = todo.pop()
        for q in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
            if not (0 <= q[0] < len(stones) and 0 <= q[1] < len(stones)):
                continue
            if stones[q] == 0:
                liberties.add(q)
            elif stones[q] == stones[point] and q not in chain:
                chain.add(q)
                todo.append(q)
    return chain, liberties


def stones_after(stones, row, column, color, earlier):
    if stones[row, column] != 0:
        return None
    board = stones.copy()
    board[row, column] = color
    enemies = zip(*np.nonzero(board == 3 - color))
    for point in [p for p in enemies if not chain_and_liberties(board, p)[1]]:
        board[point] = 0
    if not chain_and_liberties(board, (row, column))[1]:
        return None
    return None if any(np.array_equal(board, other) for other in earlier) else board


def games_to_be_sure():
    # At 100 games a player that wins 55 of 100 is found out in one match of five. To halve an interval takes four times
    # as many games, and an advantage of five points in a hundred is small beside one game's scatter of fifty.
    return {
        "matches": 10_000,
        "predicted": [0.5, 0.6, 0.8, 0.9, 0.99],
        "found": [0.1811, 0.3101, 0.5158, 0.8198, 0.9803],
        "elo": 34.9,
        "needed": 1600,
    }


def batch_of_moves(prior, visits, total_value, parent_value, count):
    n, w, batch = np.array(visits, float), np.array(total_value, float), []
    for _ in range(count):
        q = np.where(n > 0, w / np.maximum(n, 1), parent_value)
        best = int(np.argmax(q + prior * np.sqrt(n.sum()) / (1 + n)))
        n[best] += 1
        w[best] -= 1
        batch.append(best)
    return batch


def values_on_the_path(movers, to_play, value, rollout, mixing):
    leaf = (1 - mixing) * value + mixing * rollout
    return [leaf if mover == to_play else -leaf for mover in movers]


def turn_back(policy, size, quarter_turns):
    board = np.rot90(np.asarray(policy)[:-1].reshape(size, size), -quarter_turns)
    return np.append(board.ravel(), policy[-1])


def look_eight_times():
    # go_sl9 on the 500 held-out games of section 2, in four groups of 125 games, some 4,700 positions each. The network
    # nearly knows that turned boards mean the same, but eight opinions that err a little differently are better than
    # one: two moves more in a hundred, for eight times the work.
    return {
        "change": "mean over the eight symmetries",
        "predicted": 0.01,
        "before": [0.6404, 0.6106, 0.6222, 0.6229],
        "after": [0.6569, 0.6289, 0.6373, 0.6409],
        "effect": 0.017,
        "doubt": 0.00074,
    }
