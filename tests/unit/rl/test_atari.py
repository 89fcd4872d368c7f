"""The games around the deep Q-network: serving, lives, ends, scores, and the replay memory fed by them."""

import numpy as np
import pytest

from utils.rl.atari import FIRE, Games, epsilon_greedy, play_games
from utils.rl.replay import ReplayMemory


@pytest.fixture(scope="module")
def record():
    """Random play in three games until each has ended at least once."""
    games, rng = Games(3, seed=7), np.random.default_rng(0)
    observations, starts, moments, lives = games.reset(), np.ones(3, dtype=bool), [], []
    finished = []
    while min([0] + [sum(f[0] == g for f in finished) for g in range(3)]) < 1 and len(moments) < 700:
        wanted = rng.integers(0, 4, 3)
        serve = games.serve.copy()
        moment = games.step(wanted)
        moments.append((observations, starts, wanted, serve, moment))
        lives.append(games.lives.copy())
        observations, starts = moment.observations, moment.starts
        finished += games.finished
        games.finished.clear()
        if len(finished) >= 6 and len({f[0] for f in finished}) == 3:
            break
    return moments, lives, finished


def test_observations_have_the_networks_layout(record):
    observations = record[0][0][0]
    assert observations.shape == (3, 84, 84, 4) and observations.dtype == np.uint8
    assert observations[..., :3].max() == 0  # nothing was seen before the first frame
    assert observations[..., 3].max() > 100


def test_stacks_move_on_by_one_frame_except_at_a_games_start(record):
    for before, _, _, _, moment in record[0]:
        for game in range(3):
            if moment.starts[game]:
                assert moment.observations[game, ..., :3].max() == 0
            else:
                np.testing.assert_array_equal(moment.observations[game, ..., :3], before[game, ..., 1:])


def test_the_ball_is_served_after_every_lost_life(record):
    served = 0
    for (_, _, _, _, moment), (_, _, wanted, serve, following) in zip(record[0], record[0][1:]):
        np.testing.assert_array_equal(serve, moment.life_lost & ~moment.game_over)
        np.testing.assert_array_equal(following.actions, np.where(serve, FIRE, wanted))
        served += serve.sum()
    assert served >= 12


def test_a_lost_life_does_not_end_the_game(record):
    lost = sum(moment.life_lost.sum() for *_, moment in record[0])
    over = sum(moment.game_over.sum() for *_, moment in record[0])
    finished = record[2]
    assert over == len(finished) >= 3
    assert lost >= 5 * over
    for *_, moment in record[0]:
        assert not (moment.game_over & ~moment.life_lost).any()
        np.testing.assert_array_equal(moment.starts, moment.game_over | moment.truncated)


def test_scores_are_the_sums_of_the_real_rewards(record):
    totals, expected = np.zeros(3), []
    for *_, moment in record[0]:
        totals += moment.rewards
        for game in np.flatnonzero(moment.starts):
            expected.append((game, totals[game]))
            totals[game] = 0
    assert [(game, score) for game, score, _ in record[2]] == expected


def test_replay_gives_back_what_the_games_showed(record):
    memory = ReplayMemory(3 * len(record[0]), 3, n_step=1)
    for observations, starts, _, _, moment in record[0]:
        memory.add(observations[..., -1], moment.actions, moment.rewards, moment.life_lost, moment.truncated, starts)
    times = np.arange(len(record[0]))
    for game in range(3):
        seen = memory.observations(times, np.full(len(times), game))
        np.testing.assert_array_equal(seen, np.stack([moment[0][game] for moment in record[0]]))


def test_the_frame_limit_truncates_without_a_lost_game():
    games = Games(2, seed=1, max_frames=200)
    games.reset()
    cut = 0
    for _ in range(60):
        moment = games.step(np.zeros(2, dtype=np.int64))
        assert not (moment.truncated & moment.game_over).any()
        cut += moment.truncated.sum()
        assert (moment.starts >= moment.truncated).all()
    assert cut >= 2


def test_same_seed_same_game_and_sticky_actions_differ():
    def trace(sticky):
        games, rng = Games(2, seed=5, sticky=sticky), np.random.default_rng(0)
        games.reset()
        return np.stack([games.step(rng.integers(0, 4, 2)).observations[..., -1] for _ in range(60)])

    np.testing.assert_array_equal(trace(0.0), trace(0.0))
    assert (trace(0.0) != trace(0.25)).any()


def test_epsilon_greedy_shares():
    rng = np.random.default_rng(0)
    values = np.tile([0.0, 1.0, 0.5, 0.2], (20_000, 1))
    assert (epsilon_greedy(values, 0.0, rng) == 1).all()
    assert np.mean(epsilon_greedy(values, 0.4, rng) == 1) == pytest.approx(0.6 + 0.1, abs=0.02)
    per_game = epsilon_greedy(values, np.repeat([0.0, 1.0], 10_000), rng)
    assert (per_game[:10_000] == 1).all() and np.mean(per_game[10_000:] == 1) == pytest.approx(0.25, abs=0.02)


def test_play_games_counts_every_slot_equally():
    calls = []

    def values(observations):
        return np.random.default_rng(1).random((len(observations), 4))

    scores, lengths = play_games(values, 5, epsilon=1.0, seed=3, num_games=2, progress=lambda *a: calls.append(a))
    assert scores.shape == lengths.shape == (5,)
    assert calls == [(i + 1, 5) for i in range(5)]
    assert (lengths > 60).all() and 0 <= scores.mean() < 6
