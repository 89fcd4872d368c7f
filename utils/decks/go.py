"""Go boards and a search tree for slides: large, without coordinates, in slide pixels (lecture 8).

:func:`draw_goban` draws stones as a plain array holds them; :mod:`utils.go.widget` is for notebooks. The tiny tree is
searched by the readable :class:`utils.go.lecture_search.LectureSearch` itself, so the slides show what the course runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle

from utils.decks import slides
from utils.decks.slides import BLUE, GREEN, INK, ORANGE, PINK, SOFT, VERMILION
from utils.go.lecture_search import LectureSearch, Node
from utils.go.vertices import BLACK, WHITE

WOOD, LINE = "#ebcb90", "#5a4a2a"
STARS = {9: (2, 4, 6), 13: (3, 6, 9), 19: (3, 9, 15)}


def stones_of(diagram: str) -> np.ndarray:
    """A position from lines of ``.``, ``X`` (Black) and ``O`` (White), int8 (rows, columns).

    Raises:
        ValueError: another character, or lines of different length.
    """
    lines = [line.replace(" ", "") for line in diagram.strip().splitlines()]
    if len({len(line) for line in lines}) != 1 or set("".join(lines)) - set(".XO"):
        raise ValueError("A diagram has lines of one length, made of '.', 'X' and 'O'.")
    return np.array([[".XO".index(mark) for mark in line] for line in lines], dtype=np.int8)


def draw_goban(
    axes: Axes,
    stones: np.ndarray,
    corner: tuple[float, float] = (0, 0),
    side: float = 400,
    last: tuple[int, int] | None = None,
    marks: Mapping[tuple[int, int], str] | None = None,
    rings: Iterable[tuple[int, int]] = (),
    dots: Iterable[tuple[int, int]] = (),
    owners: np.ndarray | None = None,
    shades: np.ndarray | None = None,
    fontsize: float | None = None,
) -> None:
    """Draw a square position.

    Args:
        axes: of :func:`utils.decks.slides.blank`.
        stones: (size, size) of EMPTY, BLACK, WHITE; row 0 on top.
        corner, side: lower left and width of the board.
        last: (row, column) of the stone that gets a red ring.
        marks: short texts on points.
        rings: points to circle in vermilion.
        dots: points with a green dot: liberties.
        owners: (size, size) numbers from -1 (White's) to 1 (Black's), small squares.
        shades: (size, size) probabilities, blue squares below the stones.
    """
    size = len(stones)
    gap = side / size
    fontsize = fontsize or max(20, 0.5 * gap)
    at = _empty_board(axes, size, corner, side)
    for point in np.ndindex(size, size):
        if shades is not None and shades[point] > 0.01:
            wide = gap * min(0.92, (shades[point] / shades.max()) ** 0.5)
            x, y = at(*point)
            axes.add_patch(Rectangle((x - wide / 2, y - wide / 2), wide, wide, color=BLUE, alpha=0.75, lw=0, zorder=2))
        if stones[point]:
            face = "#101010" if stones[point] == BLACK else "white"
            axes.add_patch(Circle(at(*point), 0.46 * gap, facecolor=face, edgecolor="#222222", lw=1.2, zorder=3))
        if owners is not None and abs(owners[point]) > 0.1:
            wide = 0.42 * gap * abs(float(owners[point])) ** 0.5
            (x, y), black = at(*point), owners[point] > 0
            face, edge = ("#101010", "white") if black else ("white", "#222222")
            patch = Rectangle(
                (x - wide / 2, y - wide / 2), wide, wide, facecolor=face, edgecolor=edge, lw=1.2, zorder=4
            )
            axes.add_patch(patch)
    for point, text in (marks or {}).items():
        color = "white" if stones[point] == BLACK else "black"
        axes.text(*at(*point), text, ha="center", va="center", color=color, fontsize=fontsize, weight=600, zorder=5)
    for point in dots:
        axes.add_patch(Circle(at(*point), 0.2 * gap, facecolor=GREEN, edgecolor="white", lw=1.5, zorder=5))
    for point in [*rings, *([last] if last is not None else [])]:
        radius, width = (0.4 * gap, 0.08 * gap) if gap > 40 else (0.72 * gap, 4.5)  # around the stone on large boards
        axes.add_patch(Circle(at(*point), radius, fill=False, edgecolor=VERMILION, lw=width, zorder=6))


def _empty_board(axes: Axes, size: int, corner: tuple[float, float], side: float):
    """Wood, lines and stars; returns the function from (row, column) to the place of that point."""
    gap, (x0, y0) = side / size, corner

    def at(row: float, column: float) -> tuple[float, float]:
        return x0 + gap * (column + 0.5), y0 + side - gap * (row + 0.5)

    axes.add_patch(Rectangle(corner, side, side, facecolor=WOOD, linewidth=0, zorder=0))
    for k in range(size):
        for ends in (((k, 0), (k, size - 1)), ((0, k), (size - 1, k))):
            axes.plot(*zip(*(at(*end) for end in ends)), color=LINE, linewidth=1.4, zorder=1)
    for row in STARS.get(size, ()):
        for column in STARS[size]:
            if size > 9 or (row == 4) == (column == 4):
                axes.add_patch(Circle(at(row, column), 0.09 * gap, color=LINE, zorder=1))
    return at


def boards(positions: list[dict], captions: list[str], side: float = 330, gap: float = 60) -> Figure:
    """Several boards in a row, a line of text below each; every position holds the arguments of :func:`draw_goban`."""
    figure, axes = slides.blank(len(positions) * (side + gap) - gap + 4, side + 52)
    for index, (position, caption) in enumerate(zip(positions, captions)):
        left = 2 + index * (side + gap)
        draw_goban(axes, corner=(left, 50), side=side, **position)
        axes.text(left + side / 2, 20, caption, ha="center", va="center", fontsize=26, color=INK)
    return figure


# ---------------------------------------------------------------------------------------------------------------------
# A tiny tree, searched step by step


@dataclass(frozen=True)
class Place:
    """A node of the tiny tree: priors of its moves, the networks' value and the rollout's result (both Black's), and
    where it is drawn."""

    prior: dict[str, float]
    v: float
    z: float
    x: float
    y: float


# A path of moves -> what is found there. Black moves first; A looks best to the policy, B is best. The numbers are
# chosen so that every sum of five simulations can be done in one's head, and so that no two of them are equal.
TINY = {
    "": Place({"A": 0.5, "B": 0.3, "C": 0.2}, 0.0, 0.0, 350, 468),
    "A": Place({}, 0.2, -1.0, 140, 350),
    "B": Place({"D": 0.8, "E": 0.2}, -0.2, 1.0, 350, 350),
    "C": Place({}, -0.6, -1.0, 590, 350),
    "BD": Place({"F": 0.8, "G": 0.2}, -0.6, -1.0, 240, 220),
    "BE": Place({}, 0.2, 1.0, 480, 220),
    "BDF": Place({}, 0.4, 1.0, 150, 100),
    "BDG": Place({}, 0.0, -1.0, 340, 100),
}
RULE = (
    "Largest $Q + p\\,/\\,(1+N)$.  Not tried: $Q$ is the mean of the values found here, the position’s own first.  "
    "Equal: first letter."
)


class TinyPosition:
    """A position of the tiny tree with the interface that the search wants: the path of moves so far."""

    is_over = False

    def __init__(self, path: str = ""):
        self.path = path

    def copy(self) -> TinyPosition:
        return TinyPosition(self.path)

    def play(self, move: str) -> None:
        self.path += move

    @property
    def to_play(self) -> int:
        return WHITE if len(self.path) % 2 else BLACK


class TinySearch(LectureSearch):
    """The lecture's search on :data:`TINY`; only where a leaf is judged, a table answers instead of networks."""

    def __init__(self, mixing: float = 0.5):
        super().__init__(evaluate=None, mixing=mixing)
        self.leaf = ""

    def expand(self, board: TinyPosition) -> tuple[Node, float]:
        """A new node with V = (1 - lambda) v + lambda z, from the side of the player to move there."""
        place, self.leaf = TINY[board.path], board.path
        value = (1 - self.mixing) * place.v + self.mixing * place.z
        value = value if board.to_play == BLACK else -value
        return Node(dict(place.prior), value), value


@dataclass
class Frame:
    """One picture of the search: what is in the tree, and what is just happening."""

    edges: dict[str, tuple[int, float]]  # path -> visits, Q of the player who made its last move
    step: str = ""
    path: str = ""
    lines: list[str] = field(default_factory=list)


def _edges(root: Node) -> dict[str, tuple[int, float]]:
    found, todo = {}, [("", root)]
    while todo:
        path, node = todo.pop()
        for move in node.P:
            if node.N[move]:
                found[path + move] = (node.N[move], node.Q(move))
                todo.append((path + move, node.children[move]))
    return found


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−") if abs(value) >= 0.005 else "0.00"


def _choices(root: Node, leaf: str) -> list[str]:
    """The sums Q + p / (1 + N) that the way down to ``leaf`` compared, as texts; the chosen ones with an arrow."""
    lines, node = [], root
    for depth, chosen in enumerate(leaf):
        lines.append(("Black" if depth % 2 == 0 else "White") + " compares")
        for move, prior in node.P.items():
            q, n = node.Q(move), node.N[move]
            total = f"{_signed(q)} + {prior:g}/{1 + n} = {_signed(q + prior / (1 + n))}"
            lines.append(f"{'→' if move == chosen else '   '} {move}:  {total}")
        node = node.children.get(chosen)
    return lines


def _question(root: Node, values: list[float]) -> list[str]:
    """What the room is to add up at the root, and the ``values`` whose mean is the Q of moves not tried."""
    lines = ["Black compares"]
    for move, prior in root.P.items():
        lines.append(f"    {move}:  {_signed(root.Q(move))} + {prior:g}/{1 + root.N[move]} = ?")
    if not all(root.N.values()):
        lines += ["", "found here so far:", ", ".join(_signed(value) for value in values)]
        lines += [f"mean: {_signed(np.mean(values))}"]
    return lines


def search_frames(simulations: int) -> list[list[Frame]]:
    """The search's pictures: for each simulation the sums to be done, selection, expansion, evaluation, backup."""
    search, found = TinySearch(), []
    root, value = search.expand(TinyPosition())
    values = [value]
    for _ in range(simulations):
        before = _edges(root)
        trial = _copy(root)
        search.simulate(trial, TinyPosition())
        leaf, place = search.leaf, TINY[search.leaf]
        value = (1 - search.mixing) * place.v + search.mixing * place.z
        new = [f"{leaf[-1]} is new:", "it joins the tree."]
        new += ["", "The policy gives priors", f"to {' and '.join(place.prior)}"] if place.prior else []
        frames = [
            Frame(before, "your turn", "", _question(root, values)),
            Frame(before, "selection", leaf, _choices(root, leaf)),
            Frame(before, "expansion", leaf, new),
            Frame(
                before,
                "evaluation",
                leaf,
                [f"network  $v$ = {_signed(place.v)}", f"rollout  $z$ = {place.z:+.0f}".replace("-", "−"), "",
                 f"$V$ = ½ $v$ + ½ $z$ = {_signed(value)}", "for Black"],
            ),
        ]  # fmt: skip
        root = trial
        values.append(value)
        after = _edges(root)
        lines = ["each move on the way:", "$N$ goes up by 1,  $Q$ = mean", ""]
        for depth in range(len(leaf), 0, -1):
            mine = value if depth % 2 else -value
            lines.append(f"{leaf[depth - 1]} ({'Black' if depth % 2 else 'White'}'s) gets {_signed(mine)}")
        frames.append(Frame(after, "backup", leaf, lines))
        found.append(frames)
    return found


def _copy(node: Node) -> Node:
    other = Node(dict(node.P), node.value_sum)
    other.N, other.W, other.visits = dict(node.N), dict(node.W), node.visits
    other.children = {move: _copy(child) for move, child in node.children.items()}
    return other


COLORS = {"your turn": PINK, "selection": BLUE, "expansion": GREEN, "evaluation": ORANGE, "backup": VERMILION}


def draw_frame(frame: Frame, number: int, width: float = 1150, height: float = 512) -> Figure:
    """One picture of :func:`search_frames`: the tree on the left, what is happening on the right, the rule below.

    Args:
        number: of the simulation, for the heading.
    """
    figure, axes = slides.blank(width, height)
    known = {"", *frame.edges} | ({frame.path} if frame.step not in ("your turn", "selection") else set())
    color = COLORS.get(frame.step, SOFT)
    on_path = {frame.path[:depth] for depth in range(1, len(frame.path) + 1)}
    for path in TINY:
        if path and path[:-1] in known:
            _draw_edge(axes, path, frame, color if path in on_path else None)
    for path, place in TINY.items():
        if not path or path[:-1] in known:
            _draw_node(axes, place, path, path in known, color if frame.path == path and path else None)
    _draw_key(axes, height)
    if frame.step:
        slides.box(axes, (730, height - 58), (300, 52), frame.step, color, full=True, fontsize=28, weight=600)
        axes.text(1050, height - 32, f"no. {number}", fontsize=26, va="center", color=INK)
    tall = min(44.0, 385 / max(1, len(frame.lines)))
    for index, line in enumerate(frame.lines):
        axes.text(734, height - 92 - tall * index, line, fontsize=26, va="center", color=INK)
    slides.box(axes, (2, 4), (width - 4, 42), RULE, SOFT, fontsize=22)
    return figure


def _draw_key(axes: Axes, height: float) -> None:
    """What the colours of circles mean, and what the position at the top was judged to be before the search."""
    for row, (face, text) in enumerate((("#101010", "Black’s turn"), ("white", "White’s turn"))):
        y = height - 24 - 34 * row
        axes.add_patch(Circle((16, y), 12, facecolor=face, edgecolor=INK, lw=2))
        axes.text(38, y, text, fontsize=22, va="center", color=INK)
    root = TINY[""]
    axes.text(root.x + 44, root.y + 18, f"$V$ {_signed((root.v + root.z) / 2)}", fontsize=22, va="center", color=INK)


def _draw_edge(axes: Axes, path: str, frame: Frame, color: str | None) -> None:
    parent, child = TINY[path[:-1]], TINY[path]
    visited = path in frame.edges
    start, end = np.array([parent.x, parent.y]), np.array([child.x, child.y])
    away = (end - start) / np.linalg.norm(end - start)
    start, end = start + 30 * away, end - 30 * away
    if color and frame.step == "backup":
        start, end = end, start
    if color and frame.step in ("selection", "backup"):
        slides.arrow(axes, tuple(start), tuple(end), color, width=6, head=32)
    else:
        style = "-" if visited else ":"
        axes.plot(*zip(start, end), color=SOFT if visited else "#b5bec7", linestyle=style, linewidth=3, zorder=1)
    prior = TINY[path[:-1]].prior[path[-1]]
    text = f"$p$ {prior:g}"
    if visited:
        visits, q = frame.edges[path]
        text += f"\n$N$ {visits}\n$Q$ {_signed(q)}"
    left = child.x < parent.x  # write on the side that the edge does not come from
    place = (child.x - 40 if left else child.x + 40, child.y + (20 if child.x == parent.x else 0))
    axes.text(*place, text, fontsize=22, ha="right" if left else "left", va="center", linespacing=1.15, color=INK)


def _draw_node(axes: Axes, place: Place, path: str, known: bool, ring: str | None) -> None:
    black = len(path) % 2 == 0  # Black to play there
    face, ink = ("#101010", "white") if black else ("white", "#101010")
    if not known:
        face, ink = "#f1f3f5", SOFT
    style = "-" if known else ":"
    patch = Circle((place.x, place.y), 26, facecolor=face, edgecolor=INK if known else SOFT, lw=2, ls=style, zorder=3)
    axes.add_patch(patch)
    if ring:
        axes.add_patch(Circle((place.x, place.y), 32, fill=False, edgecolor=ring, lw=6, zorder=4))
    axes.text(place.x, place.y, path[-1:], ha="center", va="center", color=ink, fontsize=26, weight=600, zorder=5)


def draw_search(simulations: Iterable[int], total: int = 5) -> tuple[list[Figure], list[str]]:
    """Figures and alternative texts of some simulations (numbered from 1), one picture a step."""
    frames, figures, texts = search_frames(total), [], []
    for number in simulations:
        for frame in frames[number - 1]:
            figures.append(draw_frame(frame, number))
            way = f", on the way {', then '.join(frame.path)}" if frame.path else ""
            seen = "; ".join(f"{p[-1]}: N {n}, Q {_signed(q)}" for p, (n, q) in frame.edges.items()) or "nothing yet"
            texts.append(f"Simulation {number}, {frame.step}{way}. In the tree: {seen}")
    return figures, texts
