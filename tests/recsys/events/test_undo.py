"""An undone event never happened: for readers at once, for every later training, and for its late retries."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.errors import EventStoreError
from recsys.events.activity import NO_EVENTS, Event, Undone
from recsys.events.changes import Changes
from recsys.events.database import Database
from recsys.events.recent_users import RecentUsers
from recsys.events.records import Added, EventsInfo
from recsys.events.store import EventStore
from recsys.events.tables import SCHEMA
from tests.support.event_stores import (
    NOW,
    OLD_FORGOTTEN,
    OLD_STORE_ID,
    event,
    everything,
    items,
    write_old_store,
)

AGAIN = 20


def test_an_undone_event_is_gone_for_every_reader(store: EventStore, opened: Callable[[], EventStore]) -> None:
    other = opened()
    store.add([event(item="a", event_id="1"), event(item="b", event_id="2"), event(item="c", event_id="3")])
    assert store.undo("2")
    for one in (store, other):
        assert items(one.read_user("u").events) == ["a", "c"]
        assert [stored.event.item_id for stored in everything(one)] == ["a", "c"]
        assert [(stored.event_id, stored.event.item_id) for stored in one.latest()] == [("3", "c"), ("1", "a")]
        assert [stored.event_id for stored in one.history("u")] == ["3", "1"]
        assert one.pair_history("u", "b") == ()
        assert one.recent_counts(0, 0.0) == {"a": 1.0, "c": 1.0}


def test_an_undo_can_be_repeated_and_an_unknown_one_is_told(store: EventStore) -> None:
    store.add([event(item="a", event_id="1"), event("gone", event_id="2"), event(item="b")])
    assert [store.undo(one) for one in ("1", "1", "3", "", "\0", "x" * 600)] == [True, True, False, False, False, False]
    assert store.watermark().forgotten_through == 1  # one undo, however often it is asked for
    store.forget("gone")
    assert store.undo("2")
    assert items(store.read_user("u").events) == ["b"]


def test_a_late_retry_does_not_bring_it_back(store: EventStore) -> None:
    store.add([event(item="a", event_id="1")])
    store.undo("1")
    assert store.add([event(item="a", event_id="1")]) == Added(0, 1)
    assert store.read_user("u").events == ()


def test_a_model_that_was_trained_with_it_learns_of_it(store: EventStore) -> None:
    store.add([event(item="a", event_id=f"{n}", timestamp=NOW - n, event=f"e{n}") for n in range(4)])
    store.add([event(item="b", event_id="b"), event("v", event_id="v")])
    mark = store.watermark()
    assert store.read_user("u", mark.through, mark.forgotten_through) == NO_EVENTS
    store.add([event(item="c", event_id="c"), event(item="d", event_id="d")])
    for one in ("1", "3", "b", "d"):
        store.undo(one)
    changes = store.read_user("u", mark.through, mark.forgotten_through)
    assert items(changes.events) == ["c"]
    of = {n: Event("a", f"e{n}", None, NOW - n) for n in range(4)}
    assert set(changes.undone) == {
        Undone("a", (of[3], of[1]), (of[2], of[0])),
        Undone("b", (Event("b", "", None, NOW),), ()),
    }
    assert store.read_user("v", mark.through, mark.forgotten_through) == NO_EVENTS
    now = store.watermark()
    assert store.read_user("u", now.through, now.forgotten_through) == NO_EVENTS
    store.forget("u")
    assert store.read_user("u", mark.through, mark.forgotten_through).undone == ()


def test_a_training_reads_the_events_of_its_watermark(store: EventStore) -> None:
    """However late it reads them: an undo meanwhile counts beside the model, and one before it does not."""
    store.add([event(item=one, event_id=one) for one in "abc"])
    store.undo("a")
    mark = store.watermark()
    store.undo("b")
    store.add([event(item="late")])
    read = [one for chunk in store.since(0, mark.through, mark.forgotten_through) for one in chunk]
    assert [one.event.item_id for one in read] == ["b", "c"]
    changes = store.read_user("u", mark.through, mark.forgotten_through)
    assert [undone.item_id for undone in changes.undone] == ["b"]
    assert items(changes.events) == ["late"]


def test_a_user_of_an_undone_event_is_a_changed_one(store: EventStore) -> None:
    store.add([event(event_id="1"), event("v", event_id="2")])
    mark = store.watermark()
    recent = RecentUsers(store, mark.through, mark.forgotten_through)
    is_server = store.header() is None
    assert (recent.may_have("u"), recent.may_have("v")) == (is_server, is_server)
    store.undo("1")
    assert (recent.may_have("u"), recent.may_have("v")) == (True, is_server)
    changes = Changes(store, EventsInfo(**vars(mark)))
    assert ("u" in changes.users, "v" in changes.users) == (True, False)
    assert [undone.item_id for undone in changes.of_user("u").undone] == ["i"]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from("ab"), st.sampled_from("xyz")),
        st.tuples(st.just("undo"), st.integers(0, AGAIN), st.none()),
        st.tuples(st.just("forget"), st.sampled_from("ab"), st.none()),
        st.tuples(st.just("train"), st.none(), st.none()),
    ),
    max_size=14,
)


@given(STEPS)
def test_reading_after_an_undo_is_reading_without_the_event(
    store: EventStore, steps: list[tuple[str, object, object]]
) -> None:
    """Since any training, what is read with what the training read are the events that were not undone."""
    run = store.watermark()
    sent: list[tuple[str, str, str]] = []
    trained: list[tuple[str, str, str]] = []
    mark = run
    for kind, what, item in steps:
        if kind == "add":
            name = f"{run.through}-{run.forgotten_through}-{len(sent)}"
            sent.append((f"{what}{run}", f"{item}", name))
            store.add([event(sent[-1][0], f"{item}", name)])
        elif kind == "undo" and sent:
            gone = sent[int(str(what)) % len(sent)]
            assert store.undo(gone[2])
            sent = [("", "", one[2]) if one == gone else one for one in sent]
        elif kind == "forget":
            store.forget(f"{what}{run}")
            sent = [("", "", one[2]) if one[0] == f"{what}{run}" else one for one in sent]
            trained = [one for one in trained if one[0] != f"{what}{run}"]
        elif kind == "train":
            mark, trained = store.watermark(), [one for one in sent if one[0]]
    for user in (f"a{run}", f"b{run}"):
        changes = store.read_user(user, mark.through, mark.forgotten_through)
        known = [item for one, item, _ in trained if one == user]
        for undone in changes.undone:
            for _ in undone.events:
                known.remove(undone.item_id)
            assert [one.item_id for one in undone.left] == [item for item in known if item == undone.item_id]
        assert sorted([*known, *items(changes.events)]) == sorted(item for one, item, _ in sent if one == user)


def test_a_store_of_schema_1_is_upgraded_and_loses_nothing(events_url: str) -> None:
    write_old_store(events_url)
    with ThreadPoolExecutor(4) as pool:  # workers start together
        stores = list(pool.map(EventStore.open, [events_url] * 4))
    for store in stores:
        assert store.store_id == OLD_STORE_ID
        assert items(store.read_user("u").events) == ["a", "b"]
        assert store.hidden() == {"h"}
        assert store.forgotten_since(0) == [(OLD_FORGOTTEN, 7)]
    first, second, *_ = stores
    assert [one.event_id for one in first.latest()] == [None, None]
    assert first.undo("old")
    assert second.add([event(item="c", event_id="new"), event(item="a", event_id="old")]) == Added(1, 1)
    assert items(second.read_user("u").events) == ["b", "c"]
    assert second.watermark().forgotten_through == 8
    for store in stores:
        store.close()
    database = Database(events_url)
    assert database.rows(first._sql.state, {}) == [(SCHEMA, OLD_STORE_ID)]
    database.close()


def test_control_a_store_that_is_not_upgraded_cannot_undo(events_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write_old_store(events_url)
    monkeypatch.setattr("recsys.events.store.UPGRADES", {})
    with pytest.raises(EventStoreError, match=f"schema 1, this release reads {SCHEMA}"):
        EventStore.open(events_url)
