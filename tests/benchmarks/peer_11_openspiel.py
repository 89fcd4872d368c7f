"""Random rollouts of OpenSpiel's C++ on 9x9 Go; run by bench_11 with the interpreter of its own environment.

Prints rollouts a second of CPU time. OpenSpiel's rollouts choose among all legal moves (own eyes too), so its games are
longer than ours; that is part of what is compared, and said in the report.
"""

import sys
import time

import pyspiel


def main() -> None:
    rollouts = int(sys.argv[1]) if len(sys.argv) > 1 else 4000
    game = pyspiel.load_game("go(board_size=9,komi=7.0)")
    bot = pyspiel.MCTSBot(game, pyspiel.RandomRolloutEvaluator(50, 1), 2.0, rollouts // 50, 1000, False, 1, False)
    started = time.process_time()
    bot.step(game.new_initial_state())
    print(rollouts / (time.process_time() - started))


if __name__ == "__main__":
    main()
