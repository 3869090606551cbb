"""Several threads, processes and workers at one event store."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from recsys.errors import EventStoreError
from recsys.events import store as event_store
from recsys.events.store import EventStore
from tests.support.event_stores import event, everything, items

FORK = multiprocessing.get_context("fork")


def test_an_event_id_counts_once_among_many_writers(opened: Callable[[], EventStore]) -> None:
    batches = [[event(item=f"{n}", event_id=f"{n}") for n in range(start, start + 20)] for start in range(0, 200, 10)]
    stores = [opened() for _ in range(4)]

    def send(k: int) -> int:
        return sum(stores[k].add(batch).accepted for batch in batches[k:] + batches[:k])

    with ThreadPoolExecutor(len(stores)) as pool:
        accepted = list(pool.map(send, range(len(stores))))
    assert sum(accepted) == 210
    assert sorted(items(stores[0].read_user("u").events), key=int) == [f"{n}" for n in range(210)]


def test_every_opening_finds_the_same_store(events_url: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        stores = list(pool.map(EventStore.open, [events_url] * 8))
    assert len({one.store_id for one in stores}) == 1
    again = EventStore.existing(events_url)
    assert again is not None
    assert again.store_id == stores[0].store_id
    for one in (*stores, again):
        one.close()


def test_what_is_not_there_is_not_made(events_url: str) -> None:
    assert EventStore.existing(events_url) is None
    assert EventStore.existing(events_url) is None
    if "://" not in events_url:
        assert not Path(events_url).exists()


def test_a_store_of_another_release_is_refused(events_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    EventStore.open(events_url).close()
    newer = event_store.SCHEMA + 1
    monkeypatch.setattr(event_store, "SCHEMA", newer)
    for way in (EventStore.open, EventStore.existing):
        with pytest.raises(
            EventStoreError, match=rf"^event store \S+: schema {newer - 1}, this release reads {newer}$"
        ):
            way(events_url)


def test_threads_share_a_store(store: EventStore) -> None:
    def work(k: int) -> list[int]:
        seen = []
        for n in range(20):
            store.add([event(f"u{k}", item=str(n))])
            seen.append(len(store.read_user(f"u{k}").events))
        return seen

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(8))) == [list(range(1, 21))] * 8


def test_a_forked_child_and_its_parent_both_go_on(store: EventStore) -> None:
    store.add([event(item="before")])
    store.read_user("u")
    listening, telling = FORK.Pipe(duplex=False)

    def child() -> None:
        telling.send(items(store.read_user("u").events))
        store.add([event(item="child")])
        telling.send(items(store.read_user("u").events))

    process = FORK.Process(target=child)
    process.start()
    store.add([event("v", item="parent")])
    process.join(60)
    assert process.exitcode == 0
    assert (listening.recv(), listening.recv()) == (["before"], ["before", "child"])
    assert items(store.read_user("u").events) == ["before", "child"]
    store.add([event(item="after")])
    assert [one.event.item_id for one in everything(store)][-1] == "after"


def test_whoever_goes_on_from_a_watermark_misses_nothing(opened: Callable[[], EventStore]) -> None:
    reader, stop = opened(), threading.Event()
    writers = [opened() for _ in range(4)]
    seen: list[int] = []

    def follow() -> None:
        through = 0
        while True:
            last = stop.is_set()
            up_to = reader.watermark().through
            seen.extend(one.seq for chunk in reader.since(through, up_to) for one in chunk)
            through = up_to
            if last:
                return

    def write(k: int) -> int:
        return sum(writers[k].add([event(f"u{k}", item=str(n))] * 3).accepted for n in range(25))

    follower = threading.Thread(target=follow)
    follower.start()
    with ThreadPoolExecutor(len(writers)) as pool:
        written = sum(pool.map(write, range(len(writers))))
    stop.set()
    follower.join(60)
    assert written == 300
    assert seen == [one.seq for one in everything(reader)]
    assert len(seen) == written


def test_processes_share_a_store(events_url: str) -> None:
    EventStore.open(events_url).close()

    def work(k: int) -> None:
        with EventStore.open(events_url) as store:
            accepted = sum(store.add([event(f"u{k}", event_id=f"{n}")]).accepted for n in range(50))
            os._exit(0 if len(store.read_user(f"u{k}").events) == accepted else 1)

    processes = [FORK.Process(target=work, args=(k,)) for k in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * 4
    with EventStore.open(events_url) as store:
        assert len(everything(store)) == 50
