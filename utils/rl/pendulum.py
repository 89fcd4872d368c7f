"""Pendulum-v1 for many pendulums at once: the equations of Gymnasium's environment on arrays (lesson 10).

Gymnasium vectorises CartPole itself but steps its pendulums one after the other, which is where a policy-gradient
training would spend its time. Here one step of 64 pendulums costs about as much as one step of one.
tests/unit/rl/test_pendulum.py holds it equal to Gymnasium's, state by state and reward by reward.
"""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector.utils import batch_space

MAX_SPEED, MAX_TORQUE = 8.0, 2.0  # radians per second, newton metres
TIME_STEP, GRAVITY, MASS, LENGTH = 0.05, 10.0, 1.0, 1.0  # seconds, m/s^2, kg, m


class VectorPendulum(gymnasium.vector.VectorEnv):
    """``num_envs`` pendulums that swing for ``max_episode_steps`` steps and then stop all together.

    Observation: float32 (num_envs, 3), cosine and sine of the angle (0 is upright) and the angular speed in rad/s.
    Action: float32 (num_envs, 1), the torque, clipped to [-2, 2]. Reward: minus
    ``angle**2 + 0.1 * speed**2 + 0.001 * torque**2`` with the angle in [-pi, pi], so 0 is perfect and -16.3 the worst.
    """

    metadata = {"render_modes": [], "autoreset_mode": gymnasium.vector.AutoresetMode.NEXT_STEP}  # noqa: RUF012

    def __init__(self, num_envs: int = 1, max_episode_steps: int = 200):
        self.num_envs, self.max_episode_steps = num_envs, max_episode_steps
        high = np.array([1.0, 1.0, MAX_SPEED], dtype=np.float32)
        self.single_observation_space = gymnasium.spaces.Box(-high, high, dtype=np.float32)
        self.single_action_space = gymnasium.spaces.Box(-MAX_TORQUE, MAX_TORQUE, (1,), dtype=np.float32)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.angle = np.zeros(num_envs)
        self.speed = np.zeros(num_envs)
        self.steps = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        """Angles uniform in [-pi, pi], speeds in [-1, 1] rad/s; ``options["state"]``, (num_envs, 2), sets both."""
        super().reset(seed=seed)
        if options and "state" in options:
            state = np.asarray(options["state"], dtype=np.float64)
        else:
            state = self.np_random.uniform(-1, 1, size=(self.num_envs, 2)) * [np.pi, 1.0]
        self.angle, self.speed, self.steps = state[:, 0].copy(), state[:, 1].copy(), 0
        return self._observe(), {}

    def step(self, actions: np.ndarray):
        if self.steps >= self.max_episode_steps:  # as Gymnasium's automatic reset: this step only starts a new play
            observation, _ = self.reset()
            nothing = np.zeros(self.num_envs)
            return observation, nothing, nothing.astype(bool), nothing.astype(bool), {}
        torque = np.clip(np.asarray(actions, dtype=np.float64).reshape(self.num_envs), -MAX_TORQUE, MAX_TORQUE)
        angle = (self.angle + np.pi) % (2 * np.pi) - np.pi
        reward = -(angle**2 + 0.1 * self.speed**2 + 0.001 * torque**2)
        acceleration = 3 * GRAVITY / (2 * LENGTH) * np.sin(self.angle) + 3 / (MASS * LENGTH**2) * torque
        self.speed = np.clip(self.speed + acceleration * TIME_STEP, -MAX_SPEED, MAX_SPEED)
        self.angle = self.angle + self.speed * TIME_STEP
        self.steps += 1
        truncated = np.full(self.num_envs, self.steps >= self.max_episode_steps)
        return self._observe(), reward, np.zeros(self.num_envs, dtype=bool), truncated, {}

    def _observe(self) -> np.ndarray:
        return np.stack([np.cos(self.angle), np.sin(self.angle), self.speed], axis=1).astype(np.float32)
