"""Step 3 as a stream: what a position teaches, and that a kill changes nothing."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from utils.go import features, networks, value
from utils.go.value import Stream, ValueSettings, play_unit

TINY = ValueSettings(
    units=3, games=6, latest=5, komi=0.5, per_game=3, window=40, filters=8, blocks=1, batch=8, average=0.5
)
BLACK_TO_PLAY = features.PLANES.index("black to play")


@pytest.fixture(scope="module")
def policy():
    shape = networks.Architecture(size=5, filters=8, blocks=1)
    return networks.Evaluator(networks.build(shape), shape)


def test_a_position_knows_who_owns_what_and_by_how_much(policy):
    unit = play_unit(policy, policy, TINY, seed=1)
    black = unit.planes(np.arange(len(unit)))[:, 0, 0, BLACK_TO_PLAY] > 0
    side = np.where(black, 1, -1)
    assert black.any() and not black.all()
    np.testing.assert_allclose(unit.margins, (unit.owners.sum(axis=1) - 0.5 * side) / 25, atol=1e-6)
    np.testing.assert_array_equal(np.sign(unit.margins), unit.outcomes)
    for game in range(TINY.games):  # the end of a game is one board, seen from both sides
        rows = unit.games == game
        assert len(np.unique(unit.owners[rows] * side[rows, None], axis=0)) == 1


def test_stones_at_the_end_own_their_points(policy):
    """The owners against an independent look at the last board: where a stone stands, its colour owns."""
    from utils.go.batch import Games
    from utils.go.position import COLOR, to_point
    from utils.go.vertices import BLACK, WHITE

    games, rng = Games(4, 5, 0.5), np.random.default_rng(0)
    for _ in range(12):
        masks = games.masks(np.arange(4), sensible=True)
        actions = np.array([rng.choice(np.flatnonzero(mask)) for mask in masks])
        games.play(np.arange(4), actions)
    owners = games.owners()
    for g in range(4):
        for action in range(25):
            color = games.states[g, COLOR, to_point(5, action)]
            if color in (BLACK, WHITE):
                assert owners[g, action] == (1 if color == BLACK else -1)
    np.testing.assert_allclose(owners.sum(axis=1) - 0.5, games.scores())


def test_a_kill_changes_nothing(policy, tmp_path):
    whole = Stream(TINY, policy, policy, tmp_path / "whole")
    for _ in range(TINY.units):
        whole.iterate()
    broken = Stream(TINY, policy, policy, tmp_path / "broken")
    broken.iterate()
    broken.save()
    broken.iterate()  # and then the power goes
    (tmp_path / "broken" / "000000000.npz").unlink()  # with a file lost: its games are played again
    again = Stream(TINY, policy, policy, tmp_path / "broken")
    assert again.unit == 1
    for _ in range(TINY.units - 1):
        again.iterate()
    assert (
        again.learner.step
        == whole.learner.step
        == whole.total
        == TINY.units * TINY.games * TINY.per_game * 2 // TINY.batch
    )
    for one, other in zip(whole.learner.average, again.learner.average):
        np.testing.assert_allclose(one, other, atol=2e-3)


def test_the_window_forgets_and_every_head_learns(policy, tmp_path):
    stream = Stream(TINY, policy, policy, tmp_path)
    for _ in range(TINY.units):
        losses = stream.iterate()
    assert len(stream.window) == TINY.window < TINY.units * TINY.games * TINY.per_game
    assert {"policy_logits_loss", "value_out_loss", "owner_loss", "margin_loss"} <= set(losses)
    assert np.all(np.isfinite(list(losses.values())))


def test_targets_turn_with_the_board(policy, tmp_path):
    stream = Stream(TINY, policy, policy, tmp_path)
    stream._add(stream.games_of(0))
    index = np.zeros(8, np.int64)
    moves, outcomes, owners, margins = stream.learner.targets(stream.window, index, np.arange(8))
    first = stream.window.owners[0].reshape(5, 5)
    for k in range(8):
        expected = features.transform(first[None, :, :, None].astype(np.float32), np.array([k]))
        np.testing.assert_array_equal(owners[k], expected[0])
        np.testing.assert_allclose(np.sort(moves[k]), np.sort(stream.window.policies[0].astype(np.float32)))
    assert len(np.unique(outcomes)) == len(np.unique(margins)) == 1


@pytest.mark.parametrize("changed, heads", [({"policy": 0.0}, 3), ({"owner": 0.0, "margin": 0.0}, 2)])
def test_heads_can_be_left_out(policy, tmp_path, changed, heads):
    stream = Stream(dataclasses.replace(TINY, **changed), policy, policy, tmp_path)
    stream.iterate()
    assert len(stream.learner.model.outputs) == heads


def test_what_a_search_uses_has_no_heads_for_learning(policy, tmp_path):
    stream = Stream(TINY, policy, policy, tmp_path)
    stream.iterate()
    networks.save(tmp_path / "net.npz", stream.learner.averaged(), stream.architecture)
    evaluator = networks.Evaluator.from_file(tmp_path / "net.npz")
    moves, values = evaluator(stream.window.planes(np.arange(4)))
    assert moves.shape == (4, 26) and values.shape == (4,) and len(evaluator.network.outputs) == 2
    with pytest.raises(ValueError, match="beside a value"):
        networks.Architecture(territory=True)


def test_tested_games_are_others_and_stay(policy, tmp_path):
    tested = value.games_for_testing(policy, policy, TINY, tmp_path, units=2)
    again = value.games_for_testing(policy, policy, TINY, tmp_path, units=2)
    assert np.all(tested.moves == 0) and len(set(tested.games)) == len(tested)
    np.testing.assert_array_equal(tested.packed, again.packed)


def test_outcomes_alternate_within_a_game(policy):
    unit = play_unit(policy, policy, dataclasses.replace(TINY, games=4), seed=1)
    assert set(np.unique(unit.outcomes)) <= {-1.0, 0.0, 1.0}
    for game in range(4):
        rows = np.flatnonzero(unit.games == game)
        rows = rows[np.argsort(unit.moves[rows])]
        assert (np.diff(unit.outcomes[rows]) != 0).all()


def test_a_position_is_played_on_many_times_from_where_it_stands(policy):
    games = value.opened(policy, TINY, np.random.default_rng(2))
    which = games.running[:3]
    before = games.states.copy()
    outcomes = value.continued(games, which, 200, policy, seed=1)
    assert outcomes.shape == (3, 200) and set(np.unique(outcomes)) <= {-1.0, 0.0, 1.0}
    np.testing.assert_array_equal(games.states, before)
    np.testing.assert_array_equal(outcomes, value.continued(games, which, 200, policy, seed=1))
    other = value.continued(games, which, 200, policy, seed=2).mean(axis=1)
    np.testing.assert_allclose(outcomes.mean(axis=1), other, atol=0.35)
