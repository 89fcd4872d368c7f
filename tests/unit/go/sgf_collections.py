"""Random collections in every layout that the format allows, and damage to them, for tests of the reader."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np

from utils.go.board import Board
from utils.go.vertices import BLACK, WHITE, sgf_point

SPACE = ("", "", "", " ", "\n", "\r\n", "\t", "\n\n  ", "\v", " \n")
BETWEEN = ("", "\n", "\n\n", "  ", " :-( \n", "-- end of the game --\n", "\r\n;; next\r\n", "* 3 *")
TEXTS = (
    "hello",
    "(;GM[1\\]SZ[9\\];B[ee\\])",
    "a ] b \\ c",
    ":-)",
    "(;",
    ");B",
    "Käse 囲碁",
    "two\nlines",
    "",
    "SZ",
    "x:y",
)
NAMES = {"GM": ("GaMe", "GM"), "SZ": ("SZ", "SiZe"), "B": ("B", "Black"), "W": ("W", "White"), "AB": ("AB", "AddBlack")}


@dataclass
class Drawn:
    """One game of a collection: what the reader must find."""

    size: int
    moves: list[tuple[int, int]]  # colour and action
    black: list[int]


def _escaped(text: str) -> str:
    return text if "\\]" in text else text.replace("\\", "\\\\").replace("]", "\\]")


class Writer:
    """Draws games and writes them down in a random layout."""

    def __init__(self, seed: int):
        self.rng = random.Random(seed)

    def space(self) -> str:
        return self.rng.choice(SPACE)

    def put(self, key: str, *values: str) -> str:
        """One property, in its modern or its old name."""
        name = self.rng.choice(NAMES.get(key, (key,)))
        return name + "".join(f"{self.space()}[{value}]" for value in values) + self.space()

    def game(self) -> Drawn:
        size = self.rng.choice((3, 5, 9, 9, 13, 19))
        board, moves, black = Board(size), [], []
        if size > 3 and self.rng.random() < 0.2:
            black = sorted(self.rng.sample(range(size * size), 3))
            board.set_up(black, (), BLACK)
        for _ in range(self.rng.randrange(1, 9)):
            color = board.to_play if self.rng.random() < 0.9 else 3 - board.to_play
            if board.to_play != color:
                board.set_to_play(color)
            action = int(self.rng.choice(np.flatnonzero(board.legal_mask())))
            board.play(action)
            moves.append((color, action))
        return Drawn(size, moves, black)

    def _noise(self) -> str:
        """Properties that mean nothing to the reader."""
        pick = self.rng.random()
        if pick < 0.6:
            return ""
        if pick < 0.85:
            return self.put("C", _escaped(self.rng.choice(TEXTS)))
        return self.rng.choice(
            (self.put("BL", "12.5"), self.put("LB", "aa:1", "bb:2"), self.put("KO", ""), "XX[](;)"[:4])
        )

    def _move(self, game: Drawn, color: int, action: int) -> str:
        vertex = sgf_point(action, game.size)
        if not vertex and game.size <= 19 and self.rng.random() < 0.5:
            vertex = "tt"
        parts = [self._noise(), self.put("BW"[color - 1], vertex), self._noise()]
        return ";" + self.space() + "".join(parts)

    def _line(self, game: Drawn, moves: list[tuple[int, int]]) -> str:
        """Moves with variations hung on anywhere; what is to be read stands first."""
        if not moves:
            return ""
        here = self._move(game, *moves[0])
        if self.rng.random() < 0.15:
            other = "".join(
                self._move(game, color, game.size**2) for color in (BLACK, WHITE)[: self.rng.randrange(1, 3)]
            )
            other = f"({self.space()}{other}){self.space()}"
            return f"{self.space()}({self.space()}{here}{self._line(game, moves[1:])}){self.space()}{other}"
        return here + self._line(game, moves[1:])

    def text(self, game: Drawn) -> str:
        """One game tree."""
        fields = [self.put("SZ", str(game.size))]
        fields += [self.put("FF", "4")] * (self.rng.random() < 0.7) + [self.put("GM", "1")] * (self.rng.random() < 0.7)
        fields += [self.put("KM", self.rng.choice(("7", "6.5", "", "6,5", "375")))] * (self.rng.random() < 0.7)
        fields += [self.put("RE", self.rng.choice(("B+R", "W+3.5", "0", "?", "nobody")))] * (self.rng.random() < 0.7)
        fields += [self.put("CA", self.rng.choice(("UTF-8", "", "klingon")))] * (self.rng.random() < 0.3)
        fields += [self.put("C", _escaped(self.rng.choice(TEXTS)))] * (self.rng.random() < 0.5)
        self.rng.shuffle(fields)
        stones = [sgf_point(point, game.size) for point in game.black]
        if self.rng.random() < 0.15:  # the header in two nodes
            cut = self.rng.randrange(len(fields))
            fields.insert(cut, f";{self.space()}")
            if not cut:
                fields.insert(0, self.put("FF", "4"))
                fields = [field for i, field in enumerate(fields) if i == 0 or not field.startswith("FF")]
        fields += [self.put("AB", *stones)] * bool(stones)
        return f"({self.space()};{self.space()}{''.join(fields)}{self._line(game, game.moves)}{self.space()})"

    def collection(self, games: int) -> tuple[list[Drawn], list[bytes], list[bytes]]:
        """Games, what stands before each, and their texts."""
        drawn = [self.game() for _ in range(games)]
        return drawn, [self.rng.choice(BETWEEN).encode() for _ in drawn], [self.text(game).encode() for game in drawn]

    def damaged(self, data: bytes) -> tuple[bytes, int]:
        """A collection with one byte changed, removed or inserted, or cut off; and where."""
        at = self.rng.randrange(len(data))
        kind = self.rng.random()
        byte = bytes(
            [self.rng.choice(b"()[];\\ BWaz\n\x00\xff9") if self.rng.random() < 0.7 else self.rng.randrange(256)]
        )
        if kind < 0.5:
            return data[:at] + byte + data[at + 1 :], at
        if kind < 0.65:
            return data[:at] + data[at + 1 :], at
        if kind < 0.8:
            return data[:at] + byte + data[at:], at
        return data[:at], at
