"""Who may have done something that a model does not know: most users have not, and are told apart without a query.

Every commit to a SQLite database in WAL mode changes the header of its ``-shm`` file, which all its connections share
(https://sqlite.org/walformat.html, section 2.2). While the header is what it was, so is the database; when it changed, what is
new is read once, and a bit is set for each user in it. A user whose bit is not set has no fresh event and was not deleted.

There is no such header for a database behind a network: then every user may.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from recsys.events.records import user_hash

if TYPE_CHECKING:
    from recsys.events.store import EventStore

BITS = 22  # 512 KiB for each worker; with 100,000 fresh users one look of 40 is for nothing


class FreshUsers:
    """The bits for one event store and one model.

    Parameters
    ----------
    store : EventStore
    through, forgotten_through : int
        The watermark of the model.
    """

    def __init__(self, store: EventStore, through: int = 0, forgotten_through: int = 0) -> None:
        self.watermark = (through, forgotten_through)
        self._store = store
        self._through, self._forgotten_through = through, forgotten_through
        self._bits = bytearray(1 << (BITS - 3))
        self._lock = threading.Lock()
        self._header = store.header()
        self._seen = b""
        self.hidden: frozenset[str] = frozenset()

    def may_have(self, user_id: str) -> bool:
        """Whether a user may have fresh events, or was deleted; raises EventStoreError when the store cannot be read."""
        if self._header is None:
            return True
        if self._header[:] != self._seen:
            self._read()
        place = _place(user_hash(user_id))
        return bool(self._bits[place >> 3] & (1 << (place & 7)))

    def _read(self) -> None:
        assert self._header is not None
        with self._lock:
            header = self._header[:]  # first: what is committed from now on changes it again
            if header == self._seen:
                return
            for chunk in self._store.since(self._through):
                for one in chunk:
                    self._set(user_hash(one.user_id))
                self._through = chunk[-1].seq
            for digest, seq in self._store.forgotten_since(self._forgotten_through):
                self._set(digest)
                self._forgotten_through = max(seq, self._forgotten_through)
            self.hidden = self._store.hidden()
            self._seen = header

    def _set(self, digest: bytes) -> None:
        place = _place(digest)
        self._bits[place >> 3] |= 1 << (place & 7)


def _place(digest: bytes) -> int:
    return int.from_bytes(digest[:4]) >> (32 - BITS)
