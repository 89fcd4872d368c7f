"""Other right answers and plausible wrong ones to the exercises of lesson 11."""

import numpy as np


def liberties_by_growing(stones, row, column):
    mine = stones == stones[row, column]
    chain = np.zeros_like(mine)
    chain[row, column] = True

    def grown(mask):
        wide = np.pad(mask, 1)
        return wide[1:-1, 1:-1] | wide[:-2, 1:-1] | wide[2:, 1:-1] | wide[1:-1, :-2] | wide[1:-1, 2:]

    for _ in range(stones.size):
        chain = grown(chain) & mine
    return int((grown(chain) & (stones == 0)).sum())


def _around(stones, r, c):
    n = len(stones)
    return [(a, b) for a, b in ((r - 1, c), (r + 1, c), (r, c - 1), (r, c + 1)) if 0 <= a < n and 0 <= b < n]


def _chain(stones, row, column, around=_around):
    chain, todo = {(row, column)}, [(row, column)]
    while todo:
        for q in around(stones, *todo.pop()):
            if stones[q] == stones[row, column] and q not in chain:
                chain.add(q)
                todo.append(q)
    return chain


def only_the_stone(stones, row, column):
    return sum(stones[q] == 0 for q in _around(stones, row, column))


def counted_twice(stones, row, column):
    return sum(stones[q] == 0 for p in _chain(stones, row, column) for q in _around(stones, *p))


def wraps_around(stones, row, column):
    def torus(stones, r, c):
        return [(r - 1, c), ((r + 1) % len(stones), c), (r, c - 1), (r, (c + 1) % len(stones))]

    return len({(a % len(stones), b % len(stones)) for p in _chain(stones, row, column) for a, b in torus(stones, *p)
                if stones[a % len(stones), b % len(stones)] == 0})  # fmt: skip


def connects_at_corners(stones, row, column):
    def eight(stones, r, c):
        n = len(stones)
        return [(a, b) for a in range(max(0, r - 1), min(n, r + 2)) for b in range(max(0, c - 1), min(n, c + 2))]

    return len({q for p in _chain(stones, row, column, eight) for q in _around(stones, *p) if stones[q] == 0})


def weights_by_loop(colors, winner, baseline):
    out = []
    for color in colors:
        z = 0.0 if winner == 0 else (1.0 if color == winner else -1.0)
        out.append(z - baseline[color])
    return np.array(out)


def all_moves_of_a_won_game(colors, winner, baseline):
    return np.full(len(colors), 1.0 if winner == 1 else -1.0 if winner == 2 else 0.0) - baseline[colors]


def draw_is_a_loss(colors, winner, baseline):
    return np.where(colors == winner, 1.0, -1.0) - baseline[colors]


def without_baseline(colors, winner, baseline):
    return weights_by_loop(colors, winner, np.zeros(3))


def opponents_baseline(colors, winner, baseline):
    return weights_by_loop(colors, winner, baseline[[0, 2, 1]])


def loser_counts_nothing(colors, winner, baseline):
    return np.where(colors == winner, 1.0, 0.0) - baseline[colors]


def choose_by_loop(prior, visits, total_value, parent_value):
    scores = []
    for p, n, w in zip(prior, visits, total_value):
        scores.append((w / n if n else parent_value) + p / (1 + n))
    return scores.index(max(scores))


def unvisited_is_zero(prior, visits, total_value, parent_value):
    return int(np.argmax(total_value / np.maximum(visits, 1) + prior / (1 + visits)))


def sums_for_means(prior, visits, total_value, parent_value):
    return int(np.argmax(np.where(visits > 0, total_value, parent_value) + prior / (1 + visits)))


def divides_by_n(prior, visits, total_value, parent_value):
    q = np.where(visits > 0, total_value / np.maximum(visits, 1), parent_value)
    return int(np.argmax(q + prior / np.maximum(visits, 1) * 3))


def value_alone(prior, visits, total_value, parent_value):
    return int(np.argmax(np.where(visits > 0, total_value / np.maximum(visits, 1), parent_value)))


def worst_move(prior, visits, total_value, parent_value):
    return int(
        np.argmin(np.where(visits > 0, total_value / np.maximum(visits, 1), parent_value) - prior / (1 + visits))
    )


def back_up_by_loop(path_length, value, rollout, mixing):
    out, v = [], value + mixing * (rollout - value)
    for _ in range(path_length):
        v = -v
        out.insert(0, v)
    return np.array(out)


def same_sign(path_length, value, rollout, mixing):
    return [(1 - mixing) * value + mixing * rollout] * path_length


def leaf_not_turned(path_length, value, rollout, mixing):
    return [-v for v in back_up_by_loop(path_length, value, rollout, mixing)]


def upside_down(path_length, value, rollout, mixing):
    return back_up_by_loop(path_length, value, rollout, mixing)[::-1]


def mixing_swapped(path_length, value, rollout, mixing):
    return back_up_by_loop(path_length, value, rollout, 1 - mixing)


def turn_by_indices(policy, size, quarter_turns):
    index = np.arange(size * size).reshape(size, size)
    for _ in range(quarter_turns):
        index = index[:, ::-1].T
    return np.concatenate([policy[index.ravel()], policy[-1:]])


def turns_clockwise(policy, size, quarter_turns):
    return np.append(np.rot90(policy[:-1].reshape(size, size), -quarter_turns).ravel(), policy[-1])


def forgets_passing(policy, size, quarter_turns):
    return np.rot90(policy[:-1].reshape(size, size), quarter_turns).ravel()


def pass_in_front(policy, size, quarter_turns):
    return np.append(policy[0], np.rot90(policy[1:].reshape(size, size), quarter_turns).ravel())


def reflects(policy, size, quarter_turns):
    return np.append(policy[:-1].reshape(size, size).T.ravel(), policy[-1])


ALTERNATIVES = {
    "11.1": [liberties_by_growing],
    "11.2": [weights_by_loop],
    "11.3": [choose_by_loop],
    "11.4": [back_up_by_loop],
    "11.5": [turn_by_indices],
}
WRONG = {
    "11.1": [only_the_stone, counted_twice, wraps_around, connects_at_corners],
    "11.2": [all_moves_of_a_won_game, draw_is_a_loss, without_baseline, opponents_baseline, loser_counts_nothing],
    "11.3": [unvisited_is_zero, sums_for_means, divides_by_n, value_alone, worst_move],
    "11.4": [same_sign, leaf_not_turned, upside_down, mixing_swapped],
    "11.5": [turns_clockwise, forgets_passing, pass_in_front, reflects],
}
