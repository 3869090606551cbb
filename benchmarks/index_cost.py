"""Cost of a query with the forest and with the exact scan: ``python benchmarks/index_cost.py STORE`` prints a table.

Times both for the same queries of the current model of a store, alternating. Source of FOREST_COST in
training/indexes/forest_or_scan.py and of docs/decisions/0003.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from recsys.bundle.store import Store
from recsys.index.annoy import AnnoyVectorIndex
from recsys.index.exact import ExactIndex, VectorIndex
from recsys.recommend.recommender import Recommender

QUERIES = 300
K = 10


def main(store: Path) -> None:
    bundle = Store(store).load()
    folder, model = store / bundle.version, bundle.model
    recommender = Recommender(model, bundle.version)
    users = np.random.default_rng(0).integers(0, len(model.users), QUERIES).tolist()
    items = np.random.default_rng(1).integers(0, len(model.catalog), QUERIES)
    queries = {
        "items_for_user": [recommender.user_vector(num) for num in users],
        "items_like_item": list(model.items_like_item.table.rows(items.astype(np.int32))),
    }
    print("index            dim   search_k  forest ms  rows scanned  scan ms  cost of a forest vector in rows")
    for name, vectors in queries.items():
        info = getattr(bundle.manifest, name)
        table = getattr(model, name).table
        forest = AnnoyVectorIndex.open(table, folder / f"{name}.ann", info.search_k)
        exact = ExactIndex(table)
        forest_ms, scan_ms = _in_turn(vectors, forest, exact)
        rows = statistics.fmean(table.scan(vector, K)[1] for vector in vectors)
        cost = (forest_ms / info.search_k) / (scan_ms / rows)
        print(f"{name:16} {table.dim:4} {info.search_k:9} {forest_ms:10.3f} {rows:13.0f} {scan_ms:8.3f} {cost:8.1f}")


def _in_turn(vectors: list[np.ndarray], *indexes: VectorIndex) -> list[float]:
    times: list[list[float]] = [[] for _ in indexes]
    for vector in vectors:
        for index, spent in zip(indexes, times, strict=True):
            spent.append(_milliseconds(lambda index=index, vector=vector: index.query(vector, K)))
    return [statistics.median(spent) for spent in times]


def _milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - started)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
