"""The sample that ships: drawn by data/simulate.py from the films, byte for byte, and of the shape that its card states."""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from data import simulate
from tests.support import factories

Row = dict[str, str]
DAY = 86_400
COLUMNS = ["item_id", "title", "year", "director", "genres", "description"]
SENTENCE_END = re.compile(r"(?<![A-Z])(?<!Mr)(?<!Mrs)(?<!Dr)[.!?](?=\s|$)")  # not after an initial


def rows_of(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def films() -> list[Row]:
    return rows_of(factories.SAMPLE / "items.csv")


@pytest.fixture(scope="module")
def events() -> list[Row]:
    return rows_of(factories.SAMPLE / "interactions.csv")


@pytest.fixture(scope="module")
def watched(events: list[Row]) -> dict[str, dict[str, int]]:
    """The time of each film that a user watched."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for event in events:
        if event["event"] == "watch":
            found[event["user_id"]][event["item_id"]] = int(event["timestamp"])
    return found


def test_the_events_are_those_that_the_program_draws(tmp_path: Path) -> None:
    films = simulate.Films.read(factories.SAMPLE / "items.csv")
    simulate.write(simulate.simulate(films), tmp_path)
    for name in ("interactions.csv", "users.csv"):
        assert (tmp_path / name).read_bytes() == (factories.SAMPLE / name).read_bytes()


def test_another_seed_draws_other_events(events: list[Row], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulate, "USERS", 20)
    films = simulate.Films.read(factories.SAMPLE / "items.csv")
    one, same, other = (simulate.simulate(films, seed).events for seed in (1, 1, 2))
    assert one == same != other
    assert {user for _, user, _, _ in one} == {f"u{number:04d}" for number in range(1, 21)}


def test_counts_are_in_the_stated_ranges(
    films: list[Row], events: list[Row], watched: dict[str, dict[str, int]]
) -> None:
    assert 500 <= len(films) <= 600
    assert len(watched) == 1000
    assert 30_000 <= len(events) <= 50_000
    assert Counter(event["event"] for event in events).keys() == {"watch", "like"}
    assert 0.2 < sum(event["event"] == "like" for event in events) / len(events) < 0.4


def test_attributes_of_users_have_a_part_of_their_tastes(films: list[Row], watched: dict[str, dict[str, int]]) -> None:
    users = rows_of(factories.SAMPLE / "users.csv")
    assert {user["user_id"] for user in users} == watched.keys()
    genres = {film["item_id"]: film["genres"].split("|") for film in films}
    frequency = Counter(genre for seen in watched.values() for item_id in seen for genre in genres[item_id])
    favorite = Counter(user["favorite_genre"] for user in users)
    expected = sum(favorite[genre] * frequency[genre] for genre in favorite) / len(users)
    found = sum(
        sum(user["favorite_genre"] in genres[item_id] for item_id in watched[user["user_id"]])
        / len(watched[user["user_id"]])
        for user in users
    )
    assert found > 1.5 * expected * len(users) / sum(map(len, watched.values()))
    assert found < 0.8 * len(users)
    assert {user["country"] for user in users} == set(simulate.COUNTRIES)
    assert all(16 <= int(user["age"]) <= 85 for user in users)


def test_the_events_span_two_years_in_the_order_of_time(events: list[Row]) -> None:
    times = [int(event["timestamp"]) for event in events]
    assert times == sorted(times)
    assert 700 * DAY < times[-1] - times[0] < 732 * DAY


def test_some_users_watched_only_one_or_two_films(watched: dict[str, dict[str, int]]) -> None:
    lengths = Counter(len(films) for films in watched.values())
    assert 25 <= lengths[1] <= 75
    assert 25 <= lengths[2] <= 75
    assert max(lengths) == 150


def test_one_film_in_twenty_is_cold_and_new(films: list[Row], events: list[Row]) -> None:
    seen = {event["item_id"] for event in events}
    cold = [film for film in films if film["item_id"] not in seen]
    assert 0.04 < len(cold) / len(films) < 0.06
    assert min(int(film["year"]) for film in cold) >= 2012


def test_few_films_are_watched_by_many(films: list[Row], watched: dict[str, dict[str, int]]) -> None:
    counts = sorted(Counter(film for seen in watched.values() for film in seen).values(), reverse=True)
    tenth, half = len(films) // 10, len(films) // 2
    assert sum(counts[:tenth]) > 0.25 * sum(counts)
    assert sum(counts[half:]) < 0.3 * sum(counts)
    assert counts[-1] < counts[0] / 20


def test_a_film_is_watched_once_and_liked_within_two_hours(
    events: list[Row], watched: dict[str, dict[str, int]]
) -> None:
    assert sum(len(films) for films in watched.values()) == sum(event["event"] == "watch" for event in events)
    likes = [event for event in events if event["event"] == "like"]
    assert len({(event["user_id"], event["item_id"]) for event in likes}) == len(likes)
    for event in likes:
        assert 60 <= int(event["timestamp"]) - watched[event["user_id"]][event["item_id"]] <= 2 * 3600 + 60


def test_every_event_is_of_a_film_of_the_catalog(films: list[Row], events: list[Row]) -> None:
    assert {event["item_id"] for event in events} <= {film["item_id"] for film in films}


def test_every_film_is_complete_and_there_once(films: list[Row]) -> None:
    for film in films:
        assert list(film) == COLUMNS
        assert all(value and value == value.strip() for value in film.values())
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", film["item_id"])
        assert film["item_id"].endswith(film["year"])
        assert 1900 <= int(film["year"]) <= 2026
        genres = film["genres"].split("|")
        assert len(set(genres)) == len(genres) <= 4
    for unique in (["item_id"], ["title", "year"], ["description"]):
        assert len({tuple(film[column] for column in unique) for film in films}) == len(films)


def test_every_description_is_of_one_or_two_sentences(films: list[Row]) -> None:
    for film in films:
        text = film["description"]
        assert len(SENTENCE_END.findall(text)) in (1, 2), text
        assert text[-1] in ".!?", text
        assert 80 <= len(text) <= 300, text


def test_the_data_card_states_the_counts(
    films: list[Row], events: list[Row], watched: dict[str, dict[str, int]]
) -> None:
    card = (factories.ROOT / "data" / "README.md").read_text(encoding="utf-8")
    few = sum(len(seen) <= 2 for seen in watched.values())
    cold = len(films) - len({event["item_id"] for event in events})
    for stated in (f"{len(films)} well-known films", f"{len(events):,} events of {len(watched):,} simulated users"):
        assert stated in card
    assert f"{few} users\nhave watched one or two films; {cold} films" in card
