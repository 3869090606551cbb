"""The MovieLens folders, as they are published."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from recsys.data.catalog import Item
from recsys.errors import DataError
from tests.support import factories
from tests.support.files import config, pairs_of, text
from training.ingest.dataset import Dataset
from training.ingest.ingest import ingest

LATEST_SMALL = factories.SHARED_DATA / "ml-latest-small"
with_latest_small = pytest.mark.skipif(not LATEST_SMALL.is_dir(), reason=f"{LATEST_SMALL.name} is not on this machine")
PRESET = {"preset": "movielens"}
FLAGS_100K = "|".join("1" if genre in (5, 14) else "0" for genre in range(19))


def of_100k(folder: Path) -> Path:
    folder.mkdir()
    text(folder / "u.data", "196\t242\t3\t881250949", "186\t302\t4\t891717742", "196\t302\t5\t881250950")
    movie = f"242|Les Misérables (1995)|01-Jan-1995||http://us.imdb.com/?Kolya|{FLAGS_100K}\n"
    quoted = f'302|"Matrix", The (1999)|01-Jan-1999|||{FLAGS_100K}\n'
    (folder / "u.item").write_bytes((movie + quoted).encode("latin-1"))
    return folder


def of_1m(folder: Path) -> Path:
    folder.mkdir()
    text(folder / "ratings.dat", "196::242::3::881250949", "186::302::4::891717742", "196::302::5::881250950")
    movies = '242::Les Misérables (1995)::Comedy|Romance\n302::"Matrix", The (1999)::Comedy|Romance\n'
    (folder / "movies.dat").write_bytes(movies.encode("latin-1"))
    return folder


def of_10m(folder: Path) -> Path:
    of_1m(folder)
    movies = (folder / "movies.dat").read_bytes().decode("latin-1")
    (folder / "movies.dat").write_bytes(movies.encode())
    text(folder / "tags.dat", "1::302::Cyber|Punk::1", "2::302::cyber punk::2", "2::302:: Neo ::2", "2::999::x::3")
    return folder


def of_csv(folder: Path) -> Path:
    folder.mkdir()
    text(
        folder / "ratings.csv",
        "userId,movieId,rating,timestamp",
        "196,242,3.0,881250949",
        "186,302,4.0,891717742",
        "196,302,5.0,881250950",
    )
    movies = ["242,Les Misérables (1995),Comedy|Romance", '302,"""Matrix"", The (1999)",Comedy|Romance']
    text(folder / "movies.csv", "movieId,title,genres", *movies)
    text(
        folder / "tags.csv", "userId,movieId,tag,timestamp", "1,302,Cyber|Punk,1", "2,302,cyber punk,2", "2,302, Neo ,2"
    )
    return folder


@pytest.mark.parametrize("write", [of_100k, of_1m, of_10m, of_csv])
def test_every_release_gives_the_same_ratings_and_titles(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    dataset = ingest(config(write(tmp_path / "ml"), data={**PRESET, "threshold": 3.0}))
    assert pairs_of(dataset.interactions) == {
        ("196", "242"): (1.0, 881250949),
        ("186", "302"): (1.0, 891717742),
        ("196", "302"): (1.0, 881250950),
    }
    records = {
        item.item_id: (item.title, item.attributes["year"], item.attributes["genres"]) for item in dataset.catalog
    }
    genres = ["Comedy", "Romance"]
    assert records == {"242": ("Les Misérables", 1995, genres), "302": ('The "Matrix"', 1999, genres)}
    assert dataset.accounting.read["interactions"] == 3
    assert dataset.accounting.read["items"] == 2
    assert not dataset.accounting.reasons


@pytest.mark.parametrize("write", [of_100k, of_1m, of_10m, of_csv])
def test_ratings_under_three_and_a_half_are_not_positive(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    dataset = ingest(config(write(tmp_path / "ml"), data=PRESET))
    assert pairs_of(dataset.interactions).keys() == {("186", "302"), ("196", "302")}
    assert dataset.dropped == {"under the threshold 3.5: seen, not liked": 1}


@pytest.mark.parametrize("write", [of_10m, of_csv])
def test_tags_are_distinct_lower_case_and_part_of_the_text(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    dataset = ingest(config(write(tmp_path / "ml"), data=PRESET))
    item = next(item for item in dataset.catalog if item.item_id == "302")
    assert item.attributes["tags"] == ["cyber punk", "neo"]
    assert item.text == 'The "Matrix". Comedy, Romance. cyber punk, neo'


def title_of(tmp_path: Path, raw: str, genres: str = "Drama") -> Item:
    text(tmp_path / "ratings.dat", "1::1::5::1")
    text(tmp_path / "movies.dat", f"1::{raw}::{genres}")
    return ingest(config(tmp_path, data=PRESET)).catalog[0]


@pytest.mark.parametrize(
    ("raw", "title", "year"),
    [
        ("Toy Story (1995)", "Toy Story", 1995),
        ("American President, The (1995)", "The American President", 1995),
        ("Beautiful Mind, A (2001)", "A Beautiful Mind", 2001),
        (
            "City of Lost Children, The (Cité des enfants perdus, La) (1995)",
            "The City of Lost Children (Cité des enfants perdus, La)",
            1995,
        ),
        ("Jour se lève, Le (1939)", "Le Jour se lève", 1939),
        ("2001: A Space Odyssey (1968)", "2001: A Space Odyssey", 1968),
        ("Doctor Who (2005-2010)", "Doctor Who", 2005),
        ("Doctor Who (2005-)", "Doctor Who", 2005),
        ("Babylon 5", "Babylon 5", None),
        ("(500) Days of Summer (2009) ", "(500) Days of Summer", 2009),
        ("1984 (1984)", "1984", 1984),
        ("Good, the Bad and the Ugly, The (1966)", "The Good, the Bad and the Ugly", 1966),
        ("Theodora", "Theodora", None),
    ],
)
def test_titles_lose_the_year_and_have_their_article_in_front(
    tmp_path: Path, raw: str, title: str, year: int | None
) -> None:
    item = title_of(tmp_path, raw)
    assert (item.title, item.attributes.get("year")) == (title, year)


def test_no_genres_listed_is_no_genre(tmp_path: Path) -> None:
    assert title_of(tmp_path, "Babylon 5", "(no genres listed)").attributes == {}


def test_bad_rows_of_a_release_are_accounted_for(tmp_path: Path) -> None:
    folder = of_1m(tmp_path / "ml")
    with (folder / "ratings.dat").open("a") as stream:
        stream.write("1::2::3\n\n1::302::five::1\n")
    dataset = ingest(config(folder, data={**PRESET, "max_rejected": 1.0}))
    assert dataset.accounting.examples == {
        ("interactions", "wrong number of fields"): "ratings.dat line 4: 1::2::3",
        ("interactions", "value is not a number"): "ratings.dat line 6: ['1', '302', 'five', '1']",
    }


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no MovieLens folder; it holds none of movies\.csv, movies\.dat, u\.item"):
        ingest(config(tmp_path, data=PRESET))
    text(tmp_path / "movies.csv", "movieId,title,genres")
    with pytest.raises(DataError, match=r"no MovieLens folder; it holds none of ratings\.csv, ratings\.dat, u\.data"):
        ingest(config(tmp_path, data=PRESET))


@pytest.fixture(scope="module")
def latest_small() -> Dataset:
    return ingest(config(LATEST_SMALL, data=PRESET))


@with_latest_small
def test_latest_small_is_read_completely(latest_small: Dataset) -> None:
    with (LATEST_SMALL / "ratings.csv").open(newline="") as stream:
        ratings = list(csv.DictReader(stream))
    expected = {
        (row["userId"], row["movieId"]): (1.0, int(row["timestamp"])) for row in ratings if float(row["rating"]) >= 3.5
    }
    assert len(ratings) == latest_small.accounting.read["interactions"] == 100_004
    assert pairs_of(latest_small.interactions) == expected
    assert latest_small.accounting.rejected("interactions") == latest_small.accounting.rejected("items") == 0


@with_latest_small
def test_latest_small_has_a_record_for_every_movie(latest_small: Dataset) -> None:
    with (LATEST_SMALL / "movies.csv").open(newline="", encoding="utf-8") as stream:
        movies = {row["movieId"]: row for row in csv.DictReader(stream)}
    assert {item.item_id for item in latest_small.catalog} == movies.keys()
    for item in latest_small.catalog:
        assert item.title
        assert str(item.attributes.get("year", "")) in movies[item.item_id]["title"]
        assert set(item.attributes.get("genres", [])) <= set(movies[item.item_id]["genres"].split("|"))  # type: ignore[arg-type]
