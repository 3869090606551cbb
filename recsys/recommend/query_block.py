"""Exact lists of a block of queries, users or items, equal to those of single queries.

A product in single precision gives rough scores of all items for all queries of the block. The few items of each query that can
be among its best are scored exactly, all queries at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from recsys.data.vectors import Vectors
from recsys.index.exact import Nums, VectorTable, products_of_pairs
from recsys.model.model import Model
from recsys.recommend.ranking import Ranked, query_vector, rank_scored
from recsys.score_order import UNIT, Scores, cells_of_contenders

PAIRS = 1 << 17  # numbers in the vectors that are multiplied at once, so that they stay in the cache of a processor

Cells = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Nearby:
    """Neighborhood scores of a block, (2, n) float64 by behavior and by content, with their cells."""

    cells: Cells
    parts: NDArray[np.float64]


NO_NEARBY = Nearby(np.empty(0, dtype=np.int64), np.empty((2, 0)))


@dataclass(frozen=True, eq=False)
class QueryBlock:
    """Vectors (n, dim) of queries to a table of m vectors, whose first `factors` numbers are behavior.

    `scores` (n, m) are the rough scores by position in the table, -inf where an item is not to be listed. A query without a
    vector gets no items. A cell is ``query * m + position``.
    """

    table: VectorTable
    factors: int
    vectors: Vectors
    scores: Vectors
    nearby: Nearby = NO_NEARBY

    def __post_init__(self) -> None:
        self.scores[~self.vectors.any(axis=1)] = -np.inf

    @classmethod
    def of_users(cls, model: Model, user_nums: Nums) -> QueryBlock:
        """Return the block of known users, seen items included."""
        table = model.items_for_user.table
        histories = model.histories
        if model.layout.text_dim:
            pairs = ((model.user_factors[num], histories.items_of(num)) for num in user_nums.tolist())
            vectors = np.stack([query_vector(model, *pair) for pair in pairs]).astype(np.float32)
        else:
            vectors = model.user_factors[user_nums]
        block = cls(table, model.layout.factors, vectors, vectors @ table.vectors.T, _nearby(model, user_nums))
        block.scores.reshape(-1)[block.nearby.cells] += block.nearby.parts.sum(axis=0)
        return block

    def leave_out(self, nums: Nums, bounds: NDArray[np.int64]) -> None:
        """Leave out of the lists of query ``i`` the row numbers ``nums[bounds[i]:bounds[i + 1]]``."""
        self.scores[np.repeat(np.arange(len(self.scores)), np.diff(bounds)), self.table.positions[nums]] = -np.inf

    def ranked(self, k: int, costs: Scores | None = None, levels: Scores | None = None) -> list[Ranked]:
        """Return the best `k` items of each query.

        `costs` (n,) is the popularity penalty of each query, in units of the score; `levels` (m,) are the popularity levels by
        position.
        """
        n, m = self.scores.shape
        rough = self.scores
        if costs is not None and levels is not None:
            rough = rough - costs.astype(np.float32)[:, None] * levels.astype(np.float32)
        cells = cells_of_contenders(rough, k, self._slacks)
        rows, positions = np.divmod(cells, m)
        collaborative, content = self._parts(rows, positions) + self._added(cells)
        nums, popularity = self.table.order[positions], np.zeros(len(rows))
        if costs is not None and levels is not None:
            popularity = -costs[rows] * levels[positions]
        bounds = np.searchsorted(rows, np.arange(n + 1))
        inside = np.arange(len(rows)) - bounds[rows] < k

        def best(scores: Vectors) -> NDArray[np.int64]:
            return np.lexsort((nums, -scores, rows))[inside]

        ranked = rank_scored(nums, collaborative, content, popularity, best)
        ends = np.concatenate(([0], np.cumsum(np.minimum(np.diff(bounds), k)))).tolist()
        return [ranked.take(slice(start, stop)) for start, stop in pairwise(ends)]

    @cached_property
    def _slacks(self) -> NDArray[np.float64]:
        return self.table.slacks(self.vectors) + 2 * UNIT

    def _parts(self, rows: NDArray[np.int64], positions: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the behavior and content parts of the products of pairs, (2, n)."""
        parts, size = np.zeros((2, len(rows))), max(1, PAIRS // self.table.dim)
        for start in range(0, len(rows), size):
            some = slice(start, start + size)
            items, queries = self.table.vectors[positions[some]], self.vectors[rows[some]]
            for part, columns in enumerate((slice(self.factors), slice(self.factors, None))):
                parts[part, some] = products_of_pairs(items[:, columns], queries[:, columns])
        return parts

    def _added(self, cells: Cells) -> NDArray[np.float64]:
        """Return what the neighborhood adds to the parts of rising cells, (2, n)."""
        wanted = np.zeros(self.scores.size, dtype=bool)
        wanted[cells] = True
        near = np.flatnonzero(wanted[self.nearby.cells])
        added = np.zeros((2, len(cells)))
        added[:, np.searchsorted(cells, self.nearby.cells[near])] = self.nearby.parts[:, near]
        return added


def _nearby(model: Model, user_nums: Nums) -> Nearby:
    table = model.items_for_user.table
    histories, bounds = model.histories.items_of_many(user_nums)
    sums = model.neighborhood.sums_of_many(histories, bounds)
    lengths = np.diff(bounds).tolist()
    scales = np.array([max(1, n) ** -0.5 for n in lengths])
    emphases = np.array([model.layout.emphasis(n) for n in lengths])
    rows = np.repeat(np.arange(len(lengths)), np.diff(sums.indptr))
    parts = np.stack((sums.data.real * scales[rows], sums.data.imag * (scales * emphases)[rows]))
    return Nearby(rows * len(table) + table.positions[sums.indices], parts)
