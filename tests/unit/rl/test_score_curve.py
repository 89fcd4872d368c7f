"""Learning curves of the long training: the file and the pictures."""

import matplotlib.pyplot as plt
import numpy as np
from numpy.testing import assert_allclose

from utils import results
from utils.rl.score_curve import Curve, plot_curve


def row(steps, kind, games, score):
    return {"agent_steps": steps, "kind": kind, "games": games, "score": score}


def test_curve_drops_what_the_checkpoint_does_not_know(tmp_path):
    curve = Curve(tmp_path / "curve.json", 0)
    for steps in (100, 200, 300):
        curve.extend([row(steps, "training", 3, 1.5)])
    assert [row["agent_steps"] for row in Curve(tmp_path / "curve.json", 200).rows] == [100, 200]
    assert results.read_curve(tmp_path / "curve.json") == [row(steps, "training", 3, 1.5) for steps in (100, 200)]


def test_pictures_leave_out_the_first_games_after_a_restart():
    rows = []
    for steps, kind, games in (
        (1e6, "training", 100),
        (1e6, "evaluation", 20),
        (2e6, "training", 7),
        (3e6, "training", 95),
        (3e6, "evaluation", 20),
    ):
        rows.append(row(int(steps), kind, games, steps / 1e5))
    figure = plot_curve(rows)
    training, evaluation = figure.axes[0].lines[:2]
    assert_allclose(training.get_xydata(), [(1, 10), (3, np.nan), (3, 30)])  # no line across the gap
    assert_allclose(evaluation.get_xydata(), [(1, 10), (3, np.nan), (3, 30)])
    plt.close(figure)
