"""Matches, their files, and ratings."""

import json

import numpy as np
import pytest

from utils.go import arena, mcts, players
from utils.go.board import Board
from utils.go.position import COLOR, META, MOVES
from utils.go.vertices import BLACK


def test_a_match_alternates_colours_and_resumes(tmp_path):
    path = tmp_path / "games.jsonl"
    first, second = players.RandomPlayer(), players.RandomPlayer()
    first.name, second.name = "a", "b"
    results = arena.match(first, second, 4, path, size=5, komi=0.5)
    assert [r.black for r in results] == ["a", "b", "a", "b"]
    kept = path.read_text().splitlines(keepends=True)
    path.write_text("".join(kept[:2]) + kept[2][:20])  # killed while writing the third
    again = arena.match(first, second, 6, path, size=5, komi=0.5)
    assert [r.moves for r in again[:4]] == [r.moves for r in results] and len(path.read_text().splitlines()) == 6
    report = arena.summary(again, "a")
    assert report["games"] == 6 and report["interval"][0] <= report["win_rate"] <= report["interval"][1]
    assert json.dumps(report)


def test_a_report_counts_draws_by_colour_and_games_that_repeat():
    def game(number, black, score, moves):
        return arena.GameResult(number, black, "b" if black == "a" else "a", score, "passes", moves)

    games = [game(0, "a", 3.0, "A1"), game(1, "b", 0.0, "B1"), game(2, "a", -2.0, "A1"), game(3, "b", -1.0, "C1")]
    report = arena.summary(games, "a")
    assert report["as_black"] == {"wins": 1, "draws": 0, "losses": 1}
    assert report["as_white"] == {"wins": 1, "draws": 1, "losses": 0}
    assert report["win_rate"] == 2.5 / 4 and report["distinct_games"] == 3
    assert report["interval"][0] < 2.5 / 4 < report["interval"][1]


class Wishful:
    """A search's answer that visited nothing but the pass."""

    def __init__(self, actions, prior):
        self.counts = np.zeros(actions, np.float32)
        self.counts[-1] = 16
        self.trees = mcts.Tree.empty(1, 1, actions)
        self.trees.prior[0, 0] = prior

    def visits(self):
        return self.counts

    def q(self):
        return np.where(self.counts > 0, 0.9, mcts.WORST)


def test_nobody_passes_while_behind_with_a_sensible_move_left():
    board = Board(5, 0.5).set_up([5 * r + 1 for r in range(5)], [5 * r + 2 for r in range(5)] + [9, 19])
    assert board.to_play == BLACK and board.score() < 0
    prior = np.full(26, -1.0)
    prior[[8, 13, 25]] = 0.1, 0.3, 0.6
    choose = players.SearchPlayer._rather_not_pass
    assert choose(board, Wishful(26, prior), 25) == 13
    prior[[8, 13]] = -1  # nothing left but own eyes
    assert choose(board, Wishful(26, prior), 25) == 25


def test_processes_share_a_match(tmp_path):
    path, both = tmp_path / "games.jsonl", [players.RandomPlayer(), players.RandomPlayer()]
    half = arena.match(*both, 6, path, size=5, komi=0.5, share=(0, 2))
    assert [r.number for r in half] == [0, 1, 4, 5]  # whole pairs, so that both colours are in every share
    whole = arena.match(*both, 6, path, size=5, komi=0.5, share=(1, 2))
    assert len(whole) == 4 + 2 and [r.number for r in arena.match(*both, 6, path, size=5)] == list(range(6))
    assert len(path.read_text().splitlines()) == 6


def test_passing_is_the_last_resort():
    # Black owns the left, White the right: one more stone at home costs neither anything.
    board = Board(5, 0.5).set_up([5 * r + 2 for r in range(5)], [5 * r + 4 for r in range(5)])
    player = players.SearchPlayer(mcts.no_network, mcts.rollout_settings(100))
    forest = player.think(board)
    q = forest.q()
    free = [a for a in np.flatnonzero(forest.visits()) if a != 25 and q[a] >= q[25] - players.PASS_MARGIN]
    chosen = player._rather_not_pass(board, forest, 25)
    assert chosen in free and forest.visits()[chosen] == forest.visits()[free].max()
    assert player._rather_not_pass(board, forest, 7) == 7
    board.play(8)
    board.play(25)  # White passes; Black is ahead, and ends it
    assert board.score() > 0
    assert player._rather_not_pass(board, player.think(board), 25) == 25


def test_search_beats_chance():
    searcher = players.SearchPlayer(mcts.no_network, mcts.rollout_settings(120), "rollouts")
    results = arena.match(searcher, players.RandomPlayer(), 4, size=5, komi=0.5)
    assert arena.summary(results, "rollouts")["win_rate"] == 1.0


def test_search_player_follows_the_game_and_copes_with_surprises():
    player = players.SearchPlayer(mcts.no_network, mcts.rollout_settings(60))
    board = Board(5, 0.5)
    board.play(player.choose(board))
    board.play(int(np.flatnonzero(board.legal_mask())[0]))
    forest = player.think(board)
    assert forest is player.forest and forest.games.states[0, META, MOVES] == 2
    other = Board(5, 0.5).play(3)  # another game altogether
    assert player.think(other) is not forest and (player.forest.games.states[0, COLOR] == other.s[COLOR]).all()
    player.resign = 2.0  # everything is hopeless
    assert player.choose(other) >= 0 and player.choose(other) == players.RESIGN


def test_resignation_and_illegal_moves_end_a_game():
    class Quitter(players.RandomPlayer):
        def choose(self, board):
            return players.RESIGN

    class Cheat(players.RandomPlayer):
        def choose(self, board):
            return board.moves[0] if board.moves else 0

    assert arena.play_game(Quitter(), players.RandomPlayer(), 5).score == -1
    result = arena.play_game(players.RandomPlayer(), Cheat(), 5)
    assert result.end == "illegal" and result.score == 1


def test_a_long_game_does_not_end_in_the_search_alone():
    board = Board(3, 0.5)
    for _ in range(40):  # three moves a point and more
        board.play(9).resume()
    player = players.SearchPlayer(mcts.no_network, mcts.rollout_settings(80))
    assert board.is_legal(player.choose(board)) and player.forest.visits().sum() >= 80


def test_elo_of_ten_to_one_is_400_points():
    def result(n, black, white, score):
        return arena.GameResult(n, black, white, score, "passes", "")

    games = [result(i, "a", "b", 1.0 if i % 11 else -1.0) for i in range(1100)]
    ratings = arena.elo(games, anchor="b", prior_games=0)
    assert ratings["b"] == 0 and ratings["a"] == pytest.approx(400, abs=1)
    always = arena.elo([result(0, "a", "b", 1.0)])
    assert np.isfinite(list(always.values())).all() and list(always) == ["a", "b"]


def test_elo_intervals_hold_the_rating_and_narrow_with_more_games():
    def games(count):
        return [arena.GameResult(i, "a", "b", 1.0 if i % 4 else -1.0, "passes", "") for i in range(count)]

    widths = []
    for count in (20, 320):
        rating = arena.elo(games(count), "b")["a"]
        intervals = arena.elo_intervals(games(count), "b", resamples=100)
        low, high = intervals["a"]
        assert low < rating < high and intervals["b"] == (0, 0)
        widths.append(high - low)
    assert widths[1] == pytest.approx(widths[0] / 4, rel=0.4)  # sixteen times the games


def test_players_are_described_in_words():
    assert arena.make_player("rollouts:50").settings.playouts == 50
    assert arena.make_player("search:-+-,playouts=7,lambda=1").settings.mixing == 1.0
    assert arena.make_player("search:-+-,formula=lecture").settings.formula == "lecture"
    quick = arena.make_player("search:go_rl9+-,half=1").evaluate(np.zeros((1, 9, 9, 27), np.float32))[0]
    slow = arena.make_player("search:go_rl9+-").evaluate(np.zeros((1, 9, 9, 27), np.float32))[0]
    assert 0 < np.abs(quick - slow).max() < 0.05
    for bad in ("chess:3", "search:-+-,speed=3", "search:-+-,formula=ucb"):
        with pytest.raises(ValueError):
            arena.make_player(bad)


def test_a_policy_draws_legal_moves_and_ends_games():
    uniform = players.PolicyPlayer(lambda planes: (np.ones((len(planes), 26)), None))
    result = arena.play_game(uniform, uniform, 5, 0.5, seed=4)
    assert result.end == "passes" and BLACK == 1


@pytest.mark.parametrize("words", ["--komi nan", "--size 30", "--games 0", "--share 2/2", "--share x", "--size 1_9"])
def test_numbers_that_make_no_match_are_refused(words, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["arena", "match", "random:", "random:", *words.split()])
    with pytest.raises(SystemExit) as error:
        arena.main()
    assert error.value.code == 2 and " is no " in capsys.readouterr().err
