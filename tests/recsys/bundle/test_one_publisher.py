"""Two publishers cannot interleave, and readers do not wait for one."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
import threading
from collections.abc import ItemsView, Iterator
from unittest.mock import MagicMock

import pytest

from recsys.bundle.store import Store, verify_all
from recsys.errors import StoreError
from recsys.model.model import Model
from tests.support import factories
from tests.support.faults import bundles
from tests.support.faults.bundles import serving


class Paused(dict[str, bytes]):
    """Files of an encoder whose writing begins only when `go` is set, in the midst of a publish."""

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(files)
        self.reached, self.go = threading.Event(), threading.Event()

    def items(self) -> ItemsView[str, bytes]:
        self.reached.set()
        assert self.go.wait(60)
        return super().items()


class Publish(threading.Thread):
    """A publish in the background that stands still in its midst."""

    def __init__(self, store: Store, model: Model) -> None:
        super().__init__()
        self.store, self.files = store, Paused(dict(model.encoder_files))
        self.model = dataclasses.replace(model, encoder_files=self.files)
        self.version, self.error = "", ""

    def run(self) -> None:
        try:
            self.version = bundles.publish(self.store, self.model)
        except Exception as error:
            self.error = f"{type(error).__name__}: {error}"

    def finish(self) -> None:
        self.files.go.set()
        self.join(60)


@pytest.fixture
def publishing(full: Store) -> Iterator[Publish]:
    """A publish of model x that has written half of its files."""
    publish = Publish(full, bundles.tiny("x", 7))
    publish.start()
    assert publish.files.reached.wait(60)
    yield publish
    publish.finish()


def test_a_second_publisher_is_told_so_and_then_works(full: Store, publishing: Publish) -> None:
    second = bundles.tiny("y", 8)
    attempts = (lambda: bundles.publish(full, second), full.rollback, lambda: full.prune(1))
    for attempt in attempts:
        with pytest.raises(StoreError, match="is locked: another process publishes; try again later"):
            attempt()
    assert serving(full) == "c"
    publishing.finish()
    assert (publishing.error, serving(full), full.current()) == ("", "x", publishing.version)
    bundles.publish(full, second)
    assert serving(full) == "y"
    assert all(not problem for _, problem in verify_all(full))


def test_readers_do_not_wait_for_a_publisher(full: Store, publishing: Publish) -> None:
    assert serving(full) == "c"
    assert len(full.versions()) == 3
    assert full.verify(full.current()).model_version == full.current()
    assert publishing.is_alive()


def test_control_without_the_lock_two_publishers_break_each_other(
    full: Store, publishing: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("filelock.FileLock", lambda *_, **__: MagicMock())
    bundles.publish(full, bundles.tiny("y", 8))
    publishing.finish()
    assert re.match("(BundleError|StoreError): .*(No such file or directory|missing)", publishing.error)


HOLD = """
import os, sys
from pathlib import Path
from recsys.bundle.store import Store
with Store(Path(sys.argv[1]))._locked():
    if sys.argv[2] == "fork" and os.fork():
        os._exit(0)
    print("holding", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("how", ["kill", "fork"])
def test_a_publisher_that_has_ended_holds_no_lock(full: Store, how: str) -> None:
    """It is killed, or it ends while a child that was forked in the midst of the publish lives on."""
    command = [sys.executable, "-c", HOLD, str(full.path), how]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=factories.ROOT) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"holding\n"
            if how == "kill":
                with pytest.raises(StoreError, match="is locked: another process publishes; try again later"):
                    full.prune(3)
                process.kill()
            process.wait(60)
            assert full.prune(3) == []
        finally:
            process.kill()
