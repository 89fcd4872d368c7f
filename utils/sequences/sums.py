"""Sums as text: questions such as ``34+14``, answers such as ``48``, the character table that makes them numbers.

Lesson 06. The split of the questions keeps every pair and its swap on one side.

Source: Zaremba and Sutskever, "Learning to Execute" (2014, arXiv 1410.4615), for addition and the reversed input.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

CHARACTERS = "0123456789+ "
ROLES = ("train", "validation", "test")


class CharacterTable:
    """Translates text into one-hot rows and back (lesson 06).

    Args:
        characters: the alphabet, every character once; its order is the order of the columns.

    Raises:
        ValueError: a character occurs twice.
    """

    def __init__(self, characters: str = CHARACTERS):
        twice = sorted({character for character in characters if characters.count(character) > 1})
        if twice:
            raise ValueError(f"The alphabet holds {', '.join(map(repr, twice))} more than once.")
        self.characters = characters
        self.index = {character: column for column, character in enumerate(characters)}
        self._column_of_code = np.full(max(map(ord, characters)) + 1, -1)
        for character, column in self.index.items():
            self._column_of_code[ord(character)] = column

    def __len__(self) -> int:
        return len(self.characters)

    def to_indices(self, texts: Sequence[str], length: int | None = None) -> np.ndarray:
        """Columns of every character, int32 of shape (texts, length); short texts are padded with spaces.

        Args:
            texts: at least one text.
            length: characters a row; None means those of the longest text.

        Raises:
            ValueError: a character that is not in the alphabet, or a text longer than ``length``; the message names it.
        """
        longest = max(texts, key=len)
        length = len(longest) if length is None else length
        if len(longest) > length:
            raise ValueError(f"{longest!r} has {len(longest)} characters; there is room for {length}.")
        padded = [text.ljust(length) for text in texts]
        codes = np.array(padded, dtype=f"U{max(length, 1)}").view(np.uint32).reshape(len(texts), -1)[:, :length]
        known = codes < len(self._column_of_code)
        columns = np.where(known, self._column_of_code[np.where(known, codes, 0)], -1)
        if (columns < 0).any():
            row, position = np.argwhere(columns < 0)[0]
            raise ValueError(
                f"{texts[row]!r}: character {padded[row][position]!r} at position {position} "
                f"is not in the alphabet {self.characters!r}."
            )
        return columns.astype(np.int32)

    def encode(self, text: str, length: int | None = None) -> np.ndarray:
        """One-hot rows of one text: float32 of shape (length, alphabet). Errors as in :meth:`to_indices`."""
        return self.one_hot(self.to_indices([text], length))[0]

    def one_hot(self, indices: np.ndarray) -> np.ndarray:
        """Columns (any shape) to one-hot vectors (that shape, alphabet), float32."""
        return np.eye(len(self), dtype=np.float32)[indices]

    def decode(self, rows: np.ndarray) -> str:
        """The text of one-hot rows, or the likeliest text of softmax outputs: (length, alphabet) to str."""
        return self.decode_indices(np.asarray(rows).argmax(axis=-1))

    def decode_indices(self, indices: np.ndarray) -> str:
        """The text of a row of columns."""
        return "".join(self.characters[column] for column in indices)


TABLE = CharacterTable()


# ---------------------------------------------------------------------------------------------------------------------
# Questions and their split


def _scramble(keys: np.ndarray, seed: int) -> np.ndarray:
    """Numbers in [0, 1) that look random but depend on key and seed only (the finaliser of SplitMix64)."""
    with np.errstate(over="ignore"):
        z = keys.astype(np.uint64) + np.uint64(seed + 1) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return z.astype(np.float64) / 2.0**64


@dataclass
class PairSplit:
    """Says of every unordered pair of numbers whether it trains, validates or tests (lesson 06).

    ``a + b`` and ``b + a`` are one pair, so that a network cannot have met a test question in the other order. Up to
    three digits the shares are exact, separately for a = b and for a != b; beyond, as exact as a hash makes them.
    With two digits 1,010 of the 5,050 pairs test, which are exactly 2,000 questions.
    """

    digits: int
    test_share: float = 0.2
    validation_share: float = 0.04
    seed: int = 0
    _limits: dict[bool, tuple[float, float]] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        if not 1 <= self.digits <= 9:
            raise ValueError(f"digits is {self.digits}; choose 1 to 9.")
        if not (self.test_share > 0 and self.validation_share >= 0 and self.test_share + self.validation_share < 1):
            raise ValueError("The test and validation shares must be positive and leave something to train on.")
        cuts = [self.test_share, self.test_share + self.validation_share]
        self._limits = {True: tuple(cuts), False: tuple(cuts)}
        if self.digits <= 3:
            small, large = np.triu_indices(10**self.digits)
            for same in (True, False):
                chosen = (small == large) == same
                hashes = np.sort(self._hash(small[chosen], large[chosen]))
                self._limits[same] = tuple(hashes[round(cut * len(hashes))] for cut in cuts)

    def _hash(self, small: np.ndarray, large: np.ndarray) -> np.ndarray:
        return _scramble(small.astype(np.int64) * 10**self.digits + large, self.seed)

    def role(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """0 (train), 1 (validation) or 2 (test) of each pair; int arrays of one shape in, int8 out."""
        a, b = np.asarray(a), np.asarray(b)
        hashes = self._hash(np.minimum(a, b), np.maximum(a, b))
        test, validation = (np.where(a == b, self._limits[True][k], self._limits[False][k]) for k in (0, 1))
        return np.where(hashes < test, 2, np.where(hashes < validation, 1, 0)).astype(np.int8)

    def draw(
        self,
        count: int,
        role: str,
        rng: np.random.Generator,
        distinct: bool = False,
        largest: int | None = None,
        evenly: float = 0.0,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Random questions of one role: two int64 arrays of length ``count``.

        As in the lecture, each number first draws how many digits it has (all equally likely), then the digits; short
        numbers are therefore as common as long ones, and leading zeros vanish.

        Args:
            distinct: no question twice (``a + b`` and ``b + a`` count as two).
            largest: no number above this one.
            evenly: share of the questions drawn so that every question is equally likely, most of them long ones.

        Raises:
            ValueError: an unknown role, or fewer distinct questions of it than asked for.
        """
        if role not in ROLES:
            raise ValueError(f"Unknown role {role!r}; choose one of {', '.join(ROLES)}.")
        found = np.empty((0, 2), dtype=np.int64)
        for _ in range(200):
            batch = np.stack([self._draw_numbers(3 * count + 1000, rng) for _ in range(2)], axis=1)
            if evenly:
                chosen = rng.random(len(batch)) < evenly
                batch[chosen] = rng.integers(10**self.digits, size=(chosen.sum(), 2))
            if largest is not None:
                batch = batch[batch.max(axis=1) <= largest]
            found = np.concatenate([found, batch[self.role(*batch.T) == ROLES.index(role)]])
            if distinct:
                found = found[np.sort(np.unique(found, axis=0, return_index=True)[1])]
            if len(found) >= count:
                return found[:count, 0], found[:count, 1]
        raise ValueError(f"There are fewer than {count} distinct {role} questions of {self.digits} digits.")

    def _draw_numbers(self, count: int, rng: np.random.Generator) -> np.ndarray:
        return rng.integers(10 ** rng.integers(1, self.digits + 1, size=count))

    def all_questions(self, role: str) -> tuple[np.ndarray, np.ndarray]:
        """Every ordered question of a role, up to three digits: two int64 arrays.

        Raises:
            ValueError: more than three digits (there would be a hundred million).
        """
        if self.digits > 3:
            raise ValueError(f"{10 ** (2 * self.digits):,} questions of {self.digits} digits are too many to list.")
        a, b = (grid.ravel() for grid in np.indices((10**self.digits,) * 2))
        chosen = self.role(a, b) == ROLES.index(role)
        return a[chosen], b[chosen]

    def held_out(self, role: str, count: int = 2000, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """A fixed sample to measure on: all questions of the role where there are at most ``count``, else a draw."""
        if self.digits <= 2:
            a, b = self.all_questions(role)
            if len(a) <= count:
                return a, b
        return self.draw(count, role, np.random.default_rng(seed), distinct=True)


def write_questions(a: np.ndarray, b: np.ndarray) -> list[str]:
    """``["34+14", ...]`` for two arrays of numbers."""
    return [f"{x}+{y}" for x, y in zip(np.asarray(a).tolist(), np.asarray(b).tolist())]


def _to_indices(texts: Sequence[str], length: int, right_aligned: bool) -> np.ndarray:
    """Columns of the padded texts; spaces go to the left of them if they are aligned on the right."""
    return TABLE.to_indices([text.rjust(length) for text in texts] if right_aligned else texts, length)


def encode_questions(
    a: np.ndarray, b: np.ndarray, digits: int, reverse: bool = True, right_aligned: bool = False
) -> np.ndarray:
    """What the encoder reads: one-hot float32 of shape (questions, 2 * digits + 1, 12).

    Args:
        reverse: read the padded question from right to left, as Zaremba and Sutskever recommend.
        right_aligned: pad on the left, so that the last number's units are always in the last place.
    """
    return one_hot_questions(write_questions(a, b), digits, reverse, right_aligned)


def one_hot_questions(questions: Sequence[str], digits: int, reverse: bool, right_aligned: bool) -> np.ndarray:
    """:func:`encode_questions` for questions written as text. Errors as in :meth:`CharacterTable.to_indices`."""
    indices = _to_indices(questions, 2 * digits + 1, right_aligned)
    return TABLE.one_hot(indices[:, ::-1] if reverse else indices)


def encode_answers(
    a: np.ndarray, b: np.ndarray, digits: int, units_first: bool = False, right_aligned: bool = False
) -> np.ndarray:
    """What the decoder should write: columns of the answer's characters, int32 of shape (questions, digits + 1).

    Args:
        units_first: write the padded answer from right to left, in the order in which carries travel.
        right_aligned: pad on the left, so that the units are always in the last place.
    """
    totals = [str(total) for total in (np.asarray(a) + np.asarray(b)).tolist()]
    indices = _to_indices(totals, digits + 1, right_aligned)
    return indices[:, ::-1].copy() if units_first else indices


def carries_into(a: np.ndarray, b: np.ndarray, digits: int) -> np.ndarray:
    """Is one carried into each column of the sum? Bool (n, digits + 1), units (never) first."""
    low = 10 ** np.arange(digits + 1)
    return np.asarray(a)[..., None] % low + np.asarray(b)[..., None] % low >= low


def count_carries(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How many columns of the written addition carry: int array of the shape of ``a``; 95 + 7 carries twice."""
    longest = len(str(max(np.max(a, initial=0), np.max(b, initial=0))))
    return carries_into(a, b, longest).sum(axis=-1)
