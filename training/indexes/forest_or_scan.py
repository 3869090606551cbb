"""Measures a forest against the exact scan, and decides which of them serves.

All decisions depend on counts of inspected vectors, never on a clock, so the same data gives the same decision
(docs/decisions/0003).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recsys.config import IndexConfig
from recsys.data.vectors import Vectors
from recsys.errors import ModelRejectedError
from recsys.index.annoy import MEASURED_AT, AnnoyVectorIndex
from recsys.index.exact import VectorTable, best_of_rows
from recsys.score_order import displayed

RECALL_AT = MEASURED_AT
CONFIDENCE = 1.645  # one-sided 95% of a normal distribution
FOREST_COST = 5.0  # time of one vector that the forest inspects, in rows of a scan

Query = tuple[Vectors, NDArray[np.int32]]  # a vector, and the row numbers that must be left out


@dataclass(frozen=True)
class IndexPoint:
    """A measured way to search an index: share of the exact top ten that it finds, and milliseconds per query.

    The other indexes are built or measured at the same time.
    """

    name: str
    recall: float
    milliseconds: float


@dataclass(frozen=True, eq=False)
class Choice:
    """What serves, ``"annoy"`` or ``"exact"``, and what was measured.

    Parameters
    ----------
    forest : AnnoyVectorIndex
        With its chosen search_k.
    recall : float
        Of the forest.
    scan_rows : float
        Mean number of rows that a scan inspects.
    points : tuple of IndexPoint
        The measured settings, the serving one first.
    """

    serves: Literal["annoy", "exact"]
    forest: AnnoyVectorIndex
    recall: float
    scan_rows: float
    points: tuple[IndexPoint, ...]


def choose(
    name: str, forest: AnnoyVectorIndex, table: VectorTable, queries: Sequence[Query], config: IndexConfig
) -> Choice:
    """Choose the search_k of a forest over `table`, and whether it or a scan serves.

    Raises ModelRejectedError when ``index.recall`` is not reached.
    """
    started = time.perf_counter()
    scans = [table.scan(vector, RECALL_AT, skip) for vector, skip in queries]
    scan = _point("exact scan", 1.0, started, len(queries))
    scan_rows = _mean([rows for _, rows in scans])
    truth = [
        best_of_rows(table, nums, vector, RECALL_AT).nums for (nums, _), (vector, _) in zip(scans, queries, strict=True)
    ]
    forest, recall, points = _deep_enough(name, forest, queries, truth, config, scan_rows)
    cheaper: Literal["annoy", "exact"] = "annoy" if _is_cheaper(forest.search_k, scan_rows) else "exact"
    serves = cheaper if config.kind == "auto" else config.kind
    order = (scan, *points) if serves == "exact" else (points[-1], *points[:-1], scan)
    return Choice(serves, forest, recall, scan_rows, order)


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
