"""Other right answers and plausible wrong ones to the exercises of lesson 08."""

import numpy as np


def horner(rewards, gamma):
    total = 0.0
    for reward in reversed(list(rewards)):
        total = reward + gamma * total
    return total


def absolute_time_from_one(rewards, gamma):
    return sum(gamma ** (t + 1) * r for t, r in enumerate(rewards))


def product_instead_of_sum(rewards, gamma):
    return float(np.prod(gamma ** np.arange(len(rewards)) * rewards))


def undiscounted(rewards, gamma):
    return float(np.sum(rewards))


def discounted_backwards(rewards, gamma):
    return float(np.sum(gamma ** np.arange(len(rewards))[::-1] * rewards))


def mixture(q, epsilon):
    return (1 - epsilon) * np.eye(len(q))[np.argmax(q)] + epsilon * np.ones(len(q)) / len(q)


def explores_only_the_others(q, epsilon):
    p = np.full(len(q), epsilon / (len(q) - 1))
    p[np.argmax(q)] = 1 - epsilon
    return p


def best_replaced_not_added(q, epsilon):
    p = np.full(len(q), epsilon / len(q))
    p[np.argmax(q)] = 1 - epsilon
    return p


def epsilon_is_greed(q, epsilon):
    return mixture(q, 1 - epsilon)


def returns_an_action(q, epsilon):
    return int(np.argmax(q))


def changes_the_row(q, epsilon):
    best = np.argmax(q)
    q[:] = epsilon / len(q)
    q[best] += 1 - epsilon
    return q


def sarsa_weighted(q, s, a, r, s2, a2, end, delta, gamma):
    q = q.copy()
    target = r if end else r + gamma * q[s2, a2]
    q[s, a] = (1 - delta) * q[s, a] + delta * target
    return q


def sarsa_is_q_learning(q, s, a, r, s2, a2, end, delta, gamma):
    q[s, a] += delta * (r + (0 if end else gamma * q[s2].max()) - q[s, a])
    return q


def sarsa_without_end(q, s, a, r, s2, a2, end, delta, gamma):
    q[s, a] += delta * (r + gamma * q[s2, a2] - q[s, a])
    return q


def sarsa_forgets_old_entry(q, s, a, r, s2, a2, end, delta, gamma):
    q[s, a] += delta * (r + (0 if end else gamma * q[s2, a2]))
    return q


def sarsa_product_as_in_the_slide(q, s, a, r, s2, a2, end, delta, gamma):
    q[s, a] = (1 - delta) * q[s, a] + delta * r * (0 if end else gamma * q[s2, a2])
    return q


def sarsa_returns_nothing(q, s, a, r, s2, a2, end, delta, gamma):
    sarsa_weighted(q, s, a, r, s2, a2, end, delta, gamma)


def double_weighted(q_a, q_b, s, a, r, s2, end, delta, gamma):
    target = r
    if not end:
        target += gamma * q_b[s2][q_a[s2].argmax()]
    table = q_a.copy()
    table[s, a] = (1 - delta) * table[s, a] + delta * target
    return table


def double_single(q_a, q_b, s, a, r, s2, end, delta, gamma):
    q_a[s, a] += delta * (r + (0 if end else gamma * q_a[s2].max()) - q_a[s, a])
    return q_a


def double_judge_chooses(q_a, q_b, s, a, r, s2, end, delta, gamma):
    q_a[s, a] += delta * (r + (0 if end else gamma * q_b[s2].max()) - q_a[s, a])
    return q_a


def double_swapped(q_a, q_b, s, a, r, s2, end, delta, gamma):
    q_a[s, a] += delta * (r + (0 if end else gamma * q_a[s2, q_b[s2].argmax()]) - q_a[s, a])
    return q_a


def double_without_end(q_a, q_b, s, a, r, s2, end, delta, gamma):
    q_a[s, a] += delta * (r + gamma * q_b[s2, q_a[s2].argmax()] - q_a[s, a])
    return q_a


def double_updates_both(q_a, q_b, s, a, r, s2, end, delta, gamma):
    target = r + (0 if end else gamma * q_b[s2, q_a[s2].argmax()])
    q_a[s, a] += delta * (target - q_a[s, a])
    q_b[s, a] += delta * (target - q_b[s, a])
    return q_a


def optimistic_by_adding_up(states, actions, highest_reward, gamma):
    hope = sum(gamma**t * highest_reward for t in range(5000))
    return np.ones((states, actions)) * hope


def optimistic_only_one_step(states, actions, highest_reward, gamma):
    return np.full((states, actions), highest_reward)


def optimistic_transposed(states, actions, highest_reward, gamma):
    return np.full((actions, states), highest_reward / (1 - gamma))


def optimistic_zeros(states, actions, highest_reward, gamma):
    return np.zeros((states, actions))


def optimistic_integers(states, actions, highest_reward, gamma):
    return np.full((states, actions), round(highest_reward / (1 - gamma)))


def optimistic_without_first_reward(states, actions, highest_reward, gamma):
    return np.full((states, actions), highest_reward * gamma / (1 - gamma))


ALTERNATIVES = {
    "08.1": [horner],
    "08.2": [mixture],
    "08.3": [sarsa_weighted],
    "08.4": [double_weighted],
    "08.5": [optimistic_by_adding_up],
}
WRONG = {
    "08.1": [absolute_time_from_one, product_instead_of_sum, undiscounted, discounted_backwards],
    "08.2": [
        explores_only_the_others,
        best_replaced_not_added,
        epsilon_is_greed,
        returns_an_action,
        changes_the_row,
    ],
    "08.3": [
        sarsa_is_q_learning,
        sarsa_without_end,
        sarsa_forgets_old_entry,
        sarsa_product_as_in_the_slide,
        sarsa_returns_nothing,
    ],
    "08.4": [double_single, double_judge_chooses, double_swapped, double_without_end, double_updates_both],
    "08.5": [
        optimistic_only_one_step,
        optimistic_transposed,
        optimistic_zeros,
        optimistic_integers,
        optimistic_without_first_reward,
    ],
}
