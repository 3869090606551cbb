"""One training for a store at a time, over all processes of a machine.

Publishing has a lock of its own, which is held for a moment. This one is held as long as a training takes: two of them at
once would need twice the memory, and the one that read its data first could publish last.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recsys.errors import StoreError

LOCK = ".train.lock"
LOOKS = 5  # whoever asks for the holder locks the file for a moment
PAUSE_SECONDS = 0.02


@contextmanager
def training(store: Path) -> Iterator[None]:
    """Hold the lock of a store, whose folder is made where it is not there.

    It is free again when the process ends, however that happens.

    Raises
    ------
    StoreError
        When another process holds it, whose number is told, or the file cannot be written.
    """
    try:
        store.mkdir(parents=True, exist_ok=True)
        handle = os.open(store / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise StoreError(f"{store / LOCK} cannot be written: {error.strerror}") from error
    try:
        if not _locked(handle, fcntl.LOCK_EX):
            raise StoreError(f"{_named(handle)} trains for store {store} already; wait for it, or end it first")
        os.ftruncate(handle, 0)  # of one that was killed
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        try:
            yield
        finally:
            os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def holder(store: Path) -> str:
    """Who trains for a store, such as ``process 4711``; empty when nobody does."""
    try:
        handle = os.open(store / LOCK, os.O_RDONLY)
    except FileNotFoundError:
        return ""
    try:
        return "" if _locked(handle, fcntl.LOCK_SH) else _named(handle)
    finally:
        os.close(handle)


def _locked(handle: int, kind: int) -> bool:
    for _ in range(LOOKS):
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(PAUSE_SECONDS)
        else:
            return True
    return False


def _named(handle: int) -> str:
    number = os.pread(handle, 32, 0).decode("ascii", "replace").strip()
    return f"process {number}" if number.isdigit() else "another process"
