"""Other right answers and plausible wrong ones to the exercises of lesson 08."""

import numpy as np
import records


# --- 08.1 discounted_return
def horner(rewards, gamma):
    total = 0.0
    for reward in reversed(list(rewards)):
        total = reward + gamma * total
    return total


def by_polynomial(rewards, gamma):
    return np.polynomial.polynomial.polyval(gamma, rewards) if len(rewards) else 0


def by_running_discount(rewards, gamma):
    total, discount = np.zeros(1), 1.0
    for reward in rewards:
        total += discount * reward
        discount *= gamma
    return total


def by_dot_product(rewards, gamma):
    return np.dot(rewards, np.power(float(gamma), range(len(rewards))))


def absolute_time_from_one(rewards, gamma):
    return sum(gamma ** (t + 1) * r for t, r in enumerate(rewards))


def product_instead_of_sum(rewards, gamma):
    return float(np.prod(gamma ** np.arange(len(rewards)) * rewards))


def undiscounted(rewards, gamma):
    return float(np.sum(rewards))


def discounted_backwards(rewards, gamma):
    return float(np.sum(gamma ** np.arange(len(rewards))[::-1] * rewards))


def one_discount_for_all(rewards, gamma):
    return float(np.sum(rewards) * gamma)


def mean_not_sum(rewards, gamma):
    return horner(rewards, gamma) / max(len(rewards), 1)


def without_the_last(rewards, gamma):
    return sum(gamma**t * rewards[t] for t in range(len(rewards) - 1))


def without_the_first(rewards, gamma):
    return sum(gamma**t * rewards[t] for t in range(1, len(rewards)))


def fails_without_rewards(rewards, gamma):
    total = rewards[-1]
    for reward in rewards[-2::-1]:
        total = reward + gamma * total
    return total


def linear_discount(rewards, gamma):
    return sum((1 - (1 - gamma) * t) * r for t, r in enumerate(rewards))


def forever_the_same(rewards, gamma):
    return (rewards[0] if len(rewards) else 0) / (1 - gamma) if gamma < 1 else float(np.sum(rewards))


def list_of_returns(rewards, gamma):
    return [horner(rewards[t:], gamma) for t in range(len(rewards))]


def whole_numbers(rewards, gamma):
    return int(horner(rewards, gamma))


# --- 08.2 epsilon_greedy
def mixture(q, epsilon):
    return (1 - epsilon) * np.eye(len(q))[np.argmax(q)] + epsilon * np.ones(len(q)) / len(q)


def greedy_move_divided(q, epsilon):
    best = q == q.max()
    return epsilon / len(q) + (1 - epsilon) * best / best.sum()


def last_of_equals(q, epsilon):
    row = [epsilon / len(q)] * len(q)
    row[max(range(len(q)), key=lambda a: (q[a], a))] += 1 - epsilon
    return tuple(row)


def first_of_equals_by_list(q, epsilon):
    best = list(q).index(max(q))
    return [epsilon / len(q) + (1 - epsilon if a == best else 0) for a in range(len(q))]


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


def all_best_in_full(q, epsilon):
    return epsilon / len(q) + (1 - epsilon) * (q == q.max())


def best_by_size(q, epsilon):
    return mixture(np.abs(q), epsilon)


def worst_is_best(q, epsilon):
    return mixture(-q, epsilon)


def four_actions(q, epsilon):
    p = np.full(len(q), epsilon / 4)
    p[np.argmax(q)] += 1 - epsilon
    return p


def softmax(q, epsilon):
    p = np.exp(q - q.max())
    return (1 - epsilon) * p / p.sum() + epsilon / len(q)


def draws_one_policy(q, epsilon):
    return np.eye(len(q))[np.argmax(q)] if np.random.default_rng(0).random() > epsilon else np.full(len(q), 1 / len(q))


def proportional(q, epsilon):
    return (1 - epsilon) * q / (q.sum() or 1) + epsilon / len(q)


def best_is_always_the_first(q, epsilon):
    return mixture(np.arange(len(q))[::-1], epsilon)


def nearly_best_is_best(q, epsilon):
    best = np.isclose(q, q.max(), atol=0.05)
    return epsilon / len(q) + (1 - epsilon) * best / best.sum()


def changes_the_row(q, epsilon):
    best = np.argmax(q)
    q[:] = epsilon / len(q)
    q[best] += 1 - epsilon
    return q


# --- 08.3 sarsa_update
def sarsa_weighted(q, s, a, r, s2, a2, end, delta, gamma):
    q = q.copy()
    target = r if end else r + gamma * q[s2, a2]
    q[s, a] = (1 - delta) * q[s, a] + delta * target
    return q


def sarsa_on_lists(q, s, a, r, s2, a2, end, delta, gamma):
    rows = [[float(value) for value in row] for row in q]
    rows[s][a] += delta * (r + (0.0 if end else gamma * rows[s2][a2]) - rows[s][a])
    return rows


def sarsa_by_mask(q, s, a, r, s2, a2, end, delta, gamma):
    error = r + gamma * (1 - end) * q[s2][a2] - q[s][a]
    step = np.zeros(q.shape)
    step[s, a] = delta * error
    return q + step


def sarsa_by_two_branches(q, s, a, r, s2, a2, end, delta, gamma):
    if end:
        q[s, a] = q[s, a] + delta * (r - q[s, a])
    else:
        q[s, a] = q[s, a] + delta * (r + gamma * q[s2, a2] - q[s, a])
    return q


def sarsa_is_q_learning(q, s, a, r, s2, a2, end, delta, gamma):
    q[s, a] += delta * (r + (0 if end else gamma * q[s2].max()) - q[s, a])
    return q


def sarsa_always_action_one(q, s, a, r, s2, a2, end, delta, gamma):
    return sarsa_weighted(q, s, a, r, s2, min(1, q.shape[1] - 1), end, delta, gamma)


def sarsa_same_action_again(q, s, a, r, s2, a2, end, delta, gamma):
    return sarsa_weighted(q, s, a, r, s2, a, end, delta, gamma)


def sarsa_same_state_again(q, s, a, r, s2, a2, end, delta, gamma):
    return sarsa_weighted(q, s, a, r, s, a2, end, delta, gamma)


def sarsa_expected(q, s, a, r, s2, a2, end, delta, gamma):
    q[s, a] += delta * (r + (0 if end else gamma * q[s2].mean()) - q[s, a])
    return q


def sarsa_end_changes_nothing(q, s, a, r, s2, a2, end, delta, gamma):
    return q if end else sarsa_weighted(q, s, a, r, s2, a2, end, delta, gamma)


def sarsa_gamma_over_all(q, s, a, r, s2, a2, end, delta, gamma):
    q[s, a] += delta * (gamma * (r + (0 if end else q[s2, a2])) - q[s, a])
    return q


def sarsa_moves_the_whole_row(q, s, a, r, s2, a2, end, delta, gamma):
    q[s] += delta * (r + (0 if end else gamma * q[s2, a2]) - q[s, a])
    return q


def sarsa_updates_the_next_entry(q, s, a, r, s2, a2, end, delta, gamma):
    q[s2, a2] += delta * (r + (0 if end else gamma * q[s2, a2]) - q[s, a])
    return q


def sarsa_returns_the_entry(q, s, a, r, s2, a2, end, delta, gamma):
    return sarsa_weighted(q, s, a, r, s2, a2, end, delta, gamma)[s, a]


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


# --- 08.4 bellman_of_policy
def bellman_by_loops(q, policy, probability, next_state, reward, terminated, gamma):
    out = np.zeros(q.shape).tolist()
    for (s, a, o), p in np.ndenumerate(probability):
        following = 0.0 if terminated[s, a, o] else sum(policy[next_state[s, a, o]] * q[next_state[s, a, o]])
        out[s][a] += p * (reward[s, a, o] + gamma * following)
    return out


def bellman_by_rows(q, policy, probability, next_state, reward, terminated, gamma):
    row = np.einsum("saoi,saoi->sao", policy[next_state], q[next_state])
    return np.einsum("sao,sao->sa", probability, reward + gamma * (1 - terminated) * row)


def bellman_by_matrix(q, policy, probability, next_state, reward, terminated, gamma):
    goes_to = np.eye(len(q))[next_state] * (probability * ~terminated)[..., None]
    return (probability * reward).sum(-1) + gamma * goes_to.sum(2) @ np.diag(policy @ q.T)


def bellman_by_two_means(q, policy, probability, next_state, reward, terminated, gamma):
    value = np.average(q, axis=1, weights=policy)
    target = np.array(reward, float)
    target[~terminated] += gamma * value[next_state[~terminated]]
    return np.average(target, axis=2, weights=probability)


def _backup(value, probability, next_state, reward, terminated, gamma):
    return (probability * (reward + gamma * np.where(terminated, 0.0, value[next_state]))).sum(axis=2)


def bellman_at_its_best(q, policy, *model):
    return _backup(q.max(axis=1), *model)


def bellman_of_random_moves(q, policy, *model):
    return _backup(q.mean(axis=1), *model)


def bellman_of_the_likeliest_action(q, policy, *model):
    return _backup(q[np.arange(len(q)), policy.argmax(axis=1)], *model)


def bellman_unweighted_sum(q, policy, *model):
    return _backup(q.sum(axis=1), *model)


def bellman_mean_of_the_products(q, policy, *model):
    return _backup((policy * q).mean(axis=1), *model)


def bellman_policy_of_this_state(q, policy, probability, next_state, reward, terminated, gamma):
    following = np.where(terminated, 0.0, (policy[:, None, None] * q[next_state]).sum(axis=-1))
    return (probability * (reward + gamma * following)).sum(axis=2)


def bellman_value_of_this_state(q, policy, probability, next_state, reward, terminated, gamma):
    here = np.broadcast_to(np.arange(len(q))[:, None, None], next_state.shape)
    return bellman_by_rows(q, policy, probability, here, reward, terminated, gamma)


def bellman_without_end(q, policy, probability, next_state, reward, terminated, gamma):
    return bellman_by_rows(q, policy, probability, next_state, reward, np.zeros_like(terminated), gamma)


def bellman_end_erases_the_reward(q, policy, probability, next_state, reward, terminated, gamma):
    return bellman_by_rows(q, policy, probability * ~terminated, next_state, reward, terminated, gamma)


def bellman_all_outcomes_alike(q, policy, probability, *rest):
    return bellman_by_rows(q, policy, np.full(probability.shape, 1 / probability.shape[2]), *rest)


def bellman_sum_of_the_outcomes(q, policy, probability, *rest):
    return bellman_by_rows(q, policy, np.ones_like(probability), *rest)


def bellman_likeliest_outcome(q, policy, probability, *rest):
    return bellman_by_rows(q, policy, np.eye(probability.shape[2])[probability.argmax(axis=2)], *rest)


def bellman_gamma_over_all(q, policy, probability, next_state, reward, terminated, gamma):
    return gamma * bellman_by_rows(q, policy, probability, next_state, reward, terminated, 1.0)


def bellman_undiscounted(q, policy, *model):
    return bellman_by_rows(q, policy, *model[:-1], 1.0)


def bellman_value_of_the_states(q, policy, *model):
    return (policy * bellman_by_rows(q, policy, *model)).sum(axis=1)


def bellman_change_of_the_table(q, policy, *model):
    return bellman_by_rows(q, policy, *model) - q


def bellman_state_after_state(q, policy, *model):
    new = q.copy()
    for state in range(len(q)):
        new[state] = bellman_by_rows(new, policy, *model)[state]
    return new


def bellman_in_place(q, policy, *model):
    q[:] = bellman_by_rows(q, policy, *model)
    return q


# --- 08.5 optimistic_table
def optimistic_by_adding_up(states, actions, highest_reward, gamma):
    hope = sum(gamma**t * highest_reward for t in range(5000))
    return np.ones((states, actions)) * hope


def optimistic_by_outer_product(states, actions, highest_reward, gamma):
    return np.outer(np.ones(states), [highest_reward / (1.0 - gamma)] * actions)


def optimistic_lists(states, actions, highest_reward, gamma):
    return [[highest_reward / (1 - gamma) for _ in range(actions)] for _ in range(states)]


def optimistic_from_zeros(states, actions, highest_reward, gamma):
    q = np.zeros((states, actions), dtype=np.float32)
    q += highest_reward / (1 - gamma)
    return q


def optimistic_never_below_zero(states, actions, highest_reward, gamma):
    return np.full((states, actions), max(0.0, highest_reward / (1 - gamma)))


def optimistic_even_if_the_game_ends(states, actions, highest_reward, gamma):
    return np.full((states, actions), max(float(highest_reward), highest_reward / (1 - gamma)))


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


def optimistic_one_row(states, actions, highest_reward, gamma):
    return np.full(actions, highest_reward / (1 - gamma))


def optimistic_other_way_round(states, actions, highest_reward, gamma):
    return np.full((states, actions), highest_reward * (1 - gamma))


def optimistic_hundred_steps(states, actions, highest_reward, gamma):
    return np.full((states, actions), highest_reward * sum(gamma**t for t in range(100)))


def optimistic_over_gamma(states, actions, highest_reward, gamma):
    return np.full((states, actions), highest_reward / (gamma or 1.0))


def optimistic_reward_of_one(states, actions, highest_reward, gamma):
    return np.full((states, actions), 1 / (1 - gamma))


def optimistic_in_the_type_of_the_reward(states, actions, highest_reward, gamma):
    q = np.full((states, actions), highest_reward)
    q[:] = highest_reward / (1 - gamma)
    return q


# --- 08.6 horizon_experiment
FOUND = {
    "seeds": 10,
    "predicted": [0.5, 0.63, 0.64],
    "exact": [0.601, 0.632, 0.514],
    "learned": [0.601, 0.626, 0.552],
    "best": 0.98,
}


_found = records.varied(FOUND)


ALTERNATIVES = {
    "08.1": [horner, by_polynomial, by_running_discount, by_dot_product],
    "08.2": [mixture, greedy_move_divided, last_of_equals, first_of_equals_by_list],
    "08.3": [sarsa_weighted, sarsa_on_lists, sarsa_by_mask, sarsa_by_two_branches],
    "08.4": [bellman_by_loops, bellman_by_rows, bellman_by_matrix, bellman_by_two_means],
    "08.5": [
        *(optimistic_by_adding_up, optimistic_by_outer_product, optimistic_lists, optimistic_from_zeros),
        *(optimistic_never_below_zero, optimistic_even_if_the_game_ends),
    ],
    "08.6": [
        _found(),
        _found(exact=np.array(FOUND["exact"]), learned=tuple(FOUND["learned"]), seeds=np.int64(20), note="surprised"),
        _found(predicted=(1, 1, 1), best=np.float32(0.98), seeds=5.0),
        _found(exact=[0.6011, 0.6319, 0.5143], learned=[0.55, 0.5, 0.4]),
        _found(exact=[0.6, 0.63, 0.51]),
    ],
}
WRONG = {
    "08.1": [
        *(absolute_time_from_one, product_instead_of_sum, undiscounted, discounted_backwards, one_discount_for_all),
        *(mean_not_sum, without_the_last, without_the_first, fails_without_rewards, linear_discount, forever_the_same),
        *(list_of_returns, whole_numbers),
    ],
    "08.2": [
        *(explores_only_the_others, best_replaced_not_added, epsilon_is_greed, returns_an_action, changes_the_row),
        *(all_best_in_full, best_by_size, worst_is_best, four_actions, softmax, draws_one_policy, proportional),
        *(best_is_always_the_first, nearly_best_is_best),
    ],
    "08.3": [
        *(sarsa_is_q_learning, sarsa_without_end, sarsa_forgets_old_entry, sarsa_product_as_in_the_slide),
        *(sarsa_returns_nothing, sarsa_always_action_one, sarsa_same_action_again, sarsa_same_state_again),
        *(sarsa_expected, sarsa_end_changes_nothing, sarsa_gamma_over_all, sarsa_moves_the_whole_row),
        *(sarsa_updates_the_next_entry, sarsa_returns_the_entry),
    ],
    "08.4": [
        *(bellman_at_its_best, bellman_of_random_moves, bellman_of_the_likeliest_action, bellman_unweighted_sum),
        *(bellman_mean_of_the_products, bellman_policy_of_this_state, bellman_value_of_this_state, bellman_in_place),
        *(bellman_without_end, bellman_end_erases_the_reward, bellman_all_outcomes_alike, bellman_likeliest_outcome),
        *(bellman_sum_of_the_outcomes, bellman_gamma_over_all, bellman_undiscounted, bellman_value_of_the_states),
        *(bellman_change_of_the_table, bellman_state_after_state),
    ],
    "08.5": [
        *(optimistic_only_one_step, optimistic_transposed, optimistic_zeros, optimistic_integers, optimistic_one_row),
        *(optimistic_without_first_reward, optimistic_other_way_round, optimistic_hundred_steps),
        *(optimistic_over_gamma, optimistic_reward_of_one, optimistic_in_the_type_of_the_reward),
    ],
    "08.6": [
        *(_found("predicted"), _found(seeds=1), _found(seeds=7.5), _found(predicted=FOUND["exact"])),
        *(_found(learned=FOUND["exact"]), _found(best=0.999), _found(best="0.98"), _found(exact=[0.74, 0.74, 0.73])),
        *(_found(learned=[0.0, 0.0, 0.0]), _found(exact=[60.1, 63.2, 51.4]), _found(exact=[0.6, 0.63])),
        *(_found(exact=[0.64, 0.6, 0.35], best=0.9), _found(exact=[0.31, 0.32, 0.64], best=0.999)),  # invented
        *(_found(exact=[0.601, 0.632, 0.552]), _found(exact=[0.61, 0.632, 0.514])),
        *(_found(learned=[0.6, float("nan"), 0.5]), lambda: None, lambda: list(FOUND.values())),
    ],
}
