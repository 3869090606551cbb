"""The events of a guest become those of a user, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from recsys.errors import QueryError
from recsys.events.activity import Event, UserEvents
from recsys.events.recent_users import RecentUsers
from recsys.events.records import Added, user_hash
from recsys.events.store import EventStore
from tests.support.event_stores import event, everything


def test_they_count_as_if_they_came_now(store: EventStore, opened: Callable[[], EventStore]) -> None:
    store.add([event("guest", item="a", event="like", value=2.0, timestamp=5, event_id="1"), event("guest", item="b")])
    store.add([event("u", item="c")])
    trained, worker = store.watermark(), opened()
    recent = RecentUsers(worker, trained.through, trained.forgotten_through)
    assert recent.may_have("u") == (store.header() is None)
    assert store.merge("u", "guest") == 2
    since = worker.read_user("u", trained.through, trained.forgotten_through)
    assert since.events[0] == Event("a", "like", 2.0, 5)
    assert {one.item_id for one in worker.read_user("u").events} == {"a", "b", "c"}
    assert recent.may_have("u")
    assert worker.read_user("guest") == UserEvents(forgotten=True)
    assert store.forgotten_hashes() == {user_hash("guest")}
    assert {one.user_id for one in everything(store)} == {"u"}


def test_a_late_retry_does_not_count_again_and_a_moved_event_can_be_undone(store: EventStore) -> None:
    sent = [event("guest", item="a", event_id="1"), event("guest", item="gone", event_id="2")]
    store.add(sent)
    store.undo("2")
    assert store.merge("u", "guest") == 1
    assert store.add(sent) == Added(0, 2)
    assert [one.item_id for one in store.read_user("u").events] == ["a"]
    assert store.undo("1")
    assert store.read_user("u").events == ()


def test_a_merge_with_oneself_or_with_nobody_changes_nothing(store: EventStore) -> None:
    store.add([event("u", item="a")])
    assert store.merge("u", "u") == 0
    assert store.merge("u", "nobody") == 0
    assert [one.item_id for one in store.read_user("u").events] == ["a"]
    assert not store.read_user("u").forgotten
    with pytest.raises(QueryError, match="user_id '' is empty"):
        store.merge("", "guest")
