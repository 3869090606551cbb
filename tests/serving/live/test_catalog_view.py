"""The catalog of a worker follows the changes of the store, at their times."""

from __future__ import annotations

from pathlib import Path

import pytest

from recsys.errors import EventStoreError, NotFoundError
from recsys.events.item_values import ItemChange
from recsys.events.records import EventsInfo
from recsys.events.store import EventStore
from recsys.recommend.recommender import Recommender
from serving.live.catalog_view import CatalogView
from tests.support import factories


@pytest.fixture
def store(tmp_path: Path) -> EventStore:
    return EventStore.open(str(tmp_path / "events.sqlite"))


def test_availability_turns_by_the_clock(store: EventStore) -> None:
    now = [100.0]
    view = CatalogView(lambda: store, lambda: now[0])
    recommender = Recommender(factories.model(), "v1")
    store.items.apply([ItemChange("i1", "patch", {"available_from": 200, "available_until": 300})])
    view.live(recommender)
    seen = []
    for now[0] in (100, 200, 299, 300):
        seen.append(view.with_unlisted(frozenset({"i9"})))
    assert seen == [{"i1", "i9"}, {"i9"}, {"i9"}, {"i1", "i9"}]


def test_the_set_of_unlisted_items_is_the_same_object_until_it_changes(store: EventStore) -> None:
    view, hidden = CatalogView(lambda: store), frozenset({"i9"})
    recommender = Recommender(factories.model(), "v1")
    assert view.live(recommender) is recommender
    assert view.with_unlisted(hidden) is hidden
    store.items.apply([ItemChange("i1", "delete", {})])
    live = view.live(recommender)
    assert view.live(recommender) is live
    assert view.with_unlisted(hidden) is view.with_unlisted(hidden)
    with pytest.raises(NotFoundError, match="item 'i1' was deleted"):
        live.item("i1")


def test_changes_that_the_model_was_trained_with_are_its_own(store: EventStore) -> None:
    store.items.apply([ItemChange("i1", "patch", {"price": 1})])
    (newer,) = store.items.apply([ItemChange("i2", "patch", {"price": 2})])
    trained = EventsInfo(store_id=store.store_id, items_through=newer.revision - 1)
    view = CatalogView(lambda: store)
    live = view.live(Recommender(factories.model(), "v1", trained))
    assert [live.item(item_id).attributes.get("price") for item_id in ("i1", "i2")] == [None, 2]
    other = view.live(Recommender(factories.model(), "v2", EventsInfo(store_id="another", items_through=99)))
    assert [other.item(item_id).attributes.get("price") for item_id in ("i1", "i2")] == [1, 2]


def test_while_the_store_fails_the_last_changes_hold(store: EventStore, monkeypatch: pytest.MonkeyPatch) -> None:
    view, recommender = CatalogView(lambda: store), Recommender(factories.model(), "v1")
    store.items.apply([ItemChange("i1", "patch", {"price": 1})])
    live = view.live(recommender)

    def fail(*_: object) -> None:
        raise EventStoreError("gone")

    monkeypatch.setattr(EventStore, "header", fail)
    assert view.live(recommender) is live


def test_an_item_changed_if_the_model_was_trained_without_its_change(store: EventStore) -> None:
    first, second = (store.items.apply([ItemChange(item, "patch", {"price": 1})])[0] for item in ("i1", "i2"))
    view, model = CatalogView(lambda: store), factories.model()
    trained = EventsInfo(store_id=store.store_id, items_through=first.revision)
    for events, expected in ((EventsInfo(), ["i1", "i2"]), (trained, ["i2"])):
        recommender = Recommender(model, "v1", events)
        assert [item for item in ("i1", "i2", "i3") if view.revision(item, recommender)] == expected
    assert second.revision > first.revision
