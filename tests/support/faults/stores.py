"""Stores in memory, where syncing costs nothing, for tests of many publishes."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from recsys.bundle.store import Store
from tests.support.faults import bundles

IN_MEMORY = Path("/dev/shm")
SIZE = 4 << 20


def in_memory() -> tempfile.TemporaryDirectory[str]:
    """A temporary folder, where syncing costs nothing if the machine has such a place."""
    return tempfile.TemporaryDirectory(dir=IN_MEMORY if IN_MEMORY.is_dir() else None)


@pytest.fixture
def memory() -> Iterator[Path]:
    with in_memory() as folder:
        yield Path(folder)


@pytest.fixture
def store(memory: Path) -> Store:
    """An empty store whose folder is not there yet."""
    return Store(memory / "deep" / "store")


@pytest.fixture(scope="session")
def published() -> Iterator[Path]:
    """A bundle in which annoy serves; tests change copies of it."""
    with in_memory() as folder:
        store = Store(Path(folder))
        yield store.folder(bundles.publish(store, bundles.tiny("a")))


@pytest.fixture
def sound(published: Path, store: Store) -> Path:
    """A sound bundle in which annoy serves, the only version of a store."""
    shutil.copytree(published.parent, store.path, symlinks=True)
    return store.folder(published.name)


@pytest.fixture
def full(store: Store) -> Store:
    """A store of three versions whose models share no id."""
    for seed, prefix in enumerate(bundles.PREFIXES):
        bundles.publish(store, bundles.tiny(prefix, seed))
    return store


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of four megabytes, room for a few of the bundles of these tests."""
    options = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(tmp_path)]
    try:
        mounted = subprocess.run(options, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("mount is not installed")
    if mounted.returncode:
        pytest.skip(f"may not mount a file system: {mounted.stderr.strip()}")
    yield tmp_path
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)
