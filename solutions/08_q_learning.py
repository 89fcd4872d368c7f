"""Reference solutions of lesson 08."""

import numpy as np


def discounted_return(rewards, gamma):
    return float(np.sum(gamma ** np.arange(len(rewards)) * rewards))


def epsilon_greedy(q, epsilon):
    probabilities = np.full(len(q), epsilon / len(q))
    probabilities[np.argmax(q)] += 1 - epsilon
    return probabilities


def sarsa_update(q, state, action, reward, next_state, next_action, terminated, delta, gamma):
    future = 0.0 if terminated else q[next_state, next_action]
    q[state, action] += delta * (reward + gamma * future - q[state, action])
    return q


def double_q_update(q_a, q_b, state, action, reward, next_state, terminated, delta, gamma):
    best = np.argmax(q_a[next_state])
    future = 0.0 if terminated else q_b[next_state, best]
    q_a[state, action] += delta * (reward + gamma * future - q_a[state, action])
    return q_a


def optimistic_table(states, actions, highest_reward, gamma):
    return np.full((states, actions), highest_reward / (1 - gamma))


def horizon_experiment():
    # The 8 by 8 lake, gamma = 0.9, 0.98, 0.999; 20,000 games a seed, the other settings as they are.
    return {
        "seeds": 10,
        "predicted": [0.5, 0.63, 0.64],  # who looks further ahead should play better
        "exact": [
            0.601,
            0.632,
            0.514,
        ],  # no: at 0.999 it takes all the time in the world, and has 100 steps
        "learned": [0.601, 0.626, 0.552],  # the table that is not quite right beats the one that is
        "best": 0.98,
    }
