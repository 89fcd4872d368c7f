"""Replay memory that stores each frame once (lesson 09).

A transition needs two stacks of four frames, 56 kB; but consecutive stacks share three frames, and so does the next
state. So the memory keeps the newest frame of every observation, 7 kB, in one preallocated ring of ``uint8`` and puts
the stacks together when a batch is drawn. Rows are moments in time, columns are the games played side by side:

    frames[t, g]   newest frame of the observation that game g showed at time t
    actions[t, g]  what was done then,   rewards[t, g]  what it brought,   flags[t, g]  what ended or began there

Two things go wrong easily, and the tests compare against a naive memory for both: stacks must not reach back beyond the
start of a game, and neither stacks nor returns may reach across the place where new rows overwrite old ones.
"""

from __future__ import annotations

import numba
import numpy as np

TERMINAL, TRUNCATED, START = 1, 2, 4


@numba.njit(cache=True, nogil=True)
def _interleave(frames, index, out):
    """out[b, p, c] = frames[index[b, c], p], black where the index is negative; one pass over the memory."""
    batch, stack = index.shape
    pixels = frames.shape[1]
    black = np.zeros(pixels, dtype=np.uint8)
    for b in range(batch):
        for c in range(stack):
            source = frames[index[b, c]] if index[b, c] >= 0 else black
            for p in range(pixels):
                out[b, p, c] = source[p]


def channels_last(stacks: np.ndarray) -> np.ndarray:
    """Turn uint8 stacks ``(batch, stack, height, width)``, as games give them, into ``(batch, height, width, stack)``.

    The same as ``np.moveaxis(stacks, 1, -1)`` made contiguous, an order of magnitude faster.
    """
    batch, stack, height, width = stacks.shape
    frames = np.ascontiguousarray(stacks).reshape(batch * stack, height * width)
    index = np.arange(batch * stack).reshape(batch, stack)
    out = np.empty((batch, height * width, stack), dtype=np.uint8)
    _interleave(frames, index, out)
    return out.reshape(batch, height, width, stack)


class ReplayMemory:
    """Ring of the last ``capacity`` transitions of ``num_games`` games played side by side.

    Args:
        capacity: transitions kept, over all games; rounded down to a multiple of ``num_games``.
        num_games: games that :meth:`add` receives at once.
        n_step: rewards summed before bootstrapping (1 is the original DQN).
        gamma: discount per agent step.
        frame_shape: height and width.
        stack: frames per observation.
        seed: of the sampling.

    Raises:
        ValueError: the capacity is too small to hold one sampleable row per game.
    """

    def __init__(self, capacity, num_games=1, n_step=1, gamma=0.99, frame_shape=(84, 84), stack=4, seed=0):
        self.rows = capacity // num_games
        if n_step < 1 or self.rows < stack + n_step:
            raise ValueError(
                f"A replay memory of {capacity} for {num_games} games cannot hold stacks of {stack} and {n_step}-step "
                f"returns; give at least {num_games * (stack + n_step)}."
            )
        self.num_games, self.n_step, self.gamma, self.stack = num_games, n_step, gamma, stack
        self.frame_shape = tuple(frame_shape)
        self.frames = np.zeros((self.rows, num_games, int(np.prod(frame_shape))), dtype=np.uint8)
        self.actions = np.zeros((self.rows, num_games), dtype=np.uint8)
        self.rewards = np.zeros((self.rows, num_games), dtype=np.float32)
        self.flags = np.zeros((self.rows, num_games), dtype=np.uint8)
        self.added = 0  # rows ever added; row t lives at t % rows
        self.rng = np.random.default_rng(seed)

    def __len__(self) -> int:
        """Transitions held now."""
        return min(self.added, self.rows) * self.num_games

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays, all allocated at the start (the system hands out the pages as they fill)."""
        return self.frames.nbytes + self.actions.nbytes + self.rewards.nbytes + self.flags.nbytes

    def add(self, frames, actions, rewards, terminals, truncations, starts) -> None:
        """Store one moment of all games; every argument has ``num_games`` as its first dimension.

        Args:
            frames: newest frame of the observation acted on, ``(num_games, height, width)`` uint8.
            actions: actions executed in it.
            rewards: what they brought (already clipped, if so wished).
            terminals: the return ends here: no value is added from what follows.
            truncations: the game was cut off here by a limit; such ends give no sample, since nothing follows to
                bootstrap from.
            starts: this observation is the first of a game: its stack has black frames before it.
        """
        row = self.added % self.rows
        self.frames[row] = frames.reshape(self.num_games, -1)
        self.actions[row] = actions
        self.rewards[row] = rewards
        self.flags[row] = (
            np.where(terminals, TERMINAL, 0) | np.where(truncations, TRUNCATED, 0) | np.where(starts, START, 0)
        )
        self.added += 1

    def arrays(self) -> dict[str, np.ndarray]:
        """Views of what the memory holds, for :meth:`restore`; the frames are most of it, 7 kB a transition."""
        rows = min(self.added, self.rows)
        names = ("frames", "actions", "rewards", "flags")
        return {name: getattr(self, name)[:rows] for name in names} | {"added": np.int64(self.added)}

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Take over what :meth:`arrays` gave. The games of then are gone, so no return reaches beyond its last row.

        Raises:
            ValueError: the arrays are of a memory with another capacity, number of games or frame size.
        """
        added = int(arrays["added"])
        expected = (min(added, self.rows), *self.frames.shape[1:])
        if arrays["frames"].shape != expected:
            raise ValueError(
                f"The stored replay memory has the shape {arrays['frames'].shape}, this one would have {expected}: "
                "keep capacity and number of games, or start without the stored memory."
            )
        for name in ("frames", "actions", "rewards", "flags"):
            getattr(self, name)[: expected[0]] = arrays[name]
        self.added = added
        if added:
            self.flags[(added - 1) % self.rows] |= TRUNCATED

    def sampleable(self) -> tuple[int, int]:
        """First and one past the last time that may be drawn: old enough to look ahead, young enough to look back."""
        oldest = max(0, self.added - self.rows)
        first = 0 if oldest == 0 else oldest + self.stack - 1
        return first, max(first, self.added - self.n_step)

    def sample(self, batch_size: int) -> dict[str, np.ndarray]:
        """Draw transitions uniformly, with replacement.

        Returns:
            ``observation`` and ``next_observation`` (batch, height, width, stack) uint8, ``action`` (batch,) int32,
            ``reward`` (batch,) float32: the discounted sum of up to n rewards, ``discount`` (batch,) float32: gamma**n,
            or 0 where the return ended within those n steps.

        Raises:
            ValueError: there is nothing to draw yet.
        """
        first, end = self.sampleable()
        if end <= first:
            raise ValueError(f"The replay memory holds {len(self)} transitions: too few to draw from; play on first.")
        times, games = self._draw(batch_size, first, end)
        reward, alive, cut = self.returns(times, games)
        while cut.any():  # rare: games cut off by the length limit
            times[cut], games[cut] = self._draw(int(cut.sum()), first, end)
            reward, alive, cut = self.returns(times, games)
        return {
            "observation": self.observations(times, games),
            "action": self.actions[times % self.rows, games].astype(np.int32),
            "reward": reward,
            "next_observation": self.observations(times + self.n_step, games),
            "discount": alive * np.float32(self.gamma**self.n_step),
        }

    def _draw(self, count, first, end):
        return self.rng.integers(first, end, count), self.rng.integers(0, self.num_games, count)

    def returns(self, times, games):
        """n-step returns from these moments: sum, 1.0 where the game went on, True where it was cut off by a limit."""
        total = np.zeros(len(times), dtype=np.float32)
        alive = np.ones(len(times), dtype=np.float32)
        cut = np.zeros(len(times), dtype=bool)
        for k in range(self.n_step):
            rows = (times + k) % self.rows
            flags = self.flags[rows, games]
            total += alive * np.float32(self.gamma**k) * self.rewards[rows, games]
            cut |= (alive > 0) & ((flags & TRUNCATED) > 0)
            alive = alive * ((flags & TERMINAL) == 0)
        return total, alive, cut

    def observations(self, times, games) -> np.ndarray:
        """Stacks ``(batch, height, width, stack)`` that these games showed at these times, newest frame last."""
        index = np.empty((len(times), self.stack), dtype=np.int64)
        inside = np.ones(len(times), dtype=bool)
        for back in range(self.stack):
            rows = (times - back) % self.rows
            index[:, self.stack - 1 - back] = np.where(inside, rows * self.num_games + games, -1)
            inside &= (self.flags[rows, games] & START) == 0
        out = np.empty((len(times), self.frames.shape[2], self.stack), dtype=np.uint8)
        flat = self.frames.reshape(self.rows * self.num_games, -1)
        _interleave(flat, index, out)
        return out.reshape(len(times), *self.frame_shape, self.stack)


def mirror(batch: dict[str, np.ndarray], actions: tuple[int, ...], rng: np.random.Generator) -> None:
    """Swap left and right in a random half of a batch, in place: what was learned on one side counts on the other.

    Only for games that look and work the same in a mirror, as Breakout does.

    Args:
        batch: what :meth:`ReplayMemory.sample` returned.
        actions: for each action its name in the mirror; left and right are swapped.
        rng: chooses the half.
    """
    swapped = rng.random(len(batch["action"])) < 0.5
    for name in ("observation", "next_observation"):
        batch[name][swapped] = batch[name][swapped, :, ::-1]
    batch["action"][swapped] = np.array(actions, dtype=batch["action"].dtype)[batch["action"][swapped]]
