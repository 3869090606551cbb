"""The event store as a source: counted as online, accounted for as the files, without those who were deleted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.config import Config
from recsys.data.catalog import Item
from recsys.errors import DataError, EventStoreError
from recsys.events.activity import EventRules
from recsys.events.item_values import ItemChange
from recsys.events.records import NO_WATERMARK, ReceivedEvent
from recsys.events.store import EventStore
from recsys.recommend import user_state
from tests.support import factories
from tests.support.files import config, pairs_of, table, text
from training.ingest.dataset import Dataset, checksum
from training.ingest.ingest import ingest
from training.presets import movielens

WEIGHTS = {"watch": 1.0, "like": 2.5, "skip": 0.0}
NOW = 1_700_000_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EventStore]:
    with EventStore.open(str(tmp_path / "events.sqlite"), lambda: NOW) as opened:
        yield opened


def reading(store: EventStore, interactions: Path | str = "", **sections: Any) -> Config:
    """A configuration that reads a store beside a file."""
    return config(interactions, store={"events": store._database.name}, **sections)


def event(user: str, item: str, **rest: Any) -> ReceivedEvent:
    return ReceivedEvent(user, item, **rest)


def weights(dataset: Dataset) -> dict[tuple[str, str], float]:
    return {pair: weight for pair, (weight, _) in pairs_of(dataset.interactions).items()}


def disliked(dataset: Dataset) -> set[tuple[str, str]]:
    assert dataset.seen_only is not None
    users, items = dataset.interactions.users, dataset.interactions.items
    return {(users.id(u), items.id(i)) for u in range(len(users)) for i in dataset.seen_only.items_of(u).tolist()}


def test_events_are_read_after_the_files(tmp_path: Path, store: EventStore) -> None:
    path = table(tmp_path / "i.csv", [("a", "x", 2, "", 5), ("b", "y", 1, "", 6)])
    store.add([event("a", "x", value=3, timestamp=9), event("new", "fresh")])
    dataset = ingest(reading(store, path))
    assert pairs_of(dataset.interactions) == {
        ("a", "x"): (5.0, 9),
        ("b", "y"): (1.0, 6),
        ("new", "fresh"): (1.0, NOW),
    }
    assert dict(dataset.accounting.read) == {"interactions": 2, "events": 2}
    assert dataset.watermark == store.watermark()
    assert dataset.unread == ()


def test_events_alone_are_enough(store: EventStore) -> None:
    store.add([event("a", "x", timestamp=NOW - 5), event("b", "x")])
    dataset = ingest(reading(store))
    assert pairs_of(dataset.interactions) == {("a", "x"): (1.0, NOW - 5), ("b", "x"): (1.0, NOW)}


def test_an_empty_store_changes_nothing(tmp_path: Path, store: EventStore) -> None:
    path = table(tmp_path / "i.csv", [("a", "x", 2, "", 5)])
    beside, alone = ingest(reading(store, path)), ingest(config(path))
    assert checksum(beside) == checksum(alone)
    assert beside.dropped == alone.dropped == {}
    assert (beside.watermark.store_id, alone.watermark) == (store.store_id, NO_WATERMARK)
    with pytest.raises(DataError, match=r"data\.interactions is not set"):
        ingest(reading(store))


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    path = table(tmp_path / "i.csv", [("a", "x", 2, "", 5)])
    missing = tmp_path / "deep" / "events.sqlite"
    assert ingest(config(path, store={"events": str(missing)})).watermark == NO_WATERMARK
    assert not missing.parent.exists()


def test_a_database_that_cannot_be_reached_is_an_error(tmp_path: Path) -> None:
    path = table(tmp_path / "i.csv", [("a", "x", 2, "", 5)])
    with pytest.raises(
        EventStoreError, match=r"\Aevent store postgresql\+psycopg://127.0.0.1:1/db: [^\n]*refused[^\n]*\Z"
    ):
        ingest(config(path, store={"events": "postgresql://127.0.0.1:1/db"}))


def test_files_without_times_still_go_with_events(tmp_path: Path, store: EventStore) -> None:
    path = text(tmp_path / "i.csv", "user_id,item_id,value", "a,x,5", "a,y,5")
    store.add(
        [event("a", "y", value=1, timestamp=9), event("a", "z", timestamp=3), event("a", "z", value=1, timestamp=2)]
    )
    dataset = ingest(reading(store, path, data={"threshold": 3.0, "half_life_days": 1.0}))
    assert dataset.interactions.timestamps is None
    assert weights(dataset) == {("a", "x"): 1.0, ("a", "z"): 1.0}
    assert disliked(dataset) == {("a", "y")}


def test_columns_that_are_named_must_still_be_in_the_files(tmp_path: Path, store: EventStore) -> None:
    store.add([event("a", "x")])
    path = text(tmp_path / "i.csv", "user_id,item_id", "a,x")
    with pytest.raises(DataError, match=r"data\.value_column = 'stars': there is no such column"):
        ingest(reading(store, path, data={"value_column": "stars"}))
    assert len(ingest(reading(store, data={"value_column": "stars"})).interactions) == 1


def test_rows_of_deleted_users_are_left_out(tmp_path: Path, store: EventStore) -> None:
    path = table(tmp_path / "i.csv", [("a", "x", 1, "", 5), ("gone", "x", 1, "", 5), ("gone", "y", "bad", "", 5)])
    store.add([event("gone", "z"), event("a", "z")])
    store.forget("gone")
    dataset = ingest(reading(store, path))
    assert list(dataset.interactions.users) == ["a"]
    assert list(dataset.interactions.items) == ["x", "z"]
    assert dataset.dropped == {"of deleted users, left out": 2}
    assert (dataset.accounting.read["interactions"], dataset.accounting.rejected("interactions")) == (3, 0)
    assert dataset.watermark.forgotten_through == 1
    store.add([event("gone", "again")])
    assert weights(ingest(reading(store, path))) == {("a", "x"): 1.0, ("a", "z"): 1.0, ("gone", "again"): 1.0}


def test_control_without_the_hashes_the_deleted_user_is_back(
    tmp_path: Path, store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = table(tmp_path / "i.csv", [("a", "x", 1, "", 5), ("gone", "x", 1, "", 5)])
    store.forget("gone")
    monkeypatch.setattr(EventStore, "forgotten_hashes", lambda _: frozenset())
    assert list(ingest(reading(store, path)).interactions.users) == ["a", "gone"]


def test_events_that_come_while_it_reads_are_left_to_the_next_training(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.add([event("a", "x")])
    forgotten = EventStore.forgotten_hashes

    def busy(one: EventStore) -> frozenset[bytes]:
        store.add([event("a", "late")])
        return forgotten(one)

    monkeypatch.setattr(EventStore, "forgotten_hashes", busy)
    dataset = ingest(reading(store))
    assert set(weights(dataset)) == {("a", "x")}
    assert [one.item_id for one in store.read_user("a", dataset.watermark.through).events] == ["late"]


def test_an_undone_event_is_in_no_later_training_and_in_the_one_that_is_under_way(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which reads what was there when it began; the model's watermark tells that the undo came after."""
    store.add([event("a", "x"), event("a", "y", event_id="y"), event("a", "z", event_id="z")])
    store.undo("z")
    forgotten = EventStore.forgotten_hashes

    def busy(one: EventStore) -> frozenset[bytes]:
        store.undo("y")
        return forgotten(one)

    monkeypatch.setattr(EventStore, "forgotten_hashes", busy)
    dataset = ingest(reading(store))
    assert set(weights(dataset)) == {("a", "x"), ("a", "y")}
    mark = dataset.watermark
    assert [one.item_id for one in store.read_user("a", mark.through, mark.forgotten_through).undone] == ["y"]
    assert set(weights(ingest(reading(store)))) == {("a", "x")}


def test_events_that_cannot_be_counted_are_rejected_with_their_number(tmp_path: Path, store: EventStore) -> None:
    rejects = tmp_path / "rejects.csv"
    store.add([event("a", "x"), event("a", "y", event="odd"), event("a", "z", value=-1), event("a", "w", event="skip")])
    sections = {"data": {"max_rejected": 1.0, "rejects": str(rejects)}, "events": WEIGHTS}
    dataset = ingest(reading(store, **sections))
    assert weights(dataset) == {("a", "x"): 1.0}
    assert dataset.accounting.reasons == {
        ("events", "event type without a weight in [events]"): 1,
        ("events", "value is negative; counts are not (set data.threshold for ratings)"): 1,
    }
    assert [line.split(",")[:2] for line in rejects.read_text().splitlines()[1:]] == [
        ["the event store", "2"],
        ["the event store", "3"],
    ]
    assert dataset.events == {"skip": (1, 0.0)}
    with pytest.raises(DataError, match=r"2 of 4 rows of events are unusable, more than data\.max_rejected = 0\.1"):
        ingest(reading(store, events=WEIGHTS, data={"max_rejected": 0.1}))


def test_many_events_are_read_in_chunks(store: EventStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recsys.events.store.CHUNK", 7)
    store.add([event(f"u{n % 5}", f"i{n}") for n in range(50)])
    dataset = ingest(reading(store))
    assert len(dataset.interactions) == dataset.accounting.read["events"] == 50


EVENTS = st.lists(
    st.tuples(
        st.sampled_from("ab"),
        st.sampled_from("xyz"),
        st.sampled_from(["", "watch", "like", "skip", "unknown"]),
        st.none() | st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.0, 5.0, -1.0, 1e-300, 1e15]),
        st.integers(1, 4),
    ),
    max_size=12,
)


def online(
    store: EventStore, rules: EventRules, through: int
) -> tuple[dict[tuple[str, str], float], set[tuple[str, str]]]:
    """What a recommender makes of the events of all users."""
    counted = {
        (user, item): weight
        for user in "ab"
        for item, weight in rules.aggregated(store.read_user(user, through).events).items()
    }
    return {pair: weight for pair, weight in counted.items() if weight > 0}, {
        pair for pair, weight in counted.items() if weight == 0
    }


@given(EVENTS, st.sampled_from([None, 1.0, 3.0, -2.0]), st.sampled_from([{}, WEIGHTS]))
def test_an_event_weighs_the_same_online_and_in_training(
    store: EventStore,
    given: Sequence[tuple[str, str, str, float | None, int]],
    threshold: float | None,
    types: dict[str, float],
) -> None:
    for user in "ab":
        store.forget(user)
    store.add([event(user, item, event=kind, value=value, timestamp=time) for user, item, kind, value, time in given])
    liked, seen = online(store, EventRules(types, threshold), 0)
    changed = reading(store, data={"threshold": threshold, "max_rejected": 1.0}, events=types)
    if liked:
        dataset = ingest(changed)
        expected = {pair: max(weight, 1e-6) for pair, weight in liked.items()}
        assert weights(dataset) == pytest.approx(expected)
        assert disliked(dataset) == seen
        assert dataset.rules == EventRules(types, threshold)
    else:
        with pytest.raises(DataError, match=r"no (usable|positive) interaction|data\.interactions is not set"):
            ingest(changed)


UNWANTED = {"watch": 1.0, "like": 2.5, "skip": -0.2, "dislike": -1.0}
TYPED = st.lists(
    st.tuples(
        st.sampled_from("ab"),
        st.sampled_from("xyz"),
        st.sampled_from([*UNWANTED, "unknown"]),
        st.sampled_from([None, 0.0, 0.5, 1.0, 5.0]),
        st.integers(1, 4),
    ),
    max_size=12,
)


@given(TYPED, st.sampled_from([None, 3.0]))
def test_weights_below_zero_are_the_same_online_and_in_training(
    store: EventStore, given: Sequence[tuple[str, str, str, float | None, int]], threshold: float | None
) -> None:
    """The weights, and what lists may show again."""
    for user in "ab":
        store.forget(user)
    store.add([event("a", "always", event="like", value=4.0)])
    store.add([event(user, item, event=kind, value=value, timestamp=time) for user, item, kind, value, time in given])
    rules = EventRules(UNWANTED, threshold)
    dataset = ingest(reading(store, data={"threshold": threshold, "max_rejected": 1.0}, events=UNWANTED))
    users, items = dataset.interactions.users, dataset.interactions.items
    found = weights(dataset)
    shown = {}
    for histories in (dataset.seen_only, dataset.skipped):
        if histories is not None:
            pairs = [
                (users.id(user), items.id(item))
                for user, item in zip(histories.user_nums(), histories.item_nums, strict=True)
            ]
            shown |= dict.fromkeys(pairs, histories is dataset.skipped)
            found |= dict(zip(pairs, np.minimum(histories.weights, 0).tolist(), strict=True))
    online = {(user, item): weight for user in "ab" for item, weight in aggregated(store, rules, user).items()}
    assert found == pytest.approx(online, abs=1e-6)
    model = factories.model_of([Item(item, item, "", {}) for item in items])
    for user in "ab":
        skipped = user_state.of_history(model, rules, store.read_user(user).events).skipped.tolist()
        assert {items.id(num) for num in skipped} == {
            item for (one, item), again in shown.items() if one == user and again
        }


def aggregated(store: EventStore, rules: EventRules, user: str) -> Mapping[str, float]:
    return rules.aggregated(store.read_user(user).events)


def test_the_threshold_of_the_preset_holds_for_events_too(tmp_path: Path, store: EventStore) -> None:
    folder = tmp_path / "ml"
    folder.mkdir()
    text(folder / "ratings.csv", "userId,movieId,rating,timestamp", "1,10,5,100")
    text(folder / "movies.csv", "movieId,title,genres", "10,Ten (1999),Drama", "11,Eleven (1999),Drama")
    store.add([event("1", "11", value=movielens.THRESHOLD - 0.5), event("2", "11")])
    dataset = ingest(reading(store, folder, data={"preset": "movielens"}))
    assert weights(dataset) == {("1", "10"): 1.0, ("2", "11"): 1.0}
    assert disliked(dataset) == {("1", "11")}


def test_deleted_users_stay_out_in_either_form_of_their_ids(tmp_path: Path, store: EventStore) -> None:
    rows = [("17851.0", "x", 1, "", 5), ("17851", "y", 1, "", 5), ("3.0", "x", 1, "", 5), ("4", "y", 1, "", 5)]
    store.forget("17851")
    store.forget("3.0")
    dataset = ingest(reading(store, table(tmp_path / "i.csv", rows), data={"id_form": ["no-float"]}))
    assert list(dataset.interactions.users) == ["4"]


def test_excluded_users_stay_out_in_either_form_of_their_ids(tmp_path: Path, store: EventStore) -> None:
    path = table(tmp_path / "i.csv", [("17851", "y", 1, "", 5), ("4", "y", 1, "", 5)])
    data = {"id_form": ["no-float"], "exclude_users": str(text(tmp_path / "out.txt", "17851.0"))}
    assert list(ingest(reading(store, path, data=data)).interactions.users) == ["4"]


def test_settings_for_the_texts_of_files_leave_stored_events_alone(tmp_path: Path, store: EventStore) -> None:
    rows = [("a", "x", "3,5", "", "05/01/2024"), ("b", "x", "99", "", "06/01/2024")]
    store.add([event("a", "y", value=3.5, timestamp=NOW), event("b", "y", value=99, timestamp=20_240_105)])
    data = {"decimal": ",", "missing": ["99"], "timestamp_format": "day-first"}
    found = pairs_of(ingest(reading(store, table(tmp_path / "i.csv", rows), data=data)).interactions)
    assert found["a", "y"] == (3.5, NOW)
    assert found["b", "y"] == (99.0, 20_240_105)
    assert found["a", "x"][0] == 3.5


def records(dataset: Dataset) -> dict[str, Item]:
    return {item.item_id: item for item in dataset.catalog}


def test_changes_of_items_are_taken_along(tmp_path: Path, store: EventStore) -> None:
    pairs = table(tmp_path / "p.csv", [("a", "x"), ("a", "y"), ("b", "gone"), ("b", "x")], ("user_id", "item_id"))
    rows = [("x", "X", "drama", 1990), ("y", "Y", "war", 2000), ("gone", "G", "war", 1)]
    items = table(tmp_path / "i.csv", rows, ("item_id", "title", "genres", "year"))
    store.items.apply(
        [
            ItemChange("x", "patch", {"year": None, "price": 2.5, "title": "X2", "available": False}),
            ItemChange("y", "put", {"title": "Y2", "genres": ["sea", "war"], "stock": True}),
            ItemChange("gone", "delete", {}),
            ItemChange("new", "put", {"title": "New", "year": 2026}),
        ]
    )
    store.add([event("c", "new"), event("c", "gone")])
    dataset = ingest(reading(store, pairs, data={"interactions": str(pairs), "items": str(items)}))
    assert records(dataset) == {
        "x": Item("x", "X2", "X2. drama", {"genres": ["drama"], "price": 2.5, "available": "false"}),
        "y": Item("y", "Y2", "Y2. sea, war", {"genres": ["sea", "war"], "stock": "true"}),
        "new": Item("new", "New", "New", {"year": 2026}),
    }
    assert set(pairs_of(dataset.interactions)) == {("a", "x"), ("a", "y"), ("b", "x"), ("c", "new")}
    assert dataset.watermark.items_through == store.watermark().items_through > 0


def test_items_may_all_come_from_the_store(tmp_path: Path, store: EventStore) -> None:
    store.items.apply([ItemChange("x", "put", {"title": "X", "brand": "acme"})])
    store.add([event("a", "x"), event("b", "y")])
    dataset = ingest(reading(store))
    assert records(dataset)["x"] == Item("x", "X", "X", {"brand": "acme"})
