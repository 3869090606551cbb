"""The lock of a store that a training holds, so that trainings of all processes of a machine run one at a time.

Two at once would need twice the memory, and the training that read its data first could publish last. Publishing has a lock
of its own, which is held for a moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from os import getpid
from pathlib import Path

from filelock import FileLock, Timeout

from recsys.errors import StoreError

LOCK = ".train.lock"
WAIT_SECONDS = 0.1  # `holder` takes the lock for a moment
POLL_SECONDS = 0.02


@contextmanager
def training(store: Path) -> Iterator[None]:
    """Hold the lock of a store; create its folder if needed.

    The lock is free when the process ends, however it ends, and forked children do not keep it. Raises StoreError when another
    process, which the message names, holds the lock, or the file cannot be written.
    """
    file = store / LOCK
    lock = _lock(file)
    try:
        store.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise StoreError(f"{_name(file)} trains for store {store} already; wait for it, or end it first") from error
    except OSError as error:
        raise StoreError(f"{file} cannot be written: {error.strerror}") from error
    try:
        file.write_text(f"{getpid()}\n")
        yield
    finally:
        file.write_text("")
        lock.release()


def holder(store: Path) -> str:
    """Return the process that trains for a store, such as ``process 4711``; empty when none does."""
    file = store / LOCK
    try:
        with _lock(file) if file.exists() else nullcontext():
            return ""
    except Timeout:
        return _name(file)


def _lock(file: Path) -> FileLock:
    return FileLock(file, WAIT_SECONDS, mode=0o644, poll_interval=POLL_SECONDS, fallback_to_soft=False)


def _name(file: Path) -> str:
    number = file.read_bytes().decode("ascii", "replace").strip()
    return f"process {number}" if number.isdigit() else "another process"
