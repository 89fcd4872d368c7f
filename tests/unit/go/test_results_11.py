"""What lesson 11's long measurements play and compute: the Elo table's players, ranks, and what a move is worth."""

import numpy as np
import pytest
import results_11_alphago_go as measured
import results_11_experiments as experiments

from utils.go import features
from utils.go.batch import Games
from utils.go.board import Board
from utils.go.vertices import BLACK, WHITE


def parts(player: str) -> dict:
    """Networks and options of a search's description."""
    networks, *options = player.removeprefix("search:").split(",")
    return {"networks": networks} | dict(option.split("=") for option in options)


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("no rollouts", {"lambda", "rollouts", "tactics"}),
        ("no value", {"networks", "lambda"}),
        ("no policy", {"networks"}),
        ("no self-play", {"networks"}),
        ("AlphaGo's networks", {"networks"}),
        ("rollouts only", {"networks", "lambda"}),
    ],
)
def test_each_player_of_the_elo_table_lacks_what_its_name_says(name, changed):
    whole, less = parts(measured.PLAYERS["all"]), parts(measured.PLAYERS[name])
    assert {key for key in whole | less if whole.get(key) != less.get(key)} == changed


def test_a_player_of_the_elo_table_meets_two_hundred_games():
    assert measured.ELO_GAMES % 2 == 0  # colours in equal parts
    assert measured.ELO_GAMES * (len(measured.PLAYERS) - 1) >= 200


@pytest.mark.parametrize(("rating", "scale"), [(100, 200), (1200, 145), (2700, 70)])
def test_ranks_are_those_of_the_european_federation(rating, scale):
    """Its table: a is 200 for 20 kyu (100 points) and falls by 5 in 100 points."""
    share = 1 / (1 + np.exp(100 / scale))  # of a player 100 points below
    assert experiments.ranks_apart(share, rating) == pytest.approx(100)
    assert experiments.ranks_apart(0.5, rating) == 0


PASS = 25


def anybody(planes):
    """A policy that takes all moves for equally good."""
    return np.ones((len(planes), 26), np.float32), None


@pytest.mark.parametrize(
    ("komi", "mover", "outcome"), [(0.5, BLACK, 1), (0.5, WHITE, -1), (25.5, BLACK, -1), (25.5, WHITE, 1)]
)
def test_a_move_that_ends_the_game_is_worth_the_score_to_whoever_makes_it(komi, mover, outcome):
    board = Board(5, komi).set_up([12], [], WHITE if mover == BLACK else BLACK).play(PASS)  # all points are Black's
    over, another = experiments.worth(Games.of([board]), 0, [PASS, 0], anybody, seed=1)
    assert set(over) == {outcome}
    assert len(another) == experiments.CONTINUED and set(another) <= {-1.0, 0.0, 1.0}


def test_a_move_after_which_others_play_on_is_worth_what_its_maker_wins():
    black = [*range(20)]  # White cannot live below
    board = Board(5, 0.5).set_up([a for a in black if a not in (0, 2)], [], BLACK)
    (good,) = experiments.worth(Games.of([board]), 0, [22], anybody, seed=1)
    assert good.mean() > 0.9


def test_a_position_of_many_games_is_the_same_as_a_board():
    boards = [Board(5, 0.5).play(12).play(7), Board(5, 0.5).play(6).play(18).play(13)]
    games = Games.of(boards)
    for g, board in enumerate(boards):
        copied = experiments._board_of(games, g)
        assert copied.to_play == board.to_play
        np.testing.assert_array_equal(features.planes_of(copied), features.planes_of(board))
