"""Exact scan of a table for a block of queries at once: the few rows that can be among the best of each query.

Rows come by falling length, in chunks whose scores fit the cache of a processor. As in :class:`recsys.index.exact.ExactIndex`,
a query leaves the scan once no later row can enter its list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from recsys.data.vectors import Vectors
from recsys.index.exact import ROUNDING, VectorTable
from recsys.score_order import LEAST, UNIT, Scores, floors, padded_rows

FIRST, LARGEST = 512, 2048  # rows in the first chunk, unless a list is longer, and in later chunks
WAITING = 0.25  # new scores by place in a list before the lists are selected anew

Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Bonuses:
    """Scores, not negative, that are added to some products.

    `amounts` (n,) are those of `cells` (n,), ``position * queries + query``, rising.
    """

    cells: Places
    amounts: NDArray[np.float64]

    def places(self, cells: Places) -> Places:
        """Return the places of the bonuses of cells, -1 without one."""
        places = np.searchsorted(self.cells, cells)
        return np.where(np.append(self.cells, -1)[places] == cells, places, -1)


@dataclass(frozen=True, eq=False)
class Penalty:
    """Scores, not negative, that are taken from all products: `costs` (queries,) times `levels` (rows,) by position."""

    costs: NDArray[np.float64]
    levels: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Contenders:
    """Pairs of queries and rows by position, (n,) each, unordered, with their place in the bonuses, -1 without a bonus."""

    queries: Places
    positions: Places
    bonuses: Places


@dataclass(frozen=True, eq=False)
class Block:
    """Queries (n, dim) to a table; `barred` are cells, as those of bonuses, that get no place in a list."""

    table: VectorTable
    vectors: Vectors
    barred: Places
    bonuses: Bonuses

    def contenders(self, k: int, penalty: Penalty | None = None) -> Contenders:
        """Return the rows that can be among the best `k` of each query; a query of zeros has none."""
        table, best = self.table, _Best.of(self.table, self.vectors, k)
        active, ends = np.flatnonzero(self.vectors.any(axis=1)), np.zeros(len(self.vectors), dtype=np.int64)
        found: list[tuple[Places, Places, Vectors]] = []
        start, size, end = 0, max(FIRST, 2 * k), self._end(k, penalty)
        while start < end and len(active := active[best.reached(active, table.norms[start])]):
            stop = min(start + size, end)
            scores = products(self.vectors[active], table.vectors[start:stop])
            if penalty is not None:
                scores -= np.multiply.outer(penalty.levels[start:stop], penalty.costs[active], dtype=np.float32)
            self._adjust(scores, active, start)
            hits = np.flatnonzero(scores >= best.least[active])
            rows, columns = np.divmod(hits, len(active))
            found.append((active[columns], rows + start, scores.reshape(-1)[hits]))
            best.add(found[-1][0], found[-1][2])
            ends[active] = stop
            start, size = stop, min(2 * size, LARGEST)
        best.select()
        found.append(self._behind(ends, best))
        queries, positions, values = map(np.concatenate, zip(*found, strict=True))
        reached = values >= best.least[queries]
        queries, positions = queries[reached], positions[reached]
        return Contenders(queries, positions, self.bonuses.places(positions * len(self.vectors) + queries))

    def _end(self, k: int, penalty: Penalty | None) -> int:
        """Return how many rows to scan: vectors of zeros have equal scores, and come by row number, so that a few suffice."""
        n, first = len(self.vectors), int(np.count_nonzero(self.table.norms))
        levels = penalty.levels[first:] if penalty is not None else np.empty(0)
        if (levels != levels[:1]).any():
            return len(self.table)
        barred = np.bincount(self.barred[np.searchsorted(self.barred, first * n) :] % n, minlength=1)
        return min(len(self.table), first + k + int(barred.max()))

    def _adjust(self, scores: Vectors, active: Places, start: int) -> None:
        """Add the bonuses to the scores of a chunk, (rows, active queries), and make barred ones -inf."""
        n, flat = len(self.vectors), scores.reshape(-1)
        columns = np.full(n, -1)
        columns[active] = np.arange(len(active))

        def within(cells: Places) -> tuple[Places, Places]:
            first, last = np.searchsorted(cells, (start * n, (start + len(scores)) * n)).tolist()
            rows, queries = np.divmod(cells[first:last] - start * n, n)
            is_active = columns[queries] >= 0
            return np.flatnonzero(is_active) + first, (rows * len(active) + columns[queries])[is_active]

        given, places = within(self.bonuses.cells)
        flat[places] += self.bonuses.amounts[given]
        flat[within(self.barred)[1]] = -np.inf

    def _behind(self, ends: Places, best: _Best) -> tuple[Places, Places, Vectors]:
        """Return the rows behind the `ends` of the scans that can be among the best by their bonus, whatever their product."""
        cells = self.bonuses.cells
        positions, queries = np.divmod(cells, len(self.vectors))
        places = np.flatnonzero(positions >= ends[queries])
        norms, amounts = self.table.norms[positions[places]], self.bonuses.amounts[places]
        places = places[best.reached(queries[places], norms, amounts)]
        places = places[~np.isin(cells[places], self.barred)]
        return queries[places], positions[places], np.full(len(places), np.inf, dtype=np.float32)


@dataclass(eq=False)
class _Best:
    """The best k rough scores (n, k) of each query so far, and the least that is among the best (n,)."""

    scores: Vectors
    least: Vectors
    slacks: NDArray[np.float64]
    lengths: NDArray[np.float64]
    waiting: list[tuple[Places, Vectors]]  # added and not yet selected from

    @classmethod
    def of(cls, table: VectorTable, vectors: Vectors, k: int) -> Self:
        scores = np.full((len(vectors), k), -np.inf, dtype=np.float32)
        least = np.where(vectors.any(axis=1), LEAST, np.inf).astype(np.float32)
        lengths = np.linalg.norm(vectors, axis=1).astype(np.float64) * ROUNDING
        return cls(scores, least, table.slacks(vectors) + 2 * UNIT, lengths, [])

    def reached(self, queries: NDArray[np.integer], norms: Vectors, amounts: Scores | float = 0.0) -> NDArray[np.bool_]:
        """Return whether rows of some length, with a bonus, can be among the best of queries."""
        return np.asarray(self.lengths[queries] * norms + amounts >= self.least[queries])

    def add(self, queries: Places, values: Vectors) -> None:
        """Add scores of queries (m,); `least` rises with them in a while, when they are many."""
        self.waiting.append((queries, values))
        if sum(len(scores) for _, scores in self.waiting) > WAITING * self.scores.size:
            self.select()

    def select(self) -> None:
        """Select the best of the scores that were added."""
        if not self.waiting:
            return
        n, k = self.scores.shape
        queries, values = map(np.concatenate, zip(*self.waiting, strict=True))
        order = np.argsort(queries.astype(np.min_scalar_type(n - 1)), kind="stable")  # fast for small types
        together = np.hstack((self.scores, padded_rows(queries[order], values[order], n, -np.inf)))
        self.scores = np.partition(together, -k, axis=1)[:, -k:]
        self.least = np.where(self.lengths > 0, floors(self.scores[:, 0], self.slacks), np.inf).astype(np.float32)
        self.waiting = []


def products(vectors: Vectors, rows: Vectors) -> Vectors:
    """Return the rough scores of rows for queries, (len(rows), n), in single precision."""
    return np.asarray(rows @ vectors.T)
