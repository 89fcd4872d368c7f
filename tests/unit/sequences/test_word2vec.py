"""Skip-gram pairs, negative samples, vectors and their questions."""

import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from utils.datasets import store, word_corpus
from utils.sequences import word2vec
from utils.sequences.word2vec import Vocabulary, WordVectors

import common_words

SENTENCES = [["the", "king", "has", "the", "crown"], ["the", "queen"]]


def test_the_vocabulary_is_sorted_by_frequency_and_encodes():
    vocabulary = Vocabulary.from_sentences(SENTENCES)
    assert vocabulary.words == ("the", "crown", "has", "king", "queen") and vocabulary.counts.tolist() == [
        3,
        1,
        1,
        1,
        1,
    ]
    tokens, owners = vocabulary.encode([*SENTENCES, ["the", "dragon"]])
    assert tokens.tolist() == [0, 3, 2, 0, 1, 0, 4, 0] and owners.tolist() == [0, 0, 0, 0, 0, 1, 1, 2]
    assert len(Vocabulary.from_sentences(SENTENCES, min_count=2)) == 1
    with pytest.raises(ValueError, match="No word occurs 9 times"):
        Vocabulary.from_sentences(SENTENCES, min_count=9)


@given(st.lists(st.lists(st.integers(0, 5), max_size=7), max_size=5), st.integers(1, 4))
def test_pairs_are_all_neighbours_within_the_window(sentences, window):
    tokens = np.array([t for s in sentences for t in s], dtype=np.int32)
    owners = np.array([n for n, s in enumerate(sentences) for _ in s], dtype=np.int32)
    expected = [
        (s[i], s[j]) for s in sentences for i in range(len(s)) for j in range(len(s)) if 0 < abs(i - j) <= window
    ]
    pairs = word2vec.skipgram_pairs(tokens, owners, window)
    assert pairs.shape == (len(expected), 2)
    assert sorted(map(tuple, pairs.tolist())) == sorted(expected)


def test_random_reach_prefers_near_neighbours_and_thinning_drops_frequent_words():
    tokens, owners = np.tile(np.arange(5, dtype=np.int32), 4000), np.repeat(np.arange(4000), 5)
    pairs = word2vec.skipgram_pairs(tokens, owners, 4, np.random.default_rng(0))
    from_first = [np.mean((pairs == [0, other]).all(axis=1)) for other in (1, 2, 3, 4)]
    assert_allclose(np.array(from_first) / from_first[0], [1, 0.75, 0.5, 0.25], atol=0.03)
    thinned = word2vec.skipgram_pairs(tokens, owners, 1, np.random.default_rng(0), keep=np.array([0, 1, 1, 1, 1.0]))
    assert 0 not in thinned and len(thinned) == 4000 * 6
    with pytest.raises(ValueError, match="pass rng"):
        word2vec.skipgram_pairs(tokens, owners, 1, keep=np.ones(5))
    with pytest.raises(ValueError, match="at least 1"):
        word2vec.skipgram_pairs(tokens, owners, 0)


def test_frequent_words_are_kept_less_often():
    assert_allclose(word2vec.keep_probability([900, 99, 1], 0.01), [0.10541, 0.31782, 1.0], atol=1e-5)


def test_negatives_follow_the_noise_distribution():
    counts = np.array([1000, 100, 10])
    drawn = word2vec.negative_samples(counts, (200, 500), np.random.default_rng(1))
    assert drawn.shape == (200, 500) and drawn.dtype == np.int32
    assert_allclose(np.bincount(drawn.ravel()) / drawn.size, counts**0.75 / np.sum(counts**0.75), atol=0.005)


@pytest.fixture
def square():
    """king - man = queen - woman, exactly, up to length; and a long bystander."""
    words = ["man", "woman", "king", "queen", "chair"]
    matrix = np.array([[1, 0, 0.1], [0, 1, 0.1], [2, 0, 2], [0, 2, 2], [0, 0, 50.0]])
    return WordVectors(words, matrix)


def test_nearest_and_analogy_leave_out_what_was_asked(square):
    assert square.analogy("man", "king", "woman")[0][0] == "queen"
    assert square.nearest("queen", 2)[0][0] == "woman" and "queen" not in dict(square.nearest("queen", 9))
    assert len(square.analogy("man", "king", "woman", 9)) == 2
    questions = [
        ("man", "king", "woman", "queen"),
        ("king", "man", "queen", "woman"),
        ("man", "king", "woman", "chair"),
    ]
    assert square.accuracy(questions) == pytest.approx(2 / 3)
    assert_allclose(np.linalg.norm(square.unit, axis=1), 1, atol=1e-6)


def test_the_plane_holds_the_largest_spread(square):
    places = square.plane(["man", "woman", "king", "queen"])
    assert places.shape == (4, 2) and np.allclose(places.mean(axis=0), 0, atol=1e-6)
    assert places.var(axis=0)[0] >= places.var(axis=0)[1] > 0


@pytest.mark.parametrize(
    "ask, error, sentence",
    [
        (lambda v: v["dragon"], KeyError, "no vector for 'dragon'"),
        (lambda v: v.accuracy([]), ValueError, "no questions"),
        (lambda v: WordVectors(["one"], np.zeros((2, 3))), ValueError, "1 words but"),
    ],
)
def test_wrong_questions_get_a_sentence(square, ask, error, sentence):
    with pytest.raises(error, match=sentence):
        ask(square)


def test_vectors_are_read_from_text_with_and_without_header(tmp_path):
    text = "the 0.5 1.5\nking -1 2\n"
    (tmp_path / "plain.txt").write_text(text)
    with gzip.open(tmp_path / "packed.gz", "wt") as file:
        file.write("2 2\n" + text)
    for name in ("plain.txt", "packed.gz"):
        vectors = word2vec.load_vectors(tmp_path / name)
        assert vectors.words == ("the", "king")
        assert_allclose(vectors.raw, [[0.5, 1.5], [-1, 2]])
    assert len(word2vec.load_vectors(tmp_path / "packed.gz", limit=1)) == 1


def test_the_shipped_words_are_real_and_hold_all_that_the_lesson_asks_for():
    vectors = word2vec.load_vectors(store.fetch("glove_50d_common.txt.gz"))
    assert 10_000 <= len(vectors) < 10_100 and vectors.raw.shape[1] == 50
    assert_allclose(vectors.raw[vectors.index["the"]][:4], [0.418, 0.25, -0.412, 0.122], atol=1e-6)
    asked = {word for relation in word_corpus.RELATIONS for pair in relation.pairs for word in pair}
    assert asked <= set(vectors.words)


def test_the_shipped_words_are_cut_the_same_from_the_same_vectors(tmp_path):
    vectors = WordVectors(["the", "of", "rare", "king"], [[0.12345, -1], [2, 0], [1, 1], [-0.5, 0.25]])
    words = common_words.common(vectors, 2)
    assert words == ["the", "of", "king"]
    for name in ("a.gz", "b.gz"):
        common_words.write(vectors, words, tmp_path / name)
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()
    assert gzip.decompress((tmp_path / "a.gz").read_bytes()) == b"the 0.123 -1\nof 2 0\nking -0.5 0.25\n"


@pytest.mark.parametrize("content", [b"", b"the 1 2\nking 1\n", b"the one two\n", b"\x1f\x8b broken"])
def test_damaged_vector_files_are_named(tmp_path, content):
    for name in ("bad.txt", "bad.gz"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=f"{name} cannot be read"):
            word2vec.load_vectors(tmp_path / name)


def test_a_small_skip_gram_solves_held_out_analogies_five_times_better_than_luck():
    """Pairs, negatives, corpus and questions work together; luck already knows that, say, a capital is wanted."""
    import keras
    from keras import layers

    rng = np.random.default_rng(0)
    keras.utils.set_random_seed(0)
    sentences = word_corpus.generate_sentences(6000, seed=2)
    vocabulary = Vocabulary.from_sentences(sentences)
    keep = word2vec.keep_probability(vocabulary.counts, 0.005)
    centre, context = keras.Input((1,), dtype="int32"), keras.Input((6,), dtype="int32")
    table = layers.Embedding(len(vocabulary), 32)
    scores = layers.Dot(axes=2)([layers.Embedding(len(vocabulary), 32)(context), table(centre)])
    model = keras.Model([context, centre], layers.Flatten()(scores))
    model.compile(keras.optimizers.Adam(0.01), keras.losses.BinaryCrossentropy(from_logits=True))
    for _ in range(3):
        pairs = word2vec.skipgram_pairs(*vocabulary.encode(sentences), window=4, rng=rng, keep=keep)
        rng.shuffle(pairs)
        false = word2vec.negative_samples(vocabulary.counts, (len(pairs), 5), rng)
        answers = np.eye(6, dtype="float32")[np.zeros(len(pairs), int)]
        model.fit([np.hstack([pairs[:, 1:], false]), pairs[:, :1]], answers, batch_size=1024, verbose=0)
    vectors = WordVectors(vocabulary.words, table.get_weights()[0])
    for relation in word_corpus.RELATIONS:
        assert vectors.accuracy(relation.questions()) > 5 / (len(relation.pairs) - 1)
        near = [vectors.nearest(c, 1)[0][0] == d for _, _, c, d in relation.questions()]
        assert np.mean(near) < 0.2, "the nearest word alone should not be the answer"
