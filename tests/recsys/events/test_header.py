"""The shared memory that tells of every commit to a SQLite file, and the locks that must outlive looking at it."""

from __future__ import annotations

import fcntl
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from recsys.errors import EventStoreError
from recsys.events import backends
from recsys.events.records import ReceivedEvent
from recsys.events.store import EventStore
from tests.support import factories


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "a folder" / "events?#%41.sqlite"


def test_every_commit_of_anybody_changes_the_header(file: Path) -> None:
    with EventStore.open(str(file)) as store, EventStore.open(str(file)) as other:
        header = store.header()
        assert header is store.header()
        assert header is not None
        seen = [header[:]]
        changes = (
            lambda: store.add([ReceivedEvent("u", "i")]),
            lambda: other.add([ReceivedEvent("u", "i")]),
            lambda: other.forget("u"),
            lambda: store.hide("i"),
            lambda: other.unhide("i"),
        )
        for change in changes:
            change()
            assert header[:] not in seen
            seen.append(header[:])
            other.read_user("u"), store.hidden(), store.watermark()
            assert header[:] == seen[-1]
        assert len(header) == backends.HEADER_BYTES


def test_the_header_outlives_failures_and_other_connections(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "WAIT_SECONDS", 0.0)
    with EventStore.open(str(file)) as store:
        header = store.header()
        assert header is not None
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(EventStoreError, match="locked"):
            store.add([ReceivedEvent("u", "i")])
        other.execute("COMMIT")
        other.close()
        before = header[:]
        with EventStore.open(str(file)) as another:
            another.add([ReceivedEvent("u", "i")])
        assert header[:] != before


SHM_LOCK = """
import sys, threading
from recsys.events.store import EventStore
store = EventStore.open(sys.argv[1])
if sys.argv[2] == "closing":
    import os
    store.header()
    os.close(os.open(sys.argv[1] + "-shm", os.O_RDONLY))
else:
    for _ in range(3):
        store.header()
        store.read_user("u")
print("ready", flush=True)
sys.stdin.read()
"""


def locked_by_another_process(file: Path, way: str) -> bool:
    """Whether a process that has mapped the header still has SQLite's lock on the ``-shm`` file."""
    command = [sys.executable, "-c", SHM_LOCK, str(file), way]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=factories.ROOT) as process:
        assert process.stdout.readline() == b"ready\n"
        with Path(f"{file}-shm").open("r+b") as shared:
            try:
                fcntl.lockf(shared, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 128)  # where SQLite says that somebody is there
            except OSError:
                return True
            return False


def test_mapping_the_header_leaves_the_locks_of_sqlite(file: Path) -> None:
    assert locked_by_another_process(file, "mapping")


def test_control_closing_a_handle_takes_the_locks_away(file: Path) -> None:
    assert not locked_by_another_process(file, "closing")
