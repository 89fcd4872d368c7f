"""Budgets, seeds, devices (with fake device lists), distribution on two logical CPUs."""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from utils import runtime


def run(code, **settings):
    """Output of a Python program in a process of its own."""
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=runtime.repo_root(),
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return result.stdout.strip()


# Budgets


@pytest.mark.parametrize("text", ["smoke", "cpu", "gpu", " GPU "])
def test_the_budget_is_what_the_variable_says(monkeypatch, text):
    monkeypatch.setenv("COURSE_BUDGET", text)
    assert runtime.budget() == text.strip().lower()
    assert runtime.pick(smoke=1, cpu=5, gpu=12) == {"smoke": 1, "cpu": 5, "gpu": 12}[text.strip().lower()]


@pytest.mark.parametrize(("gpus", "expected"), [([], "cpu"), (["/physical_device:GPU:0"], "gpu")])
def test_without_the_variable_the_budget_follows_the_gpu(monkeypatch, gpus, expected):
    monkeypatch.delenv("COURSE_BUDGET", raising=False)
    monkeypatch.setattr(runtime, "list_gpus", lambda: gpus)
    assert runtime.budget() == expected
    monkeypatch.setenv("COURSE_BUDGET", "")
    assert runtime.budget() == expected


def test_an_unknown_budget_is_told_with_the_choices(monkeypatch):
    monkeypatch.setenv("COURSE_BUDGET", "huge")
    with pytest.raises(ValueError, match="'huge'; set it to one of smoke, cpu, gpu"):
        runtime.pick(smoke=1, cpu=2, gpu=3)


# Start-up


def test_importing_the_module_loads_no_framework_and_keeps_what_the_user_set():
    code = "import sys, os; from utils import runtime; print('keras' in sys.modules, 'tensorflow' in sys.modules, "
    code += "os.environ['TF_CPP_MIN_LOG_LEVEL'], os.environ['KERAS_BACKEND'])"
    assert run(code, TF_CPP_MIN_LOG_LEVEL="1", KERAS_BACKEND="jax") == "False False 1 jax"


def test_the_same_seed_draws_the_same_numbers():
    import keras

    def draw():
        rng = runtime.seed_everything(11)
        legacy, start = np.random.random(), keras.initializers.RandomNormal()  # noqa: NPY002
        return rng.random(), random.random(), legacy, *np.asarray(keras.ops.convert_to_numpy(start((2,))))

    first = draw()
    assert first == draw()
    runtime.seed_everything(12)
    assert first[1] != random.random()


def test_start_reports_in_one_line(capfd):
    runtime.start(seed=3)
    captured = capfd.readouterr()
    assert captured.out.count("\n") == 1 and captured.out.startswith("Budget smoke; Keras 3.") and captured.err == ""
    runtime.start(quiet=True)
    assert capfd.readouterr().out == ""


def test_start_refuses_unknown_and_late_backends(monkeypatch):
    import keras

    monkeypatch.setenv("KERAS_BACKEND", keras.backend.backend())
    with pytest.raises(ValueError, match="mxnet"):
        runtime.start(backend="mxnet")
    other = "jax" if keras.backend.backend() == "tensorflow" else "tensorflow"
    with pytest.raises(RuntimeError, match="restart the kernel"):
        runtime.start(backend=other)
    assert os.environ["KERAS_BACKEND"] == keras.backend.backend()  # a refused wish changes nothing


def test_silenced_stderr_hides_noise_but_not_failures(capfd):
    with runtime.silenced_stderr():
        os.write(2, b"noise from C\n")
    assert capfd.readouterr().err == ""
    with contextlib.suppress(KeyError), runtime.silenced_stderr():
        os.write(2, b"the reason\n")
        raise KeyError
    assert "the reason" in capfd.readouterr().err


def test_headless_is_not_a_front_end(monkeypatch):
    monkeypatch.setenv("COURSE_HEADLESS", "1")
    assert not runtime.in_front_end()
    monkeypatch.delenv("COURSE_HEADLESS")
    assert not runtime.in_front_end()  # pytest is no kernel


# Devices


def fake_tensorflow(gpus, already_running=()):
    """As much of TensorFlow as set_memory_growth touches."""
    calls = []

    def set_memory_growth(gpu, value):
        if gpu in already_running:
            raise RuntimeError("Physical devices cannot be modified after being initialized")
        calls.append((gpu, value))

    config = SimpleNamespace(
        list_physical_devices=lambda kind: list(gpus) if kind == "GPU" else ["cpu"],
        experimental=SimpleNamespace(set_memory_growth=set_memory_growth),
    )
    return SimpleNamespace(config=config), calls


def test_memory_growth_is_set_on_every_gpu_that_still_allows_it():
    tf, calls = fake_tensorflow(["gpu0", "gpu1"])
    assert runtime.set_memory_growth(tf) == 2 and calls == [("gpu0", True), ("gpu1", True)]
    tf, calls = fake_tensorflow(["gpu0", "gpu1"], already_running=["gpu0"])
    assert runtime.set_memory_growth(tf) == 1 and calls == [("gpu1", True)]
    tf, calls = fake_tensorflow([])
    assert runtime.set_memory_growth(tf) == 0 and calls == []


@pytest.mark.parametrize(
    ("gpus", "end"),
    [([], "no GPU"), (["GPU:0"], "1 GPU (GPU:0)"), (["GPU:0", "GPU:1"], "2 GPUs (GPU:0)")],
)
def test_the_device_report_counts_gpus(gpus, end):
    report = runtime.device_report(gpus)
    assert report.endswith(end) and "Budget smoke; Keras 3." in report and "CPU core" in report
    assert "\n" not in report


# Distribution

TWO_CPUS = """
from utils import runtime
runtime.start(quiet=True)
import numpy as np, tensorflow as tf, keras
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
x, y = np.random.default_rng(0).normal(size=(64, 3)).astype("float32"), np.ones((64, 1), "float32")

def train(devices):
    keras.utils.set_random_seed(1)
    with runtime.distribution_scope(devices):
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        model.compile(keras.optimizers.SGD(0.1), "mse")
    model.fit(x, y, batch_size=32, epochs=2, shuffle=False, verbose=0)
    return replicas, model.get_weights()

one, alone = train(["CPU:0"])
two, together = train(["CPU:0", "CPU:1"])
default, _ = train(None)
close = all(np.allclose(a, b, atol=1e-5) for a, b in zip(alone, together))
print(one, two, default, close)
"""


def needs_tensorflow():
    pytest.importorskip("tensorflow")
    return {"KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": "", "TF_CONFIG": ""}


def test_two_devices_train_the_same_model_as_one():
    assert run(TWO_CPUS, **needs_tensorflow()).splitlines()[-1] == "1 2 1 True"


def test_the_lessons_train_on_all_devices():
    program = (Path(__file__).parent / "lessons_on_two_devices.py").read_text(encoding="utf-8")
    lines = [line for line in run(program, **needs_tensorflow()).splitlines() if line.startswith("lesson")]
    assert lines == [f"lesson {number}: on 1 and 2 devices, the same losses" for number in ("02", "04", "05", "06")]


def test_tf_config_chooses_the_multi_worker_strategy(monkeypatch):
    import keras

    if keras.backend.backend() != "tensorflow":
        pytest.skip("only TensorFlow reads TF_CONFIG")
    import tensorflow as tf

    class Strategy:
        def scope(self):
            return contextlib.nullcontext("several hosts")

    monkeypatch.setattr(tf.distribute, "MultiWorkerMirroredStrategy", Strategy)
    cluster = {"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(cluster))
    with runtime.distribution_scope() as scope:
        assert scope == "several hosts"
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": {"worker": ["a:1"]}}))
    with runtime.distribution_scope([]) as scope:
        assert scope is None


@pytest.mark.parametrize("text", ["{", "[1]", '{"cluster": 3}', '{"cluster": {"worker": 2}}'])
def test_a_bad_tf_config_is_told(monkeypatch, text):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(ValueError, match="TF_CONFIG"):
        runtime._cluster_size()


def test_workers_are_counted(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert runtime._cluster_size() == 0
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": {"chief": ["a:1"], "worker": ["b:1", "c:1"]}}))
    assert runtime._cluster_size() == 3
