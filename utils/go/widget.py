"""See a position, and play on it (lesson 11).

:func:`draw_board` is a matplotlib picture: stones, coordinates, and if wished the policy as shades and the owners as
squares. :func:`play` is a board to click in JupyterLab, VS Code or Colab; without a front end it is a picture.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from utils import runtime
from utils.go.board import Board, IllegalMove
from utils.go.vertices import BLACK, COLUMNS, WHITE, vertex_of

WOOD = "#EBCB90"
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
        ax.text(action % size, action // size, text, ha="center", va="center", color=color, fontsize=9, zorder=6)
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
    for action in np.flatnonzero(policy[:-1] > 0.01):
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


SCRIPT = (
    f"""const LETTERS = "{COLUMNS}";"""
    + """
function render({ model, el }) {
  const ns = "http://www.w3.org/2000/svg";
  const make = (name, set) => {
    const node = document.createElementNS(ns, name);
    for (const key in set) node.setAttribute(key, set[key]);
    return node;
  };
  const svg = make("svg", { width: 430, role: "img", "aria-label": "Go board" });
  const status = document.createElement("div");
  const pass = document.createElement("button");
  const undo = document.createElement("button");
  pass.textContent = "Pass";
  undo.textContent = "Take back";
  const buttons = document.createElement("div");
  buttons.style.cssText = "display:flex;gap:8px;margin-top:4px";
  buttons.append(pass, undo);
  const send = (what) => {
    model.set("clicked", [what, (model.get("clicked")[1] || 0) + 1]);
    model.save_changes();
  };
  pass.onclick = () => send(model.get("size") ** 2);
  undo.onclick = () => send(-2);
  function draw() {
    const n = model.get("size"), stones = model.get("stones"), policy = model.get("policy");
    svg.replaceChildren();
    svg.setAttribute("viewBox", `-1.3 -0.8 ${n + 1.1} ${n + 1.1}`);
    svg.setAttribute("height", 430);
    svg.append(make("rect", { x: -1.3, y: -0.8, width: n + 1.1, height: n + 1.1, fill: "#EBCB90" }));
    for (let i = 0; i < n; i++) {
      const set = { "font-size": 0.34, fill: "#5A4A2A", "text-anchor": "middle", "dominant-baseline": "central" };
      const letter = make("text", { ...set, x: i, y: n - 0.25 }), number = make("text", { ...set, x: -0.9, y: i });
      letter.textContent = LETTERS[i];
      number.textContent = n - i;
      svg.append(letter, number);
      svg.append(make("line", { x1: 0, x2: n - 1, y1: i, y2: i, stroke: "#5A4A2A", "stroke-width": 0.03 }));
      svg.append(make("line", { y1: 0, y2: n - 1, x1: i, x2: i, stroke: "#5A4A2A", "stroke-width": 0.03 }));
    }
    for (let a = 0; a < n * n; a++) {
      const x = a % n, y = Math.floor(a / n);
      if (policy.length && policy[a] > 0.01 && !stones[a]) {
        const w = 0.8 * Math.sqrt(policy[a]);
        svg.append(make("rect", { x: x - w / 2, y: y - w / 2, width: w, height: w, fill: "#0072B2", opacity: 0.6 }));
      }
      if (stones[a]) {
        const black = stones[a] === 1;
        svg.append(make("circle", { cx: x, cy: y, r: 0.46, fill: black ? "#111" : "#fff", stroke: "#111",
                                    "stroke-width": 0.03 }));
        if (a === model.get("last")) {
          svg.append(make("circle", { cx: x, cy: y, r: 0.17, fill: "none", stroke: black ? "#fff" : "#111",
                                      "stroke-width": 0.06 }));
        }
      } else {
        const hit = make("rect", { x: x - 0.5, y: y - 0.5, width: 1, height: 1, fill: "transparent" });
        hit.style.cursor = "pointer";
        hit.onclick = () => send(a);
        svg.append(hit);
      }
    }
    status.textContent = model.get("status");
  }
  for (const name of ["stones", "policy", "status", "last"]) model.on(`change:${name}`, draw);
  draw();
  el.append(svg, status, buttons);
}
export default { render };
"""
)


class GoGame:
    """You against a player: the rules of the widget, without the pixels (and testable without them).

    Args:
        player: a :class:`utils.go.players.Player`.
        size, komi: of the game.
        you: your colour, BLACK or WHITE.
    """

    def __init__(self, player, size: int = 9, komi: float = 7.0, you: int = BLACK):
        self.player, self.you, self.message = player, you, ""
        self.board = Board(size, komi)
        self.earlier: list[Board] = []
        self.resigned = False
        player.start(size, komi, 1)
        self._answer()

    def click(self, action: int) -> None:
        """Your move (``size * size`` passes, -2 takes back); the opponent answers at once."""
        self.message = ""
        if action == -2:
            if self.earlier:
                self.board, self.resigned = self.earlier.pop(), False
            return
        if self.board.is_over or self.resigned:
            return
        before = self.board.copy()
        try:
            self.board.play(action)
        except IllegalMove as error:
            self.message = str(error)
            return
        self.earlier.append(before)
        self._answer()

    def _answer(self) -> None:
        if self.board.is_over or self.board.to_play == self.you:
            return
        action = self.player.choose(self.board)
        if action < 0:
            self.resigned = True
        else:
            self.board.play(action)

    @property
    def status(self) -> str:
        """One line below the board."""
        if self.message:
            return self.message
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


def play(player, size: int = 9, komi: float = 7.0, you: int = BLACK, show_thinking: bool = False):
    """A board to click against ``player``; headless, a picture of the empty board with a sentence.

    Returns:
        The widget; None where there is only the picture.
    """
    game = GoGame(player, size, komi, you)
    if not runtime.in_front_end():
        draw_board(game.board, title="In JupyterLab this is a board to click")
        return None
    import anywidget
    import traitlets

    class BoardWidget(anywidget.AnyWidget):
        _esm = SCRIPT
        size = traitlets.Int().tag(sync=True)
        stones = traitlets.List().tag(sync=True)
        policy = traitlets.List().tag(sync=True)
        last = traitlets.Int(-1).tag(sync=True)
        status = traitlets.Unicode().tag(sync=True)
        clicked = traitlets.List([-1, 0]).tag(sync=True)

        def refresh(self) -> None:
            self.stones = [int(stone) for stone in game.board.stones.ravel()]
            self.policy = list(game.policy()) if show_thinking else []
            self.last = int(game.board.moves[-1]) if game.board.moves else -1
            self.status = game.status

        @traitlets.observe("clicked")
        def _on_click(self, change) -> None:
            game.click(int(change["new"][0]))
            self.refresh()

    widget = BoardWidget(size=size)
    widget.refresh()
    widget.game = game
    return widget
