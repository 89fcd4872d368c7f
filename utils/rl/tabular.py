"""Q-learning with a table (lesson 08): the model of an environment, exact planning on it, and learning without it.

Two versions of the learner stand here. :func:`q_learning` plays any Gymnasium environment with discrete states and
actions and is written to be read. :func:`q_learning_fast` runs the same algorithm, compiled by numba, on the transition
table that Gymnasium's toy-text environments carry. Both draw the same random numbers in the same order, so they return
the same table to the last bit (tests/unit/rl/test_tabular.py).

Notation: ``q[s, a]`` is the table, gamma the discount, delta the learning rate (the lecture's letter; alpha elsewhere),
epsilon the probability of a random move.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import gymnasium
import numpy as np
from numba import njit

METHODS = ("q-learning", "sarsa")


# ---------------------------------------------------------------------------------------------------------------------
# The model


@dataclass(frozen=True)
class TransitionTable:
    """All that can happen: for S states, A actions and up to K outcomes of each pair.

    Attributes:
        probability: float64 (S, A, K); sums to 1 over K.
        next_state: int64 (S, A, K).
        reward: float64 (S, A, K).
        terminated: bool (S, A, K), True where the outcome ends the episode.
        start: float64 (S,), the distribution of the first state.
        horizon: steps after which an episode is cut (0: never).
    """

    probability: np.ndarray
    next_state: np.ndarray
    reward: np.ndarray
    terminated: np.ndarray
    start: np.ndarray
    horizon: int = 0

    @property
    def states(self) -> int:
        return self.probability.shape[0]

    @property
    def actions(self) -> int:
        return self.probability.shape[1]

    @classmethod
    def from_environment(cls, environment: gymnasium.Env) -> TransitionTable:
        """The table inside a toy-text environment (``env.unwrapped.P``), with its time limit.

        Raises:
            TypeError: states or actions are not discrete.
            ValueError: the environment carries no table (it can still be learned by :func:`q_learning`).
        """
        states, actions = check_discrete(environment)
        inner = environment.unwrapped
        if not hasattr(inner, "P") or not hasattr(inner, "initial_state_distrib"):
            raise ValueError(f"{inner} carries no transition table `P`; learn it by playing, with q_learning.")
        outcomes = max(len(inner.P[s][a]) for s in range(states) for a in range(actions))
        shape = (states, actions, outcomes)
        probability, reward = np.zeros(shape), np.zeros(shape)
        next_state, terminated = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=bool)
        for s in range(states):
            for a in range(actions):
                for k, (p, following, r, done) in enumerate(inner.P[s][a]):
                    probability[s, a, k], next_state[s, a, k] = p, following
                    reward[s, a, k], terminated[s, a, k] = r, done
        if not np.isfinite(reward).all():
            raise ValueError(f"{inner} has a reward that is no finite number; look at its reward schedule.")
        start = np.asarray(inner.initial_state_distrib, dtype=np.float64)
        limit = environment.spec.max_episode_steps if environment.spec else None
        return cls(probability, next_state, reward, terminated, start, limit or 0)


def check_discrete(environment: gymnasium.Env) -> tuple[int, int]:
    """Numbers of states and actions, or a TypeError where a table cannot hold them."""
    spaces = (environment.observation_space, environment.action_space)
    for what, space in zip(("states", "actions"), spaces, strict=True):
        if not isinstance(space, gymnasium.spaces.Discrete):
            raise TypeError(
                f"A table needs discrete {what}, and {environment.unwrapped} has {space}; "
                "see lesson 09 for images and lesson 10 for continuous actions."
            )
    return int(spaces[0].n), int(spaces[1].n)


def ball_world(width: int = 9, height: int = 7) -> tuple[TransitionTable, Callable[..., int]]:
    """A deterministic world in the spirit of Breakout: the reward is 1 for every step that the ball stays in play.

    The ball flies diagonally through a box, bounces off three walls and must be met by a paddle one cell wide in the
    bottom row. Lesson 08 uses it to tell reward from value: the reward is 1 nearly everywhere, the value is not.

    Returns:
        The table, with actions 0 (left), 1 (stay), 2 (right), and ``index(x, y, dx, dy, paddle) -> state`` for the
        ball's column and row (0 is the top), its direction (each -1 or 1) and the paddle's column.
    """
    shape = (width, height, 2, 2, width)

    def index(x: int, y: int, dx: int, dy: int, paddle: int) -> int:
        return int(np.ravel_multi_index((x, y, (dx + 1) // 2, (dy + 1) // 2, paddle), shape))

    states = int(np.prod(shape))
    next_state = np.zeros((states, 3, 1), dtype=np.int64)
    terminated = np.zeros((states, 3, 1), dtype=bool)
    for x, y, right, down, paddle in np.ndindex(shape):
        dx, dy = 2 * right - 1, 2 * down - 1
        dx = -dx if not 0 <= x + dx < width else dx
        dy = 1 if y + dy < 0 else -1 if y + dy >= height else dy
        for action in range(3):
            moved = min(max(paddle + action - 1, 0), width - 1)
            state = index(x, y, 2 * right - 1, 2 * down - 1, paddle)
            missed = y + dy == height - 1 and x + dx != moved
            next_state[state, action, 0] = index(x + dx, y + dy, dx, dy, moved)
            terminated[state, action, 0] = missed
    probability = np.ones((states, 3, 1))
    start = np.zeros(states)
    start[index(width // 2, 0, 1, 1, width // 2)] = 1.0
    return TransitionTable(probability, next_state, np.where(terminated, 0.0, 1.0), terminated, start), index


# ---------------------------------------------------------------------------------------------------------------------
# Planning: the model is known


def bellman(table: TransitionTable, q: np.ndarray, gamma: float) -> np.ndarray:
    """Bellman's optimality operator: expected reward plus gamma times the best value that follows, (S, A).

    Nothing follows an outcome that ends the episode.
    """
    value = q.max(axis=1)[table.next_state]
    return (table.probability * (table.reward + gamma * np.where(table.terminated, 0.0, value))).sum(axis=2)


def value_iteration(
    table: TransitionTable, gamma: float, tolerance: float = 1e-12, max_iterations: int = 100_000
) -> tuple[np.ndarray, int]:
    """Q*, (S, A), by iterating :func:`bellman` from 0, and the number of iterations.

    Stops when an iteration changes no entry by more than ``tolerance``; the table is then within
    ``tolerance * gamma / (1 - gamma)`` of the fixed point.

    Raises:
        RuntimeError: not there after ``max_iterations`` (gamma too near 1).
    """
    q = np.zeros((table.states, table.actions))
    for iteration in range(1, max_iterations + 1):
        following = bellman(table, q, gamma)
        if np.abs(following - q).max() <= tolerance:
            return following, iteration
        q = following
    raise RuntimeError(f"No convergence within {max_iterations} iterations; gamma = {gamma} is too near 1.")


def greedy_policy(q: np.ndarray) -> np.ndarray:
    """pi(a|s), (S, A): 1 for the best action (the first of equals), 0 for the others."""
    policy = np.zeros_like(q, dtype=np.float64)
    policy[np.arange(len(q)), q.argmax(axis=1)] = 1.0
    return policy


def evaluate_exactly(table: TransitionTable, policy: np.ndarray, horizon: int | None = None) -> float:
    """Expected undiscounted return of a policy within the time limit, without sampling.

    The distribution over states is pushed forward step by step. On FrozenLake the return is 1 at the goal and 0
    otherwise, so this is the probability of success.

    Args:
        policy: pi(a|s), (S, A).
        horizon: steps; the environment's own limit if None.

    Raises:
        ValueError: no horizon is known.
    """
    horizon = table.horizon if horizon is None else horizon
    if horizon <= 0:
        raise ValueError("This environment has no time limit; give the number of steps as `horizon`.")
    joint = policy[:, :, None] * table.probability
    reward = (joint * table.reward).sum(axis=(1, 2))
    going_on = np.where(table.terminated, 0.0, joint)
    step = np.zeros((table.states, table.states))
    np.add.at(step, (np.arange(table.states)[:, None, None], table.next_state), going_on)
    distribution, total = table.start.copy(), 0.0
    for _ in range(horizon):
        total += float(distribution @ reward)
        distribution = distribution @ step
    return total


def best_within(table: TransitionTable, horizon: int | None = None) -> float:
    """The highest expected return within the time limit of any policy, even one that looks at the clock.

    Backward induction: the value with t steps left from that with t - 1 left.
    """
    horizon = table.horizon if horizon is None else horizon
    value = np.zeros(table.states)
    for _ in range(horizon):
        following = np.where(table.terminated, 0.0, value[table.next_state])
        value = (table.probability * (table.reward + following)).sum(axis=2).max(axis=1)
    return float(table.start @ value)


# ---------------------------------------------------------------------------------------------------------------------
# Learning: the model is forgotten


@dataclass(frozen=True)
class Settings:
    """Every choice of the learner; the defaults learn the 4x4 lake."""

    episodes: int = 20_000
    gamma: float = 0.99  # discount
    delta: float = 0.2  # learning rate at the first visit of (s, a) ...
    delta_decay: float = 0.005  # ... and delta / (1 + delta_decay * visits) later; 0 keeps it constant
    epsilon: float = 1.0  # probability of a random move at first ...
    final_epsilon: float = 0.1  # ... and from exploring_share of the episodes on, linear in between
    exploring_share: float = 0.8
    initial: float = 0.0  # every entry of the first table; above the best possible value it is "optimistic"
    method: str = "q-learning"  # "q-learning" (off-policy) or "sarsa" (on-policy)

    def __post_init__(self):
        if self.method not in METHODS:
            raise ValueError(f"method is {self.method!r}; choose one of {', '.join(METHODS)}.")
        if not (0 < self.delta <= 1 and 0 <= self.final_epsilon <= 1 and 0 <= self.epsilon <= 1):
            raise ValueError("delta lies in (0, 1], epsilon and final_epsilon in [0, 1].")
        if not 0 < self.gamma <= 1 or self.episodes < 1:
            raise ValueError(f"Need 0 < gamma <= 1 and an episode; got {self.gamma} and {self.episodes}.")

    def epsilon_at(self, episode: int) -> float:
        """Probability of a random move in an episode, counted from 0."""
        share = min(1.0, episode / max(1.0, self.exploring_share * self.episodes))
        return self.epsilon + share * (self.final_epsilon - self.epsilon)


@dataclass
class Learned:
    """The table and how often each of its entries was updated, both (S, A), and for each episode its undiscounted
    return and its length in steps."""

    q: np.ndarray
    returns: np.ndarray
    lengths: np.ndarray
    visits: np.ndarray


def choose(row: np.ndarray, epsilon: float, rng: np.random.Generator) -> int:
    """Epsilon-greedy: a random action with probability epsilon, else the best (the first of equals).

    Always draws two random numbers, so that the fast version can draw the same ones.
    """
    explore, which = rng.random(), rng.random()
    return int(which * len(row)) if explore < epsilon else int(np.argmax(row))


def q_learning(environment: gymnasium.Env, settings: Settings, seed: int = 0) -> Learned:
    """Learn Q by playing: epsilon-greedy moves and the damped update ``q += delta * (target - q)``.

    The episode's end cuts the future off only if the environment ``terminated``; where the time limit cut it
    (``truncated``), the world would have gone on, and the target still counts what follows.

    Args:
        seed: of the agent's moves; the environment is reset once with the same seed and then goes on by itself.

    Raises:
        TypeError: states or actions are not discrete.
        ValueError: the environment returned a reward that is no finite number.
    """
    rng = np.random.default_rng(seed)
    q = np.full(check_discrete(environment), float(settings.initial))
    visits = np.zeros(q.shape)
    returns, lengths = np.zeros(settings.episodes), np.zeros(settings.episodes, dtype=np.int64)
    for episode in range(settings.episodes):
        epsilon = settings.epsilon_at(episode)
        state, _ = environment.reset(seed=seed if episode == 0 else None)
        next_action, ended = None, False
        while not ended:
            action = choose(q[state], epsilon, rng) if next_action is None else next_action
            following, reward, terminated, truncated, _ = environment.step(action)
            if not np.isfinite(reward):
                raise ValueError(f"The environment returned the reward {reward} in state {state}, action {action}.")
            if settings.method == "sarsa":  # it learns from the move that it will really make
                next_action = choose(q[following], epsilon, rng)
            future = q[following].max() if next_action is None else q[following, next_action]
            target = reward + settings.gamma * (0.0 if terminated else future)
            delta = settings.delta / (1.0 + settings.delta_decay * visits[state, action])
            q[state, action] += delta * (target - q[state, action])
            visits[state, action] += 1
            returns[episode] += reward
            lengths[episode] += 1
            state, ended = following, terminated or truncated
    return Learned(q, returns, lengths, visits)


def q_learning_fast(
    table: TransitionTable,
    settings: Settings,
    seed: int = 0,
    q: np.ndarray | None = None,
    visits: np.ndarray | None = None,
) -> Learned:
    """The same as :func:`q_learning`, compiled, on the environment's transition table.

    Args:
        seed: of the agent and of the world, used as :func:`q_learning` and Gymnasium use theirs.
        q: (S, A), a table to go on from instead of ``settings.initial``; it is not changed.
        visits: (S, A), how often each entry has been updated before, for the falling delta; zeros if None. It is not
            changed; those of the result count on from it.

    Raises:
        ValueError: the table has no time limit and ``settings.final_epsilon`` is 0 (an episode might never end); or
            ``q`` or ``visits`` has another shape than the table.
    """
    if table.horizon == 0 and settings.final_epsilon == 0:
        raise ValueError("Without a time limit and without random moves an episode may never end; set one of them.")
    agent, world = np.random.default_rng(seed), np.random.default_rng(seed)
    shape = (table.states, table.actions)
    for name, given in (("q", q), ("visits", visits)):
        if given is not None and np.shape(given) != shape:
            raise ValueError(f"{name} has the shape {np.shape(given)}; give one number for each of {shape} entries.")
    q = np.full(shape, float(settings.initial)) if q is None else np.array(q, dtype=np.float64)
    visits = np.zeros(shape) if visits is None else np.array(visits, dtype=np.float64)
    epsilons = np.array([settings.epsilon_at(episode) for episode in range(settings.episodes)])
    outcomes, start = np.cumsum(table.probability, axis=2), np.cumsum(table.start)
    model = (outcomes, table.next_state, table.reward, table.terminated, start, table.horizon)
    rule = (settings.gamma, settings.delta, settings.delta_decay, settings.method == "sarsa")
    returns, lengths = _learn(q, visits, model, rule, epsilons, agent, world)
    return Learned(q, returns, lengths, visits)


@njit(cache=True)
def _choose(row, epsilon, rng):
    explore, which = rng.random(), rng.random()
    return int(which * len(row)) if explore < epsilon else np.argmax(row)


@njit(cache=True)
def _draw(cumulative, rng):
    """Index of the first entry above a random number; 0 where rounding leaves none, as Gymnasium's argmax."""
    number = rng.random()
    for k in range(len(cumulative)):
        if cumulative[k] > number:
            return k
    return 0


@njit(cache=True)
def _learn(q, visits, model, rule, epsilons, agent, world):
    """The loop of :func:`q_learning`, line by line; changes ``q`` and ``visits`` in place, returns returns, lengths."""
    outcomes, next_state, reward, terminated, start, horizon = model
    gamma, first_delta, decay, sarsa = rule
    returns, lengths = np.zeros(len(epsilons)), np.zeros(len(epsilons), dtype=np.int64)
    for episode in range(len(epsilons)):
        epsilon = epsilons[episode]
        state = _draw(start, world)
        next_action, ended = -1, False
        while not ended:
            action = _choose(q[state], epsilon, agent) if next_action < 0 else next_action
            k = _draw(outcomes[state, action], world)
            following = next_state[state, action, k]
            if sarsa:
                next_action = _choose(q[following], epsilon, agent)
            future = q[following].max() if next_action < 0 else q[following, next_action]
            end = terminated[state, action, k]
            target = reward[state, action, k] + gamma * (0.0 if end else future)
            delta = first_delta / (1.0 + decay * visits[state, action])
            q[state, action] += delta * (target - q[state, action])
            visits[state, action] += 1
            returns[episode] += reward[state, action, k]
            lengths[episode] += 1
            ended = end or lengths[episode] == horizon
            state = following
    return returns, lengths
