"""The catalog as a worker sees it: that of the model with the changes that are in the event store."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from recsys.errors import EventStoreError
from recsys.events.changes import items_through, watermark
from recsys.events.item_values import ItemChange, ItemVector, text_key, unlisted
from recsys.live.item_users import ItemUsers, OwnFactors
from recsys.live.live_catalog import LiveCatalog
from recsys.recommend.recommender import Recommender

if TYPE_CHECKING:
    from recsys.events.store import EventStore

LOG = logging.getLogger(__name__)
LOOK_SECONDS = 0.25  # how often a database on a server is asked for changes
SLOW_SECONDS = 0.1
NONE: frozenset[str] = frozenset()


class _Followed:
    """The catalog of a model, the revisions up to which it was followed, and the factors of new items by their users."""

    def __init__(self, catalog: LiveCatalog, through: int) -> None:
        self.catalog, self.through = catalog, through
        self.revisions = (-1, -1)  # of the records, and of the factors by users
        self.seconds = 0.0  # that the last change took
        self.own: Mapping[str, OwnFactors] = {}
        self.n_folded = 0
        self._trained_through = through
        self._users: ItemUsers | None = None
        self._seen: tuple[int, int] = (-1, -1)

    def fold_in(self, store: EventStore) -> None:
        """Read the events with new items if there are others than before; raises EventStoreError."""
        trained, mark = self.catalog.trained, store.watermark()
        if self._seen == (mark.through, mark.forgotten_through):
            return
        through, forgotten_through = watermark(store, trained.events)
        if self._users is None:
            self._users = ItemUsers(trained, lambda user_id: store.read_user(user_id, through, forgotten_through))
        own = self._users.factors(store.events_of_items(self._trained_through, through), self.own)
        self._seen = mark.through, mark.forgotten_through
        if any(self.own.get(item_id) is not one for item_id, one in own.items()) or self.own.keys() - own.keys():
            self.own, self.n_folded = own, self.n_folded + 1


class CatalogView:
    """Follows the changes of items in the store that `opened` returns, None while there is none.

    A SQLite file is read when its header says that it changed, a database on a server every LOOK_SECONDS. While the store
    cannot be read, the last known changes hold. `on_new` is called when there are new items, or when changes took longer than
    SLOW_SECONDS the last time: then they are left to a thread, which calls :meth:`build`.
    """

    def __init__(self, opened: Callable[[], EventStore | None], clock: Callable[[], float] = time.time) -> None:
        self._opened, self._clock = opened, clock
        self.on_new: Callable[[], object] = lambda: None
        self._lock, self._building = threading.Lock(), threading.Lock()  # reading goes on while a catalog is built
        self._changes: dict[str, ItemChange] = {}
        self._vectors: dict[str, ItemVector] = {}
        self._revision = 0  # up to which the store was read
        self._header, self._next_look = b"", 0.0
        self._live: tuple[_Followed, ...] = ()  # the model that answers, and one that will or did
        self._out, self._next_turn = NONE, float("inf")
        self._union: tuple[frozenset[str], frozenset[str], frozenset[str]] = (NONE, NONE, NONE)

    def live(self, recommender: Recommender) -> Recommender:
        """Return the recommender of a model with the changes since its training."""
        self._look()
        if not self._changes:
            return recommender
        followed = self._of(recommender)
        if followed is not None:
            if followed.revisions == (self._revision, followed.n_folded):
                return followed.catalog.live
            if followed.seconds > SLOW_SECONDS:
                self.on_new()
                return followed.catalog.live
        return self.build(recommender)

    def build(self, recommender: Recommender) -> Recommender:
        """Return the recommender of a model with all changes that were read."""
        with self._building:
            return self._follow(recommender).catalog.live

    def keep_only(self, recommender: Recommender) -> None:
        """Forget what was computed for other models than that of `recommender`."""
        self._live = tuple(followed for followed in self._live if followed.catalog.trained is recommender)

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

    def n_changed(self, recommender: Recommender) -> int:
        """Return the number of items that changed since the training of a model."""
        self._look()
        return len(self._since(self._trained_through(recommender)))

    def revision(self, item_id: str, recommender: Recommender) -> int:
        """Return the revision of the last change of an item since the training of a model; 0 for none."""
        self._look()
        change = self._changes.get(item_id)
        return change.revision if change is not None and change.revision > self._trained_through(recommender) else 0

    def has_vector(self, item_id: str, encoder: str, text: str) -> bool:
        """Return whether the vector of a text of an item by an encoder (fingerprint) is stored."""
        self._look()
        vector = self._vectors.get(item_id)
        return vector is not None and vector.encoder == encoder and vector.text_key == text_key(text)

    def unencoded(self, recommender: Recommender) -> Mapping[str, str]:
        """Return the texts by item id of the new items whose vectors are not known yet."""
        followed = self._of(recommender)
        return {} if followed is None else followed.catalog.unencoded

    def fold_in(self, recommender: Recommender) -> None:
        """Compute the factors of new items anew if they have other users than before."""
        store, followed = self._opened(), self._of(recommender)
        if store is None or followed is None or not followed.catalog.n_new:
            return
        try:
            followed.fold_in(store)
        except EventStoreError as error:
            LOG.error("event store: %s", error)

    def _follow(self, recommender: Recommender) -> _Followed:
        followed = self._of(recommender) or _Followed(LiveCatalog(recommender), self._trained_through(recommender))
        revision, n_folded = self._revision, followed.n_folded  # first: what is read from now on is followed again
        if followed.revisions != (revision, n_folded):  # no other thread was here
            started = time.monotonic()
            followed.catalog.follow(self._since(followed.through), revision, self._vectors, followed.own)
            followed.through, followed.revisions = revision, (revision, n_folded)
            followed.seconds = time.monotonic() - started
            if followed.catalog.n_new:
                self.on_new()
        others = (one for one in self._live if one is not followed)
        self._live = (followed, *others)[:2]
        return followed

    def _of(self, recommender: Recommender) -> _Followed | None:
        return next((one for one in self._live if one.catalog.trained is recommender), None)

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
        revision = store.items.revision()  # first: what is stored from now on is read again
        if revision == self._revision:
            return
        if found := store.items.since(self._revision):
            self._changes = {**self._changes, **{change.item_id: change for change in found}}
            self._turn()
        if vectors := store.items.vectors_since(self._revision):
            self._vectors = {**self._vectors, **{vector.item_id: vector for vector in vectors}}
        self._revision = revision

    def _turn(self) -> None:
        self._out, self._next_turn = unlisted(self._changes, self._clock())
