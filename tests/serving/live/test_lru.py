"""The LRU cache: what it evicts, and that threads may share it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from serving.live.lru import LRUCache


def test_evicts_the_least_recently_used_entry() -> None:
    cache = LRUCache[str, int](2)
    cache.put("a", 1)
    cache.put("b", 2)
    assert cache.get("a") == 1
    cache.put("c", 3)
    assert [cache.get(key) for key in "abc"] == [1, None, 3]


@pytest.fixture
def impatient() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("impatient")
def test_threads_may_share_it() -> None:
    """Without the lock, threads that evict at the same time raise KeyError or lose count of the entries."""
    cache = LRUCache[int, int](8)

    def use(start: int) -> None:
        for number in range(start, start + 3000):
            cache.put(number % 50, number)
            cache.get(number % 37)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(use, range(8)))
    assert sum(cache.get(number) is not None for number in range(50)) == 8
