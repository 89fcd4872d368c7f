"""Reference solutions of lesson 09."""

import numpy as np


def td_targets(rewards, next_q, final_q, terminated, truncated, gamma):
    following = np.where(truncated, final_q.max(axis=1), next_q.max(axis=1))
    return rewards + gamma * (1 - terminated) * following


def cautious_targets(rewards, next_q_online, next_q_target, terminated, gamma):
    best = next_q_online.argmax(axis=1)
    rows = np.arange(len(best))
    value = np.minimum(next_q_online[rows, best], next_q_target[rows, best])
    return rewards + gamma * (1 - terminated) * value


def n_steps_ahead(rewards, ends, values, n, gamma):
    targets = []
    for first in range(len(rewards)):
        total, discount = 0.0, 1.0
        for step in range(first, min(first + n, len(rewards))):
            total += discount * rewards[step]
            discount *= gamma
            if ends[step]:
                break
        else:
            total += discount * values[step + 1]
        targets.append(total)
    return targets


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
