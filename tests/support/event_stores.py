"""Events to put into a store, and what is asked of it."""

from __future__ import annotations

from recsys.events.activity import Event
from recsys.events.records import ReceivedEvent, StoredEvent
from recsys.events.store import EventStore

NOW = 1_700_000_000


def event(user: str = "u", item: str = "i", event_id: str | None = None, **rest: object) -> ReceivedEvent:
    return ReceivedEvent(user, item, event_id=event_id, **rest)  # type: ignore[arg-type]


def items(events: tuple[Event, ...]) -> list[str]:
    return [one.item_id for one in events]


def everything(store: EventStore, through: int = 0) -> list[StoredEvent]:
    return [one for chunk in store.since(through) for one in chunk]
