"""Rate of the precomputed lists beside that of sgemm: ``OPENBLAS_NUM_THREADS=1 python benchmarks/lists.py STORE``.

Operations are those of a product of all users and all items with all items, per second of processor time.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from recsys.bundle.store import Store
from recsys.config import IndexConfig
from training.indexes.precompute_lists import gflop, with_lists

ROUNDS, ROWS, COLUMNS = 7, 512, 8192
GIGA = 1e9


def main(store: Path) -> None:
    model = Store(store).load().model
    dim = model.layout.dim
    random = np.random.default_rng(0)
    left, right = (random.standard_normal((n, dim), dtype=np.float32) for n in (ROWS, COLUMNS))
    seconds = min(_seconds(lambda: left @ right.T) for _ in range(ROUNDS))
    sgemm = 2 * ROWS * COLUMNS * dim / seconds / GIGA
    spent = _seconds(lambda: with_lists(model, IndexConfig(lists_gflop=gflop(model))))
    rate = gflop(model) / spent
    print(
        f"{len(model.users)} users, {len(model.catalog)} items, {dim} dimensions: lists in {spent:.1f} s of processor time"
    )
    print(f"{rate:.1f} GFLOP/s, sgemm {sgemm:.1f}, ratio {rate / sgemm:.2f}")


def _seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


if __name__ == "__main__":
    main(Path(sys.argv[1]))
