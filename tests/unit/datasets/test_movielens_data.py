"""MovieLens: both formats, bad files told by line, and a stand-in whose planted tastes can be found again."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

from utils.datasets import movielens, movielens_files
from utils.datasets.archives import DataError
from utils.datasets.movielens import read_movielens, stand_in

RATINGS = "userId,movieId,rating,timestamp\n7,31,2.5,100\n7,10,5.0,101\n2,31,0.5,102\n90,99,4,103\n"
MOVIES = (
    'movieId,title,genres\n10,GoldenEye (1995),Action|Thriller\n31,"Crow, The (1994)",Action\n'
    "50,Never Rated (2000),Drama\n99,Old Reel,(no genres listed)\n"
)


def archive(tmp_path, ratings=RATINGS, movies=MOVIES, newline="\r\n"):
    path = tmp_path / "ml-latest-small.zip"
    with zipfile.ZipFile(path, "w") as file:
        if ratings is not None:
            file.writestr("ml-latest-small/ratings.csv", ratings.replace("\n", newline))
        if movies is not None:
            file.writestr("ml-latest-small/movies.csv", movies.replace("\n", newline))
    return path


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_users_and_movies_are_reindexed(tmp_path, newline):
    data = read_movielens(archive(tmp_path, newline=newline))
    assert data.users.tolist() == [1, 1, 0, 2] and data.movies.tolist() == [1, 0, 1, 2]
    assert data.users.dtype == data.movies.dtype == np.int32
    assert data.ratings.tolist() == [2.5, 5.0, 0.5, 4.0] and data.ratings.dtype == np.float32
    assert data.user_ids.tolist() == [2, 7, 90] and data.movie_ids.tolist() == [10, 31, 99]  # 50 has no rating
    assert data.titles == ("GoldenEye (1995)", "Crow, The (1994)", "Old Reel")
    assert data.genres == (("Action", "Thriller"), ("Action",), ())
    assert data.genre_names == ("Action", "Thriller") and data.genre_matrix.tolist() == [[1, 1], [1, 0], [0, 0]]
    assert data.years[:2].tolist() == [1995, 1994] and np.isnan(data.years[2])
    assert (data.n_users, data.n_movies, len(data)) == (3, 3, 4)
    assert data.edition == "ml-latest-small" and not data.is_stand_in
    assert data.find("crow") == [1] and data.find("e") == [1, 0, 2]  # most often rated first
    frame = data.frame()
    assert frame.columns.tolist() == ["user", "movie", "rating", "timestamp", "title"]
    assert frame.title.iloc[1] == "GoldenEye (1995)"


def test_ids_of_the_file_lead_to_indices_or_a_clear_error(tmp_path):
    data = read_movielens(archive(tmp_path))
    assert data.user_index(90) == 2 and data.movie_index(31) == 1
    with pytest.raises(KeyError, match="no user 3 in ml-latest-small"):
        data.user_index(3)
    with pytest.raises(KeyError, match="no rated movie 50"):
        data.movie_index(50)
    with pytest.raises(KeyError, match="1000"):
        data.user_index(1000)


def test_ml_100k(tmp_path):
    folder = tmp_path / "ml-100k"
    folder.mkdir()
    (folder / "u.data").write_text("196\t242\t3\t881250949\n186\t1\t5\t891717742\n")
    flags = "|".join("1" if genre in ("Animation", "Comedy") else "0" for genre in movielens_files.GENRES_100K)
    lines = [f"1|Toy Story (1995)|01-Jan-1995||http://x|{flags}", f"242|Misérables, Les (1995)|||http://y|1{'|0' * 18}"]
    (folder / "u.item").write_bytes("\n".join(lines).encode("latin-1"))
    data = read_movielens(folder)
    assert data.titles == ("Toy Story (1995)", "Misérables, Les (1995)")
    assert data.genres == (("Animation", "Comedy"), ()) and data.ratings.tolist() == [3, 5]
    assert data.movies.tolist() == [1, 0] and data.user_ids.tolist() == [186, 196] and data.edition == "ml-100k"


@pytest.mark.parametrize(
    ("ratings", "words"),
    [
        ("userId,movieId,timestamp\n1,2,3\n", r"ratings\.csv lacks the column rating; its columns are userId"),
        (RATINGS + "8,31,5.5,1\n", r"ratings\.csv, line 6: rating 5\.5 is outside 0\.5 to 5"),
        (RATINGS + "8,31,0,1\n", "line 6: rating 0 is outside"),
        (RATINGS + "7,31,4,1\n", "line 6: user 7 has rated movie 31 before, in line 2"),
        (RATINGS + "8,31,good,1\n", "line 6: rating 'good' is not a number"),
        (RATINGS + "8,31,,1\n", "line 6: rating '' is not a number"),
        (RATINGS + "8,31,nan,1\n", "line 6: rating 'nan' is not a number"),
        (RATINGS + "8,31.5,4,1\n", "line 6: movieId '31.5' is not a whole number"),
        (RATINGS + "8,x,4,1\n", "line 6: movieId 'x' is not a whole number"),
        (RATINGS + "8,31,4,1,9,9\n", "line 6"),
        ("userId,movieId,rating,timestamp\n7,31,2,5,100\n7,10,4,0,101\n", "more fields in its lines"),
        ("", r"ratings\.csv is no table"),
        ("userId,movieId,rating,timestamp\n", "holds no ratings"),
    ],
)
def test_a_bad_file_is_told_by_line(tmp_path, ratings, words):
    with pytest.raises(DataError, match=words) as caught:
        read_movielens(archive(tmp_path, ratings))
    assert "ml-latest-small.zip" in str(caught.value)


def test_bad_movies_and_missing_files(tmp_path):
    with pytest.raises(DataError, match=r"movies\.csv lists movie 10 more than once"):
        read_movielens(archive(tmp_path, movies=MOVIES + "10,Twice,Drama\n"))
    with pytest.raises(DataError, match=r"movies\.csv lacks the column genres"):
        read_movielens(archive(tmp_path, movies="movieId,title\n10,x\n"))
    with pytest.raises(DataError, match=r"movies\.csv is missing"):
        read_movielens(archive(tmp_path, movies=None))
    with pytest.raises(DataError, match=r"neither ratings\.csv, ratings\.dat nor u\.data"):
        read_movielens(archive(tmp_path, ratings=None))
    unlisted = read_movielens(archive(tmp_path, movies="movieId,title,genres\n10,Only One,Drama\n"))
    assert unlisted.titles[1] == "(movie 31, not listed)"


def test_a_truncated_archive(tmp_path):
    path = archive(tmp_path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DataError, match="cannot be unpacked"):
        read_movielens(path)


def test_without_the_file_the_stand_in_is_announced(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    monkeypatch.delenv("COURSE_MIRROR", raising=False)
    data = movielens.load_movielens()
    assert data.is_stand_in and "STAND-IN" in capsys.readouterr().out
    with pytest.raises(ValueError, match="ml-100k"):
        movielens.load_movielens("ml-25m")


def test_the_stand_in_is_repeatable_and_well_formed():
    data, again = stand_in(), stand_in()
    assert np.array_equal(data.ratings, again.ratings) and data.titles == again.titles
    assert not np.array_equal(stand_in(seed=8).ratings[:100], data.ratings[:100])
    assert set(np.unique(2 * data.ratings)) <= set(range(1, 11)) and 3 < data.ratings.mean() < 4
    assert len(set(data.titles)) == data.n_movies > 300 and data.n_users == 400
    pairs = data.users.astype(np.int64) * data.n_movies + data.movies
    assert len(np.unique(pairs)) == len(data) > 15_000
    assert np.bincount(data.users).min() >= 20
    assert data.planted["traits"].shape == (data.n_movies, 2) and data.planted["tastes"].shape == (data.n_users, 2)
    assert set(data.genre_names) == set(movielens.PLANTED_GENRES)
    with pytest.raises(ValueError, match="480"):
        stand_in(n_movies=481)


def test_the_planted_traits_can_be_found_again():
    """Least squares for the films, given the people's tastes, recovers the traits: the ratings do carry them."""
    data = stand_in()
    tastes = data.planted["tastes"]
    residual = data.ratings - 3.2 - data.planted["user_bias"][data.users]
    found = np.full((data.n_movies, 2), np.nan)
    for movie in np.flatnonzero(np.bincount(data.movies) >= 60):
        mine = data.movies == movie
        design = np.column_stack([tastes[data.users[mine]], np.ones(mine.sum())])
        found[movie] = np.linalg.lstsq(design, residual[mine], rcond=None)[0][:2]
    known = ~np.isnan(found[:, 0])
    for axis in range(2):
        assert np.corrcoef(found[known, axis], data.planted["traits"][known, axis])[0, 1] > 0.85


# ---------------------------------------------------------------------------------------------------------------------
# Other editions, and files of one's own


def test_ml_1m_and_ml_10m(tmp_path):
    folder = tmp_path / "ml-1m"
    folder.mkdir()
    (folder / "ratings.dat").write_text("1::1193::5::978300760\n\n2::661::3::978302109\n")
    lines = ["661::James and the Giant Peach (1996)::Animation|Children's", "1193::Cité: One :: Two (1975)::Drama"]
    (folder / "movies.dat").write_bytes("\n".join(lines).encode("latin-1"))
    data = read_movielens(folder)
    assert data.ratings.tolist() == [5, 3] and data.timestamps.tolist() == [978300760, 978302109]
    assert data.titles == ("James and the Giant Peach (1996)", "Cité: One :: Two (1975)") and data.lowest == 1
    assert data.genres == (("Animation", "Children's"), ("Drama",))
    (folder / "ratings.dat").write_text("1::1193::4.5::978300760\n2::661::3::978302109\n")
    assert read_movielens(folder).lowest == 0.5  # 10M has half stars
    (folder / "ratings.dat").write_text("1::1193::5::978300760\n\n2::x::3::978302109\n")
    with pytest.raises(DataError, match=r"ratings\.dat, line 3: movieId 'x'"):
        read_movielens(folder)


def test_a_csv_of_ones_own(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("\n\ufeffuserId,movieId,rating\n1,31,4.5\n\n2,31,3\n", encoding="utf-8")
    data = read_movielens(path)
    assert data.ratings.tolist() == [4.5, 3] and data.titles == ("(movie 31, not listed)",)
    (tmp_path / "movies.csv").write_text("movieId,title,genres\n31,Crow (1994),Action\n")
    assert read_movielens(path).titles == ("Crow (1994)",)
    path.write_text("nothing at all")
    for message in (r"mine\.csv lacks the column userId", "its columns are nothing at all"):
        with pytest.raises(DataError, match=message) as caught:
            read_movielens(path)
        assert "delete" not in str(caught.value).lower()
    with pytest.raises(DataError, match=r"none\.csv is not there"):
        read_movielens(tmp_path / "none.csv")


def test_nobody_is_told_to_delete_an_archive_of_ones_own(tmp_path):
    path = archive(tmp_path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DataError, match="cannot be unpacked") as caught:
        read_movielens(path)
    assert "Delete it" not in str(caught.value)
    path.with_name(path.name + ".source.json").write_text('{"source": "official"}')  # the store fetched it
    with pytest.raises(DataError, match="Delete it and run `make data`"):
        read_movielens(path)


def test_large_ids_are_exact_or_refused(tmp_path):
    above = 2**53 + 1
    rows = f"userId,movieId,rating,timestamp\n{above},7,4,1\n{above - 1},7,3,1\n{2**63 - 1},7,3,1\n"
    data = read_movielens(archive(tmp_path, rows))
    assert data.user_ids.tolist() == [above - 1, above, 2**63 - 1]
    with pytest.raises(DataError, match=rf"line 3: userId {2**63} is too large"):
        read_movielens(archive(tmp_path, f"userId,movieId,rating\n1,7,4\n{2**63},7,3\n"))
    with pytest.raises(DataError, match="line 2: userId '1e400' is not a whole number"):
        read_movielens(archive(tmp_path, "userId,movieId,rating\n1e400,7,4\n"))
    assert read_movielens(archive(tmp_path, "userId,movieId,rating\n3.0,7,4\n")).user_ids.tolist() == [3]


@pytest.mark.parametrize(
    ("ratings", "words"),
    [
        ("userId,movieId,rating\n\n1,7,4\n\n\n2,7,x\n", "line 6: rating 'x' is not a number"),
        ("\n\nuserId,movieId,rating\n1,7,4\n1,7,4\n", "line 5: user 1 has rated movie 7 before, in line 4"),
        ("userId,movieId,rating\n\n1,7,4\n1,8,4,4,4\n", r"(?i)line 4"),
        ("userId,movieId,rating\n1,7,3.7\n", r"line 2: rating 3\.7 is no half star"),
        ("userId,movieId,rating\n1,7\n", "line 2: rating '' is not a number"),
    ],
)
def test_lines_are_counted_as_an_editor_counts_them(tmp_path, ratings, words):
    with pytest.raises(DataError, match=words):
        read_movielens(archive(tmp_path, ratings))


def test_a_large_file_is_read_in_pieces(tmp_path, monkeypatch):
    """As in 25M, whose ratings.csv is larger than what is read into memory at once."""
    monkeypatch.setattr(movielens_files, "CHUNK", 100)
    rows = "".join(f"{n},{n % 50},{n % 10 / 2 + 0.5},{n}\n" for n in range(1000))
    path = archive(tmp_path, "userId,movieId,rating,timestamp\n" + rows)
    data = read_movielens(path)
    assert len(data) == 1000 and data.timestamps.tolist() == list(range(1000))
    assert data.ratings.tolist() == [n % 10 / 2 + 0.5 for n in range(1000)]
    with pytest.raises(DataError, match="line 1002: rating 6"):
        read_movielens(archive(tmp_path, "userId,movieId,rating,timestamp\n" + rows + "5,99,6,1\n"))


def test_a_healthy_archive_of_more_than_256_mib_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(movielens_files, "CHUNK", 5_000)
    path, note = tmp_path / "ml-25m.zip", "x" * 10_000
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        with file.open("ml-25m/ratings.csv", "w") as sink:
            sink.write(b"userId,movieId,rating,timestamp,note\n")
            for n in range(27_000):
                sink.write(f"{n // 100},{n % 100},4.5,1260759144,{note}\n".encode())
        file.writestr("ml-25m/movies.csv", "movieId,title,genres\n1,Only One,Drama\n")
    with zipfile.ZipFile(path) as file:
        assert file.getinfo("ml-25m/ratings.csv").file_size > 256 * 2**20
    data = read_movielens(path)
    assert len(data) == 27_000 and data.n_movies == 100 and data.edition == "ml-25m"


def test_ml_100k_brings_its_folds(made_up_100k):
    path, data = made_up_100k, read_movielens(made_up_100k)
    folds = movielens.read_given_folds(path, data)
    assert len(folds) == 5 and np.array_equal(sum(fold.astype(int) for fold in folds), np.ones(len(data)))
    assert data.lowest == 1
    (path / "u3.test").write_text("1\t1\t5\t1\n1\t999\t5\t1\n")
    with pytest.raises(DataError, match=r"u3\.test holds a rating that u\.data does not.*999"):
        movielens.read_given_folds(path, data)
    (path / "u3.test").unlink()
    with pytest.raises(DataError, match=r"u3\.test is missing"):
        movielens.read_given_folds(path, data)
