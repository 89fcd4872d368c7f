"""Checks of lesson 11: the game of Go, AlphaGo style."""

from __future__ import annotations

import numpy as np

from utils.exercises.engine import exercise, expect, expect_close
from utils.exercises.experiment import change_of_one_thing
from utils.exercises.sweep import sweep


@exercise("11.1", name="count_liberties", title="Liberties of a chain", minutes=15, points=2)
def check_count_liberties(attempt):
    for rows, row, column, expected, hint in (
        ("... .X. ...", 1, 1, 4, "A lone stone in the middle has four empty neighbours."),
        (".... .XX. .X.. ....", 2, 1, 7, "Follow the whole chain, not only the stone you are given."),
        (".X. X.X .X.", 0, 1, 3, "Stones that touch at a corner only are not connected."),
        ("XXX X.X XXX", 0, 0, 1, "A point next to several stones of the chain is one liberty, not several."),
        ("OX. X.. ...", 0, 0, 0, "A surrounded stone has none; enemy stones are neither liberties nor of the chain."),
    ):
        stones = np.array([[".XO".index(mark) for mark in line] for line in rows.split()])
        shown = f"the chain at row {row}, column {column} of\n" + rows.replace(" ", "\n")
        expect(attempt(stones, row, column), expected, shown=shown, hint=hint)
    sweep(
        "11.1",
        attempt,
        unchanged=True,
        hint="Walk along the chain until no stone of it is left whose neighbours you have not looked at.",
        hints=(
            (lambda stones, row, column: len(stones) == 1, "On a board of one point there is no neighbour."),
            (
                lambda stones, row, column: min(row, column) == 0 or max(row, column) == len(stones) - 1,
                "Beyond the edge there is nothing; mind negative indices, and follow the chain to its end.",
            ),
        ),
    )


@exercise("11.2", name="outcome_weights", title="REINFORCE: what each move is to be blamed for", minutes=10)
def check_outcome_weights(attempt):
    colors = np.array([1, 2, 2, 1])
    for winner, baseline, expected, hint in (
        (1, [0.0, 0, 0], [1, -1, -1, 1], "z is +1 for every move of the winner and -1 for every move of the loser."),
        (2, [9.0, 0.2, -0.3], [-1.2, 1.3, 1.3, -1.2], "Subtract the baseline of the move's own colour."),
    ):
        shown = f"colors = [1, 2, 2, 1], {winner = }, {baseline = }"
        expect_close(attempt(colors.copy(), winner, np.array(baseline)), expected, shown=shown, hint=hint)
    sweep(
        "11.2",
        attempt,
        hint="z is +1 for the winner's moves and -1 for the loser's; subtract baseline[color] of the move's own colour.",
        hints=(
            (lambda colors, winner, baseline: winner == 0, "In a draw z is 0, and the baseline is subtracted still."),
        ),
    )


@exercise("11.3", name="choose_move", title="The lecture's formula", minutes=10, points=2)
def check_choose_move(attempt):
    for prior, visits, total, parent, expected, hint in (
        ([0.2, 0.5, 0.3], [0, 0, 0], [0.0, 0, 0], 0.0, 1, "With nothing known, the prior decides."),
        ([0.1, 0.1], [100, 2], [60.0, 1.3], 0.0, 1, "Compare means, not sums: 0.60 against 0.65."),
        ([0.5, 0.45], [1, 1], [0.1, 0.14], 0.0, 1, "The prior is divided by 1 + N, not by N."),
        ([0.6, 0.4], [5, 0], [-1.0, 0], -0.8, 0, "A move not tried yet is taken to be as good as its parent, not 0."),
    ):
        shown = f"{prior = }, {visits = }, {total = }, {parent = }"
        got = attempt(np.array(prior), np.array(visits), np.array(total), parent)
        expect(got, expected, shown=shown, hint=hint)
    sweep(
        "11.3",
        attempt,
        hint="The largest Q + p / (1 + N); Q is the mean W / N.",
        hints=(
            (
                lambda prior, visits, *_: visits.min() == 0,
                "Moves without visits have the parent's value for Q (0 / 0 is not a number), and their whole prior.",
            ),
            (
                lambda prior, visits, total, parent: np.any(total == 0),
                "A move was tried if it has visits; its values may well add up to 0.",
            ),
        ),
    )


@exercise("11.4", name="back_up", title="The value of a leaf, seen from every node above", minutes=10)
def check_back_up(attempt):
    for case, expected, hint in (
        (
            (1, 0.5, 0.0, 0.0),
            [-0.5],
            "What is good for the side to play at the leaf is bad for the side that moved there.",
        ),
        ((4, 0.5, 0.0, 0.0), [0.5, -0.5, 0.5, -0.5], "The last entry is the move that led to the leaf."),
        ((2, 0.5, -1.0, 0.25), [0.125, -0.125], "V = (1 - lambda) v + lambda z."),
    ):
        shown = "path_length = {}, value = {}, rollout = {}, mixing = {}".format(*case)
        expect_close(attempt(*case), expected, shown=shown, hint=hint)
    sweep(
        "11.4",
        attempt,
        hint="V = (1 - lambda) v + lambda z, and the sign changes from each move to the next; the last one is minus V.",
        hints=((lambda *case: case[-1] == 1, "lambda = 1: rollouts only."),),
    )


@exercise("11.5", name="turn_policy", title="A policy on a turned board", minutes=10)
def check_turn_policy(attempt):
    expect_close(
        attempt(np.arange(5) / 10, 2, 1),
        [0.1, 0.3, 0.0, 0.2, 0.4],
        shown="policy = [0, 0.1, 0.2, 0.3, 0.4] on a 2x2 board, a quarter turn",
        hint="Turn the board's part with np.rot90; the last entry, passing, stays where it is.",
    )
    sweep(
        "11.5",
        attempt,
        unchanged=True,
        hint="Turn the board's part with np.rot90, against the clock; the last entry, passing, stays where it is.",
        hints=((lambda policy, size, turns: turns == 0, "Without a turn all stays where it is."),),
    )


@exercise("11.6", name="look_eight_times", title="Look eight times: an open experiment", minutes=25, points=3)
def check_look_eight_times(attempt):
    """``before`` and ``after`` are shares of the expert's moves that the shipped policy guesses, on held-out games."""
    change_of_one_thing(attempt(), possible=(0, 1), usual=(0.4, 0.75))
