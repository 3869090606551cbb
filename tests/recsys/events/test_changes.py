"""Changes since a model was trained, on both kinds of databases."""

from __future__ import annotations

from pathlib import Path

import pytest

from recsys.errors import EventStoreError
from recsys.events.changes import NO_CHANGES, REMEDY, Changes, watermark
from recsys.events.records import EventsInfo
from recsys.events.store import EventStore
from tests.support.event_stores import event, items


def trained(store: EventStore) -> EventsInfo:
    """A model that has read all of the store."""
    mark = store.watermark()
    return EventsInfo(store_id=mark.store_id, through=mark.through, forgotten_through=mark.forgotten_through)


def test_only_what_came_after_the_training_is_a_change(store: EventStore) -> None:
    store.add([event("old", "a"), event("both", "a")])
    store.forget("gone before")
    info = trained(store)
    store.add([event("both", "b"), event("new", "c"), event("back", "d")])
    store.forget("gone")
    store.forget("back")
    store.add([event("back", "e")])
    store.hide("h")
    changes = Changes(store, info)
    users = changes.users
    assert [*users.active] == ["both", "new", "back"]
    assert {user: user in users for user in ("old", "gone before", "gone", "both")} == {
        "old": False,
        "gone before": False,
        "gone": True,
        "both": True,
    }
    assert users.is_deleted("gone")
    assert users.is_deleted("back")
    assert not users.is_deleted("both")
    assert items(changes.of_user("both").events) == ["b"]
    assert changes.of_user("gone").forgotten
    assert changes.hidden == changes.of_user("nobody").hidden == {"h"}


def test_a_model_of_another_store_has_read_nothing(store: EventStore) -> None:
    store.add([event("u", "a")])
    info = trained(store)
    assert watermark(store, info) == (1, 0)
    assert watermark(store, info.model_copy(update={"store_id": "another"})) == (0, 0)


def test_without_a_store_nothing_changed() -> None:
    assert "u" not in NO_CHANGES.users
    assert not NO_CHANGES.hidden
    assert not NO_CHANGES.of_user("u").events


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    for where in (tmp_path / "none.sqlite", tmp_path / "no" / "folder" / "none.sqlite"):
        assert Changes.open(str(where), EventsInfo()).store is None
    assert not list(tmp_path.iterdir())


def test_a_store_that_fails_later_also_has_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "events.sqlite"
    with EventStore.open(str(path)) as store:
        changes = Changes(store, EventsInfo())
        path.rename(tmp_path / "moved")
        store.close()
        for read in (lambda: changes.users, lambda: changes.hidden, lambda: changes.of_user("u")):
            with pytest.raises(EventStoreError, match=REMEDY):
                read()
