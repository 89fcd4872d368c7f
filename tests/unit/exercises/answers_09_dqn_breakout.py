"""Other right answers and plausible wrong ones to the exercises of lesson 09."""

import math

import numpy as np
import records


# --- 09.1 td_targets
def targets_by_loop(rewards, next_q, final_q, terminated, truncated, gamma):
    targets = []
    for reward, following, final, end, cut in zip(rewards, next_q, final_q, terminated, truncated):
        targets.append(reward if end else reward + gamma * max(final if cut else following))
    return targets


def targets_by_where(rewards, next_q, final_q, terminated, truncated, gamma):
    asked = np.where(truncated[:, None], final_q, next_q)
    return np.where(terminated, rewards, rewards + gamma * np.sort(asked, axis=1)[:, -1])


def targets_in_keras(rewards, next_q, final_q, terminated, truncated, gamma):
    from keras import ops

    asked = ops.where(ops.convert_to_tensor(truncated)[:, None], final_q, next_q)
    following = ops.where(ops.convert_to_tensor(terminated), 0.0, ops.max(asked, axis=1))
    return ops.convert_to_tensor(np.asarray(rewards, "float32")) + gamma * ops.cast(following, "float32")


def targets_in_place(rewards, next_q, final_q, terminated, truncated, gamma):
    next_q[truncated] = final_q[truncated]
    next_q[terminated] = 0.0
    best = next_q.max(axis=1)
    best *= gamma
    best += rewards
    return best


def _of(rewards, asked, terminated, gamma):
    return rewards + gamma * (1 - terminated) * asked.max(axis=1)


def a_cut_is_an_end(rewards, next_q, final_q, terminated, truncated, gamma):
    return _of(rewards, next_q, terminated | truncated, gamma)


def asks_the_next_game(rewards, next_q, final_q, terminated, truncated, gamma):
    return _of(rewards, next_q, terminated, gamma)


def asks_the_old_game_always(rewards, next_q, final_q, terminated, truncated, gamma):
    return _of(rewards, final_q, terminated, gamma)


def a_cut_revives(rewards, next_q, final_q, terminated, truncated, gamma):
    return _of(rewards, np.where(truncated[:, None], final_q, next_q), terminated & ~truncated, gamma)


def games_swapped(rewards, next_q, final_q, terminated, truncated, gamma):
    return targets_by_where(rewards, final_q, next_q, terminated, truncated, gamma)


def no_terminal_mask(rewards, next_q, final_q, terminated, truncated, gamma):
    return targets_by_where(rewards, next_q, final_q, np.zeros(len(rewards), bool), truncated, gamma)


def whole_target_masked(rewards, next_q, final_q, terminated, truncated, gamma):
    return (1 - terminated) * targets_by_where(rewards, next_q, final_q, terminated, truncated, gamma)


def maximum_of_both_games(rewards, next_q, final_q, terminated, truncated, gamma):
    both = np.where(truncated[:, None], np.maximum(next_q, final_q), next_q)
    return _of(rewards, both, terminated, gamma)


def which_instead_of_how_much(rewards, next_q, final_q, terminated, truncated, gamma):
    asked = np.where(truncated[:, None], final_q, next_q)
    return rewards + gamma * (1 - terminated) * asked.argmax(axis=1)


def discounts_the_reward_too(rewards, next_q, final_q, terminated, truncated, gamma):
    return gamma * _of(rewards, np.where(truncated[:, None], final_q, next_q), terminated, 1.0)


def clips_the_rewards(rewards, next_q, final_q, terminated, truncated, gamma):
    return targets_by_where(np.sign(rewards), next_q, final_q, terminated, truncated, gamma)


def maximum_over_the_batch(rewards, next_q, final_q, terminated, truncated, gamma):
    asked = np.where(truncated[:, None], final_q, next_q)
    return rewards + gamma * (1 - terminated) * asked.max()


def never_below_zero(rewards, next_q, final_q, terminated, truncated, gamma):
    asked = np.where(truncated[:, None], final_q, next_q)
    return _of(rewards, np.maximum(asked, 0), terminated, gamma)


def mean_over_the_actions(rewards, next_q, final_q, terminated, truncated, gamma):
    asked = np.where(truncated[:, None], final_q, next_q)
    return rewards + gamma * (1 - terminated) * asked.mean(axis=1)


# --- 09.2 cautious_targets
def cautious_by_loop(rewards, next_q_online, next_q_target, terminated, gamma):
    values = [min(one[np.argmax(one)], two[np.argmax(one)]) for one, two in zip(next_q_online, next_q_target)]
    return np.where(terminated, rewards, rewards + gamma * np.array(values))


def cautious_by_taking_along(rewards, next_q_online, next_q_target, terminated, gamma):
    best = next_q_online.argmax(axis=1, keepdims=True)
    smaller = np.minimum(next_q_online, next_q_target)
    return rewards + gamma * ~terminated * np.take_along_axis(smaller, best, axis=1)[:, 0]


def cautious_by_one_hot(rewards, next_q_online, next_q_target, terminated, gamma):
    chosen = np.eye(next_q_online.shape[1])[np.argmax(next_q_online, axis=1)]
    judged = np.minimum(next_q_online.max(axis=1), (chosen * next_q_target).sum(axis=1))
    return list(rewards + gamma * np.where(terminated, 0, judged))


def double_by_loop(rewards, next_q_online, next_q_target, terminated, gamma):
    values = [target[np.argmax(online)] for online, target in zip(next_q_online, next_q_target)]
    return np.where(terminated, rewards, rewards + gamma * np.array(values))


def plain_maximum(rewards, next_q_online, next_q_target, terminated, gamma):
    return rewards + gamma * (1 - terminated) * next_q_target.max(axis=1)


def roles_swapped(rewards, next_q_online, next_q_target, terminated, gamma):
    return cautious_by_loop(rewards, next_q_target, next_q_online, terminated, gamma)


def best_of_the_smaller(rewards, next_q_online, next_q_target, terminated, gamma):
    return rewards + gamma * (1 - terminated) * np.minimum(next_q_online, next_q_target).max(axis=1)


def smaller_of_the_two_maxima(rewards, next_q_online, next_q_target, terminated, gamma):
    return rewards + gamma * (1 - terminated) * np.minimum(next_q_online.max(axis=1), next_q_target.max(axis=1))


def the_larger_one(rewards, next_q_online, next_q_target, terminated, gamma):
    return -cautious_by_taking_along(-rewards, -next_q_online, -next_q_target, terminated, gamma)


def larger_of_the_action(rewards, next_q_online, next_q_target, terminated, gamma):
    best = next_q_online.argmax(axis=1, keepdims=True)
    larger = np.maximum(next_q_online, next_q_target)
    return rewards + gamma * ~terminated * np.take_along_axis(larger, best, axis=1)[:, 0]


def cautious_without_mask(rewards, next_q_online, next_q_target, terminated, gamma):
    return cautious_by_loop(rewards, next_q_online, next_q_target, np.zeros(len(rewards), bool), gamma)


def cautious_clips_the_rewards(rewards, next_q_online, next_q_target, terminated, gamma):
    return cautious_by_loop(np.clip(rewards, -1, 1), next_q_online, next_q_target, terminated, gamma)


def online_judges_itself(rewards, next_q_online, next_q_target, terminated, gamma):
    return rewards + gamma * (1 - terminated) * next_q_online.max(axis=1)


def smallest_of_everything(rewards, next_q_online, next_q_target, terminated, gamma):
    return rewards + gamma * (1 - terminated) * np.minimum(next_q_online, next_q_target).min(axis=1)


def mean_of_both(rewards, next_q_online, next_q_target, terminated, gamma):
    best = next_q_online.argmax(axis=1, keepdims=True)
    mean = (next_q_online + next_q_target) / 2
    return rewards + gamma * ~terminated * np.take_along_axis(mean, best, axis=1)[:, 0]


def smallest_target_of_the_batch(rewards, next_q_online, next_q_target, terminated, gamma):
    return np.full(
        len(rewards), cautious_by_taking_along(rewards, next_q_online, next_q_target, terminated, gamma).min()
    )


# --- 09.3 n_steps_ahead
def by_recursion(rewards, ends, values, n, gamma):
    def target(step, left):
        if left == 0 or step == len(rewards):
            return values[step]
        return rewards[step] + (0.0 if ends[step] else gamma * target(step + 1, left - 1))

    return np.array([target(step, n) for step in range(len(rewards))])


def round_by_round(rewards, ends, values, n, gamma):
    ahead = np.array(values, dtype=float)
    for _ in range(min(n, len(rewards))):
        ahead[:-1] = rewards + gamma * (1 - ends) * ahead[1:]
    return ahead[:-1]


def by_cutting(rewards, ends, values, n, gamma):
    targets = []
    for first in range(len(rewards)):
        last = min(first + n, len(rewards))
        over = [step for step in range(first, last) if ends[step]]
        counted = list(rewards[first : over[0] + 1]) if over else [*rewards[first:last], values[last]]
        targets.append(sum(float(number) * gamma**k for k, number in enumerate(counted)))
    return targets


def never_ends(rewards, ends, values, n, gamma):
    return round_by_round(rewards, np.zeros(len(ends), bool), values, n, gamma)


def rewards_of_the_next_life(rewards, ends, values, n, gamma):
    targets = []
    for first in range(len(rewards)):
        last = min(first + n, len(rewards))
        total = sum(rewards[first + k] * gamma**k for k in range(last - first))
        targets.append(total + (0.0 if any(ends[first:last]) else gamma ** (last - first) * values[last]))
    return targets


def nothing_after_the_record(rewards, ends, values, n, gamma):
    return by_cutting(rewards, ends, np.append(values[:-1], 0.0), n, gamma)


def zeros_beyond_the_record(rewards, ends, values, n, gamma):
    padded = np.concatenate([rewards, np.zeros(n)]), np.concatenate([ends, np.zeros(n, bool)])
    return by_cutting(*padded, np.concatenate([values, np.zeros(n)]), n, gamma)[: len(rewards)]


def always_power_n(rewards, ends, values, n, gamma):
    targets = []
    for first in range(len(rewards)):
        last = min(first + n, len(rewards))
        total, alive = 0.0, True
        for k in range(last - first):
            total += alive * gamma**k * rewards[first + k]
            alive = alive and not ends[first + k]
        targets.append(total + alive * gamma**n * values[last])
    return targets


def one_step_short(rewards, ends, values, n, gamma):
    return by_cutting(rewards, ends, values, max(1, n - 1), gamma)


def one_step_far(rewards, ends, values, n, gamma):
    return by_cutting(rewards, ends, values, n + 1, gamma)


def always_one_step(rewards, ends, values, n, gamma):
    return by_cutting(rewards, ends, values, 1, gamma)


def to_the_end_of_the_record(rewards, ends, values, n, gamma):
    return by_cutting(rewards, ends, values, len(rewards), gamma)


def last_reward_lost(rewards, ends, values, n, gamma):
    return by_cutting(np.where(ends, 0, rewards), ends, values, n, gamma)


def discounts_from_the_first(rewards, ends, values, n, gamma):
    return [gamma * target for target in by_cutting(rewards, ends, values, n, gamma)]


def asks_one_moment_early(rewards, ends, values, n, gamma):
    return by_cutting(rewards, ends, np.append(values[0], values[:-1]), n, gamma)


def clips_what_it_adds(rewards, ends, values, n, gamma):
    return by_cutting(np.sign(rewards), ends, values, n, gamma)


def ignores_an_end_in_the_first_step(rewards, ends, values, n, gamma):
    return [
        by_cutting(rewards[k:], np.append(False, ends[k + 1 :]), values[k:], n, gamma)[0] for k in range(len(rewards))
    ]


# --- 09.4 steps_until_worthless
def by_counting_powers(gamma, share):
    worth, k = 1.0, 0
    while worth >= share:
        worth, k = worth * gamma, k + 1
    return k


def by_logarithms(gamma, share):
    if share > 1:
        return 0
    return 1 if gamma == 0 else math.floor(math.log(share) / math.log(gamma)) + 1


def by_a_long_array(gamma, share):
    return np.argmax(float(gamma) ** np.arange(100_000) < share)


def by_recursion_on_the_share(gamma, share):
    from itertools import count

    return float(next(k for k in count() if gamma**k < share))


def horizon(gamma, share):
    return round(1 / (1 - gamma)) if gamma else 1


def not_strict(gamma, share):
    k = 0
    while gamma**k > share:
        k += 1
    return k


def rounded_down(gamma, share):
    if gamma == 0 or share > 1:
        return 0 if share > 1 else 1
    return int(math.log(share) / math.log(gamma))


def not_a_whole_number(gamma, share):
    if gamma == 0 or share > 1:
        return 0 if share > 1 else 1
    return math.log(share) / math.log(gamma)


def starts_at_one(gamma, share):
    k = 1
    while gamma**k >= share:
        k += 1
    return k


def one_too_many(gamma, share):
    return by_counting_powers(gamma, share) + 1


def one_too_few(gamma, share):
    return by_counting_powers(gamma, share) - 1


def rounded_up(gamma, share):
    if gamma == 0 or share >= 1:
        return int(share <= 1)
    return math.ceil(math.log(share) / math.log(gamma))


def rounded(gamma, share):
    if gamma == 0 or share > 1:
        return int(share <= 1)
    return round(math.log(share) / math.log(gamma)) + 1


def adds_up(gamma, share):
    k, total = 0, 1.0
    while total < share:
        k, total = k + 1, total + gamma ** (k + 1)
    return k


def negative_steps(gamma, share):
    return 1 if gamma == 0 else math.floor(math.log(share) / math.log(gamma)) + 1


def always_a_half(gamma, share):
    return by_counting_powers(gamma, 0.5)


# --- 09.5 memory_experiment
FOUND = {"games": 10, "predicted": [5, 60, 200, 300], "scores": [11.3, 53.6, 169.5, 288.4], "enough": 3}


_found = records.varied(FOUND)


ALTERNATIVES = {
    "09.1": [targets_by_loop, targets_by_where, targets_in_keras, targets_in_place],
    "09.2": [cautious_by_loop, cautious_by_taking_along, cautious_by_one_hot],
    "09.3": [by_recursion, round_by_round, by_cutting],
    "09.4": [by_counting_powers, by_logarithms, by_a_long_array, by_recursion_on_the_share],
    "09.5": [
        _found(),
        _found(scores=np.array([1.0, 290.5, 280.0, 301.2]), enough=np.int64(2), note="I was wrong"),
        _found(scores=(0.0, 20.0, 150.0, 300.0), enough=3.0, predicted=(300, 300, 300, 300), games=4),
        _found(scores=[200, 200, 200, 300], enough=1),
    ],
}
WRONG = {
    "09.1": [
        *(a_cut_is_an_end, asks_the_next_game, asks_the_old_game_always, a_cut_revives, games_swapped),
        *(no_terminal_mask, whole_target_masked, maximum_of_both_games, which_instead_of_how_much),
        *(discounts_the_reward_too, clips_the_rewards, maximum_over_the_batch, never_below_zero, mean_over_the_actions),
    ],
    "09.2": [
        *(double_by_loop, plain_maximum, roles_swapped, best_of_the_smaller, smaller_of_the_two_maxima),
        *(the_larger_one, larger_of_the_action, cautious_without_mask, cautious_clips_the_rewards),
        *(online_judges_itself, smallest_of_everything, mean_of_both, smallest_target_of_the_batch),
    ],
    "09.3": [
        *(never_ends, rewards_of_the_next_life, nothing_after_the_record, zeros_beyond_the_record, always_power_n),
        *(one_step_short, one_step_far, always_one_step, to_the_end_of_the_record, last_reward_lost),
        *(discounts_from_the_first, asks_one_moment_early, clips_what_it_adds, ignores_an_end_in_the_first_step),
    ],
    "09.4": [
        *(horizon, not_strict, rounded_down, not_a_whole_number, starts_at_one, one_too_many, one_too_few, rounded_up),
        *(rounded, adds_up, negative_steps, always_a_half),
    ],
    "09.5": [
        *(_found("predicted"), _found(games=1), _found(scores=FOUND["predicted"], enough=3), _found(enough=4)),
        *(
            _found(enough=5),
            _found(scores=[280, 110, 30.5, 2.1], enough=1),
            _found(scores=[300, 20, 30, 280], enough=1),
        ),
        *(_found(scores=[2.1, 30.5, 280.0]), _found(predicted="more"), _found(scores=[2, 3, float("nan"), 280])),
        *(lambda: None, lambda: list(FOUND.values()), _found(predicted=[-5, 10, 100, 200])),
    ],
}
