"""The event store as a source of interactions beside the files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from recsys.config import Config, DataConfig
from recsys.events.records import NO_WATERMARK, StoredEvent, Watermark
from training.ingest.accounting import Accounting
from training.ingest.readers import Chunk

if TYPE_CHECKING:
    from recsys.events.store import EventStore

WHAT = "events"
FILE = Path("the event store")


@dataclass(frozen=True, eq=False)
class StoredEvents:
    """What a training reads of an event store.

    Events that come while it reads are left to the next training. A user who is deleted while it reads may be in the model
    still, but is known as deleted to everybody who compares the deletion with the watermark.

    Parameters
    ----------
    store : EventStore or None
        None: there is none.
    watermark : Watermark
        Up to where it is read.
    forgotten : frozenset of bytes
        Hashes of the users who were deleted, whose rows in the files do not count.
    """

    store: EventStore | None = None
    watermark: Watermark = NO_WATERMARK
    forgotten: frozenset[bytes] = frozenset()

    @classmethod
    def of(cls, config: Config) -> StoredEvents:
        """The store of a configuration; one that is not there is not made.

        Raises
        ------
        EventStoreError
            When a database cannot be reached.
        """
        if not config.store.events:
            return cls()
        from recsys.events.store import EventStore  # its libraries are for those who have one

        store = EventStore.existing(config.store.events)
        if store is None:
            return cls()
        watermark = store.watermark()  # before the rest, so that nothing of it is missing
        return cls(store, watermark, store.forgotten_hashes())

    def chunks(self, data: DataConfig, liked: float, accounting: Accounting) -> Iterator[Chunk]:
        """The events under the column names of the files, with their numbers as lines.

        Parameters
        ----------
        data : DataConfig
        liked : float
            The value of events that have none.
        accounting : Accounting
        """
        if self.store is None:
            return
        for events in self.store.since(0, self.watermark.through):
            accounting.count_read(WHAT, len(events))
            yield _chunk(events, data, liked)

    def close(self) -> None:
        """Let go of the store's connections."""
        if self.store is not None:
            self.store.close()


def _chunk(events: list[StoredEvent], data: DataConfig, liked: float) -> Chunk:
    columns = {
        data.user_column: [one.user_id for one in events],
        data.item_column: [one.event.item_id for one in events],
        data.value_column: [repr(liked if one.event.value is None else one.event.value) for one in events],
        data.event_column: [one.event.event for one in events],
        data.timestamp_column: [str(one.event.timestamp) for one in events],
    }
    return Chunk(FILE, [one.seq for one in events], columns)
