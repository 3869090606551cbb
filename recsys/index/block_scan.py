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

Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Bonuses:
    """Scores, not negative, that are added to some products, sorted by position of the row, then by query.

    `amounts` (n,) of `queries` (n,): those of the row at position ``p`` are at ``bounds[p]:bounds[p + 1]``.
    """

    bounds: NDArray[np.integer]
    queries: NDArray[np.integer]
    amounts: NDArray[np.float64]


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
    """Queries (n, dim) to a table; `barred` are cells ``position * n + query``, rising, that get no place in a list."""

    table: VectorTable
    vectors: Vectors
    barred: Places
    bonuses: Bonuses

    def contenders(self, k: int, penalty: Penalty | None = None) -> Contenders:
        """Return the rows that can be among the best `k` of each query; a query of zeros has none."""
        table, best = self.table, _Best.of(self.table, self.vectors, k)
        active, ends = np.flatnonzero(self.vectors.any(axis=1)), np.zeros(len(self.vectors), dtype=np.int64)
        found: list[tuple[Places, Places, NDArray[np.integer], Scores]] = []
        start, size = 0, max(FIRST, 2 * k)
        while start < len(table) and len(active := active[best.reached(active, table.norms[start])]):
            stop = min(start + size, len(table))
            scores = products(self.vectors[active], table.vectors[start:stop])
            if penalty is not None:
                scores -= np.multiply.outer(penalty.costs[active], penalty.levels[start:stop], dtype=np.float32)
            bonuses = self._adjust(scores, active, start)
            hits = np.flatnonzero(scores >= best.least[active, None])
            rows, columns = np.divmod(hits, stop - start)
            values = scores.reshape(-1)[hits]
            best.add(active, rows, values)
            found.append((active[rows], columns + start, bonuses.reshape(-1)[hits], values))
            ends[active] = stop
            start, size = stop, min(2 * size, LARGEST)
        found.append(self._behind(ends, best))
        queries, positions, places, values = map(np.concatenate, zip(*found, strict=True))
        reached = values >= best.least[queries]
        return Contenders(queries[reached], positions[reached], places[reached])

    def _adjust(self, scores: Vectors, active: Places, start: int) -> NDArray[np.int32]:
        """Add the bonuses to the scores of a chunk, make barred ones -inf; return the place of the bonus of each, or -1."""
        n, width = len(self.vectors), scores.shape[1]
        slots = np.full(n, -1)
        slots[active] = np.arange(len(active))
        bounds = self.bonuses.bounds[start : start + width + 1]
        first, last = bounds[0], bounds[-1]
        rows = slots[self.bonuses.queries[first:last]]
        places = np.flatnonzero(rows >= 0)
        cells = rows[places] * width + np.repeat(np.arange(width), np.diff(bounds))[places]
        scores.reshape(-1)[cells] += self.bonuses.amounts[first:last][places]
        place_of = np.full(scores.shape, -1, dtype=np.int32)
        place_of.reshape(-1)[cells] = places + first
        first, last = np.searchsorted(self.barred, (start * n, (start + width) * n))
        columns, queries = np.divmod(self.barred[first:last] - start * n, n)
        rows = slots[queries]
        scores[rows[rows >= 0], columns[rows >= 0]] = -np.inf
        return place_of

    def _behind(self, ends: Places, best: _Best) -> tuple[Places, Places, Places, Scores]:
        """Return the rows behind the `ends` of the scans that can be among the best by their bonus, whatever their product."""
        queries, amounts = self.bonuses.queries, self.bonuses.amounts
        positions = np.repeat(np.arange(len(self.table)), np.diff(self.bonuses.bounds))
        places = np.flatnonzero(positions >= ends[queries])
        places = places[best.reached(queries[places], self.table.norms[positions[places]], amounts[places])]
        places = places[~np.isin(positions[places] * len(self.vectors) + queries[places], self.barred)]
        return queries[places].astype(np.int64), positions[places], places, np.full(len(places), np.inf)


@dataclass(frozen=True, eq=False)
class _Best:
    """The best k rough scores (n, k) of each query so far, and the least that is among the best (n,), both updated in place."""

    scores: Vectors
    least: Vectors
    slacks: NDArray[np.float64]
    lengths: NDArray[np.float64]

    @classmethod
    def of(cls, table: VectorTable, vectors: Vectors, k: int) -> Self:
        scores = np.full((len(vectors), k), -np.inf, dtype=np.float32)
        least = np.where(vectors.any(axis=1), LEAST, np.inf).astype(np.float32)
        lengths = np.linalg.norm(vectors, axis=1).astype(np.float64) * ROUNDING
        return cls(scores, least, table.slacks(vectors) + 2 * UNIT, lengths)

    def reached(self, queries: NDArray[np.integer], norms: Vectors, amounts: Scores | float = 0.0) -> NDArray[np.bool_]:
        """Return whether rows of some length, with a bonus, can be among the best of queries."""
        return np.asarray(self.lengths[queries] * norms + amounts >= self.least[queries])

    def add(self, queries: Places, rows: Places, values: Vectors) -> None:
        """Add scores; those of ``queries[i]`` are the `values` where `rows`, which rise, are ``i``."""
        k = self.scores.shape[1]
        together = np.hstack((self.scores[queries], padded_rows(rows, values, len(queries), -np.inf)))
        self.scores[queries] = np.partition(together, -k, axis=1)[:, -k:]
        self.least[queries] = floors(self.scores[queries, 0], self.slacks[queries])


def products(vectors: Vectors, rows: Vectors) -> Vectors:
    """Return the rough scores of rows for queries, (n, len(rows)), in single precision."""
    return np.asarray(vectors @ rows.T)
