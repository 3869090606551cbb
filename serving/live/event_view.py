"""The event store as a worker sees it: events after training, deleted users, hidden items, and current popularity."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from recsys.config import ServeConfig
from recsys.data.nearest_ids import near_ids
from recsys.errors import EventStoreError
from recsys.events.activity import NO_EVENTS, Event, UserEvents
from recsys.events.changes import watermark
from recsys.events.recent_users import RecentUsers
from recsys.events.records import EVER, user_hash
from recsys.model.popularity import SECONDS_PER_DAY, TRENDING_HALF_LIFE_DAYS, Popularity
from recsys.recommend.recommender import PopularKind, Recommender
from serving.errors import ConflictError, NotReadyError
from serving.live.catalog_view import CatalogView
from serving.live.recommendation_id import Place, counted_up_to, place_of

if TYPE_CHECKING:
    from recsys.events.store import EventStore

LOG = logging.getLogger(__name__)
DELETED_SECONDS = 60.0  # age at which the list of deleted users, needed when the store fails, is read again
COUNTED_SECONDS = 10.0  # how often popularity is counted again
RETRY_SECONDS = 5.0  # until a store that could not be opened is tried again
REMEDY = (
    "no list is made without it, as it has the deleted users: make it writable, a SQLite file with its folder, "
    'or set store.events = "" to serve without events'
)
HALF_LIVES = 8  # after which an event is not counted any more


class EventView:
    """A worker's view of the event store at `where`, a SQLite file or a database URL; empty: there is no event store.

    While the store cannot be read, lists are made without recent events and say so; users who were deleted at least a minute
    before stay deleted. A store that could never be read is an error, because its deleted users are unknown.
    """

    def __init__(self, where: str, keep_impressions_days: float = ServeConfig().keep_impressions_days) -> None:
        self._where = where
        if where:
            from recsys.events.store import EventStore  # it loads SQLAlchemy, which only services with a store need

            self._open: Callable[[str], EventStore] = partial(EventStore.open, keep_days=keep_impressions_days)
        self._store: EventStore | None = None
        self._opening = threading.Lock()
        self._recent: RecentUsers | None = None
        self._failed_at, self._problem = -RETRY_SECONDS, ""
        self._deleted_read_at = 0.0
        self._deleted: frozenset[bytes] = frozenset()
        self._hidden: frozenset[str] = frozenset()
        self._popular: dict[tuple[str, str], tuple[float, Popularity]] = {}
        self.catalog = CatalogView(self._opened)

    @property
    def configured(self) -> bool:
        """Whether there is an event store."""
        return bool(self._where)

    def store(self) -> EventStore:
        """Return the event store, opened at the first call; raises EventStoreError."""
        if self._store is None:
            with self._opening:  # the first requests come together, and the others wait
                self._store = self._store or self._open_store()
        return self._store

    def _opened(self) -> EventStore | None:
        """Return the event store if it can be opened now."""
        if self._store is None and self._where:
            with suppress(EventStoreError):  # it is logged, and every list says so
                return self.store()
        return self._store

    def _open_store(self) -> EventStore:
        if time.monotonic() < self._failed_at + RETRY_SECONDS:
            raise EventStoreError(self._problem)
        try:
            store = self._open(self._where)
            self._read_deleted(store)
        except EventStoreError as error:
            self._failed_at, self._problem = time.monotonic(), f"{error}; {REMEDY}"
            LOG.error("event store: %s", self._problem)
            raise EventStoreError(self._problem) from error
        return store

    def check(self) -> None:
        """Raise NotReadyError while no list can be made because the store could never be read; tries to open it."""
        try:
            if self._where:
                self.store()
        except EventStoreError as error:  # it names the place of the store, and this is said to anyone
            problem = "the event store cannot be opened, and no list is made without it"
            raise NotReadyError(f"{problem}; the log of the server has the reason") from error

    def configured_store(self) -> EventStore:
        """Return the event store to write to; raises ConflictError where none is configured, and EventStoreError."""
        if not self._where:
            raise ConflictError("no event store is configured; set store.events")
        return self.store()

    def read(self, user_id: str, recommender: Recommender, up_to: int = EVER) -> UserEvents:
        """Return what the model of `recommender` does not know of a user; events after number `up_to` count as later ones.

        Items that were deleted, or that are not available now, are among the hidden ones.

        A list has the number of its first page in its recommendation_id. Raises EventStoreError when the store could never be
        read.
        """
        if not self._where:
            return NO_EVENTS
        events = self._read(user_id, recommender, up_to)
        hidden = self.catalog.with_unlisted(events.hidden)
        return events if hidden is events.hidden else replace(events, hidden=hidden, unavailable=self.catalog.unlisted)

    def read_shown(
        self, user_id: str, recommender: Recommender, page_of: str | None = None
    ) -> tuple[UserEvents, Place]:
        """Return as :meth:`read`, with what was shown to the user, and the place of it for the id of the list.

        `page_of` is the id of the list whose later page is asked for: then events, impressions and time are those of its first
        page.

        Raises
        ------
        ConflictError
            When no event store is configured, or the list was made by another model or without rotation.
        """
        if not self._where:
            raise ConflictError(
                "rotation needs what was shown to users, and no event store is configured; set store.events"
            )
        if page_of is None:
            up_to, place = EVER, Place(EVER, int(time.time()))
        else:
            up_to, place = counted_up_to(page_of, recommender.model_version), place_of(page_of)
        events = self.read(user_id, recommender, up_to)
        if events.degraded:
            return events, replace(place, through=0 if page_of is None else place.through)
        store = self.store()
        trained_through, _ = watermark(store, recommender.events)
        last = max(up_to, trained_through)  # a list counts all events of the training, whatever their number
        try:
            shown = store.impressions.unanswered(user_id, recommender.rules, place.at, place.through, last)
        except EventStoreError as error:
            LOG.error("event store: %s", error)
            return replace(events, degraded=True), replace(place, through=0 if page_of is None else place.through)
        return replace(events, shown=shown.exposure), replace(place, through=shown.through)

    def _read(self, user_id: str, recommender: Recommender, up_to: int) -> UserEvents:
        store = self._store or self.store()
        read = watermark(store, recommender.events)
        try:
            recent = self._recent
            if recent is None or recent.watermark != read:
                recent = self._recent = RecentUsers(store, *read)
            if not recent.may_have(user_id):
                self._hidden = recent.hidden
                return UserEvents(hidden=recent.hidden) if recent.hidden else NO_EVENTS
            events = store.read_user(user_id, *read, up_to)
            if recommender.is_cold(user_id, events):
                events = self.with_attributes(user_id, events)
            self._hidden = events.hidden
            if time.monotonic() > self._deleted_read_at + DELETED_SECONDS:
                self._read_deleted(store)
        except EventStoreError as error:
            LOG.error("event store: %s", error)
            gone = user_hash(user_id) in self._deleted
            return UserEvents(forgotten=gone, hidden=self._hidden, degraded=True)
        return events

    def trained_events(self, user_id: str, item_id: str, recommender: Recommender) -> tuple[Event, ...]:
        """Return the stored events of a user with an item that the model was trained with, the newest first.

        Raises EventStoreError.
        """
        if not self._where:
            return ()
        store = self.store()
        through, _ = watermark(store, recommender.events)
        return store.pair_history(user_id, item_id, through) if through else ()

    def with_attributes(self, user_id: str, events: UserEvents) -> UserEvents:
        """Return the changes of a user with that of the attributes, which lists need of few users; raises EventStoreError."""
        if not self._where or events.degraded:
            return events
        return replace(events, change=self.store().users.get(user_id))

    def near_users(self, recommender: Recommender, user_id: str) -> str:
        """Return a text with users, none deleted, whose ids are near an unknown one; empty without any."""
        return near_ids(recommender.users, user_id, lambda known: self.read(known, recommender).forgotten)

    def hidden(self, recommender: Recommender) -> frozenset[str]:
        """Return the ids of the items that no list may show now; raises as :meth:`read`."""
        return self.read("", recommender).hidden

    def popular(self, recommender: Recommender, kind: PopularKind) -> Popularity:
        """Return popularity with the events that the model does not know, some seconds old, or older while the store fails."""
        key = (kind, recommender.model_version)
        when, ranking = self._popular.get(key) or (-COUNTED_SECONDS, recommender.popularity_with(kind, {}))
        if not self._where or time.monotonic() < when + COUNTED_SECONDS:
            return ranking
        store = self.store()
        days = TRENDING_HALF_LIFE_DAYS if kind == "trending" else 0.0
        since = int(time.time() - HALF_LIVES * days * SECONDS_PER_DAY) if days else 0
        through, _ = watermark(store, recommender.events)
        try:
            ranking = recommender.popularity_with(kind, store.recent_counts(since, days, through, recommender.rules))
        except EventStoreError as error:
            LOG.error("event store: %s", error)
        self._popular = {old: value for old, value in self._popular.items() if old[1] == key[1]}
        self._popular[key] = (time.monotonic(), ranking)
        return ranking

    def _read_deleted(self, store: EventStore) -> None:
        self._deleted = store.forgotten_hashes()
        self._deleted_read_at = time.monotonic()
