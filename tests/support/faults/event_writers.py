"""Processes that store events until they are killed, and what they said was stored."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from recsys.events.impressions import MOST_ROWS
from recsys.events.records import ReceivedEvent
from recsys.events.store import EventStore

FORK = multiprocessing.get_context("fork")
LINE = 9

Batches = set[tuple[str, int]]
Way = Callable[[EventStore, Sequence[ReceivedEvent], Callable[[], None]], object]


def soundly(store: EventStore, events: Sequence[ReceivedEvent], acknowledge: Callable[[], None]) -> None:
    """As the service does it."""
    store.add(events)
    acknowledge()


def too_early(store: EventStore, events: Sequence[ReceivedEvent], acknowledge: Callable[[], None]) -> None:
    acknowledge()
    store.add(events)


def undoing(store: EventStore, events: Sequence[ReceivedEvent], acknowledge: Callable[[], None]) -> None:
    """Store events, and undo the first of them."""
    store.add(events)
    store.undo(events[0].event_id or "")
    acknowledge()


def undoing_too_late(store: EventStore, events: Sequence[ReceivedEvent], acknowledge: Callable[[], None]) -> None:
    store.add(events)
    acknowledge()
    store.undo(events[0].event_id or "")


def showing(store: EventStore, events: Sequence[ReceivedEvent], acknowledge: Callable[[], None]) -> None:
    """Store impressions, as the service does it."""
    store.add([replace(event, event="impression") for event in events])
    acknowledge()


def showing_too_late(store: EventStore, events: Sequence[ReceivedEvent], acknowledge: Callable[[], None]) -> None:
    acknowledge()
    store.add([replace(event, event="impression") for event in events])


@dataclass
class Killed:
    """What writers acknowledged before they were killed.

    Parameters
    ----------
    where : str
    size : int
        Events of a batch.
    acknowledged : set of (writer, number)
        Batches.
    """

    where: str
    size: int
    acknowledged: Batches = field(default_factory=set)
    kills: int = 0

    @property
    def n_acknowledged(self) -> int:
        """Acknowledged events."""
        return len(self.acknowledged) * self.size

    def round(self, way: Way, writers: int, chance: random.Random, most: int) -> None:
        """Let some processes write at the same time, and kill each after a random number of acknowledged batches."""
        running = [_Writer(self, way, f"{self.kills + number}") for number in range(writers)]
        self.kills += writers
        order = [one for one in running for _ in range(chance.randint(1, most))]
        chance.shuffle(order)
        for one in order:
            one.hear()
        for one in running:
            one.kill()

    def check(self) -> tuple[int, int]:
        """Of the acknowledged events those that are not there, and of all batches those that are there in part."""
        with EventStore.open(self.where) as store:
            stored = Counter(_batch(one.user_id, one.event.item_id) for chunk in store.since() for one in chunk)
        lost = sum(self.size - stored[batch] for batch in self.acknowledged)
        return lost, sum(n != self.size for n in stored.values())

    def check_shown(self) -> tuple[int, int]:
        """As :meth:`check`, of impressions; no writer may have more of them than the store returns of a user."""
        stored: Counter[tuple[str, int]] = Counter()
        with EventStore.open(self.where) as store:
            for number in range(self.kills):
                shown = store.impressions.of_user(f"{number}")
                assert len(shown) < MOST_ROWS
                stored.update(_batch(one.user_id, one.item_ids[0]) for one in shown)
        lost = sum(self.size - stored[batch] for batch in self.acknowledged)
        return lost, sum(n != self.size for n in stored.values())

    def check_undone(self) -> tuple[int, int]:
        """Of the acknowledged batches those whose first event is not undone, and those that lack another event."""
        with EventStore.open(self.where) as store:
            stored = {(one.user_id, one.event.item_id) for chunk in store.since() for one in chunk}
        firsts = {(name, f"{number}-0") for name, number in self.acknowledged}
        others = {(name, f"{number}-{k}") for name, number in self.acknowledged for k in range(1, self.size)}
        return len(firsts & stored), len(others - stored)


class _Writer:
    """One process."""

    def __init__(self, of: Killed, way: Way, name: str) -> None:
        self.of, self.name = of, name
        self.listening, telling = os.pipe()
        self.process = FORK.Process(target=_write, args=(of.where, way, name, of.size, telling))
        self.process.start()
        os.close(telling)

    def hear(self) -> bool:
        """Wait for the next acknowledged batch; false when there will be none."""
        line = os.read(self.listening, LINE)
        if line:
            assert len(line) == LINE
            self.of.acknowledged.add((self.name, int(line)))
        return bool(line)

    def kill(self) -> None:
        os.kill(self.process.pid or 0, signal.SIGKILL)
        self.process.join()
        assert self.process.exitcode == -signal.SIGKILL
        while self.hear():
            pass
        os.close(self.listening)


def _write(where: str, way: Way, name: str, size: int, telling: int) -> None:
    with closing(EventStore.open(where)) as store:
        for number in _forever():
            events = [ReceivedEvent(name, f"{number}-{k}", event_id=f"{name}-{number}-{k}") for k in range(size)]
            way(store, events, lambda number=number: os.write(telling, b"%08d\n" % number))  # type: ignore[misc]


def _forever() -> Iterator[int]:
    number = 0
    while True:
        yield number
        number += 1


def _batch(user_id: str, item_id: str) -> tuple[str, int]:
    return user_id, int(item_id.partition("-")[0])
