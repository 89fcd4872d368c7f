"""The long training: resuming, files, curve, and its command."""

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from utils.checkpoints import load_checkpoint, save_checkpoint  # noqa: E402
from utils.rl.breakout import Trainer, in_todays_format, train  # noqa: E402
from utils.rl.dqn import AGENT, DQN, Config, configure, load_agent  # noqa: E402
from utils.rl.export_breakout import command_of, pack  # noqa: E402
from utils.rl.train_breakout import parse  # noqa: E402

TINY = {"num_games": 4, "capacity": 400, "learning_starts": 64, "batch_size": 8, "filters": (2, 2), "hidden": 8}
TINY |= {"samples_per_step": 4.0}
STORED = Path(__file__).with_name("stored") / "checkpoint.npz"


def trained(folder, steps=160, **options):
    trainer = Trainer(Config(**TINY, **options), folder, seed=3, threads=1)
    train(trainer, steps, every=10**9, episodes=1, save_minutes=60, minutes=None)
    return trainer


def test_the_shipped_weights_fit_the_network_that_the_lesson_shows():
    network, config, _ = load_agent(AGENT)
    assert [type(layer) for layer in network.layers if "conv" in layer.name] == 3 * [keras.layers.Conv2D]
    assert (
        type(network.get_layer("dense")) is keras.layers.Dense and type(DQN(config).optimizer) is keras.optimizers.Adam
    )


def test_updates_keep_the_ratio(tmp_path):
    trainer = trained(tmp_path, 264)
    assert trainer.counters["agent_steps"] == 264
    # 64 steps of play before learning, then 4 games x 4 samples / batches of 8 = 2 updates per step of all games
    assert trainer.counters["updates"] == 2 * (264 - 64) // 4


def test_resuming_restores_everything_but_the_memory(tmp_path):
    first = trained(tmp_path)
    keras.utils.set_random_seed(99)
    second = Trainer(Config(**TINY), tmp_path, seed=3, threads=1)
    for name, array in first.arrays().items():
        np.testing.assert_array_equal(array, second.arrays()[name], err_msg=name)
    assert second.counters | {"starts": 0} == first.counters | {"starts": 0}
    assert second.counters["starts"] == first.counters["starts"] + 1
    assert second.rng.bit_generator.state == first.rng.bit_generator.state
    assert second.replay.rng.bit_generator.state == first.replay.rng.bit_generator.state
    assert second.games.seed != first.games.seed
    assert len(second.replay) == 0
    train(second, 240, every=10**9, episodes=1, save_minutes=60, minutes=None)
    assert second.counters["agent_steps"] == 240


def test_a_checkpoint_of_an_earlier_training_is_taken_over_whole(tmp_path):
    """Written when agents still had priorities (switched off); a training under way then can go on."""
    stored, meta = in_todays_format(*load_checkpoint(STORED))
    values = {name: value for name, value in meta["config"].items() if name not in ("priority", "importance")}
    trainer = Trainer(Config(**values), tmp_path, seed=3, resume=STORED, threads=1)
    for name, array in trainer.arrays().items():
        np.testing.assert_array_equal(array, stored.pop(name), err_msg=name)
    assert not stored and trainer.history == []
    assert trainer.curve.rows == [row for row in meta["curve"] if row["agent_steps"] <= meta["counters"]["agent_steps"]]
    assert trainer.counters | {"starts": 0} == meta["counters"] | {"starts": 0}
    assert trainer.rng.bit_generator.state == meta["random"]["play"]
    assert trainer.replay.rng.bit_generator.state == meta["random"]["sampling"]
    train(trainer, 240, every=10**9, episodes=1, save_minutes=60, minutes=None)
    assert trainer.counters["agent_steps"] == 240 and trainer.counters["updates"] > 48


def test_what_a_killed_training_left_half_written_is_removed(tmp_path):
    parts = [tmp_path / f".{name}.x7_f2a.part" for name in ("checkpoint.npz", "best.npz", "replay.npz", "curve.json")]
    foreign = [tmp_path / name for name in (".mine.npz.x7_f2a.part", "checkpoint.npz.part", "notes.tmp")]
    for path in parts + foreign:
        path.write_bytes(b"half")
    trained(tmp_path, 8)
    assert not any(path.exists() for path in parts) and all(path.exists() for path in foreign)


def test_the_replay_memory_can_be_kept(tmp_path):
    first = Trainer(Config(**TINY), tmp_path, seed=3, threads=1)
    train(first, 160, every=10**9, episodes=1, save_minutes=60, minutes=None, keep_replay=True)
    second = Trainer(Config(**TINY), tmp_path, seed=3, threads=1)
    assert len(second.replay) == len(first.replay) == 160
    for name in ("frames", "actions", "rewards"):
        np.testing.assert_array_equal(getattr(second.replay, name), getattr(first.replay, name))
    updates = second.counters["updates"]
    second.step()
    assert second.counters["updates"] > updates, "a full memory needs no refilling before learning goes on"


def test_hyperparameters_changed_between_starts_are_noted(tmp_path):
    trained(tmp_path)
    second = Trainer(Config(**TINY | {"samples_per_step": 2.0}), tmp_path, seed=3, threads=1)
    note = {"agent_steps": 160, "from_to": {"samples_per_step": [4.0, 2.0]}}
    assert second.meta()["history"] == [note]
    second.save()
    assert Trainer(Config(**TINY | {"samples_per_step": 2.0}), tmp_path, seed=3, threads=1).history == [note]


def test_training_goes_on_from_an_agent_with_a_new_optimiser(tmp_path):
    first = Trainer(Config(**TINY), tmp_path / "a", seed=3, threads=1)
    first.counters |= {"agent_steps": 640, "updates": 40}
    first.evaluate(1)
    second = Trainer(Config(**TINY), tmp_path / "b", seed=4, resume=tmp_path / "a" / "best.npz", threads=1)
    assert second.counters["agent_steps"] == 640 and second.counters["updates"] == 40
    for mine, theirs in zip(second.agent.online.get_weights(), first.average, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=1e-3)  # stored in half precision
    assert second.history == [{"agent_steps": 640, "begun_from": "best.npz"}]
    second.step()
    assert second.counters["agent_steps"] == 640 + second.config.num_games


def test_small_checkpoint_resumes_nearly_the_same(tmp_path):
    first = trained(tmp_path / "a")
    save_checkpoint(tmp_path / "small.npz", first.arrays(small=True), first.meta())
    second = Trainer(Config(**TINY), tmp_path / "b", seed=3, resume=tmp_path / "small.npz", threads=1)
    before, after = first.arrays(), second.arrays()
    for name in before:
        kept = before[name.replace("t", "a").replace("w", "a")]
        np.testing.assert_allclose(after[name], kept, rtol=2e-3, atol=1e-3 * np.abs(kept).max())
    sizes = [sum(array.nbytes for array in arrays.values()) for arrays in (first.arrays(small=True), before)]
    assert sizes[0] < 0.35 * sizes[1]


def test_average_forgets_the_random_beginning(tmp_path):
    trainer = Trainer(Config(**TINY, average=0.5), tmp_path, threads=1)
    seen = []
    trainer.agent.train_on_batch = lambda batch: 0.0
    trainer.agent.update_target = lambda: None
    trainer.replay.sample = lambda size: {}
    for value in (1.0, 3.0, 8.0):
        trainer.agent.online.set_weights([np.full_like(w, value) for w in trainer.average])
        for _ in range(100):
            trainer.update(trainer.replay.sample(trainer.config.batch_size))
        seen.append(float(trainer.average[0].flat[0]))
    assert seen == [1.0, 2.0, 5.0]


def test_another_network_is_refused(tmp_path):
    trained(tmp_path)
    with pytest.raises(ValueError, match="differs in hidden"):
        Trainer(Config(**(TINY | {"hidden": 9})), tmp_path, threads=1)


def test_evaluation_keeps_the_best_and_leaves_the_training_weights(tmp_path):
    trainer = trained(tmp_path)
    before = trainer.agent.online.get_weights()
    scores = trainer.evaluate(2)
    for old, new in zip(before, trainer.agent.online.get_weights()):
        np.testing.assert_array_equal(old, new)
    assert trainer.counters["best"] == scores.mean()
    network, _, meta = load_agent(tmp_path / "best.npz")
    assert meta["selection_score"] == scores.mean() and meta["agent_steps"] == 160
    for average, weight in zip(trainer.average, network.get_weights()):
        np.testing.assert_allclose(weight, average, rtol=2e-3, atol=1e-6)
    trainer.counters["best"] = 1e9
    stamp = (tmp_path / "best.npz").stat().st_mtime_ns
    trainer.evaluate(1)
    assert (tmp_path / "best.npz").stat().st_mtime_ns == stamp


def test_the_weights_of_an_evaluation_never_become_those_of_the_training(tmp_path, monkeypatch):
    """Stopped in the middle of an evaluation, a training stores what it had learned, not what was playing."""
    trainer = trained(tmp_path)

    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("utils.rl.breakout.play_games", stopped)
    train(trainer, 10**6, every=100, episodes=1, save_minutes=60, minutes=None)
    assert trainer.counters["agent_steps"] == 164
    after, _ = load_checkpoint(tmp_path / "checkpoint.npz")
    for name, array in trainer.arrays().items():
        np.testing.assert_array_equal(array, after[name], err_msg=name)
    assert (after["w0"] != after["a0"]).any()


def test_an_evaluation_that_was_cut_short_is_made_again(tmp_path, monkeypatch):
    trainer = Trainer(Config(**TINY, view_share=0.5, sticky_share=0.5), tmp_path, seed=3, threads=1)
    played = []

    def scores(_, episodes, **options):
        played.append({name: options[name] for name in ("view", "sticky") if name in options})
        if len(played) == 1:
            raise KeyboardInterrupt
        return np.full(episodes, 3.0), np.zeros(episodes)

    monkeypatch.setattr("utils.rl.breakout.play_games", scores)
    train(trainer, 240, every=100, episodes=4, save_minutes=60, minutes=None)
    assert trainer.counters["agent_steps"] == 100 and trainer.last_evaluated() == 0
    again = Trainer(trainer.config, tmp_path, seed=3, threads=1)
    train(again, 112, every=100, episodes=4, save_minutes=60, minutes=None)
    assert played[1:] == [{}, {"sticky": 0.25}, {"view": "nearest"}, {"view": "linear"}]
    rows = [row for row in again.curve.rows if row["kind"] != "training"]
    assert [row["kind"] for row in rows] == ["evaluation", "sticky", "nearest", "linear"]
    assert [row["games"] for row in rows] == [4, 2, 2, 2] and {row["agent_steps"] for row in rows} == {104}
    assert again.last_evaluated() == 104


def test_the_best_of_another_folder_is_not_waited_for(tmp_path):
    first = trained(tmp_path / "a")
    first.counters["best"] = 400.0
    pack(first, tmp_path / "small.npz")
    second = Trainer(first.config, tmp_path / "b", seed=3, resume=tmp_path / "small.npz", threads=1)
    assert second.counters["best"] == -1


def test_a_packed_training_of_the_long_run_is_small(tmp_path):
    """Eight megabytes go everywhere; a network's weights are random numbers at first, and do not get more even."""
    config = Config(filters=(16, 32, 32), blocks=2, hidden=256, capacity=64 * 10)
    trainer = Trainer(config, tmp_path, threads=1)
    rng = np.random.default_rng(0)
    for variable in trainer.agent.optimizer.variables:
        if len(variable.shape):
            variable.assign(rng.normal(size=variable.shape) ** 2)
    pack(trainer, tmp_path / "small.npz")
    assert (tmp_path / "small.npz").stat().st_size < 8e6


def test_the_command_of_an_exported_network_says_all_that_was_changed():
    meta = {"seed": 4, "agent_steps": 900}
    assert command_of(meta, Config()) == "python -m utils.rl.train_breakout --seed 4 --steps 900"
    config = Config(filters=(16, 32), blocks=2, half=True, view_share=0.5, mirror=())
    options = parse(shlex.split(command_of(meta, config))[3:])
    assert (options.seed, options.steps) == (4, 900) and configure(options.set) == config


def command_line(folder, *more):
    command = [sys.executable, "-m", "utils.rl.train_breakout", "--folder", str(folder), "--save-minutes", "0.001"]
    return [*command, "--threads", "1", *more]


def counted(folder):
    return load_checkpoint(folder / "checkpoint.npz")[1]["counters"]["agent_steps"]


def test_command_survives_a_kill_and_goes_on_elsewhere(tmp_path):
    """kill -9 in the middle, then the same command again: it goes on from the checkpoint, here and from one file."""
    here, there = tmp_path / "here", tmp_path / "there"
    changes = ["--set", *(f"{k}={list(v) if k == 'filters' else v}" for k, v in TINY.items())]
    command = command_line(here, "--steps", "100000000", *changes, "view_share=0.5", "sticky_share=0.5")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    deadline = time.monotonic() + 120
    while not (here / "checkpoint.npz").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(0.5)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    steps = counted(here)
    assert steps > 0
    (here / ".checkpoint.npz.k1ll_d.part").write_bytes(b"half a file")  # as if it had been hit while writing
    run = {"capture_output": True, "text": True, "timeout": 120}
    done = subprocess.run(command_line(here, "--steps", str(steps + 8)), **run)  # what was set stays set
    assert f"at {steps:,} agent steps" in done.stdout, done.stderr
    assert counted(here) == steps + 8
    assert sorted(path.name for path in here.iterdir()) == ["checkpoint.npz", "curve.json"]
    small = tmp_path / "small.npz"
    assert "--resume small.npz" in subprocess.run(command_line(here, "--pack", str(small)), **run).stdout
    subprocess.run(command_line(there, "--resume", str(small), "--steps", str(steps + 16)), **run, check=True)
    assert counted(there) == steps + 16 and counted(here) == steps + 8
    assert load_checkpoint(there / "checkpoint.npz")[1]["config"]["view_share"] == 0.5
    kept = [path.name for path in tmp_path.rglob("*.*") if path.suffix != ".lock"]
    assert sorted(kept) == 2 * ["checkpoint.npz"] + 2 * ["curve.json"] + [small.name]
