"""Measure lesson 01 over seeds: word vectors trained as in the notebook, and the analogies they solve.

``python tests/benchmarks/results_01_special_layers.py``. The vectors of the first seed are shipped for the lecture
(mldata/weights/word_vectors.npz), so that a deck need not train. ``COURSE_SEEDS`` sets how many seeds (3).
"""

from __future__ import annotations

import os
import time

import numpy as np

from utils import commands, results, runtime
from utils.checkpoints import save_network
from utils.datasets import word_corpus
from utils.sequences import word2vec

SEEDS = range(1, 1 + int(os.environ.get("COURSE_SEEDS", "3")))
COMMAND = "make results LESSON=01"
DIMENSIONS, NEGATIVES, PASSES, WINDOW, SENTENCES = 32, 5, 4, 4, 20_000


def skip_gram(words: int):
    """The notebook's model: two Embeddings and a Dot."""
    import keras
    from keras import layers

    centre = keras.Input((1,), dtype="int32", name="centre_word")
    context = keras.Input((1 + NEGATIVES,), dtype="int32", name="context_words")
    u = layers.Embedding(words, DIMENSIONS, name="centre")(centre)
    v = layers.Embedding(words, DIMENSIONS, name="context")(context)
    scores = layers.Flatten()(layers.Dot(axes=2)([v, u]))
    model = keras.Model([context, centre], scores)
    model.compile(keras.optimizers.Adam(0.01), keras.losses.BinaryCrossentropy(from_logits=True))
    return model


def train(seed: int) -> tuple[word2vec.WordVectors, list[float]]:
    """Word vectors of one seed, text included, and the loss of each pass."""
    import keras

    keras.utils.set_random_seed(seed)
    sentences = word_corpus.generate_sentences(SENTENCES, seed=seed)
    vocabulary = word2vec.Vocabulary.from_sentences(sentences)
    tokens, owners = vocabulary.encode(sentences)
    keep = word2vec.keep_probability(vocabulary.counts, threshold=0.005)
    model, rng, losses = skip_gram(len(vocabulary)), np.random.default_rng(seed), []
    for _ in range(PASSES):
        pairs = word2vec.skipgram_pairs(tokens, owners, window=WINDOW, rng=rng, keep=keep)
        rng.shuffle(pairs)
        false = word2vec.negative_samples(vocabulary.counts, (len(pairs), NEGATIVES), rng)
        candidates = np.concatenate([pairs[:, 1:], false], axis=1)
        answers = np.zeros(candidates.shape, "float32")
        answers[:, 0] = 1
        history = model.fit([candidates, pairs[:, :1]], answers, batch_size=1024, verbose=0)
        losses.append(history.history["loss"][0])
    return word2vec.WordVectors(vocabulary.words, model.get_layer("centre").get_weights()[0]), losses


def ship(vectors: word2vec.WordVectors, seed: int, accuracy: float, seconds: float) -> None:
    """Vectors and their line of provenance into mldata/weights/."""
    path = runtime.repo_root() / "mldata" / "weights" / "word_vectors.npz"
    sidecar = results.provenance(COMMAND) | {
        "what": f"word2vec (skip-gram, {NEGATIVES} negative samples), {DIMENSIONS} dimensions, {len(vectors)} words",
        "data": f"{SENTENCES:,} generated sentences (utils/datasets/word_corpus.py), {PASSES} passes",
        "seed": seed,
        "seconds": round(seconds, 1),
        "analogies_solved": round(accuracy, 4),
    }
    save_network(path, [vectors.raw], {"words": list(vectors.words)}, sidecar)


def main() -> None:
    """Train each seed; record the share of analogies between held-out pairs that are solved, and by the nearest."""
    runtime.start(seed=1)
    questions = [question for relation in word_corpus.RELATIONS for question in relation.questions()]
    solved, near = [], []
    for seed in SEEDS:
        start = time.perf_counter()
        vectors, losses = train(seed)
        solved.append(vectors.accuracy(questions))
        nearest = [vectors.closest(vectors[c], 1, without=(a, b, c))[0][0] for a, b, c, _ in questions]
        near.append(float(np.mean([word == d for word, (*_, d) in zip(nearest, questions)])))
        seconds = time.perf_counter() - start
        print(f"seed {seed}: {solved[-1]:.3f} of {len(questions)}, losses {losses}, {seconds:.0f} s", flush=True)
        if seed == SEEDS[0]:
            ship(vectors, seed, solved[0], seconds)
    asked = f"{len(questions)} questions about pairs that no sentence names together, a, b and c no answers"
    record("word2vec.analogies.accuracy", solved, asked)
    record("word2vec.analogies.nearest", near, f"{asked}, answered with the word nearest to the third")


def record(identifier: str, shares: list[float], asked: str) -> None:
    """Into the ledger, with mean and spread over seeds."""
    results.record(
        identifier,
        float(np.mean(shares)),
        unit="fraction",
        spread=float(np.std(shares, ddof=1)) if len(shares) > 1 else None,
        n=len(shares),
        values=shares,
        command=COMMAND,
        note=f"{asked}; each seed its own sentences; {SENTENCES:,} generated sentences, {PASSES} passes; mean and sd "
        "over seeds",
    )


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
