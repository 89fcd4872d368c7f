"""The command line of the Go Text Protocol, and a player that loads while the program already answers (lesson 11)."""

from __future__ import annotations

import argparse
import math
import os
import sys
import threading
from typing import TextIO

from utils.go.vertices import MAX_SIZE, MIN_SIZE


def _between(kind: type, low: float, high: float):
    """A reader of numbers for the command line."""

    def read(text: str):
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high or "_" in text:
            raise argparse.ArgumentTypeError(f"{text!r} is no number from {low:g} to {high:g}")
        return value

    return read


def parse(words: list[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(
        prog="python -m utils.go.gtp", description="Our player inside any Go program: the Go Text Protocol, version 2."
    )
    parser.add_argument("--size", type=_between(int, MIN_SIZE, MAX_SIZE), default=9)
    parser.add_argument("--komi", type=_between(float, -1000, 1000), default=7.0)
    parser.add_argument(
        "--playouts", type=_between(int, 0, 1e6), default=800, help="simulations a move; 0 plays without search"
    )
    parser.add_argument("--seconds", type=_between(float, 0.01, 1e6), help="limit for a move")
    parser.add_argument("--network", default="go_master9", help="POLICY+VALUE or a name; - for none")
    parser.add_argument(
        "--mixing", type=_between(float, 0, 1), default=0.5, help="lambda: weight of rollouts in a leaf's value"
    )
    parser.add_argument(
        "--rollouts", type=_between(int, 1, 1000), default=8, help="games played out from a leaf by the fast policy"
    )
    parser.add_argument(
        "--resign", type=_between(float, -1, 1), default=-0.95, help="give up below this value; -1 never"
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

        runtime.start(quiet=True)
    try:
        evaluate = mcts.no_network if blind else players.load_pair(options.network)
    except (FileNotFoundError, ValueError) as error:
        raise SystemExit(str(error)) from None
    if options.playouts <= 0:
        return players.RandomPlayer() if blind else players.PolicyPlayer(evaluate)
    settings = mcts.rollout_settings() if blind else mcts.SearchSettings(mixing=options.mixing)
    settings.rollouts, settings.tactics = options.rollouts, True
    settings.playouts = options.playouts
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
    """A stream to standard output for answers alone: whatever else prints there goes to standard error from now on."""
    sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # any byte may come in, none may stop us
    sys.stdout.flush()
    stream = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", errors="replace")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return stream
