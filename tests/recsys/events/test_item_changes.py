"""Changes of items, as one contract over SQLite and PostgreSQL; the oracle is a dict."""

from __future__ import annotations

import pytest

from recsys.errors import NotFoundError, QueryError
from recsys.events.item_values import ItemChange
from recsys.events.store import EventStore


def test_what_holds_is_kept_with_a_rising_revision(store: EventStore) -> None:
    changes = store.items
    assert (changes.get("a"), changes.since()) == (None, [])
    first, second = changes.apply([ItemChange("a", "put", {"title": "A"}), ItemChange("ü/\"' ", "patch", {"n": None})])
    assert first.revision == second.revision == changes.revision()
    (third,) = store.items.apply([ItemChange("a", "patch", {"price": 1.5, "title": None, "tags": ["x", "\0y"]})])
    assert third == ItemChange("a", "put", {"price": 1.5, "tags": ["x", "\0y"]}, third.revision)
    assert third.revision > first.revision
    assert changes.get("a") == third
    assert changes.since(first.revision) == [third]
    assert changes.since() == [third, second]


def test_a_hidden_item_counts_as_a_revision(store: EventStore) -> None:
    changes = store.items
    before = changes.revision()
    store.hide("a")
    assert changes.revision() > before


def test_a_patch_of_a_deleted_item_stores_nothing(store: EventStore) -> None:
    changes = store.items
    changes.apply([ItemChange("a", "delete", {})])
    before = changes.since()
    with pytest.raises(NotFoundError, match=r"item 'a' was deleted; PUT makes it anew"):
        changes.apply([ItemChange("b", "put", {}), ItemChange("a", "patch", {"x": 1})])
    assert changes.since() == before
    changes.apply([ItemChange("a", "put", {"x": 1})])
    assert changes.get("a") == ItemChange("a", "put", {"x": 1}, changes.revision())


def test_availability_turns_at_its_times() -> None:
    change = ItemChange("a", "put", {"available_from": 100, "available_until": 200})
    assert [change.is_available(now) for now in (99, 100, 199.9, 200)] == [False, True, True, False]
    assert [change.next_turn(now) for now in (0, 100, 200)] == [100, 200, float("inf")]
    assert not ItemChange("a", "patch", {"available": False}).is_available(0)
    assert ItemChange("a", "patch", {"available": None}).is_available(0)


def test_what_cannot_be_kept_is_refused() -> None:
    with pytest.raises(QueryError, match=r"item 'a' has 201 values; at most 200 are kept"):
        ItemChange("a", "put", {f"n{num}": num for num in range(201)})
    with pytest.raises(QueryError, match=r"item 'a' has 70\d\d\d characters; at most 65536 are kept"):
        ItemChange("a", "put", {"text": "x" * 70_000})
    with pytest.raises(QueryError, match=r"the name of a value 'a\\x00' holds a NUL"):
        ItemChange("a", "put", {"a\0": 1})
