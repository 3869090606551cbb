"""The model that answers, opened when it is first needed."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from recsys.errors import RecsysError
from recsys.recommender import Recommender
from recsys.store import Store
from serving.problems import RETRY_AFTER_SECONDS, NotReadyError

LOG = logging.getLogger(__name__)


class ServingModel:
    """Holds the recommender of one worker.

    A worker that starts before anything sound is published is alive and not ready. It looks again when a request comes,
    but not more often than clients are told to try, so that a damaged bundle is not read over and over.

    Parameters
    ----------
    store : Store
    recommender : Recommender or None
        None: the current model of the store.
    clock : callable
        Seconds that only rise.
    """

    def __init__(
        self, store: Store, recommender: Recommender | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._recommender = recommender
        self._clock = clock
        self._next_try = clock()
        self._lock = threading.Lock()

    def get(self) -> Recommender:
        """The recommender; raises NotReadyError while there is none, and the log says why."""
        if self._recommender is None:
            self.open()
        if self._recommender is None:
            raise NotReadyError("no model answers yet; the log of the server has the reason")
        return self._recommender

    def open(self) -> None:
        """Open the current model if that was not tried a moment ago; a failure is logged."""
        if not self._lock.acquire(blocking=False):  # another thread is at it
            return
        try:
            if self._recommender is None and self._clock() >= self._next_try:
                self._next_try = self._clock() + RETRY_AFTER_SECONDS
                self._recommender = self._store.recommender()
        except RecsysError as error:
            LOG.error("no model: %s", error)
        finally:
            self._lock.release()
