"""Other right answers and plausible wrong ones to the exercises of lesson 09."""

import math

import numpy as np


def targets_by_loop(rewards, next_q, terminated, gamma):
    return [r if end else r + gamma * max(q) for r, q, end in zip(rewards, next_q, terminated)]


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


def double_by_loop(rewards, next_q_online, next_q_target, terminated, gamma):
    values = [target[np.argmax(online)] for online, target in zip(next_q_online, next_q_target)]
    return np.where(terminated, rewards, rewards + gamma * np.array(values))


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


def backwards(rewards, terminals, bootstrap, gamma):
    total = bootstrap
    for reward, terminal in zip(rewards[::-1], terminals[::-1]):
        total = reward + gamma * (0 if terminal else total)
    return total


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


def by_counting_powers(gamma, share):
    worth, k = 1.0, 0
    while worth >= share:
        worth, k = worth * gamma, k + 1
    return k


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


ALTERNATIVES = {
    "09.1": [targets_by_loop],
    "09.2": [double_by_loop],
    "09.3": [backwards],
    "09.4": [by_counting_powers],
}
WRONG = {
    "09.1": [
        no_terminal_mask,
        mask_inverted,
        whole_target_masked,
        maximum_over_everything,
        which_instead_of_how_much,
        discounts_the_reward_too,
    ],
    "09.2": [plain_maximum, roles_swapped, whole_columns, smaller_of_both, double_without_mask],
    "09.3": [bootstrap_always, rewards_of_the_next_life, one_power_short, last_reward_lost],
    "09.4": [horizon, not_strict, rounded_down, not_a_whole_number],
}
