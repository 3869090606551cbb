"""A disk that is full or read-only: one clear line, and the model that serves goes on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from recsys.bundle.store import Store
from recsys.errors import StoreError
from recsys.model.model import Model
from tests.support import factories
from tests.support.faults import bundles
from tests.support.faults.bundles import serving

PAGE = os.sysconf("SC_PAGE_SIZE")


@pytest.fixture
def serving_a(disk: Path) -> Store:
    store = Store(disk / "store")
    bundles.publish(store, bundles.tiny("a"))
    return store


def larger(seed: int) -> Model:
    """A model whose arrays take several pages each."""
    return factories.model(400, 600, seed=seed)


def fill(disk: Path, pages: int) -> None:
    """Leave room for a number of pages on a disk."""
    room = os.statvfs(disk)
    (disk / "filler").write_bytes(bytes(max(0, room.f_bavail * room.f_frsize - pages * PAGE)))


def command(store: Store) -> subprocess.CompletedProcess[str]:
    """A publish of B as the command line does it."""
    child = [sys.executable, "-m", "tests.support.faults.publish_child", "soundly", str(store.path)]
    return subprocess.run(child, cwd=factories.ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.soak)])
def test_a_disk_that_gets_full_at_any_page_leaves_the_model_that_serves(
    disk: Path, serving_a: Store, store: Store, step: int
) -> None:
    written = bundles.files(store.folder(bundles.publish(store, larger(seed=1))))
    needed = sum(-(-len(content) // PAGE) for content in written.values())
    assert needed > 60
    for pages in range(0, needed, step):
        fill(disk, pages)
        with pytest.raises(StoreError, match=r"\A[^\n]*No space left on device[^\n]*\Z"):
            bundles.publish(serving_a, larger(seed=1))
        (disk / "filler").unlink()
        assert (serving(serving_a), len(serving_a.versions())) == ("a", 1)
    bundles.publish(serving_a, larger(seed=1))
    assert len(serving_a.load().model.users) == 400


def test_a_full_disk_is_one_line_and_exit_1(disk: Path, serving_a: Store) -> None:
    fill(disk, 3)
    ending = command(serving_a)
    assert ending.returncode == 1
    assert ending.stderr == (
        f"error: publishing in store {serving_a.path} failed: No space left on device; the served model is untouched\n"
    )
    assert serving(serving_a) == "a"
    (disk / "filler").unlink()
    ending = command(serving_a)
    assert (ending.returncode, ending.stderr, serving(serving_a)) == (0, "", "b")


def test_a_read_only_disk_is_one_line_and_exit_1(disk: Path, serving_a: Store) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    ending = command(serving_a)
    assert ending.returncode == 1
    assert ending.stderr == (
        f"error: publishing in store {serving_a.path} failed: Read-only file system; the served model is untouched\n"
    )
    for attempt in (serving_a.rollback, lambda: serving_a.prune(1)):
        with pytest.raises(StoreError, match="failed: Read-only file system; the served model is untouched"):
            attempt()
    assert serving(serving_a) == "a"


def test_a_file_in_place_of_the_store_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("")
    with pytest.raises(StoreError, match="failed: File exists; the served model is untouched"):
        bundles.publish(Store(tmp_path / "store"), bundles.tiny("a"))
