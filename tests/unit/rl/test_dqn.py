"""The deep Q-network: configuration, loss against NumPy, what learns and what does not, files."""

from pathlib import Path

import nbformat
import numpy as np
import pytest

keras = pytest.importorskip("keras")

from keras import ops  # noqa: E402

from utils.rl import dqn  # noqa: E402
from utils.rl.dqn import (  # noqa: E402
    DQN,
    Config,
    build_network,
    configure,
    epsilons,
    learning_rate,
    load_agent,
    save_agent,
)

TINY = {"filters": (2, 2), "hidden": 8, "batch_size": 6, "num_games": 4}


def batch(seed=0, size=6, same=False):
    rng = np.random.default_rng(seed)
    observation = rng.integers(0, 256, (size, 84, 84, 4), dtype=np.uint8)
    following = observation if same else rng.integers(0, 256, (size, 84, 84, 4), dtype=np.uint8)
    return {
        "observation": observation,
        "action": rng.integers(0, 4, size).astype(np.int32),
        "reward": rng.normal(size=size).astype(np.float32),
        "next_observation": following,
        "discount": np.where(rng.random(size) < 0.4, 0, 0.95).astype(np.float32),
    }


def outputs(network, observations):
    return [np.asarray(output) for output in network.predict_on_batch(observations)]


def loss_of(agent, data):
    predicted = agent.online(data["observation"])
    return float(agent.compute_loss(x=data, y_pred=predicted))


def targets_by_hand(agent, data):
    best = np.empty(len(data["reward"]))
    following = outputs(agent.target, data["next_observation"])[0]
    judge = outputs(agent.online, data["next_observation"])[0]
    for i in range(len(best)):
        best[i] = following[i, judge[i].argmax()] if agent.config.double else following[i].max()
    return data["reward"] + data["discount"] * best


def different_target(config):
    """An agent whose target network differs from the online one, as it does between two copies."""
    keras.utils.set_random_seed(3)
    agent = DQN(config)
    rng = np.random.default_rng(1)
    agent.target.set_weights([w + 0.1 * rng.normal(size=w.shape) for w in agent.target.get_weights()])
    return agent


@pytest.mark.parametrize("double", [False, True])
def test_scalar_loss_is_the_lectures_cost(double):
    agent = different_target(Config(**TINY, bins=0, double=double))
    data = batch()
    error = outputs(agent.online, data["observation"])[0][np.arange(6), data["action"]] - targets_by_hand(agent, data)
    by_hand = np.where(np.abs(error) < 1, error**2 / 2, np.abs(error) - 0.5).mean()
    assert loss_of(agent, data) == pytest.approx(by_hand, rel=1e-4)


@pytest.mark.parametrize("double", [False, True])
def test_histogram_loss_is_the_cross_entropy_with_the_smeared_target(double):
    config = Config(**TINY, double=double)
    agent = different_target(config)
    data = batch()
    logits = outputs(agent.online, data["observation"])[1][np.arange(6), data["action"]].astype(np.float64)
    log_probability = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    wanted = np.asarray(dqn.histogram_of(targets_by_hand(agent, data).astype(np.float32), config))
    assert loss_of(agent, data) == pytest.approx(-(wanted * log_probability).sum(axis=1).mean(), rel=1e-4)


def test_histograms_keep_the_value():
    config = Config()
    values = np.linspace(config.value_min + 2, config.value_max - 2, 37).astype(np.float32)
    histogram = np.asarray(dqn.histogram_of(values, config))
    np.testing.assert_allclose(histogram.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(histogram @ dqn.bin_centres(config), values, atol=0.02)
    beyond = np.asarray(dqn.histogram_of(np.array([-100.0, 100.0], dtype=np.float32), config))
    assert beyond.argmax(axis=1).tolist() == [0, config.bins - 1] and np.isfinite(beyond).all()


BLOCKS = {"filters": (2, 3, 4), "blocks": 1}


@pytest.mark.parametrize(
    "options",
    [{}, {"dueling": False}, {"bins": 0}, {"filters": (2, 2, 2), "normalise": False}, BLOCKS, BLOCKS | {"half": True}],
)
def test_networks_begin_near_zero_and_agree_with_their_heads(options):
    config = Config(**(TINY | options))
    values, heads = outputs(build_network(config), batch()["observation"])
    assert values.shape == (6, 4)
    if not config.bins:
        np.testing.assert_array_equal(values, heads)
        return
    assert heads.shape == (6, 4, config.bins)
    probability = np.exp(heads - heads.max(axis=-1, keepdims=True))
    probability /= probability.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(probability @ dqn.bin_centres(config), values, atol=1e-3)
    assert np.abs(values).max() < 1.5  # not the middle of the range, 9


def test_the_residual_encoder_halves_the_picture_and_adds_to_it():
    config = Config(filters=(2, 3), hidden=8, blocks=2, crop=(12, 4, 4, 4))
    network = build_network(config)
    assert [network.get_layer(f"pool{stage}").output.shape[1:] for stage in (1, 2)] == [(34, 38, 2), (17, 19, 3)]
    convolutions = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
    assert len(convolutions) == 2 * (1 + 2 * 2)
    inner = keras.Model(network.input, [network.get_layer(name).output for name in ("pool1", "stage1_2")])
    frames = batch()["observation"]
    for layer in convolutions:
        if layer.name.endswith("second"):
            layer.set_weights([0 * weight for weight in layer.get_weights()])
    before, after = inner.predict_on_batch(frames)
    np.testing.assert_array_equal(after, before, err_msg="blocks that add nothing change nothing")


def test_half_precision_is_of_the_convolutions_alone():
    """Weights stay whole, so a checkpoint may be trained on either way, and the values are nearly the same."""
    keras.utils.set_random_seed(0)
    options = TINY | BLOCKS
    whole, half = build_network(Config(**options)), build_network(Config(**options, half=True))
    half.set_weights(whole.get_weights())
    assert {weight.dtype for weight in half.weights} == {"float32"}
    assert [half.get_layer(name).compute_dtype for name in ("conv1", "dense", "value")] == [
        "bfloat16",
        "float32",
        "float32",
    ]
    frames = batch()["observation"]
    np.testing.assert_allclose(outputs(half, frames)[0], outputs(whole, frames)[0], atol=0.05)


def test_training_moves_the_online_network_alone_until_the_copy():
    keras.utils.set_random_seed(0)
    agent = DQN(Config(**TINY, learning_rate=0.01))
    online, target = agent.online.get_weights(), agent.target.get_weights()
    for a, b in zip(online, target):
        np.testing.assert_array_equal(a, b)
    data = batch()
    losses = [float(agent.train_on_batch(data)) for _ in range(25)]
    assert losses[-1] < losses[0] - 0.1
    assert all((a != b).any() for a, b in zip(online, agent.online.get_weights()))
    for a, b in zip(target, agent.target.get_weights()):
        np.testing.assert_array_equal(a, b)
    agent.update_target()
    for a, b in zip(agent.online.get_weights(), agent.target.get_weights()):
        np.testing.assert_array_equal(a, b)


def test_values_of_a_known_chain_are_learned():
    """A state that always brings 1 and ends has value 1; the state before it, gamma."""
    keras.utils.set_random_seed(0)
    agent = DQN(Config(**(TINY | {"filters": (8, 8), "hidden": 32}), learning_rate=0.01))
    first, last = np.zeros((2, 1, 84, 84, 4), np.uint8)  # bright above, bright below
    first[:, :42], last[:, 42:] = 200, 200
    data = {
        "observation": np.concatenate([first, last] * 4),
        "action": np.repeat(np.arange(4), 2).astype(np.int32),
        "reward": np.array([0, 1] * 4, dtype=np.float32),
        "next_observation": np.concatenate([last, first] * 4),
        "discount": np.array([0.9, 0] * 4, dtype=np.float32),
    }
    for step in range(150):
        agent.train_on_batch(data)
        if step % 20 == 0:
            agent.update_target()
    np.testing.assert_allclose(agent.q_values(np.concatenate([first, last])), [[0.9] * 4, [1.0] * 4], atol=0.08)


def test_epsilons_fall_from_one_to_a_spread_around_the_final_value():
    config = Config(num_games=5, epsilon_steps=100, epsilon_final=0.02, epsilon_spread=5)
    np.testing.assert_array_equal(epsilons(config, 0), 1)
    assert (np.diff([epsilons(config, step)[2] for step in range(0, 101, 10)]) < 0).all()
    np.testing.assert_allclose(epsilons(config, 10**6), [0.004, 0.02 / 5**0.5, 0.02, 0.02 * 5**0.5, 0.1])
    assert epsilons(Config(num_games=1), 10**7) == pytest.approx(0.02)


def test_learning_rate_falls_linearly_and_stays():
    config = Config(learning_rate=4e-4, learning_rate_final=1e-4, learning_rate_steps=300)
    assert [learning_rate(config, step) for step in (0, 100, 300, 10**7)] == pytest.approx([4e-4, 3e-4, 1e-4, 1e-4])


@pytest.mark.parametrize(
    "wrong", [{"gamma": 0}, {"n_step": 0}, {"filters": (4,)}, {"value_max": -2.0}, {"samples_per_step": 0}]
)
def test_impossible_configurations_are_refused(wrong):
    with pytest.raises(ValueError, match="Config"):
        Config(**wrong)


def test_configuration_survives_json():
    import json

    config = Config(filters=(4, 5, 6), bins=0)
    assert Config.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_saved_agent_plays_the_same(tmp_path):
    config = Config(**TINY)
    network = build_network(config)
    save_agent(tmp_path / "agent.npz", network.get_weights(), config, agent_steps=12)
    loaded, again, meta = load_agent(tmp_path / "agent.npz")
    assert again == config and meta["agent_steps"] == 12
    frames = batch()["observation"]
    np.testing.assert_allclose(outputs(loaded, frames)[0], outputs(network, frames)[0], atol=0.02)
    halved = Config(**TINY, half=True)
    save_agent(tmp_path / "half.npz", network.get_weights(), halved)
    plays, again, _ = load_agent(tmp_path / "half.npz")  # computes with whole numbers: not every processor knows halves
    assert again == halved and plays.get_layer("conv1").compute_dtype == "float32"
    with pytest.raises(FileNotFoundError, match="No checkpoint at"):
        load_agent(tmp_path / "missing.npz")


def test_the_network_sees_nothing_of_what_is_cropped():
    config = Config(filters=(2, 2), hidden=8, crop=(12, 4, 4, 4))
    network = build_network(config)
    frames = np.random.default_rng(0).integers(0, 256, (2, 84, 84, 4), dtype=np.uint8)
    border = np.ones((84, 84), dtype=bool)
    border[12:80, 4:80] = False
    painted, inside = frames.copy(), frames.copy()
    painted[:, border] = 0
    inside[:, ~border] = 0
    values = dqn.q_function(network)
    before = values(frames)
    np.testing.assert_array_equal(values(painted), before)
    assert not np.array_equal(values(inside), before)


def test_whoever_looks_twice_thinks_alike_of_a_picture_and_its_mirror_image():
    network, names = build_network(Config(filters=(2, 2), hidden=8)), (0, 1, 3, 2)
    frames = np.random.default_rng(0).integers(0, 256, (2, 84, 84, 4), dtype=np.uint8)
    mirrored = np.ascontiguousarray(frames[:, :, ::-1])
    once, twice = dqn.q_function(network), dqn.q_function(network, names)
    np.testing.assert_allclose(twice(frames), (once(frames) + once(mirrored)[:, list(names)]) / 2, atol=1e-6)
    np.testing.assert_allclose(twice(mirrored), twice(frames)[:, list(names)], atol=1e-6)
    assert not np.allclose(once(mirrored), once(frames)[:, list(names)])


def test_agents_stored_before_there_was_a_crop_see_everything():
    old = Config().to_dict()
    del old["crop"]
    assert Config.from_dict(old).crop == (0, 0, 0, 0)
    assert Config.from_dict(Config().to_dict()) == Config()


def test_hyperparameters_are_set_by_name():
    config = configure(["gamma=0.9", "double=true", "filters=[4, 8, 8]"])
    assert (config.gamma, config.double, config.filters) == (0.9, True, (4, 8, 8))
    assert configure(["gamma=0.9"], Config(hidden=7).to_dict()) == Config(hidden=7, gamma=0.9)
    with pytest.raises(ValueError, match="no hyperparameter 'gama'"):
        configure(["gama=1"])
    with pytest.raises(ValueError, match="no number"):
        configure(["gamma=high"])


def test_the_lessons_histogram_is_the_packages():
    """Lesson 09 shows it for one value; utils/ does a batch at once."""
    notebook = nbformat.read(Path(__file__).resolve().parents[3] / "notebooks" / "09_dqn_breakout.ipynb", as_version=4)
    shown = [cell.source for cell in notebook.cells if "shown-histogram" in cell.metadata.get("tags", ())]
    space = {"np": np, "ops": ops}
    exec(shown[0], space)
    config = Config(bins=51)
    edges, values = dqn.bin_edges(config), np.array([-0.7, 0.0, 3.2, 18.9], dtype=np.float32)
    theirs = np.asarray(dqn.histogram_of(values, config))
    ours = np.array([np.asarray(space["target_histogram"](float(value), edges)) for value in values])
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    logits = np.random.default_rng(0).normal(size=51).astype(np.float32)
    cost = float(space["histogram_cost"](logits, 3.2, edges))
    np.testing.assert_allclose(cost, -float((theirs[2] * (logits - np.log(np.exp(logits).sum()))).sum()), rtol=1e-4)
    assert len(shown) == 1
