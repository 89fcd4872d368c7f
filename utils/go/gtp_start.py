"""The command line of the Go Text Protocol, and a player that loads while the program already answers (lesson 11).

Seconds of one core (Xeon, 2026) until it tells its name: 0.05; until its first move of 800 playouts: 7, of which the
move is one. The first start in a checkout compiles, once: 38.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
from typing import TextIO

from utils.go.options import between
from utils.go.vertices import MAX_SIZE, MIN_SIZE


def parse(words: list[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(
        prog="python -m utils.go.gtp", description="Our player inside any Go program: the Go Text Protocol, version 2."
    )
    parser.add_argument("--size", type=between(int, MIN_SIZE, MAX_SIZE), default=9)
    parser.add_argument("--komi", type=between(float, -1000, 1000), default=7.0)
    parser.add_argument(
        "--playouts", type=between(int, 0, 1e6), default=800, help="simulations a move; 0 plays without search"
    )
    parser.add_argument(
        "--threads", type=between(int, 1, 64), default=2, help="that search together, each with a network of one thread"
    )
    parser.add_argument("--seconds", type=between(float, 0.01, 1e6), help="limit for a move")
    parser.add_argument("--network", default="go_master9", help="POLICY+VALUE or a name; - for none")
    parser.add_argument(
        "--mixing", type=between(float, 0, 1), default=0.5, help="lambda: weight of rollouts in a leaf's value"
    )
    parser.add_argument(
        "--rollouts", type=between(int, 1, 1000), default=8, help="games played out from a leaf by the fast policy"
    )
    parser.add_argument(
        "--resign", type=between(float, -1, 1), default=-0.95, help="give up below this value; -1 never"
    )
    return parser.parse_args(words)


def make_player(options: argparse.Namespace):
    """The player that the command line asks for; without a network it needs no Keras.

    Raises:
        SystemExit: there is no such network; the message says which.
    """
    from utils.go import mcts, players

    blind = not options.network.strip("-+")
    if not blind:
        from utils import runtime

        os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")  # small batches gain nothing from a second thread
        runtime.start(quiet=True)
    try:
        evaluate = mcts.no_network if blind else players.load_pair(options.network)
    except (FileNotFoundError, ValueError) as error:
        raise SystemExit(str(error)) from None
    if options.playouts <= 0:
        return players.RandomPlayer() if blind else players.PolicyPlayer(evaluate)
    settings = mcts.rollout_settings() if blind else mcts.SearchSettings(mixing=options.mixing)
    settings.rollouts, settings.tactics = options.rollouts, True
    settings.playouts, settings.threads = options.playouts, options.threads
    return players.SearchPlayer(evaluate, settings, "search", options.seconds, options.resign)


class Loading:
    """A player that loads in a thread of its own and warms up there, so that its first move is like any other."""

    def __init__(self, options: argparse.Namespace):
        self.options, self.player, self.error = options, None, None
        self.thread = threading.Thread(target=self._load, daemon=True)
        self.thread.start()

    def _load(self) -> None:
        try:
            player = make_player(self.options)
            if hasattr(player, "warm"):
                player.warm(self.options.size, self.options.komi)
            self.player = player
        except BaseException as error:  # raised again where somebody waits for the player
            self.error = error

    def wait(self):
        """The player, when it is there."""
        self.thread.join()
        if self.error is not None:
            raise self.error
        return self.player


def own_output() -> TextIO:
    """A stream to standard output for answers alone: whatever else prints there goes to standard error from now on.

    Raises:
        SystemExit: there is no standard input or output.
    """
    if sys.stdin is None or sys.stdout is None or sys.stderr is None:
        raise SystemExit("Nobody can talk to this program: its standard input, output or error is closed.")
    sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # any byte may come in, none may stop us
    sys.stdout.flush()
    stream = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", errors="replace")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return stream
