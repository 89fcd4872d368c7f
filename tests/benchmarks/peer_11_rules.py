"""Replay random games in OpenSpiel's Go and compare legal moves and stones; run by bench_11_rules with its
interpreter.

Reads one JSON object a line (size, moves, legal moves before each move, stones after each move) and prints a
JSON report.
"""

import json
import sys

import pyspiel


def replay(game: dict, report: dict) -> None:
    size, points = game["size"], game["size"] ** 2
    state = pyspiel.load_game(f"go(board_size={size},komi=7.0,max_game_length=1000)").new_initial_state()
    for move, legal, stones in zip(game["moves"], game["legal"], game["stones"]):
        theirs, ours = set(state.legal_actions()) - {points}, set(legal) - {points}
        report["positions"] += 1
        if theirs != ours:
            kind = "ours forbids more (superko)" if ours < theirs else "ours allows what theirs forbids"
            report[kind] = report.get(kind, 0) + 1
        if move not in theirs and move != points:
            report["our move refused"] = report.get("our move refused", 0) + 1
            return
        state.apply_action(move)
        if state.is_terminal():
            report["ended"] = report.get("ended", 0) + 1
            return
        tensor = state.observation_tensor(0)
        found = [1 if tensor[i] else 2 if tensor[points + i] else 0 for i in range(points)]
        if found != stones:
            report["stones differ"] = report.get("stones differ", 0) + 1
            return


def main() -> None:
    report = {"positions": 0, "games": 0}
    for line in sys.stdin:
        replay(json.loads(line), report)
        report["games"] += 1
    print(json.dumps(report))


if __name__ == "__main__":
    main()
