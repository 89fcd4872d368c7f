"""Around word2vec: words to numbers, skip-gram pairs, negative samples, questions to finished vectors (lesson 01).

The model and its training stand in the notebook. After T. Mikolov, I. Sutskever, K. Chen, G. Corrado and J. Dean,
"Distributed representations of words and phrases and their compositionality", 2013; their names are used here.
"""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

Question = tuple[str, str, str, str]
NOISE_POWER = 0.75  # the paper's exponent: rare words are drawn as negatives more often than they occur


@dataclass(frozen=True)
class Vocabulary:
    """Words by frequency, most frequent first; a word's index is its place.

    Attributes:
        words: the words.
        counts: int64 (words,), how often each occurs.
        index: word to number.
    """

    words: tuple[str, ...]
    counts: np.ndarray
    index: dict[str, int] = field(repr=False)

    @classmethod
    def from_sentences(cls, sentences: Iterable[Sequence[str]], min_count: int = 1) -> Vocabulary:
        """Count the words of all sentences; words rarer than ``min_count`` are left out.

        Raises:
            ValueError: no word is left.
        """
        counter = Counter(word for sentence in sentences for word in sentence)
        kept = sorted(((n, w) for w, n in counter.items() if n >= min_count), key=lambda item: (-item[0], item[1]))
        if not kept:
            raise ValueError(f"No word occurs {min_count} times or more.")
        words = tuple(word for _, word in kept)
        return cls(words, np.array([n for n, _ in kept], dtype=np.int64), {word: i for i, word in enumerate(words)})

    def __len__(self) -> int:
        return len(self.words)

    def encode(self, sentences: Iterable[Sequence[str]]) -> tuple[np.ndarray, np.ndarray]:
        """All sentences as one row of numbers: (tokens, sentence numbers), int32 both; unknown words are left out."""
        tokens, owners = [], []
        for number, sentence in enumerate(sentences):
            known = [self.index[word] for word in sentence if word in self.index]
            tokens += known
            owners += [number] * len(known)
        return np.array(tokens, dtype=np.int32), np.array(owners, dtype=np.int32)


def keep_probability(counts: np.ndarray, threshold: float) -> np.ndarray:
    """How likely each word stays when frequent words are thinned out: min(1, sqrt(threshold / frequency)), paper eq. 5.

    Args:
        counts: (words,).
        threshold: t of the paper; 1e-5 for billions of words, larger for a small corpus.
    """
    frequency = np.asarray(counts, dtype=np.float64) / np.sum(counts)
    return np.minimum(1.0, np.sqrt(threshold / frequency))


def skipgram_pairs(
    tokens: np.ndarray,
    sentences: np.ndarray,
    window: int,
    rng: np.random.Generator | None = None,
    keep: np.ndarray | None = None,
) -> np.ndarray:
    """Every (centre, neighbour) pair of words at most ``window`` apart in a sentence. Used in lesson 01.

    Args:
        tokens, sentences: as :meth:`Vocabulary.encode` gives them.
        window: words to either side.
        rng: if given, each centre draws its own reach from 1 to ``window``, as word2vec does, so that near neighbours
            count more; also needed for ``keep``.
        keep: (words,) probability that a token stays, see :func:`keep_probability`; what is dropped closes up, so the
            window reaches further.

    Returns:
        int32 (pairs, 2).

    Raises:
        ValueError: ``window`` below 1, or ``keep`` without ``rng``.
    """
    if window < 1:
        raise ValueError(f"window is {window}; it should be at least 1.")
    tokens, sentences = np.asarray(tokens, dtype=np.int32), np.asarray(sentences)
    if keep is not None:
        if rng is None:
            raise ValueError("Thinning out frequent words (keep) is random: pass rng as well.")
        stays = rng.random(len(tokens)) < keep[tokens]
        tokens, sentences = tokens[stays], sentences[stays]
    reach = np.full(len(tokens), window) if rng is None else rng.integers(1, window + 1, size=len(tokens))
    found = []
    for distance in range(1, window + 1):
        left, right = tokens[:-distance], tokens[distance:]
        together = sentences[:-distance] == sentences[distance:]
        from_left, from_right = together & (reach[:-distance] >= distance), together & (reach[distance:] >= distance)
        found.append(np.stack([left[from_left], right[from_left]], axis=1))
        found.append(np.stack([right[from_right], left[from_right]], axis=1))
    return np.concatenate(found)


def negative_samples(
    counts: np.ndarray, shape: tuple[int, ...], rng: np.random.Generator, power: float = NOISE_POWER
) -> np.ndarray:
    """Random words, drawn in proportion to count ** ``power`` (the paper's noise distribution), int32 of ``shape``."""
    cumulative = np.cumsum(np.asarray(counts, dtype=np.float64) ** power)
    drawn = np.searchsorted(cumulative, rng.random(shape) * cumulative[-1], side="right")
    return np.minimum(drawn, len(cumulative) - 1).astype(np.int32)


class WordVectors:
    """Finished vectors and the questions one puts to them: what is near, and a : b = c : ?

    Args:
        words: (n,) words, each once.
        matrix: (n, dimensions) numbers; kept in ``raw``, and scaled to length 1 in ``unit``.
    """

    def __init__(self, words: Sequence[str], matrix: np.ndarray):
        matrix = np.asarray(matrix, dtype=np.float32)
        if matrix.ndim != 2 or len(words) != len(matrix):
            raise ValueError(f"There are {len(words)} words but vectors of shape {matrix.shape}.")
        self.words = tuple(words)
        self.index = {word: i for i, word in enumerate(self.words)}
        self.raw = matrix
        self.unit = matrix / np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-12)

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        return word in self.index

    def __getitem__(self, word: str) -> np.ndarray:
        """The word's vector of length 1, (dimensions,)."""
        if word not in self.index:
            raise KeyError(f"There is no vector for {word!r}; try another spelling (words are lower-case).")
        return self.unit[self.index[word]]

    def closest(self, query: np.ndarray, count: int = 5, without: Sequence[str] = ()) -> list[tuple[str, float]]:
        """The words with the largest cosine to any vector, save those ``without``: [(word, cosine), ...]."""
        similarity = self.unit @ (query / max(float(np.linalg.norm(query)), 1e-12))
        similarity[[self.index[word] for word in without]] = -np.inf
        order = np.argsort(-similarity)[: min(count, len(self) - len(set(without)))]
        return [(self.words[i], float(similarity[i])) for i in order]

    def nearest(self, word: str, count: int = 5) -> list[tuple[str, float]]:
        """The words with the largest cosine to ``word``, without itself: [(word, cosine), ...]."""
        return self.closest(self[word], count, [word])

    def analogy(self, a: str, b: str, c: str, count: int = 1) -> list[tuple[str, float]]:
        """The words nearest to b - a + c, without a, b and c: a is to b as c is to ... (Mikolov et al. 2013)."""
        return self.closest(self[b] - self[a] + self[c], count, [a, b, c])

    def accuracy(self, questions: Sequence[Question]) -> float:
        """Share of questions (a, b, c, d) whose first answer is d.

        Raises:
            ValueError: no questions.
        """
        if not questions:
            raise ValueError("There are no questions.")
        a, b, c, d = (np.array([self.index[q[k]] for q in questions]) for k in range(4))
        query = self.unit[b] - self.unit[a] + self.unit[c]
        similarity = query @ self.unit.T
        rows = np.arange(len(questions))
        for given in (a, b, c):
            similarity[rows, given] = -np.inf
        return float(np.mean(np.argmax(similarity, axis=1) == d))

    def plane(self, words: Sequence[str]) -> np.ndarray:
        """The words in the plane where they spread most (principal components): (len(words), 2)."""
        points = np.stack([self[word] for word in words])
        centred = points - points.mean(axis=0)
        _, _, axes = np.linalg.svd(centred, full_matrices=False)
        # The sign of an axis is arbitrary; fix it, so that every machine draws the same picture.
        axes = axes[:2] * np.sign(axes[:2, np.argmax(np.abs(axes[:2]), axis=1)].diagonal())[:, None]
        return centred @ axes.T


def load_vectors(path: str | Path, limit: int = 50_000) -> WordVectors:
    """Read GloVe's or word2vec's text format: a word and its numbers a line, gzipped or not. Used in lesson 01.

    Args:
        path: the file; a first line with two numbers (word2vec's header) is skipped.
        limit: stop after so many words (the files list frequent words first).

    Raises:
        ValueError: the file is damaged, empty, or has lines of unequal length.
    """
    path = Path(path)
    words: list[str] = []
    rows: list[np.ndarray] = []
    try:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as file:
            for line in file:
                word, *numbers = line.rstrip("\n").split(" ")
                if len(numbers) == 1 and not words:
                    continue
                words.append(word)
                rows.append(np.array(numbers, dtype=np.float32))
                if len(words) >= limit:
                    break
        if not words or len({len(row) for row in rows}) != 1:
            raise ValueError("no vectors of one length")
    except (OSError, EOFError, UnicodeDecodeError, ValueError) as error:
        raise ValueError(
            f"{path.name} cannot be read as word vectors ({error}); delete it and fetch it again."
        ) from error
    return WordVectors(words, np.stack(rows))
