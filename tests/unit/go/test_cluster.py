"""Self-play on a local Ray of two workers, one of which is killed in the middle of its games."""

import json
import subprocess
import sys
import threading
import time

import numpy as np
import psutil
import pytest
import ray

from utils.go import networks, zero_games

SETTINGS = zero_games.ZeroSettings(
    size=5, filters=8, blocks=1, games=4, playouts=8, fast_playouts=4, full_share=1.0, seed=3
)
SEEDS = [11, 12, 13, 14]


@pytest.fixture
def cluster(monkeypatch):
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")  # else Ray writes a token into the home folder
    options = {"include_dashboard": False, "log_to_driver": False, "object_store_memory": 100_000_000}
    # Ray runs its workers at a low priority, which beside other work can mean never.
    options |= {"num_cpus": 2, "_system_config": {"worker_niceness": 0}}
    for attempt in reversed(range(3)):  # Ray gives its own processes 30 seconds to start, few on a crowded machine
        try:
            ray.init(**options)
            break
        except Exception as error:
            ray.shutdown()
            if not attempt or "timed out" not in str(error):
                raise
    yield
    ray.shutdown()


def busy_workers() -> list[psutil.Process]:
    """Ray's workers that play games at this moment; Ray writes the task's name into the process's title."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if "play_games" in " ".join(process.cmdline()):
                found.append(process)
        except psutil.Error:
            continue
    return found


def kill_one_worker(killed: list[int], done: threading.Event) -> None:
    while not killed and not done.is_set():
        for process in busy_workers()[:1]:
            process.kill()
            killed.append(process.pid)
        time.sleep(0.05)


def test_a_killed_worker_costs_no_game_and_none_counts_twice(cluster):
    weights = networks.build(zero_games.architecture_of(SETTINGS)).get_weights()
    killed: list[int] = []
    done = threading.Event()
    killer = threading.Thread(target=kill_one_worker, args=(killed, done))
    killer.start()
    try:
        found = list(zero_games.run_units(weights, SETTINGS, SEEDS, ray_address="auto"))
    finally:
        done.set()
        killer.join()
    assert len(killed) == 1, "no worker was seen playing: nothing was killed"
    assert not psutil.pid_exists(killed[0])
    assert len(found) == len(SEEDS)
    for experience, expected in zip(found, zero_games.run_units(weights, SETTINGS, SEEDS)):
        assert len(experience.scores) == SETTINGS.games
        np.testing.assert_array_equal(experience.scores, expected.scores)
        np.testing.assert_array_equal(experience.positions.packed, expected.positions.packed)
        np.testing.assert_allclose(experience.positions.policies, expected.positions.policies, atol=1e-3)


def test_the_command_starts_workers_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    words = "--ray local --iterations 1 --units 2 --games 2 --playouts 4 --filters 8 --blocks 1 --steps 1 --batch 4"
    out = tmp_path / "tiny.npz"
    command = [sys.executable, "-m", "utils.go.selfplay", *words.split(), "--out", out]
    command += ["--checkpoint", tmp_path / "state.npz", "--curves", tmp_path / "curves"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(out.with_suffix(".json").read_text())["games"] == 4
    assert len(json.loads((tmp_path / "curves" / "tiny.json").read_text())["rows"]) == 1
