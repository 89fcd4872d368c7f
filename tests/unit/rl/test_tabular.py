"""Lesson 08: planning on the exact model, and the two versions of the learner."""

from __future__ import annotations

import dataclasses

import gymnasium
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.exercises import checks_08_q_learning
from utils.rl import tabular

SHORT = tabular.Settings(episodes=150)


@pytest.fixture(scope="module")
def lake():
    return gymnasium.make("FrozenLake-v1", map_name="4x4")


@pytest.fixture(scope="module")
def lake_table(lake):
    return tabular.TransitionTable.from_environment(lake)


def test_table_is_gymnasiums_model(lake, lake_table):
    assert (lake_table.states, lake_table.actions, lake_table.horizon) == (16, 4, 100)
    np.testing.assert_allclose(lake_table.probability.sum(axis=2), 1.0)
    for k, (p, following, reward, done) in enumerate(lake.unwrapped.P[14][2]):
        assert lake_table.probability[14, 2, k] == p
        assert lake_table.next_state[14, 2, k] == following
        assert (lake_table.reward[14, 2, k], lake_table.terminated[14, 2, k]) == (reward, done)
    assert lake_table.start[0] == 1.0


@pytest.mark.parametrize(
    ("name", "optimum", "discounted"), [("4x4", 0.744, 0.740), ("8x8", 0.641, 0.632)], ids=["4x4", "8x8"]
)
def test_known_optima(name, optimum, discounted):
    table = tabular.TransitionTable.from_environment(gymnasium.make("FrozenLake-v1", map_name=name))
    q, _ = tabular.value_iteration(table, 0.99)
    assert tabular.best_within(table) == pytest.approx(optimum, abs=5e-4)
    assert tabular.evaluate_exactly(table, tabular.greedy_policy(q)) == pytest.approx(discounted, abs=5e-4)


def test_exact_evaluation_agrees_with_sampling(lake, lake_table):
    policy = np.full((16, 4), 0.25)
    rng, successes = np.random.default_rng(0), 0
    for episode in range(3000):
        lake.reset(seed=episode)
        ended = False
        while not ended:
            _, reward, terminated, truncated, _ = lake.step(int(rng.integers(4)))
            ended = terminated or truncated
        successes += reward
    exact = tabular.evaluate_exactly(lake_table, policy)
    assert abs(successes / 3000 - exact) < 4 * np.sqrt(exact * (1 - exact) / 3000)


def test_evaluation_respects_the_time_limit():
    table = tabular.TransitionTable.from_environment(gymnasium.make("FrozenLake-v1", is_slippery=False))
    q, _ = tabular.value_iteration(table, 0.9)
    policy = tabular.greedy_policy(q)
    assert tabular.evaluate_exactly(table, policy, horizon=6) == 1.0  # the shortest way has six steps
    assert tabular.evaluate_exactly(table, policy, horizon=5) == 0.0
    assert q[0].max() == pytest.approx(0.9**5)  # the sixth step brings the reward


def test_q_star_is_a_fixed_point(lake_table):
    q, _ = tabular.value_iteration(lake_table, 0.95)
    np.testing.assert_allclose(tabular.bellman(lake_table, q, 0.95), q, atol=1e-10)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), gamma=st.floats(0.05, 0.99), scale=st.floats(0.1, 100))
def test_bellman_operator_contracts(seed, gamma, scale):
    table = tabular.TransitionTable.from_environment(gymnasium.make("FrozenLake-v1"))
    rng = np.random.default_rng(seed)
    first, second = scale * rng.normal(size=(2, table.states, table.actions))
    before = np.abs(first - second).max()
    after = np.abs(tabular.bellman(table, first, gamma) - tabular.bellman(table, second, gamma)).max()
    assert after <= gamma * before + 1e-9


def test_value_iteration_gives_up_where_it_cannot_converge():
    table, _ = tabular.ball_world(5, 4)
    with pytest.raises(RuntimeError, match="too near 1"):
        tabular.value_iteration(table, 1.0, max_iterations=50)


@pytest.mark.parametrize("method", tabular.METHODS)
@pytest.mark.parametrize(
    ("name", "options"),
    [("FrozenLake-v1", {}), ("FrozenLake-v1", {"map_name": "8x8"}), ("CliffWalking-v1", {"max_episode_steps": 60})],
)
def test_fast_version_equals_the_readable_one(name, options, method):
    environment = gymnasium.make(name, **options)
    chosen = dataclasses.replace(SHORT, method=method, initial=0.3)
    readable = tabular.q_learning(environment, chosen, seed=5)
    fast = tabular.q_learning_fast(tabular.TransitionTable.from_environment(environment), chosen, seed=5)
    np.testing.assert_array_equal(readable.q, fast.q)
    np.testing.assert_array_equal(readable.returns, fast.returns)
    np.testing.assert_array_equal(readable.lengths, fast.lengths)
    np.testing.assert_array_equal(readable.visits, fast.visits)
    assert readable.visits.sum() == readable.lengths.sum()


def test_seeds_decide_everything(lake_table):
    same = [tabular.q_learning_fast(lake_table, SHORT, seed=1).q for _ in range(2)]
    np.testing.assert_array_equal(*same)
    assert not np.array_equal(same[0], tabular.q_learning_fast(lake_table, SHORT, seed=2).q)


@pytest.mark.parametrize(("name", "episodes"), [("4x4", 20_000), ("8x8", 100_000)])
def test_learned_policy_comes_near_the_exact_one(name, episodes):
    table = tabular.TransitionTable.from_environment(gymnasium.make("FrozenLake-v1", map_name=name))
    exact = tabular.evaluate_exactly(table, tabular.greedy_policy(tabular.value_iteration(table, 0.99)[0]))
    learned = tabular.q_learning_fast(table, tabular.Settings(episodes=episodes), seed=1)
    assert tabular.evaluate_exactly(table, tabular.greedy_policy(learned.q)) >= 0.97 * exact


def test_going_on_counts_on_from_the_visits_given():
    one_move = np.ones((1, 1, 1))  # a single state and action: the game pays 1 and is over
    table = tabular.TransitionTable(one_move, one_move.astype(int) * 0, one_move, one_move > 0, np.ones(1), 1)
    chosen = tabular.Settings(episodes=1, delta=0.2, delta_decay=0.005)
    q, visits = np.array([[0.5]]), np.array([[600]])
    after = tabular.q_learning_fast(table, chosen, q=q, visits=visits)
    assert after.q[0, 0] == pytest.approx(0.5 + 0.2 / (1 + 0.005 * 600) * (1 - 0.5)) and after.visits[0, 0] == 601
    assert q[0, 0] == 0.5 and visits[0, 0] == 600  # as they were
    anew = tabular.q_learning_fast(table, chosen, q=q)
    assert anew.q[0, 0] == pytest.approx(0.5 + 0.2 * (1 - 0.5)) and anew.visits[0, 0] == 1


@pytest.mark.parametrize("name", ["q", "visits"])
def test_a_table_of_another_shape_is_refused(lake_table, name):
    with pytest.raises(ValueError, match=rf"{name} has the shape \(4, 16\)"):
        tabular.q_learning_fast(lake_table, SHORT, **{name: np.zeros((4, 16))})


def test_exercise_on_the_horizon_knows_the_exact_successes():
    table = tabular.TransitionTable.from_environment(gymnasium.make("FrozenLake-v1", map_name="8x8"))
    tables = [tabular.value_iteration(table, gamma)[0] for gamma in checks_08_q_learning.GAMMAS]
    exact = [tabular.evaluate_exactly(table, tabular.greedy_policy(q)) for q in tables]
    assert exact == pytest.approx(checks_08_q_learning.EXACT, abs=1e-4)


def test_cliff_separates_the_two_methods():
    table = tabular.TransitionTable.from_environment(gymnasium.make("CliffWalking-v1"))
    chosen = tabular.Settings(episodes=2000, gamma=1.0, delta=0.5, delta_decay=0, epsilon=0.1, final_epsilon=0.1)
    q = tabular.q_learning_fast(table, chosen, seed=3)
    sarsa = tabular.q_learning_fast(table, dataclasses.replace(chosen, method="sarsa"), seed=3)
    assert tabular.evaluate_exactly(table, tabular.greedy_policy(q.q), horizon=100) == -13  # along the edge
    assert sarsa.returns[-500:].mean() > q.returns[-500:].mean() + 10  # SARSA keeps away from it


def test_epsilon_falls_linearly_then_stays():
    chosen = tabular.Settings(episodes=100, epsilon=1.0, final_epsilon=0.2, exploring_share=0.5)
    assert [chosen.epsilon_at(e) for e in (0, 25, 50, 99)] == pytest.approx([1.0, 0.6, 0.2, 0.2])


def test_ball_world_rewards_are_one_while_the_ball_is_in_play():
    table, index = tabular.ball_world(9, 7)
    q, _ = tabular.value_iteration(table, 0.9)
    assert set(np.unique(table.reward)) == {0.0, 1.0}
    assert q[index(4, 0, 1, 1, 4)].max() == pytest.approx(10.0)  # 1 / (1 - gamma): in play for ever
    # One row above the paddle's, three columns away: the next step loses the ball, whatever the paddle does.
    assert q[index(6, 5, 1, 1, 3)].max() == 0.0
    # Two rows above: one step in play is left, then the loss.
    assert q[index(6, 4, 1, 1, 3)].max() == pytest.approx(1.0)


@pytest.mark.parametrize(("name", "what"), [("CartPole-v1", "states"), ("Pendulum-v1", "states")])
def test_wrong_spaces_are_refused_in_one_sentence(name, what):
    environment = gymnasium.make(name)
    with pytest.raises(TypeError, match=f"discrete {what}"):
        tabular.q_learning(environment, SHORT)
    with pytest.raises(TypeError, match=f"discrete {what}"):
        tabular.TransitionTable.from_environment(environment)


def test_environment_without_a_table_says_so():
    with pytest.raises(ValueError, match="carries no transition table"):
        tabular.TransitionTable.from_environment(_Corridor())


class _Corridor(gymnasium.Env):
    """Three cells in a row; ``reward`` for reaching the last one."""

    observation_space = gymnasium.spaces.Discrete(3)
    action_space = gymnasium.spaces.Discrete(2)

    def __init__(self, reward=1.0):
        self.reward, self.cell = reward, 0

    def reset(self, *, seed=None, options=None):
        self.cell = 0
        return 0, {}

    def step(self, action):
        self.cell = max(0, self.cell + (1 if action else -1))
        end = self.cell == 2
        return self.cell, self.reward if end else 0.0, end, False, {}


def test_readable_version_learns_without_a_table():
    learned = tabular.q_learning(_Corridor(), tabular.Settings(episodes=200, gamma=0.5, delta_decay=0), seed=0)
    np.testing.assert_allclose(learned.q[:2, 1], [0.5, 1.0], atol=1e-3)


def test_nan_reward_is_an_error():
    with pytest.raises(ValueError, match="reward nan"):
        tabular.q_learning(_Corridor(float("nan")), SHORT)


@pytest.mark.parametrize(
    "wrong", [{"method": "td"}, {"delta": 0.0}, {"gamma": 1.5}, {"episodes": 0}, {"final_epsilon": -0.1}]
)
def test_settings_are_checked(wrong):
    with pytest.raises(ValueError):
        tabular.Settings(**wrong)


def test_endless_episodes_are_refused():
    table = tabular.TransitionTable.from_environment(gymnasium.make("CliffWalking-v1"))
    with pytest.raises(ValueError, match="never end"):
        tabular.q_learning_fast(table, tabular.Settings(episodes=5, final_epsilon=0.0))
    with pytest.raises(ValueError, match="no time limit"):
        tabular.evaluate_exactly(table, np.full((48, 4), 0.25))
