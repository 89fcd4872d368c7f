"""How much of its time a player spends on a move, and how much it has left when nobody tells it (lesson 11)."""

from __future__ import annotations

LEAST = 0.02  # seconds for a move, however little is left
RESERVE, MOST_RESERVE = 0.15, 10.0  # share of the main time, and seconds, for a game that lasts longer than expected


class Clock:
    """Time left for one colour, and how much of it to spend on a move.

    Args:
        main, period, stones: ``time_settings`` in seconds and stones a period (Canadian overtime); no period and no
            stones: whoever has used the main time has lost.

    Attributes:
        left: seconds, in the main time or in the present period.
        stones_left: moves to play in this period; 0 in the main time.
    """

    def __init__(self, main: float, period: float, stones: int):
        self.main, self.period, self.stones = main, period, stones
        self.left, self.stones_left = main, 0
        if main <= 0:
            self.left, self.stones_left = period, stones

    @property
    def unlimited(self) -> bool:
        """A period without stones: the protocol's way to say that time does not count."""
        return self.period > 0 and self.stones == 0

    def told(self, left: float, stones: int) -> None:
        """``time_left``: whoever referees knows better than we do."""
        self.left, self.stones_left = left, stones
        self.main = max(self.main, left) if not stones else self.main

    def spend(self, seconds: float) -> None:
        """Our own account of a move: it took so long."""
        if self.unlimited:
            return
        self.left -= seconds
        if self.stones_left == 0 and self.left <= 0 and self.stones:  # the main time is over: the first period began
            self.left += self.period
            self.stones_left = self.stones
        if self.stones_left:
            self.stones_left -= 1
            if self.stones_left == 0:
                self.left, self.stones_left = self.period, self.stones
        self.left = max(0.0, self.left)

    def budget(self, size: int, moves: int, margin: float = 0.0) -> float | None:
        """Seconds for the next move; None when there is no limit.

        Args:
            size: of the board.
            moves: played so far, by both.
            margin: what a move takes beyond its budget (answers, a busy machine).
        """
        if self.unlimited:
            return None
        if self.stones_left > 0:
            return max(LEAST, 0.9 * self.left / self.stones_left - margin)
        # Half of 0.7 moves a point are ours; a game that has gone on for long may do so for long.
        expected = max(10.0, 0.2 * size**2, 0.35 * size**2 - moves / 2)
        spare = self.period / self.stones if self.stones else 0.0
        kept = 0.0 if self.stones else min(RESERVE * self.main, MOST_RESERVE)
        return max(LEAST, 0.9 * (self.left - kept) / expected + 0.8 * spare - margin)
