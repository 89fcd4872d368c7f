"""The replay memory against a naive one that stores every observation whole."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.rl.replay import ReplayMemory, channels_last, mirror

GAMMA = 0.9


class Naive:
    """Keeps complete observations and walks through the moments one by one."""

    def __init__(self, num_games, n_step, stack):
        self.moments = [[] for _ in range(num_games)]
        self.n_step, self.stack = n_step, stack
        self.windows = [[] for _ in range(num_games)]

    def add(self, frames, actions, rewards, terminals, truncations, starts):
        for game in range(len(frames)):
            if starts[game]:
                self.windows[game] = [np.zeros_like(frames[game])] * self.stack
            self.windows[game] = [*self.windows[game][1:], frames[game]]
            observation = np.stack(self.windows[game], axis=-1)
            self.moments[game].append(
                (observation, actions[game], rewards[game], terminals[game], truncations[game], starts[game])
            )

    def transition(self, game, time):
        """(observation, action, return, next observation or None, discount), or None if cut off by a limit."""
        observation, action, *_ = self.moments[game][time]
        total = 0.0
        for k in range(self.n_step):
            _, _, reward, terminal, truncated, _ = self.moments[game][time + k]
            total += GAMMA**k * reward
            if truncated:
                return None
            if terminal:
                return observation, action, total, None, 0.0
        return observation, action, total, self.moments[game][time + self.n_step][0], GAMMA**self.n_step


def play(seed, rows, num_games, n_step, stack, moments, ending=0.2):
    """Fill both memories with the same random games; frames are numbered so that they can be told apart."""
    rng = np.random.default_rng(seed)
    memory = ReplayMemory(rows * num_games, num_games, n_step, GAMMA, (2, 3), stack, seed)
    naive = Naive(num_games, n_step, stack)
    starts = np.ones(num_games, dtype=bool)
    for _ in range(moments):
        frames = rng.integers(1, 256, (num_games, 2, 3), dtype=np.uint8)
        actions, rewards = rng.integers(0, 4, num_games), rng.integers(-1, 2, num_games)
        over = rng.random(num_games) < ending
        truncated = ~over & (rng.random(num_games) < ending / 2)
        lost = over | (rng.random(num_games) < ending)  # a lost life ends the return, not the game
        moment = (frames, actions, rewards, lost & ~truncated, truncated, starts)
        memory.add(*moment)
        naive.add(*moment)
        starts = over | truncated
    return memory, naive


@given(
    seed=st.integers(0, 10_000),
    rows=st.integers(8, 20),
    num_games=st.integers(1, 3),
    n_step=st.integers(1, 4),
    stack=st.integers(1, 4),
    moments=st.integers(6, 60),
)
@settings(max_examples=120, deadline=None)
def test_every_transition_equals_the_naive_memory(seed, rows, num_games, n_step, stack, moments):
    memory, naive = play(seed, rows, num_games, n_step, stack, moments)
    first, end = memory.sampleable()
    assert end == max(first, moments - n_step)
    assert first == (0 if moments <= rows else moments - rows + stack - 1)
    times, games = (axis.ravel() for axis in np.meshgrid(np.arange(first, end), np.arange(num_games)))
    if not len(times):
        return
    reward, alive, cut = memory.returns(times, games)
    now, later = memory.observations(times, games), memory.observations(times + n_step, games)
    for i, (time, game) in enumerate(zip(times, games)):
        expected = naive.transition(game, time)
        assert cut[i] == (expected is None)
        if expected is None:
            continue
        observation, action, total, following, discount = expected
        np.testing.assert_array_equal(now[i], observation)
        assert memory.actions[time % rows, game] == action
        assert reward[i] == pytest.approx(total, abs=1e-5)
        assert alive[i] * GAMMA**n_step == pytest.approx(discount)
        if following is not None:
            np.testing.assert_array_equal(later[i], following)


@given(seed=st.integers(0, 1000), moments=st.integers(12, 50))
@settings(max_examples=30, deadline=None)
def test_samples_are_transitions_of_the_naive_memory(seed, moments):
    memory, naive = play(seed, 10, 2, 2, 3, moments)
    first, end = memory.sampleable()
    known = [naive.transition(game, time) for time in range(first, end) for game in range(2)]
    known = [transition for transition in known if transition is not None]
    if not known:
        return
    batch = memory.sample(16)
    assert batch["observation"].shape == (16, 2, 3, 3) and batch["observation"].dtype == np.uint8
    assert batch["action"].dtype == np.int32 and batch["reward"].dtype == np.float32
    for i in range(16):
        assert any(
            np.array_equal(batch["observation"][i], observation)
            and batch["action"][i] == action
            and batch["reward"][i] == pytest.approx(total, abs=1e-5)
            and batch["discount"][i] == pytest.approx(discount)
            and (following is None or np.array_equal(batch["next_observation"][i], following))
            for observation, action, total, following, discount in known
        )


def test_sampling_reaches_every_moment():
    memory, _ = play(3, 12, 2, 1, 2, 40, ending=0.0)
    first, end = memory.sampleable()
    drawn = memory.sample(2000)["observation"]
    times, games = (axis.ravel() for axis in np.meshgrid(np.arange(first, end), np.arange(2)))
    stored = {row.tobytes() for row in memory.observations(times, games)}
    assert {row.tobytes() for row in drawn} == stored


def test_same_seed_same_samples():
    first, _ = play(5, 12, 2, 1, 2, 30)
    second, _ = play(5, 12, 2, 1, 2, 30)
    expected = second.sample(8)
    for name, array in first.sample(8).items():
        np.testing.assert_array_equal(array, expected[name])


def test_memory_stores_each_frame_once():
    memory = ReplayMemory(100_000, num_games=32)
    assert memory.nbytes < 0.8e9
    stacked = 4 * 84 * 84 * memory.rows * memory.num_games  # one whole observation per transition
    assert memory.nbytes <= 0.27 * stacked
    assert len(memory) == 0


@pytest.mark.parametrize("stack", [1, 3, 4, 5])
def test_channels_last_is_moveaxis(stack):
    stacks = np.random.default_rng(0).integers(0, 256, (5, stack, 6, 7), dtype=np.uint8)
    np.testing.assert_array_equal(channels_last(stacks), np.moveaxis(stacks, 1, -1))
    np.testing.assert_array_equal(channels_last(stacks[::2]), np.moveaxis(stacks[::2], 1, -1))


def test_too_small_a_memory_says_what_is_needed():
    with pytest.raises(ValueError, match="at least 72"):
        ReplayMemory(40, num_games=8, n_step=5)


def test_an_empty_memory_says_so():
    with pytest.raises(ValueError, match="too few to draw from"):
        ReplayMemory(1000).sample(4)


def test_a_restored_memory_draws_the_same_but_not_across_the_break():
    def memory():
        return ReplayMemory(40, num_games=2, n_step=3, frame_shape=(2, 2), seed=5)

    first, rng = memory(), np.random.default_rng(0)
    nothing = np.zeros(2, dtype=bool)
    for _ in range(27):  # beyond the wrap at 20 rows
        frames = rng.integers(0, 256, (2, 2, 2), dtype=np.uint8)
        first.add(frames, rng.integers(0, 4, 2), rng.normal(size=2), nothing, nothing, nothing)
    second = memory()
    second.restore(first.arrays())
    assert second.sampleable() == first.sampleable()
    times, games = np.array([20, 21, 22, 23]), np.array([0, 1, 0, 1])
    np.testing.assert_array_equal(second.observations(times, games), first.observations(times, games))
    np.testing.assert_array_equal(second.returns(times, games)[0], first.returns(times, games)[0])
    second.add(frames, np.zeros(2), np.zeros(2), nothing, nothing, ~nothing)  # a new game begins after the break
    assert not second.returns(times, games)[2].any()
    assert second.returns(np.array([24, 25, 26]), np.array([0, 0, 0]))[2].all()


def test_a_memory_of_another_shape_is_refused():
    with pytest.raises(ValueError, match="keep capacity and number of games"):
        ReplayMemory(40, num_games=2).restore(ReplayMemory(40, num_games=4).arrays() | {"added": 10})


def test_mirror_swaps_pictures_and_actions_together():
    rng = np.random.default_rng(0)
    observation, following = rng.integers(0, 256, (2, 200, 4, 6, 3), dtype=np.uint8)
    action = rng.integers(0, 4, 200).astype(np.int32)
    batch = {"observation": observation.copy(), "next_observation": following.copy(), "action": action.copy()}
    mirror(batch, (0, 1, 3, 2), rng)
    swapped = (batch["observation"] != observation).any(axis=(1, 2, 3))
    assert 60 < swapped.sum() < 140
    for i in range(200):
        step = -1 if swapped[i] else 1
        np.testing.assert_array_equal(batch["observation"][i], observation[i][:, ::step])
        np.testing.assert_array_equal(batch["next_observation"][i], following[i][:, ::step])
        assert batch["action"][i] == ([0, 1, 3, 2] if swapped[i] else [0, 1, 2, 3])[action[i]]
    assert batch["action"].dtype == np.int32
