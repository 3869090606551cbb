"""The catalog as a worker sees it: that of the model with the changes that are in the event store."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from recsys.errors import EventStoreError
from recsys.events.changes import items_through
from recsys.events.item_values import ItemChange, unlisted
from recsys.live.overlay import overlaid
from recsys.recommend.recommender import Recommender

if TYPE_CHECKING:
    from recsys.events.store import EventStore

LOG = logging.getLogger(__name__)
LOOK_SECONDS = 0.25  # how often a database on a server is asked for changes
NONE: frozenset[str] = frozenset()


class CatalogView:
    """Follows the changes of items in the store that `opened` returns, None while there is none.

    A SQLite file is read when its header says that it changed, a database on a server every LOOK_SECONDS. While the store
    cannot be read, the last known changes hold.
    """

    def __init__(self, opened: Callable[[], EventStore | None], clock: Callable[[], float] = time.time) -> None:
        self._opened, self._clock = opened, clock
        self._lock = threading.Lock()
        self._changes: dict[str, ItemChange] = {}
        self._revision = 0
        self._header, self._next_look = b"", 0.0
        self._live: tuple[Recommender, int, Recommender] | None = None
        self._out, self._next_turn = NONE, float("inf")
        self._union: tuple[frozenset[str], frozenset[str], frozenset[str]] = (NONE, NONE, NONE)

    def live(self, recommender: Recommender) -> Recommender:
        """Return the recommender of a model with the changes since its training."""
        self._look()
        if not self._changes:
            return recommender
        known = self._live
        if known is None or known[0] is not recommender or known[1] != self._revision:
            with self._lock:
                known = self._live = self._overlaid(recommender)
        return known[2]

    @property
    def unlisted(self) -> frozenset[str]:
        """The items that were deleted or are not available now."""
        return self._out

    def with_unlisted(self, hidden: frozenset[str]) -> frozenset[str]:
        """Return the hidden items and those that were deleted or are not available now; the same object for the same items."""
        self._look()
        if not self._changes:
            return hidden
        if self._clock() >= self._next_turn:
            with self._lock:
                self._turn()
        if not self._out:
            return hidden
        known = self._union
        if known[0] is not hidden or known[1] is not self._out:
            known = self._union = (hidden, self._out, hidden | self._out)
        return known[2]

    def look_again(self) -> None:
        """Ask a database on a server again at the next call, such as after a write of this process."""
        self._next_look = 0.0

    def n_new(self, recommender: Recommender) -> int:
        """Return the number of items that changed since the training of a model."""
        self._look()
        return len(self._since(self._trained_through(recommender)))

    def _overlaid(self, recommender: Recommender) -> tuple[Recommender, int, Recommender]:
        known, through, earlier = self._live, self._trained_through(recommender), None
        if known is not None and known[0] is recommender:
            if known[1] == self._revision:  # another thread was here
                return known
            _, through, earlier = known
        return recommender, self._revision, overlaid(recommender, self._since(through), self._revision, earlier)

    def _trained_through(self, recommender: Recommender) -> int:
        store = self._opened()
        return 0 if store is None else items_through(store, recommender.events)

    def _since(self, revision: int) -> list[ItemChange]:
        return [change for change in self._changes.values() if change.revision > revision]

    def _look(self) -> None:
        store = self._opened()
        if store is None:
            return
        try:
            header = store.header()
            if (header[:] == self._header) if header is not None else (time.monotonic() < self._next_look):
                return
            with self._lock:
                now = b"" if header is None else header[:]  # first: a commit from now on changes it again
                self._read(store)
                self._header, self._next_look = now, time.monotonic() + LOOK_SECONDS
        except EventStoreError as error:
            self._next_look = time.monotonic() + LOOK_SECONDS
            LOG.error("event store: %s", error)

    def _read(self, store: EventStore) -> None:
        found = store.items.since(self._revision)
        if found:
            self._changes = {**self._changes, **{change.item_id: change for change in found}}
            self._revision = max(change.revision for change in found)
            self._turn()

    def _turn(self) -> None:
        self._out, self._next_turn = unlisted(self._changes, self._clock())
