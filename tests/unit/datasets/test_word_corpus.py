"""The grammar keeps its promise: held-out pairs never meet, and every word of a question occurs often."""

from collections import Counter

import pytest

from utils.datasets import word_corpus

SENTENCES = word_corpus.generate_sentences(20_000, seed=3)


def test_the_same_seed_gives_the_same_sentences():
    first, again, other = (word_corpus.generate_sentences(50, seed) for seed in (3, 3, 4))
    assert first == again != other
    assert all(4 <= len(sentence) <= 12 for sentence in SENTENCES)
    assert all(word == word.lower() and word.isalpha() for sentence in SENTENCES for word in sentence)


@pytest.mark.parametrize("relation", word_corpus.RELATIONS, ids=lambda relation: relation.name)
def test_obvious_pairs_meet_and_held_out_pairs_never_do(relation):
    sets = [set(sentence) for sentence in SENTENCES]
    for pair in relation.obvious:
        assert any(set(pair) <= words for words in sets), pair
    for pair in relation.held_out:
        assert not any(set(pair) <= words for words in sets), pair


@pytest.mark.parametrize("relation", word_corpus.RELATIONS, ids=lambda relation: relation.name)
def test_questions_go_from_obvious_to_held_out_with_known_words(relation):
    counts = Counter(word for sentence in SENTENCES for word in sentence)
    questions = relation.questions()
    assert len(questions) == 2 * len(relation.obvious) * len(relation.held_out)
    for a, b, c, d in questions:
        assert {(a, b), (b, a)} & set(relation.obvious) and {(c, d), (d, c)} & set(relation.held_out)
    assert min(counts[word] for pair in relation.pairs for word in pair) >= 80


def test_no_word_has_two_roles():
    words = [word for relation in word_corpus.RELATIONS for pair in relation.pairs for word in pair]
    assert len(words) == len(set(words))


def test_no_thing_gives_a_couple_away():
    """Each thing belongs to several couples, so that a couple is known by what it combines."""
    owners = Counter(
        thing for *_, themes in word_corpus.PEOPLE for name in themes for thing in word_corpus.THEMES[name]
    )
    assert set(owners) == {thing for things in word_corpus.THEMES.values() for thing in things}
    assert min(owners.values()) >= 2
    combined = {frozenset(themes) for *_, themes in word_corpus.PEOPLE}
    assert len(combined) == len(word_corpus.PEOPLE)


def test_things_of_one_family_are_not_those_of_another():
    people = [thing for things in word_corpus.THEMES.values() for thing in things]
    marks = [mark for *_, titles, looks in word_corpus.GENDERS for mark in titles + looks]
    verbs = [thing for *_, things in word_corpus.VERBS for thing in things.split()]
    places = [thing for *_, things in word_corpus.COUNTRIES for thing in things.split()]
    things = people + marks + verbs + places
    assert len(things) == len(set(things))
