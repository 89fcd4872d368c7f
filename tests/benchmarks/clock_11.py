"""Is a game lost on time? Our engine against GNU Go in sudden death, with a referee's clock and no ``time_left``.

``python tests/benchmarks/clock_11.py --games 50`` plays fifty games of ten seconds a side on 9x9 (about a quarter of an
hour), each in a fresh process, with the options of :mod:`utils.go.gtp` behind ``--``.
"""

from __future__ import annotations

import argparse
import sys
import time

from utils.go.gtp_client import Program
from utils.go.options import between

GNUGO = "gnugo --mode gtp --chinese-rules --capture-all-dead --never-resign --level 1 --seed"


def play_on_time(number: int, size: int, main: float, options: list[str]) -> dict:
    """One game; our engine is Black in even ones. Seconds it used in all and for its slowest move, and how it ended."""
    ours = Program([sys.executable, "-m", "utils.go.gtp", "--size", str(size), *options])
    with ours, Program([*GNUGO.split(), str(number + 1)]) as theirs:
        for program in (ours, theirs):
            program.start_game(size, 7.0)
        ours.send(f"time_settings {main:g} 0 0")
        times, moves = [], []
        while len(moves) < 4 * size * size and moves[-2:] != ["pass", "pass"]:
            color, mine = "bw"[len(moves) % 2], len(moves) % 2 == number % 2
            started = time.perf_counter()
            moves.append((ours if mine else theirs).send(f"genmove {color}").lower())
            if mine:
                times.append(time.perf_counter() - started)
            if moves[-1] == "resign":
                break
            (theirs if mine else ours).send(f"play {color} {moves[-1]}")
    return {"moves": len(moves), "end": moves[-1], "seconds": sum(times), "slowest": max(times), "main": main}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--games", type=between(int, 1, 10_000), default=50)
    parser.add_argument("--size", type=between(int, 5, 19), default=9)
    parser.add_argument("--main", type=between(float, 0.5, 10_000), default=10.0, help="seconds a side")
    parser.add_argument("options", nargs="*", help="of utils.go.gtp, behind --")
    options = parser.parse_args()
    lost = 0
    for number in range(options.games):
        game = play_on_time(number, options.size, options.main, options.options)
        lost += game["seconds"] > options.main
        print(number, game, flush=True)
    print(f"{lost} of {options.games} games lost on time")


if __name__ == "__main__":
    main()
