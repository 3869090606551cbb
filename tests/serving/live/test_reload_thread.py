"""The thread that follows the store: it dies of no error, ends with its application, and starts again after a fork."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from recsys.bundle.store import Store
from recsys.config import ServeConfig
from recsys.errors import BundleError
from recsys.recommend.recommender import Recommender
from serving.app import create_app
from serving.live.reload import RETRY_SECONDS, Reloader
from serving.settings import Settings
from tests.support import factories
from tests.support.faults.workers import Worker, publish

PATIENCE = 60.0


@pytest.fixture
def worker(full: Store) -> Worker:
    """Over three versions, of which the newest serves."""
    worker = Worker(full)
    assert worker.look() == full.versions()[-1]
    return worker


class Quick:
    """Looks of a reloader as events."""

    def __init__(self, reloader: Reloader) -> None:
        self.looked = threading.Semaphore(0)
        self._look = reloader.poll
        reloader.poll = self  # type: ignore[method-assign]

    def __call__(self) -> None:
        self._look()
        self.looked.release()

    def wait(self, looks: int) -> bool:
        """Wait for some looks from now on."""
        while self.looked.acquire(blocking=False):
            pass
        return all(self.looked.acquire(timeout=PATIENCE) for _ in range(looks))


def watchers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "recsys-reload"]


@pytest.fixture
def other(worker: Worker) -> str:
    """A fourth version, published before the thread looks, while the third one serves."""
    other = publish(worker.store, "d", 9)
    worker.point(worker.model.version)
    return other


@pytest.fixture
def running(worker: Worker, other: str) -> Iterator[tuple[Worker, Quick]]:
    quick = Quick(worker.reloader)
    worker.reloader.start(0.001)
    yield worker, quick
    worker.reloader.close()


def test_the_thread_follows_and_survives_every_error(
    running: tuple[Worker, Quick], other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, quick = running
    served = worker.model.version
    for error in (
        BundleError("bad"),
        RuntimeError("x"),
        MemoryError(),
        RecursionError(),
        OSError(24, "Too many files"),
    ):
        worker.says[other] = error
        worker.point(other)
        assert quick.wait(3)
        assert worker.model.version == served
    with monkeypatch.context() as patched:
        patched.setattr(Store, "current", lambda _: 1 / 0)
        assert quick.wait(3)
    worker.says.clear()
    worker.now += 2 * RETRY_SECONDS
    worker.point(other)
    assert quick.wait(3)
    assert worker.model.version == other


def test_close_ends_the_thread(running: tuple[Worker, Quick]) -> None:
    before = watchers()
    assert [thread.daemon for thread in before] == [True]
    running[0].reloader.close()
    assert watchers() == []
    running[0].reloader.close()


def test_an_application_that_is_dropped_ends_its_thread(full: Store) -> None:
    app = create_app(Settings(full.path, "", ServeConfig(reload_seconds=0.01)))
    (thread,) = watchers()
    assert app.test_client().get("/readyz").json["model_version"] == full.current()
    del app
    gc.collect()
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_a_fixed_recommender_needs_no_thread(tmp_path: Path) -> None:
    app = create_app(Settings(tmp_path), Recommender(factories.model(), "fixed"))
    assert watchers() == []
    assert app.test_client().get("/readyz").json["model_version"] == "fixed"


FORKS = """
import os, signal, sys, time, threading
from pathlib import Path
from recsys.config import ServeConfig
from recsys.bundle.store import Store
from serving.app import create_app
from serving.settings import Settings

store = Store(Path(sys.argv[1]))
app = create_app(Settings(store.path, "", ServeConfig(reload_seconds=0.05)))
app.extensions["reloader"]._lock.acquire()  # as if the fork came in the midst of a look
signal.alarm(60)
child = os.fork()
if child == 0:
    model = app.extensions["model"]
    first = model.version
    store.rollback()
    while model.version == first:
        time.sleep(0.01)
    os._exit(0 if model.version == store.current() else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_process_that_is_forked_follows_too(full: Store) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", FORKS, str(full.path)], cwd=factories.ROOT, capture_output=True, check=False
    )
    assert (ended.returncode, full.current()) == (0, full.versions()[-2]), ended.stderr.decode()


def test_the_process_ends_while_the_thread_runs(full: Store) -> None:
    code = FORKS.partition("app.extensions")[0] + "time.sleep(0.2)"
    ended = subprocess.run(
        [sys.executable, "-c", code, str(full.path)], cwd=factories.ROOT, capture_output=True, check=False
    )
    assert ended.returncode == 0
    assert b"Fatal" not in ended.stderr
