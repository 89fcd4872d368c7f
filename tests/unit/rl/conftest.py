"""What the tests of lesson 10 share."""

import pytest

from utils.rl import playing
from utils.rl import policy_gradient as pg


@pytest.fixture(scope="session")
def cartpoles():
    return playing.make_environments("CartPole-v1", 6)


@pytest.fixture
def born(cartpoles):
    """A policy that nothing was learned with, and some plays of it."""
    history = pg.build(pg.Settings(plays=4, iterations=3, hidden=(8,)), cartpoles)
    return history, playing.play(cartpoles, history.policy.sample, seed=3)
