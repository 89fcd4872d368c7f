"""Reference solutions of lesson 09."""

import numpy as np


def td_targets(rewards, next_q, terminated, gamma):
    return rewards + gamma * (1 - terminated) * next_q.max(axis=1)


def double_targets(rewards, next_q_online, next_q_target, terminated, gamma):
    best = next_q_online.argmax(axis=1)
    value = next_q_target[np.arange(len(best)), best]
    return rewards + gamma * (1 - terminated) * value


def n_step_target(rewards, terminals, bootstrap, gamma):
    total, discount = 0.0, 1.0
    for reward, terminal in zip(rewards, terminals):
        total += discount * reward
        discount *= gamma
        if terminal:
            return total
    return total + discount * bootstrap


def steps_until_worthless(gamma, share):
    k = 0
    while gamma**k >= share:
        k += 1
    return k


def memory_experiment():
    # The shipped agent, 10 games with play_games(..., max_frames=8000); unknown places hold the oldest known picture.
    return {
        "games": 10,
        "predicted": [5, 60, 200, 300],
        "scores": [
            11.3,
            53.6,
            169.5,
            288.4,
        ],  # one picture says where the ball is, each further one helps
        "enough": 3,  # two give its direction, but the agent has learned to read four, and such pictures are new to it
    }
