"""One training for a store at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

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


@contextmanager
def holding(store: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that holds the lock until a byte comes."""
    command = [sys.executable, "-c", CHILD, str(store)]
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
        monkeypatch.setattr("training.cli.lock.fcntl.flock", lambda *_: None)
        with lock.training(tmp_path):
            pass


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


def test_whoever_asks_for_the_holder_does_not_stop_a_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The question locks the file for a moment; a training that begins meanwhile tries again."""
    asking = os.open(tmp_path, os.O_RDONLY)
    with lock.training(tmp_path):
        pass
    os.close(asking)
    asking = os.open(tmp_path / lock.LOCK, os.O_RDONLY)
    assert lock._locked(asking, lock.fcntl.LOCK_SH)
    monkeypatch.setattr("training.cli.lock.time.sleep", lambda _: lock.fcntl.flock(asking, lock.fcntl.LOCK_UN))
    with lock.training(tmp_path):
        assert lock.holder(tmp_path) != ""
    os.close(asking)


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
