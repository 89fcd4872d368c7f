"""Cut the word vectors that the course ships out of GloVe: frequent words, and those that lesson 01 asks about.

``python tests/benchmarks/common_words.py [FILE]``, where FILE is in GloVe's text format (glove.6B.50d.txt, gzipped or
not); without one it is fetched. Three decimals are kept. Writes mldata/weights/glove_50d_common.txt.gz, the same bytes
for the same vectors.
"""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

from utils import runtime
from utils.datasets import store, word_corpus
from utils.sequences import word2vec

FREQUENT, DECIMALS = 10_000, 3
TARGET = runtime.repo_root() / "mldata" / "weights" / "glove_50d_common.txt.gz"


def common(vectors: word2vec.WordVectors, frequent: int) -> list[str]:
    """The first ``frequent`` words, then those of the lesson's pairs that are rarer, in the order of the file."""
    asked = {word for relation in word_corpus.RELATIONS for pair in relation.pairs for word in pair}
    return [word for place, word in enumerate(vectors.words) if place < frequent or word in asked]


def write(vectors: word2vec.WordVectors, words: list[str], path: Path) -> None:
    """GloVe's text format, gzipped without a date, so that the same vectors give the same file."""

    def line(word: str) -> str:
        numbers = (f"{x:.{DECIMALS}f}".rstrip("0").rstrip(".") for x in vectors.raw[vectors.index[word]])
        return " ".join([word, *numbers]) + "\n"

    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress("".join(map(line, words)).encode(), mtime=0))


def main() -> None:
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else store.fetch("glove-wiki-gigaword-50.gz")
    if source is None:
        sys.exit("GloVe cannot be fetched here; name a file in its text format.")
    vectors = word2vec.load_vectors(source, limit=500_000)
    words = common(vectors, FREQUENT)
    write(vectors, words, TARGET)
    print(f"{len(words):,} words, {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
