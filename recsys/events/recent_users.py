"""Users who may have events or new attributes after a model was trained; most have none, and are recognized without a query.

While the header of a SQLite database is unchanged (see :meth:`SqliteFile.header`), so is the database. When it changes, the new
events, undos and attributes are read once, and a bit is set for each of their users. A user without a bit has none and was not
deleted. A database on a server has no such header: then every user may have events.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from recsys.events.records import user_hash

if TYPE_CHECKING:
    from recsys.events.store import EventStore

BITS = 22  # 512 KiB for each worker; with 100,000 recent users 1 query in 40 finds nothing


class RecentUsers:
    """Bits of the users, for an event store and the watermark of a model.

    `hidden` has the ids of the hidden items as of the last :meth:`may_have`; it is empty for a database on a server.
    """

    def __init__(self, store: EventStore, through: int = 0, forgotten_through: int = 0) -> None:
        self.watermark = self._through, self._forgotten_through = through, forgotten_through
        self._undone_through = self._users_through = forgotten_through
        self._store = store
        self._bits = bytearray(1 << (BITS - 3))
        self._lock = threading.Lock()
        self._header = store.header()
        self._last_header = b""
        self.hidden: frozenset[str] = frozenset()

    def may_have(self, user_id: str) -> bool:
        """Return whether a user may have recent events or attributes, or was deleted.

        Raises EventStoreError if the store cannot be read.
        """
        if self._header is None:
            return True
        if self._header[:] != self._last_header:
            self._read_changes()
        place, mask = _place_of(user_hash(user_id))
        return bool(self._bits[place] & mask)

    def _read_changes(self) -> None:
        assert self._header is not None
        with self._lock:
            header = self._header[:]  # first: a commit from now on changes it again
            if header == self._last_header:
                return
            for events in self._store.since(self._through):
                for event in events:
                    self._set(user_hash(event.user_id))
                self._through = events[-1].seq
            for digest, seq in self._store.forgotten_since(self._forgotten_through):
                self._set(digest)
                self._forgotten_through = max(seq, self._forgotten_through)
            for user_id, seq in self._store.undone_since(self._undone_through):
                self._set(user_hash(user_id))
                self._undone_through = max(seq, self._undone_through)
            for user_id, seq in self._store.users.ids_since(self._users_through):
                self._set(user_hash(user_id))
                self._users_through = max(seq, self._users_through)
            self.hidden = self._store.hidden()
            self._last_header = header

    def _set(self, digest: bytes) -> None:
        place, mask = _place_of(digest)
        self._bits[place] |= mask


def _place_of(digest: bytes) -> tuple[int, int]:
    """Return the byte and the mask of the bit of a user."""
    bit = int.from_bytes(digest[:4]) >> (32 - BITS)
    return bit >> 3, 1 << (bit & 7)
