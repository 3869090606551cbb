"""The event store as a source of interactions and of records of items and users beside the files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from recsys.config import Config, DataConfig
from recsys.events.item_values import ItemChange
from recsys.events.records import NO_WATERMARK, Watermark
from recsys.events.user_values import UserChange
from training.read.chunk import Chunk, from_texts

if TYPE_CHECKING:
    from recsys.events.store import EventStore

WHAT = "events"
FILE = "the event store"


@dataclass(frozen=True, eq=False)
class StoredEvents:
    """The events of a store up to a watermark; later events are left to the next training.

    The model may contain a user who is deleted meanwhile; a comparison of the deletion with the watermark shows it.
    """

    store: EventStore | None = None
    watermark: Watermark = NO_WATERMARK
    forgotten: frozenset[bytes] = frozenset()  # hashes of deleted users, whose rows in the files do not count
    items: tuple[ItemChange, ...] = ()  # changes of the catalog, by id
    users: tuple[UserChange, ...] = ()  # attributes of users, by id

    @classmethod
    def of(cls, config: Config) -> StoredEvents:
        """Return the events of the configured store, none if it does not exist; raises EventStoreError."""
        if config.store.events:
            from recsys.events.store import EventStore  # loads SQLAlchemy

            if (store := EventStore.existing(config.store.events)) is not None:
                watermark = store.watermark()  # before the rest, so that nothing of it is missing
                forgotten = store.forgotten_hashes()
                return cls(store, watermark, forgotten, tuple(store.items.since()), tuple(store.users.since()))
        return cls()

    @cached_property
    def deleted_items(self) -> frozenset[str]:
        """Ids of the items that were deleted."""
        return frozenset(change.item_id for change in self.items if change.is_deleted)

    def chunks(self, data: DataConfig, liked: float) -> Iterator[Chunk]:
        """Yield the events under the column names of the files, with their numbers as lines and `liked` as a missing value."""
        if self.store is None:
            return
        for stored in self.store.since(0, self.watermark.through, self.watermark.forgotten_through):
            events = [row.event for row in stored]
            columns = {
                data.user_column: [row.user_id for row in stored],
                data.item_column: [event.item_id for event in events],
                data.value_column: [repr(liked if event.value is None else event.value) for event in events],
                data.event_column: [event.event for event in events],
                data.timestamp_column: [str(event.timestamp) for event in events],
            }
            yield from_texts(FILE, [row.seq for row in stored], columns)

    def close(self) -> None:
        """Close the connections of the store."""
        if self.store is not None:
            self.store.close()
