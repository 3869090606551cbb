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
NOT_READY = "no model answers yet; the log of the server has the reason"

Callback = Callable[["Serving"], None]


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, eq=False)
class Serving:
    """A recommender, its version, and since when it answers."""

    recommender: Recommender
    version: str
    since: datetime


class ServingModel:
    """Holds the recommender of one worker.

    A request asks :meth:`get` once and keeps what it got, so that its answer comes from one model, whole, and that model is
    freed when the last request that uses it ends.

    Parameters
    ----------
    recommender : Recommender or None
        None: the worker is alive and not ready until :meth:`swap`.
    clock : callable
        The time of day.
    """

    def __init__(self, recommender: Recommender | None = None, clock: Callable[[], datetime] = _now) -> None:
        self._clock = clock
        self._serving: Serving | None = None
        self._callbacks: list[Callback] = []
        self._used = threading.local()
        if recommender is not None:
            self.swap(recommender)

    def get(self) -> Recommender:
        """The recommender; raises NotReadyError while there is none, and the log says why."""
        serving = self._serving
        if serving is None:
            raise NotReadyError(NOT_READY)
        self._used.version = serving.version
        return serving.recommender

    def state(self) -> Serving:
        """What answers at the moment; raises NotReadyError."""
        if self._serving is None:
            raise NotReadyError(NOT_READY)
        return self._serving

    @property
    def version(self) -> str:
        """The version that answers at the moment; empty for none."""
        return "" if self._serving is None else self._serving.version

    def used(self) -> str:
        """The version that this thread got since the last call; empty for none."""
        version: str = getattr(self._used, "version", "")
        self._used.version = ""
        return version

    def swap(self, recommender: Recommender) -> None:
        """Let `recommender` answer from now on, then tell who wanted to know."""
        serving = Serving(recommender, recommender.model_version, self._clock())
        self._serving = serving
        for callback in self._callbacks:
            try:
                callback(serving)
            except Exception:
                LOG.exception("a callback of the swap to model %s failed", serving.version)

    def on_swap(self, callback: Callback) -> None:
        """Call `callback` after each swap, in the thread that swaps, and at once when a model answers already."""
        self._callbacks.append(callback)
        if self._serving is not None:
            callback(self._serving)
