"""Work on new items beside the requests of a worker: their texts are encoded, and their factors follow their users."""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence

from recsys.data.vectors import Vectors
from recsys.encoders.hub import EncoderRef
from recsys.errors import EncoderError, EventStoreError
from recsys.events.item_values import ItemChange, ItemVector, text_key
from recsys.live.new_items import new_item
from recsys.recommend.recommender import Recommender
from serving.live.event_view import EventView
from serving.live.serving_model import ServingModel

LOG = logging.getLogger(__name__)
POLL_SECONDS = 0.25
FOLD_SECONDS = 2.0  # between two looks at the users of new items
OTHERS_SECONDS = 2.0  # for which another worker may encode what it received
FAILED_SECONDS = 10.0  # until an encoder that failed is tried again
CLOSE_SECONDS = 5.0
BATCH, BATCH_SECONDS = 16, 60.0  # texts that are encoded together
AT_ONCE, REQUEST_SECONDS = 16, 0.8  # texts that a request waits for

Encode = Callable[[EncoderRef, Sequence[str], float], Vectors]


class NewItems:
    """Encodes new items that a worker received, and those that no worker encoded for OTHERS_SECONDS.

    `encode` returns unit vectors of texts within some seconds, and raises EncoderError. Its thread begins with the first new
    item of a worker, and ends with this object.
    """

    def __init__(self, model: ServingModel, view: EventView, encode: Encode) -> None:
        self._model, self._view, self._encode = model, view, encode
        self._begin()
        forked, wake = weakref.WeakMethod(self._begin), weakref.WeakMethod(self.wake)
        os.register_at_fork(after_in_child=lambda: None if (begin := forked()) is None else begin())
        view.catalog.on_new = lambda: None if (method := wake()) is None else method()

    def _begin(self) -> None:
        self._thread: threading.Thread | None = None
        self._wake, self._ended = threading.Event(), threading.Event()
        self._received: set[str] = set()
        self._since: dict[str, float] = {}  # monotonic seconds at which an unencoded item was seen first
        self._next_fold = 0.0

    def vectors(self, changes: Sequence[ItemChange]) -> list[ItemVector]:
        """Return the vectors of the new items among `changes`, to be stored with them; none if it takes too long."""
        recommender = self._trained()
        if recommender is None or not recommender.encoder.fingerprint:
            return []
        rules = recommender.new_item_rules
        new = [change for change in changes if change.kind == "put" and change.item_id not in recommender.items]
        texts = {change.item_id: new_item(change, rules).text for change in new}
        texts = {item_id: text for item_id, text in texts.items() if text}
        if not texts or len(texts) > AT_ONCE:
            return []
        try:
            return self._encoded(recommender, texts, REQUEST_SECONDS)
        except EncoderError as error:
            LOG.info("new items are encoded later: %s", error)
            return []

    def received(self, changes: Sequence[ItemChange], vectors: Sequence[ItemVector]) -> None:
        """Encode new items that were stored without a vector, after the answer."""
        recommender = self._trained()
        if recommender is None:
            return
        new = {change.item_id for change in changes if change.item_id not in recommender.items}
        if missing := new - {vector.item_id for vector in vectors}:
            self._received.update(missing)
            self.wake()

    def is_known(self, change: ItemChange) -> bool:
        """Return whether lists can have an item after a change that is stored: the model knows it, or its text is encoded."""
        recommender = self._trained()
        if recommender is None:
            return False
        if change.item_id in recommender.items:
            return True
        text, encoder = new_item(change, recommender.new_item_rules).text, recommender.encoder.fingerprint
        return not (text and encoder) or self._view.catalog.has_vector(change.item_id, encoder, text)

    def wake(self) -> None:
        """Let the thread of this process work now; it begins at the first call."""
        self._wake.set()
        if not self._ended.is_set() and (self._thread is None or not self._thread.is_alive()):
            reference = (weakref.ref(self), self._wake, self._ended)
            self._thread = threading.Thread(target=_run, args=reference, name="recsys-new-items", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End the thread, after the work that it is at."""
        thread, self._thread = self._thread, None
        self._ended.set()
        self._wake.set()
        if thread is not None:
            thread.join(CLOSE_SECONDS)

    def work(self) -> None:
        """Encode what waits, a batch at a time; let the factors of new items follow their users."""
        recommender = self._trained()
        if recommender is None:
            return
        self._view.catalog.live(recommender)  # which reads the store
        self._view.catalog.build(recommender)
        waiting, now = self._view.catalog.unencoded(recommender), time.monotonic()
        self._since = {item_id: self._since.get(item_id, now) for item_id in waiting}
        late = {item_id for item_id, since in self._since.items() if now > since + OTHERS_SECONDS}
        due = sorted(waiting.keys() & (self._received | late))
        for start in range(0, len(due), BATCH):
            texts = {item_id: waiting[item_id] for item_id in due[start : start + BATCH]}
            self._view.configured_store().items.set_vectors(self._encoded(recommender, texts, BATCH_SECONDS))
        self._received &= waiting.keys()
        if due:
            self._view.catalog.look_again()
        if now > self._next_fold:
            self._next_fold = now + FOLD_SECONDS
            self._view.catalog.fold_in(recommender)

    def _encoded(self, recommender: Recommender, texts: Mapping[str, str], seconds: float) -> list[ItemVector]:
        ref = recommender.encoder
        vectors = self._encode(ref, [*texts.values()], seconds)
        return [
            ItemVector(item_id, ref.fingerprint, text_key(text), vector)
            for (item_id, text), vector in zip(texts.items(), vectors, strict=True)
        ]

    def _trained(self) -> Recommender | None:
        return self._model.state().recommender if self._model.version else None


def _run(reference: weakref.ref[NewItems], wake: threading.Event, ended: threading.Event) -> None:
    pause = POLL_SECONDS
    while True:
        wake.wait(pause)
        wake.clear()
        if ended.is_set():
            return
        items = reference()
        if items is None:
            return
        pause = POLL_SECONDS
        try:
            items.work()
        except (EncoderError, EventStoreError) as error:
            LOG.error("new items: %s", error)
            pause = FAILED_SECONDS
        del items
