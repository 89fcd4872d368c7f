"""A deep Q-network for Breakout in the manner of CleanRL, for comparison: one game, PyTorch, whole stacks in memory.

Run by bench_09_dqn_breakout.py in the peers' environment; prints one line of JSON. Structure and hyperparameters follow
CleanRL's documentation of its Atari DQN (one game, 32 transitions learned from every four steps, Nature network, Adam);
the code is our own.
"""

import argparse
import json
import random
import time

import ale_py
import gymnasium
import numpy as np
import torch
from gymnasium.wrappers import AtariPreprocessing, FrameStackObservation
from torch import nn


class FireAndLives(gymnasium.Wrapper):
    """FIRE at the start of each life; a lost life ends the episode for learning, the game goes on."""

    lives = 0
    over = True

    def reset(self, **options):
        if self.over:
            self.env.reset(**options)
        observation, _, terminated, truncated, info = self.env.step(1)
        if terminated or truncated:
            observation, info = self.env.reset(**options)
        self.lives = self.unwrapped.ale.lives()
        return observation, info

    def step(self, action):
        observation, reward, terminated, truncated, info = self.env.step(action)
        self.over = terminated or truncated
        lives = self.unwrapped.ale.lives()
        lost, self.lives = lives < self.lives, lives
        return observation, float(np.sign(reward)), terminated or lost, truncated, info


class Memory:
    """Arrays of whole observations, before and after."""

    def __init__(self, size):
        self.now = np.zeros((size, 4, 84, 84), dtype=np.uint8)
        self.after = np.zeros((size, 4, 84, 84), dtype=np.uint8)
        self.action = np.zeros(size, dtype=np.int64)
        self.reward = np.zeros(size, dtype=np.float32)
        self.end = np.zeros(size, dtype=np.float32)
        self.size, self.count, self.rng = size, 0, np.random.default_rng(1)

    def add(self, *transition):
        i = self.count % self.size
        self.now[i], self.after[i], self.action[i], self.reward[i], self.end[i] = transition
        self.count += 1

    def sample(self, batch):
        i = self.rng.integers(0, min(self.count, self.size), batch)
        arrays = (self.now[i], self.after[i], self.action[i], self.reward[i], self.end[i])
        return [torch.from_numpy(array) for array in arrays]


class Scale(nn.Module):
    def forward(self, x):
        return x.float() / 255.0


def network(actions):
    convolutions = [nn.Conv2d(4, 32, 8, 4), nn.ReLU(), nn.Conv2d(32, 64, 4, 2), nn.ReLU(), nn.Conv2d(64, 64, 3, 1)]
    dense = [nn.ReLU(), nn.Flatten(), nn.Linear(3136, 512), nn.ReLU(), nn.Linear(512, actions)]
    return nn.Sequential(Scale(), *convolutions, *dense)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--starts", type=int, default=1000)
    options = parser.parse_args()
    random.seed(1)
    torch.manual_seed(1)
    gymnasium.register_envs(ale_py)
    game = gymnasium.make("ALE/Breakout-v5", frameskip=1, repeat_action_probability=0.0)
    game = FireAndLives(AtariPreprocessing(game, noop_max=30, frame_skip=4, screen_size=84))
    game = FrameStackObservation(game, 4)
    actions = int(game.action_space.n)
    online, target = network(actions), network(actions)
    target.load_state_dict(online.state_dict())
    optimizer = torch.optim.Adam(online.parameters(), lr=1e-4)
    memory = Memory(10_000)
    now, _ = game.reset(seed=1)
    step, began, warm = 0, None, options.starts + 40
    while began is None or time.perf_counter() - began < options.seconds:
        if step == warm:
            began = time.perf_counter()
        if random.random() < 0.1:
            action = random.randrange(actions)
        else:
            with torch.no_grad():
                action = int(online(torch.from_numpy(np.asarray(now))[None]).argmax())
        after, reward, terminated, truncated, _ = game.step(action)
        memory.add(now, after, action, reward, float(terminated))
        now = game.reset()[0] if terminated or truncated else after
        step += 1
        if step > options.starts and step % 4 == 0:
            before, then, chosen, rewards, ends = memory.sample(32)
            with torch.no_grad():
                wanted = rewards + 0.99 * (1 - ends) * target(then).max(dim=1).values
            value = online(before).gather(1, chosen[:, None]).squeeze(1)
            loss = nn.functional.mse_loss(value, wanted)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if step % 1000 == 0:
                target.load_state_dict(online.state_dict())
    seconds = time.perf_counter() - began
    bytes_each = (memory.now.nbytes + memory.after.nbytes) / memory.size
    print(json.dumps({"steps_per_second": (step - warm) / seconds, "bytes_per_transition": bytes_each}))


if __name__ == "__main__":
    main()
