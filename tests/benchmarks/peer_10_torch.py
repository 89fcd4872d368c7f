"""Two policy-gradient programs in PyTorch, for comparison: stable-baselines3's A2C, and PPO in the manner of CleanRL.

Run by bench_10_reinforce.py in the peers' environment; prints one line of JSON. The PPO follows the structure and the
hyperparameters that CleanRL documents for CartPole (4 environments, 128 steps, 4 epochs of 4 minibatches, networks of
64 and 64 tanh units); the code is our own.
"""

import argparse
import json
import time

import gymnasium
import numpy as np
import torch
from torch import nn


def network(inputs, outputs, last_gain):
    sizes, gains, layers = (inputs, 64, 64, outputs), (2**0.5, 2**0.5, last_gain), []
    for i, gain in enumerate(gains):
        layer = nn.Linear(sizes[i], sizes[i + 1])
        nn.init.orthogonal_(layer.weight, gain)
        nn.init.zeros_(layer.bias)
        layers += [layer] if i == 2 else [layer, nn.Tanh()]
    return nn.Sequential(*layers)


class PPO:
    """Collect 128 steps of 4 environments, then 4 epochs of 4 clipped minibatch updates."""

    def __init__(self, name, count=4, length=128):
        self.count, self.length = count, length
        mode = gymnasium.vector.AutoresetMode.SAME_STEP
        make = [lambda: gymnasium.wrappers.RecordEpisodeStatistics(gymnasium.make(name)) for _ in range(count)]
        self.environments = gymnasium.vector.SyncVectorEnv(make, autoreset_mode=mode)
        size = self.environments.single_observation_space.shape[0]
        self.actor = network(size, int(self.environments.single_action_space.n), 0.01)
        self.critic = network(size, 1, 1.0)
        parameters = [*self.actor.parameters(), *self.critic.parameters()]
        self.parameters, self.optimizer = parameters, torch.optim.Adam(parameters, 2.5e-4, eps=1e-5)
        self.state = torch.as_tensor(self.environments.reset(seed=1)[0])
        self.done = torch.zeros(count)

    def collect(self):
        shape, size = (self.length, self.count), self.state.shape[1]
        states, actions = torch.zeros((*shape, size)), torch.zeros(shape, dtype=torch.long)
        logs, rewards, dones, values = (torch.zeros(shape) for _ in range(4))
        with torch.no_grad():
            for t in range(self.length):
                policy = torch.distributions.Categorical(logits=self.actor(self.state))
                states[t], dones[t], actions[t] = self.state, self.done, policy.sample()
                logs[t], values[t] = policy.log_prob(actions[t]), self.critic(self.state)[:, 0]
                state, reward, terminated, truncated, _ = self.environments.step(actions[t].numpy())
                rewards[t] = torch.as_tensor(reward, dtype=torch.float32)
                self.state = torch.as_tensor(state)
                self.done = torch.as_tensor(np.logical_or(terminated, truncated), dtype=torch.float32)
            following, alive, gae = self.critic(self.state)[:, 0], 1 - self.done, torch.zeros(self.count)
            advantages = torch.zeros(shape)
            for t in reversed(range(self.length)):
                delta = rewards[t] + 0.99 * following * alive - values[t]
                gae = delta + 0.99 * 0.95 * alive * gae
                advantages[t], following, alive = gae, values[t], 1 - dones[t]
        return states, actions, logs, advantages, advantages + values

    def learn(self):
        states, actions, logs, advantages, returns = (part.flatten(0, 1) for part in self.collect())
        for _ in range(4):
            for part in torch.randperm(len(states)).chunk(4):
                policy = torch.distributions.Categorical(logits=self.actor(states[part]))
                ratio = (policy.log_prob(actions[part]) - logs[part]).exp()
                gain = (advantages[part] - advantages[part].mean()) / (advantages[part].std() + 1e-8)
                loss = -torch.min(gain * ratio, gain * ratio.clamp(0.8, 1.2)).mean() - 0.01 * policy.entropy().mean()
                loss = loss + 0.25 * (self.critic(states[part])[:, 0] - returns[part]).square().mean()
                self.optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(self.parameters, 0.5)
                self.optimizer.step()
        return len(states)


def time_ppo(name, seconds):
    program = PPO(name)
    program.learn()  # warm up
    began, steps = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        steps += program.learn()
    return steps / (time.perf_counter() - began)


def time_a2c(name, seconds, count=8):
    from stable_baselines3 import A2C
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.env_util import make_vec_env

    class Clock(BaseCallback):
        """Ends the training after some seconds."""

        def _on_training_start(self):
            self.began, self.first = time.perf_counter(), self.num_timesteps

        def _on_step(self):
            return time.perf_counter() - self.began < seconds

    model = A2C("MlpPolicy", make_vec_env(name, count, seed=1), device="cpu", seed=1)
    model.learn(2_000)  # warm up
    clock = Clock()
    model.learn(10**9, callback=clock)
    return (model.num_timesteps - clock.first) / (time.perf_counter() - clock.began)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--environment", default="CartPole-v1")
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    speeds = {
        "stable-baselines3 A2C": time_a2c(options.environment, options.seconds),
        "CleanRL-style PPO": time_ppo(options.environment, options.seconds),
    }
    print(json.dumps(speeds))
