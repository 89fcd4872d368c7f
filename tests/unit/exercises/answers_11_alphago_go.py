"""Other right answers and plausible wrong ones to the exercises of lesson 11."""

import numpy as np

import records


# --- 11.1 count_liberties
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


def liberties_by_recursion(stones, row, column):
    chain = set()

    def walk(point):
        chain.add(point)
        for q in _around(stones, *point):
            if stones[q] == stones[row, column] and q not in chain:
                walk(q)

    walk((row, column))
    return float(len({q for p in chain for q in _around(stones, *p) if stones[q] == 0}))


def liberties_by_components(stones, row, column):
    from scipy import ndimage

    labels, _ = ndimage.label(stones == stones[row, column])
    return np.sum(ndimage.binary_dilation(labels == labels[row, column]) & (stones == 0))


def liberties_of_every_point(stones, row, column):
    free = 0
    chain = _chain(stones, row, column)
    for p in np.ndindex(stones.shape):
        free += stones[p] == 0 and any(q in chain for q in _around(stones, *p))
    return free


def _sweeps_of(count, order):
    """Grows the chain by going over the board a few times, in one direction."""

    def answer(stones, row, column):
        chain = {(row, column)}
        for _ in range(count):
            for p in list(np.ndindex(stones.shape))[::order]:
                if stones[p] == stones[row, column] and any(q in chain for q in _around(stones, *p)):
                    chain.add(p)
        return len({q for p in chain for q in _around(stones, *p) if stones[q] == 0})

    return answer


def all_stones_of_the_colour(stones, row, column):
    mine = list(zip(*np.nonzero(stones == stones[row, column])))
    return len({q for p in mine for q in _around(stones, *p) if stones[q] == 0})


def only_black_chains(stones, row, column):
    return liberties_by_growing(stones, row, column) if stones[row, column] == 1 else 0


def chain_through_enemies(stones, row, column):
    return liberties_by_growing((stones > 0).astype(int), row, column)


def enemies_are_liberties(stones, row, column):
    return len({q for p in _chain(stones, row, column) for q in _around(stones, *p) if stones[q] != stones[p]})


def size_of_the_chain(stones, row, column):
    return len(_chain(stones, row, column))


def paints_the_board(stones, row, column):
    for p in _chain(stones, row, column):
        for q in _around(stones, *p):
            if stones[q] == 0:
                stones[q] = 3
    return int((stones == 3).sum())


def forgets_the_last_row(stones, row, column):
    def short(stones, r, c):
        return [q for q in _around(stones, r, c) if max(q) < len(stones) - 1]

    return len({q for p in _chain(stones, row, column, short) for q in short(stones, *p) if stones[q] == 0})


# --- 11.2 outcome_weights
def weights_by_loop(colors, winner, baseline):
    out = []
    for color in colors:
        z = 0.0 if winner == 0 else (1.0 if color == winner else -1.0)
        out.append(z - baseline[color])
    return np.array(out)


def weights_by_table(colors, winner, baseline):
    z = np.zeros(3)
    if winner:
        z[winner], z[3 - winner] = 1, -1
    return (z - baseline)[colors]


def weights_one_by_one(colors, winner, baseline):
    return ((winner > 0) * (1 if color == winner else -1) - baseline[color] for color in colors)


def weights_by_signs(colors, winner, baseline):
    z = np.sign((winner > 0) * ((colors == winner) - 0.5))
    return list(z - np.take(baseline, colors))


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


def draw_is_nothing(colors, winner, baseline):
    return weights_by_loop(colors, winner, baseline) if winner else np.zeros(len(colors))


def baseline_shrinks_z(colors, winner, baseline):
    z = weights_by_loop(colors, winner, np.zeros(3))
    return z * (1 - np.abs(baseline[colors]))


def baseline_follows_z(colors, winner, baseline):
    z = weights_by_loop(colors, winner, np.zeros(3))
    return z - z * baseline[colors]


def colours_alternate(colors, winner, baseline):
    return weights_by_loop(1 + (np.arange(len(colors)) + colors[0] - 1) % 2, winner, baseline)


def whites_baseline_is_the_mirror(colors, winner, baseline):
    return weights_by_loop(colors, winner, np.array([0, baseline[1], -baseline[1]]))


def baseline_added(colors, winner, baseline):
    return weights_by_loop(colors, winner, -baseline)


def baseline_counted_from_zero(colors, winner, baseline):
    return weights_by_loop(colors, winner, baseline[[0, 0, 1]])


def baseline_of_the_winner(colors, winner, baseline):
    return weights_by_loop(colors, winner, np.full(3, baseline[winner]))


def one_number_for_the_game(colors, winner, baseline):
    return weights_by_loop(colors, winner, baseline).mean()


# --- 11.3 choose_move
def choose_by_loop(prior, visits, total_value, parent_value):
    scores = []
    for p, n, w in zip(prior, visits, total_value):
        scores.append((w / n if n else parent_value) + p / (1 + n))
    return scores.index(max(scores))


def choose_by_masking(prior, visits, total_value, parent_value):
    q = np.full(len(prior), float(parent_value))
    tried = visits > 0
    q[tried] = total_value[tried] / visits[tried]
    return np.argmax(q + prior / (1 + visits))


def choose_by_key(prior, visits, total_value, parent_value):
    q = [w / n if n else parent_value for w, n in zip(total_value, visits)]
    return max(range(len(q)), key=lambda a: q[a] + prior[a] / (1 + visits[a]))


def choose_by_sorting(prior, visits, total_value, parent_value):
    with np.errstate(all="ignore"):
        q = np.where(visits == 0, parent_value, np.divide(total_value, visits))
    return np.argsort(q + np.divide(prior, visits + 1))[-1:]


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


def _choose(value=None, bonus=lambda p, n: p / (1 + n), tried=lambda n, w: n > 0):
    """What students vary: what Q is, how the prior fades, which moves count as tried."""

    def answer(prior, visits, total_value, parent_value):
        q = np.where(tried(visits, total_value), total_value / np.maximum(visits, 1), parent_value)
        q = q if value is None else value(q, visits, total_value, parent_value)
        return int(np.argmax(q + bonus(prior, visits)))

    return answer


def returns_the_score(prior, visits, total_value, parent_value):
    q = np.where(visits > 0, total_value / np.maximum(visits, 1), parent_value)
    return float(np.max(q + prior / (1 + visits)))


def most_visited(prior, visits, total_value, parent_value):
    return int(np.argmax(visits))


def only_untried_moves(prior, visits, total_value, parent_value):
    return int(np.argmax(np.where(visits == 0, prior, -1.0)))


# --- 11.4 back_up
def back_up_by_loop(path_length, value, rollout, mixing):
    out, v = [], value + mixing * (rollout - value)
    for _ in range(path_length):
        v = -v
        out.insert(0, v)
    return np.array(out)


def back_up_by_alternating(path_length, value, rollout, mixing):
    v = (1 - mixing) * value + mixing * rollout
    return reversed([v if step % 2 else -v for step in range(path_length)])


def back_up_one_by_one(path_length, value, rollout, mixing):
    for above in range(path_length, 0, -1):
        yield (-1.0) ** above * np.interp(mixing, [0, 1], [value, rollout])


def back_up_in_numpy(path_length, value, rollout, mixing):
    signs = np.where(np.arange(path_length)[::-1] % 2, 1.0, -1.0)
    return np.outer(signs, [1 - mixing, mixing]) @ [value, rollout]


def same_sign(path_length, value, rollout, mixing):
    return [(1 - mixing) * value + mixing * rollout] * path_length


def leaf_not_turned(path_length, value, rollout, mixing):
    return [-v for v in back_up_by_loop(path_length, value, rollout, mixing)]


def upside_down(path_length, value, rollout, mixing):
    return back_up_by_loop(path_length, value, rollout, mixing)[::-1]


def mixing_swapped(path_length, value, rollout, mixing):
    return back_up_by_loop(path_length, value, rollout, 1 - mixing)


def turned_from_the_root(path_length, value, rollout, mixing):
    v = (1 - mixing) * value + mixing * rollout
    return [-v * (-1) ** step for step in range(path_length)]


def only_the_network(path_length, value, rollout, mixing):
    return back_up_by_loop(path_length, value, rollout, 0)


def rollout_not_turned(path_length, value, rollout, mixing):
    return back_up_by_loop(path_length, value, -rollout, mixing)


def adds_without_weights(path_length, value, rollout, mixing):
    return back_up_by_loop(path_length, value + mixing * rollout, 0, 0)


def one_more_for_the_leaf(path_length, value, rollout, mixing):
    return [*back_up_by_loop(path_length, value, rollout, mixing), (1 - mixing) * value + mixing * rollout]


def one_too_few(path_length, value, rollout, mixing):
    return back_up_by_loop(path_length, value, rollout, mixing)[1:]


def fades_on_the_way(path_length, value, rollout, mixing):
    return back_up_by_loop(path_length, value, rollout, mixing) / np.arange(path_length, 0, -1)


def only_the_last(path_length, value, rollout, mixing):
    return back_up_by_loop(path_length, value, rollout, mixing)[-1]


def either_or(path_length, value, rollout, mixing):
    return back_up_by_loop(path_length, value, rollout, 1 if mixing > 0.5 else 0)


# --- 11.5 turn_policy
def turn_by_indices(policy, size, quarter_turns):
    index = np.arange(size * size).reshape(size, size)
    for _ in range(quarter_turns):
        index = index[:, ::-1].T
    return np.concatenate([policy[index.ravel()], policy[-1:]])


def turn_by_transposing(policy, size, quarter_turns):
    board = policy[: size * size].reshape(size, size)
    for _ in range(quarter_turns):
        board = board.T[::-1]
    return [*board.ravel(), policy[size * size]]


def turn_by_loops(policy, size, quarter_turns):
    turned = list(policy)
    for _ in range(quarter_turns):
        before = turned[:]
        for row in range(size):
            for column in range(size):
                turned[row * size + column] = before[column * size + size - 1 - row]
    return tuple(turned)


def turn_with_a_copy(policy, size, quarter_turns):
    turned = policy.copy()
    turned[:-1] = np.rot90(policy[:-1].reshape(size, size), k=quarter_turns).flatten()
    return turned


def turns_clockwise(policy, size, quarter_turns):
    return np.append(np.rot90(policy[:-1].reshape(size, size), -quarter_turns).ravel(), policy[-1])


def forgets_passing(policy, size, quarter_turns):
    return np.rot90(policy[:-1].reshape(size, size), quarter_turns).ravel()


def pass_in_front(policy, size, quarter_turns):
    return np.append(policy[0], np.rot90(policy[1:].reshape(size, size), quarter_turns).ravel())


def reflects(policy, size, quarter_turns):
    return np.append(policy[:-1].reshape(size, size).T.ravel(), policy[-1])


def changes_its_input(policy, size, quarter_turns):
    policy[:-1] = np.rot90(policy[:-1].reshape(size, size), quarter_turns).flatten()
    return policy


def one_turn_only(policy, size, quarter_turns):
    return turn_with_a_copy(policy, size, 1)


def turns_once_too_often(policy, size, quarter_turns):
    return turn_with_a_copy(policy, size, quarter_turns + 1)


def passing_first(policy, size, quarter_turns):
    return np.append(policy[-1], np.rot90(policy[:-1].reshape(size, size), quarter_turns).ravel())


def reads_column_by_column(policy, size, quarter_turns):
    return np.append(np.rot90(policy[:-1].reshape(size, size, order="F"), quarter_turns).ravel(), policy[-1])


def passing_is_lost(policy, size, quarter_turns):
    return np.append(np.rot90(policy[:-1].reshape(size, size), quarter_turns).ravel(), 0.0)


def passing_shared_out(policy, size, quarter_turns):
    turned = turn_with_a_copy(policy, size, quarter_turns)
    return turned / turned[:-1].sum()


def half_turns(policy, size, quarter_turns):
    return turn_with_a_copy(policy, size, 2 * quarter_turns)


# --- 11.6 look_eight_times
RECORD = RECORD_HERE

ALTERNATIVES = {
    "11.1": [liberties_by_growing, liberties_by_recursion, liberties_by_components, liberties_of_every_point],
    "11.2": [weights_by_loop, weights_by_table, weights_one_by_one, weights_by_signs],
    "11.3": [choose_by_loop, choose_by_masking, choose_by_key, choose_by_sorting],
    "11.4": [back_up_by_loop, back_up_by_alternating, back_up_one_by_one, back_up_in_numpy],
    "11.5": [turn_by_indices, turn_by_transposing, turn_by_loops, turn_with_a_copy],
    "11.6": records.forms(RECORD),
}
WRONG = {
    "11.1": [
        *(only_the_stone, counted_twice, wraps_around, connects_at_corners, _sweeps_of(1, 1), _sweeps_of(2, 1)),
        *(_sweeps_of(1, -1), _sweeps_of(2, -1), _sweeps_of(3, 1), all_stones_of_the_colour, only_black_chains),
        *(chain_through_enemies, enemies_are_liberties, size_of_the_chain, paints_the_board, forgets_the_last_row),
    ],
    "11.2": [
        *(all_moves_of_a_won_game, draw_is_a_loss, without_baseline, opponents_baseline, loser_counts_nothing),
        *(draw_is_nothing, baseline_shrinks_z, baseline_follows_z, colours_alternate, whites_baseline_is_the_mirror),
        *(baseline_added, baseline_counted_from_zero, baseline_of_the_winner, one_number_for_the_game),
    ],
    "11.3": [
        *(unvisited_is_zero, sums_for_means, divides_by_n, value_alone, worst_move, returns_the_score, most_visited),
        *(only_untried_moves, _choose(tried=lambda n, w: w != 0), _choose(bonus=lambda p, n: p / np.sqrt(1 + n))),
        *(
            _choose(bonus=lambda p, n: 1.2 * p / (1 + n)),
            _choose(bonus=lambda p, n: p),
            _choose(tried=lambda n, w: n > 1),
        ),
        *(_choose(bonus=lambda p, n: p * np.sqrt(n.sum()) / (1 + n)), _choose(value=lambda q, n, w, v: w / (1 + n))),
        *(_choose(value=lambda q, n, w, v: -q), _choose(value=lambda q, n, w, v: np.where(n, q, -v))),
    ],
    "11.4": [
        *(same_sign, leaf_not_turned, upside_down, mixing_swapped, turned_from_the_root, only_the_network),
        *(rollout_not_turned, adds_without_weights, one_more_for_the_leaf, one_too_few, fades_on_the_way),
        *(only_the_last, either_or),
    ],
    "11.5": [
        *(turns_clockwise, forgets_passing, pass_in_front, reflects, changes_its_input, one_turn_only),
        *(turns_once_too_often, passing_first, reads_column_by_column, passing_is_lost, passing_shared_out, half_turns),
    ],
    "11.6": records.mistakes(RECORD),
}
