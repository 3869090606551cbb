"""Event stores that are closed after a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from recsys.events.store import EventStore
from tests.support.event_stores import NOW


@pytest.fixture
def opened(events_url: str) -> Iterator[Callable[[], EventStore]]:
    """Opens the store, again and again as several workers do."""
    stores: list[EventStore] = []

    def another() -> EventStore:
        stores.append(EventStore.open(events_url, lambda: NOW))
        return stores[-1]

    yield another
    for one in stores:
        one.close()


@pytest.fixture
def store(opened: Callable[[], EventStore]) -> EventStore:
    return opened()
