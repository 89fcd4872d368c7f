"""Networks, the three trainings and the Zero loop: small, exact where they can be, and resumed after a kill."""

import dataclasses
import itertools
from pathlib import Path

import keras
import numpy as np
import pytest
from scipy.special import softmax

from utils.checkpoints import load_checkpoint
from utils.go import examples, features, networks, reinforce, selfplay, supervised, zero_games
from utils.go.board import Board
from utils.go.gnugo_games import canonical
from utils.go.vertices import BLACK

TINY = networks.Architecture(size=5, filters=8, blocks=2, value=True)


@pytest.fixture(scope="module")
def positions():
    return examples.positions_of(examples.load_games("train", limit=6))


def stirred(model):
    """Give every weight (moving statistics too) a value of its own."""
    rng = np.random.default_rng(0)
    model.set_weights([np.abs(rng.normal(0.5, 0.3, w.shape)) * 0.5 + 0.1 for w in model.get_weights()])
    return model


def test_folding_changes_nothing():
    model = stirred(networks.build(TINY))
    x = np.random.default_rng(1).integers(0, 2, (3, 5, 5, features.COUNT)).astype(np.float32)
    policy, worth = (np.asarray(y) for y in model(x, training=False))
    found = networks.Evaluator(model, TINY)(x)
    np.testing.assert_allclose(found[0], softmax(policy, axis=-1), atol=1e-4)
    np.testing.assert_allclose(found[1], worth[:, 0], atol=1e-4)


def test_half_precision_answers_nearly_the_same_and_stays_in_the_tower():
    keras.utils.set_random_seed(0)
    model = networks.build(TINY)
    x = np.random.default_rng(1).integers(0, 2, (3, 5, 5, features.COUNT)).astype(np.float32)
    exact, half = networks.Evaluator(model, TINY), networks.Evaluator(model, TINY, half=True)
    for one, other in zip(exact(x), half(x)):
        assert other.dtype == np.float32 and 0 < np.abs(one - other).max() < 0.05
    policies = {layer.name: layer.compute_dtype for layer in half.network.layers if layer.weights}
    assert policies["block1_conv1"] == "bfloat16" and policies["value_out"] == policies["policy_conv"] == "float32"
    assert keras.config.dtype_policy().name == "float32"


def test_shapes_heads_and_any_size():
    for policy, worth in ((True, False), (False, True)):
        shape = networks.Architecture(size=5, filters=8, blocks=1, policy=policy, value=worth)
        evaluator = networks.Evaluator(networks.build(shape), shape)
        for size in (5, 7):
            p, v = evaluator(np.zeros((3, size, size, features.COUNT), np.float32))
            assert (p is None) != policy and (v is None) != worth
            assert p is None or (p.shape == (3, size * size + 1) and np.allclose(p.sum(1), 1, atol=1e-5))
            assert v is None or v.shape == (3,)
    with pytest.raises(ValueError, match="head"):
        networks.build(networks.Architecture(policy=False))


def test_symmetric_evaluation_turns_the_answer_back():
    model = networks.build(TINY)
    x = np.random.default_rng(1).integers(0, 2, (2, 5, 5, features.COUNT)).astype(np.float32)
    k = np.array([3, 6])
    mean = networks.Evaluator(model, TINY, symmetry="all")
    p, v = mean(x)
    q, w = mean(features.transform(x, k))
    np.testing.assert_allclose(features.transform_policy(q, k, back=True), p, atol=1e-5)
    np.testing.assert_allclose(v, w, atol=1e-5)


def test_saved_networks_come_back_and_damage_is_named(tmp_path):
    model = networks.build(TINY)
    path = networks.save(tmp_path / "net.npz", model, TINY)
    again, architecture = networks.load(path)
    assert architecture == TINY
    for a, b in zip(model.get_weights(), again.get_weights()):
        np.testing.assert_allclose(a, b, atol=1e-3)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match=r"net\.npz"):
        networks.load(path)


def test_positions_are_the_experts_and_unpack(positions):
    game = examples.load_games("train", limit=1)[0]
    first = positions.subset(np.flatnonzero(positions.games == 0))
    assert len(first) == len(game.points) - game.opening and first.moves[0] == game.opening
    assert first.actions.tolist() == game.points[game.opening :]
    for row, (board, _) in enumerate(list_boards(game)[game.opening :][:8]):
        np.testing.assert_array_equal(first.planes(np.array([row]))[0], board)
    with pytest.raises(ValueError, match="one board size"):
        examples.positions_of([])


def list_boards(game):
    return [(features.planes_of(board), action) for board, action in game.boards()]


def letters(path):
    """Names of the arrays in a checkpoint without their numbers: a training under way must find them again."""
    return {name.rstrip("0123456789") for name in load_checkpoint(path)[0]}


RECIPE = supervised.Recipe(filters=8, blocks=1, batch=16, steps=6, warmup=2)


def test_supervised_training_resumes_exactly(positions, tmp_path):
    whole = supervised.Trainer(positions, RECIPE)
    whole.run(6)
    path = tmp_path / "run.npz"
    part = supervised.Trainer(positions, RECIPE, path)
    part.run(3)
    part.save()
    assert letters(path) == {"w", "o", "a"}
    rest = supervised.Trainer(positions, RECIPE, path)
    assert rest.step == 3
    rest.run(10)
    assert rest.step == 6
    for a, b in zip(whole.model.get_weights(), rest.model.get_weights()):
        np.testing.assert_allclose(a, b, atol=1e-3)  # gradients may be summed in another order; without moments 1e-2
    with pytest.raises(ValueError, match="another recipe"):
        supervised.Trainer(positions, dataclasses.replace(RECIPE, seed=2), path)


def test_supervised_training_learns_what_it_is_shown(positions):
    recipe = dataclasses.replace(RECIPE, steps=60, rate=5e-3, batch=32)
    trainer = supervised.Trainer(positions.subset(np.arange(32)), recipe)
    before = trainer.run(5)
    assert trainer.run(60) < before
    report = supervised.accuracy(networks.Evaluator(trainer.model, trainer.architecture), positions)
    assert 0 <= report["top1 all"] <= report["top5"] <= 1 and report["positions"] == len(positions)


def test_supervised_training_can_start_from_a_network_of_another_board_size(positions, tmp_path):
    donor = supervised.Trainer(positions, RECIPE).model
    shape = networks.Architecture(19, features.COUNT, RECIPE.filters, RECIPE.blocks)
    path = str(networks.save(tmp_path / "large.npz", donor, shape))
    trainer = supervised.Trainer(positions, dataclasses.replace(RECIPE, start=path, seed=5))
    for new, old, average in zip(trainer.model.get_weights(), donor.get_weights(), trainer.average):
        np.testing.assert_allclose(new, old, atol=1e-3)
        np.testing.assert_array_equal(new, average)
    with pytest.raises(ValueError, match="other planes"):
        supervised.Trainer(positions, dataclasses.replace(RECIPE, start=path, raw=True))


def test_learning_rate_warms_up_and_falls_to_zero(positions):
    trainer = supervised.Trainer(positions, dataclasses.replace(RECIPE, steps=100, warmup=10))
    rates = [float(trainer.rate(step)) for step in range(101)]
    assert rates[10] == max(rates) == pytest.approx(RECIPE.rate)
    assert rates[0] == pytest.approx(RECIPE.rate / 10) and rates[100] == pytest.approx(0, abs=1e-9)


def test_openings_stay_together():
    games = examples.load_games("train", limit=200)
    kept, aside = examples.split_by_opening(games, share=0.2)
    assert len(kept) + len(aside) == 200 and len(aside) > 10


def test_games_of_ones_own_are_split_in_three_without_common_openings():
    path = examples.games_folder() / "gnugo_9x9_train.sgf.gz"
    parts = examples.split_games(path, limit=600)
    assert sum(map(len, parts)) == 600 and all(len(part) > 10 for part in parts[1:])
    openings = [{canonical(game.points[:10], 9) for game in part} for part in parts]
    assert not openings[0] & openings[1] and not openings[0] & openings[2] and not openings[1] & openings[2]
    assert len(examples.split_games()[2]) == 500


def test_missing_games_are_named(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match=r"nothing\.sgf"):
        examples.split_games(tmp_path / "nothing.sgf")
    monkeypatch.setattr(examples.store, "fetch", lambda name: None)
    with pytest.raises(FileNotFoundError, match="go_19x19"):
        examples.split_games(Path("go_19x19_9dan_2016-07.sgf.gz"))


@pytest.fixture(scope="module")
def small_policy():
    shape = networks.Architecture(size=5, filters=8, blocks=1)
    return networks.build(shape), shape


SMALL = reinforce.ReinforceSettings(games=6, komi=0.5, pool_every=1, pool_size=2)


def test_reinforce_resumes_and_keeps_its_pool(small_policy, tmp_path):
    path = tmp_path / "rl.npz"
    learner = reinforce.Learner(small_policy, SMALL, path)
    for _ in range(3):
        row = learner.iterate()
    assert -1 <= row["result"] <= 1 and len(learner.pool) == 2
    learner.save()
    assert letters(path) == {"w", "o", "p0_", "p1_"}
    again = reinforce.Learner(small_policy, SMALL, path)
    assert again.iteration == 3 and len(again.pool) == 2 and again.curve == learner.curve
    np.testing.assert_allclose(again.model.get_weights()[0], learner.model.get_weights()[0])


def test_reinforce_makes_moves_of_won_games_likelier(small_policy):
    learner = reinforce.Learner(small_policy, dataclasses.replace(SMALL, rate=1e-3))
    planes = features.planes_of(Board(5, 0.5))[None].repeat(300, axis=0)
    actions = np.where(np.arange(300) % 2, 25, 12)  # the centre wins, passing loses
    result, color = np.where(np.arange(300) % 2, -1.0, 1.0), np.ones(300, int)
    before = softmax(np.asarray(learner.model(planes[:1]))[0])
    for _ in range(5):
        rows = (np.arange(300), planes.astype(np.uint8), actions, np.ones((300, 26), bool))
        learner.learn([rows], result, color, np.random.default_rng(0))
    after = softmax(np.asarray(learner.model(planes[:1]))[0])
    assert after[25] < before[25] and after[12] / after[25] > 1.1 * before[12] / before[25]


def test_reinforce_learns_nothing_when_every_game_ends_alike(small_policy):
    learner = reinforce.Learner(small_policy, SMALL)
    before = [w.copy() for w in learner.model.get_weights()]
    planes = features.planes_of(Board(5, 0.5), np.uint8)[None].repeat(40, axis=0)
    rows = (np.arange(40) % 4, planes, np.arange(40) % 25, np.ones((40, 26), bool))
    learner.learn([rows], -np.ones(4), np.array([1, 2, 1, 2]), np.random.default_rng(0))
    for old, new in zip(before, learner.model.get_weights()):
        np.testing.assert_allclose(new, old, atol=1e-6)


def test_forbidden_moves_have_no_part_in_the_loss():
    logits = np.array([[2.0, 0.0, 9.0], [1.0, 3.0, -2.0]], np.float32)
    target = np.array([[1.0, 0.0, -1.0], [0.0, 1.0, 0.0]], np.float32)
    wanted = [np.log(1 + np.exp(-2.0)), np.log(np.exp(-2) + 1 + np.exp(-5.0))]
    np.testing.assert_allclose(np.asarray(reinforce.masked_log_loss(target, logits)), wanted, rtol=1e-5)


def test_comparison_is_fair_between_equals(small_policy):
    evaluator = networks.Evaluator(*small_policy)
    report = reinforce.compare(evaluator, evaluator, games=20, komi=0.5)
    assert report["interval"][0] < 0.5 + 0.35 and report["games"] == 20


ZERO = zero_games.ZeroSettings(
    size=3, komi=0.5, komi_rise=0, filters=8, blocks=1, games=4, playouts=8, fast_playouts=4, steps=2, batch=8
)


def test_a_unit_of_work_is_a_pure_function():
    weights = networks.build(zero_games.architecture_of(ZERO)).get_weights()
    one, other = zero_games.play_games(weights, ZERO, 5), zero_games.play_games(weights, ZERO, 5)
    for name, values in one.positions.columns().items():
        np.testing.assert_array_equal(values, other.positions.columns()[name])
    assert len(one.scores) == 4 and np.abs(one.positions.outcomes).max() <= 1
    np.testing.assert_allclose(one.positions.policies.astype(float).sum(axis=1), 1, atol=0.01)
    assert next(iter(zero_games.run_units(weights, ZERO, [5]))).lengths.tolist() == one.lengths.tolist()


GUMBEL = dataclasses.replace(ZERO, considered=4, owner=1.0, margin=0.5, average=0.5)


def test_with_gumbels_root_every_move_of_a_game_is_learned_from():
    weights = networks.build(zero_games.architecture_of(GUMBEL)).get_weights()
    found = zero_games.play_games(weights, GUMBEL, 5)
    assert len(found.positions) == found.lengths.sum()
    for game in range(GUMBEL.games):
        rows = found.positions.games == game
        np.testing.assert_array_equal(found.positions.moves[rows], np.arange(found.lengths[game]))
    played = np.take_along_axis(found.positions.policies, found.positions.actions[:, None], axis=1)
    assert (played > 0).all()  # nothing was played that the rules or good sense forbid
    loop = selfplay.Loop(GUMBEL)
    loop.iterate()
    assert len(loop.learner.model.outputs) == 4 and np.isfinite(loop.curve[-1]["fresh_mse"])


def test_zero_plays_and_learns_in_half_precision():
    loop = selfplay.Loop(dataclasses.replace(GUMBEL, half=True))
    assert np.isfinite(loop.iterate()["loss"])
    assert loop.learner.model.get_layer("block1_conv1").compute_dtype == "bfloat16"
    assert all(w.dtype == np.float32 for w in loop.best)


def test_a_resignation_owns_nothing():
    with pytest.raises(ValueError, match="resignation"):
        dataclasses.replace(GUMBEL, resign=-0.9)
    with pytest.raises(ValueError, match="tries 9 moves"):
        dataclasses.replace(ZERO, considered=9)


def test_zero_loop_resumes_where_it_was_killed(tmp_path):
    path = tmp_path / "zero.npz"
    loop = selfplay.Loop(ZERO, path)
    loop.iterate()
    loop.save()
    loop.iterate()
    again = selfplay.Loop(ZERO, path)
    assert again.iteration == 1 and len(again.window) > 0 and again.history == []
    again.iterate()
    for a, b in zip(loop.best, again.best):
        np.testing.assert_allclose(a, b, atol=1e-3)
    other = selfplay.Loop(dataclasses.replace(ZERO, steps=ZERO.steps + 1), path)
    assert other.history == [{"iteration": 1, "from_to": {"steps": [ZERO.steps, ZERO.steps + 1]}}]


def test_the_komi_rises_with_the_player():
    settings = zero_games.ZeroSettings(iterations=100)
    komi = [zero_games.komi_at(iteration, settings) for iteration in range(100)]
    assert komi[0] == 0.5 and komi[59] < 24.5 and komi[60] == komi[99] == 24.5
    assert all(b >= a and a % 1 == 0.5 for a, b in itertools.pairwise(komi))
    loop = selfplay.Loop(dataclasses.replace(ZERO, komi=8.5, komi_rise=8.0))
    row = loop.iterate()
    assert row["komi"] == 0.5 and abs(row["black_area"]) <= 9 and loop.settings.komi == 8.5


def test_gating_keeps_the_better_network():
    settings = dataclasses.replace(ZERO, gate_games=4, gate=1.1)
    loop = selfplay.Loop(settings)
    best = [w.copy() for w in loop.best]
    assert loop.iterate()["accepted"] is False
    for a, b in zip(best, loop.best):
        np.testing.assert_array_equal(a, b)


def test_resignation_is_recorded_and_checked():
    settings = dataclasses.replace(ZERO, resign=2.0, play_on=0.5, games=8, full_share=1.0)
    weights = networks.build(zero_games.architecture_of(settings)).get_weights()
    found = zero_games.play_games(weights, settings, 1)
    assert (found.lengths == 0).any() and found.false_resignations[0] > 0
    assert found.false_resignations[1] <= found.false_resignations[0]


def test_duel_with_the_reference():
    weights = networks.build(zero_games.architecture_of(ZERO)).get_weights()
    assert zero_games.duel(weights, None, ZERO, 3, BLACK, 0, reference_playouts=10).shape == (3,)
    assert 0 <= zero_games.match(weights, weights, ZERO, 4, 0) <= 1


def master_settings(small_policy, tmp_path):
    """Zero's loop from a policy network, with every plane and with rollouts."""
    path = networks.save(tmp_path / "policy.npz", *small_policy)
    shape = small_policy[1]
    return dataclasses.replace(
        ZERO, size=5, start=str(path), planes=features.COUNT, filters=shape.filters, blocks=shape.blocks, mixing=0.5
    )


def test_zero_can_start_from_a_policy_and_knows_no_value_yet(small_policy, tmp_path):
    settings = master_settings(small_policy, tmp_path)
    loop = selfplay.Loop(settings)
    planes = features.planes_of(Board(5, 0.5).set_up([3, 7], [11]))[None]
    policy, worth = zero_games.evaluator_of(loop.best, loop.architecture, 0)(planes)
    k = np.array([np.random.default_rng(0).integers(0, 8, 1)[0]])  # the evaluator's first symmetry
    wanted = networks.Evaluator(*small_policy)(features.transform(planes, k))[0]
    np.testing.assert_allclose(policy, features.transform_policy(wanted, k, back=True), atol=2e-3)
    assert worth[0] == 0
    found = zero_games.play_games(loop.best, settings, 1)
    assert len(found.positions) and found.positions.planes(np.array([0])).shape == (1, 5, 5, features.COUNT)
    with pytest.raises(ValueError, match="other planes"):
        selfplay.Loop(dataclasses.replace(settings, planes=len(features.RAW)))


def test_towers_are_copied_by_name(small_policy):
    target = networks.build(networks.Architecture(size=5, filters=8, blocks=1, policy=False, value=True))
    assert networks.copy_tower(small_policy[0], target) >= 6
    np.testing.assert_array_equal(
        target.get_layer("stem_conv").get_weights()[0], small_policy[0].get_layer("stem_conv").get_weights()[0]
    )
    assert keras.backend.backend() in ("tensorflow", "jax", "torch")
