"""One training for a store at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from filelock import FileLock

from recsys.bundle.store import Store, verify_all
from recsys.errors import StoreError
from tests.support import factories
from tests.support.faults import bundles
from training.cli import lock

CHILD = """
import os, sys
from pathlib import Path
from training.cli import lock
with lock.training(Path(sys.argv[1])):
    os.write(1, b"holding\\n")
    os.read(0, 1)
"""
FORKING = CHILD.replace("    os.write", "    os.fork() or os.read(0, 1)\n    os.write")


@contextmanager
def holding(store: Path, code: str = CHILD) -> Iterator[subprocess.Popen[bytes]]:
    """A process that holds the lock until a byte comes."""
    command = [sys.executable, "-c", code, str(store)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=factories.ROOT, bufsize=0
    ) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == b"holding\n"
            yield child
        finally:
            child.kill()


def test_a_second_training_is_refused_and_told_who_holds_the_lock(tmp_path: Path) -> None:
    store = tmp_path / "deep" / "store"
    assert lock.holder(store) == ""
    with holding(store) as child:
        assert lock.holder(store) == f"process {child.pid}"
        message = f"process {child.pid} trains for store .*/store already; wait for it, or end it first"
        with pytest.raises(StoreError, match=message), lock.training(store):
            pytest.fail("it must not come so far")
        assert lock.holder(store) == f"process {child.pid}"
        assert child.stdin is not None
        child.stdin.write(b".")
        assert child.wait() == 0
        assert lock.holder(store) == ""
        assert (store / lock.LOCK).read_bytes() == b""
        with lock.training(store):
            assert lock.holder(store) == f"process {os.getpid()}"


def test_control_without_the_lock_two_train_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with holding(tmp_path):
        monkeypatch.setattr("filelock._unix.lock_fd_nonblocking", lambda _: True)
        with lock.training(tmp_path):
            pass


def test_a_child_that_outlives_a_killed_training_does_not_keep_the_lock(tmp_path: Path) -> None:
    with holding(tmp_path, FORKING) as parent:
        parent.kill()
        parent.wait()
        assert lock.holder(tmp_path) == ""
        with lock.training(tmp_path):
            assert lock.holder(tmp_path) == f"process {os.getpid()}"


def test_a_killed_training_leaves_no_lock(tmp_path: Path) -> None:
    with holding(tmp_path) as child:
        child.kill()
        child.wait()
        assert (tmp_path / lock.LOCK).read_text() == f"{child.pid}\n"
        (tmp_path / lock.LOCK).write_text("1234567890123\n")  # of one with a longer number
        assert lock.holder(tmp_path) == ""
        with lock.training(tmp_path):
            assert lock.holder(tmp_path) == f"process {os.getpid()}"


def test_a_training_that_fails_leaves_no_lock(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError, match="in the midst"), lock.training(tmp_path):
        raise ZeroDivisionError("in the midst")
    assert lock.holder(tmp_path) == ""
    assert (tmp_path / lock.LOCK).read_bytes() == b""


def test_a_training_waits_while_the_holder_is_looked_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The look-up takes the lock for a moment."""
    looking_up = FileLock(tmp_path / lock.LOCK)
    looking_up.acquire()
    monkeypatch.setattr("filelock._api.time.sleep", lambda _: looking_up.release())
    with lock.training(tmp_path):
        assert lock.holder(tmp_path) == f"process {os.getpid()}"


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff\xfe", b"12 34"])
def test_a_holder_that_has_not_written_its_number_is_another_process(content: bytes, tmp_path: Path) -> None:
    with holding(tmp_path):
        (tmp_path / lock.LOCK).write_bytes(content)
        with pytest.raises(StoreError, match=r"^another process trains for store"), lock.training(tmp_path):
            pytest.fail("it must not come so far")


def test_a_store_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with (
        pytest.raises(StoreError, match=r"file/store/\.train\.lock cannot be written: Not a directory"),
        lock.training(tmp_path / "file" / "store"),
    ):
        pytest.fail("it must not come so far")


def test_the_store_works_beside_the_lock(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with lock.training(store.path):
        assert store.versions() == []
        assert store.current_or_none() is None
        versions = [bundles.publish(store, bundles.tiny(prefix, seed)) for seed, prefix in enumerate("abc")]
        assert store.versions() == versions
        assert store.rollback() == versions[1]
        assert store.prune(1) == versions[:1]
        assert [problem for _, problem in verify_all(store)] == ["", ""]
        assert bundles.serving(store) == "b"
    assert {path.name for path in tmp_path.iterdir()} == {*versions[1:], "current", ".lock", lock.LOCK}
