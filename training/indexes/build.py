"""Builds a vector index and the forest that was measured for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.bundle.manifest import IndexInfo
from recsys.config import IndexConfig
from recsys.data.vectors import Vectors
from recsys.index.annoy import AnnoyVectorIndex
from recsys.index.exact import ExactIndex, VectorIndex, VectorTable
from training.indexes.forest_or_scan import RECALL_AT, IndexPoint, Query, choose

STEPS = 2


@dataclass(frozen=True, eq=False)
class BuiltIndex:
    """An index, the forest that was measured for it, the measurement, and the measured settings, the serving one first."""

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
    advance: Callable[[int], None] = lambda _: None,
) -> BuiltIndex:
    """Build a forest over `vectors` (n, dim), and choose what serves.

    `queries` returns the queries of the measurement; `advance` is called after each of STEPS steps. Raises ModelRejectedError
    when ``index.recall`` is not reached.
    """
    table = VectorTable.from_vectors(vectors)
    forest = AnnoyVectorIndex.build(table, config.n_trees, random_state)
    advance(1)
    measured = [(vector, skip) for vector, skip in queries(table) if vector.any()]  # others get the popular items
    choice = choose(name, forest, table, measured, config)
    advance(1)
    exact = choice.serves == "exact"
    info = IndexInfo(
        metric="inner_product",
        serves=choice.serves,
        recall=1.0 if exact else choice.recall,
        recall_at=RECALL_AT,
        queries=len(measured),
        n_trees=config.n_trees,
        search_k=choice.forest.search_k,
        forest_recall=choice.recall,
        scan_rows=round(choice.scan_rows),
    )
    return BuiltIndex(ExactIndex(table) if exact else choice.forest, choice.forest, info, choice.points)


def sample(n: int, size: int, random_state: int) -> NDArray[np.int64]:
    """Return up to `size` different numbers below `n`, rising."""
    return np.sort(np.random.default_rng(random_state).permutation(n)[:size])
