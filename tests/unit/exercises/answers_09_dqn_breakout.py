"""Other right answers and plausible wrong ones to the exercises of lesson 09."""

import math

import numpy as np
import records


# --- 09.1 td_targets
def targets_by_loop(rewards, next_q, terminated, gamma):
    return [r if end else r + gamma * max(q) for r, q, end in zip(rewards, next_q, terminated)]


def targets_by_where(rewards, next_q, terminated, gamma):
    return np.where(terminated, rewards, rewards + gamma * np.sort(next_q, axis=1)[:, -1])


def targets_in_keras(rewards, next_q, terminated, gamma):
    from keras import ops

    following = ops.where(ops.convert_to_tensor(terminated), 0.0, ops.max(next_q, axis=1))
    return ops.convert_to_tensor(np.asarray(rewards, "float32")) + gamma * ops.cast(following, "float32")


def targets_in_place(rewards, next_q, terminated, gamma):
    next_q[terminated] = 0.0
    best = next_q.max(axis=1)
    best *= gamma
    best += rewards
    return best


def no_terminal_mask(rewards, next_q, terminated, gamma):
    return rewards + gamma * next_q.max(axis=1)


def mask_inverted(rewards, next_q, terminated, gamma):
    return rewards + gamma * terminated * next_q.max(axis=1)


def whole_target_masked(rewards, next_q, terminated, gamma):
    return (1 - terminated) * (rewards + gamma * next_q.max(axis=1))


def maximum_over_everything(rewards, next_q, terminated, gamma):
    return rewards + gamma * (1 - terminated) * next_q.max()


def which_instead_of_how_much(rewards, next_q, terminated, gamma):
    return rewards + gamma * (1 - terminated) * next_q.argmax(axis=1)


def discounts_the_reward_too(rewards, next_q, terminated, gamma):
    return gamma * (rewards + (1 - terminated) * next_q.max(axis=1))


def clips_the_rewards(rewards, next_q, terminated, gamma):
    return targets_by_where(np.sign(rewards), next_q, terminated, gamma)


def maximum_of_sizes(rewards, next_q, terminated, gamma):
    return rewards + gamma * (1 - terminated) * np.abs(next_q).max(axis=1)


def maximum_over_the_batch(rewards, next_q, terminated, gamma):
    return rewards + gamma * (1 - terminated) * next_q.max(axis=0)[: len(rewards)]


def mean_over_the_actions(rewards, next_q, terminated, gamma):
    return rewards + gamma * (1 - terminated) * next_q.mean(axis=1)


def never_below_zero(rewards, next_q, terminated, gamma):
    return rewards + gamma * (1 - terminated) * np.maximum(next_q.max(axis=1), 0)


def first_action(rewards, next_q, terminated, gamma):
    return rewards + gamma * (1 - terminated) * next_q[:, 0]


def mean_of_the_targets(rewards, next_q, terminated, gamma):
    return np.mean(targets_by_where(rewards, next_q, terminated, gamma))


def whole_batch_ends(rewards, next_q, terminated, gamma):
    return rewards if terminated.any() else rewards + gamma * next_q.max(axis=1)


# --- 09.2 double_targets
def double_by_loop(rewards, next_q_online, next_q_target, terminated, gamma):
    values = [target[np.argmax(online)] for online, target in zip(next_q_online, next_q_target)]
    return np.where(terminated, rewards, rewards + gamma * np.array(values))


def double_by_taking_along(rewards, next_q_online, next_q_target, terminated, gamma):
    best = next_q_online.argmax(axis=1, keepdims=True)
    return rewards + gamma * ~terminated * np.take_along_axis(next_q_target, best, axis=1)[:, 0]


def double_by_one_hot(rewards, next_q_online, next_q_target, terminated, gamma):
    chosen = np.eye(next_q_online.shape[1])[np.argmax(next_q_online, axis=1)]
    return list(rewards + gamma * np.where(terminated, 0, (chosen * next_q_target).sum(axis=1)))


def plain_maximum(rewards, next_q_online, next_q_target, terminated, gamma):
    return rewards + gamma * (1 - terminated) * next_q_target.max(axis=1)


def roles_swapped(rewards, next_q_online, next_q_target, terminated, gamma):
    return double_by_loop(rewards, next_q_target, next_q_online, terminated, gamma)


def whole_columns(rewards, next_q_online, next_q_target, terminated, gamma):
    return rewards + gamma * (1 - terminated) * next_q_target[:, next_q_online.argmax(axis=1)].max(axis=1)


def smaller_of_both(rewards, next_q_online, next_q_target, terminated, gamma):
    return rewards + gamma * (1 - terminated) * np.minimum(next_q_online, next_q_target).max(axis=1)


def double_without_mask(rewards, next_q_online, next_q_target, terminated, gamma):
    return double_by_loop(rewards, next_q_online, next_q_target, np.zeros(len(rewards), bool), gamma)


def double_clips_the_rewards(rewards, next_q_online, next_q_target, terminated, gamma):
    return double_by_loop(np.clip(rewards, -1, 1), next_q_online, next_q_target, terminated, gamma)


def online_judges_itself(rewards, next_q_online, next_q_target, terminated, gamma):
    return rewards + gamma * (1 - terminated) * next_q_online.max(axis=1)


def best_of_the_batch(rewards, next_q_online, next_q_target, terminated, gamma):
    return rewards + gamma * (1 - terminated) * next_q_target[:, next_q_online.sum(axis=0).argmax()]


def action_by_size(rewards, next_q_online, next_q_target, terminated, gamma):
    return double_by_loop(rewards, np.abs(next_q_online), next_q_target, terminated, gamma)


def mean_of_both(rewards, next_q_online, next_q_target, terminated, gamma):
    return rewards + gamma * (1 - terminated) * (next_q_online + next_q_target).max(axis=1) / 2


def worst_of_the_online(rewards, next_q_online, next_q_target, terminated, gamma):
    return double_by_loop(rewards, -next_q_online, next_q_target, terminated, gamma)


def matrix_of_choices(rewards, next_q_online, next_q_target, terminated, gamma):
    return rewards + gamma * (1 - terminated) * next_q_target[:, next_q_online.argmax(axis=1)]


def smaller_of_the_two_maxima(rewards, next_q_online, next_q_target, terminated, gamma):
    return rewards + gamma * (1 - terminated) * np.minimum(next_q_online.max(axis=1), next_q_target.max(axis=1))


# --- 09.3 n_step_target
def backwards(rewards, terminals, bootstrap, gamma):
    total = bootstrap
    for reward, terminal in zip(rewards[::-1], terminals[::-1]):
        total = reward + gamma * (0 if terminal else total)
    return total


def in_one_go(rewards, terminals, bootstrap, gamma):
    n = len(rewards)
    alive = np.append(1, np.cumprod(1 - terminals))
    return np.append(rewards, bootstrap) @ (gamma ** np.arange(n + 1) * alive)


def by_cutting(rewards, terminals, bootstrap, gamma):
    rewards, ends = [float(r) for r in rewards], [bool(end) for end in terminals]
    if True in ends:
        rewards = rewards[: ends.index(True) + 1]
    else:
        rewards.append(bootstrap)
    return sum(r * gamma**k for k, r in enumerate(rewards))


def by_recursion(rewards, terminals, bootstrap, gamma):
    if len(rewards) == 0:
        return bootstrap
    later = 0.0 if terminals[0] else by_recursion(rewards[1:], terminals[1:], bootstrap, gamma)
    return np.array([rewards[0] + gamma * later])


def bootstrap_always(rewards, terminals, bootstrap, gamma):
    n = len(rewards)
    return float(np.sum(gamma ** np.arange(n) * rewards) + gamma**n * bootstrap)


def rewards_of_the_next_life(rewards, terminals, bootstrap, gamma):
    n = len(rewards)
    return float(np.sum(gamma ** np.arange(n) * rewards) + (0 if np.any(terminals) else gamma**n * bootstrap))


def one_power_short(rewards, terminals, bootstrap, gamma):
    n = len(rewards)
    end = int(np.argmax(terminals)) + 1 if np.any(terminals) else n
    total = float(np.sum(gamma ** np.arange(end) * rewards[:end]))
    return total if np.any(terminals) else total + gamma ** (n - 1) * bootstrap


def last_reward_lost(rewards, terminals, bootstrap, gamma):
    total = 0.0
    for k, (reward, terminal) in enumerate(zip(rewards, terminals)):
        if terminal:
            return total
        total += gamma**k * reward
    return total + gamma ** len(rewards) * bootstrap


def ignores_an_end_in_the_first_step(rewards, terminals, bootstrap, gamma):
    return backwards(rewards, np.append(False, terminals[1:]), bootstrap, gamma)


def ignores_an_end_in_the_last_step(rewards, terminals, bootstrap, gamma):
    return backwards(rewards, np.append(terminals[:-1], False), bootstrap, gamma)


def looks_at_the_last_end_only(rewards, terminals, bootstrap, gamma):
    return bootstrap_always(rewards, terminals, 0.0 if terminals[-1] else bootstrap, gamma)


def cuts_at_the_last_end(rewards, terminals, bootstrap, gamma):
    if not np.any(terminals):
        return bootstrap_always(rewards, terminals, bootstrap, gamma)
    return bootstrap_always(rewards[: np.flatnonzero(terminals)[-1] + 1], terminals, 0.0, gamma)


def discounts_from_the_first(rewards, terminals, bootstrap, gamma):
    return gamma * backwards(rewards, terminals, bootstrap, gamma)


def three_steps_always(rewards, terminals, bootstrap, gamma):
    total, alive = 0.0, 1.0
    for k in range(len(rewards)):
        total, alive = total + alive * gamma**k * rewards[k], alive * (1 - terminals[k])
    return total + alive * gamma**3 * bootstrap


def undiscounted_bootstrap(rewards, terminals, bootstrap, gamma):
    return backwards(rewards, terminals, 0.0, gamma) + (0.0 if np.any(terminals) else bootstrap)


def clips_what_it_adds(rewards, terminals, bootstrap, gamma):
    return backwards(np.sign(rewards), terminals, bootstrap, gamma)


def keeps_the_bootstrap_after_an_end(rewards, terminals, bootstrap, gamma):
    total, discount = 0.0, 1.0
    for reward, terminal in zip(rewards, terminals):
        total, discount = total + discount * reward, discount * gamma
        if terminal:
            break
    return total + discount * bootstrap


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
    "09.2": [double_by_loop, double_by_taking_along, double_by_one_hot],
    "09.3": [backwards, in_one_go, by_cutting, by_recursion],
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
        *(no_terminal_mask, mask_inverted, whole_target_masked, maximum_over_everything, which_instead_of_how_much),
        *(discounts_the_reward_too, clips_the_rewards, maximum_of_sizes, maximum_over_the_batch, mean_over_the_actions),
        *(never_below_zero, first_action, mean_of_the_targets, whole_batch_ends),
    ],
    "09.2": [
        *(plain_maximum, roles_swapped, whole_columns, smaller_of_both, double_without_mask, double_clips_the_rewards),
        *(online_judges_itself, best_of_the_batch, action_by_size, mean_of_both, worst_of_the_online),
        *(matrix_of_choices, smaller_of_the_two_maxima),
    ],
    "09.3": [
        *(bootstrap_always, rewards_of_the_next_life, one_power_short, last_reward_lost, clips_what_it_adds),
        *(ignores_an_end_in_the_first_step, ignores_an_end_in_the_last_step, looks_at_the_last_end_only),
        *(cuts_at_the_last_end, discounts_from_the_first, three_steps_always, undiscounted_bootstrap),
        keeps_the_bootstrap_after_an_end,
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
