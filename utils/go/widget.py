"""See a position, and play on it (lesson 11).

:func:`draw_board` is a matplotlib picture: stones, coordinates, and if wished the policy as shades and the owners as
squares. :func:`play` is a board to click in JupyterLab, VS Code or Colab; without a front end it is a picture.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from utils import runtime
from utils.go.board import Board, IllegalMove
from utils.go.players import RESIGN, Player
from utils.go.vertices import BLACK, COLUMNS, WHITE, vertex_of
from utils.go.widget_script import SCRIPT, STYLE

WOOD = "#EBCB90"
TAKE_BACK = -2
STARS = {5: (2,), 9: (2, 4, 6), 13: (3, 6, 9), 19: (3, 9, 15)}


def draw_board(
    board: Board,
    policy: np.ndarray | None = None,
    ax=None,
    title: str = "",
    owners: np.ndarray | None = None,
    marks: dict[int, str] | None = None,
    numbered: bool = False,
):
    """Draw a position.

    Args:
        board: what to draw.
        policy: probabilities (size * size + 1,); drawn as blue squares on the empty points, the larger the likelier,
            with the percentage from 10 % on; passing goes into the title.
        ax: matplotlib axes; None makes new ones.
        title: above the picture.
        owners: (size, size) of BLACK, WHITE, EMPTY, or numbers from -1 (White's) to 1 (Black's): small squares, the
            largest for the surest point.
        marks: short texts on points, by action.
        numbered: write the number of the move on each stone played.

    Returns:
        The axes.
    """
    import matplotlib.pyplot as plt

    size = board.size
    if ax is None:
        ax = plt.subplots(figsize=(0.42 * size + 0.8, 0.42 * size + 0.9))[1]
    _draw_lines(ax, size)
    if policy is not None:
        _draw_policy(ax, board, policy)
        title = f"{title}\npass {policy[-1]:.0%}".strip() if policy[-1] >= 0.05 else title
    if owners is not None:
        values = owners if owners.dtype.kind == "f" else np.select([owners == BLACK, owners == WHITE], [1.0, -1.0], 0.0)
        values = values / max(np.abs(values).max(), 1e-9)
        for (row, column), v in np.ndenumerate(values):
            if abs(v) > 0.1:
                color = "black" if v > 0 else "white"
                ax.scatter(column, row, s=70 * abs(v), marker="s", color=color, edgecolor="#666666", zorder=5, lw=0.5)
    _draw_stones(ax, board, numbered)
    for action, text in (marks or {}).items():
        stone = board.stones.flat[action]
        color = "white" if stone == BLACK else "black"
        ground = None if stone else {"facecolor": WOOD, "edgecolor": "none", "pad": 1.5}
        place = {"ha": "center", "va": "center", "color": color, "fontsize": 9, "zorder": 6, "bbox": ground}
        ax.text(action % size, action // size, text, **place)
    ax.set_title(title, fontsize=10)
    return ax


def _draw_lines(ax, size: int) -> None:
    ax.set_facecolor(WOOD)
    for i in range(size):
        ax.plot([0, size - 1], [i, i], color="#5A4A2A", lw=0.8, zorder=1)
        ax.plot([i, i], [0, size - 1], color="#5A4A2A", lw=0.8, zorder=1)
    stars = STARS.get(size, ())
    for row in stars:
        for column in stars:
            if size > 9 or (row == 4) == (column == 4):
                ax.scatter(column, row, s=10, color="#5A4A2A", zorder=1)
    ax.set_xticks(range(size), COLUMNS[:size], fontsize=8)
    ax.set_yticks(range(size), [str(size - row) for row in range(size)], fontsize=8)
    ax.set_xlim(-0.7, size - 0.3)
    ax.set_ylim(size - 0.3, -0.7)
    ax.set_aspect("equal")
    ax.grid(False)
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)


def _draw_policy(ax, board: Board, policy: np.ndarray) -> None:
    size = board.size
    top = max(float(policy[:-1].max()), 1e-9)
    for action in np.flatnonzero((policy[:-1] > 0.01) & (board.stones.ravel() == 0)):
        row, column = divmod(int(action), size)
        share = float(policy[action])
        ax.scatter(column, row, s=220 * share / top, marker="s", color="#0072B2", alpha=0.75, zorder=2, lw=0)
        if share >= 0.1:
            ax.text(column, row + 0.46, f"{share:.0%}", ha="center", va="center", fontsize=7.5, zorder=7)


def _draw_stones(ax, board: Board, numbered: bool) -> None:
    from matplotlib.patches import Circle

    size, stones = board.size, board.stones
    numbers = {action: i for i, action in enumerate(board.moves, start=1)} if numbered else {}
    for action in np.flatnonzero(stones):
        row, column = divmod(int(action), size)
        black = stones[row, column] == BLACK
        ax.add_patch(
            Circle((column, row), 0.46, facecolor="black" if black else "white", edgecolor="black", lw=0.8, zorder=4)
        )
        ink = "white" if black else "black"
        if int(action) in numbers:
            text = str(numbers[int(action)])
            ax.text(column, row, text, ha="center", va="center", color=ink, fontsize=7, zorder=6)
        elif board.moves and board.moves[-1] == action:
            ax.add_patch(Circle((column, row), 0.18, facecolor="none", edgecolor=ink, lw=1.4, zorder=6))


class GoGame:
    """You against a player: the rules of the widget, without the pixels (and testable without them).

    Args:
        levels: :class:`utils.go.players.Player` by the name that the student chooses by; the first begins.
        size, komi: of the game.
        you: your colour, BLACK or WHITE.

    Attributes:
        level: name of the present opponent; see :meth:`set_level`.
        shown: called when your move stands on the board and before the opponent thinks about it.

    Raises:
        ValueError: there is no opponent.
    """

    def __init__(self, levels: Mapping[str, Player], size: int = 9, komi: float = 7.0, you: int = BLACK):
        if not levels:
            raise ValueError("There is nobody to play against: give one player, or some by name as levels.")
        self.levels, self.you, self.message = dict(levels), you, ""
        self.level = next(iter(self.levels))
        self.board = Board(size, komi)
        self.earlier: list[Board] = []
        self.resigned = self.thinking = False
        self.told = 0  # how often a player was told a game from its beginning; a seed that makes answers differ
        self.shown: Callable[[], None] = lambda: None
        self._tell()
        self._answer()

    @property
    def player(self) -> Player:
        """The present opponent."""
        return self.levels[self.level]

    def set_level(self, level: str) -> None:
        """Another opponent goes on from here, with its next move.

        Raises:
            ValueError: no such level.
        """
        if level not in self.levels:
            raise ValueError(f"There is no level {level!r}; choose one of {', '.join(map(repr, self.levels))}.")
        if level != self.level:
            self.level, self.message = level, ""
            self._tell()

    def click(self, action: int) -> None:
        """Your move (``size * size`` passes), which the opponent answers at once; TAKE_BACK undoes both."""
        self.message = ""
        if action == TAKE_BACK:
            self._take_back()
            return
        if self.board.is_over or self.resigned:
            return
        if self.board.to_play != self.you:  # it failed to answer, with an error or interrupted: ask again
            self._answer()
            return
        before = self.board.copy()
        try:
            self.board.play(action)
        except IllegalMove as error:
            self.message = str(error)
            return
        self.player.observe(before, action)
        self.earlier.append(before)
        self._answer()

    def _take_back(self) -> None:
        if not self.earlier:
            self.message = "There is no move of yours to take back."
            return
        self.board, self.resigned = self.earlier.pop(), False
        self._tell()

    def _tell(self) -> None:
        """Tell the opponent the game so far, as a new one: a tree or a program that knew another one starts afresh."""
        self.told += 1
        board = Board(self.board.size, self.board.komi)
        self.player.start(board.size, board.komi, self.told)
        for action in self.board.moves:
            self.player.observe(board, action)
            board.play(action)

    def _answer(self) -> None:
        if self.board.is_over or self.board.to_play == self.you:
            return
        self.thinking = True
        self.shown()
        try:
            action = self.player.choose(self.board)
        finally:
            self.thinking = False
        if action == RESIGN:
            self.resigned = True
        else:
            self.board.play(action)

    @property
    def status(self) -> str:
        """One line below the board."""
        if self.message:
            return self.message
        if self.thinking:
            return "Your opponent is thinking."
        if self.resigned:
            return "Your opponent resigns: you have won."
        if self.board.is_over:
            score = self.board.score()
            if score == 0:
                return "The game is over: a draw."
            return f"The game is over: {'Black' if score > 0 else 'White'} wins by {abs(score):g}."
        last = f"Last move {vertex_of(self.board.moves[-1], self.board.size)}. " if self.board.moves else ""
        value = self.value()
        opinion = "" if value is None else f" Your opponent expects to win {0.5 + value / 2:.0%} of such games."
        return f"{last}You are {'Black' if self.you == BLACK else 'White'}: click a point.{opinion}"

    def value(self) -> float | None:
        """The opponent's view after its last search, from its own side; None if it does not search."""
        forest = getattr(self.player, "forest", None)
        return None if forest is None else forest.value()

    def policy(self) -> Sequence[float]:
        """The opponent's visit shares in its last search."""
        forest = getattr(self.player, "forest", None)
        return [] if forest is None else [round(float(p), 4) for p in forest.policy()]


def play(
    player: Player | None = None,
    size: int = 9,
    komi: float = 7.0,
    you: int = BLACK,
    show_thinking: bool = False,
    levels: Mapping[str, Player] | None = None,
):
    """A board to click; headless, a picture of the board as it stands when it is your turn.

    Args:
        player: the opponent.
        size, komi, you: see :class:`GoGame`.
        show_thinking: blue squares where the opponent's last search looked.
        levels: several opponents by name in place of ``player``, ``{"gentle": one, "full strength": another}``; a menu
            below the board chooses among them, at any time, and the first begins.

    Returns:
        The widget; None where there is only the picture.

    Raises:
        ValueError: there is no opponent, or both a player and levels.
    """
    if player is not None and levels:
        raise ValueError("Give one player, or several by name as levels, not both.")
    game = GoGame(levels or ({} if player is None else {player.name: player}), size, komi, you)
    if not runtime.in_front_end():
        seen = np.array(game.policy()) if show_thinking and len(game.policy()) else None
        draw_board(game.board, seen, title="In JupyterLab this is a board to click")
        return None
    return _in_the_browser(game, show_thinking)


def _in_the_browser(game: GoGame, show_thinking: bool):
    """The widget: what happens in it goes to the game, and what the game says to it."""
    import anywidget
    import traitlets

    class BoardWidget(anywidget.AnyWidget):
        _esm, _css = SCRIPT, STYLE
        size = traitlets.Int().tag(sync=True)
        stones = traitlets.List().tag(sync=True)
        policy = traitlets.List().tag(sync=True)
        last = traitlets.Int(-1).tag(sync=True)
        status = traitlets.Unicode().tag(sync=True)
        clicked = traitlets.List([-1, 0]).tag(sync=True)  # what, and the number of the click
        answered = traitlets.Int(0).tag(sync=True)
        levels = traitlets.List().tag(sync=True)
        level = traitlets.Unicode().tag(sync=True)

        def refresh(self) -> None:
            with self.hold_sync():
                self.stones = [int(stone) for stone in game.board.stones.ravel()]
                self.policy = list(game.policy()) if show_thinking else []
                self.last = int(game.board.moves[-1]) if game.board.moves else -1
                self.status = game.status

        @traitlets.observe("clicked")
        def _on_click(self, change) -> None:
            action, count = map(int, change["new"])
            try:
                game.click(action)
            finally:  # also after an error, so that the board can be clicked again
                self.answered = count
                self.refresh()

        @traitlets.observe("level")
        def _on_level(self, change) -> None:
            game.set_level(change["new"])
            self.refresh()

    widget = BoardWidget(size=game.board.size, levels=list(game.levels), level=game.level)
    game.shown = widget.refresh
    widget.refresh()
    widget.game = game
    return widget
