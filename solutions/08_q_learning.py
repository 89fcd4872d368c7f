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


def bellman_of_policy(q, policy, probability, next_state, reward, terminated, gamma):
    value = np.sum(policy * q, axis=1)  # of each state, for a player who follows the policy
    future = np.where(terminated, 0.0, value[next_state])
    return np.sum(probability * (reward + gamma * future), axis=2)


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
