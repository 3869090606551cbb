"""A share of the served lists as impressions, stored by a thread after the answer."""

from __future__ import annotations

import logging
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing import util

from recsys.errors import ConfigError, EventStoreError
from recsys.events.impressions import ShownList
from recsys.events.records import id_problem
from recsys.recommend.answer import Recommendation
from serving.live.event_view import EventView

LOG = logging.getLogger(__name__)
FLUSH_SECONDS = 0.5  # until a served list is on disk
RETRY_SECONDS = 5.0  # until a store that failed is tried again
MOST_WAITING = 10_000  # lists, about 10 MB; more are dropped
MOST_AT_ONCE = 1_000  # lists of a transaction
MOST_ITEMS = 100  # of a list; more are no list that a user looks at
ALL = 2**32  # hashes


class ImpressionLog:
    """Stores the impressions of a share of the lists.

    The hash of its ``recommendation_id`` decides whether a list is stored, so every worker decides alike, and the pages of a
    list are stored together or not at all. `count` gets ``stored`` or ``dropped``, and a number of impressions. Raises
    ConfigError when there is a share but no event store.
    """

    def __init__(self, share: float, view: EventView, count: Callable[[str, int], None]) -> None:
        if share and not view.configured:
            raise ConfigError("serve.log_impressions needs an event store; set store.events, or log_impressions = 0")
        self._below, self._view, self._count = round(share * ALL), view, count
        self._waiting: deque[ShownList] = deque()
        self._dropped = 0
        self._lock, self._flushing, self._closing = threading.Lock(), threading.Lock(), threading.Event()
        self._thread: threading.Thread | None = None
        self._forgotten: int | None = None  # the last deletion of a user before the lists that wait

    def add(self, user_id: str, recommendation_id: str, items: Sequence[Recommendation], offset: int) -> None:
        """Store a served list soon, if it is among the share; `offset` is the number of better items that it skips."""
        if zlib.crc32(recommendation_id.encode()) >= self._below or not items or id_problem(user_id):
            return
        shown = tuple(item.item_id for item in items[:MOST_ITEMS])
        if len(self._waiting) >= MOST_WAITING:
            self._drop(len(shown))
            return
        self._waiting.append(ShownList(user_id, shown, int(time.time()), recommendation_id, offset + 1))
        if self._thread is None:
            self._start()

    def close(self) -> None:
        """Store what waits; lists that are added later wait for ever."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()
        self.flush()
        if self._waiting:
            self._drop(sum(len(shown.item_ids) for shown in self._waiting))
            self._waiting.clear()
        self._warn()

    def flush(self) -> bool:
        """Store what waits; return False if the store fails, and keep the rest."""
        with self._flushing:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_AT_ONCE))]
                try:
                    store = self._view.configured_store()
                    if self._forgotten is None:
                        self._forgotten = store.watermark().forgotten_through
                    kept, self._forgotten = store.impressions.log(batch, self._forgotten)
                except EventStoreError as error:
                    LOG.error("impressions: %s", error)
                    self._waiting.extendleft(reversed(batch))
                    return False
                self._count("stored", sum(len(shown.item_ids) for shown in kept))
        return True

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="recsys-impressions", daemon=True)
                self._thread.start()
                util.Finalize(None, self.close, exitpriority=1)  # unlike atexit, also at the end of a worker

    def _run(self) -> None:
        with suppress(EventStoreError):
            self._forgotten = self._view.configured_store().watermark().forgotten_through
        seconds = FLUSH_SECONDS
        while not self._closing.wait(seconds):
            seconds = FLUSH_SECONDS if self.flush() else RETRY_SECONDS
            self._warn()

    def _drop(self, n: int) -> None:
        with self._lock:
            self._dropped += n
        self._count("dropped", n)

    def _warn(self) -> None:
        with self._lock:
            dropped, self._dropped = self._dropped, 0
        if dropped:
            LOG.warning("impressions: %d were dropped, because the event store does not take them fast enough", dropped)
