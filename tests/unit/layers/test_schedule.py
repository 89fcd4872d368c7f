"""The learning rate over a training."""

import numpy as np
import pytest

from utils.layers.schedule import one_cycle


@pytest.mark.parametrize(("warm_up", "start"), [(0.2, 0.1), (0.2, 0.05), (0.1, 0.5)])
def test_one_cycle_climbs_and_falls(warm_up, start):
    schedule, top = one_cycle(0.01, 100, warm_up, start), round(100 * warm_up)
    rate = np.array([float(schedule(step)) for step in range(101)])
    np.testing.assert_allclose([rate[0], rate[top], rate[100]], [0.01 * start, 0.01, 0], atol=1e-8)
    assert np.all(np.diff(rate[: top + 1]) > 0) and np.all(np.diff(rate[top:]) < 0)
    middle = (top + 100) // 2
    assert rate[middle] == pytest.approx(0.005, rel=0.03)  # half a cosine


def test_a_training_of_one_step_has_a_rate():
    assert float(one_cycle(0.01, 1)(0)) > 0
