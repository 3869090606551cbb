"""Exact lists of a block of queries, users or items, equal to those of single queries.

Rough scores in single precision select the few items of each query that can be among its best; these are scored exactly, those
of all queries at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.data.vectors import Vectors
from recsys.index.block_scan import Block, Bonuses, Contenders, Penalty
from recsys.index.exact import Nums, VectorTable, products_of_pairs
from recsys.model.blending import user_vectors
from recsys.model.model import Model
from recsys.recommend.ranking import Ranked, rank_scored
from recsys.score_order import padded_rows

PAIRS = 1 << 17  # numbers in the vectors that are multiplied at once, so that they stay in the cache of a processor

Bounds = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Nearby:
    """Neighborhood sums of queries, (queries, items by position): by behavior, and as imaginary part by content.

    `scales` (queries,) are the factors of a query's sums.
    """

    sums: sparse.csc_matrix
    scales: NDArray[np.complex128]

    @classmethod
    def none(cls, n: int, table: VectorTable) -> Nearby:
        return cls(sparse.csc_matrix((n, len(table))), np.zeros(n, dtype=np.complex128))

    def bonuses(self) -> Bonuses:
        queries, data = self.sums.indices, self.sums.data
        amounts = data.real * self.scales.real[queries]
        if np.iscomplexobj(data):
            amounts += data.imag * self.scales.imag[queries]
        positions = np.repeat(np.arange(self.sums.shape[1]), np.diff(self.sums.indptr))
        return Bonuses(positions * self.sums.shape[0] + queries, amounts)

    def parts(self, contenders: Contenders) -> NDArray[np.float64]:
        """Return what the neighborhood adds to the behavior and content parts of contenders, (2, n)."""
        parts = np.zeros((2, len(contenders.queries)))
        near = np.flatnonzero(contenders.bonuses >= 0)
        sums, scales = self.sums.data[contenders.bonuses[near]], self.scales[contenders.queries[near]]
        parts[:, near] = sums.real * scales.real, sums.imag * scales.imag
        return parts


@dataclass(frozen=True, eq=False)
class RankedRows:
    """Ranked items of queries, one list after another; the list of query ``i`` is at ``bounds[i]:bounds[i + 1]``."""

    ranked: Ranked
    bounds: Bounds

    def lists(self) -> list[Ranked]:
        return [self.ranked.take(slice(start, stop)) for start, stop in pairwise(self.bounds.tolist())]


@dataclass(frozen=True, eq=False)
class QueryBlock:
    """Vectors (n, dim) of queries to a table, whose first `factors` numbers are behavior, and their neighborhood sums."""

    table: VectorTable
    factors: int
    vectors: Vectors
    nearby: Nearby

    @classmethod
    def of_users(cls, model: Model, neighbors: sparse.csr_matrix, user_nums: Nums) -> QueryBlock:
        """Return the block of known users.

        `neighbors` is the :meth:`recsys.model.neighborhood.Neighborhood.matrix` with items by position.
        """
        table, layout, vectors = model.items_for_user.table, model.layout, model.user_factors[user_nums]
        histories, bounds = model.histories.items_of_many(user_nums)
        lengths, shape = np.diff(bounds), (len(user_nums), len(table))
        if layout.text_dim:
            ones = np.ones(len(histories), dtype=np.float32)
            totals = sparse.csr_matrix((ones, table.positions[histories], bounds), shape) @ table.vectors
            vectors = user_vectors(vectors, totals[:, layout.factors :], lengths, layout)
        sums = (sparse.csr_matrix((np.ones(len(histories)), histories, bounds), shape) @ neighbors).tocsc()
        scales = np.array([max(1, n) ** -0.5 * complex(1, layout.emphasis(n)) for n in lengths.tolist()])
        return cls(table, layout.factors, vectors, Nearby(sums, scales))

    def ranked(
        self, k: int, skipped: tuple[tuple[Nums, Bounds], ...] = (), penalty: Penalty | None = None
    ) -> RankedRows:
        """Return the best `k` items of each query.

        Each of `skipped` are row numbers with bounds: those at ``bounds[i]:bounds[i + 1]`` are left out of the list of query
        ``i``.
        """
        n, k = len(self.vectors), min(k, len(self.table))
        block = Block(self.table, self.vectors, self._cells(skipped), self.nearby.bonuses())
        found = self._by_number(block.contenders(k, penalty))
        queries, nums = found.queries, self.table.order[found.positions]
        collaborative, content = self._parts(found) + self.nearby.parts(found)
        popularity = np.zeros(len(nums))
        if penalty is not None:
            popularity = -penalty.costs[queries] * penalty.levels[found.positions]
        counts = np.bincount(queries, minlength=n)
        starts = np.cumsum(counts) - counts

        def best(scores: Vectors) -> NDArray[np.int64]:
            order = np.argsort(padded_rows(queries, -scores, n, np.inf), axis=1, kind="stable")[:, :k]
            return (starts[:, None] + order)[order < counts[:, None]]

        ranked = rank_scored(nums, collaborative, content, popularity, best)
        return RankedRows(ranked, np.concatenate(([0], np.cumsum(np.minimum(counts, k)))))

    def _cells(self, skipped: tuple[tuple[Nums, Bounds], ...]) -> NDArray[np.int64]:
        """Return the cells ``position * n + query`` of items to leave out, rising."""
        queries = np.arange(len(self.vectors))
        cells = [
            self.table.positions[nums].astype(np.int64) * len(queries) + np.repeat(queries, np.diff(bounds))
            for nums, bounds in skipped
        ]
        return np.sort(np.concatenate([np.empty(0, dtype=np.int64), *cells]))

    def _by_number(self, found: Contenders) -> Contenders:
        """Return contenders by query, then by row number."""
        order = np.argsort(found.queries * len(self.table) + self.table.order[found.positions])
        return Contenders(found.queries[order], found.positions[order], found.bonuses[order])

    def _parts(self, found: Contenders) -> NDArray[np.float64]:
        """Return the behavior and content parts of the products of contenders, (2, n)."""
        parts, size = np.zeros((2, len(found.queries))), max(1, PAIRS // self.table.dim)
        for start in range(0, len(found.queries), size):
            some = slice(start, start + size)
            items, queries = self.table.vectors[found.positions[some]], self.vectors[found.queries[some]]
            for part, columns in enumerate((slice(self.factors), slice(self.factors, None))):
                parts[part, some] = products_of_pairs(items[:, columns], queries[:, columns])
        return parts
