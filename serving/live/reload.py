"""Follows the link ``current`` of the store: another version is tried, opened and swapped in while the old one answers."""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections.abc import Callable
from typing import Literal, NamedTuple, get_args

from recsys.bundle.canary import rehearse
from recsys.bundle.store import CURRENT, Store
from recsys.errors import BundleError, NoModelError, RecsysError, StoreError
from serving.live.serving_model import ServingModel
from serving.live.verdicts import Verdicts

LOG = logging.getLogger(__name__)
RETRY_SECONDS = 30.0
CLOSE_SECONDS = 10.0
WARM_UP = 3

Outcome = Literal["loaded", "refused", "failed"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


class Link(NamedTuple):
    """The version that the link points to, and a state that differs after each switch, also to the same version."""

    version: str
    state: str


class Reloader:
    """Keeps the model of one worker at the current version of a store.

    A version that is refused leaves the old one serving and is not tried again until the link is switched. What fails for
    another reason, such as memory, is tried again after RETRY_SECONDS. `on_outcome` is called after each attempt; `clock`
    returns monotonic seconds.
    """

    def __init__(
        self,
        store: Store,
        model: ServingModel,
        verdicts: Verdicts,
        on_outcome: Callable[[Outcome], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._model, self._verdicts = store, model, verdicts
        self._on_outcome, self._clock = on_outcome, clock
        self._seen: Link | None = None
        self._settled: Link | None = None
        self._not_before = clock()
        self._complaint = ""
        self._lock = threading.Lock()
        self._watch: _Watch | None = None

    def poll(self) -> None:
        """Follow the link if it was switched; an error is logged, counted and never raised."""
        with self._lock:
            try:
                self._poll()
            except Exception as error:  # whatever it is, the old model answers on and the next poll comes
                self._fail(error)

    def start(self, seconds: float) -> None:
        """Poll now, and from then on every `seconds` in a thread of this process and of each that is forked from it."""
        self.poll()
        self._watch = _Watch(self, seconds)
        method = weakref.WeakMethod(self._restart)
        os.register_at_fork(after_in_child=lambda: None if (restart := method()) is None else restart())

    def close(self) -> None:
        """End the thread, after the poll that it is at."""
        if self._watch is not None:
            self._watch.close()
            self._watch = None

    def _restart(self) -> None:
        if self._watch is not None:
            self._lock = threading.Lock()  # the other may be held by a thread that is not in this process
            self._watch = _Watch(self, self._watch.seconds)

    def _poll(self) -> None:
        try:
            link = self._link()
        except StoreError as error:
            self._complain(logging.WARNING if isinstance(error, NoModelError) else logging.ERROR, str(error))
            return
        if link != self._seen:
            self._seen, self._complaint, self._not_before = link, "", self._clock()
        if link != self._settled and self._clock() >= self._not_before:
            if link.version != self._model.version:
                self._follow(link)
            self._settled = link

    def _link(self) -> Link:
        version, path = self._store.current(), self._store.path / CURRENT
        try:
            stat = os.lstat(path)
        except OSError as error:
            raise StoreError(f"{path} cannot be read: {error.strerror}") from error
        return Link(version, f"{version} {stat.st_ino} {stat.st_ctime_ns}")

    def _follow(self, link: Link) -> None:
        try:
            self._verdicts.admit(self._store.path / link.version, link.state)
        except BundleError as error:
            if self._complain(logging.ERROR, f"model refused: {error}"):
                self._on_outcome("refused")
            last = self._verdicts.last()
            if not self._model.version and last is not None:  # where nothing answers yet: what the other workers serve
                self._serve(last)
            return
        self._serve(link.version)
        self._verdicts.remember(link.version)
        self._on_outcome("loaded")

    def _serve(self, version: str) -> None:
        recommender = self._store.recommender(version, read=False)
        rehearse(recommender, WARM_UP)
        self._model.swap(recommender)
        LOG.info("model %s serves", version)

    def _fail(self, error: Exception) -> None:
        self._not_before = self._clock() + RETRY_SECONDS
        self._on_outcome("failed")
        ours = isinstance(error, RecsysError)
        reason = str(error) if ours else type(error).__name__
        self._complain(logging.ERROR, f"model not loaded: {reason}", None if ours else error)

    def _complain(self, level: int, message: str, error: Exception | None = None) -> bool:
        """Log the same complaint once; return whether it was new."""
        if message == self._complaint:
            return False
        self._complaint = message
        rest = f"model {self._model.version} serves on" if self._model.version else "no model answers"
        LOG.log(level, "%s; %s", message, rest, exc_info=error)
        return True


class _Watch:
    """A thread that polls every `seconds` for as long as the reloader exists."""

    def __init__(self, reloader: Reloader, seconds: float) -> None:
        self.seconds, self._stop = seconds, threading.Event()
        weakref.finalize(reloader, self._stop.set)  # also when the process exits
        reference = (weakref.ref(reloader),)
        self._thread = threading.Thread(target=self._run, args=reference, name="recsys-reload", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(CLOSE_SECONDS)

    def _run(self, reference: weakref.ref[Reloader]) -> None:
        while not self._stop.wait(self.seconds):
            reloader = reference()
            if reloader is None:
                return
            reloader.poll()
            del reloader
