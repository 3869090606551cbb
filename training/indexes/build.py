"""Builds the indexes, measures them against the exact answer, and chooses which of them serves."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.bundle.manifest import IndexInfo
from recsys.config import IndexConfig
from recsys.data.vectors import Vectors
from recsys.errors import ModelRejectedError
from recsys.index.annoy import MEASURED_AT, AnnoyVectorIndex
from recsys.index.exact import ExactIndex, VectorIndex, VectorTable, best_of_rows
from recsys.score_order import displayed

RECALL_AT = MEASURED_AT
CONFIDENCE = 1.645  # one-sided 95% of a normal distribution
FOREST_COST = 5.0  # time of one vector that the forest inspects, in rows of a scan; docs/decisions/0003

Query = tuple[Vectors, NDArray[np.int32]]


@dataclass(frozen=True)
class IndexPoint:
    """A measured way to search an index: share of the exact top ten that it finds, and milliseconds per query."""

    name: str
    recall: float
    milliseconds: float


@dataclass(frozen=True, eq=False)
class BuiltIndex:
    """An index, the forest that was measured for it, the measurement, and the measured settings."""

    serving: VectorIndex
    forest: AnnoyVectorIndex
    info: IndexInfo
    points: tuple[IndexPoint, ...]


def build_index(
    name: str,
    vectors: Vectors,
    queries: Callable[[VectorTable], Sequence[Query]],
    config: IndexConfig,
    random_state: int,
) -> BuiltIndex:
    """Build a forest over `vectors` (n, dim), choose its search_k and decide whether it or a scan serves.

    All decisions depend on counts of inspected vectors, never on a clock, so the same data gives the same bundle. `queries`
    returns the query vectors of the measurement, each with the row numbers that must be left out. Raises ModelRejectedError
    when ``index.recall`` is not reached.
    """
    table = VectorTable.from_vectors(vectors)
    exact, forest = ExactIndex(table), AnnoyVectorIndex.build(table, config.n_trees, random_state)
    measured = [(vector, skip) for vector, skip in queries(table) if vector.any()]  # others get the popular items
    started = time.perf_counter()
    scans = [exact.scan(vector, RECALL_AT, skip) for vector, skip in measured]
    scan_point = _point("exact scan", 1.0, started, len(measured))
    scan_rows = _mean([rows for _, rows in scans])
    truth = [
        best_of_rows(table, nums, vector, RECALL_AT).nums
        for (nums, _), (vector, _) in zip(scans, measured, strict=True)
    ]
    forest, recall, points = _deep_enough(name, forest, measured, truth, config, scan_rows)
    serves = config.kind
    if serves == "auto":
        serves = "annoy" if _is_cheaper(forest.search_k, scan_rows) else "exact"
    info = IndexInfo(
        metric="inner_product",
        serves=serves,
        recall=1.0 if serves == "exact" else recall,
        recall_at=RECALL_AT,
        queries=len(measured),
        n_trees=config.n_trees,
        search_k=forest.search_k,
        forest_recall=recall,
        scan_rows=round(scan_rows),
    )
    return BuiltIndex(exact if serves == "exact" else forest, forest, info, (scan_point, *points))


def sample(n: int, size: int, random_state: int) -> NDArray[np.int64]:
    """Return up to `size` different numbers below `n`, rising."""
    return np.sort(np.random.default_rng(random_state).permutation(n)[:size])


def _deep_enough(
    name: str,
    forest: AnnoyVectorIndex,
    queries: Sequence[Query],
    truth: Sequence[NDArray[np.int32]],
    config: IndexConfig,
    scan_rows: float,
) -> tuple[AnnoyVectorIndex, float, list[IndexPoint]]:
    """Return the forest with the first search_k of a doubling ladder whose recall is above the floor with 95% confidence;
    "auto" stops where a scan is as cheap."""
    search_k, points = config.search_k or config.n_trees * RECALL_AT, []
    while True:
        forest = forest.with_search_k(search_k)
        started = time.perf_counter()
        recalls = [
            _overlap(forest.query(vector, RECALL_AT, skip).nums, nums)
            for (vector, skip), nums in zip(queries, truth, strict=True)
        ]
        recall = _mean(recalls)
        points.append(_point(f"annoy, search_k {search_k}", recall, started, len(queries)))
        error = float(np.std(recalls)) / max(1, len(recalls)) ** 0.5
        enough = displayed(recall - CONFIDENCE * error) >= config.recall or recall == 1.0
        dearer = config.kind == "auto" and not config.search_k and not _is_cheaper(search_k, scan_rows)
        if enough or dearer or config.kind == "exact":
            return forest, recall, points
        if config.search_k or (config.kind == "annoy" and 2 * search_k >= len(forest)):  # deeper is a scan
            raise ModelRejectedError(
                f"index {name}: recall@{RECALL_AT} is {recall:.4f} (standard error {error:.4f}) at search_k {search_k} with "
                f"{config.n_trees} trees, index.recall asks for {config.recall}; raise index.n_trees, lower index.recall, or "
                'set index.kind = "auto" and index.search_k = 0'
            )
        search_k *= 2


def _point(name: str, recall: float, started: float, queries: int) -> IndexPoint:
    return IndexPoint(name, recall, 1000 * (time.perf_counter() - started) / max(1, queries))


def _is_cheaper(search_k: int, scan_rows: float) -> bool:
    return FOREST_COST * search_k < scan_rows


def _overlap(nums: NDArray[np.int32], truth: NDArray[np.int32]) -> float:
    return len(np.intersect1d(nums, truth)) / len(truth) if len(truth) else 1.0


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if len(values) else 1.0
