"""Changes in an event store since a model was trained."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from recsys.errors import EventStoreError
from recsys.events.activity import NO_EVENTS, Event, EventRules, UserEvents
from recsys.events.item_values import ItemChange, ItemVector, unlisted
from recsys.events.records import EventsInfo, StoredEvent, user_hash

if TYPE_CHECKING:
    from recsys.events.store import EventStore

REMEDY = "mend it, or answer from the model alone, deleted users and hidden items included, with --set store.events="
Result = TypeVar("Result")


def watermark(store: EventStore, trained: EventsInfo) -> tuple[int, int]:
    """Return how far a model has read this store: not at all if it was trained with another one."""
    return (trained.through, trained.forgotten_through) if trained.store_id == store.store_id else (0, 0)


def items_through(store: EventStore, trained: EventsInfo) -> int:
    """Return the revision up to which a model has the changes of items in this store; 0 if it was trained with another one."""
    return trained.items_through if trained.store_id == store.store_id else 0


@dataclass(frozen=True)
class ChangedUsers:
    """Users with events, in the order of their first event, with undone events, with attributes, and hashes of deleted users.

    One user can be several.
    """

    active: dict[str, None]
    deleted: frozenset[bytes]

    def __contains__(self, user_id: str) -> bool:
        return user_id in self.active or self.is_deleted(user_id)

    def is_deleted(self, user_id: str) -> bool:
        """Return whether a user was deleted, perhaps before new events."""
        return bool(self.deleted) and user_hash(user_id) in self.deleted


class Changes:
    """Changes since a model was trained, for a command; none without a store.

    Raises
    ------
    EventStoreError
        Every method, when the store cannot be read; the message has the way out.
    """

    def __init__(self, store: EventStore | None = None, trained: EventsInfo | None = None) -> None:
        self.store = store
        self._watermark, self._items_through, self._rules = (0, 0), 0, EventRules()
        if store is not None and trained is not None:
            self._watermark = watermark(store, trained)
            self._items_through = items_through(store, trained)
            self._rules = EventRules(trained.weights, trained.threshold)

    @classmethod
    def open(cls, where: str, trained: EventsInfo) -> Changes:
        """Return the changes in a SQLite file or a database, none if it does not exist."""
        from recsys.events.store import EventStore  # loads SQLAlchemy

        return cls(_read(lambda: EventStore.existing(where)), trained)

    def close(self) -> None:
        """Close the connections of the store."""
        if self.store is not None:
            self.store.close()

    def of_user(self, user_id: str) -> UserEvents:
        """Return the changes of a user, and the items that no list may have."""
        if (store := self.store) is None:
            return NO_EVENTS
        events, change = _read(lambda: (store.read_user(user_id, *self._watermark), store.users.get(user_id)))
        events = replace(events, change=change)
        out = unlisted(self.items, time.time())[0] if self.items else frozenset[str]()
        return replace(events, hidden=events.hidden | out, unavailable=out) if out else events

    def shown_to(self, user_id: str) -> UserEvents:
        """Return the changes of a user with what was shown to the user."""
        if (store := self.store) is None:
            return NO_EVENTS
        shown = _read(lambda: store.impressions.unanswered(user_id, self._rules, int(time.time())))
        return replace(self.of_user(user_id), shown=shown.exposure)

    def trained_events(self, user_id: str, item_id: str) -> tuple[Event, ...]:
        """Return the stored events of a user with an item that the model was trained with, the newest first."""
        store, (through, _) = self.store, self._watermark
        return () if store is None or not through else _read(lambda: store.pair_history(user_id, item_id, through))

    @cached_property
    def hidden(self) -> frozenset[str]:
        """Ids of the items that no list may have."""
        return frozenset() if self.store is None else self._with_unlisted(_read(self.store.hidden))

    @cached_property
    def items(self) -> dict[str, ItemChange]:
        """All changes of items."""
        if (store := self.store) is None:
            return {}
        return {change.item_id: change for change in _read(store.items.since)}

    @property
    def new_items(self) -> list[ItemChange]:
        """Changes of items since the training."""
        return [change for change in self.items.values() if change.revision > self._items_through]

    @property
    def item_vectors(self) -> dict[str, ItemVector]:
        """The stored vectors of items."""
        if (store := self.store) is None:
            return {}
        return {vector.item_id: vector for vector in _read(store.items.vectors_since)}

    def events_of_new_items(self) -> list[StoredEvent]:
        """Return the events since the training with items whose records were put since, in their order."""
        if (store := self.store) is None:
            return []
        return _read(lambda: store.events_of_items(self._items_through, self._watermark[0]))

    def _with_unlisted(self, hidden: frozenset[str]) -> frozenset[str]:
        return hidden | unlisted(self.items, time.time())[0]

    @cached_property
    def users(self) -> ChangedUsers:
        """The users that the model does not know as they are now, without a query for each."""
        if (store := self.store) is None:
            return ChangedUsers({}, frozenset())
        through, forgotten_through = self._watermark
        return _read(
            lambda: ChangedUsers(
                dict.fromkeys(event.user_id for events in store.since(through) for event in events)
                | dict.fromkeys(user_id for user_id, _ in store.undone_since(forgotten_through))
                | dict.fromkeys(user_id for user_id, _ in store.users.ids_since(forgotten_through)),
                frozenset(digest for digest, _ in store.forgotten_since(forgotten_through)),
            )
        )


NO_CHANGES = Changes()


def _read(query: Callable[[], Result]) -> Result:
    try:
        return query()
    except EventStoreError as error:
        raise EventStoreError(f"{error}; {REMEDY}") from error
