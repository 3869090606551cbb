"""Vectors of a training, memory-mapped, with rows behind them that came later and are in memory.

The rows of a training stay as they are. The new ones are scanned beside them, by a screen: with an orthonormal basis V of their
main directions, ``q . v <= (Vq) . (Vv) + |q - V'Vq| |v - V'Vv|``, so that a scan for rows above a floor computes SCREEN
products of each row and all products of the few rows whose bound reaches the floor (in the manner of LEMP: Teflioudi, Gemulla
and Mykytiuk, SIGMOD 2015).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from recsys.data.vectors import Vectors
from recsys.index.exact import NOTHING, Mask, Neighbors, Nums, VectorIndex, VectorTable, best_of_rows
from recsys.score_order import SLACK, Scores, contenders, floor

SCREEN = 64  # directions of a screen
FEW = 1024  # rows whose products take less time than a screen
ROUNDING = 1 + 1e-4  # of bounds in single precision

Added = tuple[Nums, NDArray[np.float64]]  # row numbers, and what is added to their products


@dataclass(frozen=True, eq=False)
class NewRows:
    """Rows in memory, (m, dim), with the screen of the module's formula."""

    vectors: Vectors

    def __len__(self) -> int:
        return len(self.vectors)

    @cached_property
    def longest(self) -> float:
        """The largest Euclidean length of a row."""
        return math.sqrt(float(np.einsum("ij,ij->i", self.vectors, self.vectors).max(initial=0)))

    @cached_property
    def _filled(self) -> Nums:
        """The rows that are not zero."""
        return np.flatnonzero(self.vectors.any(axis=1)).astype(np.int32)

    @cached_property
    def _few(self) -> Vectors:
        """The rows that are not zero, (m, dim)."""
        return self.vectors if len(self._filled) == len(self) else self.vectors[self._filled]

    @cached_property
    def _screen(self) -> tuple[Vectors, Vectors, Vectors]:
        """The basis (SCREEN, dim), the filled rows in it (m, SCREEN), and the lengths of what it leaves out (m,)."""
        wide = self.vectors[self._filled].astype(np.float64)
        _, directions = np.linalg.eigh(wide.T @ wide)
        basis = np.ascontiguousarray(directions[:, : -SCREEN - 1 : -1].T)
        inside = wide @ basis.T
        left = np.maximum(np.einsum("ij,ij->i", wide, wide) - np.einsum("ij,ij->i", inside, inside), 0)
        return basis.astype(np.float32), inside.astype(np.float32), np.sqrt(left).astype(np.float32)

    def products(self, query: Vectors) -> Vectors:
        """Return the product of each row with a query (dim,), in single precision."""
        return np.asarray(self.vectors @ query)

    def reaching(self, query: Vectors, least: float, added: Added | None = None) -> Nums:
        """Return a superset of the rows of score `least` or more: the product with a query (dim,), plus what is `added`."""
        least -= self._slack(query)
        reach = np.zeros(len(self), dtype=np.float32)
        if len(self._filled) <= FEW or self.vectors.shape[1] <= SCREEN:
            reach[self._filled] = self._few @ query
        else:
            basis, inside, lengths = self._screen
            seen = basis @ query
            unseen = math.sqrt(max(0.0, float(query @ query) - float(seen @ seen)))
            reach[self._filled] = inside @ seen + np.float32(ROUNDING * unseen) * lengths
            least -= (ROUNDING - 1) * ROUNDING * self.longest * math.sqrt(float(query @ query))  # of single precision
        if added is not None and len(added[0]):
            reach[added[0]] += added[1].astype(np.float32)
            least -= (ROUNDING - 1) * float(added[1].max())
        return np.flatnonzero(reach >= least).astype(np.int32)

    def best(self, query: Vectors, k: int, allowed: Mask | None) -> Nums:
        """Return a superset of the `k` allowed rows with the largest products with a query (dim,)."""
        nums = np.arange(len(self)) if allowed is None else np.flatnonzero(allowed)
        scores = self.products(query)[nums]
        return nums[contenders(scores, k, self._slack(query))].astype(np.int32) if len(nums) else NOTHING

    def _slack(self, query: Vectors) -> float:
        return 2 * SLACK * math.sqrt(float(query @ query)) * self.longest


@dataclass(frozen=True, eq=False)
class GrownTable(VectorTable):
    """Table of a training, whose arrays it has, with `new` rows behind; their numbers follow those of the table."""

    trained: VectorTable | None = None
    new: NewRows = field(default_factory=lambda: NewRows(np.zeros((0, 0), dtype=np.float32)))

    def __post_init__(self) -> None:
        object.__setattr__(self, "sizes", {"rows": len(self), "dim": self.dim})

    @property
    def _old(self) -> VectorTable:
        assert self.trained is not None
        return self.trained

    @classmethod
    def of(cls, table: VectorTable, vectors: Vectors) -> GrownTable:
        """Return `table` with the rows `vectors` (m, dim) behind."""
        return cls(table.vectors, table.order, table.norms, table.positions, table, NewRows(vectors))

    @property
    def n_trained(self) -> int:
        """The number of rows of the training."""
        return len(self.vectors)

    @property
    def longest(self) -> float:
        return max(self._old.longest, self.new.longest)

    def __len__(self) -> int:
        return len(self.vectors) + len(self.new)

    def rows(self, nums: Nums) -> Vectors:
        nums = np.asarray(nums)
        is_new = nums >= self.n_trained
        if not is_new.any():
            return self._old.rows(nums)
        found = np.empty((len(nums), self.dim), dtype=np.float32)
        found[~is_new] = self._old.rows(nums[~is_new])
        found[is_new] = self.new.vectors[nums[is_new] - self.n_trained]
        return found

    def nonzero(self) -> Mask | None:
        old, new = self._old.nonzero(), self.new.vectors.any(axis=1)
        if old is None and new.all():
            return None
        return np.concatenate((np.ones(self.n_trained, dtype=bool) if old is None else old, new))

    def multiplied(self, vectors: Vectors, nums: Nums) -> Vectors:
        return np.asarray(self.rows(nums) @ vectors.T)

    def scan(self, vector: Scores, k: int, skip: Nums = NOTHING, eligible: Mask | None = None) -> tuple[Nums, int]:
        query, n = self.checked(vector, k), self.n_trained
        old = skip[skip < n]
        found, scanned = self._old.scan(vector, k, old, None if eligible is None else eligible[:n])
        return self.completed(found, query, k, skip, eligible), scanned + len(self.new)

    def completed(self, found: Nums, query: Vectors, k: int, skip: Nums, eligible: Mask | None = None) -> Nums:
        """Return candidates `found` among the rows of the training with those among the new rows."""
        allowed = np.ones(len(self.new), dtype=bool) if eligible is None else eligible[self.n_trained :].copy()
        allowed[skip[skip >= self.n_trained] - self.n_trained] = False
        if len(found) < k:
            new = self.new.best(query, k, allowed)
        else:
            new = self.new.reaching(query, floor(self._old.rows(found) @ query, k, self.slack(query)))
            new = new[allowed[new]]
        return np.concatenate((found, new + np.int32(self.n_trained)))

    def reaching(self, vector: Scores, least: float, added: Added | None = None) -> Nums:
        """Return :meth:`NewRows.reaching` with the row numbers of this table, which rise."""
        n = np.int32(self.n_trained)
        added = None if added is None else (added[0] - n, added[1])
        return self.new.reaching(self.checked(vector, 1), least, added) + n


@dataclass(frozen=True, eq=False)
class GrownForest:
    """An approximate index of the rows of a training, with the new rows of `table`, which are found exactly."""

    index: VectorIndex
    table: GrownTable

    def __len__(self) -> int:
        return len(self.table)

    def query(self, vector: Scores, k: int, skip: Nums = NOTHING) -> Neighbors:
        return best_of_rows(self.table, self.candidates(vector, k, skip), vector, k)

    def candidates(self, vector: Scores, k: int, skip: Nums = NOTHING) -> Nums:
        found = self.index.candidates(vector, k, skip[skip < self.table.n_trained])
        return self.table.completed(found, self.table.checked(vector, k), k, skip)
