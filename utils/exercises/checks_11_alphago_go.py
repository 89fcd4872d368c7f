"""Checks of lesson 11: the game of Go, AlphaGo style."""

from __future__ import annotations

import numpy as np

from utils.exercises.engine import exercise, expect, expect_close


def _stones(*rows: str) -> np.ndarray:
    return np.array([[".XO".index(mark) for mark in row] for row in rows])


def _whole(answer):
    """NumPy's integers count as integers; whatever else came back is left for ``expect`` to judge."""
    return int(answer) if isinstance(answer, np.integer) else answer


@exercise("11.1", name="count_liberties", title="Liberties of a chain", minutes=15, points=2)
def check_count_liberties(attempt):
    cases = [
        (("...", ".X.", "..."), (1, 1), 4, "A lone stone in the middle has four empty neighbours."),
        (("X..", "...", "..."), (0, 0), 2, "Beyond the edge there is nothing; mind negative indices."),
        (("....", ".XX.", ".X..", "...."), (1, 1), 7, "Follow the whole chain, not only the stone you are given."),
        (("....", ".XX.", ".X..", "...."), (2, 1), 7, "Every stone of a chain has the chain's liberties."),
        ((".X.", "X.X", ".X."), (0, 1), 3, "Stones that touch at a corner only are not connected."),
        (("XXX", "X.X", "XXX"), (0, 0), 1, "A point next to several stones of the chain is one liberty, not several."),
        (("OX.", "XX.", "..."), (1, 1), 4, "Enemy stones are neither liberties nor part of the chain."),
        (("OX.", "X..", "..."), (0, 0), 0, "A surrounded stone has none."),
    ]
    for rows, point, expected, hint in cases:
        got = attempt(_stones(*rows), *point)
        expect(
            _whole(got),
            expected,
            shown=f"the chain at row {point[0]}, column {point[1]} of\n" + "\n".join(rows),
            hint=hint,
        )
    board = _stones("X.", "..")
    attempt(board, 0, 0)
    expect_close(board, _stones("X.", ".."), shown="the board after the call", hint="Do not change the board.")


@exercise("11.2", name="outcome_weights", title="REINFORCE: what each move is to be blamed for", minutes=10)
def check_outcome_weights(attempt):
    colors = np.array([1, 2, 1, 2, 1])
    none = np.zeros(3)
    expect_close(
        attempt(colors, 1, none),
        [1, -1, 1, -1, 1],
        shown="colors = [1, 2, 1, 2, 1], winner = 1, baseline = [0, 0, 0]",
        hint="z is +1 for every move of the winner and -1 for every move of the loser.",
    )
    expect_close(
        attempt(colors, 2, none),
        [-1, 1, -1, 1, -1],
        shown="the same moves, winner = 2",
        hint="Whether a move is good depends on who made it.",
    )
    expect_close(
        attempt(colors, 0, none), np.zeros(5), shown="winner = 0 (a draw)", hint="A draw says nothing for or against."
    )
    expect_close(
        attempt(colors, 1, np.array([9.0, 0.2, -0.2])),
        [0.8, -0.8, 0.8, -0.8, 0.8],
        shown="winner = 1, baseline = [9, 0.2, -0.2]",
        hint="Subtract the baseline of the move's own colour: baseline[1] for Black, baseline[2] for White.",
    )


@exercise("11.3", name="choose_move", title="The lecture's formula", minutes=10, points=2)
def check_choose_move(attempt):
    def run(prior, visits, total, parent):
        return _whole(attempt(np.array(prior, float), np.array(visits), np.array(total, float), parent))

    expect(
        run([0.2, 0.5, 0.3], [0, 0, 0], [0, 0, 0], 0.0),
        1,
        shown="prior [0.2, 0.5, 0.3], no visits yet, parent's value 0",
        hint="With nothing known, the prior decides.",
    )
    expect(
        run([0.2, 0.5, 0.3], [10, 10, 10], [6, -5, 1], 0.0),
        0,
        shown="prior [0.2, 0.5, 0.3], visits [10, 10, 10], total values [6, -5, 1]",
        hint="Q is the mean value W / N; the prior fades with the visits.",
    )
    expect(
        run([0.1, 0.1], [100, 2], [60, 1.3], 0.0),
        1,
        shown="prior [0.1, 0.1], visits [100, 2], total values [60, 1.3]",
        hint="Compare means, not sums: 0.60 against 0.65.",
    )
    expect(
        run([0.5, 0.45], [1, 1], [0.1, 0.14], 0.0),
        1,
        shown="prior [0.5, 0.45], visits [1, 1], total values [0.1, 0.14]",
        hint="The prior is divided by 1 + N, not by N.",
    )
    expect(
        run([0.6, 0.1], [0, 1], [0.0, 0.4], 0.0),
        0,
        shown="prior [0.6, 0.1], visits [0, 1], total values [0, 0.4], parent's value 0",
        hint="A move not tried yet has its whole prior: 1 + N is 1 there.",
    )
    expect(
        run([0.6, 0.4], [5, 0], [-1.0, 0.0], -0.8),
        0,
        shown="prior [0.6, 0.4], visits [5, 0], total values [-1, 0], parent's value -0.8",
        hint="A move not tried yet is taken to be as good as its parent, not 0 (and 0 / 0 is not a number).",
    )


@exercise("11.4", name="back_up", title="The value of a leaf, seen from every node above", minutes=10)
def check_back_up(attempt):
    expect_close(
        attempt(1, 0.5, 0.0, 0.0),
        [-0.5],
        shown="path_length = 1, value = 0.5, rollout = 0, mixing = 0",
        hint="What is good for the side to play at the leaf is bad for the side that moved there.",
    )
    expect_close(
        attempt(4, 0.5, 0.0, 0.0),
        [0.5, -0.5, 0.5, -0.5],
        shown="path_length = 4, value = 0.5, mixing = 0",
        hint="The sign changes from each move to the next; the last entry is the move that led to the leaf.",
    )
    expect_close(
        attempt(2, 0.5, -1.0, 0.25),
        [0.125, -0.125],
        shown="path_length = 2, value = 0.5, rollout = -1, mixing = 0.25",
        hint="V = (1 - lambda) v + lambda z.",
    )
    expect_close(
        attempt(3, 0.2, 1.0, 1.0), [-1, 1, -1], shown="path_length = 3, mixing = 1", hint="lambda = 1: rollouts only."
    )


@exercise("11.5", name="turn_policy", title="A policy on a turned board", minutes=10)
def check_turn_policy(attempt):
    policy = np.arange(10) / 45
    for turns in (0, 1, 2, 3):
        board = np.rot90(policy[:9].reshape(3, 3), turns)
        expect_close(
            attempt(policy.copy(), 3, turns),
            np.append(board.ravel(), policy[9]),
            shown=f"policy = [0, 1, ..., 9] / 45 on a 3x3 board, {turns} quarter turns",
            hint="Turn the board's part with np.rot90; the last entry, passing, stays where it is.",
        )
    wide = np.random.default_rng(0).random(26)
    expect_close(
        attempt(attempt(wide, 5, 1), 5, 3),
        wide,
        shown="a 5x5 policy, turned once and then three times",
        hint="Four quarter turns change nothing.",
    )
