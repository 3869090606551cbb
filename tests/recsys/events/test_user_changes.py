"""Attributes of users, as one contract over SQLite and PostgreSQL; the oracle is a dict."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from recsys.errors import QueryError
from recsys.events.database import Database
from recsys.events.recent_users import RecentUsers
from recsys.events.store import EventStore
from recsys.events.tables import SCHEMA
from recsys.events.user_values import UserChange
from tests.support.event_stores import event, items


def test_what_holds_is_kept_with_a_rising_revision(store: EventStore) -> None:
    users = store.users
    assert (users.get("u"), users.since()) == (None, [])
    first = users.apply(UserChange("u", "patch", {"age": 34, "country": "CH", "city": None}))
    second = users.apply(UserChange("u", "patch", {"age": None, "languages": ["de", "fr"]}))
    assert second.revision > first.revision > 0
    assert second == UserChange(
        "u", "patch", {"age": None, "country": "CH", "city": None, "languages": ["de", "fr"]}, second.revision
    )
    assert second.on({"age": 3, "city": "Bern", "plan": "free"}) == {
        "plan": "free",
        "country": "CH",
        "languages": ["de", "fr"],
    }
    third = users.apply(UserChange("u", "put", {"member": True, "age": 0, "note": ""}))
    assert users.get("u") == third == UserChange("u", "put", {"member": True, "age": 0, "note": ""}, third.revision)
    assert third.on({"plan": "free"}) == {"member": "true", "age": 0}
    other = users.apply(UserChange("ü/\"' ", "put", {}))
    assert users.since() == [third, other]
    assert users.since(third.revision) == [other]
    assert users.get("a\0") is None


def test_a_deletion_erases_them_and_what_comes_later_is_of_a_new_user(store: EventStore) -> None:
    for user_id in ("u", "guest"):
        store.users.apply(UserChange(user_id, "put", {"age": 34}))
    trained = store.watermark()
    store.forget("u")
    store.merge("other", "guest")
    assert store.users.since() == []
    later = store.users.apply(UserChange("u", "patch", {"plan": "free"}))
    assert later.on({}) == {"plan": "free"}
    assert later.revision > trained.forgotten_through
    assert store.read_user("u", trained.through, trained.forgotten_through).forgotten


def test_a_worker_asks_only_for_users_whose_attributes_changed_since_the_training(
    store: EventStore, opened: Callable[[], EventStore]
) -> None:
    store.users.apply(UserChange("old", "put", {"age": 34}))
    trained, worker = store.watermark(), opened()
    recent = RecentUsers(worker, trained.through, trained.forgotten_through)
    assert recent.may_have("old") == recent.may_have("new") == (store.header() is None)
    store.users.apply(UserChange("new", "put", {"age": 34}))
    assert recent.may_have("new")


def test_a_store_of_schema_2_gets_the_table(events_url: str) -> None:
    with EventStore.open(events_url) as store:
        store.add([event(item="a")])
    database = Database(events_url)
    with database.writing() as execute:
        execute(sa.text("DROP TABLE recsys_users"))
        execute(sa.text("UPDATE recsys_state SET schema = 2"))
    database.close()
    with EventStore.open(events_url) as store:
        store.users.apply(UserChange("u", "put", {"age": 34}))
        assert items(store.read_user("u").events) == ["a"]
        assert store.users.get("u") is not None
        assert database.rows(store._sql.state, {}) == [(SCHEMA, store.store_id)]
    database.close()


def test_what_cannot_be_kept_is_refused() -> None:
    with pytest.raises(QueryError, match=r"user 'u' has 201 values; at most 200 are kept"):
        UserChange("u", "put", {f"n{num}": num for num in range(201)})
    with pytest.raises(QueryError, match=r"user_id '' is empty"):
        UserChange("", "put", {})
