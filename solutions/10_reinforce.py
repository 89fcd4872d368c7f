"""Reference solutions of lesson 10."""

import numpy as np
from keras import ops


def returns_to_go(rewards, gamma):
    returns = np.zeros(len(rewards))
    following = 0.0
    for t in reversed(range(len(rewards))):
        following = rewards[t] + gamma * following
        returns[t] = following
    return returns


def reinforce_loss(logits, actions, weights):
    log_pi = ops.log_softmax(logits, axis=-1)
    chosen = ops.take_along_axis(log_pi, actions[:, None], axis=1)[:, 0]
    return -ops.mean(weights * chosen)


def gaussian_log_density(actions, means, log_std):
    z = (actions - means) / np.exp(log_std)
    return np.sum(-0.5 * z**2 - log_std - 0.5 * np.log(2 * np.pi), axis=1)


def leave_one_out(returns):
    others = (np.sum(returns) - returns) / (len(returns) - 1)
    return returns - others


def td_advantage(rewards, values, terminated, gamma):
    following = np.where(terminated, 0.0, values[1:])
    return rewards + gamma * following - values[:-1]


def short_plays_experiment():
    # A newborn policy plays CartPole 256 times; "long" is the third column of section 5's table.
    return {
        "plays": 256,
        "steps": 21.6,
        "predicted": [
            1.5,
            2.5,
            3.0,
            5.0,
        ],  # little comes before, and at 0.99 a reward 20 steps later is still worth 0.82
        "short": [
            1.84,
            4.14,
            5.47,
            11.0,
        ],  # return less mean; to go; discounted; less the mean of the others
        "long": [
            2.1,
            4.9,
            14.9,
            32.8,
        ],  # what came before is half of a play, short or long, and just as useless
        "loses_most": "discount",  # 3.0 before, 1.3 now: it cuts the noise of rewards far ahead, and there are none
    }
