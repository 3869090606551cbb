"""New items are encoded at once, or later by any worker, and follow their users."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from recsys.data.vectors import Vectors
from recsys.encoders.hub import EncoderRef
from recsys.errors import EncoderBusyError
from recsys.events.item_values import ItemChange
from recsys.events.records import ReceivedEvent
from recsys.events.store import EventStore
from recsys.recommend.recommender import Recommender
from serving.live import new_items as module
from serving.live.event_view import EventView
from serving.live.new_items import NewItems
from serving.live.serving_model import ServingModel
from tests.support import factories

PUT = ItemChange("n1", "put", {"title": "Zebra"})


class Encoder:
    """Encodes unless it is busy; keeps the texts."""

    def __init__(self) -> None:
        self.busy = False
        self.texts: list[str] = []

    def __call__(self, ref: EncoderRef, texts: Sequence[str], seconds: float) -> Vectors:
        if self.busy:
            raise EncoderBusyError("busy")
        self.texts += texts
        found = np.array([[len(text), 1, 2] for text in texts], dtype=np.float32)
        return found / np.linalg.norm(found, axis=1, keepdims=True)


class Worker:
    """A worker with its view, whose thread does nothing by itself."""

    def __init__(self, where: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(NewItems, "wake", lambda _: None)
        recommender = Recommender(factories.model(), "v1", encoder=EncoderRef("tiny", "f" * 64))
        self.model, self.view, self.encoder = ServingModel(recommender), EventView(str(where)), Encoder()
        self.model.through(self.view.catalog.live)
        self.items = NewItems(self.model, self.view, self.encoder)

    def put(self, *changes: ItemChange) -> None:
        vectors = self.items.vectors(changes)
        self.view.configured_store().items.apply(changes, vectors)
        self.items.received(changes, vectors)

    def is_similar(self, item_id: str) -> bool:
        return not self.model.get().similar_items(item_id).fallback


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Worker:
    return Worker(tmp_path / "events.sqlite", monkeypatch)


@pytest.fixture
def other(worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Worker:
    return Worker(tmp_path / "events.sqlite", monkeypatch)


def test_a_new_item_is_encoded_before_the_answer(worker: Worker, other: Worker) -> None:
    worker.put(PUT, ItemChange("i1", "put", {"title": "Known"}), ItemChange("i2", "patch", {"title": "Known"}))
    assert worker.encoder.texts == ["Zebra"]
    assert worker.items.is_known(PUT)
    assert worker.is_similar("n1")
    assert other.is_similar("n1")
    other.items.work()
    assert other.encoder.texts == []


def test_what_was_not_encoded_in_time_is_encoded_later(worker: Worker) -> None:
    worker.encoder.busy = True
    worker.put(PUT)
    assert not worker.items.is_known(PUT)
    assert not worker.is_similar("n1")
    with pytest.raises(EncoderBusyError, match="busy"):
        worker.items.work()
    worker.encoder.busy = False
    worker.items.work()
    assert worker.is_similar("n1")
    assert worker.items.is_known(PUT)


def test_another_worker_encodes_what_nothing_else_did(
    worker: Worker, other: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker.encoder.busy = True
    worker.put(PUT)
    other.model.get()
    other.items.work()
    assert other.encoder.texts == []  # it is that of the worker which received it
    monkeypatch.setattr(module, "OTHERS_SECONDS", -1.0)
    other.items.work()
    assert other.encoder.texts == ["Zebra"]
    assert worker.is_similar("n1")


def test_many_items_are_encoded_after_the_answer(worker: Worker) -> None:
    changes = [ItemChange(f"n{num:03}", "put", {"title": f"Zebra {num}"}) for num in range(40)]
    worker.put(*changes)
    assert worker.encoder.texts == []
    worker.model.get()
    worker.items.work()
    assert len(worker.encoder.texts) == 40
    assert all(worker.items.is_known(change) for change in changes)


def test_without_a_text_or_an_encoder_nothing_is_encoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(tmp_path / "events.sqlite", monkeypatch)
    untitled = ItemChange("n2", "put", {"price": 3})
    worker.put(untitled)
    assert worker.items.is_known(untitled)
    worker.model.swap(Recommender(factories.model(), "v2"))
    worker.put(PUT)
    assert worker.items.is_known(PUT)
    assert worker.encoder.texts == []


def test_factors_follow_the_users(worker: Worker) -> None:
    worker.put(PUT)
    live = worker.model.get()
    before = live.model.items_for_user.table.rows(np.array([50], dtype=np.int32))
    store = worker.view.configured_store()
    store.add([ReceivedEvent(f"u{num}", "n1") for num in range(3)])
    worker.items.work()
    live = worker.model.get()
    assert live.model.fold_in.item_counts[50] == 3
    assert not np.array_equal(live.model.items_for_user.table.rows(np.array([50], dtype=np.int32)), before)
    assert worker.model.get() is live


def test_slow_changes_are_left_to_the_thread(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[float] = []
    monkeypatch.setattr("serving.live.catalog_view.SLOW_SECONDS", -1.0)
    worker.put(PUT)
    first = worker.model.get()
    worker.view.catalog.on_new = lambda: woken.append(time.monotonic())
    worker.put(ItemChange("n2", "put", {"title": "Later"}))
    assert worker.model.get() is first
    assert woken
    worker.items.work()
    assert worker.model.get().items.get("n2") == 51


def test_the_thread_does_the_work_and_ends_with_its_worker(tmp_path: Path) -> None:
    recommender = Recommender(factories.model(), "v1", encoder=EncoderRef("tiny", "f" * 64))
    model, view, encoder = ServingModel(recommender), EventView(str(tmp_path / "events.sqlite")), Encoder()
    model.through(view.catalog.live)
    encoder.busy = True
    items = NewItems(model, view, encoder)
    view.configured_store().items.apply([PUT])
    items.received([PUT], [])
    model.get()
    encoder.busy = False
    deadline = time.monotonic() + 30
    while not items.is_known(PUT) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert items.is_known(PUT)
    thread = items._thread
    assert thread is not None
    assert thread.is_alive()
    items.close()
    assert not thread.is_alive()


def test_a_store_keeps_vectors(tmp_path: Path, worker: Worker) -> None:
    worker.put(PUT)
    with EventStore.open(str(tmp_path / "events.sqlite")) as store:
        (vector,) = store.items.vectors_since()
        assert (vector.item_id, vector.encoder, vector.vector.dtype, len(vector.vector)) == (
            "n1",
            "f" * 64,
            np.float32,
            3,
        )
        assert store.items.vectors_since(vector.revision) == []
