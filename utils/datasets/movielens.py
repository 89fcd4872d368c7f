"""MovieLens, the film ratings of lesson 07, and ratings made from planted tastes that stand in for them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from utils.datasets import store
from utils.datasets.archives import DataError
from utils.datasets.movielens_files import read_files, read_ratings

if TYPE_CHECKING:
    import pandas as pd

EDITIONS = {"ml-latest-small": "ml-latest-small.zip", "ml-100k": "ml-100k.zip"}
LOWEST, HIGHEST = 0.5, 5.0


@dataclass(frozen=True, eq=False)
class MovieLens:
    """Ratings with users and movies re-indexed from 0, so that an Embedding layer can take them.

    ``users``, ``movies`` (int32), ``ratings`` (float32, stars from 0.5 to 5) and ``timestamps`` (int64, seconds since
    1970) have one element a rating, in the file's order. Only movies with a rating have an index.
    """

    users: np.ndarray
    movies: np.ndarray
    ratings: np.ndarray
    timestamps: np.ndarray
    user_ids: np.ndarray  # the file's id of each user index, ascending
    movie_ids: np.ndarray  # likewise
    titles: tuple[str, ...]  # by movie index
    genres: tuple[tuple[str, ...], ...]  # by movie index
    edition: str
    lowest: float = LOWEST  # stars that a film can get; 1 where only whole ones are given
    planted: dict[str, Any] = field(default_factory=dict)  # what generated a stand-in; empty for real data

    @property
    def n_users(self) -> int:
        """Number of users."""
        return len(self.user_ids)

    @property
    def n_movies(self) -> int:
        """Number of movies with at least one rating."""
        return len(self.movie_ids)

    @property
    def is_stand_in(self) -> bool:
        """True for generated ratings."""
        return bool(self.planted)

    def __len__(self) -> int:
        return len(self.ratings)

    @cached_property
    def genre_names(self) -> tuple[str, ...]:
        """All genres, sorted."""
        return tuple(sorted({genre for genres in self.genres for genre in genres}))

    @cached_property
    def genre_matrix(self) -> np.ndarray:
        """float32, shape (n_movies, number of genres): 1 where the movie has the genre."""
        column = {genre: j for j, genre in enumerate(self.genre_names)}
        matrix = np.zeros((self.n_movies, len(column)), dtype=np.float32)
        for i, genres in enumerate(self.genres):
            matrix[i, [column[genre] for genre in genres]] = 1
        return matrix

    @cached_property
    def years(self) -> np.ndarray:
        """float32, shape (n_movies,): year in the title's brackets, NaN where there is none."""
        years = np.full(self.n_movies, np.nan, dtype=np.float32)
        for i, title in enumerate(self.titles):
            text = title.strip()[-5:-1]
            if title.strip().endswith(")") and text.isdigit():
                years[i] = float(text)
        return years

    def user_index(self, user_id: int) -> int:
        """Index of the user with this id in the file.

        Raises:
            KeyError: no such user.
        """
        return _index(self.user_ids, user_id, f"user {user_id}", self.edition)

    def movie_index(self, movie_id: int) -> int:
        """Index of the movie with this id in the file.

        Raises:
            KeyError: no such movie, or nobody rated it.
        """
        return _index(self.movie_ids, movie_id, f"rated movie {movie_id}", self.edition)

    def find(self, words: str) -> list[int]:
        """Indices of the movies whose title contains ``words`` (capitals do not matter), most often rated first."""
        counts = np.bincount(self.movies, minlength=self.n_movies)
        found = [i for i, title in enumerate(self.titles) if words.casefold() in title.casefold()]
        return sorted(found, key=lambda i: -counts[i])

    def frame(self) -> pd.DataFrame:
        """A pandas table: user, movie (indices), rating, timestamp, title."""
        import pandas as pd

        columns = {"user": self.users, "movie": self.movies, "rating": self.ratings, "timestamp": self.timestamps}
        return pd.DataFrame(columns | {"title": np.array(self.titles, dtype=object)[self.movies]})


def _index(ids: np.ndarray, wanted: int, what: str, edition: str) -> int:
    position = int(np.searchsorted(ids, wanted))
    if position == len(ids) or ids[position] != wanted:
        raise KeyError(f"There is no {what} in {edition}; its ids go from {ids[0]} to {ids[-1]}.")
    return position


def load_movielens(edition: str = "ml-latest-small") -> MovieLens:
    """The ratings through the data store; where they cannot be had, generated ones with a label.

    Args:
        edition: ``"ml-latest-small"`` or ``"ml-100k"``.

    Raises:
        ValueError: another edition.
        DataError: the file is there but damaged or badly formed; the message says what and where.
    """
    if edition not in EDITIONS:
        choices = ", ".join(EDITIONS)
        raise ValueError(f"{edition!r} is not fetched; choose {choices}, or read your own copy: read_movielens(path).")
    path = store.fetch(EDITIONS[edition])
    if path is None:
        text = "ratings generated from planted genres and tastes (films and people do not exist)"
        store.announce_stand_in(EDITIONS[edition], text)
        return stand_in()
    return read_movielens(path)


def read_movielens(path: str | Path) -> MovieLens:
    """Read a copy of your own: an archive or a folder of any MovieLens edition, or a single .csv of ratings.

    A .csv has a header with userId, movieId, rating and perhaps timestamp; a movies.csv beside it gives the titles.

    Raises:
        DataError: no such file, or none that MovieLens has; a column is missing; a field is no number; a rating is no
            half star from 0.5 to 5; a user rated a movie twice. The message names the file and the line.
    """
    path = Path(path)
    ratings, movies, whole = read_files(path)
    return replace(_assemble(ratings, movies, path.name.removesuffix(".zip")), lowest=1.0 if whole else LOWEST)


def read_given_folds(path: str | Path, data: MovieLens) -> list[np.ndarray]:
    """The five folds that MovieLens 100K brings along (u1.test to u5.test): bool, True where a rating is tested.

    Raises:
        DataError: a file is missing or badly formed, or holds a rating that ``data`` does not.
    """
    path, folds = Path(path), []
    rows = {pair: row for row, pair in enumerate(zip(data.users.tolist(), data.movies.tolist()))}
    for fold in range(1, 6):
        tested = read_ratings(path, f"u{fold}.test")
        try:
            pairs = [
                (data.user_index(user), data.movie_index(movie))
                for user, movie in zip(tested["userId"], tested["movieId"])
            ]
            found = np.array([rows[pair] for pair in pairs])
        except KeyError as error:
            raise DataError(f"{path.name}: u{fold}.test holds a rating that u.data does not ({error}).") from error
        folds.append(np.isin(np.arange(len(data)), found))
    return folds


def _assemble(ratings: dict[str, np.ndarray], movies: dict, edition: str) -> MovieLens:
    user_ids, users = np.unique(ratings["userId"], return_inverse=True)
    movie_ids, indices = np.unique(ratings["movieId"], return_inverse=True)
    known = [movies.get(int(i), (f"(movie {i}, not listed)", ())) for i in movie_ids]
    return MovieLens(
        users=users.astype(np.int32),
        movies=indices.astype(np.int32),
        ratings=ratings["rating"].astype(np.float32),
        timestamps=ratings["timestamp"],
        user_ids=user_ids,
        movie_ids=movie_ids,
        titles=tuple(title for title, _ in known),
        genres=tuple(genres for _, genres in known),
        edition=edition,
    )


# ---------------------------------------------------------------------------------------------------------------------
# The stand-in

# Where a genre lies on the two planted axes, and the words its titles are made of.
AXES = ("light (-) to serious (+)", "gentle (-) to fierce (+)")
PLANTED_GENRES = {
    "Comedy": (
        (-1.0, -0.4),
        ("Accidental", "Borrowed", "Clumsy", "Sunday"),
        ("Cousin", "Lottery", "Landlord", "Parade"),
    ),
    "Children": ((-0.8, -1.0), ("Little", "Brave", "Paper", "Sleepy"), ("Hedgehog", "Kite", "Lighthouse", "Moonboat")),
    "Action": ((-0.7, 1.0), ("Thunder", "Final", "Iron", "Rapid"), ("Runway", "Convoy", "Pursuit", "Detonator")),
    "Thriller": ((0.7, 1.0), ("Cold", "Seventh", "Silent", "Blind"), ("Witness", "Corridor", "Ransom", "Alibi")),
    "Drama": ((1.0, 0.0), ("Long", "Grey", "Distant", "Unfinished"), ("Winter", "Harvest", "Letter", "Inheritance")),
    "Romance": ((0.5, -1.0), ("Tender", "April", "Second", "Velvet"), ("Waltz", "Promise", "Garden", "Afternoon")),
}

FORMS = ("The {} {}", "{} {}", "{} {} II", "Return of the {} {}", "A {} {}")
MOST_TITLES = len(PLANTED_GENRES) * len(FORMS) * 4 * 4


def stand_in(n_users: int = 400, n_movies: int = 360, seed: int = 7) -> MovieLens:
    """Ratings of films that do not exist by people who do not exist, made from a model that lesson 07 can find again.

    A film has two traits (light to serious, gentle to fierce) around those of its genre, a person a taste for each:
    rating = 3.2 + person's bias + film's bias + taste . traits + noise, in half stars. Popular films are rated more,
    and people watch what suits them. ``planted`` holds the tastes, traits, biases and the names of the axes.

    Args:
        n_users: each rates from 20 films up to half of them.
        n_movies: at most 480, so that no title occurs twice.
        seed: the same seed gives the same ratings.

    Raises:
        ValueError: more movies than there are titles.
    """
    if not 1 <= n_movies <= MOST_TITLES:
        raise ValueError(f"n_movies is {n_movies}; the generator has titles for 1 to {MOST_TITLES}.")
    rng = np.random.default_rng(seed)
    titles, genres, traits = _invent_movies(n_movies, rng)
    tastes = rng.normal(0, 0.55, size=(n_users, 2))
    user_bias, movie_bias = rng.normal(0, 0.35, n_users), rng.normal(0, 0.4, n_movies)
    affinity = tastes @ traits.T
    popularity = 1.0 / (3.0 + rng.permutation(n_movies))
    counts = np.clip(rng.lognormal(3.9, 0.6, n_users), 20, n_movies // 2).astype(int)
    users, movies = [], []
    for user, count in enumerate(counts):
        chance = popularity * np.exp(affinity[user] + movie_bias)
        seen = rng.choice(n_movies, size=count, replace=False, p=chance / chance.sum())
        users.append(np.full(count, user))
        movies.append(seen)
    users, movies = np.concatenate(users), np.concatenate(movies)
    exact = 3.2 + user_bias[users] + movie_bias[movies] + affinity[users, movies] + rng.normal(0, 0.6, len(users))
    ratings = {
        "userId": users + 1,
        "movieId": movies + 1,
        "rating": np.clip(np.round(2 * exact) / 2, LOWEST, HIGHEST),
        "timestamp": 1_000_000_000 + np.cumsum(rng.integers(1, 600, len(users))),
    }
    listed = {i + 1: (titles[i], genres[i]) for i in range(n_movies)}
    data = _assemble(ratings, listed, "stand-in")
    rated = data.movie_ids - 1
    planted = {"tastes": tastes, "traits": traits[rated], "user_bias": user_bias, "movie_bias": movie_bias[rated]}
    return replace(data, planted=planted | {"axes": AXES, "noise": 0.6, "mean": 3.2})


def _invent_movies(count: int, rng: np.random.Generator) -> tuple[list[str], list[tuple[str, ...]], np.ndarray]:
    """Titles, genres (one or two) and traits, shape (count, 2), of films that do not exist."""
    names = list(PLANTED_GENRES)
    pool = {
        name: [form.format(a, b) for form in FORMS for a in adjectives for b in nouns]
        for name, (_, adjectives, nouns) in PLANTED_GENRES.items()
    }
    for options in pool.values():
        rng.shuffle(options)
    titles, genres, traits = [], [], np.empty((count, 2))
    for i in range(count):
        name = names[i % len(names)]
        centre = np.array(PLANTED_GENRES[name][0])
        second = names[rng.integers(len(names))]
        both = second != name and rng.random() < 0.3
        if both:
            centre = 0.65 * centre + 0.35 * np.array(PLANTED_GENRES[second][0])
        titles.append(f"{pool[name].pop()} ({1950 + rng.integers(70)})")
        genres.append(tuple(sorted((name, second))) if both else (name,))
        traits[i] = centre + rng.normal(0, 0.2, 2)
    return titles, genres, traits
