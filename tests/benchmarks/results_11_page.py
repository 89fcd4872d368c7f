"""How strong is the board in the page? Its own JavaScript, in Node, against the course's players and GNU Go.

    python tests/benchmarks/results_11_page.py [--games 40] [--only speed policy gnugo_level1]

The engine gets a fixed number of simulations a move, so that a busy machine does not weaken it. Matches write one line
a game to runs/matches and continue after a kill.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from utils import commands, results, runtime
from utils.go import arena
from utils.go.board import Board
from utils.go.gtp_client import ProgramError
from utils.go.players import Player
from utils.statistics import wilson_interval

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "site"))

import export  # noqa: E402
import frames  # noqa: E402

SIMULATIONS = 50  # a quarter of a second on a core of an AMD EPYC; a slow laptop or phone gets so far in one
PARTS = {"policy": "policy:go_rl9,temperature=0.25", "gnugo_level1": "gnugo:1"}
NAMES = {"policy": "the REINFORCE policy without search", "gnugo_level1": "GNU Go level 1"}
BACKEND = "plain JavaScript"
OPENING = [40, 22, 60, 24, 58, 33, 47]  # a position with a few stones, to measure the speed on


class PagePlayer(Player):
    """The page's search, with a limit of simulations in place of its clock.

    Attributes:
        simulations, seconds: done so far, in so many seconds of CPU time.
    """

    def __init__(self, limit: int, decided: bool = True):
        self.name, self.limit, self.simulations, self.seconds = f"page:{frames.GO.stem},{limit}", limit, 0, 0.0
        self.decided = decided  # as in the page: no more thinking about a move that is found
        script = str(Path(__file__).with_suffix(".js"))
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([shutil.which("node"), script], stdin=pipe, stdout=pipe, text=True)
        header, weights = export.go_network(frames.GO)
        self.send(header=header, weights=weights, komi=frames.KOMI)
        self.send(seed=1)

    def send(self, **words) -> None:
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()

    def start(self, size: int, komi: float, seed: int) -> None:
        if (size, komi) != (9, frames.KOMI):
            raise ValueError(f"The page plays on 9x9 with komi {frames.KOMI:g}, not {size}x{size} with {komi:g}.")
        self.send(seed=seed + 1)

    def choose(self, board: Board) -> int:
        options = {"seconds": 3600, "limit": self.limit, "whenDecided": self.decided}
        self.send(moves=[int(move) for move in board.moves], options=options)
        answer = self.process.stdout.readline()
        if not answer:
            raise ValueError("The page's engine broke off; what it said is above.")
        found = json.loads(answer)
        self.simulations += found["simulations"]
        self.seconds += found["seconds"]
        return found["action"]

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def measure_speed() -> None:
    """Simulations a second of CPU time in the opening, where each is a new position."""
    player, board = PagePlayer(200, decided=False), Board(9, frames.KOMI)
    for action in OPENING:
        board.play(action)
    player.choose(board)  # warm
    speeds = []
    for _ in range(5):
        player.simulations, player.seconds = 0, 0.0
        player.choose(board)
        speeds.append(player.simulations / player.seconds)
    player.close()
    note = "the page's search in Node, a second of CPU time; each with the network and eight random games; opening"
    options = {"unit": "simulations/s", "spread": statistics.stdev(speeds), "n": len(speeds), "values": speeds}
    mean = statistics.mean(speeds)
    entry = results.record("go.page.simulations_per_second", mean, note=note, backend=BACKEND, **options)
    print("go.page.simulations_per_second", results.format_value(entry))


def outcome(report: dict) -> str:
    """Wins, draws and losses by colour, in words."""
    words = [
        f"as {color} {counts['wins']} won, {counts['draws']} drawn, {counts['losses']} lost"
        for color, counts in (("Black", report["as_black"]), ("White", report["as_white"]))
    ]
    return f"{'; '.join(words)}; {report['distinct_games']} distinct games; ends {report['ends']}"


def measure_match(part: str, games: int) -> None:
    """A match at a fixed number of simulations, with its share of wins in the ledger."""
    out = ROOT / "runs" / "matches" / f"page_{part}_{SIMULATIONS}.jsonl"
    out.parent.mkdir(parents=True, exist_ok=True)
    player = PagePlayer(SIMULATIONS)
    played = arena.match(player, arena.make_player(PARTS[part]), games, out, komi=frames.KOMI)
    report = arena.summary(played, player.name)
    low, high = wilson_interval(report["win_rate"] * games, games)
    note = f"the page's engine with {SIMULATIONS} simulations a move against {NAMES[part]}; 9x9, komi 7; "
    note += f"{outcome(report)}; half a 95 % Wilson interval"
    identifier = f"go.page{SIMULATIONS}_vs_{part}.win_rate"
    options = {"unit": "fraction", "spread": (high - low) / 2, "n": games, "backend": BACKEND}
    entry = results.record(identifier, report["win_rate"], note=note, **options)
    print(identifier, results.format_value(entry), note)
    print(f"{player.simulations} simulations in {player.seconds:.0f} s of CPU time")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--games", type=int, default=40)
    parser.add_argument("--only", nargs="+", choices=("speed", *PARTS), default=("speed", *PARTS))
    options = parser.parse_args()
    if not shutil.which("node"):
        print("skipped: the page's engine runs in Node here, and there is no node on this machine")
        return
    runtime.start(quiet=True)
    for part in options.only:
        if part == "speed":
            measure_speed()
        else:
            try:
                measure_match(part, options.games)
            except ProgramError as error:
                print(f"skipped: {error}")


if __name__ == "__main__":
    raise SystemExit(commands.run(main, ValueError))
