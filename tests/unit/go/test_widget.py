"""The board on the screen: the game behind it, and the picture."""

import matplotlib.pyplot as plt
import numpy as np

from utils.go import mcts, players, widget
from utils.go.board import Board
from utils.go.vertices import BLACK, WHITE


def test_clicks_play_refuse_and_take_back():
    game = widget.GoGame(players.RandomPlayer(), 5, 0.5)
    game.click(12)
    assert game.board.stones[2, 2] == BLACK and len(game.board.moves) == 2
    game.click(12)
    assert "occupied" in game.status and len(game.board.moves) == 2
    game.click(-2)
    assert game.board.moves == [] and "You are Black" in game.status
    game.click(-2)
    assert game.board.moves == []


def test_the_opponent_opens_when_you_are_white_and_the_end_is_told():
    game = widget.GoGame(players.RandomPlayer(), 3, 0.5, you=WHITE)
    assert len(game.board.moves) == 1
    for _ in range(60):
        if game.board.is_over:
            break
        game.click(9)
    assert "The game is over" in game.status and "wins by" in game.status


def test_a_searching_opponent_tells_what_it_thinks():
    player = players.SearchPlayer(mcts.no_network, mcts.rollout_settings(40))
    game = widget.GoGame(player, 5, 0.5)
    game.click(12)
    assert -1 <= game.value() <= 1 and "expects to win" in game.status
    assert abs(sum(game.policy()) - 1) < 0.01
    player.resign = 2.0
    game.click(int(np.flatnonzero(game.board.legal_mask())[0]))
    game.click(int(np.flatnonzero(game.board.legal_mask())[0]))
    assert "resigns" in game.status


def test_pictures_have_coordinates_stones_and_a_title():
    board = Board(5, 0.5).play(12).play(7)
    policy = np.full(26, 1 / 26)
    policy[-1] = 0.5
    ax = widget.draw_board(board, policy, title="A board", owners=board.owners(), marks={0: "a"}, numbered=True)
    assert "A board" in ax.get_title() and "pass 50%" in ax.get_title()
    assert [tick.get_text() for tick in ax.get_xticklabels()] == list("ABCDE")
    assert len(ax.patches) == 2
    plt.close("all")


def test_headless_play_is_a_picture(monkeypatch):
    monkeypatch.setenv("COURSE_HEADLESS", "1")
    assert widget.play(players.RandomPlayer(), size=5, komi=0.5) is None  # a notebook would print what is returned
    assert "JupyterLab" in plt.gca().get_title()
    plt.close("all")


def test_in_a_front_end_it_is_a_board_that_answers_clicks(monkeypatch):
    monkeypatch.setattr(widget.runtime, "in_front_end", lambda: True)
    board = widget.play(players.RandomPlayer(), size=5, komi=0.5)
    assert board.size == 5 and board.stones == [0] * 25 and "click a point" in board.status
    board.clicked = [12, 1]  # what the browser sends
    assert board.stones[12] == BLACK and sum(stone != 0 for stone in board.stones) == 2
    assert board.last == board.game.board.moves[-1] and "Last move" in board.status
    board.clicked = [-2, 2]
    assert board.stones == [0] * 25 and board.last == -1
