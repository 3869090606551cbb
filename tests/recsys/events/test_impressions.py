"""Impressions are kept apart from the events that count, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from recsys.events.activity import NO_EVENTS, EventRules
from recsys.events.database import Database
from recsys.events.impressions import HALF_LIFE_DAYS, KEEP_DAYS, ShownList
from recsys.events.records import Added, ReceivedEvent
from recsys.events.store import EventStore
from recsys.events.tables import IMPRESSIONS, SCHEMA
from tests.support.event_stores import NOW, event, everything

DAY = 86_400
RULES = EventRules()


def shown(user: str = "u", item: str = "i", event_id: str | None = None, **rest: object) -> ReceivedEvent:
    return event(user, item, event_id, event="impression", **rest)


def exposure(store: EventStore, user: str = "u", **marks: int) -> dict[str, float]:
    return dict(store.impressions.unanswered(user, RULES, NOW, **marks).exposure)


def test_an_impression_is_no_event(store: EventStore) -> None:
    mark = store.watermark()
    added = store.add(
        [shown(item="a", recommendation_id="r", position=3, timestamp=NOW - 60), event(item="b"), shown()]
    )
    assert added == Added(3, 0)
    assert [one.event.item_id for one in everything(store)] == ["b"]
    assert [one.event.item_id for one in (*store.latest(), *store.history("u"))] == ["b", "b"]
    assert store.pair_history("u", "a") == ()
    assert store.recent_counts(0, 0.0) == {"b": 1.0}
    assert [one.item_id for one in store.read_user("u").events] == ["b"]
    assert store.watermark().through == mark.through + 1
    first = ShownList("u", ("a",), NOW - 60, "r", 3)
    assert store.impressions.of_user("u") == [ShownList("u", ("i",), NOW), first]


def test_a_user_with_impressions_alone_has_no_events(store: EventStore) -> None:
    store.add([shown()])
    assert store.read_user("u") == NO_EVENTS


def test_a_repeated_one_does_not_count_again(store: EventStore) -> None:
    assert store.add([shown(event_id="1"), shown(event_id="1"), event(event_id="1")]) == Added(2, 1)
    assert exposure(store) == {}  # the event is a reaction
    assert store.add([shown("v", event_id="2")]) == Added(1, 0)
    assert store.add([shown("v", event_id="2")]) == Added(0, 1)
    assert exposure(store, "v") == {"i": 1.0}


def test_it_can_be_undone(store: EventStore) -> None:
    store.add([shown(item="a", event_id="1"), shown(item="b", event_id="2")])
    assert [store.undo(one) for one in ("1", "1", "3")] == [True, True, False]
    assert exposure(store) == {"b": 1.0}
    assert store.add([shown(item="a", event_id="1")]) == Added(0, 1)
    assert store.watermark().forgotten_through == 0  # no model knows of it


def test_those_of_a_deleted_user_are_gone(store: EventStore, events_url: str) -> None:
    store.add([shown(event_id="1", recommendation_id="r"), shown(), shown("v")])
    store.impressions.log([ShownList("u", ("a", "b"), NOW, "r", 1)], 0)
    store.forget("u")
    assert exposure(store) == {}
    assert exposure(store, "v") == {"i": 1.0}
    assert store.add([shown(event_id="1")]) == Added(0, 1)
    database = Database(events_url)
    left = database.rows(sa.select(IMPRESSIONS.c.user_id, IMPRESSIONS.c.item_ids, IMPRESSIONS.c.recommendation_id), {})
    database.close()
    assert sorted(map(str, left)) == ["('v', '[\"i\"]', None)", "(None, None, None)"]


def test_a_list_of_a_user_who_was_deleted_meanwhile_is_not_logged(store: EventStore) -> None:
    lists = [ShownList("u", ("a", "b"), NOW, "r", 1), ShownList("v", ("c",), NOW, "s", 1)]
    store.forget("w")
    _, mark = store.impressions.log(lists, 0)
    store.forget("u")
    assert store.impressions.log(lists, mark) == (lists[1:], 2)
    assert (exposure(store), exposure(store, "v")) == ({}, {"c": 2.0})
    assert store.impressions.log(lists, 2) == (lists, 2)  # of a new user with the old id


def test_those_of_a_guest_become_those_of_the_user(store: EventStore) -> None:
    store.add([shown("guest", item="a", event_id="1"), shown(item="b")])
    store.merge("u", "guest")
    assert exposure(store) == {"a": 1.0, "b": 1.0}
    assert exposure(store, "guest") == {}
    assert store.add([shown("guest", item="a", event_id="1")]) == Added(0, 1)


def test_they_count_until_the_user_reacts_and_half_after_each_half_life(store: EventStore) -> None:
    half = int(HALF_LIFE_DAYS * DAY)
    store.add([shown(item="a", timestamp=NOW - age) for age in (0, half, 2 * half)])
    store.add([shown(item="b", timestamp=NOW - 50), event(item="b", timestamp=NOW - 50), shown(item="b")])
    store.add([shown(item="old", timestamp=NOW - 9 * half), shown(item="c", timestamp=NOW + 10_000)])
    assert exposure(store) == {"a": 1.75, "b": 1.0, "c": 1.0}
    later = store.impressions.unanswered("u", RULES, NOW + half)
    assert later.exposure == {"a": 0.875, "b": 0.5, "c": 0.5}


def test_a_dislike_is_no_reaction_that_brings_an_item_back(store: EventStore) -> None:
    store.add([shown(item=name) for name in ("skip", "view", "click")])
    store.add([event(item=name, event=name) for name in ("skip", "view", "click")])
    rules = EventRules({"skip": -0.2, "click": 1.0})
    assert store.impressions.unanswered("u", rules, NOW).exposure == {"skip": 1.0}


def test_a_later_page_counts_what_the_first_one_did(store: EventStore) -> None:
    store.add([shown(item="a"), event(item="c")])
    first = store.impressions.unanswered("u", RULES, NOW)
    seq = store.watermark().through
    store.add([shown(item="a"), shown(item="b", timestamp=NOW - DAY), event(item="a")])
    store.impressions.log([ShownList("u", ("a", "c"), NOW, "r", 1)], 0)
    assert store.impressions.unanswered("u", RULES, NOW, first.through, seq) == first
    assert exposure(store) == {"b": 0.905724}


@pytest.mark.parametrize("user", ["", "\0", "x" * 600, "nobody"])
def test_a_user_without_impressions_has_none(store: EventStore, user: str) -> None:
    store.add([shown()])
    assert exposure(store, user) == {}


def test_old_ones_are_deleted_by_later_writes(events_url: str) -> None:
    clock = [float(NOW)]
    with EventStore.open(events_url, lambda: clock[0], keep_days=2) as store:
        store.add([shown(item=f"{n}") for n in range(5)])
        clock[0] += 3 * DAY
        store.add([shown("v")])
        assert len(store.impressions.of_user("u")) == 3  # twice as many as were added
        store.add([shown("v"), shown("v")])
        assert store.impressions.of_user("u") == []
        assert len(store.impressions.of_user("v")) == 3


def test_those_of_earlier_releases_are_no_events_any_more(events_url: str) -> None:
    with EventStore.open(events_url) as store:
        store.add([event(item="a", event_id="1"), event(item="b", timestamp=NOW, event_id="2", recommendation_id="r")])
        store.add([event(item="undone", event_id="3")])
        store.undo("3")
    database = Database(events_url)
    with database.writing() as execute:
        execute(sa.text("UPDATE recsys_events SET event = 'impression' WHERE item_id <> 'a'"))
        execute(sa.text("DROP TABLE recsys_impressions"))
        execute(sa.text("UPDATE recsys_state SET schema = 2"))
    database.close()
    with EventStore.open(events_url, keep_days=KEEP_DAYS) as store:
        assert [one.event.item_id for one in everything(store)] == ["a"]
        assert store.impressions.of_user("u") == [ShownList("u", ("b",), NOW, "r")]
        assert store.add([shown(item="b", event_id="2")]) == Added(0, 1)
    assert SCHEMA == 3


def test_all_of_a_request_is_stored_or_nothing(
    store: EventStore, opened: Callable[[], EventStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> int:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(store.impressions, "_add", fail)
    with pytest.raises(RuntimeError, match="the disk is full"):
        store.add([event(item="a"), shown(item="b")])
    assert everything(opened()) == []
