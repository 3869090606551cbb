"""A thread-safe LRU cache."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from typing import Generic, TypeVar

import cachetools

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class LRUCache(Generic[Key, Value]):
    """`cachetools.LRUCache` of `maxsize` entries behind a lock: even a read of it changes the order of its entries."""

    def __init__(self, maxsize: int) -> None:
        self._lock = threading.Lock()
        self._entries: cachetools.LRUCache[Key, Value] = cachetools.LRUCache(maxsize)

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Key) -> Value | None:
        """Return the value of a key, None if it is absent."""
        with self._lock:
            return self._entries.get(key)

    def put(self, key: Key, value: Value) -> None:
        """Store a value."""
        with self._lock:
            self._entries[key] = value
