"""The model that answers: one reference, swapped in one step."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from recsys.recommend.recommender import Recommender
from serving.errors import NotReadyError

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Serving:
    """A recommender, its version, and since when it answers."""

    recommender: Recommender
    version: str
    since: datetime


class ServingModel:
    """Holds the recommender of a worker; without one the worker is alive and not ready until :meth:`swap`.

    A request calls :meth:`get` once and keeps the result, so that its answer comes from one model, whole, and that model is
    freed when the last request that uses it ends.
    """

    def __init__(self, recommender: Recommender | None = None) -> None:
        self._serving: Serving | None = None
        self._callbacks: list[Callable[[Serving], None]] = []
        self._live: Callable[[Recommender], Recommender] | None = None
        self._used = threading.local()
        if recommender is not None:
            self.swap(recommender)

    def get(self) -> Recommender:
        """Return the recommender; raises NotReadyError while there is none."""
        serving = self.state()
        self._used.version = serving.version
        return serving.recommender if self._live is None else self._live(serving.recommender)

    def through(self, live: Callable[[Recommender], Recommender]) -> None:
        """Let `live` return what answers, from the recommender of the model."""
        self._live = live
        if self._serving is not None:
            live(self._serving.recommender)  # what it computes at first delays no request

    def state(self) -> Serving:
        """Return what answers now; raises NotReadyError."""
        if self._serving is None:
            raise NotReadyError("no model answers yet; the log of the server has the reason")
        return self._serving

    @property
    def version(self) -> str:
        """The version that answers now; empty for none."""
        return "" if self._serving is None else self._serving.version

    def used(self) -> str:
        """Return the version that this thread got since the last call; empty for none."""
        version: str = getattr(self._used, "version", "")
        self._used.version = ""
        return version

    def swap(self, recommender: Recommender) -> None:
        """Let `recommender` answer from now on, then run the callbacks."""
        if self._live is not None:
            self._live(recommender)  # what it computes at first delays no request
        self._serving = serving = Serving(recommender, recommender.model_version, datetime.now(UTC))
        for callback in self._callbacks:
            try:
                callback(serving)
            except Exception:
                LOG.exception("a callback of the swap to model %s failed", serving.version)

    def on_swap(self, callback: Callable[[Serving], None]) -> None:
        """Call `callback` after each swap, in the thread that swaps, and at once when a model answers already."""
        self._callbacks.append(callback)
        if self._serving is not None:
            callback(self._serving)
