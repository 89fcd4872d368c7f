"""The ball game's agent in NumPy (tests/benchmarks/ball_09.py) learns as the notebook's cells do."""

from pathlib import Path

import keras
import nbformat
import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_allclose

from utils.rl.pixel_ball import PixelBall

import ball_09

NOTEBOOK = Path(__file__).resolve().parents[3] / "notebooks" / "09_dqn_breakout.ipynb"


@pytest.fixture(scope="module")
def lesson():
    space = {"keras": keras, "np": np, "ops": ops}
    for cell in nbformat.read(NOTEBOOK, as_version=4).cells:
        if "measured-ball" in cell.metadata.get("tags", ()):
            exec(cell.source, space)
    return space


def a_batch(seed):
    rng, game = np.random.default_rng(seed), PixelBall(4, seed=seed)
    states = rng.integers(0, len(game.pictures), (2, 32))
    return {
        "now": game.pictures[states[0]],
        "action": rng.integers(0, 3, 32).astype("int32"),
        "reward": rng.integers(0, 2, 32).astype("float32"),
        "ended": rng.integers(0, 2, 32).astype("float32"),
        "after": game.pictures[states[1]],
    }


@pytest.mark.parametrize("tricks", [{}, {"target_network": False}, {"double": True}], ids=str)
def test_updates_are_the_notebooks(lesson, tricks):
    keras.utils.set_random_seed(3)
    theirs = lesson["SmallDQN"](**tricks)
    theirs.frozen.set_weights([weight + 0.1 for weight in theirs.online.get_weights()])
    ours = ball_09.Agent(theirs.online.get_weights(), **tricks)
    ours.frozen = theirs.frozen.get_weights()
    for seed in range(5):
        theirs.train_on_batch(a_batch(seed))
        ours.update(**a_batch(seed))
    for old, new in zip(theirs.online.get_weights(), ours.online, strict=True):
        assert_allclose(new, old, atol=2e-4)
    pictures = a_batch(9)["now"]
    assert_allclose(ball_09.values(ours.online, pictures)[1], np.asarray(theirs.online(pictures)), atol=2e-3)


def test_variants_and_steps_are_the_notebooks(lesson):
    names = {name.replace(" ", "_").lower(): tricks for name, tricks in lesson["VARIANTS"].items()}
    assert names == ball_09.VARIANTS and lesson["GAMMA"] == ball_09.GAMMA
    sources = "".join(cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.cell_type == "code")
    assert f"cpu={ball_09.STEPS:_}" in sources and f"memory[-{ball_09.KEPT:_}:]" in sources


def test_the_loop_plays_learns_and_reports_as_the_notebooks(lesson):
    _, memory, rows = lesson["learn_level_1"](2, 300)
    _, ours, (play, promise) = ball_09.learn_level_1(2, 300)
    assert len(memory) == ours.size == 301 * 4 and rows.shape == (3, 2) and len(play) == len(promise) == 2
    kept = ball_09.Memory(10, 4, ours)
    assert kept.size == min(ours.size, ball_09.KEPT)
    latest = ours.at(range(ours.size - 8, ours.size))
    assert_allclose(kept.at(range(kept.size - 8, kept.size))["after"], latest["after"])
    first, second = ball_09.learn_level_2(2, ball_09.Agent.new(np.random.default_rng(0)), ours, 300)
    assert first.shape == second.shape == (2,)
