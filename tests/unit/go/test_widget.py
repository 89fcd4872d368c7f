"""The board on the screen: the game behind it, and the picture."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from utils.go import mcts, players, widget
from utils.go.board import Board
from utils.go.vertices import BLACK, WHITE

SEARCH = mcts.rollout_settings(40)


def against(player, *rest, **options):
    return widget.GoGame({player.name: player}, *rest, **options)


class Scripted(players.Player):
    """Plays given moves by the length of the game, and writes down what it is told."""

    def __init__(self, moves, name="scripted"):
        self.moves, self.name, self.told = moves, name, []

    def start(self, size, komi, seed):
        self.told.append(f"start {size} {komi}")

    def choose(self, board):
        self.told.append(f"choose after {len(board.moves)}")
        return self.moves[len(board.moves)]

    def observe(self, board, action):
        assert board.is_legal(action)
        self.told.append((len(board.moves), action))


def test_clicks_play_refuse_and_take_back():
    game = against(players.RandomPlayer(), 5, 0.5)
    game.click(12)
    assert game.board.stones[2, 2] == BLACK and len(game.board.moves) == 2
    game.click(12)
    assert "occupied" in game.status and len(game.board.moves) == 2
    game.click(-2)
    assert game.board.moves == [] and "You are Black" in game.status
    game.click(-2)
    assert game.board.moves == [] and "no move of yours" in game.status


def test_moves_are_taken_back_one_by_one_to_the_beginning():
    game = against(Scripted({1: 0, 3: 1, 5: 2}), 5, 0.5)
    for action in (12, 13, 14):
        game.click(action)
    lengths = []
    for _ in range(4):
        game.click(widget.TAKE_BACK)
        lengths.append(len(game.board.moves))
    assert lengths == [4, 2, 0, 0]
    game.click(14)
    assert game.board.moves == [14, 0]


def test_the_opponents_opening_is_not_taken_back():
    game = against(Scripted({0: 12, 2: 13}), 5, 0.5, you=WHITE)
    game.click(0)
    game.click(widget.TAKE_BACK)
    game.click(widget.TAKE_BACK)
    assert game.board.moves == [12] and game.board.to_play == WHITE


def test_a_finished_game_goes_on_from_the_move_that_was_taken_back():
    game = against(Scripted({1: 25, 3: 7}), 5, 0.5)
    game.click(25)
    assert game.board.is_over and "The game is over: White wins by 0.5" in game.status
    game.click(12)
    assert game.board.moves == [25, 25]
    game.click(widget.TAKE_BACK)
    assert not game.board.is_over and "click a point" in game.status
    game.click(12)
    assert game.board.moves == [12, 25] and not game.board.is_over


def test_a_resigned_game_goes_on_from_the_move_that_was_taken_back():
    game = against(Scripted({1: 0, 3: players.RESIGN}), 5, 0.5)
    game.click(12)
    game.click(13)
    assert "resigns" in game.status and len(game.board.moves) == 3
    game.click(widget.TAKE_BACK)
    assert game.board.moves == [12, 0] and "resigns" not in game.status


def test_an_opponent_is_told_every_move_and_after_taking_back_the_game_from_its_beginning():
    """A program that keeps its own board, behind the Go Text Protocol, would else answer to another game."""
    opponent = Scripted({1: 0, 3: 1})
    game = against(opponent, 5, 0.5)
    game.click(12)
    game.click(13)
    assert opponent.told == ["start 5 0.5", (0, 12), "choose after 1", (2, 13), "choose after 3"]
    opponent.told.clear()
    game.click(widget.TAKE_BACK)
    assert opponent.told == ["start 5 0.5", (0, 12), (1, 0)]
    game.click(12)
    assert opponent.told[3:] == []  # an illegal move is nobody's business


def test_a_search_forgets_the_moves_that_were_taken_back():
    game = against(players.SearchPlayer(mcts.no_network, SEARCH), 5, 0.5)
    game.click(12)
    answered = game.board.moves.copy()
    game.click(int(np.flatnonzero(game.board.legal_mask())[0]))
    game.click(widget.TAKE_BACK)
    assert game.board.moves == answered and game.value() is None and game.policy() == []
    game.click(int(np.flatnonzero(game.board.legal_mask())[-2]))
    searched = Board(5, 0.5)
    for action in game.board.moves[:-1]:
        searched.play(action)
    assert game.player.moves == searched.moves and not game.player._differs(searched)


def test_another_level_answers_from_the_next_move_on():
    gentle, strong = Scripted({1: 0, 3: 1, 5: 2}, "one"), Scripted({1: 20, 3: 21, 5: 22}, "two")
    game = widget.GoGame({"gentle": gentle, "full strength": strong}, 5, 0.5)
    game.click(12)
    game.set_level("full strength")
    assert game.level == "full strength" and game.board.moves == [12, 0]
    assert strong.told == ["start 5 0.5", (0, 12), (1, 0)] and "choose after 3" not in gentle.told
    game.click(13)
    assert game.board.moves == [12, 0, 13, 21]
    game.set_level("full strength")  # nothing new
    assert strong.told.count("start 5 0.5") == 1
    game.click(widget.TAKE_BACK)
    game.set_level("gentle")
    game.click(13)
    assert game.board.moves == [12, 0, 13, 1]
    with pytest.raises(ValueError, match="no level 'steady'; choose one of 'gentle', 'full strength'"):
        game.set_level("steady")


def test_levels_may_be_changed_to_and_from_a_search():
    levels = {"random": players.RandomPlayer(), "search": players.SearchPlayer(mcts.no_network, SEARCH)}
    game = widget.GoGame(levels, 5, 0.5)
    for level in ("search", "random", "search", "search"):
        game.set_level(level)
        game.click(int(np.flatnonzero(game.board.sensible_mask())[0]))
        assert len(game.board.moves) % 2 == 0 and (game.value() is None) == (level == "random")


def test_your_stone_is_shown_before_the_opponent_thinks():
    game, seen = against(Scripted({1: 0}), 5, 0.5), []
    game.shown = lambda: seen.append((game.board.moves.copy(), game.status))
    game.click(12)
    assert seen == [([12], "Your opponent is thinking.")] and "click a point" in game.status


def test_the_opponent_opens_when_you_are_white_and_the_end_is_told():
    game = against(players.RandomPlayer(), 3, 0.5, you=WHITE)
    assert len(game.board.moves) == 1
    for _ in range(60):
        if game.board.is_over:
            break
        game.click(9)
    assert "The game is over" in game.status and "wins by" in game.status


def test_a_searching_opponent_tells_what_it_thinks():
    player = players.SearchPlayer(mcts.no_network, SEARCH)
    game = against(player, 5, 0.5)
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


@pytest.mark.parametrize(
    "opponents",
    [
        {"player": players.RandomPlayer()},
        {"levels": {"gentle": players.RandomPlayer(), "steady": players.RandomPlayer()}},
    ],
)
def test_headless_play_is_a_picture(monkeypatch, opponents):
    monkeypatch.setenv("COURSE_HEADLESS", "1")
    assert widget.play(size=5, komi=0.5, **opponents) is None  # a notebook would print what is returned
    assert "JupyterLab" in plt.gca().get_title()
    plt.close("all")


def test_there_must_be_one_opponent_or_levels():
    with pytest.raises(ValueError, match="nobody to play against"):
        widget.play()
    with pytest.raises(ValueError, match="not both"):
        widget.play(players.RandomPlayer(), levels={"steady": players.RandomPlayer()})


def test_in_a_front_end_it_is_a_board_that_answers_clicks(monkeypatch):
    monkeypatch.setattr(widget.runtime, "in_front_end", lambda: True)
    board = widget.play(players.RandomPlayer(), size=5, komi=0.5)
    assert board.size == 5 and board.stones == [0] * 25 and "click a point" in board.status
    board.clicked = [12, 1]  # what the browser sends
    assert board.stones[12] == BLACK and sum(stone != 0 for stone in board.stones) == 2
    assert board.last == board.game.board.moves[-1] and "Last move" in board.status and board.answered == 1
    board.clicked = [-2, 2]
    assert board.stones == [0] * 25 and board.last == -1 and board.answered == 2
    assert board.levels == ["random"] and board.level == "random"  # one opponent: no menu


def test_in_a_front_end_the_menu_names_the_levels_and_chooses(monkeypatch):
    monkeypatch.setattr(widget.runtime, "in_front_end", lambda: True)
    levels = {"gentle": Scripted({1: 0, 3: 1}), "steady": Scripted({1: 20, 3: 21}), "full strength": Scripted({})}
    board = widget.play(levels=levels, size=5, komi=0.5)
    assert board.levels == list(levels) and board.level == "gentle"
    board.clicked = [12, 1]
    board.level = "steady"
    board.clicked = [13, 2]
    assert board.game.board.moves == [12, 0, 13, 21] and board.last == 21


def test_after_an_error_of_the_opponent_the_board_can_be_clicked_again(monkeypatch):
    monkeypatch.setattr(widget.runtime, "in_front_end", lambda: True)
    board = widget.play(Scripted({1: 0}), size=5, komi=0.5)
    board.clicked = [12, 1]
    with pytest.raises(KeyError):
        board.clicked = [13, 2]
    assert board.answered == 2 and board.stones[13] == BLACK
    with pytest.raises(KeyError):
        board.clicked = [14, 3]  # asks it again, and is no move of White's
    assert board.stones[14] == 0
    board.clicked = [widget.TAKE_BACK, 4]
    assert board.stones[13] == 0 and board.stones[0] == WHITE
