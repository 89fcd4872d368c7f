"""Drawings of lecture 7: they hold what their builds promise, and pass the slides' own checks."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from utils.decks import agents, slides

pytestmark = pytest.mark.usefixtures("slide_style")


def words(figure):
    return {text.get_text() for text in figure.axes[0].texts}


def test_the_loop_grows_by_an_arrow_a_step():
    state, action, answer = (agents.loop(stage) for stage in range(3))
    assert "state $s$" in words(state) and "action $a$" not in words(state)
    assert "action $a$" in words(action) and "state $s$" not in words(action)
    assert any("reward" in word for word in words(answer))
    for figure in (state, action, answer):
        slides.check_texts(figure)


def test_the_chain_shows_first_the_policy_then_the_world():
    patches = [len(agents.chain(stage, plays=3).axes[0].patches) for stage in range(3)]
    assert patches == [7, 7 + 3, 7 + 3 + 6]  # 4 states and 3 actions; arrows of the policy; two of the world each


def test_the_ring_overwrites_and_marks_its_batch():
    empty, full = agents.ring(3, capacity=8), agents.ring(11, drawn=(0, 5), capacity=8)
    white = [patch for patch in empty.axes[0].patches if patch.get_facecolor() == (1, 1, 1, 1)]
    assert len(white) == 5
    assert not [patch for patch in full.axes[0].patches if patch.get_facecolor() == (1, 1, 1, 1)]
    assert "batch" in words(full)


def test_the_network_names_its_shapes_and_actions():
    figure = agents.q_network([np.zeros((84, 84))] * 4)
    assert {"20 × 20 × 16", "9 × 9 × 32", "256", "$Q$(left)"} <= words(figure)
    slides.check_texts(figure)


def test_a_paddle_too_far_away_has_another_colour():
    _, axes = plt.subplots(1, 2)
    for ax, paddle in zip(axes, (1, 4)):
        agents.ball_moment(ax, paddle)
    late, early = (ax.patches[-1].get_facecolor() for ax in axes)
    assert late != early
