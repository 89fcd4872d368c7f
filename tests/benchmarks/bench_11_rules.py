"""Our rules against sgfmill's boards and OpenSpiel's Go, on thousands of random games. Reports, asserts nothing.

    python tests/benchmarks/bench_11_rules.py [--games 2000] [--peer OTHER/bin/python]

Where rules differ by design: OpenSpiel knows simple ko and ends a game that repeats a position, we forbid the move
(positional superko); so our legal moves may be fewer, never more. sgfmill's boards know neither suicide nor superko, so
there only the stones and the area score are compared.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from pathlib import Path

import numpy as np
from sgfmill import boards

from utils import commands
from utils.go.board import Board


def random_game(size: int, rng: np.random.Generator, limit: int) -> tuple[dict, int]:
    """One random game for the peer (its row 0 is at the bottom), and on how many moves sgfmill disagreed."""
    board, mill = Board(size, 7.0), boards.Board(size)
    turned = np.append(np.arange(size * size).reshape(size, size)[::-1].ravel(), size * size)
    game: dict = {"size": size, "moves": [], "legal": [], "stones": []}
    wrong = 0
    for _ in range(limit):
        legal = np.flatnonzero(board.legal_mask())
        points = legal[:-1]
        action = int(rng.choice(points)) if len(points) and rng.random() < 0.98 else size * size
        if action < size * size:
            mill.play(size - 1 - action // size, action % size, "bw"[board.to_play - 1])
        game["legal"].append([int(turned[a]) for a in legal])
        game["moves"].append(int(turned[action]))
        board.play(action)
        stones = board.stones[::-1].ravel()
        game["stones"].append([int(stone) for stone in stones])
        wrong += board.score() + 7.0 != mill.area_score()
        wrong += any({None: 0, "b": 1, "w": 2}[mill.get(*divmod(i, size))] != stone for i, stone in enumerate(stones))
        if board.is_over:
            break
    return game, wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--games", type=int, default=2000)
    parser.add_argument("--peer", help="interpreter with open_spiel")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    lines, wrong, moves = [], 0, 0
    for number in range(options.games):
        size = (5, 7, 9)[number % 3]
        game, differences = random_game(size, rng, 2 * size * size)
        lines.append(json.dumps(game))
        wrong += differences
        moves += len(game["moves"])
    print(f"sgfmill: {options.games} games, {moves} moves, {wrong} differences")
    if options.peer:
        script = Path(__file__).with_name("peer_11_rules.py")
        text = "\n".join(lines) + "\n"
        answer = subprocess.run([options.peer, str(script)], input=text, capture_output=True, text=True, check=True)
        print("OpenSpiel:", answer.stdout.strip())


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
