"""Checks of lesson 11: the game of Go, AlphaGo style."""

from __future__ import annotations

from math import exp, lgamma, log, log10

import numpy as np

from utils.exercises.engine import exercise, expect, expect_close, fail, same, settle
from utils.exercises.experiment import change_of_one_thing, numbers, predicted_first, record
from utils.exercises.sweep import sweep


def _stones(drawing: str) -> np.ndarray:
    return np.array([[".XO".index(mark) for mark in line] for line in drawing.split()])


@exercise("11.1", name="stones_after", title="The rules of Go in one function", minutes=20, points=3)
def check_stones_after(attempt):
    seen, other = ".OX. OX.X .OX. ....", "X... .... .... ...."
    for rows, point, color, earlier, expected, hint in (
        ("... ... ...", (1, 1), 1, (), "... .X. ...", "Put the stone down, in a copy."),
        ("... .X. ...", (1, 1), 2, (), None, "An occupied point is forbidden."),
        (".X. XOX ...", (2, 1), 1, (), ".X. X.X .X.", "Enemy chains without a liberty are taken off."),
        (".XX XOO ...", (2, 1), 1, (), ".XX XOO .X.", "A chain that has a liberty left stays, whole."),
        (".X. X.X .X.", (1, 1), 2, (), None, "After the move one's own chain must have a liberty: no suicide."),
        (
            ".XO XXO OO.",
            (0, 0),
            2,
            (),
            "O.O ..O OO.",
            "Take the enemies off first; that may free the stone.",
        ),
        (".OX. O.OX .OX. ....", (1, 1), 1, (seen, other), None, "That recreates an earlier position: superko."),
        (".OX. O.OX .OX. ....", (1, 1), 1, (other,), seen, "A ko may be taken if the position that results is new."),
    ):
        stones, before = _stones(rows), [*map(_stones, (*earlier, rows))]
        got = settle(attempt(stones.copy(), *point, color, before))
        wanted = None if expected is None else _stones(expected)
        if not same(got, wanted):
            drawn = " and ".join(["the position itself", *(each.replace(" ", "/") for each in earlier)])
            shown = f"{'.XO'[color]} at row {point[0]}, column {point[1]} of\n{rows.replace(' ', chr(10))}\n"
            fail(shown=f"{shown}earlier: {drawn}", expected=wanted, got=got, hint=hint)
    sweep(
        "11.1",
        attempt,
        unchanged=True,
        judge=lambda got, case: same(got, case.answer),
        hint="Put the stone down, take off every enemy chain without a liberty, then look at your own chain.",
        hints=(
            (lambda stones, row, column, *_: stones[row, column] > 0, "An occupied point is forbidden: return None."),
            (lambda stones, *_: len(stones) == 1, "On a board of one point a stone has no liberty."),
            (
                lambda stones, row, column, color, earlier: len(earlier) > 1,
                "Is it suicide (after the captures)? Is the result, captures taken off, one of the earlier positions?",
            ),
        ),
    )


GAMES = (100, 200, 400, 800, 1600)
BETTER = 0.55  # how often the better player wins
SURE = 0.9  # of ten matches nine should tell


def _found_out(games: int) -> float:
    """How likely a match of so many games has the whole 95 % Wilson interval above one half, by the binomial law."""
    least = games / 2 + 1.959964 * games**0.5 / 2  # of wins; there the interval begins at one half
    ways = ((lgamma(games + 1) - lgamma(k + 1) - lgamma(games - k + 1), k) for k in range(int(least) + 1, games + 1))
    return sum(exp(way + k * log(BETTER) + (games - k) * log(1 - BETTER)) for way, k in ways)


@exercise("11.2", name="games_to_be_sure", title="How many games does a match need?", minutes=15, points=2)
def check_games_to_be_sure(attempt):
    shares = numbers(0, 1, count=len(GAMES))
    found = record(
        attempt(),
        {
            "matches": numbers(2000, 10_000_000, whole=True),
            "predicted": shares,
            "found": shares,
            "elo": numbers(-4000, 4000),
            "needed": numbers(1, 1_000_000, whole=True),
        },
    )
    predicted_first(found, "found")
    for games, share in zip(GAMES, found["found"]):
        if abs(share - _found_out(games)) > 0.05:
            fail(
                shown=f"found, for matches of {games} games",
                expected="the share of matches whose whole 95 % interval lies above one half",
                got=float(share),
                hint="Draw the wins of each match, rng.binomial(games, 0.55), and take wilson_interval of them.",
            )
    expect_close(
        found["elo"],
        400 * log10(BETTER / (1 - BETTER)),
        shown="elo of a player who wins 55 of 100 games",
        hint="Odds of ten to one are 400 points, odds of a hundred to one 800: what are odds of 55 to 45?",
        atol=0.5,
    )
    expect(
        found["needed"],
        next(games for games, share in zip(GAMES, [*found["found"][:-1], 1]) if share >= SURE),
        shown=f"your numbers: found {found['found'].round(3).tolist()} for {list(GAMES)} games; needed",
        hint="Say what your numbers say: from how many games on do nine matches of ten find the better player out?",
    )


@exercise("11.3", name="batch_of_moves", title="A batch of leaves: virtual loss", minutes=15, points=2)
def check_batch_of_moves(attempt):
    for prior, visits, total, parent, count, expected, hint in (
        ([0.2, 0.8], [50, 50], [30.0, 5.0], 0.0, 1, [0], "Compare means, W / N, and add p sqrt(sum of N) / (1 + N)."),
        ([0.1, 0.9], [50, 5], [20.0, 0.1], 0.0, 1, [1], "The square root is of the visits of all moves together."),
        ([0.5, 0.5], [9, 0], [2.7, 0.0], -0.9, 1, [1], "The bonus is divided by 1 + N of the move itself."),
        ([0.05, 0.05], [9, 0], [2.7, 0.0], 0.4, 1, [1], "A move never visited takes parent_value for its Q, not 0."),
        ([0.6, 0.4], [3, 3], [0.6, 0.3], 0.0, 2, [0, 1], "A move that was chosen counts at once as visited, and lost."),
        ([0.6, 0.4], [1, 0], [0.2, 0.0], 0.2, 3, [1, 0, 0], "A move chosen in this batch has a visit now: Q is -1."),
    ):
        shown = f"{prior = }, {visits = }, {total = }, {parent = }, {count = }"
        got = attempt(np.array(prior), np.array(visits), np.array(total), parent, count)
        expect(got, expected, shown=shown, hint=hint)
    sweep(
        "11.3",
        attempt,
        unchanged=True,
        hint="Choose the largest Q + p sqrt(sum of N) / (1 + N), then add 1 to N of that move and take 1 from its W.",
        hints=(
            (lambda *case: case[-1] == 1, "One move only: that is PUCT itself, Q + p sqrt(sum of N) / (1 + N)."),
            (
                lambda prior, visits, *_: visits.min() == 0,
                "A move without visits has the parent's value for Q until it is chosen; then it has a visit, and lost.",
            ),
        ),
    )


@exercise("11.4", name="values_on_the_path", title="A leaf's value, when a player may move twice", minutes=10)
def check_values_on_the_path(attempt):
    for case, expected, hint in (
        (
            ([0], 1, 0.5, 0.0, 0.0),
            [-0.5],
            "What is good for the side to play at the leaf is bad for the other side, if that made the move.",
        ),
        (([0], 0, 0.5, 0.0, 0.0), [0.5], "Whoever moves and may move again is the side to play at the leaf."),
        (([0, 0, 1], 1, 0.5, 0.0, 0.0), [-0.5, -0.5, 0.5], "The sign depends on who made the move, not on its place."),
        (([1, 0], 1, 0.5, -1.0, 0.25), [0.125, -0.125], "V = (1 - lambda) v + lambda z."),
    ):
        shown = "movers = {}, to_play = {}, value = {}, rollout = {}, mixing = {}".format(*case)
        expect_close(attempt(*case), expected, shown=shown, hint=hint)
    sweep(
        "11.4",
        attempt,
        unchanged=True,
        hint="V = (1 - lambda) v + lambda z for the moves of the side to play at the leaf, minus V for the other's.",
        hints=((lambda *case: case[-1] == 1, "lambda = 1: rollouts only."),),
    )


@exercise("11.5", name="turn_back", title="An answer about a turned board", minutes=10)
def check_turn_back(attempt):
    given = np.arange(5) / 10
    got = attempt(given, 2, 1)
    expect_close(
        got,
        [0.2, 0.0, 0.3, 0.1, 0.4],
        shown="policy = [0, 0.1, 0.2, 0.3, 0.4] on a 2x2 board, one quarter turn to undo",
        hint="Turn the board's part back, with the clock; the last entry, passing, stays where it is.",
    )
    sweep(
        "11.5",
        attempt,
        unchanged=True,
        hint="np.rot90 turns against the clock, so back is with the clock; the last entry, passing, stays.",
        hints=((lambda policy, size, turns: turns == 0, "Without a turn all stays where it is."),),
    )


@exercise("11.6", name="look_eight_times", title="Look eight times: an open experiment", minutes=25, points=3)
def check_look_eight_times(attempt):
    """``before`` and ``after`` are shares of the expert's moves that the shipped policy guesses, on held-out games."""
    change_of_one_thing(attempt(), possible=(0, 1), usual=(0.4, 0.75))
