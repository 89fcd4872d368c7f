"""Inputs of lesson 11's sweeps: boards of one point to nine by nine, long winding chains, moves of every kind in
games at random; moves with and without visits, single moves; paths and policies of all lengths.
"""

import numpy as np

from utils.go.rules import after_move, neighbours

SPIRAL = """
    XXXXXXXXX
    ........X
    XXXXXXX.X
    X.....X.X
    X.XXX.X.X
    X.X...X.X
    X.XXXXX.X
    X.......X
    XXXXXXXXX
"""


def stones_of(drawing):
    return np.array([[".XO".index(mark) for mark in row] for row in drawing.split()])


def kind_of(board, row, column, color, earlier):
    """What a move shows: which rule forbids it, or what it takes."""
    if board[row, column]:
        return "occupied"
    after = after_move(board, (row, column), color)
    if after is None:
        return "suicide"
    if any(np.array_equal(after, other) for other in earlier):
        return "ko" if len(earlier) > 1 and np.array_equal(after, earlier[-2]) else "superko"
    taken = np.count_nonzero(board) + 1 - np.count_nonzero(after)
    free = any(board[q] == 0 for q in neighbours((row, column), len(board)))
    return ("takes" if free else "takes without a liberty") if taken else "plain"


def stones_after(rng):
    yield np.zeros((1, 1), int), 0, 0, 1, [np.zeros((1, 1), int)]
    wanted = {"occupied": 6, "plain": 15, "suicide": 15, "ko": 12, "superko": 16}
    wanted |= {"takes": 15, "takes without a liberty": 15}
    while any(wanted.values()):
        size = int(rng.choice([2, 3, 3, 3, 4, 5]))
        past, color = [np.zeros((size, size), int)], 1
        for _ in range(60):
            board, earlier = past[-1], past[-30:] if size < 4 else past[-10:]
            case = *rng.integers(size, size=2).tolist(), int(rng.integers(1, 3))
            if wanted[kind := kind_of(board, *case, earlier)]:
                wanted[kind] -= 1
                yield board, *case, earlier
            seen = {other.tobytes() for other in past}
            for action in rng.permutation(size * size).tolist():
                after = after_move(board, divmod(action, size), color)
                if after is not None and after.tobytes() not in seen:
                    past.append(after)
                    break
            color = 3 - color
    yield from snakes(rng)
    spiral = stones_of(SPIRAL)
    for full in (np.where(spiral, 1, 2), np.where(spiral, 2, 1)):
        for turns in range(4):
            board = np.rot90(np.where(np.arange(81).reshape(9, 9) == 9, 0, full), turns)
            row, column = np.argwhere(board == 0)[0].tolist()
            for color in (1, 2):  # whoever fills the last liberty takes the other's only chain
                yield board, row, column, color, [board]


def snakes(rng):
    """Fenced chains of ten stones and more that breathe at most at their far end, where a few steps do not come."""
    wanted = 24
    while wanted:
        size = int(rng.integers(6, 10))
        path = self_avoiding_walk(rng, size)
        fence = {q for point in path for q in neighbours(point, size)} - set(path)
        beyond = [q for q in neighbours(path[-1], size) if q in fence]
        if len(path) < 11 or not beyond:
            continue
        board = np.zeros((size, size), int)
        for points, color in ((fence, 2), (path[1:], 1)):
            board[tuple(np.array(sorted(points)).T)] = color
        breathing = board.copy()
        breathing[beyond[0]] = 0
        if not (everyone_breathes(board) and everyone_breathes(breathing)):
            continue
        wanted -= 1
        for drawn in (board, breathing):
            for color in (1, 2):  # who goes on with the snake, and who bites its tail
                yield drawn, *path[0], color, [drawn]


def everyone_breathes(board):
    """Has every chain a liberty, as on a board that games lead to?"""
    alive = board == 0
    for _ in range(board.size):
        for point in np.argwhere(~alive).tolist():
            around = neighbours(tuple(point), len(board))
            alive[tuple(point)] |= any(alive[q] and board[q] in (0, board[tuple(point)]) for q in around)
    return alive.all()


def self_avoiding_walk(rng, size):
    """Points of a path in which only those that follow each other touch."""
    path = [tuple(rng.integers(size, size=2).tolist())]
    while True:
        ways = [q for q in neighbours(path[-1], size) if sum(p in path for p in neighbours(q, size)) == 1]
        ways = [q for q in ways if q not in path]
        if not ways:
            return path
        path.append(ways[int(rng.integers(len(ways)))])


def batch_of_moves(rng):
    drawn = 0
    while drawn < 160:
        moves, count = int(rng.choice([1, 2, 2, 3, 5, 12])), int(rng.choice([1, 1, 2, 3, 8]))
        prior = np.round(rng.dirichlet(np.full(moves, 0.7)), 3)
        visits = rng.integers(0, rng.choice([2, 4, 30]), moves)
        mean = np.round(rng.normal(0, 0.3, moves), 1 + int(rng.integers(2)))
        total, parent = np.round(np.clip(mean, -1, 1) * visits, 3) + 0.0, round(float(rng.uniform(-0.9, 0.9)), 2)
        if visits.any() and clear(prior, visits.astype(float), total.copy(), parent, count):
            drawn += 1
            yield prior, visits, total, parent, count


def clear(prior, n, w, parent, count):
    """Is the best move at every step better than the second by more than rounding? Of equals either would be right."""
    for _ in range(count):
        score = np.where(n > 0, w / np.maximum(n, 1), parent) + prior * np.sqrt(n.sum()) / (1 + n)
        best, *others = np.argsort(-score)
        if others and score[best] - score[others[0]] < 1e-3:
            return False
        n[best] += 1
        w[best] -= 1
    return True


def values_on_the_path(rng):
    for _ in range(100):
        length = int(rng.choice([1, 1, 2, 3, 4, 5, 30]))
        movers = rng.integers(2, size=length).tolist()
        value = round(float(rng.uniform(-1, 1)), 2)
        mixing = float(rng.choice([0.0, 1.0, 0.5, round(rng.random(), 2)]))
        rollout = float(rng.choice([-1.0, 1.0, 0.0, round(rng.uniform(-1, 1), 2)]))
        yield movers, int(rng.integers(2)), value, rollout, mixing
    for movers in ([0], [1, 0], [0, 1, 0, 1, 0, 1, 0], [1, 1, 1]):  # by turns, and one player alone
        for to_play in (0, 1):
            yield movers, to_play, 1, -1, 0
            yield movers, to_play, 0, 1, 1


def turn_back(rng):
    for size in (1, 2, 3, 3, 4, 5, 5, 7):
        for turns in (0, 1, 2, 3) * 2:
            yield np.round(rng.dirichlet(np.ones(size * size + 1)), 4), size, turns


INPUTS = {
    "11.1": stones_after,
    "11.3": batch_of_moves,
    "11.4": values_on_the_path,
    "11.5": turn_back,
}
