"""Stores in memory, where syncing costs nothing, for tests of many publishes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from recsys.store import Store
from tests.reliability import bundles

IN_MEMORY = Path("/dev/shm")


@pytest.fixture
def memory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture
def store(memory: Path) -> Store:
    """An empty store whose folder is not there yet."""
    return Store(memory / "deep" / "store")


@pytest.fixture
def full(store: Store) -> Store:
    """A store of three versions whose models share no id."""
    for seed, prefix in enumerate(bundles.PREFIXES):
        bundles.publish(store, bundles.tiny(prefix, seed))
    return store
