"""Trains what lessons 02, 04, 05 and 06 train on one and on two logical devices of one CPU; test_runtime.py runs it."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from utils import runtime
from utils.sequences import addition
from utils.vision import digits, experiments, fine_tuning, from_scratch, transfer

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
rng = np.random.default_rng(0)
IMAGES, LABELS = rng.random((40, 28, 28, 1), np.float32), rng.integers(0, 10, 40)
PHOTOS, KINDS = rng.integers(0, 256, (20, 16, 16, 3)).astype(np.uint8), np.arange(20) % 2
MAPS = rng.random((20, 1, 4, 4, 3), np.float32)


def lesson_02() -> list[float]:
    found = experiments.train_tower(2, True, (IMAGES, LABELS), (IMAGES, LABELS), epochs=1, seed=1)
    return [found["loss"]]


def lesson_04() -> list[float]:
    still = {"zoom": 0.0, "shift": 0.0, "brightness": 0.0, "contrast": 0.0, "dropout": 0.0}
    recipe = from_scratch.Recipe(size=16, small_share=0.0, filters=(4, 8), epochs=1, batch_size=10, **still)
    _, history = from_scratch.train_scratch(PHOTOS, KINDS, recipe)
    inputs = keras.Input((4, 4, 3))
    upper = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(inputs))
    model = fine_tuning.with_head(upper, transfer.Head(np.zeros(3, np.float32), 0.0), dropout=0.0)
    return history["loss"] + fine_tuning.fine_tune(model, MAPS, KINDS, fine_tuning.Tuning(epochs=1))


def lesson_05() -> list[float]:
    return digits.train(digits.Recipe("perceptron", epochs=1), (IMAGES, LABELS))[1]["loss"]


def lesson_06() -> list[float]:
    config = addition.AdditionConfig(digits=1, units=8, samples=256, chunk=256, batch=64)
    return [record["loss"] for record in addition.train_adder(config)[1]]


compile_model, devices, replicas = keras.Model.compile, [], []


def counting(model, *arguments, **options):
    """``compile`` that notes on how many devices the model was built, and that it is compiled for as many."""
    replicas.append(model.distribute_strategy.num_replicas_in_sync)
    assert tf.distribute.get_strategy().num_replicas_in_sync == replicas[-1]
    return compile_model(model, *arguments, **options)


keras.Model.compile = counting
runtime.training_devices = lambda: devices  # where a computer has graphics cards, it names those
for lesson in (lesson_02, lesson_04, lesson_05, lesson_06):
    losses, counts = [], []
    for names in (["CPU:0"], ["CPU:0", "CPU:1"]):
        devices[:] = names
        replicas.clear()
        keras.utils.set_random_seed(1)
        losses.append(lesson())
        counts += sorted(set(replicas))
    same = "the same losses" if np.allclose(*losses, rtol=0.02) else f"losses {losses}"
    print(f"{lesson.__name__.replace('_', ' ')}: on {' and '.join(map(str, counts))} devices, {same}")
