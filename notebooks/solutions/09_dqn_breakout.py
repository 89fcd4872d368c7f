"""Reference solutions of lesson 09; load one in the notebook with ``%load -s name solutions/09_dqn_breakout.py``."""

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
    # TODO
    return {"games": 10, "predicted": [5, 60, 200, 300], "scores": [2.1, 30.5, 110.0, 280.0], "enough": 4}
