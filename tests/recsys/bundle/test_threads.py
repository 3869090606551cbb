"""Bundles that are opened by several threads at once."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from recsys.bundle import files


class Yielding:
    """A cycle, so that only the garbage collector ends it, and then another thread goes on."""

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        time.sleep(0)


@pytest.fixture
def busy_collector() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(5)
    yield
    gc.set_threshold(*before)


def failures(path: Path, threads: int = 4, reads: int = 1000) -> int:
    def read(_: int) -> int:
        failed = 0
        for _ in range(reads):
            Yielding()
            try:
                files.read_array(path)
            except SystemError:
                failed += 1
        return failed

    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(read, range(threads)))


@pytest.mark.usefixtures("busy_collector")
def test_arrays_are_read_by_several_threads(tmp_path: Path) -> None:
    np.save(tmp_path / "some.npy", np.zeros((3, 4), dtype=np.float32))
    assert failures(tmp_path / "some.npy") == 0


@pytest.mark.usefixtures("busy_collector")
def test_control_without_the_lock_a_header_fails_to_parse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.save(tmp_path / "some.npy", np.zeros((3, 4), dtype=np.float32))
    monkeypatch.setattr(files, "PARSING", nullcontext())
    if failures(tmp_path / "some.npy", reads=5000) == 0:
        pytest.skip("this Python parses in threads: python/cpython issue 106905 is mended in it")
