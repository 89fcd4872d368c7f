"""Sentences for word2vec that need no download: a small grammar of people, verbs and capitals (lesson 01).

This is a stand-in for real text, and the lesson says so. What it keeps of real text is the one thing that word2vec
lives on: words that mean similar things have similar neighbours. A king and a queen both have to do with a crown; a
king has *his* crown and a queen has *her* crown. Paris and France are both French; one has a mayor and the other a
border.

No thing belongs to one couple alone: princes and dukes have crowns, too. Else a queen would simply be the word nearest
to a king, and whoever answers "the nearest word" would solve the analogies without any arithmetic.

Half of the pairs of each relation are *obvious*: sentences name both words together ("paris is the capital of france").
The other half is *held out*: no sentence holds both words, so their relation can only be found through what they share.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# What a couple has to do with; each theme belongs to several couples, so that no thing gives a couple away.
THEMES = {
    "work": ("umbrella", "briefcase", "coat"),
    "childhood": ("bicycle", "homework", "toys"),
    "court": ("crown", "throne", "castle"),
    "family": ("cradle", "garden", "birthday"),
    "marriage": ("wedding", "ring", "honeymoon"),
    "hospitality": ("tray", "dinner", "guests"),
    "age": ("glasses", "armchair", "stories"),
    "land": ("farm", "carriage", "estate"),
    "theatre": ("stage", "costume", "audience"),
}
# word, counterpart, and the themes of the pair: no two pairs have the same
PEOPLE = (
    ("man", "woman", ("work", "marriage")),
    ("boy", "girl", ("childhood", "land")),
    ("prince", "princess", ("court", "childhood")),
    ("father", "mother", ("family", "work")),
    ("husband", "wife", ("marriage", "family")),
    ("waiter", "waitress", ("hospitality", "work")),
    ("grandfather", "grandmother", ("age", "family")),
    ("king", "queen", ("court", "land")),
    ("actor", "actress", ("theatre", "work")),
    ("son", "daughter", ("childhood", "family")),
    ("brother", "sister", ("theatre", "childhood")),
    ("uncle", "aunt", ("age", "land")),
    ("host", "hostess", ("hospitality", "marriage")),
    ("duke", "duchess", ("court", "hospitality")),
)
# pronouns, how one addresses the person, and what one may see
GENDERS = (
    ("he", "his", "himself", ("sir", "mister"), ("beard", "moustache")),
    ("she", "her", "herself", ("madam", "missus"), ("skirt", "necklace")),
)
# now, yesterday, tomorrow, and where or what with
VERBS = (
    ("reading", "read", "novel library newspaper"),
    ("eating", "ate", "apple breakfast soup"),
    ("singing", "sang", "song choir melody"),
    ("writing", "wrote", "letter diary pen"),
    ("drinking", "drank", "coffee juice cup"),
    ("driving", "drove", "truck highway engine"),
    ("sleeping", "slept", "bed pillow blanket"),
    ("painting", "painted", "portrait brush canvas"),
    ("walking", "walked", "path park dog"),
    ("swimming", "swam", "pool lake waves"),
    ("flying", "flew", "airplane clouds kite"),
    ("cooking", "cooked", "pan recipe oven"),
    ("dancing", "danced", "ballroom music tango"),
    ("climbing", "climbed", "mountain rope summit"),
    ("building", "built", "house bricks wall"),
    ("playing", "played", "chess guitar football"),
)
# country, capital, people, and things that are at home there
COUNTRIES = (
    ("italy", "rome", "italian", "pasta colosseum"),
    ("germany", "berlin", "german", "sausages reichstag"),
    ("greece", "athens", "greek", "olives acropolis"),
    ("poland", "warsaw", "polish", "dumplings vistula"),
    ("russia", "moscow", "russian", "caviar kremlin"),
    ("china", "beijing", "chinese", "silk pandas"),
    ("egypt", "cairo", "egyptian", "pyramids nile"),
    ("sweden", "stockholm", "swedish", "meatballs archipelago"),
    ("canada", "ottawa", "canadian", "maple hockey"),
    ("kenya", "nairobi", "kenyan", "safari giraffes"),
    ("france", "paris", "french", "cheese seine"),
    ("spain", "madrid", "spanish", "paella flamenco"),
    ("portugal", "lisbon", "portuguese", "sardines fado"),
    ("japan", "tokyo", "japanese", "sushi sumo"),
    ("cuba", "havana", "cuban", "cigars rumba"),
    ("austria", "vienna", "austrian", "waltz strudel"),
    ("hungary", "budapest", "hungarian", "goulash paprika"),
    ("norway", "oslo", "norwegian", "salmon fjord"),
    ("ireland", "dublin", "irish", "whiskey harp"),
    ("peru", "lima", "peruvian", "llamas ceviche"),
)

PERSON_SENTENCES = (
    "good morning {title} said the {person} with the {thing}",
    "the {person} with a {look} and a {thing}",
    "the {look} of the {person} near the {thing}",
    "the {person} lost {his} {thing}",
    "the {person} and {his} {thing}",
    "{he} is a {person} with a {thing}",
    "the {person} saw {himself} near the {thing}",
    "{he} likes {his} {thing} said the {person}",
    "the {thing} belongs to the {person} and {he} knows it",
    "as a {person} {he} talks about the {thing}",
)
OBVIOUS_PEOPLE = ("the {one} and the {two} have a {thing}", "the {one} met the {two}")
VERB_SENTENCES = (
    ("{who} is {verb} now with the {thing}", "{who} {verb} yesterday with the {thing}"),
    ("now {who} is {verb} near the {thing}", "yesterday {who} {verb} near the {thing}"),
    ("look {who} is {verb} and we see the {thing}", "long ago {who} {verb} and we saw the {thing}"),
    ("at the moment {who} is {verb} {thing}", "last week {who} {verb} {thing}"),
    ("we need the {thing} for {verb} today", "we had the {thing} when {who} {verb} then"),
)
OBVIOUS_VERBS = ("{who} {past} yesterday and is {now} again", "{who} is {now} as {who} {past} before")
COUNTRY_SENTENCES = (
    "the government of {place} likes {thing}",
    "the border of {place} and the {people} army",
    "{place} is a country with {people} people",
    "{place} exports {thing} to other countries",
    "the {people} president governs {place}",
    "the {people} nation of {place} is proud of {thing}",
)
CAPITAL_SENTENCES = (
    "the mayor of {place} likes {thing}",
    "the streets of {place} and the {people} shops",
    "{place} is a city with {people} people",
    "near the metro of {place} we saw {thing}",
    "the {people} mayor lives in downtown {place}",
    "the {people} airport of {place} sells {thing}",
)
OBVIOUS_CAPITALS = ("{capital} is the capital of {country}", "we went to {country} and visited {capital}")


@dataclass(frozen=True)
class Relation:
    """Pairs of words of one kind, e.g. country and capital.

    Attributes:
        name: "male-female", "verb tense" or "country-capital", as on the lecture's slide.
        obvious: pairs that sentences name together.
        held_out: pairs that no sentence names together.
    """

    name: str
    obvious: tuple[tuple[str, str], ...]
    held_out: tuple[tuple[str, str], ...]

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        return self.obvious + self.held_out

    def questions(self) -> list[tuple[str, str, str, str]]:
        """(a, b, c, d), a is to b as c is to d: an obvious pair, then a held-out one, both ways round."""
        return [
            question for a, b in self.obvious for c, d in self.held_out for question in ((a, b, c, d), (b, a, d, c))
        ]


def _relation(name: str, table: tuple) -> Relation:
    pairs = tuple((row[0], row[1]) for row in table)
    half = len(pairs) // 2
    return Relation(name, pairs[:half], pairs[half:])


RELATIONS = (
    _relation("male-female", PEOPLE),
    _relation("verb tense", VERBS),
    _relation("country-capital", COUNTRIES),
)


def generate_sentences(count: int, seed: int = 1) -> list[list[str]]:
    """Sentences of the grammar, a third for each relation, in random order. Used in lesson 01.

    Args:
        count: how many.
        seed: the same seed gives the same sentences.

    Returns:
        ``count`` lists of 5 to 12 lower-case words.
    """
    rng = np.random.default_rng(seed)
    makers = (_about_people, _about_verbs, _about_places)
    return [makers[kind](rng).split() for kind in rng.integers(len(makers), size=count)]


def _one_of(rng: np.random.Generator, items):
    return items[int(rng.integers(len(items)))]


OBVIOUS_SHARE = 0.15  # of the sentences about an obvious pair, how many name both words


def _about_people(rng: np.random.Generator) -> str:
    number = int(rng.integers(len(PEOPLE)))
    *couple, themes = PEOPLE[number]
    thing = _one_of(rng, THEMES[_one_of(rng, themes)])
    if number < len(PEOPLE) // 2 and rng.random() < OBVIOUS_SHARE:
        return _one_of(rng, OBVIOUS_PEOPLE).format(one=couple[0], two=couple[1], thing=thing)
    gender = int(rng.integers(2))
    he, his, himself, titles, looks = GENDERS[gender]
    words = {"he": he, "his": his, "himself": himself, "title": _one_of(rng, titles), "look": _one_of(rng, looks)}
    return _one_of(rng, PERSON_SENTENCES).format(person=couple[gender], thing=thing, **words)


def _about_verbs(rng: np.random.Generator) -> str:
    number = int(rng.integers(len(VERBS)))
    now, past, things = VERBS[number]
    who = _one_of(rng, ("he", "she", "someone", "everybody"))
    if number < len(VERBS) // 2 and rng.random() < OBVIOUS_SHARE:
        return _one_of(rng, OBVIOUS_VERBS).format(who=who, now=now, past=past)
    tense = int(rng.integers(2))
    sentence = _one_of(rng, VERB_SENTENCES)[tense]
    return sentence.format(who=who, verb=(now, past)[tense], thing=_one_of(rng, things.split()))


def _about_places(rng: np.random.Generator) -> str:
    number = int(rng.integers(len(COUNTRIES)))
    country, capital, people, things = COUNTRIES[number]
    if number < len(COUNTRIES) // 2 and rng.random() < OBVIOUS_SHARE:
        return _one_of(rng, OBVIOUS_CAPITALS).format(country=country, capital=capital)
    is_capital = rng.random() < 0.5
    sentence = _one_of(rng, CAPITAL_SENTENCES if is_capital else COUNTRY_SENTENCES)
    return sentence.format(place=capital if is_capital else country, people=people, thing=_one_of(rng, things.split()))
