"""Other right answers and plausible wrong ones to the exercises of lesson 11."""

import numpy as np
import records


# --- 11.1 stones_after
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


def _free(stones, chain):
    return {q for p in chain for q in _around(stones, *p) if stones[q] == 0}


def _new(board, earlier):
    return not any(np.all(board == other) for other in earlier)


def after_by_chains(stones, row, column, color, earlier):
    board = np.array(stones)
    if board[row, column]:
        return None
    board[row, column] = color
    for q in _around(board, row, column):
        if board[q] == 3 - color:
            chain = _chain(board, *q)
            if not _free(board, chain):
                for p in chain:
                    board[p] = 0
    if _free(board, _chain(board, row, column)) and _new(board, earlier):
        return board
    return None


def after_by_labels(stones, row, column, color, earlier):
    from scipy import ndimage

    def without_dead(board, side):
        labels, count = ndimage.label(board == side)
        for k in range(1, count + 1):
            if not (ndimage.binary_dilation(labels == k) & (board == 0)).any():
                board[labels == k] = 0

    if stones[row, column] > 0:
        return None
    board = stones.copy()
    board[row, column] = color
    without_dead(board, 3 - color)
    without_dead(board, color)
    return board.tolist() if board[row, column] and _new(board, earlier) else None


def after_by_hashes(stones, row, column, color, earlier):
    known = {np.asarray(other).tobytes() for other in earlier}
    board = stones.astype(np.asarray(earlier[0]).dtype)
    if board[row, column] != 0:
        return None
    board[row, column] = color
    dead = [p for p in np.ndindex(board.shape) if board[p] == 3 - color and not _free(board, _chain(board, *p))]
    for p in dead:
        board[p] = 0
    return board if _free(board, _chain(board, row, column)) and board.tobytes() not in known else None


def after_by_the_engine(stones, row, column, color, earlier):
    from utils.go.rules import after_move

    after = after_move(stones, (row, column), color)
    return None if after is None or not _new(after, earlier) else tuple(map(tuple, after.astype(float)))


def _move(dead=lambda board, q: not _free(board, _chain(board, *q)), around=_around, alive=None, new=_new, color=None):
    """What students vary: which chains die, around which points, when the move is allowed."""
    mover = color
    alive = alive or (lambda board, point, before: bool(_free(board, _chain(board, *point))))

    def answer(stones, row, column, color, earlier):
        color = mover or color
        if stones[row, column]:
            return None
        board = stones.copy()
        board[row, column] = color
        before = board.copy()
        for q in around(board, row, column):
            if board[q] == 3 - color and dead(board, q):
                for p in _chain(board, *q):
                    board[p] = 0
        return board if alive(board, (row, column), before) and new(board, earlier) else None

    return answer


def _named(name, function):
    function.__name__ = name
    return function


def occupied_is_allowed(stones, row, column, color, earlier):
    board = stones.copy()
    board[row, column] = 0
    return after_by_chains(board, row, column, color, earlier)


def only_a_stone(stones, row, column, color, earlier):
    if stones[row, column]:
        return None
    board = stones.copy()
    board[row, column] = color
    return board if _new(board, earlier) else None


def true_for_the_board(stones, row, column, color, earlier):
    return after_by_chains(stones, row, column, color, earlier) is not None


def old_board_for_none(stones, row, column, color, earlier):
    after = after_by_chains(stones, row, column, color, earlier)
    return stones if after is None else after


def paints_its_input(stones, row, column, color, earlier):
    after = after_by_chains(stones, row, column, color, earlier)
    if after is not None:
        stones[:] = after
    return after


def notes_the_position(stones, row, column, color, earlier):
    after = after_by_chains(stones, row, column, color, earlier)
    if after is not None:
        earlier.append(after)
    return after


def first_chain_only(stones, row, column, color, earlier):
    taken = []

    def dead(board, q):
        taken.append(not _free(board, _chain(board, *q)))
        return taken[-1] and sum(taken) == 1

    return _move(dead=dead)(stones, row, column, color, earlier)


def own_chain_is_taken_too(stones, row, column, color, earlier):
    after = _move(alive=lambda *_: True, new=lambda *_: True)(stones, row, column, color, earlier)
    if after is not None and not _free(after, chain := _chain(after, row, column)):
        for p in chain:
            after[p] = 0
    return after if after is not None and _new(after, earlier) else None


def _sweeps_of(count, order):
    """Grows a chain by going over the board a few times, in one direction."""

    def dead(board, q):
        chain = {q}
        for _ in range(count):
            for p in list(np.ndindex(board.shape))[::order]:
                if board[p] == board[q] and any(other in chain for other in _around(board, *p)):
                    chain.add(p)
        return not _free(board, chain)

    return _named(f"{count}_sweeps_{order}", _move(dead=dead))


def _rounds_of(count):
    """Follows a chain for a few steps only."""

    def dead(board, q):
        chain = {q}
        for _ in range(count):
            chain |= {p for other in chain for p in _around(board, *other) if board[p] == board[q]}
        return not _free(board, chain)

    return _named(f"{count}_rounds", _move(dead=dead))


def _torus(stones, r, c):
    n = len(stones)
    return [((r - 1) % n, c), ((r + 1) % n, c), (r, (c - 1) % n), (r, (c + 1) % n)]


def _corners(stones, r, c):
    n = len(stones)
    return [(a, b) for a in range(max(0, r - 1), min(n, r + 2)) for b in range(max(0, c - 1), min(n, c + 2))]


RULES_BROKEN = [
    _named("no_captures", _move(dead=lambda board, q: False)),
    _named("suicide_is_allowed", _move(alive=lambda *_: True)),
    _named("suicide_before_captures", _move(alive=lambda board, point, before: _free(before, _chain(before, *point)))),
    _named("alone_is_suicide", _move(alive=lambda board, point, before: _free(board, {point}))),
    _named("no_ko", _move(new=lambda *_: True)),
    _named("ko_of_one_move", _move(new=lambda board, earlier: _new(board, earlier[-2:-1]))),
    _named("only_the_oldest", _move(new=lambda board, earlier: _new(board, earlier[:1]))),
    _named("forgets_the_oldest", _move(new=lambda board, earlier: _new(board, earlier[-5:]))),
    _named("ko_by_places", _move(new=lambda board, earlier: _new(board > 0, [other > 0 for other in earlier]))),
    _named("ko_by_numbers", _move(new=lambda board, earlier: _new(board.sum(), [other.sum() for other in earlier]))),
    _named("single_stones_only", _move(dead=lambda board, q: not _free(board, {q}) and len(_chain(board, *q)) == 1)),
    _named("the_touched_stone_only", _move(dead=lambda board, q: not _free(board, {q}))),
    _named("chains_with_one_liberty", _move(dead=lambda board, q: len(_free(board, _chain(board, *q))) < 2)),
    _named("black_moves", _move(color=1)),
    _named("liberties_on_a_torus", _move(dead=lambda board, q: not any(
        board[p] == 0 for other in _chain(board, *q) for p in _torus(board, *other)))),
    _named("chains_by_corners", _move(dead=lambda board, q: not _free(board, _chain(board, *q, _corners)))),
    *(_sweeps_of(1, 1), _sweeps_of(1, -1), _sweeps_of(2, 1), _sweeps_of(2, -1)),
    *(_rounds_of(count) for count in range(1, 9)),
]  # fmt: skip


# --- 11.2 games_to_be_sure
MATCHES = {
    "matches": 10_000,
    "predicted": [0.5, 0.6, 0.8, 0.9, 0.99],
    "found": [0.1811, 0.3101, 0.5158, 0.8198, 0.9803],
    "elo": 34.9,
    "needed": 1600,
}
_handed_in = records.varied(MATCHES)


def _simulated(seed, matches=2000, share=0.55, sure=1.96, told=lambda low, high, rate: low > 0.5):
    """The measurement as students may make it: z is how wide the interval is."""
    rng, found = np.random.default_rng(seed), []
    for games in (100, 200, 400, 800, 1600):
        rate = rng.binomial(games, share, matches) / games
        center = (rate + sure**2 / 2 / games) / (1 + sure**2 / games)
        half = sure * np.sqrt(rate * (1 - rate) / games + sure**2 / 4 / games**2) / (1 + sure**2 / games)
        found.append(float(np.mean(told(center - half, center + half, rate))))
    return found


def _measured(name, *args, **options):
    found = _simulated(*args, **options)
    needed = next((g for g, s in zip((100, 200, 400, 800), found) if s >= 0.9), 1600)
    return _named(name, _handed_in(found=found, needed=needed, matches=2000))


# --- 11.3 batch_of_moves
def batch_by_loop(prior, visits, total_value, parent_value, count):
    n, w = [float(x) for x in visits], [float(x) for x in total_value]
    for _ in range(count):
        root = sum(n) ** 0.5
        scores = [(w[a] / n[a] if n[a] else parent_value) + p * root / (1 + n[a]) for a, p in enumerate(prior)]
        a = scores.index(max(scores))
        n[a], w[a] = n[a] + 1, w[a] - 1
        yield a


def batch_by_pending(prior, visits, total_value, parent_value, count):
    pending = np.zeros(len(prior), int)
    chosen = np.zeros(count, int)
    for i in range(count):
        n = visits + pending
        q = np.full(len(prior), float(parent_value))
        np.divide(total_value - pending, n, out=q, where=n > 0)
        chosen[i] = np.argmax(q + prior * np.sqrt(np.sum(n)) / (n + 1))
        pending[chosen[i]] += 1
    return chosen


def batch_by_recursion(prior, visits, total_value, parent_value, count):
    if count == 0:
        return ()
    with np.errstate(all="ignore"):
        q = np.where(visits == 0, parent_value, np.divide(total_value, visits))
    a = max(range(len(q)), key=lambda a: q[a] + prior[a] / (1 + visits[a]) * visits.sum() ** 0.5)
    one = np.arange(len(q)) == a
    return (a, *batch_by_recursion(prior, visits + one, total_value - one, parent_value, count - 1))


def _batch(unvisited=None, mean=None, bonus=None, visit=1, loss=1):
    """What students vary: the value of a move, the bonus, and what a chosen move is charged with."""
    mean = mean or (lambda w, n, parent: w / np.maximum(n, 1))
    bonus = bonus or (lambda p, n: p * np.sqrt(n.sum()) / (1 + n))

    def answer(prior, visits, total_value, parent_value, count):
        n, w, chosen = visits.astype(float), total_value.astype(float), []
        untried = parent_value if unvisited is None else unvisited(parent_value)
        for _ in range(count):
            q = np.where(n > 0, mean(w, n, parent_value), untried)
            a = int(np.argmax(q + bonus(prior, n)))
            n[a] += visit
            w[a] -= loss
            chosen.append(a)
        return chosen

    return answer


def best_of_the_scores(prior, visits, total_value, parent_value, count):
    q = np.where(visits > 0, total_value / np.maximum(visits, 1), parent_value)
    return np.argsort(-(q + prior * np.sqrt(visits.sum()) / (1 + visits)))[:count]


def never_twice(prior, visits, total_value, parent_value, count):
    n, w, chosen = visits.astype(float), total_value.astype(float), []
    for _ in range(count):
        q = np.where(n > 0, w / np.maximum(n, 1), parent_value) + prior * np.sqrt(n.sum()) / (1 + n)
        q[chosen if len(chosen) < len(q) else []] = -np.inf
        chosen.append(int(np.argmax(q)))
    return chosen


def root_of_the_first_sum(prior, visits, total_value, parent_value, count):
    root = np.sqrt(visits.sum())
    return _batch(bonus=lambda p, n: p * root / (1 + n))(prior, visits, total_value, parent_value, count)


def untried_stays_untried(prior, visits, total_value, parent_value, count):
    untried, n, w, chosen = visits == 0, visits.astype(float), total_value.astype(float), []
    for _ in range(count):
        q = np.where(untried, parent_value, w / np.maximum(n, 1))
        chosen.append(int(np.argmax(q + prior * np.sqrt(n.sum()) / (1 + n))))
        n[chosen[-1]] += 1
        w[chosen[-1]] -= 1
    return chosen


def parent_sinks(prior, visits, total_value, parent_value, count):
    n, w, chosen, total = visits.astype(float), total_value.astype(float), [], parent_value * (visits.sum() + 1)
    for _ in range(count):
        q = np.where(n > 0, w / np.maximum(n, 1), total / (n.sum() + 1))
        chosen.append(int(np.argmax(q + prior * np.sqrt(n.sum()) / (1 + n))))
        n[chosen[-1]] += 1
        w[chosen[-1]] -= 1
        total -= 1
    return chosen


def changes_the_visits(prior, visits, total_value, parent_value, count):
    batch = list(batch_by_loop(prior, visits, total_value, parent_value, count))
    np.add.at(visits, batch, 1)
    return batch


def the_last_only(prior, visits, total_value, parent_value, count):
    return list(batch_by_loop(prior, visits, total_value, parent_value, count))[-1]


def counts_by_move(prior, visits, total_value, parent_value, count):
    return np.bincount(list(batch_by_loop(prior, visits, total_value, parent_value, count)), minlength=len(prior))


# --- 11.4 values_on_the_path
def path_by_loop(movers, to_play, value, rollout, mixing):
    out, v = [], value + mixing * (rollout - value)
    for mover in movers:
        out.append(v if mover == to_play else -v)
    return np.array(out)


def path_from_the_leaf(movers, to_play, value, rollout, mixing):
    v, side, out = (1 - mixing) * value + mixing * rollout, to_play, []
    for mover in reversed(movers):
        v, side = (v, side) if mover == side else (-v, mover)
        out.append(v)
    return reversed(out)


def path_one_by_one(movers, to_play, value, rollout, mixing):
    for mover in movers:
        yield (-1.0) ** (mover + to_play) * np.interp(mixing, [0, 1], [value, rollout])


def path_in_numpy(movers, to_play, value, rollout, mixing):
    signs = np.where(np.array(movers) == to_play, 1.0, -1.0)
    return np.outer(signs, [1 - mixing, mixing]) @ [value, rollout]


def by_turns(movers, to_play, value, rollout, mixing):
    v = (1 - mixing) * value + mixing * rollout
    return [v * (-1) ** above for above in range(len(movers), 0, -1)]


def from_the_last_move(movers, to_play, value, rollout, mixing):
    return path_by_loop(movers, 1 - movers[-1], value, rollout, mixing)


def from_the_first_player(movers, to_play, value, rollout, mixing):
    return path_by_loop(movers, 0, value, rollout, mixing)


def same_sign(movers, to_play, value, rollout, mixing):
    return [(1 - mixing) * value + mixing * rollout] * len(movers)


def leaf_not_turned(movers, to_play, value, rollout, mixing):
    return path_by_loop(movers, 1 - to_play, value, rollout, mixing)


def upside_down(movers, to_play, value, rollout, mixing):
    return path_by_loop(movers, to_play, value, rollout, mixing)[::-1]


def mixing_swapped(movers, to_play, value, rollout, mixing):
    return path_by_loop(movers, to_play, value, rollout, 1 - mixing)


def only_the_network(movers, to_play, value, rollout, mixing):
    return path_by_loop(movers, to_play, value, rollout, 0)


def rollout_not_turned(movers, to_play, value, rollout, mixing):
    return path_by_loop(movers, to_play, value, -rollout, mixing)


def adds_without_weights(movers, to_play, value, rollout, mixing):
    return path_by_loop(movers, to_play, value + mixing * rollout, 0, 0)


def one_more_for_the_leaf(movers, to_play, value, rollout, mixing):
    return path_by_loop([*movers, to_play], to_play, value, rollout, mixing)


def one_too_few(movers, to_play, value, rollout, mixing):
    return path_by_loop(movers, to_play, value, rollout, mixing)[1:]


def fades_on_the_way(movers, to_play, value, rollout, mixing):
    return path_by_loop(movers, to_play, value, rollout, mixing) / np.arange(len(movers), 0, -1)


def only_the_last(movers, to_play, value, rollout, mixing):
    return path_by_loop(movers, to_play, value, rollout, mixing)[-1]


def either_or(movers, to_play, value, rollout, mixing):
    return path_by_loop(movers, to_play, value, rollout, 1 if mixing > 0.5 else 0)


def turns_its_input(movers, to_play, value, rollout, mixing):
    movers.reverse()
    return list(path_by_loop(movers[::-1], to_play, value, rollout, mixing))


# --- 11.5 turn_back
def back_by_indices(policy, size, quarter_turns):
    index = np.arange(size * size).reshape(size, size)
    for _ in range(quarter_turns):
        index = index[::-1].T
    return np.concatenate([policy[index.ravel()], policy[-1:]])


def back_by_transposing(policy, size, quarter_turns):
    board = policy[: size * size].reshape(size, size)
    for _ in range(quarter_turns):
        board = board.T[:, ::-1]
    return [*board.ravel(), policy[size * size]]


def back_by_loops(policy, size, quarter_turns):
    turned = list(policy)
    for _ in range(quarter_turns):
        before = turned[:]
        for row in range(size):
            for column in range(size):
                turned[row * size + column] = before[(size - 1 - column) * size + row]
    return tuple(turned)


def back_by_going_on(policy, size, quarter_turns):
    turned = policy.copy()
    turned[:-1] = np.rot90(policy[:-1].reshape(size, size), k=4 - quarter_turns).flatten()
    return turned


def turns_on(policy, size, quarter_turns):
    return np.append(np.rot90(policy[:-1].reshape(size, size), quarter_turns).ravel(), policy[-1])


def forgets_passing(policy, size, quarter_turns):
    return np.rot90(policy[:-1].reshape(size, size), -quarter_turns).ravel()


def pass_in_front(policy, size, quarter_turns):
    return np.append(policy[0], np.rot90(policy[1:].reshape(size, size), -quarter_turns).ravel())


def reflects(policy, size, quarter_turns):
    return np.append(policy[:-1].reshape(size, size).T.ravel(), policy[-1])


def changes_its_input(policy, size, quarter_turns):
    policy[:-1] = np.rot90(policy[:-1].reshape(size, size), -quarter_turns).flatten()
    return policy


def one_turn_only(policy, size, quarter_turns):
    return back_by_going_on(policy, size, 1)


def turns_once_too_often(policy, size, quarter_turns):
    return back_by_going_on(policy, size, quarter_turns + 1)


def passing_first(policy, size, quarter_turns):
    return np.append(policy[-1], np.rot90(policy[:-1].reshape(size, size), -quarter_turns).ravel())


def reads_column_by_column(policy, size, quarter_turns):
    return np.append(np.rot90(policy[:-1].reshape(size, size, order="F"), -quarter_turns).ravel(), policy[-1])


def passing_is_lost(policy, size, quarter_turns):
    return np.append(np.rot90(policy[:-1].reshape(size, size), -quarter_turns).ravel(), 0.0)


def passing_shared_out(policy, size, quarter_turns):
    turned = back_by_going_on(policy, size, quarter_turns)
    return turned / turned[:-1].sum()


def half_turns(policy, size, quarter_turns):
    return back_by_going_on(policy, size, 2 * quarter_turns)


# --- 11.6 look_eight_times
RECORD = {
    "change": "mean over the eight symmetries",
    "predicted": 0.01,
    "before": [0.6404, 0.6106, 0.6222, 0.6229],
    "after": [0.6569, 0.6289, 0.6373, 0.6409],
    "effect": 0.017,
    "doubt": 0.00074,
}


ALTERNATIVES = {
    "11.1": [after_by_chains, after_by_labels, after_by_hashes, after_by_the_engine, _move()],
    "11.2": [
        _measured("simulated", 1),
        _named("rounded", _handed_in(found=(0.18, 0.31, 0.52, 0.82, 0.98), elo=35, note="I had expected more.")),
        _named("in_arrays", _handed_in(found=np.array(MATCHES["found"]), elo=np.float64(34.86), needed=np.int64(1600))),
        _measured("plain_interval", 2, told=lambda low, high, rate: rate - 0.5 > high - rate),
    ],
    "11.3": [batch_by_loop, batch_by_pending, batch_by_recursion, _batch()],
    "11.4": [path_by_loop, path_from_the_leaf, path_one_by_one, path_in_numpy],
    "11.5": [back_by_indices, back_by_transposing, back_by_loops, back_by_going_on],
    "11.6": records.forms(RECORD),
}
WRONG = {
    "11.1": [
        *(occupied_is_allowed, only_a_stone, true_for_the_board, old_board_for_none, paints_its_input),
        *(notes_the_position, first_chain_only, own_chain_is_taken_too, *RULES_BROKEN),
    ],
    "11.2": [
        _named("only_the_shares", lambda: MATCHES["found"]),
        _named("no_prediction", _handed_in("predicted")),
        _named("prediction_copied", _handed_in(predicted=MATCHES["found"])),
        _named("one_prediction", _handed_in(predicted=0.5)),
        _named("few_matches", _handed_in(matches=50)),
        _named("in_percent", _handed_in(found=[100 * share for share in MATCHES["found"]])),
        _named("shares_missed", _handed_in(found=[1 - share for share in MATCHES["found"]], needed=100)),
        _named("upside_down", _handed_in(found=MATCHES["found"][::-1])),
        _measured("ahead_is_enough", 3, told=lambda low, high, rate: rate > 0.5),
        _measured("interval_holds_the_truth", 4, told=lambda low, high, rate: (low < 0.55) & (high > 0.55)),
        _measured("interval_holds_a_half", 5, told=lambda low, high, rate: (low < 0.5) & (high > 0.5)),
        _measured("one_in_a_hundred", 6, sure=2.576),
        _measured("nine_of_ten", 7, sure=1.645),
        _measured("sixty_of_a_hundred", 8, share=0.6),
        _measured("equal_players", 9, share=0.5),
        _named("needed_is_a_half", _handed_in(needed=400)),
        _named("needed_is_the_last_below", _handed_in(needed=800)),
        _named("needed_is_an_index", _handed_in(needed=4)),
        _named("elo_of_the_loser", _handed_in(elo=-34.9)),
        _named("elo_of_the_share", _handed_in(elo=400 * np.log10(0.55))),
        _named("elo_by_natural_logarithm", _handed_in(elo=400 * np.log(0.55 / 0.45))),
        _named("elo_of_five_points", _handed_in(elo=20.0)),
    ],
    "11.3": [
        *(best_of_the_scores, never_twice, root_of_the_first_sum, untried_stays_untried, parent_sinks),
        *(changes_the_visits, the_last_only, counts_by_move),
        _named("no_virtual_loss", _batch(visit=0, loss=0)),
        _named("a_visit_and_no_loss", _batch(loss=0)),
        _named("a_loss_and_no_visit", _batch(visit=0)),
        _named("virtual_win", _batch(loss=-1)),
        _named("unvisited_is_zero", _batch(unvisited=lambda parent: 0.0)),
        _named("unvisited_is_lost", _batch(unvisited=lambda parent: -1.0)),
        _named("parent_from_the_other_side", _batch(unvisited=lambda parent: -parent)),
        _named("sums_for_means", _batch(mean=lambda w, n, parent: w)),
        _named("means_over_one_more", _batch(mean=lambda w, n, parent: w / (1 + n))),
        _named("lectures_formula", _batch(bonus=lambda p, n: p / (1 + n))),
        _named("own_root", _batch(bonus=lambda p, n: p * np.sqrt(n) / (1 + n))),
        _named("no_root", _batch(bonus=lambda p, n: p * n.sum() / (1 + n))),
        _named("root_of_one_more", _batch(bonus=lambda p, n: p * np.sqrt(1 + n.sum()) / (1 + n))),
        _named("divides_by_n", _batch(bonus=lambda p, n: p * np.sqrt(n.sum()) / np.maximum(n, 1))),
        _named("upper_confidence_bound", _batch(bonus=lambda p, n: p * np.sqrt(np.log(1 + n.sum()) / (1 + n)))),
        _named("prior_forgotten", _batch(bonus=lambda p, n: np.sqrt(n.sum()) / (1 + n) / len(p))),
        _named("value_alone", _batch(bonus=lambda p, n: 0 * p)),
        _named("opponents_value", _batch(mean=lambda w, n, parent: -w / np.maximum(n, 1))),
    ],
    "11.4": [
        *(by_turns, from_the_last_move, from_the_first_player, same_sign, leaf_not_turned, upside_down),
        *(mixing_swapped, only_the_network, rollout_not_turned, adds_without_weights, one_more_for_the_leaf),
        *(one_too_few, fades_on_the_way, only_the_last, either_or, turns_its_input),
    ],
    "11.5": [
        *(turns_on, forgets_passing, pass_in_front, reflects, changes_its_input, one_turn_only),
        *(turns_once_too_often, passing_first, reads_column_by_column, passing_is_lost, passing_shared_out, half_turns),
    ],
    "11.6": records.mistakes(RECORD),
}
