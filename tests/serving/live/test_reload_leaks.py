"""Promise 16: what a worker holds does not grow with its reloads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from recsys.bundle.store import Store
from tests.support import factories
from tests.support.faults import bundles

MOST_KB = 3000  # of 1,000 reloads: a model of its size kept just once a hundred reloads would be more


@pytest.fixture
def models(store: Store) -> Store:
    """Two models of a few hundred KB; the first mappings of annoy and numpy are as many in both."""
    for seed in (1, 2):
        bundles.publish(store, factories.model(500, 800, factors=16, text_dim=16, seed=seed, annoy=True))
    return store


def reload(store: Store, reloads: int, *leak: str) -> list[dict[str, int]]:
    """What a process holds after a tenth of some reloads, and after all of them."""
    command = [sys.executable, "-m", "tests.support.faults.reload_child", str(store.path), str(reloads), *leak]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    ended = subprocess.run(
        command, cwd=factories.ROOT, env={**os.environ, **threads}, capture_output=True, check=False, timeout=1200
    )
    assert ended.returncode == 0, ended.stderr.decode()
    found: list[dict[str, Any]] = json.loads(ended.stdout)
    return found


def grown(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {name: after[name] - before[name] for name in before}


@pytest.mark.parametrize("reloads", [30, pytest.param(1000, marks=pytest.mark.soak)])
def test_reloads_leak_nothing(models: Store, reloads: int, record_property: Callable[[str, object], None]) -> None:
    before, after = reload(models, reloads)
    more = grown(before, after)
    record_property("figures", f"{reloads} reloads: {before} -> {after}")
    assert more["files"] <= 1, (before, after)
    assert more["mappings"] < 12, (before, after)  # of the allocator
    if reloads >= 1000:
        assert more["anonymous"] < MOST_KB, (before, after)


def test_control_a_model_that_is_kept_is_seen(models: Store) -> None:
    more = grown(*reload(models, 30, "leak"))
    assert more["files"] > 20
    assert more["mappings"] > 60
